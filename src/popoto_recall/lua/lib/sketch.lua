-- Library: the counters of a count-min sketch.

-- Add to the counters of tokens, which stop at 2^32 - 1; returns the items after it.
local function add_tokens(key, base, items, rows, columns, digests, by)
  local call = {'BITFIELD', key, 'OVERFLOW', 'SAT'}
  local first, row = base / 4, 0
  for at = 1, #digests, 4 do
    local a, b, c, d = string.byte(digests, at, at + 3)
    local column = (a * 16777216 + b * 65536 + c * 256 + d) % columns
    local n = #call
    call[n + 1], call[n + 2], call[n + 3], call[n + 4] =
      'INCRBY', 'u32', '#' .. string.format('%.0f', first + row * columns + column), by
    row = (row + 1) % rows
    if n > 4000 then
      redis.call(unpack(call))
      call = {'BITFIELD', key, 'OVERFLOW', 'SAT'}
    end
  end
  if #call > 4 then redis.call(unpack(call)) end
  return items + #digests / 4 / rows * by
end
