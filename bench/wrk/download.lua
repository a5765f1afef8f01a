-- Bytes of files, by a list of targets in the place of the cursors.
function prepare(args)
  targets = lines(args[3])
end

function request()
  return "GET " .. targets[math.random(#targets)] .. " HTTP/1.1\r\nHost: bench\r\n\r\n"
end
