-- Strengthen all pairs of some nodes, up to the cap; then prune, the newcomers last. With records,
-- only those nodes take part whose record exists.
-- KEYS[1]     nodes      zset    the graph's; score: 0
-- KEYS[1+i]   edges      zset    of the i-th node; member: neighbour, score: weight
-- KEYS[1+n+i] mirrors    zset    of the i-th node, if the graph is asymmetric or records follow
-- KEYS[1+2n+i] record    any     of the i-th node, if only records are wanted
-- ARGV[1]    edges      string  prefix of the edge sets
-- ARGV[2]    mirrors    string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]    max_edges  integer >= 1
-- ARGV[4]    cap        float   > 0
-- ARGV[5]    delta      float   > 0
-- ARGV[5+i]  node       string  the i-th of n
-- Returns    integer, pairs of these nodes that have an edge now.

-- The library keys stands here.
-- The library texts stands here.
local symmetric = ARGV[1] == ARGV[2]
local cap, delta = tonumber(ARGV[4]), tonumber(ARGV[5])
local n = #ARGV - 5
local nodes, keys, mirror_keys = {unpack(ARGV, 6)}, {unpack(KEYS, 2, 1 + n)}, {}
if #KEYS > 1 + n then mirror_keys = {unpack(KEYS, 2 + n, 1 + 2 * n)} end
if #KEYS > 1 + 2 * n then
  for i = n, 1, -1 do
    if redis.call('EXISTS', KEYS[1 + 2 * n + i]) == 0 then
      table.remove(nodes, i)
      table.remove(keys, i)
      table.remove(mirror_keys, i)
    end
  end
  n = #nodes
  if n < 2 then return 0 end
end

local index, listing, scores = {}, {}, {}
for i = 1, n do
  index[nodes[i]] = i
  listing[2 * i - 1], listing[2 * i] = '0', nodes[i]
  scores[i] = redis.pcall('ZMSCORE', keys[i], unpack(nodes))
  if scores[i].err then return wrong_type(keys, 'zset') or scores[i] end
end
if not symmetric then
  local problem = wrong_type({KEYS[1]}, 'zset') or wrong_type(mirror_keys, 'zset')
  if problem then return problem end
end

-- Most pairs of a set share a few weights; each is turned into text once.
local texts = {}
local function strengthened(weight)
  local raised = math.min(weight + delta, cap)
  local text = texts[raised]
  if not text then
    text = exact(raised)
    texts[raised] = text
  end
  return text
end

local function write(update, text, node)
  update[#update + 1] = text
  update[#update + 1] = node
end

-- Last names first: a short sorted set is a list that is searched from its low end, so that what
-- comes before all it holds is in place at once.
local updates = {}
for i = 1, n do updates[i] = {} end
for i = n, 1, -1 do
  for j = n, symmetric and i + 1 or 1, -1 do
    if i ~= j then
      local there, back = scores[i][j], symmetric and scores[j][i]
      local weight = tonumber(there) or 0
      if symmetric and back ~= there then weight = math.max(weight, tonumber(back) or 0) end
      local text = strengthened(weight)
      if text ~= there then write(updates[i], text, nodes[j]) end
      if symmetric and text ~= back then write(updates[j], text, nodes[i]) end
    end
  end
end

local listed = redis.pcall('ZADD', KEYS[1], unpack(listing))
if type(listed) == 'table' then return wrong_type({KEYS[1]}, 'zset') or listed end
local grown = {}
for i = 1, n do
  -- what is at the cap is not written again
  if #updates[i] > 0 and redis.call('ZADD', keys[i], unpack(updates[i])) > 0 then
    grown[#grown + 1] = i
  end
end
if not symmetric and #grown > 0 then
  for i = 1, n do
    local sources = {}
    for j = n, 1, -1 do
      if i ~= j then
        sources[#sources + 1] = 0
        sources[#sources + 1] = nodes[j]
      end
    end
    redis.call('ZADD', mirror_keys[i], unpack(sources))
  end
end

local pairs_left, directions = n * (n - 1) / 2, {}
if #grown == 0 then return pairs_left end

-- The library nodes stands here.
-- The library edges stands here.
local graph = graph_of(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
for _, i in ipairs(grown) do
  for _, neighbour in ipairs(prune(graph, keys[i], nodes[i], index, n)) do
    local j = index[neighbour]
    local pair = math.min(i, j) * n + math.max(i, j)
    directions[pair] = (directions[pair] or 0) + 1
    if symmetric or directions[pair] == 2 then pairs_left = pairs_left - 1 end
  end
end
return pairs_left
