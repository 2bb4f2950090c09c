-- Begin a rebuild, or go on with one that ended early; whoever ran it before is shut out.
-- KEYS[1]  staging   string   the filter or sketch that the rebuild fills
-- KEYS[2]  progress  hash     owner, listed, last, done, under_way
-- KEYS[3]  top       zset     beside the staged value, if its kind has one
-- ARGV[1]  stamp     string
-- ARGV[2]  size      integer  bytes wanted
-- ARGV[3]  owner     string   the rebuild
-- ARGV[4]  afresh    integer  1: do not go on with what is there
-- Returns  array: key of the last record done, records done, items and bytes of the staged value.
local problem = wrong_type({KEYS[2]}, 'hash') or unlisted(KEYS[2])
if problem then return problem end
local _, items, size = open(KEYS[1], ARGV[1])
local last, done = '', 0
-- a step that was left half done would count its records twice
local resumes = ARGV[4] == '0' and redis.call('HGET', KEYS[2], 'under_way') == '0'
local reached, count = redis.call('HGET', KEYS[2], 'last'), redis.call('HGET', KEYS[2], 'done')
if resumes and reached and count and items and size >= tonumber(ARGV[2]) then
  last, done = reached, count
else
  items, size = 0, tonumber(ARGV[2])
  create(KEYS[1], ARGV[1], size, 'part')
  if KEYS[3] then redis.call('DEL', KEYS[3]) end
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'owner', ARGV[3], 'listed', (reindexed()), 'last', last,
  'done', done, 'under_way', 0)
return {last, tonumber(done), items, size}
