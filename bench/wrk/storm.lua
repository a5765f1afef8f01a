-- A wrong login, each from another address, so that no ban ends it; one every 100 ms a connection.
function request()
  local address = "172." .. math.random(16, 31) .. "." .. math.random(0, 255) .. "." .. math.random(0, 255)
  return "GET /modules/addons/wbteampro/api.php/v1/projects/1/json?username=storm&password=" ..
    string.format("%032x", math.random(1000000000)) .. " HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: " .. address ..
    "\r\n\r\n"
end

function delay()
  return 100
end
