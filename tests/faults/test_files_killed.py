"""operations.md, "Failure behaviour", and remote-api.md section 6 for the bytes of files: gateways and MariaDB are killed (SIGKILL) or
ended (SIGTERM) at any moment while clients upload, replace, delete and hang up, through two gateways on one files.root and database.

After each round, once all is settled: each row has its bytes, all bytes have their row, nothing is left in .portcullis, and each
client finds what it was answered. PORTCULLIS_LONG=1: 50 rounds.
"""

import collections
import os
import pathlib
import random
import shutil
import tempfile
import time

import pytest

from support import fixture
from support.file_clients import Client, digest
from support.gateway import ROOT, Gateway
from support.kept_files import TABLE, KeptFiles
from support.ports import wait_until
from support.servers import Mariadb
from support.uploading import Disk, Uploader
from support.writing import Store

pytestmark = [pytest.mark.faults, pytest.mark.slow]

ROUNDS = 50 if os.environ.get("PORTCULLIS_LONG") else 6
SEED = int(os.environ.get("PORTCULLIS_SEED", "5"))
CLIENTS, SHARED = 16, 2
SETTINGS = {"mysql.user": "root", "mysql.database": "whmcs", "mysql.workers": "6", "mysql.connect_timeout": "1s", "mysql.read_deadline": "3s",
            "server.loops": "2", "server.max_lag": "0", "server.drain": "300ms", "files.sweep": "200ms", "ban.exempt": "127.0.0.0/8",
            # What one gateway stores is looked for at the other at once.
            "files.cache_ttl": "0"}
# In turn: who is killed (SIGKILL), but for "ended" (SIGTERM).
VICTIMS = ("gateway", "both gateways", "mariadb", "gateway", "ended gateway", "mariadb and a gateway")
# Bytes get a path of their own, or the same one again: then new ones change places with the old ones.
TEMPLATES = {"a path of their own": "{file_path}", "the same path": "{project_id}/{file_id}.bin"}


class Field:
    """Two gateways on one files.root, one MariaDB; to be killed and begun again."""

    def __init__(self, folder, template):
        self.mariadb = Mariadb(folder, ["--innodb-flush-log-at-trx-commit=1"])
        self.mariadb.start()
        fixture.load_structure(self.mariadb, ROOT)
        fixture.load_rows(self.mariadb, bad_text=False)
        self.mariadb.run(f"DELETE FROM {TABLE}")
        self.disk = Disk(folder / "files")
        self.settings = {**SETTINGS, "mysql.socket": self.mariadb.socket, "files.root": str(self.disk.root), "files.path": template}
        self.gateways = [Gateway(folder / f"gateway-{number}", self.settings).start() for number in range(2)]
        self.kept = KeptFiles(self.disk.root, self.mariadb.run, template)

    def share(self):
        """A file that all clients replace."""
        uploader = Uploader(self.gateways[0], Store(self.mariadb, "whmcs"), self.disk)
        return uploader.upload(b"first", {"project_id": 200}).success().response["file"]["file_id"]

    def strike(self, victim, chance):
        """What was killed is begun again after a while. What lay in .portcullis just then."""
        gateways = chance.sample(self.gateways, {"both gateways": 2, "mariadb": 0}.get(victim, 1))
        if victim.startswith("ended"):
            for gateway in gateways:
                gateway.stop()
        for gateway in gateways:
            if gateway.process:
                gateway.process.kill()
        if "mariadb" in victim:
            self.mariadb.kill()
        for gateway in gateways:
            if gateway.process:
                gateway.process.wait()
        left = self.kept.left()
        time.sleep(chance.random() * 0.3)
        if "mariadb" in victim:
            self.mariadb.start()
        for gateway in gateways:
            gateway.start()
        return left

    def settle(self):
        """No client is at work: nothing is left, and nobody waits for anything."""
        count = len(self.gateways)
        wait_until(lambda: self.kept.is_settled(count), 60, f"all is settled: {self.kept.left()}, {self.kept.locks()}")
        for gateway in self.gateways:
            wait_until(lambda up=gateway: up.readyz() == 200 and up.metrics()["portcullis_files_pending"] == 0, 30, "nothing is pending")
            gateway.assert_no_report()

    def stop(self):
        try:
            for gateway in self.gateways:
                gateway.stop()
        finally:
            self.mariadb.stop()


@pytest.fixture(params=TEMPLATES.values(), ids=TEMPLATES.keys())
def field(request):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-killed-"))
    field = Field(folder, request.param)
    yield field
    field.stop()
    if not os.environ.get("PORTCULLIS_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def clients(field):
    shared = [field.share() for _ in range(SHARED)]
    clients = [Client(number, [gateway.port for gateway in field.gateways], shared, SEED) for number in range(CLIENTS)]
    clients[0].offered.append(digest(b"first"))
    for client in clients:
        client.start()
    yield clients
    for client in clients:
        client.stop.set()
    for client in clients:
        client.join(70)


def work(clients, goes_on):
    for client in clients:
        (client.go.set if goes_on else client.go.clear)()
    if not goes_on:
        time.sleep(0.2)
        wait_until(lambda: all(client.idle.is_set() for client in clients), 100, "all clients have their answers")


def answered(clients):
    return sum(count for client in clients for (_, status), count in client.counts.items() if status == 200)


def compare(field, clients):
    """Each client's faults, and the shared files'."""
    rows = field.kept.rows()
    faults = [fault for client in clients for fault in client.compare(rows)]
    faults += [fault for client in clients for fault in client.bad]
    offered = {state for client in clients for state in client.offered}
    faults += [f"shared file {number} has bytes that nobody sent" for number in clients[0].shared if rows[number].file_sha256 not in offered]
    faults += ["a reader got bytes of a shared file that nobody sent" for client in clients for state in client.seen if state not in offered]
    known = {number for client in clients for number in client.files} | set(clients[0].shared)
    return faults + [f"{row.file_name} ({row.file_id}) is there, and nobody's" for row in rows.values() if row.file_id not in known]


def test_killed_at_any_moment(field, clients, record_testsuite_property):
    chance, left = random.Random(SEED), collections.Counter()
    for number in range(ROUNDS):
        before = answered(clients)
        work(clients, True)
        wait_until(lambda: answered(clients) > before + 2 * CLIENTS, 60, f"service is back after round {number}")
        time.sleep(chance.random() * 0.5)
        found = field.strike(VICTIMS[number % len(VICTIMS)], chance)
        left.update(pathlib.Path(name).suffix or "being written" for name in found)
        work(clients, False)
        field.settle()
        assert compare(field, clients) == [], number
        field.kept.agree(field.settings)
    counts = sum((client.counts for client in clients), collections.Counter())
    print(f"\n{ROUNDS} rounds; left by those who were killed: {dict(left)}; answers: { {' '.join(map(str, key)): count for key, count in sorted(counts.items(), key=str)} }")
    record_testsuite_property(f"files_left_{field.kept.template}", str(dict(left)))
    assert left["being written"] + left[".put"] + left[".go"] > 0, "nothing was hit"
    assert min(counts[what, 200] for what in ("create", "replace", "delete", "delete project", "create again", "share")) > 0
