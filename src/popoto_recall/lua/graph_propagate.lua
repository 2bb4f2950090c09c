-- Spreading activation: the best product of decay and weights over at most `depth` edges.
--
-- Level by level: a frontier holds the nodes whose score the last level raised, with that
-- score. Only edges that can still pass the bar are read. With a limit, the bar rises to the
-- limit-th best score so far, and a frontier is taken heaviest first. Both are exact, because
-- a product only shrinks. Edge sets of nodes met on the way are not among KEYS; they share
-- the graph's prefix.
-- KEYS       edges      zset     of the seeds; member: neighbour, score: weight
-- ARGV[1]    edges      string   prefix of the edge sets
-- ARGV[2]    depth      integer  >= 1
-- ARGV[3]    decay      float    per hop, in (0, 1 / cap)
-- ARGV[4]    threshold  float    >= 0, lowest score that counts
-- ARGV[5]    fan_out    integer  >= 1, heaviest edges considered per node
-- ARGV[6]    cap        float    > 0, weights above it count as it
-- ARGV[7]    limit      integer  best scores wanted; 0: all
-- ARGV[8]    max_reads  integer  edges that may be read, a node without any counting as one; 0: all
-- ARGV[2i+7] seed       string   the i-th
-- ARGV[2i+8] weight     float    of the i-th seed, in (0, 1]
-- Returns    array: 1 if max_reads cut it short; what stands between the texts that follow, and
--            these in one string: what the walk found, step by step. A step is the node it leaves,
--            the factor that the weights of its edges count with, how many nodes it raised, and
--            of each of these pk and weight; where a level ends stands an empty text. A node's
--            last mention has its score, if that is not below the limit-th best.
local prefix = ARGV[1]
local depth, decay, threshold = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local fan_out, cap = tonumber(ARGV[5]), tonumber(ARGV[6])
local limit, max_reads = tonumber(ARGV[7]), tonumber(ARGV[8])

local seeds, best, frontier = {}, {}, {}
for i = 1, #KEYS do
  local seed, weight = ARGV[2 * i + 7], tonumber(ARGV[2 * i + 8])
  seeds[seed], best[seed], frontier[seed] = true, weight, weight
end

-- The `limit` highest scores so far, ascending. `rise` moves a node's from old to new.
local bar, top = threshold, {}
local function position(score)
  local low, high = 1, #top + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if top[middle] < score then low = middle + 1 else high = middle end
  end
  return low
end
local function rise(old, new)
  if old and #top > 0 and old >= top[1] then
    table.remove(top, position(old))
  elseif #top == limit then
    if new <= top[1] then return end
    table.remove(top, 1)
  end
  table.insert(top, position(new), new)
  if #top == limit and top[1] > bar then bar = top[1] end
end

local page = limit > 0 and math.min(limit + 8, fan_out) or fan_out
local page_text = string.format('%.0f', page)
local reads, truncated = 0, 0
local told, n = {}, 0 -- the reply, and its length
local problem

-- Read a node's edges, heaviest first, as far as they can pass; raise those they reach. Whom the
-- last level raises is not asked for any more: raised is nil then.
local function expand(node, factor, raised)
  local offset = 0
  while offset < fan_out do
    local count, count_text = page, page_text
    if offset > 0 then
      count = math.min(page, fan_out - offset)
      count_text = count
    end
    local spent = max_reads > 0 and reads >= max_reads
    if spent then
      count, count_text = 1, '1' -- what would come next: if nothing, nothing was cut
    elseif max_reads > 0 and max_reads - reads < count then
      count = max_reads - reads
      count_text = count
    end
    -- a little below the exact bound, by more than the text rounds, so that no edge is hidden;
    -- tested below. Short, because a number's way to text takes the time of a small read.
    local found = redis.pcall('ZRANGE', prefix .. node, '+inf',
      string.format('%.5g', bar / factor * 0.9999), 'BYSCORE', 'REV', 'LIMIT',
      offset == 0 and '0' or offset, count_text, 'WITHSCORES')
    if found.err then
      problem = wrong_type({prefix .. node}, 'zset') or found
      return
    end
    reads = reads + (#found > 2 and #found / 2 or 1)
    for i = 1, #found, 2 do
      local neighbour, weight = found[i], found[i + 1] * 1
      local reached = factor * (weight > cap and cap or weight)
      if reached < bar then return end
      if spent then truncated = 1 return end
      local known = best[neighbour]
      if not known or reached > known then
        best[neighbour] = reached
        if raised then raised[neighbour] = reached end
        if limit > 0 and not seeds[neighbour] then rise(known, reached) end
        told[n + 1], told[n + 2] = neighbour, found[i + 1]
        n = n + 2
      end
    end
    if #found < 2 * count then return end
    offset = offset + count
  end
end

-- Tell of a step, if it raises anyone.
local function step(node, factor, raised)
  local before = n
  told[n + 1], told[n + 2], told[n + 3] = node, '', ''
  n = n + 3
  expand(node, factor, raised)
  local count = (n - before - 3) / 2
  if count == 0 then n = before return end
  told[before + 2], told[before + 3] = exact(factor), count
end

for level = 1, depth do
  local order = {}
  for node in pairs(frontier) do order[#order + 1] = node end
  if limit > 0 or max_reads > 0 then
    table.sort(order, function(a, b) return frontier[a] > frontier[b] end)
  end
  local raised = level < depth and {} or nil
  for _, node in ipairs(order) do
    local factor = frontier[node] * decay
    if factor * cap >= bar and factor > 0 then
      step(node, factor, raised)
      if problem then return problem end
      if truncated == 1 then break end
    end
  end
  told[n + 1], told[n + 2] = '', ''
  n = n + 2
  frontier = raised
  if truncated == 1 or not raised or next(raised) == nil then break end
end

for i = #told, n + 1, -1 do told[i] = nil end
return {truncated, joined(told)}
