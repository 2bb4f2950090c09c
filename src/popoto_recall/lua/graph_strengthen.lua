-- Add to the weights of edges, one after the other, up to the cap; a missing edge begins at 0.
-- A full node drops the lowest of its other edges, so that a new one can grow.
-- KEYS[2i-1]  edges      zset    of the i-th source; member: neighbour, score: weight
-- KEYS[2i]    mirrors    zset    of the i-th target; the same graph's, or its reverse index
-- ARGV[1]     edges      string  prefix of the edge sets
-- ARGV[2]     mirrors    string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]     max_edges  integer >= 1
-- ARGV[4]     cap        float   > 0
-- ARGV[3i+2]  source     string  of the i-th edge
-- ARGV[3i+3]  target     string
-- ARGV[3i+4]  delta      float   > 0
-- Returns     string, each edge's new weight, joined by spaces.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

local graph = graph_of(ARGV[1], ARGV[2], ARGV[3])
local cap = tonumber(ARGV[4])
local weights = {}
for i = 1, #KEYS / 2 do
  local source_key, mirror_key = KEYS[2 * i - 1], KEYS[2 * i]
  local source, target, delta = ARGV[3 * i + 2], ARGV[3 * i + 3], tonumber(ARGV[3 * i + 4])
  local weight = weight_of(graph, source_key, source, mirror_key, target)
  weight = math.min((weight or 0) + delta, cap)
  weights[i] = store(graph, source_key, source, mirror_key, target, weight)
end
return table.concat(weights, ' ')
