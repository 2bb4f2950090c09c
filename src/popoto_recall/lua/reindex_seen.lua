-- What there is of a model's re-indexes.
-- KEYS[1]  mark  hash    begun: how many ever began; and of each under way its number among them
-- Returns  array: how many ever began, as a string, and the number of those under way.
local begun = redis.pcall('HGET', KEYS[1], 'begun')
if type(begun) == 'table' then return {'0', 1} end -- no mark of ours: nothing can be told
if not begun then return {'0', 0} end
return {begun, redis.call('HLEN', KEYS[1]) - 1}
