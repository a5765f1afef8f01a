"""operations.md, "Failure behaviour", and remote-api.md section 6: uploads that are cut off at any byte, that stall, that find the disk
full, or whose database goes and comes back, many at a time. No row without its bytes, no bytes without a row, nothing left over.
"""

import collections
import contextlib
import json
import os
import random
import subprocess
import threading
import time

import pytest

from support import writing
from support.file_clients import Client, create_base64, create_form, exchange, replace_raw
from support.kept_files import TABLE, KeptFiles
from support.ports import wait_until
from support.uploading import BOUNDARY, Disk, Raw, Uploader, fields, file_part, noise

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LONG = bool(os.environ.get("PORTCULLIS_LONG"))
SEED = int(os.environ.get("PORTCULLIS_SEED", "3"))
END = f"\r\n--{BOUNDARY}--\r\n".encode()


class Place:
    """One gateway, its files and its database."""

    def __init__(self, start_gateway, mariadb, root, more):
        for table in (TABLE, "portcullis_idempotency"):
            mariadb.run(f"DELETE FROM {table}")
        self.disk = Disk(root)
        self.settings = {"mysql.socket": mariadb.socket, "mysql.connect_timeout": "1s", "mysql.read_deadline": "2s", "files.root": str(root),
                         "files.sweep": "200ms", "auth.recheck": "1h", "auth.cache_ttl": "1h", **more}
        self.server = start_gateway(self.settings)
        self.kept = KeptFiles(root, mariadb.run)
        self.uploader = Uploader(self.server, writing.Store(mariadb, "whmcs"), self.disk)
        self.port = self.server.port

    def record(self, data=b"as before"):
        """A file with its bytes."""
        return self.uploader.upload(data).success().response["file"]["file_id"]

    def agree(self, gateways=1):
        wait_until(lambda: self.kept.is_settled(gateways), 60, f"all is settled: {self.kept.left()}")
        database = {"mysql.user": "root", "mysql.database": "whmcs"}
        self.kept.agree({**database, **self.settings})

    def hashes(self):
        return collections.Counter(row.file_sha256 for row in self.kept.rows().values())


@pytest.fixture
def start(start_gateway, own, tmp_path):
    def start(more=None, root=None):
        root = root or tmp_path / "root"
        root.mkdir(exist_ok=True)
        return Place(start_gateway, own, root, more or {})
    return start


# ---- clients that go ---------------------------------------------------------------------------

def ways(number):
    """name → (head, body) of an upload in this way."""
    data, chance = noise(90_000, 5), random.Random(SEED)
    params = {"file_name": "cut.bin"}
    return {"form": create_form(data, params), "form in chunks": create_form(data, params, chance),
            "raw": replace_raw(number, data), "raw in chunks": replace_raw(number, data, chance), "base64": create_base64(data, params)}


def cuts(head, body, chance):
    """Where it is cut: by chance, and around every border: head, the file's head, the last delimiter, the last byte."""
    end = len(head) + len(body)
    around = [len(head), len(head) + max(body.find(b"\r\n\r\n"), 0) + 4, len(head) + max(body.rfind(f"\r\n--{BOUNDARY}--".encode()), 0), end]
    places = {border + offset for border in around for offset in (-3, -2, -1, 0, 1, 2)}
    places |= {chance.randrange(1, end) for _ in range(400 if LONG else 40)}
    return sorted(place for place in places if 0 < place < end)


@pytest.mark.parametrize("way", ["form", "form in chunks", "raw", "raw in chunks", "base64"])
def test_the_client_goes_at_any_byte(start, way):
    """Whatever is missing, be it the last byte: nothing is stored, and what was there before stays."""
    place = start()
    number = place.record()
    before = place.hashes()
    head, body = ways(number)[way]
    chance = random.Random(SEED)
    found = cuts(head, body, chance)
    for group in range(0, len(found), 8):
        threads = [threading.Thread(target=exchange, args=(place.port, head, body), kwargs={"cut": cut}) for cut in found[group:group + 8]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    place.agree()
    assert place.hashes() == before
    assert exchange(place.port, head, body).status == 200
    assert place.hashes() != before
    place.agree()


def test_clients_reset_their_connections(start):
    """The same by RST, which comes as an error of reading; also while the answer is on its way."""
    place = start()
    number = place.record()
    chance = random.Random(SEED)
    for turn in range(200 if LONG else 40):
        head, body = chance.choice(list(ways(number).values()))
        with Raw(place.port) as connection:
            connection.socket.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER, 0 s
            cut = chance.choice([chance.randrange(len(head + body)), len(head + body)])
            with contextlib.suppress(ConnectionError):
                connection.send((head + body)[:cut])
            time.sleep(chance.random() * 0.02)
    place.agree()


@pytest.mark.parametrize("where", ["between head and body", "in the file", "before the last delimiter", "raw", "in a chunk"])
def test_a_client_that_stops(start, where):
    """http.md: a body must move; 408 once http.body_grace is over, and nothing is left, ten at a time."""
    place = start({"http.body_grace": "400ms", "http.body_min_rate": "64 KiB"})
    number = place.record()
    before = place.hashes()
    ways_ = ways(number)
    head, body = ways_[{"raw": "raw", "in a chunk": "form in chunks"}.get(where, "form")]
    at = {"between head and body": 0, "before the last delimiter": len(body) - len(END)}.get(where, 50_000)
    connections = [Raw(place.port, 30).send(head + body[:at]) for _ in range(10)]
    for connection in connections:
        reply = connection.reply()
        assert (reply.status, json.loads(reply.body)["response"]["errors"][0]["code"]) == (408, "body_timeout")
        connection.close()
    place.agree()
    assert place.hashes() == before
    assert place.server.metrics()["portcullis_timeout_body_total"] >= 10


# ---- the disk is full --------------------------------------------------------------------------

@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MiB."""
    root = tmp_path / "small"
    root.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(root)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a tmpfs")
    yield root
    subprocess.run(["umount", "-l", str(root)], check=False)


def test_many_fill_the_disk(start, small_disk):
    """Uploads at once of three times what fits: each is stored whole, or 507 and nothing of it; replacing and deleting go on; and all
    of the room comes back."""
    place = start(root=small_disk)
    numbers = [place.record(noise(300_000, seed)) for seed in range(6)]
    answers, bad = collections.Counter(), []

    def fill(seed):
        data, chance = noise(700_000 + seed, seed), random.Random(seed)
        params = {"file_name": f"{seed}.bin"}
        send = [create_form(data, params), create_form(data, params, chance), create_base64(data, params), replace_raw(numbers[seed % 6], data)]
        said = exchange(place.port, *chance.choice(send), pace=lambda: chance.random() * 0.01)
        answers[said.status] += 1
        if said.status not in (200, 503, 507) or said.status == 507 and said.codes != ["disk_full"]:
            bad.append((seed, said))
    threads = [threading.Thread(target=fill, args=(seed,)) for seed in range(36)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bad == [] and answers[507] > 3 and answers[200] > 3, answers
    place.agree()
    assert place.server.metrics()["portcullis_limit_disk_total"] >= answers[507]
    for number in place.kept.rows():
        place.uploader.delete(f"files/{number}").success()
    place.agree()
    assert place.disk.all() == {}
    place.uploader.is_stored(place.uploader.upload(noise(6_000_000)), noise(6_000_000))


def test_full_to_the_last_page(start, small_disk):
    """Not a byte is left, not even for a folder: 507 or, where the file itself still has room, no answer but a true one."""
    place = start(root=small_disk)
    number = place.record(noise(300_000))
    filler = small_disk / ".portcullis" / "filler"
    answers = collections.Counter()
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    for room in range(6):
        os.truncate(filler, filler.stat().st_size - 4096 * (room > 0))
        for way, (head, body) in {"form": create_form(b"x" * 5000, {"file_name": "f"}), "raw": replace_raw(number, b"y" * 5000)}.items():
            said = exchange(place.port, head, body)
            assert said.status in (200, 507), (way, said)
            answers[said.status] += 1
            if said.status == 200 and way == "form":
                place.uploader.delete(f"files/{json.loads(said.body)['response']['file']['file_id']}").success()
    assert answers[507] and answers[200], answers
    filler.unlink()
    place.agree()
    place.uploader.delete(f"files/{number}").success()
    wait_until(lambda: place.disk.all() == {}, 20, "all is gone")


# ---- the database ------------------------------------------------------------------------------

@pytest.mark.parametrize("how", ["killed", "stopped", "frozen"])
def test_the_database_goes_while_uploads_run(own, start, how):
    """503, nothing stored, nothing left; fate_unknown where it went with the commit: the keeper finds out. Requests that hold the
    bytes already are answered too."""
    place = start({"mysql.workers": "6"})
    clients = [Client(number, [place.port], [place.record()], SEED) for number in range(12)]
    for client in clients:
        client.start()
    chance = random.Random(SEED)
    for _ in range(12 if LONG else 3):
        done = sum(sum(client.counts.values()) for client in clients)
        for client in clients:
            client.go.set()
        wait_until(lambda: sum(sum(client.counts.values()) for client in clients) > done + 30, 60, "uploads run")
        time.sleep(chance.random() * 0.3)
        if how == "frozen":
            own.pause()
            time.sleep(2.5)
            own.resume()
        else:
            (own.kill if how == "killed" else own.stop)()
            time.sleep(0.5)
            own.start()
        for client in clients:
            client.go.clear()
        time.sleep(0.2)
        wait_until(lambda: all(client.idle.is_set() for client in clients), 100, "all clients have their answers")
        wait_until(lambda: place.server.readyz() == 200, 30, "ready")
        place.agree()
        rows = place.kept.rows()
        assert [fault for client in clients for fault in client.compare(rows) + client.bad] == []
    for client in clients:
        client.stop.set()
        client.join(60)


def halves(place, count):
    """Forms that are let in, of which the last delimiter is missing."""
    body = fields() + file_part(noise(200_000))[:-2]
    connections = [Raw(place.port, 30).send(place.uploader.raw_head(len(body) + len(END)) + body) for _ in range(count)]
    wait_until(lambda: len(place.disk.begun()) == count, 20, "all are let in")
    return connections


def test_the_database_goes_under_uploads_that_wait_for_their_last_byte(own, start):
    """All of them end at once, and the database is not there: 503 each, and nothing is left. It comes back: uploads as ever."""
    place = start({"mysql.workers": "2"})
    connections = halves(place, 30)
    own.kill()
    for connection in connections:
        connection.send(END)
    try:
        for connection in connections:
            reply = connection.reply()
            assert reply.status == 503 and int(reply.field("Retry-After")) >= 1, reply
        assert place.disk.all() == {}
    finally:
        own.start()
    wait_until(lambda: place.uploader.upload(b"x").status == 200, 30, "uploads again")
    place.agree()


# ---- the end of the process --------------------------------------------------------------------

@pytest.mark.parametrize("drain", ["100ms", "10s"])
def test_the_gateway_is_ended_while_uploads_run(start, drain):
    """SIGTERM: what ends within server.drain is answered, what does not is dropped; the process leaves a tidy folder, but for
    intents of commits that were given up unanswered: the next one settles these."""
    place = start({"server.drain": drain})
    begun = [place.record() for _ in range(2)]
    clients = [Client(number, [place.port], begun, SEED) for number in range(12)]
    for client in clients:
        client.start()
    for _ in range(10 if LONG else 3):
        for client in clients:
            client.go.set()
        done = sum(sum(client.counts.values()) for client in clients)
        wait_until(lambda: sum(sum(client.counts.values()) for client in clients) > done + 30, 60, "uploads run")
        place.server.stop()
        left = {path.name for path in place.kept.work.iterdir()}
        intents = {name.partition(".")[0] for name in left if name.endswith((".put", ".go"))}
        assert {name for name in left if name.partition(".")[0] not in intents} == set(), "no bytes without intents, and no lock"
        assert not left or drain == "100ms", "who has the time waits for the commit"
        assert left or place.kept.faults() == []
        place.server.start()
        for client in clients:
            client.go.clear()
        time.sleep(0.2)
        wait_until(lambda: all(client.idle.is_set() for client in clients), 100, "all clients have their answers")
        place.agree()
        rows = place.kept.rows()
        assert [fault for client in clients for fault in client.compare(rows) + client.bad] == []
    for client in clients:
        client.stop.set()
        client.join(60)
