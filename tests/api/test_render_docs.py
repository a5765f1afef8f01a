"""remote-api.md section 8: how docs/ becomes BASE/docs/. A link that leads nowhere fails the build, wherever it hides."""

import pathlib
import re
import subprocess

import pytest

from support.gateway import BINARY

RENDERER = pathlib.Path(BINARY).parent / "render_docs"
FRAME = "<title>@TITLE@</title><nav>@PAGES@</nav><main>@CONTENT@</main>@CONTENTS@@NEIGHBOURS@"
pytestmark = pytest.mark.skipif(not RENDERER.exists(), reason=f"no {RENDERER}")


@pytest.fixture
def render(tmp_path):
    """render({path: text}, order): (exit code, complaints, {name: page})."""
    def render(files, order="# Section\ndocs/README.md\n"):
        source, out = tmp_path / "source", tmp_path / "out"
        out.mkdir()
        for path, text in {"docs/README.md": "# Index\n", **files}.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        (tmp_path / "order.txt").write_text(order)
        (tmp_path / "frame.html").write_text(FRAME)
        ended = subprocess.run([RENDERER, source, tmp_path / "order.txt", tmp_path / "frame.html", out], capture_output=True, text=True, timeout=60)
        assert "Sanitizer" not in ended.stderr, ended.stderr
        pages = {file.relative_to(out).as_posix(): file.read_text() for file in out.rglob("*") if file.is_file()}
        return ended.returncode, ended.stderr, pages
    return render


def test_links_to_pages_lead_to_pages(render):
    code, complaints, pages = render({"docs/README.md": "# Index\n\n[a](other.md) [b](other.md#two-words) [c](#index) [d](https://example.com/x.md) [e](../CONTRIBUTING.md)\n",
                                      "docs/other.md": "# Other\n\n## Two words\n\n[home](README.md) [home](README.md#index)\n", "CONTRIBUTING.md": "# Contributing\n"},
                                     "# A\ndocs/README.md\ndocs/other.md\n# B\nCONTRIBUTING.md\n")
    assert (code, complaints) == (0, "")
    links = re.findall(r'href="([^"]*)"', pages["index.html"].split("<main>")[1].split("</main>")[0])
    assert links == ["other.html", "other.html#two-words", "#index", "https://example.com/x.md", "contributing.html"]
    assert '<h2 id="two-words">' in pages["other.html"] and 'href="./"' in pages["other.html"] and 'href="./#index"' in pages["other.html"]


@pytest.mark.parametrize("link, complaint", [
    ("missing.md", "a link that leads nowhere: missing.md"), ("README.md#none", "no heading has this anchor: README.md#none"), ("#none", "no heading has this anchor: #none"),
    ("../docs", "a link that leads nowhere"), ("../../etc/passwd", "a link that leads nowhere"), ("/etc/passwd", "a link that leads nowhere"), ("../../../../../etc/passwd", "leads nowhere"),
    ("../sandbox", "leads nowhere"), ("", "no heading has this anchor"), ("#", "no heading has this anchor"), ("a%00b.md", "leads nowhere"), ("other.md", "leads nowhere")])
def test_a_link_that_leads_nowhere_is_a_fault(render, link, complaint):
    code, complaints, _ = render({"docs/README.md": f"# Index\n\n- deep\n  - [x]({link})\n"})
    assert code == 1 and "docs/README.md: " in complaints and complaint in complaints


def test_every_fault_is_told(render):
    code, complaints, _ = render({"docs/README.md": "# Index\n\n[x](one.md) [y](two.md)\n\n| a |\n|---|\n| [z](three.md) |\n"})
    assert code == 1 and all(name in complaints for name in ("one.md", "two.md", "three.md"))


def test_other_pages_of_the_gateway_may_be_linked(render):
    code, _, pages = render({"docs/README.md": "# Index\n\n[s](../sandbox/) [r](../reference/) [o](../openapi.json)\n"})
    assert code == 0 and all(f'href="../{name}"' in pages["index.html"] for name in ("sandbox/", "reference/", "openapi.json"))


def test_linked_files_of_the_tree_are_served_as_text(render):
    code, _, pages = render({"docs/README.md": "# Index\n\n[c](../catalog/x.json) [i](example.ini)\n", "catalog/x.json": "{}", "docs/example.ini": "[a]"})
    assert code == 0 and pages["files/catalog-x.json.txt"] == "{}" and pages["files/docs-example.ini.txt"] == "[a]"
    assert 'href="files/catalog-x.json.txt"' in pages["index.html"]


def test_html_is_refused_and_text_is_text(render):
    code, complaints, _ = render({"docs/README.md": "# Index\n\nx <b>y</b>\n\n<script>alert(1)</script>\n"})
    assert code == 1 and complaints.count("HTML is not rendered") >= 2


def test_hostile_headings(render):
    code, complaints, pages = render({"docs/README.md": '# A `<script>` & "b"\n\n## `"><img src=x>`\n\n## `"><img src=x>`\n\n## Zwölf – drei… *vier*\n'})
    assert (code, complaints) == (0, "")
    page = pages["index.html"]
    assert "<title>A &lt;script> &amp; &quot;b&quot;</title>" in page and "<img" not in page and "<script" not in page
    assert re.findall(r'<h2 id="([^"]*)">', page.split("</main>")[0]) == ["img-srcx", "img-srcx-1", "zwölf--drei-vier"]


def test_what_the_list_forgot_stands_at_its_end(render):
    code, _, pages = render({"docs/zeta.md": "# Zeta: what it is\n", "docs/alpha.md": "# Alpha\n"}, "# First\ndocs/README.md Overview\n")
    assert code == 0
    assert re.findall(r"<h2>(.*?)</h2>|<a [^>]*>(.*?)</a>", pages["index.html"].split("</nav>")[0]) == [("First", ""), ("", "Overview"), ("More", ""), ("", "Alpha"), ("", "Zeta")]


@pytest.mark.parametrize("files, order, complaint", [
    ({"docs/a.md": ""}, "", "a page begins with its title: docs/a.md"), ({"docs/a.md": "text\n"}, "", "begins with its title"), ({"docs/a.md": "## Two\n"}, "", "begins with its title"),
    ({}, "docs/README.md\ndocs/README.md\n", "named twice"), ({}, "docs/missing.md\n", "cannot be read"), ({}, "docs/README.txt\n", "neither a section nor a page"),
    ({}, "x" * 600 + ".md\n", "a path is too long"), ({"docs/a.md": "# A\n" + "## b\n" * 500}, "", "too many headings")])
def test_pages_and_lists_that_are_no_use(render, files, order, complaint):
    code, complaints, _ = render(files, order)
    assert code == 1 and complaint in complaints


def test_bad_utf8_is_mended_and_long_text_is_taken(render):
    code, _, pages = render({"docs/a.md": b"# A\n\n\xff\xfe bad\n\n" + b"word " * 200_000})
    assert code == 0 and "� bad" in pages["a.html"].replace("��", "�")
