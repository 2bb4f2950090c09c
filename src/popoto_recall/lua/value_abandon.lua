-- Give up a rebuild, so that nobody waits for it.
-- KEYS[1]  staging   string  goes, if it is still this rebuild's
-- KEYS[2]  beside    any     and on: what belongs to it, if its kind has any; goes
-- ARGV[1]  identity  string
-- ARGV[2]  rebuild   string  `>id`
-- Returns  integer, 1; 0 if it was lost before.
local staged = open(KEYS[1], ARGV[1])
if not staged or staged.rebuild ~= ARGV[2] then return 0 end
redis.call('DEL', unpack(KEYS))
return 1
