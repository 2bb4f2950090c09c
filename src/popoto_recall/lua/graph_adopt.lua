-- Carry edges of a node over from where Popoto's own field left them, both directions at once.
-- An edge leaves its old place only when this graph has it, or when it can be no edge: one that
-- is linked to itself, has no positive weight, or has no room and may be pruned. The heaviest of
-- all its weights stands, up to the cap.
-- KEYS[1]    nodes      zset     the graph's; score: 0
-- KEYS[2]    olds       zset     of the node, where Popoto's field left its edges
-- KEYS[3]    edges      zset     of the node; member: neighbour, score: weight
-- KEYS[2i+2] olds       zset     of the i-th target
-- KEYS[2i+3] mirrors    zset     of the i-th target; the same graph's, or its reverse index
-- ARGV[1]    edges      string   prefix of the edge sets
-- ARGV[2]    mirrors    string   prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]    max_edges  integer  >= 1
-- ARGV[4]    node       string
-- ARGV[5]    cap        float    > 0
-- ARGV[6]    size       integer  edges that the caller saw under KEYS[2]
-- ARGV[7]    pruning    integer  1: edges may go where there is no room for all
-- ARGV[3i+5] target     string   the i-th
-- ARGV[3i+6] weight     string   as the caller saw it
-- ARGV[3i+7] back       string   weight of the other direction, as the caller saw it; empty: none
-- Returns    array: per edge a letter, n for new to this graph, k for known to it, d for dropped,
--            f for no room; and how many others had to make room. No letters: it is no longer
--            what the caller saw, and nothing was written.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

local graph = graph_of(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
local olds, key, node = KEYS[2], KEYS[3], ARGV[4]
local cap, pruning = tonumber(ARGV[5]), ARGV[7] == '1'
local count = (#KEYS - 3) / 2

local function unchanged(i)
  if redis.call('ZSCORE', olds, ARGV[3 * i + 5]) ~= ARGV[3 * i + 6] then return false end
  if not graph.symmetric then return true end
  return (redis.call('ZSCORE', KEYS[2 * i + 2], node) or '') == ARGV[3 * i + 7]
end

if redis.call('ZCARD', olds) ~= tonumber(ARGV[6]) then return {'', 0} end
for i = 1, count do
  if not unchanged(i) then return {'', 0} end
end

-- How many edges of a node would have to go for one more, and whether that is the new one itself.
local function crowding(place, member, weight)
  if redis.call('ZSCORE', place, member) then return 0, false end
  local excess = redis.call('ZCARD', place) + 1 - graph.max_edges
  return math.max(0, excess), refused(graph, place, weight)
end

local displaced = 0
local function carry(target, mirror_key, weight)
  if target == node or weight <= 0 then return 'd' end
  local known = weight_of(graph, key, node, mirror_key, target)
  weight = math.min(math.max(weight, known or 0), cap)
  local going, lightest = crowding(key, target, weight)
  if graph.symmetric then
    local more, lighter = crowding(mirror_key, node, weight)
    going, lightest = going + more, lightest or lighter
  end
  if going > 0 and not pruning or lightest then return 'f' end
  store(graph, key, node, mirror_key, target, weight)
  displaced = displaced + going
  return known and 'k' or 'n'
end

local outcomes = {}
for i = 1, count do
  local target, weight = ARGV[3 * i + 5], tonumber(ARGV[3 * i + 6])
  weight = math.max(weight, tonumber(ARGV[3 * i + 7]) or weight)
  outcomes[i] = carry(target, KEYS[2 * i + 3], weight)
  if outcomes[i] ~= 'f' or pruning then
    redis.call('ZREM', olds, target)
    if graph.symmetric then redis.call('ZREM', KEYS[2 * i + 2], node) end
  end
end
return {table.concat(outcomes), displaced}
