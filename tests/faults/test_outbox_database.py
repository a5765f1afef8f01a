"""spec/abuse-api.md, "Suspension", and operations.md, "Failure behaviour": the database goes away or stands still while WHMCS is
asked. A success is written down when the database is back, and not asked for again while the lease lasts."""

import time

import pytest

from support.outbox import Outbox, settings_for
from support.ports import wait_until
from support.sql_proxy import ANSWER, Once, SqlProxy
from support.whmcs import Whmcs

pytestmark = pytest.mark.faults


def load_own(_):
    """Outbox makes its database."""


@pytest.fixture
def outbox(own):
    return Outbox(own, "outbox_database")


@pytest.fixture
def whmcs():
    fake = Whmcs()
    yield fake
    fake.close()


@pytest.fixture
def start(start_gateway, own, outbox, whmcs):
    def go(more=None):
        return start_gateway(settings_for(whmcs, {
            "mysql.socket": own.socket, "mysql.database": outbox.database, "mysql.read_deadline": "1s", "mysql.workers": "1",
            "abuse.lease": "120s", "abuse.timeout": "30s", **(more or {})}))
    return go


def asked(outbox, whmcs, number):
    service = outbox.row(number)["service_id"]
    wait_until(lambda: whmcs.of(service), 30, "WHMCS is asked")
    return service


def test_it_stands_still_while_whmcs_answers(own, start, outbox, whmcs):
    whmcs.delay = 1
    start()
    number = outbox.add()
    service = asked(outbox, whmcs, number)
    own.pause()
    time.sleep(6)
    own.resume()
    row = outbox.ended(number)
    assert row["last_error"] == "" and row["attempts"] == 1 and len(whmcs.of(service)) == 1
    assert outbox.report_of(number)[1] is not None


def test_it_is_killed_while_whmcs_answers(own, start, outbox, whmcs):
    whmcs.delay = 1
    start()
    number = outbox.add()
    service = asked(outbox, whmcs, number)
    own.kill()
    time.sleep(3)
    own.start()
    outbox.connection.ping(reconnect=True)
    row = outbox.ended(number)
    assert row["last_error"] == "" and row["attempts"] == 1 and len(whmcs.of(service)) == 1


def test_the_answer_to_the_last_commit_is_lost(own, start, outbox, whmcs):
    """Whether it was written down is not known: it is looked at again, and was."""
    proxy = SqlProxy(own.folder / "proxy.sock", own.socket)
    try:
        whmcs.delay = 1
        server = start({"mysql.socket": proxy.path})
        number = outbox.add()
        service = asked(outbox, whmcs, number)
        proxy.judge = Once(ANSWER, b"COMMIT")
        row = outbox.ended(number)
        assert row["last_error"] == "" and len(whmcs.of(service)) == 1
        server.find_log("outbox_done", 30)
        assert server.metrics()["portcullis_database_unknown_commits_total"] == 1
        assert server.metrics()["portcullis_outbox_done_total"] == 1
    finally:
        proxy.stop()


def test_the_end_is_quick_though_the_database_stands_still(own, start, outbox, whmcs):
    whmcs.delay = 1
    server = start({"mysql.read_deadline": "60s"})
    number = outbox.add()
    asked(outbox, whmcs, number)
    own.pause()
    try:
        time.sleep(1.5)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 15
    finally:
        own.resume()


def test_it_is_away_at_the_start(own, start_gateway, outbox, whmcs):
    number = outbox.add()
    own.kill()
    server = start_gateway(settings_for(whmcs, {"mysql.socket": own.socket, "mysql.database": outbox.database}), wait_ready=False)
    time.sleep(2)
    own.start()
    outbox.connection.ping(reconnect=True)
    assert outbox.ended(number)["last_error"] == ""
    wait_until(lambda: server.readyz() == 200, 30, "it is ready")
