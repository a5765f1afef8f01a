"""Files to be downloaded: rows and bytes put there past the gateway, and answers of several ranges taken apart."""

import contextlib
import itertools
import os
import re

from support import fixture
from support.fixture import PREFIX

_numbers = itertools.count(20000)


@contextlib.contextmanager
def stored(mariadb, root, content=b"", database="whmcs", **columns):
    """A file of a project that everybody sees; gives its id. content is bytes, or a size in bytes: then it is sparse."""
    number = next(_numbers)
    path = columns.setdefault("file_path", f"made-{number}")
    row = {"file_id": number, "thread_id": number, "project_id": 259, "file_name": "made.bin", "file_detail": "", **columns}
    write(root / path, content)
    with mariadb.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        fixture.insert(cursor, PREFIX + "file", [row])
    try:
        yield number
    finally:
        mariadb.run(f"DELETE FROM {PREFIX}file WHERE file_id = {number}", database=database)
        with contextlib.suppress(FileNotFoundError):
            (root / path).unlink()


def write(path, content):
    with open(path, "wb") as file:
        if isinstance(content, int):
            file.truncate(content)
        else:
            file.write(content)


def patch(path, offset, content):
    """Writes into a file where it lies."""
    with open(path, "r+b") as file:
        os.pwrite(file.fileno(), content, offset)


def parts(content_type, body):
    """multipart/byteranges by the letter of RFC 2046 5.1.1 and RFC 9110 14.6: [(type, first, last, total, bytes)]."""
    boundary = re.fullmatch(r"multipart/byteranges; boundary=([0-9A-Za-z]{1,70})", content_type).group(1).encode()
    assert body.startswith(b"\r\n--" + boundary + b"\r\n")
    found, rest = [], body[len(boundary) + 6:]
    while True:
        head, rest = rest.split(b"\r\n\r\n", 1)
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        assert set(fields) == {"Content-Type", "Content-Range"}
        first, last, total = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", fields["Content-Range"]).groups())
        size = last - first + 1
        found.append((fields["Content-Type"], first, last, total, rest[:size]))
        rest = rest[size:]
        assert rest.startswith(b"\r\n--" + boundary)
        rest = rest[len(boundary) + 4:]
        if rest == b"--\r\n":
            return found
        assert rest.startswith(b"\r\n")
        rest = rest[2:]
