-- Count the tokens of stored records in the count-min sketch that a rebuild is filling.
-- KEYS[1]    staging   string   stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]    progress  hash     owner, last, done, under_way
-- KEYS[3]    top       zset     heavy hitters; member: token, score: estimate
-- ARGV[1]    stamp     string
-- ARGV[2]    rows      integer  >= 1
-- ARGV[3]    columns   integer  >= 1, counters per row
-- ARGV[4]    digests   string   per token 4 bytes per row that pick its counter
-- ARGV[5]    owner     string   the rebuild
-- ARGV[6]    last      string   key of the last record that is done with this, or empty
-- ARGV[7]    done      integer  records done with this
-- ARGV[8]    limit     integer  heavy hitters to keep; 0: none
-- ARGV[8+i]  token     string   the i-th, if heavy hitters are kept
-- Returns    integer, the tokens counted.
local stamp, rows, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[8])
local problem = taken_over(KEYS[2], ARGV[5]) or wrong_type({KEYS[3]}, 'zset')
if problem then return problem end
local _, items, size, unusable = open(KEYS[1], stamp)
if unusable then return unusable end

local values = count_tokens(
  KEYS[1], #stamp + STATE_BYTES, rows, tonumber(ARGV[3]), ARGV[4], 1)
if limit > 0 then keep_top(KEYS[3], limit, 9, rows, values, items) end
items = items + #values / rows
set_state(KEYS[1], stamp, 'part', items, size)
step_done(KEYS[2], ARGV[6], ARGV[7])
return items
