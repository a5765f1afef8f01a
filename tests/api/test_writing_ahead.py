"""Many writes in a row: one commit begins the next transaction (docs/statements.md, "Writes"), and nobody may notice."""

import time

import pytest

from support.ports import wait_until
from support.writing import PREFIX, Store, Writer, load

IN_A_ROW = 12  # from the eighth on commits begin the next one


@pytest.fixture(scope="module")
def one_worker(mariadb, module_gateway):
    load(mariadb, "written_ahead")
    return module_gateway({"mysql.database": "written_ahead", "mysql.workers": "1", "auth.recheck": "10m", "abuse.poll": "10m"})


@pytest.fixture(scope="module")
def store(mariadb, one_worker):
    return Store(mariadb, "written_ahead")


@pytest.fixture(scope="module")
def writer(one_worker):
    return Writer(one_worker.url)


def write_many(writer, number):
    for i in range(IN_A_ROW):
        writer.put(f"actions/{number}", {"action_name": f"name {i}"}).success()


@pytest.fixture
def action(writer, store):
    """After many writes to it."""
    number = store.action(store.project())
    write_many(writer, number)
    return number


def statements(server):
    return server.metrics()["portcullis_database_statements_total"]


def test_a_write_after_many_begins_no_transaction(writer, store, one_worker, action):
    before = statements(one_worker)
    writer.put(f"actions/{action}", {"action_name": "next"}).success()
    assert statements(one_worker) - before == 5  # lock, update, log, read back, commit
    assert store.value("actions", action, "action_name") == "next"


def test_a_read_after_many_sees_what_others_have_written(writer, store, action):
    store.set("actions", action, action_notes="theirs")
    assert writer.get(f"actions/{action}").success().response["action"]["action_notes"] == "theirs"
    store.set("actions", action, action_notes="theirs again")
    assert writer.get(f"actions/{action}").success().response["action"]["action_notes"] == "theirs again"


def test_a_write_after_a_read_begins_its_own(writer, one_worker, action):
    writer.get(f"actions/{action}").success()
    before = statements(one_worker)
    writer.put(f"actions/{action}", {"action_name": "next"}).success()
    assert statements(one_worker) - before == 6


def test_a_refused_write_among_many_stores_nothing(writer, store, action):
    with store.unchanged():
        writer.put(f"actions/{action}", {"action_name": "bad", "action_complete": 101}).expect(422)
        writer.put(f"actions/{action}", {"assigned_adminid": 999}).expect(422)
        writer.put(f"actions/{action}", {"action_name": "dry", "dry_run": 1}).success()
    for i in range(3):
        writer.put(f"actions/{action}", {"action_name": f"good {i}"}).success()
        assert store.value("actions", action, "action_name") == f"good {i}"


@pytest.mark.parametrize("reads", [False, True], ids=["after writes", "after a read"])
def test_tables_can_be_changed_in_between(writer, mariadb, action, reads):
    """A transaction that has done nothing holds no table, and a read is in none."""
    if reads:
        writer.get(f"actions/{action}").success()
    mariadb.run(f"SET STATEMENT lock_wait_timeout=1 FOR ALTER TABLE {PREFIX}action COMMENT 'changed'", database="written_ahead")
    writer.put(f"actions/{action}", {"action_name": "after"}).success()


def connections_of(store, server):
    return [row[0] for row in store.run("SELECT id FROM information_schema.processlist WHERE db='written_ahead' AND id<>CONNECTION_ID()")]


def test_a_connection_that_was_killed_in_between(writer, store, one_worker, action):
    """It is found dead before anything is asked of it: the client sees nothing."""
    ids = connections_of(store, one_worker)
    assert ids
    for number in ids:
        store.run(f"KILL {number}")
    wait_until(lambda: not set(ids) & set(connections_of(store, one_worker)), 20, "the connections end")
    writer.put(f"actions/{action}", {"action_name": "after"}).success()
    assert store.value("actions", action, "action_name") == "after"


def test_who_has_nothing_more_to_write_ends_it(writer, store, one_worker, action):
    """Within a second or two, as a connection is looked after when it is idle."""
    def ended():
        return int(store.run("SHOW GLOBAL STATUS LIKE 'Com_rollback'")[0][1])
    time.sleep(3)  # the whole server's are counted: by now what gateways of other tests began is ended
    write_many(writer, action)
    before = ended()
    wait_until(lambda: ended() > before, 20, "the transaction is ended")
    time.sleep(1.5)
    assert ended() == before + 1  # once
    taken = statements(one_worker)
    writer.put(f"actions/{action}", {"action_name": "late"}).success()
    assert statements(one_worker) - taken == 6
