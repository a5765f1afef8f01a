"""spec/abuse-api.md, Answer: each code with each of its causes, in the order of precedence; nothing is stored unless the
answer is success."""

import itertools
import json

import pytest

from support import abuse
from support.abuse import CLIENTS, DELETED, DISABLED, GOOD, NEEDED, ORPHAN, OTHER, PATH, Reporter, encoded
from support.raw import Raw, exchange


@pytest.fixture(autouse=True)
def nothing_is_stored(reports):
    """Tests that store something say so: they clear the tables."""
    before = reports.counts()
    yield
    assert reports.counts() == before


# ---- AMP001 ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("headers,description", [
    ({"API_ID": None}, "Missing API_ID"),
    ({"API_ID": ""}, "Missing API_ID"),
    ({"API_ID": None, "API-ID": ""}, "Missing API_ID"),
    ({"API_ID": "nobody's"}, "Invalid API_ID"),
    ({"API_ID": DISABLED}, "Invalid API_ID"),
    ({"API_ID": DELETED}, "Invalid API_ID"),
    ({"API_ID": CLIENTS}, "Invalid API_ID"),
    ({"API_ID": ORPHAN}, "Invalid API_ID"),
    ({"API_ID": GOOD.upper()}, "Invalid API_ID"),
    ({"API_ID": GOOD + "x"}, "Invalid API_ID"),
    ({"API_ID": GOOD[:-1]}, "Invalid API_ID"),
    ({"API_ID": "' OR 1=1 -- "}, "Invalid API_ID"),
    ({"API_ID": "%"}, "Invalid API_ID"),
    ({"API_ID": "x" * 5000}, "Invalid API_ID"),
    ({"API_ID": b"\xff\xfe\xf0\x9f"}, "Invalid API_ID"),
    ({"API_ID": None, "API-ID": "nobody's"}, "Invalid API_ID"),
    ({"API_ID": GOOD, "API-ID": "nobody's"}, "API_ID and API-ID are given more than once, and differ"),
    ({"API_ID": GOOD, "API-ID": OTHER}, "API_ID and API-ID are given more than once, and differ"),
    ({"API_ID": None, "APIID": GOOD}, "Missing API_ID"),
    ({"API_ID": None, "Authorization": f"Bearer {GOOD}"}, "Missing API_ID"),
])
def test_api_id_missing_or_not_valid(reporter, headers, description):
    """AMP001, 401: a row of tbldeviceauth with deleted_at null and is_admin 1, whose admin exists and is not disabled"""
    answer = reporter.report(headers=headers).refused(401, "AMP001", description)
    assert answer.headers["WWW-Authenticate"] == 'API_ID realm="WHMCS API credentials"'


def test_api_id_is_no_parameter(abuse_gateway):
    """It comes as a header alone."""
    reporter = Reporter(abuse_gateway.url, None)
    reporter.send({**NEEDED, "API_ID": GOOD, "api_id": GOOD}, query=f"API_ID={GOOD}").refused(401, "AMP001", "Missing API_ID")


def test_api_id_twice_differing(abuse_gateway):
    body = encoded().encode()
    for second, status in ((GOOD, 404), (OTHER, 401)):
        reply = exchange(abuse_gateway.port, f"POST {PATH} HTTP/1.1\r\nHost: t\r\nAPI_ID: {GOOD}\r\nAPI_ID: {second}\r\n"
                         f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body) + 2}\r\n\r\n".encode()
                         + body.replace(b"=12", b"=9912"))
        assert reply.status == status, reply


@pytest.mark.parametrize("change,undo", [
    ("UPDATE tbldeviceauth SET deleted_at = NOW() WHERE identifier = %s", "UPDATE tbldeviceauth SET deleted_at = NULL WHERE identifier = %s"),
    ("UPDATE tbldeviceauth SET is_admin = 0 WHERE identifier = %s", "UPDATE tbldeviceauth SET is_admin = 1 WHERE identifier = %s"),
    ("UPDATE tbladmins a JOIN tbldeviceauth d ON d.user_id = a.id SET a.disabled = 1 WHERE d.identifier = %s",
     "UPDATE tbladmins a JOIN tbldeviceauth d ON d.user_id = a.id SET a.disabled = 0 WHERE d.identifier = %s"),
])
def test_who_is_let_in_no_more(abuse_gateway, reports, change, undo):
    """A withdrawn credential, or a disabled admin, is out within auth.recheck (2 s)."""
    from support.ports import wait_until
    reporter = Reporter(abuse_gateway.url, OTHER)
    reporter.report(service_id="99").refused(404, "GW004")
    reports.run(change, OTHER)
    try:
        wait_until(lambda: reporter.report(service_id="99").status == 401, 10, "out")
        reporter.report(service_id="99").refused(401, "AMP001", "Invalid API_ID")
    finally:
        reports.run(undo, OTHER)
    reporter.report(service_id="99").refused(404, "GW004")


# ---- AMP002 ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "PROPFIND", "TRACE"])
def test_another_method(reporter, method):
    """AMP002, 405 for another method"""
    answer = reporter.send(NEEDED, method=method).refused(405, "AMP002", f"Method {method} is not allowed; allowed: POST")
    assert answer.headers["Allow"] == "POST, OPTIONS"


def test_head(reporter):
    answer = reporter.send(method="HEAD", query=encoded())
    assert (answer.status, answer.http.content) == (405, b"")
    assert int(answer.headers["Content-Length"]) > 50


@pytest.mark.parametrize("action,description", [
    (None, "Missing action; allowed: create"), ("", "Missing action; allowed: create"), ("  ", "Missing action; allowed: create"),
    ("delete", 'Unknown action "delete"; allowed: create'), ("Create", 'Unknown action "Create"; allowed: create'),
    ("create\0x", 'Unknown action "create x"; allowed: create'), ("ä" * 100, f'Unknown action "{"ä" * 30}…"; allowed: create'),
])
def test_action_missing_or_not_known(reporter, action, description):
    reporter.report(action=action).refused(400, "AMP002", description)


def test_an_empty_body(reporter):
    for headers in ({}, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}, {"Content-Type": "multipart/form-data"}):
        reporter.send("", headers=headers).refused(400, "AMP002", "Missing action; allowed: create")
        reporter.send("", headers=headers, query="action=create").refused(400, "AMP003",
                                                                          "Missing required parameters: service_id, category")


def test_only_the_action_is_taken_from_the_query(reporter):
    reporter.send("", query=encoded()).refused(400, "AMP003", "Missing required parameters: service_id, category")
    reporter.form("service_id=99&category=x", query="action=%ff").refused(400, "AMP002")
    reporter.form("service_id=99&category=x", query="x=%ff&action=create").refused(400, "AMP002")
    reporter.form("service_id=99&category=x", query="action=create&x=%ff").refused(404, "GW004")
    reporter.form("action=delete&service_id=99&category=x", query="action=create").refused(400, "AMP002")


def test_an_action_that_is_a_list(reporter):
    reporter.form("action[]=create&service_id=12&category=x").refused(400, "AMP002")
    reporter.json({**NEEDED, "action": ["create"]}).refused(400, "AMP002")


# ---- AMP003 ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("variables,names", [
    ({"category": None}, "category"), ({"service_id": None}, "service_id"), ({"service_id": None, "category": None}, "service_id, category"),
    ({"category": ""}, "category"), ({"category": " \t\r\n\0\v"}, "category"), ({"service_id": " "}, "service_id"),
])
def test_a_required_parameter_is_missing(reporter, variables, names):
    """AMP003, 400; the description names all of them. An empty required one is missing."""
    reporter.report(**variables).refused(400, "AMP003", f"Missing required parameters: {names}")


def test_json_null_is_missing(reporter):
    reporter.json({**NEEDED, "category": None}).refused(400, "AMP003", "Missing required parameters: category")


# ---- GW004 -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("service", ["99", "1", "2147483648", "9223372036854775807"])
def test_no_such_service(reporter, service):
    """GW004, 404"""
    reporter.report(service_id=service).refused(404, "GW004", f"No such service: {service}")


# ---- GW005 -----------------------------------------------------------------------------------------------

WHOLE = "(allowed: a whole number from 1 on)"
WORDS = "(allowed: true, false, 1, 0, on, off, yes, no)"
ADDRESS = "(allowed: an IPv4 or IPv6 address)"


@pytest.mark.parametrize("name,value,what", [
    ("service_id", "0", f'"0" {WHOLE}'), ("service_id", "-1", f'"-1" {WHOLE}'), ("service_id", "1.5", f'"1.5" {WHOLE}'),
    ("service_id", "12abc", f'"12abc" {WHOLE}'), ("service_id", "0x10", f'"0x10" {WHOLE}'), ("service_id", "1e3", f'"1e3" {WHOLE}'),
    ("service_id", "9223372036854775808", f'"9223372036854775808" {WHOLE}'), ("service_id", "9" * 70, f'"{"9" * 60}…" {WHOLE}'),
    ("service_id", "१२", f'"१२" {WHOLE}'), ("service_id", "12\0", None), ("service_id", "1\0002", f'"1 2" {WHOLE}'),
    ("category", "x" * 256, f'"{"x" * 60}…" (allowed: 1 to 255 characters)'),
    ("category", "ü" * 256, f'"{"ü" * 30}…" (allowed: 1 to 255 characters)'),
    ("category", "fire 🔥", '"fire 🔥" (allowed: characters that its column in the database can hold: no emoji and the like)'),
    ("service_ip", "localhost", f'"localhost" {ADDRESS}'), ("service_ip", "192.0.2.1/32", f'"192.0.2.1/32" {ADDRESS}'),
    ("service_ip", "192.0.2.256", f'"192.0.2.256" {ADDRESS}'), ("service_ip", "192.0.2.1:80", f'"192.0.2.1:80" {ADDRESS}'),
    ("service_ip", "[::1]", f'"[::1]" {ADDRESS}'), ("service_ip", "fe80::1%eth0", f'"fe80::1%eth0" {ADDRESS}'),
    ("service_ip", "(No Dedicated IP)", f'"(No Dedicated IP)" {ADDRESS}'), ("service_ip", "192.0.2.1, 192.0.2.2", None),
    ("suspend_method", "Immediate", '"Immediate" (allowed: nosuspend, immediate, timelimit)'),
    ("suspend_method", "terminate", '"terminate" (allowed: nosuspend, immediate, timelimit)'),
    ("suspend_method", "suspend'", None), ("suspend_method", "0", None),
    ("allow_unsuspend", "2", f'"2" {WORDS}'), ("allow_unsuspend", "ja", f'"ja" {WORDS}'), ("allow_unsuspend", "-1", f'"-1" {WORDS}'),
    ("additional_info", "👍", '"👍" (allowed: characters that its column in the database can hold: no emoji and the like)'),
    ("admin_notes", "x𝒳", None),
])
def test_a_value_is_not_valid(reporter, name, value, what):
    """GW005, 422: names field and value"""
    if (name, value) == ("service_id", "12\0"):
        reporter.report(service_id="99\0").refused(404, "GW004")  # PHP's trim() cuts it
        return
    answer = reporter.report(**{name: value}).refused(422, "GW005")
    assert answer.description.startswith(f"Invalid value: {name} ")
    if what:
        assert answer.description == f"Invalid value: {name} {what}"


def test_all_wrong_values_are_named(reporter):
    reporter.report(service_id="x", suspend_method="y", allow_unsuspend="z").refused(
        422, "GW005", f'Invalid value: service_id "x" {WHOLE}; suspend_method "y" (allowed: nosuspend, immediate, timelimit); '
        f'allow_unsuspend "z" {WORDS}')


@pytest.mark.parametrize("name", ["service_id", "category", "service_ip", "suspend_method", "allow_unsuspend", "additional_info",
                                  "admin_notes"])
def test_lists_and_objects_are_no_values(reporter, name):
    """category[]=x, category[a][b]=x, nested JSON"""
    expected = f"Invalid value: {name} a list (allowed: one value)"
    for suffix in ("[]", "[0]", "[a][b]", "["):
        reporter.form(f"{encoded()}&{name}{suffix}=1").refused(422, "GW005", expected)
    for value in ([], ["1"], {}, {"a": {"b": "1"}}):
        reporter.json({**NEEDED, name: value}).refused(422, "GW005", expected)


def test_a_number_of_json_is_taken_by_its_digits(reporter):
    for value in ("12.0", "1.2e1", "-12", "0"):
        reporter.json(f'{{"action":"create","service_id":{value},"category":"x"}}').refused(
            422, "GW005", f'Invalid value: service_id "{value}" {WHOLE}')
    reporter.json({**NEEDED, "service_id": True}).refused(422, "GW005")


def test_the_service_s_address_does_not_fit(reporter):
    """Nothing is silently cut; an address that is given does."""
    reporter.report(service_id="15").refused(422, "GW005", "Invalid value: service_ip, which is the service's own address "
        "and longer than its column in the database can hold (allowed: an IPv4 or IPv6 address, given with the report)")


@pytest.mark.parametrize("key", ["", "x" * 256, "zwei Wörter", "a b"])
def test_an_idempotency_key_that_is_none(reporter, key):
    answer = reporter.report(headers={"Idempotency-Key": key.encode()}).refused(422, "GW005")
    assert answer.description.startswith('Invalid value: Idempotency-Key "')


# ---- GW008 -----------------------------------------------------------------------------------------------

MULTIPART = "multipart/form-data; boundary=b"


@pytest.mark.parametrize("content_type,body,reason", [
    ("application/x-www-form-urlencoded", b"action=create&category=\xff", "category"),
    ("application/x-www-form-urlencoded", b"action=create&category=%ff", "category"),
    ("application/x-www-form-urlencoded", b"x=%c3", "x"),
    ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(600)), "512"),
    ("application/json", b"{", "line 1"), ("application/json", b"{}x", "line 1"), ("application/json", b'{"a":\n}', "line 2"),
    ("application/json", b"[]", "object"), ("application/json", b'"create"', "object"), ("application/json", b"null", "object"),
    ("application/json", b'{"category":"\xff"}', "line"), ("application/json", b'{"category":"\\ud800"}', "line"),
    ("application/json", b"[" * 50 + b"]" * 50, "deep"), ("application/json", b'{"x":' * 20 + b"1" + b"}" * 20, "deep"),
    ("application/json", b"{" + b",".join(b'"%d":1' % n for n in range(600)) + b"}", "names"),
    (MULTIPART, b"--b\r\n", "boundary"), (MULTIPART, b"x", "boundary"), ("multipart/form-data", b"x", "boundary"),
    (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="category"\r\n\r\n\xff\r\n--b--\r\n', "category"),
    (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nx\r\n--b--\r\n', "file"),
    (MULTIPART, b'--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n', "name"),
])
def test_the_body_cannot_be_read(reporter, content_type, body, reason):
    """GW008, 400"""
    answer = reporter.send(body, headers={"Content-Type": content_type}).refused(400, "GW008")
    assert answer.description.startswith("The body cannot be read: ") and reason in answer.description, answer


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/xml", "application/jsonx", "form", "",
                                          "application/x-www-form-urlencoded; charset=iso-8859-1",
                                          "application/json; charset=utf-16", "application/json; x=y; CHARSET = latin1",
                                          'application/x-www-form-urlencoded; charset="windows-1252"',
                                          "multipart/form-data; boundary=b; charset=koi8-r"])
def test_the_body_is_of_a_foreign_type(reporter, content_type):
    """GW008, 415"""
    body = encoded().encode()
    reporter.send(body, headers={"Content-Type": content_type} if content_type is not None else {}).refused(415, "GW008")


def test_the_body_is_too_large(abuse_gateway, reporter):
    """GW008, 413: by its Content-Length at once, else as soon as it is past it"""
    large = encoded(additional_info="x" * 1024 * 1024).encode()
    before = abuse_gateway.metrics()["portcullis_limit_body_total"]
    reporter.form(large).refused(413, "GW008")
    with Raw(abuse_gateway.port) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: t\r\nAPI_ID: {GOOD}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        connection.send(head.encode() + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
        reply = connection.reply()
        assert reply.status == 413 and json.loads(reply.body)["error_code"] == "GW008"
    with Raw(abuse_gateway.port) as connection:
        connection.send(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(20):
                connection.send(b"%x\r\n" % 65536 + b"x" * 65536 + b"\r\n")
        except OSError:
            pass
        reply = connection.reply()
        assert reply.status == 413 and json.loads(reply.body)["error_code"] == "GW008"
    assert abuse_gateway.metrics()["portcullis_limit_body_total"] == before + 3


@pytest.mark.parametrize("fields,status", [
    ("Host: t\r\nHost: u\r\n", 400), ("Host: t\r\nContent-Length: 5x\r\n", 400),
    ("Host: t\r\nTransfer-Encoding: gzip\r\n", 400), ("Host: t\r\nExpect: a lot\r\n", 417),
    ("Host: t\r\n" + "".join(f"X-{n}: 1\r\n" for n in range(101)), 431), (f"X: {'x' * 20000}\r\n", 431), ("A: b\nHost: t\r\n", 400),
])
def test_what_http_itself_refuses(abuse_gateway, fields, status):
    """The request's head at fault, once its target is known: the same envelope, however much of the head was read."""
    reply = exchange(abuse_gateway.port, f"POST {PATH} HTTP/1.1\r\n{fields}API_ID: {GOOD}\r\n\r\n".encode())
    assert reply.status == status, reply
    assert json.loads(reply.body).get("error_code") == "GW008", reply.body


def test_a_bad_chunk(abuse_gateway):
    reply = exchange(abuse_gateway.port, f"POST {PATH} HTTP/1.1\r\nHost: t\r\nAPI_ID: {GOOD}\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n".encode())
    assert (reply.status, json.loads(reply.body)["error_code"]) == (400, "GW008")


# ---- precedence ------------------------------------------------------------------------------------------

class Case:
    """A report that is right, but for what causes do to it; in their order."""

    def __init__(self):
        self.identifier, self.method, self.body, self.type = GOOD, "POST", dict(NEEDED), "application/x-www-form-urlencoded"
        self.text = None

    def send(self, server):
        import urllib.parse
        text = self.text if self.text is not None else urllib.parse.urlencode(self.body)
        fields = {"API_ID": self.identifier, "Content-Type": self.type}
        return Reporter(server.url, None).send(text, method=self.method, headers=fields)


def no_credential(case):
    case.identifier = None


def bad_credential(case):
    case.identifier = "wrong"


def bad_method(case):
    case.method = "PUT"


def large_body(case):
    case.text = "x" * (1024 * 1024 + 1)


def foreign_body(case):
    case.type = "text/plain"


def bad_body(case):
    case.text = case.text or "category=%ff"


def no_action(case):
    del case.body["action"]


def unknown_action(case):
    case.body["action"] = "close"


def missing(case):
    del case.body["category"]


def bad_value(case):
    case.body["suspend_method"] = "maybe"


def four_bytes(case):
    case.body["admin_notes"] = "🔥"


def no_service(case):
    case.body["service_id"] = "99"


ORDER = [  # of equal rank where they stand in one line: they exclude each other, or are told together
    [(no_credential, 401, "AMP001"), (bad_credential, 401, "AMP001")],
    [(bad_method, 405, "AMP002")],
    [(large_body, 413, "GW008")], [(foreign_body, 415, "GW008")], [(bad_body, 400, "GW008")],
    [(no_action, 400, "AMP002"), (unknown_action, 400, "AMP002")],
    [(missing, 400, "AMP003")],
    [(bad_value, 422, "GW005"), (four_bytes, 422, "GW005")],
    [(no_service, 404, "GW004")],
]
PAIRS = [(first, second) for upper, lower in itertools.combinations(ORDER, 2) for first in upper for second in lower]


@pytest.mark.parametrize("first,second", PAIRS, ids=lambda cause: cause[0].__name__)
def test_of_two_causes_the_first_in_order_is_told(abuse_gateway, first, second):
    """Checked in this order: ban, rate, credential, method, body, action, missing, values, service."""
    for causes in ((first, second), (second, first)):
        case = Case()
        for cause in causes:
            cause[0](case)
        case.send(abuse_gateway).refused(*first[1:])


@pytest.mark.parametrize("cause", [cause for line in ORDER for cause in line], ids=lambda cause: cause[0].__name__)
def test_each_cause_alone(abuse_gateway, cause):
    case = Case()
    cause[0](case)
    case.send(abuse_gateway).refused(*cause[1:])


def test_a_stranger_s_large_body_is_not_read(start_gateway, reports):
    """The credential comes first: it is decided before the body is let in, and 100 Continue is not sent."""
    server = start_gateway({"mysql.database": abuse.DATABASE})
    for length in ("Content-Length: 99999999", "Content-Length: 10", "Transfer-Encoding: chunked"):
        with Raw(server.port) as connection:
            connection.send(f"POST {PATH} HTTP/1.1\r\nHost: t\r\nAPI_ID: wrong\r\nExpect: 100-continue\r\n{length}\r\n\r\n".encode())
            assert connection.reply().status == 401
    with Raw(server.port) as connection:  # of a known one it is asked for
        connection.send(f"POST {PATH} HTTP/1.1\r\nHost: t\r\nAPI_ID: {GOOD}\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n".encode())
        assert connection.reply().status == 100
        connection.send(b"action=del")
        assert connection.reply().status == 415


# ---- always_200, addresses, OPTIONS ----------------------------------------------------------------------

def test_always_200(start_gateway, reports):
    """http.error_status=always_200 applies here too"""
    server = start_gateway({"mysql.database": abuse.DATABASE, "http.error_status": "always_200"})
    for cause in (cause for line in ORDER for cause in line):
        case = Case()
        cause[0](case)
        answer = case.send(server).refused(200, cause[2])
        assert ("Allow" in answer.headers) == (cause[1] == 405)
    reply = exchange(server.port, f"POST {PATH} HTTP/1.1\r\nHost: t\r\nAPI_ID: {GOOD}\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n".encode())
    assert (reply.status, json.loads(reply.body)["error_code"]) == (200, "GW008")


@pytest.mark.parametrize("path", [PATH + "x", PATH + "/", PATH + "/create", PATH[:-1], PATH.upper(), "/"])
def test_only_that_path(reporter, path):
    """abuse.path, as it stands; anything else is the Remote API's."""
    answer = reporter.send(NEEDED, path=path)
    assert answer.status == 404 and answer.body["request"]["message"] == "Record Not Found"


def test_another_path(start_gateway, reports):
    server = start_gateway({"mysql.database": abuse.DATABASE, "abuse.path": "/abuse"})
    Reporter(server.url).send({**NEEDED, "service_id": "99"}, path="/abuse").refused(404, "GW004")
    assert Reporter(server.url).send(NEEDED).status == 404


def test_options(reporter):
    answer = reporter.send(method="OPTIONS", headers={"API_ID": None})
    assert (answer.status, answer.headers["Allow"], answer.http.content) == (204, "POST, OPTIONS", b"")


def test_cross_origin(start_gateway, reports):
    """http.cors_origins"""
    server = start_gateway({"mysql.database": abuse.DATABASE, "http.cors_origins": "https://panel.example.com"})
    reporter, origin = Reporter(server.url), {"Origin": "https://panel.example.com"}
    preflight = reporter.send(method="OPTIONS", headers={"API_ID": None, "Access-Control-Request-Method": "POST", **origin})
    assert preflight.headers["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    assert {"API-ID", "API_ID"} <= set(preflight.headers["Access-Control-Allow-Headers"].split(", "))
    assert reporter.report(service_id="99", headers=origin).headers["Access-Control-Allow-Origin"] == origin["Origin"]
    assert "Access-Control-Allow-Origin" not in reporter.report(service_id="99", headers={"Origin": "https://evil.example"}).headers


# ---- what is left of it ----------------------------------------------------------------------------------

def test_request_id_route_and_access_line(abuse_gateway, reporter):
    """One access line a request, with the admin; the API_ID is nowhere. Metrics by route, method, code."""
    before = abuse_gateway.metrics()
    answer = reporter.report(service_id="99", headers={"X-Request-Id": "abuse-test-17"}).refused(404, "GW004")
    assert answer.headers["X-Request-Id"] == "abuse-test-17" and answer.headers["Cache-Control"] == "no-store"
    line = json.loads(abuse_gateway.find_log("abuse-test-17"))
    assert (line["admin"], line["route"], line["status"], line["method"]) == ("alice", "abuse", 404, "POST"), line
    reporter.send(NEEDED, headers={"API_ID": "wrong", "X-Request-Id": "abuse-test-18"}, query=f"api_id={OTHER}&API-ID={OTHER}")
    assert json.loads(abuse_gateway.find_log("abuse-test-18"))["admin"] in ("", None)
    name = 'portcullis_requests_total{route="abuse",method="POST",code="404"}'
    assert abuse_gateway.metrics()[name] == before.get(name, 0) + 1
    assert not any(secret in abuse_gateway.out_text() for secret in (GOOD, OTHER, DELETED))


def test_made_request_ids_differ(reporter):
    ids = {reporter.report(service_id="99").headers["X-Request-Id"] for _ in range(10)}
    assert len(ids) == 10
    assert reporter.report(service_id="99", headers={"X-Request-Id": "not sane\tat all"}).headers["X-Request-Id"] not in ids
