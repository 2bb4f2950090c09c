-- Remove every edge to and from some names of one record.
-- KEYS[2i-1]  edges    zset    of the i-th name; member: neighbour, score: weight
-- KEYS[2i]    mirrors  zset    of the i-th name (the same key when symmetric)
-- ARGV[1]     edges    string  prefix of the edge sets
-- ARGV[2]     mirrors  string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[i+2]   name     string  the i-th
-- Returns     integer, edges removed.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end
return forget(KEYS, ARGV[1], ARGV[2], {unpack(ARGV, 3)})
