"""remote-api.md section 7, files, over any sequence of requests: what a model in Python says is there is what the API lists, downloads and
tells in its answers, and in the end what rows and disk hold. Uploads in every way, new versions, replacements, deletes of files, projects
and whole threads, closed threads, dry runs, refused and cut requests.

PORTCULLIS_LONG=1: 40 sequences; PORTCULLIS_SEED repeats one.
"""

import contextlib
import dataclasses
import json
import os
import random

import pytest

from support import writing
from support.file_clients import create_base64, create_form, exchange, replace_base64, replace_raw
from support.kept_files import KeptFiles
from support.ports import wait_until
from support.uploading import TABLE, Disk, Uploader, noise, sha256

pytestmark = [pytest.mark.faults, pytest.mark.slow]

DATABASE = "whmcs_model"
SEQUENCES = 40 if os.environ.get("PORTCULLIS_LONG") else 4
STEPS = 150
SEED = os.environ.get("PORTCULLIS_SEED", "0")
SIZES = (0, 1, 2, 100, 65535, 65536, 65537, 131072, 200_001)
NAMES = ("plan.pdf", "Übersicht.html", "a b.tar.gz", "no ending", "日本.txt")


@dataclasses.dataclass
class File:
    """What is to be there. data None: a record without bytes."""
    number: int
    project: int
    thread: int
    version: int
    name: str
    data: bytes = None


class Model:
    def __init__(self):
        self.files, self.closed, self.projects = {}, set(), []

    def add(self, number, project, thread, name, data):
        version = max((file.version for file in self.of(thread)), default=0) + 1 if thread else 1
        self.files[number] = File(number, project, thread or number, version, name, data)
        return self.files[number]

    def of(self, thread):
        return [file for file in self.files.values() if file.thread == thread]

    def remove(self, number):
        """A thread whose first row goes is called by the next one."""
        file = self.files.pop(number)
        rest = self.of(file.thread)
        if file.thread != number:
            return
        closed = file.thread in self.closed
        self.closed.discard(file.thread)
        first = min((other.number for other in rest), default=None)
        for other in rest:
            other.thread = first
        if closed and first:
            self.closed.add(first)

    def remove_project(self, project):
        for number in [number for number, file in self.files.items() if file.project == project]:
            self.closed.discard(self.files[number].thread)
            del self.files[number]
        self.projects.remove(project)


class Sequence:
    """One gateway, one model, steps by chance; what was done is told when it goes wrong."""

    def __init__(self, uploader, seed, template):
        self.uploader, self.chance, self.model, self.done = uploader, random.Random(seed), Model(), []
        self.port, self.store = uploader.server.port, uploader.store
        self.kept = KeptFiles(uploader.disk.root, lambda sql: self.store.run(sql), template)

    def run(self):
        for _ in range(2):
            self.model.projects.append(self.store.project())
        for _ in range(STEPS):
            step = self.chance.choices(*zip(*self.steps()))[0]
            self.done.append(step.__name__)
            step()

    def steps(self):
        steps = [(self.create, 6), (self.create_empty, 1), (self.refused, 1), (self.cut, 1), (self.dry_run, 1)]
        if self.model.files:
            steps += [(self.version, 5), (self.replace, 5), (self.delete, 4), (self.download, 5), (self.switch, 1), (self.rename, 1), (self.stale, 1)]
        if len(self.model.files) > 6:
            steps += [(self.delete_project, 1), (self.look, 2)]
        return steps

    def data(self):
        return noise(self.chance.choice(SIZES), self.chance.random())

    def any(self):
        return self.model.files[self.chance.choice(list(self.model.files))]

    @contextlib.contextmanager
    def nothing_stored(self):
        """No row, and no bytes; what those that were cut off left in .portcullis may go meanwhile."""
        before = self.kept.on_disk()
        with self.store.unchanged():
            yield
        assert self.kept.on_disk() == before

    def note(self, *what):
        self.done[-1] = (self.done[-1], *what)

    # ---- creating --------------------------------------------------------------------------------

    def send_new(self, params, data):
        """In one of the ways; what came of it as (status, the answer's response)."""
        way = self.chance.choice(("form", "chunks", "base64"))
        self.note(way, params, len(data))
        head, body = (create_base64(data, params) if way == "base64" else
                      create_form(data, params, self.chance if way == "chunks" else None))
        said = exchange(self.port, head, body)
        return said.status, json.loads(said.body)["response"] if said.body else None

    def create(self, thread=0, project=None):
        project = project or self.chance.choice(self.model.projects)
        name, data = self.chance.choice(NAMES), self.data()
        params = {"file_name": name, "project_id": project, **({"thread_id": thread} if thread else {})}
        status, response = self.send_new(params, data)
        if thread in self.model.closed:
            assert status == 409, response
            return
        assert status == 200, response
        file = self.model.add(response["file"]["file_id"], project, thread, name, data)
        self.is_told(response["file"], file)

    def version(self):
        file = self.any()
        self.create(file.thread, file.project)

    def create_empty(self):
        project, name = self.chance.choice(self.model.projects), self.chance.choice(NAMES)
        number = self.uploader.post("files", {"file_name": name, "project_id": project}).success().response["file"]["file_id"]
        self.model.add(number, project, 0, name, None)

    def dry_run(self):
        params = {"file_name": "dry.bin", "project_id": self.chance.choice(self.model.projects), "dry_run": 1}
        with self.nothing_stored():
            status, response = self.send_new(params, self.data())
            assert status == 200, response

    def refused(self):
        params, expected = self.chance.choice([({"file_name": "x", "project_id": 99999999}, 422), ({"file_name": "x", "no_such": 1}, 400),
                                               ({"file_name": "x", "thread_id": 99999999}, 422)])
        with self.nothing_stored():
            status, response = self.send_new(params, self.data())
            assert status == expected, response

    def cut(self):
        head, body = create_form(self.data(), {"file_name": "cut.bin"}, self.chance if self.chance.random() < 0.5 else None)
        with self.nothing_stored():
            exchange(self.port, head, body, cut=self.chance.randrange(1, len(head) + len(body)))

    # ---- changing --------------------------------------------------------------------------------

    def replace(self):
        file, data = self.any(), self.data()
        way = self.chance.choice(("raw", "chunks", "base64"))
        self.note(way, file.number, len(data))
        head, body = (replace_base64(file.number, data) if way == "base64" else
                      replace_raw(file.number, data, self.chance if way == "chunks" else None))
        said = exchange(self.port, head, body)
        if file.thread in self.model.closed:
            assert said.status == 409, said
            return
        assert said.status == 200, said
        file.data = data
        self.is_told(json.loads(said.body)["response"]["file"], file)

    def stale(self):
        """If-Match that does not: 412, and the bytes stay."""
        file = self.any()
        with self.nothing_stored():
            answer = self.uploader.content(file.number, self.data(), headers={"If-Match": '"0123456789abcdef"'})
            assert answer.status in (412, 409 if file.thread in self.model.closed else 412), answer.http.text

    def rename(self):
        """A record's other columns have nothing to do with its bytes."""
        file = self.any()
        file.name = self.chance.choice(NAMES)
        self.note(file.number, file.name)
        self.is_told(self.uploader.put(f"files/{file.number}", {"file_name": file.name}).success().response["file"], file)

    def switch(self):
        """Closes a thread, or opens it."""
        thread = self.any().thread
        closing = thread not in self.model.closed
        self.note(thread, closing)
        self.uploader.put(f"files/{thread}", {"file_status": "closed" if closing else "open"}).success()
        (self.model.closed.add if closing else self.model.closed.discard)(thread)

    def delete(self):
        file = self.any()
        self.note(file.number)
        self.uploader.delete(f"files/{file.number}").success()
        self.model.remove(file.number)
        assert self.uploader.get(f"files/{file.number}/download").status == 404

    def delete_project(self):
        project = self.chance.choice(self.model.projects)
        self.note(project)
        self.uploader.delete(f"projects/{project}").success()
        self.model.remove_project(project)
        self.model.projects.append(self.store.project())

    # ---- looking ---------------------------------------------------------------------------------

    def download(self):
        """Whole, or a range."""
        file = self.any()
        self.note(file.number)
        size = len(file.data or b"")
        if file.data and self.chance.random() < 0.5:
            first = self.chance.randrange(size)
            last = self.chance.randrange(first, size + 10)
            answer = self.uploader.get(f"files/{file.number}/download", headers={"Range": f"bytes={first}-{last}"})
            assert (answer.status, answer.http.content) == (206, file.data[first:last + 1])
            return
        answer = self.uploader.get(f"files/{file.number}/download")
        assert answer.status == (404 if file.data is None else 200), answer.http.text[:300]
        assert file.data is None or answer.http.content == file.data

    def look(self):
        """A project's files, and its threads' latest versions."""
        project = self.chance.choice(self.model.projects)
        files = [file for file in self.model.files.values() if file.project == project]
        listed = self.uploader.get(f"projects/{project}/files", query={"limit": 500}).success().response["files"]
        assert {row["file_id"] for row in listed} == {file.number for file in files}
        for row in listed:
            self.is_told(row, self.model.files[row["file_id"]])
        latest = self.uploader.get(f"projects/{project}/files/bythread", query={"limit": 500}).success().response["files"]
        newest = {max(self.model.of(thread), key=lambda file: (file.version, file.number)).number for thread in {file.thread for file in files}}
        assert {row["file_id"] for row in latest} == newest

    def is_told(self, row, file):
        data = file.data or b""
        told = (row["file_name"], row["file_size"], row["file_sha256"], row["thread_id"], row["file_version"], row["project_id"])
        assert told == (file.name, len(data), "" if file.data is None else sha256(data), file.thread, file.version, file.project)

    def compare(self):
        """Rows and disk against the model, past the gateway."""
        rows = self.kept.rows()
        assert set(rows) == set(self.model.files)
        for number, row in rows.items():
            self.is_told(vars(row), self.model.files[number])
        wait_until(lambda: self.kept.is_settled(1), 10, "nothing is left")
        assert self.kept.faults() == []
        assert len(self.kept.on_disk()) == sum(file.data is not None for file in self.model.files.values())


@pytest.fixture(scope="module")
def store(mariadb):
    writing.load(mariadb, DATABASE)
    return writing.Store(mariadb, DATABASE)


@pytest.fixture(scope="module", params=["{file_path}", "{project_id}/{file_id}.bin"], ids=["a path of their own", "the same path"])
def uploader(request, store, module_gateway, tmp_path_factory):
    disk = Disk(tmp_path_factory.mktemp("model"))
    server = module_gateway({"mysql.database": DATABASE, "files.root": str(disk.root), "files.path": request.param})
    uploader = Uploader(server, store, disk)
    uploader.template = request.param
    return uploader


@pytest.mark.parametrize("turn", range(SEQUENCES))
def test_any_sequence(uploader, store, turn):
    store.run(f"DELETE FROM {TABLE}")
    for path in uploader.disk.all():
        (uploader.disk.root / path).unlink()
    sequence = Sequence(uploader, f"{SEED}-{turn}", uploader.template)
    try:
        sequence.run()
        sequence.compare()
    except AssertionError:
        print(f"PORTCULLIS_SEED={SEED}; the last steps:", *sequence.done[-12:], sep="\n  ")
        raise
    settings = {"mysql.user": "root", "mysql.database": DATABASE, **uploader.server.settings}
    sequence.kept.agree({key: value for key, value in settings.items() if key.startswith(("mysql.", "files."))})
