-- The heaviest edges of each of some nodes.
-- KEYS     edges       zset     of the nodes; member: neighbour, score: weight
-- ARGV[1]  min_weight  float    lightest edge wanted
-- ARGV[2]  limit       integer  >= 1, edges per node
-- Returns  array, one flat array per key: neighbour, weight, ... heaviest first.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

local limit = math.min(tonumber(ARGV[2]), 2 ^ 53) -- beyond it Redis reads no integer
local linked = {}
for i, key in ipairs(KEYS) do
  linked[i] = redis.call(
    'ZRANGE', key, '+inf', ARGV[1], 'BYSCORE', 'REV', 'LIMIT', 0, limit, 'WITHSCORES')
end
return linked
