"""spec/auth-and-bans.md step 5 and remote-api.md section 6: a record that is hidden from the caller cannot be written, nor named.

bob's role does not see everything: a project with visible_status `manager` that he does not manage is hidden from him, with
everything below it except actions assigned to him or to nobody.
"""

import pytest

from support.writing import Store, Writer, faults

pytestmark = pytest.mark.writing

ALICE, BOB = 1, 2
LEAST = {"actions": {"action_name": "a"}, "topics": {"topic_detail": "t"}, "files": {"file_name": "f"}, "timelogs": {}}


@pytest.fixture
def hidden(store):
    """A project that bob does not see; in it an action of alice's, with a record of each kind below both; and one of bob's own."""
    project = store.project(visible_status="manager", manager_adminid=ALICE)
    action = store.action(project, assigned_adminid=ALICE)
    his = store.action(project, assigned_adminid=BOB)

    def below(action_id):
        where = dict(project_id=project, action_id=action_id)
        return {"topics": store.insert("topics", topic_detail="t", **where), "files": store.insert("files", file_name="f", **where),
                "timelogs": store.insert("timelogs", **where), "ticketxrefs": store.insert("ticketxrefs", ticket_id=2038, **where)}
    return {"project": project, "action": action, "his": his, 0: below(0), action: below(action), "shown": store.project(visible_status="all")}


@pytest.fixture
def bob(writing_gateway):
    class Bob(Writer):
        def send(self, method, chain, params=None, **more):
            return super().send(method, chain, params, user="bob", **more)
    return Bob(writing_gateway.url)


def test_hidden_records_are_not_there(bob, store, hidden):
    """404 for each of them, whatever else is asked, as for one that never was; nothing is stored."""
    project, action = hidden["project"], hidden["action"]
    chains = [f"projects/{project}", f"actions/{action}", f"projects/{project}/actions/{action}", f"projects/{project}/actions/{hidden['his']}"]
    chains += [f"{resource}/{number}" for where in (0, action) for resource, number in hidden[where].items()]
    chains += [f"projects/{project}/timelogs/{hidden[0]['timelogs']}", f"actions/{action}/topics/{hidden[action]['topics']}"]
    with store.unchanged():
        for chain in chains:
            gone = bob.put("/".join(chain.split("/")[:-1] + ["99999"]), {}).expect(404)
            for answer in (bob.put(chain, {}), bob.put(chain, {}, headers={"If-Match": "*"}), bob.delete(chain), bob.delete(chain, {"force": 1}),
                           bob.put(chain, {}, headers={"If-None-Match": "*"})):
                answer.expect(404, "Record Not Found", "record_not_found")
                assert answer.response == gone.response or len(chain.split("/")) > 2, chain
        for resource, params in LEAST.items():
            bob.post(f"projects/{project}/{resource}", params).expect(404)
            if resource != "actions":
                bob.post(f"actions/{action}/{resource}", params).expect(404)


@pytest.mark.parametrize("is_archived", [False, True])
def test_hidden_records_cannot_be_named(bob, store, hidden, is_archived):
    """As a parent they are 422, as one that never was, archived or not; closed threads too."""
    project, action = hidden["project"], hidden["action"]
    if is_archived:
        store.set("projects", project, project_function="archive")
        store.set("topics", hidden[0]["topics"], topic_status="closed")
    own = store.insert("timelogs", project_id=hidden["shown"])
    own_action = store.action(hidden["shown"])

    def asked(project, action, topic):
        return [bob.post("timelogs", {"project_id": project}), bob.post("timelogs", {"action_id": action}),
                bob.post("topics", {"topic_detail": "x", "action_id": action}),
                bob.post("topics", {"topic_detail": "x", "thread_id": topic}), bob.post("ticketxrefs", {"ticket_id": 2038, "project_id": project}),
                bob.post("actions", {"action_name": "x", "project_id": project}),
                bob.post("actions", {"action_name": "x", "project_id": hidden["shown"], "parent_action_id": action}),
                bob.put(f"timelogs/{own}", {"project_id": project}), bob.put(f"timelogs/{own}", {"project_id": 0, "action_id": action}),
                bob.put(f"actions/{own_action}", {"project_id": project}), bob.put(f"actions/{own_action}", {"parent_action_id": action}),
                bob.post("timelogs", [{}, {"project_id": project}])]
    with store.unchanged():
        for answer, wanted in zip(asked(project, action, hidden[0]["topics"]), asked(99999, 99999, 99999)):
            wanted.expect(422)
            assert (answer.status, answer.response) == (422, wanted.response)


def test_a_ticket_that_is_hidden(bob, api_writer, store, hidden):
    """"so that nobody gains sight of a ticket by linking it": neither by a cross reference nor by a timelog."""
    assert bob.get("whmcstickets/2050").status == 404
    with store.unchanged():
        for answer in (bob.post("ticketxrefs", {"ticket_id": 2050, "project_id": hidden["shown"]}), bob.post("timelogs", {"ticket_id": 2050}),
                       bob.put(f"ticketxrefs/{store.ids('ticketxrefs', 'project_id=100')[0]}", {"ticket_id": 2050})):
            assert faults(answer.expect(422)) == {"ticket_id": "invalid_value"}
    # alice may, and then bob sees it, and may himself
    api_writer.post("ticketxrefs", {"ticket_id": 2051, "project_id": hidden["shown"]}).success()
    assert bob.get("whmcstickets/2051").status == 200
    bob.post("timelogs", {"ticket_id": 2051}).success()


def test_his_own_action_in_a_hidden_project(bob, store, hidden):
    """Visible under `actions`, so it may be written; what hangs on it stays hidden, and nothing can be put there."""
    chain = f"actions/{hidden['his']}"
    with store.touched(("projects", hidden["project"])), store.logged(f"updated action {hidden['his']} (action_complete)", user="bob"):
        answer = bob.put(chain, {"action_complete": 50, "project_id": hidden["project"]}).success()
    assert answer.response["action"] == store.row("actions", hidden["his"])
    with store.unchanged():
        bob.put(f"projects/{hidden['project']}/{chain}", {}).expect(404)
        assert faults(bob.post("timelogs", {"project_id": hidden["project"], "action_id": hidden["his"]}).expect(422)).keys() >= {"project_id"}
    store.set("projects", hidden["project"], project_function="archive")
    with store.unchanged():
        bob.put(chain, {"action_complete": 60}).expect(409, "Record Locked")
        bob.delete(chain).expect(409, "Record Locked")
    store.set("projects", hidden["project"], project_function="default")
    bob.delete(chain).success()


def test_what_he_hides_from_himself_is_answered(bob, store):
    """The record is answered as stored, also to a caller who does not see it from now on."""
    project = store.project(visible_status="all")
    answer = bob.put(f"projects/{project}", {"visible_status": "manager"}).success()
    assert answer.response["project"] == store.row("projects", project)
    bob.get(f"projects/{project}").expect(404)
    answer = bob.post("projects", {"project_name": "x", "visible_status": "manager", "manager_adminid": ALICE}).success()
    number = answer.response["project"]["project_id"]
    assert answer.response["project"] == store.row("projects", number)
    assert store.row("projects", number)["owner_adminid"] == BOB
    bob.get(f"projects/{number}").expect(404)
    shown = store.project(visible_status="related", assigned_adminid=BOB)
    answers = bob.post("projects", [{"project_name": "x", "visible_status": "manager"}, {"project_name": "y"}]).success()
    assert [row["visible_status"] for row in answers.response["projects"]] == ["manager", "all"]
    answer = bob.put(f"projects/{shown}", {"assigned_adminid": ALICE}).success()
    assert answer.response["project"]["assigned_adminid"] == ALICE


def test_the_answer_after_moving_an_action_away(bob, store, hidden):
    """The parents of the chain are those that it was asked through."""
    action = store.action(hidden["shown"], assigned_adminid=ALICE)
    his = store.project(visible_status="manager", manager_adminid=BOB)
    answer = bob.put(f"projects/{hidden['shown']}/actions/{action}", {"project_id": his}).success()
    assert answer.response["action"]["project_id"] == his
    assert answer.response["project"] == store.row("projects", hidden["shown"])


def test_replays_show_what_was_seen(bob, store):
    """A kept answer is the caller's own: the key is per admin."""
    headers = {"Idempotency-Key": f"seen-{store.one('SELECT UUID()')}"}
    first = bob.post("projects", {"project_name": "x", "visible_status": "manager"}, headers=headers).success()
    again = bob.post("projects", {"project_name": "x", "visible_status": "manager"}, headers=headers)
    assert again.http.content == first.http.content


def test_the_log_says_who(bob, store):
    with store.logged(user="bob") as lines:
        number = bob.post("timelogs", {}).success().response["timelog"]["timelog_id"]
        lines.append(f"created timelog {number}")
    assert store.row("timelogs", number)["owner_adminid"] == BOB


def test_a_name_beyond_ascii(writing_gateway, store):
    writer = Writer(writing_gateway.url)
    with store.logged(user="zoë") as lines:
        number = writer.post("timelogs", {}, user="zoë").success().response["timelog"]["timelog_id"]
        lines.append(f"created timelog {number}")


@pytest.mark.parametrize("user,status", [(None, 401), ("carol", 401), ("dave", 403)])
def test_strangers_write_nothing(api_writer, store, user, status):
    """No login, a disabled admin, a role that is not let in: told nothing of the parameters either."""
    number = store.insert("timelogs")
    with store.unchanged():
        for params in ({"timelog_note": "x"}, {"foo": 1}, [{}]):
            for answer in (api_writer.post("timelogs", params, user=user), api_writer.put(f"timelogs/{number}", params, user=user),
                           api_writer.delete(f"timelogs/{number}", params, user=user)):
                answer.expect(status)
                assert "foo" not in answer.http.text


# ---- columns as they may be elsewhere ---------------------------------------------------------

def test_an_old_activity_log(mariadb, module_gateway):
    """data-model.md: "old tblactivitylog has no user_id and admin_id": the line is written without."""
    from support import writing
    writing.load(mariadb, "written_old")
    mariadb.run("ALTER TABLE tblactivitylog DROP COLUMN admin_id, DROP COLUMN user_id", database="written_old")
    writer, store = Writer(module_gateway({"mysql.database": "written_old"}).url), Store(mariadb, "written_old")
    number = writer.post("timelogs", {}).success().response["timelog"]["timelog_id"]
    assert store.run("SELECT description, user, userid, ipaddr FROM tblactivitylog") == (
        (f"portcullis: alice created timelog {number}", "alice", 0, "127.0.0.1"),)


def test_polymorphic_parents(mariadb, place, module_gateway):
    """data-model.md: "Older installations may have parent_type and parent_id instead: the catalog can say either"."""
    import json

    from support import writing
    from support.fixture import PREFIX
    from support.gateway import ROOT
    writing.load(mariadb, "written_kinds")
    mariadb.run(f"ALTER TABLE {PREFIX}timelog ADD parent_type enum('','project','action','ticket') NOT NULL DEFAULT '', ADD parent_id int NOT NULL "
                "DEFAULT 0, DROP COLUMN project_id, DROP COLUMN action_id", database="written_kinds")
    catalog = json.loads((ROOT / "catalog/wbteampro.json").read_text())
    catalog["resources"]["timelogs"]["parents"] = {
        "projects": {"parameter": "project_id", "any": [
            {"column": "parent_id", "where": {"parent_type": "project"}},
            {"column": "parent_id", "where": {"parent_type": "action"},
             "through": {"resource": "actions", "key": "action_id", "column": "project_id"}}]},
        "actions": {"parameter": "action_id", "any": [{"column": "parent_id", "where": {"parent_type": "action"}}]}}
    (place / "written_kinds.json").write_text(json.dumps(catalog))
    server = module_gateway({"mysql.database": "written_kinds", "remote.catalog": str(place / "written_kinds.json")})
    writer, store = Writer(server.url), Store(mariadb, "written_kinds")
    project, other = store.project(), store.project()
    action = store.action(project)

    def kind(answer):
        row = answer.success().response["timelog"]
        assert row == store.row("timelogs", row["timelog_id"])
        return row["parent_type"], row["parent_id"]

    with store.touched(("projects", project)):
        first = writer.post(f"projects/{project}/timelogs", {})
    assert kind(first) == ("project", project)
    with store.touched(("actions", action)):
        assert kind(writer.post(f"actions/{action}/timelogs", {})) == ("action", action)
    assert kind(writer.post(f"projects/{project}/actions/{action}/timelogs", {})) == ("action", action)
    assert kind(writer.post("timelogs", {"project_id": project})) == ("project", project)
    assert kind(writer.post("timelogs", {"action_id": str(action)})) == ("action", action)
    assert kind(writer.post("timelogs", {"parent_type": "action", "parent_id": action})) == ("action", action)
    assert kind(writer.post("timelogs", {"parent_type": "ticket", "parent_id": 12345})) == ("ticket", 12345)
    assert kind(writer.post("timelogs", {})) == ("", 0)
    with store.unchanged():
        for params in ({"project_id": 99999}, {"action_id": 99999}, {"parent_type": "project", "parent_id": 99999}, {"project_id": "x"},
                       {"project_id": 0}, {"project_id": project, "parent_type": "action"}, {"project_id": project, "action_id": action},
                       {"project_id": 2 ** 40}):
            assert set(faults(writer.post("timelogs", params).expect(422))) <= {"project_id", "action_id", "parent_type", "parent_id"}
        writer.post(f"projects/{project}/timelogs", {"parent_id": other}).expect(422)
        writer.post(f"projects/{other}/actions/{action}/timelogs", {}).expect(404)
        writer.post("projects/101/timelogs", {}).expect(409)
        writer.post("actions/58/timelogs", {}).expect(409)
    number = first.response["timelog"]["timelog_id"]
    assert kind(writer.put(f"projects/{project}/timelogs/{number}", {"project_id": project, "timelog_note": "x"})) == ("project", project)
    assert kind(writer.put(f"timelogs/{number}", {"action_id": action})) == ("action", action)
    assert kind(writer.put(f"timelogs/{number}", {"parent_type": "project", "parent_id": other})) == ("project", other)
    with store.unchanged():
        assert faults(writer.put(f"timelogs/{number}", {"parent_id": 99999}).expect(422)).keys() == {"parent_id"}
    unrelated = store.insert("timelogs", parent_type="ticket", parent_id=project)
    answer = writer.delete(f"projects/{project}").success()
    left = store.ids("timelogs", f"timelog_id>={number}")
    assert number in left and unrelated in left and answer.response["deleted"]["actions"] == 1
    assert store.ids("timelogs", f"(parent_type='project' AND parent_id={project}) OR (parent_type='action' AND parent_id={action})") == []
