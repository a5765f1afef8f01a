"""spec/remote-api.md, section 6, Idempotency-Key and "one transaction": gateways and MariaDB are killed (SIGKILL) at any moment
while clients create, each asking with the same key until it is answered.

Afterwards each key is there once, each answer is true, and nothing is there by half. PORTCULLIS_LONG=1: 50 rounds.
"""

import collections
import json
import os
import pathlib
import random
import shutil
import tempfile
import threading
import time

import pytest

from support import fixture, integrity
from support.caller import Caller
from support.fixture import PREFIX
from support.gateway import ROOT, Gateway
from support.ports import wait_until
from support.raw import Closed
from support.servers import Mariadb
from support.storm import KEY, SINGULAR

pytestmark = [pytest.mark.faults, pytest.mark.slow]

ROUNDS = 50 if os.environ.get("PORTCULLIS_LONG") else 16
CLIENTS = 24
SETTINGS = {"mysql.user": "root", "mysql.database": "whmcs", "mysql.workers": "6", "mysql.connect_timeout": "1s",
            "mysql.read_deadline": "2s", "server.loops": "2", "server.max_lag": "0", "ban.exempt": "127.0.0.0/8"}
VICTIMS = ("gateway", "gateway", "both gateways", "mariadb", "mariadb", "mariadb and a gateway")

# kind: chain, the column that holds the mark, what else is given, how many are made (a list's items have marks of their own)
KINDS = {
    "timelog": ("projects/100/timelogs", "timelog_note", {"timelog_elapsed": 5}, 1),
    "sub-action": ("actions", "action_name", {"project_id": 100, "parent_action_id": 55}, 1),
    "thread": ("topics", "topic_detail", {"project_id": 100, "topic_name": "new"}, 1),
    "reply": ("topics", "topic_detail", {"thread_id": 1}, 1),
    "version": ("files", "file_detail", {"thread_id": 1, "file_name": "plan.pdf"}, 1),
    "bulk": ("actions/55/timelogs", "timelog_note", {}, 7),
    "project": ("projects", "project_name", {}, 1),
}


class Maker(threading.Thread):
    """Creates one thing after another; each key is asked again, at one gateway or the other, until it is answered."""

    def __init__(self, number, ports, stop):
        super().__init__(daemon=True)
        self.number, self.stop = number, stop
        self.callers = [Caller(port, timeout=15) for port in ports]
        self.chance = random.Random(number)
        self.made, self.failures, self.bad = {}, collections.Counter(), []

    def run(self):
        for sequence in range(10 ** 6):
            if self.stop.is_set():
                return
            self.make(f"made-{self.number}-{sequence}.", self.chance.choice(list(KINDS)))

    def make(self, mark, kind):
        end = time.monotonic() + 120
        while time.monotonic() < end:
            answer = self.once(mark, kind)
            if answer is not None and answer.status == 200:
                self.made[mark] = (kind, answer.text)
                return
            time.sleep(self.chance.random() * 0.1)
        self.bad.append((mark, "was never answered"))

    def once(self, mark, kind):
        chain, column, more, count = KINDS[kind]
        items = [{column: f"{mark}{item}", **more} for item in range(count)]
        try:
            answer = self.chance.choice(self.callers).ask("POST", chain, items if count > 1 else items[0], Idempotency_Key=mark)
        except (OSError, Closed) as error:
            self.failures[type(error).__name__] += 1
            return None
        if answer.status == 503:
            self.failures[answer.codes[0]] += 1
        elif answer.status != 200:
            self.bad.append((mark, answer))
        return answer


class Field:
    """Two gateways and one MariaDB, to be killed and begun again."""

    def __init__(self, folder):
        self.mariadb = Mariadb(folder, ["--innodb-flush-log-at-trx-commit=1"])
        self.mariadb.start()
        fixture.load_structure(self.mariadb, ROOT)
        fixture.load_rows(self.mariadb, bad_text=False)
        self.gateways = [Gateway(folder / f"gateway-{number}", {**SETTINGS, "mysql.socket": self.mariadb.socket})
                         for number in range(2)]
        for gateway in self.gateways:
            gateway.start()

    def kill(self, victim, chance):
        """SIGKILL; what was killed is begun again after a while."""
        gateways = {"gateway": 1, "both gateways": 2, "mariadb and a gateway": 1}.get(victim, 0)
        killed = chance.sample(self.gateways, gateways)
        for gateway in killed:
            gateway.process.kill()
        if "mariadb" in victim:
            self.mariadb.kill()
        for gateway in killed:
            gateway.process.wait()
        time.sleep(chance.random() * 0.3)
        for gateway in killed:
            gateway.start(wait_ready=False)
        if "mariadb" in victim:
            self.mariadb.start()

    def stop(self):
        try:
            for gateway in self.gateways:
                gateway.stop()
        finally:
            self.mariadb.stop()


@pytest.fixture(scope="module")
def field():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-kill-"))
    field = Field(folder)
    yield field
    field.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def makers(field, record_testsuite_property):
    """After all rounds: every client has been answered for every key it used."""
    stop, chance = threading.Event(), random.Random(int(os.environ.get("PORTCULLIS_SEED", "7")))
    makers = [Maker(number, [gateway.port for gateway in field.gateways], stop) for number in range(CLIENTS)]
    for maker in makers:
        maker.start()

    def made():
        return sum(len(maker.made) for maker in makers)
    for number in range(ROUNDS):
        before = made()
        wait_until(lambda: made() > before + CLIENTS, 60, f"service is back after round {number}")
        time.sleep(chance.random() * 0.5)
        field.kill(VICTIMS[number % len(VICTIMS)], chance)
    stop.set()
    for maker in makers:
        maker.join(130)
        assert not maker.is_alive()
    failures = sum((maker.failures for maker in makers), collections.Counter())
    record_testsuite_property("kill_keys", made())
    print(f"\n{made()} keys; what clients saw before their answers: {dict(failures)}")
    return makers


def all_made(makers):
    return {mark: made for maker in makers for mark, made in maker.made.items()}


def test_clients_see_success_or_503_alone(makers):
    """Every other answer would be a lie: nothing was wrong with the requests."""
    assert [bad for maker in makers for bad in maker.bad] == []
    assert sum(sum(maker.failures.values()) for maker in makers) >= ROUNDS, "nothing was hit"


def test_each_key_is_there_exactly_once_under_the_answered_ids(field, makers):
    there = {}
    for chain, column, _, _ in KINDS.values():
        resource = chain.rsplit("/", 1)[-1]
        rows = field.mariadb.run(f"SELECT {column}, {KEY[resource]} FROM {PREFIX}{SINGULAR[resource]} WHERE {column} LIKE 'made-%'")
        there[resource] = collections.defaultdict(list)
        for text, number in rows:
            there[resource][text].append(number)
    answered = {resource: {} for resource in there}
    for mark, (kind, text) in all_made(makers).items():
        chain, column, _, count = KINDS[kind]
        resource = chain.rsplit("/", 1)[-1]
        response = json.loads(text)["response"]
        rows = response[resource] if count > 1 else [response[SINGULAR[resource]]]
        assert [row[column] for row in rows] == [f"{mark}{item}" for item in range(count)]
        answered[resource].update({row[column]: [row[KEY[resource]]] for row in rows})
    for resource in there:
        assert dict(there[resource]) == answered[resource], resource


def test_no_record_without_its_line_and_no_line_without_its_record(field, makers):
    lines = collections.Counter(row[0] for row in field.mariadb.run("SELECT description FROM tblactivitylog"))
    expected = collections.Counter()
    for kind, text in all_made(makers).values():
        chain, _, _, count = KINDS[kind]
        resource = chain.rsplit("/", 1)[-1]
        response = json.loads(text)["response"]
        if count > 1:
            ids = ", ".join(str(row[KEY[resource]]) for row in response[resource])
            expected[f"portcullis: alice created {count} {resource} ({ids})"] += 1
        else:
            expected[f"portcullis: alice created {SINGULAR[resource]} {response[SINGULAR[resource]][KEY[resource]]}"] += 1
    assert lines == expected
    assert set(lines.values()) == {1}


def test_bookkeeping_is_whole(field, makers):
    """Counted children, thread's rows, versions: all of the same transaction as the record. (The fixture's own rows have faults.)"""
    faults = integrity.faults(field.mariadb.run)
    known = {"ticket of a ticketxref", "a project of a timelog's action", "project of a timelog's action", "first row of a file's thread"}
    assert set(faults) <= known, faults
    children = field.mariadb.run(f"SELECT COUNT(*) FROM {PREFIX}action WHERE parent_action_id = 55")[0][0]
    assert field.mariadb.run(f"SELECT level_children FROM {PREFIX}action WHERE action_id = 55") == ((children,),)


def test_each_key_is_answered_alike_for_ever(field, makers):
    """The same key with the same request: the first success again, and nothing is created."""
    made = all_made(makers)
    kept = field.mariadb.run("SELECT COUNT(*), SUM(status = 200) FROM portcullis_idempotency")[0]
    assert kept == (len(made), len(made))
    caller = Maker(0, [gateway.port for gateway in field.gateways], threading.Event())
    for gateway in field.gateways:
        wait_until(lambda up=gateway: up.readyz() == 200, 30, "ready")
    for mark, (kind, text) in random.Random(1).sample(sorted(made.items()), min(200, len(made))):
        answer = caller.once(mark, kind)
        assert (answer.status, answer.text) == (200, text)
    assert field.mariadb.run("SELECT COUNT(*) FROM portcullis_idempotency")[0][0] == len(made)
