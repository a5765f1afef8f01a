"""spec/auth-and-bans.md, Admin login: bcrypt "runs on the worker pool, is bounded (auth.max_hashing)". A storm of wrong logins,
each from an address of its own so that no ban ends it, holds up nobody whose password has been right before.

Everything is compared by counts, never by time: what the good callers were answered while the storm was answered so much.
"""

import itertools
import json
import threading
import time

import pytest

from support.answers import Client, address, credentials
from support.fixture import PASSWORDS, bcrypt, md5
from support.ports import wait_until
from support.raw import Closed, Raw

pytestmark = [pytest.mark.auth, pytest.mark.slow]

SETTINGS = {"http.trusted_proxies": "127.0.0.0/8", "ban.exempt": "", "ban.table": "read", "redis.url": "", "auth.recheck": "0"}
COST = 11
_addresses = itertools.count(1)


class Storm:
    """Connections that each send one wrong login after the other, each login from another address."""

    def __init__(self, server, connections):
        self.server = server
        self.is_over = False
        self.replies = []
        self.threads = [threading.Thread(target=self.rage) for _ in range(connections)]

    def request(self):
        path, _ = address("projects/100")
        number = next(_addresses)
        return (f"GET {path}?username=nobody&password={md5(str(number))} HTTP/1.1\r\nHost: t\r\n"
                f"X-Forwarded-For: 198.19.{number >> 8}.{number & 255}\r\n\r\n").encode()

    def rage(self):
        with Raw(self.server.port, timeout=120) as connection:
            while not self.is_over:
                try:
                    self.replies.append(connection.send(self.request()).reply())
                except (Closed, OSError):
                    return

    def each(self):
        """Answers a connection has had, on average."""
        return len(self.replies) / len(self.threads)

    def codes(self):
        return {error["code"] for reply in list(self.replies) for error in json.loads(reply.body)["response"]["errors"]}

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        for thread in self.threads:
            thread.join()


@pytest.fixture
def costly(mariadb):
    """A failed login costs what the costliest password does: one bcrypt of cost 11."""
    sql = "UPDATE tbladmins SET password = %s WHERE username = 'frank'"
    mariadb.run(sql, (bcrypt(md5(PASSWORDS["frank"]), "2a", COST),))
    yield
    mariadb.run(sql, (bcrypt(md5(PASSWORDS["frank"]), "2a"),))


def hashing(server):
    return server.metrics()["portcullis_auth_hashing"] > 0


@pytest.mark.parametrize("user,more,times,statuses", [
    ("bob", {}, 20, {200}),
    # On a machine that stands still there may be no place for his hashing in time.
    ("alice", {"auth.cache_ttl": "0"}, 3, {200, 503}),
], ids=["read again at each request", "hashed again at each request"])
def test_known_callers_do_not_stand_behind_strangers(start_gateway, costly, user, more, times, statuses):
    """The row of a remembered admin is read again every auth.recheck (here always), his password hashed again every
    auth.cache_ttl: neither waits behind the logins of strangers, of whom each gets one answer by turns."""
    server = start_gateway({**SETTINGS, **more})
    client = Client(server.url)
    client.get("projects/100", user=user).success()
    answered = 0
    with Storm(server, 12) as storm:
        wait_until(lambda: hashing(server), 30, "the storm hashes")
        deadline = time.monotonic() + 60
        while storm.each() < 1 and time.monotonic() < deadline:
            answer = client.get("projects/100", user=user)
            assert answer.status in statuses, answer.http.text
            answered += answer.status == 200
        each = storm.each()
    assert answered >= times * each, f"{answered} beside {each} for each of {len(storm.threads)} strangers"
    assert {reply.status for reply in storm.replies} <= {401, 503}


def test_a_full_line_of_logins_is_refused_and_known_callers_go_on(start_gateway, costly):
    """Logins take a quarter of the queue at most: what is beyond is answered 503 at once, while those who are known, and
    logins whose row is read again, go on."""
    server = start_gateway({**SETTINGS, "mysql.queue": "32"})
    client = Client(server.url)
    for user in ("alice", "bob"):
        client.get("projects/100", user=user).success()
    with Storm(server, 32) as storm:
        wait_until(lambda: "queue_full" in storm.codes(), 60, "the lane is full")
        refused = len(storm.replies)
        for number in range(40):
            client.get(f"projects/{(100, 101)[number % 2]}", user=("alice", "bob")[number % 2]).success()
        wait_until(lambda: len(storm.replies) > refused, 60, "the storm goes on")
    refusals = [reply for reply in storm.replies if b"queue_full" in reply.body]
    assert {reply.status for reply in refusals} == {503}
    assert {reply.field("Retry-After") for reply in refusals} == {"1"}
    assert {reply.status for reply in storm.replies} <= {401, 503}
    client.get("projects/100", user=None, query=credentials("bob", md5("wrong"))).expect(401)


def test_a_storm_ends_and_strangers_log_in(start_gateway, costly):
    """What a storm has left in line is worked off; a right login is then let in."""
    server = start_gateway(SETTINGS)
    with Storm(server, 12) as storm:
        wait_until(lambda: storm.replies, 60, "the storm is answered")
    wait_until(lambda: Client(server.url).get("projects/100").status == 200, 60, "a stranger logs in")
    assert server.metrics()["portcullis_pool_queued"] == 0
