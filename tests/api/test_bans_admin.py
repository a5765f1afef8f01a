"""spec/auth-and-bans.md, Bans: "`portcullis bans list|add|remove` and the admin port do the same by hand. The admin port
asks for `admin.token` wherever it listens beyond loopback, and checks `Host`"; spec/operations.md, command line.

Two gateways on one Redis and one database; clients are told apart by X-Forwarded-For, and every test has addresses of its
own.
"""

import itertools
import json
import pathlib
import re
import socket
import subprocess
import time

import pytest
import requests

from support.answers import Client, credentials
from support.fixture import md5
from support.gateway import BINARY, clean_environment, run_binary
from support.ports import free_port, wait_until
from support.raw import Raw
from support.servers import Redis

pytestmark = pytest.mark.operations

TOKEN = "SECRETtoken-0123456789"
SETTINGS = {"http.trusted_proxies": "127.0.0.0/8", "ban.exempt": "198.19.251.0/24", "ban.table_poll": "200ms",
            "ban.resync": "1s"}

_clients = itertools.count(1)


@pytest.fixture
def client():
    """An address that no other test has (198.51.0.0/16 and beyond is ours alone here)."""
    number = next(_clients)
    return f"198.51.{number >> 8}.{number & 255}"


@pytest.fixture(scope="module")
def pair(place, module_gateway, mariadb):
    folder = place / "bans-admin-redis"
    folder.mkdir()
    server = Redis(folder)
    server.start()
    shared = {**SETTINGS, "redis.url": server.url}
    mariadb.run("DELETE FROM tblconfiguration WHERE setting = 'InvalidLoginBanLength'")
    yield module_gateway(shared), module_gateway(shared)
    server.stop()
    mariadb.run("DELETE FROM tblbannedips")


@pytest.fixture
def one(pair):
    return pair[0]


@pytest.fixture
def two(pair):
    return pair[1]


def status_for(server, address):
    """What a right login from that address is answered: 200, or 403 when it is banned."""
    return Client(server.url).get("projects/100", user=None, query=credentials(), headers={"X-Forwarded-For": address}).status


def ask(server, method, path, **more):
    more.setdefault("timeout", 10)
    return requests.request(method, server.admin + path, **more)


def add(server, network, **more):
    answer = ask(server, "POST", "/bans", json={"network": network, **more})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def lift(server, network):
    answer = ask(server, "DELETE", "/bans", params={"network": network})
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(server, **parameters):
    """All bans by network, page after page."""
    bans, after = {}, None
    while True:
        page = ask(server, "GET", "/bans", params={**parameters, **({"after": after} if after else {})}).json()
        for ban in page["bans"]:
            assert ban["network"] not in bans, "once each"
            bans[ban["network"]] = ban
        after = page["next"]
        if after is None:
            return bans


def rows(mariadb, network):
    return mariadb.run("SELECT reason, TIMESTAMPDIFF(SECOND, NOW(), expires) FROM tblbannedips WHERE ip = %s", (network,))


def logged(mariadb, words):
    return [row[0] for row in mariadb.run("SELECT description FROM tblactivitylog WHERE description LIKE %s ORDER BY id",
                                          (f"%{words}%",))]


def refused(answer, status, field=None, word=""):
    """A refusal is JSON and names the field, the fault and what is allowed."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert body["status"] == status and body["message"] and body["errors"]
    error = body["errors"][0]
    assert set(error) == {"code", "field", "detail"} and error["code"] and error["detail"]
    if field is not None:
        assert error["field"] == field, body
    assert word in error["detail"], body
    return error


# ---- over HTTP ---------------------------------------------------------------------------------------


def test_a_ban_holds_at_once_and_everywhere(one, two, client, mariadb):
    """add: in force on this gateway with the answer, on all within a second; a row, and a line in tblactivitylog."""
    assert [status_for(one, client), status_for(two, client)] == [200, 200]
    answer = ask(one, "POST", "/bans", json={"network": client, "length": "10 m", "reason": "zgłoszono nadużycie"})
    assert status_for(one, client) == 403
    assert answer.status_code == 201 and answer.json()["is_new"] is True and answer.json()["warnings"] == []
    ban = answer.json()["ban"]
    assert ban["network"] == client and 598 <= ban["seconds_left"] <= 600 and abs(ban["expires"] - time.time() - 600) < 5
    assert ban["expires_at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ban["expires"]))
    wait_until(lambda: status_for(two, client) == 403, 3, "the other bans")
    (reason, left), = wait_until(lambda: rows(mariadb, client), 5, "the row")
    assert reason == "zgłoszono nadużycie" and 580 <= left <= 600
    wait_until(lambda: logged(mariadb, f"{client} banned for 600 s by the admin port, 127.0.0.1: zgłoszono nadużycie"), 5, "line")
    wait_until(lambda: listed(two)[client]["has_row"] and listed(one)[client]["has_row"], 5, "both know the row")
    one.find_log(f"{client} banned for 600 s by the admin port")


@pytest.mark.parametrize("way", ["path", "encoded", "query"])
def test_lifting_lets_in_at_once_and_everywhere(one, two, client, mariadb, way):
    """remove: in force with the answer here, on all within a second; the row goes; a line in tblactivitylog."""
    add(one, client)
    wait_until(lambda: rows(mariadb, client), 5, "the row")
    wait_until(lambda: status_for(two, client) == 403, 3, "the other bans")
    path = {"path": f"/bans/{client}", "encoded": "/bans/" + "".join(f"%{ord(c):02x}" for c in client),
            "query": f"/bans?network={client}"}[way]
    answer = ask(one, "DELETE", path)
    assert status_for(one, client) == 200
    assert answer.status_code == 200
    assert answer.json() == {"lifted": client, "still_held_by": None, "warnings": []}
    wait_until(lambda: status_for(two, client) == 200, 3, "the other lifts")
    wait_until(lambda: not rows(mariadb, client), 5, "no row")
    wait_until(lambda: logged(mariadb, f"{client} is no longer banned: lifted by the admin port, 127.0.0.1"), 5, "the line")
    time.sleep(1.5)
    assert [status_for(one, client), status_for(two, client)] == [200, 200], "no poll or resync brings it back"
    refused(ask(one, "DELETE", path), 404, "network", client)


def test_bans_of_all_kinds_are_listed(one, two, client, mariadb):
    """list: those for failed logins, those by hand, those of another gateway, rows that WHMCS made."""
    failed, by_whmcs = client.replace("198.51", "198.52"), client.replace("198.51", "198.53")
    for _ in range(3):
        assert Client(two.url).get("projects/100", user=None, query=credentials("alice", md5("wrong")),
                                   headers={"X-Forwarded-For": failed}).status == 401
    add(two, client, length="1h")
    mariadb.run("INSERT INTO tblbannedips (ip, reason, expires) VALUES (%s, 'whmcs', NOW() + INTERVAL 30 MINUTE)", (by_whmcs,))
    wait_until(lambda: {failed, client, by_whmcs} <= set(listed(one)), 5, "all three")
    bans = listed(one)
    assert 3590 <= bans[client]["seconds_left"] <= 3600
    assert 1780 <= bans[by_whmcs]["seconds_left"] <= 1800 and bans[by_whmcs]["has_row"] is True
    assert 880 <= bans[failed]["seconds_left"] <= 900
    assert set(bans[client]) == {"network", "expires", "expires_at", "seconds_left", "has_row"}
    answer = ask(one, "GET", f"/bans/{client}")
    assert answer.status_code == 200 and answer.json()["ban"]["network"] == client
    assert lift(one, by_whmcs)["lifted"] == by_whmcs
    wait_until(lambda: not rows(mariadb, by_whmcs), 5, "WHMCS's own row is deleted")


def test_a_ban_that_ends_is_not_listed(start_gateway, client):
    """Even while memory still has it: it is swept later, or at the next reading of the table."""
    server = start_gateway({**SETTINGS, "redis.url": "", "ban.table_poll": "1h"})
    add(server, client, length="3s")
    assert client in listed(server)
    wait_until(lambda: status_for(server, client) == 200, 10, "it ends")
    assert client not in listed(server)
    refused(ask(server, "GET", f"/bans/{client}"), 404, "network")


def test_pages(one, client, mariadb):
    """A page holds at most `limit` bans; following `next` gives every ban once, while others come and go."""
    third = client.split(".")[3]
    wanted = {f"203.{third}.7.{n}" for n in range(120)} | {f"2001:db8:{n:x}:{third}::/64" for n in range(1, 40)}
    mariadb.run("INSERT INTO tblbannedips (ip, reason, expires) VALUES "
                + ",".join(f"('{ip}', 'many', NOW() + INTERVAL 1 HOUR)" for ip in wanted))
    wait_until(lambda: wanted <= set(listed(one)), 10, "the rows are read")
    page = ask(one, "GET", "/bans?limit=10").json()
    assert len(page["bans"]) == 10 and page["next"]
    assert wanted <= set(listed(one, limit=7)) and wanted <= set(listed(one, limit=10000))
    seen, after = [], None
    while True:
        page = ask(one, "GET", "/bans", params={"limit": 20, **({"after": after} if after else {})}).json()
        seen += [ban["network"] for ban in page["bans"]]
        if page["next"] is None:
            break
        after = page["next"]
        if after in wanted:
            lift(one, after)
        add(one, f"203.{third}.8.{len(seen) % 256}")
    assert {network for network in seen if network in wanted} == wanted and len(set(seen)) == len(seen)
    mariadb.run("DELETE FROM tblbannedips WHERE reason = 'many'")


@pytest.mark.parametrize("query,field", [
    ("limit=0", "limit"), ("limit=10001", "limit"), ("limit=", "limit"), ("limit=ten", "limit"), ("limit=1&limit=2", "limit"),
    ("after=nowhere", "after"), ("after=", "after"), ("address=10.0.0.0/8", "address"), ("address=", "address"),
    ("address=localhost", "address"), ("address=1.2.3.4&limit=5", "address"), ("nope=1", "nope"), ("%ff=1", None),
    ("address=%ff", None)])
def test_wrong_queries(one, query, field):
    refused(ask(one, "GET", "/bans?" + query), 400, field)


@pytest.mark.parametrize("network,told,inside,outside", [
    ("198.54.1.0/24", "198.54.1.0/24", "198.54.1.255", "198.54.2.0"),
    ("198.55.9.77/16", "198.55.0.0/16", "198.55.1.1", "198.56.0.0"),
    ("198.57.*.7", "198.57.*.7", "198.57.200.7", "198.57.200.8"),
    ("::ffff:198.58.0.9", "198.58.0.9", "198.58.0.9", "198.58.0.8"),
    ("2001:db8:aa:1::/64", "2001:db8:aa:1::/64", "2001:db8:aa:1:ffff::1", "2001:db8:aa:2::1"),
    ("2001:db8:aa:3::7", "2001:db8:aa:3::/64", "2001:db8:aa:3::8", "2001:db8:aa:4::7"),
    ("2001:db8:aa:5::7/128", "2001:db8:aa:5::7", "2001:db8:aa:5::7", "2001:db8:aa:5::8"),
    ("2001:db8:ab:*:*:*:*:*", "2001:db8:ab::/48", "2001:db8:ab:9::1", "2001:db8:ac::1"),
])
def test_networks(one, two, mariadb, network, told, inside, outside):
    """Addresses, CIDR, wildcards, IPv4 and IPv6; a single IPv6 address is banned as its /64. WHMCS, which shows and honours
    the row, knows wildcards of IPv4 alone."""
    written = {"198.54.1.0/24": "198.54.1.*", "198.55.0.0/16": "198.55.*.*"}.get(told, told)
    assert add(one, network, length="1h")["ban"]["network"] == told
    assert [status_for(one, inside), status_for(one, outside)] == [403, 200]
    wait_until(lambda: status_for(two, inside) == 403, 3, "the other bans")
    assert status_for(two, outside) == 200
    wait_until(lambda: rows(mariadb, written), 5, "the row")
    assert lift(two, network)["lifted"] == told
    assert status_for(two, inside) == 200
    wait_until(lambda: status_for(one, inside) == 200, 3, "lifted here too")


def test_which_bans_hold_an_address(one, client):
    """?address=: whether it is banned, by which bans, and whether it is exempt."""
    wide = client.rsplit(".", 1)[0] + ".*"
    answer = ask(one, "GET", "/bans", params={"address": client}).json()
    assert answer == {"address": client, "is_banned": False, "is_exempt": False, "bans": [], "next": None}
    add(one, client)
    add(one, wide, length="1h")
    try:
        answer = ask(one, "GET", "/bans", params={"address": "::ffff:" + client}).json()
        assert answer["address"] == client and answer["is_banned"] is True
        assert {ban["network"] for ban in answer["bans"]} == {client, wide.replace(".*", ".0/24")}
        assert lift(one, client)["still_held_by"] == wide.replace(".*", ".0/24")
        assert status_for(one, client) == 403
        refused(ask(one, "DELETE", f"/bans/{client}"), 404, "network", wide.replace(".*", ".0/24"))
    finally:
        lift(one, wide)
    assert status_for(one, client) == 200


def test_a_narrower_ban_is_no_wider_one(one, client):
    """What still holds the lifted network is told: all of it, not a part."""
    wide, first = client.rsplit(".", 1)[0] + ".0/24", client.rsplit(".", 1)[0] + ".0"
    add(one, wide)
    add(one, first)
    assert lift(one, wide)["still_held_by"] is None
    assert "held by" not in refused(ask(one, "DELETE", "/bans", params={"network": wide}), 404)["detail"]
    assert status_for(one, first) == 403
    lift(one, first)


def test_exempt_addresses_are_let_in_all_the_same(one):
    """Exempt: ban.exempt, trusted proxies and WhitelistedIPs; a ban on one is taken, and said to hold nobody."""
    for network in ("198.19.251.7", "198.19.251.0/24", "127.0.0.1"):
        answer = add(one, network)
        assert "exempt" in answer["warnings"][0]
        lift(one, network)
    add(one, "198.19.*.*")
    try:
        assert [status_for(one, "198.19.251.9"), status_for(one, "198.19.252.9")] == [200, 403]
        answer = ask(one, "GET", "/bans?address=198.19.251.9").json()
        assert answer["is_exempt"] is True and answer["is_banned"] is False and len(answer["bans"]) == 1
    finally:
        lift(one, "198.19.*.*")


def test_a_longer_ban_stays(one, client, mariadb):
    """Adding a shorter ban shortens nothing, and says so; a longer one moves the end, of the row as well."""
    add(one, client, length="1h")
    again = add(one, client, length="5m")
    assert again["is_new"] is False and "longer" in again["warnings"][0] and again["ban"]["seconds_left"] > 3500
    longer = add(one, client, length="2h")
    assert longer["warnings"] == [] and longer["ban"]["seconds_left"] > 7100
    wait_until(lambda: [left > 7000 for _, left in rows(mariadb, client)] == [True], 5, "one row, moved")


@pytest.mark.parametrize("minutes,length,expected", [("2", "", 120), (None, "", 900), ("2", "10 m", 600), ("0", "", None),
                                                    ("2", "0", None)])
def test_the_usual_length(start_gateway, mariadb, client, minutes, length, expected):
    """Without a length, that of a ban for failed logins; where those never ban, a length must be given."""
    mariadb.run("DELETE FROM tblconfiguration WHERE setting = 'InvalidLoginBanLength'")
    if minutes is not None:
        mariadb.run("INSERT INTO tblconfiguration (setting, value) VALUES ('InvalidLoginBanLength', %s)", (minutes,))
    try:
        server = start_gateway({**SETTINGS, "redis.url": "", "ban.length": length})
        if expected is None:
            refused(ask(server, "POST", "/bans", json={"network": client}), 400, "length")
            assert add(server, client, length="1m")["ban"]["seconds_left"] >= 58
        else:
            assert expected - 3 <= add(server, client)["ban"]["seconds_left"] <= expected
        assert status_for(server, client) == 403
    finally:
        mariadb.run("DELETE FROM tblconfiguration WHERE setting = 'InvalidLoginBanLength'")


def test_without_writing_rows(start_gateway, client, mariadb):
    """ban.table=read: no row is written; a ban that has one comes back, and lifting it says so."""
    server = start_gateway({**SETTINGS, "redis.url": "", "ban.table": "read"})
    add(server, client)
    assert status_for(server, client) == 403
    time.sleep(0.6)
    assert rows(mariadb, client) == () and listed(server)[client]["has_row"] is False
    assert lift(server, client)["warnings"] == []
    other = client.replace("198.51", "198.59")
    mariadb.run("INSERT INTO tblbannedips (ip, reason, expires) VALUES (%s, 'x', NOW() + INTERVAL 1 HOUR)", (other,))
    wait_until(lambda: other in listed(server), 5, "the row")
    assert "ban.table=read" in lift(server, other)["warnings"][0]
    wait_until(lambda: other in listed(server), 5, "it is back")
    mariadb.run("DELETE FROM tblbannedips WHERE ip = %s", (other,))


# ---- wrong requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("body,field", [
    ({}, "network"), ({"network": ""}, "network"), ({"network": "999.1.1.1"}, "network"), ({"network": "example.com"}, "network"),
    ({"network": "1.2.3.4/33"}, "network"), ({"network": "0.0.0.0/0"}, "network"), ({"network": "*.*.*.*"}, "network"),
    ({"network": "::/0"}, "network"), ({"network": "1.2.3.4 or 1=1"}, "network"), ({"network": "x" * 9000}, "network"),
    ({"network": "1.2.3.4\x00"}, "network"), ({"network": 16909060}, "network"), ({"network": None}, "network"),
    ({"network": ["1.2.3.4"]}, "network"), ({"network": "1.2.3.4", "length": "forever"}, "length"),
    ({"network": "1.2.3.4", "length": "0"}, "length"), ({"network": "1.2.3.4", "length": "15"}, "length"),
    ({"network": "1.2.3.4", "length": 900}, "length"), ({"network": "1.2.3.4", "length": "-15m"}, "length"),
    ({"network": "1.2.3.4", "length": "99999999h"}, "length"), ({"network": "1.2.3.4", "length": "18446744073709551615h"}, "length"),
    ({"network": "1.2.3.4", "length": ""}, "length"), ({"network": "1.2.3.4", "reason": "x" * 256}, "reason"),
    ({"network": "1.2.3.4", "reason": "two\nlines"}, "reason"), ({"network": "1.2.3.4", "reason": {}}, "reason"),
    ({"network": "1.2.3.4", "until": "tomorrow"}, "until"), ([], "body"), ("1.2.3.4", "body"), (7, "body"), (None, "body")])
def test_wrong_bans(one, body, field):
    """Each wrong input is 400 and names its field; nobody is banned."""
    refused(ask(one, "POST", "/bans", data=json.dumps(body), headers={"Content-Type": "application/json"}), 400, field)
    assert "1.2.3.4" not in listed(one)


@pytest.mark.parametrize("data", [b"", b"{", b'{"network":"1.2.3.4"', b'{"network":"1.2.3.4"}}', b"network=1.2.3.4", b"\xff\xfe",
                                  b'{"network":"\xff"}', b'{"network":"\\ud800"}', b"[" * 200, b"{" * 5000, b"nul\x00"])
def test_what_is_no_json(one, data):
    refused(ask(one, "POST", "/bans", data=data, headers={"Content-Type": "application/json"}), 400, "body")


@pytest.mark.parametrize("data,field", [
    ("", "network"), ("network=1.2.3.4&network=1.2.3.4", "network"), ("netwrok=1.2.3.4", "netwrok"), ("network=%ff", "network"),
    ("network=1.2.3.4&length=x", "length"), ("&&&", "network"), ("=", ""), ("x&" * 600, "x")])
def test_wrong_forms(one, data, field):
    refused(ask(one, "POST", "/bans", data=data, headers={"Content-Type": "application/x-www-form-urlencoded"}), 400, field)


def test_a_form_will_do(one, client):
    answer = requests.post(one.admin + "/bans", data={"network": client, "length": "5 m", "reason": "by curl -d"}, timeout=10)
    assert answer.status_code == 201 and answer.json()["ban"]["network"] == client
    lift(one, client)


@pytest.mark.parametrize("content_type", [None, "text/plain", "multipart/form-data; boundary=x", "application/jsonp", ""])
def test_other_bodies_are_415(one, content_type):
    headers = {} if content_type is None else {"Content-Type": content_type}
    refused(ask(one, "POST", "/bans", data=b'{"network":"1.2.3.4"}', headers=headers), 415, "Content-Type", "application/json")


def test_huge_bodies_are_413(one):
    for size in (17000, 900_000, 3_000_000):
        body = json.dumps({"network": "1.2.3.4", "reason": "x" * size})
        refused(ask(one, "POST", "/bans", data=body, headers={"Content-Type": "application/json"}), 413)


@pytest.mark.parametrize("method,path,allow", [
    ("PUT", "/bans", "GET, HEAD, POST, DELETE"), ("PATCH", "/bans", "GET, HEAD, POST, DELETE"),
    ("OPTIONS", "/bans", "GET, HEAD, POST, DELETE"), ("POST", "/bans/1.2.3.4", "GET, HEAD, DELETE"),
    ("DELETE", "/metrics", "GET, HEAD"), ("POST", "/healthz", "GET, HEAD")])
def test_other_methods_are_405(one, method, path, allow):
    answer = ask(one, method, path)
    refused(answer, 405)
    assert answer.headers["Allow"] == allow


def test_head(one):
    answer = ask(one, "HEAD", "/bans")
    assert answer.status_code == 200 and answer.content == b"" and int(answer.headers["Content-Length"]) > 10


@pytest.mark.parametrize("path,status,field", [
    ("/bans/1.2.3.4", 404, "network"), ("/bans?network=1.2.3.4", 404, "network"), ("/bans", 400, "network"),
    ("/bans/", 400, "network"), ("/bans?network=", 400, "network"), ("/bans/everybody", 400, "network"),
    ("/bans/1.2.3.4/5/6", 400, "network"), ("/bans/%ff", 400, "network"), ("/bans/%zz", 400, "network"),
    ("/bans/1.2.3.4?x=1", 400, "query"), ("/bans?x=1", 400, "x"), ("/bans?network=1.2.3.4&network=1.2.3.5", 400, "network")])
def test_wrong_lifts(one, path, status, field):
    refused(ask(one, "DELETE", path), status, field)


def test_a_body_cut_off_bans_nobody(one, client):
    head = "POST /bans HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
    body = json.dumps({"network": client})
    for _ in range(20):
        with Raw(one.admin_port) as connection:
            connection.send((head.format(len(body) + 1) + body).encode())
    with Raw(one.admin_port) as connection:
        connection.send_slowly((head.format(len(body)) + body).encode(), 7)
        assert connection.reply().status == 201, "and in pieces it is as good as whole"
    lift(one, client)
    assert status_for(one, client) == 200


# ---- who may ask ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers,content,status", [
    ({"Origin": "https://evil.example"}, "form", 403), ({"Origin": "null"}, "form", 403),
    ({"Origin": "https://evil.example"}, "json", 403), ({"Host": "evil.example"}, "json", 421),
    ({"Host": "evil.example", "Origin": "http://evil.example"}, "form", 421)])
def test_pages_of_strangers_change_nothing(one, client, headers, content, status):
    """checks `Host`, against DNS rebinding; and Origin, against forms of other pages."""
    body = {"data": {"network": client}} if content == "form" else {"json": {"network": client}}
    refused(ask(one, "POST", "/bans", headers=headers, **body), status)
    refused(ask(one, "DELETE", "/bans/198.51.0.1", headers=headers), status)
    assert client not in listed(one)
    if "Host" in headers:
        refused(ask(one, "GET", "/bans", headers=headers), 421, "Host")


def test_its_own_pages_may(one, client):
    assert ask(one, "POST", "/bans", headers={"Origin": one.admin}, data={"network": client}).status_code == 201
    assert ask(one, "DELETE", f"/bans/{client}", headers={"Origin": one.admin}).status_code == 200


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def start_beyond(start_gateway):
    """start_beyond({…}): a gateway whose admin listener is on 0.0.0.0."""
    def start(more=None, environment=None):
        port = free_port()
        server = start_gateway({**SETTINGS, "redis.url": "", "admin.listen": f"0.0.0.0:{port}", **(more or {})}, wait_ready=False,
                               environment=environment)
        server.admin_port = port
        wait_until(server.is_ready, 30, "ready")
        return server
    return start


def test_beyond_loopback_the_token_is_asked_for(start_beyond, client, place):
    """asks for `admin.token` wherever it listens beyond loopback: by all but /healthz and /readyz"""
    path = place / "admin-token"
    path.write_text(TOKEN + "\n")
    server = start_beyond(environment={"PORTCULLIS_ADMIN_TOKEN_FILE": str(path)})
    for page in ("/healthz", "/readyz"):
        assert ask(server, "GET", page).status_code == 200
    wrong = [{}, bearer("wrong-wrong-wrong-wrong"), bearer(TOKEN[:-1]), bearer(TOKEN + "x"), bearer(""), bearer(TOKEN.lower()),
             {"Authorization": TOKEN}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": "Bearer"}]
    for headers in wrong:
        for method, page in (("GET", "/bans"), ("GET", "/metrics"), ("GET", "/nope"), ("POST", "/bans"), ("DELETE", "/bans/1.2.3.4")):
            answer = ask(server, method, page, headers=headers)
            refused(answer, 401, "Authorization", "admin.token")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert TOKEN not in answer.text
    answer = ask(server, "POST", "/bans", json={"network": client}, headers=bearer(TOKEN))
    assert answer.status_code == 201 and status_for(server, client) == 403
    assert ask(server, "GET", "/metrics", headers=bearer(TOKEN)).status_code == 200
    refused(ask(server, "GET", "/nope", headers=bearer(TOKEN)), 404)
    refused(ask(server, "GET", "/bans", headers={**bearer(TOKEN), "Host": "evil.example"}), 421)
    assert ask(server, "DELETE", f"/bans/{client}", headers=bearer(TOKEN)).status_code == 200
    metrics = ask(server, "GET", "/metrics", headers=bearer(TOKEN)).text
    cmdline = pathlib.Path(f"/proc/{server.process.pid}/cmdline").read_text()
    for text in (server.out_text(), server.error_text(), metrics, cmdline):
        assert TOKEN not in text
    assert f"portcullis_admin_refused_total {len(wrong) * 5 + 1}\n" in metrics, "guessing is seen"


def test_beyond_loopback_without_a_token_nothing_is_served(start_beyond):
    """Nothing but /healthz and /readyz, and the refusal names the setting; the API itself goes on."""
    server = start_beyond()
    for method, page in (("GET", "/bans"), ("GET", "/metrics"), ("POST", "/bans"), ("GET", "/nope")):
        refused(ask(server, method, page, headers=bearer("")), 403, "admin.token")
    assert ask(server, "GET", "/healthz").status_code == 200
    assert status_for(server, "198.51.200.1") == 200
    done = cli(server, "list")
    assert done.returncode == 1 and "admin.token" in done.stderr


def test_on_loopback_the_token_guards_changes(start_gateway, client):
    """On loopback everybody may read; a token that is set is asked of what changes something."""
    server = start_gateway({**SETTINGS, "redis.url": "", "admin.token": TOKEN})
    assert ask(server, "GET", "/bans").status_code == 200 and ask(server, "GET", "/metrics").status_code == 200
    refused(ask(server, "POST", "/bans", json={"network": client}), 401)
    refused(ask(server, "DELETE", f"/bans/{client}"), 401)
    assert ask(server, "POST", "/bans", json={"network": client}, headers=bearer(TOKEN)).status_code == 201
    assert status_for(server, client) == 403


def test_check_tells_of_a_missing_token(settings):
    words = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    for listen, token, is_told in (("0.0.0.0:9180", "", True), ("127.0.0.1:9180", "", False), ("[::1]:9180, [::]:9181", "", True),
                                   ("0.0.0.0:9180", TOKEN, False), ("unix:/run/x.sock", "", False), ("", "", False)):
        done = run_binary("check", *words, "-o", f"admin.listen={listen}", "-o", f"admin.token={token}")
        assert ("admin.token" in done.stdout) == is_told, (listen, done.stdout)
        assert done.returncode == 0


# ---- the command ---------------------------------------------------------------------------------------


def cli(server, *words, environment=None, listen=None):
    """portcullis bans WORDS against this gateway."""
    listen = listen or server.settings["admin.listen"]
    return run_binary("bans", *words, "-o", f"admin.listen={listen}", environment={"TZ": "UTC", **(environment or {})})


def test_the_command_adds_lists_and_removes(one, two, client, mariadb):
    """bans add, list, remove: as over HTTP; 0 good, 1 failed, 2 wrong usage."""
    done = cli(one, "add", client, "1h", "seen scanning")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert re.fullmatch(re.escape(client) + r" is banned until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n", done.stdout), done.stdout
    assert status_for(one, client) == 403
    wait_until(lambda: status_for(two, client) == 403, 3, "the other bans")
    (reason, left), = wait_until(lambda: rows(mariadb, client), 5, "the row")
    assert reason == "seen scanning" and 3580 <= left <= 3600
    wait_until(lambda: logged(mariadb, f"{client} banned for 3600 s"), 5, "the line")
    wait_until(lambda: listed(one)[client]["has_row"], 5, "the row is known")

    done = cli(one, "list")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["NETWORK", "UNTIL", "LEFT", "ROW"]
    mine, = [line for line in lines if line.startswith(client + " ")]
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC +(1h|59m \d+s) +yes$", mine), mine
    assert len({line.index("UTC") for line in lines[1:]}) == 1, "aligned"

    done = cli(two, "remove", client)
    assert (done.returncode, done.stderr) == (0, "") and client in done.stdout
    assert status_for(two, client) == 200
    wait_until(lambda: status_for(one, client) == 200, 3, "lifted there too")
    wait_until(lambda: not rows(mariadb, client), 5, "no row")
    wait_until(lambda: logged(mariadb, f"{client} is no longer banned"), 5, "the line")
    done = cli(two, "remove", client)
    assert done.returncode == 1 and client in done.stderr and done.stdout == ""


def test_the_command_prints_json(one, client):
    add(one, client, length="1h")
    done = cli(one, "list", "--json")
    assert done.returncode == 0, done.stderr
    bans = {ban["network"]: ban for ban in json.loads(done.stdout)["bans"]}
    assert set(bans[client]) == {"network", "expires", "expires_at", "seconds_left", "has_row"}
    assert bans[client]["expires"] == listed(one)[client]["expires"]
    done = cli(one, "list", client, "--json")
    assert json.loads(done.stdout)["is_banned"] is True
    lift(one, client)


def test_the_command_tells_of_one_address(one, client):
    assert cli(one, "list", client).stdout == f"{client} is not banned\n"
    add(one, client)
    lines = cli(one, "list", client).stdout.splitlines()
    assert lines[0] == f"{client} is banned" and lines[2].startswith(client)
    assert cli(one, "list", "198.19.251.3").stdout.startswith("198.19.251.3 is exempt")
    done = cli(one, "add", "198.19.251.3")
    assert done.returncode == 0 and "exempt" in done.stderr
    lift(one, "198.19.251.3")
    lift(one, client)


def test_no_bans(start_gateway, mariadb):
    mariadb.run("DELETE FROM tblbannedips")
    server = start_gateway({**SETTINGS, "redis.url": ""})
    done = cli(server, "list")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no bans\n", "")
    assert json.loads(cli(server, "list", "--json").stdout) == {"bans": []}


def test_many_bans_and_sorted(start_gateway, mariadb):
    """Thousands, page by page; IPv4 in the order of numbers."""
    mariadb.run("DELETE FROM tblbannedips")
    addresses = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(21000)]
    for start in range(0, len(addresses), 3000):
        mariadb.run("INSERT INTO tblbannedips (ip, reason, expires) VALUES "
                    + ",".join(f"('{ip}', 'many', NOW() + INTERVAL 1 HOUR)" for ip in addresses[start:start + 3000]))
    try:
        server = start_gateway({**SETTINGS, "redis.url": "", "ban.table_poll": "1h"})
        wait_until(lambda: server.metrics()["portcullis_bans"] == len(addresses), 30, "all are read")
        done = cli(server, "list")
        assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == addresses
        assert len(json.loads(cli(server, "list", "--json").stdout)["bans"]) == len(addresses)
    finally:
        mariadb.run("DELETE FROM tblbannedips")


@pytest.mark.parametrize("words,code,word", [
    (["bans"], 2, "bans add"), (["bans", "nope"], 2, "bans remove"), (["bans", "add"], 2, "NETWORK"),
    (["bans", "remove"], 2, "NETWORK"), (["bans", "remove", "1.2.3.4", "1.2.3.5"], 2, "1.2.3.5"),
    (["bans", "add", "1.2.3.4", "1h", "a", "reason"], 2, "reason"), (["bans", "list", "1.2.3.4", "x"], 2, "x"),
    (["bans", "list", "--nope"], 2, "--json"), (["bans", "add", "--json", "1.2.3.4"], 2, "--json"), (["ban"], 2, "bans list"),
    (["list"], 2, "bans list"), (["serve", "list"], 2, "list"), (["bans", "list", "--", "--json"], 2, "address")])
def test_wrong_usage(one, words, code, word):
    done = run_binary(*words, "-o", f"admin.listen=127.0.0.1:{one.admin_port}") if "--" not in words else \
        run_binary("-o", f"admin.listen=127.0.0.1:{one.admin_port}", *words)
    assert done.returncode == code and word in done.stderr and done.stdout == "", (done.stdout, done.stderr)


@pytest.mark.parametrize("words,field", [
    (["add", "999.9.9.9"], "network"), (["add", "0.0.0.0/0"], "network"), (["add", "1.2.3.4", "forever"], "length"),
    (["add", "1.2.3.4", "1h", "two\nlines"], "reason"), (["remove", "nobody"], "network"), (["remove", ""], "network"),
    (["list", "1.2.3.0/24"], "address"), (["add", "a&b=c#?%"], "network"), (["add", b"\xff\xfe"], "network")])
def test_wrong_values(one, words, field):
    """A value that the gateway refuses is wrong usage; the field, the fault and what is allowed are told."""
    done = cli(one, *words)
    assert done.returncode == 2 and f"portcullis: {field}: " in done.stderr and "allowed" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("words", [["bans", "--help"], ["bans", "list", "--help"], ["bans", "add", "-h"], ["--help", "bans", "remove"]])
def test_help(words):
    done = run_binary(*words)
    assert done.returncode == 0 and done.stderr == ""
    assert "Usage: portcullis bans" in done.stdout and "admin.listen" in done.stdout and "admin.token" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert "bans add" in run_binary("--help").stdout


def test_nobody_answers(place):
    """Standard error says what to look at; exit code 1."""
    port = free_port()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        for listen in (f"127.0.0.1:{port}", f"0.0.0.0:{port}", f"[::1]:{port}", f"unix:{place}/nobody.sock", ""):
            for words in (["bans", "list"], ["bans", "add", "1.2.3.4"], ["bans", "remove", "1.2.3.4"], ["healthcheck"]):
                done = run_binary(*words, "-o", f"admin.listen={listen}")
                assert done.returncode == 1 and "admin.listen" in done.stderr and done.stdout == "", done.stderr


def test_another_server_answers(mariadb, gateway):
    """Whatever answers there and is no admin listener is told so, and never believed."""
    done = run_binary("bans", "list", "-o", f"admin.listen=127.0.0.1:{mariadb.port}")
    assert done.returncode == 1 and str(mariadb.port) in done.stderr
    done = run_binary("bans", "list", "-o", f"admin.listen=127.0.0.1:{gateway.port}")
    assert done.returncode == 1 and done.stdout == "" and done.stderr


def test_proxies_of_the_environment_are_not_asked(one, client):
    port = free_port()
    proxies = {name: f"http://127.0.0.1:{port}" for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")}
    assert cli(one, "list", client, environment=proxies).returncode == 0


def test_the_command_and_the_token(start_beyond, client, place):
    """The token comes from a file, goes along, and is never printed, logged or seen in /proc/PID/cmdline."""
    good, bad = place / "token-good", place / "token-bad"
    good.write_text(TOKEN)
    bad.write_text("wrong-wrong-wrong-wrong")
    server = start_beyond(environment={"PORTCULLIS_ADMIN_TOKEN_FILE": str(good)})
    texts = []
    for words, path, code in ((["list"], None, 1), (["list"], bad, 1), (["add", client], bad, 1), (["add", client], good, 0),
                              (["list"], good, 0), (["remove", client], good, 0)):
        done = cli(server, *words, environment={"PORTCULLIS_ADMIN_TOKEN_FILE": str(path)} if path else None)
        assert done.returncode == code, (words, done.stderr)
        if code:
            assert "PORTCULLIS_ADMIN_TOKEN_FILE" in done.stderr
        texts += [done.stdout, done.stderr]
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        process = subprocess.Popen([BINARY, "bans", "list", "-o", f"admin.listen=127.0.0.1:{silent.getsockname()[1]}"],
                                   env=clean_environment({"PORTCULLIS_ADMIN_TOKEN_FILE": str(good)}), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        connection, _ = silent.accept()
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += connection.recv(4096)
        assert f"authorization: bearer {TOKEN}".encode().lower() in asked.lower()
        texts.append(pathlib.Path(f"/proc/{process.pid}/cmdline").read_text())
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<hi/>")
        connection.close()
        out, error = process.communicate(timeout=20)
        assert process.returncode == 1 and out == ""
        texts.append(error)
    time.sleep(0.3)
    for text in (*texts, server.out_text(), server.error_text()):
        assert TOKEN not in text


def test_healthcheck_sends_no_token(place):
    """/healthz needs none: whoever took the port of a gateway that is down learns nothing."""
    path = place / "token-healthcheck"
    path.write_text(TOKEN)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        process = subprocess.Popen([BINARY, "healthcheck", "-o", f"admin.listen=127.0.0.1:{other.getsockname()[1]}"],
                                   env=clean_environment({"PORTCULLIS_ADMIN_TOKEN_FILE": str(path)}))
        connection, _ = other.accept()
        asked = connection.recv(4096)
        connection.sendall(b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n")
        connection.close()
        assert process.wait(20) == 1 and asked.startswith(b"GET /healthz ") and TOKEN.encode() not in asked


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


@pytest.mark.parametrize("listen", ["unix:{place}/admin-{port}.sock", "0.0.0.0:{port}", "[::1]:{port}", "[::]:{port}",
                                    "127.0.0.1:{port} proxy_protocol=on", "unix:{place}/proxied-{port}.sock proxy_protocol=on"])
def test_every_kind_of_listener_can_be_asked(start_gateway, place, client, listen):
    """The first address of admin.listen, whatever it is; what listens everywhere is asked on loopback."""
    if "[" in listen and not has_ipv6():
        pytest.skip("no IPv6 here")
    admin = listen.format(place=place, port=free_port())
    second = free_port()
    server = start_gateway({**SETTINGS, "redis.url": "", "admin.listen": f"{admin}, 127.0.0.1:{second}", "admin.token": TOKEN},
                           wait_ready=False)
    server.admin_port = second
    wait_until(server.is_ready, 30, "ready")
    environment = {"PORTCULLIS_ADMIN_TOKEN": TOKEN}
    for words in (["healthcheck"], ["healthcheck", "--ready"], ["bans", "add", client], ["bans", "list", client]):
        done = run_binary(*words, "-o", f"admin.listen={admin}", environment=environment)
        assert done.returncode == 0, (words, done.stderr)
    assert f"{client} is banned" in done.stdout
    done = run_binary("bans", "list", "-o", f"admin.listen={admin}", environment={"PORTCULLIS_ADMIN_TOKEN": "x" * 20})
    is_beyond = "0.0.0.0" in listen or "[::]" in listen
    assert done.returncode == (1 if is_beyond else 0), done.stderr


def test_a_listener_for_proxies_alone(start_gateway):
    """proxy_protocol=on: who is no trusted proxy is closed; the command says what is missing."""
    listen, second = f"127.0.0.1:{free_port()} proxy_protocol=on", free_port()
    server = start_gateway({"admin.listen": f"{listen}, 127.0.0.1:{second}"}, wait_ready=False)
    server.admin_port = second
    wait_until(server.is_ready, 30, "ready")
    for words in (["healthcheck"], ["bans", "list"]):
        done = run_binary(*words, "-o", f"admin.listen={listen}")
        assert done.returncode == 1 and "http.trusted_proxies" in done.stderr, done.stderr


def test_healthcheck_tells_a_gateway_that_is_not_ready(start_gateway, settings):
    server = start_gateway({"mysql.database": "nowhere"}, wait_ready=False)
    wait_until(lambda: server.readyz() == 503, 30, "/readyz fails")
    done = run_binary("healthcheck", "-o", f"admin.listen=127.0.0.1:{server.admin_port}")
    assert done.returncode == 0 and "ok" in done.stdout
    done = run_binary("healthcheck", "--ready", "-o", f"admin.listen=127.0.0.1:{server.admin_port}")
    assert done.returncode == 1 and "503" in done.stderr and "could not be read" in done.stderr
