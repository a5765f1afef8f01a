"""data-model.md and operations.md: files stream, and are never held whole. The gateway stays within 16 MiB of idle while 50 uploads and 200
downloads of 100 MiB run at once at limited speed. Measured on the release build: what sanitizers take is not the gateway's.
"""

import os
import pathlib
import shutil
import tempfile
import threading

import pytest

from support import gateway, uploading, writing
from support.gateway import ROOT
from support.kept_files import KeptFiles
from support.ports import wait_until
from support.raw import raw_request
from support.slow_transfers import Download, Transfers, Upload

pytestmark = [pytest.mark.faults, pytest.mark.slow]

DATABASE = "whmcs_memory"
MIB = 1024 * 1024
SIZE = 100 * MIB
UPLOADS, DOWNLOADS, BIG = 50, 200, 20
SECONDS = 60 if os.environ.get("PORTCULLIS_LONG") else 15
ROOM = 16 * MIB


@pytest.fixture
def release(monkeypatch):
    """The build under test, or the release build where that is made for finding faults."""
    if any(f"build/{preset}/" in gateway.BINARY for preset in ("asan", "tsan", "debug")):
        binary = ROOT / "build/release/portcullis"
        if not binary.exists():
            pytest.skip("there is no release build")
        monkeypatch.setattr(gateway, "BINARY", str(binary))


@pytest.fixture
def place_of_files(release, mariadb, start_gateway):
    """A gateway with BIG files of 100 MiB that take no room, on a disk that holds what is uploaded."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-memory-"))
    writing.load(mariadb, DATABASE)
    store = writing.Store(mariadb, DATABASE)
    store.run(f"DELETE FROM {uploading.TABLE}")
    disk = uploading.Disk(folder / "root")
    numbers = []
    for number in range(BIG):
        with open(disk.root / f"big-{number}", "wb") as file:
            file.truncate(SIZE)
        numbers.append(store.insert("files", file_name=f"big-{number}.bin", file_path=f"big-{number}", file_size=SIZE, file_sha256=f"{number:064x}"))
    server = start_gateway({"mysql.database": DATABASE, "files.root": str(disk.root), "http.body_min_rate": "1 KiB", "auth.recheck": "1h"})
    yield uploading.Uploader(server, store, disk), numbers
    shutil.rmtree(folder, ignore_errors=True)


def memory(server):
    """Bytes in memory: all pages of the process, its pools' among them."""
    lines = pathlib.Path(f"/proc/{server.process.pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:")) * 1024


def warm_up(uploader):
    """Every thread has worked, every cache has something: lists, uploads, downloads, many at once."""
    def work(seed):
        for turn in range(6):
            uploader.upload(uploading.noise(150_000, seed)).success()
            uploader.content(numbers[seed], b"x").success()
            uploader.get(f"files/{numbers[seed]}/download")
            uploader.get("projects", {"limit": 100})
    numbers = [uploader.upload(b"x").success().response["file"]["file_id"] for _ in range(16)]
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def start_uploads(uploader, transfers, rate):
    start = uploading.fields(params={"file_name": "slow.bin"}) + uploading.file_part(b"")[:-2]
    end = f"\r\n--{uploading.BOUNDARY}--\r\n"
    for turn in range(UPLOADS):
        if turn % 2:
            transfers.add(Upload(uploader.server.port, rate, uploader.raw_head(len(start) + SIZE + len(end)) + start, SIZE))
        else:
            chain = f"files/{uploader.store.insert('files', file_name='raw.bin')}/content"
            head = uploader.raw_head(None if turn % 4 else SIZE, chain, "PUT", "alice", "", "image/png")
            transfers.add(Upload(uploader.server.port, rate, head, SIZE, chunked=bool(turn % 4)))


def test_fifty_uploads_and_two_hundred_downloads(place_of_files, record_testsuite_property):
    uploader, numbers = place_of_files
    server = uploader.server
    warm_up(uploader)
    transfers, found = Transfers(), []
    transfers.run(2)  # connections end, buffers go
    idle = memory(server)
    start_uploads(uploader, transfers, 192 * 1024)
    for turn in range(DOWNLOADS):
        number = numbers[turn % len(numbers)]
        fields = "" if turn % 4 else "Range: bytes=1000-\r\n"
        transfers.add(Download(server.port, 64 * 1024, raw_request(f"files/{number}/download", fields)))
    transfers.run(5, lambda: found.append(memory(server)))
    before = [transfer.moved for transfer in transfers.all]
    transfers.run(SECONDS, lambda: found.append(memory(server)))
    assert len(uploader.disk.begun()) == UPLOADS
    slowest = min(transfer.moved - moved for transfer, moved in zip(transfers.all, before))
    assert slowest > 0 and not any(transfer.is_over for transfer in transfers.all)
    assert all(transfer.answer[9:12] in (b"200", b"206") for transfer in transfers.all if isinstance(transfer, Download))
    uploader.get("projects/100").success()
    grown = max(found) - idle
    moved = sum(transfer.moved for transfer in transfers.all)
    print(f"\nidle {idle / MIB:.1f} MiB, at most {grown / MIB:.1f} MiB more; {moved / MIB:.0f} MiB moved, each at least {slowest / 1024:.0f} KiB")
    record_testsuite_property("files_memory_grown_mib", f"{grown / MIB:.1f}")
    transfers.close()
    assert grown < ROOM, f"{grown / MIB:.1f} MiB"
    wait_until(lambda: not uploader.disk.begun(), 30, "what was cut off is gone")
    kept = KeptFiles(uploader.disk.root, lambda sql: uploader.store.run(sql))
    assert not [fault for fault in kept.faults() if "big-" not in fault]
