-- Library: values that describe themselves.
--
-- A value begins with its stamp, a line of text that names its kind and version, the options
-- it was made with and a checksum, padded to a multiple of 32 bytes. The state follows (state.lua),
-- and then the data.

local STATE_PATTERN = '^size=(%d+) state=(%l+) items=(%d+)\n(%d+)\n$'

local function checksum(text)
  local sum = 0
  for i = 1, #text do sum = (sum * 31 + string.byte(text, i)) % 4294967296 end
  return string.format('%.0f', sum)
end

-- What is wrong with a value whose stamp is not the wanted one, as an error reply.
local function refusal(key, stamp)
  local stored = redis.call('GETRANGE', key, 0, 65535)
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

-- Open the value under a key: its state, items and size; nil when there is none. Fourth an error
-- reply, when the value is not one with these options.
local function open(key, stamp)
  local head = redis.pcall('GETRANGE', key, 0, #stamp + STATE_BYTES - 1)
  if head == '' and redis.call('EXISTS', key) == 0 then return nil end
  if type(head) == 'table' then
    local found = redis.call('TYPE', key).ok
    if found == 'string' or found == 'none' then return nil, nil, nil, head end
    return nil, nil, nil, redis.error_reply(string.format(
      "RECALL_TYPE '%s' holds a %s where a string belongs (Popoto's own field, perhaps); delete "
      .. 'the key or run rebuild()', key, found))
  end
  if string.find(head, stamp, 1, true) ~= 1 then return nil, nil, nil, refusal(key, stamp) end
  local size, state, items, again = string.match(head, STATE_PATTERN, #stamp + 1)
  local length = redis.call('STRLEN', key)
  if items ~= again or length ~= tonumber(size)
    or state ~= 'part' and state ~= 'good' and state ~= 'over' then
    return nil, nil, nil, redis.error_reply(string.format(
      "RECALL_CORRUPT '%s' has %d bytes, or a state, that were not written so; delete the key or "
      .. 'run rebuild()', key, length))
  end
  return state, tonumber(items), length
end

-- The mark of the model's last re-index, and whether it is under way, or was stopped: Popoto's sets
-- of records tell nothing then. The mark's name is made from KEYS[1] and not passed in, since only
-- a rebuild asks, and who misses a value: a key that nobody looks at would cost every question.
local function reindexed()
  local model = string.match(KEYS[1], '^[^:]*:([^:]*)')
  local mark = redis.pcall('GETRANGE', '$Class:' .. model .. ':reindex', 0, -1)
  if type(mark) == 'table' then return '', true end
  return mark, string.sub(mark, 1, 5) == 'under'
end

-- 'good' when no record but `own` exists that a value made now would not have seen, else 'part'.
-- The records are the common members of the sets that are KEYS[first] and on.
local function state_if_new(first, own)
  local _, under_way = reindexed()
  if under_way then return 'part' end
  local others
  if #KEYS == first then
    others = redis.call('SCARD', KEYS[first])
  else
    local sets = {unpack(KEYS, first)}
    local limited = {#sets, unpack(sets)}
    limited[#limited + 1], limited[#limited + 2] = 'LIMIT', 2
    others = redis.pcall('SINTERCARD', unpack(limited))
    -- before Redis 7 there is no such command
    if type(others) == 'table' then others = #redis.call('SINTER', unpack(sets)) end
  end
  if own ~= '' and others > 0 then
    local among = 1
    for i = first, #KEYS do among = among * redis.call('SISMEMBER', KEYS[i], own) end
    others = others - among
  end
  return others == 0 and 'good' or 'part'
end

-- Error reply for a value that cannot answer for all records.
local function incomplete(key)
  return redis.error_reply(string.format(
    "RECALL_INCOMPLETE '%s' has not counted all the records there are; run rebuild()", key))
end

-- Make an empty value in its full size at once: SETRANGE of a key that is not there takes exactly
-- so much memory, and the zeros need not be made in Lua, which takes seconds for 64 MB. SET comes
-- first because a server out of memory refuses it, and DEL it would not.
local function create(key, stamp, size, state)
  redis.call('SET', key, stamp)
  redis.call('DEL', key)
  redis.call('SETRANGE', key, size - 1, '\0')
  redis.call('SETRANGE', key, 0, string.format('%ssize=%011d ', stamp, size))
  set_state(key, stamp, state, 0)
end

-- Open the value that a save adds to (KEYS[1]), made if it is missing, and the one that a rebuild
-- is filling meanwhile (KEYS[2], its progress KEYS[3]), if there is one. Calls
-- add(key, items, size) for each, which returns the new items, and whether these are more than the
-- value is made for. Returns an error reply if the first cannot be used, else nil.
local function add_to_both(first_records, own, stamp, wanted, add)
  local key, staging, progress = KEYS[1], KEYS[2], KEYS[3]
  local state, items, size, problem = open(key, stamp)
  if problem then return problem end
  local _, staged_items, staged_size, stale
  if redis.call('EXISTS', staging) == 1 then
    _, staged_items, staged_size, stale = open(staging, stamp)
  end
  if not state then
    state, items, size = state_if_new(first_records, own), 0, wanted
    create(key, stamp, size, state)
  end
  local now, over = add(key, items, size)
  if now ~= items then
    if over and state == 'good' then state = 'over' end
    set_state(key, stamp, state, now)
  end
  if stale then
    -- a rebuild with other options would not count this save: it has to begin again
    redis.call('DEL', staging, progress)
  elseif staged_items then
    set_state(staging, stamp, 'part', (add(staging, staged_items, staged_size)))
  end
end

-- Note how far a rebuild is: `last` is empty while a step of several calls is under way.
local function step_done(progress, last, done)
  if last == '' then
    redis.call('HSET', progress, 'under_way', 1)
  else
    redis.call('HSET', progress, 'last', last, 'done', done, 'under_way', 0)
  end
end

-- Error reply unless the sets of records that a rebuild goes by were to be trusted since `listed`,
-- the mark when it began.
local function unlisted(progress, listed)
  local mark, under_way = reindexed()
  if under_way or mark ~= (listed or mark) then
    return redis.error_reply(string.format(
      "RECALL_REBUILD '%s' stands still: Popoto's rebuild_indexes() is under way, was killed, or ran "
      .. 'meanwhile; when it has run to its end, run rebuild() again', progress))
  end
end

-- Error reply unless this rebuild is still the one that fills the staged value, from all records.
local function taken_over(progress, owner)
  if redis.call('HGET', progress, 'owner') ~= owner then
    return redis.error_reply(string.format(
      "RECALL_REBUILD '%s' belongs to another rebuild, or a save with other options ended this "
      .. 'one; run rebuild() again', progress))
  end
  return unlisted(progress, redis.call('HGET', progress, 'listed'))
end
