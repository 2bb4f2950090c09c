-- Library: the heavy hitters of a count-min sketch.
--
-- Found by name when it is called, since what joins calls also joins their libraries, in any order.

-- Keep the tokens with the highest estimates. What belonged to a sketch that is gone goes; what was
-- evicted is not begun anew, since that would not show.
function adders.hitters(value, key, limit, tokens, estimates)
  if value.items == 0 then
    call('DEL', key)
  elseif call('EXISTS', key) == 0 then
    return
  end
  local lowest = 0
  if call('ZCARD', key) >= limit then
    lowest = call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] * 1
  end
  for i, token in ipairs(tokens) do
    if estimates[i] > lowest then call('ZADD', key, estimates[i], token) end
  end
  call('ZREMRANGEBYRANK', key, 0, -limit - 1)
  local left = call('PTTL', value.key)
  if left > 0 then call('PEXPIRE', key, left) end
end
