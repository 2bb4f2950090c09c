-- Estimate how often tokens were counted, the least of each one's counters; of as many tokens as
-- keep the server for a short while only.
-- KEYS[1]  sketch    string
-- ARGV[1]  identity  string
-- ARGV[2]  counters  integer  to look at, at most about
-- ARGV[3]  digests   string   16 bytes per token
-- Returns  string: ? if there is no sketch, else the estimates joined by commas.
local value, problem = open(KEYS[1], ARGV[1])
if problem then return problem end
if not value then return '?' end
if value.other or value.complete == '0' then return refusal('INCOMPLETE', KEYS[1]) end

local key, byte, min = KEYS[1], string.byte, math.min
local last = min(#ARGV[3], math.ceil(ARGV[2] / value.plan:match('^%d+')) * 16)
local places, least = {}, {}
local rows = append_counters(places, value, ARGV[3], 1, last)

-- Reading the whole sketch once is cheaper than asking for its counters when there are many.
local whole
if #places * 150 > value.size then whole = call('GETRANGE', key, 0, -1) end

-- BITFIELD itself may not run on a replica, nor when memory is full; fakeredis has no other.
local words = {redis.pcall('BITFIELD_RO', key).err and 'BITFIELD' or 'BITFIELD_RO', key}
for row = 1, rows do words[3 * row], words[3 * row + 1] = 'GET', 'u32' end

local counters = {}
for first = 1, #places, rows do
  for row = 1, rows do
    local place = places[first + row - 1]
    if whole then
      local a, b, c, d = byte(whole, place / 8 + 1, place / 8 + 4)
      counters[row] = a * 16777216 + b * 65536 + c * 256 + d
    else
      words[3 * row + 2] = place
    end
  end
  if not whole then counters = call(unpack(words)) end
  least[#least + 1] = min(unpack(counters))
end
return table.concat(least, ',')
