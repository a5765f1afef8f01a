"""spec/abuse-api.md and data-model.md: table and columns are mapped by catalog/abusemanagerpro.json, and learnt; what is missing
switches off what needs it, and never half of it."""

import json
import time

import pytest

from support import abuse
from support.abuse import REPORTS, Reporter, Store
from support.gateway import ROOT, run_binary
from support.ports import wait_until

DATABASE = "whmcs_abuse_crooked"
DEFAULT = json.loads((ROOT / "catalog/abusemanagerpro.json").read_text())


@pytest.fixture
def crooked(mariadb):
    """A database of its own, to be bent."""
    abuse.load(mariadb, DATABASE)
    store = Store(mariadb, DATABASE)
    yield store
    store.connection.close()
    mariadb.run(f"DROP DATABASE {DATABASE}", database=None)


@pytest.fixture
def start(start_gateway, crooked):
    def begin(more=None):
        server = start_gateway({"mysql.database": DATABASE, **(more or {})})
        return server, Reporter(server.url)
    return begin


def check(settings, **more):
    words = [word for key, value in {**settings, "mysql.database": DATABASE, **more}.items() for word in ("-o", f"{key}={value}")]
    done = run_binary("check", *words)
    return done.returncode, done.stdout + done.stderr


def catalog_file(place, name, **more):
    path = place / f"abuse-{name}.json"
    path.write_text(json.dumps({"reports": {**DEFAULT["reports"], **more}}))
    return str(path)


# ---- check -----------------------------------------------------------------------------------------------

def test_check_of_a_good_database(settings, crooked):
    """portcullis check prints the join."""
    code, text = check(settings)
    assert code == 0, text
    assert f"ok       abuse catalog: compiled in, table {REPORTS}" in text
    for name, column in DEFAULT["reports"]["columns"].items():
        assert f"ok       abuse: {name} is {REPORTS}.{column} (" in text
    assert f"ok       abuse: reports lie in {REPORTS}" in text


def test_check_of_a_database_without_the_gateway_s_tables(settings, crooked):
    crooked.run("DROP TABLE portcullis_outbox")
    crooked.run("DROP TABLE portcullis_idempotency")
    code, text = check(settings)
    assert "warning  abuse: there is no table portcullis_outbox" in text, text
    assert "warning  abuse: there is no table portcullis_idempotency" in text
    assert code == 0


@pytest.mark.parametrize("change,what", [
    (f"DROP TABLE {REPORTS}", f"OFF      abuse: there is no table {REPORTS}"),
    (f"ALTER TABLE {REPORTS} DROP category", f"OFF      abuse: {REPORTS} has no column category (category)"),
    (f"ALTER TABLE {REPORTS} MODIFY id int NOT NULL", f"OFF      abuse: {REPORTS} has no key id that counts by itself"),
    ("ALTER TABLE tblhosting DROP dedicatedip", "OFF      abuse: tblhosting needs the columns"),
    ("DROP TABLE tbldeviceauth", "OFF      abuse: tbldeviceauth needs the columns"),
])
def test_check_of_what_switches_all_off(settings, crooked, change, what):
    crooked.run(change)
    code, text = check(settings)
    assert what in text, text
    assert code == 1


def test_check_of_what_switches_a_part_off(settings, crooked):
    crooked.run(f"ALTER TABLE {REPORTS} DROP admin_notes, DROP userid")
    code, text = check(settings)
    assert f"warning  abuse: {REPORTS} has no column admin_notes (admin_notes)" in text, text
    assert f"warning  abuse: {REPORTS} has no column userid (userid)" in text
    assert code == 0


# ---- what is missing -------------------------------------------------------------------------------------

@pytest.mark.parametrize("change,what", [
    (f"DROP TABLE {REPORTS}", "there is no table"), (f"ALTER TABLE {REPORTS} DROP service_id", "service_id"),
    (f"ALTER TABLE {REPORTS} DROP status", "status"), (f"ALTER TABLE {REPORTS} DROP date_created", "date_created"),
])
def test_without_an_essential_column_all_reports_are_refused(start, crooked, change, what):
    """A missing essential column: GW007, saying so; the credential and the values are checked all the same."""
    crooked.run(change)
    server, reporter = start()
    answer = reporter.report().refused(503, "GW007")
    assert answer.description.startswith("Not stored: reports cannot be kept: ") and what in answer.description
    assert int(answer.headers["Retry-After"]) >= 1
    reporter.report(suspend_method="x").refused(422, "GW005")
    reporter.report(headers={"API_ID": "wrong"}).refused(401, "AMP001")
    assert any(what in line["message"] for line in server.log_lines() if line.get("event") == "schema")


def test_without_the_outbox_reports_that_need_it_are_refused(start, crooked):
    """Where the outbox table is missing, reports that need it are refused (GW007), never half done."""
    crooked.run("DROP TABLE portcullis_outbox")
    _, reporter = start()
    for method in ("immediate", "timelimit"):
        answer = reporter.report(suspend_method=method).refused(503, "GW007")
        assert "portcullis_outbox is missing" in answer.description
        reporter.report(suspend_method=method, service_id="99").refused(404, "GW004")
    assert crooked.one(f"SELECT COUNT(*) FROM {REPORTS}") == 0 and crooked.log_lines() == []
    reporter.report().stored()
    reporter.report(suspend_method="suspend").stored()


def test_without_the_outbox_a_template_refuses_all(start, crooked):
    crooked.run("DROP TABLE portcullis_outbox")
    _, reporter = start({"abuse.email_template": "Abuse"})
    reporter.report().refused(503, "GW007")


def test_without_the_keys_table_reports_with_a_key_are_refused(start, crooked):
    crooked.run("DROP TABLE portcullis_idempotency")
    _, reporter = start()
    answer = reporter.report(headers={"Idempotency-Key": "k"}).refused(503, "GW007")
    assert "portcullis_idempotency is missing" in answer.description
    assert crooked.one(f"SELECT COUNT(*) FROM {REPORTS}") == 0
    reporter.report().stored()


@pytest.mark.parametrize("column,variables", [
    ("admin_notes", {"admin_notes": "x"}), ("additional_info", {"additional_info": "x"}), ("service_ip", {"service_ip": "192.0.2.1"}),
    ("suspend_method", {"suspend_method": "immediate"}), ("allow_unsuspend", {"allow_unsuspend": "1"}),
])
def test_what_has_no_column_is_not_dropped_silently(start, crooked, column, variables):
    """Other absences switch off what needs them: a report that says so is refused, others are not."""
    crooked.run(f"ALTER TABLE {REPORTS} DROP {column}")
    _, reporter = start({"abuse.dedup_window": "1h"})
    answer = reporter.report(**variables).refused(503, "GW007")
    assert answer.description == f"Not stored: the table of reports has no column for {column}"
    assert crooked.one(f"SELECT COUNT(*) FROM {REPORTS}") == 0
    number = reporter.report().stored()
    assert reporter.report().stored() == number


@pytest.mark.parametrize("column", ["userid", "admin_id", "suspend_at", "suspended_at"])
def test_bookkeeping_may_be_missing(start, crooked, column):
    crooked.run(f"ALTER TABLE {REPORTS} DROP {column}")
    _, reporter = start()
    number = reporter.report(suspend_method="timelimit").stored()
    assert len(crooked.outbox(number)) == 1 and column not in crooked.report(number)


def test_an_old_activity_log(start, crooked):
    """old tblactivitylog has no user_id and admin_id"""
    crooked.run("ALTER TABLE tblactivitylog DROP user_id, DROP admin_id")
    _, reporter = start()
    reporter.report().stored()
    assert crooked.one("SELECT COUNT(*) FROM tblactivitylog WHERE user = 'alice'") == 1


def test_without_an_activity_log(start, crooked):
    crooked.run("DROP TABLE tblactivitylog")
    _, reporter = start()
    assert crooked.report(reporter.report(suspend_method="immediate").stored())


# ---- more than is known ----------------------------------------------------------------------------------

def test_further_columns_get_what_is_empty(start, crooked):
    """on insert the gateway supplies '', 0 or the zero date for what the client leaves out"""
    crooked.run(f"ALTER TABLE {REPORTS} ADD a_text text NOT NULL, ADD a_number int NOT NULL, ADD a_date date NOT NULL, "
                "ADD a_time datetime NOT NULL, ADD a_kind enum('one','two') NOT NULL, ADD a_price decimal(5,2) NOT NULL, "
                "ADD a_null text NULL, ADD a_default int NOT NULL DEFAULT 7, ADD `a``tick` varchar(5) NOT NULL, "
                "MODIFY suspend_at datetime NOT NULL, MODIFY suspended_at datetime NOT NULL")
    _, reporter = start()
    number = reporter.report().stored()
    assert crooked.run(f"SELECT a_text, a_number, a_date + 0, a_time + 0, a_kind, a_price, a_null, a_default, `a``tick`, suspend_at + 0, "
                       f"suspended_at + 0 FROM {REPORTS} WHERE id = %s", number) == (("", 0, 0, 0, "one", 0, None, 7, "", 0, 0),)
    number = reporter.report(suspend_method="immediate").stored()
    assert crooked.one(f"SELECT suspend_at > NOW() - INTERVAL 1 MINUTE FROM {REPORTS} WHERE id = %s", number) == 1


def test_narrow_columns_are_told_before_the_service(start, crooked):
    """Nothing is silently cut; values come before the service."""
    crooked.run(f"ALTER TABLE {REPORTS} MODIFY category varchar(10) NOT NULL, MODIFY additional_info tinytext NOT NULL")
    _, reporter = start()
    fits = "(allowed: no more than its column in the database can hold)"
    reporter.report(category="12345678901", service_id="99").refused(422, "GW005", f'Invalid value: category "12345678901" {fits}')
    reporter.report(additional_info="ü" * 128, service_id="99").refused(422, "GW005")
    number = reporter.report(category="ü" * 10, additional_info="x" + "ü" * 127).stored()
    assert crooked.report(number)["additional_info"] == "x" + "ü" * 127


def test_columns_of_four_bytes(start, crooked):
    crooked.run(f"ALTER TABLE {REPORTS} CONVERT TO CHARACTER SET utf8mb4")
    _, reporter = start()
    number = reporter.report(category="🔥", admin_notes="𝒳", suspend_method="immediate").stored()
    row = crooked.report(number)
    assert (row["category"], row["admin_notes"]) == ("🔥", "𝒳")
    assert crooked.outbox(number)[0]["reason"] == f"Abuse report {number}: 🔥"


def test_a_column_that_cannot_hold_the_text(start, crooked):
    """What the learnt type does not tell, the server does: GW005 naming the field."""
    crooked.run(f"ALTER TABLE {REPORTS} MODIFY category varchar(255) CHARACTER SET latin1 NOT NULL")
    _, reporter = start()
    reporter.report(category="日本").refused(422, "GW005", 'Invalid value: category "日本" (allowed: what its column in the database can hold)')
    crooked.run(f"ALTER TABLE {REPORTS} ADD UNIQUE (category)")
    reporter.report(category="once").stored()
    reporter.report(category="once").refused(422, "GW005", 'Invalid value: service_id "12" with category "once" (allowed: what no '
                                             "other report has, since the table of reports takes it once)")


@pytest.mark.parametrize("change,column", [
    ("MODIFY status enum('new','closed') NOT NULL", "status"), ("MODIFY admin_id int NOT NULL CHECK (admin_id > 1000)", "admin_id"),
    ("MODIFY userid tinyint NOT NULL CHECK (userid < 0)", "userid"), ("ADD mood enum('good') NOT NULL CHECK (mood = 'bad')", "mood"),
    ("MODIFY suspend_method enum('immediate') NOT NULL", "suspend_method"), ("MODIFY allow_unsuspend tinyint NOT NULL CHECK (allow_unsuspend > 1)", "allow_unsuspend"),
    ("MODIFY additional_info text NOT NULL CHECK (additional_info <> '')", "additional_info"),
])
def test_what_no_reporter_can_set(start, crooked, change, column):
    """GW007: no other value of the report would help; the gateway's log tells the administrator."""
    crooked.run(f"ALTER TABLE {REPORTS} {change}")
    server, reporter = start()
    answer = reporter.report().refused(503, "GW007", f"Not stored: the database refuses what the gateway itself writes into the column "
                                       f"{column} of the table of reports; its administrator has to mend it")
    assert answer.headers["Retry-After"] == "60"
    assert crooked.one(f"SELECT COUNT(*) FROM {REPORTS}") == 0
    wait_until(lambda: any(f"{REPORTS}.{column}" in line["message"] for line in server.log_lines()
                           if line.get("event") == "abuse_refused"), 10, "logged")


def test_a_chosen_word_that_the_table_lacks(start, crooked):
    """GW005: names field and value, and what is allowed."""
    crooked.run(f"ALTER TABLE {REPORTS} MODIFY suspend_method enum('nosuspend','immediate') NOT NULL, "
                "ADD CHECK (category <> 'never')")
    _, reporter = start()
    reporter.report(suspend_method="timelimit").refused(422, "GW005", 'Invalid value: suspend_method "timelimit" '
                                                        "(allowed: nosuspend, immediate)")
    reporter.report(suspend_method="immediate").stored()
    answer = reporter.report(category="never").refused(422, "GW005")
    assert 'category "never" (allowed: ' in answer.description


def test_a_trigger_that_says_no(start, crooked):
    crooked.run(f"CREATE TRIGGER no BEFORE INSERT ON {REPORTS} FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'secret'")
    _, reporter = start()
    reporter.report(category="x").refused(422, "GW005", 'Invalid value: service_id "12" with category "x" (allowed: what the rules of '
                                          "the table of reports in the database let pass)")


def test_columns_of_single_bytes(start, crooked):
    """data-model.md: nothing is silently cut, and nothing becomes a question mark; latin1 has its own characters in one byte each."""
    crooked.run(f"ALTER TABLE {REPORTS} MODIFY category varchar(10) CHARACTER SET latin1 NOT NULL, "
                "MODIFY additional_info tinytext CHARACTER SET latin1 NOT NULL, MODIFY admin_notes text CHARACTER SET ascii NOT NULL")
    _, reporter = start()
    number = reporter.report(category="ü" * 10, additional_info="ä" * 255).stored()
    row = crooked.report(number)
    assert (row["category"], row["additional_info"]) == ("ü" * 10, "ä" * 255)
    reporter.report(additional_info="ä" * 256, service_id="99").refused(422, "GW005")
    for field in ("category", "additional_info", "admin_notes"):
        for text in ("日", "🔥", "a\u0142"):
            assert field in reporter.report(**{field: text}).refused(422, "GW005").description
    reporter.report(admin_notes="ü").refused(422, "GW005")
    assert crooked.one(f"SELECT COUNT(*) FROM {REPORTS}") == 1


# ---- changes while running -------------------------------------------------------------------------------

def change(crooked, sql):
    """The schema is learnt at most once a second."""
    time.sleep(1.1)
    crooked.run(sql)


def test_a_change_while_running_is_learnt(start, crooked):
    """A schema change while running triggers one re-read, and the report is stored all the same."""
    server, reporter = start()
    reporter.report(admin_notes="x").stored()
    change(crooked, f"ALTER TABLE {REPORTS} DROP admin_notes")
    reporter.report().stored()
    reporter.report(admin_notes="x").refused(503, "GW007")
    wait_until(lambda: server.metrics()["portcullis_schema_reads_total"] >= 2, 5, "read anew")


def test_a_column_that_comes_and_must_have_a_value(start, crooked):
    _, reporter = start()
    reporter.report().stored()
    change(crooked, f"ALTER TABLE {REPORTS} ADD later varchar(10) NOT NULL")
    assert crooked.report(reporter.report().stored())["later"] == ""


def test_an_outbox_that_goes(start, crooked):
    _, reporter = start()
    reporter.report(suspend_method="immediate").stored()
    change(crooked, "DROP TABLE portcullis_outbox")
    answer = reporter.report(suspend_method="immediate").refused(503, "GW007")
    assert "portcullis_outbox is missing" in answer.description
    assert crooked.one(f"SELECT COUNT(*) FROM {REPORTS}") == 1, "rolled back"


HIDE = f"RENAME TABLE {REPORTS} TO hidden"


@pytest.mark.parametrize("gone,back,report", [
    (HIDE, f"RENAME TABLE hidden TO {REPORTS}", {}),
    ("RENAME TABLE portcullis_outbox TO hidden", "RENAME TABLE hidden TO portcullis_outbox", {"suspend_method": "immediate"}),
    ("RENAME TABLE portcullis_idempotency TO hidden", "RENAME TABLE hidden TO portcullis_idempotency", {"headers": {"Idempotency-Key": "k"}}),
    (f"ALTER TABLE {REPORTS} DROP admin_notes", f"ALTER TABLE {REPORTS} ADD admin_notes text NOT NULL", {"admin_notes": "x"}),
    (f"ALTER TABLE {REPORTS} DROP status", f"ALTER TABLE {REPORTS} ADD status varchar(20) NOT NULL", {}),
])
def test_what_was_missing_at_the_start_is_made_up_for(start, crooked, gone, back, report):
    """The log says what is missing; once it is there, reports are stored without a restart. It is said once, however many ask."""
    crooked.run(gone)
    server, reporter = start()
    for _ in range(2):
        time.sleep(1.1)  # past the pause between two readings
        reporter.report(**report).refused(503, "GW007")
    wait_until(lambda: server.metrics()["portcullis_schema_reads_total"] >= 2, 5, "read anew")
    lines = [line["message"] for line in server.log_lines() if line.get("event") == "schema"]
    assert lines and len(lines) == len(set(lines)), lines
    change(crooked, back)
    reporter.report(**report).stored()


# ---- a privilege is missing ------------------------------------------------------------------------------

def test_with_select_alone_nothing_is_stored(start_gateway, crooked, mariadb):
    mariadb.run("CREATE USER reader@localhost", database=None)
    mariadb.run(f"GRANT SELECT ON {DATABASE}.* TO reader@localhost", database=None)
    try:
        server = start_gateway({"mysql.database": DATABASE, "mysql.user": "reader", "ban.table": "read"})
        answer = Reporter(server.url).report().refused(503, "GW007")
        assert answer.description == "Not stored: the gateway's database user lacks a privilege"
        assert answer.headers["Retry-After"] == "60", "a person has to mend it"
        Reporter(server.url).report(service_id="99").refused(404, "GW004")
    finally:
        mariadb.run("DROP USER reader@localhost", database=None)


# ---- abuse.catalog ---------------------------------------------------------------------------------------

ADDON = """CREATE TABLE mod_addon_cases (case_no bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, client int NOT NULL, svc int NOT NULL,
  `ip addr` varchar(64) NOT NULL, kind varchar(255) NOT NULL, state varchar(20) NOT NULL, how varchar(20) NOT NULL, may_undo varchar(3)
  NOT NULL, info mediumtext NOT NULL, notes mediumtext NOT NULL, who int NOT NULL, opened datetime NOT NULL, `when` datetime NULL)
  CHARSET utf8mb3"""
COLUMNS = {"userid": "client", "service_id": "svc", "service_ip": "ip addr", "category": "kind", "status": "state",
           "suspend_method": "how", "allow_unsuspend": "may_undo", "additional_info": "info", "admin_notes": "notes", "admin_id": "who",
           "date_created": "opened", "suspend_at": "when"}


def test_another_table(start, crooked, place, settings):
    """Table and column names are mapped: reports lie in the add-on's own table once the catalog knows it."""
    crooked.run(ADDON)
    crooked.run(f"DROP TABLE {REPORTS}")
    path = catalog_file(place, "cases", table="mod_addon_cases", key="case_no", columns=COLUMNS, open="Open")
    _, reporter = start({"abuse.catalog": path, "abuse.dedup_window": "1h"})
    number = reporter.report(suspend_method="timelimit", allow_unsuspend="on", additional_info="i", admin_notes="n").stored()
    assert crooked.run("SELECT client, svc, `ip addr`, kind, state, how, may_undo, info, notes, who, `when` > NOW() FROM mod_addon_cases "
                       "WHERE case_no = %s", number) == ((7, 12, "192.0.2.12", "phishing", "Open", "timelimit", "1", "i", "n", 1, 1),)
    assert reporter.report().stored() == number
    code, text = check(settings, **{"abuse.catalog": path})
    assert code == 0 and f"abuse catalog: {path}, table mod_addon_cases" in text, text
    assert "warning  abuse: the catalog names no column for suspended_at" in text


@pytest.mark.parametrize("more,what", [
    ({"table": ""}, "table: must be a string"), ({"table": None}, "table: must be a string"), ({"key": "a`b"}, "key: must be a string"),
    ({"tables": "x"}, "tables: no such member"), ({"columns": []}, "columns: must be an object"),
    ({"columns": {"category": 5}}, "category: must be a string"), ({"columns": {"colour": "x"}}, "colour: no such column"),
    ({"columns": {"category": "x", "userid": "X"}}, "userid: another column is called so"),
])
def test_a_catalog_that_is_none(settings, crooked, place, more, what):
    """Every problem is told, and the gateway does not start with it."""
    path = catalog_file(place, "bad", **more)
    code, text = check(settings, **{"abuse.catalog": path})
    assert code == 1 and f"{path}: reports: {what}" in text, text


@pytest.mark.parametrize("content,what", [("", "json"), ("[]", "reports"), ("{", "1: "), ('{"reports":{}}', "are needed"),
                                          ('{"reports":{},"more":1}', "the only one"), ("x" * 70000, "larger than")])
def test_a_catalog_file_that_is_none(settings, crooked, place, content, what):
    path = place / "abuse-broken.json"
    path.write_text(content)
    code, text = check(settings, **{"abuse.catalog": str(path)})
    assert code == 1 and what in text, text
    code, text = check(settings, **{"abuse.catalog": "/no/such/file"})
    assert code == 1 and "cannot be opened" in text


def test_a_bad_catalog_does_not_start(settings, crooked, place):
    path = catalog_file(place, "off", tables="x")
    words = [word for key, value in {**settings, "abuse.catalog": path, "server.listen": "127.0.0.1:0", "admin.listen": ""}.items()
             for word in ("-o", f"{key}={value}")]
    done = run_binary("serve", *words)
    assert done.returncode == 1 and "no such member" in done.stdout + done.stderr
