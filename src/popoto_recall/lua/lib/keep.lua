-- Library: keeping what a rebuild made.

-- Let a value that expires, as one that a rebuild made does, be kept for so long from now on. A
-- rebuild that is killed leaves no other.
local function keep(key, milliseconds)
  if redis.call('PTTL', key) > 0 then redis.call('PEXPIRE', key, milliseconds) end
end
