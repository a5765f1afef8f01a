"""spec/remote-api.md, section 6, for much: a project with 10,000 of each kind below it, an action with 5,000 sub-actions, a tree
200 deep. A bounded number of statements, and nobody else waits for it."""

import statistics
import threading
import time

import pytest

from support import fixture, integrity
from support.caller import Caller
from support.fixture import PREFIX
from support.gateway import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.slow]

DATABASE = "whmcs_large"
KINDS = ("action", "topic", "file", "timelog", "ticketxref")
PLURALS = {"action": "actions", "topic": "topics", "file": "files", "timelog": "timelogs", "ticketxref": "ticketxrefs"}


@pytest.fixture(scope="module")
def database(mariadb):
    fixture.load_structure(mariadb, ROOT, DATABASE)
    fixture.load_rows(mariadb, DATABASE, bad_text=False)
    mariadb.run("CREATE TABLE numbers (n int PRIMARY KEY) SELECT seq n FROM seq_1_to_10000", database=DATABASE)

    def run(sql):
        with mariadb.connect(DATABASE) as connection, connection.cursor() as cursor:
            cursor.execute("SET sql_mode=''")
            cursor.execute(sql)
            return cursor.fetchall()
    return run


@pytest.fixture(scope="module")
def server(database, module_gateway):
    """Nothing but what is asked for reaches the database."""
    return module_gateway({"mysql.database": DATABASE, "redis.url": "", "ban.table": "read", "ban.table_poll": "1h", "abuse.poll": "1h",
                           "auth.recheck": "1h", "auth.cache_ttl": "1h"})


@pytest.fixture(scope="module")
def caller(server):
    caller = Caller(server.port)
    assert caller.ask("GET", "projects/200").status == 200
    return caller


@pytest.fixture(scope="module")
def whole(database):
    """No faults but those of the fixture's own rows."""
    known = integrity.faults(database)
    return lambda: integrity.faults(database) == known


def fill(run, project, count):
    """A project with that many rows of each kind below it; half of those below actions, some of them deep."""
    base = project * 100000
    run(f"INSERT INTO {PREFIX}project (project_id, project_name, visible_status) VALUES ({project}, 'large', 'all')")
    run(f"INSERT INTO {PREFIX}action (action_id, project_id, parent_action_id, action_name) SELECT {base}+n, {project}, "
        f"IF(n % 3 = 0, {base}+n-1, 0), 'a' FROM numbers WHERE n <= {count}")
    run(f"UPDATE {PREFIX}action SET level_children = 1 WHERE project_id = {project} AND action_id % 3 = 2 AND action_id < {base}+{count}")
    half = f"IF(n % 2 = 0, {base}+n, 0)"
    for table, key, more, value in (("topic", "topic_id, thread_id", "topic_detail", f"{base}+n, {base}+n"),
                                    ("file", "file_id, thread_id", "file_name", f"{base}+n, {base}+n"),
                                    ("timelog", "timelog_id", "timelog_note", f"{base}+n"),
                                    ("ticketxref", "xref_id", "ticket_id", f"{base}+n")):
        last = "2038" if more == "ticket_id" else "'x'"
        run(f"INSERT INTO {PREFIX}{table} ({key}, project_id, action_id, {more}) SELECT {value}, {project}, {half}, {last} FROM numbers "
            f"WHERE n <= {count}")
    # Older rows name their action alone.
    run(f"UPDATE {PREFIX}timelog SET project_id = 0 WHERE project_id = {project} AND action_id <> 0 AND timelog_id % 4 = 0")


def remaining(run, project):
    base = project * 100000
    return {name: run(f"SELECT COUNT(*) FROM {PREFIX}{name} WHERE {key} BETWEEN {base} AND {base + 99999}")[0][0]
            for name, key in (("action", "action_id"), ("topic", "topic_id"), ("file", "file_id"), ("timelog", "timelog_id"),
                              ("ticketxref", "xref_id"))}


def statements(server, action):
    """How many statements that took: no other request is under way."""
    before = server.metrics()["portcullis_database_statements_total"]
    answer = action()
    return server.metrics()["portcullis_database_statements_total"] - before, answer


def test_deleting_takes_as_many_statements_for_10_rows_as_for_10000(server, database, caller):
    taken = {}
    for project, count in ((700, 10), (701, 10000)):
        fill(database, project, count)
        taken[count], answer = statements(server, lambda number=project: caller.ask("DELETE", f"projects/{number}", {}))
        assert answer.status == 200, answer
        assert answer.response["deleted"] == {"projects": 1, **{name: count for name in PLURALS.values()}}
        assert set(remaining(database, project).values()) == {0}
        line = database("SELECT description FROM tblactivitylog ORDER BY id DESC LIMIT 1")[0][0]
        assert line == f"portcullis: alice deleted project {project} (" + ", ".join(
            f"{count} {name}" for name in ("actions", "topics", "files", "ticketxrefs", "timelogs")) + ")"
    print(f"\nstatements: {taken}")
    assert taken[10] == taken[10000] < 40


class Readers:
    """They read another project all the while; when each began and how long it took."""

    def __init__(self, port, count):
        self.stop, self.seen, self.bad = threading.Event(), [], []
        self.threads = [threading.Thread(target=self.work, args=(port,), daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def work(self, port):
        caller = Caller(port)
        for number in range(10 ** 9):
            if self.stop.is_set():
                return
            began = time.monotonic()
            chain = ("projects/200/timelogs", "projects/200", "actions/60", "projects/100/actions")[number % 4]
            answer = caller.ask("GET", chain)
            self.seen.append((began, time.monotonic() - began))
            if answer.status != 200:
                self.bad.append(answer)
            time.sleep(0.001)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)


def test_others_go_on_while_much_is_deleted(server, database, caller):
    """Readers and writers of another project do not wait for the end of it."""
    fill(database, 702, 10000)
    readers = Readers(server.port, 4)
    time.sleep(0.3)
    began = time.monotonic()
    done, writes = [], []

    def delete():
        done.append((caller.ask("DELETE", "projects/702", {}), time.monotonic() - began))
    thread = threading.Thread(target=delete)
    thread.start()
    writer = Caller(server.port)
    while thread.is_alive():
        started = time.monotonic()
        assert writer.ask("POST", "projects/200/timelogs", {"timelog_note": "meanwhile"}).status == 200
        writes.append(time.monotonic() - started)
    thread.join()
    readers.end()
    answer, took = done[0]
    assert answer.status == 200 and answer.response["deleted"]["actions"] == 10000, answer
    during = [spent for start, spent in readers.seen if began <= start < began + took]
    print(f"\ndelete {took:.3f} s; meanwhile {len(during)} reads, median {statistics.median(during):.4f}, longest {max(during):.4f}; "
          f"{len(writes)} writes, longest {max(writes):.4f}")
    assert not readers.bad, readers.bad[:3]
    assert len(during) > 40 and len(writes) > 4, "they stood still"
    assert max(during) < 0.8 * took and max(writes) < 0.8 * took


def tree(run, project, base, parents):
    """Actions base+1 …, each below base + parents(n); with counted children and a timelog each."""
    run(f"INSERT INTO {PREFIX}project (project_id, project_name, visible_status) VALUES ({project}, 'tree', 'all')")
    run(f"INSERT INTO {PREFIX}action (action_id, project_id, parent_action_id, action_name) SELECT {base}+n, {project}, {parents}, 'a' "
        "FROM numbers WHERE n <= 5001")
    run(f"INSERT INTO {PREFIX}timelog (timelog_id, project_id, action_id, timelog_note) SELECT {base}+n, {project}, {base}+n, 'x' "
        "FROM numbers WHERE n <= 5001")
    run(f"UPDATE {PREFIX}action a JOIN (SELECT parent_action_id p, COUNT(*) c FROM {PREFIX}action GROUP BY 1) b ON b.p = a.action_id "
        f"SET a.level_children = b.c WHERE a.project_id = {project}")


# A branch goes in lists of 128 ids, each by eight statements at most: servers read whole indexes for longer ones.
LISTS = 8 * (5001 // 128 + 1) + 20

WIDE = (710, 71000000, "IF(n = 1, 0, 71000001)")


def test_an_action_with_5000_below_it_is_moved_and_deleted(server, database, caller, whole):
    tree(database, *WIDE)
    moved, answer = statements(server, lambda: caller.ask("PUT", "actions/71000001", {"project_id": 200}))
    assert answer.status == 200, answer
    for table in ("action", "timelog"):
        assert database(f"SELECT COUNT(*) FROM {PREFIX}{table} WHERE project_id = 200 AND action_id > 71000000") == ((5001,),)
    assert whole()
    deleted, answer = statements(server, lambda: caller.ask("DELETE", "actions/71000001", {}))
    assert answer.status == 200, answer
    assert answer.response["deleted"] == {"actions": 5001, "timelogs": 5001}
    print(f"\nstatements: {moved} to move, {deleted} to delete")
    assert moved < LISTS and deleted < LISTS


def test_a_tree_200_deep(server, database, caller, whole):
    """Nobody may hang it below itself; it is moved and deleted whole."""
    tree(database, 720, 72000000, "IF(n = 1, 0, IF(n <= 200, 72000000 + n - 1, 72000000 + n % 200 + 1))")
    answer = caller.ask("PUT", "actions/72000001", {"parent_action_id": 72000200})
    assert (answer.status, [error["field"] for error in answer.response["errors"]]) == (422, ["parent_action_id"])
    moved, answer = statements(server, lambda: caller.ask("PUT", "actions/72000002", {"project_id": 200, "parent_action_id": 0}))
    assert answer.status == 200, answer
    assert whole()
    assert database(f"SELECT level_children FROM {PREFIX}action WHERE action_id = 72000001")[0][0] == 24
    count = database(f"SELECT COUNT(*) FROM {PREFIX}action WHERE project_id = 200 AND action_id > 72000000")[0][0]
    deleted, answer = statements(server, lambda: caller.ask("DELETE", "actions/72000002", {}))
    assert answer.status == 200, answer
    assert answer.response["deleted"] == {"actions": count, "timelogs": count}
    print(f"\nstatements: {moved} to move, {deleted} to delete {count} rows in 199 levels")
    assert moved < 199 + LISTS and deleted < 199 + LISTS
    assert caller.ask("DELETE", "projects/720", {}).status == 200


def test_500_at_once_below_one_action(server, database, caller):
    """Bulk, the most that is allowed: the parent is touched and its children are counted once."""
    def make(count):
        return statements(server, lambda: caller.ask("POST", "actions", [
            {"action_name": f"b{n}", "project_id": 200, "parent_action_id": 60} for n in range(count)]))
    few, answer = make(1)
    assert answer.status == 200, answer
    many, answer = make(500)
    assert answer.status == 200, answer
    assert len(answer.response["actions"]) == 500
    print(f"\nstatements: {few} for one, {many} for 500")
    assert many - few <= 499
    assert database(f"SELECT level_children FROM {PREFIX}action WHERE action_id = 60") == ((501,),)
    assert caller.ask("POST", "actions", [{"action_name": "b", "project_id": 200}] * 501).status == 400
