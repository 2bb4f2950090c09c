-- Add tokens to a Bloom filter, making it when it is missing, and to the one that a rebuild is
-- filling.
-- KEYS[1]   filter    string   stamp, state, then blocks of 32 bytes
-- KEYS[2]   staging   string   the same, while a rebuild runs
-- KEYS[3]   progress  hash     of that rebuild
-- KEYS[4]   records   set      and on: what they share tells whether a new filter missed any
-- ARGV[1]   stamp     string
-- ARGV[2]   expected  string   the stamp and how the state of a good filter of `size` goes on
-- ARGV[3]   last      integer  of the bytes before the blocks
-- ARGV[4]   size      integer  bytes of a new filter
-- ARGV[5]   density   float    items per byte of blocks at which the filter is full
-- ARGV[6]   own       string   member of records that is being saved, or empty
-- ARGV[7]   probes    integer  >= 4, bits per token
-- ARGV[8]   places    string   per token and probe the byte of its block, from 1 on
-- ARGV[9]   bits      string   and the bit in this byte
-- ARGV[10]  hashes    string   per token 4 bytes that pick its block
-- ARGV[11]  bound     integer  and on: per token the bytes that its block begins and ends with in a
--                              filter of `size`
-- Returns   integer, 0.
local stamp, base, wanted, probes = ARGV[1], ARGV[3] + 1, ARGV[4] * 1, ARGV[7] * 1

local items = items_if_good(KEYS[1], ARGV[2], ARGV[3], wanted)
if items and redis.call('EXISTS', KEYS[2]) == 0 then
  local now = add_tokens(KEYS[1], items, probes, ARGV[8], ARGV[9], ARGV, 11)
  if now > items then
    set_state(KEYS[1], stamp, now > (wanted - base) * ARGV[5] and 'over' or 'good', now)
  end
  return 0
end
-- The library stamp stands here.
-- The library blocks stands here.
local function add(key, before, size)
  local at = blocks_of(ARGV[10], base, size)
  local now = add_tokens(key, before, probes, ARGV[8], ARGV[9], at, 1)
  return now, now > (size - base) * ARGV[5]
end

return add_to_both(4, ARGV[6], stamp, wanted, add) or 0
