"""spec/operations.md, Failure behaviour: a write whose fate is unknown is never repeated by the gateway and answers 503 saying
so; every other 503 means that nothing was stored (spec/remote-api.md, section 6: all of it, or none)."""

import threading
import time

import pytest

from support import integrity
from support.caller import Caller
from support.fixture import PREFIX
from support.hurt import COMMIT, FATES, count_of, held, settled
from support.ports import wait_until
from support.sql_proxy import ANSWER, QUESTION, Nth, Once

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture
def start(start_gateway):
    """A gateway on that socket, with one worker unless told otherwise: what is asked next uses the same connection."""
    def begin(path, more=None):
        server = start_gateway({"mysql.socket": str(path), "mysql.workers": "1", "mysql.connect_timeout": "1s",
                                "mysql.read_deadline": "1s", "auth.recheck": "1h", "ban.table": "read", "ban.table_poll": "1h", "abuse.poll": "1h",
                                **(more or {})})
        caller = Caller(server.port)
        wait_until(lambda: caller.ask("GET", "projects/200").status == 200, 20, "serving")
        return server, caller
    return begin


class Trace:
    """Rows with a mark, and the lines of the activity log."""

    def __init__(self, own):
        self.own = own
        self.lines = self.count_lines()

    def count_lines(self):
        return self.own.run("SELECT COUNT(*) FROM tblactivitylog WHERE description LIKE 'portcullis:%'")[0][0]

    def logged(self):
        return self.count_lines() - self.lines

    def timelogs(self, mark):
        return self.own.run(f"SELECT COUNT(*) FROM {PREFIX}timelog WHERE timelog_note = %s", (mark,))[0][0]


def is_unknown(answer):
    return answer.status == 503 and answer.codes == ["fate_unknown"]


def expect_unknown(answer):
    """503 that says what it is about and when to try again, but no word of SQL."""
    assert is_unknown(answer), answer
    assert int(answer.field("Retry-After")) >= 1
    assert answer.body["request"]["message"] == "Service Unavailable"
    assert b"COMMIT" not in answer.text and b"mysql" not in answer.text.lower()


# ---- the commit's answer is lost ------------------------------------------------------------------------

@FATES
def test_a_lost_commit_is_told_and_not_repeated(own, proxy, start, fate):
    """Created, changed, deleted: stored once where the commit arrived, else not at all."""
    server, caller = start(proxy.path)
    stored = 0 if fate == QUESTION else 1
    trace, mark = Trace(own), f"lost {fate}"
    proxy.judge = Once(fate, COMMIT)
    expect_unknown(caller.ask("POST", "projects/200/timelogs", {"timelog_note": mark}))
    assert proxy.judge.seen == 1
    assert (trace.timelogs(mark), trace.logged()) == (stored, stored)
    assert server.metrics()["portcullis_database_unknown_commits_total"] == 1

    proxy.judge = Once(fate, COMMIT)
    expect_unknown(caller.ask("PUT", "projects/201", {"project_notes": mark}))
    assert own.run(f"SELECT COUNT(*) FROM {PREFIX}project WHERE project_notes = %s", (mark,)) == ((stored,),)
    assert (proxy.judge.seen, trace.logged()) == (1, 2 * stored)

    doomed = caller.ask("POST", "projects/200/timelogs", {"timelog_note": mark}).response["timelog"]["timelog_id"]
    proxy.judge = Once(fate, COMMIT)
    expect_unknown(caller.ask("DELETE", f"timelogs/{doomed}"))
    assert own.run(f"SELECT COUNT(*) FROM {PREFIX}timelog WHERE timelog_id = {doomed}") == ((1 - stored,),)
    assert proxy.judge.seen == 1
    proxy.judge = None
    assert caller.ask("PUT", "projects/201", {"project_notes": "as ever"}).status == 200


@FATES
def test_with_a_key_the_retry_ends_exactly_once(own, proxy, start, fate):
    """Idempotency-Key: repeated by the client, it is stored once, whatever became of the first commit."""
    server, caller = start(proxy.path)
    trace, mark = Trace(own), f"kept-{fate}"
    params = [{"timelog_note": mark}, {"timelog_note": mark}]
    proxy.judge = Once(fate, COMMIT)
    expect_unknown(caller.ask("POST", "projects/200/timelogs", params, Idempotency_Key=mark))
    again = caller.ask("POST", "projects/200/timelogs", params, Idempotency_Key=mark)
    assert again.status == 200, again
    assert (trace.timelogs(mark), trace.logged()) == (2, 1)
    ids = [row["timelog_id"] for row in again.response["timelogs"]]
    assert own.run(f"SELECT timelog_id FROM {PREFIX}timelog WHERE timelog_note = %s ORDER BY 1", (mark,)) == tuple((i,) for i in ids)
    assert server.metrics()["portcullis_idempotent_replays_total"] == (0 if fate == QUESTION else 1)
    once_more = caller.ask("POST", "projects/200/timelogs", params, Idempotency_Key=mark)
    assert (once_more.status, once_more.text) == (200, again.text)


# ---- the connection is lost anywhere else ------------------------------------------------------------------

WRITES = {
    "create": lambda mark: ("POST", "projects/200/actions", {"action_name": mark}),
    "bulk": lambda mark: ("POST", "projects/200/timelogs", [{"timelog_note": mark}, {"timelog_note": mark}]),
    "reply": lambda mark: ("POST", "files", {"thread_id": 1, "file_name": mark}),
    "update": lambda mark: ("PUT", "projects/203", {"project_notes": mark}),
    "move": lambda mark: ("PUT", "actions/56", {"parent_action_id": 0, "action_notes": mark}),
    "delete": lambda mark: ("DELETE", "topics/70", {}),
}


def everything(own):
    """Checksums of all tables but those of the gateway's own, whose clock goes on."""
    tables = [row[0] for row in own.run("SHOW TABLES") if "_outbox" not in row[0]]
    return own.run("CHECKSUM TABLE " + ",".join(f"`{table}`" for table in tables) + " EXTENDED")


@pytest.mark.parametrize("fate", [QUESTION, ANSWER])
@pytest.mark.parametrize("kind", WRITES)
def test_lost_at_any_moment_all_or_nothing(own, proxy, start, kind, fate):
    """The connection is cut at the first packet of a write, at the second, and so on: 503 and nothing is stored, unless it was the
    COMMIT; where the transaction had not begun it may begin again, and is stored once."""
    _, caller = start(proxy.path)
    outcomes = []
    for number in range(1, 80):
        mark = f"{kind} {fate} {number}"
        wait_until(lambda: caller.ask("GET", "projects/200").status == 200, 20, "serving")
        own.run(f"DELETE FROM {PREFIX}topic WHERE topic_id IN (70, 71)")
        own.run(f"INSERT INTO {PREFIX}topic (topic_id, thread_id, project_id, topic_detail) VALUES (70, 70, 200, ''), (71, 70, 200, '')")
        before, trace = everything(own), Trace(own)
        proxy.judge = strike = Nth(fate, number)
        answer = caller.ask(*WRITES[kind](mark))
        proxy.judge = None
        settled(own)
        if answer.status == 200:
            assert trace.logged() == 1
            outcomes.append("stored")
            if strike.struck is None:
                break
            continue
        assert answer.status == 503, (number, answer)
        is_commit = COMMIT in strike.struck
        assert is_unknown(answer) == is_commit, (number, strike.struck, answer)
        is_stored = is_commit and fate == ANSWER
        assert trace.logged() == is_stored, (number, strike.struck)
        assert (everything(own) != before) == is_stored, (number, strike.struck)
        outcomes.append("unknown" if is_commit else "nothing")
        if is_stored:
            break
    assert outcomes.count("nothing") > 4, outcomes
    assert outcomes.count("unknown") == 1, outcomes


def test_a_refusal_stands_though_the_rollback_is_lost(own, proxy, start):
    """What is wrong with a request is told also when the connection goes with its ROLLBACK; the next request is served."""
    _, caller = start(proxy.path)
    before = everything(own)
    for fate in (QUESTION, ANSWER):
        proxy.judge = Once(fate, b"ROLLBACK")
        answer = caller.ask("POST", "projects/200/actions", {"action_name": "x", "assigned_adminid": 4711})
        assert (answer.status, proxy.judge.seen) == (422, 1), answer
    assert caller.ask("GET", "projects/200").status == 200
    settled(own)
    assert everything(own) == before


# ---- frozen ---------------------------------------------------------------------------------------------

def test_frozen_in_the_middle_of_a_write(own, start):
    """503 within the deadline; when the server goes on, nothing of the write is there."""
    _, caller = start(own.socket, {"mysql.read_deadline": "2s"})
    before, answers = everything(own), []
    with held(own, "whmcs", f"{PREFIX}project", "project_id = 205"):
        thread = threading.Thread(target=lambda: answers.append(
            caller.ask("POST", "projects/205/timelogs", [{"timelog_note": "frozen"}] * 3)))
        thread.start()
        wait_until(lambda: count_of(own, "innodb_lock_waits"), 10, "the write waits")
        own.pause()
        frozen = time.monotonic()
        thread.join(30)
        took = time.monotonic() - frozen
        own.resume()
    assert answers and answers[0].status == 503 and not is_unknown(answers[0]), answers
    assert took < 10, "the deadline of 2 s, and what a busy machine adds"
    settled(own)
    assert everything(own) == before
    wait_until(lambda: caller.ask("PUT", "projects/205", {"project_notes": "thawed"}).status == 200, 20, "serving")


class Writers:
    """Clients without keys: each asks once for each mark, and remembers what it was told."""

    def __init__(self, port, count):
        self.stop, self.told = threading.Event(), {}
        self.threads = [threading.Thread(target=self.work, args=(port, number), daemon=True) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def work(self, port, number):
        caller = Caller(port, timeout=30)
        sequence = 0
        while not self.stop.is_set():
            mark = f"once {number} {sequence}"
            sequence += 1
            answer = caller.ask("POST", "actions/55/timelogs", [{"timelog_note": mark}, {"timelog_note": mark}])
            self.told[mark] = "unknown" if is_unknown(answer) else answer.status
            if answer.status != 200:
                time.sleep(0.02)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()


@pytest.mark.parametrize("way", ["frozen", "killed"])
def test_a_503_that_does_not_say_unknown_means_nothing_is_stored(own, start, way):
    """The server freezes, or is killed, at any moment of many writes: every answer is true."""
    _, caller = start(own.socket, {"mysql.workers": "6"})
    own.run(f"DELETE FROM {PREFIX}timelog WHERE timelog_note LIKE 'once %'")
    trace = Trace(own)
    writers = Writers(caller.port, 16)
    for number in range(4):
        told = len(writers.told)
        wait_until(lambda: sum(1 for status in list(writers.told.values())[told:] if status == 200) > 20, 30, "writing goes on")
        if way == "frozen":
            own.pause()
            time.sleep(3.2 if number % 2 else 0.7)
            own.resume()
        else:
            own.kill()
            own.start()
    writers.end()
    settled(own)
    there = dict(own.run(f"SELECT timelog_note, COUNT(*) FROM {PREFIX}timelog WHERE timelog_note LIKE 'once %' GROUP BY 1"))
    assert set(there.values()) == {2}
    assert set(writers.told.values()) <= {200, 503, "unknown"}
    for mark, status in writers.told.items():
        if status != "unknown":
            assert (mark in there) == (status == 200), (mark, status)
    assert trace.logged() == len(there)
    assert set(writers.told.values()) >= {200, 503}, "nothing was hit"
    assert "counted children" not in integrity.faults(own.run)
