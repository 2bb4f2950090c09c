-- Give a node exactly these edges that leave it, with these weights, and their mirrors.
-- KEYS[1]   edges      zset    of the node; member: neighbour, score: weight
-- KEYS[1+i] mirrors    zset    of the i-th target; the same graph's, or its reverse index
-- ARGV[1]   edges      string  prefix of the edge sets
-- ARGV[2]   mirrors    string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]   max_edges  integer >= 1
-- ARGV[4]   node       string
-- ARGV[2i+3] target    string  the i-th
-- ARGV[2i+4] weight    float   in (0, cap]
-- Returns   integer, edges the node has now.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

local key, node = KEYS[1], ARGV[4]
local wanted = {}
for i = 1, #KEYS - 1 do wanted[ARGV[2 * i + 3]] = true end

-- what is not wanted goes first, so that it cannot crowd out what is
for _, neighbour in ipairs(redis.call('ZRANGE', key, 0, -1)) do
  if not wanted[neighbour] then
    redis.call('ZREM', key, neighbour)
    remove(mirrors .. neighbour, node)
  end
end
for i = 1, #KEYS - 1 do
  store(key, node, KEYS[1 + i], ARGV[2 * i + 3], tonumber(ARGV[2 * i + 4]))
end
return redis.call('ZCARD', key)
