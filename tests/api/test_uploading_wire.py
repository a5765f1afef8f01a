"""spec/http.md and operations.md for uploads: Expect, slow clients, clients that go, connections that stay, memory that does not grow."""

import json
import threading
import time
from urllib.parse import quote

import pytest

from support.answers import address, credentials
from support.ports import wait_until
from support.shortage import few_descriptors
from support.uploading import BOUNDARY, Raw, TABLE, fields, file_part, form, noise, sha256

pytestmark = pytest.mark.writing
KIB = 1024
END = f"\r\n--{BOUNDARY}--\r\n".encode()


def begin_file(data=b"", user="alice", params=None):
    """A form up to somewhere in its file."""
    return fields(user, params or {}) + file_part(data)[:-2]


def id_of(reply):
    assert reply.status == 200, reply
    return json.loads(reply.body)["response"]["file"]["file_id"]


@pytest.fixture
def content(store):
    number = store.insert("files", file_name="f")
    return f"files/{number}/content"


# ---- Expect: 100-continue --------------------------------------------------------------------

def test_expect_continue_of_a_form(uploader):
    """The form may go on, since the login stands in it."""
    body = form(fields(), file_part(noise(1000)))
    with Raw(uploader.server.port) as connection:
        connection.send(uploader.raw_head(len(body), extra="Expect: 100-continue\r\n"))
        assert connection.reply().status == 100
        connection.send(body)
        number = id_of(connection.reply())
    assert uploader.store.value("files", number, "file_sha256") == sha256(noise(1000))


def test_expect_continue_of_a_raw_body(uploader, content):
    """Only once the caller is in: credentials and record are known from the head."""
    with Raw(uploader.server.port) as connection:
        connection.send(uploader.raw_head(5, content, "PUT", "alice", "Expect: 100-continue\r\n", "text/plain"))
        assert connection.reply().status == 100
        connection.send(b"hello")
        assert id_of(connection.reply())


def test_nobody_waits_to_be_let_in(uploader, store, mariadb):
    """A look beforehand takes no lock: while another writes the same project and record, the body may come. It is judged again
    when it is stored, and that waits."""
    project = store.project()
    number = store.insert("files", file_name="f", project_id=project)
    with mariadb.connect("whmcs_write") as other, other.cursor() as cursor, Raw(uploader.server.port) as connection:
        cursor.execute("START TRANSACTION")
        cursor.execute(f"SELECT 1 FROM tbladdon_wbteampro_project WHERE project_id={project} FOR UPDATE")
        cursor.execute(f"SELECT 1 FROM {TABLE} WHERE file_id={number} FOR UPDATE")
        connection.send(uploader.raw_head(5, f"files/{number}/content", "PUT", "alice", "Expect: 100-continue\r\n", "text/plain"))
        assert connection.reply().status == 100
        connection.send(b"hello")
        connection.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.reply()
        cursor.execute(f"UPDATE tbladdon_wbteampro_project SET project_function='archive' WHERE project_id={project}")
        other.commit()
        connection.socket.settimeout(20)
        assert connection.reply().status == 409
    assert store.value("files", number, "file_sha256") == ""
    assert not uploader.disk.begun()


@pytest.mark.parametrize("user,chain,status", [("alice", "files/99999999/content", 404), (None, None, 401)])
def test_expect_continue_where_the_answer_is_known(uploader, content, user, chain, status):
    with uploader.nothing_stored(), Raw(uploader.server.port) as connection:
        connection.send(uploader.raw_head(5, chain or content, "PUT", user, "Expect: 100-continue\r\n", "text/plain"))
        assert connection.reply().status == status


# ---- the connection --------------------------------------------------------------------------

def test_the_connection_stays(uploader, content):
    """Uploads and questions in turn on one connection, some of them pipelined."""
    body = form(fields(), file_part(noise(70000)))
    get = f"GET {address('projects/100')[0]}?username=alice&password={credentials()['password']} HTTP/1.1\r\nHost: t\r\n\r\n".encode()
    with Raw(uploader.server.port, 20) as connection:
        for _ in range(3):
            connection.send(uploader.raw_head(len(body)) + body + get
                            + uploader.raw_head(5, content, "PUT", "alice", "", "text/plain") + b"hello" + get)
            for expected in ("file", "project", "file", "project"):
                reply = connection.reply()
                assert reply.status == 200 and expected in json.loads(reply.body)["response"]
                assert reply.field("Connection") is None


@pytest.mark.parametrize("size,body", [(0, b""), (None, b"0\r\n\r\n")])
def test_a_form_of_no_byte(uploader, store, size, body):
    """remote-api.md section 2: everything in the query, and an empty body; counted or in chunks, and the connection stays."""
    project = store.project()
    create = uploader.raw_head(size, user="alice", query="&params=" + quote(json.dumps({"project_id": project, "file_name": "e.txt"})))
    find = uploader.raw_head(size, user="alice", query="&method=get&params=" + quote(json.dumps({"project_id": project})))
    with Raw(uploader.server.port) as connection:
        connection.send(create + body)
        number = id_of(connection.reply())
        connection.send(find + body)
        reply = connection.reply()
    assert [row["file_id"] for row in json.loads(reply.body)["response"]["files"]] == [number]
    assert (store.row("files", number)["file_name"], store.row("files", number)["file_size"]) == ("e.txt", 0)


@pytest.mark.parametrize("body", [b"-", b"\r\n", b"x=1", f"--{BOUNDARY}".encode()])
def test_a_form_of_few_bytes_and_no_boundary(uploader, body):
    with uploader.nothing_stored(), Raw(uploader.server.port) as connection:
        connection.send(uploader.raw_head(len(body), user="alice", query="&params=" + quote('{"file_name":"e.txt"}')) + body)
        reply = connection.reply()
    assert (reply.status, json.loads(reply.body)["response"]["errors"][0]["code"]) == (400, "bad_multipart")


def test_a_refused_body_that_is_here_already_does_not_cost_the_connection(uploader):
    """What is small comes with its head: there is nothing to linger for."""
    body = form(fields(), file_part(b"x", name="other"))
    with Raw(uploader.server.port) as connection:
        connection.send(uploader.raw_head(len(body)) + body)
        assert connection.reply().status == 400


@pytest.mark.parametrize("size", [1, 7, 97])
def test_cut_into_small_pieces(uploader, content, size):
    body = form(fields(), file_part(noise(300)))
    with Raw(uploader.server.port, 30) as connection:
        connection.send_slowly(uploader.raw_head(len(body)) + body, size, 0.0005)
        number = id_of(connection.reply())
        assert uploader.store.value("files", number, "file_sha256") == sha256(noise(300))
        connection.send_slowly(uploader.raw_head(300, content, "PUT", "alice", "", "text/plain") + noise(300), size, 0.0005)
        number = id_of(connection.reply())
        assert uploader.store.value("files", number, "file_sha256") == sha256(noise(300))


def test_chunks_of_one_byte_and_with_a_trailer(uploader):
    body = form(fields(), file_part(noise(500)))
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\nX-Sum: 1\r\n\r\n"
    with Raw(uploader.server.port, 30) as connection:
        connection.send(uploader.raw_head() + chunks)
        number = id_of(connection.reply())
    assert uploader.store.value("files", number, "file_sha256") == sha256(noise(500))


def test_what_follows_the_form_is_dropped(uploader):
    """RFC 2046 5.1.1: the epilogue."""
    uploader.is_stored(uploader.form(fields(), file_part(b"x"), b""), b"x")
    body = form(b"preamble\r\n", fields(), file_part(b"x")) + b"epilogue"
    with Raw(uploader.server.port) as connection:
        connection.send(uploader.raw_head(len(body)) + body)
        assert id_of(connection.reply())


# ---- clients that go, or stall ---------------------------------------------------------------

def waits_for_rest(uploader, seconds=10):
    """The upload is let in, and waits for more of its bytes."""
    wait_until(lambda: uploader.disk.begun(), seconds, "an upload under way")


@pytest.mark.parametrize("size", [0, 100, 200 * KIB])
@pytest.mark.parametrize("raw", [False, True])
def test_the_client_goes_half_way(uploader, content, size, raw):
    """operations.md: client gone mid-request: nothing leaks; no row, no half file."""
    with uploader.nothing_stored(seconds=10):
        with Raw(uploader.server.port) as connection:
            if raw:
                connection.send(uploader.raw_head(10**6, content, "PUT", "alice", "", "text/plain") + noise(size))
            else:
                connection.send(uploader.raw_head(10**6) + begin_file(noise(size)))
            waits_for_rest(uploader)


def test_the_client_goes_with_the_last_byte(uploader):
    """Whatever comes of it, row and bytes agree."""
    before = set(uploader.disk.all())
    mark = uploader.store.one(f"SELECT MAX(file_id) FROM {TABLE}")
    for i in range(20):
        body = form(fields(), file_part(noise(1000 + i)))
        with Raw(uploader.server.port) as connection:
            connection.send(uploader.raw_head(len(body)) + body)
            time.sleep(i * 0.0005)
    wait_until(lambda: not uploader.disk.begun(), 10, "no upload under way")
    wait_until(lambda: settled(uploader, mark, before), 10, "rows and bytes agree")


def settled(uploader, mark, before):
    rows = {row[0] for row in uploader.store.run(f"SELECT file_path FROM {TABLE} WHERE file_id>%s", mark)}
    return rows == set(uploader.disk.all()) - before


def test_broken_chunks_half_way(uploader):
    with uploader.nothing_stored(seconds=10), Raw(uploader.server.port) as connection:
        start = begin_file(noise(1000))
        connection.send(uploader.raw_head() + b"%x\r\n%s\r\n" % (len(start), start))
        waits_for_rest(uploader)
        connection.send(b"nonsense\r\n")
        assert connection.reply().status == 400


def test_a_body_that_stops(start_uploader, store):
    """http.md: the body must move; 408, and the bytes go."""
    uploader = start_uploader({"http.body_grace": "500ms", "http.body_min_rate": "1 KiB"})
    number = store.insert("files", file_name="f")
    with uploader.nothing_stored(seconds=10):
        for head, start in ((uploader.raw_head(10**6), begin_file(noise(1000))),
                            (uploader.raw_head(10**6, f"files/{number}/content", "PUT", "alice", "", "text/plain"), noise(1000))):
            with Raw(uploader.server.port, 20) as connection:
                connection.send(head + start)
                reply = connection.reply()
                assert (reply.status, json.loads(reply.body)["response"]["errors"][0]["code"]) == (408, "body_timeout")
    assert uploader.server.metrics()["portcullis_timeout_body_total"] >= 2


def test_slow_but_steady(start_uploader, store):
    """An upload may take longer than any deadline of the database."""
    uploader = start_uploader({"mysql.request_deadline": "700ms", "mysql.read_deadline": "500ms"})
    body = form(fields(), file_part(noise(3000)))
    with Raw(uploader.server.port, 30) as connection:
        connection.send_slowly(uploader.raw_head(len(body)) + body, 150, 0.1)
        number = id_of(connection.reply())
    assert store.value("files", number, "file_sha256") == sha256(noise(3000))


def test_the_process_ends_half_way(start_uploader, store):
    """SIGTERM: requests in flight finish within server.drain; what does not is dropped, and leaves nothing."""
    uploader = start_uploader({"server.drain": "500ms"})
    number = store.insert("files", file_name="f")
    with uploader.nothing_stored():
        with Raw(uploader.server.port, 20) as first, Raw(uploader.server.port, 20) as second:
            first.send(uploader.raw_head(10**6) + begin_file(noise(200 * KIB)))
            second.send(uploader.raw_head(10**6, f"files/{number}/content", "PUT", "alice", "", "text/plain") + noise(1000))
            wait_until(lambda: len(uploader.disk.begun()) == 2, 10, "both under way")
            uploader.server.stop()


def test_an_upload_finishes_while_draining(start_uploader, store):
    uploader = start_uploader({"server.drain": "20s"})
    body = form(fields(), file_part(noise(100 * KIB)))
    with Raw(uploader.server.port, 20) as connection:
        connection.send(uploader.raw_head(len(body)) + body[:50 * KIB])
        waits_for_rest(uploader)
        stopping = threading.Thread(target=uploader.server.stop)
        stopping.start()
        time.sleep(0.3)
        connection.send(body[50 * KIB:])
        number = id_of(connection.reply())
        stopping.join(30)
    assert store.value("files", number, "file_size") == str(100 * KIB)
    assert sha256(uploader.disk.read(uploader.path(number))) == sha256(noise(100 * KIB))


def test_a_file_that_is_cut_by_a_next_request(uploader):
    """Content-Length decides where it ends: the boundary is missing, and the rest is no request."""
    with uploader.nothing_stored(), Raw(uploader.server.port) as connection:
        start = begin_file(noise(100))
        connection.send(uploader.raw_head(len(start)) + start + b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        assert connection.reply().status == 400


# ---- memory ----------------------------------------------------------------------------------

@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(uploader):
    """Never held whole in memory: 64 MiB in and out, and the process is where it was."""
    size = 64 * KIB * KIB
    start, block = begin_file(), noise(KIB * KIB)
    uploader.is_stored(uploader.upload(noise(KIB * KIB)), noise(KIB * KIB))
    before = uploader.server.resident_kib()
    with Raw(uploader.server.port, 120) as connection:
        connection.send(uploader.raw_head(len(start) + size + len(END)) + start)
        for _ in range(size // len(block)):
            connection.send(block)
        grown = uploader.server.resident_kib() - before
        connection.send(END)
        number = id_of(connection.reply())
    uploader.delete(f"files/{number}").success()
    assert grown < 16 * KIB, f"{grown} KiB"


def test_back_pressure(uploader):
    """The disk's pace is the socket's: a client that is not let in yet cannot fill memory."""
    with Raw(uploader.server.port, 5) as connection:
        connection.send(uploader.raw_head(10**8) + begin_file())
        waits_for_rest(uploader)
    wait_until(lambda: not uploader.disk.begun(), 10, "given up")


# ---- descriptors -----------------------------------------------------------------------------

def test_out_of_descriptors(start_uploader, store):
    """A shortage like any other: 503 with Retry-After, nothing stored, and over when it is over. Bytes are not missing for it."""
    uploader = start_uploader({"log.cores": "on", "mysql.workers": "1"})
    number = store.insert("files", file_name="f")
    uploader.is_stored(uploader.content(number, b"old"), b"old")
    body = form(fields(), file_part(b"new"))
    login = f"?username=alice&password={credentials()['password']}"
    asked = [uploader.raw_head(3, f"files/{number}/content", "PUT", "alice", "", "text/plain") + b"new",
             uploader.raw_head(len(body)) + body,
             f"GET {address(f'files/{number}/download')[0]}{login} HTTP/1.1\r\nHost: t\r\n\r\n".encode()]
    connections = [Raw(uploader.server.port) for _ in asked]
    for connection in connections:
        connection.send(f"GET {address('projects/100')[0]}{login} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        assert connection.reply().status == 200
    with uploader.nothing_stored(), few_descriptors(uploader.server):
        for connection, request in zip(connections, asked):
            connection.send(request)
            reply = connection.reply()
            assert (reply.status, reply.field("Retry-After")) == (503, "1"), reply
            assert [error["code"] for error in json.loads(reply.body)["response"]["errors"]] == ["files_unavailable"]
    for connection in connections:
        connection.close()
    uploader.is_stored(uploader.content(number, b"new"), b"new")


# ---- the queue -------------------------------------------------------------------------------

def test_no_worker_is_held_by_slow_uploads(start_uploader, store):
    """Twenty uploads under way, two workers: others are answered."""
    uploader = start_uploader({"mysql.workers": "2"})
    connections = [Raw(uploader.server.port, 20) for _ in range(20)]
    body = form(fields(), file_part(noise(1000)))
    try:
        for connection in connections:
            connection.send(uploader.raw_head(len(body)) + body[:-500])
        wait_until(lambda: len(uploader.disk.begun()) == 20, 20, "all under way")
        uploader.get("projects/100").success()
        for connection in connections:
            connection.send(body[-500:])
        numbers = {id_of(connection.reply()) for connection in connections}
    finally:
        for connection in connections:
            connection.close()
    assert len(numbers) == 20
    assert not uploader.disk.begun()
