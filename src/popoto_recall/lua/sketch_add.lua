-- Count tokens in a count-min sketch, making it when it is missing.
-- KEYS[1]  sketch   string   stamp, state, then rows of unsigned 32-bit counters
-- KEYS[2]  records  set      of the model; tells whether a new sketch has missed any
-- ARGV[1]  stamp    string
-- ARGV[2]  size     integer  bytes in all
-- ARGV[3]  rows     integer  >= 1
-- ARGV[4]  columns  integer  >= 1, counters per row
-- ARGV[5]  digests  string   per token 4 bytes per row that pick its counter
-- ARGV[6]  by       integer  in [1, 2^32 - 1], added to each token; counters stop at 2^32 - 1
-- ARGV[7]  own      string   member of records that is being saved, or empty
-- Returns  integer, 0.
local key, stamp, size = KEYS[1], ARGV[1], tonumber(ARGV[2])
local rows, columns, digests, by = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]

local complete, items, problem = open(key, stamp, size)
if problem then return problem end
if not complete then
  complete, items = complete_if_new(KEYS[2], ARGV[7]), 0
  create(key, stamp, size, complete)
end

local call = {'BITFIELD', key, 'OVERFLOW', 'SAT'}
local first, row = (#stamp + 32) / 4, 0
for at = 1, #digests, 4 do
  local a, b, c, d = string.byte(digests, at, at + 3)
  local column = (a * 16777216 + b * 65536 + c * 256 + d) % columns
  local n = #call
  call[n + 1], call[n + 2], call[n + 3], call[n + 4] =
    'INCRBY', 'u32', '#' .. string.format('%.0f', first + row * columns + column), by
  row = (row + 1) % rows
  if n > 4000 then
    redis.call(unpack(call))
    call = {'BITFIELD', key, 'OVERFLOW', 'SAT'}
  end
end
if #call > 4 then redis.call(unpack(call)) end
count_items(key, stamp, complete, items + #digests / 4 / rows * by)
return 0
