-- Library: the blocks of a Bloom filter.
local BLOCK_BYTES = 32
local BIT = {[0] = 1, 2, 4, 8, 16, 32, 64, 128}

-- Set the bits of digests[first] to digests[last] in a block, and store it.
local function set_probes(key, start, stored, digests, first, last)
  local block = {string.byte(stored, 1, BLOCK_BYTES)}
  for i = first, last do
    local probe = string.byte(digests, i)
    local low = probe % 8
    local bit, place = BIT[low], (probe - low) / 8 + 1
    if block[place] % (2 * bit) < bit then block[place] = block[place] + bit end
  end
  redis.call('SETRANGE', key, start, string.char(unpack(block)))
end

-- Set the bits of tokens; returns the items after it, those present before not counted.
local function add_tokens(key, base, items, size, probes, digests)
  local byte, blocks = string.byte, (size - base) / BLOCK_BYTES
  for at = 1, #digests, 4 + probes do
    local a, b, c, d = byte(digests, at, at + 3)
    local start = base + ((a * 16777216 + b * 65536 + c * 256 + d) % blocks) * BLOCK_BYTES
    local stored = redis.call('GETRANGE', key, start, start + BLOCK_BYTES - 1)
    local last = at + 3 + probes
    for i = at + 4, last do
      local probe = byte(digests, i)
      local low = probe % 8
      local bit = BIT[low]
      if byte(stored, (probe - low) / 8 + 1) % (2 * bit) < bit then
        set_probes(key, start, stored, digests, i, last)
        items = items + 1
        break
      end
    end
  end
  return items
end
