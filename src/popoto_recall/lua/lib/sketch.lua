-- Library: the counters of a count-min sketch.
--
-- The plan: rows, columns, then width and depth as declared, and last how many hitters it keeps.

-- Rows, and where the counters of tokens are, in bits, row by row, as text. The four words of a
-- token's digest, of 16 bytes, pick a column each, and sums of them in any further rows.
local function counters_of(value, digests, first, last)
  local rows, columns = value.plan:match('^(%d+) (%d+)')
  local places, n, base, words, text = {}, 0, value.data * 8, {}, string.format
  for at = first, last, 16 do
    local a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q = digests:byte(at, at + 15)
    words[1], words[2] = ((a * 256 + b) * 256 + c) * 256 + d, ((e * 256 + f) * 256 + g) * 256 + h
    words[3], words[4] = ((i * 256 + j) * 256 + k) * 256 + l, ((m * 256 + o) * 256 + p) * 256 + q
    for row = 1, rows do
      if row > 4 then words[row] = words[row - 4] + words[row - 3] end
      places[n + row] = text('%d', base + words[row] % columns * 32)
      base = base + columns * 32
    end
    n, base = n + rows, value.data * 8
  end
  return rows * 1, places
end
