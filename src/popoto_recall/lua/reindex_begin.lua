-- Note that Popoto is about to empty a model's sets of records; without records there is nothing
-- that a mark would keep from being denied.
-- KEYS[1]  records  set     all records of the model
-- KEYS[2]  mark     string  the re-index that began last
-- ARGV[1]  run      string  this re-index
-- Returns  integer, 0.
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then
  redis.call('SET', KEYS[2], 'under way ' .. ARGV[1])
end
return 0
