"""spec/remote-api.md section 2: where parameters come from and what they may be."""

import json
import urllib.parse

import pytest

from support.answers import BASE, FORMS, address, credentials
from support.oracle import list_data

pytestmark = pytest.mark.parameters

PROJECTS = f"{BASE}/api.php/v1/projects/json"
ACTIONS = f"{BASE}/api.php/v1/actions/json"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
QUOTE = urllib.parse.urlencode


def numbers(answer, name="actions", key="action_id"):
    return [row[key] for row in answer.success().response[name]]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("headers", [{}, FORM, {"Content-Length": "0"}, JSON, {"Content-Type": "text/plain"},
                                     {"Content-Type": "multipart/form-data; boundary=b"}, {"Content-Type": "multipart/form-data"}])
def test_post_with_everything_in_the_query(api, form, headers):
    """Real clients send `POST` with everything in the query string and an empty body."""
    answer = api.get("actions", {"project_id": "100"}, form=form, method="POST", query={"method": "get"}, headers=headers)
    assert numbers(answer) == [55, 56, 57]
    assert answer.request["method"] == "GET"


WAYS = {
    "json string": {"params": '{"project_id":"100","level_class":"task"}'},
    "json number": {"params": '{"project_id":100,"level_class":"task"}'},
    "brackets": {"params[project_id]": "100", "params[level_class]": "task"},
    "loose": {"project_id": "100", "level_class": "task"},
    "json and brackets": {"params": '{"project_id":100,"level_class":"group"}', "params[level_class]": "task"},
    "json and loose": {"params": '{"project_id":100}', "level_class": "task"},
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_in_the_query(api, way):
    answer = api.send("GET", ACTIONS, {**credentials(), **WAYS[way]})
    assert numbers(answer) == [56]
    assert answer.data["filters"] == {"project_id": 100, "level_class": "task"}


@pytest.mark.parametrize("way", WAYS)
def test_ways_in_a_form_body(api, way):
    answer = api.send("POST", ACTIONS, data={**credentials(), "method": "get", **WAYS[way]})
    assert numbers(answer) == [56]


@pytest.mark.parametrize("way", WAYS)
def test_ways_in_a_multipart_body(api, way):
    parts = {name: (None, value) for name, value in {**credentials(), "method": "get", **WAYS[way]}.items()}
    assert numbers(api.send("POST", ACTIONS, files=parts)) == [56]


@pytest.mark.parametrize("way", WAYS)
def test_a_form_body_on_get(api, way):
    """http.md: bodies on GET are read and parsed as parameters like any other."""
    assert numbers(api.send("GET", ACTIONS, data={**credentials(), **WAYS[way]})) == [56]


def test_json_body_is_the_params_object(api):
    answer = api.send("POST", ACTIONS, {**credentials(), "method": "get"}, headers=JSON,
                      data='{"project_id":100,"level_class":"task"}')
    assert numbers(answer) == [56]


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON",
                                          "application/json ; charset=UTF-8"])
def test_json_body_envelope(api, content_type):
    """... unless it has a member `params`: then it is the envelope."""
    body = {**credentials(), "method": "GET", "params": {"project_id": 100, "level_class": "task"}}
    answer = api.send("POST", ACTIONS, data=json.dumps(body), headers={"Content-Type": content_type})
    assert numbers(answer) == [56]


@pytest.mark.parametrize("empty", ["", "null", "{}", "[]", " {} ", " \n[ ]\t"])
def test_empty_params_mean_none(api, empty):
    """empty, null, {} and [] mean none."""
    assert numbers(api.get("actions", empty)) == [55, 56, 57, 58, 60]
    body = {**credentials(), "method": "get", "params": json.loads(empty or '""')}
    if empty:
        assert numbers(api.send("POST", ACTIONS, data=json.dumps(body), headers=JSON)) == [55, 56, 57, 58, 60]


@pytest.mark.parametrize("query,wanted", [
    ("params[action_id][]=55&params[action_id][]=57", [55, 57]),
    ("params[action_id][0]=55&params[action_id][1]=57", [55, 57]),
    ("params[action_id][1]=57&params[action_id][0]=55", [55, 57]),
    ("params%5Baction_id%5D%5B%5D=55&params%5Baction_id%5D%5B%5D=57", [55, 57]),
    ("params[action_id][gte]=56&params[action_id][lt]=58", [56, 57]),
    ("params[action_id][in][]=56&params[action_id][in][]=60", [56, 60]),
    ("params[action_id]=55&params[action_id]=56", [56]),
    ("action_id=55&action_id=57", [57]),
    ('params={"action_id":55,"action_id":56}', [56]),
    ('params={"action_id":55}&params={"action_id":57}', [57]),
    ('params[action_id]=57&params={"action_id":55}', [57]),
    ('params={"project_id":101}&params[action_id][]=55&params[action_id][]=58', [58]),
])
def test_brackets_and_repeated_names(api, query, wanted):
    """PHP-style brackets; brackets win; a name given twice, in JSON too: the last wins."""
    assert numbers(api.send("GET", ACTIONS, query + "&" + QUOTE(credentials()))) == wanted


def test_a_repeated_params_text_is_replaced_or_merged_by_name(api):
    """The same name again: the last wins."""
    answer = api.send("GET", ACTIONS, 'params={"action_id":55}&params={"action_id":[56,57]}&' + QUOTE(credentials()))
    assert numbers(answer) == [56, 57]


def test_the_body_wins_over_the_query(api):
    """Sources, later ones win: query string, then body."""
    answer = api.send("POST", ACTIONS, {**credentials(), "method": "get", "params": '{"action_id":55}'},
                      data={"params": '{"action_id":57}'})
    assert numbers(answer) == [57]
    answer = api.send("POST", ACTIONS, {**credentials("bob", "0" * 32), "method": "get"}, data=credentials())
    assert answer.status == 200


def test_query_and_body_params_are_merged_by_member(api):
    """decisions: params of a later source are merged over earlier ones."""
    answer = api.send("POST", ACTIONS, {**credentials(), "method": "get", "params": '{"project_id":100}'},
                      data='{"level_class":"task"}', headers=JSON)
    assert numbers(answer) == [56]


@pytest.mark.parametrize("name", ["_", "PHPSESSID", "utm_source", "foo", "file_path", "x y", "ü"])
def test_unknown_loose_names_are_ignored(api, name):
    """A top-level name that is not reserved ... otherwise it is ignored."""
    assert numbers(api.get("actions", query={name: "1699"})) == [55, 56, 57, 58, 60]


@pytest.mark.parametrize("words,count", [({"limit": "2"}, 2), ({"limit": "2", "page": "3"}, 1), ({"search": "Farben"}, 1),
                                         ({"sort": "-action_id", "limit": 1}, 1)])
def test_loose_list_words(api, words, count):
    """... when the target resource knows it (a column, or one of the list words)."""
    assert len(numbers(api.get("actions", query=words))) == count


def test_loose_names_with_brackets(api):
    """Only `params` and reserved names are special; a loose `x[]` of no known name is ignored."""
    assert api.get("actions", query={"x[]": "1", "y[a][b]": "2"}).status == 200


@pytest.mark.parametrize("params", [{"foo": 1}, {"project_id": 100, "foo": 1}, {"foo": None}, {"": 1}, {"file_path": "x"}])
def test_unknown_names_in_params(api, params):
    """Inside params an unknown name is an error: 400, naming it and listing what is allowed."""
    answer = api.get("actions", params).expect(400, "Request Invalid or Bad Format", "unknown_parameter")
    name = next(name for name in params if name != "project_id")
    error = next(error for error in answer.response["errors"] if error["code"] == "unknown_parameter")
    assert (error["field"] or "") == name
    assert "action_name" in error["detail"] and "limit" in error["detail"]


def test_every_unknown_name_is_listed(api):
    answer = api.get("actions", {"foo": 1, "bar": 2}).expect(400)
    assert {"foo", "bar"} <= set(answer.fields)


def test_a_hidden_column_does_not_exist(api):
    """data-model.md: a hidden column does not exist, not for filtering, sorting, searching or fields."""
    api.get("files", {"file_path": "a/plan-1.pdf"}).expect(400, code="unknown_parameter", field="file_path")
    api.get("files", {"sort": "file_path"}).expect(422, field="sort")
    api.get("files", {"fields": "file_id,file_path"}).expect(422, field="fields")
    assert api.get("files", {"search": "plan-1.pdf"}).success().response["files"] == []
    api.get("whmcstickets", {"c": "SECRETC1"}).expect(400, field="c")


BAD_JSON = ["{", "}", "{\"a\"", "{'project_id':1}", "{project_id:1}", "[1,2", "5", '"x"', "true", "{\"project_id\":}",
            "{\"project_id\":01}", "{\"project_id\":1,}", "{\"project_id\":1}x", "{\"project_id\":NaN}", "\x00", "[1]",
            "{\"project_id\":\"\\ud800\"}", "{\"project_id\":+1}", "{\"project_id\":1}{}", "/*x*/{}", "nul"]


@pytest.mark.parametrize("text", BAD_JSON)
def test_params_that_are_no_json_object(api, text):
    """400 `Request Invalid or Bad Format` for JSON, naming the field."""
    answer = api.get("projects", text)
    answer.expect(400, "Request Invalid or Bad Format")
    if text not in ('{"project_id":"\\ud800"}',):
        assert "bad_json" in answer.codes and "params" in answer.fields


@pytest.mark.parametrize("body", BAD_JSON + ['{"params":5}', '{"params":"{"}', '{"params":[1]}'])
def test_bodies_that_are_no_json_object(api, body):
    answer = api.send("POST", PROJECTS, {**credentials(), "method": "get"}, headers=JSON, data=body)
    answer.expect(400, "Request Invalid or Bad Format")


def test_params_as_json_text_inside_the_json_envelope(api):
    """params is a JSON object as a string: so it may be in the envelope too."""
    body = json.dumps({**credentials(), "method": "get", "params": '{"action_id":57}'})
    assert numbers(api.send("POST", ACTIONS, data=body, headers=JSON)) == [57]


@pytest.mark.parametrize("query,field", [
    ("params=%7B%22project_name%22%3A%22%FF%22%7D", "params"), ("params[project_name]=%C3%28", "params[project_name]"),
    ("project_name=%ED%A0%80", "project_name"), ("params[project_name]=%C0%80", "params[project_name]")])
def test_invalid_utf8_is_named(api, query, field):
    """Invalid UTF-8 is 400 naming the field."""
    answer = api.send("GET", PROJECTS, query + "&" + QUOTE(credentials()))
    answer.expect(400, "Request Invalid or Bad Format", "bad_encoding")
    assert any(field.rstrip("]").split("[")[-1] in (seen or "") for seen in answer.fields), answer.fields


@pytest.mark.parametrize("fault", ["params={", "params[a=1", "params=[1]", "params[a][b][c][d][e][f][g][h][i]=1"])
def test_credentials_behind_a_faulty_parameter_count(api, fault):
    """Section 5: 401 comes before 400, but here credentials were given: the order of names decides nothing."""
    api.send("GET", PROJECTS, fault + "&" + QUOTE(credentials())).expect(400)
    api.send("GET", PROJECTS, QUOTE(credentials()) + "&" + fault).expect(400)


def test_invalid_utf8_in_bodies(api):
    for headers, body in ((FORM, b"params[project_name]=\xff"), (JSON, b'{"project_name":"\xff"}'),
                          (FORM, b"params[project_name]=%ff")):
        answer = api.send("POST", PROJECTS, {**credentials(), "method": "get"}, headers=headers, data=body)
        answer.expect(400, "Request Invalid or Bad Format")


@pytest.mark.parametrize("value,found", [("100", [100]), (100, [100]), ("0100", None), (" 100", None), ("100 ", None),
                                         ("abc", None), ("", None), ("1e2", None), (1.5, None), ("0x64", None),
                                         ({"eq": "x"}, None), (["100", "y"], None), ("99999999999999999999999", None),
                                         (True, []), ([[100]], None)])
def test_values_and_numeric_columns(api, value, found):
    """`"100"` and `100` mean the same for a numeric column. A value that does not fit is 422
    `The value provided for NAME is invalid or not allowed.`"""
    answer = api.get("projects", {"project_id": value})
    if found is None and value in ("0100", " 100", "100 ") and answer.status == 200:
        pytest.skip("leading zeros and blanks: the spec does not say")
    if found is None:
        answer.expect(422, "The value provided for project_id is invalid or not allowed.", "invalid_value", "project_id")
    else:
        assert numbers(answer, "projects", "project_id") == found


@pytest.mark.parametrize("column,value", [
    ("date_created", "yesterday"), ("date_created", "2026-13-01"), ("date_start", "2026-02-30x"), ("date_start", 5.5),
    ("custom_amount", "1,5"), ("custom_amount", "x"), ("custom_rate", "one"), ("billable", "yes"),
    ("custom_big", "-x"), ("project_complete", "50%"), ("custom_when", "25:00"), ("custom_amount", {"gte": "ten"})])
def test_values_that_do_not_fit_their_type(api, column, value):
    message = f"The value provided for {column} is invalid or not allowed."
    api.get("projects", {column: value}).expect(422, message, "invalid_value", column)


def test_every_bad_value_is_listed_at_once(api):
    """Section 5, errors: 422: every bad field is listed at once; decisions: the message names the first."""
    answer = api.get("projects", {"project_id": "x", "date_start": "y", "limit": 0})
    answer.expect(422, "The value provided for project_id is invalid or not allowed.")
    assert set(answer.fields) == {"project_id", "date_start", "limit"}


@pytest.mark.parametrize("raw", ['{"project_name":{"like":"Pro%25"},"limit":1}', '{"project_status":["Active|x","Active"],"limit":1}',
                                 '{"project_name":{"ne":"^"},"limit":1}'])
def test_raw_braces_in_the_query(gateway, raw):
    """Raw { } " | ^ [ ] in the query are accepted: the vendor's examples print them so."""
    from support.raw import exchange
    target = f"{PROJECTS}?{QUOTE(credentials())}&params={raw}"
    assert exchange(gateway.port, f"GET {target} HTTP/1.1\r\nHost: t\r\n\r\n".encode()).status == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/octet-stream", "text/json", "json",
                                          "application/x-www-form-urlencodedx"])
def test_other_body_types_are_415(api, content_type):
    """Any other type with a non-empty body: 415."""
    answer = api.send("POST", PROJECTS, {**credentials(), "method": "get"}, data="x=1", headers={"Content-Type": content_type})
    answer.expect(415, "Unsupported Media Type", "unsupported_media_type")


def test_415_after_chain_and_method(api):
    """Errors, their order; but what nobody can read might have named them, where it is a POST or no chain is told."""
    def ask(method, path, query=None):
        answer = api.send(method, path, {**credentials(), **(query or {})}, data="x", headers={"Content-Type": "text/plain"})
        return answer.status, answer.codes, answer.request["action"]
    project = address("projects/100")[0]
    assert ask("PUT", PROJECTS) == (405, ["method_not_allowed"], "projects")
    assert ask("DELETE", PROJECTS) == (405, ["method_not_allowed"], "projects")
    assert ask("PUT", project) == (415, ["unsupported_media_type"], "projects/100")
    assert ask("GET", project) == (415, ["unsupported_media_type"], "projects/100")
    assert ask("POST", project) == (415, ["unsupported_media_type"], "projects/100")
    path, pairs = address("projects/100", "direct")
    assert ask("POST", path, pairs) == (415, ["unsupported_media_type"], "projects/100")
    assert ask("PUT", path, {"action": "v1.nothing.json"}) == (404, ["unknown_resource"], "nothing")
    assert ask("PUT", path) == (415, ["unsupported_media_type"], "")


def test_a_body_without_a_type_is_415(api):
    api.send("POST", PROJECTS, {**credentials(), "method": "get"}, data=b"x=1").expect(415)


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=zz"])
def test_broken_multipart(api, content_type):
    """400: the body cannot be read."""
    answer = api.send("POST", PROJECTS, {**credentials(), "method": "get"}, data=b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--',
                      headers={"Content-Type": content_type})
    assert answer.status in (400, 415), answer.http.text


def nested(depth):
    text = "1"
    for _ in range(depth - 1):
        text = '{"eq":%s}' % text
    return '{"project_id":%s}' % text


def test_nesting_limit(api):
    """Limits: nesting 8; past it 400."""
    api.get("projects", nested(9)).expect(400, code="too_deep")
    assert "too_deep" not in api.get("projects", nested(8)).http.text
    brackets = "params" + "[a]" * 9
    api.get("projects", query={brackets: "1"}).expect(400, code="too_deep")


def test_very_deep_json_in_a_body(api):
    body = b'{"a":' * 10000 + b"1" + b"}" * 10000
    answer = api.send("POST", PROJECTS, {**credentials(), "method": "get"}, headers=JSON, data=body)
    assert answer.status in (400, 413)
    assert set(answer.codes) & {"too_deep", "too_large"}


def test_name_limit(api):
    """Limits: 512 names; past it 400."""
    many = {"action_id": list(range(1, 513))}
    api.send("POST", ACTIONS, {**credentials(), "method": "get"}, headers=JSON, data=json.dumps(many)).expect(
        400, code="too_many_names")
    fits = {"action_id": list(range(1, 250))}
    assert api.send("POST", ACTIONS, {**credentials(), "method": "get"}, headers=JSON, data=json.dumps(fits)).status == 200
    api.send("POST", ACTIONS, {**credentials(), "method": "get"}, data="&".join(f"x{i}=1" for i in range(600)),
             headers=FORM).expect(400, code="too_many_names")


def test_params_size_limit(api):
    """Limits: 64 KiB for params; past it 400 (413 for the body)."""
    big = json.dumps({"project_name": "x" * 65537})
    api.send("POST", PROJECTS, {**credentials(), "method": "get"}, data={"params": big}).expect(400, code="too_large")
    fits = json.dumps({"project_name": "x" * 65000})
    assert api.send("POST", PROJECTS, {**credentials(), "method": "get"}, data={"params": fits}).success().data["total"] == 0


def test_plus_and_percent_in_forms(api):
    """WHATWG URL 5.1: + is a space, %2B a plus."""
    for text in ("params[project_name]=Project+200", "params[project_name]=Project%20200", "project_name=Project+200"):
        answer = api.send("GET", PROJECTS, text + "&" + QUOTE(credentials()))
        assert numbers(answer, "projects", "project_id") == [200]
    answer = api.send("GET", PROJECTS, "project_name=Project%2B200&" + QUOTE(credentials()))
    assert answer.success().data == list_data(0, {"project_name": "Project+200"})


@pytest.mark.parametrize("query", ["params[", "params[]=1", "params]=1", "params[project_id=1", "params[a]b=1", "username[]=x",
                                   "params[project_id][=1", "method[]=get", "%5B=1", "&&&=&=x&"])
def test_malformed_brackets_never_break_anything(api, query):
    answer = api.send("GET", PROJECTS, QUOTE(credentials()) + "&" + query)
    assert answer.status in (200, 400, 401, 422), answer.http.text
    assert answer.json["request"]["code"] == answer.status


def test_quotes_and_sql_are_only_text(api, oracle):
    """data-model.md: every value bound, never pasted."""
    for text in ("' OR 1=1 -- ", '" OR ""="', "\\", "x'; DROP TABLE tbladmins; --", "%' OR '%'='", "\x00"):
        for value in (text, {"like": text}, [text], {"ne": text}):
            answer = api.get("projects", {"project_name": value, "limit": 1})
            assert answer.status == 200, answer.http.text
        assert api.get("projects", {"search": text}).status == 200
        assert api.get("projects", {"sort": text}).status == 422
        assert api.get("projects", {"fields": text}).status == 422
        assert api.get("projects", {text: 1}).status == 400
    assert len(oracle.list("projects")) == 63


def test_four_byte_characters_in_filters(api):
    """data-model.md: connect with utf8mb4; a character that the column cannot hold matches nothing."""
    assert api.get("projects", {"project_name": "😀"}).success().data["total"] == 0
    assert api.get("projects", {"project_detail": {"like": "%日本%"}}).success().data["total"] == 1


def test_a_duplicate_of_the_chain_id(api):
    """Section 4: on a single record its own key may be repeated in params; another value is 422."""
    assert api.get("projects/100", {"project_id": "100"}).success().response["project"]["project_id"] == 100
    api.get("projects/100", {"project_id": 101}).expect(422, field="project_id")
    assert numbers(api.get("projects/100/actions", {"project_id": 100})) == [55, 56, 57]


def test_address_helper_is_what_the_spec_prints():
    assert address("projects/100", "clean")[0] == "/modules/addons/wbteampro/api.php/v1/projects/100/json"
    assert address("projects/100", "rewritten")[0] == "/modules/addons/wbteampro/api/v1/projects/100/json"
    assert address("projects/100", "direct") == ("/modules/addons/wbteampro/api.php", {"action": "v1.projects.100.json"})
