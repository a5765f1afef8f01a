"""Who sees which rows: spec/auth-and-bans.md, "Admin login", step 5, and remote-api.md section 7 (whmcstickets).

The rows are a database of their own, made at random from a fixed seed: projects of every visible_status, and below them
rows that hang on a project, on an action, on both, on either of two projects, on nothing, and on what is not there. The
model in Python below is written from the specification and docs/decisions.md, and knows nothing of the gateway's SQL.
"""

import json
import random

import pytest

from support import fixture
from support.answers import Client, raw_get
from support.fixture import PREFIX, md5
from support.gateway import ROOT, run_binary
from support.ports import wait_until
from support.raw import Raw

DATABASE = "seen"
WORD = md5("pw")
KEYS = {"projects": "project_id", "actions": "action_id", "topics": "topic_id", "files": "file_id",
        "timelogs": "timelog_id", "ticketxrefs": "xref_id", "whmcstickets": "id"}
TABLES = {"projects": PREFIX + "project", "actions": PREFIX + "action", "topics": PREFIX + "topic",
          "files": PREFIX + "file", "timelogs": PREFIX + "timelog", "ticketxrefs": PREFIX + "ticketxref",
          "whmcstickets": "tbltickets"}
CHILDREN = ("topics", "files", "whmcstickets", "timelogs")
# id, name, role, supportdepts; role 1 sees everything
ADMINS = [(1, "super", 1, ""), (2, "manager", 2, ",1,"), (3, "worker", 2, " 2 ,3,,x,-1,99999999999"), (4, "guest", 3, ""),
          (23, "third", 3, ",12,"), (5, "many", 2, ",".join(str(n) for n in range(1000, 1200)))]
LIMITED = [admin for admin in ADMINS if admin[2] != 1]
NAMES = {admin[1]: admin for admin in ADMINS}
STATUSES = ["all", "", "manager", "related", "secret", "ALL"]
GONE = 990  # no project and no action has this number


def make_rows(number):
    """A dictionary resource → rows. Every kind of relation is likely to be there."""
    dice = random.Random(number)
    projects = [dict(project_id=n, project_name=f"project {n} {'needle' if n % 3 else 'hay'}",
                     visible_status=dice.choice(STATUSES), manager_adminid=dice.choice([0, 1, 2, 3, 4, 23]),
                     assigned_adminid=dice.choice([0, 2, 3, 4, 23])) for n in range(1, 31)]

    def some_project():
        return dice.choice([0, GONE] + list(range(1, 31)) * 2)

    actions = [dict(action_id=n, project_id=some_project(), action_name=f"action {n}",
                    assigned_adminid=dice.choice([0, 2, 3, 4, 23, 23, 23])) for n in range(101, 181)]
    of = {row["action_id"]: row["project_id"] for row in actions}

    def below():
        kind = dice.randrange(6)
        action = dice.choice(list(of) + [GONE])
        if kind < 2:
            return dict(project_id=some_project(), action_id=0)
        if kind < 4:
            return dict(project_id=of.get(action, 0), action_id=action)
        return dict(project_id=0 if kind == 4 else some_project(), action_id=action)

    topics, files = [], []
    for n in range(1, 121):
        first = n if n <= 5 or dice.random() < 0.3 else dice.choice(topics)["thread_id"]
        place = below() if first == n or dice.random() < 0.3 else {
            name: topics[first - 1][name] for name in ("project_id", "action_id")}
        topics.append(dict(topic_id=n, thread_id=first, topic_name=f"topic {n}", **place,
                           date_activity=f"2026-01-{dice.randrange(1, 29):02d} 00:00:00"))
    for n in range(1, 101):
        first = n if n <= 5 or dice.random() < 0.4 else dice.choice(files)["thread_id"]
        files.append(dict(file_id=n, thread_id=first, file_version=dice.randrange(1, 5), file_name=f"file {n}.txt", **below(),
                          file_path="seen.txt", date_created=f"2026-02-{dice.randrange(1, 29):02d} 00:00:00"))
    timelogs = [dict(timelog_id=n, timelog_note=f"note {n}", **below()) for n in range(1, 101)]
    tickets = [dict(id=n, did=dice.choice([1, 2, 3, 12, 13]), title=f"ticket {n}", status="Open",
                    merged_ticket_id=1 if n % 13 == 0 else 0) for n in range(1, 81)]
    xrefs = [dict(xref_id=n, ticket_id=dice.randrange(1, 85), **below()) for n in range(1, 121)]
    return {"projects": projects, "actions": actions, "topics": topics, "files": files, "timelogs": timelogs,
            "whmcstickets": tickets, "ticketxrefs": xrefs}


class Model:
    """What one admin sees."""

    def __init__(self, rows, admin):
        self.rows = rows
        self.by_id = {name: {row[KEYS[name]]: row for row in rows[name]} for name in rows}
        self.admin, _, role, departments = admin
        self.sees_all = role == 1
        self.departments = {int(word) for word in departments.split(",") if word.strip().isdigit()}

    def project(self, number):
        row = self.by_id["projects"].get(number)
        if row is None:
            return False
        status, is_manager = row["visible_status"].lower(), row["manager_adminid"] == self.admin
        return (self.sees_all or status in ("all", "") or is_manager
                or (status == "related" and row["assigned_adminid"] in (self.admin, 0)))

    def below(self, row):
        """No project or action that it names is hidden or missing."""
        project, action = row["project_id"], row.get("action_id", 0)
        if self.sees_all:
            return True
        if project and not self.project(project):
            return False
        return not action or (action in self.by_id["actions"] and self.below(
            {"project_id": self.by_id["actions"][action]["project_id"]}))

    def sees(self, resource, row):
        if resource == "projects":
            return self.project(row["project_id"])
        if resource == "actions":
            return self.below({"project_id": row["project_id"]}) or row["assigned_adminid"] in (self.admin, 0)
        if resource != "whmcstickets":
            return self.below(row)
        if row["merged_ticket_id"]:
            return False
        return self.sees_all or row["did"] in self.departments or bool(self.xrefs(row["id"]))

    def xrefs(self, ticket, column=None, number=None):
        return [row["xref_id"] for row in self.rows["ticketxrefs"] if row["ticket_id"] == ticket and self.below(row)
                and (column is None or row[column] == number)]

    def hangs(self, resource, row, parent, number):
        """Belongs to the parent: "a project's timelogs include those of its actions"."""
        column = KEYS[parent]
        if resource == "whmcstickets":
            return bool(self.xrefs(row["id"], column, number))
        if resource == "timelogs" and parent == "projects":
            action = self.by_id["actions"].get(row["action_id"])
            return row["project_id"] == number or (action is not None and action["project_id"] == number)
        return row[column] == number

    def list(self, resource, parent=None, number=None):
        return [row for row in self.rows[resource] if self.sees(resource, row)
                and (parent is None or self.hangs(resource, row, parent, number))]

    def record(self, resource, number, parent=None, above=None):
        row = self.by_id[resource].get(number)
        return row is not None and self.sees(resource, row) and (
            parent is None or self.hangs(resource, row, parent, above))

    def xref(self, ticket, parent=None, number=None):
        found = self.xrefs(ticket, parent and KEYS[parent], number)
        return min(found) if found else None

    def topic_threads(self, parent=None, number=None):
        """[(first post, last post, posts)], most recent first."""
        threads = []
        for first in self.list("topics", parent, number):
            posts = [row for row in self.list("topics") if row["thread_id"] == first["topic_id"]]
            if first["thread_id"] == first["topic_id"]:
                last = max(posts, key=lambda row: (row["date_activity"], row["topic_id"]))
                threads.append((first["topic_id"], last["topic_id"], len(posts), last["date_activity"]))
        threads.sort(key=lambda thread: (thread[3], thread[1]), reverse=True)
        return [thread[:3] for thread in threads]

    def file_threads(self, parent=None, number=None):
        """[(latest version, versions)], most recent first."""
        threads = []
        for row in self.list("files", parent, number):
            versions = [other for other in self.list("files") if other["thread_id"] == row["thread_id"]]
            if max(versions, key=lambda other: (other["file_version"], other["file_id"])) is row:
                threads.append((row["file_id"], len(versions), row["date_created"]))
        threads.sort(key=lambda thread: (thread[2], thread[0]), reverse=True)
        return [thread[:2] for thread in threads]


def load(mariadb, database, rows):
    fixture.load_structure(mariadb, ROOT, database)
    with mariadb.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        fixture.insert(cursor, "tbladmins", [
            dict(id=number, username=name, roleid=role, password=WORD, disabled=0, supportdepts=departments)
            for number, name, role, departments in ADMINS])
        cursor.execute("DELETE FROM tbladdonmodules")
        fixture.insert(cursor, "tbladdonmodules", [
            dict(module="wbteampro", setting="access", value="1,2,3"),
            dict(module="wbteampro", setting="admin_super_roles", value=" 1 ,12"),
            dict(module="other", setting="admin_super_roles", value="1,2,3")])
        cursor.execute("INSERT INTO tblconfiguration (setting, value) VALUES ('InvalidLoginBanLength', '0') "
                       "ON DUPLICATE KEY UPDATE value = '0'")
        for resource, table in TABLES.items():
            fixture.insert(cursor, table, rows[resource])


class Caller:
    """One admin of this database, asking one gateway."""

    def __init__(self, url, name):
        self.client, self.name = Client(url), name

    def get(self, chain, params=None, **more):
        return self.client.get(chain, params, user=None, query={"username": self.name, "password": WORD}, **more)

    def ids(self, chain, params=None, resource=None):
        """The list's ids, after its total was seen to agree."""
        resource = resource or chain.split("/")[-1]
        answer = self.get(chain, {"limit": 500, "count": "exact", **(params or {})}).success()
        ids = [row[KEYS[resource]] for row in answer.response[resource]]
        assert answer.data["total"] == len(ids), (chain, params)
        return ids


@pytest.fixture(scope="module")
def rows():
    return make_rows(20260115)


@pytest.fixture(scope="module")
def server(mariadb, rows, files_root, module_gateway):
    load(mariadb, DATABASE, rows)
    (files_root / "seen.txt").write_text("bytes")
    return module_gateway({"mysql.database": DATABASE, "cache.count_ttl": "1s"})


@pytest.fixture(scope="module")
def ask(server):
    callers = {name: Caller(server.url, name) for name in NAMES}
    return callers.__getitem__


def ids_of(resource, rows):
    return [row[KEYS[resource]] for row in rows]


every_admin = pytest.mark.parametrize("admin", ADMINS, ids=lambda admin: admin[1])
every_limited = pytest.mark.parametrize("admin", LIMITED, ids=lambda admin: admin[1])


def test_no_gateway_the_rows_show_every_case(rows):
    """Without these the comparisons below prove nothing."""
    worker = Model(rows, NAMES["worker"])
    for resource in KEYS:
        seen = len(worker.list(resource))
        assert 3 < seen < len(rows[resource]) - 3, resource
    assert any(not worker.below({"project_id": row["project_id"]}) and worker.sees("actions", row) for row in rows["actions"])
    assert {row["visible_status"] for row in rows["projects"]} == set(STATUSES)
    lists = [[row["topic_id"] for row in Model(rows, admin).list("topics")] for admin in LIMITED[:3]]
    assert len({tuple(ids) for ids in lists}) == 3
    threads = {first: posts for first, _, posts in worker.topic_threads()}
    whole = {first: posts for first, _, posts in Model(rows, NAMES["super"]).topic_threads()}
    assert any(threads[first] < whole[first] for first in threads)


# ---- lists, totals, records -------------------------------------------------------------------

@every_admin
@pytest.mark.parametrize("resource", KEYS)
def test_lists_and_totals(ask, rows, admin, resource):
    """step 5: "lists and totals leave it out"; in both directions, and as remembered totals."""
    wanted = ids_of(resource, Model(rows, admin).list(resource))
    if admin[1] == "super":
        assert len(wanted) == len([row for row in rows[resource] if not row.get("merged_ticket_id")])
    caller = ask(admin[1])
    assert caller.ids(resource) == wanted
    assert caller.ids(resource, {"sort": "-" + KEYS[resource]}) == wanted[::-1]
    for count, total in (("exact", len(wanted)), ("none", None)):
        assert caller.get(resource, {"limit": 1, "count": count}).success().data["total"] == total
    assert caller.get(resource, {"limit": 1}).success().data["total"] == len(wanted)


def test_remembered_totals_are_each_viewers_own(ask, rows):
    """section 4: total may lag; it is never another admin's."""
    for resource in KEYS:
        for _ in range(2):
            totals = [ask(admin[1]).get(resource, {"limit": 1}).success().data["total"] for admin in ADMINS]
            assert totals == [len(Model(rows, admin).list(resource)) for admin in ADMINS]


@every_admin
@pytest.mark.parametrize("resource", KEYS)
def test_records(ask, rows, admin, resource):
    """A hidden record is 404 "exactly like a record that does not exist"."""
    model, caller = Model(rows, admin), ask(admin[1])
    absent = caller.get(f"{resource}/888888").expect(404, "Record Not Found", "record_not_found").json
    for number in ids_of(resource, rows[resource]):
        answer = caller.get(f"{resource}/{number}")
        assert answer.status == (200 if model.record(resource, number) else 404), (resource, number)
        if answer.status == 404:
            document = answer.json
            document["request"]["action"] = absent["request"]["action"]
            assert document == absent


@every_limited
@pytest.mark.parametrize("resource", KEYS)
def test_pages(ask, rows, admin, resource):
    """section 4: pages by number, offset and cursor hold the visible rows, each once."""
    wanted = ids_of(resource, Model(rows, admin).list(resource))
    caller, limit = ask(admin[1]), 7

    def page(words):
        answer = caller.get(resource, {"limit": limit, **words}).success()
        return ids_of(resource, answer.response[resource]), answer.data

    for offset in range(0, len(wanted) + limit, limit):
        ids, data = page({"offset": offset})
        assert ids == wanted[offset:offset + limit]
        assert data["total"] == len(wanted) and ("next" in data) == (offset + limit < len(wanted))
        assert page({"page": offset // limit + 1})[0] == ids
    seen, (ids, data) = [], page({})
    while "next" in data:
        seen += ids
        ids, data = page({"cursor": data["next"]})
    assert seen + ids == wanted


@every_limited
def test_search_and_filters(ask, rows, admin):
    """"Everything below a hidden project is hidden": whatever is asked for."""
    model, caller = Model(rows, admin), ask(admin[1])
    needles = [row["project_id"] for row in model.list("projects") if "needle" in row["project_name"]]
    assert caller.ids("projects", {"search": "needle"}) == needles
    assert caller.ids("projects", {"visible_status": "secret"}) == [
        row["project_id"] for row in model.list("projects") if row["visible_status"] == "secret"]
    assert caller.ids("topics", {"topic_name": {"like": "topic 1%"}, "sort": "-topic_id"}) == [
        row["topic_id"] for row in model.list("topics")[::-1] if row["topic_name"].startswith("topic 1")]
    assert caller.ids("actions", {"fields": "action_id", "search": "action 1"}) == ids_of("actions", model.list("actions"))


# ---- chains -----------------------------------------------------------------------------------

@every_admin
@pytest.mark.parametrize("resource", ("actions",) + CHILDREN)
def test_lists_below_a_project(ask, rows, admin, resource):
    """"a chain through it is 404"; the parent link as a filter selects the same rows as the chain of a visible one."""
    model, caller = Model(rows, admin), ask(admin[1])
    for project in list(range(1, 31)) + [GONE]:
        wanted = ids_of(resource, model.list(resource, "projects", project))
        if model.project(project):
            assert caller.ids(f"projects/{project}/{resource}") == wanted, project
        else:
            caller.get(f"projects/{project}/{resource}").expect(404, "Record Not Found", "record_not_found", "project_id")
        assert caller.ids(resource, {"project_id": project}) == wanted, project
        if resource in ("topics", "files", "timelogs", "whmcstickets") and not model.project(project) and not model.sees_all:
            assert wanted == []


@every_admin
@pytest.mark.parametrize("resource", CHILDREN)
def test_lists_below_an_action(ask, rows, admin, resource):
    """Actions of a hidden project "stay visible under actions"; what hangs below them does not (docs/decisions.md)."""
    model, caller = Model(rows, admin), ask(admin[1])
    for action in ids_of("actions", rows["actions"]):
        wanted = ids_of(resource, model.list(resource, "actions", action))
        if model.record("actions", action):
            assert caller.ids(f"actions/{action}/{resource}") == wanted, action
        else:
            caller.get(f"actions/{action}/{resource}").expect(404, "Record Not Found", field="action_id")
        assert caller.ids(resource, {"action_id": action}) == wanted, action


@every_admin
def test_longer_chains(ask, rows, admin):
    """section 3: every id must belong to the record before it; each must be visible."""
    model, caller = Model(rows, admin), ask(admin[1])
    dice = random.Random(7)
    for action in rows["actions"]:
        project, number = action["project_id"] or 1, action["action_id"]
        is_open = model.project(project) and model.record("actions", number, "projects", project)
        resource = dice.choice(CHILDREN)
        chain = f"projects/{project}/actions/{number}"
        assert caller.get(chain).status == (200 if is_open else 404), chain
        answer = caller.get(f"{chain}/{resource}", {"limit": 500})
        assert answer.status == (200 if is_open else 404), chain
        if is_open:
            assert ids_of(resource, answer.response[resource]) == ids_of(resource, model.list(resource, "actions", number))
        for row in rows[resource][:15]:
            is_there = is_open and model.record(resource, row[KEYS[resource]], "actions", number)
            assert caller.get(f"{chain}/{resource}/{row[KEYS[resource]]}").status == (200 if is_there else 404)


@every_admin
@pytest.mark.parametrize("resource", ("actions",) + CHILDREN)
def test_records_below_a_project(ask, rows, admin, resource):
    model, caller = Model(rows, admin), ask(admin[1])
    dice = random.Random(3)
    for _ in range(120):
        project, row = dice.randrange(1, 31), dice.choice(rows[resource])
        number = row[KEYS[resource]]
        if dice.random() < 0.7 and row.get("project_id"):
            project = row["project_id"]
        wanted = model.project(project) and model.record(resource, number, "projects", project)
        assert caller.get(f"projects/{project}/{resource}/{number}").status == (200 if wanted else 404), (project, number)


@every_limited
def test_siblings(ask, rows, admin):
    model, caller = Model(rows, admin), ask(admin[1])
    names = ("actions", "timelogs", "files", "topics", "whmcstickets")
    for project in range(1, 31):
        answer = caller.get(f"projects/{project}/{','.join(names)}", {"limit": 500})
        assert answer.status == (200 if model.project(project) else 404)
        if answer.status == 404:
            continue
        for name in names:
            wanted = ids_of(name, model.list(name, "projects", project))
            assert ids_of(name, answer.response[name]) == wanted
            assert answer.data["lists"][name]["total"] == len(wanted)


def test_what_is_assigned_stays_visible_under_actions(ask, rows):
    """"except actions assigned to him or to nobody (0), which stay visible under actions\""""
    model, caller = Model(rows, NAMES["worker"]), ask("worker")
    excepted = [row for row in model.list("actions") if row["project_id"] and not model.project(row["project_id"])]
    assert {row["assigned_adminid"] for row in excepted} == {0, 3}
    for row in excepted:
        number, project = row["action_id"], row["project_id"]
        assert caller.get(f"actions/{number}").success().response["action"]["project_id"] == project
        assert number in caller.ids("actions")
        caller.get(f"projects/{project}/actions").expect(404)
        caller.get(f"projects/{project}/actions/{number}").expect(404)
        answer = caller.get(f"actions/{number}/timelogs").success()
        assert answer.response["timelogs"] == [] and answer.data["total"] == 0
    other = Model(rows, NAMES["guest"])
    for row in excepted:
        wanted = 200 if other.sees("actions", row) else 404
        assert ask("guest").get(f"actions/{row['action_id']}").status == wanted


# ---- threads, bytes, tickets ------------------------------------------------------------------

@every_admin
def test_threads_of_topics(ask, rows, admin):
    """section 7: first post, last post and number of posts, of those that are visible."""
    model, caller = Model(rows, admin), ask(admin[1])
    places = [("topics/bythread", None, None, None), ("topics/bythread", {"project_id": 4}, "projects", 4)]
    places += [(f"projects/{number}/topics/bythread", None, "projects", number)
               for number in range(1, 31) if model.project(number)]
    for chain, params, parent, number in places:
        wanted = model.topic_threads(parent, number)
        answer = caller.get(chain, {"limit": 500, "count": "exact", **(params or {})}).success()
        seen = [(row["topic_id"], row["last_post"]["topic_id"], row["topic_posts"]) for row in answer.response["topics"]]
        assert seen == wanted, chain
        assert answer.data["total"] == len(wanted)
        assert caller.get(chain, {"limit": 1, "count": "exact", **(params or {})}).success().data["total"] == len(wanted)
        jump = caller.get(chain, {"limit": 3, "offset": 2, **(params or {})}).success()
        assert [row["topic_id"] for row in jump.response["topics"]] == [thread[0] for thread in wanted[2:5]]


@every_admin
def test_threads_of_files(ask, rows, admin):
    """section 7: the latest visible version, and how many there are."""
    model, caller = Model(rows, admin), ask(admin[1])
    places = [("files/bythread", None, None)]
    places += [(f"projects/{number}/files/bythread", "projects", number)
               for number in range(1, 31) if model.project(number)]
    for chain, parent, number in places:
        wanted = model.file_threads(parent, number)
        answer = caller.get(chain, {"limit": 500}).success()
        assert [(row["file_id"], row["file_versions"]) for row in answer.response["files"]] == wanted, chain
        assert caller.get(chain, {"limit": 1, "count": "exact"}).success().data["total"] == len(wanted)


@every_limited
def test_downloads(ask, rows, admin):
    model, caller = Model(rows, admin), ask(admin[1])
    for row in rows["files"]:
        answer = caller.get(f"files/{row['file_id']}/download")
        assert answer.status == (200 if model.sees("files", row) else 404), row
        if answer.status == 200:
            assert answer.http.content == b"bytes"
        elif row["project_id"]:
            caller.get(f"projects/{row['project_id']}/files/{row['file_id']}/download").expect(404)


@every_admin
def test_the_reference_shown_with_a_ticket(ask, rows, admin):
    """section 5: "the chain's, else the visible one with the lowest xref_id, else null\""""
    model, caller = Model(rows, admin), ask(admin[1])

    def shown(chain, **params):
        found = caller.get(chain, {"limit": 500, **params}).success().response["whmcstickets"]
        return {row["id"]: row["ticketxref"] and row["ticketxref"]["xref_id"] for row in found}

    whole = {row["id"]: model.xref(row["id"]) for row in model.list("whmcstickets")}
    assert shown("whmcstickets") == whole
    assert shown("whmcstickets", sort="title") == whole
    if admin[1] == "manager":
        assert None in whole.values()
    for number, xref in whole.items():
        row = caller.get(f"whmcstickets/{number}").success().response["whmcsticket"]
        assert (row["ticketxref"] and row["ticketxref"]["xref_id"]) == xref
    for parent, numbers in (("projects", range(1, 31)), ("actions", range(101, 181))):
        for number in numbers:
            if not model.record(parent, number):
                continue
            wanted = {row["id"]: model.xref(row["id"], parent, number)
                      for row in model.list("whmcstickets", parent, number)}
            assert shown(f"{parent}/{number}/whmcstickets") == wanted
            for ticket, xref in wanted.items():
                row = caller.get(f"{parent}/{number}/whmcstickets/{ticket}").success().response["whmcsticket"]
                assert row["ticketxref"]["xref_id"] == xref


def test_departments_are_compared_by_whole_numbers(ask, rows):
    """supportdepts ",1," holds neither 12 nor 13; ",12," neither 1 nor 2."""
    for name, department in (("manager", 1), ("third", 12)):
        model = Model(rows, NAMES[name])
        seen = ask(name).ids("whmcstickets", {"did": [1, 2, 3, 12, 13]})
        without = [row["id"] for row in rows["whmcstickets"]
                   if row["id"] in seen and not model.xrefs(row["id"])]
        assert without and {model.by_id["whmcstickets"][number]["did"] for number in without} == {department}


# ---- several admins at once -------------------------------------------------------------------

def test_answers_are_not_shared_between_admins(server, ask, rows):
    """Requests that wait behind each other are joined and grouped: never those of different viewers."""
    def raw(chain, name):
        return raw_get(chain, user=None, extra_query=f"username={name}&password={WORD}")

    chains = [f"projects/{number}" for number in range(1, 13)] + [
        "projects", "topics", "projects/3/actions", "projects/4/actions", "projects/5/timelogs", "actions/110", "actions/111"]
    wanted = {(chain, name): (answer.status, answer.http.content) for chain in chains for name in NAMES
              for answer in [ask(name).get(chain)]}
    assert len({wanted[("projects", name)] for name in NAMES}) >= 4
    for _ in range(5):
        with Raw(server.port) as connection:
            pairs = [(chain, name) for chain in chains for name in NAMES]
            connection.send(b"".join(raw(chain, name) for chain, name in pairs))
            for pair in pairs:
                reply = connection.reply()
                assert (reply.status, reply.body) == wanted[pair], pair


# ---- who is super -----------------------------------------------------------------------------

def statements(mariadb, *texts):
    with mariadb.connect(DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        for text in texts:
            cursor.execute(text)


@pytest.fixture
def row(mariadb, server):
    """row(text): sets the add-on's row, or with None removes it; put back afterwards."""
    remove = "DELETE FROM tbladdonmodules WHERE module = 'wbteampro' AND setting = 'admin_super_roles'"

    def put(value):
        statements(mariadb, remove, *([] if value is None else [
            f"INSERT INTO tbladdonmodules (module, setting, value) VALUES ('wbteampro', 'admin_super_roles', '{value}')"]))

    yield put
    put(" 1 ,12")


def who_sees_all(url, rows):
    return {name for name in NAMES if len(Caller(url, name).ids("projects")) == len(rows["projects"])}


@pytest.mark.parametrize("setting,value,wanted", [
    ("", "1", {"super"}), ("", "2", {"manager", "worker", "many"}), ("", "12,31", set()), ("", "", set()),
    ("", "1, 3", {"super", "guest", "third"}), ("", None, set(NAMES)), ("2", None, {"manager", "worker", "many"}),
    ("3", "1", {"guest", "third"}), ("99", "1,2,3", set())])
def test_roles_that_see_everything(start_gateway, rows, row, setting, value, wanted):
    """step 5: the row lists roles; "auth.super_roles overrides the row; with neither, every permitted role sees
    everything, and start-up says so in one line". An empty row lists nobody (docs/decisions.md)."""
    row(value)
    server = start_gateway({"mysql.database": DATABASE, "auth.super_roles": setting})
    assert who_sees_all(server.url, rows) == wanted
    lines = [line for line in server.log_lines() if line.get("event") == "super_roles"]
    assert len(lines) == (1 if not setting and value is None else 0), lines


def test_start_says_that_everybody_sees_everything(start_gateway, row):
    """"start-up says so in one line": before anybody has logged in."""
    row(None)
    assert "admin_super_roles" in start_gateway({"mysql.database": DATABASE}).find_log('"super_roles"')


def test_a_changed_role_counts_within_recheck(mariadb, server, ask, rows):
    """"roleid … and the access list are read again at least every auth.recheck (2 s)"; departments too."""
    guest, whole = ask("guest"), len(rows["projects"])
    own = len(Model(rows, NAMES["guest"]).list("projects"))
    tickets = len(Model(rows, NAMES["guest"]).list("whmcstickets"))
    assert own < whole and len(guest.ids("projects")) == own
    try:
        statements(mariadb, "UPDATE tbladmins SET roleid = 1 WHERE username = 'guest'")
        wait_until(lambda: len(guest.ids("projects")) == whole, 4, "the new role's rows")
        statements(mariadb, "UPDATE tbladmins SET roleid = 3, supportdepts = ',1,2,3,12,13,' WHERE username = 'guest'")
        wait_until(lambda: len(guest.ids("projects")) == own, 4, "the old role's rows")
        assert guest.ids("whmcstickets") == ask("super").ids("whmcstickets")
        statements(mariadb, "UPDATE tbladmins SET supportdepts = '' WHERE username = 'guest'")
        wait_until(lambda: len(guest.ids("whmcstickets")) == tickets, 4, "without the departments")
    finally:
        statements(mariadb, "UPDATE tbladmins SET roleid = 3, supportdepts = '' WHERE username = 'guest'")
    wait_until(lambda: len(guest.ids("whmcstickets")) == tickets, 4, "as before")


def test_a_hundred_and_twenty_eight_departments_count(mariadb, ask, rows):
    """docs/decisions.md: more than a principal has room for are not seen."""
    try:
        statements(mariadb, "INSERT INTO tbltickets (id, did, title) VALUES (701, 1000, 'a'), (702, 1127, 'b'), (703, 1128, 'c')")
        assert [number for number in ask("many").ids("whmcstickets") if number > 700] == [701, 702]
    finally:
        statements(mariadb, "DELETE FROM tbltickets WHERE id > 700")


# ---- columns as they may be elsewhere ---------------------------------------------------------

def test_null_means_empty_and_nobody(mariadb, module_gateway):
    """step 5: "all or empty", "assigned to nobody (0)": where the columns can be NULL, NULL says so too."""
    rows = {**{name: [] for name in KEYS}, "projects": [
        dict(project_id=1, visible_status=None, manager_adminid=9), dict(project_id=2, visible_status="related", assigned_adminid=None),
        dict(project_id=3, visible_status="manager", manager_adminid=None), dict(project_id=4, visible_status="related", assigned_adminid=9)],
        "actions": [dict(action_id=1, project_id=None, assigned_adminid=9), dict(action_id=2, project_id=3, assigned_adminid=None),
                    dict(action_id=3, project_id=3, assigned_adminid=9)],
        "topics": [dict(topic_id=1, thread_id=1, project_id=None, action_id=None), dict(topic_id=2, thread_id=2, project_id=3, action_id=None),
                   dict(topic_id=3, thread_id=3, project_id=None, action_id=2), dict(topic_id=4, thread_id=4, project_id=1, action_id=1)]}
    load(mariadb, "nullable", {name: [] for name in KEYS})
    with mariadb.connect("nullable") as connection, connection.cursor() as cursor:
        for table, column, kind in (("project", "visible_status", "varchar(16)"), ("project", "manager_adminid", "int"),
                                    ("project", "assigned_adminid", "int"), ("action", "project_id", "int"),
                                    ("action", "assigned_adminid", "int"), ("topic", "project_id", "int"), ("topic", "action_id", "int")):
            cursor.execute(f"ALTER TABLE {PREFIX}{table} MODIFY {column} {kind} NULL")
        cursor.execute("SET sql_mode=''")
        for resource, table in TABLES.items():
            fixture.insert(cursor, table, rows[resource])
    url = module_gateway({"mysql.database": "nullable"}).url
    caller = Caller(url, "worker")
    assert caller.ids("projects") == [1, 2]
    assert caller.ids("actions") == [1, 2]
    assert caller.ids("topics") == [1, 4]
    # data-model.md: zero dates are everywhere; a thread is shown whose posts have no other
    for name, wanted in (("worker", [4, 1]), ("super", [4, 3, 2, 1])):
        answer = Caller(url, name).get("topics/bythread").success()
        assert [row["topic_id"] for row in answer.response["topics"]] == wanted
        assert answer.data["total"] == len(wanted)


def test_polymorphic_parents(mariadb, place, module_gateway, rows):
    """data-model.md: "Older installations may have parent_type and parent_id instead: the catalog can say either"."""
    load(mariadb, "polymorphic", {**rows, "timelogs": []})
    table, model = PREFIX + "timelog", Model(rows, NAMES["worker"])
    under = {model.project(row["project_id"]): row for row in rows["actions"] if row["project_id"] not in (0, GONE)}
    hidden, shown = under[False]["project_id"], under[True]["project_id"]
    with mariadb.connect("polymorphic") as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        cursor.execute(f"ALTER TABLE {table} ADD parent_type varchar(16) NULL, ADD parent_id int NOT NULL DEFAULT 0, "
                       "DROP COLUMN project_id, DROP COLUMN action_id")
        for number, kind, parent in ((1, "project", shown), (2, "project", hidden), (3, "action", under[True]["action_id"]),
                                     (4, "action", under[False]["action_id"]), (5, "ticket", hidden), (6, None, hidden), (7, "project", 0)):
            cursor.execute(f"INSERT INTO {table} (timelog_id, parent_type, parent_id, timelog_note) VALUES (%s, %s, %s, '')",
                           (number, kind, parent))
    catalog = json.loads((ROOT / "catalog/wbteampro.json").read_text())
    catalog["resources"]["timelogs"]["parents"] = {
        "projects": {"parameter": "project_id", "any": [
            {"column": "parent_id", "where": {"parent_type": "project"}},
            {"column": "parent_id", "where": {"parent_type": "action"},
             "through": {"resource": "actions", "key": "action_id", "column": "project_id"}}]},
        "actions": {"parameter": "action_id", "any": [{"column": "parent_id", "where": {"parent_type": "action"}}]}}
    (place / "polymorphic.json").write_text(json.dumps(catalog))
    server = module_gateway({"mysql.database": "polymorphic", "remote.catalog": str(place / "polymorphic.json")})
    assert Caller(server.url, "super").ids("timelogs") == [1, 2, 3, 4, 5, 6, 7]
    assert Caller(server.url, "worker").ids("timelogs") == [1, 3, 5, 6, 7]
    assert 1 in Caller(server.url, "worker").ids(f"projects/{shown}/timelogs")


@pytest.fixture
def crooked(mariadb, rows):
    load(mariadb, "crooked_seen", rows)

    def change(sql):
        mariadb.run(sql, database="crooked_seen")
    return change


def test_without_the_columns_that_decide_a_resource_is_off(settings, start_gateway, crooked):
    """data-model.md: "Only keys, parent links and visibility columns are essential". Nobody is shown what nobody can judge."""
    crooked(f"ALTER TABLE {PREFIX}project CHANGE visible_status seen_by varchar(16) NOT NULL")
    words = [word for key, value in {**settings, "mysql.database": "crooked_seen"}.items() for word in ("-o", f"{key}={value}")]
    done = run_binary("check", *words)
    assert done.returncode == 1 and "visible_status" in done.stdout and "who sees" in done.stdout
    server = start_gateway({"mysql.database": "crooked_seen"})
    for name in ("super", "worker"):
        caller = Caller(server.url, name)
        caller.get("projects").expect(503, code="resource_off")
        caller.get("projects/1/actions").expect(503, code="resource_off")
    assert len(Caller(server.url, "super").ids("actions")) == 80
    worker = Caller(server.url, "worker")
    rows_seen = worker.get("actions", {"limit": 500}).success().response["actions"]
    assert rows_seen and all(row["project_id"] == 0 or row["assigned_adminid"] in (0, 3) for row in rows_seen)
    assert all(row["project_id"] == 0 and row["action_id"] != GONE for row in
               worker.get("topics", {"limit": 500}).success().response["topics"])


def test_the_list_of_resources_is_the_same_for_all(ask):
    """section 7: api/resources says what the gateway serves, not who sees which rows."""
    assert ask("guest").get("api/resources").success().response == ask("super").get("api/resources").success().response
    assert ask("guest").get("config").status == 200
