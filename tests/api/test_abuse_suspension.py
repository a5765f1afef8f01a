"""spec/abuse-api.md, Suspension, from end to end: a report is sent, and WHMCS is asked."""

import json

import pytest

from support import abuse
from support.abuse import Reporter, Store
from support.gateway import ROOT
from support.outbox import IDENTIFIER, SECRET, settings_for
from support.ports import wait_until
from support.whmcs import Whmcs

DATABASE = "whmcs_abuse_suspends"


@pytest.fixture(scope="module")
def suspends(mariadb):
    abuse.load(mariadb, DATABASE)
    store = Store(mariadb, DATABASE)
    yield store
    store.connection.close()


@pytest.fixture
def whmcs():
    server = Whmcs()
    yield server
    server.close()


@pytest.fixture
def start(start_gateway, whmcs, suspends):
    def begin(more=None):
        suspends.clear()
        return Reporter(start_gateway({"mysql.database": DATABASE, **settings_for(whmcs, {"abuse.poll": "1h", **(more or {})})}).url)
    return begin


def test_an_immediate_report_suspends_the_service(start, whmcs, suspends):
    """action=ModuleSuspend, serviceid, suspendreason; the gateway that stored the report asks at once, whatever abuse.poll says."""
    number = start().report(suspend_method="immediate", category="Phishing & Co").stored()
    wait_until(lambda: suspends.report(number)["suspended_at"], 30, "suspended")
    call, = whmcs.of(12)
    assert call.form == {"action": "ModuleSuspend", "serviceid": "12", "suspendreason": f"Abuse report {number}: Phishing & Co",
                         "responsetype": "json", "identifier": IDENTIFIER, "secret": SECRET}
    assert suspends.report(number)["status"] == "open" and suspends.outbox(number)[0]["last_error"] == ""


def test_the_e_mail_goes_out(start, whmcs, suspends):
    """SendEmail, messagename, id"""
    number = start({"abuse.email_template": "Abuse Report"}).report(service_id="13").stored()
    wait_until(lambda: suspends.outbox(number)[0]["done_at"], 30, "sent")
    call, = whmcs.of(13)
    assert (call.form["action"], call.form["messagename"], call.form["id"]) == ("SendEmail", "Abuse Report", "13")


def test_nosuspend_asks_for_nothing(start, whmcs, suspends):
    reporter = start({"abuse.poll": "100ms"})
    reporter.report(service_id="14").stored()
    reporter.report(service_id="14", suspend_method="suspend").stored()
    reporter.report(service_id="14", suspend_method="timelimit").stored()
    last = reporter.report(service_id="12", suspend_method="immediate").stored()
    wait_until(lambda: suspends.report(last)["suspended_at"], 30, "the last is suspended")
    assert whmcs.of(14) == []


def test_a_time_limit_in_a_mapped_table(start, whmcs, suspends, place):
    """Dropped when the report is closed by then, in the words of the table that the catalog maps."""
    default = json.loads((ROOT / "catalog/abusemanagerpro.json").read_text())["reports"]
    columns = {**default["columns"], "status": "state of it", "suspended_at": "done"}
    path = place / "abuse-suspends.json"
    path.write_text(json.dumps({"reports": {**default, "table": "cases", "columns": columns, "open": "it's open", "closed": "it's closed"}}))
    suspends.run("DROP TABLE IF EXISTS cases")
    suspends.run(f"CREATE TABLE cases LIKE {abuse.REPORTS}")
    suspends.run("ALTER TABLE cases CHANGE status `state of it` varchar(32) NOT NULL, CHANGE suspended_at done datetime NULL")
    reporter = start({"abuse.catalog": str(path), "abuse.poll": "100ms"})
    closed, kept = [reporter.report(service_id=service, suspend_method="timelimit").stored() for service in ("13", "12")]
    assert suspends.one("SELECT `state of it` FROM cases WHERE id = %s", closed) == "it's open"
    suspends.run("UPDATE cases SET `state of it` = 'it''s closed' WHERE id = %s", closed)
    suspends.run("UPDATE portcullis_outbox SET due_at = NOW(), claimed_at = NOW()")
    wait_until(lambda: all(suspends.outbox(number)[0]["done_at"] for number in (closed, kept)), 30, "both end")
    assert suspends.outbox(closed)[0]["last_error"].startswith("dropped: ") and whmcs.of(13) == []
    assert len(whmcs.of(12)) == 1
    assert suspends.one("SELECT done IS NOT NULL FROM cases WHERE id = %s", kept) == 1
