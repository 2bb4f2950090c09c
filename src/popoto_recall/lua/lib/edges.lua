-- Library: the edges of one graph and their mirrors. It needs the libraries nodes and texts.
--
-- An edge a -> b of weight w is stored twice: as member b, score w in the edge set of a,
-- and as member a in the mirror set of b. In a symmetric graph the mirror sets are the edge
-- sets, and the score of the mirror is w too; in an asymmetric graph they are a reverse
-- index of score 0. Mirror sets of neighbours that a script finds on its way are not among
-- its KEYS; they share the graph's prefix.

-- Weight of an edge, or nil, and whether it needs no mending. A symmetric edge that is
-- one-sided, or has two weights, counts with the larger.
local function weight_of(graph, source_key, source, mirror_key, target)
  local weight = tonumber(redis.call('ZSCORE', source_key, target))
  if not graph.symmetric then return weight, weight ~= nil end
  local back = tonumber(redis.call('ZSCORE', mirror_key, source))
  if weight == back then return weight, weight ~= nil end
  return math.max(weight or 0, back or 0), false
end

-- Take one direction away from the set of a node. A key of another type holds none, and must not
-- stop a script that has begun to write.
local function remove(graph, prefix, node, member)
  redis.pcall('ZREM', prefix .. node, member)
  unlist(graph, node)
end

-- Bring a node back to max_edges: its lowest edges go, and their mirrors, the newcomers last.
-- Returns the newcomers that had to go too.
local function prune(graph, key, node, newcomers, count)
  local lost = {}
  local excess = redis.call('ZCARD', key) - graph.max_edges
  if excess <= 0 then return lost end
  local lowest = redis.call('ZRANGE', key, 0, excess + count - 1)
  for _, spare in ipairs({true, false}) do
    for _, neighbour in ipairs(lowest) do
      if excess > 0 and spare == not newcomers[neighbour] then
        redis.call('ZREM', key, neighbour)
        remove(graph, graph.mirrors, neighbour, node)
        if not spare then lost[#lost + 1] = neighbour end
        excess = excess - 1
      end
    end
  end
  return lost
end

-- Whether a full node has no edge as light as a new one, which would then be the one to go.
local function refused(graph, key, weight)
  local rank = redis.call('ZCARD', key) - graph.max_edges
  if rank < 0 then return false end
  return weight < tonumber(redis.call('ZRANGE', key, rank, rank, 'WITHSCORES')[2])
end

-- Write an edge in both its places, then prune the ends it is new to. ZADD comes first: it
-- is what a server out of memory refuses, and nothing has been written then. Neither end can lose
-- the edge to its own pruning.
local function store(graph, source_key, source, mirror_key, target, weight)
  local text = exact(weight)
  redis.call('ZADD', graph.nodes, '0', source, '0', target)
  local added = redis.call('ZADD', source_key, text, target)
  local mirrored = 0
  if graph.symmetric then
    mirrored = redis.call('ZADD', mirror_key, text, source)
  elseif added == 1 then
    redis.call('ZADD', mirror_key, 0, source)
  end
  if added == 1 then prune(graph, source_key, source, {[target] = true}, 1) end
  if mirrored == 1 then prune(graph, mirror_key, target, {[source] = true}, 1) end
  return text
end
