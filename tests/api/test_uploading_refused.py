"""spec/remote-api.md sections 5 and 7: what is refused before a byte of a file is stored, and leaves nothing behind."""

import base64
import json

import pytest

from support.answers import address, credentials
from support.uploading import BOUNDARY, FORM_TYPE, Raw, TABLE, answered_early, field, fields, file_part, form, noise, part
from support.writing import faults

pytestmark = pytest.mark.writing
KIB = 1024
PIECE = b"x" * 2000


@pytest.fixture
def project(store):
    return store.project()


# ---- before the file is read -----------------------------------------------------------------

def refusals(store):
    """name → (chain of the form, params, user, status, message, field)."""
    archived = store.project(project_function="archive")
    hidden = store.project(visible_status="manager", manager_adminid=1, assigned_adminid=1, owner_adminid=1)
    closed = store.insert("files", file_name="f", file_status="closed")
    return {
        "hidden, in the chain": (f"projects/{hidden}/files", {}, "bob", 404, "Record Not Found", "project_id"),
        "hidden, in params": ("files", {"project_id": hidden}, "bob", 422, None, "project_id"),
        "not there": ("projects/99999999/files", {}, "alice", 404, "Record Not Found", "project_id"),
        "reference not there": ("files", {"action_id": 99999999}, "alice", 422, None, "action_id"),
        "archived": (f"projects/{archived}/files", {}, "alice", 409, "Record Locked", "project_id"),
        "closed": ("files", {"thread_id": closed}, "alice", 409, "Record Locked", "thread_id"),
        "bad value": ("files", {"file_status": "no"}, "alice", 422, None, "file_status"),
        "unknown name": ("files", {"nope": 1}, "alice", 400, None, "nope"),
        "kept column": ("files", {"file_size": 5}, "alice", 422, None, "file_size"),
        "other resource": ("topics", {"topic_detail": "t"}, "alice", 400, None, "file"),
        "method put": ("files", {}, "alice", 405, None, "method"),
        "wrong password": ("files", {}, "wrong", 401, "Authentication Failed", None),
        "role": ("files", {}, "dave", 403, None, None),
        "no login": ("files", {}, None, 400, None, "file"),
        "no chain": (None, {}, "alice", 400, None, None),
        "bad params": ("files", "{", "alice", 400, None, "params"),
    }


NAMES = ["hidden, in the chain", "hidden, in params", "not there", "reference not there", "archived", "closed", "bad value", "unknown name",
         "kept column", "other resource", "method put", "wrong password", "role", "no login", "no chain", "bad params"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("framing", ["counted", "in chunks"])
def test_answered_before_the_file_was_sent(uploader, store, name, framing):
    """"after the caller is logged in and admitted": the client, sending slowly, has its answer long before the end, and meanwhile
    nothing is under files.root, not even begun."""
    chain, params, user, status, message, where = refusals(store)[name]
    login = {"username": "alice", "password": "0" * 32} if user == "wrong" else credentials(user) if user else {}
    more = {"method": "put"} if name == "method put" else {}
    parts = b"".join(field(key, value) for key, value in {**login, **more}.items())
    text = params if isinstance(params, str) else json.dumps(params)
    start = parts + field("params", text) + file_part(b"", "big.bin")[:-2] + PIECE
    path = address(chain)[0] if chain else address("files", "direct")[0]
    size = 64 * 1024 * 1024
    chunk = (lambda data: b"%x\r\n%s\r\n" % (len(data), data)) if framing == "in chunks" else lambda data: data
    with uploader.nothing_stored(), Raw(uploader.server.port, 20) as connection:
        length = "Transfer-Encoding: chunked" if framing == "in chunks" else f"Content-Length: {size}"
        connection.send(f"POST {path} HTTP/1.1\r\nHost: t\r\nContent-Type: {FORM_TYPE['Content-Type']}\r\n{length}\r\n\r\n".encode())
        connection.send(chunk(start))
        sent, reply = answered_early(connection, chunk(PIECE))
        assert reply.status == status, reply
        assert sent < 400
        assert reply.field("Connection") == "close"
        answer = json.loads(reply.body)
        assert answer["request"]["code"] == status
        if message:
            assert answer["request"]["message"] == message
        if where:
            assert where in [error["field"] for error in answer["response"]["errors"]]
        assert not uploader.disk.begun()


def test_raw_answered_before_a_byte_was_sent(uploader, store):
    """The same of PUT files/{id}/content: nothing of the body is needed to refuse it."""
    project = store.project(project_function="archive")
    locked = store.insert("files", file_name="f", project_id=project)
    closed = store.insert("files", file_name="f", file_status="closed")
    later = store.insert("files", file_name="f", thread_id=closed, file_version=2)
    good = store.insert("files", file_name="f")
    with uploader.nothing_stored():
        for number, user, extra, status in ((99999999, "alice", "", 404), (locked, "alice", "", 409), (closed, "alice", "", 409),
                                            (later, "alice", "", 409), (good, "alice", 'If-Match: "x"\r\n', 412), (good, None, "", 401),
                                            (good, "alice", "If-None-Match: *\r\n", 412), (good, "dave", "", 403),
                                            (good, "alice", "Content-Encoding: gzip\r\n", 415),
                                            (good, "alice", "Content-Range: bytes 0-1/2\r\n", 400)):
            with Raw(uploader.server.port, 20) as connection:
                connection.send(uploader.raw_head(10**7, f"files/{number}/content", "PUT", user, extra, "text/plain"))
                assert connection.reply().status == status, (number, user, extra)


@pytest.mark.parametrize("lines,is_coded", [
    (["gzip"], True), (["identity", "gzip"], True), (["gzip", "identity"], True), (["", "gzip"], True), (["identity, gzip"], True),
    ([",", "identity,", "BR"], True), (["", "identity", "x"], True), ([], False), ([""], False), (["identity"], False),
    (["Identity", "IDENTITY"], False), (["", "identity", " , identity ,"], False)])
def test_content_encoding_over_several_lines(uploader, store, lines, is_coded):
    """RFC 9110 5.3: they are one list. What is stored is what came, so nothing but identity may stand there."""
    number = store.insert("files", file_name="f")
    before = uploader.disk.all()
    extra = "".join(f"Content-Encoding: {line}\r\n" for line in lines)
    with Raw(uploader.server.port) as connection:
        connection.send(uploader.raw_head(4, f"files/{number}/content", "PUT", "alice", extra, "text/plain") + b"\x1f\x8b12")
        reply = connection.reply()
    if not is_coded:
        assert reply.status == 200 and uploader.disk.read(uploader.path(number)) == b"\x1f\x8b12"
        return
    assert reply.status == 415
    assert [(error["code"], error["field"]) for error in json.loads(reply.body)["response"]["errors"]] \
        == [("unsupported_media_type", "Content-Encoding")]
    assert uploader.disk.all() == before and store.value("files", number, "file_sha256") == ""


def test_base64_that_is_refused_writes_nothing(uploader, store):
    """Section 7: admitted first, in this way too. What only the database can judge is judged before a byte is on the disk."""
    project = store.project(project_function="archive")
    closed = store.insert("files", file_name="f", file_status="closed")
    number = store.insert("files", file_name="f")
    with uploader.nothing_stored(), uploader.disk.untouched():
        text = {"file_content": "QUJD"}
        uploader.put("files/99999999", text).expect(404)
        uploader.put(f"files/{number}", text, headers={"If-Match": '"x"'}).expect(412)
        uploader.put(f"files/{closed}", text).expect(409)
        uploader.post(f"projects/{project}/files", {"file_name": "f", **text}).expect(409)
        uploader.post("files", {"file_name": "f", "thread_id": 99999999, **text}).expect(422, field="thread_id")
        uploader.post("files", {"file_name": "f", "project_id": 99999999, **text}).expect(422, field="project_id")


def test_a_form_where_bytes_belong(uploader, store):
    number = store.insert("files", file_name="f")
    with uploader.nothing_stored():
        answer = uploader.form(fields(), file_part(b"x"), chain=f"files/{number}/content", method="PUT", query=credentials())
        answer.expect(415, code="unsupported_media_type", field="Content-Type")


def test_nothing_but_the_chain_and_dry_run_beside_bytes(uploader, store):
    number = store.insert("files", file_name="f")
    with uploader.nothing_stored():
        uploader.content(number, b"x", {"nope": 1}).expect(400, field="nope")
        uploader.content(number, b"x", {"file_content": "QQ=="}).expect(422, field="file_content")
        uploader.content(number, b"x", {"file_version": 9}).expect(422, field="file_version")


# ---- the form itself -------------------------------------------------------------------------

def test_login_behind_the_file(uploader):
    """Section 7: credentials and chain precede the file part, else 400."""
    with uploader.nothing_stored():
        answer = uploader.form(file_part(b"x"), fields())
        assert faults(answer.expect(400)) == {"file": "file_too_early"}


def test_no_login_at_all(uploader):
    with uploader.nothing_stored():
        assert faults(uploader.form(file_part(b"x")).expect(400)) == {"file": "file_too_early"}
        assert faults(uploader.form(field("params", "{}")).expect(401)) == {None: "authentication_failed"}


def test_a_chain_behind_the_file(uploader):
    with uploader.nothing_stored():
        body = form(fields(), file_part(b"x"), field("action", "v1.files.json"))
        uploader.client.send("POST", address("files", "direct")[0], None, data=body, headers=FORM_TYPE).expect(400, code="bad_version")


@pytest.mark.parametrize("size", [1, 100 * KIB])
def test_a_field_behind_the_file(uploader, size):
    """What stands there came too late to be heard, and is not passed over in silence."""
    with uploader.nothing_stored():
        answer = uploader.form(fields(), file_part(noise(size)), field("file_label", "l"))
        assert faults(answer.expect(400)) == {"file_label": "file_not_last"}


@pytest.mark.parametrize("size", [0, 1, 100 * KIB])
@pytest.mark.parametrize("name", ["file", "other"])
def test_two_files(uploader, size, name):
    with uploader.nothing_stored():
        answer = uploader.form(fields(), file_part(noise(size)), file_part(b"y", "b.bin", name=name))
        assert faults(answer.expect(400)) == {name: "unexpected_file"}


@pytest.mark.parametrize("name", ["upload", "files", "file[]", "FILE", "params", "ü"])
def test_a_file_by_another_name(uploader, name):
    with uploader.nothing_stored():
        answer = uploader.form(fields(), file_part(b"x", name=name))
        assert faults(answer.expect(400)) == {name: "unexpected_file"}


@pytest.mark.parametrize("chain,method", [("topics", None), ("projects", None), ("timelogs", None), ("files/{id}", "put"),
                                          ("files", "get"), ("files/{id}", "delete"), ("files/{id}", "get"), ("api/resources", "get")])
def test_a_file_where_none_is_taken(uploader, store, chain, method):
    number = store.insert("files", file_name="f")
    more = {"method": method} if method else {}
    with uploader.nothing_stored():
        answer = uploader.form(fields(None, **credentials(), **more), file_part(b"x"), chain=chain.format(id=number))
        assert faults(answer.expect(400)) == {"file": "unexpected_file"}


@pytest.mark.parametrize("chain,params,method,stored", [("topics", {"topic_detail": "t"}, None, {"topic_detail": "t"}),
                                                        ("files/{id}", {"file_label": "l"}, "put", {"file_label": "l"}),
                                                        ("files", {"limit": 1}, "get", None), ("files/{id}", {}, "get", None)])
@pytest.mark.parametrize("where", ["path", "query", "earlier part"])
def test_a_parameter_called_file(uploader, store, chain, params, method, stored, where):
    """Without a filename, and where no file is created: a name that nobody knows, and passed over (section 2)."""
    number = store.insert("files", file_name="f")
    path, pairs = address(chain.format(id=number), "clean" if where == "path" else "direct")
    more = {**({"method": method} if method else {}), **(pairs if where == "earlier part" else {})}
    body = form(fields(params=params, **more), field("file", "1"), field("file", "2"))
    answer = uploader.client.send("POST", path, pairs if where == "query" else None, data=body, headers=FORM_TYPE).success()
    if stored:
        record = answer.response[chain.split("/")[0][:-1]]
        assert {name: record[name] for name in stored} == stored


@pytest.mark.parametrize("second", [part('name="file"', b"y"), file_part(b"y", "b.bin")])
def test_a_second_file_without_a_filename(uploader, second):
    with uploader.nothing_stored():
        answer = uploader.form(fields(params={"file_name": "a"}), part('name="file"', b"x"), second)
        assert faults(answer.expect(400)) == {"file": "unexpected_file"}
        answer = uploader.form(fields(), file_part(b"x"), part('name="file"', b"y"))
        assert faults(answer.expect(400)) == {"file": "unexpected_file"}


def test_a_file_without_a_filename_is_held_to_its_place(uploader):
    with uploader.nothing_stored():
        assert faults(uploader.form(part('name="file"', b"x"), fields()).expect(400)) == {"file": "file_too_early"}
        answer = uploader.form(fields(params={"file_name": "a"}), part('name="file"', b"x"), field("file_label", "l"))
        assert faults(answer.expect(400)) == {"file_label": "file_not_last"}
        answer = uploader.form(fields(params=[{"file_name": "a"}]), part('name="file"', b"x"))
        assert faults(answer.expect(400)) == {"file": "unexpected_file"}


def test_a_file_and_a_list(uploader):
    with uploader.nothing_stored():
        answer = uploader.upload(b"x", [{"file_name": "a"}])
        assert faults(answer.expect(400)) == {"file": "unexpected_file"}


@pytest.mark.parametrize("method,status,code", [("DELETE", 405, "method_not_allowed"), ("GET", 405, "method_not_allowed"),
                                                ("HEAD", 405, None), ("POST", 405, "method_not_allowed")])
@pytest.mark.parametrize("form_of_address", ["clean", "direct"])
def test_another_method_with_bytes(uploader, store, method, status, code, form_of_address):
    """Section 5, Errors: the method comes before the body's type."""
    number = store.insert("files", file_name="f")
    path, pairs = address(f"files/{number}/content", form_of_address)
    with uploader.nothing_stored():
        answer = uploader.raw(method, path, pairs, data=b"x", headers={"Content-Type": "application/pdf"})
        assert answer.status == status
        if code:
            assert answer.headers["Allow"] == "PUT, OPTIONS"
            assert faults(answer.expect(status)) == {"method": code}


def test_a_file_and_base64(uploader):
    with uploader.nothing_stored():
        assert faults(uploader.upload(b"x", {"file_content": "QQ=="}).expect(422)) == {"file_content": "invalid_value"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET"])
def test_a_file_in_a_form_of_another_method(uploader, store, method):
    number = store.insert("files", file_name="f")
    with uploader.nothing_stored():
        answer = uploader.form(file_part(b"x"), chain=f"files/{number}", method=method, query=credentials())
        assert faults(answer.expect(400)) == {"file": "bad_multipart"}


@pytest.mark.parametrize("size", [0, 1, 100 * KIB])
@pytest.mark.parametrize("end", ["", f"\r\n--{BOUNDARY}", f"\r\n--{BOUNDARY}-", f"--{BOUNDARY}--", f"\r\n--{BOUNDARY[:-1]}--\r\n"])
def test_the_closing_boundary_is_missing(uploader, size, end):
    body = fields() + file_part(noise(size) or b"..")[:-2] + end.encode()
    with uploader.nothing_stored():
        answer = uploader.client.send("POST", address("files")[0], None, data=body, headers=FORM_TYPE)
        answer.expect(400, code="bad_multipart")


def test_it_ends_in_the_file_s_head(uploader):
    whole = fields() + file_part(b"")
    for cut in (3, 20, 60, 90):
        with uploader.nothing_stored():
            uploader.client.send("POST", address("files")[0], credentials(), data=whole[:-cut], headers=FORM_TYPE).expect(400, code="bad_multipart")


def test_nested_multipart(uploader):
    with uploader.nothing_stored():
        answer = uploader.form(fields(), part('name="file"; filename="a"', b"--x\r\n\r\n--x--", "Content-Type: multipart/mixed; boundary=x"))
        answer.expect(400)


def test_a_thousand_parts(uploader):
    """Section 2: 512 names. A form of fewer is heard whole."""
    with uploader.nothing_stored():
        uploader.form(fields(), *[field(f"x{i}", "y") for i in range(1000)], file_part(b"x")).expect(400, code="too_many_names")
    uploader.is_stored(uploader.form(fields(), *[field(f"x{i}", "y") for i in range(500)], file_part(b"x")), b"x")


def test_a_part_head_of_64_kib(uploader):
    with uploader.nothing_stored():
        answer = uploader.form(fields(), part('name="file"; filename="a"', b"x", "X-Long: " + "y" * 64 * KIB))
        assert answer.expect(answer.status).status in (400, 413)


def test_fields_beyond_the_body_s_limit(uploader):
    """Whatever a file may have: fields are held in memory, and have http.max_body."""
    with uploader.nothing_stored():
        uploader.form(fields(), field("x", "y" * 1100 * KIB), file_part(b"x")).expect(413, code="too_large")
        uploader.form(fields(), field("x", "y" * 1100 * KIB)).expect(413, code="too_large")


@pytest.mark.parametrize("media", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "x" * 71,
                                   'multipart/form-data; boundary="a', "multipart/mixed; boundary=x"])
def test_no_boundary(uploader, media):
    with uploader.nothing_stored():
        answer = uploader.client.send("POST", address("files")[0], credentials(), data=form(fields(), file_part(b"x")),
                                      headers={"Content-Type": media})
        assert answer.status in (400, 415), answer.http.text


def test_what_is_wrong_is_told_after_the_login_alone(uploader):
    """Section 5: parameters come after 401."""
    with uploader.nothing_stored():
        uploader.form(field("username", "alice"), field("password", "0" * 32), file_part(b"x", name="other")).expect(401)
        uploader.form(field("username", "alice"), field("password", "0" * 32), b"--nonsense").expect(401)


def test_a_form_without_a_file_goes_on_as_ever(uploader, store):
    """The record alone, and any other resource; two ways to decode must not differ."""
    answer = uploader.form(fields("alice", {"file_name": "f"})).success()
    assert answer.response["file"]["file_size"] == 0
    assert uploader.form(fields("alice", {"topic_detail": "t"}), chain="topics").success().response["topic"]["topic_detail"] == "t"
    assert uploader.form(fields("alice", {"limit": 1}, method="get"), chain="projects").success().data["limit"] == 1


# ---- too large -------------------------------------------------------------------------------

@pytest.fixture
def small(start_uploader):
    return start_uploader({"files.max_upload": "100 KiB", "http.max_body": "10 KiB"})


@pytest.mark.parametrize("way", ["form", "form in chunks", "raw", "raw in chunks"])
def test_too_large(small, store, way):
    """413 by Content-Length, and as soon as chunks pass it; just as much is taken. The limit has a metric."""
    limit = 100 * KIB
    small.is_stored(small.create(way, noise(limit), {"file_name": "f"}), noise(limit))
    before = small.server.metrics()["portcullis_limit_upload_total"]
    number = store.insert("files", file_name="f")
    with small.nothing_stored():
        for size in (limit + 1, 300 * KIB):
            answer = (small.upload(noise(size), chunked=way.endswith("chunks")) if way.startswith("form")
                      else small.content(number, noise(size), chunked=way.endswith("chunks")))
            answer.expect(413, "Content Too Large", "too_large", "file")
    assert small.server.metrics()["portcullis_limit_upload_total"] == before + 2


def test_too_large_in_base64(start_uploader):
    uploader = start_uploader({"files.max_upload": "3"})
    uploader.is_stored(uploader.post("files", {"file_name": "f", "file_content": "QUJD"}), b"ABC")
    with uploader.nothing_stored():
        uploader.post("files", {"file_name": "f", "file_content": base64.b64encode(b"ABCD").decode()}).expect(413, code="too_large")


@pytest.mark.parametrize("size", [10**9, 2**63 - 1])
def test_a_length_beyond_all_bounds_is_answered_at_once(small, store, size):
    number = store.insert("files", file_name="f")
    with small.nothing_stored():
        for chain, method, media in (("files", "POST", None), (f"files/{number}/content", "PUT", "text/plain")):
            with Raw(small.server.port) as connection:
                connection.send(small.raw_head(size, chain, method, "alice", "Expect: 100-continue\r\n", media))
                assert connection.reply().status == 413


# ---- switched off ----------------------------------------------------------------------------

@pytest.mark.parametrize("how", ["empty", "missing", "a file", "unwritable"])
def test_no_place_for_bytes(start_uploader, start_gateway, place, store, how):
    """files.root empty or unwritable: uploads 503; records without bytes can be made."""
    root = place / f"unwritable-{how.replace(' ', '-')}"
    if how == "a file":
        root.write_text("x")
    if how == "unwritable":
        root.mkdir()
        (root / ".portcullis").write_text("no folder")
    server = start_gateway({"mysql.database": "whmcs_write", "files.root": "" if how == "empty" else str(root)})
    from support.uploading import Disk, Uploader
    uploader = Uploader(server, store, Disk(place / "elsewhere"))
    number = store.insert("files", file_name="f")
    with store.unchanged():
        for answer in (uploader.upload(b"x"), uploader.create("base64", b"x", {"file_name": "f"}), uploader.content(number, b"x"),
                       uploader.put(f"files/{number}", {"file_content": "QQ=="})):
            answer.expect(503, code="uploads_off")
    created = uploader.post("files", {"file_name": "f"}).success().response["file"]["file_id"]
    uploader.delete(f"files/{created}").success()


def test_a_resource_without_its_column(start_gateway, place, mariadb):
    """data-model.md: other absences switch off what needs them."""
    from support import writing
    from support.uploading import Disk, Uploader
    writing.load(mariadb, "whmcs_pathless")
    store = writing.Store(mariadb, "whmcs_pathless")
    store.run(f"ALTER TABLE {TABLE} DROP COLUMN file_path")
    disk = Disk(place / "pathless")
    uploader = Uploader(start_gateway({"mysql.database": "whmcs_pathless", "files.root": str(disk.root)}), store, disk)
    number = store.insert("files", file_name="f")
    with uploader.nothing_stored():
        uploader.upload(b"x").expect(503, code="resource_off")
        uploader.content(number, b"x").expect(503, code="resource_off")
        assert faults(uploader.post("files", {"file_name": "f", "file_content": "QQ=="}).expect(400)) == {"file_content": "unknown_parameter"}
    uploader.post("files", {"file_name": "f"}).success()
    mariadb.run("DROP DATABASE whmcs_pathless")


