"""docs/getting-started.md and docs/abuse-api.md: the database user's rights are enough, and none of them is too much.

The statements are taken from the pages. A right is too much when everything goes on without it.
"""

import base64
import json
import re
import subprocess

import pytest
import requests

from support import docs
from support.docs_world import IDENTIFIER, load_demo
from support.gateway import BINARY, ROOT, Gateway, clean_environment, run_binary
from support.ports import wait_until
from support.whmcs import Whmcs

DATABASE, PASSWORD = "granted", "a long password"
LOGIN = {"username": "demo", "password": "fe01ce2a7fbac8fafaed7c982a04e229"}
BASE = "/modules/addons/wbteampro/api.php/v1/"


def statements(page):
    """What the page has an administrator run, for this test's database."""
    found = [line for block in docs.blocks(ROOT / "docs" / page) if block.language == "sql" for line in block.text.splitlines()]
    assert found and all(line.endswith(";") for line in found)
    return [line.replace("10.0.0.%", "127.0.0.1").replace("whmcs.", DATABASE + ".") for line in found]


def rights(lines):
    """(right, table) one by one, but for SELECT."""
    for line in lines:
        granted = re.fullmatch(r"GRANT (.*) ON (\S+) TO .*;", line)
        if granted and granted[1] != "SELECT":
            yield from ((right.strip(), granted[2]) for right in re.split(r", (?![^(]*\))", granted[1]))


WRITING = statements("getting-started.md")
ABUSE = statements("abuse-api.md")


class Caller:
    """Uses all that the gateway offers, on new rows each time."""

    def __init__(self, gateway, mariadb, root):
        self.gateway, self.mariadb, self.root = gateway, mariadb, root
        self.rounds = 0

    def api(self, method, chain, params=None, **more):
        form = {**LOGIN, "method": method, "params": json.dumps(params or {})}
        reply = requests.post(self.gateway.url + BASE + chain + "/json", data=form, timeout=30, **more)
        assert reply.status_code == 200, reply.text
        return reply.json()["response"]

    def read(self):
        for chain in ("projects/100/actions,topics,files,timelogs,whmcstickets", "topics/bythread", "ticketxrefs", "config",
                      "whmcstickets/2038", "api/resources"):
            self.api("get", chain, {"limit": 5} if chain.count("/") < 2 and chain in ("topics/bythread", "ticketxrefs") else {})
        bytes_ = requests.get(self.gateway.url + BASE + "files/2/download", auth=("demo", "demo"), timeout=30)
        assert bytes_.status_code == 200 and bytes_.content.startswith(b"mailbox")

    def write(self):
        """Each kind of record is made, changed and deleted, an archived key used twice."""
        self.rounds += 1
        key = {"Idempotency-Key": f"round-{self.rounds}"}
        for _ in range(2):
            project = self.api("post", "projects", {"project_name": "P"}, headers=key)["project"]["project_id"]
        action = self.api("post", f"projects/{project}/actions", {"action_name": "A"})["action"]["action_id"]
        below = [("topics", "topic", {"topic_detail": "T"}, {"topic_name": "t"}),
                 ("timelogs", "timelog", {"timelog_note": "L"}, {"timelog_note": "l"})]
        for name, singular, made, changed in below:
            self.change(name, self.api("post", f"actions/{action}/{name}", made)[singular][f"{singular}_id"], changed)
        xref = self.api("post", "ticketxrefs", {"ticket_id": 2038, "project_id": project})["ticketxref"]["xref_id"]
        self.change("ticketxrefs", xref, {"ticket_id": 2038, "action_id": action})
        content = {"file_name": "n.txt", "file_content": base64.b64encode(b"bytes").decode()}
        file = self.api("post", f"projects/{project}/files", content)["file"]["file_id"]
        reply = requests.put(self.gateway.url + BASE + f"files/{file}/content/json", data=b"others", auth=("demo", "demo"), timeout=30)
        assert reply.status_code == 200, reply.text
        self.change("files", file, {"file_label": "F"})
        self.api("put", f"actions/{action}", {"action_name": "B"})
        self.api("delete", f"actions/{action}")
        self.api("put", f"projects/{project}", {"project_name": "Q"})
        self.api("delete", f"projects/{project}")

    def change(self, name, number, changed):
        self.api("put", f"{name}/{number}", changed)
        self.api("delete", f"{name}/{number}")

    def ban(self):
        """A ban becomes a row, is made longer in it, and is lifted with it."""
        self.rounds += 1
        network = f"192.0.2.{self.rounds % 250}"
        rows = lambda: self.mariadb.run("SELECT UNIX_TIMESTAMP(expires) FROM tblbannedips WHERE ip = %s", (network,), DATABASE)
        for length in ("10m", "2h"):
            before = rows()
            assert requests.post(self.gateway.admin + "/bans", json={"network": network, "length": length}, timeout=10).ok
            wait_until(lambda: rows() and rows() != before, 10, f"the row of {network}: {before}")
        assert len(rows()) == 1
        assert requests.delete(self.gateway.admin + "/bans/" + network, timeout=10).ok
        wait_until(lambda: not rows(), 10, f"no row of {network}")

    def report(self):
        """A report with a key that has WHMCS asked at once, and one with a time limit whose row is dropped by hand."""
        self.rounds += 1
        form = {"action": "create", "service_id": 12, "category": f"c{self.rounds}", "suspend_method": "immediate"}
        url = self.gateway.url + "/modules/addons/abusemanagerpro/includes/api.php"
        for _ in range(2):
            reply = requests.post(url, data=form, timeout=30, headers={
                "API-ID": IDENTIFIER, "Idempotency-Key": f"report-{self.rounds}"})
            assert reply.json().get("status") == "success", reply.text
        number = reply.json()["report_id"]
        wait_until(lambda: self.mariadb.run("SELECT suspended_at FROM mod_abusemanagerpro_reports WHERE id = %s", (number,),
                                            DATABASE)[0][0], 10, "the report is told of its suspension")
        assert self.mariadb.run("SELECT done_at FROM portcullis_outbox WHERE report_id = %s", (number,), DATABASE)[0][0]

    def log_has(self, needle):
        return self.mariadb.run("SELECT COUNT(*) FROM tblactivitylog WHERE description LIKE %s", (f"%{needle}%",), DATABASE)[0][0]


@pytest.fixture(scope="module")
def granted(place, mariadb, redis_server):
    load_demo(mariadb, DATABASE)
    for line in WRITING:
        mariadb.run(line, database=None)
    root = place / "granted" / "attachments"
    (root / "demo").mkdir(parents=True)
    for file in (ROOT / "schema/demo/files").iterdir():
        (root / "demo" / file.name).write_bytes(file.read_bytes())
    yield root
    mariadb.run("DROP USER portcullis@'127.0.0.1'", database=None)


@pytest.fixture(scope="module")
def page_settings(granted, place, mariadb):
    """The settings file that the page shows, with this test's addresses."""
    text = next(block.text for block in docs.blocks(ROOT / "docs/getting-started.md") if block.language == "ini")
    for told, there in (("10.0.0.10:3306", f"127.0.0.1:{mariadb.port}"), ("database = whmcs", f"database = {DATABASE}"),
                        ("/srv/whmcs/attachments", str(granted))):
        assert told in text
        text = text.replace(told, there)
    file, secret = place / "granted" / "portcullis.ini", place / "granted" / "mysql_password"
    file.write_text(text)
    secret.write_text(PASSWORD + "\n")
    return file, {"PORTCULLIS_MYSQL_PASSWORD_FILE": str(secret)}


@pytest.fixture(scope="module")
def caller(page_settings, granted, place, mariadb):
    file, environment = page_settings
    whmcs = Whmcs()
    server = Gateway(place / "granted" / "gateway", {
        "abuse.whmcs_url": whmcs.url, "abuse.whmcs_identifier": "i", "abuse.whmcs_secret": "s", "abuse.poll": "100ms",
        "abuse.first_pause": "1s", "ban.table_poll": "200ms", "server.max_lag": "0"})
    server.start(environment={**environment, "PORTCULLIS_CONFIG": str(file)})
    yield Caller(server, mariadb, granted)
    server.stop()
    whmcs.close()


def test_everything_works_with_the_rights_of_the_page(caller):
    """Getting started, 2: read, write, ban, report, suspend."""
    caller.read()
    caller.write()
    caller.ban()
    caller.report()
    assert caller.log_has("created project") and caller.log_has("banned")
    wait_until(lambda: caller.log_has(": done"), 10, "the suspension in the activity log")


def test_check_finds_nothing_wrong_with_them(page_settings):
    """Getting started, 4: check, check --files and the outbox by hand."""
    file, environment = page_settings
    done = run_binary("check", "-c", str(file), environment=environment)
    assert done.returncode == 0 and not re.search('^(warning|OFF|FAILED)', done.stdout, re.M), done.stdout + done.stderr
    files = run_binary("check", "--files", "-c", str(file), environment=environment)
    assert "MISSING" in files.stdout and "FAILED" not in files.stdout and "cannot" not in files.stdout.lower()
    for words in (["list"], ["list", "--all"], ["retry", "all"]):
        assert run_binary("outbox", *words, "-c", str(file), environment=environment).returncode == 0


def test_reading_works_with_select_alone(caller, mariadb):
    """Getting started, 2: this is enough to read; writes are refused."""
    granted = [line for line in WRITING if "INSERT" in line]
    try:
        for line in granted:
            mariadb.run(line.replace("GRANT", "REVOKE", 1).replace(" TO ", " FROM "), database=None)
        caller.read()
        with pytest.raises(AssertionError, match="503.*database_denied|database_denied"):
            caller.write()
        with pytest.raises(AssertionError, match="GW007"):
            caller.report()
    finally:
        for line in granted:
            mariadb.run(line, database=None)


# What these are for is seen in Caller.ban (rows that come, change and go), and a day later (records of keys are swept).
SEEN_OTHERWISE = {(right, f"{DATABASE}.tblbannedips") for right in ("INSERT", "UPDATE", "DELETE")} | {
    ("DELETE", f"{DATABASE}.portcullis_idempotency")}


@pytest.mark.parametrize("right, table", [pair for pair in rights(WRITING) if pair not in SEEN_OTHERWISE])
def test_no_right_is_too_much(caller, mariadb, right, table):
    """Without any one of them, something is refused."""
    mariadb.run(f"REVOKE {right} ON {table} FROM portcullis@'127.0.0.1'", database=None)
    try:
        with pytest.raises(AssertionError, match="database_denied|GW007|told of its suspension"):
            caller.write()
            caller.report()
    finally:
        mariadb.run(f"GRANT {right} ON {table} TO portcullis@'127.0.0.1'", database=None)


def test_the_abuse_page_names_the_same_rights():
    """docs/abuse-api.md has those of reports alone, and one that MySQL asks for."""
    all_rights = set(rights(WRITING))
    assert {pair for pair in rights(ABUSE) if "tblhosting" not in pair[1]} <= all_rights
    assert ("UPDATE (lastupdate)", f"{DATABASE}.tblhosting") in set(rights(ABUSE))


def test_the_unit_is_one_that_systemd_takes(page_settings, tmp_path):
    """Getting started, 5: the unit, with this build's binary."""
    text = next(block.text for block in docs.blocks(ROOT / "docs/getting-started.md") if block.language == "systemd")
    assert "/usr/bin/portcullis serve -c /etc/portcullis/portcullis.ini" in text
    unit = tmp_path / "portcullis.service"
    unit.write_text(text.replace("/usr/bin/portcullis", BINARY))
    try:
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60,
                              env=clean_environment())
    except FileNotFoundError:
        pytest.skip("no systemd-analyze")
    told = [line for line in done.stderr.splitlines() if "portcullis" in line]
    assert not told, done.stderr
