-- First page of all projects: 1 to 99 rows, 50 on average, from either end, so that equal questions
-- are rare among those in flight and joining them does not decide.
local format
local limit, direction = '{"limit":', { ',"sort":"project_id"}', ',"sort":"-project_id"}' }
local ways = {}
for rows = 1, 99 do
  for _, sort in ipairs(direction) do
    ways[#ways + 1] = "&params=" .. escape(limit .. rows .. sort)
  end
end

function prepare(args)
  format = args[4]
end

function target(credentials)
  return "projects/" .. format .. "?" .. credentials .. ways[math.random(#ways)]
end
