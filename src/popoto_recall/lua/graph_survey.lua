-- The edges that Popoto's own field left of some nodes, heaviest first, beside what this graph
-- has of them. Sets of the neighbours are not among KEYS; they share a prefix.
-- KEYS[2i-1]  olds    any      of the i-th node, where Popoto's field left its edges
-- KEYS[2i]    edges   zset     of the i-th node, in this graph
-- ARGV[1]     olds    string   prefix of Popoto's sets; empty: do not look at the other direction
-- ARGV[2]     first   integer  >= 0, rank of the first edge wanted
-- ARGV[3]     last    integer  rank of the last one
-- ARGV[i+3]   node    string   the i-th
-- Returns     array, per node: type of the old key, edges under it, edges in this graph, members
--             on this page that are no UTF-8, and a flat array of target, weight, weight of the
--             other direction, weight in this graph, ... with '' for none.
local function is_utf8(text)
  if not string.find(text, '[\128-\255]') then return true end
  for _, sequence in ipairs({
    '[\194-\223][\128-\191]',
    '\224[\160-\191][\128-\191]',
    '[\225-\236\238\239][\128-\191][\128-\191]',
    '\237[\128-\159][\128-\191]',
    '\240[\144-\191][\128-\191][\128-\191]',
    '[\241-\243][\128-\191][\128-\191][\128-\191]',
    '\244[\128-\143][\128-\191][\128-\191]',
  }) do
    text = string.gsub(text, sequence, ' ')
  end
  return not string.find(text, '[\128-\255]')
end

-- A neighbour's key of another type has no edge; it is named when its own turn comes.
local function weight_of_back(target, node)
  if ARGV[1] == '' then return '' end
  local back = redis.pcall('ZSCORE', ARGV[1] .. target, node)
  return type(back) == 'string' and back or ''
end

local ours = {}
for i = 1, #KEYS / 2 do ours[i] = KEYS[2 * i] end
local problem = wrong_type(ours, 'zset')
if problem then return problem end

local function look(old, key, node)
  local found, grown = redis.call('TYPE', old).ok, redis.call('ZCARD', key)
  if found ~= 'zset' then return {found, 0, grown, 0, {}} end
  local page = redis.call('ZRANGE', old, ARGV[2], ARGV[3], 'REV', 'WITHSCORES')
  local unreadable, targets, edges = 0, {}, {}
  for i = 1, #page, 2 do
    if is_utf8(page[i]) then
      targets[#targets + 1] = page[i]
      edges[#edges + 1] = page[i]
      edges[#edges + 1] = page[i + 1]
      edges[#edges + 1] = weight_of_back(page[i], node)
      edges[#edges + 1] = ''
    else
      unreadable = unreadable + 1
    end
  end
  if #targets > 0 and grown > 0 then
    for i, known in ipairs(redis.call('ZMSCORE', key, unpack(targets))) do
      edges[4 * i] = known or ''
    end
  end
  return {found, redis.call('ZCARD', old), grown, unreadable, edges}
end

local reply = {}
for i = 1, #KEYS / 2 do reply[i] = look(KEYS[2 * i - 1], KEYS[2 * i], ARGV[i + 3]) end
return reply
