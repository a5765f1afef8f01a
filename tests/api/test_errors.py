"""spec/remote-api.md section 5, Errors: their order, their words, what strangers may learn."""

import re

import pytest

from support.answers import BASE, Client, address, basic, credentials
from support.fixture import PREFIX

pytestmark = pytest.mark.errors

WRONG = {"username": "alice", "password": "0" * 32}


@pytest.mark.parametrize("query,wanted", [({}, 401), (WRONG, 401), (credentials("dave"), 403), (credentials(), None)])
@pytest.mark.parametrize("path,status", [
    ("/api.php/v2/projects/json", 400), ("/api.php/v1/projects/100/yaml", 400), ("/api.php/v1/nope/json", 404),
    ("/api.php/v1/projects/0/json", 400), ("/api.php/v1/projects/bythread/json", 404)])
def test_chain_faults_come_before_the_login(api, path, status, query, wanted):
    """Order: framing, ban, rate, chain and format and method, 401, 403, …"""
    api.send("GET", BASE + path, query).expect(status)


@pytest.mark.parametrize("query", [{}, WRONG, credentials("dave"), credentials()])
def test_method_faults_come_before_the_login(api, query):
    api.send("DELETE", address("projects")[0], query).expect(405)
    api.send("POST", address("projects/100")[0], query).expect(405)
    api.send("GET", address("projects/100")[0], {**query, "method": "zap"}).expect(405)


PARAMETER_FAULTS = ['{"foo":1}', '{"project_id":"x"}', '{"limit":0}', '{"sort":"x"}', '{"cursor":"x"}', '{"fields":"x"}']


@pytest.mark.parametrize("params", PARAMETER_FAULTS)
def test_login_comes_before_parameters(api, params):
    """… 401, 403, parameters (400, 422), 404 …"""
    for user, status in ((None, 401), ("dave", 403)):
        answer = api.get("projects", params, user=user).expect(status)
        assert "foo" not in answer.http.text and "project_name" not in answer.http.text
    assert api.send("GET", address("projects")[0], {**WRONG, "params": params}).status == 401
    assert api.get("projects", params).status in (400, 422)


@pytest.mark.parametrize("params", PARAMETER_FAULTS[:3])
def test_parameters_come_before_not_found(api, params):
    assert api.get("projects/7777/actions", params).status in (400, 422)
    assert api.get("projects/100/actions/58/timelogs", '{"foo":1}').status == 400


def test_login_comes_before_not_found(api):
    api.get("projects/7777", user=None).expect(401)
    api.get("projects/7777", user="dave").expect(403)


def test_strangers_learn_nothing_of_the_database(api):
    """Nothing learnt from the database is named to a caller who is not logged in."""
    columns = ["project_name", "custom_amount", "file_path", PREFIX, "tbl", "whmcs'", "alice"]
    for chain in ("projects", "projects/100", "projects/7777", "files/5/download", "config/access", "api/resources", "nope"):
        for params in (None, '{"foo":1}', '{"custom_amount":"x"}', '{"project_name":{"bad":1}}'):
            for fmt in ("json", "xml"):
                for query in ({}, WRONG, {"username": "nobody", "password": "x"}):
                    answer = api.get(chain, params, fmt=fmt, user=None, query=query)
                    assert answer.status in (401, 404), answer.http.text[:200]
                    assert not [name for name in columns if name in answer.http.text]


def test_a_column_and_no_column_look_alike_to_strangers(api):
    """A loose name that is a column must not change what a stranger sees."""
    one = api.get("projects", user=None, query={"custom_amount": "x"}).expect(401)
    other = api.get("projects", user=None, query={"custom_nothing": "x"}).expect(401)
    assert one.http.text == other.http.text


def test_www_authenticate(api):
    """401 with a scheme of our own (Portcullis), Basic only where Basic was sent."""
    plain = api.get("projects", user=None).expect(401, "Authentication Failed", "authentication_failed")
    assert plain.headers["WWW-Authenticate"].split()[0] == "Portcullis"
    assert "basic" not in plain.headers["WWW-Authenticate"].lower()
    sent = api.get("projects", user=None, headers=basic("alice", "wrong")).expect(401)
    assert "Basic" in sent.headers["WWW-Authenticate"]


def test_role(api):
    answer = api.get("projects", user="dave")
    answer.expect(403, "Your Administrator Role is Not Permitted to Access wbTeamPro", "role_denied")
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("status,message,how", [
    (400, "Request Invalid or Bad Format", lambda api: api.get("projects", "{")),
    (401, "Authentication Failed", lambda api: api.get("projects", user=None)),
    (404, "Record Not Found", lambda api: api.get("projects/7777")),
    (404, 'Unknown resource "zzz"', lambda api: api.get("zzz")),
    (405, "Method Not Allowed", lambda api: api.get("projects", method="PUT")),
    (415, "Unsupported Media Type", lambda api: api.get("projects", method="POST", query={"method": "get"}, data="x",
                                                        headers={"Content-Type": "text/plain"})),
    (422, "The value provided for limit is invalid or not allowed.", lambda api: api.get("projects", {"limit": 0}))])
def test_the_table_of_messages(api, status, message, how):
    answer = how(api).expect(status, message)
    assert list(answer.json) == ["request", "response"]
    assert list(answer.request) == ["action", "method", "format", "code", "message"]
    assert list(answer.response) == ["errors"]
    for error in answer.response["errors"]:
        assert list(error) in (["code", "field", "detail"], ["code", "detail"])
        assert re.fullmatch("[a-z_0-9]+", error["code"])


@pytest.fixture(scope="module")
def quiet(module_gateway):
    return Client(module_gateway({"http.error_status": "always_200"}).url)


@pytest.mark.parametrize("chain,params,user,code", [("projects", "{", "alice", 400), ("projects", None, None, 401),
                                                    ("projects", None, "dave", 403), ("projects/7777", None, "alice", 404),
                                                    ("zzz", None, None, 404), ("projects", {"limit": 0}, "alice", 422)])
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_error_status_always_200(quiet, chain, params, user, code, fmt):
    """http.error_status=always_200 keeps the status line at 200 for old clients; request.code says the truth."""
    answer = quiet.get(chain, params, user=user, fmt=fmt)
    assert answer.status == 200
    seen = answer.request["code"] if fmt == "json" else int(answer.tree.findtext("request/code"))
    assert seen == code


def test_always_200_is_no_cacheable_success(quiet):
    answer = quiet.get("projects/7777", headers={"If-None-Match": "*"})
    assert answer.status == 200 and answer.request["code"] == 404
    assert quiet.get("projects/100").request["code"] == 200


def test_always_200_leaves_method_faults_in_the_envelope(quiet):
    answer = quiet.send("DELETE", address("projects")[0], credentials())
    assert (answer.status, answer.request["code"]) == (200, 405)
