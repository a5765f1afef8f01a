"""spec/abuse-api.md: success is answered only after the commit; GW007 means not stored, unless it says that nobody knows, and is
never repeated by the gateway (spec/operations.md, Failure behaviour)."""

import json
import threading
import time
import urllib.parse

import pytest

from support import abuse
from support.abuse import GOOD, NEEDED, PATH, REPORTS, Reporter, Store
from support.hurt import COMMIT, FATES, held, settled
from support.ports import wait_until
from support.raw import Closed, Raw
from support.sql_proxy import ANSWER, QUESTION, Nth, Once

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def load_own(server):
    abuse.load(server)


@pytest.fixture
def reports(own):
    store = Store(own)
    store.clear()
    yield store
    store.connection.close()


@pytest.fixture
def start(start_gateway):
    def begin(path, more=None):
        server = start_gateway({"mysql.socket": str(path), "mysql.database": abuse.DATABASE, "mysql.workers": "1",
                                "mysql.connect_timeout": "1s", "mysql.read_deadline": "2s", "auth.recheck": "1h", "auth.cache_ttl": "1h",
                                "ban.table": "read", "ban.table_poll": "1h", **(more or {})})
        reporter = Reporter(server.url)
        wait_until(lambda: reporter.report(service_id="99").status == 404, 20, "serving")
        return server, reporter
    return begin


def is_unknown(answer):
    return answer.status == 503 and "may be stored or not" in answer.description


@FATES
def test_a_lost_commit_is_told_and_not_repeated(own, proxy, start, reports, fate):
    """Stored once, with all that goes with it, where the commit arrived; else nothing of it."""
    server, reporter = start(proxy.path)
    proxy.judge = Once(fate, COMMIT)
    answer = reporter.report(suspend_method="immediate").refused(503, "GW007")
    assert is_unknown(answer) and "not tried again" in answer.description and int(answer.headers["Retry-After"]) >= 1
    assert proxy.judge.seen == 1
    settled(own)
    stored = 0 if fate == QUESTION else 1
    assert reports.counts() == {REPORTS: stored, "portcullis_outbox": stored, "portcullis_idempotency": 0, "tblactivitylog": stored}
    assert server.metrics()["portcullis_database_unknown_commits_total"] == 1


@FATES
def test_with_a_key_the_retry_ends_exactly_once(own, proxy, start, reports, fate):
    _, reporter = start(proxy.path)
    key = {"Idempotency-Key": f"lost-{fate}"}
    proxy.judge = Once(fate, COMMIT)
    assert is_unknown(reporter.report(headers=key, suspend_method="timelimit"))
    proxy.judge = None
    number = reporter.report(headers=key, suspend_method="timelimit").stored()
    assert reports.run(f"SELECT id FROM {REPORTS}") == ((number,),)
    assert reports.counts() == {REPORTS: 1, "portcullis_outbox": 1, "portcullis_idempotency": 1, "tblactivitylog": 1}


@pytest.mark.parametrize("fate", [QUESTION, ANSWER])
@pytest.mark.parametrize("more", [{}, {"abuse.dedup_window": "1h", "abuse.email_template": "t"}], ids=["plain", "all"])
def test_lost_at_any_moment_all_or_nothing(own, proxy, start, reports, fate, more):
    """The connection is cut at the first packet, at the second, and so on."""
    _, reporter = start(proxy.path, more)
    outcomes = []
    for number in range(1, 60):
        wait_until(lambda: reporter.report(service_id="99").status == 404, 20, "serving")
        reports.clear()
        proxy.judge = strike = Nth(fate, number)
        answer = reporter.report(category=f"cut {number}", suspend_method="timelimit", headers={"Idempotency-Key": f"{fate}-{number}"})
        proxy.judge = None
        settled(own)
        counts = reports.counts()
        if answer.status == 200:
            assert counts[REPORTS] == counts["tblactivitylog"] == 1
            outcomes.append("stored")
            if strike.struck is None:
                break
            continue
        answer.refused(503, "GW007")
        is_commit = COMMIT in strike.struck
        assert is_unknown(answer) == is_commit, (number, strike.struck, answer)
        is_stored = is_commit and fate == ANSWER
        rows = 2 if more else 1
        assert counts == ({REPORTS: 1, "portcullis_outbox": rows, "portcullis_idempotency": 1, "tblactivitylog": 1} if is_stored
                          else dict.fromkeys(counts, 0)), (number, strike.struck)
        outcomes.append("unknown" if is_commit else "nothing")
        if is_stored:
            break
    # A packet of the gateway's own (a poll) may come between, and the commit be met at two numbers.
    assert outcomes.count("nothing") > 4 and outcomes.count("unknown") in (1, 2), outcomes


def test_a_lock_that_is_held_for_a_while_is_waited_for(own, start, reports):
    """A lock timeout is retried, whole, a bounded number of times."""
    server, reporter = start(own.socket, {"abuse.dedup_window": "1h"})
    answers = []
    with held(own, abuse.DATABASE, "tblhosting", "id = 12"):
        thread = threading.Thread(target=lambda: answers.append(reporter.report(suspend_method="immediate")))
        thread.start()
        wait_until(lambda: server.metrics()["portcullis_write_retries_total"] >= 1, 20, "run again")
    thread.join(30)
    number = answers[0].stored()
    assert reports.counts() == {REPORTS: 1, "portcullis_outbox": 1, "portcullis_idempotency": 0, "tblactivitylog": 1}, number


def test_a_lock_that_is_held_for_good(own, start, reports):
    """GW007 by the request's deadline; nothing is stored."""
    _, reporter = start(own.socket, {"abuse.dedup_window": "1h", "mysql.request_deadline": "2s"})
    with held(own, abuse.DATABASE, "tblhosting", "id = 12"):
        answer = reporter.report().refused(503, "GW007")
        assert "others are writing" in answer.description
    assert sum(reports.counts().values()) == 0
    reporter.report().stored()


def lock_waits(own):
    """InnoDB's own tables are filled anew only when nobody has looked for 100 ms."""
    time.sleep(0.15)
    return own.run("SELECT COUNT(*) FROM information_schema.innodb_lock_waits", database=None)[0][0]


def test_a_deadlock_is_run_again(own, start, reports):
    """A stranger holds the service's row, and then wants the key that the report has claimed; having changed more, he goes on."""
    server, reporter = start(own.socket, {"abuse.dedup_window": "1h", "mysql.read_deadline": "30s"})
    reports.run("DROP TABLE IF EXISTS strangers")
    reports.run("CREATE TABLE strangers (id int PRIMARY KEY)")
    answers, connection = [], own.connect(abuse.DATABASE)
    with connection.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.executemany("INSERT INTO strangers (id) VALUES (%s)", [(number,) for number in range(200)])
        cursor.execute("SELECT 1 FROM tblhosting WHERE id = 12 FOR UPDATE")
        thread = threading.Thread(target=lambda: answers.append(
            reporter.report(headers={"Idempotency-Key": "dead"}, suspend_method="immediate")))
        thread.start()
        wait_until(lambda: lock_waits(own), 20, "the report waits for the service")
        cursor.execute("SELECT 1 FROM portcullis_idempotency WHERE `key` = 'dead' FOR UPDATE")
        cursor.execute("COMMIT")
    thread.join(60)
    connection.close()
    answers[0].stored()
    assert server.metrics()["portcullis_write_retries_total"] >= 1
    assert reports.counts() == {REPORTS: 1, "portcullis_outbox": 1, "portcullis_idempotency": 1, "tblactivitylog": 1}


class Reporters:
    """Clients that each report under a mark of its own, and remember what they were told."""

    def __init__(self, port, count):
        self.stop, self.told, self.port = threading.Event(), {}, port
        self.threads = [threading.Thread(target=self.work, args=(number,), daemon=True) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def work(self, client):
        connection, number = None, 0
        while not self.stop.is_set():
            mark, number = f"once {client} {number}", number + 1
            body = urllib.parse.urlencode({**NEEDED, "category": mark, "suspend_method": "immediate"}).encode()
            try:
                connection = connection or Raw(self.port, timeout=60)
                connection.send(f"POST {PATH} HTTP/1.1\r\nHost: t\r\nAPI_ID: {GOOD}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                                f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                reply = connection.reply()
                answer = json.loads(reply.body)
            except (OSError, Closed) as error:
                self.told[mark] = repr(error)
                return
            unknown = "may be stored or not" in answer.get("error_description", "")
            self.told[mark] = "unknown" if unknown else answer.get("report_id", answer.get("error_code"))
            if reply.status != 200:
                time.sleep(0.02)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(120)
            assert not thread.is_alive()


@pytest.mark.parametrize("way", ["frozen", "killed"])
def test_every_answer_is_true_while_the_database_dies(own, start, reports, way):
    """The server freezes, or is killed, between many reports: every success is in the table with its suspension, ids are unique,
    and what was refused without saying unknown is not there."""
    server, _ = start(own.socket, {"mysql.workers": "6", "auth.recheck": "2s"})
    crowd = Reporters(server.port, 16)

    def stored():
        return sum(1 for told in list(crowd.told.values()) if isinstance(told, int))
    for number in range(4):
        before = stored()
        wait_until(lambda: stored() > before + 20, 60, "reports are stored")
        if way == "frozen":
            own.pause()
            time.sleep(3.2 if number % 2 else 0.7)
            own.resume()
        else:
            own.kill()
            own.start()
    crowd.end()
    settled(own)
    store = Store(own)
    rows = dict(store.run(f"SELECT category, id FROM {REPORTS}"))
    asked = {row[0] for row in store.run("SELECT report_id FROM portcullis_outbox")}
    kinds = {told if isinstance(told, str) else "stored" for told in crowd.told.values()}
    assert kinds <= {"stored", "unknown", "GW007"} and kinds >= {"stored", "GW007"}, kinds
    for mark, told in crowd.told.items():
        if told != "unknown":
            assert rows.get(mark) == (told if isinstance(told, int) else None), (mark, told)
    assert set(rows.values()) == asked and len(set(rows.values())) == len(rows)
    assert store.counts()["tblactivitylog"] == len(rows)
