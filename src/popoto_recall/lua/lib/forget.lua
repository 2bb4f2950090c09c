-- Library: removal of names from a graph.

-- Remove every edge to and from some names; their keys are edges and mirrors of each in turn.
-- Returns how many edges there were.
local function forget(keys, edges, mirrors, names)
  local removed = 0
  for i, name in ipairs(names) do
    local edge_key, mirror_key = keys[2 * i - 1], keys[2 * i]
    for _, target in ipairs(redis.call('ZRANGE', edge_key, 0, -1)) do
      -- a neighbour's key of another type holds no mirror, and must not stop what has begun
      redis.pcall('ZREM', mirrors .. target, name)
      removed = removed + 1
    end
    if mirror_key ~= edge_key then
      for _, source in ipairs(redis.call('ZRANGE', mirror_key, 0, -1)) do
        redis.pcall('ZREM', edges .. source, name)
        removed = removed + 1
      end
    end
    redis.call('DEL', edge_key, mirror_key)
  end
  return removed
end
