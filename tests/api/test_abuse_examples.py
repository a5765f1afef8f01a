"""docs/abuse-api.md: its examples work as printed, its table of answers is the gateway's, its GRANTs are enough."""

import json
import os
import re
import subprocess

import pytest

from support import abuse
from support.abuse import GOOD, REPORTS, Reporter
from support.gateway import ROOT

TEXT = (ROOT / "docs/abuse-api.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)


SHELL, PHP, JSON = blocks("sh run"), blocks("php run"), blocks("json answer")


@pytest.fixture
def environment(abuse_gateway):
    return {**os.environ, "GATEWAY": abuse_gateway.url, "IDENTIFIER": GOOD}


def run(command, environment, text=None):
    done = subprocess.run(command, env=environment, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_there_are_examples():
    assert len(SHELL) == 3 and len(PHP) == 1 and len(JSON) == 3


def test_the_form_by_curl(reports, environment):
    answer = run(["sh", "-c", SHELL[0]], environment)
    number = json.loads(answer)["report_id"]
    printed = json.loads(JSON[0])
    assert answer == json.dumps({**printed, "report_id": number}, separators=(",", ":"))
    row = reports.report(number)
    assert (row["service_id"], row["category"], row["suspend_method"], row["allow_unsuspend"], row["admin_notes"]) == (
        12, "Phishing", "timelimit", 1, "Reported by CERT, reference 4711")
    assert [entry["minutes"] for entry in reports.outbox(number)] == [1440]


def test_json_with_a_key_by_curl(reports, environment):
    first = run(["sh", "-c", SHELL[1]], environment)
    assert run(["sh", "-c", SHELL[1]], environment) == first
    assert reports.report(json.loads(first)["report_id"])["suspend_method"] == "immediate"
    assert reports.counts()[REPORTS] == 1


def test_php(reports, environment):
    words = ["php", "-n", "-d", "extension=curl"]
    number = re.fullmatch(r"Report (\d+) was stored\.\n", run(words, environment, PHP[0])).group(1)
    assert reports.report(number)["allow_unsuspend"] == 1
    refused = run(words, {**environment, "IDENTIFIER": "wrong"}, PHP[0])
    assert refused == "Refused, AMP001: Invalid API_ID\n"
    assert run(words, {**environment, "GATEWAY": "http://127.0.0.1:1"}, PHP[0]).startswith("No answer: ")


def test_the_error_that_is_printed(reporter):
    printed = json.loads(JSON[2])
    answer = reporter.report(category=None).refused(400, printed["error_code"], printed["error_description"])
    assert answer.http.text == json.dumps(printed, separators=(",", ":"))


def grants(lines, database):
    for line in lines:
        yield line.replace("whmcs.", f"{database}.").replace("'10.0.0.%'", "localhost")


@pytest.mark.parametrize("window", ["0 s", "1 h"])
def test_the_grants_are_enough(start_gateway, mariadb, reports, window):
    """Those that are printed, with and without abuse.dedup_window."""
    lines = re.findall(r"^(GRANT .*);$", TEXT, re.M)
    assert len(lines) == 6 and "tblhosting" in lines[-1]
    mariadb.run("CREATE USER portcullis@localhost", database=None)
    try:
        for grant in grants(lines if window != "0 s" else lines[:-1], abuse.DATABASE):
            mariadb.run(grant, database=None)
        server = start_gateway({"mysql.database": abuse.DATABASE, "mysql.user": "portcullis", "ban.table": "read",
                                "abuse.dedup_window": window, "abuse.email_template": "t"})
        reporter = Reporter(server.url)
        number = reporter.report(suspend_method="immediate", headers={"Idempotency-Key": "granted"}).stored()
        assert len(reports.outbox(number)) == 2
        assert reporter.report(suspend_method="immediate", headers={"Idempotency-Key": "granted"}).stored() == number
    finally:
        mariadb.run("DROP USER portcullis@localhost", database=None)
