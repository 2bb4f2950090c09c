-- Library: a write of one edge that has nothing to mend and nothing to prune.
--
-- Most are such. The weight of the edge then stays the text that it is, so that nothing is rounded,
-- and a key of another type shows in a reply that is a table.

-- The edge's weight; false if there is none, and room for it. Nil if there may be more to do.
local function plain_weight(keys, source, target, symmetric, max_edges)
  local weight = redis.pcall('ZSCORE', keys[2], target)
  if type(weight) == 'table' then return nil end
  if weight then
    if symmetric and redis.pcall('ZSCORE', keys[3], source) ~= weight then return nil end
    return weight
  end
  local mirrored = redis.pcall('ZCARD', keys[3])
  if type(mirrored) == 'table' or symmetric and mirrored >= max_edges
    or redis.call('ZCARD', keys[2]) >= max_edges then
    return nil
  end
  return false
end

-- Write it, and its ends into the list of nodes. False, and nothing is written, if the list has
-- another type, or the edge turns out to have a mirror alone.
local function write_plain(keys, source, target, symmetric, known, text)
  if type(redis.pcall('ZADD', keys[1], '0', source, '0', target)) == 'table' then return false end
  if known then
    if symmetric then redis.call('ZADD', keys[3], text, source) end
  elseif not symmetric then
    redis.call('ZADD', keys[3], '0', source)
  elseif redis.call('ZADD', keys[3], 'NX', text, source) == 0 then
    return false
  end
  redis.call('ZADD', keys[2], text, target)
  return true
end
