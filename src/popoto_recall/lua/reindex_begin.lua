-- Note that Popoto is about to empty a model's sets of records.
-- KEYS[1]  mark  hash    begun: how many re-indexes ever began; and of each that is under way its
--                        number among them
-- ARGV[1]  run   string  this re-index
-- Returns  integer, 0.
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], ARGV[1], redis.call('HINCRBY', KEYS[1], 'begun', 1))
return 0
