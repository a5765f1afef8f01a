"""spec/remote-api.md section 7, files/{id}/download over the wire: order, slow and gone clients, files that change meanwhile, what is
counted (spec/http.md "Connections"; operations.md "Observability")."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import random
import signal
import socket
import time

import pytest

from support import downloads
from support.answers import Client
from support.fixture import PLAN, PREFIX
from support.ports import steady, wait_until
from support.raw import Closed, Raw, raw_request
from support.shortage import few_descriptors

pytestmark = pytest.mark.chains
BIG = bytes(range(251)) * 80000  # 20 MB


@pytest.fixture(scope="module")
def big(mariadb, files_root):
    with downloads.stored(mariadb, files_root, BIG) as number:
        yield number


def download(number, fields=""):
    return raw_request(f"files/{number}/download", fields)


def few_bytes(port, buffer=4096):
    """A connection whose kernel takes little for it."""
    connection = Raw(port)
    connection.socket.close()
    connection.socket = socket.socket()
    connection.socket.settimeout(20)
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.socket.connect(("127.0.0.1", port))
    return connection


def read_head(connection):
    head = connection._until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    return head


def take(connection, size):
    """The next size bytes, as quickly as they come from now on."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    taken = bytearray(connection.buffer)
    while len(taken) < size:
        piece = connection.socket.recv(1 << 20)
        assert piece, f"closed after {len(taken)} bytes"
        taken += piece
    connection.buffer = bytes(taken[size:])
    return bytes(taken[:size])


def test_downloads_and_json_in_the_order_of_asking(gateway, big):
    """32 requests of one connection, small and large, whole and in ranges, errors among them."""
    chance = random.Random(7)
    asked = []
    for _ in range(32):
        kind = chance.choice(["big", "small", "range", "json", "missing", "several", "head"])
        asked.append(kind)
    requests = {
        "big": download(big), "small": download(2), "range": download(big, "Range: bytes=5000000-5000999\r\n"),
        "json": raw_request("files/2"), "missing": download(7777), "several": download(big, "Range: bytes=0-0,-3\r\n"),
        "head": download(big).replace(b"GET", b"HEAD", 1)}
    with Raw(gateway.port, timeout=60) as connection:
        connection.send(b"".join(requests[kind] for kind in asked))
        for kind in asked:
            reply = connection.reply("HEAD" if kind == "head" else "GET")
            if kind == "big":
                assert reply.status == 200 and reply.body == BIG
            elif kind == "small":
                assert reply.body == PLAN
            elif kind == "range":
                assert reply.status == 206 and reply.body == BIG[5000000:5001000]
            elif kind == "json":
                assert b'"file_id":2' in reply.body
            elif kind == "missing":
                assert reply.status == 404
            elif kind == "head":
                assert reply.status == 200 and int(reply.field("Content-Length")) == len(BIG)
            else:
                found = downloads.parts(reply.field("Content-Type"), reply.body)
                assert [part[4] for part in found] == [BIG[:1], BIG[-3:]]


def test_http_1_0_and_close(gateway, big):
    for request in (download(big).replace(b"HTTP/1.1", b"HTTP/1.0"), download(big, "Connection: close\r\n")):
        with Raw(gateway.port) as connection:
            reply = connection.send(request).reply()
            assert reply.body == BIG and reply.field("Connection") == "close"
            with pytest.raises(Closed):
                connection.fill()


def test_over_a_unix_socket(start_gateway, place, big):
    path = str(place / "download.sock")
    start_gateway({"server.listen": f"unix:{path}"})
    with Raw(path, timeout=60) as connection:
        for _ in range(3):
            assert connection.send(download(big)).reply().body == BIG


def test_half_closed(gateway, big):
    """A client that has said all it has to say still gets what it asked for."""
    with Raw(gateway.port) as connection:
        connection.send(download(big))
        read_head(connection)
        connection.socket.shutdown(socket.SHUT_WR)
        assert hashlib.sha256(connection.rest()).digest() == hashlib.sha256(BIG).digest()


def test_half_closed_with_more_behind(gateway, mariadb, big):
    """What is at work by then may be nobody's, but what is being sent is sent."""
    with mariadb.connect("whmcs") as lock, few_bytes(gateway.port) as connection:
        lock.cursor().execute(f"LOCK TABLES {PREFIX}topic WRITE")
        connection.send(download(big) + raw_request("topics"))
        read_head(connection)
        connection.socket.shutdown(socket.SHUT_WR)
        time.sleep(0.3)  # the end comes in while the client takes nothing
        assert take(connection, len(BIG)) == BIG
        connection.rest()  # it is closed all the same


def test_who_takes_nothing_is_cut(start_gateway, big):
    """http.write_timeout; the others go on."""
    server = start_gateway({"http.write_timeout": "1s"})
    stalled = [few_bytes(server.port) for _ in range(5)]
    for connection in stalled:
        connection.send(download(big))
    other = Client(server.url)
    assert other.get(f"files/{big}/download").http.content == BIG
    wait_until(lambda: server.metrics()["portcullis_timeout_write_total"] == 5, 30, "five are cut")
    for connection in stalled:
        assert 0 < len(connection.rest()) < len(BIG)
        connection.close()
    assert other.get("files/2").status == 200


def test_who_takes_little_is_not_cut(start_gateway, big):
    """However full the kernel's queue: what the client takes counts, not what the kernel does."""
    server = start_gateway({"http.write_timeout": "1s"})
    with few_bytes(server.port) as connection:
        connection.send(download(big))
        read_head(connection)
        for _ in range(30):
            time.sleep(0.1)
            connection.buffer += connection.socket.recv(2000)
        assert take(connection, len(BIG)) == BIG
    assert server.metrics()["portcullis_timeout_write_total"] == 0


def descriptors(server):
    found = []
    for path in pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed while we looked
            found.append(os.readlink(path))
    return sorted(found)


def settled(server, wanted):
    wait_until(lambda: descriptors(server) == wanted, 20, "all descriptors are given back")


@pytest.mark.parametrize("ttl", ["0", "200ms"])
def test_clients_that_go_leave_nothing(start_gateway, big, ttl):
    """No descriptor stays: neither the connection's nor the file's; with the cache, none longer than its time."""
    server = start_gateway({"log.cores": "on", "files.cache_ttl": ttl, "http.write_timeout": "2s"})  # cores: /proc/PID/fd can be read
    client = Client(server.url)
    client.get("files/2")
    client.session.close()
    wait_until(lambda: server.metrics()["portcullis_connections"] == 1, 10, "the connection is gone")
    before = None
    for round_number in range(3):
        wait_until(lambda: server.metrics()["portcullis_connections"] == 1, 10, "idle")
        gone = [few_bytes(server.port) for _ in range(20)]
        for index, connection in enumerate(gone):
            connection.send(download(big) * (1 + index % 3) + download(big, "Range: bytes=0-0,500-9999999\r\n"))
        for index, connection in enumerate(gone):
            if index % 2:
                read_head(connection)
            if index % 4 < 2:  # a reset, not an end
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
        if before is None:
            wait_until(lambda: not [link for link in descriptors(server) if "made-" in link], 20, "no file is open")
            wait_until(lambda: server.metrics()["portcullis_connections"] == 1, 10, "idle")
            before = stable(server)
        else:
            settled(server, before)


def stable(server):
    """What is open when nothing happens."""
    return steady(lambda: list(descriptors(server)), "descriptors")


def test_a_file_that_becomes_shorter_ends_the_connection(start_gateway, mariadb, files_root):
    """The length was promised: no filling, no next answer; the client sees that it was cut."""
    server = start_gateway({"files.cache_ttl": "1s"})
    with downloads.stored(mariadb, files_root, 60_000_000) as number, few_bytes(server.port) as connection:
        connection.send(download(number) + raw_request("files/2"))
        read_head(connection)
        os.truncate(files_root / f"made-{number}", 1000)
        assert len(connection.rest()) < 60_000_000
        assert server.metrics()["portcullis_files_cut_total"] == 1
        server.find_log("file_cut")
        assert Client(server.url).get("files/2").status == 200


def test_a_root_that_is_away_for_a_moment(start_gateway, mariadb, tmp_path):
    """remote-api.md section 5: the file is not gone (404), nor is it a bug (500): it may be there later."""
    root = tmp_path / "root"
    root.mkdir()
    client = Client(start_gateway({"files.root": str(root), "files.cache_ttl": "0"}).url)
    with downloads.stored(mariadb, root, b"bytes") as number:
        assert client.get(f"files/{number}/download").http.content == b"bytes"
        root.rename(tmp_path / "away")
        answer = client.get(f"files/{number}/download").expect(503, code="files_unavailable")
        assert answer.headers["Retry-After"] == "1"
        (tmp_path / "away").rename(root)
        assert client.get(f"files/{number}/download").http.content == b"bytes"


def test_a_file_that_another_program_has_a_lease_of(start_gateway, mariadb, files_root):
    """fcntl(2), F_SETLEASE: as file servers take them. It is given back a moment later."""
    client = Client(start_gateway({"files.cache_ttl": "0"}).url)
    with downloads.stored(mariadb, files_root, b"bytes") as number:
        before = signal.signal(signal.SIGIO, signal.SIG_IGN)
        descriptor = os.open(files_root / f"made-{number}", os.O_RDWR)
        try:
            try:
                fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            except OSError as error:
                pytest.skip(f"no leases in this file system: {error}")
            client.get(f"files/{number}/download").expect(503, code="files_unavailable")
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            assert client.get(f"files/{number}/download").http.content == b"bytes"
        finally:
            os.close(descriptor)
            signal.signal(signal.SIGIO, before)


def test_out_of_descriptors(start_gateway, mariadb, files_root):
    server = start_gateway({"log.cores": "on", "files.cache_ttl": "0", "server.loops": "1", "mysql.workers": "1"})
    with downloads.stored(mariadb, files_root, b"bytes") as number, Raw(server.port) as connection:
        assert connection.send(download(number)).reply().body == b"bytes"
        for more in range(3):
            with few_descriptors(server, more):
                answer = connection.send(download(number)).reply()
            assert answer.status == 503 and b"files_unavailable" in answer.body, more
        assert connection.send(download(number)).reply().body == b"bytes"


def test_a_file_that_is_replaced_or_deleted_meanwhile_is_sent_whole(gateway, mariadb, files_root):
    """What was opened is what is sent."""
    with downloads.stored(mariadb, files_root, BIG) as number, few_bytes(gateway.port) as connection:
        connection.send(download(number))
        read_head(connection)
        os.unlink(files_root / f"made-{number}")
        downloads.write(files_root / f"made-{number}", b"other")
        assert take(connection, len(BIG)) == BIG


def test_what_is_counted(start_gateway, big):
    """portcullis_sent_bytes_total and the access line's bytes are those on the wire, also when the client goes half-way."""
    server = start_gateway()
    requests = [download(2), download(2, "Range: bytes=1-5\r\n"), download(2, "Range: bytes=1-5,9-9\r\n"), download(big),
                download(2, "Range: bytes=99999-\r\n"), download(2).replace(b"GET", b"HEAD", 1), download(2, "If-None-Match: *\r\n"),
                raw_request("files/2"), download(10)]
    sizes = []
    with Raw(server.port) as connection:
        for request in requests:
            start = server.metrics()["portcullis_sent_bytes_total"]
            connection.send(request)
            connection.fill()
            size = len(connection.buffer)
            length = int(connection.buffer.split(b"Content-Length: ")[1].split(b"\r")[0]) if b"Content-Length" in connection.buffer else 0
            head = connection.buffer.index(b"\r\n\r\n") + 4
            size = head + (0 if request.startswith(b"HEAD") or b" 304 " in connection.buffer[:20] else length)
            connection._exactly(size)
            sizes.append(size)
            admin = server.metrics()["portcullis_sent_bytes_total"]
            assert admin - start >= size  # and what the admin listener itself has sent
    lines = wait_until(lambda: (found := access_lines(server)) and len(found) == len(requests) and found, 10, "access lines")
    assert [line["bytes"] for line in lines] == sizes
    with few_bytes(server.port) as connection:
        connection.send(download(big))
        read_head(connection)
    line = wait_until(lambda: (found := access_lines(server)) and len(found) == len(requests) + 1 and found[-1], 10, "the access line")
    assert 0 < line["bytes"] < len(BIG)


def access_lines(server):
    return [line for line in server.log_lines() if "route" in line]


def test_drain_lets_downloads_finish(start_gateway, big):
    """SIGTERM: what is under way is sent to its end."""
    server = start_gateway()
    with few_bytes(server.port) as connection:
        connection.send(download(big))
        read_head(connection)
        server.terminate()
        assert take(connection, len(BIG)) == BIG
        assert connection.rest() == b""
    assert server.process.wait(30) == 0


def test_drain_sends_all_that_was_asked(start_gateway, big):
    """SIGTERM: what was read behind a download is answered, too; Connection: close on the last answer alone."""
    server = start_gateway()
    with few_bytes(server.port) as connection:
        connection.send(download(big) + download(2) + raw_request("files/2") + download(2))
        read_head(connection)
        server.terminate()
        wait_until(lambda: server.readyz() is None, 10, "its listeners are closed")
        assert take(connection, len(BIG)) == BIG
        replies = [connection.reply() for _ in range(3)]
        assert [reply.status for reply in replies] == [200] * 3
        assert replies[0].body == replies[2].body == PLAN and b'"file_id":2' in replies[1].body
        assert [reply.field("Connection") for reply in replies] == [None, None, "close"]
        assert connection.rest() == b""
    assert server.process.wait(30) == 0


def test_the_end_of_drain_cuts_downloads(start_gateway, big):
    server = start_gateway({"server.drain": "500ms"})
    with few_bytes(server.port) as connection:
        connection.send(download(big))
        read_head(connection)
        server.terminate()
        assert server.process.wait(30) == 0
        assert len(connection.rest()) < len(BIG)
