-- Library: numbers as texts, and many texts in one.

-- A number as text that reads back as the same double; Redis would truncate it.
local function exact(number)
  return string.format('%.17g', number)
end

-- Texts as one string, which a client reads many times faster than an array of them. Before it,
-- what stands between them: a zero byte, and more when the texts themselves have some.
local function joined(texts)
  local between, all = '\0', table.concat(texts)
  while string.find(all, between, 1, true) do between = between .. '\1' end
  return between, table.concat(texts, between)
end
