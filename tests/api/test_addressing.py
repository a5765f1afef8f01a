"""spec/remote-api.md section 1 (addressing) and every GET row of section 3's table, answered whole."""

import itertools
import json

import pytest

from support.answers import BASE, FORMS, address, credentials, expected_xml, same_xml, seen_xml
from support.fixture import CONFIG
from support.oracle import list_data, single_data

pytestmark = pytest.mark.addressing

# chain → (members after data as (name, resource, ids or id, xref condition), filters)
PROJECT = ("project", "projects", 100, None)
ACTION = ("action", "actions", 55, None)
ROWS = {
    "projects/100": [PROJECT],
    "projects/100/actions": [PROJECT, ("actions", "actions", [55, 56, 57], None)],
    "projects/100/topics": [PROJECT, ("topics", "topics", [1, 2, 3, 4, 5], None)],
    "projects/100/files": [PROJECT, ("files", "files", [1, 2, 3], None)],
    "projects/100/whmcstickets": [PROJECT, ("whmcstickets", "whmcstickets", [2038, 2039], "project_id = 100")],
    "projects/100/timelogs": [PROJECT, ("timelogs", "timelogs", [1, 2, 3], None)],
    "actions": [("actions", "actions", [55, 56, 57, 58, 60], None)],
    "actions/55": [ACTION],
    "actions/55/topics": [ACTION, ("topics", "topics", [4, 5], None)],
    "actions/55/files": [ACTION, ("files", "files", [3], None)],
    "actions/55/whmcstickets": [ACTION, ("whmcstickets", "whmcstickets", [2039], "action_id = 55")],
    "actions/55/timelogs": [ACTION, ("timelogs", "timelogs", [2], None)],
    "topics": [("topics", "topics", [1, 2, 3, 4, 5, 6], None)],
    "topics/2": [("topic", "topics", 2, None)],
    "files": [("files", "files", list(range(1, 15)), None)],
    "files/2": [("file", "files", 2, None)],
    "whmcstickets": [("whmcstickets", "whmcstickets", [2038, 2039, 2040], None)],
    "ticketxrefs": [("ticketxrefs", "ticketxrefs", [90, 91, 92, 93, 94, 95], None)],
    "ticketxrefs/92": [("ticketxref", "ticketxrefs", 92, None)],
    "timelogs": [("timelogs", "timelogs", [1, 2, 3, 4, 5], None)],
    "timelogs/3": [("timelog", "timelogs", 3, None)],
    # longer chains and empty lists
    "projects/100/actions/55": [PROJECT, ACTION],
    "projects/100/actions/55/timelogs": [PROJECT, ACTION, ("timelogs", "timelogs", [2], None)],
    "projects/200/topics": [("project", "projects", 200, None), ("topics", "topics", [], None)],
}
KEYS = {"projects": "project_id", "actions": "action_id"}


def expected(oracle, chain):
    """The whole document that chain must answer."""
    members, total = {}, None
    for name, resource, which, xref in ROWS[chain]:
        if isinstance(which, list):
            members[name] = oracle.ids(resource, which, xref)
            total = len(which)
        else:
            members[name] = oracle.record(resource, which, xref)
    links = chain.split("/")
    filters = {KEYS[name]: int(number) for name, number in zip(links[::2], links[1::2])
               if total is not None and name in KEYS}
    data = single_data() if total is None else list_data(total, filters)
    return {"request": {"action": chain, "method": "GET", "format": "json", "code": 200, "message": "Success"},
            "response": {"data": data, **members}}


def without_single_filters(document):
    """A single record's filters may repeat the chain's ids ("chain ids included"): its own key is
    the only thing that could stand there."""
    data = document["response"]["data"]
    if data["limit"] == 1 and data["filters"]:
        links = document["request"]["action"].split("/")
        assert list(data["filters"].values()) == [int(number) for number in links[1::2]][:len(data["filters"])]
        data["filters"] = {}
    return document


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("chain", ROWS)
def test_every_get_row_in_json(api, oracle, chain, form):
    """Section 3's table in each address form of section 1; key order is as shown (section 5)."""
    answer = api.get(chain, form=form).success()
    seen, wanted = without_single_filters(answer.json), expected(oracle, chain)
    assert seen == wanted
    assert list(seen) == ["request", "response"]
    assert list(seen["request"]) == list(wanted["request"])
    assert list(seen["response"]) == list(wanted["response"])
    assert list(seen["response"]["data"]) == list(wanted["response"]["data"])
    for name, member in wanted["response"].items():
        first = member[0] if isinstance(member, list) and member else member
        if name != "data" and isinstance(first, dict):
            there = seen["response"][name]
            assert list(there[0] if isinstance(there, list) else there) == list(first), "column order"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("chain", ROWS)
def test_every_get_row_in_xml(api, oracle, chain, form):
    """Section 5, XML: the same tree; root <api>, list="true", nil="true"."""
    answer = api.get(chain, form=form, fmt="xml")
    assert answer.status == 200, answer.http.text[:500]
    assert answer.http.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>'.lower()) or \
        answer.http.content[:60].lower().startswith(b'<?xml version="1.0" encoding="utf-8"')
    wanted = expected(oracle, chain)
    wanted["request"]["format"] = "xml"
    seen = seen_xml(answer.tree)
    tolerate_single_filters(seen)
    same_xml(seen, expected_xml("api", wanted))


def tolerate_single_filters(seen):
    data = seen[2][1][2][0][2]
    if dict((c[0], c[2]) for c in data)["limit"] == "1":
        position = [c[0] for c in data].index("filters")
        data[position] = ("filters", {}, "")


@pytest.mark.parametrize("form", FORMS)
def test_the_vendors_sample(api, oracle, form):
    """Section 5's sample: projects/219/whmcstickets, one row, limit 50, pages 0."""
    document = api.get("projects/219/whmcstickets", form=form).success().json
    assert document["request"] == {"action": "projects/219/whmcstickets", "method": "GET", "format": "json",
                                   "code": 200, "message": "Success"}
    data = document["response"]["data"]
    assert (data["total"], data["page"], data["pages"], data["limit"], data["offset"]) == (1, 1, 0, 50, 0)
    assert data["filters"] == {"project_id": 219}
    ticket = document["response"]["whmcstickets"][0]
    assert (ticket["id"], ticket["ticketxref"]["xref_id"]) == (2038, 91)
    assert document["response"]["project"]["project_id"] == 219


@pytest.mark.parametrize("fmt", ["json", "xml"])
@pytest.mark.parametrize("form", FORMS)
def test_all_projects(api, oracle, form, fmt):
    """`projects`: find; more rows than the default limit, so the list goes on."""
    answer = api.get("projects", form=form, fmt=fmt)
    assert answer.status == 200
    wanted = oracle.list("projects", "ORDER BY project_id LIMIT 50")
    if fmt == "json":
        data = answer.data
        token = data.pop("next")
        assert isinstance(token, str) and token
        assert data == list_data(63)
        assert list(answer.response) == ["data", "projects"]
        assert answer.response["projects"] == wanted
    else:
        same_xml(seen_xml(answer.tree.find("response/projects")), expected_xml("projects", wanted))


@pytest.mark.parametrize("fmt", ["json", "xml"])
@pytest.mark.parametrize("form", FORMS)
def test_a_ticket_with_its_replies(api, oracle, form, fmt):
    """Section 7: `whmcstickets/{id}` also has `replies`; decisions: all of them, oldest first."""
    answer = api.get("whmcstickets/2039", form=form, fmt=fmt)
    replies = oracle.replies(2039)
    assert [reply["id"] for reply in replies] == [32, 31]
    wanted = {**oracle.record("whmcstickets", 2039), "replies": replies}
    assert wanted["ticketxref"]["xref_id"] == 92
    if fmt == "json":
        seen = answer.success().response["whmcsticket"]
        assert seen == wanted
    else:
        seen = {child[0]: child for child in seen_xml(answer.tree.find("response/whmcsticket"))[2]}
        want = {child[0]: child for child in expected_xml("whmcsticket", wanted)[2]}
        assert seen.keys() == want.keys()
        for name, child in want.items():
            same_xml(seen[name], child)


@pytest.mark.parametrize("fmt", ["json", "xml"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("chain", ["config", "config/project_prefix"])
def test_config(api, chain, form, fmt):
    """Section 7, config: an object of one or more names; `access` never."""
    answer = api.get(chain, form=form, fmt=fmt)
    wanted = CONFIG if chain == "config" else {"project_prefix": CONFIG["project_prefix"]}
    assert answer.status == 200, answer.http.text[:400]
    if fmt == "json":
        assert answer.response["config"] == wanted
        data = answer.data
        assert (data["total"], data["page"], data["pages"], data["limit"], data["offset"]) == (1, 1, 1, 1, 0)
    else:
        assert {child.tag: child.text for child in answer.tree.find("response/config")} == wanted


THREADS = {
    "topics/bythread": ([4, 1, 6], "topic"), "projects/100/topics/bythread": ([4, 1], "topic"),
    "actions/55/topics/bythread": ([4], "topic"),
    "projects/100/files/bythread": ([3, 2], "file"), "actions/55/files/bythread": ([3], "file"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("chain", THREADS)
def test_threads(api, oracle, chain, form):
    """Section 7: topics/bythread: the first post with topic_posts, last_post and the thread's
    date_activity, most recent first; files/bythread: the latest version with file_versions."""
    order, kind = THREADS[chain]
    answer = api.get(chain, form=form).success()
    rows = answer.response["topics" if kind == "topic" else "files"]
    assert [row[f"{kind}_id"] for row in rows] == order
    assert answer.data["total"] == len(order)
    for row in rows:
        if kind == "file":
            assert row == {**oracle.record("files", row["file_id"]), "file_versions": {2: 2}.get(row["file_id"], 1)}
            continue
        posts, last = {4: (2, 5), 1: (3, 3), 6: (1, 6)}[row["topic_id"]]
        last = oracle.record("topics", last)
        assert row == {**oracle.record("topics", row["topic_id"]), "topic_posts": posts, "last_post": last,
                       "date_activity": last["date_activity"]}


def test_all_file_threads(api):
    """files/bythread over everything: one row a thread, the latest version's date first."""
    rows = api.get("files/bythread").success().response["files"]
    assert len(rows) == 13 and [row["file_id"] for row in rows[:2]] == [3, 2]


@pytest.mark.parametrize("chain", ["topics/bythread", "files/bythread"])
def test_threads_in_xml_are_the_json_tree(api, chain):
    """Section 5, XML: the same tree."""
    document = api.get(chain).success().json
    document["request"]["format"] = "xml"
    same_xml(seen_xml(api.get(chain, fmt="xml").tree), expected_xml("api", document))


# ---- the forms ---------------------------------------------------------------------------------

def test_action_in_a_form_body(api, oracle):
    """`action` may also come in the body."""
    pairs = {**credentials(), "action": "v1.projects.100.json"}
    for path in ("/api.php", "/api"):
        answer = api.send("POST", BASE + path, data={**pairs, "method": "get"}).success()
        assert answer.response["project"] == oracle.record("projects", 100)


def test_action_in_a_json_envelope_body(api, oracle):
    """Section 2: the envelope {username, password, method, action, params}."""
    body = json.dumps({**credentials(), "action": "v1.projects.101.json", "method": "get", "params": {}})
    answer = api.send("POST", BASE + "/api.php", data=body, headers={"Content-Type": "application/json"}).success()
    assert answer.response["project"] == oracle.record("projects", 101)


@pytest.mark.parametrize("path", ["/api.php/v1/projects/100/json", "/api/v1/projects/100/json"])
def test_path_chain_wins_over_action(api, path):
    """When both are present the path chain wins."""
    answer = api.send("GET", BASE + path, {**credentials(), "action": "v1.projects.101.json"}).success()
    assert answer.response["project"]["project_id"] == 100


@pytest.mark.parametrize("path", ["/api.php", "/api.php/", "/api.php//", "/api", "/api/"])
def test_action_counts_where_the_path_carries_no_chain(api, path):
    """... unless the path carries no chain; empty segments and a trailing slash are ignored."""
    answer = api.send("GET", BASE + path, {**credentials(), "action": "v1.projects.101.json"}).success()
    assert answer.response["project"]["project_id"] == 101


@pytest.mark.parametrize("one,many", [
    ("project/100", "projects/100"), ("project/100/action/55", "projects/100/actions/55"), ("action/55", "actions/55"),
    ("topic/1", "topics/1"), ("file/1", "files/1"), ("whmcsticket/2038", "whmcstickets/2038"),
    ("ticketxref/91", "ticketxrefs/91"), ("timelog/1", "timelogs/1"), ("project", "projects"),
    ("topic/bythread", "topics/bythread"), ("project/100/timelog", "projects/100/timelogs")])
@pytest.mark.parametrize("form", FORMS)
def test_singular_is_an_alias(api, one, many, form):
    """The singular of a resource is an alias of its plural; answers use the plural."""
    answer = api.get(one, form=form).success()
    assert answer.request["action"] == many
    assert answer.response == api.get(many).success().response


@pytest.mark.parametrize("path", [
    "/api.php/v1/projects/100/json/", "/api.php//v1//projects///100//json//", "/api//v1/projects/100/json/",
    "/api.php/v1/projects//100/json"])
def test_empty_segments_are_ignored(api, path):
    answer = api.send("GET", BASE + path, credentials()).success()
    assert answer.request["action"] == "projects/100"


@pytest.mark.parametrize("action", ["v1..projects.100.json", ".v1.projects.100.json.", "v1.projects.100.json..."])
def test_empty_segments_in_action_are_ignored(api, action):
    answer = api.send("GET", BASE + "/api.php", {**credentials(), "action": action}).success()
    assert answer.request["action"] == "projects/100"


@pytest.mark.parametrize("chain", [
    "", "projects/100/json", "v2/projects/100/json", "V/projects/json", "v/projects/json", "v01/projects/json",
    "v1.0/projects/json", "1/projects/json", "json", "v1x/projects/json"])
@pytest.mark.parametrize("path", ["/api.php/", "/api/"])
def test_missing_or_unknown_version(api, path, chain):
    """Missing or unknown version: 400 `Request Invalid or Bad Format`. Nothing is guessed."""
    api.send("GET", BASE + path + chain, credentials()).expect(400, "Request Invalid or Bad Format")


@pytest.mark.parametrize("chain", [
    "v1", "v1/projects", "v1/projects/100", "v1/projects/100/yaml", "v1/projects/100/jsonp", "v1/projects/100/.json",
    "v1/json/projects", "v1/projects/100/html", "v1/projects/100/json/xml/php"])
def test_missing_or_unknown_format(api, chain):
    """Missing or unknown format: the same, answered in JSON."""
    answer = api.send("GET", BASE + "/api.php/" + chain, credentials())
    answer.expect(400, "Request Invalid or Bad Format")
    assert answer.headers["Content-Type"].startswith("application/json")


def test_nothing_but_version_and_format(api):
    """A chain is a list of links: none is no chain."""
    assert api.send("GET", BASE + "/api.php/v1/json", credentials()).status in (400, 404)


@pytest.mark.parametrize("segment", ["pro%6Aects", "%70rojects", "p%72oject"])
def test_segments_are_percent_decoded(api, segment):
    """Segments are percent-decoded once, after splitting."""
    answer = api.send("GET", f"{BASE}/api.php/v1/{segment}/%3100/js%6Fn", credentials()).success()
    assert answer.request["action"] == "projects/100"


def test_decoded_only_once(api):
    """%256A is the text %6A, not j."""
    api.send("GET", f"{BASE}/api.php/v1/pro%256Aects/json", credentials()).expect(404, 'Unknown resource "pro%6Aects"')


def test_split_before_decoding(api):
    """An encoded slash does not separate: `projects%2F100` is one segment."""
    api.send("GET", f"{BASE}/api.php/v1/projects%2F100/json", credentials()).expect(
        404, 'Unknown resource "projects/100"')


def test_action_is_decoded_as_a_query_value(api):
    """The separator of `action` is the dot; the query's own encoding comes off first, then segments."""
    answer = api.send("GET", BASE + "/api.php", "action=v1%2Eprojects%2E100%2Ejson&" + as_query(credentials()))
    assert answer.success().request["action"] == "projects/100"


def as_query(pairs):
    return "&".join(f"{name}={value}" for name, value in pairs.items())


def test_slashes_in_action_do_not_separate_or_all_is_refused(api):
    """Separators: `/` in the path, `.` in `action`."""
    assert api.send("GET", BASE + "/api.php", {**credentials(), "action": "v1/projects/100/json"}).status in (400, 404)


@pytest.mark.parametrize("segment", ["%ff", "%c3%28", "%00", "a%0d%0ab"])
def test_ugly_segments_never_break_the_answer(api, segment):
    """decisions: request.action of a refused chain echoes the segments with bad UTF-8 repaired."""
    for fmt in ("json", "xml"):
        answer = api.send("GET", f"{BASE}/api.php/v1/projects/{segment}/{fmt}", credentials())
        assert answer.status in (400, 404)
        assert (answer.json if fmt == "json" else answer.tree) is not None


@pytest.mark.parametrize("number", ["0", "-1", "+1", "1.5", "01x", "9223372036854775808", "99999999999999999999", "1e3",
                                    "0x10", "-0"])
@pytest.mark.parametrize("form", ["clean", "rewritten"])
def test_ids_are_decimal_integers(api, number, form):
    """Section 3: {id} is a decimal integer from 1 to 2^63-1, else 400."""
    api.get(f"projects/{number}", form=form).expect(400, "Request Invalid or Bad Format", "bad_id")


def test_the_greatest_id_is_merely_not_found(api):
    api.get("projects/9223372036854775807").expect(404, "Record Not Found")


@pytest.mark.parametrize("path", ["/", "/index.php", "/modules/addons/wbteampro", "/modules/addons/wbteampro/",
                                  "/modules/addons/wbteampro/other.php", "/modules/addons/wbteampro/api.phpx/v1/projects/json",
                                  "/modules/addons/wbteampro/apis/v1/projects/json"])
def test_other_paths_are_404(api, path):
    """Outside BASE nothing is served."""
    answer = api.send("GET", path, credentials())
    assert answer.status == 404
    assert answer.request["code"] == 404


def test_base_is_a_setting(start_gateway, oracle):
    """BASE is the setting remote.base."""
    from support.answers import Client
    client = Client(start_gateway({"remote.base": "/crm"}).url)
    answer = client.send("GET", "/crm/api/v1/projects/100/json", credentials()).success()
    assert answer.response["project"] == oracle.record("projects", 100)
    assert client.send("GET", address("projects/100")[0], credentials()).status == 404


def test_the_table_is_whole():
    """Every GET row of section 3's table stands in this file."""
    rows = set(ROWS) | set(THREADS) | {"projects", "whmcstickets/{id}", "config", "config/{name}"}
    for parent, children in (("projects/100", "actions topics files whmcstickets timelogs"),
                             ("actions/55", "topics files whmcstickets timelogs")):
        assert set(itertools.starmap("{}/{}".format, ((parent, c) for c in children.split()))) <= rows
