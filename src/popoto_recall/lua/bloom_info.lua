-- State of a Bloom filter.
-- KEYS[1]  filter   string  stamp, state, then blocks of 32 bytes
-- KEYS[2]  records  set     and on: what they share tells whether a missing filter missed any
-- ARGV[1]  stamp    string
-- Returns  array of integers: 1 if it is complete, its items, its bytes (0 if there is none), its
--          set bits.
local state, items, size, problem = open(KEYS[1], ARGV[1])
if problem then return problem end
if not state then return {state_if_new(2, '') == 'good' and 1 or 0, 0, 0, 0} end
local ones = redis.call('BITCOUNT', KEYS[1], #ARGV[1] + STATE_BYTES, -1)
return {state == 'part' and 0 or 1, items, size, ones}
