-- Note that a re-index filled a model's sets of records; those that began before it and never ended
-- do not count any more, those that began after it are still under way.
-- KEYS[1]  mark  hash    begun: how many ever began; and of each under way its number among them
-- ARGV[1]  run   string  this re-index
-- Returns  integer, 1; 0 if the mark of this one was gone before its end.
local number = redis.pcall('HGET', KEYS[1], ARGV[1])
if type(number) ~= 'string' then return 0 end
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  if fields[i] ~= 'begun' and fields[i + 1] * 1 <= number * 1 then
    redis.call('HDEL', KEYS[1], fields[i])
  end
end
return 1
