-- Add tokens to a Bloom filter, making it when it is missing.
-- KEYS[1]  filter    string   stamp, state, then blocks of 32 bytes
-- KEYS[2]  records   set      of the model; tells whether a new filter has missed any
-- ARGV[1]  stamp     string
-- ARGV[2]  size      integer  bytes in all
-- ARGV[3]  blocks    integer  >= 1
-- ARGV[4]  probes    integer  >= 1, bits per token
-- ARGV[5]  digests   string   per token 4 bytes that pick a block, then a byte per probe
-- ARGV[6]  own       string   member of records that is being saved, or empty
-- Returns  integer, 0.
local key, stamp, size = KEYS[1], ARGV[1], tonumber(ARGV[2])
local blocks, probes, digests = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

local complete, items, problem = open(key, stamp, size)
if problem then return problem end
if not complete then
  complete, items = complete_if_new(KEYS[2], ARGV[6]), 0
  create(key, stamp, size, complete)
end

local base, before = #stamp + 32, items
for at = 1, #digests, 4 + probes do
  local a, b, c, d = string.byte(digests, at, at + 3)
  local start = base + ((a * 16777216 + b * 65536 + c * 256 + d) % blocks) * 32
  local block = {string.byte(redis.call('GETRANGE', key, start, start + 31), 1, 32)}
  local changed = false
  for i = at + 4, at + 3 + probes do
    local probe = string.byte(digests, i)
    local bit = 2 ^ (probe % 8)
    local index = (probe - probe % 8) / 8 + 1
    if block[index] % (2 * bit) < bit then
      block[index] = block[index] + bit
      changed = true
    end
  end
  if changed then
    redis.call('SETRANGE', key, start, string.char(unpack(block)))
    items = items + 1
  end
end
if items > before then count_items(key, stamp, complete, items) end
return 0
