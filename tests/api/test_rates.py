"""spec/auth-and-bans.md and remote-api.md, Errors: 429 `Rate Limit Exceeded`, `Retry-After`; rate.per_address and
rate.per_admin as N/second with burst, off by default, shared through Redis.

Clients are told apart by X-Forwarded-For, which the gateways believe of loopback.
"""

import re
import time

import pytest

from support.answers import Client
from support.ports import wait_until

TRUSTING = {"http.trusted_proxies": "127.0.0.0/8"}
SLOW = "1/second burst 5"


def ask(server, client, user="alice", **more):
    return Client(server.url).get("projects/100", user=user, headers={"X-Forwarded-For": client}, **more)


def statuses(server, client, count, user="alice"):
    return [ask(server, client, user).status for _ in range(count)]


def test_off_by_default(gateway):
    answer = Client(gateway.url).get("projects/100").success()
    assert "RateLimit" not in answer.headers and "RateLimit-Policy" not in answer.headers


def test_an_address_has_its_burst(start_gateway):
    """Past the burst 429 with Retry-After, in each format; other addresses do not notice."""
    server = start_gateway({**TRUSTING, "redis.url": "", "rate.per_address": SLOW})
    assert statuses(server, "203.0.113.1", 5) == [200] * 5
    answer = ask(server, "203.0.113.1")
    answer.expect(429, "Rate Limit Exceeded", "rate_limited")
    assert int(answer.headers["Retry-After"]) >= 1
    tree = ask(server, "203.0.113.1", fmt="xml").tree
    assert tree.find("request/code").text == "429" and tree.find("request/message").text == "Rate Limit Exceeded"
    assert statuses(server, "203.0.113.2", 5) == [200] * 5
    assert ask(server, "203.0.113.1", user=None).status == 429, "before the login is looked at"
    assert server.metrics()["portcullis_limit_rate_address_total"] == 3


def test_time_brings_tokens_back(start_gateway):
    server = start_gateway({**TRUSTING, "redis.url": "", "rate.per_address": "5/second burst 5"})
    assert 429 in statuses(server, "203.0.113.3", 50)
    time.sleep(1.2)
    assert statuses(server, "203.0.113.3", 4) == [200] * 4


def test_the_fields(start_gateway):
    """RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11) on every answer, refusals too."""
    server = start_gateway({**TRUSTING, "redis.url": "", "rate.per_address": SLOW, "rate.per_admin": "2/second burst 100"})
    answer = ask(server, "203.0.113.4").success()
    assert answer.headers["RateLimit-Policy"] == '"address";q=5;w=5, "admin";q=100;w=50'
    assert re.fullmatch(r'"address";r=4;t=\d+, "admin";r=\d+;t=\d+', answer.headers["RateLimit"])
    statuses(server, "203.0.113.4", 6)
    answer = ask(server, "203.0.113.4").expect(429)
    assert answer.headers["RateLimit"] == '"address";r=0;t=%s' % answer.headers["Retry-After"]


def test_an_admin_has_his_own(start_gateway):
    """rate.per_admin counts an administrator wherever he calls from, and nobody else; a login checked by a worker is
    counted as one known from memory."""
    server = start_gateway({**TRUSTING, "redis.url": "", "rate.per_admin": SLOW})
    seen = [ask(server, f"203.0.113.{10 + n}", "bob").status for n in range(8)]
    assert seen[:5] == [200] * 5 and set(seen[5:]) <= {429, 200} and 429 in seen
    assert statuses(server, "203.0.113.10", 3, "alice") == [200] * 3
    answer = next(answer for answer in (ask(server, "203.0.113.10", "bob") for _ in range(20)) if answer.status == 429)
    answer.expect(429, "Rate Limit Exceeded", "rate_limited")


def test_wrong_logins_are_limited_before_they_are_tried(start_gateway):
    """Order: framing, ban, rate, …: what is over the limit costs no login and counts as none."""
    server = start_gateway({**TRUSTING, "redis.url": "", "rate.per_address": SLOW, "ban.exempt": "0.0.0.0/0"})
    seen = [ask(server, "203.0.113.30", query={"password": "0" * 32}).status for _ in range(9)]
    assert seen[:5] == [401] * 5 and 429 in seen
    assert server.metrics()["portcullis_auth_failures_total"] == seen.count(401)


def test_ipv6_is_counted_by_its_64(start_gateway):
    server = start_gateway({**TRUSTING, "redis.url": "", "rate.per_address": SLOW})
    assert [ask(server, f"2001:db8:7:1::{n}").status for n in range(1, 6)] == [200] * 5
    assert ask(server, "2001:db8:7:1:ffff::1").status == 429
    assert ask(server, "2001:db8:7:2::1").status == 200


def test_gateways_share_through_redis(start_gateway, redis_server):
    """Shared through Redis when there: two gateways together grant what one would, and soon know it."""
    server = {**TRUSTING, "redis.prefix": "rates:", "rate.per_address": "1/second burst 20"}
    one, two = start_gateway(server), start_gateway(server)
    for gateway in (one, two):
        wait_until(lambda gateway=gateway: gateway.metrics()["portcullis_redis_up"] == 1, 10, "Redis is there")
    started = time.monotonic()
    assert statuses(one, "203.0.113.40", 20) == [200] * 20
    wait_until(lambda: ask(two, "203.0.113.40").status == 429, 3, "the other knows")
    granted = statuses(two, "203.0.113.40", 10).count(200)
    assert granted <= time.monotonic() - started + 1


def test_redis_away_changes_nothing_for_one_gateway(start_gateway):
    server = start_gateway({**TRUSTING, "redis.url": "redis://127.0.0.1:1", "rate.per_address": SLOW})
    seen = statuses(server, "203.0.113.50", 8)
    assert seen[:5] == [200] * 5 and 429 in seen


@pytest.mark.parametrize("value", ["5", "5/minute", "0/second", "-1/second", "5/second burst 0", "x/second", "5/second burst",
                                   "99999999999999999999/second"])
def test_a_bad_rate_is_refused_at_start(start_gateway, settings, value):
    from support.gateway import run_binary
    options = [word for key, text in {**settings, "rate.per_address": value}.items() for word in ("-o", f"{key}={text}")]
    run = run_binary("check", *options)
    assert run.returncode != 0 and "rate.per_address" in run.stdout + run.stderr
