"""The pages of docs/ and README.md: each example is run and its answer compared, links lead somewhere, settings are valid."""

import re
import shutil

import pytest

from support import docs
from support.docs_world import World, ini
from support.gateway import ROOT, run_binary

RUN = [page for page in docs.PAGES if any(True for _ in docs.walk(page))]
# Pages whose blocks `tested` are run by a test of their own.
TESTED = {"moving-clients.md": "test_docs_nginx.py"}
ids = {"ids": lambda page: page.name}


@pytest.fixture(scope="module")
def world(place, mariadb, redis_server):
    """The demo company's rows in the session's servers."""
    made = World(place / "docs", mariadb, redis_server)
    yield made
    made.stop()


@pytest.mark.parametrize("page", RUN, **ids)
def test_what_the_page_shows_is_what_is_answered(world, page):
    """Every example, with the real curl, PHP, Python and Node."""
    assert not docs.run_page(page, world.runner(page))


def test_programs_of_every_language_are_there():
    assert all(shutil.which(command[0]) for command in docs.LANGUAGES.values())


@pytest.mark.parametrize("page", docs.PAGES, **ids)
def test_no_example_is_left_out_silently(page):
    """A program is run, or says why not; a block has a language, so that nothing is left unlooked at."""
    for block in docs.blocks(page):
        assert block.language, f"{block!r} has no language"
        if block.language in docs.LANGUAGES:
            assert block.reason or {"run", "setup"} & set(block.words) or "tested" in block.words and page.name in TESTED, f"{block!r} is not run and says no reason"
        unknown = set(block.words) - {"run", "setup", "answer", "tested"}
        assert not unknown, f"{block!r}: {unknown}"
    loose = re.findall(r"(?:^|\n)\n    (?! *[-*0-9])\S.*", docs.prose(page))
    assert not loose, f"{page.name}: code without a fence: {loose}"


@pytest.mark.parametrize("page", docs.PAGES, **ids)
def test_tables_are_whole(page):
    """Each row has as many cells as its head; a bar within code would be one too many."""
    for table in re.findall(r"(?:^\|.*\n)+", docs.prose(page), flags=re.M):
        widths = [len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()]
        assert len(set(widths)) == 1 and re.match(r"\|(?:---\|)+$", table.splitlines()[1]), f"{page.name}: {table[:200]}"


@pytest.mark.parametrize("page", docs.PAGES, **ids)
def test_pages_begin_with_their_title(page):
    assert re.match(r"# \S", page.read_text())
    assert len(re.findall(r"^# ", docs.prose(page), flags=re.M)) == 1


@pytest.mark.parametrize("page", docs.PAGES, **ids)
def test_links_lead_somewhere(page):
    """Within docs/ they stay in docs/, where they work in the gateway's own pages too."""
    for target in re.findall(r"\]\(([^)\s]+)\)", docs.prose(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name}: {target}"
        if page.parent != ROOT:
            assert file.parent == ROOT / "docs" and file.suffix == ".md", f"{page.name}: {target} leads out of docs/"
        if anchor:
            assert anchor in docs.anchors(file), f"{page.name}: {target}; there are {sorted(docs.anchors(file))}"


def test_the_index_has_every_page():
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs/README.md").read_text()))
    assert linked == {page.name for page in docs.PAGES if page.parent != ROOT and page.name != "README.md"}


SETTINGS = [block for page in docs.PAGES for block in docs.blocks(page) if block.language == "ini"]


@pytest.mark.parametrize("block", SETTINGS, ids=repr)
def test_settings_shown_are_valid(tmp_path, block):
    """Each piece of portcullis.ini in the pages is one that the gateway reads."""
    (tmp_path / "portcullis.ini").write_text(block.text)
    done = run_binary("check", "-c", str(tmp_path / "portcullis.ini"), "-o", "mysql.socket=/nonexistent")
    assert "ok       configuration" in done.stdout, done.stdout + done.stderr


# --- the tools of this test ------------------------------------------------------------------------


@pytest.mark.parametrize("told, got, is_alike", [
    ({"a": 1}, {"a": 1}, True),
    ({"a": 1}, {"a": 2}, False),
    ({"a": 1}, {"a": True}, False),
    ({"a": 1}, {"a": 1, "b": 2}, False),
    ({"a": 1, "…": "…"}, {"a": 1, "b": 2}, True),
    ({"a": 1, "…": "…"}, {"b": 2}, False),
    ([1, "…"], [1, 2, 3], True),
    ([1, "…"], [2], False),
    ([1], [1, 2], False),
    ("since 2026-01-02 03:04:05", "since 2027-01-02 03:04:05", True),
    ("begins…", "begins and goes on", True),
    ("begins…", "ends", False),
    ({"next": "abc"}, {"next": "xyz"}, True),
    ({"next": "abc"}, {}, False),
])
def test_answers_are_compared(told, got, is_alike):
    assert (docs.differences(told, got) == []) is is_alike


@pytest.mark.parametrize("told, got, is_alike", [
    ("a\nb\n", "a\nb\n", True),
    ("a\nb\n", "a\nb\nc\n", False),
    ("a\n…\n", "a\nb\nc\n", True),
    ("a\n…\nc\n", "a\nc\n", True),
    ("a…\n", "abc\n", True),
    ("a.c\n", "abc\n", False),
    ("Date: Thu, 26 Nov 2026 04:18:52 GMT\n", "Date: Fri, 27 Nov 2026 05:18:52 GMT\n", True),
])
def test_lines_are_compared(told, got, is_alike):
    assert (docs.text_differences(told, got) == []) is is_alike


def test_a_wrong_answer_on_a_page_is_seen(world, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A\n\n```sh run\necho '{\"a\": 1}'\n```\n\n```json answer\n{\"a\": 2}\n```\n\n```sh run\nfalse\n```\n")
    problems = docs.run_page(page, docs.Runner(tmp_path / "work", {}))
    assert len(problems) == 2 and "answer.a: 1, the page has 2" in problems[0] and "exit code 1" in problems[1]


def test_settings_are_written_as_a_file_has_them():
    assert ini({"a.b": 1, "c.d": "x", "a.e": 2}) == "[a]\nb = 1\ne = 2\n[c]\nd = x\n"
