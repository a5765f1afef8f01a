"""The pages of docs/: their fenced blocks, what running them says, and whether that is what the page prints.

The words behind a block's language say what it is; no renderer shows them:

    ```sh setup              run before every later block of the page
    ```sh run                run; the block `answer` that follows, if any, is what it prints
    ```json answer           … as JSON: the same members and values
    ```http answer           … as lines of text (any other language too)
    ```sh not-run: REASON    not run by this test, and why

In an answer `…` stands for what was left out: a member `"…"` for further members, a last item `"…"` for further items, the end of
a text for the rest of it, a line of its own for further lines.
"""

import itertools
import json
import os
import pathlib
import re
import subprocess

from support.gateway import BINARY, ROOT, clean_environment

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LANGUAGES = {"sh": ["bash", "-eu"], "php": ["php"], "python": ["/usr/bin/python3"], "js": ["node"]}
ENDINGS = {"sh": "sh", "php": "php", "python": "py", "js": "mjs"}
GATEWAY = "https://gateway.example.com"
REST = "…"

# What differs from run to run: (what it looks like, what stands for it). The one place for it.
MASKS = [(re.compile(pattern, re.M), name) for pattern, name in [
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?", "TIME"),
    (r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "TIME"),
    (r"\d{4}-\d\d-\d\d", "DAY"),
    (r"(W/)?\"[0-9a-f.]{8,}(-gzip|-br)?\"", "ETAG"),
    (r"(?<=X-Request-Id: )\S+", "REQUEST"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"(?<= UTC)   \S+( \S+)? +(yes|no)$", " LEFT, ROW"),  # of a ban: its row is written a moment later (has_row is the same)
]]
MASKED_MEMBERS = {"next", "expires", "seconds_left", "has_row"}


class Block:
    def __init__(self, page, line, info, text):
        self.page, self.line, self.text = page, line, text
        self.language, _, words = info.partition(" ")
        self.reason = words.partition("not-run:")[2].strip()
        self.words = [] if self.reason else words.split()

    def __repr__(self):
        return f"{self.page.name}:{self.line}"


def blocks(page):
    """The fenced blocks of a page, in order."""
    found, start, info = [], None, ""
    lines = page.read_text().split("\n")
    for number, line in enumerate(lines, 1):
        fence = re.match(r" {0,3}```+(.*)$", line)
        if fence and start is None:
            start, info = number, fence[1].strip()
        elif fence:
            found.append(Block(page, start, info, "".join(text + "\n" for text in lines[start:number - 1])))
            start = None
    assert start is None, f"{page.name}:{start}: the block does not end"
    return found


def prose(page):
    """A page without its fenced blocks."""
    return re.sub(r"^ {0,3}```.*?^ {0,3}```$", "", page.read_text(), flags=re.M | re.S)


def anchors(page):
    """The names that GitHub gives its headings."""
    seen, names = {}, set()
    for title in re.findall(r"^#+ (.*)$", prose(page), flags=re.M):
        title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        seen[name] = seen.get(name, -1) + 1
        names.add(name if not seen[name] else f"{name}-{seen[name]}")
    return names


def mask(text):
    for pattern, name in MASKS:
        text = pattern.sub(name, text)
    return text


def differences(told, got, where="answer"):
    """Where got is not what told says, one line each."""
    if isinstance(told, dict) and isinstance(got, dict):
        names = [name for name in told if name != REST]
        if REST not in told and names != list(got):
            return [f"{where}: the members are {list(got)}, the page has {names}"]
        return [line for name in names for line in (
            differences(told[name], got[name], f"{where}.{name}") if name in got else [f"{where}: there is no {name}"])
                if name not in MASKED_MEMBERS or got.get(name) is None]
    if isinstance(told, list) and isinstance(got, list):
        is_open = bool(told) and told[-1] == REST
        items = told[:-1] if is_open else told
        if len(got) < len(items) or not is_open and len(got) > len(items):
            return [f"{where}: {len(got)} items, the page has {len(items)}"]
        return [line for i, item in enumerate(items) for line in differences(item, got[i], f"{where}[{i}]")]
    if isinstance(told, str) and isinstance(got, str):
        told, got = mask(told), mask(got)
        if told.endswith(REST) and got.startswith(told[:-1]):
            return []
    return [] if told == got and isinstance(told, bool) == isinstance(got, bool) else [f"{where}: {got!r}, the page has {told!r}"]


def text_differences(told, got):
    """The same for lines of text."""
    got_lines = [line.rstrip() for line in mask(got).strip("\n").split("\n")]
    told_lines = [line.rstrip() for line in mask(told).strip("\n").split("\n")]
    pattern = "".join(r"(?:[^\n]*\n)*" if line == REST else
                      re.escape(line[:-1] if line.endswith(REST) else line) + ("[^\n]*\n" if line.endswith(REST) else "\n")
                      for line in told_lines)
    return [] if re.fullmatch(pattern, "".join(line + "\n" for line in got_lines)) else ["the lines are\n" + "\n".join(got_lines)]


class Runner:
    """Runs the blocks of one page, in order, in one folder. replacements: what readers put in for themselves → what is there."""

    def __init__(self, folder, replacements, environment=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.replacements = replacements
        self.environment = {**clean_environment(environment), "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                            "PATH": f"{pathlib.Path(BINARY).parent}:{os.environ['PATH']}"}
        self.environment.pop("http_proxy", None)
        self.setup = ""
        self.numbers = itertools.count(1)

    def fill_in(self, text):
        for told, there in self.replacements.items():
            text = text.replace(told, there)
        return text

    def take_setup(self, block):
        self.setup += self.fill_in(block.text)

    def run(self, block):
        """What the block prints; it must end well."""
        text = self.fill_in(block.text)
        file = self.folder / f"block-{next(self.numbers)}.{ENDINGS[block.language]}"
        file.write_text(self.setup + text if block.language == "sh" else text)
        command = [*LANGUAGES[block.language], str(file)]
        if block.language != "sh":
            command = ["bash", "-euc", self.setup + 'exec "$@"', "bash", *command]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, timeout=120)
        told = done.stderr.decode(errors="replace")
        assert done.returncode == 0, f"{block!r}: exit code {done.returncode}\n{told}\n{done.stdout.decode(errors='replace')}"
        file.unlink()
        return done.stdout.decode(errors="replace")

    def hold(self, block, answer, output):
        """What differs between the answer on the page and output."""
        told = self.fill_in(answer.text)
        if answer.language != "json":
            return [f"{block!r}: {line}" for line in text_differences(told, output)]
        try:
            got = json.loads(output)
        except ValueError:
            return [f"{block!r}: no JSON: {output[:500]!r}"]
        return [f"{block!r}: {line}" for line in differences(json.loads(told), got)]


def walk(page):
    """(block, answer or None) of all that is to be run; setup blocks come alone."""
    pending = None
    for block in blocks(page):
        if "answer" in block.words:
            assert pending, f"{block!r}: an answer of nothing"
            yield pending, block
            pending = None
            continue
        if pending:
            yield pending, None
        pending = block if "run" in block.words else None
        if "setup" in block.words:
            yield block, None
    if pending:
        yield pending, None


def run_page(page, runner):
    """Runs all of it; what differs, one line each."""
    problems = []
    for block, answer in walk(page):
        if "setup" in block.words:
            runner.take_setup(block)
            continue
        try:
            output = runner.run(block)
        except AssertionError as error:
            problems.append(str(error))
            continue
        problems += runner.hold(block, answer, output) if answer else []
    return problems
