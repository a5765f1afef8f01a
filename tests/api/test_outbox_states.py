"""spec/abuse-api.md, "Suspension": which rows are carried out, which wait, which are dropped; what several gateways do, what a
restart leaves; at least once, never twice within a valid lease."""

import collections
import threading
import time

import pytest

from support.gateway import ROOT
from support.outbox import SECRET, Outbox, settings_for
from support.ports import wait_until
from support.whmcs import Whmcs

DATABASE = "outbox_states"


@pytest.fixture(scope="module")
def whmcs(mariadb):
    fake = Whmcs(mariadb=mariadb, database=DATABASE)
    yield fake
    fake.close()


@pytest.fixture
def outbox(mariadb, whmcs):
    whmcs.standard, whmcs.delay = "success", 0
    return Outbox(mariadb, DATABASE)


@pytest.fixture
def start(start_gateway, outbox, whmcs):
    def go(more=None, **options):
        return start_gateway(settings_for(whmcs, {"mysql.database": outbox.database, **(more or {})}), **options)
    return go


def settle(server, polls=5):
    """So long that what was to happen has happened, as the metrics' next reading shows."""
    before = server.metrics()["portcullis_database_statements_total"]
    wait_until(lambda: server.metrics()["portcullis_database_statements_total"] >= before + polls, 30, "it polls")


# ---- which rows ----------------------------------------------------------------------------------

def test_time_limits(start, outbox, whmcs):
    """A time limit is dropped when the report is closed by then; only then is it looked at, and only a time limit is."""
    server = start()
    open_limit = outbox.add(method="timelimit")
    closed_limit = outbox.add(method="timelimit", status="closed")
    closed_later = outbox.add(method="timelimit", due="3 SECOND")
    outbox.run("UPDATE mod_abusemanagerpro_reports SET status = 'closed' WHERE id = %s", outbox.row(closed_later)["report_id"])
    closed_immediate = outbox.add(method="immediate", status="closed")
    not_due = outbox.add(method="timelimit", due="1 HOUR")
    for number in (open_limit, closed_immediate):
        assert outbox.ended(number)["last_error"] == ""
        assert outbox.report_of(number)[1] is not None
    for number in (closed_limit, closed_later):
        row = outbox.ended(number)
        assert row["last_error"] == "dropped: the report is closed" and not whmcs.of(row["service_id"])
        assert outbox.activity(row["service_id"])[0].endswith(": dropped: the report is closed")
    row = outbox.row(not_due)
    assert row["done_at"] is None and row["attempts"] == 0 and not whmcs.of(row["service_id"])
    wait_until(lambda: server.metrics()["portcullis_outbox_dropped_total"] >= 2, 10, "they are counted")


def test_a_report_that_is_gone(start, outbox, whmcs):
    number = outbox.add(due="1 HOUR")
    outbox.run("DELETE FROM mod_abusemanagerpro_reports")
    outbox.run("UPDATE portcullis_outbox SET due_at = NOW()")
    start()
    assert outbox.ended(number)["last_error"] == "dropped: the report is gone"
    assert not whmcs.of(outbox.row(number)["service_id"])


@pytest.mark.parametrize("missing", ["whmcs_url", "whmcs_identifier", "whmcs_secret", "all", "dispatch"])
def test_without_settings_rows_wait(start, outbox, whmcs, missing):
    """Without those settings rows wait and portcullis_outbox_pending shows it."""
    off = {"all": {f"abuse.whmcs_{name}": "" for name in ("url", "identifier", "secret")},
           "dispatch": {"abuse.dispatch": "off"}}.get(missing, {f"abuse.{missing}": ""})
    overdue, future = outbox.add(due="-100 SECOND"), outbox.add(due="100 SECOND")
    server = start(off)
    wait_until(lambda: server.metrics()["portcullis_outbox_pending"] == 2, 20, "two are pending")
    assert 100 <= server.metrics()["portcullis_outbox_oldest_seconds"] < 200
    server.find_log("abuse.dispatch=off" if missing == "dispatch" else "suspensions wait until abuse.whmcs_url, abuse.whmcs_identifier")
    time.sleep(1)
    for number in (overdue, future):
        assert outbox.row(number)["attempts"] == 0 and not whmcs.of(outbox.row(number)["service_id"])
    assert SECRET not in server.out_text()


def test_the_age_goes_on_while_whmcs_refuses(start, outbox, whmcs):
    """portcullis_outbox_oldest_seconds tells how long a suspension has been due, however often it was tried since."""
    whmcs.standard = "error"
    number = outbox.add(due="-500 SECOND")
    server = start({"abuse.max_attempts": "100", "abuse.first_pause": "1h", "abuse.longest_pause": "2h"})
    wait_until(lambda: outbox.row(number)["attempts"] == 1 and outbox.row(number)["claimed_by"] == "", 20, "one try")
    wait_until(lambda: server.metrics()["portcullis_outbox_oldest_seconds"] >= 500, 20, "it is old")
    row = outbox.row(number)
    assert row["last_error"] == "WHMCS refuses: Service ID Not Found" and row["done_at"] is None
    pause = outbox.run("SELECT TIMESTAMPDIFF(SECOND, NOW(), claimed_at) FROM portcullis_outbox WHERE id = %s", number)[0][0]
    assert 1700 <= pause <= 3600 and len(whmcs.of(row["service_id"])) == 1
    assert f"attempt 1 of 100: suspension of service {row['service_id']}" in server.find_log("outbox_failed")


def test_an_error_that_passes(start, outbox, whmcs):
    whmcs.standard = "error_then_success"
    start()
    row = outbox.ended(outbox.add())
    assert row["last_error"] == "" and row["attempts"] == 2


def test_rows_of_another_version_are_left_alone(start, outbox, whmcs):
    """An action that is not known here stays for whoever knows it, and is pending."""
    strange = [outbox.add(action=action) for action in ("ModuleTerminate", "", "ModuleSuspendX")]
    server = start()
    outbox.ended(outbox.add())
    settle(server)
    assert all(outbox.row(number)["attempts"] == 0 for number in strange) and len(whmcs.of(outbox.row(strange[0])["service_id"])) == 0
    wait_until(lambda: server.metrics()["portcullis_outbox_pending"] == 3, 20, "three are pending")


def test_one_that_hangs_does_not_keep_others(start, outbox, whmcs):
    """A service whose suspension hangs in WHMCS goes behind the others, however old it is."""
    stuck = [outbox.add(due="-1 HOUR") for _ in range(3)]
    for number in stuck:
        whmcs.behave(outbox.row(number)["service_id"], "hang")
    start({"abuse.max_attempts": "100"})
    wait_until(lambda: sum(outbox.row(number)["attempts"] for number in stuck) >= 3, 30, "each was tried")
    began = time.monotonic()
    outbox.ended(outbox.add())
    assert time.monotonic() - began < 20


# ---- what cannot be read or written --------------------------------------------------------------

def test_without_the_table(start, outbox, whmcs, mariadb):
    """The gateway starts, says so once, and begins when the table is there."""
    made = outbox.run("SHOW CREATE TABLE portcullis_outbox")[0][1]
    outbox.run("DROP TABLE portcullis_outbox")
    server = start()
    server.find_log("portcullis_outbox cannot be used")
    assert server.out_text().count("portcullis_outbox cannot be used") == 1
    outbox.run(made)
    assert outbox.ended(outbox.add())["last_error"] == ""


@pytest.mark.parametrize("times,is_marked", [(1, True), (1000, False)])
def test_a_deadlock_does_not_lose_the_mark(start, outbox, whmcs, times, is_marked):
    """Once a suspension is carried out, the report's suspended_at is set: a deadlock is run again. One that never ends does not keep
    the suspension from being written down."""
    outbox.run("CREATE TRIGGER deadly BEFORE UPDATE ON mod_abusemanagerpro_reports FOR EACH ROW BEGIN SET @deadlocks = COALESCE(@deadlocks, 0) + 1; "
               f"IF @deadlocks <= {times} THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END IF; END")
    number = outbox.add()
    start({"abuse.lease": "60s"})
    assert outbox.ended(number)["last_error"] == ""
    assert (outbox.report_of(number)[1] is not None) == is_marked
    assert len(whmcs.of(outbox.row(number)["service_id"])) == 1


def test_a_table_of_an_earlier_version(start, outbox, whmcs, mariadb):
    """Its rows have no claimed_at, and it has no key for their order: they are carried out; the structure, loaded anew, adds the key."""
    keys = "SELECT GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND " \
           "TABLE_NAME = 'portcullis_outbox' AND INDEX_NAME = 'waiting'"
    outbox.run("ALTER TABLE portcullis_outbox DROP KEY waiting")
    number = outbox.add()
    assert outbox.row(number)["claimed_at"] is None
    start()
    assert outbox.ended(number)["last_error"] == ""
    for _ in range(2):
        mariadb.load(ROOT / "schema/structure/90_portcullis.sql", outbox.database)
        assert outbox.run(keys) == (("done_at,claimed_at",),)


def test_without_the_reports_table(start, outbox, whmcs):
    """Whether a suspension is still wanted cannot be told: it waits, and that is no attempt. An e-mail needs no report."""
    suspension, email = outbox.add(), outbox.add(action="SendEmail")
    outbox.run("RENAME TABLE mod_abusemanagerpro_reports TO hidden_reports")
    server = start()
    assert outbox.ended(email)["last_error"] == ""
    wait_until(lambda: "its report cannot be read" in outbox.row(suspension)["last_error"], 20, "it says why")
    row = outbox.row(suspension)
    assert row["attempts"] == 0 and row["done_at"] is None and not whmcs.of(row["service_id"])
    assert "outbox_postponed" in server.find_log("its report cannot be read")
    outbox.run("RENAME TABLE hidden_reports TO mod_abusemanagerpro_reports")
    outbox.run("UPDATE portcullis_outbox SET claimed_at = NULL WHERE id = %s", suspension)
    assert outbox.ended(suspension)["last_error"] == ""


@pytest.mark.parametrize("change", ["ALTER TABLE mod_abusemanagerpro_reports DROP COLUMN suspended_at", "DROP TABLE tblactivitylog",
                                    "ALTER TABLE mod_abusemanagerpro_reports MODIFY suspended_at tinyint",
                                    "ALTER TABLE mod_abusemanagerpro_reports DROP suspended_at, ADD suspended_at datetime AS (NULL)",
                                    "CREATE TRIGGER refusing BEFORE UPDATE ON mod_abusemanagerpro_reports FOR EACH ROW "
                                    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'", "REVOKE"])
def test_a_success_ends_whatever_else_cannot_be_written(start, outbox, whmcs, mariadb, change):
    """A suspension that was carried out is never asked for again because its report or its log line could not be written."""
    options = {}
    if change == "REVOKE":
        for sql in ("CREATE OR REPLACE USER least@localhost IDENTIFIED BY 'word'", f"GRANT SELECT ON {DATABASE}.* TO least@localhost",
                    f"GRANT SELECT, INSERT, UPDATE ON {DATABASE}.portcullis_outbox TO least@localhost"):
            mariadb.run(sql, database=None)
        options = {"mysql.user": "least", "mysql.password": "word"}
    else:
        outbox.run(change)
    start(options)
    row = outbox.ended(outbox.add())
    assert row["last_error"] == ""
    time.sleep(1)
    assert len(whmcs.of(row["service_id"])) == 1


def test_odd_rows(start, outbox, whmcs):
    """Ids below 0, zero dates, names and times of others in claimed_by: none of it stops the others."""
    outbox.run("SET sql_mode = ''")
    outbox.run("INSERT INTO portcullis_outbox (report_id, service_id, action, reason, due_at, last_error, claimed_by, claimed_at, attempts)"
               " VALUES (-1, -5, 'ModuleSuspend', '', '0000-00-00', '', '', NULL, 0), "
               "(1, 5, 'modulesuspend', '', NOW(), '', REPEAT('x', 64), '0000-00-00', -7), "
               "(1, 6, 'sendemail', 'x', '9999-12-31 23:59:59', '', '', NULL, 2147483646), "
               "(1, 7, 'sendemail', 'x', NOW(), '', 'me', '9999-12-31 23:59:59', 0)")
    outbox.run("SET sql_mode = DEFAULT")
    server = start()
    assert outbox.ended(outbox.add())["last_error"] == ""
    settle(server)
    server.assert_no_report()
    assert not whmcs.of(-5) and not whmcs.of(6) and not whmcs.of(7)


# ---- leases --------------------------------------------------------------------------------------

def test_a_lease_runs_out(start, outbox, whmcs):
    """Whoever crashed is waited for until the lease's end, then the row is another's."""
    number = outbox.add(claimed_by="another:1:abc", attempts=1)
    outbox.run("UPDATE portcullis_outbox SET claimed_at = NOW() WHERE id = %s", number)
    start({"abuse.timeout": "2s", "abuse.lease": "4s"})
    row = outbox.ended(number)
    call, = whmcs.of(row["service_id"])
    assert row["attempts"] == 2 and call.claimed_by != "another:1:abc" and row["last_error"] == ""
    assert outbox.run("SELECT TIMESTAMPDIFF(SECOND, due_at, claimed_at) FROM portcullis_outbox WHERE id = %s", number)[0][0] >= 4


def test_crashes_are_attempts_too(start, outbox, whmcs):
    """A row at which each gateway dies is given up."""
    number = outbox.add(claimed_by="another:1:abc", attempts=2)
    outbox.run("UPDATE portcullis_outbox SET claimed_at = NOW() - INTERVAL 1 HOUR WHERE id = %s", number)
    start()
    row = outbox.ended(number)
    assert row["last_error"] == "after 2 attempts: the gateway ended during the last one" and not whmcs.of(row["service_id"])


def test_a_lost_answer_is_asked_for_again(start, outbox, whmcs):
    """At least once: WHMCS has acted, and nobody heard of it."""
    whmcs.standard = "once_lost"
    start()
    row = outbox.ended(outbox.add())
    assert row["last_error"] == "" and len(whmcs.of(row["service_id"])) == 2


@pytest.mark.parametrize("gateways", [2, 3])
def test_gateways_share_one_outbox(start, outbox, whmcs, gateways):
    """at least once, never twice within a valid lease, however many gateways run; each takes its part."""
    whmcs.delay = 0.05
    servers = [start({"abuse.timeout": "50s", "abuse.lease": "60s"}) for _ in range(gateways)]
    numbers = [outbox.add() for _ in range(60)]
    for number in numbers:
        assert outbox.ended(number, 120)["last_error"] == ""
    claimants = collections.Counter()
    for number in numbers:
        row = outbox.row(number)
        call, = whmcs.of(row["service_id"])
        assert call.claimed_by == row["claimed_by"] and row["attempts"] == 1
        claimants[row["claimed_by"]] += 1
    assert len(claimants) == gateways, claimants
    done = lambda: sum(server.metrics()["portcullis_outbox_done_total"] for server in servers)
    wait_until(lambda: done() == len(numbers), 20, "all are counted once")
    for server in servers:
        wait_until(lambda: server.metrics()["portcullis_outbox_pending"] == 0, 20, "all see the same")  # pylint: disable=cell-var-from-loop


# ---- the end of a gateway ------------------------------------------------------------------------

def test_the_end_is_quick_though_whmcs_hangs(start, outbox, whmcs):
    """SIGTERM while WHMCS is asked: the call is cut within seconds, its row keeps its lease, and another gateway takes over."""
    whmcs.standard = "hang"
    number = outbox.add()
    server = start({"abuse.timeout": "60s", "abuse.lease": "62s"})
    wait_until(lambda: whmcs.of(outbox.row(number)["service_id"]), 20, "it is asked")
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 15
    row = outbox.row(number)
    assert row["claimed_by"] and row["done_at"] is None and row["attempts"] == 1
    assert "outbox" in server.find_log("cut off by the end of this gateway")
    whmcs.standard = "success"
    outbox.run("UPDATE portcullis_outbox SET claimed_at = NOW() - INTERVAL 63 SECOND WHERE id = %s", number)
    start()
    assert outbox.ended(number)["attempts"] == 2


def test_a_call_that_is_quick_enough_is_written_down_at_the_end(start, outbox, whmcs):
    whmcs.delay = 0.8
    number = outbox.add()
    server = start({"abuse.timeout": "20s", "abuse.lease": "60s"})
    wait_until(lambda: whmcs.of(outbox.row(number)["service_id"]), 20, "it is asked")
    server.stop()
    row = outbox.row(number)
    assert row["done_at"] is not None and row["last_error"] == ""


def test_nothing_is_claimed_after_sigterm(start, outbox, whmcs):
    server = start({"server.drain_delay": "3s"})
    outbox.ended(outbox.add())
    stopper = threading.Thread(target=server.stop)
    server.terminate()
    server.find_log("draining")
    number = outbox.add()
    stopper.start()
    stopper.join()
    assert outbox.row(number)["attempts"] == 0 and not whmcs.of(outbox.row(number)["service_id"])
