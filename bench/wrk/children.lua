-- A project and its actions.
function target(credentials)
  return "projects/" .. math.random(20000) .. "/actions/json?" .. credentials
end
