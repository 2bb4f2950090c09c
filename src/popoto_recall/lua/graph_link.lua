-- Create edges that are missing, one after the other; an edge that exists keeps its weight.
-- A full node drops its lowest edge for the new one, unless that is itself the lowest.
-- KEYS[1]     nodes      zset    the graph's; score: 0
-- KEYS[2i]    edges      zset    of the i-th source; member: neighbour, score: weight
-- KEYS[2i+1]  mirrors    zset    of the i-th target; the same graph's, or its reverse index
-- ARGV[1]     edges      string  prefix of the edge sets
-- ARGV[2]     mirrors    string  prefix of the mirror sets; equal in a symmetric graph
-- ARGV[3]     max_edges  integer >= 1
-- ARGV[3i+1]  source     string  of the i-th edge
-- ARGV[3i+2]  target     string
-- ARGV[3i+3]  weight     float   in (0, cap]
-- Returns     string, each edge's weight, 0 for one that a full node refused, joined by spaces.

-- The library one_edge stands here.
if #KEYS == 3 then
  local source, target, initial, symmetric = ARGV[4], ARGV[5], ARGV[6], ARGV[1] == ARGV[2]
  local weight = plain_weight(KEYS, source, target, symmetric, ARGV[3] * 1)
  if weight then return weight end
  if weight == false and write_plain(KEYS, source, target, symmetric, weight, initial) then
    return initial
  end
end

-- The library keys stands here.
-- The library texts stands here.
-- The library nodes stands here.
-- The library edges stands here.
local problem = wrong_type(KEYS, 'zset')
if problem then return problem end

local graph = graph_of(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
local function link(source_key, mirror_key, source, target, initial)
  local weight, whole = weight_of(graph, source_key, source, mirror_key, target)
  if whole then return exact(weight) end
  if not weight then
    weight = initial
    local full = refused(graph, source_key, weight)
      or graph.symmetric and refused(graph, mirror_key, weight)
    if full then return '0' end
  end
  return store(graph, source_key, source, mirror_key, target, weight)
end

local weights = {}
for i = 1, (#KEYS - 1) / 2 do
  weights[i] = link(KEYS[2 * i], KEYS[2 * i + 1],
    ARGV[3 * i + 1], ARGV[3 * i + 2], tonumber(ARGV[3 * i + 3]))
end
return table.concat(weights, ' ')
