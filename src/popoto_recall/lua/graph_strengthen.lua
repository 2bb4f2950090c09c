-- Add to the weights of edges, one after the other, up to the cap; a missing edge begins at 0.
-- A full node drops the lowest of its other edges, so that a new one can grow. With records, an edge
-- is left as it is unless the records of both its ends exist.
-- KEYS[1]     nodes      zset    the graph's; score: 0
-- KEYS[2i]    edges      zset    of the i-th source; member: neighbour, score: weight
-- KEYS[2i+1]  mirrors    zset    of the i-th target; the same graph's, or its reverse index
-- KEYS[2n+2i]   record   any     of the i-th of n sources, if only records are wanted
-- KEYS[2n+2i+1] record   any     of the i-th target, if only records are wanted
-- ARGV[1]     edges      string  prefix of the edge sets
-- ARGV[2]     mirrors    string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]     max_edges  integer >= 1
-- ARGV[4]     cap        float   > 0
-- ARGV[3i+2]  source     string  of the i-th edge
-- ARGV[3i+3]  target     string
-- ARGV[3i+4]  delta      float   > 0
-- Returns     string, each edge's new weight, 0 for one that was left, joined by spaces.

-- The library texts stands here.
local cap = tonumber(ARGV[4])

-- The library one_edge stands here.
if #KEYS == 3 then
  local source, target, symmetric = ARGV[5], ARGV[6], ARGV[1] == ARGV[2]
  local weight = plain_weight(KEYS, source, target, symmetric, ARGV[3] * 1)
  if weight ~= nil then
    local text = exact(math.min((weight or 0) + ARGV[7], cap))
    if write_plain(KEYS, source, target, symmetric, weight, text) then return text end
  end
end

-- The library keys stands here.
-- The library nodes stands here.
-- The library edges stands here.
local n = (#ARGV - 4) / 3
local records_only = #KEYS > 1 + 2 * n
local problem = wrong_type(records_only and {unpack(KEYS, 1, 1 + 2 * n)} or KEYS, 'zset')
if problem then return problem end

local graph = graph_of(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
local function strengthen(i)
  local source_key, mirror_key = KEYS[2 * i], KEYS[2 * i + 1]
  local source, target, delta = ARGV[3 * i + 2], ARGV[3 * i + 3], tonumber(ARGV[3 * i + 4])
  local weight = weight_of(graph, source_key, source, mirror_key, target)
  weight = math.min((weight or 0) + delta, cap)
  return store(graph, source_key, source, mirror_key, target, weight)
end

local weights = {}
for i = 1, n do
  local wanted = not records_only
    or redis.call('EXISTS', KEYS[2 * n + 2 * i], KEYS[2 * n + 2 * i + 1]) == 2
  weights[i] = wanted and strengthen(i) or '0'
end
return table.concat(weights, ' ')
