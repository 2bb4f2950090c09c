-- Remove every edge to and from some names.
-- KEYS[1]     nodes    zset    the graph's; score: 0
-- KEYS[2i]    edges    zset    of the i-th name; member: neighbour, score: weight
-- KEYS[2i+1]  mirrors  zset    of the i-th name (the same key when symmetric)
-- ARGV[1]     edges    string  prefix of the edge sets
-- ARGV[2]     mirrors  string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[i+2]   name     string  the i-th
-- Returns     integer, edges removed.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end
return forget(graph_of(KEYS[1], ARGV[1], ARGV[2]), {unpack(KEYS, 2)}, {unpack(ARGV, 3)})
