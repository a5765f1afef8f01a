"""remote-api.md section 8: `BASE/openapi.json` (after login). It is asked for like anything of the Remote API."""

import gzip
import json
import threading

import brotli
import pytest
import requests

from support.answers import BASE, Answer, Client, basic, credentials
from support.fixture import PREFIX, load_rows, load_structure, md5
from support.gateway import ROOT
from support.ports import wait_until
from support.raw import Raw

PATH = BASE + "/openapi.json"


def ask(server, method="GET", user="alice", path=PATH, **more):
    """An answer with its bytes as they came: no coding is undone."""
    headers = {"Accept-Encoding": "identity", **(basic(user) if user else {}), **more.pop("headers", {})}
    response = requests.request(method, server.url + path, headers=headers, stream=True, timeout=60, **more)
    response.bytes = response.raw.read(decode_content=False)
    return response


def refused(response, status, code, field=...):
    answer = json.loads(response.bytes)
    assert (response.status_code, answer["request"]["code"], answer["request"]["action"]) == (status, status, "openapi.json")
    (error,) = answer["response"]["errors"]
    assert error["code"] == code
    assert field is ... or error["field"] == field


# ---- who gets it ---------------------------------------------------------------------------------

@pytest.mark.parametrize("request_of", [
    lambda: {"params": credentials()}, lambda: {"headers": basic("alice")}, lambda: {"params": credentials("zoë")},
    lambda: {"method": "POST", "data": {**credentials(), "method": "get"}},
    lambda: {"method": "POST", "json": {**credentials(), "method": "GET", "params": {}}},
    lambda: {"method": "POST", "files": {name: (None, value) for name, value in {**credentials(), "method": "get"}.items()}},
    lambda: {"method": "POST", "params": {**credentials(), "method": "get"}}],
    ids=["query", "basic", "umlaut", "form", "json", "multipart", "post with query"])
def test_a_login_gets_it_in_every_place_where_logins_stand(gateway, request_of):
    """sections 2 and 8: POST with method=get keeps the login out of the address, as a page would."""
    answer = ask(gateway, user=None, **request_of())
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert json.loads(answer.bytes)["openapi"] == "3.1.0"


@pytest.mark.parametrize("login, code", [
    ({}, "authentication_failed"), ({"username": "alice"}, "authentication_failed"),
    (credentials("alice", md5("wrong")), "authentication_failed"), (credentials("carol"), "authentication_failed"),
    (credentials("nobody", md5("x")), "authentication_failed")])
def test_nobody_else_gets_it(gateway, login, code):
    answer = ask(gateway, user=None, params=login)
    refused(answer, 401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Portcullis")
    assert b"paths" not in answer.bytes


def test_a_role_without_access_does_not_get_it(gateway):
    refused(ask(gateway, user="dave"), 403, "role_denied")


def test_wrong_logins_there_ban_the_address(start_gateway):
    """auth-and-bans.md: they count as anywhere; who is banned is told so without a login."""
    server = start_gateway({"redis.url": "", "ban.exempt": "", "ban.length": "1h", "ban.table": "read",
                            "http.trusted_proxies": "127.0.0.0/8"})
    client = {"X-Forwarded-For": "198.18.77.7"}
    left = []
    for _ in range(3):
        answer = ask(server, user=None, params=credentials("alice", md5("wrong")), headers=client)
        refused(answer, 401, "authentication_failed")
        left.append(answer.headers["X-Login-Attempts-Left"])
    assert left == ["2", "1", "0"]
    refused(ask(server, headers=client), 403, "ip_banned")
    Answer(requests.get(server.url + BASE + "/api.php/v1/projects/json", headers={**basic("alice"), **client}, timeout=20)).expect(
        403, "IP Banned", "ip_banned")
    assert ask(server).status_code == 200


def test_it_counts_for_rate_limits(start_gateway):
    server = start_gateway({"redis.url": "", "rate.per_admin": "1/second burst 3"})
    statuses = {ask(server).status_code for _ in range(20)}
    assert statuses == {200, 429}
    answer = ask(server)
    while answer.status_code != 429:
        answer = ask(server)
    refused(answer, 429, "rate_limited")
    assert int(answer.headers["Retry-After"]) >= 1


# ---- what is asked -------------------------------------------------------------------------------

def test_other_methods_are_not_offered(gateway):
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
        answer = ask(gateway, method)
        refused(answer, 405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS", method
    refused(ask(gateway, params={"method": "delete"}), 405, "method_not_allowed")
    refused(ask(gateway, "PUT", data={"method": "get"}), 400, "bad_method")
    answer = ask(gateway, "OPTIONS", user=None)
    assert (answer.status_code, answer.headers["Allow"], answer.bytes) == (204, "GET, HEAD, OPTIONS", b"")


def test_it_takes_no_params(gateway):
    refused(ask(gateway, params={"params": '{"fields":"paths"}'}), 400, "unknown_parameter", "fields")
    refused(ask(gateway, params={"params[x]": "1"}), 400, "unknown_parameter", "x")
    refused(ask(gateway, params={"params": "[{}]"}), 400, "bad_json", "params")
    refused(ask(gateway, params={"params": "{"}), 400, "bad_json", "params")
    refused(ask(gateway, "POST", params={"method": "get"}, data=b"\xff", headers={"Content-Type": "text/csv"}), 415,
            "unsupported_media_type")
    assert ask(gateway, params={"_": "1699", "fields": "paths", "params": "[]"}).status_code == 200


@pytest.mark.parametrize("action", ["v1.files.2.content.json", "v1.projects.json", "v1.files.json"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_no_chain_beside_it_counts(gateway, action, method):
    """section 1: the path wins; a body there is no upload."""
    answer = ask(gateway, method, params={"action": action}, data=b"content" if method != "GET" else None,
                 headers={"Content-Type": "multipart/form-data; boundary=x"} if method == "POST" else {})
    assert answer.status_code in {"GET": (200,), "POST": (400, 405), "PUT": (405, 415)}[method]
    assert b'"action":"openapi.json"' in answer.bytes or answer.status_code == 200


@pytest.mark.parametrize("path, status", [
    (PATH + "/", 404), (PATH + "x", 404), (BASE + "/api.php/openapi.json", 400), (PATH.replace("openapi", "OpenAPI"), 404),
    ("/openapi.json", 404)])
def test_nothing_like_it_is_it(gateway, path, status):
    assert ask(gateway, path=path).status_code == status


def test_no_file_is_taken_there(gateway):
    files = {**{name: (None, value) for name, value in {**credentials(), "method": "get"}.items()}, "file": ("x", b"y" * 100000)}
    answer = ask(gateway, "POST", user=None, files=files)
    assert answer.status_code in (400, 405) and b'"action":"openapi.json"' in answer.bytes


# ---- how it is sent ------------------------------------------------------------------------------

def test_fields(gateway):
    answer = ask(gateway)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["X-Request-Id"]
    assert int(answer.headers["Content-Length"]) == len(answer.bytes)
    assert answer.headers["ETag"].startswith('"'), "a strong tag"


@pytest.mark.parametrize("accepts, coding, undo", [
    ("identity", None, bytes), ("gzip", "gzip", gzip.decompress), ("br, gzip", "br", brotli.decompress)])
def test_codings_have_the_same_bytes_and_tags_of_their_own(gateway, accepts, coding, undo):
    plain, answer = ask(gateway), ask(gateway, headers={"Accept-Encoding": accepts})
    assert answer.headers.get("Content-Encoding") == coding
    assert undo(answer.bytes) == plain.bytes
    assert (answer.headers["ETag"] == plain.headers["ETag"]) == (coding is None)
    assert coding is None or len(answer.bytes) < len(plain.bytes) / 8


def test_compression_that_is_off_is_off(start_gateway):
    answer = ask(start_gateway({"http.compress_min": "0"}), headers={"Accept-Encoding": "br, gzip"})
    assert answer.status_code == 200 and "Content-Encoding" not in answer.headers


def test_head_has_the_fields_and_no_body(gateway):
    got, head = ask(gateway), ask(gateway, "HEAD")
    assert (head.status_code, head.bytes) == (200, b"")
    for name in ("ETag", "Content-Length", "Content-Type", "Vary", "Cache-Control"):
        assert head.headers[name] == got.headers[name]
    assert ask(gateway, "HEAD", user=None).status_code == 401


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accepts", ["identity", "gzip"])
def test_what_is_known_is_not_sent_again(gateway, method, accepts):
    first = ask(gateway, headers={"Accept-Encoding": accepts})
    for tag in (first.headers["ETag"], "W/" + first.headers["ETag"], '"x", ' + first.headers["ETag"], "*", ask(gateway).headers["ETag"]):
        answer = ask(gateway, method, headers={"Accept-Encoding": accepts, "If-None-Match": tag})
        assert (answer.status_code, answer.bytes) == (304, b""), tag
        assert answer.headers["ETag"] == first.headers["ETag"]
    assert ask(gateway, method, headers={"If-None-Match": '"another"'}).status_code == 200
    assert ask(gateway, method, user=None, headers={"If-None-Match": "*"}).status_code == 401


def test_another_origin_may_read_it_where_it_may(start_gateway):
    """http.cors_origins, as for the rest of the Remote API."""
    server = start_gateway({"http.cors_origins": "https://crm.example"})
    answer = ask(server, headers={"Origin": "https://crm.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://crm.example"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in ask(server, headers={"Origin": "https://evil.example"}).headers
    preflight = ask(server, "OPTIONS", user=None, headers={"Origin": "https://crm.example", "Access-Control-Request-Method": "GET"})
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


def test_everybody_gets_the_same(gateway):
    assert ask(gateway, user="alice").bytes == ask(gateway, user="bob").bytes


def test_requests_in_a_row_on_one_connection(gateway):
    """pipelined, with others between them."""
    chain = BASE + "/api.php/v1/projects/100/json"
    login = basic("alice")["Authorization"]
    text = b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {login}\r\nConnection: {end}\r\n\r\n".encode()
                    for path, end in ((PATH, "keep-alive"), (chain, "keep-alive"), (PATH, "close")))
    with Raw(gateway.port) as raw:
        raw.send(text)
        answers = [raw.reply() for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert answers[0].body == answers[2].body and b'"project_id":100' in answers[1].body


# ---- when it is made -----------------------------------------------------------------------------

def test_many_ask_for_the_first_one_at_once(start_gateway):
    server, answers = start_gateway({"mysql.workers": "8"}), []

    def first(coding):
        answers.append(ask(server, headers={"Accept-Encoding": coding}))
    threads = [threading.Thread(target=first, args=(coding,)) for coding in ("identity", "gzip", "br") * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200} and len(answers) == 24
    undo = {None: bytes, "gzip": gzip.decompress, "br": brotli.decompress}
    assert len({undo[answer.headers.get("Content-Encoding")](answer.bytes) for answer in answers}) == 1


def test_a_changed_table_changes_it(start_gateway, mariadb):
    """data-model.md: the schema is learnt anew when it no longer fits; so is what the document says of it."""
    load_structure(mariadb, ROOT, "openapi_changed")
    load_rows(mariadb, "openapi_changed", bad_text=False)
    server = start_gateway({"mysql.database": "openapi_changed"})
    first = ask(server)
    assert b"project_notes" in first.bytes
    with mariadb.connect("openapi_changed") as connection, connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {PREFIX}project DROP COLUMN project_notes, ADD COLUMN brand_new int NULL")

    def is_new():
        Client(server.url).get("projects/100")
        return b"brand_new" in ask(server).bytes
    wait_until(is_new, 20, "the new column is described")
    second = ask(server)
    assert b"project_notes" not in second.bytes
    assert second.headers["ETag"] != first.headers["ETag"]
    assert ask(server, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    with mariadb.connect("openapi_changed") as connection, connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {PREFIX}project ADD COLUMN project_notes text NOT NULL, DROP COLUMN brand_new")


def test_without_a_database_there_is_none(start_gateway):
    """operations.md: away from the start, nothing is known of what it would serve."""
    server = start_gateway({"mysql.socket": "/nowhere/mysql.sock"}, wait_ready=False)
    wait_until(lambda: server.readyz() is not None, 20, "it listens")
    answer = ask(server)
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1


def test_it_is_served_where_pages_are_not(start_gateway):
    """remote.site=off: the API alone, and this describes the API."""
    assert ask(start_gateway({"remote.site": "off"})).status_code == 200


def test_it_has_a_route_of_its_own_in_metrics_and_log(start_gateway):
    server = start_gateway()
    ask(server)
    wait_until(lambda: any('route="openapi.json"' in name and value >= 1 for name, value in server.metrics().items()),
               10, "the request is counted")
    wait_until(lambda: '"route":"openapi.json"' in server.out_text(), 10, "the access line")
