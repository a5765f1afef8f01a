-- 50 projects at an offset of 0 to 5,000.
function target(credentials)
  local params = '%7B%22limit%22%3A50%2C%22offset%22%3A' .. math.random(0, 5000) .. "%7D"
  return "projects/json?" .. credentials .. "&params=" .. params
end
