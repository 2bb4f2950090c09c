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
-- ARGV[9]    explain    integer  1: with paths
-- ARGV[2i+8] seed       string   the i-th
-- ARGV[2i+9] weight     float    of the i-th seed, in (0, 1]
-- Returns    array: 1 if max_reads cut it short, then pk, score, ... in no order, ties with the
--            limit-th included; with paths pk, score, and a flat array of pk, weight, ... from
--            the seed on.
local prefix = ARGV[1]
local depth, decay, threshold = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local fan_out = math.min(tonumber(ARGV[5]), 2 ^ 53) -- beyond it Redis reads no integer
local cap = tonumber(ARGV[6])
local limit, max_reads, explain = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9] == '1'

local seeds, best, steps = {}, {}, {}
local frontier, taken = {}, {}
for i = 1, #KEYS do
  local seed, weight = ARGV[2 * i + 8], tonumber(ARGV[2 * i + 9])
  seeds[seed], best[seed], frontier[seed] = true, weight, weight
  if explain then taken[seed] = {seed, ARGV[2 * i + 9]} end
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
local reads, truncated = 0, 0
local problem

-- What a read that failed tells the caller. Redis ends an error at a NUL.
local function refusal(key, failed)
  local found = redis.call('TYPE', key).ok
  if found == 'zset' then return failed end
  local shown = string.gsub(key, '%c', function(char)
    return string.format('\\x%02x', string.byte(char))
  end)
  return redis.error_reply(string.format(
    "RECALL_TYPE '%s' holds a %s where a zset belongs", shown, found))
end

-- Read a node's edges, heaviest first, as far as they can pass; raise those they reach. Whom the
-- last level raises is not asked for any more: raised is nil then.
local function expand(node, score, raised, trail)
  local factor, offset = score * decay, 0
  while offset < fan_out do
    local count = math.min(page, fan_out - offset)
    local spent = max_reads > 0 and reads >= max_reads
    if spent then
      count = 1 -- a look at what would come next: if nothing, nothing was cut
    elseif max_reads > 0 then
      count = math.min(count, max_reads - reads)
    end
    -- a hair below the exact bound, so that rounding cannot hide an edge; tested below
    local found = redis.pcall('ZRANGE', prefix .. node, '+inf', bar / factor * (1 - 1e-12),
      'BYSCORE', 'REV', 'LIMIT', offset, count, 'WITHSCORES')
    if found.err then
      problem = refusal(prefix .. node, found)
      return
    end
    reads = reads + math.max(#found / 2, 1)
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
        if explain then
          steps[neighbour] = {neighbour, found[i + 1], taken[node]}
          trail[neighbour] = steps[neighbour]
        end
      end
    end
    if #found < 2 * count then return end
    offset = offset + count
  end
end

for level = 1, depth do
  local order = {}
  for node in pairs(frontier) do order[#order + 1] = node end
  if limit > 0 or max_reads > 0 then
    table.sort(order, function(a, b) return frontier[a] > frontier[b] end)
  end
  local raised, trail = level < depth and {} or nil, {}
  for _, node in ipairs(order) do
    local score = frontier[node]
    if score * decay * cap >= bar and score * decay > 0 then
      expand(node, score, raised, trail)
      if problem then return problem end
      if truncated == 1 then break end
    end
  end
  frontier, taken = raised, trail
  if truncated == 1 or not raised or next(raised) == nil then break end
end

local reply = {truncated}
for node, score in pairs(best) do
  if not seeds[node] and score >= bar then
    reply[#reply + 1] = node
    reply[#reply + 1] = string.format('%.17g', score)
    if explain then
      local path, step = {}, steps[node]
      while step do
        table.insert(path, 1, step[2])
        table.insert(path, 1, step[1])
        step = step[3]
      end
      reply[#reply + 1] = path
    end
  end
end
return reply
