"""Many clients at once that upload, replace, delete and download, and what each of them may expect of its files afterwards.

A client alone changes what it made, so that it knows after every answer what must be there; where an answer was lost, or said
that nobody knows (fate_unknown), it knows which states are possible, and asks nothing more of that file before somebody looked.
"""

import base64
import collections
import hashlib
import json
import random
import threading
import time
import urllib.parse

from support.answers import address, credentials
from support.raw import Closed, Raw
from support.uploading import BOUNDARY, FORM_TYPE, fields, file_part

STORED, NOT_STORED, UNKNOWN = "stored", "not stored", "unknown"
GONE, EMPTY = "gone", ""  # states of a file beside the SHA-256 of its bytes
SIZES = (0, 1, 700, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 150_000, 400_000)
QUERY = urllib.parse.urlencode(credentials())
JSON = {"Content-Type": "application/json"}
RAW = {"Content-Type": "application/octet-stream"}


class Said:
    """status None: no answer came. is_whole: all of the request was handed to the kernel."""

    def __init__(self, reply, is_whole):
        self.status = reply and reply.status
        self.body = reply.body if reply else b""
        self.tag = reply.field("ETag") if reply else None
        self.is_whole = is_whole

    @property
    def codes(self):
        return [error["code"] for error in json.loads(self.body)["response"].get("errors", [])]

    @property
    def fate(self):
        if self.status == 200:
            return STORED
        if self.status is None:
            return UNKNOWN if self.is_whole else NOT_STORED
        return UNKNOWN if "fate_unknown" in self.codes else NOT_STORED

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def in_chunks(body, chance):
    """The body as chunked coding has it."""
    framed, at = b"", 0
    while at < len(body):
        size = chance.randint(1, 60_000)
        framed += b"%x\r\n%s\r\n" % (len(body[at:at + size]), body[at:at + size])
        at += size
    return framed + b"0\r\n\r\n"


def request(method, chain, body=b"", headers=None, chunked=None):
    """A whole request's head and body; chunked: the chance by which it is cut."""
    framing = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": len(body)}
    lines = [f"{key}: {value}" for key, value in {"Host": "t", **framing, **(headers or {})}.items()]
    head = "\r\n".join([f"{method} {address(chain)[0]}?{QUERY} HTTP/1.1", *lines, "", ""])
    return head.encode(), in_chunks(body, chunked) if chunked else body


def create_form(data, params, chunked=None):
    body = fields(None, params) + file_part(data, params["file_name"]) + f"--{BOUNDARY}--\r\n".encode()
    return request("POST", "files", body, FORM_TYPE, chunked)


def create_base64(data, params):
    return request("POST", "files", json.dumps({**params, "file_content": base64.b64encode(data).decode()}).encode(), JSON)


def replace_raw(number, data, chunked=None):
    return request("PUT", f"files/{number}/content", data, RAW, chunked)


def replace_base64(number, data):
    return request("PUT", f"files/{number}", json.dumps({"file_content": base64.b64encode(data).decode()}).encode(), JSON)


def exchange(port, head, body, pace=None, cut=None, timeout=40):
    """Sends it on a connection of its own. pace(): seconds between pieces; cut: so many bytes, then hang up."""
    whole = head + body
    sent, reply = 0, None
    try:
        with Raw(port, timeout) as connection:
            end = len(whole) if cut is None else min(cut, len(whole))
            try:
                while sent < end:
                    piece = whole[sent:min(sent + 40_000, end)]
                    connection.send(piece)
                    sent += len(piece)
                    time.sleep(pace() if pace else 0)
            except ConnectionError:
                pass  # answered early, or dead: the answer tells
            if cut is None or sent == len(whole):
                reply = connection.reply()
    except (OSError, Closed, ValueError):
        pass
    return Said(reply, sent == len(whole))


class Client(threading.Thread):
    """Works until stop is set, but for when pause is."""

    def __init__(self, number, ports, shared=(), seed=1):
        super().__init__(daemon=True)
        self.number, self.ports, self.shared = number, ports, list(shared)
        self.chance = random.Random(seed * 1000 + number)
        self.stop, self.go, self.idle = threading.Event(), threading.Event(), threading.Event()
        self.sequence = 0
        self.project = None
        self.files, self.where, self.threads = {}, {}, {}  # id → possible states; → project; → thread, where it is known
        self.unsure = set()
        self.names = {}  # of files whose creation has no answer: name → possible states
        self.never = []  # names of files that cannot be there
        self.offered, self.seen = [], []  # states that the shared files may have; that they had when they were read
        self.bad, self.counts = [], collections.Counter()
        self.idle.set()

    def run(self):
        while not self.stop.is_set():
            if not self.go.wait(0.1):
                continue
            self.idle.clear()
            try:
                if self.go.is_set():
                    self.step()
            except Exception as error:  # a fault of the test must not look like silence
                self.bad.append(("the client itself", repr(error)))
            self.idle.set()

    # ---- what it does ----------------------------------------------------------------------------

    def step(self):
        if self.project is None:
            self.make_project()
            return
        known = [number for number in self.files if number not in self.unsure]
        kinds = [(self.create, 5), (self.create_in_two, 1), (self.create_again_and_again, 1), (self.hang_up, 1), (self.share, 2)]
        if known:
            kinds += [(self.replace, 4), (self.delete, 2), (self.download, 2)]
        if len(known) > 4:
            kinds += [(self.delete_project, 1), (self.delete, 2)]
        self.chance.choices(*zip(*kinds))[0]()

    def ask(self, head, body, what, **more):
        said = exchange(self.chance.choice(self.ports), head, body, **more)
        self.counts[what, said.status or "no answer"] += 1
        if said.status not in (200, 503, None):
            self.bad.append((what, said))
        return said

    def pace(self):
        return self.chance.random() * self.chance.choice((0, 0, 0.004, 0.02))

    def data(self):
        return self.chance.randbytes(self.chance.choice(SIZES))

    def new_name(self):
        self.sequence += 1
        return f"client-{self.number}-{self.sequence}.bin"

    def any_known(self):
        return self.chance.choice([number for number in self.files if number not in self.unsure])

    def make_project(self):
        said = self.ask(*request("POST", "projects", json.dumps({"project_name": f"of client {self.number}"}).encode(), JSON), "project")
        if said.status == 200:
            self.project = json.loads(said.body)["response"]["project"]["project_id"]
        else:
            time.sleep(0.05)

    def request_to_create(self, data, name):
        params = {"file_name": name, "project_id": self.project}
        threads = [self.threads[number] for number in self.threads if number not in self.unsure and self.where[number] == self.project]
        if threads and self.chance.random() < 0.4:
            params["thread_id"] = self.chance.choice(threads)
        if self.chance.random() < 0.2:
            return create_base64(data, params)
        return create_form(data, params, self.chance if self.chance.random() < 0.3 else None)

    def note_created(self, said, name, state):
        if said.fate == STORED:
            file = json.loads(said.body)["response"]["file"]
            self.files[file["file_id"]], self.where[file["file_id"]] = {state}, self.project
            if file["file_sha256"] != state:
                self.bad.append(("the answer tells another hash", said))
            return file["file_id"]
        if said.fate == UNKNOWN:
            self.names[name] = {state, GONE}
        else:
            self.never.append(name)
        return None

    def create(self):
        data, name = self.data(), self.new_name()
        said = self.ask(*self.request_to_create(data, name), "create", pace=self.pace)
        self.note_created(said, name, digest(data))

    def create_again_and_again(self):
        """With a key, until it is answered: it is there once."""
        data, name = self.data(), self.new_name()
        head, body = self.request_to_create(data, name)
        head = head.replace(b"\r\nHost:", b"\r\nIdempotency-Key: " + name.encode() + b"\r\nHost:", 1)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            said = self.ask(head, body, "create again", pace=self.pace)
            if said.status not in (503, None):
                self.note_created(said, name, digest(data))
                return
            time.sleep(0.1 * self.chance.random())
        self.bad.append((name, "was never answered"))

    def create_in_two(self):
        """The record, then its bytes."""
        name = self.new_name()
        body = json.dumps({"file_name": name, "project_id": self.project}).encode()
        said = self.ask(*request("POST", "files", body, JSON), "record")
        number = self.note_created(said, name, EMPTY)
        if number:
            self.put(number, self.data())

    def put(self, number, data):
        by_base64 = self.chance.random() < 0.2
        chunked = self.chance if self.chance.random() < 0.3 else None
        head, body = replace_base64(number, data) if by_base64 else replace_raw(number, data, chunked)
        said = self.ask(head, body, "replace", pace=self.pace)
        self.note(number, said, digest(data))
        return said

    def replace(self):
        self.put(self.any_known(), self.data())

    def note(self, number, said, state):
        if said.fate == STORED:
            self.files[number] = {state}
        elif said.fate == UNKNOWN:
            self.files[number] = self.files[number] | {state}
            self.unsure.add(number)
        if self.files[number] == {GONE}:
            self.unsure.add(number)

    def delete(self):
        number = self.any_known()
        begun = self.threads.pop(number, None)  # it may be another one's now
        self.threads = {other: thread for other, thread in self.threads.items() if thread != begun}
        self.note(number, self.ask(*request("DELETE", f"files/{number}"), "delete"), GONE)

    def delete_project(self):
        said = self.ask(*request("DELETE", f"projects/{self.project}"), "delete project")
        for number in [number for number in self.files if self.where[number] == self.project]:
            self.note(number, said, GONE)
        if said.fate != NOT_STORED:
            self.project = None

    def hang_up(self):
        """Somewhere before the last byte: nothing is stored."""
        data, name = self.data(), self.new_name()
        if self.files and self.chance.random() < 0.4:
            known = [number for number in self.files if number not in self.unsure]
            if not known:
                return
            head, body = replace_raw(self.chance.choice(known), data + b"x", self.chance if self.chance.random() < 0.5 else None)
        else:
            head, body = self.request_to_create(data, name)
            self.never.append(name)
        self.ask(head, body, "hang up", cut=self.chance.randint(1, len(head) + len(body) - 1), pace=self.pace)

    def download(self):
        number = self.any_known()
        if EMPTY in self.files[number]:
            return
        said = self.ask(*request("GET", f"files/{number}/download"), "download")
        if said.status == 200 and digest(said.body) not in self.files[number]:
            self.bad.append(("a download has other bytes", number, said))

    def share(self):
        """A file that all replace: a reader gets the bytes of one of them, and always some."""
        number = self.chance.choice(self.shared)
        if self.chance.random() < 0.5:
            data = self.data()
            self.offered.append(digest(data))
            self.ask(*replace_raw(number, data), "share", pace=self.pace)
            return
        said = self.ask(*request("GET", f"files/{number}/download"), "download shared")
        if said.status == 200:
            self.seen.append(digest(said.body))

    # ---- what is found ----------------------------------------------------------------------------

    def compare(self, rows):
        """While it pauses: rows (id → row) against what it may expect; what was unsure is known afterwards. Faults as text."""
        by_name = collections.defaultdict(list)
        for row in rows.values():
            by_name[row.file_name].append(row)
        faults = [f"{name} was never stored whole, and is there" for name in self.never if name in by_name]
        for name, states in self.names.items():
            found = by_name.get(name, [])
            if len(found) > 1:
                faults.append(f"{name} is there {len(found)} times")
            for row in found[:1]:
                self.files[row.file_id], self.where[row.file_id] = states, row.project_id
        faults += [fault for number in list(self.files) if (fault := self._settle(number, rows.get(number)))]
        self.names, self.never = {}, []
        self.unsure.clear()
        self.threads = {number: rows[number].thread_id for number in self.files}
        return faults

    def _settle(self, number, row):
        state = row.file_sha256 if row else GONE
        fault = None if state in self.files[number] else f"file {number} is {state!r}, but {self.files[number]} is expected"
        self.files[number] = {state}
        if row is None:
            del self.files[number], self.where[number]
        return fault


def digest(data):
    return hashlib.sha256(data).hexdigest()
