-- Multiply a node's edges and their mirrors by a factor; drop those that fall below the floor.
-- KEYS[1]  edges      zset    of the node; member: neighbour, score: weight
-- ARGV[1]  edges      string  prefix of the edge sets
-- ARGV[2]  mirrors    string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]  max_edges  integer >= 1
-- ARGV[4]  node       string
-- ARGV[5]  factor     float   in [0, 1)
-- ARGV[6]  floor      float   > 0
-- Returns  integer, edges dropped.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

local key, node, factor, floor = KEYS[1], ARGV[4], ARGV[5], ARGV[6]
local before = redis.call('ZRANGE', key, 0, -1)
if #before == 0 then return 0 end
if symmetric then
  local neighbours = {}
  for i, neighbour in ipairs(before) do neighbours[i] = mirrors .. neighbour end
  problem = wrong_type(neighbours, 'zset')
  if problem then return problem end
end

local expires = redis.call('PTTL', key)
redis.call('ZUNIONSTORE', key, 1, key, 'WEIGHTS', factor)
local dropped = redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. floor)
if expires > 0 then redis.call('PEXPIRE', key, expires) end

local left = {}
if symmetric then
  local after = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #after, 2 do
    local neighbour, weight = after[i], after[i + 1]
    left[neighbour] = true
    if redis.call('ZADD', mirrors .. neighbour, weight, node) == 1 then
      prune(mirrors .. neighbour, neighbour, {[node] = true}, 1)
    end
  end
elseif dropped > 0 then
  for _, neighbour in ipairs(redis.call('ZRANGE', key, 0, -1)) do left[neighbour] = true end
end
if dropped > 0 then
  for _, neighbour in ipairs(before) do
    if not left[neighbour] then remove(mirrors .. neighbour, node) end
  end
end
return dropped
