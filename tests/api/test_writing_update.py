"""spec/remote-api.md section 6: PUT for every resource, by every chain; what is kept, what moves, what changes around."""

import json
import time

import pytest

from support.answers import address, credentials, expected_xml, same_xml, seen_xml
from support.oracle import single_data
from support.writing import KEY, LONG_AGO, RESOURCES, SINGULAR, faults

pytestmark = pytest.mark.writing

CHANGE = {
    "projects": dict(project_name="new", project_status="Paused", client_userid=8),
    "actions": dict(action_name="new", action_complete=5, ordering=3),
    "topics": dict(topic_name="new", topic_detail="ü"),
    "files": dict(file_label="new", file_name="b.txt"),
    "ticketxrefs": dict(ticket_id=2039),
    "timelogs": dict(timelog_note="new", timelog_elapsed=3, invoice_id=7),
}
MODIFIED = ("projects", "actions", "topics")  # these have date_modified
BELOW_PROJECT = ("actions", "topics", "files", "timelogs")
BELOW_ACTION = ("topics", "files", "timelogs")


def number_of(branch, resource):
    return {"projects": branch["project"], "actions": branch["action"]}.get(resource) or branch[0][resource]


def updated(store, answer, resource, number, chain=None, parents=(), filters=None):
    """Checks the whole answer against the database; returns the row."""
    answer.success()
    assert answer.request == {"action": chain or f"{resource}/{number}", "method": "PUT", "format": "json", "code": 200,
                              "message": "Success"}
    wanted = {"data": single_data({KEY[resource]: number} if filters is None else filters)}
    for parent, parent_number in parents:
        wanted[SINGULAR[parent]] = store.row(parent, parent_number)
    wanted[SINGULAR[resource]] = row = store.row(resource, number)
    assert answer.response == wanted and list(answer.response) == list(wanted)
    assert "Location" not in answer.headers
    return row


# ---- every resource, every chain --------------------------------------------------------------

@pytest.mark.parametrize("resource", RESOURCES)
def test_every_resource(api_writer, store, branch, resource):
    """The columns given, date_modified, date_activity of the parents, and one line in the activity log; nothing else."""
    number = number_of(branch, resource)
    before = store.row(resource, number)
    now = store.now()
    line = f"updated {SINGULAR[resource]} {number} ({', '.join(CHANGE[resource])})"
    parents = [] if resource == "projects" else [("projects", branch["project"])]
    with store.touched(*parents), store.logged(line):
        row = updated(store, api_writer.put(f"{resource}/{number}", CHANGE[resource]), resource, number)
    dates = {name: row[name] for name in ("date_modified", "date_activity") if resource in MODIFIED}
    assert row == {**before, **CHANGE[resource], **dates}
    assert all(now <= value <= store.now() for value in dates.values())
    store.untouched(("projects", branch["other"]), ("actions", branch["sub"]))


@pytest.mark.parametrize("resource", BELOW_PROJECT)
def test_below_a_project(api_writer, store, branch, resource):
    project, number = branch["project"], number_of(branch, resource)
    chain = f"projects/{project}/{resource}/{number}"
    with store.touched(("projects", project)):
        answer = api_writer.put(chain, {KEY[resource]: str(number), "project_id": str(project), **CHANGE[resource]})
    updated(store, answer, resource, number, chain, [("projects", project)], {"project_id": project, KEY[resource]: number})


@pytest.mark.parametrize("resource", BELOW_ACTION)
def test_below_an_action(api_writer, store, branch, resource):
    action = branch["sub"]
    number, chain = branch[action][resource], f"actions/{action}/{resource}/{branch[action][resource]}"
    with store.touched(("projects", branch["project"]), ("actions", action)):
        answer = api_writer.put(chain, CHANGE[resource])
    updated(store, answer, resource, number, chain, [("actions", action)], {"action_id": action, KEY[resource]: number})
    store.untouched(("actions", branch["action"]))


@pytest.mark.parametrize("resource", BELOW_ACTION)
def test_a_chain_longer_than_the_table(api_writer, store, branch, resource):
    project, action = branch["project"], branch["action"]
    number = branch[action][resource]
    chain = f"projects/{project}/actions/{action}/{resource}/{number}"
    answer = api_writer.put(chain, {**CHANGE[resource], "project_id": project, "action_id": action})
    updated(store, answer, resource, number, chain, [("projects", project), ("actions", action)],
            {"project_id": project, "action_id": action, KEY[resource]: number})


PATH = "timelogs/{}"
NOTE = {"timelog_note": "a b&c=d%20+ü"}
WHO = credentials()
JSON_TYPE = {"Content-Type": "application/json"}
FORM_OF = {
    "PUT, params in the query": lambda c, p: c.send("PUT", p, {**WHO, "params": json.dumps(NOTE)}),
    "PUT, form": lambda c, p: c.send("PUT", p, data={**WHO, "params": json.dumps(NOTE)}),
    "PUT, JSON body": lambda c, p: c.send("PUT", p, WHO, data=json.dumps(NOTE), headers=JSON_TYPE),
    "PUT, loose names": lambda c, p: c.send("PUT", p, {**WHO, **NOTE}),
    "PUT saying so": lambda c, p: c.send("PUT", p, {**WHO, **NOTE, "method": "put"}),
    "PATCH": lambda c, p: c.send("PATCH", p, {**WHO, **NOTE}),
    "PATCH saying put": lambda c, p: c.send("PATCH", p, {**WHO, **NOTE, "method": "put"}),
    "method=put in a GET query": lambda c, p: c.send("GET", p, {**WHO, "method": "put", "params": json.dumps(NOTE)}),
    "method=PUT in a POST query": lambda c, p: c.send("POST", p, {**WHO, "method": "PUT", "params": json.dumps(NOTE)}),
    "method in a form": lambda c, p: c.send("POST", p, data={**WHO, "method": "put", "params[timelog_note]": NOTE["timelog_note"]}),
    "method in an envelope": lambda c, p: c.send(
        "POST", p, data=json.dumps({**WHO, "method": "put", "params": NOTE}), headers=JSON_TYPE),
}


@pytest.mark.parametrize("form", FORM_OF)
def test_methods_and_forms(api_writer, store, form):
    """Section 2, Method: `method` decides on a wire GET or POST; PATCH is PUT."""
    number = store.insert("timelogs", timelog_note="old")
    answer = FORM_OF[form](api_writer.client, address(PATH.format(number))[0])
    assert updated(store, answer, "timelogs", number)["timelog_note"] == NOTE["timelog_note"]


@pytest.mark.parametrize("value", ["put", "delete", "post"])
def test_head_never_writes(api_writer, store, value):
    """Section 2: "HEAD only ever reads", whatever its query says."""
    number = store.insert("timelogs", timelog_note="old")
    with store.unchanged():
        for chain in (PATH.format(number), "timelogs"):
            answer = api_writer.raw("HEAD", address(chain)[0], {**NOTE, "method": value})
            assert answer.status in (200, 400) and answer.http.content == b""


@pytest.mark.parametrize("method,value", [("PUT", "delete"), ("DELETE", "put"), ("PATCH", "delete"), ("PUT", "get"), ("DELETE", "get")])
def test_a_wire_method_that_is_contradicted(api_writer, store, method, value):
    """Section 2: elsewhere than on GET and POST a different value is 400."""
    number = store.insert("timelogs", timelog_note="old")
    with store.unchanged():
        api_writer.raw(method, address(PATH.format(number))[0], {**NOTE, "method": value}).expect(400, code="bad_method")


@pytest.mark.parametrize("chain", ["projects", "projects/100/actions", "topics/bythread", "whmcstickets/2039", "config/version",
                                   "files/2/download"])
def test_where_nothing_is_updated(api_writer, store, chain):
    with store.unchanged():
        answer = api_writer.put(chain, {"project_name": "x"}).expect(405, "Method Not Allowed", "method_not_allowed")
    assert "PUT" not in answer.headers["Allow"]


def test_xml(api_writer, store, branch):
    chain = f"projects/{branch['project']}/actions/{branch['action']}"
    answer = api_writer.put(chain, {"action_name": "<&>"}, fmt="xml")
    assert answer.status == 200
    document = {"request": {"action": chain, "method": "PUT", "format": "xml", "code": 200, "message": "Success"},
                "response": {"data": single_data({"project_id": branch["project"], "action_id": branch["action"]}),
                             "project": store.row("projects", branch["project"]), "action": store.row("actions", branch["action"])}}
    same_xml(seen_xml(answer.tree), expected_xml("api", document))


# ---- what changes nothing -----------------------------------------------------------------------

@pytest.mark.parametrize("resource", RESOURCES)
def test_nothing_given(api_writer, store, branch, resource):
    """Nothing that changes: 200 with the record, nothing written, no line in the log, no date."""
    number = number_of(branch, resource)
    for params in (None, {}, {KEY[resource]: number}):
        with store.unchanged():
            updated(store, api_writer.put(f"{resource}/{number}", params), resource, number)


@pytest.mark.parametrize("resource,number", [("projects", 100), ("projects", 203), ("projects", 204), ("actions", 55), ("topics", 2),
                                             ("topics", 4), ("files", 2), ("files", 14), ("timelogs", 2), ("ticketxrefs", 93)])
def test_a_record_sent_back_whole(api_writer, store, resource, number):
    """Real clients read a record, and send all of it back: keys, kept columns, zero dates, nulls, decimals, floats."""
    record = api_writer.get(f"{resource}/{number}").success().response[SINGULAR[resource]]
    for stringly in (False, True):
        sent = {name: str(value) if stringly and value is not None else value for name, value in record.items()
                if name != "custom_blob"}
        with store.unchanged():
            updated(store, api_writer.put(f"{resource}/{number}", body=sent), resource, number)


SAME = [("custom_amount", "7.50", ["7.5", "7.500", "07.50", 7.5, "+7.5"]), ("custom_amount", "0.00", ["0", "-0", "0.0", 0]),
        ("custom_when", "2026-01-02 03:04:00", ["2026-01-02T03:04:00", "2026-01-02 03:04"]),
        ("custom_when", "2026-01-02 00:00:00", ["2026-01-02"]), ("date_start", "2026-01-02", ["2026-01-02 00:00:00"]),
        ("custom_big", "18446744073709551615", ["18446744073709551615", 18446744073709551615]), ("billable", "1", [True, "1", 1]),
        ("custom_rate", "1.5", ["1.50", "1.5", 1.5]), ("project_complete", "5", ["5", 5, "05"])]


@pytest.mark.parametrize("column,stored,given", SAME)
def test_other_ways_to_say_the_same(api_writer, store, column, stored, given):
    number = store.project(**{column: stored})
    for value in given:
        with store.unchanged():
            updated(store, api_writer.put(f"projects/{number}", {column: value}), "projects", number)


def test_only_what_differs_is_written_and_logged(api_writer, store):
    """The line names the columns that changed, in the order given."""
    number = store.project(project_name="a", project_notes="b", project_type="c")
    with store.logged(f"updated project {number} (project_type, project_name)"):
        api_writer.put(f"projects/{number}", {"project_type": "C", "project_notes": "b", "project_name": "A"}).success()


@pytest.mark.parametrize("old,new", [("a", "A"), ("a", "a "), ("ä", "a"), ("", "0"), ("0", ""), ("a", "a\u0000"), ("1", "1.0"), ("1", "01")])
def test_text_is_compared_byte_by_byte(api_writer, store, old, new):
    """What MySQL's collation takes for equal is another text all the same."""
    number = store.project(project_notes=old)
    api_writer.put(f"projects/{number}", {"project_notes": new}).success()
    assert store.row("projects", number)["project_notes"] == new


def test_null_and_back(api_writer, store):
    number = store.project(custom_note="x", custom_amount="1.00", custom_when=LONG_AGO, custom_kind="red", custom_big=5)
    nothing = {name: None for name in ("custom_note", "custom_amount", "custom_when", "custom_kind", "custom_big")}
    assert nothing.items() <= updated(store, api_writer.put(f"projects/{number}", nothing), "projects", number).items()
    with store.unchanged():
        api_writer.put(f"projects/{number}", nothing).success()
    api_writer.put(f"projects/{number}", {"custom_note": ""}).success()
    assert store.row("projects", number)["custom_note"] == ""


def test_date_modified_changes_only_with_the_record(api_writer, store, branch):
    """What is written below a record makes it active, not modified."""
    rows = [("projects", branch["project"]), ("actions", branch["action"])]
    api_writer.put(f"timelogs/{branch[branch['action']]['timelogs']}", {"timelog_note": "x"}).success()
    store.untouched(*rows, column="date_modified")
    api_writer.put(f"actions/{branch['action']}", {"action_name": "x"}).success()
    store.untouched(rows[0], column="date_modified")
    assert store.value("actions", branch["action"], "date_modified") > LONG_AGO


# ---- what was wrong before ----------------------------------------------------------------------

def test_what_points_nowhere_may_stay_so(api_writer, store):
    """References that are not changed are not asked for: an admin, a client or a parent that has gone since blocks nobody."""
    number = store.project(manager_adminid=777, client_userid=778)
    row = updated(store, api_writer.put(f"projects/{number}", {"manager_adminid": 777, "client_userid": "778", "project_name": "x"}),
                  "projects", number)
    assert (row["manager_adminid"], row["project_name"]) == (777, "x")
    orphan = store.insert("timelogs", project_id=99999, action_id=99998, ticket_id=99997)
    row = updated(store, api_writer.put(f"timelogs/{orphan}", {"project_id": 99999, "action_id": 99998, "ticket_id": 99997,
                                                                "timelog_note": "x"}), "timelogs", orphan)
    assert row["timelog_note"] == "x"
    with store.unchanged():
        assert set(faults(api_writer.put(f"timelogs/{orphan}", {"project_id": 99996}).expect(422))) == {"project_id"}


def test_parents_that_disagreed_before(api_writer, store, branch):
    """Other programs' rows are written to as they are, until one of their parents is changed."""
    number = store.insert("timelogs", project_id=branch["other"], action_id=branch["action"])
    row = updated(store, api_writer.put(f"timelogs/{number}", {"timelog_note": "x", "action_id": branch["action"]}), "timelogs", number)
    assert (row["project_id"], row["action_id"], row["timelog_note"]) == (branch["other"], branch["action"], "x")
    with store.unchanged():
        assert "action_id" in faults(api_writer.put(f"timelogs/{number}", {"action_id": branch["sub"]}).expect(422))
    row = updated(store, api_writer.put(f"timelogs/{number}", {"project_id": branch["project"]}), "timelogs", number)
    assert row["project_id"] == branch["project"]


def test_a_project_that_the_action_knows(api_writer, store, branch):
    """project_id 0 beside an action is filled in, together with what is changed, and not alone."""
    number = store.insert("timelogs", project_id=0, action_id=branch["action"])
    with store.unchanged():
        updated(store, api_writer.put(f"timelogs/{number}", {"action_id": branch["action"]}), "timelogs", number)
    with store.logged(f"updated timelog {number} (timelog_note, project_id)"), store.touched(("projects", branch["project"])):
        row = updated(store, api_writer.put(f"timelogs/{number}", {"timelog_note": "x"}), "timelogs", number)
    assert row["project_id"] == branch["project"]


# ---- moving -------------------------------------------------------------------------------------

@pytest.mark.parametrize("resource", ["topics", "files", "timelogs", "ticketxrefs"])
def test_to_another_project(api_writer, store, branch, resource):
    """A parent may be changed by PUT: the old and the new parents become active."""
    number = branch[0][resource]
    with store.touched(("projects", branch["project"]), ("projects", branch["other"])), \
            store.logged(f"updated {SINGULAR[resource]} {number} (project_id)"):
        row = updated(store, api_writer.put(f"{resource}/{number}", {"project_id": branch["other"]}), resource, number)
    assert row["project_id"] == branch["other"]


@pytest.mark.parametrize("resource", ["topics", "files", "timelogs", "ticketxrefs"])
def test_to_another_action(api_writer, store, branch, resource):
    """Into an action of another project with both named, or with the project alone left to the action."""
    action = store.action(branch["other"])
    number = branch[branch["action"]][resource]
    with store.unchanged():
        answer = api_writer.put(f"{resource}/{number}", {"action_id": action}).expect(422)
        assert faults(answer) == {"action_id": "invalid_value"}
        answer = api_writer.put(f"{resource}/{number}", {"project_id": branch["other"]}).expect(422)
        assert len(faults(answer)) == 1
    rows = [("projects", branch["project"]), ("projects", branch["other"]), ("actions", branch["action"]), ("actions", action)]
    with store.touched(*rows):
        row = updated(store, api_writer.put(f"{resource}/{number}", {"action_id": action, "project_id": branch["other"]}),
                      resource, number)
    assert (row["project_id"], row["action_id"]) == (branch["other"], action)
    row = updated(store, api_writer.put(f"{resource}/{number}", {"action_id": branch["action"], "project_id": 0}), resource, number)
    assert (row["project_id"], row["action_id"]) == (branch["project"], branch["action"])
    row = updated(store, api_writer.put(f"{resource}/{number}", {"action_id": 0}), resource, number)
    assert (row["project_id"], row["action_id"]) == (branch["project"], 0)


def test_an_action_moves_with_all_below_it(api_writer, store, branch):
    """"what hangs below moves along, in the same transaction": sub-actions, and everything of theirs."""
    moved, left = [branch["action"], branch["sub"]], branch[0]
    deep = store.action(branch["project"], parent_action_id=branch["sub"])
    stray = store.insert("timelogs", project_id=0, action_id=deep)  # belongs to the project through the action alone
    with store.touched(("projects", branch["project"]), ("projects", branch["other"])), \
            store.logged(f"updated action {branch['action']} (project_id)"):
        updated(store, api_writer.put(f"actions/{branch['action']}", {"project_id": branch["other"]}), "actions", branch["action"])
    for action in [*moved, deep]:
        assert store.row("actions", action)["project_id"] == branch["other"]
    for action in moved:
        for resource, number in branch[action].items():
            row = store.row(resource, number)
            assert (row["project_id"], row["action_id"]) == (branch["other"], action), resource
    for resource, number in left.items():
        assert store.row(resource, number)["project_id"] == branch["project"], resource
    assert store.row("timelogs", stray)["project_id"] == branch["other"]
    assert store.row("actions", branch["action"])["level_children"] == 1
    assert store.value("actions", branch["sub"], "date_modified") == LONG_AGO


def test_a_sub_action_moves_under_another(api_writer, store, branch):
    """level_children of the old and the new parent are counted, both become active."""
    new = store.action(branch["project"])
    with store.touched(("actions", branch["action"]), ("actions", new), ("projects", branch["project"])):
        updated(store, api_writer.put(f"actions/{branch['sub']}", {"parent_action_id": new}), "actions", branch["sub"])
    assert [store.row("actions", number)["level_children"] for number in (branch["action"], new)] == [0, 1]
    with store.touched(("actions", new)):
        updated(store, api_writer.put(f"actions/{branch['sub']}", {"parent_action_id": 0}), "actions", branch["sub"])
    assert store.row("actions", new)["level_children"] == 0


def test_a_sub_action_moves_to_another_project(api_writer, store, branch):
    """Its parent stays behind: that must be said, by another parent or none."""
    chain = f"actions/{branch['sub']}"
    with store.unchanged():
        assert "parent_action_id" in faults(api_writer.put(chain, {"project_id": branch["other"]}).expect(422))
    updated(store, api_writer.put(chain, {"project_id": branch["other"], "parent_action_id": 0}), "actions", branch["sub"])
    assert store.row("actions", branch["action"])["level_children"] == 0
    assert store.row("timelogs", branch[branch["sub"]]["timelogs"])["project_id"] == branch["other"]
    elsewhere = store.action(branch["project"])
    updated(store, api_writer.put(chain, {"project_id": branch["project"], "parent_action_id": elsewhere}), "actions", branch["sub"])
    assert store.row("actions", elsewhere)["level_children"] == 1
    assert store.row("timelogs", branch[branch["sub"]]["timelogs"])["project_id"] == branch["project"]


def test_an_action_may_not_be_without_a_project(api_writer, store, branch):
    for value in (0, "0", "", None):
        with store.unchanged():
            assert set(faults(api_writer.put(f"actions/{branch['action']}", {"project_id": value}).expect(422))) == {"project_id"}


@pytest.mark.parametrize("resource", ["topics", "files"])
def test_a_thread_moves_with_its_first_row(api_writer, store, branch, resource):
    first = branch[0][resource]
    more = [store.insert(resource, project_id=branch["project"], thread_id=first) for _ in range(3)]
    updated(store, api_writer.put(f"{resource}/{first}", {"project_id": branch["other"]}), resource, first)
    assert {store.row(resource, number)["project_id"] for number in more} == {branch["other"]}
    action = store.action(branch["other"])
    updated(store, api_writer.put(f"{resource}/{first}", {"action_id": action}), resource, first)
    assert {store.row(resource, number)["action_id"] for number in more} == {action}
    # the thread's other rows cannot leave it
    with store.unchanged():
        answer = api_writer.put(f"{resource}/{more[1]}", {"project_id": branch["project"], "action_id": 0}).expect(422)
        assert set(faults(answer)) <= {"project_id", "action_id", "thread_id"}


def test_moving_into_the_chain_that_was_left(api_writer, store, branch):
    """The chain is where the record was; the answer shows where it is."""
    number = branch[0]["timelogs"]
    chain = f"projects/{branch['project']}/timelogs/{number}"
    answer = api_writer.put(chain, {"project_id": branch["other"]}).success()
    assert answer.response["timelog"] == store.row("timelogs", number)
    assert answer.response["timelog"]["project_id"] == branch["other"]
    api_writer.get(chain).expect(404)


def test_a_large_branch_moves(api_writer, store, branch):
    """More actions than go into one statement."""
    parent = store.action(branch["project"])
    rows = [(branch["project"], parent)] * 3000
    with store.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO tbladdon_wbteampro_action (project_id, parent_action_id, action_name) VALUES (%s,%s,'x')", rows)
        cursor.execute("INSERT INTO tbladdon_wbteampro_timelog (project_id, action_id) SELECT project_id, action_id "
                       "FROM tbladdon_wbteampro_action WHERE parent_action_id=%s", (parent,))
    updated(store, api_writer.put(f"actions/{parent}", {"project_id": branch["other"]}), "actions", parent)
    assert len(store.ids("actions", f"parent_action_id={parent} AND project_id={branch['other']}")) == 3000
    assert store.one(f"SELECT COUNT(*) FROM tbladdon_wbteampro_timelog WHERE project_id={branch['other']}") == 3000
    answer = api_writer.delete(f"actions/{parent}").success()
    assert answer.response["deleted"] == {"actions": 3001, "timelogs": 3000}


# ---- threads' states ------------------------------------------------------------------------------

@pytest.mark.parametrize("resource,column", [("topics", "topic_status"), ("files", "file_status")])
def test_closing_and_opening(api_writer, store, branch, resource, column):
    """A closed thread refuses posts (409); it is closed and opened by PUT on its rows."""
    first, least = branch[0][resource], {"topics": {"topic_detail": "x"}, "files": {"file_name": "x"}}[resource]
    updated(store, api_writer.put(f"{resource}/{first}", {column: "closed"}), resource, first)
    with store.unchanged():
        answer = api_writer.post(resource, {**least, "thread_id": first}).expect(409, "Record Locked", "record_locked", "thread_id")
        assert len(answer.response["errors"]) == 1
    updated(store, api_writer.put(f"{resource}/{first}", {column: "open"}), resource, first)
    api_writer.post(resource, {**least, "thread_id": first}).success()


def test_the_next_second_counts(api_writer, store):
    """date_modified is the database's NOW(), each time."""
    number = store.project()
    api_writer.put(f"projects/{number}", {"project_name": "1"}).success()
    first = store.value("projects", number, "date_modified")
    time.sleep(1.1)
    api_writer.put(f"projects/{number}", {"project_name": "2"}).success()
    assert store.value("projects", number, "date_modified") > first
