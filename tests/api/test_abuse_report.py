"""spec/abuse-api.md, Request and Suspension: what is stored of a report, however it is sent."""

import json
import subprocess

import pytest
import requests

from support.abuse import GOOD, NEEDED, OTHER, PATH, Reporter, encoded
from support.raw import exchange


def test_what_is_stored_of_the_least_report(reporter, reports):
    """Defaults: the service's address, nosuspend, false; the client of the service, the admin of the credential."""
    number = reporter.report().stored()
    row = reports.report(number)
    assert reports.is_now(row.pop("date_created"))
    assert row == {"id": number, "userid": 7, "service_id": 12, "service_ip": "192.0.2.12", "category": "phishing",
                   "status": "open", "suspend_method": "nosuspend", "allow_unsuspend": 0, "additional_info": "",
                   "admin_notes": "", "admin_id": 1, "suspend_at": None, "suspended_at": None}
    assert reports.outbox(number) == []


def test_the_line_in_the_activity_log(reporter, reports):
    """a line in tblactivitylog (admin, address, what was done)"""
    number = reporter.report(category="spam", suspend_method="immediate").stored()
    assert reports.log_lines() == [{
        "description": f"portcullis: alice created abuse report {number} for service 12 (spam, immediate)",
        "user": "alice", "admin_id": 1, "ipaddr": "127.0.0.1"}]


def test_every_variable(reporter, reports):
    number = reporter.report(service_id="13", service_ip="2001:DB8::0:5", category="  Ärger mit Spam \n", suspend_method="timelimit",
                             allow_unsuspend="yes", additional_info=" Zeile 1\r\nZeile 2 ", admin_notes="nur für uns").stored()
    row = reports.report(number)
    assert {name: row[name] for name in ("userid", "service_id", "service_ip", "category", "suspend_method", "allow_unsuspend",
                                         "additional_info", "admin_notes")} == {
        "userid": 8, "service_id": 13, "service_ip": "2001:db8::5", "category": "Ärger mit Spam", "suspend_method": "timelimit",
        "allow_unsuspend": 1, "additional_info": " Zeile 1\r\nZeile 2 ", "admin_notes": "nur für uns"}


@pytest.mark.parametrize("service,expected", [("12", "192.0.2.12"), ("13", "(No Dedicated IP)"), ("14", "2001:db8::14")])
def test_the_service_s_own_address(reporter, reports, service, expected):
    """default tblhosting.dedicatedip, and where that is empty the literal (No Dedicated IP)"""
    assert reports.report(reporter.report(service_id=service).stored())["service_ip"] == expected
    assert reports.report(reporter.report(service_id=service, service_ip="").stored())["service_ip"] == expected
    assert reports.report(reporter.report(service_id=service, service_ip=" 198.51.100.7 ").stored())["service_ip"] == "198.51.100.7"


@pytest.mark.parametrize("given,kept", [("198.51.100.7", "198.51.100.7"), ("::ffff:198.51.100.7", "198.51.100.7"),
                                        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"), ("0.0.0.0", "0.0.0.0")])
def test_an_address_is_kept_in_its_usual_form(reporter, reports, given, kept):
    assert reports.report(reporter.report(service_ip=given).stored())["service_ip"] == kept


@pytest.mark.parametrize("word,kept", [("true", 1), ("1", 1), ("on", 1), ("yes", 1), ("True", 1), (" YES ", 1), ("false", 0),
                                       ("0", 0), ("off", 0), ("no", 0), ("False", 0), ("", 0), (None, 0)])
def test_allow_unsuspend(reporter, reports, word, kept):
    """optional, default false: true false 1 0 on off yes no"""
    assert reports.report(reporter.report(allow_unsuspend=word).stored())["allow_unsuspend"] == kept


def test_empty_optional_variables_are_absent(reporter, reports):
    number = reporter.report(service_ip="", suspend_method=" ", allow_unsuspend="", additional_info="", admin_notes="").stored()
    row = reports.report(number)
    assert (row["suspend_method"], row["allow_unsuspend"], row["additional_info"]) == ("nosuspend", 0, "")


@pytest.mark.parametrize("category", ["x", "ü" * 255, " " + "x" * 255 + "\t", "0", "a'b\"c\\d`e;--", "<script>alert(1)</script>"])
def test_category_is_free_text(reporter, reports, category):
    """1 to 255 characters after trimming"""
    assert reports.report(reporter.report(category=category).stored())["category"] == category.strip()


# ---- suspension ----------------------------------------------------------------------------------------

def test_immediate_asks_for_the_suspension_now(reporter, reports):
    """immediate and timelimit write, in the report's own transaction, a row into portcullis_outbox"""
    number = reporter.report(suspend_method="immediate", category="spam").stored()
    row, = reports.outbox(number)
    assert reports.is_now(row.pop("claimed_at")), "from when on it is tried"
    assert row == {"service_id": 12, "action": "ModuleSuspend", "reason": f"Abuse report {number}: spam", "minutes": 0,
                   "attempts": 0, "last_error": "", "claimed_by": "", "done_at": None}
    report = reports.report(number)
    assert reports.is_now(report["suspend_at"]) and report["suspended_at"] is None


def minutes_to_suspension(reports, number):
    row, = reports.outbox(number)
    stored = reports.one("SELECT TIMESTAMPDIFF(MINUTE, NOW(), suspend_at + INTERVAL 30 SECOND) FROM mod_abusemanagerpro_reports "
                         "WHERE id = %s", number)
    assert stored == row["minutes"]
    return stored


def test_timelimit_asks_for_it_after_the_setting(reporter, reports):
    """due after abuse.timelimit_minutes, default 1440"""
    assert minutes_to_suspension(reports, reporter.report(suspend_method="timelimit").stored()) == 1440


@pytest.mark.parametrize("value,minutes", [("90", 90), (" 15 ", 15), ("0", 1440), ("-5", 1440), ("", 1440), ("soon", 1440),
                                           ("1.5", 1440), ("99999999999999999999", 1440)])
def test_the_add_on_s_own_time_limit(reporter, reports, value, minutes):
    """or the add-on's own setting where tbladdonmodules holds one"""
    reports.run("INSERT INTO tbladdonmodules (module, setting, value) VALUES ('abusemanagerpro', 'timelimit_minutes', %s)", value)
    try:
        assert minutes_to_suspension(reports, reporter.report(suspend_method="timelimit").stored()) == minutes
        assert minutes_to_suspension(reports, reporter.report(suspend_method="immediate").stored()) == 0
    finally:
        reports.run("DELETE FROM tbladdonmodules WHERE setting = 'timelimit_minutes'")


def test_the_e_mail_is_asked_for_where_there_is_a_template(start_gateway, reports):
    """A second outbox action, SendEmail (messagename = abuse.email_template), tells the customer, when the setting is there."""
    from support import abuse
    server = start_gateway({"mysql.database": abuse.DATABASE, "abuse.email_template": "Abuse – Bericht", "abuse.timelimit_minutes": "30"})
    reporter = Reporter(server.url)
    number = reporter.report().stored()
    assert [(row["action"], row["reason"], row["minutes"]) for row in reports.outbox(number)] == [("SendEmail", "Abuse – Bericht", 0)]
    number = reporter.report(suspend_method="timelimit").stored()
    assert [(row["action"], row["minutes"]) for row in reports.outbox(number)] == [("ModuleSuspend", 30), ("SendEmail", 0)]


@pytest.mark.parametrize("method", ["suspend", " suspend "])
def test_the_vendor_s_suspend_is_nosuspend_with_a_warning(abuse_gateway, reporter, reports, method):
    """accepted and treated as the default nosuspend, with a Warning: 299 header and a log line"""
    answer = reporter.report(suspend_method=method)
    number = answer.stored()
    assert reports.report(number)["suspend_method"] == "nosuspend" and reports.outbox(number) == []
    assert answer.headers["Warning"].startswith('299 portcullis "suspend_method=suspend ')
    line = json.loads(abuse_gateway.find_log(f"report {number}, request {answer.headers['X-Request-Id']}"))
    assert (line["event"], line["level"]) == ("abuse_suspend", "warning")
    assert "Warning" not in reporter.report(suspend_method="nosuspend").headers


# ---- bodies ----------------------------------------------------------------------------------------------

VALUES = {"action": "create", "service_id": "13", "category": "Spam & Ärger", "service_ip": "198.51.100.9",
          "suspend_method": "immediate", "allow_unsuspend": "1", "additional_info": "a=b&c=d\n%20+", "admin_notes": "–"}
KEPT = {"service_id": 13, "category": "Spam & Ärger", "service_ip": "198.51.100.9", "suspend_method": "immediate",
        "allow_unsuspend": 1, "additional_info": "a=b&c=d\n%20+", "admin_notes": "–"}

BODIES = {
    "form": lambda reporter: reporter.send(VALUES),
    "form with a charset": lambda reporter: reporter.send(
        VALUES, headers={"Content-Type": "application/x-www-form-urlencoded; Charset=\"UTF-8\""}),
    "multipart": lambda reporter: reporter.send(files={name: (None, value) for name, value in VALUES.items()}),
    "json": lambda reporter: reporter.json(VALUES),
    "json of other types": lambda reporter: reporter.json({**VALUES, "service_id": 13, "allow_unsuspend": True},
                                                          headers={"Content-Type": "Application/JSON;charset=utf8"}),
    "json of ones": lambda reporter: reporter.json({**VALUES, "allow_unsuspend": 1}),
    "chunked": lambda reporter: reporter.form(piece.encode() for piece in requests.models.RequestEncodingMixin._encode_params(VALUES)),
    "action in the query": lambda reporter: reporter.send({k: v for k, v in VALUES.items() if k != "action"}, query="action=create"),
    "the body's action wins": lambda reporter: reporter.send(VALUES, query="action=delete"),
    "the last of several": lambda reporter: reporter.form("category=first&service_id=99&service_ip=x&" + requests.models
                                                          .RequestEncodingMixin._encode_params(VALUES)),
    "json, the last of several": lambda reporter: reporter.json('{"category":["x"],' + json.dumps(VALUES)[1:]),
    "names of no meaning": lambda reporter: reporter.send({**VALUES, "username": "x", "a[b]": "c", "report_id": "5", "categoryx": "y"}),
    "both spellings": lambda reporter: reporter.send(VALUES, headers={"API-ID": GOOD}),
    "API-ID": lambda reporter: reporter.send(VALUES, headers={"API_ID": None, "API-ID": GOOD}),
    "api-id": lambda reporter: reporter.send(VALUES, headers={"API_ID": None, "api-id": GOOD}),
    "api_id": lambda reporter: reporter.send(VALUES, headers={"API_ID": None, "api_id": GOOD}),
}


@pytest.mark.parametrize("kind", BODIES)
def test_every_body_says_the_same(reporter, reports, kind):
    """application/x-www-form-urlencoded, multipart/form-data or application/json; API-ID is the same as API_ID"""
    number = BODIES[kind](reporter).stored()
    row = reports.report(number)
    assert {name: row[name] for name in KEPT} == KEPT


def test_json_null_is_absent(reporter, reports):
    number = reporter.json({**NEEDED, "service_ip": None, "suspend_method": None, "allow_unsuspend": None, "admin_notes": None}).stored()
    assert reports.report(number)["suspend_method"] == "nosuspend"


def test_the_largest_body(reporter, reports):
    """1 MiB: additional_info is mediumtext."""
    text = "x" * (1024 * 1024 - len(encoded(additional_info="")))
    number = reporter.report(additional_info=text).stored()
    assert reports.report(number)["additional_info"] == text


def test_each_credential_reports_as_its_admin(abuse_gateway, reports):
    number = Reporter(abuse_gateway.url, OTHER).report().stored()
    assert reports.report(number)["admin_id"] == 2
    assert reports.log_lines()[-1]["user"] == "bob"


def test_pipelined_reports_are_answered_in_order(abuse_gateway, reports):
    from support.raw import Raw
    with Raw(abuse_gateway.port) as connection:
        for number in range(5):
            body = encoded(category=f"pipelined {number}").encode()
            connection.send(f"POST {PATH} HTTP/1.1\r\nHost: t\r\nAPI_ID: {GOOD}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        ids = [json.loads(connection.reply().body)["report_id"] for _ in range(5)]
    assert [reports.report(number)["category"] for number in ids] == [f"pipelined {number}" for number in range(5)]


def test_http_1_0(abuse_gateway, reports):
    body = encoded().encode()
    reply = exchange(abuse_gateway.port, f"POST {PATH} HTTP/1.0\r\nAPI_ID: {GOOD}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert reply.status == 200 and reports.report(json.loads(reply.body)["report_id"])


# ---- the vendor's example ----------------------------------------------------------------------------------

VENDORS = {"action": "create", "service_id": 12, "category": "Spam", "suspend_method": "suspend", "allow_unsuspend": True,
           "additional_info": "This is additional info", "admin_notes": "These are admin notes"}
VENDORS_KEPT = {"service_id": 12, "service_ip": "192.0.2.12", "category": "Spam", "suspend_method": "nosuspend", "allow_unsuspend": 1,
                "additional_info": "This is additional info", "admin_notes": "These are admin notes"}

PHP = r"""
[$url, $identifier, $how] = array_slice($argv, 1);
$fields = ['action' => 'create', 'service_id' => 12, 'category' => 'Spam', 'suspend_method' => 'suspend', 'allow_unsuspend' => true,
    'additional_info' => 'This is additional info', 'admin_notes' => 'These are admin notes'];
$bodies = ['query' => http_build_query($fields), 'array' => $fields, 'json' => json_encode($fields)];
$headers = ['API_ID: ' . $identifier];
if ($how === 'json') $headers[] = 'Content-Type: application/json';
$ch = curl_init();
curl_setopt($ch, CURLOPT_URL, $url);
curl_setopt($ch, CURLOPT_POST, true);
curl_setopt($ch, CURLOPT_HTTPHEADER, $headers);
curl_setopt($ch, CURLOPT_POSTFIELDS, $bodies[$how]);
curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
$response = curl_exec($ch);
if ($response === false) { fwrite(STDERR, curl_error($ch)); exit(1); }
echo json_encode([curl_getinfo($ch, CURLINFO_RESPONSE_CODE), json_decode($response, true)]);
"""


@pytest.mark.parametrize("how", ["query", "array", "json"])
def test_the_vendor_s_example_by_php_s_curl(abuse_gateway, reports, how):
    """suspend_method=suspend, allow_unsuspend = PHP's true, which http_build_query sends as 1"""
    done = subprocess.run(["php", "-n", "-d", "extension=curl", "-r", PHP, "--", abuse_gateway.url + PATH, GOOD, how],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr + done.stdout
    status, answer = json.loads(done.stdout)
    assert (status, answer["status"]) == (200, "success")
    row = reports.report(answer["report_id"])
    assert {name: row[name] for name in VENDORS_KEPT} == VENDORS_KEPT


def test_the_vendor_s_example_by_requests(reporter, reports):
    """The same; requests writes True."""
    number = reporter.send(VENDORS).stored()
    row = reports.report(number)
    assert {name: row[name] for name in VENDORS_KEPT} == VENDORS_KEPT
