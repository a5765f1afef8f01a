"""The Abuse API from outside: a database to report to, reporters, and what is in its tables."""

import datetime
import json
import urllib.parse

import pymysql
import requests

from support import fixture
from support.gateway import ROOT

DATABASE = "whmcs_abuse"
PATH = "/modules/addons/abusemanagerpro/includes/api.php"
REPORTS = "mod_abusemanagerpro_reports"
TABLES = (REPORTS, "portcullis_outbox", "portcullis_idempotency", "tblactivitylog")

GOOD = "Goodie0000000000000000000000001"       # alice's
OTHER = "Goodie0000000000000000000000002"      # bob's
DISABLED = "Disabled00000000000000000000001"   # carol's, who is disabled
DELETED = "Deleted000000000000000000000001"
CLIENTS = "Client0000000000000000000000001"    # is_admin 0
ORPHAN = "Orphan0000000000000000000000001"     # of an admin who is not there
UMLAUT = "Schlüssel"                           # as nobody's API makes them

CREDENTIALS = [
    dict(identifier=GOOD, user_id=1, is_admin=1), dict(identifier=OTHER, user_id=2, is_admin=1),
    dict(identifier=DISABLED, user_id=3, is_admin=1),
    dict(identifier=DELETED, user_id=1, is_admin=1, deleted_at="2026-01-01 00:00:00"),
    dict(identifier=CLIENTS, user_id=1, is_admin=0), dict(identifier=ORPHAN, user_id=4711, is_admin=1),
]
SERVICES = [
    dict(id=12, userid=7, domain="example.org", dedicatedip="192.0.2.12"),
    dict(id=13, userid=8, domain="example.net", dedicatedip=""),
    dict(id=14, userid=8, domain="example.com", dedicatedip=" 2001:db8::14 "),
    dict(id=15, userid=9, domain="example.edu", dedicatedip="x" * 80),
]
NEEDED = {"action": "create", "service_id": "12", "category": "phishing"}


def load(mariadb, database=DATABASE):
    fixture.load_structure(mariadb, ROOT, database)
    fixture.load_rows(mariadb, database, bad_text=False)
    with mariadb.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        fixture.insert(cursor, "tbldeviceauth", CREDENTIALS)
        fixture.insert(cursor, "tblhosting", SERVICES)


class Store:
    """The tables past the gateway."""

    def __init__(self, mariadb, database=DATABASE):
        self.connection = pymysql.connect(unix_socket=mariadb.socket, user="root", database=database, charset="utf8mb4",
                                          autocommit=True)
        self.run("SET sql_mode=''")

    def run(self, sql, *arguments):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, arguments or None)
            return cursor.fetchall()

    def rows(self, sql, *arguments):
        with self.connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(sql, arguments or None)
            return list(cursor.fetchall())

    def one(self, sql, *arguments):
        return self.run(sql, *arguments)[0][0]

    def clear(self):
        for table in TABLES:
            self.run(f"DELETE FROM {table}")

    def counts(self):
        """Rows of all tables that a report may leave something in."""
        return {table: self.one(f"SELECT COUNT(*) FROM {table}") for table in TABLES}

    def report(self, number):
        row, = self.rows(f"SELECT * FROM {REPORTS} WHERE id = %s", number)
        return row

    def outbox(self, number):
        return self.rows("SELECT service_id, action, reason, TIMESTAMPDIFF(MINUTE, NOW(), due_at + INTERVAL 30 SECOND) AS minutes, "
                         "attempts, last_error, claimed_by, claimed_at, done_at FROM portcullis_outbox WHERE report_id = %s "
                         "ORDER BY id", number)

    def log_lines(self):
        return self.rows("SELECT description, user, admin_id, ipaddr FROM tblactivitylog WHERE description LIKE "
                         "'portcullis: %%abuse%%' ORDER BY id")

    def is_now(self, moment):
        return abs(moment - self.one("SELECT NOW()")) < datetime.timedelta(seconds=60)


class Said:
    def __init__(self, response):
        self.http, self.status, self.headers = response, response.status_code, response.headers

    @property
    def body(self):
        return json.loads(self.http.content)

    @property
    def code(self):
        return self.body.get("error_code")

    @property
    def description(self):
        return self.body["error_description"]

    def stored(self):
        """The new report's id; the answer must be exactly a success."""
        assert self.status == 200, self.http.text[:600]
        number = self.body["report_id"]
        assert self.http.text == f'{{"status":"success","report_id":{number}}}'
        assert self.headers["Content-Type"] == "application/json; charset=utf-8"
        return number

    def refused(self, status, code, description=None):
        """An error's envelope, exactly."""
        assert (self.status, self.code) == (status, code), self.http.text[:600]
        assert list(self.body) == ["status", "error_code", "error_description"] and self.body["status"] == "error"
        assert self.headers["Content-Type"] == "application/json; charset=utf-8"
        if description is not None:
            assert self.description == description
        return self

    def __repr__(self):
        return f"<{self.status} {self.http.text[:300]}>"


class Reporter:
    """Reports to one gateway."""

    def __init__(self, url, identifier=GOOD):
        self.url, self.identifier = url, identifier
        self.session = requests.Session()
        self.session.headers.clear()

    def send(self, data=None, method="POST", path=PATH, headers=None, query=None, **more):
        """data as requests takes it; headers replace API_ID where they name it, also by None."""
        fields = {"API_ID": self.identifier, **(headers or {})}
        more.setdefault("timeout", 60)
        return Said(self.session.request(method, self.url + path + (f"?{query}" if query else ""), data=data,
                                         headers={name: value for name, value in fields.items() if value is not None}, **more))

    def report(self, headers=None, **variables):
        """A form of what is needed and of variables; None leaves one out."""
        values = {**NEEDED, **variables}
        return self.send({name: value for name, value in values.items() if value is not None}, headers=headers)

    def form(self, text, headers=None, **more):
        """The body as it stands."""
        return self.send(text, headers={"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}, **more)

    def json(self, value, headers=None, **more):
        text = value if isinstance(value, (str, bytes)) else json.dumps(value)
        return self.send(text, headers={"Content-Type": "application/json", **(headers or {})}, **more)


def encoded(**variables):
    return urllib.parse.urlencode({**NEEDED, **variables})
