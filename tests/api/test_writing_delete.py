"""spec/remote-api.md section 6: DELETE for every resource, by every chain, with all that hangs below."""

import json

import pytest

from support.answers import address, credentials, expected_xml, same_xml, seen_xml
from support.fixture import PREFIX
from support.oracle import single_data
from support.writing import KEY, RESOURCES, SINGULAR, faults

pytestmark = pytest.mark.writing

BELOW_PROJECT = ("actions", "topics", "files", "timelogs")
BELOW_ACTION = ("topics", "files", "timelogs")


def number_of(branch, resource):
    return {"projects": branch["project"], "actions": branch["action"]}.get(resource) or branch[0][resource]


def deleted(answer, counts, chain, filters):
    """`"deleted":{"projects":1,"actions":12,...}` and no record; a weak tag at most."""
    answer.success()
    assert answer.request == {"action": chain, "method": "DELETE", "format": "json", "code": 200, "message": "Success"}
    assert answer.response == {"data": single_data(filters), "deleted": counts}
    assert list(answer.response["deleted"]) == [name for name in ("projects", "actions", "topics", "files", "ticketxrefs", "timelogs")
                                                if name in counts]
    assert "Location" not in answer.headers and not answer.headers.get("ETag", "W/").startswith('"')


# ---- every resource, every chain --------------------------------------------------------------

# What goes with the record that `branch` has of each resource.
COUNTS = {"projects": {"projects": 1, "actions": 2, "topics": 3, "files": 3, "ticketxrefs": 3, "timelogs": 3},
          "actions": {"actions": 2, "topics": 2, "files": 2, "ticketxrefs": 2, "timelogs": 2}}
LINES = {"projects": " (2 actions, 3 topics, 3 files, 3 ticketxrefs, 3 timelogs)",
         "actions": " (2 actions, 2 topics, 2 files, 2 ticketxrefs, 2 timelogs)"}


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_resource(api_writer, store, branch, resource):
    """The row and all below it, a line in the log that counts them, date_activity of the parents; nothing else."""
    number = number_of(branch, resource)
    counts = {name: len(store.ids(name)) for name in RESOURCES}
    gone = COUNTS.get(resource, {resource: 1})
    parents = [] if resource == "projects" else [("projects", branch["project"])]
    tickets = store.run("CHECKSUM TABLE tbltickets, tblclients, tblticketreplies EXTENDED")
    with store.logged(f"deleted {SINGULAR[resource]} {number}{LINES.get(resource, '')}"), store.touched(*parents):
        answer = api_writer.delete(f"{resource}/{number}")
    deleted(answer, gone, f"{resource}/{number}", {KEY[resource]: number})
    assert {name: len(store.ids(name)) for name in RESOURCES} == {name: counts[name] - gone.get(name, 0) for name in RESOURCES}
    assert store.row(resource, number) is None
    assert store.run("CHECKSUM TABLE tbltickets, tblclients, tblticketreplies EXTENDED") == tickets
    store.untouched(("projects", branch["other"]))
    with store.unchanged():
        api_writer.delete(f"{resource}/{number}").expect(404, "Record Not Found", "record_not_found", KEY[resource])
        api_writer.put(f"{resource}/{number}", {}).expect(404)


@pytest.mark.parametrize("resource", BELOW_PROJECT)
def test_below_a_project(api_writer, store, branch, resource):
    """Clients repeat the chain's ids in params: they are what the chain says, or 422."""
    project, number = branch["project"], number_of(branch, resource)
    chain = f"projects/{project}/{resource}/{number}"
    with store.unchanged():
        for params in ({"project_id": branch["other"]}, {KEY[resource]: number + 1}, {"project_id": "x"}, {"project_id": None}):
            answer = api_writer.delete(chain, params).expect(422)
            assert faults(answer) == {list(params)[0]: "invalid_value"}
    with store.touched(("projects", project)):
        answer = api_writer.delete(chain, {"project_id": str(project), KEY[resource]: number})
    deleted(answer, COUNTS.get(resource, {resource: 1}), chain, {"project_id": project, KEY[resource]: number})


@pytest.mark.parametrize("resource", BELOW_ACTION)
def test_below_an_action(api_writer, store, branch, resource):
    action = branch["sub"]
    number = branch[action][resource]
    chain = f"actions/{action}/{resource}/{number}"
    with store.touched(("projects", branch["project"]), ("actions", action)):
        deleted(api_writer.delete(chain), {resource: 1}, chain, {"action_id": action, KEY[resource]: number})
    store.untouched(("actions", branch["action"]))


@pytest.mark.parametrize("resource", BELOW_ACTION)
def test_a_chain_longer_than_the_table(api_writer, store, branch, resource):
    project, action = branch["project"], branch["action"]
    number = branch[action][resource]
    chain = f"projects/{project}/actions/{action}/{resource}/{number}"
    deleted(api_writer.delete(chain, {"action_id": action}), {resource: 1}, chain,
            {"project_id": project, "action_id": action, KEY[resource]: number})
    assert store.row(resource, number) is None


WHO = credentials()
FORM_OF = {
    "DELETE": lambda c, p: c.send("DELETE", p, WHO),
    "DELETE saying so": lambda c, p: c.send("DELETE", p, {**WHO, "method": "delete"}),
    "DELETE, form": lambda c, p: c.send("DELETE", p, data=WHO),
    "DELETE, JSON body": lambda c, p: c.send("DELETE", p, WHO, data="{}", headers={"Content-Type": "application/json"}),
    "DELETE, loose names": lambda c, p: c.send("DELETE", p, {**WHO, "timelog_note": "x", "project_id": "17", "_": "1"}),
    "method=delete in a GET query": lambda c, p: c.send("GET", p, {**WHO, "method": "delete"}),
    "method=DELETE in a POST query": lambda c, p: c.send("POST", p, {**WHO, "method": "DELETE"}),
    "method in a form": lambda c, p: c.send("POST", p, data={**WHO, "method": "delete"}),
    "method in an envelope": lambda c, p: c.send(
        "POST", p, data=json.dumps({**WHO, "method": "delete", "params": None}), headers={"Content-Type": "application/json"}),
}


@pytest.mark.parametrize("form", FORM_OF)
def test_methods_and_forms(api_writer, store, form):
    """Section 2: `method` decides. A loose name that says nothing about a deletion is ignored."""
    number = store.insert("timelogs", timelog_note="old")
    deleted(FORM_OF[form](api_writer.client, address(f"timelogs/{number}")[0]), {"timelogs": 1}, f"timelogs/{number}",
            {"timelog_id": number})


@pytest.mark.parametrize("chain", ["projects", "projects/100/actions", "topics/bythread", "whmcstickets/2039", "whmcstickets",
                                   "config/version", "files/2/download", "projects/100/actions,topics", "projects/100/whmcstickets/2039"])
def test_where_nothing_is_deleted(api_writer, store, chain):
    """"WHMCS's own tickets are never touched"; nobody deletes a list."""
    with store.unchanged():
        answer = api_writer.delete(chain).expect(405, "Method Not Allowed", "method_not_allowed")
    assert "DELETE" not in answer.headers["Allow"]


@pytest.mark.parametrize("params,status", [({"timelog_note": "x"}, 400), ({"foo": 1}, 400), ({"limit": 5}, 400), ({"force": "maybe"}, 422),
                                           ({"dry_run": 2}, 422), ({"force": None}, 422), ([{"force": 1}], 400), ("[1]", 400), ("{", 400)])
def test_parameters_that_mean_nothing(api_writer, store, params, status):
    number = store.insert("timelogs")
    with store.unchanged():
        api_writer.delete(f"timelogs/{number}", params if isinstance(params, str) else json.dumps(params)).expect(status)


def test_xml(api_writer, store, branch):
    answer = api_writer.delete(f"actions/{branch['action']}", fmt="xml")
    assert answer.status == 200
    document = {"request": {"action": f"actions/{branch['action']}", "method": "DELETE", "format": "xml", "code": 200, "message": "Success"},
                "response": {"data": single_data({"action_id": branch["action"]}), "deleted": COUNTS["actions"]}}
    same_xml(seen_xml(answer.tree), expected_xml("api", document))


# ---- what hangs below ---------------------------------------------------------------------------

def test_what_hangs_on_a_projects_actions_alone(api_writer, store, branch):
    """Rows that name the action, and no project or another one, go with the project."""
    strays = [store.insert("timelogs", action_id=branch["sub"]), store.insert("timelogs", action_id=branch["sub"], project_id=branch["other"])]
    topic = store.insert("topics", action_id=branch["action"])
    counts = {**COUNTS["projects"], "timelogs": 5, "topics": 4}
    deleted(api_writer.delete(f"projects/{branch['project']}"), counts, f"projects/{branch['project']}", {"project_id": branch["project"]})
    assert [store.row("timelogs", number) for number in strays] == [None, None] and store.row("topics", topic) is None


def test_a_deep_tree(api_writer, store, branch):
    """An action goes with its sub-actions, however deep; those beside it stay."""
    number, chain = branch["sub"], []
    for _ in range(40):
        number = store.action(branch["project"], parent_action_id=number)
        chain.append(number)
    timelog = store.insert("timelogs", project_id=branch["project"], action_id=number)
    store.touched(("actions", branch["action"]))
    answer = api_writer.delete(f"actions/{branch['sub']}").success()
    assert answer.response["deleted"]["actions"] == 41
    assert store.row("timelogs", timelog) is None
    assert store.ids("actions", f"project_id={branch['project']}") == [branch["action"]]
    assert store.row("actions", branch["action"])["level_children"] == 0


def test_a_circle_that_others_have_stored(api_writer, store):
    """A tree that bites its tail is deleted, not walked for ever."""
    project = store.project()
    first, second = store.action(project), store.action(project)
    store.set("actions", first, parent_action_id=second)
    store.set("actions", second, parent_action_id=first)
    itself = store.action(project)
    store.set("actions", itself, parent_action_id=itself)
    deleted(api_writer.delete(f"actions/{first}"), {"actions": 2}, f"actions/{first}", {"action_id": first})
    deleted(api_writer.delete(f"actions/{itself}"), {"actions": 1}, f"actions/{itself}", {"action_id": itself})
    assert store.ids("actions", f"project_id={project}") == []


def test_children_are_counted_again(api_writer, store, branch):
    more = store.action(branch["project"], parent_action_id=branch["action"])
    with store.touched(("actions", branch["action"]), ("projects", branch["project"])):
        api_writer.delete(f"actions/{branch['sub']}").success()
    assert store.row("actions", branch["action"])["level_children"] == 1
    api_writer.delete(f"actions/{more}").success()
    assert store.row("actions", branch["action"])["level_children"] == 0


def test_totals_are_right_at_once(api_writer, branch):
    """Section 4: total is never behind a write made through this gateway."""
    chain = f"projects/{branch['project']}/timelogs"
    assert api_writer.get(chain, {"limit": 1}).data["total"] == 3
    api_writer.delete(f"actions/{branch['action']}").success()
    assert api_writer.get(chain, {"limit": 1}).data["total"] == 1


# ---- invoices -------------------------------------------------------------------------------------

@pytest.fixture
def invoiced(store, branch):
    """Two timelogs on an invoice: below the sub-action, and by the action alone."""
    store.set("timelogs", branch[branch["sub"]]["timelogs"], invoice_id=9)
    store.insert("timelogs", action_id=branch["sub"], invoice_id=-1)
    return branch


@pytest.mark.parametrize("resource", ["projects", "actions"])
def test_invoiced_timelogs(api_writer, store, invoiced, resource):
    """Section 6: "Where invoiced timelogs would go, 409 without params.force"."""
    chain = f"{resource}/{number_of(invoiced, resource)}"
    for params in (None, {"force": False}, {"force": "0"}, {"dry_run": True}):
        with store.unchanged():
            answer = api_writer.delete(chain, params).expect(409, "Record Locked", "invoiced", "invoice_id")
    api_writer.delete(chain, {"force": True, "dry_run": True}).success()
    answer = api_writer.delete(chain, {"force": "1"}).success()
    assert answer.response["deleted"] == {**COUNTS[resource], "timelogs": COUNTS[resource]["timelogs"] + 1}


@pytest.mark.parametrize("value", [True, 1, "1", "true"])
def test_an_invoiced_timelog_itself(api_writer, store, value):
    number = store.insert("timelogs", invoice_id=3)
    with store.unchanged():
        api_writer.delete(f"timelogs/{number}").expect(409, code="invoiced")
    api_writer.delete(f"timelogs/{number}", {"force": value}).success()
    assert store.row("timelogs", number) is None


def test_force_as_a_loose_name(api_writer, store):
    number = store.insert("timelogs", invoice_id=3)
    with store.unchanged():
        api_writer.delete(f"timelogs/{number}", query={"force": "no"}).expect(422, field="force")
    api_writer.delete(f"timelogs/{number}", query={"force": "1"}).success()


def test_force_is_for_deleting_alone(api_writer, store):
    number = store.insert("timelogs", invoice_id=3)
    with store.unchanged():
        assert faults(api_writer.put(f"timelogs/{number}", {"force": True}).expect(400)) == {"force": "unknown_parameter"}
        assert faults(api_writer.post("timelogs", {"force": True}).expect(400)) == {"force": "unknown_parameter"}


def test_invoiced_timelogs_may_be_changed(api_writer, store):
    """Only their deletion is asked about twice."""
    number = store.insert("timelogs", invoice_id=3)
    api_writer.put(f"timelogs/{number}", {"timelog_note": "x"}).success()


# ---- threads --------------------------------------------------------------------------------------

@pytest.mark.parametrize("resource,status", [("topics", "topic_status"), ("files", "file_status")])
def test_a_threads_first_row(api_writer, store, branch, resource, status):
    """The next lowest key becomes the first, the others follow, the closed state is carried over. Nothing is orphaned."""
    first = branch[0][resource]
    store.set(resource, first, **{status: "closed"})
    second, third, fourth = [store.insert(resource, project_id=branch["project"], thread_id=first, **{status: "open"}) for _ in range(3)]
    deleted(api_writer.delete(f"{resource}/{first}"), {resource: 1}, f"{resource}/{first}", {KEY[resource]: first})
    assert [store.row(resource, number)["thread_id"] for number in (second, third, fourth)] == [second] * 3
    assert [store.row(resource, number)[status] for number in (second, third, fourth)] == ["closed", "open", "open"]
    least = {"topics": {"topic_detail": "x"}, "files": {"file_name": "x"}}[resource]
    with store.unchanged():
        api_writer.post(resource, {**least, "thread_id": second}).expect(409, field="thread_id")
    threads = api_writer.get(f"projects/{branch['project']}/{resource}/bythread").success().response[resource]
    assert [row[{"topics": "topic_posts", "files": "file_versions"}[resource]] for row in threads if row["thread_id"] == second] == [3]
    # an open one stays open; the last of all leaves nothing
    store.set(resource, second, **{status: "open"})
    api_writer.delete(f"{resource}/{second}").success()
    assert store.row(resource, third)["thread_id"] == third and store.row(resource, third)[status] == "open"
    api_writer.delete(f"{resource}/{fourth}").success()
    assert store.row(resource, third)["thread_id"] == third
    api_writer.delete(f"{resource}/{third}").success()
    assert store.ids(resource, f"thread_id IN ({first},{second},{third},{fourth})") == []


# ---- bytes of files -------------------------------------------------------------------------------

@pytest.fixture
def bytes_of(store, written_files):
    made = iter(range(1000000))

    def make(**columns):
        """A file's row with its bytes: (id, path)."""
        name = f"made-{store.one('SELECT UUID()')}-{next(made)}"
        (written_files / "a" / name).write_bytes(b"bytes")
        return store.insert("files", file_name="f", file_path=f"a/{name}", **columns), written_files / "a" / name
    return make


def test_bytes_go_after_the_row(api_writer, store, branch, bytes_of):
    """Section 6: "files (bytes after the commit)"; an error or a dry run leaves them."""
    number, path = bytes_of(project_id=branch["project"])
    api_writer.delete(f"files/{number}", {"dry_run": True}).success()
    with store.unchanged():
        api_writer.delete(f"files/{number}", {"foo": 1}).expect(400)
        api_writer.delete(f"files/{number}", headers={"If-Match": '"x.y"'}).expect(412)
        api_writer.delete(f"projects/{branch['other']}/files/{number}").expect(404)
    assert path.read_bytes() == b"bytes"
    assert api_writer.get(f"files/{number}/download").http.content == b"bytes"
    api_writer.delete(f"files/{number}").success()
    assert not path.exists()
    api_writer.get(f"files/{number}/download").expect(404)


def test_bytes_of_all_files_below(api_writer, store, branch, bytes_of):
    inside = [bytes_of(project_id=branch["project"]), bytes_of(project_id=branch["project"], action_id=branch["sub"]),
              bytes_of(action_id=branch["sub"])]
    outside = bytes_of(project_id=branch["other"])
    store.insert("timelogs", project_id=branch["project"], invoice_id=1)
    with store.unchanged():
        api_writer.delete(f"projects/{branch['project']}").expect(409)
    assert all(path.exists() for _, path in inside)
    api_writer.delete(f"projects/{branch['project']}", {"force": 1}).success()
    assert not any(path.exists() for _, path in inside) and outside[1].exists()


@pytest.mark.parametrize("path", ["", "a/was-never-there.txt", "../outside.txt", "a/../../outside.txt", "a/link.txt",
                                  "linkdir/outside.txt", "a/fifo", "a", "/etc/hostname", "nowhere/at/all", "a/x\x00y"])
def test_bytes_that_cannot_be_deleted(api_writer, store, written_files, path):
    """The row goes all the same; nothing outside the root, and nothing that is no file, is touched."""
    number = store.insert("files", file_name="f", file_path=path)
    api_writer.delete(f"files/{number}").success()
    assert store.row("files", number) is None
    for place in (written_files / "../outside.txt", written_files / "../outside/outside.txt"):
        assert place.read_text() == "OUTSIDE"
    assert (written_files / "a/fifo").exists() and (written_files / "a").is_dir() and (written_files / "a/link.txt").is_symlink()
    with open("/etc/hostname", "rb"):
        pass


def test_a_gateway_without_files(start_gateway, store, mariadb):
    """files.root empty: rows are deleted, bytes are nobody's business."""
    from support.writing import DATABASE, Writer
    writer = Writer(start_gateway({"mysql.database": DATABASE}, drop=("files.root",)).url)
    number = store.insert("files", file_name="f", file_path="a/plan-1.pdf")
    writer.delete(f"files/{number}").success()


def test_a_large_project(api_writer, store, branch):
    """Section 6 and issue: thousands of rows go in a bounded number of statements."""
    project = branch["project"]
    with store.connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {PREFIX}action (project_id, action_name) VALUES (%s,%s)", [(project, "x")] * 5000)
        for table in ("topic", "timelog", "ticketxref", "file"):
            cursor.execute(f"INSERT INTO {PREFIX}{table} (project_id, action_id) SELECT project_id, action_id FROM {PREFIX}action "
                           f"WHERE project_id={project} AND action_name='x'")
    before = store.run("SHOW GLOBAL STATUS LIKE 'Questions'")[0][1]
    answer = api_writer.delete(f"projects/{project}").success()
    asked = int(store.run("SHOW GLOBAL STATUS LIKE 'Questions'")[0][1]) - int(before)
    assert answer.response["deleted"] == {"projects": 1, "actions": 5002, "topics": 5003, "files": 5003, "ticketxrefs": 5003,
                                          "timelogs": 5003}
    assert asked < 150, asked  # other gateways of the session ask a little meanwhile
