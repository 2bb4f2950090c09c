-- Replace a filter or a sketch by an empty one that counts as complete; a rebuild under way ends.
-- KEYS[1]  value     string   whatever is there, of any type, goes
-- KEYS[2]  staging   string
-- KEYS[3]  progress  hash
-- KEYS[4]  tops      zset     and on: those beside the value and the staged one, if any
-- ARGV[1]  stamp     string
-- ARGV[2]  size      integer  bytes in all
-- Returns  integer, 0.
create(KEYS[2], ARGV[1], tonumber(ARGV[2]), 'good') -- a size that the server refuses leaves the old
redis.call('RENAME', KEYS[2], KEYS[1])
redis.call('DEL', unpack(KEYS, 3))
return 0
