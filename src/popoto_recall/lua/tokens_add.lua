-- Add the tokens of a record to filters, sketches and their like, each made if it is missing, and to
-- those that rebuilds are filling. What one of them refuses keeps nothing from the others, and is no
-- error where none is made: a re-index goes on beside what cannot be used.
-- KEYS     key       any      of each value in turn: it, the staged one, what belongs to these two if
--                             its kind has any, the mark of re-indexes, the sets whose common
--                             members are its records
-- ARGV     argument  any      of each value in turn: its kind; how many keys are its own; which of
--                             them is the mark; its identity; bytes of a new one, 0 to make none;
--                             plan of a new one; member of the sets that is being saved, or empty;
--                             digests, 16 bytes per token; what to add to counters; number of texts
--                             that follow; these
-- Returns  integer, 0.
local key, arg, problem = 0, 1, nil
while arg < #ARGV do
  local kind, keys, mark, identity, size, plan, own, digests, by, count = unpack(ARGV, arg, arg + 9)
  local texts = {unpack(ARGV, arg + 10, arg + 9 + count)}
  local function make()
    local sets = {unpack(KEYS, key + mark + 1, key + keys)}
    local complete = none_but(own, KEYS[key + mark], sets)
    return create(KEYS[key + 1], identity, size, plan, complete, '-0000000000000000')
  end
  local function add(value)
    local hitters = KEYS[key + (value.key == KEYS[key + 1] and 3 or 4)]
    return adders[kind](value, digests, by, hitters, texts)
  end
  local makes = size ~= '0' and make
  local refused = add_to(KEYS[key + 1], KEYS[key + 2], identity, makes, add)
  problem = makes and refused or problem
  key, arg = key + keys, arg + 10 + count
end
return problem or 0
