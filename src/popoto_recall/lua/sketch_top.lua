-- The heaviest hitters of a count-min sketch.
-- KEYS[1]  sketch   string   stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]  top      zset     heavy hitters; member: token, score: estimate
-- KEYS[3]  records  set      and on: what they share tells whether a missing sketch missed any
-- ARGV[1]  stamp    string
-- ARGV[2]  number   integer  >= 1, hitters wanted
-- Returns  flat array: token, estimate, ... heaviest first.
local problem = wrong_type({KEYS[2]}, 'zset')
if problem then return problem end
local state, items, _, unusable = open(KEYS[1], ARGV[1])
if unusable then return unusable end
if (state or state_if_new(3, '')) == 'part' then return incomplete(KEYS[1]) end
if not state or items == 0 then return {} end
local top = redis.call('ZRANGE', KEYS[2], 0, ARGV[2] - 1, 'REV', 'WITHSCORES')
return #top > 0 and top or incomplete(KEYS[1])
