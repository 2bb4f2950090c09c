-- Library: adding to a count-min sketch.

-- Add `by` to the counters of tokens, which stop at 2^32 - 1. A field that keeps no hitters sends no
-- texts of tokens, and after it there are none.
function adders.sketch(value, digests, by, hitters, texts)
  local limit = value.plan:sub(-5) * 1
  local found = limit > 0 and call('TYPE', hitters).ok or 'none'
  if found ~= 'none' and found ~= 'zset' then return refusal('TYPE ' .. found, hitters) end
  local estimates = {}
  for first = 1, #digests, 512 do
    local words = {'BITFIELD', value.key, 'OVERFLOW', 'SAT'}
    local last = math.min(#digests, first + 511)
    local rows = append_counters(words, value, digests, first, last, 'INCRBY', by)
    local now = call(unpack(words))
    if limit > 0 then
      for i = 1, #now, rows do
        estimates[#estimates + 1] = math.min(unpack(now, i, i + rows - 1))
      end
    end
  end
  if texts[1] and limit > 0 then
    adders.hitters(value, hitters, limit, texts, estimates)
  elseif limit > 0 then
    call('DEL', hitters)
  end
  value.items = math.min(value.items + #digests / 16 * by, 99999999999999)
end
