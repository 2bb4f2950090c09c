-- Whether a rebuild is at work on a value, or which one made it.
-- KEYS[1]  value     string
-- KEYS[2]  staging   string  what a rebuild fills
-- ARGV[1]  identity  string
-- Returns  array: `>id` of a rebuild under way, `=id` of the one that made the value, or what begins
--          with - if neither; 1 if that rebuild has its staged value; 1 if the identity is the one.
local value = open(KEYS[1], ARGV[1])
if not value then return {'-', 0, 0} end
local staged = open(KEYS[2], ARGV[1])
local filled = staged and staged.rebuild == value.rebuild
return {value.rebuild, filled and 1 or 0, value.other and 0 or 1}
