-- Add the tokens of stored records to the Bloom filter that a rebuild is filling.
-- KEYS[1]  staging   string   stamp, state, then blocks of 32 bytes
-- KEYS[2]  progress  hash     owner, last, done, under_way
-- ARGV[1]  stamp     string
-- ARGV[2]  probes    integer  >= 2, bits per token
-- ARGV[3]  digests   string   per token 4 bytes that pick a block, then a byte per probe
-- ARGV[4]  owner     string   the rebuild
-- ARGV[5]  last      string   key of the last record that is done with this, or empty
-- ARGV[6]  done      integer  records done with this
-- Returns  integer, the filter's items.
local stamp = ARGV[1]
local problem = taken_over(KEYS[2], ARGV[4])
if problem then return problem end
local _, items, size, unusable = open(KEYS[1], stamp)
if unusable then return unusable end

items = add_tokens(KEYS[1], #stamp + STATE_BYTES, items, size, tonumber(ARGV[2]), ARGV[3])
set_state(KEYS[1], stamp, 'part', items, size)
step_done(KEYS[2], ARGV[5], ARGV[6])
return items
