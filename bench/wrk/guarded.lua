-- One record, asked for by one of many addresses, none of them banned.
function request()
  local address = "10." .. math.random(0, 255) .. "." .. math.random(0, 255) .. "." .. math.random(0, 255)
  return "GET /modules/addons/wbteampro/api.php/v1/projects/" .. math.random(20000) .. "/json?" .. credentials ..
    " HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: " .. address .. "\r\n\r\n"
end
