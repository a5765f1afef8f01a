"""spec/remote-api.md section 2, Method: which is meant, and which is offered. What the writing ones do: test_writing_*.py.

Everything here is refused or reads: the database is everybody's."""

import pytest

from support.answers import BASE, address, credentials
from support.raw import exchange

pytestmark = pytest.mark.methods

PROJECT = f"{BASE}/api.php/v1/projects/100/json"
LIST = f"{BASE}/api.php/v1/projects/json"
READS = {"GET", "HEAD", "OPTIONS"}


def allowed(answer):
    return {name.strip() for name in answer.headers["Allow"].split(",")}


@pytest.mark.parametrize("value", ["get", "GET", "Get", "gEt"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_method_parameter_any_case(api, method, value):
    """`method` (any case) decides."""
    answer = api.send(method, PROJECT, {**credentials(), "method": value}).success()
    assert answer.request["method"] == "GET"


NOT_OFFERED = [("projects/100", "post", "POST", READS | {"PUT", "DELETE"}), ("projects", "PUT", "PUT", READS | {"POST"}),
               ("projects", "Delete", "DELETE", READS | {"POST"}), ("whmcstickets/2038", "delete", "DELETE", READS),
               ("projects/100/whmcstickets", "post", "POST", READS), ("config", "put", "PUT", READS), ("api/resources", "post", "POST", READS)]


@pytest.mark.parametrize("chain,value,upper,wanted", NOT_OFFERED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_method_that_is_not_offered(api, method, chain, value, upper, wanted):
    """Section 3: known resource, method not offered: 405 with Allow, whoever asks."""
    for who in (credentials(), {}):
        answer = api.send(method, address(chain)[0], {**who, "method": value})
        answer.expect(405, "Method Not Allowed", "method_not_allowed")
        assert allowed(answer) == wanted
        assert answer.request["method"] == upper


@pytest.mark.parametrize("method,path", [("POST", PROJECT), ("PUT", LIST), ("DELETE", LIST), ("PATCH", LIST)])
def test_http_methods_that_are_not_offered(api, method, path):
    answer = api.send(method, path, credentials()).expect(405, "Method Not Allowed")
    assert allowed(answer) >= READS and method not in allowed(answer)
    assert answer.request["method"] == ("PUT" if method == "PATCH" else method)


def test_a_body_may_say_the_method(api):
    assert api.send("POST", PROJECT, data={**credentials(), "method": "get"}).status == 200
    api.send("POST", LIST, {**credentials(), "method": "get"}, data={"method": "delete"}).expect(405)


@pytest.mark.parametrize("value", ["patch", "head", "options", "trace", "geet", "get ", "", "g\u00e9t", "0"])
def test_a_value_that_is_none_of_the_four(api, value):
    """A value that is none of the four: 405 with Allow."""
    answer = api.send("GET", PROJECT, {**credentials(), "method": value})
    if value == "" and answer.status == 200:
        return  # an empty parameter says nothing
    answer.expect(405)
    assert "GET" in allowed(answer)


@pytest.mark.parametrize("method,value", [("PUT", "get"), ("DELETE", "put"), ("PUT", "delete"), ("PATCH", "get")])
def test_a_different_value_elsewhere_is_400(api, method, value):
    """The parameter counts on a wire GET or POST; elsewhere a different value is 400."""
    api.send(method, PROJECT, {**credentials(), "method": value}).expect(400, code="bad_method")


@pytest.mark.parametrize("method,value", [("PUT", "put"), ("DELETE", "delete"), ("PATCH", "put")])
def test_the_same_value_elsewhere_is_fine(api, method, value):
    """It is what is meant: here of a project that there is not."""
    assert api.send(method, address("projects/7777")[0], {**credentials(), "method": value}).expect(404).request["method"] == value.upper()


@pytest.mark.parametrize("chain", ["projects/100", "projects", "projects/100/actions", "config", "files/2/download"])
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_head_is_get_without_the_body(api, chain, fmt):
    """RFC 9110 9.3.2: the same fields; no body."""
    get, head = api.get(chain, fmt=fmt), api.get(chain, fmt=fmt, method="HEAD")
    assert head.status == get.status == 200
    assert head.http.content == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Vary", "Cache-Control"):
        assert head.headers.get(name) == get.headers.get(name), name


@pytest.mark.parametrize("value", ["delete", "post", "put"])
def test_head_only_ever_reads(api, value):
    """`HEAD` only ever reads; elsewhere a different value is 400."""
    assert api.send("HEAD", PROJECT, {**credentials(), "method": value}).status in (200, 400)


def test_head_of_errors(api):
    assert api.get("projects/7777", method="HEAD").status == 404
    assert api.get("projects/100", user=None, method="HEAD").status == 401


@pytest.mark.parametrize("path", [address("projects")[0], address("projects/100")[0], f"{BASE}/api.php"])
def test_options(api, path):
    """`OPTIONS` answers 204 with Allow when http.cors_origins is not set; no login is asked."""
    answer = api.send("OPTIONS", path, headers={"Origin": "https://crm.example", "Access-Control-Request-Method": "GET"})
    assert answer.status == 204
    assert answer.http.content == b"" and "Content-Length" not in answer.headers
    assert READS <= allowed(answer)
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_cors_preflight(start_gateway):
    """`OPTIONS` answers CORS preflight when http.cors_origins is set."""
    from support.answers import Client
    client = Client(start_gateway({"http.cors_origins": "https://crm.example"}).url)
    path = address("projects")[0]
    ask = {"Origin": "https://crm.example", "Access-Control-Request-Method": "GET",
           "Access-Control-Request-Headers": "authorization"}
    answer = client.send("OPTIONS", path, headers=ask)
    assert answer.status in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://crm.example"
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()
    other = client.send("OPTIONS", path, headers={**ask, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
    real = client.get("projects/100", headers={"Origin": "https://crm.example"})
    assert real.headers["Access-Control-Allow-Origin"] == "https://crm.example"
    assert "origin" in real.headers["Vary"].lower()


@pytest.mark.parametrize("method,status", [
    ("TRACE", 405), ("PROPFIND", 405), ("MKCOL", 405), ("LOCK", 405), ("PURGE", None), ("FOO", 501), ("get", 501),
    ("GETX", 501), ("M-SEARCH", None), ("X", 501)])
def test_methods_of_others(gateway, method, status):
    """http.md: CONNECT, TRACE: 405. A method that is no registered HTTP method: 501."""
    reply = exchange(gateway.port, f"{method} {PROJECT} HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n".encode())
    assert reply.status in ((status,) if status else (405, 501))
    if reply.status == 405:
        assert "GET" in reply.field("Allow")


def test_connect(gateway):
    reply = exchange(gateway.port, b"CONNECT t:80 HTTP/1.1\r\nHost: t:80\r\n\r\n")
    assert reply.status == 405 and reply.field("Allow")
