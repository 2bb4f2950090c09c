-- Test tokens against a Bloom filter.
-- KEYS[1]  filter    string   stamp, state, then blocks of 32 bytes
-- KEYS[2]  records   set      and on: what they share tells whether a missing filter missed any
-- ARGV[1]  stamp     string
-- ARGV[2]  probes    integer  >= 2, bits per token
-- ARGV[3]  digests   string   per token 4 bytes that pick a block, then a byte per probe
-- ARGV[4]  density   float    items per byte of blocks at which the filter is full
-- Returns  string: 0 if the filter is not complete, 2 if it is more than full, else 1; then 1 or
--          0 per token.
local key, stamp = KEYS[1], ARGV[1]
local probes, digests = tonumber(ARGV[2]), ARGV[3]
local width = 4 + probes

local complete, items, size, problem = open(key, stamp)
if problem then return problem end
if not complete then
  return complete_if_new(2, '') .. string.rep('0', #digests / width)
end
local base = #stamp + STATE_BYTES
local blocks = (size - base) / 32
if complete == '1' and items > (size - base) * tonumber(ARGV[4]) then complete = '2' end

-- Reading the whole filter once is cheaper than a call per token when there are many.
local count, whole = #digests / width, nil
if count * 600 > size then whole = redis.call('GETRANGE', key, 0, -1) end

local BIT = {[0] = 1, 2, 4, 8, 16, 32, 64, 128}
local byte = string.byte
local hits, at = {}, 1
for token = 1, count do
  -- most absent tokens are found out by one of the first two probes
  local a, b, c, d, first, second = byte(digests, at, at + 5)
  local data, start = whole, base + ((a * 16777216 + b * 65536 + c * 256 + d) % blocks) * 32 + 1
  if not whole then
    data, start = redis.call('GETRANGE', key, start - 1, start + 30), 1
  end
  local hit, low = '0', first % 8
  local bit = BIT[low]
  if byte(data, start + (first - low) / 8) % (bit + bit) >= bit then
    low = second % 8
    bit = BIT[low]
    if byte(data, start + (second - low) / 8) % (bit + bit) >= bit then
      hit = '1'
      for i = at + 6, at + width - 1 do
        local probe = byte(digests, i)
        low = probe % 8
        bit = BIT[low]
        if byte(data, start + (probe - low) / 8) % (bit + bit) < bit then
          hit = '0'
          break
        end
      end
    end
  end
  hits[token] = hit
  at = at + width
end
return complete .. table.concat(hits)
