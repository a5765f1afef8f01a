"""Uploads as clients send them, byte by byte, and what they leave on the disk and in the database."""

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import random
import stat
import urllib.parse

from support.answers import BASE, address, credentials
from support.fixture import PREFIX
from support.ports import wait_until
from support.raw import Closed, Raw
from support.writing import Writer

BOUNDARY = "----boundary-of-the-tests"
TABLE = f"{PREFIX}file"
WAYS = ("form", "form in chunks", "base64", "base64 in a form", "raw", "raw in chunks")
SIZES = (0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1)


def noise(size, seed=1):
    """Bytes that nobody guesses, CRLF and dashes among them."""
    return random.Random(seed).randbytes(size)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# ---- multipart/form-data ---------------------------------------------------------------------

def _bytes(text):
    return text if isinstance(text, bytes) else str(text).encode()


def part(disposition, content, *more):
    """One part with its delimiter."""
    lines = [f"--{BOUNDARY}".encode(), b"Content-Disposition: form-data; " + _bytes(disposition), *map(_bytes, more), b"", _bytes(content)]
    return b"\r\n".join(lines) + b"\r\n"


def field(name, value):
    return part(f'name="{name}"', value)


def file_part(data, filename="a.bin", media=None, name="file"):
    more = [] if media is None else [b"Content-Type: " + _bytes(media)]
    return part(b'name="' + _bytes(name) + b'"; filename="' + _bytes(filename) + b'"', data, *more)


def fields(user="alice", params=None, **more):
    """Login and params as parts."""
    pairs = {**(credentials(user) if user else {}), **more}
    if params is not None:
        pairs["params"] = json.dumps(params)
    return b"".join(field(name, value) for name, value in pairs.items())


def form(*parts, end=f"--{BOUNDARY}--\r\n"):
    return b"".join(parts) + end.encode()


FORM_TYPE = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def pieces(body, size=30011):
    """As an iterable requests sends it in chunks."""
    for start in range(0, len(body), size):
        yield body[start:start + size]


# ---- the disk --------------------------------------------------------------------------------

class Disk:
    """files.root of one gateway."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.root.mkdir(parents=True, exist_ok=True)

    def all(self):
        """path → size of all that is no folder, but for locks."""
        found = {}
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = pathlib.Path(folder, name)
                with contextlib.suppress(FileNotFoundError):
                    status = path.lstat()
                    if not (name.endswith(".lock") and path.parent.name == ".portcullis"):
                        found[str(path.relative_to(self.root))] = status.st_size if stat.S_ISREG(status.st_mode) else status.st_mode
        return found

    def begun(self):
        """Of those, what is being written."""
        return {path: size for path, size in self.all().items() if path.startswith(".portcullis/")}

    @contextlib.contextmanager
    def unchanged(self, seconds=0):
        """Nothing came and nothing went; seconds: so long may it take, where nobody tells the client."""
        before = self.all()
        yield
        if seconds:
            with contextlib.suppress(AssertionError):
                wait_until(lambda: self.all() == before, seconds, "the disk as before")
        assert self.all() == before

    @contextlib.contextmanager
    def untouched(self):
        """Nothing so much as began to be written, or was removed, where bytes begin."""
        work = self.root / ".portcullis"
        os.utime(work, (1, 1))
        yield
        assert work.stat().st_mtime == 1

    def read(self, path):
        return (self.root / path).read_bytes()


# ---- the client ------------------------------------------------------------------------------

class Uploader(Writer):
    def __init__(self, server, store, disk):
        super().__init__(server.url)
        self.server, self.store, self.disk = server, store, disk

    def form(self, *parts, chain="files", headers=None, chunked=False, query=None, method="POST", **more):
        """A form as it stands: the parts say all."""
        body = form(*parts)
        return self.client.send(method, address(chain)[0], query, data=pieces(body) if chunked else body,
                                headers={**FORM_TYPE, **(headers or {})}, **more)

    def upload(self, data, params=None, filename="a.bin", media=None, user="alice", **more):
        """The usual form: login, params, file."""
        return self.form(fields(user, params or {}), file_part(data, filename, media), **more)

    def content(self, number, data, params=None, headers=None, chunked=False, user="alice", chain=None, **more):
        """PUT files/{id}/content."""
        return self.client.ask(chain or f"files/{number}/content", params, method="PUT", user=user,
                               data=pieces(data) if chunked else data,
                               headers={"Content-Type": "application/octet-stream", **(headers or {})}, **more)

    def create(self, way, data, params):
        """A file's record and bytes, in one of the ways; the answer that tells of both."""
        if way.startswith("form"):
            return self.upload(data, params, filename=params["file_name"], chunked=way.endswith("chunks"))
        text = base64.b64encode(data).decode()
        if way == "base64":
            return self.post("files", body={**params, "file_content": text})
        if way == "base64 in a form":
            pairs = {**credentials(), "params": json.dumps(params), "params[file_content]": text}
            return self.client.send("POST", address("files")[0], None, data=urllib.parse.urlencode(pairs),
                                    headers={"Content-Type": "application/x-www-form-urlencoded"})
        number = self.post("files", params).success().response["file"]["file_id"]
        return self.content(number, data, chunked=way.endswith("chunks"))

    def is_stored(self, answer, data):
        """The answer, the row, the disk and a download agree on these bytes; the row's id."""
        file = answer.success().response["file"]
        number = file["file_id"]
        assert (file["file_size"], file["file_sha256"]) == (len(data), sha256(data))
        size, digest, path = self.store.run(
            f"SELECT file_size, file_sha256, file_path FROM {TABLE} WHERE file_id=%s", number)[0]
        assert (size, digest) == (len(data), sha256(data))
        assert sha256(self.disk.read(path)) == digest
        assert "file_path" not in file
        got = self.get(f"files/{number}/download")
        assert got.status == 200 and sha256(got.http.content) == digest
        assert got.headers["Content-Length"] == str(len(data))
        assert not self.disk.begun()
        return number

    def path(self, number):
        return self.store.value("files", number, "file_path")

    @contextlib.contextmanager
    def nothing_stored(self, seconds=0):
        with self.store.unchanged(), self.disk.unchanged(seconds):
            yield

    def raw_head(self, size=None, chain="files", method="POST", user=None, extra="", media=None, query=""):
        """A head for raw sockets; size None: in chunks."""
        pairs = urllib.parse.urlencode(credentials(user)) if user else ""
        framing = "Transfer-Encoding: chunked" if size is None else f"Content-Length: {size}"
        media = media or FORM_TYPE["Content-Type"]
        return (f"{method} {address(chain)[0]}?{pairs}{query} HTTP/1.1\r\nHost: t\r\nContent-Type: {media}\r\n"
                f"{framing}\r\n{extra}\r\n").encode()


def answered_early(connection, more, pause=0.02, most=400):
    """Sends on, slowly, until the answer is there; how many pieces that took, and the answer."""
    sent = 0
    connection.socket.settimeout(pause)
    while sent < most:
        try:
            connection.fill()
            break
        except TimeoutError:
            pass
        try:
            connection.send(more)
        except ConnectionError:
            break
        sent += 1
    connection.socket.settimeout(20)
    return sent, connection.reply()


__all__ = ["BASE", "BOUNDARY", "Closed", "Disk", "FORM_TYPE", "Raw", "SIZES", "TABLE", "Uploader", "WAYS", "answered_early", "field",
           "fields", "file_part", "form", "noise", "part", "pieces", "sha256"]
