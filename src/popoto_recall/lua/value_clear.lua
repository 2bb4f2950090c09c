-- Replace a filter or a sketch by an empty one that counts as complete.
-- KEYS[1]  value  string   whatever is there, of any type, goes
-- ARGV[1]  stamp  string
-- ARGV[2]  size   integer  bytes in all
-- Returns  integer, 0.
create(KEYS[1], ARGV[1], tonumber(ARGV[2]), '1')
return 0
