-- Library: the layers of a Bloom filter.
--
-- The first has room for `capacity` items, each other one for as many as all before it together.
-- The plan: probes, capacity, blocks of the first layer, bits per 1,000 items of the others.

-- Where each layer begins, in bytes, its blocks, the probes, the room of all layers, and the blocks
-- of the layer that would come next: a few more than it needs on average, since the fewer there
-- are, the more the rate scatters.
local function layers_of(value)
  local probes, room, blocks, growth = value.plan:match('^(%d+) (%d+) (%d+) (%d+)')
  local starts, counts, at, ceil = {}, {}, value.data, math.ceil
  for layer = 1, value.layers do
    if layer > 1 then room = room * 2 end
    starts[layer], counts[layer] = at, blocks * 1
    at = at + blocks * 32
    blocks = room * growth / 256000
    blocks = ceil(blocks) + ceil(math.sqrt(blocks) / 2) + 1
  end
  return starts, counts, probes * 1, room * 1, blocks
end
