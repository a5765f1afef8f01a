"""spec/remote-api.md sections 2, 3, 6: POST for every resource, by every chain, in every parameter form."""

import json

import pytest

from support.answers import BASE, FORMS, address, credentials, expected_xml, same_xml, seen_xml
from support.fixture import PREFIX
from support.oracle import single_data
from support.writing import KEY, LONG_AGO, RESOURCES, SINGULAR, TABLE, faults, record_tag

pytestmark = pytest.mark.writing

EMPTY_DATE, EMPTY_TIME = "0000-00-00", "0000-00-00 00:00:00"
# All that a client may write; references to what the fixture has.
WHOLE = {
    "projects": dict(project_name="Größe & <b>", project_detail="a\r\nb\t\"c\" 日本", project_notes="n", project_type="web",
                     project_status="Active", project_function="template", project_complete=40, client_userid=7,
                     client_hostingid=12, client_contactid=99, manager_adminid=2, assigned_adminid=6, visible_status="related",
                     client_visible="visible", billable=1, date_start="2026-01-02", date_finish="2026-12-31"),
    "actions": dict(action_name="Größe", action_detail="d", action_notes="n", action_type="t", action_status="open",
                    action_priority=3, action_complete=100, action_duration=3600, ordering=-7, level_class="milestone",
                    manager_adminid=1, assigned_adminid=2, client_visible="modify", billable=0, date_start="2026-01-02",
                    date_finish="0000-00-00"),
    "topics": dict(topic_name="Größe", topic_detail="d", topic_status="open", client_visible="view"),
    "files": dict(file_label="Größe", file_name="ü.pdf", file_mime="application/pdf", file_detail="d", file_status="open",
                  client_visible="hidden"),
    "ticketxrefs": dict(ticket_id=2038),
    "timelogs": dict(timelog_note="Größe", timelog_type="t", timelog_status="active", timelog_start="2026-01-02 03:04:05",
                     timelog_stop="0000-00-00 00:00:00", timelog_elapsed=90, timelog_billable=1, invoice_id=4, ticket_id=2039),
}
LEAST = {
    "projects": dict(project_name="p"),
    "actions": dict(action_name="a"),
    "topics": dict(topic_detail="t"),
    "files": dict(file_name="f.txt"),
    "ticketxrefs": dict(ticket_id=2038),
    "timelogs": {},
}
# What the gateway itself puts into a new row; NOW stands for the database's time.
NOW = object()
OWN = {
    "projects": dict(owner_adminid=1, date_created=NOW, date_modified=NOW, date_activity=NOW),
    "actions": dict(level_children=0, date_created=NOW, date_modified=NOW, date_activity=NOW),
    "topics": dict(owner_adminid=1, date_created=NOW, date_modified=NOW, date_activity=NOW),
    "files": dict(owner_adminid=1, date_created=NOW, file_version=1, file_size=0, file_sha256=""),
    "ticketxrefs": dict(date_created=NOW),
    "timelogs": dict(owner_adminid=1),
}
THREADED = ("topics", "files")
BELOW_PROJECT = ("actions", "topics", "files", "timelogs")
BELOW_ACTION = ("topics", "files", "timelogs")


def holds(row, wanted, before, after):
    for name, value in wanted.items():
        if value is NOW:
            assert before <= row[name] <= after, name
        else:
            assert row[name] == value, (name, row[name])


def created(store, answer, resource, chain=None, parents=(), filters=None):
    """Checks the whole answer against the database; returns the row."""
    answer.success()
    row = answer.response[SINGULAR[resource]]
    number = row[KEY[resource]]
    assert answer.request == {"action": chain or resource, "method": "POST", "format": "json", "code": 200, "message": "Success"}
    wanted = {"data": single_data(filters)}
    for parent, parent_number in parents:
        wanted[SINGULAR[parent]] = store.row(parent, parent_number)
    wanted[SINGULAR[resource]] = store.row(resource, number)
    assert answer.response == wanted
    assert list(answer.response) == list(wanted)
    assert answer.headers["Location"] == f"{BASE}/api.php/v1/{resource}/{number}/json"
    return row


# ---- every resource, every chain --------------------------------------------------------------

@pytest.mark.parametrize("resource", RESOURCES)
def test_all_that_may_be_written(api_writer, store, resource):
    """Section 6: answers the record as stored; one line in tblactivitylog; Location in the clean form."""
    count, before = len(store.ids(resource)), store.now()
    place = {} if resource == "projects" else {"project_id": store.project()}
    params = {**WHOLE[resource], **place}
    with store.logged() as lines:
        answer = api_writer.post(resource, params)
        row = created(store, answer, resource)
        lines.append(f"created {SINGULAR[resource]} {row[KEY[resource]]}")
    holds(row, {**params, **OWN[resource]}, before, store.now())
    assert len(store.ids(resource)) == count + 1
    if resource in THREADED:
        assert row["thread_id"] == row[KEY[resource]]


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_least_that_must_be_given(api_writer, store, resource):
    """data-model.md: what the client leaves out is the column's default, else '', 0 or the zero date."""
    before = store.now()
    least = {**LEAST[resource], **({"project_id": 100} if resource == "actions" else {})}
    row = created(store, api_writer.post(resource, least), resource)
    holds(row, {**least, **OWN[resource]}, before, store.now())
    defaults = {
        "projects": dict(project_detail="", project_function="default", visible_status="all", client_visible="hidden",
                         billable=0, date_start=EMPTY_DATE, custom_note=None, kind_bare="", kind_bare_date=EMPTY_DATE,
                         kind_bare_kind="one", kind_bare_number="0.0"),
        "actions": dict(parent_action_id=0, level_class="task", action_priority=2, action_detail="",
                        client_visible="inherit"),
        "topics": dict(project_id=0, action_id=0, topic_name="", topic_status="open"),
        "files": dict(project_id=0, action_id=0, file_label="", file_detail="", file_status="open"),
        "ticketxrefs": dict(project_id=0, action_id=0),
        "timelogs": dict(project_id=0, action_id=0, ticket_id=0, timelog_note="", timelog_status="complete",
                         timelog_start=EMPTY_TIME, timelog_elapsed=0, invoice_id=0),
    }[resource]
    for name, value in defaults.items():
        assert row[name] == value, name


@pytest.fixture
def tree(store):
    """project > action > sub-action, another project beside them."""
    project = store.project()
    action = store.action(project)
    sub = store.action(project, parent_action_id=action)
    store.set("actions", action, level_children=1)
    return {"project": project, "action": action, "sub": sub, "other": store.project()}


@pytest.mark.parametrize("resource", BELOW_PROJECT)
def test_below_a_project(api_writer, store, tree, resource):
    """Section 3: `POST projects/100/actions` fills project_id from the chain; date_activity of the project is NOW()."""
    project, chain = tree["project"], f"projects/{tree['project']}/{resource}"
    with store.touched(("projects", project)), store.logged() as lines:
        answer = api_writer.post(chain, LEAST[resource])
        row = created(store, answer, resource, chain, [("projects", project)], {"project_id": project})
        lines.append(f"created {SINGULAR[resource]} {row[KEY[resource]]}")
    assert row["project_id"] == project and row.get("action_id", 0) in (0, row.get(KEY[resource]))
    assert store.value("projects", project, "date_modified") == LONG_AGO
    store.untouched(("projects", tree["other"]), ("actions", tree["action"]))


@pytest.mark.parametrize("resource", BELOW_ACTION)
def test_below_an_action(api_writer, store, tree, resource):
    """"POST under an action also the action's project_id"; both are active now, what is above the action's is not."""
    action, chain = tree["sub"], f"actions/{tree['sub']}/{resource}"
    with store.touched(("projects", tree["project"]), ("actions", action)):
        answer = api_writer.post(chain, LEAST[resource])
    row = created(store, answer, resource, chain, [("actions", action)], {"action_id": action})
    assert (row["project_id"], row["action_id"]) == (tree["project"], action)
    store.untouched(("actions", tree["action"]), ("projects", tree["other"]))
    assert store.value("actions", action, "date_modified") == LONG_AGO


@pytest.mark.parametrize("resource", BELOW_ACTION)
def test_a_chain_longer_than_the_table(api_writer, store, tree, resource):
    """Section 3: `projects/100/actions/55/timelogs`."""
    project, action = tree["project"], tree["action"]
    chain = f"projects/{project}/actions/{action}/{resource}"
    row = created(store, api_writer.post(chain, LEAST[resource]), resource, chain,
                  [("projects", project), ("actions", action)], {"project_id": project, "action_id": action})
    assert (row["project_id"], row["action_id"]) == (project, action)


def test_an_action_below_an_action(api_writer, store, tree):
    """parent_action_id: the project is the parent's, level_children of the parent is counted, its date_activity is NOW()."""
    with store.touched(("projects", tree["project"]), ("actions", tree["sub"])):
        row = created(store, api_writer.post("actions", {"action_name": "x", "parent_action_id": tree["sub"],
                                                         "project_id": tree["project"]}), "actions")
    assert (row["project_id"], row["parent_action_id"], row["level_children"]) == (tree["project"], tree["sub"], 0)
    assert store.row("actions", tree["sub"])["level_children"] == 1
    store.untouched(("actions", tree["action"]))
    chain = f"projects/{tree['project']}/actions"
    created(store, api_writer.post(chain, {"action_name": "y", "parent_action_id": tree["sub"]}), "actions", chain,
            [("projects", tree["project"])], {"project_id": tree["project"]})
    assert store.row("actions", tree["sub"])["level_children"] == 2


def test_level_children_is_counted_not_increased(api_writer, store, tree):
    """A count that was wrong before is right afterwards."""
    store.set("actions", tree["sub"], level_children=99)
    api_writer.post(f"projects/{tree['project']}/actions", {"action_name": "x", "parent_action_id": tree["sub"]}).success()
    assert store.row("actions", tree["sub"])["level_children"] == 1


def test_a_reference_of_a_cross_reference(api_writer, store, tree):
    """A cross reference to an action lies in the action's project too; the ticket shows it."""
    with store.touched(("projects", tree["project"]), ("actions", tree["action"])):
        row = created(store, api_writer.post("ticketxrefs", {"ticket_id": "2040", "action_id": tree["action"]}), "ticketxrefs")
    assert (row["ticket_id"], row["project_id"], row["action_id"]) == (2040, tree["project"], tree["action"])
    ticket = api_writer.get(f"projects/{tree['project']}/whmcstickets").success().response["whmcstickets"]
    assert [(one["id"], one["ticketxref"]["xref_id"]) for one in ticket] == [(2040, row["xref_id"])]


@pytest.mark.parametrize("chain,allow", [
    ("whmcstickets", "GET, HEAD, OPTIONS"), ("projects/100/whmcstickets", "GET, HEAD, OPTIONS"),
    ("projects/100", "GET, PUT, DELETE, HEAD, OPTIONS"), ("actions/55", "GET, PUT, DELETE, HEAD, OPTIONS"),
    ("whmcstickets/2038", "GET, HEAD, OPTIONS"), ("topics/bythread", "GET, HEAD, OPTIONS"),
    ("files/2/download", "GET, HEAD, OPTIONS"), ("config", "GET, HEAD, OPTIONS"), ("config/version", "GET, HEAD, OPTIONS"),
    ("api/resources", "GET, HEAD, OPTIONS"), ("projects/100/actions,timelogs", "GET, HEAD, OPTIONS")])
def test_where_nothing_is_created(api_writer, store, chain, allow):
    """Section 3, the table: known resource, method not offered: 405 with Allow. Siblings are for reading."""
    with store.unchanged():
        answer = api_writer.post(chain, {"action_name": "x"}).expect(405, "Method Not Allowed", "method_not_allowed")
    assert answer.headers["Allow"] == allow
    assert answer.request["method"] == "POST"


@pytest.mark.parametrize("chain", ["projects/100/ticketxrefs", "actions/55/actions", "timelogs/1/topics", "tickets", "projects/x"])
def test_chains_that_are_none(api_writer, store, chain):
    with store.unchanged():
        api_writer.post(chain, {"action_name": "x"}).expect(404)


# ---- parameter forms ----------------------------------------------------------------------------

def multipart(pairs):
    return {"files": [(name, (None, value)) for name, value in pairs]}


def brackets(params):
    return [(f"params[{name}]", value) for name, value in params.items()]


JSON_TYPE = {"Content-Type": "application/json"}
PATH = address("timelogs")[0]
GIVEN = {"timelog_note": "a b&c=d%20+ü{}\"[]", "timelog_elapsed": "90", "timelog_start": "2026-01-02 03:04:05"}
TEXT = json.dumps(GIVEN)
WHO = credentials()
FORM_OF = {
    "params in the query": lambda c: c.send("POST", PATH, {**WHO, "params": TEXT}),
    "params in the query, empty form": lambda c: c.send(
        "POST", PATH, {**WHO, "params": TEXT}, headers={"Content-Type": "application/x-www-form-urlencoded"}),
    "brackets in the query": lambda c: c.send("POST", PATH, [*WHO.items(), *brackets(GIVEN)]),
    "loose names in the query": lambda c: c.send("POST", PATH, {**WHO, **GIVEN, "_": "17", "PHPSESSID": "x"}),
    "params in a form": lambda c: c.send("POST", PATH, data={**WHO, "params": TEXT}),
    "brackets in a form": lambda c: c.send("POST", PATH, data=[*WHO.items(), *brackets(GIVEN)]),
    "loose names in a form": lambda c: c.send("POST", PATH, data={**WHO, **GIVEN}),
    "params in multipart": lambda c: c.send("POST", PATH, **multipart([*WHO.items(), ("params", TEXT)])),
    "brackets in multipart": lambda c: c.send("POST", PATH, **multipart([*WHO.items(), *brackets(GIVEN)])),
    "loose names in multipart": lambda c: c.send("POST", PATH, **multipart([*WHO.items(), *GIVEN.items()])),
    "a JSON body": lambda c: c.send("POST", PATH, WHO, data=TEXT, headers=JSON_TYPE),
    "a JSON envelope": lambda c: c.send("POST", PATH, data=json.dumps({**WHO, "params": GIVEN}), headers=JSON_TYPE),
    "an envelope with params as text": lambda c: c.send("POST", PATH, data=json.dumps({**WHO, "params": TEXT}), headers=JSON_TYPE),
    "an envelope with loose names": lambda c: c.send(
        "POST", PATH, data=json.dumps({**WHO, **GIVEN, "params": {}, "_": 1}), headers=JSON_TYPE),
    "method=post in a GET query": lambda c: c.send("GET", PATH, {**WHO, "method": "post", "params": TEXT}),
    "method=POST in a POST query": lambda c: c.send("POST", PATH, {**WHO, "method": "POST", "params": TEXT}),
    "method in a form": lambda c: c.send("POST", PATH, data={**WHO, "method": "Post", "params": TEXT}),
    "method in an envelope": lambda c: c.send(
        "POST", PATH, data=json.dumps({**WHO, "method": "post", "params": GIVEN}), headers=JSON_TYPE),
    "action in a form": lambda c: c.send("POST", f"{BASE}/api.php", data={**WHO, "action": "v1.timelogs.json", "params": TEXT}),
    "the singular": lambda c: c.send("POST", address("timelog")[0], {**WHO, "params": TEXT}),
    "one part each": lambda c: c.send(
        "POST", PATH, {**WHO, "params": json.dumps({"timelog_note": "overridden", "timelog_elapsed": 90}),
                       "timelog_start": GIVEN["timelog_start"]}, data=brackets({"timelog_note": GIVEN["timelog_note"]})),
}


@pytest.mark.parametrize("form", FORM_OF)
def test_parameter_forms(api_writer, store, form):
    """Section 2: every form means the same. Real clients send POST with everything in the query and an empty body."""
    answer = FORM_OF[form](api_writer.client)
    row = created(store, answer, "timelogs")
    assert {name: str(row[name]) for name in GIVEN} == GIVEN


@pytest.mark.parametrize("form", FORMS)
def test_address_forms(api_writer, store, form):
    """Section 1: clean, rewritten, direct; Location is in the clean form."""
    created(store, api_writer.post("timelogs", GIVEN, form=form), "timelogs")


def test_loose_names_lose_against_params(api_writer, store):
    answer = api_writer.post("timelogs", {"timelog_note": "params"}, query={"timelog_note": "loose", "timelog_type": "loose"})
    row = created(store, answer, "timelogs")
    assert (row["timelog_note"], row["timelog_type"]) == ("params", "loose")


def test_a_name_given_twice(api_writer, store):
    """Section 2: the last wins, in JSON too."""
    answer = api_writer.post("timelogs", '{"timelog_note":"a","timelog_note":"b"}')
    assert created(store, answer, "timelogs")["timelog_note"] == "b"


@pytest.mark.parametrize("text", ["", "null", "{}", "[]", None])
def test_params_that_say_nothing(api_writer, store, text):
    """Section 2: empty, null, {} and [] mean none."""
    created(store, api_writer.post("timelogs", text), "timelogs")
    with store.unchanged():
        assert faults(api_writer.post("projects", text).expect(422)) == {"project_name": "required_missing"}


def test_xml(api_writer, store):
    """Section 5: the same tree; Location keeps the format."""
    project = store.project()
    answer = api_writer.post(f"projects/{project}/actions", {"action_name": "a<b>&\u0001"}, fmt="xml")
    assert answer.status == 200
    number = store.ids("actions", f"project_id={project}")[0]
    document = {"request": {"action": f"projects/{project}/actions", "method": "POST", "format": "xml", "code": 200,
                            "message": "Success"},
                "response": {"data": single_data({"project_id": project}), "project": store.row("projects", project),
                             "action": store.row("actions", number)}}
    same_xml(seen_xml(answer.tree), expected_xml("api", document))
    assert store.row("actions", number)["action_name"] == "a<b>&\u0001"
    assert answer.headers["Location"] == f"{BASE}/api.php/v1/actions/{number}/xml"
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"


def test_faults_in_xml(api_writer, store):
    with store.unchanged():
        answer = api_writer.post("projects", {"project_complete": 101}, fmt="xml")
    assert answer.status == 422
    assert [error.find("field").text for error in answer.tree.iter("error")] == ["project_complete", "project_name"]


# ---- the answer ---------------------------------------------------------------------------------

@pytest.mark.parametrize("resource", RESOURCES)
def test_the_tag_is_that_of_the_next_read(api_writer, resource):
    """Section 6, ETag: the first part is made of the record's writable columns, so that it serves If-Match."""
    answer = api_writer.post(resource, {**WHOLE[resource], **({} if resource == "projects" else {"project_id": 100})}).success()
    number = answer.response[SINGULAR[resource]][KEY[resource]]
    assert record_tag(answer) == record_tag(api_writer.get(f"{resource}/{number}").success())
    assert not answer.headers["ETag"].startswith("W/")


def test_location_is_read_as_it_stands(api_writer):
    answer = api_writer.post("projects", {"project_name": "x"}).success()
    again = api_writer.raw("GET", answer.headers["Location"]).success()
    assert again.response["project"] == answer.response["project"]


def test_totals_count_what_was_just_created(api_writer, store):
    """Section 4: total is "never behind a write made through this gateway"."""
    project = store.project()
    for wanted in range(1, 6):
        api_writer.post(f"projects/{project}/timelogs", {}).success()
        assert api_writer.get(f"projects/{project}/timelogs", {"limit": 1}).success().data["total"] == wanted
    number = store.ids("timelogs", f"project_id={project}")[0]
    api_writer.delete(f"timelogs/{number}").success()
    assert api_writer.get(f"projects/{project}/timelogs", {"limit": 1}).data["total"] == 4
    api_writer.put(f"timelogs/{number + 1}", {"project_id": store.project()}).success()
    assert api_writer.get(f"projects/{project}/timelogs", {"limit": 1}).data["total"] == 3


def test_numbers_as_strings(start_gateway, store):
    """Section 5: remote.json_numbers=string sends every scalar as a string; what is written is the same."""
    from support.writing import DATABASE, Writer
    writer = Writer(start_gateway({"mysql.database": DATABASE, "remote.json_numbers": "string"}).url)
    row = writer.post("timelogs", {"timelog_elapsed": "7"}).response["timelog"]
    assert row["timelog_elapsed"] == "7"
    assert store.row("timelogs", int(row["timelog_id"]))["timelog_elapsed"] == 7


# ---- threads --------------------------------------------------------------------------------------

def test_a_post_of_a_thread(api_writer, store, tree):
    """A post with thread_id takes project and action of the thread's first row."""
    first = created(store, api_writer.post("topics", {"topic_detail": "one", "action_id": tree["action"]}), "topics")
    second = created(store, api_writer.post("topics", {"topic_detail": "two", "thread_id": first["topic_id"]}), "topics")
    assert second["thread_id"] == first["topic_id"] == first["thread_id"]
    assert (second["project_id"], second["action_id"]) == (tree["project"], tree["action"])
    threads = api_writer.get(f"projects/{tree['project']}/topics/bythread").success().response["topics"]
    assert [(one["topic_id"], one["topic_posts"], one["last_post"]["topic_id"]) for one in threads] == [
        (first["topic_id"], 2, second["topic_id"])]


def test_versions_of_a_file(api_writer, store, tree):
    """Section 7: "thread_id appends a version (file_version + 1)", one more than the greatest there is."""
    chain = f"projects/{tree['project']}/files"
    first = created(store, api_writer.post("files", {"file_name": "a", "project_id": tree["project"]}), "files")
    store.set("files", first["file_id"], file_version=7)
    second = created(store, api_writer.post(chain, {"file_name": "a", "thread_id": str(first["file_id"])}), "files", chain,
                     [("projects", tree["project"])], {"project_id": tree["project"]})
    third = created(store, api_writer.post("files", {"file_name": "b", "thread_id": first["file_id"]}), "files")
    assert [row["file_version"] for row in (second, third)] == [8, 9]
    assert {row["thread_id"] for row in (first, second, third)} == {first["file_id"]}
    assert api_writer.get(f"{chain}/bythread").success().response["files"][0]["file_versions"] == 3


def test_thread_zero_is_a_new_thread(api_writer, store):
    for resource in THREADED:
        row = created(store, api_writer.post(resource, {**LEAST[resource], "thread_id": 0}), resource)
        assert row["thread_id"] == row[KEY[resource]]


def test_where_threads_are_not_known(mariadb, module_gateway):
    """data-model.md: thread_id is ours: a table without it is served without threads."""
    from support import writing
    writing.load(mariadb, "written_unthreaded")
    for name in ("topic", "file"):
        mariadb.run(f"ALTER TABLE {PREFIX}{name} DROP COLUMN thread_id", database="written_unthreaded")
    writer = writing.Writer(module_gateway({"mysql.database": "written_unthreaded"}).url)
    store = writing.Store(mariadb, "written_unthreaded")
    for resource in THREADED:
        row = created(store, writer.post(resource, LEAST[resource]), resource)
        assert "thread_id" not in row and row.get("file_version", 1) == 1
        writer.put(f"{resource}/{row[KEY[resource]]}", {KEY[resource]: row[KEY[resource]], "client_visible": "view"}).success()
        with store.unchanged():
            assert faults(writer.post(resource, {**LEAST[resource], "thread_id": 1}).expect(400)) == {"thread_id": "unknown_parameter"}
        assert writer.delete(f"{resource}/{row[KEY[resource]]}").success().response["deleted"] == {resource: 1}


def test_the_sort_of_ids_is_the_tables_own(api_writer, store):
    """Keys are AUTO_INCREMENT; one that was taken by another program is passed over."""
    first = created(store, api_writer.post("timelogs", {}), "timelogs")["timelog_id"]
    store.insert("timelogs", timelog_id=first + 5)
    assert created(store, api_writer.post("timelogs", {}), "timelogs")["timelog_id"] == first + 6
    assert store.one(f"SELECT COUNT(*) FROM {TABLE['timelogs']} WHERE timelog_id>%s", first) == 2
