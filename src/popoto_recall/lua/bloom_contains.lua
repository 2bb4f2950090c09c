-- Test tokens against a Bloom filter.
-- KEYS[1]  filter   string   stamp, state, then blocks of 32 bytes
-- KEYS[2]  records  set      and on: what they share tells whether a missing filter missed any
-- ARGV[1]  stamp    string
-- ARGV[2]  expected string   the stamp and how the state of a good filter of `size` goes on
-- ARGV[3]  last     integer  of the bytes before the blocks
-- ARGV[4]  size     integer  bytes of a filter that no rebuild made larger
-- ARGV[5]  probes   integer  >= 4, bits per token
-- ARGV[6]  digests  string   per token 4 bytes that pick a block, then a byte per probe
-- Returns  string: 0 if the filter is not complete, 2 if it is more than full, else 1; then 1 or
--          0 per token.
local key, digests = KEYS[1], ARGV[6]
local width = ARGV[5] + 4
local count = #digests / width
local code, size = '1', ARGV[4] * 1

if not items_if_good(key, ARGV[2], ARGV[3], size) then
-- The library stamp stands here.
  local state, _, found, problem = open(key, ARGV[1])
  if problem then return problem end
  if not state then
    return (state_if_new(2, '') == 'good' and '1' or '0') .. string.rep('0', count)
  end
  if state ~= 'good' then code = state == 'over' and '2' or '0' end
  size = found
end

-- Reading the whole filter once is cheaper than a call per token when there are many.
local whole
if count * 800 > size then whole = redis.call('GETRANGE', key, 0, -1) end

local base = ARGV[3] + 1
local blocks = (size - base) / 32
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
return code .. table.concat(hits)
