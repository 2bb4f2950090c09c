-- Give a node these edges that leave it, with these weights, and their mirrors. An edge that is
-- lighter than all those of a full neighbour is left out.
-- KEYS[1]   nodes      zset    the graph's; score: 0
-- KEYS[2]   edges      zset    of the node; member: neighbour, score: weight
-- KEYS[2+i] mirrors    zset    of the i-th target; the same graph's, or its reverse index
-- ARGV[1]   edges      string  prefix of the edge sets
-- ARGV[2]   mirrors    string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]   max_edges  integer >= 1
-- ARGV[4]   node       string
-- ARGV[5]   merges     integer 1, in a symmetric graph alone: edges that it has stay, and of two
--                              weights the larger; else 0
-- ARGV[2i+4] target    string  the i-th
-- ARGV[2i+5] weight    float   in (0, cap]
-- Returns   integer, edges the node has now.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

local graph = graph_of(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
local key, node, merges = KEYS[2], ARGV[4], ARGV[5] == '1'
local wanted = {}
for i = 1, #KEYS - 2 do wanted[ARGV[2 * i + 4]] = true end

-- what is not wanted goes first, so that it cannot crowd out what is
for _, neighbour in ipairs(merges and {} or redis.call('ZRANGE', key, 0, -1)) do
  if not wanted[neighbour] then
    redis.call('ZREM', key, neighbour)
    remove(graph, graph.mirrors, neighbour, node)
  end
end

local function restore(mirror_key, target, weight)
  local now = weight_of(graph, key, node, mirror_key, target)
  local full = refused(graph, key, weight) or graph.symmetric and refused(graph, mirror_key, weight)
  if full and not now then return end
  if merges then weight = math.max(now or 0, weight) end
  store(graph, key, node, mirror_key, target, weight)
end

for i = 1, #KEYS - 2 do
  restore(KEYS[2 + i], ARGV[2 * i + 4], tonumber(ARGV[2 * i + 5]))
end
unlist(graph, node)
return redis.call('ZCARD', key)
