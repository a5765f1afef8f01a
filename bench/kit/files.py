"""Files: downloads beside nginx on the same files, uploads beside nginx and PHP, and what slow readers cost others.

Downloads lie on the disk and are read from the page cache; uploads go to memory (/dev/shm), so that no disk's
fsync decides between those who do it and those who do not.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from types import SimpleNamespace

from . import database as db
from . import load, peers

KIB, MIB = 1024, 1024 * 1024
LONG_SECONDS = 5  # of a round of 100 MiB: what lies in the sockets' buffers at its end, sent but not read, is then little
# Title, bytes, files, bound of the rate, seconds of a round at least.
SIZES = (("16 KiB", 16 * KIB, 64, 0.85, 0), ("1 MiB", MIB, 16, 0.95, 0), ("100 MiB", 100 * MIB, 2, 0.95, LONG_SECONDS))
PROJECT = 17
FIRST_ID = 900001
READERS = 1000


def _route(name, script):
    return SimpleNamespace(name=name, script=script, status=200, format="json")


def _fill(folder, name, size):
    """Incompressible, and the same in every run."""
    path = folder / name
    if not path.exists() or path.stat().st_size != size:
        block = b"".join(hashlib.sha256(f"{name}{n}".encode()).digest() for n in range(512))
        with path.open("wb") as file:
            for _ in range(size // len(block)):
                file.write(block)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _rows(base, folder):
    """Files and their rows; for each size the ids and names."""
    folder.mkdir(parents=True, exist_ok=True)
    base.query(f"DELETE FROM {db.FILE}")
    made, number = {}, FIRST_ID
    for title, size, count, _, _ in SIZES:
        made[title] = []
        for n in range(count):
            name = f"{title.replace(' ', '')}-{n}.bin"
            digest = _fill(folder, name, size)
            base.query(f"SET sql_mode=''; INSERT INTO {db.FILE} SET file_id = {number}, thread_id = {number}, "
                       f"project_id = {PROJECT}, file_name = '{name}', file_mime = 'application/octet-stream', "
                       f"file_size = {size}, file_path = '{name}', file_sha256 = '{digest}'")
            made[title].append((number, name))
            number += 1
    return made


def _targets(paths, made, title):
    for peer, target in (("portcullis-files", lambda id_, _: f"{peers.BASE}files/{id_}/download?{peers.CREDENTIALS}"),
                         ("nginx-files", lambda _, name: f"/{name}")):
        (paths.var / f"cursors-{peer}").write_text("".join(f"{target(*file)}\n" for file in made[title]))


def _same(found, made):
    """Both send the same bytes."""
    for files in made.values():
        id_, name = files[0]
        theirs = found["nginx"]._ask(f"/{name}")[1]
        ours = found["portcullis"].get(f"files/{id_}/download")[1]
        if hashlib.sha256(ours).digest() != hashlib.sha256(theirs).digest():
            raise SystemExit(f"bench: the gateway and nginx send other bytes of {name}")


def _turns(paths, base, settings, route, found, before=lambda: None, least_seconds=0):
    rounds = {name: [] for name in found}
    for turn in range(settings.rounds + 1):
        for name in list(found)[::1 if turn % 2 else -1]:
            before()
            seconds = max(settings.seconds, least_seconds) if turn else 1
            played = load.wrk(paths, found[name], route, base, seconds, turn * 100 + 7)
            if turn:
                servers = sum(used for who, used in played["cpu_us"].items() if who != "wrk")
                rounds[name].append({"rate": played["rate"], "sent": played["sent"], "cpu_us": servers,
                                     "cpu_a_byte": servers / played["bytes"] if played["bytes"] else 0})
    return rounds


def _ratio(rounds, over, under, key):
    return median(one[key] / other[key] for one, other in zip(rounds[over], rounds[under]))


def _figures(rounds, key, unit=1):
    return {name: median(one[key] for one in played) / unit for name, played in rounds.items()}


def _row(title, value, bound, figures, by_cpu=None, is_ceiling=False):
    return {"title": title, "value": value, "by_cpu": by_cpu, "bound": bound, "figures": figures, "is_ceiling": is_ceiling}


def _downloads(paths, base, settings, say):
    folder = paths.var / "files"
    made = _rows(base, folder)
    gateway = peers.gateway(paths, base, settings, "portcullis-files", (f"files.root={folder}",))
    found = {"portcullis": gateway, "nginx": peers.serving(paths, folder)}
    rows = []
    try:
        _same(found, made)
        for title, _, _, bound, least_seconds in SIZES:
            say(f"files: downloads of {title}")
            _targets(paths, made, title)
            rounds = _turns(paths, base, settings, _route("download", "download"), found,
                            least_seconds=least_seconds)
            rows.append(_row(f"downloads of {title} at least {bound:g} x nginx (MiB/s)",
                             _ratio(rounds, "portcullis", "nginx", "sent"), bound, _figures(rounds, "sent", MIB)))
            rows.append(_row("… at no more than 1.1 x its CPU a byte (µs a MiB)",
                             _ratio(rounds, "portcullis", "nginx", "cpu_a_byte"), 1.1,
                             _figures(rounds, "cpu_a_byte", 1 / MIB), is_ceiling=True))
    finally:
        for peer in found.values():
            peer.stop()
    return rows


def _forget_uploads(base, folders):
    base.query(f"DELETE FROM {db.FILE} WHERE file_id >= {FIRST_ID}; TRUNCATE tblactivitylog")
    for folder in folders:
        for entry in folder.iterdir():
            if len(entry.name) == 2:
                shutil.rmtree(entry, ignore_errors=True)  # uploads that wrk left under way may still arrive


def _check_uploads(base, folder):
    """What was stored last is there, whole."""
    path, size, digest = base.query(
        f"SELECT file_path, file_size, file_sha256 FROM {db.FILE} ORDER BY file_id DESC LIMIT 1")[0]
    content = (folder / path).read_bytes()
    if len(content) != int(size) or len(content) != MIB or hashlib.sha256(content).hexdigest() != digest:
        raise SystemExit(f"bench: an upload under {folder} is not what was sent")


def _uploads(paths, base, settings, say):
    say("files: uploads of 1 MiB")
    memory = Path(f"/dev/shm/portcullis-bench-{os.getpid()}")
    folders = {name: memory / name for name in ("portcullis", "php")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    found = {"portcullis": peers.gateway(paths, base, settings, "portcullis-uploads",
                                         (f"files.root={folders['portcullis']}",)),
             "php": peers.php(paths, base, settings, str(folders["php"]))}
    base.query(f"DELETE FROM {db.FILE}; ALTER TABLE {db.FILE} AUTO_INCREMENT = {FIRST_ID}")
    try:
        for name, peer in found.items():
            load.wrk(paths, peer, _route("upload", "upload"), base, 1, 7)
            _check_uploads(base, folders[name])
        rounds = _turns(paths, base, settings, _route("upload", "upload"), found,
                        lambda: _forget_uploads(base, folders.values()))
    finally:
        for peer in found.values():
            peer.stop()
        shutil.rmtree(memory, ignore_errors=True)
        base.query(f"DELETE FROM {db.FILE}; TRUNCATE tblactivitylog")
    return [_row("uploads of 1 MiB at least 3 x nginx + PHP (a second)", _ratio(rounds, "portcullis", "php", "rate"), 3,
                 _figures(rounds, "rate"), _ratio(rounds, "php", "portcullis", "cpu_us"))]


def _slow(gateway, target):
    """READERS clients that each take 16 KiB every four seconds; begun when they all have a first piece."""
    child = subprocess.Popen([sys.executable, "-m", "kit.slow_readers", str(gateway.port), str(READERS), target],
                             cwd=Path(__file__).resolve().parent.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if child.stdout.readline() != b"ready\n":
        _end(child)
        raise SystemExit("bench: the slow readers did not get their first bytes")
    return child


def _end(child):
    """Whatever has become of the readers, they are gone afterwards; what they ended with."""
    try:
        child.communicate(b"\n", timeout=30)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
    return child.returncode


def _readers(paths, base, settings, say):
    say(f"files: {READERS} slow readers")
    folder = paths.var / "files"
    made = _rows(base, folder)
    gateway = peers.gateway(paths, base, settings, "portcullis-slow",
                            (f"files.root={folder}", "server.max_per_address=0", "server.max_connections=4000"))
    target = f"{peers.BASE}files/{made['100 MiB'][0][0]}/download?{peers.CREDENTIALS}"
    rounds = {"alone": [], "beside": []}
    try:
        for turn in range(settings.rounds + 1):
            for name in list(rounds)[::1 if turn % 2 else -1]:
                readers = _slow(gateway, target) if name == "beside" else None
                try:
                    played = load.wrk(paths, gateway, _route("same", "record"), base, settings.seconds if turn else 1,
                                      turn * 100 + 7, connections=4)
                finally:
                    code = _end(readers) if readers else 0
                if code:
                    raise SystemExit("bench: a slow reader was cut off, so the figures beside them say nothing")
                if turn:
                    rounds[name].append(played)
    finally:
        gateway.stop()
        base.query(f"DELETE FROM {db.FILE}")
    return [_row(f"{READERS:,} slow readers: latency of JSON at most 1.2 x alone (median, µs)",
                 _ratio(rounds, "beside", "alone", "p50_us"), 1.2, _figures(rounds, "p50_us"), is_ceiling=True),
            _row("… its 99th percentile", _ratio(rounds, "beside", "alone", "p99_us"), None, _figures(rounds, "p99_us"))]


def measure(paths, base, settings, say):
    return [*_downloads(paths, base, settings, say), *_uploads(paths, base, settings, say),
            *_readers(paths, base, settings, say)]
