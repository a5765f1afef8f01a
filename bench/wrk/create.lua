-- A timelog under an action of a project, both of them others each time.
local ways
local params = template('{"ticket_id":#,"timelog_note":"Called back, #, and wrote down what was agreed.",' ..
  '"timelog_type":"Work","timelog_status":"complete","timelog_start":"2026-03-# #:00:00",' ..
  '"timelog_stop":"2026-03-# #:30:00","timelog_elapsed":#,"timelog_billable":#}')

function prepare(args)
  ways = lines(args[5])
end

function request()
  local project, action = ways[math.random(#ways)]:match("(%d+) (%d+)")
  local day, hour = math.random(10, 28), math.random(10, 22)
  return form("POST", "projects/" .. project .. "/actions/" .. action .. "/timelogs/json",
    params:format(math.random(2000), math.random(100000, 999999), day, hour, day, hour, math.random(60, 1800),
      math.random(0, 1)))
end
