-- Note that a model's sets of records are full again, unless another re-index began meanwhile.
-- KEYS[1]  mark  string  the re-index that began last; stays, so that a rebuild can tell of it
-- ARGV[1]  run   string  this re-index
-- Returns  integer, 0.
if redis.call('GETRANGE', KEYS[1], 0, -1) == 'under way ' .. ARGV[1] then
  redis.call('SET', KEYS[1], 'done ' .. ARGV[1])
end
return 0
