-- Multiply the edges of some nodes of a symmetric graph by a factor, both directions at once, and
-- drop those that fall below the floor. Of an edge's two ends only one node's turn counts, so that a
-- pass over all nodes weakens every edge once.
-- KEYS[1]    nodes      zset    the graph's; score: 0
-- KEYS[1+i]  edges      zset    of the i-th node; member: neighbour, score: weight
-- ARGV[1]    edges      string  prefix of the edge sets
-- ARGV[2]    factor     float   in [0, 1)
-- ARGV[3]    floor      float   > 0
-- ARGV[3+i]  node       string  the i-th
-- Returns    integer, edges dropped.
local edges, factor, floor = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local graph = graph_of(KEYS[1], edges, edges)

local problem = wrong_type({KEYS[1]}, 'zset')
if problem then return problem end
local ends, mirrors = {}, {}
for i = 1, #KEYS - 1 do
  ends[i] = redis.pcall('ZRANGE', KEYS[1 + i], 0, -1, 'WITHSCORES')
  if ends[i].err then return wrong_type(KEYS, 'zset') or ends[i] end
  for j = 1, #ends[i], 2 do mirrors[#mirrors + 1] = edges .. ends[i][j] end
end
problem = wrong_type(mirrors, 'zset')
if problem then return problem end

-- Whether an edge is weakened when it is the turn of this end: any order of names does. `<` is none,
-- because different names are equal in some locales of a server; names differ soonest at their end.
local function has_turn(node, neighbour)
  if #node ~= #neighbour then return #node < #neighbour end
  for i = #node, 1, -1 do
    local here, there = string.byte(node, i), string.byte(neighbour, i)
    if here ~= there then return here < there end
  end
  return false
end

local dropped = 0
for i = 1, #KEYS - 1 do
  local key, node = KEYS[1 + i], ARGV[3 + i]
  for j = 1, #ends[i], 2 do
    local neighbour = ends[i][j]
    local mirrored = redis.call('ZSCORE', edges .. neighbour, node)
    -- without a mirror, unless they have just gone together, there is no other turn
    if has_turn(node, neighbour) or not mirrored and redis.call('ZSCORE', key, neighbour) then
      local weight = math.max(ends[i][j + 1] * 1, (mirrored or 0) * 1) * factor
      if weight < floor then
        redis.call('ZREM', key, neighbour)
        redis.call('ZREM', edges .. neighbour, node)
        unlist(graph, neighbour)
        dropped = dropped + 1
      else
        -- XX: other writes mend what lacks its mirror
        local text = string.format('%.17g', weight)
        redis.call('ZADD', key, 'XX', text, neighbour)
        redis.call('ZADD', edges .. neighbour, 'XX', text, node)
      end
    end
  end
  unlist(graph, node)
end
return dropped
