"""Chain and parameters against a model in Python, through the real HTTP interface (hypothesis).

The model is written from spec/remote-api.md sections 1 to 3 and knows nothing of the gateway's code.
Examples are derandomized: a failure in CI is the same failure everywhere.
"""

import json
import urllib.parse

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.answers import BASE, credentials

pytestmark = pytest.mark.properties

BOUNDED = settings(max_examples=300, deadline=None, derandomize=True, database=None,
                   suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

# ---- the chain ------------------------------------------------------------------------------------

PLURALS = ["projects", "actions", "topics", "files", "whmcstickets", "ticketxrefs", "timelogs"]
CHILDREN = {"projects": {"actions", "topics", "files", "whmcstickets", "timelogs"},
            "actions": {"topics", "files", "whmcstickets", "timelogs"}}
BAD, UNKNOWN, GOOD = 400, 404, None


def is_number(segment):
    return segment.isascii() and segment.isdigit() and 1 <= int(segment) <= 2 ** 63 - 1


def model(segments):
    """(status, action): what a chain without version and format must come to before the login; GOOD
    means 401 for a caller without credentials."""
    links, position, above = [], 0, None
    while position < len(segments):
        name = segments[position]
        plural = name if name in PLURALS else name + "s" if name + "s" in PLURALS else None
        if plural is None or (above is not None and plural not in CHILDREN.get(above, ())):
            return UNKNOWN, None
        links.append(plural)
        position += 1
        if position == len(segments):
            break
        following = segments[position]
        if following == "bythread" and plural in ("topics", "files"):
            links.append(following)
            return (GOOD, "/".join(links)) if position + 1 == len(segments) else (UNKNOWN, None)
        if following[:1].isdigit() or following[:1] in "+-":
            if not is_number(following):
                return BAD, None
            links.append(str(int(following)))
            position += 1
            above = plural
            if position < len(segments) and segments[position] == "download" and plural == "files":
                return (GOOD, "/".join(links) + "/download") if position + 1 == len(segments) else (UNKNOWN, None)
            continue
        return UNKNOWN, None
    return GOOD, "/".join(links)


SEGMENT = st.one_of(
    st.sampled_from(PLURALS), st.sampled_from([name[:-1] for name in PLURALS]), st.integers(1, 300).map(str),
    st.sampled_from(["0", "-1", "1x", "bythread", "download", "9223372036854775807", "9223372036854775808", "x", "projectss"]))


@BOUNDED
@given(segments=st.lists(SEGMENT, min_size=1, max_size=6), form=st.sampled_from(["path", "rewritten", "action"]),
       blanks=st.lists(st.integers(0, 6), max_size=3), fmt=st.sampled_from(["json", "xml"]))
def test_chains_against_the_model(api, segments, form, blanks, fmt):
    """Sections 1 and 3: any run of segments, in every form, with empty segments strewn in."""
    status, action = model(segments)
    whole = ["v1", *segments, fmt]
    for place in blanks:
        whole.insert(min(place, len(whole)), "")
    if form == "action":
        answer = api.send("GET", BASE + "/api.php", {"action": ".".join(whole)})
    else:
        answer = api.send("GET", BASE + ("/api.php/" if form == "path" else "/api/") + "/".join(whole))
    assert answer.status == (401 if status is GOOD else status), answer.http.text
    if status is GOOD:
        seen = answer.request["action"] if fmt == "json" else answer.tree.findtext("request/action")
        assert seen == action


@BOUNDED
@given(text=st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=20))
def test_any_text_as_segment(api, text):
    """Whatever a segment holds, the answer is a whole envelope that echoes it."""
    segment = urllib.parse.quote(text, safe="")
    for fmt in ("json", "xml"):
        answer = api.send("GET", f"{BASE}/api.php/v1/projects/100/{segment}/{fmt}")
        assert answer.status in (400, 401, 404), answer.http.text
        assert (answer.request["code"] if fmt == "json" else int(answer.tree.findtext("request/code"))) == answer.status


# ---- parameters -------------------------------------------------------------------------------------

COLUMNS = {"action_id": [55, 56, 57, 58, 60], "project_id": [100, 101, 200, 7], "level_class": ["task", "group", "x", "ü&=+%"],
           "ordering": [0, 1, 2], "action_name": ["Entwurf", "Farben wählen", "a b+c", "[]{}\"'\\"]}
ROWS = [(55, 100, "group", 1, "Entwurf"), (56, 100, "task", 1, "Farben wählen"), (57, 100, "milestone", 2, "Abnahme"),
        (58, 101, "task", 0, "Alt"), (60, 200, "task", 0, "Sixty")]
NAMES = ["action_id", "project_id", "level_class", "ordering", "action_name"]

PAIR = st.sampled_from(sorted(COLUMNS)).flatmap(lambda name: st.tuples(st.just(name), st.one_of(
    st.sampled_from(COLUMNS[name]), st.lists(st.sampled_from(COLUMNS[name]), min_size=1, max_size=3, unique=True))))
SOURCE = st.tuples(st.sampled_from(["json", "brackets", "both"]), st.dictionaries(
    st.sampled_from(sorted(COLUMNS)), st.none(), max_size=3).flatmap(
        lambda names: st.fixed_dictionaries({name: st.one_of(st.sampled_from(COLUMNS[name]), st.lists(
            st.sampled_from(COLUMNS[name]), min_size=1, max_size=3, unique=True)) for name in names})))


def brackets(params, indexed):
    pairs = []
    for name, value in params.items():
        if isinstance(value, list):
            pairs += [(f"params[{name}][{index if indexed else ''}]", str(item)) for index, item in enumerate(value)]
        else:
            pairs.append((f"params[{name}]", str(value)))
    return pairs


def encode(way, params, as_text, indexed):
    """One source's pairs: JSON text, brackets, or JSON that the brackets overrule."""
    if way == "json":
        shaped = json.loads(json.dumps(params))
        if as_text:
            shaped = {name: [str(item) for item in value] if isinstance(value, list) else str(value) for name, value in shaped.items()}
        return [("params", json.dumps(shaped, ensure_ascii=False))]
    if way == "brackets":
        return brackets(params, indexed)
    wrong = {name: COLUMNS[name][0] for name in params}
    return [*brackets(params, indexed), ("params", json.dumps(wrong))]


def matches(row, params):
    for name, wanted in params.items():
        value = row[NAMES.index(name)]
        wanted = wanted if isinstance(wanted, list) else [wanted]
        if value not in wanted:
            return False
    return True


@BOUNDED
@given(query=SOURCE, body=st.one_of(st.none(), SOURCE), kind=st.sampled_from(["form", "multipart", "json", "envelope"]),
       as_text=st.booleans(), indexed=st.booleans(), loose=st.booleans())
def test_parameters_against_the_model(api, query, body, kind, as_text, indexed, loose):
    """Section 2: query then body, JSON then brackets, numbers or strings: the same filters."""
    wanted = {**query[1], **(body[1] if body else {})}
    path = BASE + "/api.php/v1/actions/json"
    pairs = [*credentials().items(), ("method", "get"), *encode(*query, as_text, indexed)]
    if loose:
        pairs += [("_", "1699"), ("PHPSESSID", "abc")]
    more = {}
    if body and kind == "form":
        more["data"] = urllib.parse.urlencode(encode(*body, as_text, indexed))
        more["headers"] = {"Content-Type": "application/x-www-form-urlencoded"}
    elif body and kind == "multipart":
        parts = encode(*body, as_text, indexed)
        more["files"] = [(name, (None, value)) for name, value in parts] or None
    elif body:
        inner = body[1]
        more["data"] = json.dumps(inner if kind == "json" else {"params": inner})
        more["headers"] = {"Content-Type": "application/json"}
    answer = api.send("POST", path, pairs, **more).success()
    assert [row["action_id"] for row in answer.response["actions"]] == [row[0] for row in ROWS if matches(row, wanted)]
    assert answer.data["filters"] == wanted


@BOUNDED
@given(text=st.one_of(st.text(max_size=60), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12).map(json.dumps)))
def test_any_params_text(api, text):
    """Whatever params holds: 200, 400 or 422 and a whole envelope, never 500."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    answer = api.send("GET", BASE + "/api.php/v1/projects/json", {**credentials(), "params": text})
    assert answer.status in (200, 400, 422), answer.http.text
    assert answer.request["code"] == answer.status


@BOUNDED
@given(query=st.text(st.sampled_from("params[]=&%20ab1{}\":,;+#method_iduser\u00fc"), max_size=80))
def test_any_query_text(api, query):
    """Any run of the characters that mean something in a query."""
    text = urllib.parse.quote(query, safe="[]=&%{}\":,;+")
    answer = api.send("GET", BASE + "/api.php/v1/projects/json", urllib.parse.urlencode(credentials()) + "&" + text)
    assert answer.status in (200, 400, 401, 405, 422), answer.http.text
    assert answer.request["code"] == answer.status
