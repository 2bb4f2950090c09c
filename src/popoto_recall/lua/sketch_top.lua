-- The heaviest hitters of a count-min sketch.
-- KEYS[1]  sketch    string
-- KEYS[2]  hitters   zset     member: token, score: estimate
-- ARGV[1]  identity  string
-- ARGV[2]  number    integer  >= 1, hitters wanted
-- Returns  flat array: token, estimate, ... heaviest first; the string ? if there is no sketch.
local problem = wrong_type({KEYS[2]}, 'zset')
if problem then return problem end
local value, unusable = open(KEYS[1], ARGV[1])
if unusable then return unusable end
if not value then return '?' end
if value.other or value.complete == '0' then return refusal('INCOMPLETE', KEYS[1]) end
if value.items == 0 then return {} end
local hitters = redis.call('ZRANGE', KEYS[2], 0, ARGV[2] - 1, 'REV', 'WITHSCORES')
-- of a sketch that counted something there are none if it keeps none, or if they were evicted
return #hitters > 0 and hitters or refusal('INCOMPLETE', KEYS[1])
