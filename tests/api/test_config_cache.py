"""spec/remote-api.md section 7, config: "Cached in Redis for cache.config_ttl"; operations.md, "Redis away"; auth-and-bans.md:
what decides access is read from the database.

Each test has a prefix in Redis of its own, so that no gateway of another test shares its readings.
"""

import itertools
import json
import os
import signal
import time

import pytest
import redis as redis_client

from support.answers import Client
from support.fixture import CONFIG, SECRETS
from support.ports import wait_until
from support.servers import Redis

_prefixes = itertools.count(1)
LONG_MS = 60000
ODD = " \t\"\\/<&>'\u00e9\u20ac\u0001\t\n  \u00a0]]>{}[] "


@pytest.fixture
def probe(mariadb):
    """probe("v2") changes a row of the add-on's, project_prefix."""
    def change(value):
        mariadb.run("UPDATE tbladdonmodules SET value = %s WHERE module = 'wbteampro' AND setting = 'project_prefix'", (value,))

    change("v1")
    yield change
    change(CONFIG["project_prefix"])


@pytest.fixture
def own_redis(place):
    folder = place / f"cache-redis-{next(_prefixes)}"
    folder.mkdir()
    server = Redis(folder)
    server.start()
    yield server
    if server.process and server.process.poll() is None:
        os.kill(server.process.pid, signal.SIGCONT)
    server.stop()


class Cached:
    """A gateway that caches, seen from outside."""

    def __init__(self, server, redis, prefix):
        self.server, self.prefix = server, prefix
        self.client = Client(server.url)
        self.redis = redis_client.Redis(unix_socket_path=redis.socket)

    def config(self, chain="config", **more):
        return self.client.get(chain, **more).success().response["config"]

    def value(self):
        return self.config()["project_prefix"]

    def count(self, name):
        return self.server.metrics()[f"portcullis_config_cache_{name}_total"]

    def keys(self):
        return list(self.redis.scan_iter(self.prefix + "config:*"))

    def key(self):
        """The one key of the cache, once it is there."""
        wait_until(self.keys, 10, "a reading is in Redis")
        assert len(self.keys()) == 1
        return self.keys()[0]

    def plant(self, text, left_ms=LONG_MS):
        """Puts text where a reading lies, and says that there is a new one."""
        key = self.key()
        self.redis.delete(key)
        self.redis.set(key, text, px=left_ms)
        self.announce(key)

    def announce(self, key):
        digest = key.decode().rsplit(":", 1)[1]
        assert self.redis.publish(self.prefix + "config", f"{digest} 0123456789abcdef") >= 1


@pytest.fixture
def start_cached(start_gateway, redis_server):
    """start_cached({…}): a gateway with the cache on; all of one test share a Redis and a prefix."""
    prefix = f"cache-{next(_prefixes)}:"

    def start(more=None, redis=redis_server):
        settings = {"cache.config_ttl": f"{LONG_MS}ms", "redis.url": redis.url, "redis.prefix": prefix, **(more or {})}
        return Cached(start_gateway(settings), redis, prefix)

    return start


def reading(rows, read_at_ms=None):
    return json.dumps({"read_at": int(time.time() * 1000) if read_at_ms is None else read_at_ms,
                       "rows": [list(pair) for pair in rows.items()]})


def test_a_change_is_seen_when_the_time_is_over(start_cached, probe):
    """Cached for cache.config_ttl: the old value until then, and never after."""
    ttl = 3
    gateway = start_cached({"cache.config_ttl": f"{ttl}s"})
    first = time.monotonic()
    assert gateway.value() == "v1"
    probe("v2")
    changed = time.monotonic()
    value = gateway.value()
    assert value == "v1" or time.monotonic() - first >= ttl, "the database is not asked again"
    while True:
        began = time.monotonic()
        value = gateway.value()
        if began - changed > ttl:
            break
        assert value in ("v1", "v2")
        time.sleep(0.1)
    assert value == "v2"
    assert gateway.count("hits") >= 1 and gateway.count("misses") >= 2


def test_one_reading_serves_all_names(start_cached, probe, mariadb):
    """`config`, `config/{name}` and params' name, in both formats, are all answered from one reading."""
    gateway = start_cached()
    assert gateway.config("config/project_prefix") == {"project_prefix": "v1"}
    probe("v2")
    assert gateway.config() == {**CONFIG, "project_prefix": "v1"}
    assert gateway.config("config/CompanyName") == {"CompanyName": CONFIG["CompanyName"]}
    assert gateway.config(params={"name": "project_prefix"}) == {"project_prefix": "v1"}
    assert gateway.client.get("config", fmt="xml").tree.find("response/config/project_prefix").text == "v1"
    for name in ("access", "SMTPPassword", "secret_setting", "nothing"):
        gateway.client.get(f"config/{name}").expect(404, "Record Not Found", "record_not_found")
    assert gateway.count("misses") == 1
    assert gateway.count("hits") == 8


def test_answers_are_the_same_bytes(start_cached, probe, api):
    """Cached or not, and whoever has read: same body, same ETag."""
    probe(ODD)
    one = start_cached()
    for chain, fmt in itertools.product(("config", "config/project_prefix", "config/access"), ("json", "xml")):
        plain = api.get(chain, fmt=fmt)
        for _ in range(3):
            cached = one.client.get(chain, fmt=fmt)
            assert cached.http.content == plain.http.content
            assert cached.headers.get("ETag") == plain.headers.get("ETag")
    two = start_cached()
    two.config()
    wait_until(lambda: one.count("taken") == 1, 10, "the first has taken the second's reading")
    probe("v2")
    for fmt in ("json", "xml"):
        own, taken = two.client.get("config", fmt=fmt), one.client.get("config", fmt=fmt)
        assert taken.http.content == own.http.content
        assert taken.headers["ETag"] == own.headers["ETag"]
    assert one.value() == ODD


def test_gateways_share_a_reading(start_cached, probe):
    """One has read: the others take it, though their own is fresh, and their database is not asked."""
    one = start_cached()
    assert one.value() == "v1"
    probe("v2")
    two = start_cached()
    assert two.value() == "v2", "a gateway's first reading is its own: it learns the names by it"
    wait_until(lambda: one.value() == "v2", 10, "the first has the second's reading")
    probe("v3")
    assert [one.value(), two.value()] == ["v2", "v2"]
    assert [one.count("misses"), two.count("misses")] == [1, 1]
    assert [one.count("taken"), two.count("taken")] == [1, 0]
    assert [one.count("refused"), two.count("refused")] == [0, 0]


def test_together_they_read_about_once_in_a_ttl(start_cached):
    """Three gateways under steady questions: far fewer readings than three for each time that has passed."""
    ttl, rounds = 2, 5
    gateways = [start_cached({"cache.config_ttl": f"{ttl}s"}) for _ in range(3)]
    for gateway in gateways:
        gateway.value()
    before = sum(gateway.count("misses") for gateway in gateways)
    end = time.monotonic() + ttl * rounds
    asked = 0
    for gateway in itertools.cycle(gateways):
        gateway.value()
        asked += 1
        time.sleep(0.15)
        if time.monotonic() > end:
            break
    readings = sum(gateway.count("misses") for gateway in gateways) - before
    assert readings <= 2 * rounds, (readings, asked)


def test_other_rules_do_not_share(start_cached, probe):
    """Gateways with different allow lists: each serves what its own names."""
    one = start_cached()
    one.value()
    two = start_cached({"remote.config_allow": "CompanyName"})
    probe("v2")
    assert "DateFormat" not in two.config()
    two.client.get("config/DateFormat").expect(404)
    wait_until(lambda: len(one.keys()) == 2, 10, "each has a key")
    time.sleep(0.5)
    assert one.config() == {**CONFIG, "project_prefix": "v1"}
    assert one.count("taken") == two.count("taken") == 0


def test_what_lies_in_redis(start_cached):
    """The key has an expiry, no longer than the time; nothing lies there that may not be served."""
    gateway = start_cached()
    gateway.value()
    key = gateway.key()
    assert 0 < gateway.redis.pttl(key) <= LONG_MS
    text = gateway.redis.get(key).decode()
    assert dict(json.loads(text)["rows"]) == CONFIG
    assert not any(secret in text for secret in [*SECRETS, '"access"'])


def test_the_key_goes_by_itself(start_cached):
    gateway = start_cached({"cache.config_ttl": "1s"})
    gateway.value()
    gateway.key()
    wait_until(lambda: not gateway.keys(), 10, "the key has expired")


HOSTILE = {
    "access": {**CONFIG, "access": "1,2,3"},
    "a name not allowed": {**CONFIG, "SMTPPassword": "planted"},
    "another module's": {**CONFIG, "secret_setting": "planted"},
    "an unknown name": {**CONFIG, "planted": "planted"},
    "another spelling": {**CONFIG, "companyname": "planted"},
    "another word on access": {**CONFIG, "api_active": "off"},
    "no word on access": {name: value for name, value in CONFIG.items() if name != "api_active"},
    "a number": {**CONFIG, "CompanyName": 5},
    "null": {**CONFIG, "CompanyName": None},
    "a tree": {**CONFIG, "CompanyName": {"a": ["b"]}},
}


def test_planted_readings_are_refused(start_cached):
    """Names are checked against the allow rules, values against their type; one wrong refuses the whole."""
    gateway = start_cached()
    assert gateway.config() == CONFIG
    for number, (what, rows) in enumerate(HOSTILE.items(), 1):
        gateway.plant(reading({**rows, "version": "planted"}))
        wait_until(lambda: gateway.count("refused") == number, 10, f"{what} is refused")
        assert gateway.config() == CONFIG, what
        for name in ("access", "SMTPPassword", "secret_setting", "planted", "companyname"):
            gateway.client.get(f"config/{name}").expect(404, "Record Not Found")
    assert gateway.count("taken") == 0
    assert gateway.server.out_text().count("is refused") == 1, "one line, however many"
    gateway.plant(reading({**CONFIG, "version": "another"}))
    wait_until(lambda: gateway.config("config/version") == {"version": "another"}, 10, "a good one is taken")


def test_broken_texts_are_refused(start_cached):
    """Cut off, empty, of another form, no UTF-8, huge, without an expiry, of another type: ignored and counted."""
    gateway = start_cached()
    assert gateway.config() == CONFIG
    good = reading({**CONFIG, "version": "planted"}).encode()
    texts = [good[:-1], good[:len(good) // 2], b"[]", b"null", b"\x00", good.replace(b"planted", b"\xff\xfe"),
             good.replace(b"planted", b"\\ud800"), good + b"}", good.replace(b"planted", b"x" * 5000000), b"[" * 200000,
             good.replace(b'"read_at"', b'"read"'), b"\xef\xbb\xbf" + good]
    for number, text in enumerate(texts, 1):
        gateway.plant(text)
        wait_until(lambda: gateway.count("refused") == number, 10, f"{text[:60]!r} is refused")
        assert gateway.config() == CONFIG
    key = gateway.key()
    number = len(texts)
    for make in (lambda: gateway.redis.set(key, good), lambda: gateway.redis.set(key, good, px=10 * LONG_MS),
                 lambda: gateway.redis.rpush(key, good), lambda: gateway.redis.hset(key, "rows", good)):
        gateway.redis.delete(key)
        make()
        gateway.announce(key)
        number += 1
        wait_until(lambda: gateway.count("refused") == number, 10, "the key is refused")
        assert gateway.config() == CONFIG
    gateway.redis.delete(key)
    assert gateway.count("taken") == 0 and gateway.count("misses") == 1


def test_an_old_reading_is_not_taken(start_cached):
    """Never older than cache.config_ttl, also when the key lives longer than what lies in it."""
    gateway = start_cached()
    assert gateway.config() == CONFIG
    gateway.plant(reading({**CONFIG, "version": "old"}, int(time.time() * 1000) - LONG_MS))
    time.sleep(1)
    assert gateway.config() == CONFIG
    assert (gateway.count("taken"), gateway.count("refused")) == (0, 0)


def test_access_is_never_decided_from_redis(start_cached, mariadb):
    """auth-and-bans.md, "Admin login", 4 and 5: api_active, super roles and the access list are the database's word."""
    gateway = start_cached({"auth.recheck": "200ms"})
    assert gateway.config() == CONFIG
    for number, rows in enumerate(({**CONFIG, "api_active": "off"}, {**CONFIG, "admin_super_roles": ""}), 1):
        gateway.plant(reading(rows))
        wait_until(lambda: gateway.count("refused") == number, 10, "the planted reading is refused")
        time.sleep(0.5)
        assert gateway.config() == CONFIG, "it is not even shown"
        assert gateway.client.get("projects/100").status == 200
    gateway.plant(reading(CONFIG))
    wait_until(lambda: gateway.count("taken") == 1, 10, "one like the database's is taken")
    mariadb.run("UPDATE tbladdonmodules SET value = 'off' WHERE module = 'wbteampro' AND setting = 'api_active'")
    try:
        wait_until(lambda: gateway.client.get("config").status == 503, 10, "the API is off, whatever is cached")
    finally:
        mariadb.run("UPDATE tbladdonmodules SET value = 'on' WHERE module = 'wbteampro' AND setting = 'api_active'")
    wait_until(lambda: gateway.client.get("config").status == 200, 10, "the API is on again")


def test_redis_flushed_and_stopped(start_cached, own_redis, probe):
    """Redis away: everything works; the config cache falls back to memory, and is shared again on its return."""
    ttl = 2
    gateway = start_cached({"cache.config_ttl": f"{ttl}s"}, own_redis)
    assert gateway.value() == "v1"
    gateway.redis.flushall()
    assert gateway.value() == "v1"
    own_redis.stop()
    probe("v2")
    hits = gateway.count("hits")
    end = time.monotonic() + 2 * ttl
    while time.monotonic() < end:
        began = time.monotonic()
        assert gateway.value() in ("v1", "v2")
        assert time.monotonic() - began < 1.5, "Redis is not waited for"
        time.sleep(0.1)
    assert gateway.value() == "v2"
    assert gateway.count("hits") > hits, "memory remembers without Redis"
    own_redis.start()

    def is_shared():
        gateway.value()
        return gateway.keys()

    wait_until(is_shared, 20, "readings are in Redis again")


def test_redis_stands_still(start_cached, own_redis, probe):
    """A Redis that hangs delays nobody."""
    gateway = start_cached({"cache.config_ttl": "1s"}, own_redis)
    os.kill(own_redis.process.pid, signal.SIGSTOP)
    probe("v2")
    end = time.monotonic() + 3
    while time.monotonic() < end:
        began = time.monotonic()
        gateway.value()
        assert time.monotonic() - began < 1.5
    assert gateway.value() == "v2"


def test_without_redis_memory_remembers(start_cached, probe):
    gateway = start_cached({"redis.url": ""})
    assert gateway.value() == "v1"
    probe("v2")
    assert gateway.value() == "v1"
    assert (gateway.count("hits"), gateway.count("misses")) == (1, 1)


def test_off(start_cached, probe):
    """cache.config_ttl = 0: read each time, nothing in Redis."""
    gateway = start_cached({"cache.config_ttl": "0"})
    for value in ("v1", "v2", "v3"):
        probe(value)
        assert gateway.value() == value
    assert gateway.keys() == []
    assert gateway.count("hits") == gateway.count("misses") == 0
