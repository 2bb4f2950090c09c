-- Estimate how often tokens were counted: the least of each one's counters.
-- KEYS[1]  sketch    string   stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]  records   set      and on: what they share tells whether a missing sketch missed any
-- ARGV[1]  stamp     string
-- ARGV[2]  expected  string   the stamp and how the state of a good sketch goes on
-- ARGV[3]  last      integer  of the bytes before the counters
-- ARGV[4]  size      integer  bytes in all
-- ARGV[5]  rows      integer  >= 1
-- ARGV[6]  columns   integer  >= 1, counters per row
-- ARGV[7]  digests   string   per token 4 bytes per row that pick its counter
-- Returns  string, the estimates joined by commas.
local key, size, rows, columns, digests = KEYS[1], ARGV[4] * 1, ARGV[5] * 1, ARGV[6] * 1, ARGV[7]
if not items_if_good(key, ARGV[2], ARGV[3], size) then
-- The library stamp stands here.
  local state, _, found, problem = open(key, ARGV[1])
  if problem then return problem end
  if (state or state_if_new(2, '')) == 'part' then return incomplete(key) end
  size = found or math.huge -- of nothing, all counters are 0
end

local byte, call, min = string.byte, redis.call, math.min

-- Reading the whole sketch once is cheaper than asking for its counters when there are many.
local whole
if #digests / 4 * 600 > size then whole = call('GETRANGE', key, '0', '-1') end

-- BITFIELD itself may not run on a replica, nor when memory is full; fakeredis has no other.
local words = {redis.pcall('BITFIELD_RO', key).err and 'BITFIELD' or 'BITFIELD_RO', key}
for row = 1, rows do words[3 * row], words[3 * row + 1] = 'GET', 'u32' end

local counters, least, token, first = {}, {}, 0, (ARGV[3] + 1) / 4
for at = 1, #digests, 4 * rows do
  local start = first
  for row = 1, rows do
    local a, b, c, d = byte(digests, at + 4 * row - 4, at + 4 * row - 1)
    local cell = start + (a * 16777216 + b * 65536 + c * 256 + d) % columns
    if whole then
      a, b, c, d = byte(whole, cell * 4 + 1, cell * 4 + 4)
      counters[row] = a * 16777216 + b * 65536 + c * 256 + d
    else
      words[3 * row + 2] = cell * 32
    end
    start = start + columns
  end
  if not whole then counters = call(unpack(words)) end
  token = token + 1
  least[token] = min(unpack(counters))
end
return table.concat(least, ',')
