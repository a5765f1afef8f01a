"""spec/auth-and-bans.md, Bans, and spec/abuse-api.md: a wrong API_ID is a failed login; bans and rates in this envelope."""

import itertools
import json
import threading
import time

import pytest

from support import abuse
from support.abuse import DISABLED, GOOD, OTHER, PATH, Reporter, encoded
from support.answers import Client, credentials
from support.fixture import md5
from support.ports import wait_until
from support.raw import Raw

_clients = itertools.count(1)
SETTINGS = {"mysql.database": abuse.DATABASE, "http.trusted_proxies": "127.0.0.0/8", "ban.exempt": "", "redis.url": "",
            "ban.table_poll": "200ms"}


@pytest.fixture(scope="module")
def guarded(module_gateway, abuse_gateway):
    return module_gateway(SETTINGS)


@pytest.fixture
def client():
    """An address that no other test has (198.18.0.0/15 is for benchmarks)."""
    number = next(_clients)
    return f"198.19.{number >> 8}.{number & 255}"


@pytest.fixture(autouse=True)
def no_rows(reports):
    yield
    reports.run("DELETE FROM tblbannedips")


def report(server, client, identifier=GOOD, **more):
    return Reporter(server.url, identifier).report(service_id="99", headers={"X-Forwarded-For": client}, **more)


def test_three_wrong_ones_ban_the_address(guarded, client, reports):
    """ban.attempts (3) failures ban; the third still answers 401; from then on 403, GW006"""
    for identifier in ("wrong", DISABLED, "x" * 300):
        report(guarded, client, identifier).refused(401, "AMP001")
    report(guarded, client).refused(403, "GW006", "IP Banned")
    report(guarded, client, None).refused(403, "GW006", "IP Banned")
    wait_until(lambda: reports.run("SELECT 1 FROM tblbannedips WHERE ip = %s", client), 5, "the row")
    answer = Client(guarded.url).get("projects/100", headers={"X-Forwarded-For": client})
    assert answer.message == "IP Banned", "of the Remote API too"
    assert reports.counts()[abuse.REPORTS] == 0


def test_a_ban_of_the_remote_api_counts_here(guarded, client):
    for _ in range(3):
        assert Client(guarded.url).get("projects/100", user=None, query=credentials("alice", md5("wrong")),
                                       headers={"X-Forwarded-For": client}).status == 401
    report(guarded, client).refused(403, "GW006", "IP Banned")


def test_both_apis_failures_add_up(guarded, client):
    report(guarded, client, "wrong").refused(401, "AMP001")
    assert Client(guarded.url).get("projects/100", user=None, query=credentials("bob", md5("wrong")),
                                   headers={"X-Forwarded-For": client}).status == 401
    report(guarded, client, "wrong").refused(401, "AMP001")
    report(guarded, client).refused(403, "GW006")


def test_what_does_not_count(guarded, client):
    """Missing credentials, ambiguous ones, and bad requests never count."""
    for _ in range(5):
        report(guarded, client, None).refused(401, "AMP001")
        Reporter(guarded.url).report(headers={"X-Forwarded-For": client, "API-ID": "wrong"}).refused(401, "AMP001")
        report(guarded, client, suspend_method="x").refused(422, "GW005")
    report(guarded, client).refused(404, "GW004")


def test_a_right_one_does_not_cover_for_guessing(guarded, client):
    """A success clears that credential's failures at that address only."""
    for number in range(3):
        report(guarded, client, "guess").refused(401, "AMP001")
        if number < 2:
            report(guarded, client).refused(404, "GW004")
            report(guarded, client, OTHER).refused(404, "GW004")
    report(guarded, client).refused(403, "GW006")


def test_a_credential_that_is_right_again_clears_its_own(guarded, client, reports):
    wrong = [report(guarded, client, DISABLED).status for _ in range(2)]
    assert wrong == [401, 401]
    reports.run("UPDATE tbladmins SET disabled = 0 WHERE id = 3")
    try:
        report(guarded, client, DISABLED).refused(404, "GW004")
    finally:
        reports.run("UPDATE tbladmins SET disabled = 1 WHERE id = 3")
    assert [report(guarded, client, "guess").status for _ in range(2)] == [401, 401]
    report(guarded, client).refused(404, "GW004")


def test_a_banned_request_costs_no_statement(start_gateway, client, reports):
    """decided before any database work, in every method and with any body"""
    server = start_gateway({**SETTINGS, "ban.table_poll": "1h", "abuse.poll": "1h"})
    for _ in range(3):
        report(server, client, "wrong")
    report(server, client).refused(403, "GW006")
    wait_until(lambda: reports.run("SELECT 1 FROM tblbannedips WHERE ip = %s", client), 20, "the ban's row")
    wait_until(lambda: reports.run("SELECT 1 FROM tblactivitylog WHERE description LIKE %s", f"%{client} banned%"), 20, "its line")
    time.sleep(0.5)  # the last of the keeper's statements is counted once it has ended
    before = server.metrics()["portcullis_database_statements_total"]
    reporter, fields = Reporter(server.url), {"X-Forwarded-For": client}
    for method in ("POST", "GET", "PUT", "OPTIONS"):
        reporter.send("x" * 100, method=method, headers=fields).refused(403, "GW006", "IP Banned")
    assert server.metrics()["portcullis_database_statements_total"] == before


def head(client, identifier, length):
    return (f"POST {PATH} HTTP/1.1\r\nHost: t\r\nAPI_ID: {identifier}\r\nX-Forwarded-For: {client}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n").encode()


def test_pipelining_cannot_outrun_the_ban(guarded, client):
    """At most ban.attempts logins of one address may be undecided at a time; more wait and meet the new count."""
    body = encoded().encode()
    with Raw(guarded.port, timeout=60) as connection:
        connection.send(b"".join(head(client, f"guess{n}", len(body)) + body for n in range(12)))
        assert [connection.reply().status for _ in range(12)] == [401] * 3 + [403] * 9


def test_many_connections_cannot_either(guarded, client):
    body, statuses, lock = encoded().encode(), [], threading.Lock()

    def guess(number):
        with Raw(guarded.port, timeout=60) as connection:
            connection.send(head(client, f"guess{number}", len(body)) + body)
            status = connection.reply().status
        with lock:
            statuses.append(status)
    threads = [threading.Thread(target=guess, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [401] * 3 + [403] * 21


def test_many_right_ones_wait_and_are_let_in(guarded, client):
    """A cold start of many reporters with one credential behind one address."""
    body, statuses, lock = encoded(service_id="99").encode(), [], threading.Lock()

    def tell():
        with Raw(guarded.port, timeout=60) as connection:
            connection.send(head(client, OTHER, len(body)) + body)
            status = connection.reply().status
        with lock:
            statuses.append(status)
    threads = [threading.Thread(target=tell) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [404] * 24


def test_who_leaves_while_in_line_leaves_nothing_behind(guarded, client, reports):
    """Clients that go while their credential is undecided; those behind them go on."""
    body = encoded().encode()
    for number in range(30):
        with Raw(guarded.port) as connection:
            connection.send(head(client, GOOD if number % 2 else f"guess{number}", len(body)) + body[:number])
    wait_until(lambda: guarded.metrics()["portcullis_pool_queued"] == 0, 10, "the queue empties")
    assert report(guarded, client).status in (403, 404)
    assert guarded.process.poll() is None


# ---- rates -----------------------------------------------------------------------------------------------

def test_too_many_requests_of_an_address(start_gateway, client, reports):
    """429, GW006, Retry-After, the RateLimit fields; before the credential is looked at"""
    server = start_gateway({**SETTINGS, "rate.per_address": "1/second burst 3"})
    answers = [report(server, client, identifier) for identifier in (GOOD, None, GOOD)]
    assert [answer.status for answer in answers] == [404, 401, 404]
    assert answers[0].headers["RateLimit-Policy"].startswith('"address";q=3;w=3') and "RateLimit" in answers[0].headers
    answer = report(server, client, "wrong")
    while answer.status == 401:  # a slow machine has given tokens back
        answer = report(server, client, None)
    answer.refused(429, "GW006")
    assert answer.description.startswith("Too many requests: 3 may come at once") and int(answer.headers["Retry-After"]) >= 1


def test_too_many_requests_of_an_admin(start_gateway, client, reports):
    server = start_gateway({**SETTINGS, "rate.per_admin": "1/second burst 2"})
    statuses = [report(server, client).status for _ in range(2)]
    assert statuses == [404, 404]
    answer = wait_until(lambda: next((a for a in (report(server, client) for _ in range(20)) if a.status == 429), None), 20, "429")
    answer.refused(429, "GW006")
    assert '"admin"' in answer.headers["RateLimit"]


# ---- the database away -----------------------------------------------------------------------------------

def test_without_a_database_nobody_is_refused_for_good(start_gateway, place, client, reports):
    """503, GW007, Retry-After; it counts for nothing"""
    server = start_gateway({**SETTINGS, "mysql.socket": str(place / "nowhere.sock"), "mysql.connect_timeout": "200ms"}, wait_ready=False)
    wait_until(lambda: server.readyz() == 503, 30, "it is up")
    for _ in range(5):
        answer = report(server, client).refused(503, "GW007")
        assert int(answer.headers["Retry-After"]) >= 1
    assert json.loads(report(server, client, None).http.content)["error_code"] == "AMP001"
