-- Replace a filter or a sketch by an empty one that counts as complete; a rebuild under way loses
-- its place.
-- KEYS[1]  value     string   whatever is there, of any type, goes
-- KEYS[2]  staging   string
-- KEYS[3]  hitters   zset     and on: those beside the value and the staged one, if any
-- ARGV[1]  identity  string
-- ARGV[2]  size      integer  bytes in all
-- ARGV[3]  plan      string
-- Returns  integer, 0.

-- Made in another place first, so that a size the server refuses leaves the old value.
create(KEYS[2], ARGV[1], ARGV[2], ARGV[3], '1', '-0000000000000000')
redis.call('RENAME', KEYS[2], KEYS[1])
if #KEYS > 2 then redis.call('DEL', unpack(KEYS, 3)) end
return 0
