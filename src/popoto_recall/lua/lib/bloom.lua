-- Library: adding to a Bloom filter.

-- Add a layer of so many bytes, as long as the server takes so long a string. One that grows in
-- place may take twice its length, so a short one is written anew.
local function grow(value, bytes)
  local key, size = value.key, value.size + bytes
  if size > 536870912 then return end
  if size > 4194304 then
    call('SETRANGE', key, size - 1, '\0')
  else
    call('SET', key, call('GET', key) .. ('\0'):rep(bytes), 'KEEPTTL')
  end
  value.size, value.layers = size, value.layers + 1
end

-- Tokens have 16 bytes each: the first four pick a block of each layer, the next ones bits of it.
-- A token that a layer holds is there already, any other goes to the last one. Numbers become text
-- here, which takes Redis three times as long.
function adders.bloom(value, digests)
  local starts, counts, probes, room, following = layers_of(value)
  local text, gets, sets = string.format, {'BITFIELD', value.key}, {'BITFIELD', value.key}
  for i = 1, probes do
    gets[3 * i], gets[3 * i + 1] = 'GET', 'u1'
    sets[4 * i - 1], sets[4 * i], sets[4 * i + 2] = 'SET', 'u1', '1'
  end
  for at = 1, #digests, 16 do
    if value.items >= room then
      grow(value, following * 32)
      starts, counts, probes, room, following = layers_of(value)
    end
    local a, b, c, d = digests:byte(at, at + 3)
    local hash, bits = ((a * 256 + b) * 256 + c) * 256 + d, {digests:byte(at + 4, at + 3 + probes)}
    for layer = 1, value.layers do
      local first, last, held = (starts[layer] + hash % counts[layer] * 32) * 8, layer == value.layers, 0
      for i = 1, probes do
        if last then
          sets[4 * i + 1] = text('%d', first + bits[i])
        else
          gets[3 * i + 2] = text('%d', first + bits[i])
        end
      end
      local before = call(unpack(last and sets or gets))
      for i = 1, probes do held = held + before[i] end
      if held == probes then break end
      if last then value.items = value.items + 1 end
    end
  end
end
