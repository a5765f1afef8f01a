"""What of writing is told, and what happens when the schema changes meanwhile: api/resources, OPTIONS, CORS; data-model.md."""

import time

import pytest

from support import writing
from support.answers import Client, address
from support.fixture import PREFIX
from support.writing import RESOURCES, Store, Writer, faults

pytestmark = pytest.mark.writing


# ---- the directory ----------------------------------------------------------------------------------

def test_methods_of_the_directory(api_writer):
    """Section 7: "Exactly what the running gateway serves"."""
    served = {row["name"]: row["methods"] for row in api_writer.get("api/resources").success().response["resources"]}
    for resource in RESOURCES:
        assert served[resource] == ["GET", "POST", "PUT", "DELETE"], resource
    for resource in ("whmcstickets", "config", "api"):
        assert served[resource] == ["GET"], resource


WRITABLE = {
    "projects": {"project_name", "project_function", "client_userid", "custom_raw", "2nd name", "kind_bare"},
    "actions": {"project_id", "parent_action_id", "action_name"}, "topics": {"thread_id", "project_id", "action_id", "topic_status"},
    "files": {"thread_id", "file_name", "file_status"}, "ticketxrefs": {"ticket_id", "project_id", "action_id"},
    "timelogs": {"invoice_id", "timelog_note", "ticket_id"},
}
NOT_WRITABLE = {
    "projects": {"project_id", "owner_adminid", "date_created", "date_modified", "date_activity", "custom_blob"},
    "actions": {"action_id", "level_children", "date_created"}, "topics": {"topic_id", "owner_adminid", "date_activity"},
    "files": {"file_id", "file_version", "file_size", "file_sha256", "owner_adminid"}, "ticketxrefs": {"xref_id", "date_created"},
    "timelogs": {"timelog_id", "owner_adminid"}, "whmcstickets": {"id", "title", "status"},
}
REQUIRED = {"projects": {"project_name"}, "actions": {"project_id", "action_name"}, "topics": {"topic_detail"}, "files": {"file_name"},
            "ticketxrefs": {"ticket_id"}, "timelogs": set(), "whmcstickets": set()}


def test_fields_of_the_directory(api_writer, store):
    """Each field says whether it may be written; what it says is so."""
    rows = {row["name"]: {field["name"]: field for field in row["fields"]} for row in
            api_writer.get("api/resources").success().response["resources"]}
    for resource, required in REQUIRED.items():
        writable = {name for name, field in rows[resource].items() if field["writable"]}
        assert writable >= WRITABLE.get(resource, set()) and not writable & NOT_WRITABLE[resource], resource
        assert {name for name, field in rows[resource].items() if field["required"]} == required
    for resource in RESOURCES:
        with store.unchanged():
            listed = api_writer.post(resource, {"foo": 1}).expect(400).response["errors"][0]["detail"]
        for name, field in rows[resource].items():
            assert (f" {name} " in listed + " ") == field["writable"], (resource, name)


# ---- OPTIONS and CORS -------------------------------------------------------------------------------

ALLOW = {"projects": "GET, POST, HEAD, OPTIONS", "projects/100": "GET, PUT, DELETE, HEAD, OPTIONS",
         "projects/100/actions": "GET, POST, HEAD, OPTIONS", "projects/100/actions/55": "GET, PUT, DELETE, HEAD, OPTIONS",
         "projects/100/actions/55/timelogs": "GET, POST, HEAD, OPTIONS", "projects/100/whmcstickets": "GET, HEAD, OPTIONS",
         "ticketxrefs": "GET, POST, HEAD, OPTIONS", "topics/bythread": "GET, HEAD, OPTIONS", "files/2/download": "GET, HEAD, OPTIONS",
         "projects/100/actions,timelogs": "GET, HEAD, OPTIONS", "whmcstickets/2038": "GET, HEAD, OPTIONS", "config": "GET, HEAD, OPTIONS"}


@pytest.mark.parametrize("chain", ALLOW)
def test_options(api_writer, store, chain):
    """Section 2: 204 with Allow, before any login; it never writes, whatever it carries."""
    with store.unchanged():
        answer = api_writer.client.send("OPTIONS", address(chain)[0], {"method": "delete"})
    assert (answer.status, answer.headers["Allow"], answer.http.content) == (204, ALLOW[chain], b"")


def test_preflight(start_gateway):
    """What a page of another origin needs to write: the methods, and the fields that go with them."""
    client = Client(start_gateway({"mysql.database": writing.DATABASE, "http.cors_origins": "https://crm.example"}).url)
    answer = client.send("OPTIONS", address("projects/100")[0], headers={
        "Origin": "https://crm.example", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "if-match,idempotency-key"})
    assert answer.status == 204
    assert {"GET", "PUT", "DELETE"} <= {name.strip() for name in answer.headers["Access-Control-Allow-Methods"].split(",")}
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "if-match", "if-none-match", "idempotency-key"} <= allowed
    created = Writer(client.url).post("timelogs", {}, headers={"Origin": "https://crm.example"}).success()
    exposed = {name.strip().lower() for name in created.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"etag", "location"} <= exposed


# ---- the schema changes while running -----------------------------------------------------------------

@pytest.fixture
def changing(mariadb, start_gateway):
    """(writer, store, change): a database whose tables are altered under a gateway that has learnt them."""
    writing.load(mariadb, "written_changing")
    mariadb.run("UPDATE tbladdonmodules SET value='1,2' WHERE setting='admin_super_roles'", database="written_changing")
    writer = Writer(start_gateway({"mysql.database": "written_changing"}).url)
    writer.post("projects", {"project_name": "before", "custom_note": "x"}).success()

    def change(sql):
        time.sleep(1.1)  # a gateway learns at most once a second
        mariadb.run(sql, database="written_changing")
    return writer, Store(mariadb, "written_changing"), change


def test_a_column_goes(changing):
    """1054: one re-read. What is given of it is unknown from now on (400); the rest is served."""
    writer, store, change = changing
    number = store.project(custom_note="x")
    change(f"ALTER TABLE {PREFIX}project DROP COLUMN custom_note")
    with store.unchanged():
        assert faults(writer.put(f"projects/{number}", {"custom_note": "y"}).expect(400)) == {"custom_note": "unknown_parameter"}
    change(f"ALTER TABLE {PREFIX}project DROP COLUMN custom_when")
    writer.put(f"projects/{number}", {"project_name": "y"}).success()
    change(f"ALTER TABLE {PREFIX}project DROP COLUMN custom_day")
    writer.post("projects", {"project_name": "y"}).success()
    change(f"ALTER TABLE {PREFIX}project DROP COLUMN custom_kind")
    with store.unchanged():
        writer.post("projects", {"project_name": "y", "custom_kind": "red"}).expect(400)
    change(f"ALTER TABLE {PREFIX}project DROP COLUMN custom_rate")
    writer.delete(f"projects/{number}").success()


def test_a_column_comes(changing):
    """A newer add-on brings columns that must have a value: '' or 0 is supplied, as for those known from the start."""
    writer, store, change = changing
    change(f"ALTER TABLE {PREFIX}timelog ADD COLUMN brand_new text NOT NULL, ADD COLUMN newer int NOT NULL, ADD COLUMN newest date NOT NULL")
    row = writer.post("timelogs", {"timelog_note": "x"}).success().response["timelog"]
    assert (row["brand_new"], row["newer"], row["newest"]) == ("", 0, "0000-00-00")
    change(f"ALTER TABLE {PREFIX}action ADD COLUMN brand_new varchar(5) NOT NULL")
    rows = writer.post("actions", [{"action_name": "x", "project_id": 100}] * 2).success().response["actions"]
    assert [row["brand_new"] for row in rows] == ["", ""]
    assert store.row("timelogs", row.get("timelog_id", 1)) and store.ids("actions", "action_name='x'") == [row["action_id"] for row in rows]


def test_a_column_shrinks(changing):
    """What the gateway believes to fit, MySQL refuses: 422 all the same, nothing is cut."""
    writer, store, change = changing
    change(f"ALTER TABLE {PREFIX}timelog MODIFY timelog_type varchar(3) NOT NULL DEFAULT ''")
    with store.unchanged():
        assert faults(writer.post("timelogs", {"timelog_type": "four"}).expect(422)) == {"timelog_type": "invalid_value"}


def test_bookkeeping_goes(changing):
    """What the gateway keeps is left out where there is no column for it."""
    writer, store, change = changing
    project = store.project()
    action = store.action(project)
    change(f"ALTER TABLE {PREFIX}action DROP COLUMN level_children, DROP COLUMN date_activity")
    writer.post(f"projects/{project}/actions", {"action_name": "x", "parent_action_id": action}).success()
    change(f"ALTER TABLE {PREFIX}project DROP COLUMN date_activity")
    writer.post(f"actions/{action}/timelogs", {}).success()
    change(f"ALTER TABLE {PREFIX}topic DROP COLUMN thread_id")
    assert "thread_id" not in writer.post("topics", {"topic_detail": "x"}).success().response["topic"]
    change(f"ALTER TABLE {PREFIX}action DROP COLUMN parent_action_id")
    writer.delete(f"actions/{action}").success()
    change(f"ALTER TABLE {PREFIX}timelog DROP COLUMN invoice_id")
    writer.delete(f"projects/{project}").success()
    change(f"ALTER TABLE {PREFIX}timelog DROP COLUMN ticket_id")
    writer.post("timelogs", {}).success()


def test_tables_beside_go(changing):
    """References that can no longer be looked up are not; a log that is gone takes no line."""
    writer, store, change = changing
    change("RENAME TABLE tblclients TO away_clients")
    writer.post("projects", {"project_name": "x", "client_userid": 99999}).success()
    change("ALTER TABLE tblactivitylog DROP COLUMN admin_id")
    with store.unchanged():
        writer.post("projects", {"project_name": "x", "dry_run": 1}).success()
    writer.post("projects", {"project_name": "x"}).success()
    change("RENAME TABLE tblactivitylog TO away_log")
    writer.post("projects", {"project_name": "x"}).success()
    change(f"RENAME TABLE {PREFIX}timelog TO away_timelog")
    writer.post("timelogs", {}).expect(503, code="resource_off")
    number = store.project()
    assert writer.delete(f"projects/{number}").success().response["deleted"] == {"projects": 1}


def test_what_is_essential_goes(changing):
    """Without the column that says who sees a row, nobody writes to it."""
    writer, store, change = changing
    number = store.project()
    change(f"ALTER TABLE {PREFIX}project CHANGE visible_status seen_by varchar(16) NOT NULL DEFAULT 'all'")
    with store.unchanged():
        writer.put(f"projects/{number}", {"project_name": "x"}).expect(503, code="resource_off")
        writer.delete(f"projects/{number}").expect(503, code="resource_off")
        writer.post("projects", {"project_name": "x"}).expect(503, code="resource_off")
