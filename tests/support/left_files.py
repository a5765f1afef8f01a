"""What a gateway that died leaves in files.root/.portcullis, made by hand (src/store/blob_store.h)."""

import fcntl
import hashlib
import os
import pathlib

GATEWAY = "0123456789abcdef"


class Left:
    """The traces of one gateway, dead unless it is locked."""

    def __init__(self, root, database, template="{file_path}", gateway=GATEWAY):
        self.root, self.gateway, self.numbers = pathlib.Path(root), gateway, 0
        self.realm = hashlib.sha256(f"{database}\n{template}".encode()).hexdigest()[:16]
        self.work = self.root / ".portcullis"
        self.work.mkdir(parents=True, exist_ok=True)
        self.lock = self.work / f"{gateway}.lock"
        self.lock.touch()

    def locked(self):
        """As if it lived; until the file is closed."""
        file = open(self.lock, "r+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def next(self):
        self.numbers += 1
        return self.work / f"{self.gateway}-{self.numbers}"

    def intent(self, kind, file, number, path, data=None):
        status = os.lstat(file)
        identity = f"{status.st_ino},{status.st_size},{status.st_mtime_ns // 10**9},{status.st_mtime_ns % 10**9}"
        digest = "-" if data is None else hashlib.sha256(data).hexdigest()
        return f"{kind}/{self.realm}/{identity}/{digest}/files/{number}/{path}"

    def token(self, data=b"half a fi"):
        token = self.next()
        token.write_bytes(data)
        return token

    def put(self, number, path, data=b"bytes", links=True, kind="put"):
        """Published at the path, or about to be."""
        token = self.token(data)
        token.with_name(token.name + ".put").symlink_to(self.intent(kind, token, number, path, data))
        if links:
            place = self.root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(token, place)
        return token

    def swap(self, number, path, data, swaps=True):
        """The path's bytes replaced, or about to be."""
        token = self.put(number, path, data, links=False, kind="swap")
        if swaps:
            place = self.root / path
            other = self.root / "in between"
            place.rename(other)
            token.rename(place)
            other.rename(token)
        return token

    def go(self, *rows):
        """A list of (number, path) whose bytes are to go."""
        name = self.next()
        text = "".join(self.intent("go", self.root / path, number, path) + "\0" for number, path in rows)
        name.with_name(name.name + ".go").write_bytes(text.encode())
        return name

    def names(self):
        """What is left of it."""
        return sorted(path.name for path in self.work.iterdir() if path.name.startswith(self.gateway))


def own_gateway(root, but=()):
    """The name under which the one living gateway writes."""
    found = [path.name[:-len(".lock")] for path in (pathlib.Path(root) / ".portcullis").glob("*.lock")]
    return next(name for name in found if name not in but)
