-- Test tokens against a Bloom filter, as many as keep the server for a short while only.
-- KEYS[1]  filter    string
-- ARGV[1]  identity  string
-- ARGV[2]  tests     integer  blocks to look at, at most about
-- ARGV[3]  digests   string   16 bytes per token: four pick a block of each layer, the next bits of it
-- Returns  string: ? if there is no filter, 0 if it is not complete, else 1 and then a 1 or 0 for
--          each token that was tested.
local value, problem = open(KEYS[1], ARGV[1])
if problem then return problem end
if not value then return '?' end
if value.other or value.complete == '0' then return '0' end

local digests, starts, counts, probes = ARGV[3], layers_of(value)
local key, layers, size = KEYS[1], value.layers, value.size
local count = math.min(#digests / 16, math.ceil(ARGV[2] / layers))

-- Reading the whole filter once is cheaper than a call per block when there are many.
local whole
if count * layers * 800 > size then whole = call('GETRANGE', key, 0, -1) end

local BIT = {[0] = 128, 64, 32, 16, 8, 4, 2, 1}
local byte, hits, last = string.byte, {'1'}, 3 + probes
for token = 1, count do
  local at, hit = token * 16 - 15, '0'
  -- most absent tokens are found out by one of the first two probes
  local a, b, c, d, first, second = byte(digests, at, at + 5)
  local hash = a * 16777216 + b * 65536 + c * 256 + d
  local low, next_low = first % 8, second % 8
  local bit, next_bit = BIT[low], BIT[next_low]
  for layer = 1, layers do
    local data, start = whole, starts[layer] + hash % counts[layer] * 32
    if whole then
      start = start + 1
    else
      data, start = call('GETRANGE', key, start, start + 31), 1
    end
    if byte(data, start + (first - low) / 8) % (bit + bit) >= bit
      and byte(data, start + (second - next_low) / 8) % (next_bit + next_bit) >= next_bit then
      hit = '1'
      for i = at + 6, at + last do
        local probe = byte(digests, i)
        local place = probe % 8
        local wanted = BIT[place]
        if byte(data, start + (probe - place) / 8) % (wanted + wanted) < wanted then
          hit = '0'
          break
        end
      end
      if hit == '1' then break end
    end
  end
  hits[token + 1] = hit
end
return table.concat(hits)
