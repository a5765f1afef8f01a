"""spec/remote-api.md section 7, files/{id}/download: large files, cold files, many at once (operations.md: memory)."""

import contextlib
import hashlib
import os
import socket

import pytest

from support import downloads
from support.answers import Client
from support.raw import Raw, raw_request

pytestmark = pytest.mark.chains
MIB, GIB = 1 << 20, 1 << 30


def test_100_mib(api, mariadb, files_root):
    """Whole, every byte."""
    with downloads.stored(mariadb, files_root, 100 * MIB) as number:
        path = files_root / f"made-{number}"
        for index in range(100):
            downloads.patch(path, index * MIB + index * 1001, os.urandom(5000))
        expected = hashlib.sha256(path.read_bytes()).hexdigest()
        digest, size = hashlib.sha256(), 0
        answer = api.get(f"files/{number}/download", stream=True)
        for piece in answer.http.iter_content(1 << 20):
            digest.update(piece)
            size += len(piece)
        assert size == 100 * MIB and digest.hexdigest() == expected


def test_beyond_4_gib(api, mariadb, files_root):
    """Positions need more than 32 bits."""
    total = 5 * GIB + 7
    with downloads.stored(mariadb, files_root, total) as number:
        path, marks = files_root / f"made-{number}", {}
        for offset in (0, 2 * GIB - 5, 4 * GIB - 5, 4 * GIB + 12345, total - 10):
            marks[offset] = os.urandom(10)
            downloads.patch(path, offset, marks[offset])
        chain = f"files/{number}/download"
        assert api.get(chain, method="HEAD").headers["Content-Length"] == str(total)
        for offset, mark in marks.items():
            answer = api.get(chain, headers={"Range": f"bytes={offset}-{offset + 9}"})
            assert answer.status == 206 and answer.http.content == mark
            assert answer.headers["Content-Range"] == f"bytes {offset}-{offset + 9}/{total}"
        assert api.get(chain, headers={"Range": "bytes=-10"}).http.content == marks[total - 10]
        assert api.get(chain, headers={"Range": f"bytes={total - 10}-"}).http.content == marks[total - 10]
        assert api.get(chain, headers={"Range": f"bytes={total}-"}).status == 416
        answer = api.get(chain, headers={"Range": "bytes=" + ",".join(f"{offset}-{offset + 9}" for offset in marks)})
        found = downloads.parts(answer.headers["Content-Type"], answer.http.content)
        assert [(part[1], part[3], part[4]) for part in found] == [(offset, total, mark) for offset, mark in marks.items()]
        wide = f"bytes={2 * GIB - 5}-{2 * GIB + 3 * MIB},{4 * GIB - MIB}-{4 * GIB + MIB}"
        answer = api.get(chain, headers={"Range": wide})
        assert [len(part[4]) for part in downloads.parts(answer.headers["Content-Type"], answer.http.content)] == [3 * MIB + 6, 2 * MIB + 1]


def make_cold(path):
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def test_cold_files(start_gateway, mariadb, files_root):
    """What is not in memory is fetched beside the loop: it is counted, and JSON goes on meanwhile."""
    server = start_gateway({"server.loops": "1"})
    client, other = Client(server.url), Client(server.url)
    body = os.urandom(9 * MIB)
    for ranges in (None, "bytes=0-0", "bytes=-1", f"bytes={5 * MIB}-{6 * MIB}", f"bytes=0-0,{4 * MIB}-{8 * MIB}"):
        # A file of its own: pages that were sent are held by the sockets' buffers, some for long, and cannot be dropped.
        with downloads.stored(mariadb, files_root, body) as number:
            make_cold(files_root / f"made-{number}")
            before = server.metrics()["portcullis_file_fetches_total"]
            answer = client.get(f"files/{number}/download", headers={"Range": ranges} if ranges else {})
            assert server.metrics()["portcullis_file_fetches_total"] > before
            if ranges is None:
                assert answer.http.content == body
            elif "," in ranges:
                assert downloads.parts(answer.headers["Content-Type"], answer.http.content)[1][4] == body[4 * MIB:8 * MIB + 1]
            else:
                first, last = answer.headers["Content-Range"].split(" ")[1].split("/")[0].split("-")
                assert answer.http.content == body[int(first):int(last) + 1]
            assert other.get("files/2").status == 200


def test_many_slow_downloads_take_little_memory(start_gateway, mariadb, files_root):
    """200 of 100 MiB at once, each by a client that takes a little now and then: within 16 MiB of idle."""
    server = start_gateway()
    with downloads.stored(mariadb, files_root, 100 * MIB) as number, contextlib.ExitStack() as stack:
        Client(server.url).get(f"files/{number}/download", headers={"Range": "bytes=0-0"})
        before = server.resident_kib()
        connections = [stack.enter_context(Raw(server.port)) for _ in range(200)]
        for connection in connections:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            connection.send(raw_request(f"files/{number}/download"))
        for _ in range(3):
            for connection in connections:
                assert connection.socket.recv(4096)
        assert server.metrics()["portcullis_connections"] >= 200
        assert server.resident_kib() - before < 16 * 1024
