-- Add the tokens of stored records to the Bloom filter that a rebuild is filling.
-- KEYS[1]  staging   string   stamp, state, then blocks of 32 bytes
-- KEYS[2]  progress  hash     owner, last, done, under_way
-- ARGV[1]  stamp     string
-- ARGV[2]  probes    integer  >= 4, bits per token
-- ARGV[3]  places    string   per token and probe the byte of its block, from 1 on
-- ARGV[4]  bits      string   and the bit in this byte
-- ARGV[5]  hashes    string   per token 4 bytes that pick its block
-- ARGV[6]  owner     string   the rebuild
-- ARGV[7]  last      string   key of the last record that is done with this, or empty
-- ARGV[8]  done      integer  records done with this
-- Returns  integer, the filter's items.
local stamp = ARGV[1]
local problem = taken_over(KEYS[2], ARGV[6])
if problem then return problem end
local _, items, size, unusable = open(KEYS[1], stamp)
if unusable then return unusable end

local at = blocks_of(ARGV[5], #stamp + STATE_BYTES, size)
items = add_tokens(KEYS[1], items, tonumber(ARGV[2]), ARGV[3], ARGV[4], at, 1)
set_state(KEYS[1], stamp, 'part', items)
step_done(KEYS[2], ARGV[7], ARGV[8])
return items
