"""What answers tell beside the envelope, for the sandbox and who likes (docs/decisions.md, "Answers"): Server-Timing on request,
and how many logins may still fail."""

import re

import pytest

from support.answers import Client

PHASES = ["parse", "auth", "queue", "db", "render"]
FIELD = "X-Login-Attempts-Left"


def timing(answer):
    return re.findall(r"([a-z]+);dur=([0-9]+\.[0-9]{3})", answer.headers["Server-Timing"])


@pytest.mark.parametrize("prefer", ["server-timing", "respond-async, Server-Timing", "server-timing;x=1"])
def test_time_by_phase_comes_where_it_is_preferred(api, prefer):
    answer = api.ask("projects/100/actions", headers={"Prefer": prefer}).success()
    assert [name for name, _ in timing(answer)] == PHASES
    assert sum(float(duration) for _, duration in timing(answer)) > 0


@pytest.mark.parametrize("prefer", [None, "", "server-timings", "x=server-timing", '"server-timing"'])
def test_it_does_not_come_unasked(api, prefer):
    headers = {} if prefer is None else {"Prefer": prefer}
    assert "Server-Timing" not in api.ask("projects/100", headers=headers).success().headers


def test_strangers_are_not_told_how_long_a_login_took(api):
    answer = api.ask("projects/100", user=None, query={"username": "alice", "password": "0" * 32}, headers={"Prefer": "server-timing"})
    assert answer.status == 401 and "Server-Timing" not in answer.headers


def test_downloads_tell_it_too(api):
    answer = api.ask("files/2/download", headers={"Prefer": "server-timing"})
    assert answer.status == 200, answer.http.text[:300]
    assert [name for name, _ in timing(answer)] == PHASES


def wrong(gateway, address="203.0.113.9", user="alice"):
    return Client(gateway.url).ask("projects/100", user=None, query={"username": user, "password": "0" * 32},
                                   headers={"X-Forwarded-For": address})


BANNING = {"ban.exempt": "", "http.trusted_proxies": "127.0.0.1"}


def test_failed_logins_say_how_many_are_left_and_a_ban_follows_at_none(start_gateway):
    gateway = start_gateway({**BANNING, "ban.table": "read", "ban.length": "1m", "redis.url": ""})
    answers = [wrong(gateway, user=name) for name in ("alice", "nobody", "alice")]
    assert [(answer.status, answer.headers[FIELD]) for answer in answers] == [(401, "2"), (401, "1"), (401, "0")]
    last = wrong(gateway)
    last.expect(403, "IP Banned")
    assert FIELD not in last.headers
    assert wrong(gateway, "203.0.113.10").headers[FIELD] == "2", "each address has its own"


def test_who_gives_no_credentials_is_told_too_and_loses_nothing(start_gateway):
    gateway = start_gateway({**BANNING, "ban.table": "read", "ban.length": "1m", "redis.url": ""})
    for _ in range(4):
        answer = Client(gateway.url).ask("projects/100", user=None, headers={"X-Forwarded-For": "203.0.113.11"})
        assert (answer.status, answer.headers[FIELD]) == (401, "3")


def test_where_nothing_bans_nothing_is_counted_down(gateway, start_gateway):
    assert FIELD not in wrong(gateway, "127.0.0.1").headers, "127.0.0.0/8 is exempt in these tests"
    never = start_gateway({**BANNING, "ban.length": "0"})
    assert FIELD not in wrong(never).headers


def test_a_success_gives_tries_back(start_gateway):
    gateway = start_gateway({**BANNING, "ban.table": "read", "ban.length": "1m", "redis.url": ""})
    assert wrong(gateway).headers[FIELD] == "2"
    right = Client(gateway.url).ask("projects/100", headers={"X-Forwarded-For": "203.0.113.9"})
    right.success()
    assert FIELD not in right.headers
    assert wrong(gateway).headers[FIELD] == "2"
