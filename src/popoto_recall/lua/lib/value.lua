-- Library: values that say themselves how they are to be read.
--
-- A value begins with its identity, a line that names its kind, the version of its layout, the
-- tokenizer and the names of its partition. Its state follows, a line of STATE bytes, twice, so
-- that a damaged one shows: whether the value is complete, its items, the rebuild that fills a
-- staged value for it (`>id`) or made it (`=id`), its layers, its bytes, and its plan, which only
-- its kind reads. Behind the state is what the kind keeps.
local STATE, call = 90, redis.call

local function refusal(code, key) return redis.error_reply('RECALL_' .. code .. ' ' .. key) end

-- The value under a key as a table, nil if there is none; second, an error reply for what cannot
-- be used. `other` is set on a value that was made with another tokenizer or for another partition.
local function open(key, identity)
  local at = #identity
  local head = redis.pcall('GETRANGE', key, 0, at + 2 * STATE - 1)
  if head.err then
    local found = call('TYPE', key).ok
    local other = found ~= 'string' and found ~= 'none'
    return nil, other and refusal('TYPE ' .. found, key) or head
  end
  if head == '' then return nil end
  local other = head:sub(1, at) ~= identity
  if other then
    head = call('GETRANGE', key, 0, 8191)
    local kind, version = identity:match('^(%S+) (%d+)')
    local found, stored = head:match('^(%S+) (%d+) ')
    if found ~= kind then return nil, refusal('FOREIGN', key) end
    if stored * 1 > version * 1 then return nil, refusal('LATER', key) end
    at = head:find('\n') or 0
  end
  local line = head:sub(at + 1, at + STATE)
  local complete, items, rebuild, layers, size, plan =
    line:match('^([01]) (%d+) (%S+) (%d+) (%d+) (.+)\n$')
  if not plan or line ~= head:sub(at + STATE + 1, at + 2 * STATE) or call('STRLEN', key) ~= size * 1
  then return nil, refusal('CORRUPT', key) end
  return {key = key, other = other, state = at, data = at + 2 * STATE, complete = complete,
    items = items * 1, rebuild = rebuild, layers = layers * 1, size = size * 1, plan = plan}
end

-- Write the state of a value.
local function write(value)
  local line = ('%s %014.0f %s %02.0f %010.0f %s\n'):format(value.complete, value.items,
    value.rebuild, value.layers, value.size, value.plan)
  call('SETRANGE', value.key, value.state, line .. line)
end

-- Make an empty value in place of whatever is there. Its key is begun anew in its full size, which
-- takes exactly so much memory; SET comes first because a server out of memory refuses it.
local function create(key, identity, size, plan, complete, rebuild)
  call('SET', key, '')
  call('DEL', key)
  call('SETRANGE', key, size - 1, '\0')
  call('SETRANGE', key, 0, identity)
  local at = #identity
  local value = {key = key, state = at, data = at + 2 * STATE, complete = complete, items = 0,
    rebuild = rebuild, layers = 1, size = size * 1, plan = plan}
  write(value)
  return value
end
