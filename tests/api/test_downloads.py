"""spec/remote-api.md section 7, files/{id}/download; data-model.md: what is never opened."""

import hashlib
import urllib.parse

import pytest

from support.answers import BASE, address, credentials
from support.fixture import PLAN
from support.raw import Raw

pytestmark = pytest.mark.chains


@pytest.mark.parametrize("path", ["files/2/download/json", "files/2/download", "file/2/download", "projects/100/files/2/download",
                                  "files/2/download/xml"])
def test_the_bytes(api, path):
    """The format segment is optional."""
    answer = api.send("GET", f"{BASE}/api.php/v1/{path}", credentials())
    assert answer.status == 200
    assert answer.http.content == PLAN
    assert answer.headers["Content-Length"] == str(len(PLAN))
    assert answer.headers["Content-Type"].startswith("application/pdf")


def test_direct_form(api):
    answer = api.send("GET", f"{BASE}/api.php", {**credentials(), "action": "v1.files.2.download"})
    assert answer.http.content == PLAN


def test_headers(api):
    """Always attachment, nosniff, sandbox, never compressed."""
    answer = api.get("files/2/download", headers={"Accept-Encoding": "gzip, br"})
    assert answer.http.content == PLAN and "Content-Encoding" not in answer.headers
    assert answer.headers["Content-Disposition"].startswith("attachment") and "plan.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"].startswith('"') and answer.headers["Last-Modified"].endswith("GMT")


def test_utf8_names(api):
    """Content-Disposition after RFC 6266, UTF-8 names."""
    answer = api.get("files/3/download")
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment")
    assert "filename*=UTF-8''" + urllib.parse.quote('Übersicht "neu".html', safe="") in disposition.replace("utf-8''", "UTF-8''")
    assert answer.http.content == b"<script></script>"
    disposition.encode("ascii")


def test_names_cannot_add_headers(api):
    answer = api.get("files/14/download")
    assert answer.status == 200 and answer.http.content == b"evil"
    assert "X-Evil" not in answer.headers


def test_head(api):
    head = api.get("files/2/download", method="HEAD")
    get = api.get("files/2/download")
    assert head.status == 200 and head.http.content == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Content-Disposition"):
        assert head.headers[name] == get.headers[name]


def test_an_empty_file(api):
    answer = api.get("files/10/download")
    assert answer.status == 200 and answer.http.content == b"" and answer.headers["Content-Length"] == "0"
    assert answer.headers["Content-Type"]


@pytest.mark.parametrize("ranges,first,last", [("bytes=0-0", 0, 0), ("bytes=0-99", 0, 99), ("bytes=100-", 100, None), ("bytes=-5", -5, None),
                                               ("bytes=5-999999", 5, None), ("bytes=-999999", 0, None)])
def test_single_range(api, ranges, first, last):
    """Single ranges: 206 with Content-Range (RFC 9110 14)."""
    answer = api.get("files/2/download", headers={"Range": ranges})
    size = len(PLAN)
    start = first if first >= 0 else size + first
    end = size - 1 if last is None else last
    assert answer.status == 206
    assert answer.http.content == PLAN[start:end + 1]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end}/{size}"
    assert answer.headers["Content-Length"] == str(end + 1 - start)


@pytest.mark.parametrize("ranges", [f"bytes={len(PLAN)}-", "bytes=999999-1000000", "bytes=-0"])
def test_unsatisfiable_range(api, ranges):
    answer = api.get("files/2/download", headers={"Range": ranges})
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(PLAN)}"


@pytest.mark.parametrize("ranges", ["bytes=9-5", "bytes=", "bytes=a-b", "lines=1-2", "bytes=1", "bytes", "bytes=--5"])
def test_ranges_that_are_none_are_ignored(api, ranges):
    """RFC 9110 14.2: an invalid or unknown Range is ignored."""
    answer = api.get("files/2/download", headers={"Range": ranges})
    assert answer.status in (200, 416)
    if answer.status == 200:
        assert answer.http.content == PLAN


def test_conditional(api):
    first = api.get("files/2/download")
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    assert api.get("files/2/download", headers={"If-None-Match": tag}).status == 304
    assert api.get("files/2/download", headers={"If-None-Match": '"x"'}).status == 200
    assert api.get("files/2/download", headers={"If-Modified-Since": date}).status == 304
    assert api.get("files/2/download", headers={"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}).status == 200
    assert api.get("files/2/download", headers={"If-None-Match": '"x"', "If-Modified-Since": date}).status == 200
    assert api.get("files/2/download", headers={"Range": "bytes=0-3", "If-Range": tag}).status == 206
    assert api.get("files/2/download", headers={"Range": "bytes=0-3", "If-Range": '"x"'}).status == 200


@pytest.mark.parametrize("number", [4, 5, 6, 7, 8, 9, 11, 12, 13])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_never_opened(api, number, method):
    """A path that leaves the root, a link or a device is never opened: 404; a missing file too."""
    answer = api.get(f"files/{number}/download", method=method, timeout=5)
    assert answer.status == 404
    assert b"OUTSIDE" not in answer.http.content and b"root:" not in answer.http.content
    if method == "GET":
        assert answer.message == "Record Not Found"
        assert "outside" not in answer.http.text.replace("linkdir", "")


@pytest.mark.parametrize("chain,status", [("files/7777/download", 404), ("projects/101/files/2/download", 404), ("topics/1/download", 404)])
def test_download_membership(api, chain, status):
    assert api.get(chain).status == status


def test_download_needs_a_login(api):
    answer = api.get("files/2/download", user=None).expect(401)
    assert b"PDF" not in answer.http.content
    assert api.send("POST", address("files/2/download")[0], credentials()).status == 405


def test_no_files_root(start_gateway):
    """config: files.root empty: the download is off (503), the rest is served."""
    from support.answers import Client
    client = Client(start_gateway(drop=("files.root",)).url)
    assert client.get("files/2/download").status in (404, 503)
    assert client.get("files/2").status == 200


def test_a_large_file_whole_and_by_a_slow_reader(api, gateway, files_root, mariadb):
    """Sent by the kernel; a slow reader gets all of it."""
    body = bytes(range(256)) * 40000
    (files_root / "large.bin").write_bytes(body)
    mariadb.run("INSERT IGNORE INTO tbladdon_wbteampro_file (file_id, thread_id, project_id, file_name, file_path, file_detail) "
                "VALUES (9990, 9990, 259, 'large.bin', 'large.bin', '')")
    try:
        answer = api.get("files/9990/download")
        assert hashlib.sha256(answer.http.content).digest() == hashlib.sha256(body).digest()
        path = address("files/9990/download")[0] + "?" + urllib.parse.urlencode(credentials())
        with Raw(gateway.port) as connection:
            connection.send(f"GET {path} HTTP/1.1\r\nHost: t\r\n\r\nGET {path} HTTP/1.1\r\nHost: t\r\nRange: bytes=0-9\r\n\r\n".encode())
            import time
            time.sleep(1)
            assert connection.reply().body == body
            assert connection.reply().body == body[:10]
    finally:
        mariadb.run("DELETE FROM tbladdon_wbteampro_file WHERE file_id = 9990")
