-- Count the tokens of stored records in the count-min sketch that a rebuild is filling.
-- KEYS[1]  staging   string   stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]  progress  hash     owner, last, done, under_way
-- KEYS[3]  top       zset     heavy hitters; member: token, score: estimate
-- ARGV[1]  stamp     string
-- ARGV[2]  owner     string   the rebuild
-- ARGV[3]  last      string   key of the last record that is done with this, or empty
-- ARGV[4]  done      integer  records done with this
-- ARGV[5]  limit     integer  heavy hitters to keep; 0: none
-- ARGV[6]  rows      integer  >= 1
-- ARGV[7]  cells     integer  tokens times rows
-- ARGV[8]  cell      string   and on: so many counters, as BITFIELD names them, token by token;
--                             then the tokens, if heavy hitters are kept
-- Returns  integer, the tokens counted.
local stamp, limit, rows, cells = ARGV[1], ARGV[5] * 1, ARGV[6] * 1, ARGV[7] * 1
local problem = taken_over(KEYS[2], ARGV[2]) or wrong_type({KEYS[3]}, 'zset')
if problem then return problem end
local _, items, _, unusable = open(KEYS[1], stamp)
if unusable then return unusable end

local values = count_cells(KEYS[1], 8, 7 + cells, '1', limit > 0)
if limit > 0 then keep_top(KEYS[3], limit, 8 + cells, rows, values, items) end
items = items + cells / rows
set_state(KEYS[1], stamp, 'part', items)
step_done(KEYS[2], ARGV[3], ARGV[4])
return items
