"""spec/remote-api.md section 7, files/{id}/download: If-Range, conditional requests (RFC 9110 13, in the order of 13.2.2)."""

import email.utils
import hashlib
import os

import pytest

from support import downloads
from support.answers import BASE, Client, credentials
from support.raw import exchange, raw_request

pytestmark = pytest.mark.chains
BODY = b"0123456789"
THEN = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
DATES = {offset: email.utils.formatdate(THEN + offset, usegmt=True) for offset in (-1, 0, 1)}
FORMS = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]


@pytest.fixture(scope="module")
def old_file(mariadb, files_root):
    """Ten bytes of 1994, with their hash in the row."""
    digest = hashlib.sha256(BODY).hexdigest()
    with downloads.stored(mariadb, files_root, BODY, file_sha256=digest) as number:
        os.utime(files_root / f"made-{number}", (THEN, THEN))
        yield number, f'"{digest}"'


@pytest.fixture
def ask(api, old_file):
    def ask(method="GET", **fields):
        headers = {name.replace("_", "-"): value.replace("TAG", old_file[1]) for name, value in fields.items()}
        return api.get(f"files/{old_file[0]}/download", method=method, headers=headers)
    return ask


def test_validators(ask, old_file):
    answer = ask()
    assert answer.headers["ETag"] == old_file[1] and answer.headers["Last-Modified"] == FORMS[0]


@pytest.mark.parametrize("field,match,other", [("If-None-Match", 304, 200), ("If-Match", 200, 412)])
def test_lists_on_several_lines(gateway, old_file, field, match, other):
    """RFC 9110 5.3: several lines of a list field are one list."""
    for tags, status in (('"x"', "TAG"), match), (("TAG", '"x"'), match), (("", "TAG"), match), (('"x"', '"y", TAG', ""), match), (('"x"', '"y"'), other), (("", ""), other):
        lines = "".join(f"{field}: {tag.replace('TAG', old_file[1])}\r\n" for tag in tags)
        assert exchange(gateway.port, raw_request(f"files/{old_file[0]}/download", lines)).status == status, tags


@pytest.mark.parametrize("field,more", [
    ("If-Modified-Since", ""), ("If-Unmodified-Since", ""), ("If-Range", "Range: bytes=0-3\r\n")])
@pytest.mark.parametrize("dates", [(0, 0), (0, -1), (-1, 0), (None, 0), (0, None), (None, -1), (-1, None)])
def test_dates_on_several_lines_are_none(gateway, old_file, field, more, dates):
    """13.1.3, 13.1.4: ignored when "the field value … has more than one member"; and If-Range (13.1.5) takes one."""
    lines = "".join(f"{field}: {'' if offset is None else DATES[offset]}\r\n" for offset in dates)
    reply = exchange(gateway.port, raw_request(f"files/{old_file[0]}/download", lines + more))
    assert reply.status == 200 and reply.body == BODY


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("fields,status", [
    (dict(If_None_Match="TAG"), 304), (dict(If_None_Match="W/TAG"), 304), (dict(If_None_Match="*"), 304),
    (dict(If_None_Match='"x,", TAG'), 304), (dict(If_None_Match='"x"'), 200), (dict(If_None_Match=""), 200),
    (dict(If_Modified_Since=DATES[0]), 304), (dict(If_Modified_Since=DATES[1]), 304), (dict(If_Modified_Since=DATES[-1]), 200),
    (dict(If_Modified_Since="rubbish"), 200), (dict(If_None_Match='"x"', If_Modified_Since=DATES[0]), 200),
    (dict(If_Match="TAG"), 200), (dict(If_Match="*"), 200), (dict(If_Match='"x", TAG'), 200),
    (dict(If_Match='"x"'), 412), (dict(If_Match="W/TAG"), 412),
    (dict(If_Unmodified_Since=DATES[0]), 200), (dict(If_Unmodified_Since=DATES[-1]), 412), (dict(If_Unmodified_Since="rubbish"), 200),
    (dict(If_Match="TAG", If_Unmodified_Since=DATES[-1]), 200), (dict(If_Match='"x"', If_Unmodified_Since=DATES[1]), 412),
    (dict(If_Match='"x"', If_None_Match="TAG"), 412), (dict(If_Match="TAG", If_None_Match="TAG"), 304),
    (dict(If_None_Match="TAG", Range="bytes=0-3"), 304), (dict(If_None_Match="TAG", Range="bytes=99-"), 304),
    (dict(If_Match='"x"', Range="bytes=99-"), 412),
])
def test_conditions(ask, method, fields, status):
    answer = ask(method, **fields)
    assert answer.status == status
    if status == 200:
        assert answer.http.content == (BODY if method == "GET" else b"")
    if status == 412 and method == "GET":
        answer.expect(412, "Precondition Failed", "precondition_failed")


@pytest.mark.parametrize("form", FORMS)
def test_dates_in_their_three_forms(ask, form):
    """5.6.7: "A recipient … MUST accept all three HTTP-date formats"."""
    assert ask(If_Modified_Since=form).status == 304
    assert ask(Range="bytes=0-3", If_Range=form).status == 206


@pytest.mark.parametrize("condition,status", [
    ("TAG", 206), (DATES[0], 206), ("W/TAG", 200), ('"x"', 200), ("*", 200), ("", 200), (DATES[1], 200), (DATES[-1], 200),
    ("TAG, TAG", 200), ("rubbish", 200),
])
def test_if_range(ask, condition, status):
    """13.1.5: the same tag, strongly, or the same date, exactly; else the whole."""
    answer = ask(Range="bytes=2-5", If_Range=condition)
    assert answer.status == status and answer.http.content == (BODY[2:6] if status == 206 else BODY)


def test_if_range_saves_from_416(ask):
    assert ask(Range="bytes=99-", If_Range='"x"').http.content == BODY
    assert ask(Range="bytes=99-", If_Range="TAG").status == 416
    assert ask(If_Range='"x"').http.content == BODY


def test_not_modified_says_little(ask):
    """15.4.5: the validators, and nothing about a body that is not there."""
    answer = ask(If_None_Match="TAG")
    assert answer.http.content == b"" and answer.headers["ETag"]
    assert {"Content-Type", "Content-Length", "Content-Disposition", "Content-Range"}.isdisjoint(answer.headers)
    assert answer.headers["Cache-Control"] == "private, no-cache" and answer.headers["X-Request-Id"]


def test_post_is_not_conditional(api, old_file):
    """On the wire it is no GET."""
    path = f"{BASE}/api.php/v1/files/{old_file[0]}/download"
    for fields in ({"If-None-Match": old_file[1]}, {"If-Match": '"x"'}, {"If-Modified-Since": DATES[0]}):
        answer = api.send("POST", path, {**credentials(), "method": "get"}, headers=fields)
        assert answer.status == 200 and answer.http.content == BODY


def test_a_date_of_this_second_is_no_strong_validator(api, mariadb, files_root):
    """8.8.2.2: what changed just now may change again within the same second."""
    with downloads.stored(mariadb, files_root, BODY) as number:
        os.utime(files_root / f"made-{number}", (THEN * 4, THEN * 4))  # far ahead: as good as now
        date = api.get(f"files/{number}/download").headers["Last-Modified"]
        answer = api.get(f"files/{number}/download", headers={"Range": "bytes=0-3", "If-Range": date})
        assert answer.status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_from_the_future_changed_just_now(start_gateway, mariadb, files_root, method):
    """8.8.2.1: Last-Modified is never later than Date, however the file came by its time, nor when the file is remembered; conditions
    are judged by what is told."""
    client = Client(start_gateway({"files.cache_ttl": "60s"}).url)
    with downloads.stored(mariadb, files_root, BODY) as number:
        os.utime(files_root / f"made-{number}", (THEN * 4, THEN * 4))
        ask = lambda **fields: client.get(f"files/{number}/download", method=method, headers=fields)
        seconds = lambda value: email.utils.parsedate_to_datetime(value).timestamp()
        for _ in range(2):
            answer = ask()
            told, date = answer.headers["Last-Modified"], answer.headers["Date"]
            assert date and THEN < seconds(told) <= seconds(date)
            tomorrow = email.utils.formatdate(seconds(date) + 86400, usegmt=True)
            assert ask(**{"If-Modified-Since": tomorrow}).status == 304
            assert ask(**{"If-Unmodified-Since": tomorrow}).status == 200
            assert ask(**{"If-Modified-Since": DATES[0]}).status == 200
            assert ask(**{"If-Unmodified-Since": DATES[0]}).status == 412
            assert ask(**{"Range": "bytes=0-3", "If-Range": told}).status == 200


def test_without_a_hash(api, mariadb, files_root):
    """The tag tells versions of the same size apart by their time; what is no hash in the row is none."""
    for stored_hash in ("", "x" * 64, "0" * 63):
        with downloads.stored(mariadb, files_root, BODY, file_sha256=stored_hash) as number:
            path = files_root / f"made-{number}"
            os.utime(path, (THEN, THEN))
            first = api.get(f"files/{number}/download").headers["ETag"]
            assert api.get(f"files/{number}/download", headers={"If-None-Match": first}).status == 304
            os.utime(path, (THEN + 1, THEN + 1))
            second = api.get(f"files/{number}/download", headers={"If-None-Match": first})
            assert second.status == 200 and second.headers["ETag"] != first
            assert api.get(f"files/{number}/download", headers={"If-Range": first, "Range": "bytes=0-1"}).status == 200


def test_a_tag_is_of_the_bytes_that_come_with_it(start_gateway, mariadb, files_root):
    """RFC 9110 8.8.3: by a template that gives new bytes the place of the old ones, they lie there before the row's new hash is
    seen. Who asks in between is told a tag of what he gets, and nothing of it is spliced into what he had."""
    client = Client(start_gateway({"files.path": "made-{file_id}", "files.cache_ttl": "0"}).url)
    other = BODY[::-1]
    with downloads.stored(mariadb, files_root, BODY, file_sha256=hashlib.sha256(BODY).hexdigest()) as number:
        path, ask = files_root / f"made-{number}", lambda **fields: client.get(f"files/{number}/download", headers=fields)
        os.utime(path, (THEN, THEN))
        first = ask().headers["ETag"]
        assert ask(**{"If-None-Match": first}).status == 304 and ask(**{"If-Match": first}).status == 200
        assert ask(**{"If-Range": first, "Range": "bytes=0-3"}).http.content == BODY[:4]
        downloads.write(files_root / "beside", other)
        os.utime(files_root / "beside", (THEN, THEN))
        os.replace(files_root / "beside", path)
        second = ask(**{"If-None-Match": first})
        assert (second.status, second.http.content) == (200, other) and second.headers["ETag"] != first
        assert ask(**{"If-Match": first}).status == 412
        assert ask(**{"If-Range": first, "Range": "bytes=0-3"}).http.content == other


@pytest.mark.parametrize("template", ["{file_path}", "./{file_path}", "{file_sha256}"])
def test_the_hash_is_the_tag_where_other_bytes_lie_elsewhere(start_gateway, mariadb, files_root, template):
    digest = hashlib.sha256(BODY).hexdigest()
    client = Client(start_gateway({"files.path": template}).url)
    with downloads.stored(mariadb, files_root, BODY, file_path=digest, file_sha256=digest) as number:
        assert client.get(f"files/{number}/download").headers["ETag"] == f'"{digest}"'


def test_the_status_line_is_real_for_bytes(start_gateway, old_file):
    """http.error_status=always_200 is for answers of the API; 412 and 416 are about bytes, which 200 would claim to be."""
    client = Client(start_gateway({"http.error_status": "always_200"}).url)
    ask = lambda **fields: client.get(f"files/{old_file[0]}/download", headers=fields)
    assert ask(**{"If-Match": '"x"'}).status == 412
    assert ask(Range="bytes=99-").status == 416
    assert client.get("files/7777/download").status == 200
