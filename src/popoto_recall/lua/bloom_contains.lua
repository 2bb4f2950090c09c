-- Test tokens against a Bloom filter.
-- KEYS[1]  filter    string   stamp, state, then blocks of 32 bytes
-- KEYS[2]  records   set      of the model; tells whether a missing filter has missed any
-- ARGV[1]  stamp     string
-- ARGV[2]  size      integer  bytes in all
-- ARGV[3]  blocks    integer  >= 1
-- ARGV[4]  probes    integer  >= 1, bits per token
-- ARGV[5]  digests   string   per token 4 bytes that pick a block, then a byte per probe
-- Returns  string: 1 if the filter is complete (else 0), then 1 or 0 per token.
local key, stamp, size = KEYS[1], ARGV[1], tonumber(ARGV[2])
local blocks, probes, digests = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local width = 4 + probes

local complete, _, problem = open(key, stamp, size)
if problem then return problem end
if not complete then
  return complete_if_new(KEYS[2], '') .. string.rep('0', #digests / width)
end

-- Reading the whole filter once is cheaper than a call per token when there are many.
local base, whole = #stamp + 32, nil
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
