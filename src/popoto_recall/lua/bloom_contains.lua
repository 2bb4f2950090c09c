-- Test tokens against a Bloom filter.
-- KEYS[1]  filter    string   stamp, state, then blocks of 32 bytes
-- KEYS[2]  records   set      of the model; tells whether a missing filter has missed any
-- ARGV[1]  stamp     string
-- ARGV[2]  probes    integer  >= 1, bits per token
-- ARGV[3]  digests   string   per token 4 bytes that pick a block, then a byte per probe
-- ARGV[4]  density   float    items per byte of blocks that the filter is made for
-- Returns  string: 0 if the filter is not complete, 2 if it is over its capacity, else 1; then 1 or
--          0 per token.
local key, stamp = KEYS[1], ARGV[1]
local probes, digests = tonumber(ARGV[2]), ARGV[3]
local width = 4 + probes

local complete, items, size, problem = open(key, stamp)
if problem then return problem end
if not complete then
  return complete_if_new(KEYS[2], '') .. string.rep('0', #digests / width)
end
local base = #stamp + STATE_BYTES
local blocks = (size - base) / 32
if complete == '1' and items > (size - base) * tonumber(ARGV[4]) then complete = '2' end

-- Reading the whole filter once is cheaper than a call per token when there are many.
local whole
if #digests / width * 600 > size then whole = redis.call('GETRANGE', key, 0, -1) end

local BIT = {[0] = 1, 2, 4, 8, 16, 32, 64, 128}
local byte = string.byte
local reply = {complete}
for at = 1, #digests, width do
  local a, b, c, d = byte(digests, at, at + 3)
  local start = base + ((a * 16777216 + b * 65536 + c * 256 + d) % blocks) * 32
  local data = whole
  if not whole then
    data, start = redis.call('GETRANGE', key, start, start + 31), 0
  end
  local present = '1'
  for i = at + 4, at + width - 1 do
    local probe = byte(digests, i)
    local bit = BIT[probe % 8]
    if byte(data, start + (probe - probe % 8) / 8 + 1) % (2 * bit) < bit then
      present = '0'
      break
    end
  end
  reply[#reply + 1] = present
end
return table.concat(reply)
