-- Multiply a node's edges and their mirrors by a factor; drop those that fall below the floor.
-- KEYS[1]  nodes      zset    the graph's; score: 0
-- KEYS[2]  edges      zset    of the node; member: neighbour, score: weight
-- ARGV[1]  edges      string  prefix of the edge sets
-- ARGV[2]  mirrors    string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]  max_edges  integer >= 1
-- ARGV[4]  node       string
-- ARGV[5]  factor     float   in [0, 1)
-- ARGV[6]  floor      float   > 0
-- Returns  integer, edges dropped.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

local graph = graph_of(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
local key, node, factor, floor = KEYS[2], ARGV[4], ARGV[5], ARGV[6]
if graph.symmetric then
  local neighbours = redis.call('ZRANGE', key, 0, -1)
  for i, neighbour in ipairs(neighbours) do neighbours[i] = graph.mirrors .. neighbour end
  problem = wrong_type(neighbours, 'zset')
  if problem then return problem end
end

local expires = redis.call('PTTL', key)
redis.call('ZUNIONSTORE', key, 1, key, 'WEIGHTS', factor)
if expires > 0 then redis.call('PEXPIRE', key, expires) end

local fallen = redis.call('ZRANGE', key, '-inf', '(' .. floor, 'BYSCORE')
if #fallen > 0 then redis.call('ZREMRANGEBYRANK', key, 0, #fallen - 1) end
for _, neighbour in ipairs(fallen) do remove(graph, graph.mirrors, neighbour, node) end
unlist(graph, node)

local left = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
for i = 1, graph.symmetric and #left or 0, 2 do
  local neighbour = left[i]
  if redis.call('ZADD', graph.mirrors .. neighbour, left[i + 1], node) == 1 then
    redis.call('ZADD', graph.nodes, '0', node, '0', neighbour)
    prune(graph, graph.mirrors .. neighbour, neighbour, {[node] = true}, 1)
  end
end
return #fallen
