"""The clean-up after a crash: remote-api.md section 6 ("files (bytes after the commit)"), operations.md, "Failure behaviour":
whatever moment a gateway dies at, no row is without bytes, and no bytes are without a row. What it leaves is made by hand here,
each state that there can be; a gateway then starts, and asks the database.
"""

import contextlib
import hashlib
import itertools
import os
import pathlib
import signal
import time

import pymysql
import pytest

from support import gateway, writing
from support.left_files import Left, own_gateway
from support.ports import wait_until
from support.sql_proxy import QUESTION, SqlProxy

pytestmark = pytest.mark.faults

DATABASE = "whmcs_left"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def store(mariadb):
    writing.load(mariadb, DATABASE)
    return writing.Store(mariadb, DATABASE)


@pytest.fixture
def root(place):
    folder = place / f"left-{next(_numbers)}" / "root"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def left(root):
    return Left(root, DATABASE)


@pytest.fixture
def start(start_gateway, root, store):
    """A gateway on the root that looks often; returns once it serves."""
    def start(more=None, **options):
        return start_gateway({"mysql.database": DATABASE, "files.root": str(root), "files.sweep": "200ms", **(more or {})}, **options)
    return start


def row(store, path, data=None, **more):
    columns = dict(file_name="a.bin", file_path=path, **more)
    if data is not None:
        columns.update(file_size=len(data), file_sha256=hashlib.sha256(data).hexdigest())
    return store.insert("files", **columns)


def unused(store):
    """An id that no row has."""
    return store.one(f"SELECT COALESCE(MAX(file_id),0) FROM {writing.TABLE['files']}") + 1000


def settled(left):
    wait_until(lambda: not left.names(), 20, f"all is settled but {left.names()}")


def pending(server):
    return server.metrics()["portcullis_files_pending"]


def is_pending(server, count):
    wait_until(lambda: pending(server) == count, 20, f"{count} pending")


# ---- every state -----------------------------------------------------------------------------

def test_bytes_being_written(start, left):
    """It died while it read, hashed or synced: nothing was published."""
    left.token()
    left.token(b"")
    server = start()
    settled(left)
    assert pending(server) == 0
    assert server.metrics()["portcullis_files_settled_total"] == 2


def test_published_and_committed(start, left, root, store):
    """It died between commit and keep."""
    number = row(store, "ab/cd/new", b"new")
    left.put(number, "ab/cd/new", b"new")
    start()
    settled(left)
    assert (root / "ab/cd/new").read_bytes() == b"new"


def test_published_and_not_committed(start, left, root, store):
    """It died before the commit: there is no row, or an update that never was."""
    number = row(store, "ab/cd/old", b"old")
    (root / "ab/cd").mkdir(parents=True)
    (root / "ab/cd/old").write_bytes(b"old")
    left.put(unused(store), "ab/cd/new", b"new")
    left.put(number, "ab/cd/newer", b"newer")
    start()
    settled(left)
    assert sorted(path.name for path in (root / "ab/cd").iterdir()) == ["old"]
    assert (root / "ab/cd/old").read_bytes() == b"old"


def test_not_published_yet(start, left, root, store):
    """It died between intent and link; another's bytes lie there, or came to lie there since, whatever any row says."""
    (root / "theirs").write_bytes(b"theirs")
    left.put(unused(store), "theirs", b"ours", links=False)
    left.put(unused(store), "nothing", b"ours", links=False)
    start()
    settled(left)
    assert (root / "theirs").read_bytes() == b"theirs"
    assert not (root / "nothing").exists()


def test_being_kept(start, left, root, store):
    """It died between the two steps of keeping: the intent alone is left."""
    number = row(store, "kept", b"kept")
    left.put(number, "kept", b"kept").unlink()
    start()
    settled(left)
    assert (root / "kept").read_bytes() == b"kept"


@pytest.mark.parametrize("is_committed", [True, False])
def test_replaced_in_place(start, left, root, store, is_committed):
    """A template that gives the same path again: the old bytes are there until the row is."""
    (root / "own").write_bytes(b"old")
    number = row(store, "own", b"new" if is_committed else b"old")
    left.swap(number, "own", b"new")
    assert (root / "own").read_bytes() == b"new"
    start()
    settled(left)
    assert (root / "own").read_bytes() == (b"new" if is_committed else b"old")


def test_bytes_of_a_record_that_had_none(start, root, store):
    """By such a template a record has a path before it has bytes: those that were not committed go, those that were stay."""
    template = "{project_id}/{file_id}.bin"
    left = Left(root, DATABASE, template)
    project = store.project()
    empty, given = (store.insert("files", file_name="a.bin", project_id=project) for _ in range(2))
    store.set("files", given, file_size=3, file_sha256=hashlib.sha256(b"new").hexdigest())
    for number in (empty, given):
        left.put(number, f"{project}/{number}.bin", b"new")
    start({"files.path": template})
    settled(left)
    assert [path.name for path in (root / str(project)).iterdir()] == [f"{given}.bin"]


def test_not_replaced_yet(start, left, root, store):
    (root / "own").write_bytes(b"old")
    left.swap(row(store, "own", b"old"), "own", b"new", swaps=False)
    start()
    settled(left)
    assert (root / "own").read_bytes() == b"old"


def test_removals(start, left, root, store):
    """It died around the commit of a DELETE: what the rows still name stays."""
    names = [f"file{number}" for number in range(6)]
    for name in names:
        (root / name).write_bytes(b"bytes")
    stays, other = row(store, "file0"), row(store, "elsewhere")
    gone = unused(store)
    left.go((stays, "file0"), (gone, "file1"), (gone, "file2"), (other, "file3"), (gone, "file4"), (gone, "file5"))
    (root / "file2").unlink()  # it got as far as this
    (root / "file4").unlink()  # and others have come to lie here
    (root / "file4").write_bytes(b"another's")
    (root / "file5").unlink()
    (root / "file5").mkdir()
    start()
    settled(left)
    assert (root / "file0").read_bytes() == b"bytes"
    assert not any((root / f"file{number}").exists() for number in (1, 2, 3))
    assert (root / "file4").read_bytes() == b"another's"
    assert (root / "file5").is_dir()


def test_what_leads_out(start, left, root, store):
    """Whoever can write there: nothing is touched but what lies beneath the root, through no link."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"secret")
    (root / "link").symlink_to(outside)
    (root / "file").write_bytes(b"bytes")
    gone = unused(store)
    for path in ("../outside/file", "/etc/hostname", ".portcullis/x", "", "link/file"):
        name = left.next()
        intent = left.intent("go", outside / "file", gone, path)
        name.with_name(name.name + ".go").write_bytes(intent.encode() + b"\0")
        name.with_name(name.name + ".put").symlink_to(intent.replace("go/", "put/", 1))
    (left.work / f"{left.gateway}-99.go").write_bytes(os.urandom(3000))
    (left.work / f"{left.gateway}-98.go").symlink_to(outside / "file")
    server = start()
    is_pending(server, 12)
    assert (outside / "file").read_bytes() == b"secret" and (root / "file").read_bytes() == b"bytes"
    assert server.out_text().count("are let alone") == 1


def test_another_database(start, root, store):
    """Rows of another database, or another files.path, say nothing of these: they are let alone, which is told once."""
    others = [Left(root, "another", gateway="1" * 16), Left(root, DATABASE, "{file_name}", gateway="2" * 16)]
    for other, name in zip(others, "ab"):
        other.put(unused(store), name, b"bytes")
    server = start()
    is_pending(server, 2)
    time.sleep(1)
    assert (root / "a").read_bytes() == (root / "b").read_bytes() == b"bytes"
    assert server.out_text().count("are let alone") == 1


# ---- who may be asked, and when ----------------------------------------------------------------

def test_who_lives_is_let_alone(start, left, root, store):
    """Several gateways on one files.root: what one has in hand is nobody else's business, until its lock is free."""
    with left.locked():
        left.token()
        left.put(unused(store), "new", b"new")
        server = start()
        time.sleep(1)
        assert len(left.names()) == 4 and (root / "new").exists()
        assert pending(server) == 0
    settled(left)
    assert not (root / "new").exists()


@pytest.mark.parametrize("ends", ["commit", "rollback"])
def test_a_commit_under_way_is_waited_for(start, left, root, store, mariadb, ends):
    """The gateway died, its transaction lives on: until it has ended the bytes are not judged."""
    with contextlib.closing(pymysql.connect(unix_socket=mariadb.socket, user="root", database=DATABASE)) as other:
        number = unused(store)
        with other.cursor() as cursor:
            cursor.execute("SET sql_mode=''")
            cursor.execute("BEGIN")
            cursor.execute(f"INSERT INTO {writing.TABLE['files']} (file_id, file_path, file_sha256) "
                           "VALUES (%s, 'new', SHA2('new', 256))", (number,))
        left.put(number, "new", b"new")
        server = start({"mysql.read_deadline": "2s"})
        is_pending(server, 1)
        assert (root / "new").read_bytes() == b"new"
        getattr(other, ends)()
    settled(left)
    assert (root / "new").exists() == (ends == "commit")
    is_pending(server, 0)


def test_the_database_is_away(start, left, root, store, place, mariadb):
    """What cannot be judged waits, and costs no request; tokens need no database."""
    kept = row(store, "kept", b"kept")
    left.put(kept, "kept", b"kept")
    left.put(unused(store), "lost", b"lost")
    left.token()
    path = place / f"proxy-{next(_numbers)}.sock"
    proxy = SqlProxy(path, mariadb.socket)
    proxy.judge = lambda packet: QUESTION
    try:
        # It does not wait for its next sweep to ask again.
        server = start({"mysql.socket": str(path), "mysql.connect_timeout": "1s", "files.sweep": "1h"}, wait_ready=False)
        wait_until(lambda: server.readyz() is not None, 20, "it runs")
        is_pending(server, 2)
        assert (root / "kept").exists() and (root / "lost").exists()
        with proxy.lock:
            proxy.judge = None
        settled(left)
        assert (root / "kept").read_bytes() == b"kept" and not (root / "lost").exists()
        is_pending(server, 0)
    finally:
        server.stop()
        proxy.stop()


def test_the_end_is_not_held_up(start, left, root, store, mariadb):
    """SIGTERM while the keeper waits for a row: the process ends all the same, and the next one goes on."""
    with contextlib.closing(pymysql.connect(unix_socket=mariadb.socket, user="root", database=DATABASE)) as other:
        number = row(store, "new", b"new")
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"DELETE FROM {writing.TABLE['files']} WHERE file_id=%s", (number,))
        left.put(number, "new", b"new")
        server = start({"mysql.read_deadline": "30s"})
        time.sleep(0.5)
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 10
        assert (root / "new").exists()
        other.rollback()
    start()
    settled(left)
    assert (root / "new").exists()


def test_a_neighbour_dies(start, root, store):
    """Two gateways on one files.root: one is killed, the other settles what it left while it serves."""
    first = start()
    name = own_gateway(root)
    second = start()
    first.process.send_signal(signal.SIGSTOP)  # it would settle what nobody of its own has in hand
    dead = Left(root, DATABASE, gateway=name)
    kept = row(store, "kept", b"kept")
    dead.numbers = 1000
    dead.put(kept, "kept", b"kept")
    dead.put(unused(store), "lost", b"lost")
    dead.token()
    time.sleep(0.5)
    assert len(dead.names()) >= 5
    first.process.kill()
    first.process.wait()
    first.process = None
    settled(dead)
    assert (root / "kept").exists() and not (root / "lost").exists()
    is_pending(second, 0)


def test_many(start, left, root, store):
    """A project of thousands of files, cut off in the middle: every one is settled, in bounded memory."""
    count = 3000
    first = unused(store)
    for number in range(count):
        (root / f"file{number}").write_bytes(b"bytes")
    left.go(*((first + number, f"file{number}") for number in range(count)))
    server = start()
    wait_until(lambda: not left.names(), 60, "all is settled")
    assert not list(root.glob("file*"))
    is_pending(server, 0)


def test_the_folder_is_tidy_after_an_end_in_order(start, root):
    server = start()
    assert list((root / ".portcullis").iterdir())
    server.stop()
    assert not list((root / ".portcullis").iterdir())


# ---- the disk refuses --------------------------------------------------------------------------

def test_a_removal_that_is_refused(start, left, root, store):
    """A failed unlink is told of once, counted, tried again, and never forgotten. Here the way there is a link for a while."""
    (root / "sub").mkdir()
    (root / "sub/file").write_bytes(b"bytes")
    left.go((unused(store), "sub/file"))
    (root / "sub").rename(root / "real")
    (root / "sub").symlink_to("real")
    server = start()
    is_pending(server, 1)
    time.sleep(1)
    assert (root / "real/file").exists()
    assert server.out_text().count("cannot be removed") == 1
    (root / "sub").unlink()
    (root / "real").rename(root / "sub")
    settled(left)
    assert not (root / "sub/file").exists()
    is_pending(server, 0)


@pytest.fixture
def start_bounded(start, place, monkeypatch):
    """The gateway is one whom a folder's rights bind, also where root runs the tests."""
    if os.geteuid() == 0:
        wrapper = place / f"bounded-{next(_numbers)}.sh"
        wrapper.write_text("#!/bin/sh\nexec setpriv --bounding-set=-dac_override,-dac_read_search,-fowner -- "
                           f'{gateway.BINARY} "$@"\n')
        wrapper.chmod(0o700)
        monkeypatch.setattr(gateway, "BINARY", str(wrapper))
    return start


@pytest.fixture
def locked_folder(root):
    """A folder that takes nothing and gives nothing away, until the test opens it."""
    folder = root / "locked"
    folder.mkdir()
    (folder / "file").write_bytes(b"bytes")
    yield folder
    folder.chmod(0o700)


@pytest.mark.parametrize("below", ["file", "project"])
def test_a_file_that_cannot_be_removed(start_bounded, root, store, locked_folder, below):
    """Section 6: the record goes, and the bytes after the commit; what the disk refuses is tried again, also by the next process."""
    project = store.project()
    number = row(store, "locked/file", b"bytes", project_id=project)
    server = start_bounded({"files.sweep": "300ms"})
    writer = writing.Writer(server.url)
    locked_folder.chmod(0o500)
    assert writer.delete(f"projects/{project}" if below == "project" else f"files/{number}").status == 200
    assert store.value("files", number, "file_path") is None
    assert (locked_folder / "file").read_bytes() == b"bytes"
    is_pending(server, 1)
    assert server.metrics()["portcullis_files_unremoved_total"] == 1
    time.sleep(1)
    assert server.out_text().count("cannot be removed") == 1
    server.stop()
    assert (locked_folder / "file").exists()
    server.start()
    is_pending(server, 1)
    locked_folder.chmod(0o700)
    wait_until(lambda: not (locked_folder / "file").exists(), 20, "the bytes go")
    is_pending(server, 0)


def test_a_folder_that_cannot_be_looked_into(start_bounded, root, left, store, locked_folder):
    """Nor is what cannot be seen taken for gone."""
    left.go((unused(store), "locked/file"))
    left.put(unused(store), "locked/new", b"new")
    locked_folder.chmod(0)
    server = start_bounded()
    is_pending(server, 2)
    locked_folder.chmod(0o700)
    settled(left)
    assert not list(locked_folder.iterdir())


@pytest.fixture(params=["root", "own folder", "a file in its place"])
def unwritable(request, root):
    """No store can be opened in the root."""
    own = root / ".portcullis"
    locked = {"root": root, "own folder": own}.get(request.param, None)
    if locked is None:
        own.write_bytes(b"in the way")
    else:
        locked.mkdir(exist_ok=True)
        locked.chmod(0o500)
    yield root
    for folder in filter(pathlib.Path.is_dir, (root, own)):
        folder.chmod(0o700)


def test_a_root_that_cannot_be_written(start_bounded, root, store, unwritable):
    """Uploading is off, the rest is served; records are deleted, and their bytes where that can be done at once."""
    number = row(store, "file", b"bytes")
    root.chmod(0o700)
    (root / "file").write_bytes(b"bytes")
    if not (root / ".portcullis").exists():
        root.chmod(0o500)
    server = start_bounded()
    writer = writing.Writer(server.url)
    assert server.out_text().count("uploads are off") == 1
    assert writer.get(f"files/{number}/download").http.content == b"bytes"
    root.chmod(0o700)
    assert writer.delete(f"files/{number}").status == 200
    assert not (root / "file").exists()
