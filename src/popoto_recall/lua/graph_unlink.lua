-- Remove an edge and its mirror.
-- KEYS[1]  edges    zset    of the source; member: neighbour, score: weight
-- KEYS[2]  mirrors  zset    of the target; the same graph's, or its reverse index
-- ARGV[1]  source   string
-- ARGV[2]  target   string
-- Returns  integer, 1 if there was such an edge.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[2])
