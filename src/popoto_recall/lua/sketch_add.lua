-- Count tokens in a count-min sketch, making it when it is missing, and in the one that a rebuild
-- is filling.
-- KEYS[1]    sketch    string   stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]    staging   string   the same, while a rebuild runs
-- KEYS[3]    progress  hash     of that rebuild
-- KEYS[4]    top       zset     heavy hitters; member: token, score: estimate
-- KEYS[5]    top       zset     of the one that a rebuild is filling
-- KEYS[6]    records   set      and on: what they share tells whether a new sketch missed any
-- ARGV[1]    stamp     string
-- ARGV[2]    size      integer  bytes in all
-- ARGV[3]    rows      integer  >= 1
-- ARGV[4]    columns   integer  >= 1, counters per row
-- ARGV[5]    digests   string   per token 4 bytes per row that pick its counter
-- ARGV[6]    by        integer  in [1, 2^32 - 1], added to each token
-- ARGV[7]    own       string   member of records that is being saved, or empty
-- ARGV[8]    limit     integer  heavy hitters to keep; 0: none
-- ARGV[8+i]  token     string   the i-th, if heavy hitters are kept
-- Returns    integer, 0.
local stamp, limit = ARGV[1], tonumber(ARGV[8])
local rows, columns, digests, by = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]
local problem = limit > 0 and wrong_type({KEYS[4], KEYS[5]}, 'zset')
if problem then return problem end

local function add(key, items)
  local values = count_tokens(key, #stamp + STATE_BYTES, rows, columns, digests, by)
  if limit > 0 then keep_top(KEYS[key == KEYS[1] and 4 or 5], limit, 9, rows, values, items) end
  return items + #values / rows * by
end

return add_to_both(6, ARGV[7], stamp, tonumber(ARGV[2]), add) or 0
