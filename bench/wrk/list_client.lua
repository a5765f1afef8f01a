-- The projects of one client: a filter whose rows must be counted or read.
function target(credentials)
  local params = '%7B%22client_userid%22%3A' .. math.random(400) .. "%7D"
  return "projects/json?" .. credentials .. "&params=" .. params
end
