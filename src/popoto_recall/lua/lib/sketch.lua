-- Library: the counters of a count-min sketch, and its heavy hitters.

-- Add to the counters of tokens, which stop at 2^32 - 1; returns the values after it, row by row.
local function count_tokens(key, base, rows, columns, digests, by)
  local values = {}
  local call, n, row = {'BITFIELD', key, 'OVERFLOW', 'SAT'}, 4, 0
  for at = 1, #digests, 4 do
    local a, b, c, d = string.byte(digests, at, at + 3)
    local column = (a * 16777216 + b * 65536 + c * 256 + d) % columns
    call[n + 1], call[n + 2], call[n + 3], call[n + 4] =
      'INCRBY', 'u32', (base + 4 * (row * columns + column)) * 8, by
    n, row = n + 4, (row + 1) % rows
    if n > 4000 then
      for _, value in ipairs(redis.call(unpack(call, 1, n))) do values[#values + 1] = value end
      n = 4
    end
  end
  local rest = n > 4 and redis.call(unpack(call, 1, n)) or {}
  if #values == 0 then return rest end
  for _, value in ipairs(rest) do values[#values + 1] = value end
  return values
end

-- Keep the `limit` tokens with the highest estimates; tokens are ARGV[first] and on. What belongs
-- to a sketch that is gone goes; what was evicted is not begun anew, since that would not show.
local function keep_top(key, limit, first, rows, values, items_before)
  if items_before == 0 then
    redis.call('DEL', key)
  elseif redis.call('EXISTS', key) == 0 then
    return
  end
  local lowest = 0
  if redis.call('ZCARD', key) >= limit then
    lowest = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
  end
  for token = 0, #values / rows - 1 do
    local estimate = math.min(unpack(values, token * rows + 1, token * rows + rows))
    if estimate > lowest then redis.call('ZADD', key, estimate, ARGV[first + token]) end
  end
  redis.call('ZREMRANGEBYRANK', key, 0, -limit - 1)
end
