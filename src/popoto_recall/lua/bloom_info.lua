-- State of a Bloom filter.
-- KEYS[1]  filter   string   stamp, state, then blocks of 32 bytes
-- KEYS[2]  records  set      of the model; tells whether a missing filter has missed any
-- ARGV[1]  stamp    string
-- ARGV[2]  size     integer  bytes in all
-- Returns  array of integers: 1 if it exists, 1 if it is complete, its items, its set bits.
local complete, items, problem = open(KEYS[1], ARGV[1], tonumber(ARGV[2]))
if problem then return problem end
if not complete then return {0, tonumber(complete_if_new(KEYS[2], '')), 0, 0} end
return {1, tonumber(complete), items, redis.call('BITCOUNT', KEYS[1], #ARGV[1] + 32, -1)}
