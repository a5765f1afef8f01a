-- Three columns of an action, another one each time; the duration is never the one that is stored.
local states = { "Active", "Completed", "Paused" }
local params = template('{"action_status":"#","action_complete":#,"action_duration":#}')
local ways

function prepare(args)
  ways = lines(args[5])
end

function request()
  local action = ways[math.random(#ways)]:match("%d+ (%d+)")
  return form("PUT", "actions/" .. action .. "/json",
    params:format(states[math.random(3)], math.random(0, 100), math.random(0, 2147483647)))
end
