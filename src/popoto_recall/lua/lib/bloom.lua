-- Library: the blocks of a Bloom filter.
local BLOCK_BYTES = 32

-- Set the bits of tokens; returns the items after it, those present before not counted.
local function add_tokens(key, base, items, size, probes, digests)
  local blocks = (size - base) / BLOCK_BYTES
  for at = 1, #digests, 4 + probes do
    local a, b, c, d = string.byte(digests, at, at + 3)
    local start = base + ((a * 16777216 + b * 65536 + c * 256 + d) % blocks) * BLOCK_BYTES
    local stored = redis.call('GETRANGE', key, start, start + BLOCK_BYTES - 1)
    local block = {string.byte(stored, 1, BLOCK_BYTES)}
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
  return items
end
