"""spec/operations.md, Failure behaviour: MariaDB killed, frozen, locked; the queue full; Redis away."""

import threading
import time

import pytest
import requests

from support.answers import Client
from support.gateway import hammer
from support.ports import wait_until
from support.servers import Redis

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture
def start(own, start_gateway):
    def begin(more=None):
        server = start_gateway({"mysql.socket": own.socket, "mysql.connect_timeout": "1s", "auth.recheck": "2s", **(more or {})})
        Client(server.url).get("projects/100").success()
        return server
    yield begin
    own.resume()
    if own.process.poll() is not None:
        own.start()


def load(server, chains, count, stop, results):
    """count clients, each asking for its own record over and over."""
    def ask(number):
        client = Client(server.url)

        def once():
            chain = chains[number % len(chains)]
            answer = client.get(chain, {"fields": "project_id"} if chain.startswith("projects") else None, timeout=20)
            if answer.status == 200 and chain.startswith("projects/"):
                assert answer.response["project"]["project_id"] == int(chain.split("/")[1]), "another's answer"
            return answer.status
        hammer(once, stop, results)
    threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads


def finish(threads, stop):
    stop.set()
    for thread in threads:
        thread.join(40)
        assert not thread.is_alive(), "a request never ended"


def test_mariadb_killed_under_load(own, start):
    """503 within a second of the connect timeout and full service within two seconds of its return,
    without restart; no request is answered wrongly."""
    server = start()
    stop, results = threading.Event(), []
    threads = load(server, [f"projects/{number}" for number in range(200, 216)], 16, stop, results)
    time.sleep(1)
    own.kill()
    killed = time.monotonic()
    time.sleep(4)
    own.start()
    back = time.monotonic()
    time.sleep(4)
    finish(threads, stop)
    outcomes = {outcome for _, _, outcome in results}
    assert outcomes <= {200, 503}, outcomes
    away = [(end - begin, outcome) for begin, end, outcome in results if killed <= begin and end < back - 0.5]
    assert away and {outcome for _, outcome in away} == {503}
    assert max(took for took, _ in away) < 1 + 1, "503 within connect_timeout + 1 s"
    late = [outcome for begin, _, outcome in results if begin > back + 2]
    assert late and set(late) == {200}
    answer = Client(server.url).get("projects/100")
    assert answer.status == 200


def test_503_says_when_to_try_again(own, start):
    """503 Service Unavailable: database away; Retry-After; strangers get no more than that."""
    server = start()
    own.kill()
    client = Client(server.url)
    wait_until(lambda: client.get("projects/100").status == 503, 5, "503")
    answer = client.get("projects/100").expect(503, "Service Unavailable", "database_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert own.socket not in answer.http.text and "mysql" not in answer.http.text.lower()
    assert client.get("projects/100", fmt="xml").tree.findtext("request/code") == "503"
    assert client.get("projects", user=None).status == 401, "what needs no database is answered as ever"
    assert client.get("nope").status == 404
    wait_until(lambda: server.readyz() == 503, 5, "not ready")
    assert requests.get(server.admin + "/healthz", timeout=5).status_code == 200
    own.start()
    wait_until(lambda: client.get("projects/100").status == 200, 2, "service is back within 2 s")
    wait_until(lambda: server.readyz() == 200, 3, "ready again")


def test_starting_without_a_database(own, start_gateway, place, settings):
    """back by itself: a gateway started first serves once the database is there."""
    own.kill()
    server = start_gateway({"mysql.socket": own.socket, "mysql.connect_timeout": "1s"}, wait_ready=False)
    time.sleep(1)
    try:
        if server.process.poll() is None:
            assert server.readyz() in (503, None)
            assert Client(server.url).get("projects/100").status == 503
    finally:
        own.start()
    if server.process.poll() is not None:
        pytest.fail("the gateway ended because the database was away: " + server.error_text()[-300:] + server.out_text()[-300:])
    wait_until(lambda: server.readyz() == 200, 5, "ready")
    assert Client(server.url).get("projects/100").status == 200


def test_mariadb_frozen(own, start):
    """MySQL slow: deadline, 503; the queue never grows past its bound; back by itself."""
    server = start({"mysql.read_deadline": "1s", "mysql.queue": "64"})
    stop, results = threading.Event(), []
    threads = load(server, [f"projects/{number}" for number in range(200, 216)], 16, stop, results)
    time.sleep(0.5)
    own.pause()
    frozen, queued = time.monotonic(), []
    while time.monotonic() < frozen + 5:
        queued.append(server.metrics()["portcullis_pool_queued"])
        time.sleep(0.2)
    own.resume()
    resumed = time.monotonic()
    time.sleep(4)
    finish(threads, stop)
    assert max(queued) <= 64
    during = [(begin, end, outcome) for begin, end, outcome in results if frozen + 0.1 <= begin and end < resumed]
    assert during and {outcome for _, _, outcome in during} == {503}, during[:3]
    assert max(end - begin for begin, end, _ in during) < 4
    late = [outcome for begin, _, outcome in results if begin > resumed + 2.5]
    assert late and set(late) == {200}


def test_a_locked_table_leaves_the_others_alone(own, start):
    """one table holds at most three quarters of the workers, so others go on; deadline: 503."""
    server = start({"mysql.read_deadline": "2s", "mysql.workers": "4"})
    lock = own.connect("whmcs")
    lock.cursor().execute("LOCK TABLES tbladdon_wbteampro_topic WRITE")
    stop, results = threading.Event(), []
    threads = load(server, [f"topics/{number}" for number in range(1, 7)] * 4, 24, stop, results)
    try:
        time.sleep(0.5)
        client, slowest = Client(server.url), 0
        for number in range(200, 240):
            started = time.monotonic()
            client.get(f"projects/{number}").success()
            slowest = max(slowest, time.monotonic() - started)
        assert slowest < 1, slowest
        time.sleep(2.5)
        lock.cursor().execute("UNLOCK TABLES")
        freed = time.monotonic()
        time.sleep(2)
    finally:
        finish(threads, stop)
        lock.close()
    assert {outcome for begin, end, outcome in results if end < freed - 0.1} == {503}
    late = [outcome for begin, _, outcome in results if begin > freed + 1]
    assert late and set(late) == {200}


def test_a_kill_never_hits_the_next_query(own, start):
    """a KILL never hits the next query of that connection: after a deadline all is well."""
    server = start({"mysql.read_deadline": "300ms", "mysql.workers": "2"})
    client = Client(server.url)
    lock = own.connect("whmcs")
    for _ in range(5):
        lock.cursor().execute("LOCK TABLES tbladdon_wbteampro_topic WRITE")
        client.get("topics/1").expect(503, code="deadline")
        lock.cursor().execute("UNLOCK TABLES")
        for number in range(200, 220):
            client.get(f"projects/{number}").success()
        client.get("topics/1").success()
    lock.close()
    assert server.metrics()["portcullis_limit_read_deadline_total"] >= 5


def test_the_queue_is_bounded(own, start):
    """worker queue full: 503 at once, with Retry-After; it never grows past its bound."""
    server = start({"mysql.read_deadline": "3s", "mysql.workers": "2", "mysql.queue": "4"})
    lock = own.connect("whmcs")
    lock.cursor().execute("LOCK TABLES tbladdon_wbteampro_topic WRITE")
    answers = []

    def ask(number):
        started = time.monotonic()
        answer = Client(server.url).get("topics", {"topic_id": {"gt": number}})
        answers.append((time.monotonic() - started, answer))
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    time.sleep(1)
    assert server.metrics()["portcullis_pool_queued"] <= 4
    quick = [answer for took, answer in list(answers) if took < 0.5]
    assert len(quick) >= 30 - 2 - 4 - 4
    for answer in quick:
        answer.expect(503, "Service Unavailable", "queue_full")
        assert answer.headers["Retry-After"]
    lock.close()
    for thread in threads:
        thread.join()
    assert len(answers) == 30
    assert server.metrics()["portcullis_limit_queue_total"] >= len(quick)


def test_queries_of_clients_that_have_gone_are_dropped(own, start):
    """client gone mid-request: its query is dropped if queued."""
    from support.raw import Raw, raw_request
    server = start({"mysql.read_deadline": "5s", "mysql.workers": "2"})
    lock = own.connect("whmcs")
    lock.cursor().execute("LOCK TABLES tbladdon_wbteampro_topic WRITE")
    connections = [Raw(server.port) for _ in range(20)]
    for number, connection in enumerate(connections):
        connection.send(raw_request(f"topics/{number + 1}"))
    time.sleep(0.3)
    for connection in connections:
        connection.close()
    time.sleep(0.3)
    lock.close()
    wait_until(lambda: server.metrics()["portcullis_pool_queued"] == 0, 5, "the queue is empty")
    assert server.metrics()["portcullis_pool_dropped_total"] >= 10
    assert Client(server.url).get("projects/100").status == 200


def test_workers_are_as_many_as_set(own, start):
    """mysql.workers: that many database connections, no more, whatever comes."""
    server = start({"mysql.workers": "3"})
    stop, results = threading.Event(), []
    threads = load(server, [f"projects/{number}" for number in range(200, 216)], 16, stop, results)
    seen = []
    for _ in range(10):
        seen.append(server.metrics()["portcullis_database_connections"])
        time.sleep(0.1)
    finish(threads, stop)
    assert max(seen) <= 3 + 2, "the bans' thread and the outbox's have one each"
    assert server.metrics()["portcullis_pool_workers"] == 3
    assert {outcome for _, _, outcome in results} == {200}


def test_redis_away(place, start_gateway):
    """Redis away: everything works; one log line."""
    folder = place / "redis-hurt"
    folder.mkdir()
    redis = Redis(folder)
    redis.start()
    server = start_gateway({"redis.url": redis.url})
    client = Client(server.url)
    client.get("config").success()
    redis.stop()
    for _ in range(5):
        started = time.monotonic()
        client.get("config").success()
        client.get("projects/100").success()
        assert time.monotonic() - started < 1
    lines = [line for line in server.out_text().splitlines() if "redis" in line.lower() and '"request"' not in line]
    assert len(lines) <= 3, lines
    redis.start()
    try:
        client.get("config").success()
    finally:
        redis.stop()


def test_starting_without_redis(start_gateway, place):
    server = start_gateway({"redis.url": f"unix://{place}/nobody.sock"})
    assert Client(server.url).get("config").status == 200
    without = start_gateway({"redis.url": ""})
    assert Client(without.url).get("config").status == 200
