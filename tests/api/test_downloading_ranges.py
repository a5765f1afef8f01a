"""spec/remote-api.md section 7, files/{id}/download: single and multiple ranges, 206, 416 (RFC 9110 14, 15.3.7, 15.5.17)."""

import random

import pytest

from support import downloads
from support.answers import BASE, credentials
from support.fixture import PLAN

pytestmark = pytest.mark.chains
SIZE = len(PLAN)


def ask(api, ranges, **more):
    return api.get("files/2/download", headers={"Range": ranges}, **more)


def expect_whole(answer, body=PLAN):
    assert answer.status == 200 and answer.http.content == body
    assert "Content-Range" not in answer.headers and answer.headers["Content-Length"] == str(len(body))


def expect_one(answer, first, last, body=PLAN):
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(body)}"
    assert answer.http.content == body[first:last + 1]
    assert answer.headers["Content-Type"] == "application/pdf"


def expect_several(answer, wanted, body=PLAN, kind="application/pdf"):
    """wanted: [(first, last)]. Each part says where it lies; the head does not (15.3.7.2)."""
    assert answer.status == 206 and "Content-Range" not in answer.headers
    found = downloads.parts(answer.headers["Content-Type"], answer.http.content)
    assert [(first, last) for _, first, last, _, _ in found] == wanted
    for media, first, last, total, content in found:
        assert media == kind and total == len(body) and content == body[first:last + 1]
    assert answer.headers["Content-Length"] == str(len(answer.http.content))


def joined(specs, total):
    """What comes of (first, last) pairs: in the order of asking, those that overlap or touch in the place of the first."""
    kept = []
    for first, last in specs:
        if first >= total:
            continue
        new = [first, min(last, total - 1)]
        touching = [old for old in kept if old[0] <= new[1] + 1 and new[0] <= old[1] + 1]
        for old in touching:
            new = [min(old[0], new[0]), max(old[1], new[1])]
        at = kept.index(touching[0]) if touching else len(kept)
        kept.insert(at, new)
        kept = [old for old in kept if old is new or old not in touching]
    return [tuple(pair) for pair in kept]


@pytest.mark.parametrize("ranges,wanted", [
    ("bytes=0-0,2-2", [(0, 0), (2, 2)]),
    ("bytes=100-199, 0-9", [(100, 199), (0, 9)]),
    ("bytes=-5,0-4", [(SIZE - 5, SIZE - 1), (0, 4)]),
    ("bytes=0-4,,\t ,9-9", [(0, 4), (9, 9)]),
    ("BYTES=0-4,9-9", [(0, 4), (9, 9)]),
    ("bytes=0-9,99999-,20-29", [(0, 9), (20, 29)]),
    ("bytes=0-9,5-14,100-", [(0, 14), (100, SIZE - 1)]),
    ("bytes=0-0," + ",".join(f"{n * 7}-{n * 7 + 2}" for n in range(1, 32)), [(0, 0)] + [(n * 7, n * 7 + 2) for n in range(1, 32)]),
])
def test_several_ranges(api, ranges, wanted):
    expect_several(ask(api, ranges), wanted)


@pytest.mark.parametrize("ranges,first,last", [
    ("bytes=0-9,10-19", 0, 19), ("bytes=10-19,0-9", 0, 19), ("bytes=0-9,0-9,0-9", 0, 9), ("bytes=5-9,99999-", 5, 9),
    ("bytes=-0,7-7", 7, 7), ("bytes=0-,-1", 0, SIZE - 1), ("bytes=3-99999999999999999999999", 3, SIZE - 1),
])
def test_several_that_come_to_one(api, ranges, first, last):
    """15.3.7: one part left may be sent as a single one."""
    expect_one(ask(api, ranges), first, last)


def test_ranges_by_chance(api):
    """Against Python's slices, hundreds of sets."""
    chance = random.Random(9110)
    for _ in range(150):
        specs = []
        for _ in range(chance.randint(1, 8)):
            first = chance.randrange(SIZE + 200)
            specs.append((first, first + int(chance.expovariate(1 / 900))))
        wanted = joined(specs, SIZE)
        answer = ask(api, "bytes=" + ",".join(f"{first}-{last}" for first, last in specs))
        if not wanted:
            assert answer.status == 416
        elif len(wanted) == 1:
            expect_one(answer, *wanted[0])
        else:
            expect_several(answer, wanted)


@pytest.mark.parametrize("ranges", [
    "bytes=" + ",".join(f"{n * 3}-{n * 3}" for n in range(33)),
    "bytes=" + ",".join(f"{n * 3}-{n * 3}" for n in range(1500)),
    "bytes=0-1,x", "bytes=0-1,9-5", "bytes=0-1 2-3", "bytes=,", "bytes=1-2-3", "items=0-1,4-5", "bytes=0-1;4-5", "bytes= - ",
])
def test_sets_that_are_not_heeded(api, ranges):
    """14.2: too many, malformed, or of other units: the whole."""
    expect_whole(ask(api, ranges))


def test_a_hostile_set_is_no_more_than_the_file(api):
    """17.15: thousands of overlapping ranges."""
    expect_one(ask(api, "bytes=0-" + ",0-" * 3000), 0, SIZE - 1)
    expect_one(ask(api, "bytes=" + ",".join(f"{n}-" for n in range(2000))), 0, SIZE - 1)


def test_the_boundary_cannot_be_guessed(api):
    boundaries = {ask(api, "bytes=0-0,5-5").headers["Content-Type"].split("boundary=")[1] for _ in range(20)}
    assert len(boundaries) == 20 and min(map(len, boundaries)) >= 22


@pytest.mark.parametrize("ranges", [f"bytes={SIZE}-", "bytes=999999-1000000", "bytes=-0", f"bytes=-0,{SIZE}-,99999-",
                                    "bytes=18446744073709551616-"])
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_unsatisfiable(api, ranges, fmt):
    """416 with the size, in the envelope of the chain's format."""
    answer = ask(api, ranges, fmt=fmt)
    assert answer.status == 416 and answer.headers["Content-Range"] == f"bytes */{SIZE}"
    if fmt == "json":
        answer.expect(416, "Range Not Satisfiable", "range_not_satisfiable", "Range")
    else:
        assert answer.tree.find("request/code").text == "416"


def test_ranges_of_an_empty_file(api):
    """14.1.2: from a position on there is nothing (416); the last five bytes are all there are."""
    assert api.get("files/10/download", headers={"Range": "bytes=0-"}).headers["Content-Range"] == "bytes */0"
    answer = api.get("files/10/download", headers={"Range": "bytes=-5"})
    assert answer.status == 200 and answer.http.content == b""


def test_range_is_for_get_alone(api):
    """14.2: "A server MUST ignore a Range header field received with a request method … other than GET"."""
    head = ask(api, "bytes=0-3", method="HEAD")
    assert head.status == 200 and head.headers["Content-Length"] == str(SIZE) and "Content-Range" not in head.headers
    head = ask(api, "bytes=99999-", method="HEAD")
    assert head.status == 200
    path = f"{BASE}/api.php/v1/files/2/download"
    expect_whole(api.send("POST", path, {**credentials(), "method": "get"}, headers={"Range": "bytes=0-3"}))


def test_a_range_of_the_only_byte(api, mariadb, files_root):
    with downloads.stored(mariadb, files_root, b"x", file_mime="text/plain") as number:
        for ranges in ("bytes=0-0", "bytes=0-", "bytes=-1", "bytes=-9", "bytes=0-0,0-0"):
            answer = api.get(f"files/{number}/download", headers={"Range": ranges})
            assert answer.status == 206 and answer.http.content == b"x"
            assert answer.headers["Content-Range"] == "bytes 0-0/1"


def test_range_twice(api, gateway):
    """Two lines are no list for Range: the first counts, and nothing breaks."""
    from support.raw import exchange, raw_request
    reply = exchange(gateway.port, raw_request("files/2/download", "Range: bytes=0-0\r\nRange: bytes=5-9\r\n"))
    assert reply.status == 206 and reply.body == PLAN[:1]
