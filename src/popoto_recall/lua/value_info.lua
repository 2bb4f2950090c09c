-- State of a filter or a sketch.
-- KEYS[1]  value     string
-- ARGV[1]  identity  string
-- Returns  array: identity, 1 if it is complete, items, rebuild, bytes, plan, and of a Bloom filter
--          the set bits of each layer; nothing if there is no value.
local value, problem = open(KEYS[1], ARGV[1])
if problem then return problem end
if not value then return {} end
local reply = {redis.call('GETRANGE', KEYS[1], 0, value.state - 1), value.complete, value.items,
  value.rebuild, value.size, value.plan}
if string.find(ARGV[1], '^recall%-bloom ') then
  local starts, counts = layers_of(value)
  for layer, start in ipairs(starts) do
    reply[6 + layer] = redis.call('BITCOUNT', KEYS[1], start, start + counts[layer] * 32 - 1)
  end
end
return reply
