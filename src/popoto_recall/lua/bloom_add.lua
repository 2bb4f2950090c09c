-- Add tokens to a Bloom filter, making it when it is missing, and to the one that a rebuild is
-- filling.
-- KEYS[1]  filter    string   stamp, state, then blocks of 32 bytes
-- KEYS[2]  staging   string   the same, while a rebuild runs
-- KEYS[3]  progress  hash     of that rebuild
-- KEYS[4]  records   set      and on: what they share tells whether a new filter missed any
-- ARGV[1]  stamp     string
-- ARGV[2]  size      integer  bytes of a new filter
-- ARGV[3]  probes    integer  >= 2, bits per token
-- ARGV[4]  digests   string   per token 4 bytes that pick a block, then a byte per probe
-- ARGV[5]  own       string   member of records that is being saved, or empty
-- ARGV[6]  density   float    items per byte of blocks at which the filter is full
-- Returns  integer, 0.
local stamp, probes, digests = ARGV[1], tonumber(ARGV[3]), ARGV[4]

local base, density = #stamp + STATE_BYTES, tonumber(ARGV[6])

local function add(key, items, size)
  local now = add_tokens(key, base, items, size, probes, digests)
  return now, now > (size - base) * density
end

return add_to_both(4, ARGV[5], stamp, tonumber(ARGV[2]), add) or 0
