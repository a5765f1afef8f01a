"""spec/remote-api.md section 6, "All or nothing": what a write changes above the record is written by the statement that changes
the record, and rows of several tables are locked by one statement. Nothing of that may be seen: not where rows above are gone, not
where they disagree, not where somebody moves them meanwhile."""

import contextlib
import threading
import time

import pymysql
import pytest

from support.fixture import PREFIX
from support.ports import wait_until
from support.writing import KEY, LONG_AGO, TABLE, Store, Writer, faults, load

pytestmark = pytest.mark.writing

BELOW = ("topics", "files", "timelogs", "ticketxrefs")
CHANGE = {"actions": {"action_name": "new"}, "topics": {"topic_name": "new"}, "files": {"file_label": "new"},
          "timelogs": {"timelog_note": "new"}, "ticketxrefs": {"ticket_id": 2039}}
LINE = {"actions": "action", "topics": "topic", "files": "file", "timelogs": "timelog", "ticketxrefs": "ticketxref"}
GONE = 88888


def changes(writer, store, resource, number, chain=None):
    """An update of one column is stored, answered and logged, and nothing else of the record changes."""
    (column, value), = CHANGE[resource].items()
    before = store.row(resource, number)
    with store.logged(f"updated {LINE[resource]} {number} ({column})"):
        answer = writer.put(chain or f"{resource}/{number}", CHANGE[resource]).success()
    row = store.row(resource, number)
    assert answer.response[LINE[resource]] == row
    kept = {name: value for name, value in row.items() if name not in ("date_modified", "date_activity")}
    assert kept == {**{name: before[name] for name in kept}, column: value}


# ---- rows above that are gone -------------------------------------------------------------------

@pytest.mark.parametrize("resource", BELOW)
def test_all_that_the_record_hangs_on_is_gone(api_writer, store, resource):
    changes(api_writer, store, resource, store.insert(resource, project_id=GONE, action_id=GONE))


@pytest.mark.parametrize("resource", BELOW)
def test_one_that_the_record_hangs_on_is_gone(api_writer, store, branch, resource):
    """The record's own change is stored beside that of the parent that is there."""
    project, action = branch["project"], branch["action"]
    number = store.insert(resource, project_id=project, action_id=GONE)
    with store.touched(("projects", project)):
        changes(api_writer, store, resource, number)
    number = store.insert(resource, project_id=GONE, action_id=action)
    with store.touched(("actions", action)):
        changes(api_writer, store, resource, number, f"actions/{action}/{resource}/{number}" if resource != "ticketxrefs" else None)


def test_an_action_without_its_project(api_writer, store):
    """Its records, and itself, are written to; a record created under it hangs on the same nothing."""
    action = store.action(GONE)
    changes(api_writer, store, "actions", action)
    with store.touched(("actions", action)):
        row = api_writer.post(f"actions/{action}/timelogs", {}).success().response["timelog"]
    assert row == store.row("timelogs", row["timelog_id"]) and row["project_id"] == GONE
    with store.touched(("actions", action)):
        changes(api_writer, store, "timelogs", row["timelog_id"], f"actions/{action}/timelogs/{row['timelog_id']}")
    with store.touched(("actions", action)), store.logged(f"deleted timelog {row['timelog_id']}"):
        api_writer.delete(f"timelogs/{row['timelog_id']}").success()
    assert store.row("timelogs", row["timelog_id"]) is None


def test_a_tree_whose_upper_row_is_gone(api_writer, store, branch):
    number = store.action(branch["project"], parent_action_id=GONE)
    with store.touched(("projects", branch["project"])):
        changes(api_writer, store, "actions", number)
    number = store.insert("topics", project_id=branch["project"], thread_id=GONE)
    with store.touched(("projects", branch["project"])):
        changes(api_writer, store, "topics", number)


# ---- several tables, one statement --------------------------------------------------------------

@pytest.mark.parametrize("resource", BELOW)
def test_the_record_and_all_above_it(api_writer, store, branch, resource):
    """Three tables: the record, its action, its project. The action's own upper action is no parent of the record."""
    project, action, sub = branch["project"], branch["action"], branch["sub"]
    store.set("actions", action, date_activity=LONG_AGO)
    with store.touched(("projects", project), ("actions", sub)):
        changes(api_writer, store, resource, branch[sub][resource])
    store.untouched(("actions", action), ("projects", branch["other"]))
    store.untouched(("actions", sub), column="date_modified")


def test_a_row_of_the_tree_beside_one_of_another_table(api_writer, store, branch):
    with store.touched(("projects", branch["project"]), ("actions", branch["action"])):
        changes(api_writer, store, "actions", branch["sub"])
    store.untouched(("actions", branch["action"]), column="date_modified")


def test_one_row_above_in_one_table_and_two_in_the_other(api_writer, store, branch):
    """A move from one action to another of the same project."""
    number = branch[branch["sub"]]["timelogs"]
    rows = [("projects", branch["project"]), ("actions", branch["sub"]), ("actions", branch["action"])]
    with store.touched(*rows):
        api_writer.put(f"timelogs/{number}", {"action_id": branch["action"], "timelog_note": "new"}).success()
    row = store.row("timelogs", number)
    assert (row["project_id"], row["action_id"], row["timelog_note"]) == (branch["project"], branch["action"], "new")


def test_as_few_statements_as_are_needed(api_writer, store, branch, writing_gateway):
    """docs/statements.md, "Writes"; begin and commit are counted here, a conversation with Redis is not."""
    def taken(send):
        before = writing_gateway.metrics()["portcullis_database_statements_total"]
        send().success()
        return writing_gateway.metrics()["portcullis_database_statements_total"] - before
    project, action, chain = branch["project"], branch["sub"], f"projects/{branch['project']}/actions/{branch['sub']}"
    api_writer.get(chain).success()  # logged in
    assert taken(lambda: api_writer.post(f"{chain}/timelogs", {})) == 7
    assert taken(lambda: api_writer.post(f"actions/{action}/timelogs", {})) == 8
    assert taken(lambda: api_writer.put(f"timelogs/{branch[0]['timelogs']}", {"timelog_note": "x"})) == 6
    assert taken(lambda: api_writer.put(f"projects/{project}", {"project_name": "x"})) == 6
    assert taken(lambda: api_writer.put(f"actions/{branch['action']}", {"action_name": "x"})) == 6
    assert taken(lambda: api_writer.put(chain, {"action_name": "x"})) == 10  # its upper action is locked, touched, its children counted


def test_without_a_column_that_says_when(mariadb, module_gateway):
    """data-model.md: older add-ons lack columns. Of the tables above that have none nothing is written."""
    load(mariadb, "written_old")
    mariadb.run(f"ALTER TABLE {PREFIX}action DROP COLUMN date_activity", database="written_old")
    server = module_gateway({"mysql.database": "written_old"})
    writer, store = Writer(server.url), Store(mariadb, "written_old")
    project = store.project()
    action = store.insert("actions", project_id=project, action_name="a")
    number = store.insert("timelogs", project_id=project, action_id=action)
    with store.touched(("projects", project)):
        changes(writer, store, "timelogs", number)
    mariadb.run(f"ALTER TABLE {PREFIX}project DROP COLUMN date_activity", database="written_old")
    writer.put(f"timelogs/{number}", {"timelog_note": "older"}).success()
    assert store.row("timelogs", number)["timelog_note"] == "older"


def test_ids_of_every_kind(mariadb, module_gateway):
    """data-model.md: columns are learnt. Ids that one table keeps as numbers, the next as text of this or that collation."""
    load(mariadb, "written_motley")
    for table, columns in (("project", "MODIFY project_id bigint unsigned NOT NULL AUTO_INCREMENT, "
                                       "MODIFY client_userid varchar(20) COLLATE utf8mb3_general_ci NULL"),
                           ("action", "MODIFY project_id varchar(20) COLLATE utf8mb3_unicode_ci NOT NULL DEFAULT ''"),
                           ("topic", "MODIFY project_id varchar(20) COLLATE utf8mb3_bin NULL, MODIFY action_id bigint unsigned NOT NULL DEFAULT 0, "
                                     "MODIFY thread_id char(11) CHARACTER SET latin1 NULL"),
                           ("timelog", "MODIFY project_id int(10) unsigned zerofill NULL, MODIFY action_id mediumint NULL")):
        mariadb.run_loosely(f"ALTER TABLE {PREFIX}{table} {columns}", database="written_motley")
    server = module_gateway({"mysql.database": "written_motley"})
    writer, store = Writer(server.url), Store(mariadb, "written_motley")
    project, other = store.project(), store.project()
    action = store.action(project)
    below, elsewhere = f"projects/{project}/actions/{action}", f"projects/{other}/actions/{action}"
    for resource, least in (("timelogs", {"timelog_note": "n"}), ("topics", {"topic_detail": "d"})):
        with store.touched(("projects", project), ("actions", action)):
            row = writer.post(f"{below}/{resource}", least).success().response[LINE[resource]]
        number = row[KEY[resource]]
        assert row == store.row(resource, number) and int(row["project_id"]) == project and int(row["action_id"]) == action
        with store.touched(("projects", project), ("actions", action)):
            changes(writer, store, resource, number)
        with store.unchanged():
            writer.post(f"{elsewhere}/{resource}", least).expect(404)
            writer.delete(f"{elsewhere}/{resource}/{number}").expect(404)
        with store.touched(("projects", project), ("actions", action)):
            writer.delete(f"{below}/{resource}/{number}").success()
    first = writer.post(f"{below}/topics", {"topic_detail": "d"}).success().response["topic"]["topic_id"]
    writer.post(f"{below}/topics", {"topic_detail": "d", "thread_id": first}).success()
    with store.touched(("projects", project)):
        changes(writer, store, "actions", action, below)


@pytest.fixture(scope="module")
def strict(mariadb, module_gateway):
    """Rules below a project that no catalog can tell."""
    load(mariadb, "written_strict")
    mariadb.run(f"ALTER TABLE {PREFIX}timelog ADD code varchar(20) NULL UNIQUE, ADD doc json NULL, ADD CONSTRAINT c CHECK (timelog_elapsed <> 13), "
                "ADD letters varchar(10) CHARACTER SET ascii NULL", database="written_strict")
    server = module_gateway({"mysql.database": "written_strict"})
    return Writer(server.url), Store(mariadb, "written_strict")


@pytest.mark.parametrize("params,field", [({"code": "taken"}, "timelog"), ({"doc": "{"}, "doc"), ({"letters": "ä"}, "letters"),
                                          ({"timelog_elapsed": 13}, "timelog")])
def test_what_mysql_refuses_is_the_records(strict, params, field):
    """422 names the record's column, though three tables are written at once; none of them is."""
    writer, store = strict
    if not store.ids("timelogs", "code='taken'"):
        store.insert("timelogs", code="taken")
    project = store.project()
    action = store.action(project)
    number = store.insert("timelogs", project_id=project, action_id=action)
    with store.unchanged():
        assert set(faults(writer.put(f"timelogs/{number}", {"timelog_note": "x", **params}).expect(422))) <= {field, *params}


def test_a_column_that_has_shrunk(strict, mariadb):
    """The model still knows it wide."""
    writer, store = strict
    project = store.project()
    number = store.insert("timelogs", project_id=project, timelog_note="n")
    changes(writer, store, "timelogs", number)
    mariadb.run(f"ALTER TABLE {PREFIX}timelog ADD code2 varchar(20) NOT NULL DEFAULT ''", database="written_strict")
    mariadb.run(f"ALTER TABLE {PREFIX}timelog MODIFY timelog_type varchar(3) NOT NULL DEFAULT ''", database="written_strict")
    with store.unchanged():
        assert set(faults(writer.put(f"timelogs/{number}", {"timelog_type": "phone"}).expect(422))) == {"timelog_type"}


# ---- rows that disagree -------------------------------------------------------------------------

def test_a_chain_whose_rows_disagree(api_writer, store, branch):
    """Section 3: what a chain names is taken to hang together, and refused when it does not, whatever else is named."""
    project, other, action = branch["project"], branch["other"], branch["action"]
    elsewhere, nowhere, gone = store.action(other), store.action(0), store.action(GONE)
    for wrong in (elsewhere, nowhere, gone):
        for item in ({}, {"project_id": project}, [{}, {}]):
            with store.unchanged():
                answer = api_writer.post(f"projects/{project}/actions/{wrong}/timelogs", item)
                answer.expect(404, "Record Not Found", "record_not_found")
                assert len(answer.response["errors"]) == 1 and "action" in answer.response["errors"][0]["detail"]
    with store.unchanged():
        assert set(faults(api_writer.post(f"projects/{project}/timelogs", {"action_id": elsewhere}).expect(422))) == {"action_id"}
        answer = api_writer.post("timelogs", [{"action_id": action, "project_id": project}, {"action_id": action, "project_id": other},
                                              {"action_id": elsewhere, "project_id": project}]).expect(422)
        assert set(faults(answer)) == {"[1].action_id", "[2].action_id"}
    row = api_writer.post(f"projects/{other}/actions/{elsewhere}/timelogs", {}).success().response["timelog"]
    assert (row["project_id"], row["action_id"]) == (other, elsewhere)


def test_a_chain_into_an_archived_project_that_is_not_named(api_writer, store, branch):
    """What an action hangs on counts, though the chain names another project."""
    archived = store.project(project_function="archive")
    action = store.action(archived)
    with store.unchanged():
        api_writer.post(f"projects/{branch['project']}/actions/{action}/timelogs", {}).expect(404)
        api_writer.post(f"projects/{branch['project']}/timelogs", {"action_id": action}).expect(409, code="record_locked")


def test_an_upper_action_of_another_project(api_writer, store, branch):
    """Stored so by others: the action is written to as it is, and deleted."""
    for project in (branch["other"], GONE):
        upper = store.action(project)
        number = store.action(branch["project"], parent_action_id=upper)
        with store.touched(("projects", branch["project"]), ("actions", upper)):
            changes(api_writer, store, "actions", number)
        beside = store.action(branch["project"], parent_action_id=upper)
        changes(api_writer, store, "actions", beside, f"projects/{branch['project']}/actions/{beside}")
        with store.touched(("projects", branch["project"]), ("actions", upper)):
            api_writer.delete(f"actions/{number}").success()


@pytest.mark.parametrize("resource", ["topics", "files"])
def test_a_thread_that_began_elsewhere(api_writer, store, branch, resource):
    """Stored so by others: its posts are written to as they are, and deleted."""
    first = store.insert(resource, project_id=branch["other"], action_id=store.action(branch["other"]))
    number = store.insert(resource, project_id=branch["project"], action_id=branch["action"], thread_id=first)
    with store.touched(("projects", branch["project"]), ("actions", branch["action"])):
        changes(api_writer, store, resource, number)
    with store.touched(("projects", branch["project"]), ("actions", branch["action"])):
        api_writer.delete(f"{resource}/{number}").success()
    assert store.row(resource, first)


# ---- somebody else, meanwhile -------------------------------------------------------------------

@contextlib.contextmanager
def holding(mariadb, resource, number):
    """A transaction of somebody else's that holds the row; he commits, or what he did is undone."""
    with mariadb.connect("whmcs_write") as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        cursor.execute("START TRANSACTION")
        cursor.execute(f"SELECT 1 FROM {TABLE[resource]} WHERE {KEY[resource]}=%s FOR UPDATE", (number,))
        yield connection, cursor
        connection.rollback()


class Waiting:
    """A request that is answered when what it waits for is let go."""

    def __init__(self, store, send):
        self.answers = []
        self.thread = threading.Thread(target=lambda: self.answers.append(send()))
        self.thread.start()
        waits = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"
        wait_until(lambda: int(store.run(waits)[0][1]) > 0, 20, "the request waits")

    def answer(self):
        self.thread.join(60)
        return self.answers[0]


def is_free(mariadb, resource, number):
    """Does nobody hold the row?"""
    with mariadb.connect("whmcs_write") as connection, connection.cursor() as cursor:
        try:
            cursor.execute("START TRANSACTION")
            cursor.execute(f"SELECT 1 FROM {TABLE[resource]} WHERE {KEY[resource]}=%s FOR UPDATE NOWAIT", (number,))
            return True
        except pymysql.err.OperationalError as error:
            assert error.args[0] == 1205, error
            return False
        finally:
            connection.rollback()


def awaited(store):
    """The key that a request waits for; InnoDB tells it anew to those alone who have not asked for 0.1 s."""
    time.sleep(0.2)
    found = store.run("SELECT l.lock_data FROM information_schema.innodb_locks l JOIN information_schema.innodb_lock_waits w "
                      "ON w.requested_lock_id=l.lock_id")
    return found[0][0] if found else None


def set_columns(cursor, resource, number, **columns):
    names = ",".join(f"{name}=%s" for name in columns)
    cursor.execute(f"UPDATE {TABLE[resource]} SET {names} WHERE {KEY[resource]}=%s", (*columns.values(), number))


def test_the_action_moves_while_a_record_is_created_below_it(mariadb, api_writer, store, branch):
    """The record goes where the action is now."""
    with holding(mariadb, "projects", branch["project"]) as (connection, cursor):
        waiting = Waiting(store, lambda: api_writer.post(f"actions/{branch['sub']}/timelogs", {}))
        set_columns(cursor, "actions", branch["sub"], project_id=branch["other"], parent_action_id=0)
        connection.commit()
    row = waiting.answer().success().response["timelog"]
    assert row == store.row("timelogs", row["timelog_id"]) and row["project_id"] == branch["other"]
    assert store.value("projects", branch["other"], "date_activity") > LONG_AGO
    store.untouched(("projects", branch["project"]))


def test_the_action_moves_out_of_the_chain(mariadb, api_writer, store, branch):
    """It was presumed to hang on the chain's project: 404, and nothing is stored."""
    chain = f"projects/{branch['project']}/actions/{branch['sub']}/timelogs"
    with holding(mariadb, "projects", branch["project"]) as (connection, cursor):
        waiting = Waiting(store, lambda: api_writer.post(chain, {"timelog_note": "moved"}))
        set_columns(cursor, "actions", branch["sub"], project_id=branch["other"], parent_action_id=0)
        connection.commit()
    waiting.answer().expect(404, "Record Not Found", "record_not_found")
    assert store.ids("timelogs", "timelog_note='moved'") == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_record_moves_while_its_project_is_waited_for(mariadb, api_writer, store, branch, method):
    """The project that it has left is not the one that something happens to."""
    number = branch[0]["timelogs"]
    with holding(mariadb, "projects", branch["project"]) as (connection, cursor):
        waiting = Waiting(store, lambda: api_writer.send(method, f"timelogs/{number}", {"timelog_note": "new"} if method == "PUT" else None))
        set_columns(cursor, "timelogs", number, project_id=branch["other"])
        connection.commit()
    waiting.answer().success()
    assert store.value("projects", branch["other"], "date_activity") > LONG_AGO
    store.untouched(("projects", branch["project"]))
    row = store.row("timelogs", number)
    assert (row["timelog_note"], row["project_id"]) == ("new", branch["other"]) if method == "PUT" else row is None


def test_the_action_gets_another_upper_action_meanwhile(mariadb, api_writer, store, branch):
    """That one is locked too, under the project's lock, though nobody knew of it when the request began."""
    project, sub = branch["project"], store.action(branch["project"], parent_action_id=branch["action"])
    upper = branch["sub"]
    with holding(mariadb, "actions", upper), holding(mariadb, "projects", project) as (connection, cursor):
        waiting = Waiting(store, lambda: api_writer.put(f"actions/{sub}", {"action_name": "new"}))
        set_columns(cursor, "actions", sub, parent_action_id=upper)
        connection.commit()
        wait_until(lambda: awaited(store) == str(upper), 20, "the request waits for the upper action")
        seen = is_free(mariadb, "actions", sub), is_free(mariadb, "projects", project)
    waiting.answer().success()
    assert seen == (False, False)
    row = store.row("actions", sub)
    assert (row["parent_action_id"], row["action_name"]) == (upper, "new")
    assert store.value("actions", upper, "date_activity") > LONG_AGO
    store.untouched(("actions", branch["action"]))


def test_the_project_goes_while_it_is_waited_for(mariadb, api_writer, store, branch):
    """With all below it: 404, of each method."""
    number, action = branch[branch["action"]]["timelogs"], branch["action"]
    asks = {"POST": f"projects/{branch['project']}/actions/{action}/timelogs", "PUT": f"timelogs/{number}", "DELETE": f"timelogs/{number}"}
    for method, chain in asks.items():
        with holding(mariadb, "projects", branch["project"]) as (connection, cursor):
            waiting = Waiting(store, lambda: api_writer.send(method, chain, {"timelog_note": "gone"} if method != "DELETE" else None))
            for resource in ("projects", "actions", "timelogs"):
                cursor.execute(f"DELETE FROM {TABLE[resource]} WHERE project_id=%s", (branch["project"],))
            connection.commit()
        waiting.answer().expect(404, "Record Not Found", "record_not_found")
        assert store.ids("timelogs", "timelog_note='gone'") == []
        store.insert("projects", project_id=branch["project"], project_name="again", visible_status="all")
        store.insert("actions", action_id=action, project_id=branch["project"])
        store.insert("timelogs", timelog_id=number, project_id=branch["project"], action_id=action)


def waits_for(mariadb, store, held, free, send):
    """While the row is held, the request waits for it, and holds none of those that come after it in the order of locks."""
    with holding(mariadb, *held):
        waiting = Waiting(store, send)
        seen = {row: is_free(mariadb, *row) for row in free}
    answer = waiting.answer()
    assert all(seen.values()), seen
    return answer


def test_locks_are_taken_from_the_top(mariadb, api_writer, store, branch):
    """Projects by id, actions by id, the record: who locks in another order meets somebody who waits for him."""
    low, high, action, sub = branch["project"], branch["other"], branch["action"], branch["sub"]
    beyond = store.action(high)
    there = store.insert("timelogs", project_id=high, action_id=beyond)
    here = branch[sub]["timelogs"]
    project, timelog = ("projects", low), ("timelogs", here)
    for free, send in (
            ([("actions", sub)], lambda: api_writer.post(f"projects/{low}/actions/{sub}/timelogs", {})),
            ([("actions", sub)], lambda: api_writer.post(f"actions/{sub}/timelogs", {})),
            ([("actions", action), ("actions", sub), timelog], lambda: api_writer.put(f"timelogs/{here}", {"timelog_note": "1"})),
            ([("actions", sub), timelog], lambda: api_writer.put(f"projects/{low}/actions/{sub}/timelogs/{here}", {"timelog_note": "2"})),
            ([("actions", sub), timelog], lambda: api_writer.put(f"actions/{sub}/timelogs/{here}", {"timelog_note": "3"})),
            ([("actions", action), ("actions", sub)], lambda: api_writer.put(f"actions/{sub}", {"action_name": "x"})),
            ([("projects", high), ("actions", sub)], lambda: api_writer.post("timelogs", [{"action_id": beyond}, {"action_id": sub}])),
            # what is moved comes from the project of the higher id, and goes into that of the lower
            ([("projects", high), ("actions", beyond), ("timelogs", there)],
             lambda: api_writer.put(f"timelogs/{there}", {"action_id": sub, "project_id": low})),
            ([("actions", sub), timelog], lambda: api_writer.delete(f"timelogs/{here}"))):
        waits_for(mariadb, store, project, free, send).success()


def test_a_move_by_the_action_alone_waits_with_nothing_held(mariadb, api_writer, store, branch):
    """The record's own project, of the higher id, is not locked before that of the action it is to hang on."""
    beyond = store.action(branch["other"])
    number = store.insert("timelogs", project_id=branch["other"], action_id=beyond)
    free = [("projects", branch["other"]), ("actions", beyond), ("actions", branch["sub"]), ("timelogs", number)]
    answer = waits_for(mariadb, store, ("projects", branch["project"]), free,
                       lambda: api_writer.put(f"timelogs/{number}", {"action_id": branch["sub"]}))
    assert set(faults(answer.expect(422))) == {"action_id"}


def test_rows_of_one_statement_stay_locked(mariadb, api_writer, store, branch):
    """All that was locked together is held until the end: here until the record itself, held by somebody else, is free."""
    number = branch[branch["sub"]]["timelogs"]
    with holding(mariadb, "timelogs", number):
        waiting = Waiting(store, lambda: api_writer.put(f"projects/{branch['project']}/actions/{branch['sub']}/timelogs/{number}",
                                                        {"timelog_note": "x"}))
        seen = [is_free(mariadb, "projects", branch["project"]), is_free(mariadb, "actions", branch["sub"])]
    waiting.answer().success()
    assert seen == [False, False]
    with holding(mariadb, "timelogs", number):
        waiting = Waiting(store, lambda: api_writer.put(f"timelogs/{number}", {"timelog_note": "y"}))
        seen = [is_free(mariadb, "projects", branch["project"]), is_free(mariadb, "actions", branch["sub"])]
    waiting.answer().success()
    assert seen == [False, False]
