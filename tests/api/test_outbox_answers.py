"""spec/abuse-api.md, "Suspension": what WHMCS may answer, and what becomes of the row, the report and the metrics each time.

The fake WHMCS is the tests' own server; rows are put into the table as the endpoint puts them.
"""

import pathlib
import re
import socket

import pytest

from support.gateway import run_binary
from support.outbox import IDENTIFIER, SECRET, Outbox, settings_for
from support.ports import free_port, wait_until
from support.whmcs import Authority, Whmcs

GIVEN_UP = {  # behaviour → what the row says at its end
    "error": "WHMCS refuses: Service ID Not Found",
    "error_403": "WHMCS refuses (HTTP 403): Invalid IP 127.0.0.1",
    "error_without_message": "WHMCS refuses: without a message",
    "text": "HTTP 200, and no answer of WHMCS's API: is abuse.whmcs_url right?",
    "list": "HTTP 200, and no answer of WHMCS's API",
    "other_type": "HTTP 200, and no answer of WHMCS's API",
    "empty": "HTTP 200, and no answer of WHMCS's API",
    "cut": "no answer: transfer closed with 3 bytes remaining to read",
    "http_500": "HTTP 500, whatever its body says",
    "ten_mib": "the answer is longer than 64 KiB",
    "endless": "the answer is longer than 64 KiB",
    "endless_head": "the answer is longer than 64 KiB",
    "drip": "no answer: Operation timed out",
    "hang": "no answer: Operation timed out",
    "close": "no answer: Empty reply from server",
    "reset": "no answer: Recv failure: Connection reset by peer",
    "garbage": "no answer: Received HTTP/0.9 when not allowed",
    "redirect": "HTTP 302: a redirect, which is not followed; set abuse.whmcs_url to where it leads",
    "redirect_307": "HTTP 307: a redirect, which is not followed",
}
GOOD = ("success", "success_with_mark", "success_chunked")


@pytest.fixture(scope="module")
def outbox(mariadb):
    return Outbox(mariadb, "outbox_answers")


@pytest.fixture(scope="module")
def whmcs(mariadb):
    fake = Whmcs(mariadb=mariadb, database="outbox_answers")
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def server(module_gateway, outbox, whmcs):
    return module_gateway(settings_for(whmcs, {"mysql.database": outbox.database, "log.level": "debug"}))


@pytest.fixture(scope="module")
def rows(server, outbox, whmcs):
    """One row a behaviour, all at once: behaviour → id."""
    made = {}
    for behaviour in (*GIVEN_UP, *GOOD):
        service = outbox.service()
        whmcs.behave(service, behaviour)
        made[behaviour] = outbox.add(service)
    return made


@pytest.mark.parametrize("behaviour", GOOD)
def test_a_success_is_written_down(rows, outbox, whmcs, behaviour):
    row = outbox.ended(rows[behaviour])
    assert row["last_error"] == "" and row["attempts"] == 1 and row["claimed_by"]
    status, suspended_at = outbox.report_of(row["id"])
    assert status == "open" and suspended_at is not None
    service = row["service_id"]
    assert len(whmcs.of(service)) == 1
    assert outbox.activity(service) == [f"portcullis: suspension of service {service} for abuse report {row['report_id']}: done"]


@pytest.mark.parametrize("behaviour", GIVEN_UP)
def test_what_is_no_success_is_tried_again_and_given_up(rows, outbox, whmcs, behaviour):
    """retried, given up after abuse.max_attempts with the reason kept."""
    row = outbox.ended(rows[behaviour], 120)
    assert row["last_error"].startswith(GIVEN_UP[behaviour]) and row["attempts"] == 2
    assert outbox.report_of(row["id"])[1] is None
    calls = whmcs.of(row["service_id"])
    assert len(calls) == 2 and calls[1].time - calls[0].time >= 0.5
    assert all("includes/api.php HTTP/1.1" in call.path and "again" not in call.path for call in calls)
    wait_until(lambda: [line for line in outbox.activity(row["service_id"]) if ": given up: " in line], 20, "the line in the log")


def test_a_claim_is_there_before_whmcs_is_asked(rows, outbox, whmcs):
    for number in rows.values():
        for call in whmcs.of(outbox.ended(number, 120)["service_id"]):
            assert call.claimed_by and 0 <= call.lease_age <= 8


def test_what_is_sent(rows, outbox, whmcs):
    """action=ModuleSuspend, serviceid, suspendreason, responsetype=json, with identifier and secret, as a form."""
    service = outbox.service()
    reason = "Spam & more: 100% ü 😀 \"quoted\"\nsecond line + = ;"
    outbox.ended(outbox.add(service, reason=reason))
    call, = whmcs.of(service)
    assert call.path == "POST /whmcs/includes/api.php HTTP/1.1"
    assert call.form == {"identifier": IDENTIFIER, "secret": SECRET, "responsetype": "json", "action": "ModuleSuspend",
                         "serviceid": str(service), "suspendreason": reason}
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    assert call.headers["user-agent"].startswith("portcullis/") and "expect" not in call.headers


def test_nothing_below_repeats_a_request(start_gateway, mariadb):
    """never twice within a valid lease: libcurl sends again what was lost on a connection that it had kept."""
    outbox = Outbox(mariadb, "outbox_kept")
    fake = Whmcs(mariadb=mariadb, database=outbox.database)
    start_gateway(settings_for(fake, {"mysql.database": outbox.database, "abuse.max_attempts": "1"}))
    for behaviour in ("success_kept", "close", "success_kept", "reset"):
        service = outbox.service()
        fake.behave(service, behaviour)
        row = outbox.ended(outbox.add(service))
        assert bool(row["last_error"]) == (behaviour in ("close", "reset")) and len(fake.of(service)) == 1
    fake.close()


@pytest.mark.parametrize("size", [0, 60000])
def test_a_reason_of_any_length(server, outbox, whmcs, size):
    service = outbox.service()
    outbox.ended(outbox.add(service, reason="ä" * (size // 2)))
    assert whmcs.of(service)[0].form["suspendreason"] == "ä" * (size // 2)


def test_an_e_mail(server, outbox, whmcs):
    """SendEmail (messagename = the template, id = service); the report is not marked as suspended, and may be closed or gone."""
    for status in ("open", "closed"):
        service = outbox.service()
        number = outbox.add(service, action="SendEmail", reason="Abuse Notice", method="timelimit", status=status)
        assert outbox.ended(number)["last_error"] == ""
        call, = whmcs.of(service)
        assert (call.form["action"], call.form["messagename"], call.form["id"]) == ("SendEmail", "Abuse Notice", str(service))
        assert "serviceid" not in call.form and outbox.report_of(number)[1] is None


def test_a_secret_that_comes_back_is_told_to_nobody(server, outbox, whmcs):
    service = outbox.service()
    whmcs.behave(service, "secret_back")
    row = outbox.ended(outbox.add(service))
    stars = "*" * len(SECRET) + " is not the secret of " + "*" * len(IDENTIFIER)
    assert row["last_error"] == "WHMCS refuses: " + stars
    assert "outbox_given_up" in server.find_log("given up: WHMCS refuses: " + stars)


def test_a_huge_message_is_cut_and_made_one_line(server, outbox, whmcs):
    service = outbox.service()
    whmcs.behave(service, "huge_message")
    error = outbox.ended(outbox.add(service))["last_error"]
    assert error.startswith("WHMCS refuses: ä ä ä ") and error.endswith("…") and len(error.encode()) <= 540


def test_no_secret_anywhere(rows, server, outbox):
    """the secret is in no log line, no argument and no metric, nor in the database."""
    for number in rows.values():
        outbox.ended(number, 120)
    command = pathlib.Path(f"/proc/{server.process.pid}/cmdline").read_text()
    texts = [server.out_text(), server.error_text(), command, str(server.metrics()), str(outbox.run("SELECT * FROM portcullis_outbox")),
             str(outbox.run("SELECT * FROM tblactivitylog"))]
    for text in texts:
        assert SECRET not in text and IDENTIFIER not in text
    assert "abuse.whmcs_secret=***" in command


def test_metrics_count_it_all(rows, server, outbox, whmcs):
    for number in rows.values():
        outbox.ended(number, 120)
    ended = dict(outbox.run("SELECT IF(last_error = '', 'done', 'given_up'), COUNT(*) FROM portcullis_outbox "
                            "WHERE done_at IS NOT NULL GROUP BY 1"))

    def agree():
        metrics = server.metrics()
        calls = len(whmcs.calls)
        return (metrics["portcullis_outbox_done_total"] == ended["done"] and metrics["portcullis_outbox_pending"] == 0
                and metrics["portcullis_outbox_given_up_total"] == ended["given_up"] and metrics["portcullis_outbox_attempts_total"] == calls
                and metrics["portcullis_outbox_failures_total"] == calls - ended["done"]
                and metrics["portcullis_outbox_oldest_seconds"] == 0)
    wait_until(agree, 20, f"metrics are those of {ended}: {server.metrics()}")


# ---- certificates --------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def authority(place):
    return Authority(place / "outbox-certificates")


@pytest.mark.parametrize("name,how,trusted,words", [
    ("good", {}, True, None),
    ("unknown", {}, False, "unable to get local issuer certificate"),
    ("expired", {"days": -1}, True, "certificate has expired"),
    ("other-name", {"alternative": "DNS:other.example.org"}, True, "127.0.0.1"),
    ("self-signed", {"signed": False}, True, "self-signed certificate"),
])
def test_the_certificate_is_checked(start_gateway, mariadb, authority, name, how, trusted, words):
    """certificate checks on; nothing is sent to a server that does not pass."""
    outbox = Outbox(mariadb, "outbox_tls")
    fake = Whmcs(authority.make(name, **how), mariadb, outbox.database)
    try:
        start_gateway(settings_for(fake, {"mysql.database": outbox.database,
                                          "abuse.whmcs_ca": authority.certificate if trusted else ""}))
        row = outbox.ended(outbox.add())
        assert (words is None) == (row["last_error"] == "") and (words or "") in row["last_error"], row
        assert len(fake.calls) == (1 if words is None else 0)
    finally:
        fake.close()


@pytest.mark.parametrize("kind,words", [("refused", "Couldn't connect to server"), ("plain", "SSL"), ("mute", "timed out"),
                                        ("nowhere", "Could not resolve host")])
def test_nobody_there(start_gateway, mariadb, kind, words):
    outbox = Outbox(mariadb, "outbox_nobody")
    with socket.create_server(("127.0.0.1", 0)) as mute:  # connects, and is never accepted
        fake = Whmcs()
        url = {"refused": f"http://127.0.0.1:{free_port()}", "plain": fake.url.replace("http:", "https:"),
               "mute": f"https://127.0.0.1:{mute.getsockname()[1]}", "nowhere": "https://whmcs.invalid"}[kind]
        start_gateway(settings_for(None, {"mysql.database": outbox.database, "abuse.whmcs_url": url}))
        row = outbox.ended(outbox.add())
        assert words in row["last_error"] and row["attempts"] == 2 and not fake.calls
        fake.close()


def test_no_proxy_of_the_environment_sees_the_secret(start_gateway, mariadb):
    outbox = Outbox(mariadb, "outbox_proxy")
    proxy, fake = Whmcs(), Whmcs()
    names = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy")
    start_gateway(settings_for(fake, {"mysql.database": outbox.database}), environment={name: proxy.url for name in names})
    assert outbox.ended(outbox.add())["last_error"] == "" and len(fake.calls) == 1 and not proxy.calls
    fake.close()
    proxy.close()


# ---- settings ------------------------------------------------------------------------------------

@pytest.mark.parametrize("key,value", [
    ("whmcs_url", "panel.example.org"), ("whmcs_url", "ftp://panel"), ("whmcs_url", "https://"), ("whmcs_url", "https://a b/"),
    ("whmcs_url", "https://user:word@panel/"), ("whmcs_url", "https://panel/?a=b"), ("whmcs_url", "https://panel/#x"),
    ("whmcs_url", "https://panel/ü"), ("whmcs_secret", "two\nlines"), ("whmcs_identifier", "a\tb"), ("max_attempts", "0"),
    ("lease", "1s"), ("timeout", "119 s"), ("longest_pause", "29 s"), ("dispatch", "maybe"), ("timelimit_minutes", "0"),
    ("email_template", "a\x7fb")])
def test_wrong_settings_are_told(key, value):
    done = run_binary("check", "-o", f"abuse.{key}={value}")
    assert done.returncode == 1 and f"abuse.{key}" in done.stderr, done.stderr
    if "secret" in key or "identifier" in key:
        assert value not in done.stderr


def test_secrets_come_from_files(start_gateway, mariadb, place, whmcs):
    outbox = Outbox(mariadb, "outbox_files")
    fake = Whmcs()
    path = place / "whmcs-secret"
    path.write_text(SECRET + "\n")
    given = settings_for(fake, {"mysql.database": outbox.database})
    given.pop("abuse.whmcs_secret")
    server = start_gateway(given, environment={"PORTCULLIS_ABUSE_WHMCS_SECRET_FILE": str(path)})
    assert outbox.ended(outbox.add())["last_error"] == ""
    assert fake.calls[0].form["secret"] == SECRET and not re.search(re.escape(SECRET), server.out_text())
    fake.close()
