-- A report of abuse, of a service at random; two of three suspend it.
local api = "/modules/addons/abusemanagerpro/includes/api.php"
local methods = {"nosuspend", "immediate", "timelimit"}

function request()
  local body = "action=create&service_id=" .. math.random(2000) .. "&category=Phishing+" .. math.random(100000, 999999) ..
    "&suspend_method=" .. methods[math.random(3)] .. "&allow_unsuspend=1&additional_info=" ..
    "A+copy+of+a+bank+lies+under+%2Flogin%3B+please+remove+it.&admin_notes=Reported+by+CERT%2C+reference+" .. math.random(9999)
  return "POST " .. api .. " HTTP/1.1\r\nHost: bench\r\nAPI_ID: BenchReporterIdentifier000000001\r\n" ..
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end
