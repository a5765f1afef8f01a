"""spec/remote-api.md section 4: filters, list words, totals, cursors."""

import base64
import json
import time

import pytest

from support.answers import Client
from support.oracle import list_data

pytestmark = pytest.mark.filters


def ids(answer, name="projects", key="project_id"):
    return [row[key] for row in answer.success().response[name]]


def where(oracle, condition, order="project_id"):
    _, rows = oracle.query(f"SELECT project_id FROM tbladdon_wbteampro_project WHERE {condition} ORDER BY {order}")
    return [int(row[0]) for row in rows]


# one column of each type, with values that split the rows
COLUMNS = {
    "project_id": ("210", "230"), "client_userid": ("2", "3"), "billable": ("0", "1"), "custom_big": ("200000000000000000", "230000000000000000"),
    "custom_amount": ("1.50", "3.5"), "custom_rate": ("0.25", "1.5"), "project_name": ("Project 210", "Project 230"),
    "custom_note": ("a", "b"), "project_detail": ("detail 2", "detail 5"), "custom_kind": ("green", "red"),
    "date_start": ("2025-04-01", "2025-08-01"), "custom_day": ("2026-01-02", "2026-01-03"),
    "custom_when": ("2026-01-01 00:00:01", "2026-02-03 04:05:06"), "date_created": ("2025-01-05 12:00:00", "2025-01-20 12:00:00"),
}
SQL = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@pytest.mark.parametrize("operator", SQL)
@pytest.mark.parametrize("column", COLUMNS)
def test_comparisons(api, oracle, column, operator):
    """Every operator on every type of column; `ne` does not match NULL, as in SQL (decisions)."""
    low, high = COLUMNS[column]
    wanted = where(oracle, f"`{column}` {SQL[operator]} '{low}'")
    assert wanted or operator == "lt", "the fixture must have something to find"
    answer = api.get("projects", {column: {operator: low}, "limit": 500})
    assert ids(answer) == wanted
    assert answer.data["total"] == len(wanted)
    both = where(oracle, f"`{column}` >= '{low}' AND `{column}` < '{high}'")
    assert ids(api.get("projects", {column: {"gte": low, "lt": high}, "limit": 500})) == both


@pytest.mark.parametrize("column", COLUMNS)
def test_plain_values_and_lists(api, oracle, column):
    """"x", 5: equal; ["a","b"]: one of; in and nin."""
    low, high = COLUMNS[column]
    assert ids(api.get("projects", {column: low, "limit": 500})) == where(oracle, f"`{column}` = '{low}'")
    one_of = where(oracle, f"`{column}` IN ('{low}','{high}')")
    assert one_of
    assert ids(api.get("projects", {column: [low, high], "limit": 500})) == one_of
    assert ids(api.get("projects", {column: {"in": [low, high]}, "limit": 500})) == one_of
    assert ids(api.get("projects", {column: {"nin": [low, high]}, "limit": 500})) == where(
        oracle, f"`{column}` NOT IN ('{low}','{high}')")


@pytest.mark.parametrize("column", COLUMNS)
def test_null(api, oracle, column):
    """null: is null; decisions: {"null":true} IS NULL, {"null":false} IS NOT NULL."""
    null = where(oracle, f"`{column}` IS NULL")
    some = where(oracle, f"`{column}` IS NOT NULL")
    assert ids(api.get("projects", {column: None, "limit": 500})) == null
    assert ids(api.get("projects", {column: {"null": True}, "limit": 500})) == null
    assert ids(api.get("projects", {column: {"null": False}, "limit": 500})) == some


@pytest.mark.parametrize("pattern", ["Project 2_0", "Project 20%", "%relaunch%", "%", "", "%ü%", "100\\%"])
def test_like(api, oracle, pattern):
    """decisions: `like` takes SQL's % and _."""
    wanted = where(oracle, "project_name LIKE '" + pattern.replace("\\", "\\\\") + "'")
    assert ids(api.get("projects", {"project_name": {"like": pattern}, "limit": 500})) == wanted


@pytest.mark.parametrize("word,wanted", [
    ("needle", [200, 220, 240]), ("Müller", [100]), ("50%", [100]), ("off_now", [100]), ("offXnow", []), ("%", [100]),
    ("detail 3", None), ("NEEDLE", [200, 220, 240]), ("'", [100]), ("\\", [100])])
def test_search(api, oracle, word, wanted):
    """substring over the resource's text columns; decisions: search takes % and _ literally."""
    if wanted is None:
        wanted = where(oracle, f"project_detail LIKE '%{word}%'")
    answer = api.get("projects", {"search": word, "limit": 500})
    assert ids(answer) == wanted
    assert answer.data["filters"] == {"search": word}


def test_search_joined_with_filters(api):
    answer = api.get("projects", {"search": "needle", "project_id": {"gt": 200}})
    assert ids(answer) == [220, 240]
    assert answer.data["filters"] == {"project_id": {"gt": 200}, "search": "needle"}


@pytest.mark.parametrize("bad", [[], {"in": []}, {"nin": []}, {"foo": 1}, {"in": 5}, {"eq": [1]}, {"gt": None},
                                 {"null": "perhaps"}, {"eq": {"eq": 1}}, {"in": [{"a": 1}]}])
def test_bad_filters(api, bad):
    """422 for a value that is not valid; decisions: an empty list is 422."""
    answer = api.get("projects", {"project_id": bad})
    assert answer.status in (400, 422), answer.http.text
    if bad in ([], {"in": []}, {"nin": []}):
        answer.expect(422, field="project_id")


def test_an_empty_operator_object(api):
    """Nothing is guessed: {} applies nothing or is refused, never half understood."""
    assert api.get("projects", {"project_id": {}}).status in (200, 400, 422)


@pytest.mark.parametrize("params,echo", [
    ({"project_id": "219"}, {"project_id": 219}), ({"client_userid": ["1", 2]}, {"client_userid": [1, 2]}),
    ({"custom_note": None}, {"custom_note": None}), ({"project_name": "x"}, {"project_name": "x"}),
    ({"project_id": {"gte": "200", "lt": 210}}, {"project_id": {"gte": 200, "lt": 210}}),
    ({"limit": 5, "sort": "project_id", "fields": "project_id"}, {}), ({"billable": True}, {"billable": 1})])
def test_filters_echo(api, params, echo):
    """`filters` holds what was applied; decisions: as it was understood."""
    assert api.get("projects", params).success().data["filters"] == echo


def test_filters_echo_has_chain_ids_first(api):
    answer = api.get("projects/100/actions/55/timelogs", {"timelog_billable": "1"}).success()
    assert list(answer.data["filters"].items()) == [("project_id", 100), ("action_id", 55), ("timelog_billable", 1)]


def test_booleans(api, oracle):
    """decisions: true and false are 1 and 0 for an integer column."""
    assert ids(api.get("projects", {"billable": True, "limit": 500})) == where(oracle, "billable = 1")
    assert ids(api.get("projects", {"billable": False, "limit": 500})) == where(oracle, "billable = 0")


@pytest.mark.parametrize("chain,parameter,number", [
    ("actions", "project_id", 100), ("topics", "project_id", 100), ("files", "project_id", 100), ("timelogs", "project_id", 100),
    ("whmcstickets", "project_id", 100), ("topics", "action_id", 55), ("files", "action_id", 55),
    ("timelogs", "action_id", 55), ("whmcstickets", "action_id", 55)])
def test_parent_link_as_filter(api, chain, parameter, number):
    """A parent link is a filter too: it selects the rows of the chain, without the parent object."""
    parent = {"project_id": "projects", "action_id": "actions"}[parameter]
    by_filter = api.get(chain, {parameter: number}).success()
    by_chain = api.get(f"{parent}/{number}/{chain}").success()
    assert by_filter.response[chain] == by_chain.response[chain] != []
    assert by_filter.data == by_chain.data
    assert list(by_filter.response) == ["data", chain]


def test_an_operator_object_on_a_link_is_a_column_filter(api):
    """decisions: an operator object is a filter on the column."""
    answer = api.get("timelogs", {"project_id": {"eq": 100}}).success()
    assert [row["timelog_id"] for row in answer.response["timelogs"]] == [1, 2]


# ---- list words --------------------------------------------------------------------------------

SORTS = {
    "project_id": "project_id", "-project_id": "project_id DESC", "project_name": "project_name, project_id",
    "-date_created,project_id": "date_created DESC, project_id", "client_userid": "client_userid, project_id",
    "-client_userid,project_complete": "client_userid DESC, project_complete, project_id",
    "custom_note": "custom_note, project_id", "-custom_note": "custom_note DESC, project_id",
    "-custom_amount,custom_when": "custom_amount DESC, custom_when, project_id", "custom_day": "custom_day, project_id",
    "-custom_day,-project_id": "custom_day DESC, project_id DESC", "custom_kind": "custom_kind, project_id",
    "custom_big,-custom_rate": "custom_big, custom_rate DESC, project_id", "project_detail": "project_detail, project_id",
    "custom_float": "custom_float, project_id", "custom_rate": "custom_rate, project_id", "-custom_when": "custom_when DESC, project_id",
    "date_finish,-billable": "date_finish, billable DESC, project_id",
}


def expected_order(oracle, sort):
    return where(oracle, "1", SORTS[sort])


def tie_free(oracle, sort, seen):
    """Ties end in the primary key; its direction where the last key descends is not said."""
    return [expected_order(oracle, sort), where(oracle, "1", SORTS[sort].rsplit(", project_id", 1)[0] + ", project_id DESC")]


@pytest.mark.parametrize("sort", SORTS)
def test_sort(api, oracle, sort):
    """sort: "-date_created,project_id"; ties are broken by primary key."""
    seen = ids(api.get("projects", {"sort": sort, "limit": 500}))
    assert seen in tie_free(oracle, sort, seen)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 7, 20])
def test_cursor_walk_equals_offset_walk(api, oracle, sort, limit):
    """data.next gives the next page by key; pages never overlap, with ties and NULLs too."""
    whole = ids(api.get("projects", {"sort": sort, "limit": 500}))
    assert len(whole) == 63 and len(set(whole)) == 63
    by_offset = [number for offset in range(0, 63, limit)
                 for number in ids(api.get("projects", {"sort": sort, "limit": limit, "offset": offset, "fields": "project_id"}))]
    assert by_offset == whole
    by_cursor, words = [], {"sort": sort, "limit": limit, "fields": "project_id"}
    token = None
    for _ in range(70):
        answer = api.get("projects", {**words, "cursor": token} if token else words)
        by_cursor += ids(answer)
        token = answer.data.get("next")
        if token is None:
            break
    assert by_cursor == whole


@pytest.mark.parametrize("filters", [{"client_userid": 2}, {"custom_note": None}, {"project_name": {"like": "Project 2%"}},
                                     {"search": "detail"}, {"project_status": ["Active", "Completed"]}])
def test_cursor_walk_with_filters(api, filters):
    whole = ids(api.get("projects", {**filters, "sort": "-custom_amount", "limit": 500}))
    words, token, seen = {**filters, "sort": "-custom_amount", "limit": 4}, None, []
    while True:
        answer = api.get("projects", {**words, "cursor": token} if token else words)
        assert answer.data["total"] == len(whole)
        seen += ids(answer)
        token = answer.data.get("next")
        if not token:
            break
    assert seen == whole != []


@pytest.mark.parametrize("chain,key", [("projects/100/topics", "topic_id"), ("projects/100/timelogs", "timelog_id"),
                                       ("whmcstickets", "id"), ("topics/bythread", "topic_id"),
                                       ("files/bythread", "file_id")])
def test_cursor_walk_of_other_lists(api, chain, key):
    name = chain.replace("/bythread", "").split("/")[-1]
    whole = ids(api.get(chain), name, key)
    token, seen = None, []
    for _ in range(len(whole) + 1):
        answer = api.get(chain, {"limit": 1, **({"cursor": token} if token else {})})
        seen += ids(answer, name, key)
        token = answer.data.get("next")
        if not token:
            break
    assert seen == whole


def token_of(api, words):
    return api.get("projects", words).success().data["next"]


def test_next_is_absent_on_the_last_page(api):
    """A list that goes on carries data.next."""
    assert "next" not in api.get("projects", {"limit": 500}).data
    assert "next" not in api.get("projects", {"limit": 63}).data
    assert "next" in api.get("projects", {"limit": 62}).data
    assert "next" not in api.get("projects", {"limit": 62, "page": 2}).data
    assert "next" not in api.get("projects", {"limit": 10, "page": 99}).data


def test_tampered_cursors(api):
    """an opaque token, checked like any filter: 400 or 422, never 500, never other rows."""
    words = {"sort": "project_name", "limit": 5}
    token = token_of(api, words)
    tampered = ["", "x", "=", "%%%", "A" * 5000, token[:-1], token + "A", token[::-1], token.swapcase(), "\x00", "é"]
    for position in range(0, len(token), max(1, len(token) // 12)):
        letter = "A" if token[position] != "A" else "B"
        tampered.append(token[:position] + letter + token[position + 1:])
    for bad in tampered:
        if bad == token:
            continue
        answer = api.get("projects", {**words, "cursor": bad})
        if bad == "" and answer.status == 200:
            continue
        if answer.status == 200 and same_bytes(bad, token):
            continue
        assert answer.status in (400, 422), (bad, answer.http.text[:300])
        assert "bad_cursor" in answer.codes or "cursor" in answer.fields
    for bad in (5, None, True, [token], {"eq": token}):
        assert api.get("projects", {**words, "cursor": bad}).status in (200, 400, 422)


def same_bytes(one, other):
    """base64 has spare bits at its end: two texts may be one token."""
    def decode(text):
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    try:
        return decode(one) == decode(other)
    except ValueError:
        return False


@pytest.mark.parametrize("other", [{"sort": "-project_name"}, {"sort": "project_id"}, {"client_userid": 2}, {"search": "x"}])
def test_cursor_is_bound_to_sort_and_filters(api, other):
    """bound to sort and filters."""
    token = token_of(api, {"sort": "project_name", "limit": 5})
    answer = api.get("projects", {"sort": "project_name", "limit": 5, **other, "cursor": token})
    assert answer.status in (400, 422), answer.http.text[:300]
    assert "bad_cursor" in answer.codes


def test_cursor_is_bound_to_its_resource(api):
    token = token_of(api, {"limit": 5})
    assert api.get("actions", {"limit": 5, "cursor": token}).status in (400, 422)
    topics = api.get("projects/100/topics", {"limit": 1}).success().data["next"]
    assert api.get("projects/101/topics", {"limit": 1, "cursor": topics}).status in (400, 422)


def test_limit_may_change_along_a_cursor(api):
    """params={"cursor":…} with otherwise equal words: sort and filters bind, the limit need not."""
    token = token_of(api, {"limit": 5})
    answer = api.get("projects", {"limit": 5, "cursor": token})
    assert ids(answer) == [202, 203, 204, 205, 206]


@pytest.mark.parametrize("params,data", [
    ({}, list_data(63)), ({"limit": 10}, list_data(63, limit=10)), ({"limit": "10", "page": "3"}, list_data(63, limit=10, page=3)),
    ({"limit": 10, "offset": 5}, list_data(63, limit=10, offset=5)), ({"limit": 10, "page": 5, "offset": 25}, list_data(63, limit=10, offset=25)),
    ({"limit": 63}, list_data(63, limit=63)), ({"limit": 500}, list_data(63, limit=500)),
    ({"limit": 10, "page": 7}, list_data(63, limit=10, page=7)), ({"limit": 21}, list_data(63, limit=21))])
def test_page_members(api, params, data):
    """limit (default 50), page (1-based), offset (wins over page); pages is floor(total / limit)."""
    answer = api.get("projects", params).success()
    seen = answer.data
    seen.pop("next", None)
    assert seen == data
    assert seen["pages"] == 63 // seen["limit"]
    first = seen["offset"]
    assert ids(answer) == ids(api.get("projects", {"limit": 500}))[first:first + seen["limit"]]


@pytest.mark.parametrize("params", [{"page": 100}, {"offset": 63}, {"offset": 10 ** 9}, {"page": 10 ** 9, "limit": 500}])
def test_a_page_past_the_end(api, params):
    """A page past the end is an empty list, not an error."""
    answer = api.get("projects", params).success()
    assert answer.response["projects"] == [] and answer.data["total"] == 63


def test_an_empty_list_has_one_page(api):
    """page_count is the number of pages, at least 1."""
    answer = api.get("projects", {"project_name": "nobody"}).success()
    assert answer.data == list_data(0, {"project_name": "nobody"})
    assert answer.response["projects"] == []


@pytest.mark.parametrize("name,value", [("limit", 0), ("limit", 501), ("limit", -1), ("limit", "x"), ("limit", 1.5), ("limit", ""),
                                        ("page", 0), ("page", -1), ("page", "two"), ("offset", -1), ("offset", "x"),
                                        ("offset", "99999999999999999999"), ("limit", [5]), ("limit", None),
                                        ("count", "maybe"), ("sort", "nope"), ("sort", "-"), ("sort", "project_id;"),
                                        ("sort", "--project_id"), ("fields", "nope"), ("fields", "project_id,nope"),
                                        ("sort", ["project_id", "x y"]), ("search", {"a": 1})])
def test_bad_list_words(api, name, value):
    """decisions: outside values are 422, never silently changed; unknown names are 422 on sort and fields."""
    answer = api.get("projects", {name: value})
    answer.expect(422, f"The value provided for {name} is invalid or not allowed.", field=name)


def test_max_limit_is_a_setting_and_pages_may_be_ceil(start_gateway):
    """remote.max_limit; remote.pages=ceil changes `pages`."""
    api = Client(start_gateway({"remote.max_limit": "20", "remote.pages": "ceil"}).url)
    api.get("projects", {"limit": 21}).expect(422, field="limit")
    data = api.get("projects", {"limit": 20}).success().data
    assert (data["pages"], data["page_count"]) == (4, 4)
    assert api.get("projects", {"project_name": "nobody", "limit": 20}).data["page_count"] == 1
    default = api.get("projects").success()
    assert len(default.response["projects"]) == default.data["limit"] <= 20


@pytest.mark.parametrize("fields", ["project_id,project_name", "project_name,project_id", "project_name", "custom_amount,2nd name",
                                    " project_id , project_name "])
def test_fields(api, oracle, fields):
    """fields: "project_id,project_name"."""
    answer = api.get("projects", {"fields": fields, "limit": 3})
    if answer.status == 422 and " ," in fields:
        return
    wanted = {name.strip() for name in fields.split(",")}
    for row in answer.success().response["projects"]:
        assert set(row) - {"project_id"} == wanted - {"project_id"}
        assert "project_id" not in wanted or "project_id" in row
        full = api.get("projects", {"limit": 3}).response["projects"]
        assert row in [{name: whole[name] for name in row} for whole in full]


def test_fields_of_a_single_record(api):
    row = api.get("projects/100", {"fields": "project_name"}).success().response["project"]
    assert row["project_name"].startswith("Relaunch") and "project_detail" not in row


# ---- totals ------------------------------------------------------------------------------------

def test_count_none(api):
    """`none` leaves total, pages and page_count null."""
    data = api.get("projects", {"count": "none", "limit": 10}).success().data
    assert (data["total"], data["pages"], data["page_count"]) == (None, None, None)
    assert data["next"] and data["limit"] == 10 and data["page"] == 1


def test_count_default_lags_at_most_a_second(api, mariadb):
    """by default total may lag up to cache.count_ttl (1 s) behind; `exact` always counts."""
    words = {"limit": 2, "project_type": "lagging"}
    rows = ",".join(f"({number},'lag','lagging','','')" for number in (9001, 9002, 9003))
    insert = f"INSERT INTO tbladdon_wbteampro_project (project_id,project_name,project_type,project_detail,project_notes) VALUES {rows}"
    try:
        mariadb.run(insert)
        assert api.get("projects", {**words, "count": "exact"}).data["total"] == 3
        assert api.get("projects", words).data["total"] == 3
        mariadb.run("DELETE FROM tbladdon_wbteampro_project WHERE project_id = 9003")
        assert api.get("projects", {**words, "count": "exact"}).data["total"] == 2
        mariadb.run(insert.replace("9001", "9004").replace("9002", "9005").replace("9003", "9006"))
        assert api.get("projects", {**words, "count": "exact"}).data["total"] == 5
        mariadb.run("DELETE FROM tbladdon_wbteampro_project WHERE project_id = 9006")
        time.sleep(1.2)
        assert api.get("projects", words).data["total"] == 4
    finally:
        mariadb.run("DELETE FROM tbladdon_wbteampro_project WHERE project_id > 9000")
    time.sleep(1.1)


def statements(mariadb):
    return int(dict(mariadb.run("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'"))["Com_stmt_execute"]) + int(
        dict(mariadb.run("SHOW GLOBAL STATUS LIKE 'Com_select'"))["Com_select"])


@pytest.mark.parametrize("chain,tables", [("projects", 1), ("whmcstickets", 2), ("projects/100/topics", 2), ("topics/bythread", 1)])
def test_no_statement_per_row(api, mariadb, chain, tables):
    """Section 3: at most two statements for each table touched, never one per row."""
    api.get(chain, {"count": "exact"})
    time.sleep(0.1)
    before = statements(mariadb)
    api.get(chain, {"count": "exact"}).success()
    # Com_select counts an executed select a second time; the login may be re-read in between
    assert statements(mariadb) - before <= 2 * (2 * tables) + 8


def test_siblings_share_words_and_have_their_own(api, oracle):
    """Section 3: limit, page, offset and count apply to every sibling; all may stand in its own object."""
    chain = "projects/100/actions,timelogs,files"
    answer = api.get(chain, {"limit": 2, "actions": {"limit": 1, "sort": "-action_id"},
                             "timelogs": {"sort": "-timelog_start", "timelog_billable": 1}}).success()
    assert [row["action_id"] for row in answer.response["actions"]] == [57]
    assert [row["timelog_id"] for row in answer.response["timelogs"]] == [2, 1]
    assert [row["file_id"] for row in answer.response["files"]] == [1, 2]
    lists = answer.data["lists"]
    assert list(lists) == ["actions", "timelogs", "files"]
    assert (lists["actions"]["limit"], lists["timelogs"]["limit"], lists["files"]["limit"]) == (1, 2, 2)
    assert lists["timelogs"]["filters"] == {"project_id": 100, "timelog_billable": 1}
    first = answer.data
    first.pop("lists")
    assert first == lists["actions"]
    assert list(answer.response) == ["data", "project", "actions", "timelogs", "files"]


def test_siblings_whole(api, oracle):
    answer = api.get("projects/100/actions,timelogs").success()
    assert answer.request["action"] == "projects/100/actions,timelogs"
    assert answer.response["project"] == oracle.record("projects", 100)
    assert answer.response["actions"] == oracle.ids("actions", [55, 56, 57])
    assert answer.response["timelogs"] == oracle.ids("timelogs", [1, 2, 3])
    assert answer.data == {**list_data(3, {"project_id": 100}),
                           "lists": {name: list_data(3, {"project_id": 100}) for name in ("actions", "timelogs")}}


@pytest.mark.parametrize("chain,segment", [("projects/100/actions,nope", "nope"), ("projects/100/actions,ticketxrefs", "ticketxrefs")])
def test_unknown_siblings(api, chain, segment):
    api.get(chain).expect(404, f'Unknown resource "{segment}"')


def test_faults_in_a_siblings_object(api):
    api.get("projects/100/actions,timelogs", {"timelogs": {"foo": 1}}).expect(400, code="unknown_parameter")
    api.get("projects/100/actions,timelogs", {"timelogs": {"limit": 0}}).expect(422)
    api.get("projects/100/actions,timelogs", {"files": {"limit": 1}}).expect(400)


def test_params_are_json_numbers_or_strings_everywhere(api):
    assert ids(api.get("projects", json.dumps({"limit": "3", "offset": "60"}))) == [257, 258, 259]
