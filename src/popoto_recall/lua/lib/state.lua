-- Library: the state of a filter or a sketch.
--
-- It stands behind the stamp in 64 bytes, `size=00000130752 state=good items=00000000000042` and
-- the items again, each on a line that ends. It is `part` while records exist that the value has
-- not seen, `over` when it holds more than it is made for, else `good`. No flipped bit makes one
-- of them another, nor the items the same as their repetition.

local STATE_BYTES = 64

local function set_state(key, stamp, state, items)
  items = math.min(items, 99999999999999)
  redis.call('SETRANGE', key, #stamp + 17, -- the size stays
    string.format('state=%s items=%014d\n%014d\n', state, items, items))
end

-- The items of a value in the state that it should be in, which is known by its first bytes; nil
-- for any other, which `open` looks at more closely. `expected` is the stamp and how the state of a
-- good value of this size goes on, `last` the last byte of the state.
local function items_if_good(key, expected, last, size)
  local head = redis.pcall('GETRANGE', key, '0', last)
  if type(head) == 'table' or string.find(head, expected, 1, true) ~= 1 then return nil end
  local items = string.sub(head, -15)
  if items ~= string.sub(head, -30, -16) or redis.call('STRLEN', key) ~= size then return nil end
  return tonumber(items)
end
