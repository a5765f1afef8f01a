"""Writes as bytes: cut off, twice, pipelined, through two gateways. RFC 9112 9.3; operations.md "Failure behaviour"."""

import json
import threading
import time
import urllib.parse

import pytest

from support.answers import address, basic, credentials
from support.ports import wait_until
from support.raw import Raw
from support.writing import DATABASE, Writer

pytestmark = pytest.mark.writing


def request(method, chain, params=None, fields="", body=b"", length=None):
    """A whole request as bytes; length: what Content-Length says, where that is not so."""
    query = urllib.parse.urlencode({**credentials(), **({} if params is None else {"params": json.dumps(params)})})
    head = f"{method} {address(chain)[0]}?{query} HTTP/1.1\r\nHost: t\r\n{fields}"
    if body or length is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body) if length is None else length}\r\n"
    return head.encode() + b"\r\n" + body


def test_pipelined_writes_take_effect_in_their_order(writing_gateway, store):
    """RFC 9112 9.3.2: only safe methods may be worked on side by side."""
    number = store.insert("timelogs")
    with Raw(writing_gateway.port, timeout=60) as connection:
        connection.send(b"".join(request("PUT", f"timelogs/{number}", {"timelog_elapsed": value}) for value in range(1, 41)))
        seen = [json.loads(connection.reply().body)["response"]["timelog"]["timelog_elapsed"] for _ in range(40)]
    assert seen == list(range(1, 41))
    assert store.row("timelogs", number)["timelog_elapsed"] == 40


def test_a_read_behind_a_write_sees_it(writing_gateway, store):
    """On one connection: create, update, read, delete, read."""
    project = store.project()
    with Raw(writing_gateway.port, timeout=60) as connection:
        for _ in range(10):
            number = store.insert("timelogs", project_id=project)
            connection.send(request("PUT", f"timelogs/{number}", {"timelog_note": "x"}) + request("GET", f"timelogs/{number}")
                            + request("DELETE", f"timelogs/{number}") + request("GET", f"timelogs/{number}")
                            + request("GET", f"projects/{project}/timelogs"))
            replies = [connection.reply() for _ in range(5)]
            assert [reply.status for reply in replies] == [200, 200, 200, 404, 200]
            assert b'"timelog_note":"x"' in replies[1].body and b'"total":0' in replies[4].body


@pytest.mark.parametrize("body,sent", [(b'{"timelog_note":"cut"}', 10), (b'{"timelog_note":"cut"}', 22), (b'[{},{},{}]', 5)])
def test_a_request_that_is_cut_off(writing_gateway, store, body, sent):
    """A body that does not come whole is no request: nothing is stored, though what came may be valid JSON."""
    length = len(body) if sent < len(body) else len(body) + 1
    with store.unchanged():
        with Raw(writing_gateway.port) as connection:
            connection.send(request("POST", "timelogs", body=body[:sent], length=length))
            time.sleep(0.3)
        time.sleep(0.5)


def test_a_chunked_body_without_its_end(writing_gateway, store):
    head = request("POST", "timelogs", fields="Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n")
    with store.unchanged():
        with Raw(writing_gateway.port) as connection:
            connection.send(head + b"2\r\n{}\r\n")
            time.sleep(0.3)
        time.sleep(0.5)
    with Raw(writing_gateway.port) as connection:
        assert connection.send(head + b"2\r\n{}\r\n0\r\n\r\n").reply().status == 200


def test_a_client_that_does_not_wait(writing_gateway, api_writer, store):
    """Gone before the answer: the write is done whole or not at all, and its key tells which."""
    for attempt in range(10):
        key, note = f"gone-{attempt}-{store.one('SELECT UUID()')}", f"gone {attempt} {time.monotonic()}"
        with Raw(writing_gateway.port) as connection:
            connection.send(request("POST", "projects/200/timelogs", {"timelog_note": note}, fields=f"Idempotency-Key: {key}\r\n"))
            time.sleep(0.002 * attempt)
        answer = api_writer.post("projects/200/timelogs", {"timelog_note": note}, headers={"Idempotency-Key": key}).success()
        assert store.ids("timelogs", f"timelog_note='{note}'") == [answer.response["timelog"]["timelog_id"]]
    api_writer.get("projects/200").success()


def test_expect_100_continue(writing_gateway, store):
    """RFC 9110 10.1.1: with a body that waits to be asked for, and one that never comes."""
    body = b'{"timelog_note":"asked for"}'
    with Raw(writing_gateway.port) as connection:
        connection.send(request("POST", "timelogs", fields="Expect: 100-continue\r\n", body=b"", length=len(body)))
        assert connection.reply().status == 100
        assert connection.send(body).reply().status == 200
    with store.unchanged():
        with Raw(writing_gateway.port) as connection:
            connection.send(request("POST", "timelogs", fields="Expect: 100-continue\r\n", body=b"", length=len(body)))
            assert connection.reply().status == 100
        time.sleep(0.5)


def test_a_body_beyond_the_limit(writing_gateway, store):
    """operations.md: body 1 MiB, else 413; nothing of it is stored."""
    body = b'[{"timelog_note":"' + b"x" * (1 << 20) + b'"}]'
    with store.unchanged():
        with Raw(writing_gateway.port) as connection:
            try:
                connection.send(request("POST", "timelogs", body=body))
            except ConnectionError:
                pass
            assert connection.reply().status == 413


def test_login_by_basic(api_writer, store):
    number = store.insert("timelogs")
    client = api_writer.client
    client.send("PUT", address(f"timelogs/{number}")[0], {"params": '{"timelog_note":"basic"}'}, headers=basic("alice")).success()
    assert store.row("timelogs", number)["timelog_note"] == "basic"
    with store.unchanged():
        client.send("PUT", address(f"timelogs/{number}")[0], {"params": '{"timelog_note":"x"}'}, headers=basic("alice", "wrong")).expect(401)


# ---- two gateways, one database -----------------------------------------------------------------------

@pytest.fixture
def other(start_gateway, written_files):
    return Writer(start_gateway({"mysql.database": DATABASE, "files.root": str(written_files)}).url)


def test_a_key_holds_on_every_gateway(api_writer, other, store):
    """operations.md: "two gateways, one database: … idempotency … exact"."""
    headers = {"Idempotency-Key": f"both-{store.one('SELECT UUID()')}"}
    first = api_writer.post("timelogs", {"timelog_note": "x"}, headers=headers).success()
    with store.unchanged():
        again = other.post("timelogs", {"timelog_note": "x"}, headers=headers).success()
    assert again.http.content == first.http.content
    assert [again.headers[name] for name in ("ETag", "Location")] == [first.headers[name] for name in ("ETag", "Location")]


def test_a_total_of_another_gateway_catches_up(api_writer, other, store):
    """Section 4: total may lag up to cache.count_ttl behind what others write; `exact` never does."""
    project = store.project()
    chain = f"projects/{project}/timelogs"
    for _ in range(3):
        store.insert("timelogs", project_id=project)
    assert other.get(chain, {"limit": 1}).data["total"] == 3
    api_writer.post(chain, {}).success()
    assert other.get(chain, {"limit": 1, "count": "exact"}).data["total"] == 4
    wait_until(lambda: other.get(chain, {"limit": 1}).data["total"] == 4, 5, "the other gateway counts anew")


def test_updates_through_two_gateways(api_writer, other, store):
    """The lock is the database's: with If-Match no update is lost."""
    number, done = store.insert("timelogs", timelog_elapsed=0), []

    def add(writer):
        for _ in range(15):
            read = writer.get(f"timelogs/{number}").success()
            value = read.response["timelog"]["timelog_elapsed"] + 1
            if writer.put(f"timelogs/{number}", {"timelog_elapsed": value}, headers={"If-Match": read.headers["ETag"]}).status == 200:
                done.append(value)

    threads = [threading.Thread(target=add, args=(writer,)) for writer in (api_writer, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == list(range(1, len(done) + 1)) and store.row("timelogs", number)["timelog_elapsed"] == len(done) > 0


# ---- metrics ------------------------------------------------------------------------------------------

def test_replays_are_counted(writing_gateway, api_writer, store):
    def replays():
        return next(value for name, value in writing_gateway.metrics().items() if "idempotent_replays" in name)
    headers = {"Idempotency-Key": f"counted-{store.one('SELECT UUID()')}"}
    before = replays()
    for _ in range(3):
        api_writer.post("timelogs", {}, headers=headers).success()
    assert replays() == before + 2
