-- Library: checks that come before the first write.

-- A key as an error can carry it: Redis ends an error at a NUL, and turns newlines into spaces.
local function shown(key)
  return (string.gsub(key, '%c', function(char)
    return string.format('\\x%02x', string.byte(char))
  end))
end

-- Error reply for the first of the keys that holds another type than `wanted`, or nil.
local function wrong_type(keys, wanted)
  for _, key in ipairs(keys) do
    local found = redis.call('TYPE', key).ok
    if found ~= wanted and found ~= 'none' then
      return redis.error_reply('RECALL_TYPE ' .. found .. ' ' .. shown(key))
    end
  end
end
