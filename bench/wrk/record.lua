-- One record, a different one each time.
function target(credentials)
  return "projects/" .. math.random(20000) .. "/json?" .. credentials
end
