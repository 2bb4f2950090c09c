-- Remove an edge and its mirror.
-- KEYS[1]  nodes    zset    the graph's; score: 0
-- KEYS[2]  edges    zset    of the source; member: neighbour, score: weight
-- KEYS[3]  mirrors  zset    of the target; the same graph's, or its reverse index
-- ARGV[1]  edges    string  prefix of the edge sets
-- ARGV[2]  mirrors  string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]  source   string
-- ARGV[4]  target   string
-- Returns  integer, 1 if there was such an edge.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

local graph, source, target = graph_of(KEYS[1], ARGV[1], ARGV[2]), ARGV[3], ARGV[4]
redis.call('ZREM', KEYS[3], source)
local removed = redis.call('ZREM', KEYS[2], target)
unlist(graph, source)
unlist(graph, target)
return removed
