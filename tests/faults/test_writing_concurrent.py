"""spec/remote-api.md, section 6, under 200 clients that write below the same two projects through two gateways.

All or nothing, and in an order: nobody's increment is lost, nothing hangs in the air, every success has its line in the activity
log and nothing else has one. PORTCULLIS_LONG=1 lets it run for a minute.
"""

import collections
import os
import re

import pytest

from support import fixture, integrity
from support.fixture import PREFIX
from support.gateway import BINARY, ROOT
from support.storm import KEY, SINGULAR, Changed, Created, Deleted, Storm

pytestmark = [pytest.mark.faults, pytest.mark.slow]

DATABASE = "whmcs_storm"
SECONDS = 60 if os.environ.get("PORTCULLIS_LONG") else 12
CLIENTS = 48 if "tsan" in BINARY else 200
LASTING = (500, 501)
COUNTERS = [("actions", number, "action_duration") for number in (900, 901, 902, 903)] + [
    ("projects", number, "client_contactid") for number in LASTING]
LINE = re.compile(r"portcullis: (\S+) (created|updated|deleted) (?:(\d+) )?(\w+)(?: (\d+))?(?: \((.*)\))?$")


@pytest.fixture(scope="module")
def database(mariadb):
    fixture.load_structure(mariadb, ROOT, DATABASE)
    fixture.load_rows(mariadb, DATABASE, bad_text=False)
    with mariadb.connect(DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        for name in ("project", "action", "topic", "file", "timelog", "ticketxref"):
            cursor.execute(f"DELETE FROM {PREFIX}{name}")
        fixture.insert(cursor, PREFIX + "project", [dict(project_id=number, project_name="lasting", visible_status="all")
                                                    for number in LASTING])
        fixture.insert(cursor, PREFIX + "action", [dict(action_id=number, project_id=500, action_name="counter")
                                                   for _, number, column in COUNTERS if column == "action_duration"])
    return lambda sql: mariadb.run(sql, database=DATABASE)


@pytest.fixture(scope="module")
def storm(mariadb, database, module_gateway, record_testsuite_property):
    """The storm is over; each test looks at what it left."""
    servers = [module_gateway({"mysql.database": DATABASE, "mysql.workers": "8", "redis.url": ""}) for _ in range(2)]
    storm = Storm([server.port for server in servers], LASTING, COUNTERS)
    deadlocks = "SELECT COUNT FROM information_schema.innodb_metrics WHERE NAME = 'lock_deadlocks'"
    before = database(deadlocks)[0][0]
    storm.run(CLIENTS, SECONDS, lambda: mariadb.connect(DATABASE))
    metrics = [server.metrics() for server in servers]
    told = {"successes": len(storm.done), "successes_per_second": round(len(storm.done) / SECONDS),
            "deadlocks": database(deadlocks)[0][0] - before,
            **{name: sum(values[f"portcullis_{name}_total"] for values in metrics)
               for name in ("write_retries", "database_transactions", "database_statements", "idempotent_replays")}}
    for name, value in told.items():
        record_testsuite_property(f"storm_{name}", value)
    storm.told = told
    print("\n", told, "\n", dict(sorted(storm.statuses.items())))
    return storm


@pytest.fixture(scope="module")
def lines(storm, database):
    """The activity log in its order: (user, verb, singular or plural, ids, what stands in brackets)."""
    found = []
    for text, user in database("SELECT description, user FROM tblactivitylog ORDER BY id"):
        match = LINE.match(text)
        assert match and match[1] == user, text
        _, verb, count, noun, number, rest = match.groups()
        ids = [int(word) for word in rest.split(", ")] if count else [int(number)]
        assert count is None or int(count) == len(ids)
        found.append((user, verb, noun, ids, rest))
    return found


def test_every_request_is_answered_as_the_model_expects(storm):
    """No deadlock, lock wait or full queue reaches a client: whatever is not stored is 404, 409, 412 or 422."""
    assert not storm.bad, storm.bad[:5]
    verbs = collections.Counter(type(deed).__name__ for deed in storm.done)
    assert all(verbs[kind.__name__] > 20 for kind in (Created, Changed, Deleted)), verbs
    failures = [(what, count) for (what, status), count in storm.statuses.items() if status != 200]
    assert failures and storm.told["write_retries"], "the clients were too far apart to meet"


def test_no_increment_is_lost(storm, database):
    """If-Match: as many 200s as the counter counts, however many writers touch the record's parents meanwhile."""
    assert sum(storm.increments.values()) > 10, storm.statuses
    for counter in COUNTERS:
        resource, number, column = counter
        value = database(f"SELECT {column} FROM {PREFIX}{SINGULAR[resource]} WHERE {KEY[resource]} = {number}")[0][0]
        assert value == storm.increments[counter], counter


def test_nothing_hangs_in_the_air(storm, database):
    """References, agreement of parents, threads, versions, counted children."""
    assert integrity.faults(database) == {}


def test_each_success_has_its_line_and_nothing_else_has_one(storm, lines):
    told, logged = collections.Counter(), collections.Counter()
    for deed in storm.done:
        if isinstance(deed, Created):
            told[deed.user, "created", tuple(deed.ids)] += 1
        else:
            verb = "updated" if isinstance(deed, Changed) else "deleted"
            told[deed.user, verb, (SINGULAR[deed.resource], deed.id)] += 1
    for user, verb, noun, ids, _ in lines:
        logged[user, verb, tuple(ids) if verb == "created" else (noun, *ids)] += 1
    assert told - logged == collections.Counter(), "successes without a line"
    assert logged - told == collections.Counter(), "lines without a success"


def test_lines_tell_what_was_done(storm, lines):
    """Which columns were changed, and what went along with what was deleted."""
    deleted = {(deed.resource, deed.id): deed.counts for deed in storm.done if isinstance(deed, Deleted)}
    changed = collections.defaultdict(set)
    for deed in storm.done:
        if isinstance(deed, Changed):
            changed[SINGULAR[deed.resource], deed.id] |= deed.columns
    plural = {singular: name for name, singular in SINGULAR.items()}
    for _, verb, noun, ids, rest in lines:
        if verb == "updated":
            assert rest and set(rest.split(", ")) <= changed[noun, ids[0]], (noun, ids, rest)
        elif verb == "deleted":
            counts = deleted[plural[noun], ids[0]]
            expected = [f"{count} {name}" for name, count in counts.items() if count > (name == plural[noun])]
            assert (rest.split(", ") if rest else []) == expected


def test_rows_are_those_that_were_created_and_not_deleted(storm, database):
    """Each id was created once; as many are gone as the deletes say went along."""
    gone, born = collections.Counter(), collections.defaultdict(list)
    for deed in storm.done:
        if isinstance(deed, Created):
            born[deed.resource] += deed.ids
        if isinstance(deed, Deleted):
            gone.update(deed.counts)
    for resource, key in KEY.items():
        ids = born[resource]
        assert len(ids) == len(set(ids)), resource
        there = {row[0] for row in database(f"SELECT {key} FROM {PREFIX}{SINGULAR[resource]}")}
        there -= {number for name, number, _ in COUNTERS if name == resource}
        assert there <= set(ids), (resource, "rows that nobody was told of")
        assert len(ids) - len(there) == gone[resource], resource


def test_nothing_comes_after_the_end(storm, lines):
    """The log's order is the order of the writes to one project: nothing is created below what is deleted or archived by then."""
    ends, born = {}, {}
    plural = {singular: name for name, singular in SINGULAR.items()}
    for at, (_, verb, noun, ids, rest) in enumerate(lines):
        for number in ids:
            if verb == "created":
                born[plural.get(noun, noun), number] = at
            elif verb == "deleted" or "project_function" in (rest or ""):
                assert (plural[noun], number) not in ends, (noun, number, "ended twice")
                ends[plural[noun], number] = at
            else:
                assert at < ends.get((plural[noun], number), len(lines)), (noun, number, "changed after its end")
    assert ends
    for deed in storm.done:
        if not isinstance(deed, Created):
            continue
        at = born[deed.resource, deed.ids[0]]
        for resource, column in (("projects", "project_id"), ("actions", "action_id"), ("actions", "parent_action_id")):
            if column == KEY[deed.resource] or not deed.row.get(column):
                continue
            assert at < ends.get((resource, deed.row[column]), len(lines)), (deed.resource, deed.ids, resource)


def test_a_key_used_by_several_at_once_creates_once(storm, database):
    """Idempotency-Key: two at once, one waits; both are answered alike."""
    assert storm.replayed
    rows = collections.Counter(row[0] for row in database(f"SELECT timelog_note FROM {PREFIX}timelog WHERE timelog_note LIKE 'key-%'"))
    created = collections.Counter(deed.key for deed in storm.done if isinstance(deed, Created) and deed.key)
    assert set(created.values()) == {1}
    assert set(rows.values()) <= {1} and set(rows) <= set(created)
    kept = database("SELECT COUNT(*), SUM(status = 200) FROM portcullis_idempotency")[0]
    assert kept == (len(created), len(created))
