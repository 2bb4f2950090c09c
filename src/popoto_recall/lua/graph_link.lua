-- Create edges that are missing, one after the other; an edge that exists keeps its weight.
-- A full node drops its lowest edge for the new one, unless that is itself the lowest.
-- KEYS[2i-1]  edges      zset    of the i-th source; member: neighbour, score: weight
-- KEYS[2i]    mirrors    zset    of the i-th target; the same graph's, or its reverse index
-- ARGV[1]     edges      string  prefix of the edge sets
-- ARGV[2]     mirrors    string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]     max_edges  integer >= 1
-- ARGV[3i+1]  source     string  of the i-th edge
-- ARGV[3i+2]  target     string
-- ARGV[3i+3]  weight     float   in (0, cap]
-- Returns     string, each edge's weight, 0 for one that a full node refused, joined by spaces.

-- Most often it is one edge, and there, or there is room for it. Its weight is then known as text,
-- which nothing can make less exact, and the keys are known to be what they should be.
local checked = false
if #KEYS == 2 and ARGV[1] == ARGV[2] then
  local weight = redis.pcall('ZSCORE', KEYS[1], ARGV[5])
  local back = redis.pcall('ZSCORE', KEYS[2], ARGV[4])
  if weight == back and weight then return weight end
  checked = type(weight) ~= 'table' and type(back) ~= 'table'
  local most = ARGV[3] * 1
  if checked and weight == back
    and redis.call('ZCARD', KEYS[1]) < most and redis.call('ZCARD', KEYS[2]) < most then
    redis.call('ZADD', KEYS[1], ARGV[6], ARGV[5])
    redis.call('ZADD', KEYS[2], ARGV[6], ARGV[4])
    return ARGV[6]
  end
end

-- The library keys stands here.
-- The library texts stands here.
-- The library edges stands here.
local problem = not checked and wrong_type(KEYS, 'zset')
if problem then return problem end

local graph = graph_of(ARGV[1], ARGV[2], ARGV[3])
local function link(source_key, mirror_key, source, target, initial)
  local weight, whole = weight_of(graph, source_key, source, mirror_key, target)
  if whole then return exact(weight) end
  if not weight then
    weight = initial
    local full = refused(graph, source_key, weight)
      or graph.symmetric and refused(graph, mirror_key, weight)
    if full then return '0' end
  end
  return store(graph, source_key, source, mirror_key, target, weight)
end

local weights = {}
for i = 1, #KEYS / 2 do
  weights[i] = link(KEYS[2 * i - 1], KEYS[2 * i],
    ARGV[3 * i + 1], ARGV[3 * i + 2], tonumber(ARGV[3 * i + 3]))
end
return table.concat(weights, ' ')
