-- Library: the counters of a count-min sketch.
--
-- The plan: rows, columns, then width and depth as declared, and last how many hitters it keeps.

-- Append where the counters of tokens are, in bits, row by row, as text; with `verb` and `by`, as what
-- BITFIELD has to be told to do that. Returns the rows. The four words of a token's digest, of 16 bytes, pick
-- a column each, and sums of them in any further rows.
local function append_counters(list, value, digests, first, last, verb, by)
  local rows, columns = value.plan:match('^(%d+) (%d+)')
  local base, words, text, n = value.data * 8, {}, string.format, #list
  for at = first, last, 16 do
    local a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q = digests:byte(at, at + 15)
    words[1], words[2] = ((a * 256 + b) * 256 + c) * 256 + d, ((e * 256 + f) * 256 + g) * 256 + h
    words[3], words[4] = ((i * 256 + j) * 256 + k) * 256 + l, ((m * 256 + o) * 256 + p) * 256 + q
    for row = 1, rows do
      if row > 4 then words[row] = words[row - 4] + words[row - 3] end
      local place = text('%d', base + ((row - 1) * columns + words[row] % columns) * 32)
      if verb then
        list[n + 1], list[n + 2], list[n + 3], list[n + 4] = verb, 'u32', place, by
        n = n + 4
      else
        n = n + 1
        list[n] = place
      end
    end
  end
  return rows * 1
end
