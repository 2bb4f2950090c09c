-- Library: values that describe themselves.
--
-- A value begins with its stamp, a line of text that names its kind and version, the options
-- it was made with and a checksum, padded to a multiple of 32 bytes. 32 bytes of state follow,
-- `complete=1 items=00000000000042` and a newline, then the data.

local STATE = 'complete=%s items=%014.0f\n'

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

-- Open the value under a key: '1' or '0' for complete, and its items; nil when there is none.
-- Third an error reply, when the value is not one of these options and this size.
local function open(key, stamp, size)
  local head = redis.pcall('GETRANGE', key, 0, #stamp + 31)
  if type(head) == 'table' then
    return nil, nil, redis.error_reply(string.format(
      "RECALL_TYPE '%s' holds a %s where a string belongs", key, redis.call('TYPE', key).ok))
  end
  if head == '' then return nil end
  if string.sub(head, 1, #stamp) ~= stamp then return nil, nil, refusal(key, stamp) end
  local complete, items = string.match(
    string.sub(head, #stamp + 1), '^complete=([01]) items=(%d+)\n$')
  if not complete or redis.call('STRLEN', key) ~= size then
    return nil, nil, redis.error_reply(string.format(
      "RECALL_CORRUPT '%s' is damaged: %d bytes instead of %d, or no state; delete the key or "
      .. 'run rebuild()', key, redis.call('STRLEN', key), size))
  end
  return complete, tonumber(items)
end

-- '1' when no record but `own` exists that a value made now would not have seen, else '0'.
local function complete_if_new(records, own)
  local others = redis.call('SCARD', records)
  if own ~= '' then others = others - redis.call('SISMEMBER', records, own) end
  return others == 0 and '1' or '0'
end

-- Make an empty value in its full size at once.
local function create(key, stamp, size, complete)
  local head = stamp .. string.format(STATE, complete, 0)
  redis.call('SET', key, head .. string.rep('\0', size - #head))
end

local function count_items(key, stamp, complete, items)
  redis.call('SETRANGE', key, #stamp, string.format(STATE, complete, items))
end
