-- 50 projects from a page's cursor, anywhere in the table.
local ways = {}

function prepare(args)
  for index, cursor in ipairs(lines(args[3])) do
    ways[index] = "&params=" .. escape('{"limit":50,"cursor":"' .. cursor .. '"}')
  end
end

function target(credentials)
  return "projects/json?" .. credentials .. ways[math.random(#ways)]
end
