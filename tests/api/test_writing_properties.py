"""spec/remote-api.md, section 6: runs of writes and reads against a model in Python (hypothesis, support/write_model.py).

After every request the whole of the add-on's tables and of the activity log is compared with what the model says. A run that
fails becomes a plain test of its own. PORTCULLIS_LONG=1 looks at many more runs.
"""

import dataclasses
import json
import os
import re

import pytest
from hypothesis import HealthCheck, currently_in_test_context, given, note, settings
from hypothesis import strategies as st

from support import fixture
from support.caller import Caller
from support.gateway import ROOT, Gateway
from support.oracle import HIDDEN, SECOND, Oracle
from support.write_model import BAD, CREATED, DATES, FOREIGN, KEPT, KEY, LINKS, NOW, OLD, RESOURCES, SINGULAR, STATE, Model, Outcome, Write

pytestmark = [pytest.mark.properties, pytest.mark.slow]

DATABASE = "whmcs_model"
LONG = bool(os.environ.get("PORTCULLIS_LONG"))
USERS = {1: "alice", 2: "bob"}  # bob does not see everything
NOBODY = 4711

# column → (as sent, as stored)
TEXTS = [("", ""), ("plain", "plain"), ("Ünï 'quoted\" \\ % _", "Ünï 'quoted\" \\ % _"), (12, "12")]
NAMES = [*TEXTS[1:3], ("x" * 255, "x" * 255), ("ä" * 255, "ä" * 255), (" ", " "), ("", "")]
BAD_NAMES = [(None, BAD), ("x" * 256, BAD), ("emoji 😀", BAD), (["a"], BAD)]
BAD_TEXTS = [(None, BAD), ("😀", BAD), ({"a": 1}, BAD)]
NUMBERS = [(0, 0), (3, 3), ("7", 7), (2147483647, 2147483647)]
BAD_NUMBERS = [(-1, BAD), ("x", BAD), (1.5, BAD), (None, BAD), (2147483648, BAD)]
PERCENTS, BAD_PERCENTS = [(0, 0), (100, 100), ("50", 50)], [(101, BAD), (-1, BAD), ("", BAD)]
DAYS = [("2026-01-31", "2026-01-31"), ("0000-00-00", "0000-00-00")]
BAD_DAYS = [("2026-02-30", BAD), ("today", BAD), (None, BAD)]
TIMES = [("2026-01-31 23:59:59", "2026-01-31 23:59:59"), ("0000-00-00 00:00:00", "0000-00-00 00:00:00")]


def one_of(*words):
    return [(word, word) for word in words], [("other", BAD), (None, BAD)]


COLUMNS = {  # resource → column → (good, bad)
    "projects": {"project_name": (NAMES, BAD_NAMES), "project_detail": (TEXTS, BAD_TEXTS), "project_complete": (PERCENTS, BAD_PERCENTS),
                 "project_function": (one_of("default", "template", "default", "archive")[0], one_of("default")[1]),
                 "visible_status": one_of("all", "manager", "related"), "client_visible": one_of("hidden", "visible"),
                 "billable": ([(1, 1), (127, 127), (-128, -128)], [(128, BAD), (-129, BAD)]), "date_start": (DAYS, BAD_DAYS)},
    "actions": {"action_name": (NAMES, BAD_NAMES), "action_detail": (TEXTS, BAD_TEXTS), "action_priority": (
        [(1, 1), ("3", 3)], [(0, BAD), (4, BAD)]), "action_complete": (PERCENTS, BAD_PERCENTS), "action_duration": (NUMBERS, BAD_NUMBERS),
        "ordering": ([*NUMBERS, (-5, -5)], BAD_NUMBERS[1:]), "client_visible": one_of("inherit", "hidden", "view", "modify"),
        "level_class": one_of("milestone", "group", "task"), "date_finish": (DAYS, BAD_DAYS)},
    "topics": {"topic_name": (NAMES, BAD_NAMES), "topic_detail": (TEXTS, BAD_TEXTS), "topic_status": one_of("open", "closed")},
    "files": {"file_name": (NAMES, BAD_NAMES), "file_label": (NAMES, BAD_NAMES), "file_detail": (TEXTS, BAD_TEXTS),
              "file_status": one_of("open", "closed")},
    "timelogs": {"timelog_note": (TEXTS, BAD_TEXTS), "timelog_elapsed": (NUMBERS, BAD_NUMBERS), "timelog_start": (TIMES, BAD_DAYS),
                 "timelog_status": one_of("active", "complete"), "invoice_id": ([(0, 0), (9, 9)], BAD_NUMBERS[1:])},
    "ticketxrefs": {},
}
ENDS = {"projects": ("project_function", "archive"), "topics": ("topic_status", "closed"), "files": ("file_status", "closed")}
FIRST = {"projects": "project_name", "actions": "action_name", "topics": "topic_detail", "files": "file_name"}
REFERENCES = {"projects": ["client_userid", "client_hostingid", "manager_adminid", "assigned_adminid"],
              "actions": ["manager_adminid", "assigned_adminid"], "timelogs": ["ticket_id"], "ticketxrefs": ["ticket_id"]}
BELOW = {"projects": ["actions", "topics", "files", "timelogs"], "actions": ["topics", "files", "timelogs"]}


# ---- what is drawn: numbers that choose among what is there --------------------------------------------

@dataclasses.dataclass(frozen=True, repr=False)
class Deed:
    kind: str
    resource: str
    at: int = 0  # which record
    above: int = 0  # 0: no chain; else which parent, and of which kind
    columns: tuple = ()  # (which column, which value)
    links: tuple = ()  # (which link or reference, which record)
    bad: object = None  # (which column, which value)
    name: object = None  # a name that is unknown, kept or a key
    count: int = 1
    is_bulk: bool = False
    dry_run: bool = False
    force: bool = False
    match: object = None
    key: int = 0  # Idempotency-Key, on create; kind "again" sends one of those once more
    user: int = 1
    form: str = "json"

    def __repr__(self):
        """As it stands in a plain test: what is not the default."""
        told = [f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self)[2:]
                if getattr(self, field.name) != field.default]
        return f"Deed({', '.join([repr(self.kind), repr(self.resource), *told])})"


def small(most):
    return st.integers(0, most)


def rarely(strategy, otherwise):
    return small(9).flatmap(lambda number: strategy if number == 9 else st.just(otherwise))


KINDS = ["create"] * 6 + ["reply"] * 2 + ["update"] * 6 + ["move"] * 3 + ["delete"] * 3 + ["read"] * 2 + ["end", "hide", "again"]
DEEDS = st.builds(
    Deed, kind=st.sampled_from(KINDS), resource=st.sampled_from(
        ["projects", "actions", "actions", "actions", "topics", "topics", "files", "timelogs", "ticketxrefs"]), at=small(19),
    above=st.sampled_from([0, 0, 0, 1, 2, 3, 4]), columns=st.lists(st.tuples(small(8), small(5)), max_size=3).map(tuple),
    links=st.lists(st.tuples(small(4), small(19)), max_size=2).map(tuple), bad=rarely(st.tuples(small(8), small(4)), None),
    name=rarely(st.sampled_from(["unknown", "kept", "key", "other key"]), None), count=st.integers(1, 3),
    is_bulk=rarely(st.booleans(), False), dry_run=rarely(st.booleans(), False), force=st.booleans(),
    match=rarely(st.sampled_from(["fresh", "remembered", "any", "weak", "wrong"]), None),
    key=st.sampled_from([0, 0, 0, 1, 2]), user=st.sampled_from([1, 1, 1, 2]),
    form=st.sampled_from(["json", "json", "query", "method"]))

PROLOGUE = (Deed("create", "projects", columns=((0, 0),)), Deed("create", "projects", columns=((0, 1),)),
            Deed("create", "actions", above=1, columns=((0, 0),)), Deed("create", "actions", above=1, columns=((0, 0),), links=((1, 0),)),
            Deed("create", "timelogs", above=1), Deed("create", "topics", above=2, columns=((1, 1),)), Deed("reply", "topics"),
            Deed("reply", "topics", at=1), Deed("create", "files", above=2, columns=((0, 1),)))


# ---- one world: a gateway, its database, and the model of it ------------------------------------------

class World:
    def __init__(self, mariadb, server):
        self.oracle = Oracle(mariadb, DATABASE)
        self.callers = {user: Caller(server.port, name) for user, name in USERS.items()}
        self.empty = {resource: self.empty_row(resource) for resource in RESOURCES}
        self.run("SET sql_mode=''")

    def run(self, sql):
        with self.oracle.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def empty_row(self, resource):
        """What a column gets that is not given: its default, else nothing of its type."""
        table = SECOND[resource][0]
        found = self.run("SELECT column_name, data_type, column_default FROM information_schema.columns WHERE "
                         f"table_schema = DATABASE() AND table_name = '{table}' ORDER BY ordinal_position")
        row = {}
        for name, kind, default in found:
            text = (default or "''").strip("'")
            row[name] = int(text or 0) if kind.endswith("int") else text
        return {name: value for name, value in row.items() if name not in HIDDEN.get(resource, ())}

    def begin(self):
        for resource in RESOURCES:
            self.run(f"DELETE FROM {SECOND[resource][0]}")
        self.run("DELETE FROM tblactivitylog")
        self.model = Model(self.empty, {1})
        self.ids = {resource: [] for resource in RESOURCES}  # all that ever were
        self.tags, self.kept = {}, {}
        self.run("DELETE FROM portcullis_idempotency")

    def clock(self):
        return self.run("SELECT CAST(NOW() AS CHAR)")[0][0]

    # ---- from numbers to a request --------------------------------------------------------------

    def pick(self, resource, number):
        """A record of that kind: one that is or was there, or none at all."""
        choices = [*reversed(self.ids[resource][-6:])] * 3 + [NOBODY]
        return choices[number % len(choices)]

    def chain_above(self, deed):
        """None, or a chain of parents that offers the resource."""
        parents = [parent for parent, below in BELOW.items() if deed.resource in below]
        if not deed.above or not parents:
            return ()
        parent = parents[deed.above % len(parents)]
        number = self.pick(parent, deed.above // 2 if deed.kind in ("create", "reply") else deed.at)
        row = self.model.rows[deed.resource].get(self.pick(deed.resource, deed.at))
        if deed.kind not in ("create", "reply") and row and deed.above % 4:
            number = row[KEY[parent]] or number
        if parent == "actions" and deed.above == 4:
            project = self.model.rows["actions"].get(number, {}).get("project_id", 0) or self.pick("projects", deed.at)
            return (("projects", project), ("actions", number))
        return ((parent, number),)

    def item(self, deed, index):
        columns, item = COLUMNS[deed.resource], {}
        names = list(columns)
        if deed.kind == "create" and deed.resource in FIRST:
            item[FIRST[deed.resource]] = ("given", "given")
        for which, value in deed.columns if names else ():
            name = names[which % len(names)]
            good = columns[name][0]
            item[name] = good[(value + index) % len(good)]
        links = [*LINKS[deed.resource], *REFERENCES.get(deed.resource, ())]
        if deed.kind == "create" and deed.resource == "ticketxrefs":
            item["ticket_id"] = (2038, 2038)
        for which, value in deed.links if links else ():
            name = links[which % len(links)]
            if name in FOREIGN:
                choices = [0, *sorted(FOREIGN[name])[:4], NOBODY]
                number = choices[value % len(choices)]
            else:
                number = 0 if value == 19 else self.pick(LINKS[deed.resource][name], value)
            item[name] = (str(number) if value % 2 else number, number)
        if deed.bad and names and index == 0:
            name = names[deed.bad[0] % len(names)]
            bad = columns[name][1]
            item[name] = bad[deed.bad[1] % len(bad)]
        return item

    def write(self, deed):
        method = {"create": "POST", "reply": "POST", "update": "PUT", "delete": "DELETE"}.get(deed.kind, "PUT")
        is_bulk = deed.is_bulk and deed.kind == "create"
        number = 0 if method == "POST" else self.pick(deed.resource, deed.at)
        items = tuple(self.item(deed, index) for index in range(deed.count if is_bulk else 1)) if deed.kind != "delete" else ({},)
        if deed.kind == "end":  # a project is archived, a thread closed
            name, value = ENDS.get(deed.resource, ENDS["projects"])
            items = ({name: (value, value)},)
        if deed.kind == "hide":
            items = ({"visible_status": ("manager", "manager")},)
        if deed.kind == "move":  # to another project, out of whatever it hung on, or below another action
            up = "parent_action_id" if deed.resource == "actions" else "action_id"
            action = self.pick("actions", deed.above + deed.count) if deed.is_bulk or deed.dry_run or deed.force else 0
            project = self.pick("projects", deed.at // 3)
            project = self.model.rows["actions"].get(action, {}).get("project_id", project)
            items = ({"project_id": (project, project), up: (action, action)},)
        if deed.kind == "reply":
            items = ({FIRST[deed.resource]: ("reply", "reply"), "thread_id": (self.pick(deed.resource, deed.at),) * 2},)
        row, unknown = self.model.rows[deed.resource].get(number), ()
        if deed.name == "unknown":
            unknown = ("nonsense",)
        elif deed.name == "kept" and deed.kind != "delete":
            name = sorted(KEPT[deed.resource] - set(CREATED[deed.resource]) or KEPT[deed.resource])[0]
            value = row[name] if row and deed.at % 2 else 99 if isinstance(self.empty[deed.resource][name], int) else "2020-01-01 00:00:00"
            items[0][name] = (value, value)
        elif deed.name in ("key", "other key") and deed.kind == "update":
            items[0][KEY[deed.resource]] = (number + (deed.name != "key"),) * 2
        return Write(method, deed.resource, number, self.chain_above(deed), items, unknown, is_bulk, deed.dry_run and not is_bulk,
                     deed.force, None, deed.user)

    def send(self, write, form, **fields):
        chain = "/".join(f"{resource}/{number}" for resource, number in write.above)
        chain = f"{chain}/{write.resource}" if chain else write.resource
        chain += f"/{write.id}" if write.method != "POST" else ""
        items = [{name: sent for name, (sent, _) in item.items()} for item in write.items]
        for name in write.unknown:
            items[0][name] = 1
        if write.dry_run:
            items[0]["dry_run"] = True
        if write.force and write.method == "DELETE":
            items[0]["force"] = 1
        params = items if write.is_bulk else items[0]
        caller = self.callers[write.user]
        if form == "query" and len(json.dumps(params)) < 4000:
            return caller.ask(write.method, chain, None, {"params": json.dumps(params)}, **fields)
        if form == "method":
            return caller.ask("POST", chain, params, {"method": write.method.lower()}, **fields)
        return caller.ask(write.method, chain, params, **fields)

    # ---- If-Match -------------------------------------------------------------------------------

    def writable(self, write):
        row = self.model.rows[write.resource].get(write.id)
        return row and {name: value for name, value in row.items() if name not in KEPT[write.resource]}

    def match(self, write, way):
        """The header, and whether it matches if the record is there."""
        if way is None or write.method == "POST":
            return {}, None
        if way in ("any", "wrong"):
            return {"If_Match": "*" if way == "any" else '"0123456789abcdef0123456789abcdef.0"'}, way == "any"
        tag, then = self.tags.get((write.resource, write.id), (None, None))
        if way != "remembered" or tag is None:
            answer = self.callers[1].ask("GET", f"{write.resource}/{write.id}")
            if answer.status != 200:
                return {"If_Match": '"gone.0"'}, False
            tag, then = answer.field("ETag"), self.writable(write)
            self.tags[write.resource, write.id] = tag, then
        return {"If_Match": f"W/{tag}" if way == "weak" else tag}, way != "weak" and then == self.writable(write)

    # ---- one step ---------------------------------------------------------------------------------

    def do(self, deed):
        if deed.kind == "read":
            self.read(deed)
            return
        if deed.kind == "again":
            self.repeat(deed)
            return
        if deed.kind == "end" and deed.resource not in ENDS:
            deed = dataclasses.replace(deed, resource="projects", above=0)
        if deed.kind == "hide":
            deed = dataclasses.replace(deed, resource="projects", above=0, user=1)
        if deed.kind == "move" and deed.resource == "projects":
            deed = dataclasses.replace(deed, resource="actions")
        if deed.kind == "reply" and deed.resource not in STATE:
            deed = dataclasses.replace(deed, resource="topics")
        if deed.kind != "reply" and not self.ids[deed.resource]:
            deed = dataclasses.replace(deed, kind="create")
        write = self.write(deed)
        if write.method == "POST" and not write.dry_run and (deed.user, deed.key) in self.kept:
            if self.asked(write) == self.asked(self.kept[deed.user, deed.key][0]):
                self.repeat(dataclasses.replace(deed, at=deed.key - 1))
                return
        fields, write.if_match = self.match(write, deed.match)
        expected = self.predict(write, deed.key)
        if write.method == "POST" and deed.key:
            fields["Idempotency_Key"] = f"key-{deed.key}"
        before = self.clock()
        answer = self.send(write, deed.form, **fields)
        after = self.clock()
        if currently_in_test_context():
            note(f"{write.method} {write.above} {write.resource}/{write.id} {str(write.items)[:300]} user {write.user}")
            note(f"  {str(answer)[:300]}")
        assert answer.status == expected.status or answer.status in expected.also, (write, expected, answer)
        assert answer.body["request"]["code"] == answer.status
        if answer.status != 200:
            self.check_fields(expected, answer)
        elif write.method == "POST":
            self.learn(write, expected, answer)
        if expected.rows:
            self.model.rows = expected.rows
        rows = self.check_rows(before, after)
        self.check_log(write, expected)
        if answer.status == 200:
            self.check_answer(write, expected, answer, rows)
            if "Idempotency_Key" in fields and not write.dry_run:
                self.kept[write.user, deed.key] = (write, deed.form, answer.text)
        self.age()

    @staticmethod
    def asked(write):
        return json.dumps([write.above, write.resource, [{name: sent for name, (sent, _) in item.items()} for item in write.items],
                           write.is_bulk])

    def predict(self, write, key):
        """A key that another request has used is refused; whether the record is looked for first is left open."""
        expected = self.model.predict(write)
        if write.method != "POST" or write.dry_run or (write.user, key) not in self.kept or self.model.parameters(write):
            return expected
        return Outcome(422, frozenset(["Idempotency-Key"]), also=frozenset([expected.status]) - {200})

    def repeat(self, deed):
        """The first success again, whatever has become of it; nothing is created."""
        kept = self.kept.get((deed.user, 1 + deed.at % 2))
        if kept is None:
            return
        write, form, text = kept
        before = self.clock()
        answer = self.send(write, form, Idempotency_Key=f"key-{1 + deed.at % 2}")
        assert (answer.status, answer.text) == (200, text), answer
        self.check_rows(before, before)
        self.check_log(write, Outcome(409))

    @staticmethod
    def check_fields(expected, answer):
        told = {error["field"] for error in answer.response["errors"]}
        if answer.status == expected.status and (expected.fields or expected.may):
            assert expected.fields <= told <= expected.fields | expected.may, (expected, answer)

    def learn(self, write, expected, answer):
        """The ids that the new records have got take the place of the model's own."""
        response = answer.response
        rows = response[write.resource] if write.is_bulk else [response[SINGULAR[write.resource]]]
        assert len(rows) == len(write.items)
        names = dict(zip(expected.ids, (row[KEY[write.resource]] for row in rows)))
        expected.ids = tuple(names.values())
        assert len(set(expected.ids)) == len(rows)
        if write.dry_run:
            return
        table = expected.rows[write.resource]
        for old, new in names.items():
            assert new not in self.ids[write.resource]
            row = table[new] = table.pop(old)
            row[KEY[write.resource]] = new
            if row.get("thread_id") == old:
                row["thread_id"] = new
            self.ids[write.resource].append(new)
        expected.line = ("created", expected.ids, None)

    def check_rows(self, before, after):
        """resource → id → row as it is stored; all are as the model says."""
        stored = {resource: {row[KEY[resource]]: row for row in self.oracle.list(resource)} for resource in RESOURCES}
        for resource in RESOURCES:
            wanted = self.model.rows[resource]
            assert stored[resource].keys() == wanted.keys(), resource
            for number, row in wanted.items():
                seen = dict(stored[resource][number])
                for name in DATES.get(resource, ()):
                    if row[name] == NOW and before <= seen[name] <= after:
                        seen[name] = NOW
                assert seen == row, (resource, number, {name: (seen[name], row[name]) for name in row if seen[name] != row[name]})
        return stored

    def check_log(self, write, expected):
        lines = self.run("SELECT description, user, admin_id, ipaddr FROM tblactivitylog ORDER BY id")
        self.run("DELETE FROM tblactivitylog")
        if expected.status != 200 or not expected.line:
            assert lines == ()
            return
        assert len(lines) == 1 and lines[0][1:] == (USERS[write.user], str(write.user), "127.0.0.1"), lines
        verb, ids, more = expected.line
        text = f"portcullis: {USERS[write.user]} {verb} "
        text += f"{len(ids)} {write.resource} ({', '.join(map(str, ids))})" if write.is_bulk else f"{SINGULAR[write.resource]} {ids[0]}"
        seen = lines[0][0]
        if verb == "updated":
            match = re.fullmatch(re.escape(text) + r" \((.*)\)", seen)
            assert match and set(match[1].split(", ")) == more, (seen, more)
            return
        if verb == "deleted":
            counts = [f"{count} {name}" for name, count in more.items() if count > (name == write.resource)]
            text += f" ({', '.join(counts)})" if counts else ""
        assert seen == text

    def check_answer(self, write, expected, answer, stored):
        response = answer.response
        assert response["data"]["total"] == len(write.items)
        if write.method == "DELETE":
            assert response["deleted"] == expected.deleted
            assert list(response["deleted"]) == [name for name in RESOURCES if name in expected.deleted]
            assert answer.field("Location") is None
            return
        rows = response[write.resource] if write.is_bulk else [response[SINGULAR[write.resource]]]
        assert [row[KEY[write.resource]] for row in rows] == list(expected.ids)
        if not write.dry_run:
            assert rows == [stored[write.resource][number] for number in expected.ids]
        location = answer.field("Location")
        assert (location is not None) == (write.method == "POST" and not write.is_bulk and not write.dry_run)
        if location:
            assert location.endswith(f"/api.php/v1/{write.resource}/{expected.ids[0]}/json")
        for resource, number in write.above:
            assert response[SINGULAR[resource]][KEY[resource]] == number

    def age(self):
        """What is NOW becomes OLD, there as here: the next touch shows."""
        for resource, columns in DATES.items():
            fresh = [number for number, row in self.model.rows[resource].items() if NOW in [row[name] for name in columns]]
            if fresh:
                self.run(f"UPDATE {SECOND[resource][0]} SET " + ",".join(f"{name} = '{OLD}'" for name in columns)
                         + f" WHERE {KEY[resource]} IN ({','.join(map(str, fresh))})")
            for number in fresh:
                self.model.rows[resource][number].update(dict.fromkeys(columns, OLD))

    def read(self, deed):
        """A record, and how many there are: never behind a write made through this gateway (section 4)."""
        caller, number = self.callers[deed.user], self.pick(deed.resource, deed.at)
        answer = caller.ask("GET", f"{deed.resource}/{number}")
        assert answer.status == (200 if self.model.sees(deed.user, deed.resource, number) else 404), answer
        above = self.chain_above(dataclasses.replace(deed, kind="create"))[-1:]
        chain = "".join(f"{resource}/{other}/" for resource, other in above)
        answer = caller.ask("GET", chain + deed.resource, None, {"params": json.dumps({"limit": 1})})
        if above and not self.model.sees(deed.user, *above[0]):
            assert answer.status == 404, answer
            return
        total = sum(1 for other, row in self.model.rows[deed.resource].items() if self.model.sees(deed.user, deed.resource, other)
                    and all(row[KEY[resource]] == parent for resource, parent in above))
        assert (answer.status, answer.response["data"]["total"]) == (200, total), (chain + deed.resource, total, answer)


@pytest.fixture(scope="module")
def world(mariadb, place, settings):
    fixture.load_structure(mariadb, ROOT, DATABASE)
    with mariadb.connect(DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        for number, name, role, stored, disabled in fixture.admins():
            fixture.insert(cursor, "tbladmins", [dict(id=number, username=name, roleid=role, password=stored, disabled=disabled,
                                                      supportdepts=",1,2,")])
        cursor.execute("DELETE FROM tbladdonmodules")
        fixture.insert(cursor, "tbladdonmodules", [dict(module="wbteampro", setting=name, value=value) for name, value in (
            ("access", "1,2"), ("admin_super_roles", "1"))])
        fixture.insert(cursor, "tblclients", [dict(id=number) for number in (1, 2)])
        fixture.insert(cursor, "tblhosting", [dict(id=12, userid=1)])
        fixture.insert(cursor, "tbltickets", [dict(id=2038, did=1), dict(id=2039, did=2), dict(id=NOBODY, did=1, merged_ticket_id=2038)])
    server = Gateway(place / "gateway-model", {**settings, "mysql.database": DATABASE, "ban.table": "read"}).start()
    yield World(mariadb, server)
    server.stop()


def play(world, deeds):
    world.begin()
    for deed in (*PROLOGUE, *deeds):
        world.do(deed)


@settings(max_examples=3000 if LONG else 100, deadline=None, derandomize=not LONG, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large])
@given(deeds=st.lists(DEEDS, min_size=20, max_size=40))
def test_writes_against_the_model(world, deeds):
    """Whatever is asked, in whichever order: status, faults, every row, every line are as the specification says."""
    play(world, deeds)


def test_a_thread_stays_open_when_its_first_post_goes(world):
    """The state that is carried over is the thread's, whatever the next post said of itself."""
    play(world, [Deed("reply", "topics"), Deed("end", "topics", at=0), Deed("delete", "topics", at=1), Deed("reply", "topics")])
