-- The heaviest edges of each of some nodes.
-- KEYS     edges       zset     of the nodes; member: neighbour, score: weight
-- ARGV[1]  min_weight  float    lightest edge wanted
-- ARGV[2]  limit       integer  >= 1, edges per node
-- Returns  array: what stands between the texts that follow, and these in one string: per key the
--          number of its edges, then neighbour, weight, ... heaviest first.
local told, n = {}, 0
for _, key in ipairs(KEYS) do
  local found = redis.pcall(
    'ZRANGE', key, '+inf', ARGV[1], 'BYSCORE', 'REV', 'LIMIT', '0', ARGV[2], 'WITHSCORES')
  if found.err then return wrong_type({key}, 'zset') or found end
  n = n + 1
  told[n] = #found / 2
  for i = 1, #found do told[n + i] = found[i] end
  n = n + #found
end
return {joined(told)}
