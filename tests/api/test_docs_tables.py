"""docs/settings.md, operations.md and troubleshooting.md hold what the program has, and nothing else."""

import re

import pytest
import requests

from support import docs
from support.gateway import ROOT, run_binary


def rows(page, columns):
    """The tables of a page with so many columns, without their heads."""
    lines = docs.prose(ROOT / "docs" / page).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| `")]
    return [row for row in cells if len(row) == columns]


def settings_of_example():
    """section.key → (kind, default, help) as portcullis.ini.example has it, which a unit test holds to the table of keys."""
    found, section, comment = {}, None, []
    for line in (ROOT / "portcullis.ini.example").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line.startswith("# "):
            comment.append(line[2:])
        elif line.startswith(";") and section:
            words, _, default = " ".join(comment).rpartition("; default ")
            at = max(words.rfind(" " + kind) for kind in ("Number, ", "Size, ", "Duration, ", "on or off", "Text", "Secret", "One of: "))
            found[f"{section}.{line[1:].split(' ')[0]}"] = (words[at + 1:], default.rstrip("."), words[:at])
        if not line.startswith("#"):
            comment = []
    assert len(found) > 80
    return found


def test_every_setting_is_in_the_page():
    """docs/settings.md: key, kind, default and meaning are the program's; each says when to change it."""
    told = {row[0].strip("`"): row[1:] for row in rows("settings.md", 5)}
    have = settings_of_example()
    assert list(told) == list(have)
    for key, (kind, default, help_) in have.items():
        assert told[key][:3] == [kind, default if default == "empty" else f"`{default}`", help_], key
        assert told[key][3], f"{key}: when to change it?"


def test_settings_named_anywhere_are_there():
    """No page names a key that the program does not have."""
    have = settings_of_example()
    sections = {key.partition(".")[0] for key in have}
    for page in docs.PAGES:
        for name in re.findall(r"`([a-z]+\.[a-z_0-9]+)(?:[= ][^`]*)?`", docs.prose(page)):
            section, _, key = name.partition(".")
            if section in sections and not re.search(r"\.(c|h|md|json|sql|py|ini|js)$", name):
                assert name in have or name.endswith("_") and any(known.startswith(name) for known in have), f"{page.name}: {name}"


def metrics_of(gateway):
    text = requests.get(gateway.admin + "/metrics", timeout=5).text
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, flags=re.M))


def test_every_metric_is_in_the_page(gateway):
    """docs/operations.md: name and kind of each metric that the gateway exposes, and of no other."""
    told = {row[0].strip("`"): row[1] for row in rows("operations.md", 3) if row[1] in ("counter", "gauge", "histogram")}
    assert told == metrics_of(gateway)


def test_metrics_named_anywhere_are_there(gateway):
    have = metrics_of(gateway)
    for page in docs.PAGES:
        for name in re.findall(r"`((?:portcullis|process)_[a-z_]+)(?:\{[^`]*)?`", docs.prose(page)):
            tables = ("portcullis_idempotency", "portcullis_outbox")
            assert name in have or name in tables, f"{page.name}: {name}"


def messages_of_source():
    """What the program logs at warning and error: event and the constant beginning of its text."""
    piece = r"(?:\"(?:[^\"\\]|\\.)*\"|PRI\w+)"
    calls = re.compile(rf"log_(?:warning\(|error\(|write\([^;]*?LOG_LEVEL_\w+,)\s*([^,]*\"\w+\"),\s*({piece}(?:\s*{piece})*)")
    for file in sorted((ROOT / "src").rglob("*.c")):
        for event, text in calls.findall(file.read_text()):
            literal = "".join(part.strip('"') if part.startswith('"') else "d" for part in re.findall(piece, text))
            yield file.name, re.findall(r"\w+", event)[-1], literal


def events_of_source():
    """Events of lines at warning and error, those of tables included."""
    found = {event for _, event, _ in messages_of_source()}
    for file in (ROOT / "src").rglob("*.c"):
        found |= set(re.findall(r"LOG_LEVEL_(?:WARNING|ERROR), \"(\w+)\"", file.read_text()))
        if re.search(r"log_error\(is_full", file.read_text()):
            found.add("disk_full")
    return found


# Faults of the program itself or of a machine without memory: nothing that an operator could look up and mend.
INTERNAL = re.compile(r"memory is out|no memory|cannot be built|more than %d listeners|inside another|statement ended it|"
                      r"not claimed before|in its state|still has open handles|cannot make|cannot start")


FINE = re.compile(INTERNAL.pattern + "|out of memory|columns served|^reports lie in")


def pieces(literal):
    """The constant pieces of a format, long enough to be searched for."""
    return [piece.strip(" :;,()[]'`") for piece in re.split(r"%(?:\.[\d*]+)?[-\d]*(?:z|ll|l)?[a-z]", literal) if len(piece.strip(" :;,()")) > 7]


def plain(text):
    return re.sub(r"\s+", " ", text.replace("`", "").replace("\\\"", "\""))


def test_every_message_of_the_log_is_in_troubleshooting():
    """docs/troubleshooting.md: what is logged at warning and error can be looked up by its words."""
    page = plain((ROOT / "docs/troubleshooting.md").read_text())
    missing = [f"{file}: [{event}] {literal}" for file, event, literal in messages_of_source()
               if not INTERNAL.search(literal) and not all(plain(piece) in page for piece in pieces(literal)[:1])]
    assert not missing, "\n".join(missing)


def test_every_event_of_the_log_is_in_troubleshooting():
    page = (ROOT / "docs/troubleshooting.md").read_text()
    missing = [event for event in sorted(events_of_source()) if f"`{event}`" not in page]
    assert not missing, missing


def test_every_word_of_check_is_in_troubleshooting():
    """What `portcullis check` prints at warning, OFF and FAILED."""
    page = plain((ROOT / "docs/troubleshooting.md").read_text())
    missing = []
    for name in ("cli/check.c", "cli/check_abuse.c", "cli/check_files.c", "resources/model.c", "resources/model_rules.c", "abuse/abuse_map.c"):
        source = (ROOT / "src" / name).read_text()
        calls = re.findall(r"(?:printf\(|MODEL_FIND\(\s*joining, [^\"]*?|find\(map, [^\"]*?|warn\(model, [^\"]*?)((?:\"(?:[^\"\\]|\\.)*\"\s*)+)", source)
        for call in calls:
            literal = "".join(re.findall(r"\"((?:[^\"\\]|\\.)*)\"", call)).replace("\\n", "")
            is_printed = "printf" in source and re.match(r"(FAILED|warning|OFF)\b", literal)
            if (is_printed or not literal.startswith(("ok ", "FAILED", "%")) and "cli/" not in name) and not FINE.search(literal):
                text = re.sub(r"^(FAILED|warning|OFF) +\w*: ?", "", literal)
                missing += [f"{name}: {literal}" for piece in pieces(text)[:1] if plain(piece) not in page]
    assert not missing, "\n".join(missing)


def test_every_refusal_of_settings_is_in_troubleshooting():
    """What is said of a file, a variable or a value that is wrong."""
    page = plain((ROOT / "docs/troubleshooting.md").read_text())
    missing, count = [], 0
    for name in ("ini.c", "environment.c", "config.c", "value.c", "syntax.c"):
        source = (ROOT / "src/config" / name).read_text()
        for call in re.findall(r"(?:config_loading_report\([^\"]*?|buffer_printf\(why,\s*)((?:\"(?:[^\"\\]|\\.)*\"\s*)+)", source):
            literal = "".join(re.findall(r"\"((?:[^\"\\]|\\.)*)\"", call))
            # What is allowed differs from key to key, and stands behind.
            text = re.sub(r"; (allowed (is|are)|at least) (?!once|one\b|section).*", "; allowed", literal)
            count += 1
            missing += [f"{name}: {literal}" for piece in pieces(text)[-1:] if plain(piece.partition("; allowed")[0]) not in page]
    assert count > 20 and not missing, "\n".join(missing)


ERROR_CODES = re.compile(r"^`bad_version`.*?(?=\n\n|\Z)", flags=re.M | re.S)


def test_error_codes_of_the_api_are_explained():
    """docs/decisions.md lists the codes of response.errors; troubleshooting.md explains those that an operator meets."""
    listed = set(re.findall(r"`(\w+)`", ERROR_CODES.search((ROOT / "docs/decisions.md").read_text())[0]))
    told = {row[0].strip("`") for row in rows("troubleshooting.md", 3) if row[0].strip("`") in listed}
    operator = {"api_off", "database_unavailable", "queue_full", "deadline", "overloaded", "resource_off", "database_denied", "internal",
                "fate_unknown", "busy", "disk_full", "uploads_off", "files_unavailable", "ip_banned", "rate_limited", "role_denied", "idempotency_unavailable"}
    assert operator <= listed and operator <= told, sorted(operator - told)


def test_fields_of_the_access_line_are_in_the_page(gateway, api):
    """docs/operations.md, the log."""
    requests.get(gateway.url + "/modules/addons/wbteampro/api.php/v1/projects/json", timeout=5, headers={
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})
    gateway.find_log("4bf92f3577b34da6a3ce929d0e0e4736")
    line = next(line for line in gateway.log_lines() if "traceparent" in line)
    page = (ROOT / "docs/operations.md").read_text().partition("## The log")[2]
    assert [name for name in line if f"`{name}`" not in page] == []


@pytest.mark.parametrize("command", ["serve", "check", "bans", "outbox", "healthcheck", "version"])
def test_every_command_is_in_operations(command):
    assert f"portcullis {command}" in run_binary(command, "--help").stdout
    assert f"`portcullis {command}" in (ROOT / "docs/operations.md").read_text() + (ROOT / "docs/outbox.md").read_text()
