"""spec/auth-and-bans.md, Bans: two gateways on one Redis and one database.

Clients are told apart by X-Forwarded-For, which the gateways believe of loopback; every test has addresses of its own.
"""

import itertools
import threading
import time

import pytest
import redis as redis_client

from support.answers import Client, address, credentials
from support.fixture import md5
from support.gateway import Gateway
from support.ports import wait_until
from support.raw import Raw
from support.servers import Redis

_clients = itertools.count(1)
_prefixes = itertools.count(1)

SETTINGS = {"http.trusted_proxies": "127.0.0.0/8", "ban.exempt": "", "ban.table_poll": "200ms", "ban.resync": "1s"}


@pytest.fixture
def client_address():
    """An address that no other test has (198.18.0.0/15 is for benchmarks)."""
    number = next(_clients)
    return f"198.18.{number >> 8}.{number & 255}"


@pytest.fixture
def own_redis(place):
    folder = place / f"ban-redis-{next(_prefixes)}"
    folder.mkdir()
    server = Redis(folder)
    server.start()
    yield server
    server.resume()
    server.stop()


@pytest.fixture
def start_pair(start_gateway, own_redis, mariadb):
    """start_pair({…}): two gateways that share everything."""
    def start(more=None):
        merged = {**SETTINGS, "redis.url": own_redis.url, **(more or {})}
        return start_gateway(merged), start_gateway(merged)

    yield start
    mariadb.run("DELETE FROM tblbannedips")
    mariadb.run("DELETE FROM tblconfiguration WHERE setting IN ('InvalidLoginBanLength', 'WhitelistedIPs')")


def ask(server, client, user="alice", password=None, chain="projects/100", **more):
    return Client(server.url).get(chain, user=None, query=credentials(user, password), headers={"X-Forwarded-For": client},
                                  **more)


def wrong(server, client, user="alice"):
    return ask(server, client, user, md5("wrong")).status


def right(server, client, user="alice"):
    return ask(server, client, user).status


def ban(server, client):
    assert [wrong(server, client) for _ in range(3)] == [401] * 3
    assert right(server, client) == 403


def rows(mariadb, client):
    return mariadb.run("SELECT reason, TIMESTAMPDIFF(SECOND, NOW(), expires) FROM tblbannedips WHERE ip = %s", (client,))


def test_three_failures_over_two_gateways_ban_on_both(start_pair, client_address):
    """ban.attempts (3) failures inside ban.window ban the address; the third still answers 401; a ban made on one is in
    force on all within a second."""
    one, two = start_pair()
    assert wrong(one, client_address) == 401
    assert wrong(two, client_address, "nobody") == 401
    time.sleep(0.3)
    assert right(one, client_address) == 200, "another username's success does not ban"
    assert wrong(one, client_address, "carol") == 401
    assert wrong(two, client_address, "eve") in (401, 403)
    wait_until(lambda: right(one, client_address) == 403 and right(two, client_address) == 403, 1.5, "both ban")


def test_the_answer_is_403_ip_banned(start_pair, client_address):
    """from then on 403 `IP Banned`, in each format, before anything else is looked at"""
    one, _ = start_pair()
    ban(one, client_address)
    answer = ask(one, client_address)
    answer.expect(403, "IP Banned", "ip_banned")
    assert answer.request["method"] == "GET"
    tree = ask(one, client_address, fmt="xml").tree
    assert tree.find("request/code").text == "403" and tree.find("request/message").text == "IP Banned"
    assert ask(one, client_address, chain="no/such/thing").message == "IP Banned"
    assert Client(one.url).send("POST", "/anything", data="x" * 100000, headers={"X-Forwarded-For": client_address}).status == 403
    assert right(one, client_address + "0" if len(client_address) < 12 else "198.18.255.254") in (200, 403)


def test_a_banned_request_costs_no_statement(start_pair, client_address):
    """decided before any database or bcrypt work"""
    one, _ = start_pair({"ban.table_poll": "1h", "abuse.poll": "1h"})
    ban(one, client_address)
    time.sleep(0.3)
    before = one.metrics()
    assert [right(one, client_address) for _ in range(20)] == [403] * 20
    after = one.metrics()
    assert after["portcullis_database_statements_total"] == before["portcullis_database_statements_total"]
    assert after["portcullis_banned_requests_total"] - before["portcullis_banned_requests_total"] == 20


def test_what_does_not_count(start_pair, client_address):
    """Missing credentials, a right login without the role, bad requests and 503 never count."""
    one, _ = start_pair()
    for _ in range(4):
        assert Client(one.url).get("projects/100", user=None, headers={"X-Forwarded-For": client_address}).status == 401
        assert ask(one, client_address, "dave").status == 403
        assert ask(one, client_address, chain="nothing").status == 404
        assert ask(one, client_address, chain="projects/0x1").status == 400
        assert ask(one, client_address, params={"nonsense": 1}).status == 400
    assert right(one, client_address) == 200


@pytest.mark.parametrize("user,password", [("alice", md5("wrong")), ("nobody", md5("x")), ("carol", None), ("alice", "plain"),
                                           ("alice", "\x00\xff"), ("eve", None), ("a" * 5000, md5("x"))])
def test_what_counts(start_gateway, client_address, user, password):
    """the admin is unknown, disabled, or the password wrong or malformed"""
    server = start_gateway({**SETTINGS, "redis.url": "", "ban.table": "read"})
    for _ in range(3):
        assert ask(server, client_address, user, password).status == 401
    assert right(server, client_address) == 403


def test_a_success_clears_that_username_only(start_pair, client_address):
    """A success clears that username's failures at that address only, everywhere."""
    one, two = start_pair()
    assert [wrong(one, client_address, "bob"), wrong(two, client_address, "alice")] == [401, 401]
    time.sleep(0.3)
    assert right(two, client_address, "bob") == 200
    time.sleep(0.3)
    assert wrong(one, client_address, "bob") == 401, "alice's failure and this one: two"
    assert right(one, client_address, "alice") == 200
    assert right(one, client_address, "bob") == 200
    time.sleep(0.3)
    assert [wrong(two, client_address, "bob"), wrong(two, client_address, "bob")] == [401, 401]
    assert right(two, client_address, "zoë") == 200
    assert wrong(two, client_address, "bob") == 401
    assert right(two, client_address, "alice") == 403


def test_a_success_known_from_memory_clears_too(start_pair, client_address):
    """A success clears that username's failures, whether its password was checked now or remembered."""
    one, _ = start_pair()
    assert right(one, client_address) == 200
    for _ in range(4):
        assert [wrong(one, client_address), wrong(one, client_address), right(one, client_address)] == [401, 401, 200]


def test_a_ban_is_a_row_and_a_line_in_the_activity_log(start_pair, client_address, mariadb):
    """A ban is also a row of tblbannedips (ip, reason, expires); InvalidLoginBanLength minutes, 15 where absent."""
    one, two = start_pair()
    ban(one, client_address)
    (reason, left), = wait_until(lambda: rows(mariadb, client_address), 3, "the row")
    assert "portcullis" in reason and 880 <= left <= 900
    assert wait_until(lambda: mariadb.run("SELECT user, ipaddr FROM tblactivitylog WHERE description LIKE %s",
                                          (f"%{client_address} banned%",)), 3, "the line")
    wait_until(lambda: right(two, client_address) == 403, 1.5, "the other bans")
    time.sleep(1)
    assert len(rows(mariadb, client_address)) == 1, "one row, however many gateways know"


def test_deleting_the_row_lifts_the_ban_everywhere(start_pair, client_address, mariadb):
    """Deleting the row there lifts the ban everywhere."""
    one, two = start_pair()
    ban(one, client_address)
    wait_until(lambda: rows(mariadb, client_address), 3, "the row")
    time.sleep(0.6)
    assert [right(one, client_address), right(two, client_address)] == [403, 403]
    mariadb.run("DELETE FROM tblbannedips WHERE ip = %s", (client_address,))
    wait_until(lambda: right(one, client_address) == 200 and right(two, client_address) == 200, 2, "both let in")
    time.sleep(2.5)
    assert [right(one, client_address), right(two, client_address)] == [200, 200], "no resync brings it back"
    assert rows(mariadb, client_address) == ()
    assert wrong(one, client_address) == 401, "and the count begins anew"
    assert right(two, client_address, "bob") == 200


@pytest.mark.parametrize("row,inside,outside", [
    ("189.123.*.*", "189.123.4.5", "189.124.4.5"),
    ("20.*.7.*", "20.9.7.1", "20.9.8.1"),
    ("192.0.2.0/25", "192.0.2.127", "192.0.2.128"),
    ("203.0.113.9", "::ffff:203.0.113.9", "203.0.113.10"),
    ("2001:db8:1:2::/64", "2001:db8:1:2:3::4", "2001:db8:1:3::1"),
    ("2001:db8:9:*:*:*:*:*", "2001:db8:9:8::1", "2001:db8:8::1"),
])
def test_rows_put_there_by_hand_are_honoured(start_pair, mariadb, row, inside, outside):
    """rows put there by WHMCS or by hand are honoured, with wildcards and CIDR, IPv4 and IPv6"""
    one, two = start_pair()
    mariadb.run("INSERT INTO tblbannedips (ip, reason, expires) VALUES (%s, 'by hand', NOW() + INTERVAL 1 HOUR)", (row,))
    mariadb.run("INSERT INTO tblbannedips (ip, reason, expires) VALUES (%s, 'long ago', NOW() - INTERVAL 1 HOUR)", (outside,))
    wait_until(lambda: right(one, inside) == 403 and right(two, inside) == 403, 2, "the row is honoured")
    assert [right(one, outside), right(two, outside)] == [200, 200]
    mariadb.run("DELETE FROM tblbannedips WHERE ip = %s", (row,))
    wait_until(lambda: right(one, inside) == 200 and right(two, inside) == 200, 2, "and its end")


def test_ipv6_is_counted_and_banned_by_its_64(start_pair, mariadb):
    """IPv6 is counted and banned by /64; a banned /64 is written as its prefix."""
    one, _ = start_pair()
    assert [wrong(one, f"2001:db8:64:1::{n}") for n in (1, 2, 3)] == [401] * 3
    assert right(one, "2001:db8:64:1:ffff::") == 403
    assert right(one, "2001:db8:64:2::1") == 200
    wait_until(lambda: rows(mariadb, "2001:db8:64:1::/64"), 3, "the row")


def test_counters_survive_a_restart(start_pair, client_address, start_gateway, own_redis):
    """Counters live in Redis, shared by all gateways: a restart does not forget."""
    one, two = start_pair()
    assert [wrong(one, client_address), wrong(one, client_address)] == [401, 401]
    time.sleep(0.3)
    one.stop()
    two.stop()
    again = start_gateway({**SETTINGS, "redis.url": own_redis.url})
    wait_until(lambda: again.metrics()["portcullis_redis_up"] == 1, 5, "Redis is there")
    assert wrong(again, client_address) == 401
    wait_until(lambda: right(again, client_address) == 403, 1.5, "the third bans")


@pytest.mark.parametrize("minutes,length,expected", [("0", "", 0), ("2", "", 120), (None, "", 900), ("2", "10 m", 600),
                                                    ("2", "0", 0), ("many", "", 900)])
def test_how_long(start_gateway, mariadb, client_address, minutes, length, expected):
    """InvalidLoginBanLength minutes (15 where absent; 0 = never ban); ban.length, when set, wins."""
    mariadb.run("DELETE FROM tblconfiguration WHERE setting = 'InvalidLoginBanLength'")
    if minutes is not None:
        mariadb.run("INSERT INTO tblconfiguration (setting, value) VALUES ('InvalidLoginBanLength', %s)", (minutes,))
    try:
        server = start_gateway({**SETTINGS, "redis.url": "", "ban.length": length})
        assert [wrong(server, client_address) for _ in range(5)][:3] == [401] * 3
        assert right(server, client_address) == (403 if expected else 200)
        if expected:
            (_, left), = wait_until(lambda: rows(mariadb, client_address), 3, "the row")
            assert expected - 20 <= left <= expected
    finally:
        mariadb.run("DELETE FROM tblconfiguration WHERE setting = 'InvalidLoginBanLength'")
        mariadb.run("DELETE FROM tblbannedips")


def test_exemptions(start_pair, mariadb):
    """Exempt: ban.exempt (CIDR list), trusted proxies, and tblconfiguration.WhitelistedIPs (PHP-serialized)."""
    text = 'a:2:{i:0;a:2:{s:2:"ip";s:12:"198.19.250.1";s:4:"note";s:5:"Büro";}i:1;a:2:{s:2:"ip";s:9:"127.0.0.1";s:4:"note";s:3:"dev";}}'
    text = text.replace('s:5:"Büro"', f's:{len("Büro".encode())}:"Büro"')
    mariadb.run("INSERT INTO tblconfiguration (setting, value) VALUES ('WhitelistedIPs', %s)", (text,))
    one, _ = start_pair({"ban.exempt": "198.19.251.0/24"})
    for client in ("198.19.250.1", "198.19.251.77", "127.0.0.1", "127.9.9.9"):
        assert [wrong(one, client) for _ in range(5)] == [401] * 5
        assert right(one, client) == 200
    assert rows(mariadb, "127.0.0.1") == ()
    mariadb.run("INSERT INTO tblbannedips (ip, reason, expires) VALUES ('198.19.*.*', 'all', NOW() + INTERVAL 1 HOUR)")
    wait_until(lambda: right(one, "198.19.1.1") == 403, 2, "the row")
    assert [right(one, client) for client in ("198.19.250.1", "198.19.251.77")] == [200, 200]


def test_ban_table_read_writes_no_row(start_pair, mariadb, client_address):
    """ban.table=read keeps the gateway from writing there: Redis is then the authority for its own bans."""
    one, two = start_pair({"ban.table": "read"})
    ban(one, client_address)
    wait_until(lambda: right(two, client_address) == 403, 1.5, "the other bans")
    time.sleep(1)
    assert rows(mariadb, client_address) == ()
    assert [right(one, client_address), right(two, client_address)] == [403, 403]


def test_every_key_has_an_expiry(start_pair, own_redis, client_address):
    """Every key that Redis gets has an expiry."""
    one, two = start_pair({"rate.per_address": "1000/second", "rate.per_admin": "1000/second"})
    ban(one, client_address)
    wrong(two, "198.19.0.7")
    right(two, "198.19.0.7", "bob")
    ask(one, "198.19.0.8", chain="config")
    time.sleep(0.6)
    client = redis_client.Redis(unix_socket_path=own_redis.socket)
    ages = {key: client.pttl(key) for key in client.keys()}
    assert len(ages) >= 3
    assert [key for key, left in ages.items() if left <= 0] == []


# ---- pipelining --------------------------------------------------------------------------------


def test_pipelined_logins_cannot_outrun_the_ban(start_gateway, mariadb, client_address):
    """32 pipelined logins on each of 200 connections from one address: at most three passwords are tried before the
    ban."""
    server = start_gateway({**SETTINGS, "redis.url": "", "mysql.workers": "8"})
    path, _ = address("projects/100")
    connections = [Raw(server.port) for _ in range(200)]
    try:
        for number, connection in enumerate(connections):
            requests = [f"GET {path}?username=alice&password={md5(f'{number}-{guess}')} HTTP/1.1\r\nHost: t\r\n"
                        f"X-Forwarded-For: {client_address}\r\n\r\n".encode() for guess in range(32)]
            connection.send(b"".join(requests))
        statuses = [connection.reply().status for connection in connections for _ in range(32)]
    finally:
        for connection in connections:
            connection.close()
    assert set(statuses) <= {401, 403}
    assert statuses.count(401) == 3
    assert server.metrics()["portcullis_auth_failures_total"] == 3


def test_equal_wrong_logins_each_count(start_gateway, client_address):
    """Each request of a joint verification counts."""
    server = start_gateway({**SETTINGS, "redis.url": "", "mysql.workers": "8"})
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(wrong(server, client_address))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [401] * 3 + [403] * 5


def test_who_waits_and_leaves_harms_nobody(start_gateway, client_address):
    """A client that has gone while its login waited is dropped; the others of its address go on."""
    server = start_gateway({**SETTINGS, "redis.url": "", "ban.attempts": "1"})
    path, _ = address("projects/100")
    request = (f"GET {path}?username=alice&password={{}} HTTP/1.1\r\nHost: t\r\n"
               f"X-Forwarded-For: {client_address}\r\n\r\n")
    good = md5("wonderland")
    for _ in range(20):
        connections = [Raw(server.port) for _ in range(6)]
        for connection in connections:
            connection.send(request.format(good).encode() * 3)
        for connection in connections[:4]:
            connection.close()
        assert [connection.reply().status for connection in connections[4:] for _ in range(3)] == [200] * 6
        for connection in connections[4:]:
            connection.close()
    assert right(server, client_address) == 200


# ---- Redis away --------------------------------------------------------------------------------


class Load(threading.Thread):
    """Right requests from good addresses, one after the other, until stopped."""

    def __init__(self, server, client):
        super().__init__()
        self.server, self.client, self.stopped = server, client, threading.Event()
        self.statuses, self.longest = [], 0.0

    def run(self):
        while not self.stopped.is_set():
            started = time.monotonic()
            self.statuses.append(right(self.server, self.client, "bob"))
            self.longest = max(self.longest, time.monotonic() - started)

    def finish(self):
        self.stopped.set()
        self.join()


def redis_is(server, up):
    return wait_until(lambda: server.metrics()["portcullis_redis_up"] == up, 10, f"portcullis_redis_up {up}") or True


@pytest.mark.parametrize("fault", ["kill", "hang", "flush"])
def test_redis_away_under_load(start_pair, own_redis, mariadb, client_address, fault):
    """Redis killed, hung, flushed and restarted under load: no request fails or waits for it, bans hold throughout,
    counters go on, the merge afterwards loses no ban."""
    one, two = start_pair()
    banned, counted, late = client_address, client_address.replace("198.18", "198.19"), client_address.replace("198.18", "198.20")
    ban(one, banned)
    wait_until(lambda: right(two, banned) == 403, 1.5, "both ban")
    wait_until(lambda: rows(mariadb, banned), 3, "the row")
    assert wrong(one, counted) == 401
    time.sleep(0.5)
    loads = [Load(one, "203.0.113.50"), Load(two, "203.0.113.51")]
    for load in loads:
        load.start()
    try:
        {"kill": own_redis.kill, "hang": own_redis.pause, "flush": own_redis.flush}[fault]()
        if fault != "flush":
            redis_is(one, 0), redis_is(two, 0)
        time.sleep(0.5)
        assert [right(one, banned), right(two, banned)] == [403, 403]
        assert wrong(one, counted) == 401
        assert wrong(one, counted) == 401
        assert right(one, counted) == 403, "two more failures here: three in all"
        ban(two, late)
        wait_until(lambda: right(one, late) == 403, 5, "gateways meet in tblbannedips")
        if fault == "kill":
            own_redis.start()
        elif fault == "hang":
            own_redis.resume()
        redis_is(one, 1), redis_is(two, 1)
        time.sleep(2.5)
        for client in (banned, counted, late):
            assert [right(one, client), right(two, client)] == [403, 403], client
    finally:
        for load in loads:
            load.finish()
    for load in loads:
        assert set(load.statuses) == {200} and len(load.statuses) > 5
        assert load.longest < 5
    client = redis_client.Redis(unix_socket_path=own_redis.socket)
    known = {member.decode() for member in client.zrange("portcullis:bans", 0, -1)}
    assert {banned, counted, late} <= known


def test_without_redis_gateways_meet_in_the_table(start_gateway, mariadb, client_address):
    """Redis away: counting and banning go on in this process's memory and through tblbannedips."""
    one, two = (start_gateway({**SETTINGS, "redis.url": ""}) for _ in range(2))
    try:
        ban(one, client_address)
        wait_until(lambda: right(two, client_address) == 403, 3, "the other has read the row")
    finally:
        mariadb.run("DELETE FROM tblbannedips")


def test_hostile_messages_change_nothing(start_pair, own_redis, client_address):
    """What others put into the channel and the keys is read strictly."""
    one, _ = start_pair()
    redis_is(one, 1)
    client = redis_client.Redis(unix_socket_path=own_redis.socket)
    for message in ("", "ban", "ban  ", "ban 1.2.3.4", "ban everyone 1000 0 x", f"ban {client_address} -5 0 x",
                    f"ban {client_address} 99999999999999999999999 0 x", f"ban {client_address} ten 0 x", "lift", "x" * 100000,
                    f"fail {client_address} zz zz 0 x", f"fail {client_address} {'0' * 16} {'0' * 15}g 0 x", "ban \xff\xfe 1 0 x",
                    f"clear {client_address}", f"ban {client_address} 60000 0 x y z"):
        client.publish("portcullis:bans", message)
    client.zadd("portcullis:bans", {"nonsense": 9e12, "": 9e12, "\xff": 9e12})
    time.sleep(1.5)
    assert right(one, client_address) == 200
    client.publish("portcullis:bans", f"ban {client_address} 60000 0 other")
    wait_until(lambda: right(one, client_address) == 403, 1.5, "a sane one is heard")
    client.publish("portcullis:bans", f"lift {client_address} other")
    wait_until(lambda: right(one, client_address) == 200, 1.5, "and its lift")
