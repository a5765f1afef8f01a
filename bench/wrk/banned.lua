-- A request of an address that is banned; nginx is told to deny everybody.
function request()
  return "GET /modules/addons/wbteampro/api.php/v1/projects/" .. math.random(20000) .. "/json?" .. credentials ..
    " HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n"
end
