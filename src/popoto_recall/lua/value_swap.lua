-- End a rebuild: the staged value takes the place of the value, if it is still this rebuild's. One
-- that nothing was added to leaves nothing in its place.
-- KEYS[1]  value     string   whatever is there goes
-- KEYS[2]  staging   string
-- KEYS[3]  hitters   zset     of the value, if its kind has any
-- KEYS[4]  hitters   zset     of the staged value, if its kind has any
-- ARGV[1]  identity  string
-- ARGV[2]  rebuild   string   `>id`
-- ARGV[3]  complete  integer  1: all records were read
-- Returns  integer, 1; 0 if the staged value is gone, or another rebuild took over.
local value, staged = open(KEYS[1], ARGV[1]), open(KEYS[2], ARGV[1])
if not value or not staged or value.rebuild ~= ARGV[2] or staged.rebuild ~= ARGV[2] then return 0 end
if staged.items == 0 and staged.complete == '1' then
  redis.call('DEL', unpack(KEYS))
  return 1
end
if ARGV[3] == '0' then staged.complete = '0' end
staged.rebuild = '=' .. string.sub(ARGV[2], 2)
write(staged)
redis.call('RENAME', KEYS[2], KEYS[1])
redis.call('PERSIST', KEYS[1])
if KEYS[3] then
  redis.call('DEL', KEYS[3])
  if redis.call('EXISTS', KEYS[4]) == 1 then
    redis.call('RENAME', KEYS[4], KEYS[3])
    redis.call('PERSIST', KEYS[3])
  end
end
return 1
