-- Remove every edge to and from some names of one record, if the record does not exist.
-- KEYS[1]     record   any     the record
-- KEYS[2]     nodes    zset    the graph's; score: 0
-- KEYS[2i+1]  edges    zset    of the i-th name; member: neighbour, score: weight
-- KEYS[2i+2]  mirrors  zset    of the i-th name (the same key when symmetric)
-- ARGV[1]     edges    string  prefix of the edge sets
-- ARGV[2]     mirrors  string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[i+2]   name     string  the i-th
-- Returns     integer, edges removed.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local keys = {unpack(KEYS, 2)}
local problem = wrong_type(keys, 'zset')
if problem then return problem end
return forget(graph_of(KEYS[2], ARGV[1], ARGV[2]), {unpack(KEYS, 3)}, {unpack(ARGV, 3)})
