-- Library: the counters of a count-min sketch, and its heavy hitters.

-- Add to the counters named by ARGV[first] to ARGV[last], which stop at 2^32 - 1; returns their
-- values after it if they are `wanted`.
local function count_cells(key, first, last, by, wanted)
  local call, values, n = redis.call, {}, 0
  local i = first
  -- eight at once and written out: making a list of them first takes as long as counting them
  while i + 7 <= last do
    local a, b, c, d, e, f, g, h = unpack(ARGV, i, i + 7)
    local now = call('BITFIELD', key, 'OVERFLOW', 'SAT',
      'INCRBY', 'u32', a, by, 'INCRBY', 'u32', b, by, 'INCRBY', 'u32', c, by,
      'INCRBY', 'u32', d, by, 'INCRBY', 'u32', e, by, 'INCRBY', 'u32', f, by,
      'INCRBY', 'u32', g, by, 'INCRBY', 'u32', h, by)
    if wanted then
      for m = 1, 8 do values[n + m] = now[m] end
      n = n + 8
    end
    i = i + 8
  end
  for rest = i, last do
    n = n + 1
    values[n] = call('BITFIELD', key, 'OVERFLOW', 'SAT', 'INCRBY', 'u32', ARGV[rest], by)[1]
  end
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
