"""spec/remote-api.md section 7, files: bytes by multipart/form-data, in base64 and as a body of their own, and back again."""

import base64
import hashlib
import json
import subprocess
from urllib.parse import urlencode

import pytest

from support.answers import address, basic, credentials
from support.uploading import FORM_TYPE, SIZES, TABLE, WAYS, field, fields, file_part, form, noise, part
from support.writing import LONG_AGO, faults

pytestmark = pytest.mark.writing
MIB = 1024 * 1024


@pytest.fixture
def project(store):
    return store.project()


# ---- round trips -----------------------------------------------------------------------------

@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", SIZES)
def test_round_trip(uploader, project, way, size):
    data = noise(size)
    answer = uploader.create(way, data, {"file_name": "ü.bin", "project_id": project})
    number = uploader.is_stored(answer, data)
    assert uploader.store.row("files", number)["file_name"] == "ü.bin"
    assert uploader.store.row("files", number)["project_id"] == project


@pytest.mark.slow
@pytest.mark.parametrize("way", ["form", "form in chunks", "raw", "raw in chunks"])
def test_round_trip_of_100_mib(uploader, place, project, way):
    """files.max_upload is 100 MiB: just as much is taken; sent and fetched by curl, which holds nothing in memory."""
    source, target = place / "large.bin", place / "large.back"
    if not source.exists():
        with open(source, "wb") as file:
            for block in range(100):
                file.write(noise(MIB, block))
    with open(source, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _digest(file)
    number = uploader.store.insert("files", file_name="large.bin", project_id=project)
    chunked = ["-H", "Transfer-Encoding: chunked"] if way.endswith("chunks") else []
    login = credentials()
    if way.startswith("form"):
        body = ["-F", f"username={login['username']}", "-F", f"password={login['password']}",
                "-F", "params=" + json.dumps({"project_id": project}), "-F", f"file=@{source};filename=large.bin"]
        url = uploader.server.url + address("files")[0]
    else:
        body = ["-T", str(source)]
        url = uploader.server.url + address(f"files/{number}/content")[0] + f"?username={login['username']}&password={login['password']}"
    sent = subprocess.run(["curl", "-sS", *chunked, *body, url], capture_output=True, text=True, timeout=300, check=True)
    file = json.loads(sent.stdout)["response"]["file"]
    assert (file["file_size"], file["file_sha256"]) == (100 * MIB, digest)
    fetch = uploader.server.url + address(f"files/{file['file_id']}/download")[0] + f"?username={login['username']}&password={login['password']}"
    subprocess.run(["curl", "-sS", "-o", str(target), fetch], timeout=300, check=True)
    with open(target, "rb") as file_back:
        assert _digest(file_back) == digest
    target.unlink()
    uploader.delete(f"files/{file['file_id']}").success()
    assert not uploader.disk.begun()


def _digest(file):
    digest = hashlib.sha256()
    while block := file.read(MIB):
        digest.update(block)
    return digest.hexdigest()


@pytest.mark.parametrize("chain", ["files", "projects/{project}/files", "projects/{project}/actions/{action}/files", "actions/{action}/files"])
def test_by_every_chain(uploader, store, project, chain):
    action = store.action(project)
    answer = uploader.upload(b"x", chain=chain.format(project=project, action=action))
    number = uploader.is_stored(answer, b"x")
    row = store.row("files", number)
    assert row["project_id"] == (0 if chain == "files" else project)
    assert row["action_id"] == (action if "action" in chain else 0)


@pytest.mark.parametrize("form_of_address", ["rewritten", "direct", "direct_api"])
def test_by_every_form_of_address(uploader, form_of_address):
    path, pairs = address("files", form_of_address)
    answer = uploader.client.send("POST", path, pairs, data=form(fields(), file_part(b"x")), headers=FORM_TYPE)
    uploader.is_stored(answer, b"x")


def test_the_chain_in_an_earlier_part(uploader):
    """Section 1: `action` may also come in the body."""
    body = form(field("action", "v1.files.json"), fields(), file_part(b"x"))
    answer = uploader.client.send("POST", address("files", "direct")[0], None, data=body, headers=FORM_TYPE)
    uploader.is_stored(answer, b"x")


def test_login_and_parameters_in_the_query(uploader, project):
    query = {**credentials(), "params": json.dumps({"project_id": project, "file_label": "l"})}
    number = uploader.is_stored(uploader.form(file_part(b"x"), query=query), b"x")
    assert uploader.store.row("files", number)["file_label"] == "l"


def test_login_by_basic(uploader):
    uploader.is_stored(uploader.form(file_part(b"x"), headers=basic("alice")), b"x")


def test_brackets_and_loose_names(uploader, project):
    answer = uploader.form(fields(), field("params[file_label]", "l"), field("file_detail", "d"), field("params[project_id]", project),
                           field("_", "1"), file_part(b"x"))
    row = uploader.store.row("files", uploader.is_stored(answer, b"x"))
    assert (row["file_label"], row["file_detail"], row["project_id"]) == ("l", "d", project)


def test_a_method_parameter(uploader):
    uploader.is_stored(uploader.form(fields(method="post"), file_part(b"x")), b"x")


def test_answered_in_xml(uploader):
    body = form(fields(), file_part(b"x"))
    answer = uploader.client.send("POST", address("files", fmt="xml")[0], None, data=body, headers=FORM_TYPE)
    assert answer.status == 200 and answer.tree.findtext("response/file/file_size") == "1"


def test_raw_by_a_post_that_says_put(uploader, store):
    """Section 2: the parameter counts on a wire GET or POST; the chain in the path, or in `action`."""
    number = store.insert("files", file_name="f")
    for form_of_address, data in (("clean", b"one"), ("direct", b"two")):
        path, pairs = address(f"files/{number}/content", form_of_address)
        answer = uploader.client.send("POST", path, {**pairs, **credentials(), "method": "put"}, data=data)
        uploader.is_stored(answer, data)


@pytest.mark.parametrize("query", ["action=v1.files.{}.cont%65nt.json", "%61ction=v1.files.{}.content.json", "action=v1%2Efile.{}.%63ontent.json"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST"])
def test_raw_by_an_action_with_percents(uploader, store, query, method):
    """Section 1: what the query says is decoded first."""
    number = store.insert("files", file_name="f")
    more = urlencode({**credentials(), **({"method": "put"} if method == "POST" else {})})
    answer = uploader.client.send(method, address("files", "direct")[0], query.format(number) + "&" + more, data=b"hello",
                                  headers={"Content-Type": "application/pdf"})
    uploader.is_stored(answer, b"hello")


def test_raw_below_its_parents(uploader, store, project):
    number = store.insert("files", file_name="f", project_id=project)
    answer = uploader.content(number, b"x", chain=f"projects/{project}/files/{number}/content")
    assert answer.request["action"] == f"projects/{project}/files/{number}/content"
    assert list(answer.response) == ["data", "project", "file"]
    uploader.is_stored(answer, b"x")


def test_raw_without_a_body_is_an_empty_file(uploader, store):
    number = store.insert("files", file_name="f")
    uploader.is_stored(uploader.content(number, b"old"), b"old")
    answer = uploader.client.ask(f"files/{number}/content", method="PUT")
    uploader.is_stored(answer, b"")


# ---- the record ------------------------------------------------------------------------------

def test_the_record_and_its_place(uploader, store, project):
    before = store.now()
    with store.logged() as lines:
        answer = uploader.upload(b"abc", {"project_id": project}, filename="a.pdf")
        number = uploader.is_stored(answer, b"abc")
        lines.append(f"created file {number}")
    row = store.row("files", number)
    assert (row["file_version"], row["thread_id"], row["owner_adminid"]) == (1, number, 1)
    assert before <= row["date_created"] <= store.now()
    assert answer.headers["Location"].endswith(f"/v1/files/{number}/json")
    assert answer.response["file"] == row
    assert uploader.get(f"files/{number}").headers["ETag"].split(".")[0] == answer.headers["ETag"].split(".")[0]


def test_the_parents_activity(uploader, store, project):
    action = store.action(project)
    with store.touched(("projects", project), ("actions", action)):
        number = uploader.is_stored(uploader.upload(b"x", chain=f"actions/{action}/files"), b"x")
    with store.touched(("projects", project), ("actions", action)):
        uploader.is_stored(uploader.content(number, b"y"), b"y")


def test_two_files_of_one_name_lie_apart(uploader):
    first = uploader.is_stored(uploader.upload(b"1"), b"1")
    second = uploader.is_stored(uploader.upload(b"2"), b"2")
    assert uploader.path(first) != uploader.path(second)
    assert uploader.get(f"files/{first}/download").http.content == b"1"


def test_metrics(uploader):
    before = uploader.server.metrics()
    uploader.is_stored(uploader.upload(b"12345"), b"12345")
    after = uploader.server.metrics()
    assert after["portcullis_uploads_total"] == before["portcullis_uploads_total"] + 1
    assert after["portcullis_upload_bytes_total"] == before["portcullis_upload_bytes_total"] + 5


# ---- names -----------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["مرحبا بالعالم.pdf", "日本語のファイル.txt", "한국어.txt", "ñandú Größe Żółć.doc", "Ελληνικά", "עברית.txt",
                                  "\u202egnp.exe", "a\u200fb", "e\u0301.txt", "a b  c.txt", " .hidden ", "100%.txt", "a+b&c=d;e.txt", "'\".txt",
                                  "<script>.html", "-rf", "~", "CON.txt", "a" * 255, "ü" * 255, "..", ".", "a\tb"])
def test_a_name_in_every_alphabet(uploader, name):
    """It goes into the row as it is, and comes back by RFC 6266."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    number = uploader.is_stored(uploader.upload(b"x", filename=escaped), b"x")
    assert uploader.store.row("files", number)["file_name"] == name


@pytest.mark.parametrize("sent,name", [
    (b"C:\\\\fakepath\\\\a.txt", "a.txt"), (b"/etc/passwd", "passwd"), (b"../../a.txt", "a.txt"), (b"a/b\\\\c.txt", "c.txt"),
    (b"%22quoted%22.txt", '"quoted".txt'), (b"a%0D%0Ab.txt", "a\r\nb.txt"), (b"a%2Fb.txt", "a%2Fb.txt"),
])
def test_a_name_as_browsers_send_it(uploader, sent, name):
    """Only what stands behind the last slash or backslash; %22, %0D and %0A are the escapes of browsers."""
    number = uploader.is_stored(uploader.upload(b"x", filename=sent), b"x")
    assert uploader.store.row("files", number)["file_name"] == name


def test_an_extended_name_wins(uploader):
    """RFC 5987 is not for forms (RFC 7578 4.2), but clients send it."""
    body = fields() + b"".join([f"--{FORM_TYPE['Content-Type'].split('=')[1]}\r\n".encode(),
                                b'Content-Disposition: form-data; name="file"; filename="plain.txt"; filename*=UTF-8\'\'%E2%82%AC.txt\r\n\r\nx\r\n'])
    number = uploader.is_stored(uploader.form(body), b"x")
    assert uploader.store.row("files", number)["file_name"] in ("€.txt", "plain.txt")


@pytest.mark.parametrize("name", ["😀.png", "a" * 256])
def test_a_name_that_does_not_fit(uploader, name):
    """data-model.md: a four-byte character does not fit utf8mb3: 422 naming the field, before a byte is stored."""
    with uploader.nothing_stored():
        answer = uploader.upload(b"x", filename=name)
        assert faults(answer.expect(422)) == {"file_name": "invalid_value"}


@pytest.mark.parametrize("name", [b"\xff.txt", b"a\x00b.txt"])
def test_a_name_that_is_no_text(uploader, name):
    with uploader.nothing_stored():
        uploader.upload(b"x", filename=name).expect(400)


@pytest.mark.parametrize("name", ["", "/", "dir/"])
def test_no_name_at_all(uploader, name):
    """file_name is required: from the part, else from params."""
    with uploader.nothing_stored():
        answer = uploader.upload(b"x", filename=name)
        assert faults(answer.expect(422)) == {"file_name": "required_missing"}
    number = uploader.is_stored(uploader.upload(b"x", {"file_name": "given"}, filename=name), b"x")
    assert uploader.store.row("files", number)["file_name"] == "given"


def nameless(data, *more):
    """As Guzzle sends contents that are a string, and form-data of node a Buffer."""
    return part('name="file"', data, *more)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_part_without_a_filename(uploader, project, size, chunked):
    """RFC 7578 4.2: a filename is not compulsory; the part `file` is the file."""
    data = noise(size)
    answer = uploader.form(fields(params={"file_name": "report.txt", "project_id": project}), nameless(data, f"Content-Length: {size}"),
                           chunked=chunked)
    row = uploader.store.row("files", uploader.is_stored(answer, data))
    assert (row["file_name"], row["file_mime"], row["project_id"]) == ("report.txt", "text/plain", project)


def test_a_part_without_a_filename_has_no_name(uploader):
    with uploader.nothing_stored():
        answer = uploader.form(fields(params={}), nameless(b"x", "Content-Type: text/plain"))
        assert faults(answer.expect(422)) == {"file_name": "required_missing"}


def test_a_part_without_a_filename_says_its_type(uploader):
    answer = uploader.form(fields(params={"file_name": "a"}), nameless(b"x", "Content-Type: image/png"))
    assert uploader.store.row("files", uploader.is_stored(answer, b"x"))["file_mime"] == "image/png"


@pytest.mark.parametrize("where", ["path", "query", "earlier part"])
@pytest.mark.parametrize("method", [None, "post", "PoSt"])
def test_a_part_without_a_filename_by_every_chain(uploader, where, method):
    path, pairs = address("files", "clean" if where == "path" else "direct")
    more = {**({"method": method} if method else {}), **(pairs if where == "earlier part" else {})}
    body = form(fields(params={"file_name": "a"}, **more), nameless(b"x"))
    answer = uploader.client.send("POST", path, pairs if where == "query" else None, data=body, headers=FORM_TYPE)
    uploader.is_stored(answer, b"x")


def test_a_name_in_params_wins(uploader):
    number = uploader.is_stored(uploader.upload(b"x", {"file_name": "mine.txt"}, filename="😀"), b"x")
    assert uploader.store.row("files", number)["file_name"] == "mine.txt"


# ---- types -----------------------------------------------------------------------------------

@pytest.mark.parametrize("name,sent,params,stored", [
    ("a.pdf", None, {}, "application/pdf"),
    ("a.pdf", "application/octet-stream", {}, "application/pdf"),
    ("a.pdf", "text/plain", {}, "text/plain"),
    ("a.pdf", "text/plain; charset=utf-8", {}, "text/plain; charset=utf-8"),
    ("a.pdf", "text/plain", {"file_mime": "image/png"}, "image/png"),
    ("a.unknown", None, {}, "application/octet-stream"),
    ("a", "nonsense", {}, "application/octet-stream"),
    ("a.png", "x/" + "y" * 300, {}, "image/png"),
    ("A.JPG", None, {}, "image/jpeg"),
])
def test_the_type_of_a_form(uploader, name, sent, params, stored):
    """From params, else the part's, else by the name; what says nothing is passed over."""
    number = uploader.is_stored(uploader.upload(b"x", params, filename=name, media=sent), b"x")
    assert uploader.store.row("files", number)["file_mime"] == stored


@pytest.mark.parametrize("sent,stored", [("image/png", "image/png"), ("application/octet-stream", "text/x-old"),
                                         ("application/x-www-form-urlencoded", "text/x-old"), ("", "text/x-old")])
def test_the_type_of_a_raw_body(uploader, store, sent, stored):
    number = store.insert("files", file_name="a.pdf", file_mime="text/x-old")
    uploader.is_stored(uploader.content(number, b"x", headers={"Content-Type": sent}), b"x")
    assert store.row("files", number)["file_mime"] == stored


def test_the_type_of_base64(uploader):
    number = uploader.is_stored(uploader.create("base64", b"x", {"file_name": "a.png"}), b"x")
    assert uploader.store.row("files", number)["file_mime"] == "image/png"


# ---- base64 ----------------------------------------------------------------------------------

@pytest.mark.parametrize("text,data", [("", b""), ("QQ==", b"A"), ("QUI=", b"AB"), ("QUJD", b"ABC"), ("+/+/", b"\xfb\xff\xbf"),
                                       ("QUJD\r\nREVG\n", b"ABCDEF"), (base64.encodebytes(noise(1000)).decode(), noise(1000))])
def test_good_base64(uploader, text, data):
    uploader.is_stored(uploader.post("files", {"file_name": "f", "file_content": text}), data)


@pytest.mark.parametrize("text", ["QQ", "QQ=", "Q", "QQ===", "=", "====", "QQ==QQ==", "QR==", "QUJ=", "QUJD ", " QUJD", "Q UI=", "QUJD-_", "%",
                                  "data:;base64,QQ==", "QQ==\0", "ü", 12, 1.5, True, None, ["QQ=="], {"a": "QQ=="}])
def test_bad_base64(uploader, text):
    """Padded, in its own alphabet, no spaces: a plus sign that a form lost is no part of a file."""
    with uploader.nothing_stored():
        answer = uploader.post("files", body={"file_name": "f", "file_content": text, "file_version": 7})
        assert faults(answer.expect(422)) == {"file_content": "invalid_value", "file_version": "invalid_value"}


def test_base64_must_fit_the_body(uploader):
    """Section 7: which must fit the body limit, http.max_body."""
    with uploader.nothing_stored():
        answer = uploader.post("files", body={"file_name": "f", "file_content": base64.b64encode(bytes(800 * 1024)).decode()})
        answer.expect(413)


def test_base64_beside_params_of_64_kib(uploader):
    """Section 2: the limit on params does not count the file."""
    uploader.is_stored(uploader.create("base64", noise(600 * 1024), {"file_name": "f"}), noise(600 * 1024))


# What json_encode() of PHP makes of a file whose base64 is slashes alone: twice as long, in text once more so.
def php(value, slash="\\/"):
    return json.dumps(value).replace("/", slash)


ONES = b"\xff" * 100_000
NAME = {"file_name": "ones"}
BASE64 = {"file_content": base64.b64encode(ONES).decode()}
FILE = {**NAME, **BASE64}
WHO = credentials()
PATH = address("files")[0]
JSON_TYPE = {"Content-Type": "application/json"}
WAYS_OF_BASE64 = {
    "JSON body": lambda c: c.send("POST", PATH, WHO, data=php(FILE), headers=JSON_TYPE),
    "JSON body, hexadecimal": lambda c: c.send("POST", PATH, WHO, data=php(FILE, "\\u002f"), headers=JSON_TYPE),
    "envelope": lambda c: c.send("POST", PATH, data=php({**WHO, "params": FILE}), headers=JSON_TYPE),
    "envelope with text": lambda c: c.send("POST", PATH, data=php({**WHO, "params": php(FILE)}), headers=JSON_TYPE),
    "form": lambda c: c.send("POST", PATH, data={**WHO, "params": php(FILE)}),
    "multipart": lambda c: c.send("POST", PATH, WHO, files=[("params", (None, php(FILE)))]),
    "beside an envelope": lambda c: c.send("POST", PATH, data=php({**WHO, "params": NAME, **BASE64}), headers=JSON_TYPE),
    "beside an envelope, plain": lambda c: c.send("POST", PATH, data=json.dumps({**WHO, "params": NAME, **BASE64}), headers=JSON_TYPE),
    "beside an envelope with text": lambda c: c.send("POST", PATH, data=php({**WHO, "params": php(NAME), **BASE64}), headers=JSON_TYPE),
    "beside a form": lambda c: c.send("POST", PATH, data={**WHO, "params": php(NAME), **BASE64}),
}


@pytest.mark.parametrize("way", WAYS_OF_BASE64)
def test_base64_as_php_writes_it(uploader, way):
    """Section 2: what of a file is an escape is the file's, too."""
    number = uploader.is_stored(WAYS_OF_BASE64[way](uploader.client), ONES)
    assert uploader.store.row("files", number)["file_name"] == "ones"


@pytest.mark.parametrize("body", [
    php({**FILE, "file_detail": "d" * 65536}),
    php(FILE) + " " * 65536,
    php({**WHO, "params": FILE, "x": "d" * 65536}),
    php({**WHO, "params": NAME, **BASE64, "x": "/" * 40000}),
    php({**WHO, "params": NAME, "x": BASE64}),
    php({**WHO, "params": php(FILE) + " " * 65536}),
])
def test_params_beside_base64_are_64_kib(uploader, body):
    """All that is not the file's is bounded as ever."""
    with uploader.nothing_stored():
        uploader.client.send("POST", PATH, WHO, data=body, headers=JSON_TYPE).expect(400, code="too_large", field="params")


def test_escaped_base64_must_fit_the_body(uploader):
    """As it is sent, escapes included."""
    with uploader.nothing_stored():
        body = php({**NAME, "file_content": "/" * 600_000})
        uploader.client.send("POST", PATH, WHO, data=body, headers=JSON_TYPE).expect(413)


@pytest.mark.parametrize("chain,params", [("topics", {"topic_detail": "t"}), ("projects", {"project_name": "p"})])
def test_base64_where_there_are_no_bytes(uploader, chain, params):
    with uploader.nothing_stored():
        answer = uploader.post(chain, {**params, "file_content": "QQ=="})
        assert faults(answer.expect(400)) == {"file_content": "unknown_parameter"}


def test_base64_in_a_list(uploader):
    with uploader.nothing_stored():
        answer = uploader.post("files", body=[{"file_name": "f"}, {"file_name": "g", "file_content": "QQ=="}])
        assert faults(answer.expect(422)) == {"[1].file_content": "invalid_value"}


LIST = json.dumps([{"file_name": "f"}, {"file_name": "g"}])
BESIDE_A_LIST = {
    "query": lambda c: c.send("POST", PATH, {**WHO, "params": LIST, "file_content": "QUJD"}),
    "form": lambda c: c.send("POST", PATH, data={**WHO, "params": LIST, "file_content": "QUJD"}),
    "multipart": lambda c: c.send("POST", PATH, WHO, files=[("params", (None, LIST)), ("file_content", (None, "QUJD"))]),
    "query of a JSON body": lambda c: c.send("POST", PATH, {**WHO, "file_content": "QUJD"}, data=LIST, headers=JSON_TYPE),
    "envelope": lambda c: c.send("POST", PATH, data=php({**WHO, "params": json.loads(LIST), "file_content": "QUJD"}), headers=JSON_TYPE),
    "envelope with text": lambda c: c.send("POST", PATH, data=php({**WHO, "params": LIST, "file_content": "QUJD"}), headers=JSON_TYPE),
    "dry run": lambda c: c.send("POST", PATH, data={**WHO, "params": LIST, "file_content": "QUJD", "dry_run": "1"}),
    "empty": lambda c: c.send("POST", PATH, data={**WHO, "params": LIST, "file_content": ""}),
}


@pytest.mark.parametrize("way", BESIDE_A_LIST)
def test_base64_beside_a_list(uploader, way):
    """Nobody's bytes are dropped without a word; what else stands there is for no item, as ever."""
    with uploader.nothing_stored():
        answer = BESIDE_A_LIST[way](uploader.client)
        assert faults(answer.expect(422)) == {"file_content": "invalid_value"}
        assert answer.message == "The value provided for file_content is invalid or not allowed."


@pytest.mark.parametrize("beside", [{"file_label": "l"}, {"file_id": "7"}, {"project_id": "99999999"}, {"_": "1"}, {"file": "QUJD"}])
def test_other_names_beside_a_list(uploader, beside):
    answer = uploader.client.send("POST", PATH, data={**WHO, "params": LIST, **beside}).success()
    files = answer.response["files"]
    assert [(file["file_name"], file["file_label"], file["file_size"]) for file in files] == [("f", "", 0), ("g", "", 0)]


def test_base64_beside_a_list_without_bytes(uploader, store):
    """Of other resources the name is unknown, and so ignored."""
    answer = uploader.client.send("POST", address("topics")[0], data={**WHO, "params": '[{"topic_detail":"t"}]', "file_content": "QUJD"})
    assert [topic["topic_detail"] for topic in answer.success().response["topics"]] == ["t"]


def test_base64_on_delete(uploader, store):
    number = store.insert("files", file_name="f")
    with uploader.nothing_stored():
        assert faults(uploader.delete(f"files/{number}", {"file_content": "QQ=="}).expect(400)) == {"file_content": "unknown_parameter"}


def test_base64_on_put(uploader, store, project):
    """With other columns, in one step."""
    number = store.insert("files", file_name="old", project_id=project, date_created=LONG_AGO)
    uploader.is_stored(uploader.content(number, b"first"), b"first")
    path = uploader.path(number)
    with store.logged(f"updated file {number} (file_name, file_content)"):
        uploader.is_stored(uploader.put(f"files/{number}", {"file_name": "new", "file_content": "QUI="}), b"AB")
    assert store.row("files", number)["file_name"] == "new"
    assert path not in uploader.disk.all() and uploader.path(number) != path


# ---- what is told ----------------------------------------------------------------------------

def test_the_directory_tells(uploader):
    resources = {row["name"]: row for row in uploader.get("api/resources").success().response["resources"]}
    assert "content" in resources["files"]["verbs"] and "files/{id}/content" in resources["files"]["chains"]
    assert "content" not in resources["topics"]["verbs"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_content_is_for_put(uploader, store, method):
    number = store.insert("files", file_name="f")
    answer = uploader.send(method, f"files/{number}/content")
    answer.expect(405)
    assert answer.headers["Allow"] == "PUT, OPTIONS"


def test_content_by_a_get_that_says_put(uploader, store):
    """The bytes are a body, which nobody sends with a GET: nothing is erased by following a link."""
    number = store.insert("files", file_name="f")
    uploader.is_stored(uploader.content(number, b"kept"), b"kept")
    with uploader.nothing_stored():
        uploader.client.ask(f"files/{number}/content", query={"method": "put"}).expect(400, code="bad_method")


def test_options_of_content(uploader, store):
    number = store.insert("files", file_name="f")
    answer = uploader.client.send("OPTIONS", address(f"files/{number}/content")[0])
    assert (answer.status, answer.headers["Allow"]) == (204, "PUT, OPTIONS")


def test_the_table_keeps_no_path_for_clients(uploader, store):
    """file_path is never sent, and nobody can point it at the bytes of others."""
    with uploader.nothing_stored():
        answer = uploader.upload(b"x", {"file_path": "2.txt"})
        assert faults(answer.expect(400)) == {"file_path": "unknown_parameter"}
    assert store.one(f"SELECT COUNT(*) FROM {TABLE} WHERE file_path='2.txt'") == 0


