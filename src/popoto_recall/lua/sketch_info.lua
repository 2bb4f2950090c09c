-- State of a count-min sketch.
-- KEYS[1]  sketch   string  stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]  records  set     and on: what they share tells whether a missing sketch missed any
-- ARGV[1]  stamp    string
-- Returns  array of integers: 1 if it is complete, the tokens counted, its bytes (0 if there is none).
local state, items, size, problem = open(KEYS[1], ARGV[1])
if problem then return problem end
if not state then return {state_if_new(2, '') == 'good' and 1 or 0, 0, 0} end
return {state == 'part' and 0 or 1, items, size}
