-- Count tokens in a count-min sketch, making it when it is missing, and in the one that a rebuild
-- is filling.
-- KEYS[1]  sketch    string   stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]  staging   string   the same, while a rebuild runs
-- KEYS[3]  progress  hash     of that rebuild
-- KEYS[4]  records   set      of the model; tells whether a new sketch has missed any
-- ARGV[1]  stamp     string
-- ARGV[2]  size      integer  bytes in all
-- ARGV[3]  rows      integer  >= 1
-- ARGV[4]  columns   integer  >= 1, counters per row
-- ARGV[5]  digests   string   per token 4 bytes per row that pick its counter
-- ARGV[6]  by        integer  in [1, 2^32 - 1], added to each token
-- ARGV[7]  own       string   member of records that is being saved, or empty
-- Returns  integer, 0.
local stamp = ARGV[1]
local rows, columns, digests, by = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]

local function add(key, items)
  return add_tokens(key, #stamp + STATE_BYTES, items, rows, columns, digests, by)
end

return add_to_both(
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[7], stamp, tonumber(ARGV[2]), add) or 0
