-- State of a count-min sketch.
-- KEYS[1]  sketch   string  stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]  records  set     and on: what they share tells whether a missing sketch missed any
-- ARGV[1]  stamp    string
-- Returns  array of integers: 1 if it is complete, the tokens counted, its bytes (0 if there is none).
local complete, items, size, problem = open(KEYS[1], ARGV[1])
if problem then return problem end
if not complete then return {tonumber(complete_if_new(2, '')), 0, 0} end
return {tonumber(complete), items, size}
