-- End a rebuild: the staged value, complete now, takes the place of the old one.
-- KEYS[1]  value     string   whatever is there, of any type, goes
-- KEYS[2]  staging   string
-- KEYS[3]  progress  hash     owner, last, done, under_way
-- KEYS[4]  top       zset     beside the value, if its kind has one
-- KEYS[5]  top       zset     beside the staged value, if its kind has one
-- ARGV[1]  stamp     string
-- ARGV[2]  owner     string   the rebuild
-- Returns  integer, 0.
local problem = taken_over(KEYS[3], ARGV[2])
if problem then return problem end
local _, items, _, unusable = open(KEYS[2], ARGV[1])
if unusable then return unusable end

set_state(KEYS[2], ARGV[1], 'good', items)
redis.call('RENAME', KEYS[2], KEYS[1])
redis.call('DEL', KEYS[3])
if KEYS[4] then
  redis.call('DEL', KEYS[4])
  if redis.call('EXISTS', KEYS[5]) == 1 then redis.call('RENAME', KEYS[5], KEYS[4]) end
end
return 0
