"""spec/remote-api.md sections 3 and 7: membership, longer chains, tickets, config, the directory."""

import json

import pytest

from support.answers import Client, expected_xml, same_xml, seen_xml
from support.fixture import PREFIX, SECRETS, load_rows, load_structure
from support.gateway import ROOT

pytestmark = pytest.mark.chains


@pytest.mark.parametrize("chain", [
    "projects/7777", "actions/7777", "topics/7777", "files/7777", "whmcstickets/7777", "ticketxrefs/7777", "timelogs/7777",
    "projects/7777/actions", "actions/7777/topics", "projects/101/actions/55", "projects/100/actions/58",
    "projects/101/actions/55/timelogs", "projects/100/actions/7777/topics", "projects/7777/actions/55", "actions/56/topics/4",
    "projects/101/topics/1", "projects/100/files/4", "actions/55/files/1", "projects/101/whmcstickets/2039",
    "projects/100/timelogs/4", "projects/101/timelogs/3", "projects/7777/whmcstickets", "whmcstickets/2041",
    "projects/100/whmcstickets/2041", "projects/7777/topics/bythread", "projects/101/files/2/download"])
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_membership(api, chain, fmt):
    """Every {id} must belong to the record before it, else 404 `Record Not Found`."""
    answer = api.get(chain, fmt=fmt)
    if fmt == "json":
        answer.expect(404, "Record Not Found", "record_not_found")
        assert answer.request["action"] == chain
    else:
        assert answer.status == 404
        assert answer.tree.findtext("request/message") == "Record Not Found"


@pytest.mark.parametrize("chain,members", [
    ("projects/100/actions/55/topics/4", ["project", "action", "topic"]), ("projects/100/topics/1", ["project", "topic"]),
    ("projects/100/timelogs/3", ["project", "timelog"]), ("projects/100/actions/56/timelogs/3", ["project", "action", "timelog"]),
    ("projects/100/whmcstickets/2039", ["project", "whmcsticket"]), ("projects/100/files/2", ["project", "file"]),
    ("projects/100/actions/55/topics/bythread", ["project", "action", "topics"]), ("actions/56/timelogs", ["action", "timelogs"])])
def test_longer_chains(api, chain, members):
    """A chain longer than the table is legal wherever each step is; each link contributes its record."""
    answer = api.get(chain).success()
    assert list(answer.response) == ["data", *members]


@pytest.mark.parametrize("chain,segment", [
    ("nope", "nope"), ("projects/100/nope", "nope"), ("projects/bythread", "bythread"), ("projects/100/projects", "projects"),
    ("topics/1/actions", "actions"), ("actions/55/actions", "actions"), ("projects/100/config", "config"), ("api", "api"),
    ("api/nope", "nope"), ("projects/100/download", "download"), ("topics/1/bythread", "bythread"), ("projects/download", "download"),
    ("files/download", "download"), ("timelogs/bythread", "bythread"), ("projects/100/ticketxrefs", "ticketxrefs"),
    ("whmcstickets/2038/replies", "replies"), ("actions/projects", "projects"), ("Projects", "Projects"), ("projectss", "projectss"),
    ("topics/bythread/1", "1"), ("files/2/download/x", "x"), ("replies", "replies"), ("reply", "reply"), ("tbladmins", "tbladmins")])
def test_unknown_resources(api, chain, segment):
    """Unknown resource, verb or combination: 404 `Unknown resource "x"`, naming the segment."""
    answer = api.get(chain)
    if chain in ("api",) and answer.status == 404:
        return
    answer.expect(404, f'Unknown resource "{segment}"', "unknown_resource")


def test_unknown_resource_names_are_escaped(api):
    """An error in XML stays well-formed whatever the segment holds."""
    answer = api.get("<b>%22%26", fmt="xml")
    assert answer.status == 404
    assert answer.tree.findtext("request/message") == 'Unknown resource "<b>"&"'


# ---- tickets -----------------------------------------------------------------------------------

@pytest.mark.parametrize("chain,params,pairs", [
    ("whmcstickets", None, [(2038, 90), (2039, 92), (2040, None)]),
    ("projects/100/whmcstickets", None, [(2038, 90), (2039, 92)]),
    ("projects/200/whmcstickets", None, [(2039, 94)]),
    ("projects/219/whmcstickets", None, [(2038, 91)]),
    ("actions/55/whmcstickets", None, [(2039, 93)]),
    ("actions/57/whmcstickets", None, [(2038, 90)]),
    ("projects/100/actions/55/whmcstickets", None, [(2039, 93)]),
    ("whmcstickets", {"project_id": 219}, [(2038, 91)]),
    ("whmcstickets", {"action_id": 55}, [(2039, 93)]),
    ("projects/101/whmcstickets", None, [])])
def test_ticketxref_of_each_ticket(api, oracle, chain, params, pairs):
    """Section 5: a ticket is one row and carries one cross reference: the chain's, else the lowest, else null."""
    answer = api.get(chain, params).success()
    rows = answer.response["whmcstickets"]
    assert [(row["id"], row["ticketxref"] and row["ticketxref"]["xref_id"]) for row in rows] == pairs
    assert answer.data["total"] == len(pairs)
    for row in rows:
        if row["ticketxref"]:
            assert row["ticketxref"] == oracle.record("ticketxrefs", row["ticketxref"]["xref_id"])


@pytest.mark.parametrize("chain,xref", [("whmcstickets/2038", 90), ("projects/219/whmcstickets/2038", 91),
                                        ("projects/200/whmcstickets/2039", 94), ("whmcstickets/2040", None)])
def test_ticketxref_of_one_ticket(api, chain, xref):
    ticket = api.get(chain).success().response["whmcsticket"]
    assert (ticket["ticketxref"] and ticket["ticketxref"]["xref_id"]) == xref


def test_a_ticket_without_replies_has_an_empty_list(api):
    assert api.get("whmcstickets/2038").success().response["whmcsticket"]["replies"] == []
    answer = api.get("whmcstickets/2038", fmt="xml")
    assert answer.tree.find("response/whmcsticket/replies").get("list") == "true"


def test_secrets_of_tickets_are_never_sent(api):
    """Section 7: secrets (`c`) are never sent."""
    for chain in ("whmcstickets", "whmcstickets/2038", "projects/100/whmcstickets", "config", "files", "api/resources"):
        for fmt in ("json", "xml"):
            text = api.get(chain, fmt=fmt).http.text
            assert not [secret for secret in SECRETS if secret in text]
            assert "plan-1.pdf" not in text, "file_path is hidden"


# ---- config ------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["access", "ACCESS", "SMTPPassword", "nothing_at_all", "secret_setting", "InvalidLoginBanLength",
                                  "CompanyName'", "%", "companynam_"])
def test_config_outside(api, name):
    """A name outside is 404, whether it exists or not: secrets stay inside."""
    from urllib.parse import quote
    by_path = api.get("config/" + quote(name, safe="")).expect(404, "Record Not Found")
    by_name = api.get("config", {"name": name}).expect(404, "Record Not Found")
    assert "SECRET" not in by_path.http.text + by_name.http.text
    assert by_path.response["errors"][0].get("detail", "").replace(name, "") == \
        api.get("config/never_was").response["errors"][0].get("detail", "").replace("never_was", "")


def test_config_by_name(api):
    assert api.get("config", {"name": "CompanyName"}).success().response["config"] == {"CompanyName": "Beispiel GmbH"}
    assert api.get("config/CompanyName").success().response["config"] == {"CompanyName": "Beispiel GmbH"}
    assert api.get("config/api_active").success().response["config"] == {"api_active": "on"}


def test_config_of_the_addon_goes_before_that_of_whmcs(api, mariadb):
    """A name that both tables have is the add-on's, and stands there once."""
    mariadb.run("INSERT INTO tbladdonmodules (module, setting, value) VALUES ('wbteampro', 'DateFormat', 'mine')")
    try:
        answer = api.get("config").success()
        assert answer.response["config"]["DateFormat"] == "mine" and answer.http.text.count("DateFormat") == 1
        assert api.get("config/DateFormat").success().response["config"] == {"DateFormat": "mine"}
    finally:
        mariadb.run("DELETE FROM tbladdonmodules WHERE setting = 'DateFormat'")


def test_config_of_many_allowed_names(start_gateway):
    """remote.config_allow may name any number of rows; what is not there is absent."""
    names = ",".join(f"Absent{number}" for number in range(300)) + ",CompanyName"
    client = Client(start_gateway({"remote.config_allow": names}).url)
    assert client.get("config").success().response["config"]["CompanyName"] == "Beispiel GmbH"
    assert client.get("config/CompanyName").success().response["config"] == {"CompanyName": "Beispiel GmbH"}
    client.get("config/Absent7").expect(404, "Record Not Found")


def test_config_refuses_unknown_words(api):
    api.get("config", {"foo": 1}).expect(400, code="unknown_parameter")


# ---- the directory -----------------------------------------------------------------------------

def test_directory_is_what_is_served(api, oracle):
    """Section 7, api/resources: each resource with its methods, chains, verbs and fields. Exactly
    what the running gateway serves."""
    answer = api.get("api/resources").success()
    served = answer.response["resources"]
    assert isinstance(served, (list, dict)) and served
    rows = served if isinstance(served, list) else [{"name": name, **row} for name, row in served.items()]
    by_name = {row["name"]: row for row in rows}
    assert {"projects", "actions", "topics", "files", "whmcstickets", "ticketxrefs", "timelogs", "config"} <= set(by_name)
    assert answer.data["total"] == len(rows)
    for name, table in (("projects", PREFIX + "project"), ("files", PREFIX + "file"), ("timelogs", PREFIX + "timelog")):
        row = by_name[name]
        assert {"methods", "chains", "verbs", "fields"} <= set(row)
        assert "GET" in json.dumps(row["methods"])
        fields = row["fields"]
        fields = fields if isinstance(fields, list) else [{"name": key, **value} for key, value in fields.items()]
        assert [field["name"] for field in fields] == [c for c in oracle.columns(table) if c != "file_path"]
        for field in fields:
            assert {"name", "type", "nullable", "writable", "required", "filterable"} <= set(field)
    nullable = {field["name"]: field["nullable"] for field in by_name["projects"]["fields"]}
    assert nullable["custom_note"] in (True, 1) and nullable["project_name"] in (False, 0)
    assert "bythread" in json.dumps(by_name["topics"]["verbs"]) and "download" in json.dumps(by_name["files"]["verbs"])


def test_every_chain_of_the_directory_answers(api):
    rows = api.get("api/resources").success().response["resources"]
    numbers = {"projects": "100", "actions": "55", "topics": "1", "files": "2", "whmcstickets": "2038", "ticketxrefs": "91",
               "timelogs": "1", "config": "version"}
    chains = [chain if isinstance(chain, str) else chain["chain"] for row in rows for chain in row["chains"]]
    assert len(chains) > 20
    for chain in chains:
        segments = chain.strip("/").split("/")
        for position, segment in enumerate(segments):
            if segment.startswith("{"):
                segments[position] = numbers[segments[position - 1]]
        answer = api.get("/".join(segments))
        assert answer.status in ((405,) if chain.endswith("/content") else (200, 404)), (chain, answer.http.text[:200])
        if answer.status == 404:
            assert answer.message == "Record Not Found", chain


def test_directory_in_xml(api):
    document = api.get("api/resources").success().json
    document["request"]["format"] = "xml"
    seen = seen_xml(api.get("api/resources", fmt="xml").tree)
    assert seen[2][0][2][4][2] == "Success"
    same_xml(("data", {}, seen[2][1][2][0][2]), expected_xml("data", document["response"]["data"]))


# ---- the older shape of timelogs ---------------------------------------------------------------

@pytest.fixture(scope="module")
def legacy(mariadb, place, module_gateway):
    """data-model.md: older installations may have parent_type and parent_id: the catalog can say either."""
    load_structure(mariadb, ROOT, "legacy")
    load_rows(mariadb, "legacy", bad_text=False)
    table = PREFIX + "timelog"
    for sql in (f"ALTER TABLE {table} ADD parent_type varchar(16) NOT NULL DEFAULT '', ADD parent_id int NOT NULL DEFAULT 0",
                f"UPDATE {table} SET parent_type = 'action', parent_id = action_id WHERE action_id > 0",
                f"UPDATE {table} SET parent_type = 'project', parent_id = project_id WHERE action_id = 0",
                f"INSERT INTO {table} (timelog_id, parent_type, parent_id, timelog_note) VALUES (90, 'ticket', 100, 'x'), (91, 'ticket', 55, 'y')",
                f"ALTER TABLE {table} DROP COLUMN project_id, DROP COLUMN action_id"):
        with mariadb.connect("legacy") as connection, connection.cursor() as cursor:
            cursor.execute("SET sql_mode=''")
            cursor.execute(sql)
    catalog = json.loads((ROOT / "catalog/wbteampro.json").read_text())
    catalog["resources"]["timelogs"]["parents"] = {
        "projects": {"parameter": "project_id", "any": [
            {"column": "parent_id", "where": {"parent_type": "project"}},
            {"column": "parent_id", "where": {"parent_type": "action"},
             "through": {"resource": "actions", "key": "action_id", "column": "project_id"}}]},
        "actions": {"parameter": "action_id", "any": [{"column": "parent_id", "where": {"parent_type": "action"}}]}}
    (place / "legacy.json").write_text(json.dumps(catalog))
    return Client(module_gateway({"mysql.database": "legacy", "remote.catalog": str(place / "legacy.json")}).url)


@pytest.mark.parametrize("chain,params,wanted", [
    ("projects/100/timelogs", None, [1, 2, 3]), ("projects/101/timelogs", None, [4, 5]), ("actions/55/timelogs", None, [2]),
    ("projects/100/actions/56/timelogs", None, [3]), ("timelogs", {"project_id": 100}, [1, 2, 3]),
    ("timelogs", {"action_id": 55}, [2]), ("timelogs", None, [1, 2, 3, 4, 5, 90, 91]), ("projects/200/timelogs", None, [])])
def test_legacy_timelogs(legacy, chain, params, wanted):
    answer = legacy.get(chain, params).success()
    assert [row["timelog_id"] for row in answer.response["timelogs"]] == wanted
    assert answer.data["total"] == len(wanted)


def test_legacy_membership(legacy):
    assert legacy.get("projects/100/timelogs/3").status == 200
    legacy.get("projects/100/timelogs/90").expect(404, "Record Not Found")
    legacy.get("actions/55/timelogs/91").expect(404, "Record Not Found")


def test_timelogs_of_a_project_include_those_of_its_actions(api):
    """data-model.md: a project's timelogs include those of its actions."""
    rows = api.get("projects/100/timelogs").success().response["timelogs"]
    assert [row["timelog_id"] for row in rows] == [1, 2, 3]
