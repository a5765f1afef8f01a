"""Rows and bytes of files compared past the gateway: what must hold whenever nothing is under way, whatever happened before.

spec/remote-api.md section 6 (one transaction, bytes after the commit) and operations.md, "Failure behaviour": no row without its
bytes, no bytes without a row, nothing left of what was cut off.
"""

import fcntl
import hashlib
import os
import pathlib
import stat

from support.fixture import PREFIX
from support.gateway import run_binary

TABLE = f"{PREFIX}file"
ROW = "file_id, thread_id, project_id, file_version, file_name, file_path, file_size, file_sha256"


class Row:
    def __init__(self, columns):
        for name, value in zip(ROW.split(", "), columns):
            setattr(self, name, value)

    @property
    def has_bytes(self):
        return self.file_sha256 != ""

    def path(self, template):
        return template.format(**vars(self))


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _digest(file)


def _digest(file):
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


class KeptFiles:
    """run(sql) asks the database; template is files.path."""

    def __init__(self, root, run, template="{file_path}"):
        self.root, self.run, self.template = pathlib.Path(root), run, template
        self.work = self.root / ".portcullis"

    def rows(self):
        """id → row."""
        return {row.file_id: row for row in map(Row, self.run(f"SELECT {ROW} FROM {TABLE}"))}

    def on_disk(self):
        """Paths of all that is no folder, but for what is the gateway's own."""
        found = set()
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if pathlib.Path(folder, name) != self.work]
            found |= {str(pathlib.Path(folder, name).relative_to(self.root)) for name in names}
        return found

    def left(self):
        """What lies in .portcullis beside locks."""
        return sorted(path.name for path in self.work.glob("*") if path.suffix != ".lock")

    def locks(self):
        """name → whether some process holds it."""
        return {path.name: _is_held(path) for path in self.work.glob("*.lock")}

    def is_settled(self, gateways):
        """Nothing is under way, nothing is left: one lock a living gateway, and no more."""
        return not self.left() and list(self.locks().values()) == [True] * gateways

    def faults(self):
        """Every disagreement as text."""
        rows, there, found = self.rows(), self.on_disk(), []
        named = {}
        for row in rows.values():
            if row.has_bytes:
                path = row.path(self.template)
                found += [f"{path} is named by files {named[path]} and {row.file_id}"] if path in named else []
                named[path] = row.file_id
                found += self._compare(row, path)
            elif row.file_path or row.file_size:
                found.append(f"file {row.file_id} says no hash, but path {row.file_path!r} and size {row.file_size}")
        found += [f"{path} is named by no row" for path in sorted(there - set(named))]
        return found

    def _compare(self, row, path):
        try:
            status = (self.root / path).lstat()
        except OSError as error:
            return [f"file {row.file_id} is without its bytes: {error}"]
        if not stat.S_ISREG(status.st_mode):
            return [f"file {row.file_id}: {path} is no regular file"]
        if status.st_nlink != 1:
            return [f"file {row.file_id}: {path} has {status.st_nlink} names"]
        if status.st_size != row.file_size:
            return [f"file {row.file_id}: {path} has {status.st_size} bytes, the row says {row.file_size}"]
        if digest_of(self.root / path) != row.file_sha256:
            return [f"file {row.file_id}: {path} has other bytes than the row says"]
        return []

    def check(self, settings):
        """What `portcullis check --files` says: exit code and the line that sums it up."""
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        done = run_binary("check", "--files", *options, timeout=120)
        return done.returncode, next((line for line in done.stdout.splitlines() if " files in order, " in line), done.stdout + done.stderr)

    def agree(self, settings):
        """Both judges find nothing, and count alike."""
        found = self.faults()
        assert found == [], found
        rows = self.rows().values()
        count = sum(row.has_bytes for row in rows)
        code, line = self.check(settings)
        assert code == 0 and line.startswith(f"{count} files in order, {len(rows) - count} records without bytes; 0 missing,"), line


def _is_held(path):
    try:
        with open(path, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
