-- Library: removal of names from a graph. It needs the library nodes.

-- Remove every edge to and from some names; their keys are edges and mirrors of each in turn.
-- Returns how many edges there were.
local function forget(graph, keys, names)
  local removed = 0
  local function remove_all(key, prefix, name)
    for _, neighbour in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      -- a neighbour's key of another type holds nothing of it, and must not stop what has begun
      redis.pcall('ZREM', prefix .. neighbour, name)
      unlist(graph, neighbour)
      removed = removed + 1
    end
    redis.call('UNLINK', key)
  end
  for i, name in ipairs(names) do
    remove_all(keys[2 * i - 1], graph.mirrors, name)
    if not graph.symmetric then remove_all(keys[2 * i], graph.edges, name) end
    redis.call('ZREM', graph.nodes, name)
  end
  return removed
end
