-- One record, always the same.
function target(credentials)
  return "projects/4242/json?" .. credentials
end
