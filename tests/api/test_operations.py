"""spec/operations.md: command line, drain, observability, a schema that changes."""

import json
import pathlib
import re
import signal
import threading
import time
import urllib.parse

import pytest
import requests

from support.answers import BASE, Client, address, basic, credentials
from support.fixture import PREFIX, SECRETS, load_rows, load_structure
from support.gateway import ROOT, Gateway, run_binary
from support.ports import free_port, wait_until
from support.raw import Closed, Raw, raw_request

pytestmark = pytest.mark.operations


# ---- command line --------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments,code", [
    (["version"], 0), (["--help"], 0), (["serve", "--help"], 0), (["check", "--help"], 0), (["healthcheck", "--help"], 0),
    (["version", "--help"], 0), ([], 2), (["nope"], 2), (["serve", "--nope"], 2), (["serve", "extra"], 2), (["serve", "-o"], 2)])
def test_exit_codes(arguments, code):
    """exit codes 0 good, 1 failed, 2 wrong usage; --help everywhere."""
    done = run_binary(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    if "--help" in arguments:
        assert "portcullis" in done.stdout and "Usage" in done.stdout or "usage" in done.stdout
    if code == 2:
        assert done.stderr.strip()


def test_version():
    assert re.search(r"\d+\.\d+\.\d+", run_binary("version").stdout)


@pytest.mark.parametrize("option,named", [
    ("server.nope=1", "server.nope"), ("nope.listen=1", "nope.listen"), ("mysql.workers=many", "mysql.workers"),
    ("http.idle_timeout=5 parsecs", "http.idle_timeout"), ("remote.pages=round", "remote.pages"), ("remote.max_limit=-1", "remote.max_limit"),
    ("server.listen=nonsense:port", "server.listen"), ("http.trusted_proxies=10.0.0.0/99", "http.trusted_proxies"),
    ("http.error_status=sometimes", "http.error_status"), ("log.level=loud", "log.level")])
def test_bad_settings_are_refused(option, named, settings):
    """An unknown section or key, a bad value or unit is an error."""
    words = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    done = run_binary("serve", *words, "-o", f"admin.listen=127.0.0.1:{free_port()}", "-o", option, timeout=15)
    assert done.returncode in (1, 2)
    assert named in done.stderr + done.stdout


def test_the_file_names_every_fault_with_its_line(place):
    """an error with file and line; every problem, not only the first."""
    path = place / "bad.ini"
    path.write_text("[server]\nlisten = 127.0.0.1:1\nfoo = 1\n\n[http]\nidle_timeout = x\n[what]\na = b\n")
    done = run_binary("check", "-c", str(path))
    text = done.stdout + done.stderr
    assert done.returncode in (1, 2)
    assert f"{path}:3" in text and f"{path}:6" in text and (f"{path}:7" in text or f"{path}:8" in text), text


def test_file_environment_and_option_in_order(place, settings, start_gateway):
    """INI file, environment PORTCULLIS_SECTION_KEY, then -o: later ones win."""
    path = place / "good.ini"
    path.write_text("[remote]\nmax_limit = 10\npages = ceil\nbase = /file\n")
    server = Gateway(place / "ini", {**settings, "remote.base": "/option"})
    server.options, plain = (lambda: ["-c", str(path), *plain()]), server.options
    server.start(environment={"PORTCULLIS_REMOTE_MAX_LIMIT": "20", "PORTCULLIS_REMOTE_BASE": "/environment"})
    try:
        client = Client(server.url)
        data = client.send("GET", "/option/api/v1/projects/json", {**credentials(), "limit": "20"}).success().data
        assert data["pages"] == 4
        assert client.send("GET", "/option/api/v1/projects/json", {**credentials(), "limit": "21"}).status == 422
    finally:
        server.stop()


def test_a_secret_from_a_file(place, settings, mariadb, start_gateway):
    """..._FILE for secrets kept in files; and MariaDB over TCP."""
    path = place / "password"
    path.write_text("tcp-secret\n")
    server = start_gateway({"mysql.hosts": f"127.0.0.1:{mariadb.port}"}, drop=("mysql.socket",),
                           environment={"PORTCULLIS_MYSQL_PASSWORD_FILE": str(path)})
    assert Client(server.url).get("projects/100").status == 200
    assert "tcp-secret" not in server.out_text() + server.error_text()


def test_healthcheck(gateway):
    """healthcheck: 0 when the running gateway is well, 1 when there is none."""
    good = run_binary("healthcheck", "-o", f"admin.listen=127.0.0.1:{gateway.admin_port}")
    assert good.returncode == 0, good.stderr
    assert run_binary("healthcheck", "-o", f"admin.listen=127.0.0.1:{free_port()}").returncode == 1


def test_a_port_in_use_is_told(gateway, place, settings):
    server = Gateway(place / "inuse", {**settings, "admin.listen": f"127.0.0.1:{gateway.admin_port}"})
    server.start(wait_ready=False)
    assert server.process.wait(10) == 1
    assert "in use" in (server.error_text() + server.out_text()).lower()


# ---- check ---------------------------------------------------------------------------------------

def check(settings, **more):
    words = [word for key, value in {**settings, **more}.items() for word in ("-o", f"{key}={value}")]
    done = run_binary("check", *words)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def crooked(mariadb):
    load_structure(mariadb, ROOT, "crooked")
    load_rows(mariadb, "crooked", bad_text=False)
    yield lambda sql: mariadb.run_loosely(sql, database="crooked")
    mariadb.run("DROP DATABASE crooked", database=None)


def test_check_of_a_good_database(settings):
    code, text = check(settings)
    assert code == 0, text
    assert "custom_amount" in text, "an extra column is said (the tests' database has some)"


def test_check_names_missing_renamed_and_extra(settings, crooked):
    """Must show: a missing table, a renamed column and an extra column: each, and how to mend it."""
    crooked(f"DROP TABLE {PREFIX}topic")
    crooked(f"ALTER TABLE {PREFIX}timelog CHANGE timelog_note timelog_text text")
    crooked(f"ALTER TABLE {PREFIX}action CHANGE project_id projekt_id int NOT NULL")
    crooked(f"ALTER TABLE {PREFIX}file ADD brand_new_column int NULL")
    code, text = check(settings, **{"mysql.database": "crooked"})
    assert code == 1, text
    for word in (PREFIX + "topic", "topics", "timelog_note", "timelog_text", "project_id", "projekt_id", "brand_new_column"):
        assert word in text, f"{word} in:\n{text}"
    assert "catalog" in text or "remote.catalog" in text or "schema/structure" in text


def test_check_names_what_writing_misses(settings, crooked):
    """remote-api.md section 6: what the rules name and is not there, what each absence switches off, and how to mend it."""
    code, text = check(settings, **{"mysql.database": "crooked"})
    assert code == 0 and "unchecked" not in text and "creating is off" not in text and "deleted along" not in text, text
    crooked("DROP TABLE tblclients, tblactivitylog, portcullis_idempotency")
    crooked(f"ALTER TABLE {PREFIX}project MODIFY project_id int NOT NULL")
    crooked(f"ALTER TABLE {PREFIX}timelog DROP COLUMN invoice_id")
    crooked(f"ALTER TABLE {PREFIX}topic CHANGE action_id aktion_id int NOT NULL")
    crooked(f"ALTER TABLE {PREFIX}action MODIFY action_priority varchar(8) NOT NULL")
    code, text = check(settings, **{"mysql.database": "crooked"})
    assert code == 1, "topics are off for want of a link to actions: " + text
    for line in (
            "warning  projects: `client_userid` is written unchecked: it names rows of `tblclients` by `id`, which is not there",
            "warning  projects: creating is off: the key `project_id` does not count by itself (AUTO_INCREMENT)",
            f"warning  timelogs: table `{PREFIX}timelog` has no column `invoice_id`",
            "warning  actions: the bounds of `action_priority` are not looked at: it is varchar(8), and no integer",
            "warning  actions: `topics` that hang here are not deleted along",
            "warning  tblactivitylog: the table or one of its columns is missing",
            "warning  portcullis_idempotency: the table is missing or another: requests with Idempotency-Key are refused (501)"):
        assert line in text, f"{line} in:\n{text}"


def test_check_names_every_slip_in_the_rules(settings, place):
    """operations.md: check "lists every problem with file and line, not only the first"."""
    catalog = json.loads((ROOT / "catalog/wbteampro.json").read_text())
    resources = catalog["resources"]
    resources["projects"]["rules"].update(bounds={"project_complete": [100, 0]}, dependants=["actions", "timelog"])
    resources["actions"]["rules"]["references"]["parent_action_id"] = {"resource": "topics"}
    resources["topics"]["hidden"] = ["action_id"]
    resources["files"]["methods"] = ["GET", "POTS"]
    path = place / "slips.json"
    path.write_text(json.dumps(catalog))
    code, text = check(settings, **{"remote.catalog": str(path)})
    assert code == 1
    for line in ("projects: project_complete: must be two integers, the lesser first",
                 "projects: timelog: no such resource is in the catalog",
                 "actions: tree: its column must be among the references, to this resource",
                 "actions: references: lead through too many resources, or in a circle",
                 "topics: actions: the link's columns must be sent where rows are written",
                 "files: methods: must be of GET, POST, PUT and DELETE"):
        assert f"{path}: {line}" in text, f"{line} in:\n{text}"


def test_what_check_calls_off_is_off(start_gateway, crooked):
    """data-model.md: "other absences are warnings and switch off what needs them"."""
    crooked(f"ALTER TABLE {PREFIX}project MODIFY project_id int NOT NULL")
    client = Client(start_gateway({"mysql.database": "crooked"}).url)
    client.ask("projects", {"project_name": "x"}, method="POST").expect(503, "Service Unavailable", "resource_off")
    client.ask("projects/100", {"project_name": "x"}, method="PUT").success()
    (row,) = [row for row in client.get("api/resources").success().response["resources"] if row["name"] == "projects"]
    assert row["methods"] == ["GET", "PUT", "DELETE"]
    assert not any(field["required"] for field in row["fields"])


def test_a_resource_without_its_table_is_off_and_the_rest_is_served(start_gateway, crooked):
    """data-model.md: a resource that lacks an essential is off (503 naming the resource), the rest is served."""
    crooked(f"DROP TABLE {PREFIX}topic")
    client = Client(start_gateway({"mysql.database": "crooked"}).url)
    client.get("projects/100").success()
    answer = client.get("topics").expect(503, "Service Unavailable", "resource_off")
    assert "topics" in answer.http.text
    client.get("projects/100/topics").expect(503)
    assert "topics" not in [row["name"] for row in client.get("api/resources").success().response["resources"]]


def test_what_comes_back_is_served_without_a_restart(start_gateway, crooked, mariadb):
    """operations.md: a table that was missing at the start, or could not be seen, is looked for again once somebody asks for it;
    what stays missing is logged once."""
    crooked(f"RENAME TABLE {PREFIX}topic TO away_topic, portcullis_idempotency TO away_keys")
    server = start_gateway({"mysql.database": "crooked"})
    client = Client(server.url)
    keyed = {"headers": {"Idempotency-Key": "once"}, "method": "POST"}
    client.ask("projects", {"project_name": "x"}, **keyed).expect(501, code="idempotency_unavailable")
    client.get("topics").expect(503, code="resource_off")
    reads = server.metrics()["portcullis_schema_reads_total"]
    wait_until(lambda: server.metrics()["portcullis_schema_reads_total"] > reads, 20, "the schema is read again")
    wait_until(lambda: client.get("topics").http.status_code == 503, 20, "it stays off while it is missing")
    told = [line for line in server.log_lines() if line["event"] == "schema" and f"`{PREFIX}topic` is missing" in line["message"]]
    assert len(told) == 1
    mariadb.run(f"RENAME TABLE away_topic TO {PREFIX}topic, away_keys TO portcullis_idempotency", database="crooked")
    wait_until(lambda: client.get("topics").http.status_code == 200, 20, "topics are served")
    client.ask("projects", {"project_name": "x"}, **keyed).success()


def test_a_missing_database(settings):
    code, text = check(settings, **{"mysql.database": "nowhere"})
    assert code == 1 and "nowhere" in text


def test_a_database_user_that_may_only_read(start_gateway, mariadb):
    """README: with SELECT alone it serves reads; what it may not write is 503, and the log names the table."""
    mariadb.run("CREATE USER reader@localhost IDENTIFIED BY 'readers-word'")
    try:
        mariadb.run("GRANT SELECT ON whmcs.* TO reader@localhost")
        server = start_gateway({"mysql.user": "reader", "mysql.password": "readers-word"})
        client = Client(server.url)
        client.get("projects/100").success()
        before = mariadb.run("SELECT COUNT(*) FROM tblactivitylog"), mariadb.run(f"SELECT COUNT(*) FROM {PREFIX}project")
        answer = client.ask("projects", {"project_name": "not to be stored"}, method="POST")
        answer.expect(503, "Service Unavailable", "database_denied")
        assert "reader" not in answer.http.text and "readers-word" not in server.out_text()
        server.find_log(f"{PREFIX}project")
        client.get("projects/100").success()
        assert before == (mariadb.run("SELECT COUNT(*) FROM tblactivitylog"), mariadb.run(f"SELECT COUNT(*) FROM {PREFIX}project"))
    finally:
        mariadb.run("DROP USER reader@localhost")


def test_the_schema_changes_while_running(start_gateway, crooked):
    """A schema change while running (error 1054/1146) triggers one re-read."""
    server = start_gateway({"mysql.database": "crooked"})
    client = Client(server.url)
    assert "project_notes" in client.get("projects/100").success().response["project"]
    crooked(f"ALTER TABLE {PREFIX}project CHANGE project_notes project_remarks text")
    answer = client.get("projects/100")
    assert answer.status in (200, 503), answer.http.text
    wait_until(lambda: client.get("projects/100").status == 200, 5, "served again")
    row = client.get("projects/100").success().response["project"]
    assert row["project_remarks"] == "50% off_now" and "project_notes" not in row
    client.get("projects", {"project_notes": "x"}).expect(400, code="unknown_parameter")
    assert client.get("projects", {"project_remarks": "needle"}).success().data["total"] == 3
    crooked(f"ALTER TABLE {PREFIX}project DROP COLUMN project_type")
    wait_until(lambda: client.get("projects").status == 200, 5, "served again")
    assert "project_type" not in client.get("projects/100").success().response["project"]
    crooked(f"RENAME TABLE {PREFIX}topic TO {PREFIX}topic_away")
    assert client.get("topics").status in (503, 500)
    wait_until(lambda: client.get("topics").status == 503, 5, "topics are off")
    assert client.get("projects/100").status == 200
    crooked(f"RENAME TABLE {PREFIX}topic_away TO {PREFIX}topic")
    assert server.metrics()["portcullis_schema_reads_total"] < 60, "no storm of re-reads"


# ---- admin listener --------------------------------------------------------------------------------

def test_admin_paths_are_not_public(api, gateway):
    for path in ("/metrics", "/healthz", "/readyz", "/status"):
        assert api.send("GET", path).status == 404
        assert b"portcullis_requests_total" not in api.send("GET", path).http.content
    assert requests.get(gateway.admin + "/healthz", timeout=5).status_code == 200
    assert requests.get(gateway.admin + "/readyz", timeout=5).status_code == 200
    assert requests.get(gateway.admin + "/nope", timeout=5).status_code == 404
    assert requests.get(gateway.admin + address("projects")[0], timeout=5).status_code == 404
    assert requests.post(gateway.admin + "/metrics", timeout=5).status_code == 405


def test_metrics_count(start_gateway):
    server = start_gateway()
    client = Client(server.url)
    before = server.metrics()
    for _ in range(5):
        client.get("projects/100").success()
    client.get("projects/7777").expect(404)
    client.get("projects", user=None, query=credentials("nobody", "x")).expect(401)
    time.sleep(0.2)
    after = server.metrics()

    def requests_of(*labels):
        def total(metrics):
            return sum(value for name, value in metrics.items() if name.startswith("portcullis_requests_total{")
                       and all(label in name for label in labels))
        return total(after) - total(before)
    assert requests_of('code="200"', 'method="GET"', "projects") == 5
    assert requests_of('code="404"') == 1 and requests_of('code="401"') == 1
    for name in ("portcullis_connections_accepted_total", "portcullis_sent_bytes_total", "portcullis_received_bytes_total",
                 "portcullis_database_statements_total", "portcullis_auth_failures_total"):
        assert after[name] > before[name], name
    phases = {re.search('phase="([a-z]+)"', name).group(1) for name in after if "portcullis_request_phase_seconds" in name}
    assert phases >= {"parse", "auth", "queue", "db", "render", "write"} - {"auth"}
    assert after["portcullis_pool_workers"] == 4


def test_metrics_are_prometheus_text(gateway):
    answer = requests.get(gateway.admin + "/metrics", timeout=5)
    assert answer.headers["Content-Type"].startswith("text/plain")
    kinds = {}
    for line in answer.text.splitlines():
        if line.startswith("# TYPE"):
            _, _, name, kind = line.split(" ")
            assert name not in kinds, f"{name} declared twice"
            kinds[name] = kind
        elif line and not line.startswith("#"):
            assert re.fullmatch(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? [-+0-9.eEInfNa]+', line), line
    assert {"counter", "gauge", "histogram"} <= set(kinds.values())


def test_metric_labels_are_bounded(start_gateway):
    """route is a chain's shape, from a bounded set: strangers cannot make series."""
    server = start_gateway()
    client = Client(server.url)
    for number in range(300):
        client.send("GET", f"/x{number}")
        client.get(f"nope{number}", user=None)
        client.get(f"projects/{number + 1}")
    time.sleep(0.2)
    assert len([name for name in server.metrics() if name.startswith("portcullis_requests_total")]) < 60


# ---- log ---------------------------------------------------------------------------------------------

def test_access_line(start_gateway):
    """One access line a request: time, request id, address, admin, route, code, bytes, ms by phase."""
    server = start_gateway()
    Client(server.url).get("projects/100/actions", headers={"X-Request-Id": "seen-in-the-log",
                                                           "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
    line = json.loads(server.find_log("seen-in-the-log"))
    text = json.dumps(line)
    for word in ("127.0.0.1", "alice", "projects/{id}/actions", "GET", "0af7651916cd43dd8448eb211c80319c", "200"):
        assert word in text, (word, line)
    assert any("ms" in name for name in line) and "time" in line
    assert len([text for text in server.out_text().splitlines() if "seen-in-the-log" in text]) == 1
    for text in server.out_text().splitlines():
        json.loads(text)


def test_no_secret_is_written_anywhere(start_gateway, redis_server):
    """Plain passwords, hashes, API_ID and Authorization never reach a log, a metric, or an error."""
    server = start_gateway({"log.level": "debug"})
    client = Client(server.url)
    word, digest = "PLANTEDplain77", "f00dfeed" * 4
    path = address("projects/100")[0]
    odd = "".join(f"%{ord(letter):02x}" for letter in digest)
    asks = [
        ("GET", path, {"username": "alice", "password": digest}, {}), ("GET", path, {"username": "alice", "password": word}, {}),
        ("GET", path, f"username=alice&password={odd}", {}), ("GET", path, f"username=alice&pass%77ord={digest}", {}),
        ("GET", path, f"params[password]={digest}&password={digest}", {}), ("GET", path, {"params": json.dumps({"password": digest})}, {}),
        ("GET", path, "params=" + urllib.parse.quote(json.dumps({"username": "alice", "password": digest})), {}),
        ("GET", path, f"PASSWORD={digest}", {}), ("GET", path, f"password[]={digest}", {}), ("GET", path, f"password={digest}&password={word}", {}),
        ("POST", path, {}, {"data": {"username": "alice", "password": digest, "method": "get"}}),
        ("POST", path, {}, {"data": json.dumps({"username": "alice", "password": digest, "params": {}, "method": "get"}),
                            "headers": {"Content-Type": "application/json"}}),
        ("POST", path, {}, {"data": '{"password":"%s",' % digest, "headers": {"Content-Type": "application/json"}}),
        ("GET", path, {}, {"headers": basic("alice", word)}), ("GET", path, {}, {"headers": {"Authorization": "Bearer " + digest}}),
        ("GET", path, {}, {"headers": {"API_ID": digest, "X-Api-Key": digest}}), ("GET", path, credentials(), {}),
        ("GET", "/nowhere", {"password": digest}, {}), ("GET", BASE + "/api.php", f"action=v1.projects.json&password={digest}", {}),
        ("DELETE", path, {"password": digest}, {}), ("GET", path, f"x=%zz&password={digest}&", {}), ("GET", path, f"?password={digest}", {}),
    ]
    answers = [client.send(method, where, query, **more) for method, where, query, more in asks]
    for data in (f"GET {path}?password={digest} HTTP/1.1\r\n\r\n", f"GET {path}?password={digest} HTTP/9.1\r\nHost: t\r\n\r\n",
                 f"GET {path}?password={digest}#x HTTP/1.1\r\nHost: t\r\n\r\n", f"GET {path}?password={digest}\x01 HTTP/1.1\r\nHost: t\r\n\r\n",
                 f"GET {path} HTTP/1.1\r\nHost: t\r\nAuthorization : Basic {digest}\r\n\r\n",
                 f"GET {path} HTTP/1.1\r\nHost: t\r\nContent-Length: {digest}\r\n\r\n"):
        with Raw(server.port) as connection:
            answers.append(connection.send(data.encode()).reply().body)
    time.sleep(0.5)
    from support.fixture import PASSWORDS, admins, md5
    written = server.out_text() + server.error_text() + requests.get(server.admin + "/metrics", timeout=5).text
    written += redis_server.everything().decode("latin-1")
    encoded = basic("alice", word)["Authorization"].split()[1]
    stored = [row[3] for row in admins() if len(row[3]) > 20]
    for secret in (word, digest, odd, encoded, md5(PASSWORDS["alice"]), *stored, *SECRETS):
        assert secret not in written, secret
    for answer in answers:
        body = answer if isinstance(answer, bytes) else answer.http.content
        assert word.encode() not in body
        if b"bad_content_length" not in body:
            assert digest.encode() not in body, body[:400]


def test_no_secret_is_in_the_command_line(start_gateway, mariadb):
    """No secret in /proc/PID/cmdline: what was given by -o is starred over once it is read."""
    secrets = {"mysql.password": "PLANTEDmysql", "redis.url": "redis://:PLANTEDredis@127.0.0.1:1", "admin.token": "PLANTEDtokenPLANTEDtoken"}
    server = start_gateway({**secrets, "mysql.user": "root"}, wait_ready=False)
    wait_until(lambda: "ready" in server.out_text(), 30, "it has started")
    line = pathlib.Path(f"/proc/{server.process.pid}/cmdline").read_text()
    assert "PLANTED" not in line
    assert "mysql.password=****" in line and f"server.listen=127.0.0.1:{server.port}" in line
    time.sleep(0.5)
    assert "PLANTED" not in server.out_text() + server.error_text()
    for command in ("check", "healthcheck"):
        run = run_binary(command, *server.options())
        assert "PLANTED" not in run.stdout + run.stderr


def test_log_level_and_access_may_be_off(start_gateway):
    server = start_gateway({"log.access": "off", "log.level": "warning"})
    Client(server.url).get("projects/100", headers={"X-Request-Id": "never-written"})
    time.sleep(0.5)
    assert "never-written" not in server.out_text()


# ---- SIGTERM -------------------------------------------------------------------------------------------

def test_sigterm_lets_requests_in_flight_finish(start_gateway, mariadb):
    """requests in flight finish, exit 0; the answer says Connection: close."""
    server = start_gateway()
    lock = mariadb.connect("whmcs")
    lock.cursor().execute(f"LOCK TABLES {PREFIX}topic WRITE")
    try:
        with Raw(server.port, timeout=20) as waiting, Raw(server.port) as partial, Raw(server.port) as idle:
            waiting.send(raw_request("topics"))
            partial.send(raw_request("projects/100")[:60])
            idle.send(raw_request("projects/100")).reply()
            time.sleep(0.3)
            server.terminate()
            time.sleep(0.5)
            assert server.process.poll() is None, "a request is in flight"
            assert server.readyz() in (503, None)
            lock.cursor().execute("UNLOCK TABLES")
            reply = waiting.reply()
            assert reply.status == 200 and reply.field("Connection") == "close"
            partial.send(raw_request("projects/100")[60:])
            assert partial.reply().status == 200, "no request of which a byte was read is lost"
            assert idle.closed_within(3)
        assert server.process.wait(10) == 0
        with pytest.raises((ConnectionError, Closed)):
            Raw(server.port)
    finally:
        lock.close()


def test_sigterm_answers_every_request_that_was_read(start_gateway, mariadb):
    """No request of which a byte was read is lost: those pipelined behind one that takes long; close is said by the last."""
    server = start_gateway({"mysql.read_deadline": "20s"})
    lock = mariadb.connect("whmcs")
    lock.cursor().execute(f"LOCK TABLES {PREFIX}topic WRITE")
    try:
        with Raw(server.port, timeout=20) as connection:
            connection.send(raw_request("topics") + raw_request("projects/100") * 7)
            server.terminate()
            wait_until(lambda: server.readyz() is None, 10, "its listeners are closed")
            lock.cursor().execute("UNLOCK TABLES")
            replies = [connection.reply() for _ in range(8)]
            assert [reply.status for reply in replies] == [200] * 8
            assert [reply.field("Connection") for reply in replies] == [None] * 7 + ["close"]
            assert connection.rest() == b""
        assert server.process.wait(10) == 0
    finally:
        lock.close()


def test_sigterm_when_idle_is_quick(start_gateway):
    server = start_gateway()
    started = time.monotonic()
    server.terminate()
    assert server.process.wait(10) == 0 and time.monotonic() - started < 3


def test_sigint_too(start_gateway):
    server = start_gateway()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(10) == 0


def test_drain_delay(start_gateway):
    """/readyz fails, accepting goes on for server.drain_delay with Connection: close."""
    server = start_gateway({"server.drain_delay": "2s"})
    server.terminate()
    time.sleep(0.5)
    assert server.readyz() == 503
    with Raw(server.port) as connection:
        reply = connection.send(raw_request("projects/100")).reply()
        assert reply.status == 200 and reply.field("Connection") == "close"
    assert server.process.wait(10) == 0


def test_drain_is_bounded(start_gateway, mariadb):
    """requests in flight finish within server.drain; then it ends all the same."""
    server = start_gateway({"server.drain": "1s", "mysql.read_deadline": "20s"})
    lock = mariadb.connect("whmcs")
    lock.cursor().execute(f"LOCK TABLES {PREFIX}topic WRITE")
    try:
        with Raw(server.port) as waiting:
            waiting.send(raw_request("topics"))
            time.sleep(0.3)
            started = time.monotonic()
            server.terminate()
            server.process.wait(15)
            assert time.monotonic() - started < 10
    finally:
        lock.close()


@pytest.mark.slow
def test_no_answer_is_lost_at_sigterm_under_load(start_gateway):
    """No request of which a byte was read is lost."""
    server = start_gateway()
    failures, answered, stop = [], [0], threading.Event()

    def work():
        client = Client(server.url)
        while not stop.is_set():
            try:
                if client.get("projects/100").status != 200:
                    failures.append("status")
                answered[0] += 1
            except requests.ConnectionError as error:
                if "refused" not in str(error) and "Connection aborted" not in str(error):
                    failures.append(str(error))
                if "refused" in str(error):
                    return
            except requests.RequestException as error:
                failures.append(repr(error))
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.7)
    server.terminate()
    assert server.process.wait(15) == 0
    stop.set()
    for thread in threads:
        thread.join()
    assert answered[0] > 50 and not failures, failures[:5]
