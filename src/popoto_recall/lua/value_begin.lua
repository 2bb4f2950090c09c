-- Begin a rebuild: make the staged value, and name the rebuild in the value that it is for.
-- KEYS[1]  value     string   where none can be used: made, empty, incomplete and as short-lived as
--                             the staged one
-- KEYS[2]  staging   string   whatever is there, of any type, goes
-- KEYS[3]  beside    zset     and on: what belongs to the staged value, if its kind has any; goes
-- ARGV[1]  identity  string
-- ARGV[2]  rebuild   string   `>id`
-- ARGV[3]  size      integer  bytes of a value that has to be made
-- ARGV[4]  plan      string   of it
-- ARGV[5]  bytes     integer  of the staged value
-- ARGV[6]  purpose   string   plan of the staged value
-- ARGV[7]  ttl       integer  milliseconds that the staged value is kept, and one made for it
-- ARGV[8]  yields    integer  1: leaves another rebuild that is at work alone
-- Returns  string, the rebuild that fills the staged value now.
local value, problem = open(KEYS[1], ARGV[1])
if value and ARGV[8] == '1' then
  local staged = open(KEYS[2], ARGV[1])
  if staged and staged.rebuild == value.rebuild then return value.rebuild end
end
create(KEYS[2], ARGV[1], ARGV[5], ARGV[6], '1', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
if #KEYS > 2 then redis.call('DEL', unpack(KEYS, 3)) end
if not value then
  create(KEYS[1], ARGV[1], ARGV[3], ARGV[4], '0', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[7])
else
  value.rebuild = ARGV[2]
  write(value)
  keep(KEYS[1], ARGV[7])
end
return ARGV[2]
