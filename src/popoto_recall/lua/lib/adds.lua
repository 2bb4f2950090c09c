-- Library: adding to a value, and to the one that a rebuild fills.
--
-- How each kind adds: adders[kind](value, digests, by, hitters, texts) returns an error reply for
-- what cannot be added.
local adders = {}

local function add_to_one(value, add)
  local problem
  -- what was made with another tokenizer cannot answer for this record
  if not value.other then problem = add(value) end
  if value.other or problem then value.complete = '0' end
  write(value)
  return problem
end

-- Add to the value under `key`, which `make` makes if it is missing, unless it is nil; and to the
-- staged one, if a rebuild is under way. Returns an error reply for what cannot be added.
local function add_to(key, staging, identity, make, add)
  local value, problem = open(key, identity)
  if problem then return problem end
  value = value or make and make()
  if not value then return nil end
  problem = add_to_one(value, add)
  if value.rebuild:find('^>') then
    local staged = open(staging, identity)
    if staged and staged.rebuild == value.rebuild then
      problem = add_to_one(staged, add) or problem
    end
  end
  return problem
end
