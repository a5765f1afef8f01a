"""spec/remote-api.md section 5: JSON, XML, characters, numbers; http.md: compression, validators."""

import base64
import gzip
import json
import re
import time
from email.utils import parsedate_to_datetime

import brotli
import pytest

from support.answers import Client, address, credentials, expected_xml, same_xml, seen_xml
from support.oracle import Exact
from support.raw import exchange, raw_request

pytestmark = pytest.mark.envelope


def test_json_types(api):
    """Integers as numbers, decimals with their scale kept, dates, zero dates, null, base64."""
    text = api.get("projects/100").success().http.text
    row = api.get("projects/100").response["project"]
    assert row["custom_amount"] == Exact("1234.50") and re.search(r'"custom_amount": ?1234\.50[,}]', text)
    assert row["custom_big"] == 18446744073709551615 and isinstance(row["project_id"], int)
    assert isinstance(row["custom_rate"], Exact) and row["custom_rate"] == "0.25"
    assert row["date_finish"] == "0000-00-00" and row["date_modified"] == "0000-00-00 00:00:00"
    assert row["date_activity"] == "2026-03-01 08:00:00"
    assert row["custom_note"] is None
    assert base64.b64decode(row["custom_blob"]) == b"\x00\xff\x10"
    assert api.get("projects/101").response["project"]["custom_amount"] == "-0.01"
    assert api.get("projects/102").response["project"]["custom_amount"] == "0.00"


def test_texts_survive(api, oracle):
    row = api.get("projects/100").success().response["project"]
    assert row["project_name"] == "Relaunch – Müller & Söhne <GmbH>"
    assert row["project_detail"] == "Zeile 1\r\nZeile 2\t\"q\" 'a' \\ / ünïcödé 日本"
    row = api.get("projects/102").success().response["project"]
    assert row["project_name"] == "Steuer\x01zeichen\x0b und \x7f"
    assert row["project_detail"] == "a\x00b]]>&amp;<x/>"


def squeeze(text):
    return re.sub("\ufffd+", "\ufffd", text)


def test_bad_utf8_becomes_replacement_characters(api):
    """Text that is not valid UTF-8 in the database is sent with U+FFFD, never as a broken document."""
    raw = api.get("projects/102").success().http.content.decode("utf-8")
    value = json.loads(raw)["response"]["project"]["custom_raw"]
    assert squeeze(value) == "A\ufffdB\ufffd(\ufffdC"
    tree = api.get("projects/102", fmt="xml").tree
    assert squeeze(tree.findtext("response/project/custom_raw")) == "A\ufffdB\ufffd(\ufffdC"
    assert len(api.get("projects", {"limit": 500}).success().response["projects"]) == 63


def test_characters_that_xml_forbids(api):
    """Characters that XML 1.0 forbids become U+FFFD; DEL is allowed."""
    tree = api.get("projects/102", fmt="xml").tree
    assert tree.findtext("response/project/project_name") == "Steuer\ufffdzeichen\ufffd und \x7f"
    assert tree.findtext("response/project/project_detail") == "a\ufffdb]]>&amp;<x/>"


def test_names_that_xml_forbids(api):
    """A name that XML forbids becomes <item name="…">."""
    tree = api.get("projects/100", fmt="xml").tree
    items = tree.findall("response/project/item")
    assert [(item.get("name"), item.text) for item in items] == [("2nd name", "zwei")]


def test_xml_null_and_lists(api):
    """null: an empty element with nil="true"; list="true" on the list also when it is empty."""
    tree = api.get("projects/100", fmt="xml").tree
    note = tree.find("response/project/custom_note")
    assert note.get("nil") == "true" and not note.text
    empty = api.get("projects/200/topics", fmt="xml").tree.find("response/topics")
    assert empty.get("list") == "true" and len(empty) == 0
    one = api.get("actions/55/topics", fmt="xml").tree.find("response/topics")
    assert one.get("list") == "true" and [child.tag for child in one] == ["topic", "topic"]
    assert api.get("projects/101", fmt="xml").tree.find("response/project/custom_note").get("nil") is None


def test_xml_declares_utf8(api):
    head = api.get("projects/100", fmt="xml").http.content[:60].lower()
    assert head.startswith(b"<?xml version=\"1.0\" encoding=\"utf-8\"")


@pytest.mark.parametrize("chain,params", [("projects", {"limit": 500}), ("projects", {"project_id": {"gte": 1, "lt": 5}}),
                                          ("projects", {"project_id": [1, 2]}), ("projects/100/actions,files", None),
                                          ("projects", {"custom_note": None, "limit": 3})])
def test_xml_is_the_same_tree(api, chain, params):
    document = api.get(chain, params).success().json
    document["request"]["format"] = "xml"
    seen = api.get(chain, params, fmt="xml")
    if "filters" in json.dumps(document) and "[" in json.dumps(document["response"]["data"]["filters"]):
        document["response"]["data"].pop("filters")
        filters = seen.tree.find("response/data/filters/project_id")
        assert filters.get("list") == "true" and [child.text for child in filters] == ["1", "2"]
        return
    same_xml(seen_xml(seen.tree), expected_xml("api", document))


def test_xml_after_other_answers(start_gateway):
    """Section 5: one worker's answers, of tables, shapes and outcomes in turn, are the tree each for itself."""
    api = Client(start_gateway({"mysql.workers": 1}).url)
    asked = [("projects", None), ("whmcstickets", None), ("projects/7777", None), ("whmcstickets/2040", None), ("whmcstickets/2039", None),
             ("topics/bythread", None), ("projects/102", None), ("projects/200/topics", None), ("projects/100/actions,files", None),
             ("projects", {"foo": 1}), ("projects", {"custom_note": None, "limit": 3}), ("ticketxrefs", None), ("projects/100", None)]
    first = {}
    for turn in range(3):
        for place, (chain, params) in enumerate(asked[::-1] if turn == 1 else asked):
            seen = api.get(chain, params, fmt="xml")
            assert seen.http.content == first.setdefault((chain, str(params)), seen.http.content), (turn, place, chain)
            document = api.get(chain, params).json
            document["request"]["format"] = "xml"
            same_xml(seen_xml(seen.tree), expected_xml("api", document))


@pytest.mark.parametrize("chain,params,user", [("projects/7777", None, "alice"), ("nope", None, "alice"), ("projects/100", None, None),
                                               ("projects", {"foo": 1, "bar": 2}, "alice"), ("projects", {"limit": 0}, "alice")])
def test_errors_in_xml(api, chain, params, user):
    """Errors carry the same tree: request and response/errors."""
    document = api.get(chain, params, user=user).json
    answer = api.get(chain, params, user=user, fmt="xml")
    assert answer.status == document["request"]["code"]
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    tree = answer.tree
    assert [child.tag for child in tree.find("request")] == ["action", "method", "format", "code", "message"]
    assert tree.findtext("request/message") == document["request"]["message"]
    errors = tree.find("response/errors")
    assert errors.get("list") == "true"
    assert [error.findtext("code") for error in errors] == [error["code"] for error in document["response"]["errors"]]
    assert len({error.tag for error in errors}) == 1


def test_json_numbers_as_strings(start_gateway, oracle):
    """remote.json_numbers=string sends every scalar as a string."""
    api = Client(start_gateway({"remote.json_numbers": "string"}).url)
    answer = api.get("projects/100")
    wanted = {name: value if value is None else str(value) for name, value in oracle.record("projects", 100).items()}
    assert answer.response["project"] == wanted

    def scalars(tree):
        if isinstance(tree, dict):
            for member in tree.values():
                yield from scalars(member)
        elif isinstance(tree, list):
            for item in tree:
                yield from scalars(item)
        else:
            yield tree
    for chain in ("projects", "projects/100/actions,timelogs", "whmcstickets", "topics/bythread"):
        document = json.loads(api.get(chain).http.text)
        assert not [value for value in scalars(document) if isinstance(value, (int, float)) and value is not None]
    # Refused by a worker, before a login, and for a chain that leads nowhere.
    for code, chain, user in ((404, "projects/999999", "alice"), (401, "projects", None), (404, "nope", "alice")):
        document = json.loads(api.get(chain, user=user).http.text)
        assert document["request"]["code"] == str(code) and not [value for value in scalars(document) if isinstance(value, (int, float))]


# ---- headers -----------------------------------------------------------------------------------

@pytest.mark.parametrize("chain,user", [("projects/100", "alice"), ("projects/7777", "alice"), ("projects/100", None), ("nope", None)])
def test_headers_of_every_answer(api, chain, user):
    for fmt in ("json", "xml"):
        answer = api.get(chain, fmt=fmt, user=user)
        assert answer.headers["Content-Type"] == f"application/{fmt}; charset=utf-8"
        assert answer.headers["Server"] == "portcullis"
        assert abs(parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()) < 3
        assert answer.headers["Date"].endswith(" GMT")
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Content-Length"] == str(len(answer.http.content))
        assert answer.headers.get("X-Request-Id")


@pytest.mark.parametrize("sane", ["abc-123", "0af7651916cd43dd8448eb211c80319c"])
def test_request_id_is_taken_over_when_sane(api, gateway, sane):
    """operations.md: X-Request-Id, taken over when sane."""
    assert api.get("projects/100", headers={"X-Request-Id": sane}).headers["X-Request-Id"] == sane
    gateway.find_log(sane)
    for insane in ("x" * 1000, 'a"b\\c', "a b\tc", "<script>"):
        seen = api.get("projects/100", headers={"X-Request-Id": insane}).headers["X-Request-Id"]
        assert seen != insane and len(seen) < 200


def accept(api, value, chain="projects", fmt="json", **more):
    """Asks with that Accept-Encoding and leaves the body as it came."""
    headers = {} if value is None else {"Accept-Encoding": value}
    path, query = address(chain, fmt=fmt)
    request = {**credentials(), **query}
    headers.update(more)
    import urllib.parse
    lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    port = int(api.url.rsplit(":", 1)[1])
    return exchange(port, f"GET {path}?{urllib.parse.urlencode(request)} HTTP/1.1\r\nHost: t\r\n{lines}\r\n".encode())


DECODE = {None: lambda body: body, "gzip": gzip.decompress, "br": brotli.decompress}


@pytest.mark.parametrize("value,coding", [
    (None, None), ("identity", None), ("gzip", "gzip"), ("br", "br"), ("gzip, br", "br"), ("br, gzip", "br"), ("GZIP", "gzip"),
    ("gzip;q=1, br;q=0.5", "gzip"), ("gzip;q=0.5, br;q=1.0", "br"), ("br;q=0, gzip", "gzip"), ("gzip;q=0", None),
    ("br;q=0, gzip;q=0", None), ("*", "br"), ("*;q=0", None), ("gzip;q=0, *", "br"), ("br;q=0.000,*;q=0.5", "gzip"),
    ("identity;q=1, gzip;q=0.5", None), ("deflate", None), ("x-gzip", "gzip"), ("gzip ; q=0.8 , br ; q=0.2", "gzip"),
    ("", None), ("gzip;q=0.001", "gzip"), (",,gzip,,", "gzip")])
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_compression(api, value, coding, fmt):
    """Compressed when Accept-Encoding (with q-values, RFC 9110 12.5.3) allows brotli or gzip."""
    reply = accept(api, value, fmt=fmt)
    assert reply.status == 200
    assert reply.field("Content-Encoding") == coding
    assert "accept-encoding" in reply.field("Vary").lower()
    plain = accept(api, None, fmt=fmt).body
    assert DECODE[coding](reply.body) == plain
    assert reply.field("Content-Length") == str(len(reply.body))


def test_small_answers_are_not_compressed(api):
    """Answers above http.compress_min (1 KiB); Vary on all that could be."""
    reply = accept(api, "gzip, br", chain="projects/200/topics,files")
    small = accept(api, "gzip, br", chain="projects/7777")
    assert small.field("Content-Encoding") is None
    assert reply.status == 200


def test_compressed_head_has_the_fields_of_get(api):
    for coding in ("gzip", "br"):
        get = api.get("projects", headers={"Accept-Encoding": coding})
        head = api.get("projects", headers={"Accept-Encoding": coding}, method="HEAD")
        for name in ("Content-Encoding", "Content-Length", "ETag", "Vary"):
            assert head.headers.get(name) == get.headers.get(name), name


def test_compression_may_be_off(start_gateway):
    """http.compress_min: 0 = never compress."""
    api = Client(start_gateway({"http.compress_min": "0"}).url)
    assert accept(api, "gzip, br").field("Content-Encoding") is None


# ---- validators --------------------------------------------------------------------------------

ETAG = re.compile(r'^(W/)?"[\x21\x23-\x7e]*"$')


@pytest.mark.parametrize("chain", ["projects/100", "projects", "projects/100/actions", "whmcstickets/2039", "config", "api/resources",
                                   "topics/bythread"])
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_etag_and_304(api, chain, fmt):
    """If-None-Match on wire GET and HEAD compares the whole: 304 without body."""
    answer = api.get(chain, fmt=fmt)
    tag = answer.headers["ETag"]
    assert ETAG.match(tag)
    assert api.get(chain, fmt=fmt).headers["ETag"] == tag, "the same answer has the same tag"
    for method in ("GET", "HEAD"):
        for match in (tag, f'"x", {tag}', "*", tag.replace("W/", ""), f"W/{tag}" if not tag.startswith("W/") else tag,
                      f'"a","b" , {tag},"c"'):
            again = api.get(chain, fmt=fmt, method=method, headers={"If-None-Match": match})
            assert again.status == 304, match
            assert again.http.content == b"" and again.headers["ETag"] == tag
            assert "Cache-Control" in again.headers and "Vary" in again.headers and "Date" in again.headers
        for other in ('"nope"', tag[:-2] + 'x"', "", "nonsense"):
            assert api.get(chain, fmt=fmt, method=method, headers={"If-None-Match": other}).status == 200


def test_tags_on_several_lines(api, gateway):
    """RFC 9110 5.3: several lines of If-None-Match are one list."""
    tag = api.get("projects/100").headers["ETag"]
    for tags, status in (('"x"', tag), 304), ((tag, '"x"'), 304), (("", '"x"', tag), 304), (('"x"', '"y"'), 200):
        lines = "".join(f"If-None-Match: {one}\r\n" for one in tags)
        assert exchange(gateway.port, raw_request("projects/100", lines)).status == status, tags


def test_tags_stay_whole_under_repetition(api):
    """A tag is made of the answer alone: the hundredth 304 carries the same one as the first."""
    for chain, fmt in (("projects/100", "json"), ("projects/100", "xml"), ("projects/100/actions", "xml"), ("projects", "json")):
        tag = api.get(chain, fmt=fmt).headers["ETag"]
        for _ in range(60):
            assert api.get(chain, fmt=fmt).headers["ETag"] == tag
            again = api.get(chain, fmt=fmt, headers={"If-None-Match": tag})
            assert (again.status, again.headers["ETag"]) == (304, tag)


def test_lists_have_a_weak_tag(api):
    """Lists have a weak tag."""
    assert api.get("projects").headers["ETag"].startswith('W/"')
    assert not api.get("projects/100").headers["ETag"].startswith("W/")


def test_tags_differ_by_format_and_content(api):
    tags = {api.get(chain, params, fmt=fmt).headers["ETag"] for chain, params, fmt in (
        ("projects/100", None, "json"), ("projects/100", None, "xml"), ("projects/101", None, "json"),
        ("projects/100", {"fields": "project_id"}, "json"))}
    assert len(tags) == 4


def test_compressed_tags(api):
    """decisions: a compressed answer's ETag ends in -gzip or -br; If-None-Match compares without it."""
    plain = accept(api, None).field("ETag")
    packed = {coding: accept(api, coding).field("ETag") for coding in ("gzip", "br")}
    assert packed["gzip"].endswith('-gzip"') and packed["br"].endswith('-br"')
    assert packed["gzip"].replace("-gzip", "") == packed["br"].replace("-br", "") == plain
    for wanted in (None, "gzip", "br"):
        for tag in (plain, *packed.values()):
            reply = accept(api, wanted, **{"If-None-Match": tag})
            assert reply.status == 304 and reply.body == b""
            assert "accept-encoding" in reply.field("Vary").lower()


def test_a_change_changes_the_tag(api, mariadb):
    before = api.get("projects/259").headers["ETag"]
    mariadb.run("UPDATE tbladdon_wbteampro_project SET project_detail = CONCAT(project_detail, '!') WHERE project_id = 259")
    try:
        answer = api.get("projects/259", headers={"If-None-Match": before})
        assert answer.status == 200 and answer.headers["ETag"] != before
    finally:
        mariadb.run("UPDATE tbladdon_wbteampro_project SET project_detail = REPLACE(project_detail, '!', '') WHERE project_id = 259")


def test_post_is_never_304(api):
    """If-None-Match counts on wire GET and HEAD."""
    tag = api.get("projects/100").headers["ETag"]
    assert api.get("projects/100", method="POST", query={"method": "get"}, headers={"If-None-Match": tag}).status in (200, 412)


def test_an_error_is_never_304(api):
    assert api.get("projects/7777", headers={"If-None-Match": "*"}).status == 404
    assert api.get("projects/100", user=None, headers={"If-None-Match": "*"}).status == 401
