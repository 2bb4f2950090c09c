-- Library: the places of a Bloom filter's blocks.
local BLOCK_BYTES = 32

-- Where the blocks of tokens begin and end in a filter of some size; four bytes pick each.
local function blocks_of(hashes, base, size)
  local at, blocks = {}, (size - base) / BLOCK_BYTES
  for i = 1, #hashes, 4 do
    local a, b, c, d = string.byte(hashes, i, i + 3)
    local start = base + ((a * 16777216 + b * 65536 + c * 256 + d) % blocks) * BLOCK_BYTES
    at[#at + 1], at[#at + 2] = start, start + BLOCK_BYTES - 1
  end
  return at
end
