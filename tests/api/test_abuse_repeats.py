"""spec/abuse-api.md: Idempotency-Key and abuse.dedup_window; many reporters at once: every answered success is in the table."""

import collections
import itertools
import json
import os
import threading
import urllib.parse

import pytest

from support import abuse
from support.abuse import GOOD, NEEDED, OTHER, PATH, REPORTS, Reporter
from support.raw import Raw

IS_LONG = bool(os.environ.get("PORTCULLIS_LONG"))
CLIENTS = 64


@pytest.fixture(scope="module")
def window_gateway(module_gateway, abuse_gateway):
    return module_gateway({"mysql.database": abuse.DATABASE, "abuse.dedup_window": "1h"})


@pytest.fixture
def within(window_gateway, reports):
    """A reporter where duplicates inside an hour are not stored."""
    return Reporter(window_gateway.url)


# ---- Idempotency-Key -------------------------------------------------------------------------------------

def test_the_same_key_answers_the_first_report(reporter, reports):
    """a second report answers the first report_id and stores nothing"""
    key = {"Idempotency-Key": "k1"}
    first = reporter.report(headers=key, suspend_method="immediate")
    number = first.stored()
    before = reports.counts()
    again = reporter.report(headers=key, suspend_method="immediate")
    assert again.stored() == number and again.http.content == first.http.content
    assert reports.counts() == before == {REPORTS: 1, "portcullis_outbox": 1, "portcullis_idempotency": 1, "tblactivitylog": 1}


def test_a_key_counts_what_is_said_not_how(reporter, reports):
    key = {"Idempotency-Key": "k2"}
    number = reporter.report(headers=key, service_ip="2001:db8::1").stored()
    assert reporter.json({**NEEDED, "service_id": 12, "service_ip": "2001:DB8:0::1", "suspend_method": "nosuspend"},
                         headers=key).stored() == number


@pytest.mark.parametrize("other", [{"category": "spam"}, {"service_id": "13"}, {"service_ip": "192.0.2.1"}, {"suspend_method": "immediate"},
                                   {"allow_unsuspend": "1"}, {"additional_info": "x"}, {"admin_notes": "x"}])
def test_a_key_used_with_another_report(reporter, reports, other):
    """GW005, 422"""
    key = {"Idempotency-Key": "k3"}
    reporter.report(headers=key).stored()
    before = reports.counts()
    reporter.report(headers=key, **other).refused(
        422, "GW005", 'Invalid value: Idempotency-Key "k3" (allowed: a key that was not used with another report)')
    assert reports.counts() == before


def test_a_refused_report_leaves_its_key_free(reporter, reports):
    key = {"Idempotency-Key": "k4"}
    reporter.report(headers=key, service_id="99").refused(404, "GW004")
    reporter.report(headers=key, suspend_method="x").refused(422, "GW005")
    assert reports.counts()["portcullis_idempotency"] == 0
    reporter.report(headers=key).stored()


def test_keys_are_each_admin_s_own(abuse_gateway, reporter, reports):
    """Scope: the Abuse API, and the admin; also apart from the Remote API's keys."""
    key = {"Idempotency-Key": "k5"}
    number = reporter.report(headers=key).stored()
    assert Reporter(abuse_gateway.url, OTHER).report(headers=key).stored() != number
    assert {row[0] for row in reports.run("SELECT scope FROM portcullis_idempotency")} == {"abuse:1", "abuse:2"}


def test_a_key_of_yesterday_is_forgotten(reporter, reports):
    key = {"Idempotency-Key": "k6"}
    number = reporter.report(headers=key).stored()
    reports.run("UPDATE portcullis_idempotency SET created_at = NOW() - INTERVAL 25 HOUR")
    assert reporter.report(headers=key).stored() != number


# ---- abuse.dedup_window ----------------------------------------------------------------------------------

def test_without_a_window_equal_reports_are_stored(reporter, reports):
    """default 0 = off"""
    assert len({reporter.report().stored() for _ in range(3)}) == 3


def test_a_second_report_inside_the_window(within, reports, window_gateway):
    """A second report for the same service, address and category answers the first report_id and stores nothing."""
    number = within.report(suspend_method="immediate").stored()
    before = reports.counts()
    repeated = window_gateway.metrics()["portcullis_abuse_reports_repeated_total"]
    for more in ({}, {"suspend_method": "timelimit"}, {"additional_info": "more"}, {"service_ip": "192.0.2.12"}, {"category": " phishing "}):
        assert within.report(**more).stored() == number
    assert reports.counts() == before
    assert window_gateway.metrics()["portcullis_abuse_reports_repeated_total"] == repeated + 5


@pytest.mark.parametrize("other", [{"category": "Phishing"}, {"category": "phishing!"}, {"service_id": "13"}, {"service_ip": "192.0.2.13"}])
def test_what_differs_is_no_repetition(within, reports, other):
    """Compared byte by byte, whatever the column's collation."""
    number = within.report().stored()
    second = within.report(**other).stored()
    assert second != number and within.report(**other).stored() == second and within.report().stored() == number


def test_the_window_ends(within, reports):
    number = within.report().stored()
    reports.run(f"UPDATE {REPORTS} SET date_created = NOW() - INTERVAL 3590 SECOND")
    assert within.report().stored() == number
    reports.run(f"UPDATE {REPORTS} SET date_created = NOW() - INTERVAL 3601 SECOND")
    second = within.report().stored()
    assert second != number and within.report().stored() == second


def test_reports_of_other_hands_count_whatever_their_status(within, reports):
    reports.run(f"INSERT INTO {REPORTS} (id, service_id, service_ip, category, status, additional_info, admin_notes, date_created) "
                "VALUES (4711, 12, '192.0.2.12', 'phishing', 'closed', '', '', NOW())")
    assert within.report(suspend_method="immediate").stored() == 4711
    assert reports.counts()["portcullis_outbox"] == 0


def test_no_dedicated_address_is_an_address(within, reports):
    number = within.report(service_id="13").stored()
    assert within.report(service_id="13", service_ip="").stored() == number
    assert within.report(service_id="13", service_ip="192.0.2.1").stored() != number


def test_a_window_and_a_key(within, reports):
    """A repetition under a key is kept under it; a key that is used again answers by itself."""
    number = within.report().stored()
    key = {"Idempotency-Key": "w1"}
    assert within.report(headers=key).stored() == number
    reports.run(f"UPDATE {REPORTS} SET date_created = NOW() - INTERVAL 2 HOUR")
    assert within.report(headers=key).stored() == number
    assert within.report().stored() != number


def test_a_wrong_service_is_told_inside_a_window_too(within, reports):
    within.report(service_id="99").refused(404, "GW004")
    assert sum(reports.counts().values()) == 0


# ---- many at once ----------------------------------------------------------------------------------------

class Crowd:
    """Clients that each send reports as fast as they can on a connection of their own."""

    def __init__(self, ports, count=CLIENTS):
        self.ports, self.count = ports, count
        self.answers, self.lock, self.faults = [], threading.Lock(), []

    def run(self, each, make):
        """make(client, number): variables and further fields of each report; the answers: (variables, status, body)."""
        threads = [threading.Thread(target=self.work, args=(client, each, make), daemon=True) for client in range(self.count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(600)
            assert not thread.is_alive(), "a report was never answered"
        assert not self.faults, self.faults[:3]
        return self.answers

    def work(self, client, each, make):
        try:
            with Raw(self.ports[client % len(self.ports)], timeout=120) as connection:
                for number in range(each):
                    self.send(connection, *make(client, number))
        except Exception as error:  # told by run()
            self.faults.append(repr(error))

    def send(self, connection, variables, fields=""):
        body = urllib.parse.urlencode({**NEEDED, **variables}).encode()
        connection.send(f"POST {PATH} HTTP/1.1\r\nHost: t\r\nAPI_ID: {GOOD}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                        f"{fields}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        reply = connection.reply()
        with self.lock:
            self.answers.append((variables, reply.status, json.loads(reply.body)))


def test_every_success_of_64_clients_is_in_the_table(abuse_gateway, reports):
    """10,000 reports as fast as 64 clients can send them: all answered successes are in the table, ids unique."""
    each = 10000 // CLIENTS + 1 if IS_LONG else 12
    methods = itertools.cycle(("nosuspend", "immediate", "timelimit"))
    answers = Crowd([abuse_gateway.port]).run(each, lambda client, number: (
        {"category": f"crowd {client} {number}", "service_id": "12" if client % 2 else "13", "suspend_method": next(methods)},))
    assert {status for _, status, _ in answers} == {200} and len(answers) == each * CLIENTS
    ids = {body["report_id"]: variables for variables, _, body in answers}
    assert len(ids) == len(answers), "ids are unique"
    rows = reports.run(f"SELECT id, category, suspend_method FROM {REPORTS}")
    assert {number: (category, method) for number, category, method in rows} == {
        number: (variables["category"], variables["suspend_method"]) for number, variables in ids.items()}
    asked = {number for number, variables in ids.items() if variables["suspend_method"] != "nosuspend"}
    assert sorted(row[0] for row in reports.run("SELECT report_id FROM portcullis_outbox")) == sorted(asked)
    assert reports.counts()["tblactivitylog"] == len(ids)


def test_of_equal_reports_at_once_one_is_stored(module_gateway, window_gateway, reports):
    """Under a lock on the service's row: two gateways, 64 clients, each report sent by all of them."""
    other = module_gateway({"mysql.database": abuse.DATABASE, "abuse.dedup_window": "1h"})
    rounds = 40 if IS_LONG else 5
    answers = Crowd([window_gateway.port, other.port]).run(rounds, lambda client, number: (
        {"category": f"equal {number}", "suspend_method": "immediate"},))
    assert {status for _, status, _ in answers} == {200}
    told = collections.defaultdict(set)
    for variables, _, body in answers:
        told[variables["category"]].add(body["report_id"])
    assert {len(ids) for ids in told.values()} == {1}, told
    assert reports.counts() == {REPORTS: rounds, "portcullis_outbox": rounds, "portcullis_idempotency": 0, "tblactivitylog": rounds}


def test_of_equal_keys_at_once_one_is_stored(abuse_gateway, reports):
    rounds = 40 if IS_LONG else 4
    answers = Crowd([abuse_gateway.port], 24).run(rounds, lambda client, number: (
        {"category": f"key {number}"}, f"Idempotency-Key: crowd-{number}\r\n"))
    assert {status for _, status, _ in answers} == {200}
    assert len({body["report_id"] for _, _, body in answers}) == rounds
    assert reports.counts() == {REPORTS: rounds, "portcullis_outbox": 0, "portcullis_idempotency": rounds, "tblactivitylog": rounds}
