-- Add the tokens of stored records to the value that a rebuild is filling.
-- KEYS[1]  value     string   that it will take the place of
-- KEYS[2]  staging   string   the staged value
-- KEYS[3]  beside    any      what belongs to it, if its kind has any
-- ARGV[1]  kind      string
-- ARGV[2]  identity  string
-- ARGV[3]  rebuild   string   `>id`
-- ARGV[4]  ttl       integer  milliseconds that the staged value is kept from now on, and one made
--                             for it
-- ARGV[5]  digests   string   16 bytes per token
-- ARGV[6]  text      string   and on: the tokens, if heavy hitters are kept
-- Returns  integer, the items of the staged value; -1 if it is no longer this rebuild's, or what
--          belongs to it cannot be used: then it goes.
local staged = open(KEYS[2], ARGV[2])
if not staged or staged.rebuild ~= ARGV[3] then return -1 end
keep(KEYS[1], ARGV[4])
keep(KEYS[2], ARGV[4])
if adders[ARGV[1]](staged, ARGV[5], 1, KEYS[3], {unpack(ARGV, 6)}) then
  call('DEL', unpack(KEYS, 2))
  return -1
end
write(staged)
return staged.items
