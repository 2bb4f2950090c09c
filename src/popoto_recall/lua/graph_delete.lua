-- Remove every edge to and from some names of one record.
-- KEYS     edges, mirrors  zset    of each name in turn (twice the same key when symmetric)
-- ARGV[1]  edges           string  prefix of the edge sets
-- ARGV[2]  mirrors         string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[i+2]  name          string  the i-th
-- Returns  integer, edges removed.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

local edges, mirrors = ARGV[1], ARGV[2]
local removed = 0
for i = 1, #KEYS / 2 do
  local name, edge_key, mirror_key = ARGV[i + 2], KEYS[2 * i - 1], KEYS[2 * i]
  for _, target in ipairs(redis.call('ZRANGE', edge_key, 0, -1)) do
    -- a key of another type holds no mirror, and must not stop what has begun
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
