"""spec/remote-api.md section 7, files/{id}/download: RFC 6266 names; Content-Type from the row, else from the name."""

import re
import urllib.parse

import pytest

from support import downloads

pytestmark = pytest.mark.chains


def saved_as(disposition):
    """(the old form, the new form) of a Content-Disposition by the grammar of RFC 6266 and 8187; both or none."""
    disposition.encode("ascii")
    match = re.fullmatch(r"attachment(?:; filename=\"([ !#-\[\]-~]*)\"; filename\*=UTF-8''((?:%[0-9A-F]{2}|[A-Za-z0-9!#$&+.^_`|~-])*))?",
                         disposition)
    assert match, disposition
    return match.group(1), urllib.parse.unquote(match.group(2), errors="strict") if match.group(2) is not None else None


@pytest.mark.parametrize("name,expected", [
    ("plan.pdf", None), ("a b  c.txt", None), ("Übersicht – „neu“.html", None), ("план.txt", None), ("計画書.xlsx", None),
    ("خطة.txt", None), ("שלום.txt", None), ("แผน.doc", None), ("योजना.txt", None), ("e\u0301.txt", None), ("ﬁ.txt", None),
    ("a;b,c=d&e'f(g)*.txt", None), ('a"b".txt', None), ("100%.txt", None), ("%41%0d%0a.txt", None), ("~$x.doc", None), (".bashrc", None),
    ("-rf", None), ("CON", None), ("a\tb", "a_b"), ("a\r\nX-Evil: 1", "a__X-Evil: 1"), ("a\x00b", "a_b"), ("a\x7fb\x1b[2J", "a_b_[2J"),
    ("../../etc/passwd", ".._.._etc_passwd"), ("C:\\x\\y.exe", "C:_x_y.exe"), ("photo\u202egpj.exe", "photo_gpj.exe"),
    ("a\u2066b\u2069c\u2028d", "a_b_c_d"), ("", None), (" ", None), ("n" * 255, None), ("ü" * 251 + ".txt", "ü" * 125 + ".txt"),
])
def test_names(api, mariadb, files_root, name, expected):
    """The new form gives the name back, letter by letter, but for what could do harm; the old one is ASCII."""
    with downloads.stored(mariadb, files_root, b"x", file_name=name) as number:
        answer = api.get(f"files/{number}/download")
        assert answer.status == 200 and answer.http.content == b"x"
        old, new = saved_as(answer.headers["Content-Disposition"])
        if name == "":
            assert (old, new) == (None, None)
            return
        assert new == (name if expected is None else expected)
        assert len(old) == len(new) and "/" not in old and "\\" not in old
        assert all(one == other or one == "_" for one, other in zip(old, new))


@pytest.mark.parametrize("mime,name,expected", [
    ("application/pdf", "x.txt", "application/pdf"), ("text/plain; charset=utf-8", "x", "text/plain; charset=utf-8"),
    ("", "x.pdf", "application/pdf"), ("", "X.PNG", "image/png"), ("", "a.b.csv", "text/csv"), ("", "Übersicht.html", "text/html"),
    ("", "noending", "application/octet-stream"), ("", "x.unheardof", "application/octet-stream"), ("", "", "application/octet-stream"),
    ("", ".pdf", "application/octet-stream"), ("rubbish", "x.pdf", "application/pdf"), ("text/", "x.pdf", "application/pdf"),
    ("text/plain\r\nX-Evil: 1", "x.pdf", "application/pdf"), ("text/pläin", "x.pdf", "application/pdf"), ("a/b, c/d", "x.pdf", "application/pdf"),
])
def test_types(api, mariadb, files_root, mime, name, expected):
    """From the row, else from the name; nothing that could break a field."""
    with downloads.stored(mariadb, files_root, b"x", file_name=name, file_mime=mime) as number:
        answer = api.get(f"files/{number}/download")
        assert answer.headers["Content-Type"] == expected and "X-Evil" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Content-Security-Policy"] == "sandbox"
        several = api.get(f"files/{number}/download", headers={"Range": "bytes=0-0"})
        assert several.headers["Content-Type"] == expected


def test_pages_of_other_origins_may_read_names(start_gateway):
    """http.cors_origins: a page sees how the file is called and which bytes it got."""
    from support.answers import Client
    client = Client(start_gateway({"http.cors_origins": "https://panel.example.com"}).url)
    answer = client.get("files/2/download", headers={"Origin": "https://panel.example.com"})
    exposed = {name.strip().lower() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"content-disposition", "content-range"} <= exposed
    assert answer.headers["Access-Control-Allow-Origin"] == "https://panel.example.com"
