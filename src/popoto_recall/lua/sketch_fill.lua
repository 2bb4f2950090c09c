-- Count the tokens of stored records in the count-min sketch that a rebuild is filling.
-- KEYS[1]  staging   string   stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]  progress  hash     owner, last, done
-- ARGV[1]  stamp     string
-- ARGV[2]  rows      integer  >= 1
-- ARGV[3]  columns   integer  >= 1, counters per row
-- ARGV[4]  digests   string   per token 4 bytes per row that pick its counter
-- ARGV[5]  owner     string   the rebuild
-- ARGV[6]  last      string   key of the last record that is done with this, or empty
-- ARGV[7]  done      integer  records done with this
-- Returns  integer, the tokens counted.
local stamp = ARGV[1]
local problem = taken_over(KEYS[2], ARGV[5])
if problem then return problem end
local _, items, size, unusable = open(KEYS[1], stamp)
if unusable then return unusable end

items = add_tokens(
  KEYS[1], #stamp + STATE_BYTES, items, tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], 1)
set_state(KEYS[1], stamp, '0', items, size)
if ARGV[6] ~= '' then redis.call('HSET', KEYS[2], 'last', ARGV[6], 'done', ARGV[7]) end
return items
