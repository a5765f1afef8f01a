"""docs/security.md: the user of Redis may do what the gateways need, and what is missing is told."""

import itertools

import pytest
import redis
import requests

from support import docs
from support.docs_world import load_demo
from support.gateway import ROOT, Gateway
from support.nginx import From
from support.ports import free_port, wait_until
from support.servers import Redis

DATABASE = "redis_user"
LOGIN = {"username": "demo", "password": "fe01ce2a7fbac8fafaed7c982a04e229", "method": "get"}
BASE = "/modules/addons/wbteampro/api.php/v1/"


_numbers = itertools.count()


def words_of_page():
    block = next(block for block in docs.blocks(ROOT / "docs/security.md") if block.language == "redis")
    return block.text.split()


def listen(client, tries=5):
    """On a port that is free, and was not taken in the same moment."""
    port = free_port()
    try:
        client.config_set("port", port)
        return port
    except redis.exceptions.ResponseError:
        if tries == 1:
            raise
        return listen(client, tries - 1)


@pytest.fixture
def start_pair(place, mariadb):
    """Two gateways on a Redis of their own, by the page's user less what is left out."""
    load_demo(mariadb, DATABASE)
    started = []

    def start(*left_out):
        folder = place / f"redis-user-{next(_numbers)}"
        folder.mkdir()
        server = Redis(folder)
        server.start()
        started.append(server)
        client = redis.Redis(unix_socket_path=server.socket)
        client.execute_command(*(word for word in words_of_page() if word not in left_out))
        port = listen(client)
        url = f"redis://portcullis:a-long-password@127.0.0.1:{port}"
        for name in ("one", "two"):
            started.append(Gateway(folder / name, {
                "mysql.socket": mariadb.socket, "mysql.user": "root", "mysql.database": DATABASE, "redis.url": url, "ban.table": "read",
                "rate.per_admin": "1000/second", "ban.resync": "1s", "server.max_lag": "0"}).start())
        return started[-2:]

    yield start
    for server in reversed(started):
        server.stop()


def bans(gateway, address):
    return requests.get(gateway.admin + "/bans", params={"address": address}, timeout=5).json()["is_banned"]


def test_the_user_of_the_page_is_enough(start_pair):
    """Failures, bans, lifts, rates and readings of config are shared; Redis refuses nothing."""
    one, two = start_pair()
    wait_until(lambda: one.metrics()["portcullis_redis_up"] and two.metrics()["portcullis_redis_up"], 20, "Redis is up")
    for gateway in (one, two):
        for _ in range(3):
            assert requests.post(gateway.url + BASE + "config/json", data=LOGIN, timeout=30).status_code == 200
    # 127.0.0.1 is exempt in the demo company's settings; 127.0.0.2 is not.
    for gateway in (one, two, one):
        session = requests.Session()
        session.mount("http://", From("127.0.0.2"))
        assert session.post(gateway.url + BASE + "config/json", data={**LOGIN, "password": "0" * 32}, timeout=30).status_code == 401
    wait_until(lambda: bans(one, "127.0.0.2") and bans(two, "127.0.0.2"), 20, "both ban")
    assert requests.post(one.admin + "/bans", json={"network": "192.0.2.7", "length": "10m"}, timeout=5).ok
    wait_until(lambda: bans(two, "192.0.2.7"), 20, "the other has heard")
    assert requests.delete(one.admin + "/bans/192.0.2.7", timeout=5).ok
    wait_until(lambda: not bans(two, "192.0.2.7"), 20, "the other has heard")
    for gateway in (one, two):
        assert gateway.metrics()["portcullis_redis_failures_total"] == 0
        assert not [line for line in gateway.log_lines() if line["event"].startswith("redis")]


@pytest.mark.parametrize("left_out", ["+zscan", "+publish", "+get"])
def test_what_is_missing_is_told(start_pair, left_out):
    """Troubleshooting: a right that is missing is in the log, whoever waited for the reply."""
    one, _ = start_pair(left_out)
    requests.post(one.admin + "/bans", json={"network": "192.0.2.7", "length": "10m"}, timeout=5)
    requests.post(one.url + BASE + "config/json", data=LOGIN, timeout=30)
    # Of a command by itself, and of one in a script.
    words = ("has no permissions", "can't run this command")
    wait_until(lambda: any(word in line["message"] for line in one.log_lines() if line["event"].startswith("redis") for word in words),
               20, "the log names it")

