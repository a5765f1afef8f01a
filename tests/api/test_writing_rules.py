"""spec/remote-api.md sections 2, 5, 6; data-model.md: what may not be written, told all at once, and nothing stored."""

import json

import pytest

from support.answers import address, credentials
from support.fixture import PREFIX
from support.writing import KEY, LONG_AGO, RESOURCES, SINGULAR, faults

pytestmark = pytest.mark.writing

REQUIRED = "The required data was not provided"
LEAST = {"projects": {"project_name": "p"}, "actions": {"action_name": "a", "project_id": 100}, "topics": {"topic_detail": "t"},
         "files": {"file_name": "f"}, "ticketxrefs": {"ticket_id": 2038}, "timelogs": {}}


def not_allowed(name):
    return f"The value provided for {name} is invalid or not allowed."


@pytest.fixture
def refused(api_writer, store):
    """refused({...}): as POST, as PUT, with the same faults and nothing stored; returns the POST's answer."""
    made = {}

    def ask(params, wanted, resource="projects", status=422, put=True):
        number = made.setdefault(resource, store.insert(resource, **{name: value for name, value in LEAST[resource].items()}))
        with store.unchanged():
            if put:
                answer = api_writer.put(f"{resource}/{number}", body=params).expect(status)
                assert faults(answer) == wanted
            answer = api_writer.post(resource, body={**LEAST[resource], **params}).expect(status)
            assert faults(answer) == wanted
        return answer
    return ask


# ---- names --------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["foo", "Project_Name", "project_name ", "limit", "page", "sort", "fields", "search", "cursor", "count",
                                  "file_path", "password", "a`b", "a'--", "ü", "actions"])
def test_a_name_that_is_unknown(refused, name):
    """Section 2: inside params an unknown name is 400, naming it and listing what is allowed."""
    answer = refused({name: "x"}, {name: "unknown_parameter"}, status=400)
    assert answer.message == "Request Invalid or Bad Format"
    detail = answer.response["errors"][0]["detail"]
    assert "project_name" in detail and "project_id" not in detail.split() and "owner_adminid" not in detail


def test_hidden_columns_do_not_exist(refused, api_writer, store):
    """data-model.md: a hidden column does not exist, for writing neither; loose it is no parameter."""
    refused({"file_path": "../../etc/passwd"}, {"file_path": "unknown_parameter"}, "files", 400)
    answer = api_writer.post("files", {"file_name": "x"}, query={"file_path": "../evil"}).success()
    number = answer.response["file"]["file_id"]
    assert store.value("files", number, "file_path") == "" and "file_path" not in answer.response["file"]


def test_words_of_lists_are_no_parameters_of_a_write(api_writer, store):
    """Loose, they are as good as any other name that the write does not know."""
    answer = api_writer.post("timelogs", {}, query={"limit": "5", "sort": "x", "fields": "y", "cursor": "z", "foo[bar": "1"})
    answer.success()
    assert "fields" not in answer.response["data"]["filters"]


# ---- types and ranges ---------------------------------------------------------------------------

BAD = [  # column, values: 422 on POST and on PUT
    ("project_complete", ["x", "", "1.0", 1.5, "1e2", "0x10", " 1", "1 ", "+1", "--1", None, [], {}, [1], {"eq": 1}, "9" * 40, 2 ** 31,
                          -2 ** 31 - 1, -1, 101, "101", "१"]),
    ("billable", [128, -129, "x", "true", None]),
    ("kind_tiny", [-1, 256, "-1"]),
    ("kind_medium", [2 ** 23, -2 ** 23 - 1]),
    ("kind_year", [1900, 2156, -1, 65536, "19x7"]),
    ("custom_big", [-1, 2 ** 64, "1e3"]),
    ("custom_amount", ["1.234", "0.001", "100000000", "-100000000.00", "x", "", "1,5", "1e2", ".", "-", "1.2.3", "0x1", True, [], "9" * 70]),
    ("kind_price", ["-0.01", "10000", "1.001"]),
    ("kind_bare_number", ["10000", "0.05", None]),
    ("custom_rate", ["x", "", "nan", "inf", "1e400", "1e", "0x1p3", True]),
    ("custom_float", ["1e39", "-1e39"]),
    ("date_start", ["2026-02-30", "2026-13-01", "2026-00-32", "2025-02-29", "1900-02-29", "26-01-01", "2026-1-1", "2026/01/01", "x", "",
                    "2026-01-01 10:00:00", "2026-01-01T00:00:01", "10000-01-01", "2026-01-01 ", "0000-02-29", 20260101, True, None,
                    "2026-01-01\u0000"]),
    ("custom_when", ["2026-02-30 00:00:00", "2026-01-01 24:00:00", "2026-01-01 10:60:00", "2026-01-01 10:00:60", "2026-01-01 10",
                     "2026-01-01T10:00:00Z", "2026-01-01 10:00:00+02:00", "2026-01-01 10:00:00.1", "2026-01-01 10:00:00.", "now()",
                     "NOW", 1767225600, ""]),
    ("kind_moment", ["2026-01-01 10:00:00.1234", "2026-01-01 10:00:00.12345678"]),
    ("kind_stamp", ["1969-12-31 00:00:00", "2300-01-01 00:00:00"]),
    ("kind_span", ["839:00:00", "10:60:00", "1", "", "x", "10:00:00.5", 100000]),
    ("custom_kind", ["red ", "RED", "", "violet", 1, "red,green", True]),
    ("kind_bare_kind", ["", "three", None]),
    ("kind_flags", ["c", "a,c"]),
    ("kind_code", ["abcde", "ünïcö"]),
    ("project_function", ["", "Archive", "archived", None, 1, ["default"]]),
    ("visible_status", ["", "ALL", "nobody"]),
    ("client_visible", ["view", ""]),
    ("project_name", [True, False, None, [], {}, {"a": 1}, ["a"]]),
    ("kind_bare", [None, "x" * 21]),
    ("custom_blob", ["AP8Q", "", "x", 5]),
]


@pytest.mark.parametrize("column,values", BAD, ids=[column for column, _ in BAD])
def test_values_that_do_not_fit(refused, column, values):
    """Section 2: "a value that does not fit the column's type is 422", with what is allowed; found before MySQL does, or mapped."""
    for value in values:
        answer = refused({column: value}, {column: "invalid_value"})
        assert answer.message == not_allowed(column), value


GOOD = [  # column, [(given, stored)]
    ("project_complete", [("0", 0), (100, 100), ("007", 7), (True, 1), (False, 0), ("-0", 0)]),
    ("billable", [(127, 127), ("-128", -128)]),
    ("kind_tiny", [(255, 255)]), ("kind_medium", [(2 ** 23 - 1, 2 ** 23 - 1), (-2 ** 23, -2 ** 23)]),
    ("kind_year", [(2026, 2026), ("1901", 1901), (2155, 2155)]),
    ("custom_big", [(2 ** 64 - 1, 2 ** 64 - 1), ("18446744073709551615", 2 ** 64 - 1), (2 ** 63, 2 ** 63), (0, 0)]),
    ("custom_amount", [("1.5", "1.50"), ("1.500000", "1.50"), (99999999.99, "99999999.99"), ("-99999999.99", "-99999999.99"),
                       ("00000000000001.10", "1.10"), ("-0", "0.00"), (".5", "0.50"), ("5.", "5.00"), ("+1", "1.00"), (3, "3.00")]),
    ("kind_price", [("9999.99", "9999.99"), ("0", "0.00")]),
    ("custom_rate", [("1.25e1", "12.5"), ("-2.5E-1", "-0.25"), (0.1, "0.1"), ("1.7976931348623157e308", "1.7976931348623157e308")]),
    ("date_start", [("0000-00-00", "0000-00-00"), ("2026-00-00", "2026-00-00"), ("2026-05-00", "2026-05-00"), ("2024-02-29", "2024-02-29"),
                    ("9999-12-31", "9999-12-31"), ("2026-01-02 00:00:00", "2026-01-02"), ("2000-02-29", "2000-02-29")]),
    ("custom_when", [("0000-00-00 00:00:00", "0000-00-00 00:00:00"), ("0000-00-00", "0000-00-00 00:00:00"),
                     ("2026-01-02T03:04:05", "2026-01-02 03:04:05"), ("2026-01-02", "2026-01-02 00:00:00"),
                     ("2026-01-02 03:04", "2026-01-02 03:04:00"), ("2026-01-02 03:04:05.000", "2026-01-02 03:04:05")]),
    ("kind_moment", [("2026-01-02 03:04:05.678", "2026-01-02 03:04:05.678"), ("2026-01-02 03:04:05.5", "2026-01-02 03:04:05.500"),
                     ("2026-01-02 03:04:05.678000", "2026-01-02 03:04:05.678")]),
    ("kind_stamp", [("2026-01-02 03:04:05", "2026-01-02 03:04:05"), ("0000-00-00 00:00:00", "0000-00-00 00:00:00")]),
    ("kind_span", [("838:59:59", "838:59:59"), ("-01:02:03", "-01:02:03"), ("10:20", "10:20:00")]),
    ("custom_kind", [("red", "red"), (None, None)]), ("kind_flags", [("a,b", "a,b"), ("", ""), (None, None)]),
    ("kind_code", [("abcd", "abcd"), ("ünïc", "ünïc")]),
    ("project_name", [("ä" * 255, "ä" * 255), (5, "5"), (1.50, "1.5"), ("0", "0")]),
    ("project_notes", [("", ""), (" x ", " x "), ("a\u0000b", "a\u0000b"), ("\uffff\ud7ff", "\uffff\ud7ff"), ("'; DROP TABLE x; --", "'; DROP TABLE x; --"),
                       ("\\", "\\"), ("%s?", "%s?"), ("\u202e\u200b", "\u202e\u200b")]),
    ("custom_raw", [("😀\U0010ffff", "😀\U0010ffff"), (None, None)]),
    ("2nd name", [("two", "two")]), ("visible_status", [("manager", "manager")]),
]


@pytest.mark.parametrize("column,pairs", GOOD, ids=[column for column, _ in GOOD])
def test_values_that_fit(api_writer, store, column, pairs):
    """Stored as given, nothing cut, nothing rounded; the answer says what is stored."""
    for given, stored in pairs:
        params = {"project_name": "p", column: given}
        row = api_writer.post("projects", body=params).success().response["project"]
        assert row[column] == stored, (given, row[column])
        assert row == store.row("projects", row["project_id"])
        other = store.project()
        api_writer.put(f"projects/{other}", body={column: given}).success()
        assert store.row("projects", other)[column] == stored, given


@pytest.mark.parametrize("resource,column,most", [
    ("projects", "project_name", 255), ("projects", "project_type", 64), ("projects", "custom_note", 64), ("actions", "action_status", 64),
    ("topics", "topic_name", 255), ("files", "file_mime", 128), ("timelogs", "timelog_type", 64)])
@pytest.mark.parametrize("letter", ["x", "ä", "日"])
def test_the_length_of_varchar_is_in_characters(refused, api_writer, resource, column, most, letter):
    refused({column: letter * (most + 1)}, {column: "invalid_value"}, resource)
    refused({column: letter * most + " "}, {column: "invalid_value"}, resource)
    answer = api_writer.post(resource, body={**LEAST[resource], column: letter * most}).success()
    assert answer.response[SINGULAR[resource]][column] == letter * most


@pytest.mark.parametrize("text,fits", [("x" * 255, True), ("x" * 256, False), ("ä" * 127 + "x", True), ("ä" * 128, False), ("日" * 85, True),
                                       ("日" * 85 + "x", False)])
def test_the_length_of_text_is_in_bytes(refused, api_writer, text, fits):
    if fits:
        assert api_writer.post("projects", {"project_name": "p", "kind_tinytext": text}).success().response["project"]["kind_tinytext"] == text
    else:
        refused({"kind_tinytext": text}, {"kind_tinytext": "invalid_value"})


def test_the_length_of_a_text_column(api_writer, store):
    """64 KiB of params hold less than a text column does; a list of records may be larger."""
    for text in ("x" * 65535, "日" * 21845):
        body = [{"project_name": "p", "project_detail": text}]
        assert api_writer.post("projects", body=json.dumps(body, ensure_ascii=False).encode()).success() \
            .response["projects"][0]["project_detail"] == text
        with store.unchanged():
            body[0]["project_detail"] += "x"
            answer = api_writer.post("projects", body=json.dumps(body, ensure_ascii=False).encode()).expect(422)
            assert faults(answer) == {"[0].project_detail": "invalid_value"}


@pytest.mark.parametrize("resource,column", [("projects", "project_name"), ("projects", "project_notes"), ("actions", "action_detail"),
                                             ("topics", "topic_detail"), ("files", "file_name"), ("timelogs", "timelog_note")])
@pytest.mark.parametrize("text", ["😀", "a\U00010000b", "\U0010ffff", "e\u0301😀" * 3])
def test_four_byte_characters(refused, resource, column, text):
    """data-model.md: "answered 422 naming the field; nothing is silently cut"."""
    answer = refused({column: text}, {column: "invalid_value"}, resource)
    assert "U+FFFF" in answer.response["errors"][0]["detail"]


@pytest.mark.parametrize("raw", ["%FF", "%C3", "%ED%A0%80", "%F8%88%80%80%80", "%C0%AF", "a%80b"])
def test_text_that_is_not_utf8(api_writer, store, raw):
    """Section 2: "Invalid UTF-8 is 400 naming the field"."""
    path = address("projects")[0]
    who = "&".join(f"{name}={value}" for name, value in credentials().items())
    for query, field in ((f"project_name={raw}", "project_name"), (f"params[project_name]={raw}", "params[project_name]"),
                         (f'params={{"project_name":"{raw}"}}', "params")):
        with store.unchanged():
            answer = api_writer.client.send("POST", path, who + "&" + query).expect(400)
            assert set(faults(answer).values()) <= {"bad_encoding", "bad_json"} and field in faults(answer)


def test_a_lone_surrogate_in_json(api_writer, store):
    """A \\u escape that is no character must not reach the database."""
    for text in ('{"project_name":"\\ud800"}', '{"project_name":"\\udc00\\ud800"}', '{"project_name":"a\\ud83d"}'):
        with store.unchanged():
            api_writer.post("projects", body=text).expect(400, code="bad_encoding", field="params")
    answer = api_writer.post("projects", body='{"project_name":"p","custom_raw":"\\ud83d\\ude00"}').success()
    assert answer.response["project"]["custom_raw"] == "😀"


# ---- required, kept, keys -------------------------------------------------------------------------

MUST = {"projects": ["project_name"], "actions": ["project_id", "action_name"], "topics": ["topic_detail"], "files": ["file_name"],
        "ticketxrefs": ["ticket_id"]}


@pytest.mark.parametrize("resource", MUST)
def test_required(api_writer, store, resource):
    """Section 6: required columns: missing, empty, blank, null or 0."""
    with store.unchanged():
        answer = api_writer.post(resource, {}).expect(422, REQUIRED)
        assert faults(answer) == {name: "required_missing" for name in MUST[resource]}
    number = store.insert(resource, **LEAST[resource])
    for name in MUST[resource]:
        for value in ([0, "0"] if name.endswith("_id") else ["", " ", "\t\n"]):
            with store.unchanged():
                answer = api_writer.post(resource, {**LEAST[resource], name: value}).expect(422, REQUIRED)
                assert faults(answer) == {name: "required_missing"}
                answer = api_writer.put(f"{resource}/{number}", {name: value}).expect(422, REQUIRED)
                assert faults(answer) == {name: "required_missing"}
        with store.unchanged():
            answer = api_writer.put(f"{resource}/{number}", {name: None}).expect(422)
            assert set(faults(answer)) == {name}


KEPT = {
    "projects": dict(owner_adminid=1, date_created=LONG_AGO, date_modified=LONG_AGO, date_activity=LONG_AGO),
    "actions": dict(level_children=0, date_created=LONG_AGO, date_modified=LONG_AGO, date_activity=LONG_AGO),
    "topics": dict(owner_adminid=1, date_created=LONG_AGO, date_modified=LONG_AGO, date_activity=LONG_AGO),
    "files": dict(file_version=3, file_size=7, file_sha256="ab", owner_adminid=1, date_created=LONG_AGO),
    "ticketxrefs": dict(date_created=LONG_AGO),
    "timelogs": dict(owner_adminid=1),
}
OTHER = {"owner_adminid": 2, "level_children": 5, "file_version": 4, "file_size": 8, "file_sha256": "cd"}


@pytest.mark.parametrize("resource", RESOURCES)
def test_kept_columns(api_writer, store, resource):
    """Section 6: a key or kept column that equals what is stored is ignored; a different value is 422. New rows have none."""
    number = store.insert(resource, **LEAST[resource], **KEPT[resource])
    same = {**KEPT[resource], KEY[resource]: number}
    if resource in ("topics", "files"):
        same["thread_id"] = number
    for stringly in (False, True):
        with store.unchanged():
            api_writer.put(f"{resource}/{number}", {name: str(value) if stringly else value for name, value in same.items()}).success()
    for name in same:
        different = number + 1 if name in (KEY[resource], "thread_id") else OTHER.get(name, "2020-01-01 00:00:00")
        for value in (different, None):
            with store.unchanged():
                answer = api_writer.put(f"{resource}/{number}", {name: value}).expect(422, not_allowed(name))
                assert faults(answer) == {name: "invalid_value"}
        if name != "thread_id":
            with store.unchanged():
                answer = api_writer.post(resource, {**LEAST[resource], name: same[name]}).expect(422, not_allowed(name))
                assert faults(answer) == {name: "invalid_value"}
    wrong = {name: number + 1 if name == "thread_id" else OTHER.get(name, "2020-01-01 00:00:00")
             for name in same if name != KEY[resource]}
    with store.unchanged():
        answer = api_writer.put(f"{resource}/{number}", wrong).expect(422)
        assert set(faults(answer)) == set(wrong)
        assert set(faults(api_writer.post(resource, {**LEAST[resource], **KEPT[resource]}).expect(422))) == set(KEPT[resource])


@pytest.mark.parametrize("value", ["x", "", "1.0", [], {}, True, "9" * 30])
def test_a_key_that_is_no_number(api_writer, store, value):
    number = store.project()
    with store.unchanged():
        answer = api_writer.put(f"projects/{number}", {"project_id": value}).expect(422)
        assert faults(answer) == {"project_id": "invalid_value"}
        answer = api_writer.put(f"projects/{number}", {"date_created": value}).expect(422)
        assert faults(answer) == {"date_created": "invalid_value"}


# ---- bounds of the catalog ------------------------------------------------------------------------

@pytest.mark.parametrize("resource,column,least,most", [
    ("projects", "project_complete", 0, 100), ("actions", "action_complete", 0, 100), ("actions", "action_priority", 1, 3),
    ("actions", "action_duration", 0, 2 ** 31 - 1), ("timelogs", "timelog_elapsed", 0, 2 ** 31 - 1)])
def test_bounds(refused, api_writer, resource, column, least, most):
    for value in (least - 1, str(most + 1)):
        answer = refused({column: value}, {column: "invalid_value"}, resource)
        assert str(least) in answer.response["errors"][0]["detail"]
    for value in (least, most):
        assert api_writer.post(resource, {**LEAST[resource], column: value}).success().response[SINGULAR[resource]][column] == value


@pytest.mark.parametrize("resource,column,allowed", [
    ("projects", "project_function", ["default", "template", "archive"]), ("projects", "visible_status", ["all", "manager", "related"]),
    ("actions", "level_class", ["milestone", "group", "task"]), ("actions", "client_visible", ["inherit", "hidden", "view", "modify"]),
    ("topics", "topic_status", ["open", "closed"]), ("files", "file_status", ["open", "closed"]),
    ("timelogs", "timelog_status", ["active", "complete"])])
def test_allowed_values(refused, api_writer, resource, column, allowed):
    answer = refused({column: "other"}, {column: "invalid_value"}, resource)
    assert all(value in answer.response["errors"][0]["detail"] for value in allowed)
    for value in allowed:
        assert api_writer.post(resource, {**LEAST[resource], column: value}).success().response[SINGULAR[resource]][column] == value


# ---- references -----------------------------------------------------------------------------------

REFERENCES = [("projects", "client_userid", 7), ("projects", "client_hostingid", 12), ("projects", "manager_adminid", 2),
              ("projects", "assigned_adminid", 2), ("actions", "manager_adminid", 1), ("actions", "assigned_adminid", 1),
              ("actions", "parent_action_id", 57), ("topics", "project_id", 100), ("topics", "action_id", 57), ("files", "project_id", 100),
              ("files", "action_id", 57), ("timelogs", "project_id", 100), ("timelogs", "action_id", 57), ("timelogs", "ticket_id", 2039),
              ("ticketxrefs", "project_id", 100), ("ticketxrefs", "action_id", 57), ("ticketxrefs", "ticket_id", 2040)]


@pytest.mark.parametrize("resource,column,there", REFERENCES)
def test_references(refused, api_writer, resource, column, there):
    """Section 6: they "must exist (0 means none where the column allows it)"."""
    for value in (99999, "99999", -1, 2 ** 31 - 1):
        refused({column: value}, {column: "invalid_value"}, resource)
    row = api_writer.post(resource, {**LEAST[resource], column: str(there)}).success().response[SINGULAR[resource]]
    assert row[column] == there
    if column != "ticket_id" or resource != "ticketxrefs":
        row = api_writer.put(f"{resource}/{row[KEY[resource]]}", {column: 0}).success().response[SINGULAR[resource]]
        assert row[column] == 0


def test_a_contact_is_not_looked_up(api_writer):
    """client_contactid names a table that nobody described."""
    assert api_writer.post("projects", {"project_name": "p", "client_contactid": 4711}).success().response["project"]["client_contactid"] == 4711


def test_a_merged_ticket_is_none(refused):
    """data-model.md: rows with merged_ticket_id <> 0 are left out; they cannot be named either."""
    refused({"ticket_id": 2041}, {"ticket_id": "invalid_value"}, "timelogs")
    refused({"ticket_id": 2041}, {"ticket_id": "invalid_value"}, "ticketxrefs")


def test_a_thread_is_its_first_row(refused, api_writer, store):
    first = store.insert("topics", project_id=100, topic_detail="x")
    second = store.insert("topics", project_id=100, topic_detail="x", thread_id=first)
    refused({"thread_id": second}, {"thread_id": "invalid_value"}, "topics", put=False)
    refused({"thread_id": 99999}, {"thread_id": "invalid_value"}, "topics", put=False)
    refused({"thread_id": -1}, {"thread_id": "invalid_value"}, "topics", put=False)
    api_writer.post("topics", {"topic_detail": "x", "thread_id": first}).success()


def test_parents_that_disagree(api_writer, store, branch):
    """Section 3: "Parents that disagree, with the chain or with each other, are 422"."""
    project, other, action = branch["project"], branch["other"], branch["action"]
    elsewhere, topic = store.action(other), branch[0]["topics"]
    cases = [
        ("timelogs", {"project_id": other, "action_id": action}, "action_id"), ("topics", {"project_id": other, "action_id": action, "topic_detail": "x"}, "action_id"),
        ("ticketxrefs", {"project_id": other, "action_id": action, "ticket_id": 2038}, "action_id"),
        ("actions", {"project_id": other, "parent_action_id": action, "action_name": "x"}, "parent_action_id"),
        (f"projects/{project}/actions", {"parent_action_id": elsewhere, "action_name": "x"}, "parent_action_id"),
        (f"projects/{project}/timelogs", {"action_id": elsewhere}, "action_id"), (f"actions/{action}/timelogs", {"project_id": other}, "action_id"),
        (f"projects/{project}/timelogs", {"project_id": other}, "project_id"), (f"projects/{project}/timelogs", {"project_id": None}, "project_id"),
        (f"projects/{project}/timelogs", {"project_id": 0}, "project_id"), (f"projects/{project}/timelogs", {"project_id": "x"}, "project_id"),
        (f"actions/{action}/timelogs", {"action_id": elsewhere}, "action_id"), (f"actions/{action}/timelogs", {"action_id": 0}, "action_id"),
        (f"projects/{project}/actions/{action}/timelogs", {"action_id": elsewhere}, "action_id"),
        (f"projects/{project}/actions/{action}/timelogs", {"project_id": other}, "action_id"),
        ("topics", {"thread_id": topic, "project_id": other, "topic_detail": "x"}, "thread_id"),
        ("topics", {"thread_id": topic, "action_id": action, "topic_detail": "x"}, "thread_id"),
        (f"projects/{other}/topics", {"thread_id": topic, "topic_detail": "x"}, "thread_id"),
        (f"actions/{action}/topics", {"thread_id": topic, "topic_detail": "x"}, "thread_id"),
    ]
    for chain, params, field in cases:
        with store.unchanged():
            answer = api_writer.post(chain, params).expect(422)
            assert field in faults(answer) and set(faults(answer).values()) == {"invalid_value"}, (chain, params)


def test_circles_in_a_tree(api_writer, store, branch):
    """An action can hang neither on itself nor on anything below it."""
    deep = store.action(branch["project"], parent_action_id=branch["sub"])
    for parent in (branch["action"], branch["sub"], deep):
        with store.unchanged():
            answer = api_writer.put(f"actions/{branch['action']}", {"parent_action_id": parent}).expect(422)
            assert faults(answer) == {"parent_action_id": "invalid_value"}
    beside = store.action(branch["project"])
    api_writer.put(f"actions/{branch['action']}", {"parent_action_id": beside}).success()
    with store.unchanged():
        api_writer.put(f"actions/{beside}", {"parent_action_id": deep}).expect(422)


# ---- all at once ----------------------------------------------------------------------------------

def test_all_faults_at_once(api_writer, store):
    """Section 5: "every bad field is listed at once", each once, in the order given, the missing ones last."""
    params = {"project_complete": 101, "foo": 1, "date_start": "x", "client_visible": "x", "custom_amount": "1.234", "billable": 1,
              "project_notes": "😀", "kind_bare": None}
    with store.unchanged():
        answer = api_writer.post("projects", params).expect(400, "Request Invalid or Bad Format")
    assert [(error["field"], error["code"]) for error in answer.response["errors"]] == [
        (name, "unknown_parameter" if name == "foo" else "invalid_value") for name in params if name != "billable"] + [
        ("project_name", "required_missing")]
    del params["foo"]
    with store.unchanged():
        assert len(faults(api_writer.post("projects", params).expect(422, not_allowed("project_complete")))) == 7


def test_faults_of_references_at_once(api_writer, store, branch):
    """Those that the database alone can tell come together as well."""
    params = {"project_id": branch["other"], "action_id": branch["action"], "ticket_id": 99999}
    with store.unchanged():
        assert set(faults(api_writer.post("timelogs", params).expect(422))) == {"action_id", "ticket_id"}
    with store.unchanged():
        answer = api_writer.put(f"projects/{branch['project']}", {"manager_adminid": 99, "client_userid": 99, "owner_adminid": 77,
                                                                   "date_created": "2020-01-01 00:00:00"}).expect(422)
        assert set(faults(answer)) == {"manager_adminid", "client_userid", "owner_adminid", "date_created"}


# ---- 404, 409, 412 and their order ----------------------------------------------------------------

def test_chains_that_lead_nowhere(api_writer, store, branch):
    """Section 3: "Every {id} must belong to the record before it, else 404"."""
    project, other, action, sub = branch["project"], branch["other"], branch["action"], branch["sub"]
    elsewhere = store.action(other)
    timelog, stray = branch[action]["timelogs"], store.insert("timelogs", project_id=other)
    for chain in ("projects/99999/timelogs", "actions/99999/timelogs", f"projects/{other}/actions/{action}/timelogs",
                  f"projects/{project}/actions/{elsewhere}/timelogs", f"projects/99999/actions/{action}/timelogs", "projects/9223372036854775807/actions"):
        with store.unchanged():
            api_writer.post(chain, {} if chain.endswith("timelogs") else {"action_name": "x"}).expect(404, "Record Not Found")
    for chain in ("timelogs/99999", "projects/99999", f"projects/{other}/timelogs/{timelog}", f"actions/{sub}/timelogs/{timelog}",
                  f"projects/{project}/timelogs/{stray}", f"projects/{project}/actions/{sub}/timelogs/{timelog}",
                  f"projects/{other}/actions/{action}/timelogs/{timelog}", f"projects/{other}/actions/{action}", "topics/9223372036854775807"):
        for method in ("PUT", "DELETE"):
            with store.unchanged():
                api_writer.send(method, chain, {}).expect(404, "Record Not Found", "record_not_found")
    # a timelog belongs to the project through its action alone, too
    through = store.insert("timelogs", action_id=action)
    api_writer.put(f"projects/{project}/timelogs/{through}", {"timelog_note": "x"}).success()
    api_writer.delete(f"projects/{project}/timelogs/{through}").success()


@pytest.mark.parametrize("chain", ["projects/0", "projects/-1", "projects/1x", "projects/9223372036854775808", "projects/+1"])
def test_ids_that_are_none(api_writer, store, chain):
    with store.unchanged():
        for method in ("PUT", "DELETE"):
            api_writer.send(method, chain, {}).expect(400, code="bad_id")
        api_writer.post(chain + "/actions", {"action_name": "x"}).expect(400, code="bad_id")


@pytest.fixture
def archived(store, branch):
    store.set("projects", branch["project"], project_function="archive")
    return branch


def locked(answer):
    answer.expect(409, "Record Locked", "record_locked", "project_id")
    assert len(answer.response["errors"]) == 1


def test_archived_projects(api_writer, store, archived):
    """Section 6: "Archived projects are read-only": the project, and everything below it."""
    project, action, sub = archived["project"], archived["action"], archived["sub"]
    with store.unchanged():
        for params in ({}, {"project_name": "x"}, {"project_function": "default"}):
            locked(api_writer.put(f"projects/{project}", params))
        locked(api_writer.delete(f"projects/{project}"))
        locked(api_writer.delete(f"projects/{project}", {"force": 1}))
        for number in (action, sub):
            locked(api_writer.put(f"actions/{number}", {"action_name": "x"}))
            locked(api_writer.delete(f"actions/{number}"))
        for where in (0, action, sub):
            for resource, number in archived[where].items():
                locked(api_writer.put(f"{resource}/{number}", {}))
                locked(api_writer.delete(f"{resource}/{number}"))
        for resource in ("actions", "topics", "files", "timelogs"):
            locked(api_writer.post(f"projects/{project}/{resource}", {name: value for name, value in LEAST[resource].items() if name != "project_id"}))
        for resource in ("topics", "files", "timelogs"):
            locked(api_writer.post(f"actions/{sub}/{resource}", LEAST[resource]))
            locked(api_writer.post(f"projects/{project}/actions/{action}/{resource}", LEAST[resource]))
            locked(api_writer.post(resource, {**LEAST[resource], "project_id": project}))
            locked(api_writer.post(resource, {**LEAST[resource], "action_id": sub}))
        locked(api_writer.post("ticketxrefs", {"ticket_id": 2038, "action_id": sub}))
        locked(api_writer.post("actions", {"action_name": "x", "project_id": project}))
        for resource in ("topics", "files"):
            locked(api_writer.post(resource, {**LEAST[resource], "thread_id": archived[0][resource]}))
    assert api_writer.get(f"projects/{project}/actions").status == 200


def test_what_hangs_on_an_archived_projects_action_alone(api_writer, store, archived):
    stray = store.insert("timelogs", action_id=archived["sub"])
    with store.unchanged():
        locked(api_writer.put(f"timelogs/{stray}", {"timelog_note": "x"}))
        locked(api_writer.delete(f"timelogs/{stray}"))


def test_moving_into_and_out_of_an_archived_project(api_writer, store, archived):
    outside = store.insert("timelogs", project_id=archived["other"])
    action = store.action(archived["other"])
    with store.unchanged():
        locked(api_writer.put(f"timelogs/{outside}", {"project_id": archived["project"]}))
        locked(api_writer.put(f"timelogs/{outside}", {"project_id": 0, "action_id": archived["sub"]}))
        locked(api_writer.put(f"actions/{action}", {"project_id": archived["project"]}))
        locked(api_writer.put(f"timelogs/{archived[0]['timelogs']}", {"project_id": archived["other"]}))


def test_archiving_is_a_write_like_any(api_writer, store, branch):
    api_writer.put(f"projects/{branch['project']}", {"project_function": "archive"}).success()
    with store.unchanged():
        locked(api_writer.put(f"projects/{branch['project']}", {"project_function": "default"}))
    answer = api_writer.post("projects", {"project_name": "born old", "project_function": "archive"}).success()
    with store.unchanged():
        locked(api_writer.delete(f"projects/{answer.response['project']['project_id']}"))


def test_the_order_of_errors(api_writer, store, archived):
    """Section 5: parameters (400, 422), 404, 412, 409, references (422)."""
    number, stale = archived[0]["timelogs"], {"If-Match": '"stale.tag"'}
    wrong = {"project_id": 99999, "owner_adminid": 99}  # told by the database
    with store.unchanged():
        for chain in ("timelogs/99999", f"projects/{archived['other']}/timelogs/{number}"):
            api_writer.put(chain, {**wrong, "foo": 1}, headers=stale).expect(400)
            api_writer.put(chain, {**wrong, "timelog_elapsed": -1}, headers=stale).expect(422, not_allowed("timelog_elapsed"))
            api_writer.put(chain, {"timelog_note": "x"}, headers=stale).expect(404)
        api_writer.put("timelogs/99999", wrong, headers=stale).expect(404)
        api_writer.put(f"timelogs/{number}", wrong, headers=stale).expect(412)
        api_writer.delete(f"timelogs/{number}", headers=stale).expect(412)
        api_writer.put(f"timelogs/{number}", wrong).expect(409)
        api_writer.post(f"projects/{archived['project']}/timelogs", {"ticket_id": 99999}).expect(409)
        api_writer.post("projects/99999/timelogs", {"project_id": archived["project"]}).expect(422)
        api_writer.post("actions/99999/timelogs", {"project_id": archived["project"]}).expect(404)
        api_writer.put(f"timelogs/{number}", {"foo": 1}, user=None).expect(401)
        api_writer.put(f"timelogs/{number}", {"foo": 1}, user="dave").expect(403)
        api_writer.put("timelogs", {"foo": 1}, user=None).expect(405)
    store.set("projects", archived["project"], project_function="default")
    with store.unchanged():
        assert set(faults(api_writer.put(f"timelogs/{number}", wrong).expect(422))) == set(wrong)


# ---- what MySQL alone knows -----------------------------------------------------------------------

@pytest.fixture(scope="module")
def strange(mariadb, module_gateway):
    """A database with rules that no catalog can tell."""
    from support import writing
    writing.load(mariadb, "written_strange")
    mariadb.run(f"ALTER TABLE {PREFIX}project ADD COLUMN code varchar(20) NULL UNIQUE, ADD CONSTRAINT c CHECK (custom_amount <> 13), "
                "ADD COLUMN made varchar(300) AS (CONCAT(project_name, '!')) PERSISTENT, ADD COLUMN doc json NULL, "
                "ADD COLUMN latin varchar(20) CHARACTER SET latin1 NULL, "
                "ADD COLUMN letters varchar(10) CHARACTER SET ascii NULL, MODIFY project_type varchar(8) NOT NULL DEFAULT ''",
                database="written_strange")
    mariadb.run(f"CREATE TRIGGER guard BEFORE INSERT ON {PREFIX}topic FOR EACH ROW BEGIN IF NEW.topic_name = 'no' THEN "
                "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'SECRET reason'; END IF; END", database="written_strange")
    server = module_gateway({"mysql.database": "written_strange"})
    return writing.Writer(server.url), writing.Store(mariadb, "written_strange"), server


@pytest.mark.parametrize("params,field", [
    ({"code": "taken"}, "project"), ({"custom_amount": "13.00"}, "project"), ({"doc": "{"}, "doc"), ({"latin": "日"}, "latin"),
    ({"letters": "ä"}, "letters")])
def test_mysqls_own_refusal(strange, params, field):
    """Issue: "MySQL's own refusal is mapped to the same answer"; nothing of the SQL is told."""
    writer, store, _ = strange
    if not store.ids("projects", "code='taken'"):
        store.project(code="taken")
    number = store.project()
    with store.unchanged():
        for answer in (writer.post("projects", {"project_name": "p", **params}), writer.put(f"projects/{number}", params),
                       writer.post("projects", [{"project_name": "p"}, {"project_name": "p", **params}])):
            answer.expect(422)
            (error,) = answer.response["errors"]
            assert error["field"].split(".")[-1] in (field, *params) and error["code"] == "invalid_value"
            assert "SECRET" not in answer.http.text and "CONSTRAINT" not in answer.http.text.upper()


def test_latin_text_in_a_latin_column(strange):
    """A column of another character set holds what that set has."""
    writer, store, _ = strange
    row = writer.post("projects", {"project_name": "p", "latin": "äöü€"}).success().response["project"]
    assert row["latin"] == "äöü€" and store.value("projects", row["project_id"], "latin") == "äöü€"


def test_a_generated_column(strange):
    """It is made by the database, and cannot be given."""
    writer, store, _ = strange
    row = writer.post("projects", {"project_name": "p"}).success().response["project"]
    assert row["made"] == "p!"
    with store.unchanged():
        assert faults(writer.post("projects", {"project_name": "p", "made": "q"}).expect(422)) == {"made": "invalid_value"}
        assert faults(writer.put(f"projects/{row['project_id']}", {"made": "q"}).expect(422)) == {"made": "invalid_value"}
        writer.put(f"projects/{row['project_id']}", {"made": "p!"}).success()


def test_a_trigger_that_refuses(strange):
    writer, store, _ = strange
    with store.unchanged():
        answer = writer.post("topics", {"topic_name": "no", "topic_detail": "x"}).expect(422)
    assert answer.fields == ["topic"] and "SECRET" not in answer.http.text
    writer.post("topics", {"topic_name": "yes", "topic_detail": "x"}).success()
