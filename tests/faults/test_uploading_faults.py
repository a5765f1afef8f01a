"""spec/operations.md, Failure behaviour, for uploads: a database that goes at any moment, a disk that is full. No row without
bytes, no bytes without a row."""

import concurrent.futures
import contextlib
import os
import subprocess
import threading

import pytest

from support import writing
from support.hurt import COMMIT
from support.ports import wait_until
from support.sql_proxy import ANSWER, CONFLICT, QUESTION, SILENCE, Nth, Once
from support.uploading import BOUNDARY, Disk, Raw, TABLE, Uploader, fields, file_part, noise, sha256

pytestmark = [pytest.mark.faults, pytest.mark.slow]
END = f"\r\n--{BOUNDARY}--\r\n".encode()


@pytest.fixture
def start(start_gateway, own, tmp_path):
    """A gateway of one worker on that socket, with an empty folder."""
    def begin(path, more=None, root=None):
        disk = Disk(root or tmp_path / "files")
        server = start_gateway({"mysql.socket": str(path), "mysql.workers": "1", "mysql.connect_timeout": "1s",
                                "mysql.read_deadline": "1s", "auth.recheck": "1h", "ban.table": "read", "ban.table_poll": "1h",
                                "files.root": str(disk.root), **(more or {})})
        uploader = Uploader(server, writing.Store(own, "whmcs"), disk)
        wait_until(lambda: uploader.get("projects/200").status == 200, 20, "serving")
        return uploader
    return begin


def rows(uploader):
    """path → hash of the rows that say that they have bytes."""
    return dict(uploader.store.run(f"SELECT file_path, file_sha256 FROM {TABLE} WHERE file_sha256<>'' AND file_size>0"))


@pytest.fixture(autouse=True)
def no_rows(own):
    own.run(f"DELETE FROM {TABLE}")


def agree(uploader):
    """Each row has its bytes, all bytes have a row, nothing is under way."""
    stored, found = rows(uploader), uploader.disk.all()
    return set(stored) == set(found) and all(stored[path] == sha256(uploader.disk.read(path)) for path in found)


# ---- the database ----------------------------------------------------------------------------

def half(uploader, data):
    """A form of which the end is missing, let in."""
    start = fields() + file_part(data)[:-2]
    connection = Raw(uploader.server.port, 30)
    connection.send(uploader.raw_head(len(start) + len(END)) + start)
    wait_until(uploader.disk.begun, 10, "let in")
    return connection


def test_gone_between_admission_and_storing(own, proxy, start):
    """503, no row, no bytes; and all is well once it is back."""
    uploader = start(proxy.path)
    with uploader.nothing_stored(), half(uploader, noise(200_000)) as connection:
        proxy.judge = lambda packet: QUESTION
        connection.send(END)
        reply = connection.reply()
        assert reply.status == 503 and int(reply.field("Retry-After")) >= 1
        assert uploader.disk.all() == {}
        proxy.judge = None
    wait_until(lambda: uploader.upload(b"x").status == 200, 20, "uploads again")
    assert agree(uploader)


def test_gone_before_admission(own, proxy, start):
    uploader = start(proxy.path)
    with uploader.nothing_stored():
        proxy.judge = lambda packet: QUESTION
        assert uploader.upload(noise(200_000)).status == 503
        assert uploader.disk.all() == {}
        proxy.judge = None


@pytest.mark.parametrize("way", ["form", "base64", "raw"])
@pytest.mark.parametrize("fate", [QUESTION, ANSWER])
def test_gone_at_every_packet(own, proxy, start, way, fate):
    """Wherever the connection is lost: stored and told so, or told otherwise and nothing left; a commit aside, whose fate is unknown."""
    uploader = start(proxy.path)
    number = uploader.store.insert("files", file_name="f", project_id=200)

    def send(i):
        if way == "raw":
            return uploader.content(number, noise(70_000, i))
        return uploader.create(way, noise(70_000, i), {"file_name": "f", "project_id": 200})
    send(0).success()
    for place in range(1, 60):
        proxy.judge = Nth(fate, place)
        answer = send(place)
        struck, proxy.judge = proxy.judge.struck, None
        if struck is None:
            assert answer.status == 200
            break
        wait_until(lambda: uploader.get("projects/200").status == 200, 20, "serving")
        if COMMIT in struck:
            assert answer.codes == ["fate_unknown"]
        else:
            assert answer.status in (200, 503), answer.http.text
            assert agree(uploader), (place, struck)
    else:
        raise AssertionError("more packets than are believed to be needed")
    wait_until(lambda: agree(uploader), 30, "the keeper to settle what the lost commits left")


@pytest.mark.parametrize("fate", [QUESTION, ANSWER, SILENCE])
@pytest.mark.parametrize("what", ["create", "replace", "replace in place", "delete"])
def test_a_lost_commit(own, proxy, start, fate, what):
    """503 fate_unknown; the bytes are there where the row is, at once and for good; where it is not, they go."""
    uploader = start(proxy.path, {"files.path": "{file_id}.bin"} if what == "replace in place" else {})
    number = None if what == "create" else uploader.upload(b"old").success().response["file"]["file_id"]
    proxy.judge = Once(fate, COMMIT)
    answer = (uploader.upload(b"new") if what == "create"
              else uploader.delete(f"files/{number}") if what == "delete" else uploader.content(number, b"new"))
    assert (answer.status, answer.codes) == (503, ["fate_unknown"])
    proxy.judge = None
    stored = fate != QUESTION
    expected = {"create": b"new" if stored else None, "delete": None if stored else b"old"}.get(what, b"new" if stored else b"old")

    def found():
        there = uploader.store.run(f"SELECT file_id FROM {TABLE}")
        wait_until(lambda: uploader.get("projects/200").status == 200, 20, "serving")
        return uploader.get(f"files/{there[0][0]}/download").http.content if there else None
    wait_until(lambda: uploader.store.run(f"SELECT COUNT(*) FROM {TABLE}")[0][0] == (expected is not None), 10, "the row")
    wait_until(lambda: found() == expected, 30, f"{expected} is what is downloaded")
    wait_until(lambda: sorted(uploader.disk.all().values()) == ([3] if expected else []), 30, "nothing else on the disk")


REMEMBERED = {"files.cache_ttl": "1h", "cache.count_ttl": "60s"}


def total(uploader):
    return uploader.get("files", {"limit": 1}).success().data["total"]


def test_what_a_lost_commit_has_deleted_is_not_remembered(own, proxy, start):
    """files.cache_ttl, remote-api.md section 4 (total): a write whose fate is unknown voids what is remembered as one that is stored."""
    uploader = start(proxy.path, REMEMBERED)
    number, _ = (uploader.upload(b"bytes").success().response["file"]["file_id"] for _ in range(2))
    assert total(uploader) == 2
    for _ in range(2):
        assert uploader.get(f"files/{number}/download").http.content == b"bytes"
    proxy.judge = Once(ANSWER, COMMIT)
    assert uploader.delete(f"files/{number}").codes == ["fate_unknown"]
    proxy.judge = None
    wait_until(lambda: uploader.get(f"files/{number}").status == 404, 10, "the row is gone")
    wait_until(lambda: uploader.get(f"files/{number}/download").status == 404, 10, "the bytes are gone")
    assert total(uploader) == 1


@pytest.mark.parametrize("fate", [QUESTION, CONFLICT])
def test_bytes_that_are_not_stored_are_not_remembered(own, proxy, start, fate):
    """Where they lie in the old ones' place they are read before their commit; once they are taken back nobody gets them."""
    uploader = start(proxy.path, {**REMEMBERED, "files.path": "{file_id}.bin", "mysql.workers": "3", "mysql.read_deadline": "20s",
                                  "mysql.request_deadline": "30s"})
    number = uploader.upload(b"old").success().response["file"]["file_id"]
    reached, goes_on = threading.Event(), threading.Event()

    def hold():
        reached.set()
        goes_on.wait(15)
        return fate
    proxy.judge = lambda packet: hold if COMMIT in packet else None
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(uploader.content, number, b"not stored")
        assert reached.wait(15)
        assert uploader.client.get(f"files/{number}/download").http.content == b"not stored"
        goes_on.set()
        assert answer.result().codes == (["fate_unknown"] if fate == QUESTION else ["busy"])
    proxy.judge = None
    wait_until(lambda: uploader.disk.all() == {f"{number}.bin": 3}, 20, "they are taken back")
    wait_until(lambda: uploader.get(f"files/{number}/download").http.content == b"old", 5, "the old ones are what is downloaded")


@pytest.mark.parametrize("what", ["create", "replace", "replace in place", "delete"])
@pytest.mark.parametrize("times", [1, 3, 100])
def test_a_commit_that_fails_as_a_deadlock(own, proxy, start, what, times):
    """As a cluster's commits do: nothing is stored, and the whole is run again, the same bytes put in place anew; at last 503."""
    uploader = start(proxy.path, {"files.path": "{file_id}.bin"} if what == "replace in place" else {})
    number = None if what == "create" else uploader.upload(b"old").success().response["file"]["file_id"]
    before = uploader.disk.all()
    left = [times]

    def judge(packet):
        if COMMIT not in packet or not left[0]:
            return None
        left[0] -= 1
        return CONFLICT
    proxy.judge = judge
    answer = (uploader.upload(b"new!") if what == "create"
              else uploader.delete(f"files/{number}") if what == "delete" else uploader.content(number, b"new!"))
    proxy.judge = None
    if times == 100:
        assert (answer.status, answer.codes) == (503, ["busy"])
        assert uploader.disk.all() == before
        return
    answer.success()
    assert uploader.server.metrics()["portcullis_write_retries_total"] == times
    assert sorted(uploader.disk.all().values()) == ([] if what == "delete" else [4])
    if what != "delete":
        assert uploader.get(f"files/{answer.response['file']['file_id']}/download").http.content == b"new!"


# ---- the disk --------------------------------------------------------------------------------

@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB."""
    root = tmp_path / "small"
    root.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=64", "none", str(root)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a tmpfs")
    yield root
    subprocess.run(["umount", "-l", str(root)], check=False)


@pytest.mark.parametrize("way", ["form", "form in chunks", "raw", "raw in chunks", "base64"])
def test_disk_full(own, start, small_disk, way):
    """507, no row, no half file; what fits is taken as ever."""
    uploader = start(own.socket, root=small_disk)
    data = noise(700_000)
    uploader.is_stored(uploader.create(way, data, {"file_name": "first"}), data)
    before = uploader.server.metrics()["portcullis_limit_disk_total"]
    number = uploader.store.insert("files", file_name="f")

    def send(size):
        if way.startswith("raw"):
            return uploader.content(number, noise(size), chunked=way.endswith("chunks"))
        return uploader.create(way, noise(size), {"file_name": "second"})
    with uploader.nothing_stored():
        for size in (400_000, 500_000):
            send(size).expect(507, "Insufficient Storage", "disk_full")
    assert uploader.server.metrics()["portcullis_limit_disk_total"] == before + 2
    uploader.is_stored(send(100_000), noise(100_000))
    for (given,) in uploader.store.run(f"SELECT file_id FROM {TABLE}"):
        uploader.delete(f"files/{given}").success()
    assert uploader.disk.all() == {}


def test_no_inode_left(own, start, small_disk):
    """The same of names; and rows can be deleted even then."""
    uploader = start(own.socket, root=small_disk)
    numbers = [uploader.upload(b"x").success().response["file"]["file_id"] for _ in range(3)]
    for i in range(64):
        with contextlib.suppress(OSError):
            os.mkdir(small_disk / f"filler-{i}")
    before = uploader.disk.all()
    with uploader.store.unchanged():
        uploader.upload(b"x").expect(507)
    assert uploader.disk.all() == before
    for number in numbers:
        uploader.delete(f"files/{number}").success()
    wait_until(lambda: uploader.disk.all() == {}, 30, "their bytes are gone")
