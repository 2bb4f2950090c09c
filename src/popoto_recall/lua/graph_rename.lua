-- Carry the edges of a record over to its new name; where both names have an edge to the same
-- neighbour, the heavier one stands. If that is more than max_edges, the heaviest stay.
-- KEYS[1]  nodes      zset    the graph's; score: 0
-- KEYS[2]  edges      zset    of the old name; member: neighbour, score: weight
-- KEYS[3]  mirrors    zset    of the old name (the same key when symmetric)
-- KEYS[4]  edges      zset    of the new name
-- KEYS[5]  mirrors    zset    of the new name
-- ARGV[1]  edges      string  prefix of the edge sets
-- ARGV[2]  mirrors    string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]  max_edges  integer >= 1
-- ARGV[4]  old        string
-- ARGV[5]  new        string
-- Returns  integer, edges carried over.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

local graph = graph_of(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
local old, new = ARGV[4], ARGV[5]
if old == new then return 0 end
local neighbours = {}
local outgoing = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
local incoming = {}
if not graph.symmetric then
  incoming = redis.call('ZRANGE', KEYS[3], 0, -1)
end

for i = 1, #outgoing, 2 do neighbours[#neighbours + 1] = graph.mirrors .. outgoing[i] end
for _, source in ipairs(incoming) do neighbours[#neighbours + 1] = graph.edges .. source end
problem = wrong_type(neighbours, 'zset')
if problem then return problem end

local carried = 0
local function carry(source, target, weight)
  if not weight or source == target then return end
  local source_key, mirror_key = graph.edges .. source, graph.mirrors .. target
  local known = weight_of(graph, source_key, source, mirror_key, target)
  if known or not refused(graph, source_key, weight) then
    store(graph, source_key, source, mirror_key, target, math.max(weight, known or 0))
    carried = carried + 1
  end
end

-- The old name goes first, so that it no longer counts against anyone's max_edges. ZREM is not
-- refused when memory is short, and after it nothing in this script is.
remove(graph, graph.edges, new, old)
for i = #outgoing - 1, 1, -2 do
  remove(graph, graph.mirrors, outgoing[i], old)
  carry(new, outgoing[i], tonumber(outgoing[i + 1]))
end
for _, source in ipairs(incoming) do
  local weight = tonumber(redis.call('ZSCORE', graph.edges .. source, old))
  remove(graph, graph.edges, source, old)
  carry(source, new, weight)
end
redis.call('UNLINK', KEYS[2], KEYS[3])
redis.call('ZREM', KEYS[1], old)
return carried
