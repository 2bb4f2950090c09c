-- State of a count-min sketch.
-- KEYS[1]  sketch   string   stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]  records  set      of the model; tells whether a missing sketch has missed any
-- ARGV[1]  stamp    string
-- ARGV[2]  size     integer  bytes in all
-- Returns  array of integers: 1 if it exists, 1 if it is complete, the tokens counted.
local complete, items, problem = open(KEYS[1], ARGV[1], tonumber(ARGV[2]))
if problem then return problem end
if not complete then return {0, tonumber(complete_if_new(KEYS[2], '')), 0} end
return {1, tonumber(complete), items}
