-- What every route's script shares: building the request's bytes, and the result as one line of
-- JSON. wrk passes, after `--`: credentials as a query string, the seed, a file of cursors, the format,
-- a file of projects and actions. A route's script sets `target(credentials)`, which returns path and
-- query of the next request, or makes the request itself, with `form` (params escaped) where it writes.

local base = "/modules/addons/wbteampro/api.php/v1/"
local tail = " HTTP/1.1\r\nHost: bench\r\n\r\n"
credentials = ""

function escape(text)
  return (text:gsub("[^%w%-%._~]", function(char) return string.format("%%%02X", char:byte()) end))
end

-- An escaped text for string.format; # stands for a value that needs no escaping.
function template(text)
  return (escape(text):gsub("%%", "%%%%"):gsub("%%%%23", "%%s"))
end

function lines(path)
  local found = {}
  for line in io.lines(path) do
    found[#found + 1] = line
  end
  return found
end

function init(args)
  credentials = args[1]
  math.randomseed(tonumber(args[2]))
  if prepare then
    prepare(args)
  end
end

function request()
  return "GET " .. base .. target(credentials) .. tail
end

function form(method, path, params)
  local body = credentials .. "&params=" .. params
  return method .. " " .. base .. path .. " HTTP/1.1\r\nHost: bench\r\n" ..
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"duration_us":%d,"bytes":%d,"status":%d,"connect":%d,"read":%d,' ..
    '"write":%d,"timeout":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, summary.bytes, errors.status, errors.connect, errors.read,
    errors.write, errors.timeout, latency:percentile(50), latency:percentile(99)))
end
