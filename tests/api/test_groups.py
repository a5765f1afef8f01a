"""Requests that wait behind each other are answered together (ARCHITECTURE.md); nobody may notice but by the speed.

architecture.md: "A request that has begun to execute is never joined, so an answer is never older than its question."
"""

import json
import urllib.parse

import pytest

from support.answers import raw_get
from support.raw import Raw

KINDS = ("projects/{}", "actions/{}", "projects/{}/actions", "projects/{}/topics", "projects/{}/timelogs",
         "actions/{}/files", "whmcstickets/{}", "projects/{}/whmcstickets")
IDS = [100, 101, 102, 219, 1, 55, 999999, 100, 219, 103, 104, 2038, 7, 56]


def ask_all(port, requests):
    """All in one write: they arrive in one turn of the loop."""
    with Raw(port) as connection:
        connection.send(b"".join(requests))
        return [connection.reply() for _ in requests]


def raw_page(resource, params, fmt="json"):
    return raw_get(resource, fmt=fmt, extra_query="&params=" + urllib.parse.quote(json.dumps(params)))


def shape(reply):
    return reply.status, reply.body, reply.field("ETag"), reply.field("Content-Type")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("formats", ("json", "xml", "both"))
def test_grouped_answers_equal_single_ones(gateway, kind, formats):
    """section 5: the same envelope, rows and tag, whether asked alone or in a crowd; 404 for those without record."""
    requests = [raw_get(kind.format(number), fmt=formats if formats != "both" else ("json", "xml")[at % 2])
                for at, number in enumerate(IDS)]
    alone = [shape(ask_all(gateway.port, [request])[0]) for request in requests]
    for _ in range(5):
        assert [shape(reply) for reply in ask_all(gateway.port, requests)] == alone
    assert {status for status, *_ in alone} <= {200, 404}


def test_groups_are_formed(start_gateway):
    """one statement for many: fewer statements than requests, and the metric says so."""
    server = start_gateway({"mysql.workers": "1", "server.loops": "1"})
    requests = [raw_get(f"projects/{number}") for number in (100, 101, 102, 219, 100, 999999)] * 5
    ask_all(server.port, requests[:1])
    before = server.metrics()
    ask_all(server.port, requests)
    after = server.metrics()
    grouped = after["portcullis_pool_grouped_total"] - before["portcullis_pool_grouped_total"]
    statements = after["portcullis_database_statements_total"] - before["portcullis_database_statements_total"]
    assert grouped >= 3
    assert statements < len(requests)


PAGES = ({"offset": 70}, {"offset": 900, "limit": 20}, {"page": 3}, {"offset": 1}, {"offset": 905}, {"offset": 70},
         {"offset": 120}, {"page": 2, "limit": 500}, {"offset": 10 ** 9}, {"offset": 119, "count": "none"},
         {"offset": 2, "limit": 1}, {"offset": 3, "limit": 1}, {"page": 40}, {"offset": 121, "limit": 1})


@pytest.mark.parametrize("resource", ("projects", "actions", "topics", "timelogs"))
@pytest.mark.parametrize("formats", ("json", "xml"))
def test_pages_at_offsets_equal_single_ones(gateway, resource, formats):
    """section 4: limit, page and offset; also when the page goes on from another's last row, when pages overlap,
    stand behind the list's end or are asked twice."""
    requests = [raw_page(resource, page, fmt=formats) for page in PAGES]
    alone = [shape(ask_all(gateway.port, [request])[0]) for request in requests]
    for _ in range(5):
        assert [shape(reply) for reply in ask_all(gateway.port, requests)] == alone
    assert {status for status, *_ in alone} == {200}


def test_pages_at_offsets_are_skipped_to_once(start_gateway, mariadb):
    """ARCHITECTURE.md: pages of one list share the walk over the rows before them."""
    server = start_gateway({"mysql.workers": "1", "server.loops": "1"})
    offsets = (3000, 2000, 1000, 2500, 1500, 2900, 2800, 500)
    requests = [raw_page("projects", {"offset": offset, "limit": 5, "count": "none"}) for offset in offsets]
    ask_all(server.port, requests[:1])

    def entries():
        with mariadb.connect("whmcs") as connection, connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Handler_read_next'")
            return int(cursor.fetchone()[1])

    def walk():
        before = entries()
        replies = ask_all(server.port, [raw_get("projects/100")] + requests)
        assert [reply.status for reply in replies] == [200] * 9
        return entries() - before

    assert min(walk() for _ in range(5)) < sum(offsets) / 2


def test_lists_longer_than_a_page_are_answered_alone(gateway, mariadb):
    """section 4: limit is 50 by default; the total counts what the page does not hold."""
    connection = mariadb.connect("whmcs")
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO tbladdon_wbteampro_topic (thread_id, project_id, topic_name, topic_detail) "
                       "VALUES (0, 101, %s, '')", [(f"crowd {number}",) for number in range(120)])
    connection.commit()
    try:
        requests = [raw_get(f"projects/{number}/topics") for number in (100, 101, 102, 219)]
        alone = [shape(ask_all(gateway.port, [request])[0]) for request in requests]
        assert b'"limit":50' in alone[1][1] and b'"next":' in alone[1][1]
        assert [shape(reply) for reply in ask_all(gateway.port, requests)] == alone
    finally:
        cursor.execute("DELETE FROM tbladdon_wbteampro_topic WHERE topic_name LIKE 'crowd %'")
        connection.commit()
        connection.close()
