-- Note that a model's sets of records are full again, unless another re-index began meanwhile.
-- KEYS[1]  mark  string  the re-index that began last
-- ARGV[1]  run   string  this re-index
-- Returns  integer, 0.
if redis.call('GETRANGE', KEYS[1], 0, -1) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
