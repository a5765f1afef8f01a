-- A resource that there is not.
function target(credentials)
  return "projektes/17/json?" .. credentials
end
