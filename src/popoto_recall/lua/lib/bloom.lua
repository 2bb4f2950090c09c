-- Library: the blocks of a Bloom filter.

-- Set the bits of tokens; returns the items after it, those present before not counted. Where a
-- token's block begins and ends stands in `at`, from `first` on; its probes, 4 or more, are bytes
-- of the block and bits in these.
local function add_tokens(key, items, probes, places, bits, at, first)
  local call, byte, n = redis.call, string.byte, 1
  for i = first, #at, 2 do
    local start = at[i]
    local block = call('GETRANGE', key, start, at[i + 1])
    -- four at once, since most of the time goes into the calls that fetch them
    local a, b, c, d = byte(places, n, n + 3)
    local p, q, r, s = byte(bits, n, n + 3)
    local present = byte(block, a) % (p + p) >= p and byte(block, b) % (q + q) >= q
      and byte(block, c) % (r + r) >= r and byte(block, d) % (s + s) >= s
    local after = n + probes
    for m = n + 4, after - 1 do
      local bit = byte(bits, m)
      present = present and byte(block, byte(places, m)) % (bit + bit) >= bit
    end
    if not present then
      local values = {byte(block, 1, -1)}
      if values[a] % (p + p) < p then values[a] = values[a] + p end
      if values[b] % (q + q) < q then values[b] = values[b] + q end
      if values[c] % (r + r) < r then values[c] = values[c] + r end
      if values[d] % (s + s) < s then values[d] = values[d] + s end
      for m = n + 4, after - 1 do
        local place, bit = byte(places, m), byte(bits, m)
        if values[place] % (bit + bit) < bit then values[place] = values[place] + bit end
      end
      call('SETRANGE', key, start, string.char(unpack(values)))
      items = items + 1
    end
    n = after
  end
  return items
end
