-- A form with a file of 1 MiB, made once: what differs between two files is nothing that a server looks at.
local boundary = "portcullis-bench-3f9c2b7d51"
local whole

local function part(head, content)
  return "--" .. boundary .. "\r\nContent-Disposition: form-data; " .. head .. "\r\n\r\n" .. content .. "\r\n"
end

function prepare(args)
  local kib = {}
  for i = 1, 1024 do
    kib[i] = string.char(math.random(0, 255))
  end
  local fields = {}
  for name, value in credentials:gmatch("([^&=]+)=([^&]+)") do
    fields[#fields + 1] = part('name="' .. name .. '"', value)
  end
  local body = table.concat(fields) .. part('name="params"', '{"project_id":17}') ..
    part('name="file"; filename="backup.bin"\r\nContent-Type: application/octet-stream',
      string.rep(table.concat(kib), 1024)) .. "--" .. boundary .. "--\r\n"
  whole = "POST /modules/addons/wbteampro/api.php/v1/files/json HTTP/1.1\r\nHost: bench\r\n" ..
    "Content-Type: multipart/form-data; boundary=" .. boundary .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

function request()
  return whole
end
