"""spec/remote-api.md section 6, Bulk and Dry run: a JSON array as params of POST creates all or none."""

import json

import pytest

from support.answers import address, credentials, expected_xml, same_xml, seen_xml
from support.fixture import PREFIX
from support.oracle import list_data
from support.writing import KEY, LONG_AGO, RESOURCES, SINGULAR, faults

pytestmark = pytest.mark.writing

LEAST = {"projects": {"project_name": "p"}, "actions": {"action_name": "a", "project_id": 100}, "topics": {"topic_detail": "t"},
         "files": {"file_name": "f"}, "ticketxrefs": {"ticket_id": 2038}, "timelogs": {}}


def listed(store, answer, resource, count, chain=None, parents=(), filters=None):
    """The answer: the list under the plural name in the order given, data of one page; no Location. Returns the ids."""
    answer.success()
    assert answer.request == {"action": chain or resource, "method": "POST", "format": "json", "code": 200, "message": "Success"}
    ids = [row[KEY[resource]] for row in answer.response[resource]]
    wanted = {"data": list_data(count, filters, limit=count)}
    wanted["data"]["pages"] = 1
    for parent, number in parents:
        wanted[SINGULAR[parent]] = store.row(parent, number)
    wanted[resource] = [store.row(resource, number) for number in ids]
    assert answer.response == wanted and list(answer.response) == list(wanted)
    assert len(ids) == len(set(ids)) == count and ids == sorted(ids)
    assert "Location" not in answer.headers
    return ids


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_resource(api_writer, store, resource):
    """One line in the log for all of them."""
    text = {"projects": "project_notes", "actions": "action_notes", "topics": "topic_name", "files": "file_label",
            "timelogs": "timelog_note"}.get(resource)
    items = [{**LEAST[resource], **({text: f"item {number}"} if text else {})} for number in range(3)]
    with store.logged() as lines:
        answer = api_writer.post(resource, items)
        ids = listed(store, answer, resource, 3)
        lines.append(f"created 3 {resource} ({', '.join(map(str, ids))})")
    if text:
        assert [row[text] for row in answer.response[resource]] == ["item 0", "item 1", "item 2"]


@pytest.mark.parametrize("count", [1, 21, 500])
def test_many(api_writer, store, count):
    """At most 500; the line names twenty of them."""
    project = store.project()
    chain = f"projects/{project}/actions"
    with store.touched(("projects", project)), store.logged() as lines:
        answer = api_writer.post(chain, body=[{"action_name": f"n{number}", "ordering": number} for number in range(count)])
        ids = listed(store, answer, "actions", count, chain, [("projects", project)], {"project_id": project})
        shown = ", ".join(map(str, ids[:20])) + (", …" if count > 20 else "")
        lines.append(f"created {count} actions ({shown})")
    assert [row["ordering"] for row in answer.response["actions"]] == list(range(count))
    assert {row["project_id"] for row in answer.response["actions"]} == {project}
    assert api_writer.get(chain, {"limit": 1}).data["total"] == count


def test_too_many(api_writer, store):
    with store.unchanged():
        answer = api_writer.post("timelogs", body=[{}] * 501).expect(400, "Request Invalid or Bad Format", "too_many_items", "params")
        assert "500" in answer.response["errors"][0]["detail"]


@pytest.mark.parametrize("wrong", [0, 1, 499])
def test_one_wrong_item(api_writer, store, wrong):
    """All or none; faults carry the item's index."""
    for value, code in ((101, "invalid_value"), (None, "invalid_value")):
        items = [{"action_name": "x", "project_id": 100} for _ in range(500)]
        items[wrong]["action_complete"] = value
        with store.unchanged():
            assert faults(api_writer.post("actions", body=items).expect(422)) == {f"[{wrong}].action_complete": code}
    items[wrong] = {"project_id": 100}
    with store.unchanged():
        answer = api_writer.post("actions", body=items).expect(422, "The required data was not provided")
        assert faults(answer) == {f"[{wrong}].action_name": "required_missing"}
    items[wrong] = {"action_name": "x", "project_id": 100, "foo": 1}
    with store.unchanged():
        assert faults(api_writer.post("actions", body=items).expect(400)) == {f"[{wrong}].foo": "unknown_parameter"}
    items[wrong] = {"action_name": "x", "project_id": 99999}
    with store.unchanged():
        assert faults(api_writer.post("actions", body=items).expect(422)) == {f"[{wrong}].project_id": "invalid_value"}


def test_faults_of_all_items_at_once(api_writer, store, branch):
    items = [{"project_id": 99999}, {}, {"project_id": branch["other"], "action_id": branch["action"]}, {"ticket_id": 99999, "project_id": 99999}]
    with store.unchanged():
        assert set(faults(api_writer.post("timelogs", items).expect(422))) == {
            "[0].project_id", "[2].action_id", "[3].ticket_id", "[3].project_id"}
    items = [{"timelog_elapsed": -1}, {"foo": 1}, 5, None, [], {"timelog_status": "x", "timelog_start": "x"}]
    with store.unchanged():
        assert set(faults(api_writer.post("timelogs", items).expect(400))) == {
            "[0].timelog_elapsed", "[1].foo", "[2]", "[3]", "[4]", "[5].timelog_status", "[5].timelog_start"}


def test_a_fault_that_mysql_finds(api_writer, store):
    """A year that no YEAR column holds, after other rows were inserted already."""
    with store.unchanged():
        answer = api_writer.post("projects", [{"project_name": "a"}, {"project_name": "b", "kind_year": 3000}]).expect(422)
        assert faults(answer) == {"[1].kind_year": "invalid_value"}


def test_locked_and_closed(api_writer, store, branch):
    store.set("topics", branch[0]["topics"], topic_status="closed")
    with store.unchanged():
        answer = api_writer.post("topics", [{"topic_detail": "x"}, {"topic_detail": "x", "thread_id": branch[0]["topics"]}]).expect(409)
        assert answer.fields == ["[1].thread_id"]
        api_writer.post("timelogs", [{"project_id": branch["project"]}, {"project_id": 101}]).expect(409, "Record Locked")
        api_writer.post("projects/101/timelogs", [{}, {}]).expect(409, "Record Locked")
        api_writer.post("projects/99999/timelogs", [{}, {}]).expect(404)


def test_parents_of_several_items(api_writer, store, branch):
    """Each parent is touched, children counted, what agrees filled in."""
    parents = [store.action(branch["project"]) for _ in range(3)]
    items = [{"action_name": "x", "project_id": branch["project"], "parent_action_id": parents[number % 2]} for number in range(5)]
    with store.touched(("actions", parents[0]), ("actions", parents[1]), ("projects", branch["project"])):
        api_writer.post("actions", items).success()
    assert [store.row("actions", number)["level_children"] for number in parents] == [3, 2, 0]
    store.untouched(("actions", parents[2]), ("projects", branch["other"]))
    with store.touched(("projects", branch["project"]), ("projects", branch["other"])):
        rows = api_writer.post("timelogs", [{"action_id": parents[0]}, {"project_id": branch["other"]}, {}]).success().response["timelogs"]
    assert [(row["project_id"], row["action_id"]) for row in rows] == [(branch["project"], parents[0]), (branch["other"], 0), (0, 0)]


def test_several_posts_of_one_thread(api_writer, store, branch):
    first = branch[0]["files"]
    store.set("files", first, file_version=4)
    rows = api_writer.post("files", [{"file_name": "x", "thread_id": first}, {"file_name": "new"}, {"file_name": "y", "thread_id": first}]) \
        .success().response["files"]
    assert [(row["thread_id"], row["file_version"]) for row in rows] == [(first, 5), (rows[1]["file_id"], 1), (first, 6)]


# ---- forms ----------------------------------------------------------------------------------------

ITEMS = [{"timelog_note": "a"}, {"timelog_note": "b"}]
TEXT = json.dumps(ITEMS)
PATH = address("timelogs")[0]
WHO = credentials()
JSON_TYPE = {"Content-Type": "application/json"}
FORM_OF = {
    "query": lambda c: c.send("POST", PATH, {**WHO, "params": TEXT}),
    "form": lambda c: c.send("POST", PATH, data={**WHO, "params": TEXT}),
    "multipart": lambda c: c.send("POST", PATH, WHO, files=[("params", (None, TEXT))]),
    "JSON body": lambda c: c.send("POST", PATH, WHO, data=TEXT, headers=JSON_TYPE),
    "envelope": lambda c: c.send("POST", PATH, data=json.dumps({**WHO, "params": ITEMS}), headers=JSON_TYPE),
    "envelope with text": lambda c: c.send("POST", PATH, data=json.dumps({**WHO, "params": TEXT}), headers=JSON_TYPE),
    "method in a GET query": lambda c: c.send("GET", PATH, {**WHO, "params": TEXT, "method": "post"}),
    "loose names beside": lambda c: c.send("POST", PATH, {**WHO, "params": TEXT, "timelog_note": "loose", "_": "1"}),
}


@pytest.mark.parametrize("form", FORM_OF)
def test_forms(api_writer, store, form):
    """Loose names belong to no item of a list."""
    answer = FORM_OF[form](api_writer.client)
    listed(store, answer, "timelogs", 2)
    assert [row["timelog_note"] for row in answer.response["timelogs"]] == ["a", "b"]


def test_a_list_with_an_object(api_writer, store):
    """One or the other: what should hold for all of a list stands in each item."""
    path = address("timelogs")[0]
    with store.unchanged():
        for query, data in (([*WHO.items(), ("params", TEXT), ("params[timelog_note]", "x")], None),
                            ({**WHO, "params": TEXT}, {"params": '{"timelog_note":"x"}'}),
                            ({**WHO, "params": '{"timelog_note":"x"}'}, {"params": TEXT})):
            api_writer.client.send("POST", path, query, data=data).expect(400, code="bad_json", field="params")


def test_lists_are_for_creating(api_writer, store):
    number = store.insert("timelogs")
    with store.unchanged():
        for method in ("PUT", "DELETE"):
            api_writer.send(method, f"timelogs/{number}", TEXT).expect(400, code="bad_json", field="params")
        api_writer.get("timelogs", TEXT).expect(400, code="bad_json", field="params")


@pytest.mark.parametrize("text", ["[1,2]", "[[]]", "[null]", '["a"]', "[{}", "[{},]", "[{}]]", '[{"a":[[[[[[[[1]]]]]]]]}]'])
def test_lists_that_are_none(api_writer, store, text):
    with store.unchanged():
        assert api_writer.post("timelogs", text).status in (400, 422)


def test_names_and_depth_are_bounded_per_item(api_writer, store):
    """Section 2: nesting 8, 512 names hold for each item; the body's limit for all."""
    with store.unchanged():
        api_writer.post("timelogs", body=[{}, {f"n{number}": 1 for number in range(513)}]).expect(400, code="too_many_names")
        api_writer.post("timelogs", body="[" + ",".join(["{}"] * 200000) + "]").expect(400)


def test_xml(api_writer, store):
    project = store.project()
    answer = api_writer.post(f"projects/{project}/timelogs", ITEMS, fmt="xml")
    assert answer.status == 200
    ids = store.ids("timelogs", f"project_id={project}")
    data = list_data(2, {"project_id": project}, limit=2)
    document = {"request": {"action": f"projects/{project}/timelogs", "method": "POST", "format": "xml", "code": 200, "message": "Success"},
                "response": {"data": {**data, "pages": 1}, "project": store.row("projects", project),
                             "timelogs": [store.row("timelogs", number) for number in ids]}}
    same_xml(seen_xml(answer.tree), expected_xml("api", document))


# ---- dry run --------------------------------------------------------------------------------------

@pytest.mark.parametrize("resource", RESOURCES)
def test_dry_run_of_create(api_writer, store, resource):
    """"validates all, rolls back, answers what would be stored": the record with all that the gateway fills in."""
    params = {**LEAST[resource], **({} if resource == "projects" else {"project_id": 100})}
    with store.unchanged():
        answer = api_writer.post(resource, {**params, "dry_run": True}).success()
        assert "Location" not in answer.headers
    row = answer.response[SINGULAR[resource]]
    assert row.items() >= params.items() and row[KEY[resource]] not in store.ids(resource)
    assert list(row) == list(store.oracle.list(resource)[0])


@pytest.mark.parametrize("value,is_dry", [(True, True), (1, True), ("1", True), ("true", True), (False, False), (0, False), ("0", False),
                                          ("false", False)])
def test_ways_to_say_it(api_writer, store, value, is_dry):
    count = len(store.ids("timelogs"))
    api_writer.post("timelogs", {"dry_run": value}).success()
    assert len(store.ids("timelogs")) == count + (not is_dry)


@pytest.mark.parametrize("value", [2, "yes", "", None, [], {}, "TRUE", -1, 1.0])
def test_what_says_neither(api_writer, store, value):
    """A client that thought to say dry_run must not find the thing done."""
    number = store.insert("timelogs")
    with store.unchanged():
        for answer in (api_writer.post("timelogs", {"dry_run": value}), api_writer.put(f"timelogs/{number}", {"dry_run": value}),
                       api_writer.delete(f"timelogs/{number}", {"dry_run": value})):
            assert faults(answer.expect(422)) == {"dry_run": "invalid_value"}


def test_dry_run_of_update_and_delete(api_writer, store, branch):
    before = store.row("actions", branch["action"])
    with store.unchanged():
        answer = api_writer.put(f"actions/{branch['action']}", {"action_name": "new", "project_id": branch["other"], "dry_run": 1}).success()
        row = answer.response["action"]
        assert row == {**before, "action_name": "new", "project_id": branch["other"], "date_modified": row["date_modified"],
                       "date_activity": row["date_activity"]} and row["date_modified"] > LONG_AGO
        assert api_writer.delete(f"projects/{branch['project']}", {"dry_run": "1"}).success().response["deleted"] == {
            "projects": 1, "actions": 2, "topics": 3, "files": 3, "ticketxrefs": 3, "timelogs": 3}
    assert api_writer.get(f"projects/{branch['project']}/timelogs", {"limit": 1}).data["total"] == 3


def test_dry_run_finds_every_fault(api_writer, store, branch):
    with store.unchanged():
        assert set(faults(api_writer.post("timelogs", {"project_id": 99999, "ticket_id": 99999, "dry_run": True}).expect(422))) == {
            "project_id", "ticket_id"}
        api_writer.post("projects/101/timelogs", {"dry_run": True}).expect(409)
        api_writer.post("projects/99999/timelogs", {"dry_run": True}).expect(404)
        api_writer.put(f"timelogs/{branch[0]['timelogs']}", {"dry_run": True}, headers={"If-Match": '"x.y"'}).expect(412)


def test_dry_run_of_a_list(api_writer, store):
    """Loose, beside the list; or in its items, of which one is enough."""
    with store.unchanged():
        for answer in (api_writer.post("timelogs", ITEMS, query={"dry_run": "1"}),
                       api_writer.post("timelogs", [{"dry_run": True}, {"dry_run": False}]),
                       api_writer.post("timelogs", [{}, {"dry_run": True}])):
            assert len(answer.success().response["timelogs"]) == 2
        for value in ("x", ""):
            assert faults(api_writer.post("timelogs", ITEMS, query={"dry_run": value}).expect(422)) == {"dry_run": "invalid_value"}
        assert faults(api_writer.post("timelogs", [{}, {"dry_run": "x"}]).expect(422)) == {"[1].dry_run": "invalid_value"}


def test_dry_run_as_a_loose_name(api_writer, store):
    number = store.insert("timelogs")
    with store.unchanged():
        api_writer.post("timelogs", {}, query={"dry_run": "true"}).success()
        api_writer.put(f"timelogs/{number}", {"timelog_note": "x"}, query={"dry_run": "1"}).success()
        api_writer.delete(f"timelogs/{number}", query={"dry_run": "1"}).success()
        api_writer.post("timelogs", {"dry_run": True}, query={"dry_run": "0"}).success()  # params win
    assert store.one(f"SELECT COUNT(*) FROM {PREFIX}timelog WHERE timelog_id=%s AND timelog_note=''", number) == 1
