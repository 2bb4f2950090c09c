-- Estimate how often tokens were counted: the least of each one's counters.
-- KEYS[1]  sketch   string   stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]  records  set      and on: what they share tells whether a missing sketch missed any
-- ARGV[1]  stamp    string
-- ARGV[2]  rows     integer  >= 1
-- ARGV[3]  columns  integer  >= 1, counters per row
-- ARGV[4]  digests  string   per token 4 bytes per row that pick its counter
-- Returns  string, the estimates joined by commas.
local key, stamp = KEYS[1], ARGV[1]
local rows, columns, digests = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

local state, _, size, problem = open(key, stamp)
if problem then return problem end
if (state or state_if_new(2, '')) == 'part' then
  return incomplete(key)
end

local function number_at(text, at)
  local a, b, c, d = string.byte(text, at, at + 3)
  return a * 16777216 + b * 65536 + c * 256 + d
end

-- Reading the whole sketch once is cheaper than a call per counter when there are many.
local whole
if state and #digests / 4 * 600 > size then whole = redis.call('GETRANGE', key, 0, -1) end

local base = #stamp + STATE_BYTES
local reply = {}
for at = 1, #digests, 4 * rows do
  local least = 0
  for row = 0, state and rows - 1 or -1 do
    local column = number_at(digests, at + 4 * row) % columns
    local start = base + (row * columns + column) * 4
    local count = whole and number_at(whole, start + 1)
      or number_at(redis.call('GETRANGE', key, start, start + 3), 1)
    if row == 0 or count < least then least = count end
  end
  reply[#reply + 1] = string.format('%.0f', least)
end
return table.concat(reply, ',')
