"""spec/remote-api.md section 4: a cursor gives the next page "at the same cost however deep".
Counted by the server: the index entries and rows that its handlers read. The choices of its
optimizer that depend on a table's size are told in docs/statements.md, not held here."""

import pytest

from support import fixture
from support.answers import Client
from support.fixture import PREFIX
from support.gateway import ROOT

ROWS, THREADS, LIMIT = 5000, 1250, 20
NOISE = 30  # rows that a login or another gateway's look at the clock may read meanwhile


@pytest.fixture(scope="module")
def deep(mariadb):
    """A database of its own, with thousands of actions, topics in threads and file versions."""
    fixture.load_structure(mariadb, ROOT, "deep")
    fixture.load_rows(mariadb, "deep")
    numbers = f"FROM seq_1_to_{ROWS}"
    for sql in (
        f"INSERT INTO {PREFIX}action (action_id, project_id, action_name, action_detail, action_notes,"
        f" date_created) SELECT 1000 + seq, 1 + seq % 50, CONCAT('n', CRC32(seq)), REPEAT('x', 300), '',"
        f" '2020-01-01' + INTERVAL seq DIV 3 HOUR {numbers}",
        f"INSERT INTO {PREFIX}topic (topic_id, thread_id, project_id, topic_detail, date_activity)"
        f" SELECT 1000 + seq, 1001 + (seq - 1) % {THREADS}, 9000, REPEAT('x', 300),"
        f" '2020-01-01' + INTERVAL seq HOUR {numbers}",
        f"INSERT INTO {PREFIX}file (file_id, thread_id, project_id, file_version, file_detail, date_created)"
        f" SELECT 1000 + seq, 1001 + (seq - 1) % {THREADS}, 9000, 1 + (seq - 1) DIV {THREADS},"
        f" REPEAT('x', 300), '2020-01-01' + INTERVAL seq HOUR {numbers}",
        f"ANALYZE TABLE {PREFIX}action, {PREFIX}topic, {PREFIX}file",
    ):
        mariadb.run(sql, database="deep")
    return mariadb


@pytest.fixture(scope="module")
def asked(deep, module_gateway):
    """asked(chain, params): the answer, and how many rows the database read for it."""
    api = Client(module_gateway({"mysql.database": "deep"}).url)

    def rows_read():
        status = deep.run("SHOW GLOBAL STATUS LIKE 'Handler\\_read\\_%'")
        return sum(int(value) for name, value in status if not name.endswith("retry"))

    def ask(chain, params):
        words = {"limit": LIMIT, "count": "none", **params}
        answer, costs = api.get(chain, words).success(), []
        for _ in range(3):
            before = rows_read()
            api.get(chain, words).success()
            between = rows_read()
            costs.append(between - before - (rows_read() - between))  # less what asking costs
        return answer, min(costs)

    return ask


LISTS = [("actions", {}, 3), ("actions", {"sort": "date_created"}, 3), ("actions", {"sort": "action_name"}, 3),
         ("actions", {"sort": "project_id"}, 3), ("topics", {"sort": "thread_id"}, 3),
         ("topics/bythread", {}, 20), ("files/bythread", {}, 20)]


@pytest.mark.parametrize("chain,words,most", LISTS, ids=lambda value: str(value))
def test_a_page_reads_its_own_rows_however_deep(asked, chain, words, most):
    """most: entries read for a row shown; a thread's posts and versions are entries too."""
    first, first_cost = asked(chain, words)
    jump, _ = asked(chain, {**words, "offset": 1000})
    deep, deep_cost = asked(chain, {**words, "cursor": jump.data["next"]})
    assert len(deep.response[chain.split("/")[0]]) == LIMIT
    assert deep.response != first.response
    assert max(first_cost, deep_cost) <= most * LIMIT + NOISE, (first_cost, deep_cost)


@pytest.mark.parametrize("chain,words,most", [("actions", {}, 1), ("files/bythread", {}, 8)],
                         ids=lambda value: str(value))
def test_offset_reads_no_further_than_its_page(asked, chain, words, most):
    """A skipped row is one entry read; a skipped thread, its versions' entries too."""
    offset = 200
    _, cost = asked(chain, {**words, "offset": offset})
    assert cost <= most * (offset + LIMIT) + 20 * LIMIT + NOISE


def test_threads_are_counted_without_looking_for_the_last_of_each(asked):
    """data.total of files/bythread: the values of the thread's column, from its index."""
    answer, _ = asked("files/bythread", {})
    _, uncounted = asked("files/bythread", {})
    counted_answer, counted = asked("files/bythread", {"count": "exact"})
    threads = counted_answer.data["total"]
    assert answer.data["total"] is None and threads >= THREADS
    assert counted - uncounted <= ROWS + 200
