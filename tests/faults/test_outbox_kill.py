"""spec/abuse-api.md, "Suspension": at least once, never twice within a valid lease, however many gateways run, and however they
end: three gateways on one database, of which one is killed (SIGKILL) at any moment, and started again.

A trigger keeps the history of each row. Afterwards every due suspension was asked for and is written down as done; a claim
brought one request at most; and from a claim that was not given back to the next there is a lease. PORTCULLIS_LONG=1: 50 rounds.
"""

import os
import pathlib
import random
import shutil
import tempfile
import time

import pytest

from support.gateway import Gateway
from support.outbox import Outbox, settings_for
from support.ports import wait_until
from support.servers import Mariadb
from support.whmcs import Whmcs

pytestmark = [pytest.mark.faults, pytest.mark.slow]

ROUNDS = 50 if os.environ.get("PORTCULLIS_LONG") else 8
GATEWAYS, ROWS_A_ROUND, LEASE = 3, 12, 6
HISTORY = """CREATE TABLE history (number int AUTO_INCREMENT PRIMARY KEY, id bigint, attempts int, claimed_by varchar(64),
                                   is_done bool, at datetime(6), KEY (id))"""
TRIGGER = """CREATE TRIGGER keep_history AFTER UPDATE ON portcullis_outbox FOR EACH ROW
             INSERT INTO history (id, attempts, claimed_by, is_done, at)
             VALUES (NEW.id, NEW.attempts, NEW.claimed_by, NEW.done_at IS NOT NULL, SYSDATE(6))"""


@pytest.fixture
def place():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def outbox(place):
    (place / "db").mkdir()
    mariadb = Mariadb(place / "db")
    mariadb.start()
    made = Outbox(mariadb, "outbox_kill")
    made.run(HISTORY)
    made.run(TRIGGER)
    yield made
    mariadb.stop()


@pytest.fixture
def whmcs(outbox):
    fake = Whmcs(mariadb=outbox.mariadb, database=outbox.database)
    yield fake
    fake.close()


@pytest.fixture
def servers(place, outbox, whmcs):
    settings = settings_for(whmcs, {
        "mysql.socket": outbox.mariadb.socket, "mysql.user": "root", "mysql.database": outbox.database, "mysql.workers": "1",
        "server.loops": "1", "server.max_lag": "0", "abuse.timeout": "4s", "abuse.lease": f"{LEASE}s", "abuse.max_attempts": "1000"})
    made = [Gateway(place / f"gateway-{number}", settings) for number in range(GATEWAYS)]
    for server in made:
        server.start()
    yield made
    for server in made:
        if server.process and server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def check_row(outbox, whmcs, number):
    row = outbox.row(number)
    calls = whmcs.of(row["service_id"])
    assert calls and row["last_error"] == "" and outbox.report_of(number)[1] is not None, row
    attempts = [call.attempt for call in calls]
    assert len(set(attempts)) == len(attempts), f"asked twice under one claim: {calls}"
    assert all(call.claimed_by and call.lease_age <= LEASE for call in calls), calls


def check_leases(outbox, number):
    """How many claims were never given back."""
    lost, held_since = 0, None
    for attempts, claimed_by, is_done, at in outbox.run(
            "SELECT attempts, claimed_by, is_done, at FROM history WHERE id = %s ORDER BY number", number):
        if is_done or not claimed_by:
            held_since = None
            continue
        if held_since is not None:
            lost += 1
            assert (at - held_since).total_seconds() >= LEASE, (number, attempts, held_since, at)
        held_since = at
    return lost


def test_gateways_are_killed_at_random(outbox, whmcs, servers):
    chance = random.Random(os.environ.get("PORTCULLIS_SEED", time.time()))
    whmcs.standard = lambda: chance.choice(["success"] * 6 + ["error", "text", "hang"])
    whmcs.delay = 0.05
    numbers = []
    for _ in range(ROUNDS):
        numbers += [outbox.add(due=f"{chance.randrange(2)} SECOND") for _ in range(ROWS_A_ROUND)]
        time.sleep(chance.random() * 1.5)
        victim = chance.choice(servers)
        victim.process.kill()
        victim.process.wait()
        time.sleep(chance.random() * 0.5)
        victim.start(wait_ready=False)
    whmcs.standard = "success"
    wait_until(lambda: outbox.run("SELECT COUNT(*) FROM portcullis_outbox WHERE done_at IS NULL") == ((0,),), 240, "all are done")
    for number in numbers:
        check_row(outbox, whmcs, number)
    lost = sum(check_leases(outbox, number) for number in numbers)
    print(f"{ROUNDS} rounds, {len(numbers)} rows, {len(whmcs.calls)} requests, {lost} leases ran out")
    assert lost > 0, "no kill hit a claim: nothing was tested"
    for server in servers:
        wait_until(server.is_ready, 30, "it is there")
        server.stop()
