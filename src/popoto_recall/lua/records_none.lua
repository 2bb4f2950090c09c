-- Whether no record exists that a value made now would not have seen.
-- KEYS[1]  mark     hash    of re-indexes: how many began, and those under way
-- KEYS[2]  records  set     and on: their common members are the records
-- ARGV[1]  own      string  member that does not count, or empty
-- Returns  integer, 1 or 0.
return none_but(ARGV[1], KEYS[1], {unpack(KEYS, 2)}) * 1
