"""spec/operations.md: `portcullis outbox list|retry|drop`; --help everywhere; exit codes 0 good, 1 failed, 2 wrong usage."""

import getpass
import json
import time

import pytest

from support.gateway import run_binary
from support.outbox import Outbox

DATABASE = "outbox_cli"


@pytest.fixture
def outbox(mariadb):
    return Outbox(mariadb, DATABASE)


@pytest.fixture
def cli(mariadb):
    def run(*words, **more):
        given = {"mysql.socket": mariadb.socket, "mysql.user": "root", "mysql.database": DATABASE, **more.pop("settings", {})}
        return run_binary("outbox", *words, *(word for key, value in given.items() for word in ("-o", f"{key}={value}")), **more)
    return run


def rows(cli, *words):
    done = cli("list", "--json", *words)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return {row["id"]: row for row in json.loads(done.stdout)["outbox"]}


@pytest.fixture
def of_each(outbox):
    """A row in each state: state → id."""
    made = {"due": outbox.add(due="-10 SECOND"), "waiting": outbox.add(method="timelimit", due="1 HOUR"),
            "asking": outbox.add(claimed_by="host:1:abc", attempts=1), "done": outbox.add(attempts=1, claimed_by="host:1:abc"),
            "given up": outbox.add(attempts=24, last_error="WHMCS refuses: no"), "dropped": outbox.add(last_error="dropped: why")}
    outbox.run("UPDATE portcullis_outbox SET claimed_at = NOW() WHERE claimed_by <> ''")
    for state in ("done", "given up", "dropped"):
        outbox.run("UPDATE portcullis_outbox SET done_at = NOW() WHERE id = %s", made[state])
    return made


def test_list(of_each, outbox, cli):
    found = rows(cli)
    assert {row["state"] for row in found.values()} == {"due", "waiting", "asking", "given up"}
    found = rows(cli, "--all")
    assert {state: found[number]["state"] for state, number in of_each.items()} == {state: state for state in of_each}
    row = found[of_each["given up"]]
    stored = outbox.row(of_each["given up"])
    assert list(row) == ["id", "state", "action", "service_id", "report_id", "attempts", "due", "next", "ended", "claimed_by", "last_error"]
    assert (row["service_id"], row["report_id"], row["attempts"]) == (stored["service_id"], stored["report_id"], 24)
    assert row["action"] == "ModuleSuspend" and row["last_error"] == "WHMCS refuses: no"
    now = time.time()
    assert abs(row["ended"] - now) < 60 and row["next"] == 0
    assert abs(found[of_each["waiting"]]["next"] - now - 3600) < 60 and found[of_each["due"]]["next"] == 0
    assert abs(found[of_each["due"]]["due"] - now) < 60 and found[of_each["asking"]]["claimed_by"] == "host:1:abc"


def test_list_for_people(of_each, cli):
    done = cli("list")
    assert done.returncode == 0 and done.stderr == ""
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["ID", "STATE", "ACTION", "SERVICE", "REPORT", "TRIES", "NEXT", "OR", "END", "LAST", "ERROR"]
    assert len(lines) == 4
    line, = (line for line in lines if "given up" in line)
    assert line.startswith(str(of_each["given up"])) and line.endswith("WHMCS refuses: no")
    assert line.index("ModuleSuspend") == head.index("ACTION") and line.index("WHMCS") == head.index("LAST ERROR")


@pytest.mark.parametrize("error,shown", [
    ("\x1b[2J\x1b]0;t\x07", r"\x1b[2J\x1b]0;t\x07"), ("a\nb\tc\x7f", r"a\x0ab\x09c\x7f"), ("\x9b2J\x85", r"\xc2\x9b2J\xc2\x85"),
    ("\u202egnp.exe\u2066\u2069", r"\xe2\x80\xaegnp.exe\xe2\x81\xa6\xe2\x81\xa9"), ("\u2028", r"\xe2\x80\xa8"),
    ("WHMCS\\Error ü € 😀 \xa0.", "WHMCS\\\\Error ü € 😀 \xa0.")])
def test_what_others_wrote_moves_no_cursor(outbox, cli, error, shown):
    """WHMCS's modules say what they want, and may repeat what a customer wrote: C0, C1, bidirectional overrides are spelt out."""
    outbox.run("ALTER TABLE portcullis_outbox CONVERT TO CHARACTER SET utf8mb4")
    outbox.add(attempts=3, last_error=error, action="\x9bA")
    text = cli("list").stdout
    assert text.split("\n")[1].endswith("  " + shown) and text.count("\n") == 2, text
    assert r"\xc2\x9bA      " in text


def test_an_empty_list(outbox, cli):
    assert cli("list").stdout == "nothing waits, and nothing was given up\n"
    assert json.loads(cli("list", "--json").stdout) == {"outbox": []}


def test_a_pause_is_shown(outbox, cli):
    number = outbox.add(attempts=3, last_error="HTTP 500")
    outbox.run("UPDATE portcullis_outbox SET claimed_at = NOW() + INTERVAL 500 SECOND WHERE id = %s", number)
    row = rows(cli)[number]
    assert row["state"] == "waiting" and abs(row["next"] - time.time() - 500) < 60


def test_many_rows(outbox, cli):
    """More than one reading's worth."""
    outbox.run("INSERT INTO portcullis_outbox (report_id, service_id, action, reason, due_at, last_error) "
               "SELECT seq, seq, 'ModuleSuspend', '', NOW(), '' FROM seq_1_to_2500")
    assert len(rows(cli)) == 2500
    assert len(cli("list").stdout.splitlines()) == 2501


def test_what_a_terminal_would_obey_is_not_printed(outbox, cli):
    number = outbox.add(last_error="a\x1b[2J\nb\x07 ü")
    out = cli("list").stdout
    assert "\x1b" not in out and "\x07" not in out and len(out.splitlines()) == 2 and r"a\x1b[2J\x0ab\x07 ü" in out
    assert rows(cli)[number]["last_error"] == "a\x1b[2J\nb\x07 ü"


@pytest.mark.parametrize("state", ["due", "waiting", "given up", "dropped"])
def test_retry(of_each, outbox, cli, state):
    """A given up or waiting row is due now, with all its attempts before it; the activity log says who did it."""
    number = of_each[state]
    done = cli("retry", str(number))
    assert done.returncode == 0 and done.stderr == "" and f"row {number} of the outbox" in done.stdout and "due now" in done.stdout
    row = outbox.row(number)
    assert row["done_at"] is None and row["attempts"] == 0 and row["claimed_at"] == row["due_at"] and row["claimed_by"] == ""
    assert rows(cli)[number]["state"] == "due"
    text, = (text for text, in outbox.run("SELECT description FROM tblactivitylog"))
    assert text.startswith(f"portcullis: row {number} of the outbox (ModuleSuspend, service {row['service_id']}, ")
    assert text.endswith(f" is due now, by {getpass.getuser()} on the command line")


@pytest.mark.parametrize("state,word", [("asking", "being carried out by host:1:abc"), ("done", "is done already")])
@pytest.mark.parametrize("command", [("retry",), ("drop", "no reason")])
def test_what_is_not_to_be_changed(of_each, outbox, cli, command, state, word):
    number = of_each[state]
    before = outbox.run("SELECT * FROM portcullis_outbox")
    done = cli(command[0], str(number), *command[1:])
    assert done.returncode == 1 and word in done.stderr and done.stdout == ""
    assert outbox.run("SELECT * FROM portcullis_outbox") == before and not outbox.run("SELECT 1 FROM tblactivitylog")


def test_an_old_lease_binds_nobody(of_each, outbox, cli):
    outbox.run("UPDATE portcullis_outbox SET claimed_at = NOW() - INTERVAL 200 SECOND WHERE id = %s", of_each["asking"])
    assert cli("retry", str(of_each["asking"])).returncode == 0


def test_retry_all(of_each, outbox, cli):
    """Every row that was given up, and no other."""
    more = outbox.add(attempts=24, last_error="HTTP 500")
    outbox.run("UPDATE portcullis_outbox SET done_at = NOW() WHERE id = %s", more)
    done = cli("retry", "all")
    assert done.returncode == 0 and "2 given up rows" in done.stdout
    found = rows(cli, "--all")
    assert found[of_each["given up"]]["state"] == found[more]["state"] == "due"
    assert found[of_each["dropped"]]["state"] == "dropped" and found[of_each["done"]]["state"] == "done"
    assert found[of_each["waiting"]]["state"] == "waiting"
    assert cli("retry", "all").stdout == "nothing was given up\n"


@pytest.mark.parametrize("state", ["due", "waiting", "given up"])
def test_drop(of_each, outbox, cli, state):
    number = of_each[state]
    done = cli("drop", str(number), "  the customer called: 100% ü ")
    assert done.returncode == 0 and done.stderr == ""
    row = outbox.row(number)
    assert row["done_at"] is not None and row["last_error"] == "dropped: the customer called: 100% ü"
    text, = (text for text, in outbox.run("SELECT description FROM tblactivitylog"))
    assert f"is dropped: the customer called: 100% ü, by {getpass.getuser()}" in text
    assert cli("drop", str(number), "again").returncode == 1
    assert number not in rows(cli) and rows(cli, "--all")[number]["state"] == "dropped"


@pytest.mark.parametrize("words,code,word", [
    ([], 2, "outbox drop"), (["nope"], 2, "outbox retry"), (["retry"], 2, "ID|all"), (["drop"], 2, "ID REASON"), (["drop", "1"], 2, "REASON"),
    (["list", "1"], 2, "--all"), (["list", "--nope"], 2, "--json"), (["retry", "one"], 2, "whole number"), (["retry", "0"], 2, "whole number"),
    (["retry", "1", "2"], 2, "2"), (["retry", "9999999999999999999999"], 2, "whole number"), (["retry", ""], 2, "whole number"),
    (["drop", "x", "y"], 2, "whole number"), (["drop", "1", " "], 2, "reason"), (["drop", "1", "two\nlines"], 2, "reason"),
    (["drop", "1", "x" * 501], 2, "reason"), (["drop", "1", b"\xff"], 2, "reason"), (["retry", "424242"], 1, "no row 424242"),
    (["drop", "424242", "x"], 1, "no row 424242")])
def test_wrong_usage(outbox, cli, words, code, word):
    done = cli(*words)
    assert done.returncode == code and word in done.stderr and done.stdout == "", (done.stdout, done.stderr)


@pytest.mark.parametrize("words", [["list"], ["retry", "1"], ["retry", "all"], ["drop", "1", "x"]])
def test_what_is_missing_is_told(outbox, cli, words):
    """No table, no database, no setting: exit code 1, and what to mend."""
    outbox.run("DROP TABLE portcullis_outbox")
    for settings, word in (({}, "90_portcullis.sql"), ({"mysql.database": ""}, "mysql.database"),
                           ({"mysql.socket": "/nonexistent/socket"}, "mysql.socket")):
        done = cli(*words, settings=settings)
        assert done.returncode == 1 and word in done.stderr and "row" not in done.stdout, done.stderr


def test_the_log_may_not_be_written(of_each, outbox, cli):
    outbox.run("DROP TABLE tblactivitylog")
    done = cli("retry", str(of_each["given up"]))
    assert done.returncode == 0 and "tblactivitylog" in done.stderr and outbox.row(of_each["given up"])["done_at"] is None


@pytest.mark.parametrize("words", [["outbox", "--help"], ["outbox", "list", "--help"], ["outbox", "retry", "-h"], ["--help", "outbox", "drop"]])
def test_help(words):
    done = run_binary(*words)
    assert done.returncode == 0 and done.stderr == "" and "Usage: portcullis outbox" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert "outbox retry" in run_binary("--help").stdout


@pytest.mark.parametrize("settings,words", [
    ({"abuse.whmcs_url": "https://panel.example.org"}, ["warning  abuse: suspensions wait until", "ok       outbox: 1 waiting"]),
    ({"abuse.whmcs_url": "http://panel.example.org", "abuse.whmcs_identifier": "a", "abuse.whmcs_secret": "b"}, ["plain text"]),
    ({}, ["ok       outbox: 1 waiting"])])
def test_check_looks_at_it(outbox, mariadb, settings, words):
    """`check` … lists every problem."""
    outbox.add()
    given = {"mysql.socket": mariadb.socket, "mysql.user": "root", "mysql.database": DATABASE, **settings}
    done = run_binary("check", *(word for key, value in given.items() for word in ("-o", f"{key}={value}")))
    assert all(word in done.stdout for word in words), done.stdout
    assert ("warning  abuse" in done.stdout) == bool(settings)
    outbox.run("DROP TABLE portcullis_outbox")
    done = run_binary("check", *(word for key, value in given.items() for word in ("-o", f"{key}={value}")))
    assert "warning  outbox: portcullis_outbox cannot be read" in done.stdout
