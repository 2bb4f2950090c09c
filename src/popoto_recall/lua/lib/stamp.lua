-- Library: values that describe themselves.
--
-- A value begins with its stamp, a line of text that names its kind and version, the options
-- it was made with and a checksum, padded to a multiple of 32 bytes. 64 bytes of state follow,
-- `complete=1 items=0000000000000042 size=0000129984`, padded, and then the data.

local STATE = 'complete=%s items=%016.0f size=%010.0f' .. string.rep(' ', 14) .. '\n'
local STATE_PATTERN = '^complete=([01]) items=(%d+) size=(%d+) +\n$'
local STATE_BYTES = 64

local function checksum(text)
  local sum = 0
  for i = 1, #text do sum = (sum * 31 + string.byte(text, i)) % 4294967296 end
  return string.format('%.0f', sum)
end

-- What is wrong with a value whose stamp is not the wanted one, as an error reply.
local function refusal(key, stamp)
  local stored = redis.call('GETRANGE', key, 0, 1023)
  local kind = string.match(stamp, '^%S+ %S+ ')
  if string.sub(stored, 1, #kind) ~= kind then
    return redis.error_reply(string.format(
      "RECALL_FOREIGN '%s' holds %d bytes that are no %sof this library (Popoto's own field, "
      .. 'perhaps); delete the key or run rebuild()', key, redis.call('STRLEN', key), kind))
  end
  local text, sum = string.match(stored, '^(.-) sum=(%d+) *\n')
  if not text or checksum(text) ~= sum then
    return redis.error_reply(string.format(
      "RECALL_CORRUPT '%s' has a damaged stamp; delete the key or run rebuild()", key))
  end
  local made, says = '', ''
  for name, value in string.gmatch(text, '(%S+)=(%S+)') do
    local wanted = string.match(stamp, ' ' .. name .. '=(%S+)') or 'nothing'
    if wanted ~= value then
      made, says = made .. ' ' .. name .. '=' .. value, says .. ' ' .. name .. '=' .. wanted
    end
  end
  return redis.error_reply(string.format(
    "RECALL_MISMATCH '%s' was made with%s, the field says%s; run rebuild() or restore the option",
    key, made, says))
end

-- Open the value under a key: '1' or '0' for complete, its items and its size; nil when there is
-- none. Fourth an error reply, when the value is not one with these options.
local function open(key, stamp)
  local head = redis.pcall('GETRANGE', key, 0, #stamp + STATE_BYTES - 1)
  if type(head) == 'table' then
    return nil, nil, nil, redis.error_reply(string.format(
      "RECALL_TYPE '%s' holds a %s where a string belongs", key, redis.call('TYPE', key).ok))
  end
  if head == '' then return nil end
  if string.sub(head, 1, #stamp) ~= stamp then return nil, nil, nil, refusal(key, stamp) end
  local complete, items, size = string.match(string.sub(head, #stamp + 1), STATE_PATTERN)
  local length = redis.call('STRLEN', key)
  if not complete or length ~= tonumber(size) then
    return nil, nil, nil, redis.error_reply(string.format(
      "RECALL_CORRUPT '%s' has %d bytes, or a state, that were not written so; delete the key or "
      .. 'run rebuild()', key, length))
  end
  return complete, tonumber(items), length
end

-- '1' when no record but `own` exists that a value made now would not have seen, else '0'.
local function complete_if_new(records, own)
  local others = redis.call('SCARD', records)
  if own ~= '' then others = others - redis.call('SISMEMBER', records, own) end
  return others == 0 and '1' or '0'
end

-- Error reply for a value that cannot answer for all records.
local function incomplete(key)
  return redis.error_reply(string.format(
    "RECALL_INCOMPLETE '%s' has not counted all the records there are; run rebuild()", key))
end

-- Make an empty value in its full size at once.
local function create(key, stamp, size, complete)
  local head = stamp .. string.format(STATE, complete, 0, size)
  redis.call('SET', key, head .. string.rep('\0', size - #head))
end

local function set_state(key, stamp, complete, items, size)
  redis.call('SETRANGE', key, #stamp, string.format(STATE, complete, items, size))
end

-- Open the value that a save adds to, made if it is missing, and the one that a rebuild is
-- filling meanwhile, if there is one. Calls add(key, items, size) for each, which returns the new
-- items. Returns an error reply if the first cannot be used, else nil.
local function add_to_both(key, staging, progress, records, own, stamp, wanted, add)
  local complete, items, size, problem = open(key, stamp)
  if problem then return problem end
  local _, staged_items, staged_size, stale = open(staging, stamp)
  if not complete then
    complete, items, size = complete_if_new(records, own), 0, wanted
    create(key, stamp, size, complete)
  end
  local now = add(key, items, size)
  if now ~= items then set_state(key, stamp, complete, now, size) end
  if stale then
    -- a rebuild with other options would not count this save: it has to begin again
    redis.call('DEL', staging, progress)
  elseif staged_items then
    set_state(staging, stamp, '0', add(staging, staged_items, staged_size), staged_size)
  end
end

-- Error reply unless this rebuild is still the one that fills the staged value.
local function taken_over(progress, owner)
  if redis.call('HGET', progress, 'owner') ~= owner then
    return redis.error_reply(string.format(
      "RECALL_REBUILD '%s' belongs to another rebuild, or a save with other options ended this "
      .. 'one; run rebuild() again', progress))
  end
end
