"""remote-api.md section 8: the pages that the gateway serves itself. What a browser and a cache see of them."""

import gzip
import pathlib
import re

import brotli
import pytest
import requests

from support.answers import BASE
from support.gateway import ROOT
from support.raw import exchange

PAGE = BASE + "/sandbox/"
FOLDERS = [pathlib.Path(ROOT) / "sandbox", pathlib.Path(ROOT) / "pages/shared"]
ROOTS = {name: f"{BASE}/{name}/" for name in ("sandbox", "docs", "reference")}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


def ask(gateway, path, method="GET", **fields):
    headers = {"Accept-Encoding": "identity", **{name.replace("_", "-"): value for name, value in fields.items()}}
    # http.client would undo a coding's name; raw gives the bytes as they came.
    answer = requests.request(method, gateway.url + path, headers=headers, stream=True, allow_redirects=False, timeout=20)
    answer.bytes = answer.raw.read(decode_content=False)
    return answer


@pytest.fixture(scope="module")
def assets(gateway):
    """The versioned folder that the page names."""
    page = ask(gateway, PAGE).bytes.decode()
    return re.search(r'"(assets-[0-9a-f]{16})/', page).group(1)


def test_the_page_is_html_under_a_strict_policy(gateway):
    answer = ask(gateway, PAGE)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert b"@ASSETS@" not in answer.bytes


def test_the_reference_alone_may_make_styles(gateway):
    """Its renderer does; scripts stay as strict as anywhere, on its assets and on what is not there too."""
    loose = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    for path in "", "assets/reference.js", "nothing":
        assert ask(gateway, ROOTS["reference"] + path).headers["Content-Security-Policy"] == loose
    for root in "docs", "sandbox":
        assert ask(gateway, ROOTS[root]).headers["Content-Security-Policy"] == POLICY
    assert "unsafe-eval" not in loose and "script-src 'self';" in loose


@pytest.mark.parametrize("root", ROOTS)
def test_every_root_is_moved_tagged_and_compressed(gateway, root):
    moved = ask(gateway, ROOTS[root][:-1])
    assert (moved.status_code, moved.headers["Location"]) == (308, ROOTS[root])
    plain = ask(gateway, ROOTS[root])
    assert plain.status_code == 200 and plain.headers["Cache-Control"] == "no-cache" and b"@ASSETS@" not in plain.bytes
    for coding, undo in ("gzip", gzip.decompress), ("br", brotli.decompress):
        coded = ask(gateway, ROOTS[root], Accept_Encoding=coding)
        assert coded.headers["Content-Encoding"] == coding and undo(coded.bytes) == plain.bytes and len(coded.bytes) < len(plain.bytes)
        again = ask(gateway, ROOTS[root], Accept_Encoding=coding, If_None_Match=coded.headers["ETag"])
        assert (again.status_code, again.bytes) == (304, b"")
    asset = re.search(rb'"(assets-[0-9a-f]{16}/[a-z]+\.css)"', plain.bytes).group(1).decode()
    assert ask(gateway, ROOTS[root] + asset).headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_page_carries_no_inline_script_and_no_inline_style():
    page = (pathlib.Path(ROOT) / "sandbox/index.html").read_text()
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


def test_the_page_without_its_slash_is_moved(gateway):
    answer = ask(gateway, PAGE[:-1])
    assert (answer.status_code, answer.headers["Location"]) == (308, PAGE)


def test_every_file_of_the_folder_is_served_as_it_is(gateway):
    for folder in FOLDERS:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.suffix != ".html":
                answer = ask(gateway, PAGE + file.relative_to(folder).as_posix())
                assert answer.status_code == 200 and answer.bytes == file.read_bytes(), file


@pytest.mark.parametrize("accepts, coding, undo", [
    ("identity", None, bytes), ("gzip", "gzip", gzip.decompress), ("br", "br", brotli.decompress),
    ("gzip, deflate, br;q=0.9", "gzip", gzip.decompress), ("gzip;q=0, *;q=0", None, bytes)])
def test_codings_are_made_at_build_time_and_have_tags_of_their_own(gateway, assets, accepts, coding, undo):
    plain = ask(gateway, PAGE + assets + "/app.js")
    answer = ask(gateway, PAGE + assets + "/app.js", Accept_Encoding=accepts)
    assert answer.headers.get("Content-Encoding") == coding
    assert undo(answer.bytes) == plain.bytes
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert (answer.headers["ETag"] == plain.headers["ETag"]) == (coding is None)
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_assets_of_this_version_are_kept_for_ever_and_all_else_is_asked_for_anew(gateway, assets):
    def cached(path):
        answer = ask(gateway, path)
        assert answer.status_code == 200, path
        return answer.headers["Cache-Control"]
    assert cached(PAGE + assets + "/app.js") == "public, max-age=31536000, immutable"
    assert cached(PAGE) == "no-cache"
    # Another gateway's version (older, newer) and none at all: the files are there, not to be kept.
    assert cached(PAGE + "assets-0123456789abcdef/app.js") == "no-cache"
    assert cached(PAGE + "assets/app.js") == "no-cache"


def test_what_the_browser_has_is_not_sent_again(gateway):
    for coding in "identity", "gzip", "br":
        tag = ask(gateway, PAGE, Accept_Encoding=coding).headers["ETag"]
        again = ask(gateway, PAGE, Accept_Encoding=coding, If_None_Match=f'"x", {tag}')
        assert (again.status_code, again.bytes) == (304, b"")
        assert again.headers["ETag"] == tag and again.headers["Content-Security-Policy"] == POLICY
    assert ask(gateway, PAGE, If_None_Match='"x"').status_code == 200


def test_head_tells_what_get_would(gateway):
    got, told = ask(gateway, PAGE), ask(gateway, PAGE, "HEAD")
    assert told.bytes == b"" and told.headers["Content-Length"] == str(len(got.bytes))
    assert told.headers["ETag"] == got.headers["ETag"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"])
def test_pages_are_only_read(gateway, method):
    answer = ask(gateway, PAGE, method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_options_says_so(gateway):
    answer = ask(gateway, PAGE, "OPTIONS")
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", [
    "nothing.js", "assets/", "assets-/", "assets-0123456789abcdef", "assets-0123456789abcdef/", "index.html/", "/index.html",
    "../sandbox/index.html", "..%2f..%2fetc%2fpasswd", "%69ndex.html", "assets-/../index.html", "a" * 5000, "assets-" + "a/" * 500])
def test_what_is_not_there_is_404_and_no_path_leads_out(gateway, path):
    # requests would fold the dots away
    request = requests.Request("GET", gateway.url).prepare()
    request.url = gateway.url + PAGE + path
    answer = requests.Session().send(request, timeout=20)
    assert answer.status_code == 404, answer.text[:200]
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == POLICY


def test_a_name_that_only_begins_alike_is_no_page(gateway):
    assert ask(gateway, BASE + "/sandboxes/").status_code == 404
    assert ask(gateway, BASE + "/sandboxindex.html").status_code == 404


def test_a_banned_address_gets_no_page(start_gateway):
    gateway = start_gateway({"ban.exempt": "", "http.trusted_proxies": "127.0.0.1"})
    added = requests.post(gateway.admin + "/bans", data={"network": "203.0.113.77", "length": "1m", "reason": "test"}, timeout=20)
    assert added.status_code == 201, added.text
    answer = ask(gateway, PAGE, X_Forwarded_For="203.0.113.77")
    assert (answer.status_code, answer.bytes) == (403, b"IP Banned\n")
    assert ask(gateway, PAGE, X_Forwarded_For="203.0.113.78").status_code == 200
    requests.delete(gateway.admin + "/bans/203.0.113.77", timeout=20)


def test_remote_site_off_serves_the_api_alone(start_gateway):
    gateway = start_gateway({"remote.site": "off"})
    answer = ask(gateway, PAGE)
    assert answer.status_code == 404 and answer.headers["Content-Type"].startswith("application/json")


def test_pages_lie_below_remote_base(start_gateway):
    gateway = start_gateway({"remote.base": "/api"})
    assert ask(gateway, "/api/sandbox/").status_code == 200
    assert ask(gateway, PAGE).status_code == 404


def test_pages_are_logged_and_counted(gateway):
    ask(gateway, PAGE + "not-there-7f3a")
    gateway.find_log("not-there-7f3a")
    assert any('route="pages"' in name for name in gateway.metrics())


def test_all_of_the_sandbox_is_under_150_kib_compressed(gateway):
    """Over plain HTTP browsers take gzip at best; what a first visit needs is the page and all of its assets."""
    paths = ["", *(file.relative_to(folder).as_posix() for folder in FOLDERS for file in folder.glob("assets/*"))]
    assert sum(len(ask(gateway, PAGE + path, Accept_Encoding="gzip").bytes) for path in paths) < 150 * 1024


def test_tags_on_several_lines(gateway):
    """RFC 9110 5.3: several lines of If-None-Match are one list."""
    tag = ask(gateway, PAGE).headers["ETag"]
    for tags, status in (('"x"', tag), 304), ((tag, '"x"'), 304), (('"x"', '"y"'), 200):
        lines = "".join(f"If-None-Match: {one}\r\n" for one in tags)
        assert exchange(gateway.port, f"GET {PAGE} HTTP/1.1\r\nHost: t\r\n{lines}\r\n".encode()).status == status, tags
