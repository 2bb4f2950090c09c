-- Count tokens in a count-min sketch, making it when it is missing, and in the one that a rebuild
-- is filling.
-- KEYS[1]   sketch    string   stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]   staging   string   the same, while a rebuild runs
-- KEYS[3]   progress  hash     of that rebuild
-- KEYS[4]   top       zset     heavy hitters; member: token, score: estimate
-- KEYS[5]   top       zset     of the one that a rebuild is filling
-- KEYS[6]   records   set      and on: what they share tells whether a new sketch missed any
-- ARGV[1]   stamp     string
-- ARGV[2]   expected  string   the stamp and how the state of a good sketch goes on
-- ARGV[3]   last      integer  of the bytes before the counters
-- ARGV[4]   size      integer  bytes in all
-- ARGV[5]   own       string   member of records that is being saved, or empty
-- ARGV[6]   by        integer  in [1, 2^32 - 1], added to each token
-- ARGV[7]   limit     integer  heavy hitters to keep; 0: none
-- ARGV[8]   rows      integer  >= 1
-- ARGV[9]   cells     integer  tokens times rows
-- ARGV[10]  cell      string   and on: so many counters, as BITFIELD names them, token by token;
--                              then the tokens, if heavy hitters are kept
-- Returns   integer, 0.
local stamp, by, limit, rows, cells = ARGV[1], ARGV[6], ARGV[7] * 1, ARGV[8] * 1, ARGV[9] * 1

local items = limit == 0 and items_if_good(KEYS[1], ARGV[2], ARGV[3], ARGV[4] * 1)
if items and redis.call('EXISTS', KEYS[2]) == 0 then
  count_cells(KEYS[1], 10, 9 + cells, by, false)
  set_state(KEYS[1], stamp, 'good', items + cells / rows * by)
  return 0
end
-- The library keys stands here.
-- The library stamp stands here.
local problem = limit > 0 and wrong_type({KEYS[4], KEYS[5]}, 'zset')
if problem then return problem end

local function add(key, before)
  local values = count_cells(key, 10, 9 + cells, by, limit > 0)
  if limit > 0 then
    keep_top(KEYS[key == KEYS[1] and 4 or 5], limit, 10 + cells, rows, values, before)
  end
  return before + cells / rows * by
end

return add_to_both(6, ARGV[5], stamp, tonumber(ARGV[4]), add) or 0
