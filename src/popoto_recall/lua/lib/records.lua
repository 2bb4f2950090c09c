-- Library: what Popoto's sets of records tell.

-- '1' if no record but `own` is in all of the sets, else '0'; '0' too while Popoto fills the sets
-- again, or was stopped in that, of which the mark tells.
local function none_but(own, mark, sets)
  local runs = redis.pcall('HLEN', mark)
  if type(runs) == 'table' or runs > 1 or not sets[2] and redis.call('SCARD', sets[1]) > 1 then
    return '0'
  end
  for _, record in ipairs(redis.call('SINTER', unpack(sets))) do
    if record ~= own then return '0' end
  end
  return '1'
end
