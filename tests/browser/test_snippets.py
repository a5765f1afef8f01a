"""remote-api.md section 8: the programs that the page prints run as they are printed, and answer what the page was answered."""

import json
import re
import shutil
import subprocess
import sys

import pytest
import requests

from support.answers import BASE
from support.browser import params
from support.gateway import ROOT

NPM = ROOT / "tests/browser/node_modules"
PYTHON = sys.executable
COMMANDS = {"curl": ["sh", "request.sh"], "php": ["php", "request.php"], "python": [PYTHON, "request.py"], "javascript": ["node", "request.mjs"]}
FILES = {"curl": "request.sh", "php": "request.php", "python": "request.py", "javascript": "request.mjs"}
AWKWARD = "it's \"q\" $HOME `x` \\n %41 & é 日本 😀 ${a} <?php ?>"


def run(place, language, program, files=()):
    """Saves the program as the page names it, runs it, and gives (code, output, complaints)."""
    folder = place / "snippets"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in files:
        (folder / name).write_bytes(data)
    (folder / FILES[language]).write_text(program)
    ended = subprocess.run(COMMANDS[language], cwd=folder, capture_output=True, text=True, timeout=60)
    return ended.returncode, ended.stdout, ended.stderr


def loads(text):
    """Large integers are floats to PHP and JavaScript."""
    return json.loads(text, parse_int=float)


def rows_of(answer):
    """What a program prints of an answer: its rows, or its record."""
    members = [value for name, value in answer["response"].items() if isinstance(value, list)]
    if members:
        return [row for rows in members for row in rows]
    return [list(answer["response"].values())[-1]]


def printed(language, output):
    if language == "curl":
        return rows_of(loads(output))
    return [loads(line) for line in output.splitlines()]


READS = {
    "list": "#/v1/projects/json?" + params({"limit": 3, "project_status": "Active", "project_id": {"gte": 200, "lt": 240}, "sort": "-project_id"}),
    "record": "#/v1/projects/219/json",
    "chain": "#/v1/projects/100/actions/json",
    "siblings": "#/v1/projects/100/actions,timelogs/json?" + params({"limit": 2, "timelogs": {"timelog_status": ["complete", "active"]}}),
    "awkward": "#/v1/projects/json?" + params({"project_name": {"ne": AWKWARD}, "custom_note": None, "limit": 4}),
    "settings": "#/v1/config/json",
    "threads": "#/v1/topics/bythread/json",
    "resources": "#/v1/api/resources/json",
}


@pytest.mark.parametrize("language", COMMANDS)
@pytest.mark.parametrize("form", ["clean", "direct"])
def test_reads(bench, place, language, form):
    bench.at(READS["record"], 200).tab("code", "address").click(bench.key(f"form-{form}"))
    for name, fragment in READS.items():
        bench.at(fragment, 200)
        wanted = loads(bench.raw())
        code, output, complaints = run(place, language, bench.program(language))
        assert (code, complaints) == (0, ""), (name, complaints, bench.program(language))
        assert printed(language, output) == rows_of(wanted), name


@pytest.mark.parametrize("language", COMMANDS)
def test_the_rewritten_address_and_xml(bench, place, language):
    bench.at("#/v1/projects/100/actions/xml", 200).tab("code", "address").click(bench.key("form-rewritten")).send()
    code, output, complaints = run(place, language, bench.program(language))
    assert (code, complaints) == (0, "")
    assert output.startswith("<?xml") and "<action_name>Entwurf</action_name>" in output


@pytest.mark.parametrize("language", COMMANDS)
def test_writes(bench, place, store, language):
    """Create, update, delete: each program does what the page would have done."""
    name = AWKWARD.replace("😀", "")  # the table's character set has none
    created = {"project_name": name, "project_detail": "two\nlines", "project_complete": 5, "custom_amount": "12.50"}
    bench.at("#/v1/projects/json?method=post&" + params(created))
    bench.put("idempotencyKey", f"snippet-{language}")
    code, output, complaints = run(place, language, bench.program(language))
    assert (code, complaints) == (0, ""), bench.program(language)
    record = printed(language, output)[0]
    number = record["project_id"]
    assert {column: record[column] for column in created} == {**created, "custom_amount": 12.5}
    assert store.value("projects", number, "project_name") == name
    again = printed(language, run(place, language, bench.program(language))[1])[0]
    assert again["project_id"] == number, "the key makes it once"

    bench.at(f"#/v1/projects/{number:.0f}/json?method=put&" + params({"project_complete": 75, "custom_note": None}))
    code, output, complaints = run(place, language, bench.program(language))
    assert (code, complaints, printed(language, output)[0]["project_complete"]) == (0, "", 75), complaints

    bench.at(f"#/v1/projects/{number:.0f}/json?method=delete")
    code, output, complaints = run(place, language, bench.program(language))
    assert (code, complaints) == (0, "") and printed(language, output)[0]["projects"] == 1
    assert number not in store.ids("projects")


@pytest.mark.parametrize("language", COMMANDS)
def test_many_at_once(bench, place, store, language):
    bench.at("#/v1/projects/json?method=post&" + params([{"project_name": f"{language} one"}, {"project_name": f"{language} two"}]))
    code, output, complaints = run(place, language, bench.program(language))
    assert (code, complaints) == (0, "")
    assert [row["project_name"] for row in printed(language, output)] == [f"{language} one", f"{language} two"]


@pytest.mark.parametrize("language", ["php", "python", "javascript"])
def test_refusals_end_the_program_and_say_why(bench, place, language):
    bench.at("#/v1/projects/json?" + params({"limit": 0})).send(422)
    code, output, complaints = run(place, language, bench.program(language))
    assert code != 0 and output == "" and "limit" in complaints


@pytest.mark.parametrize("language", COMMANDS)
def test_downloads(bench, place, sandbox_files, language):
    bench.at("#/v1/files/2/download/json", 200)
    code, output, complaints = run(place, language, bench.program(language))
    assert (code, complaints) == (0, "")
    saved = (place / "snippets/download.bin").read_bytes()
    assert saved in [file.read_bytes() for file in sandbox_files.rglob("*") if file.is_file()]
    assert language == "curl" or output == f"{len(saved)} bytes saved\n"


@pytest.mark.parametrize("language", COMMANDS)
def test_uploads(bench, place, client, language):
    if not any("files/{id}/content" in resource["chains"] for resource in client.get("api/resources").response["resources"]):
        pytest.skip("this gateway takes no uploads")
    path = place / "it's a file.txt"
    path.write_bytes(b"bytes of a file")
    bench.nav("files", "Create", "POST").find(bench.key("file")).send_keys(str(path))
    bench.put("field-project_id", "100")
    code, output, complaints = run(place, language, bench.program(language), [(path.name, path.read_bytes())])
    assert (code, complaints) == (0, "")
    assert (printed(language, output)[0]["file_name"], printed(language, output)[0]["file_size"]) == (path.name, 15)


@pytest.mark.parametrize("language", COMMANDS)
@pytest.mark.parametrize("form", ["clean", "direct"])
def test_raw_uploads(bench, place, client, language, form):
    """The body is the file: the login stands in no address."""
    if not any("files/{id}/content" in resource["chains"] for resource in client.get("api/resources").response["resources"]):
        pytest.skip("this gateway takes no uploads")
    path = place / "it's raw.txt"
    path.write_bytes(b"raw bytes")
    bench.nav("files", "content", "PUT").put("id-0", "2").find(bench.key("file")).send_keys(str(path))
    bench.tab("code", "address").click(bench.key(f"form-{form}"))
    program = bench.program(language)
    assert "password" not in program
    code, output, complaints = run(place, language, program, [(path.name, path.read_bytes())])
    assert (code, complaints) == (0, "")
    assert printed(language, output)[0]["file_size"] == 9


def test_go_is_as_gofmt_prints_it(bench, place):
    """Go itself is no part of the tests; its formatter parses every program and would change nothing."""
    assert NPM.exists(), "npm ci in tests/browser"
    path = place / "go file.txt"
    path.write_text("x")
    programs = []
    for fragment in [*READS.values(), "#/v1/projects/100/xml", "#/v1/files/2/download/json", "#/abuse/create",
                     *(f"#/v1/projects/100/json?method={method}&" + params({"project_name": AWKWARD}) for method in ("put", "delete"))]:
        bench.at(fragment)
        programs.append(bench.program("go"))
    bench.nav("files", "Create", "POST").find(bench.key("file")).send_keys(str(path))
    programs.append(bench.program("go"))
    bench.nav("files", "content", "PUT").put("id-0", "2").find(bench.key("file")).send_keys(str(path))
    for form in ("clean", "direct"):
        bench.tab("code", "address").click(bench.key(f"form-{form}"))
        programs.append(bench.program("go"))
    script = """import { format } from '@wasm-fmt/gofmt'; import { readFileSync } from 'node:fs';
        for (const program of JSON.parse(readFileSync(0, 'utf8'))) { const formatted = format(program); if (formatted !== program) console.log(program + '-----\\n' + formatted); }"""
    ended = subprocess.run(["node", "--input-type=module", "-e", script], cwd=ROOT / "tests/browser", input=json.dumps(programs), capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_hidden_passwords_are_in_no_program(bench):
    bench.send().click("#hide-secrets")
    shown = [bench.address(), *(bench.program(language) for language in [*COMMANDS, "go"])]
    assert all("MD5_OF_PASSWORD" in text for text in shown)
    assert not any(re.search(r"\b[0-9a-f]{32}\b", text) for text in shown)


def test_the_example_beside_the_page_walks_a_project(sandbox_gateway, place):
    text = requests.get(sandbox_gateway.url + BASE + "/sandbox/examples/walk.php", timeout=20).text
    (place / "walk.php").write_text(text)
    def walk(*words):
        return subprocess.run(["php", str(place / "walk.php"), sandbox_gateway.url + BASE + "/api.php", *words], capture_output=True, text=True, timeout=60)
    ended = walk("alice", "wonderland", "100")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Relaunch – Müller" in ended.stdout and re.search(r"0\.5 h +open +Entwurf", ended.stdout), ended.stdout
    refused = walk("alice", "wrong", "100")
    assert refused.returncode == 1 and "401 Authentication Failed" in refused.stderr
    assert walk().returncode == 2
