"""`portcullis check --files`: do rows and disk agree? data-model.md, file; operations.md, "Command line": "lists every problem",
exit codes 0 good, 1 failed, 2 wrong usage.
"""

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import threading
import time

import pymysql
import pytest

from support import gateway, writing
from support.gateway import run_binary
from support.left_files import Left
from support.ports import wait_until

DATABASE = "whmcs_check"


@pytest.fixture(scope="module")
def store(mariadb):
    writing.load(mariadb, DATABASE)
    return writing.Store(mariadb, DATABASE)


@pytest.fixture
def root(tmp_path, store):
    """An empty root, and no rows of files."""
    store.run(f"DELETE FROM {writing.TABLE['files']}")
    return tmp_path


@pytest.fixture
def check(mariadb, root):
    """check(): exit code, lines."""
    def run(more=None, *words):
        settings = {"mysql.socket": mariadb.socket, "mysql.user": "root", "mysql.database": DATABASE, "files.root": str(root), **(more or {})}
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        done = run_binary("check", "--files", *words, *options, timeout=120)
        for report in gateway.REPORTS:
            assert report not in done.stderr, done.stderr
        return done.returncode, done.stdout.splitlines()
    return run


def digest(data):
    return hashlib.sha256(data).hexdigest()


def add(store, root, path, data=b"bytes", **columns):
    """A row with its bytes, in order unless columns say otherwise."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(data)
    return row(store, path, **{"file_size": len(data), "file_sha256": digest(data), **columns})


def row(store, path, **columns):
    return store.insert("files", **{"file_name": "a.bin", "file_path": path, **columns})


def faults(lines):
    """Mark, what it is about, and path of each line that tells a fault."""
    marks = ("MISSING", "SIZE", "HASH", "REFUSED", "UNREAD", "ORPHAN")
    return [(line.split()[0], *line[9:].split(": ")[:2]) for line in lines if line.startswith(marks)]


def test_all_in_order(check, store, root):
    for number in range(3):
        add(store, root, f"ab/cd/file{number}", b"bytes" * number)
    add(store, root, "upper", file_sha256=digest(b"bytes").upper())
    add(store, root, "old", file_sha256="")
    row(store, "")
    code, lines = check()
    assert code == 0 and not faults(lines)
    assert lines[-1].startswith("5 files in order, 1 records without bytes; 0 missing,")


def test_nothing_at_all(check):
    code, lines = check()
    assert code == 0 and lines[-1].startswith("0 files in order")


def test_every_kind_of_fault(check, store, root, tmp_path_factory):
    """Each with what to do; one run lists them all."""
    outside = tmp_path_factory.mktemp("outside") / "secret"
    outside.write_bytes(b"secret")
    add(store, root, "fine")
    expected = []
    number = row(store, "nowhere/file", file_size=5)
    expected.append(("MISSING", f"files {number}", "nowhere/file"))
    number = add(store, root, "short", b"byt", file_size=5)
    expected.append(("SIZE", f"files {number}", "short (3 bytes, the row says 5)"))
    number = add(store, root, "changed", b"BYTES", file_sha256=digest(b"bytes"))
    expected.append(("HASH", f"files {number}", f"changed ({digest(b'BYTES')})"))
    (root / "link").symlink_to(outside)
    (root / "out").symlink_to(outside.parent)
    (root / "folder").mkdir()
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "s"))
    for path in ("../secret", str(outside), "link", "out/secret", "folder", "fifo", "s", ".portcullis/x", "folder/../fine"):
        expected.append(("REFUSED", f"files {row(store, path)}", path))
    (root / "ab").mkdir()
    (root / "ab/orphan").write_bytes(b"nobody's")
    (root / "empty").write_bytes(b"")
    expected.append(("ORPHAN", "file", "ab/orphan (8 bytes)"))
    expected.append(("ORPHAN", "file", "empty (0 bytes)"))
    code, lines = check()
    assert code == 1
    assert faults(lines) == expected
    assert all(line.count(": ") >= 2 for line in lines if line.split()[:1] and line.split()[0] in {"MISSING", "ORPHAN"})
    assert lines[-1] == ("1 files in order, 0 records without bytes; 1 missing, 1 of another size, 1 of another hash, 9 refused, "
                         "0 unreadable, 2 orphaned")
    assert outside.read_bytes() == b"secret"


def test_ugly_names(check, store, root):
    """None moves the terminal's cursor, and each is looked at as it is."""
    names = ["ä ö", "a\nMISSING fake", "\x1b[2J", "%s%n", "'; DROP TABLE", "-rf", "..a", "…", "\x9b2J", "\u202egnp", "a\\b"]
    for name in names:
        add(store, root, f"rows/{name}")
        (root / "orphans").mkdir(exist_ok=True)
        (root / "orphans" / name).write_bytes(b"x")
    (root / "orphans" / os.fsdecode(b"\xff\xfe")).write_bytes(b"x")
    code, lines = check()
    assert code == 1 and len(faults(lines)) == len(names) + 1
    assert {mark for mark, _, _ in faults(lines)} == {"ORPHAN"}
    assert lines[-1].startswith(f"{len(names)} files in order")
    assert not any(set(line) & set("\x1b\x9b\u202e") for line in lines)
    assert any(r"orphans/a\\b (" in line for line in lines) and any(r"orphans/\xe2\x80\xaegnp (" in line for line in lines)


def test_spellings_of_one_path(check, store, root):
    add(store, root, "ab/file")
    store.run(f"UPDATE {writing.TABLE['files']} SET file_path='./ab//./file'")
    code, lines = check()
    assert code == 0 and not faults(lines)


def test_a_template(check, store, root):
    add(store, root, "uploads/plan.pdf", file_name="plan.pdf")
    store.run(f"UPDATE {writing.TABLE['files']} SET file_path=''")
    code, lines = check({"files.path": "uploads/{file_name}"})
    assert code == 0 and lines[-1].startswith("1 files in order")
    code, lines = check()
    assert code == 1 and faults(lines) == [("ORPHAN", "file", "uploads/plan.pdf (5 bytes)")]


def test_a_record_whose_bytes_have_not_come_yet(check, store, root):
    """Such a template gives it a path nevertheless; without a hash and a size it says that there are none. Else they are missing."""
    template = {"files.path": "uploads/{file_name}"}
    number = row(store, "", file_name="plan.pdf")
    code, lines = check(template)
    assert code == 0 and lines[-1].startswith("0 files in order, 1 records without bytes")
    for columns in (dict(file_size=5), dict(file_size=0, file_sha256=digest(b""))):
        store.set("files", number, **columns)
        code, lines = check(template)
        assert code == 1 and [fault[0] for fault in faults(lines)] == ["MISSING"]


def test_a_record_at_the_path_of_others_bytes(check, store, root):
    """They are no fault of the record that tells neither hash nor size, and not its own: without the other record they are an orphan's."""
    template = {"files.path": "uploads/{file_name}"}
    number = add(store, root, "uploads/plan.pdf", file_name="plan.pdf")
    store.run(f"UPDATE {writing.TABLE['files']} SET file_path=''")
    row(store, "", file_name="plan.pdf")
    code, lines = check(template)
    assert code == 0 and lines[-1].startswith("1 files in order, 1 records without bytes")
    store.run(f"DELETE FROM {writing.TABLE['files']} WHERE file_id={number}")
    code, lines = check(template)
    assert code == 1 and faults(lines) == [("ORPHAN", "file", "uploads/plan.pdf (5 bytes)")]


def test_what_is_on_its_way(check, store, root):
    """A gateway that writes meanwhile, or that died: its own folder is no matter, and what an intent names is nobody's fault."""
    left = Left(root, DATABASE)
    left.token()
    left.put(9999, "ab/new", b"new")
    (root / "gone").write_bytes(b"bytes")
    left.go((9998, "gone"))
    code, lines = check()
    assert code == 0 and not faults(lines)
    assert lines[-1].startswith("2 files are on their way")


def test_more_than_a_page(check, store, root):
    """Rows are read page by page, in the order of their keys; nothing is skipped or told twice."""
    count = 1203
    (root / "many").mkdir()
    for number in range(count):
        if number % 100:
            (root / f"many/{number}").write_bytes(b"bytes")
    with store.connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {writing.TABLE['files']} (file_name, file_path, file_size) VALUES ('a', %s, 5)",
                           [(f"many/{number}",) for number in range(count)])
    code, lines = check()
    assert code == 1
    assert [path for _, _, path in faults(lines)] == [f"many/{number}" for number in range(0, count, 100)]
    assert lines[-1].startswith(f"{count - 13} files in order, 0 records without bytes; 13 missing")


def test_while_others_write(check, store, root, mariadb):
    """Rows and files come and go meanwhile, as a gateway's do: none of it is a fault."""
    for number in range(300):
        add(store, root, f"still/{number}")
    stop = threading.Event()
    problems = []
    rounds = [0]

    def churn():
        own = writing.Store(mariadb, DATABASE)
        number = 0
        while not stop.is_set():
            number += 1
            path = f"moving/{number}"
            try:
                (root / "moving").mkdir(exist_ok=True)
                left = Left(root, DATABASE, gateway=f"{number:016x}")
                token = left.put(number, path, b"bytes")
                key = row(own, path, file_size=5, file_sha256=digest(b"bytes"))
                for used in (token, token.with_name(token.name + ".put"), left.lock):
                    used.unlink()
                if number % 2:
                    left = Left(root, DATABASE, gateway=f"{number:016x}")
                    name = left.go((key, path))
                    own.run(f"DELETE FROM {writing.TABLE['files']} WHERE file_id=%s", key)
                    (root / path).unlink()
                    for used in (name.with_name(name.name + ".go"), left.lock):
                        used.unlink()
                rounds[0] = number
            except Exception as error:  # noqa: BLE001: told by the test
                problems.append(error)
                return
    thread = threading.Thread(target=churn)
    thread.start()
    try:
        results = [check() for _ in range(6)]
    finally:
        stop.set()
        thread.join()
    assert not problems and rounds[0] > 10, (problems, rounds)
    for code, lines in results:
        assert code == 0, faults(lines)


def waits(store):
    """Whether somebody waits for a lock. InnoDB makes that table anew only when nobody has looked for 0.1 s."""
    time.sleep(0.15)
    return store.one("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state='LOCK WAIT'")


@pytest.mark.parametrize("ends", ["commit", "rollback", "never"])
def test_a_row_that_is_being_changed(check, store, root, mariadb, ends):
    """Bytes were replaced, and the row not yet: it is waited for, and judged by what it says then."""
    (root / "new").write_bytes(b"new")
    number = row(store, "old")
    with contextlib.closing(pymysql.connect(unix_socket=mariadb.socket, user="root", database=DATABASE)) as other:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"UPDATE {writing.TABLE['files']} SET file_path='new', file_size=3 WHERE file_id=%s", (number,))
        results = []
        thread = threading.Thread(target=lambda: results.append(check({"mysql.read_deadline": "20s" if ends != "never" else "1s"})))
        thread.start()
        if ends != "never":
            wait_until(lambda: waits(store), 20, "it waits")
            getattr(other, ends)()
        thread.join()
        other.rollback()
    code, lines = results[0]
    expected = {"rollback": [("MISSING", f"files {number}", "old"), ("ORPHAN", "file", "new (3 bytes)")], "never": [("ORPHAN", "file", "new (3 bytes)")]}
    assert faults(lines) == expected.get(ends, [])
    assert code == (0 if ends == "commit" else 1)


def test_no_root(check, root):
    code, lines = check({"files.root": ""})
    assert code == 0 and "files.root is empty" in lines[-1]
    code, lines = check({"files.root": str(root / "nowhere")})
    assert code == 1 and "No such file or directory" in lines[-1]
    (root / "file").write_bytes(b"")
    code, lines = check({"files.root": str(root / "file")})
    assert code == 1 and "Not a directory" in lines[-1]


def test_rows_that_cannot_be_read(check, store, root):
    """Without rows every file would look orphaned: nothing is compared then."""
    (root / "file").write_bytes(b"bytes")
    table = writing.TABLE["files"]
    store.run(f"RENAME TABLE {table} TO {table}_away")
    try:
        code, lines = check()
    finally:
        store.run(f"RENAME TABLE {table}_away TO {table}")
    assert code == 1 and not faults(lines)
    assert any("nothing can be compared" in line for line in lines)


def test_usage(check):
    assert "--files" in run_binary("check", "--help").stdout
    assert run_binary("check", "--filez").returncode == 2
    code, _ = check(None, "word")
    assert code == 2


def test_a_reader_who_goes(mariadb, root, store):
    """`check --files | head`: it ends."""
    for number in range(3000):
        (root / f"orphan{number}").write_bytes(b"")
    options = [word for key, value in {"mysql.socket": mariadb.socket, "mysql.user": "root", "mysql.database": DATABASE,
                                       "files.root": str(root)}.items() for word in ("-o", f"{key}={value}")]
    with subprocess.Popen([gateway.BINARY, "check", "--files", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=gateway.clean_environment()) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) in (0, 1, -signal.SIGPIPE)
