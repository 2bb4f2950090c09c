-- Note that Popoto is about to empty a model's sets of records; without records there is nothing
-- that a mark would keep from being denied.
-- KEYS[1]  records  set     all records of the model
-- KEYS[2]  mark     hash    begun: how many re-indexes ever began; and of each that is under way its
--                           number among them
-- ARGV[1]  run      string  this re-index
-- Returns  integer, 0.
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then
  if redis.call('TYPE', KEYS[2]).ok ~= 'hash' then redis.call('DEL', KEYS[2]) end
  redis.call('HSET', KEYS[2], ARGV[1], redis.call('HINCRBY', KEYS[2], 'begun', 1))
end
return 0
