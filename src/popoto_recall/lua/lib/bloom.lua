-- Library: the blocks of a Bloom filter.
local BLOCK_BYTES = 32
local BIT = {[0] = 1, 2, 4, 8, 16, 32, 64, 128}

-- Set the bits of tokens; returns the items after it, those present before not counted.
local function add_tokens(key, base, items, size, probes, digests)
  local byte, blocks = string.byte, (size - base) / BLOCK_BYTES
  for at = 1, #digests, 4 + probes do
    local a, b, c, d = byte(digests, at, at + 3)
    local start = base + ((a * 16777216 + b * 65536 + c * 256 + d) % blocks) * BLOCK_BYTES
    local stored = redis.call('GETRANGE', key, start, start + BLOCK_BYTES - 1)
    local block
    for i = at + 4, at + 3 + probes do
      local probe = byte(digests, i)
      local low = probe % 8
      local bit, place = BIT[low], (probe - low) / 8 + 1
      local value = block and block[place] or byte(stored, place)
      if value % (2 * bit) < bit then
        block = block or {byte(stored, 1, BLOCK_BYTES)}
        block[place] = value + bit
      end
    end
    if block then
      redis.call('SETRANGE', key, start, string.char(unpack(block)))
      items = items + 1
    end
  end
  return items
end
