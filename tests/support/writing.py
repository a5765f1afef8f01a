"""A database that tests may write to, and what they ask of it: rows, log lines, whether anything was stored.

Rows are put there past the gateway, one set a test, so that no test depends on another. Column values are compared as
the gateway sends them (support.oracle), whole tables by their checksums.
"""

import contextlib
import json

import pymysql

from support import fixture
from support.answers import Client, credentials
from support.fixture import PREFIX
from support.gateway import ROOT
from support.oracle import SECOND, Oracle

DATABASE = "whmcs_write"
LONG_AGO = "2001-02-03 04:05:06"
RESOURCES = ("projects", "actions", "topics", "files", "ticketxrefs", "timelogs")
KEY = {name: key for name, (_, key, _) in SECOND.items()}
SINGULAR = {name: singular for name, (_, _, singular) in SECOND.items()}
TABLE = {name: table for name, (table, _, _) in SECOND.items()}
ADMINS = {"alice": 1, "bob": 2, "zoë": 6}  # bob's role does not see everything

# One column of every kind that a newer version of the add-on might bring.
MORE_COLUMNS = f"""
ALTER TABLE {PREFIX}project
  ADD COLUMN kind_tinytext tinytext NULL,
  ADD COLUMN kind_tiny tinyint unsigned NOT NULL DEFAULT 0,
  ADD COLUMN kind_medium mediumint NOT NULL DEFAULT 0,
  ADD COLUMN kind_year year NULL,
  ADD COLUMN kind_price decimal(6,2) unsigned NULL,
  ADD COLUMN kind_stamp timestamp NULL,
  ADD COLUMN kind_moment datetime(3) NULL,
  ADD COLUMN kind_span time NULL,
  ADD COLUMN kind_code char(4) NULL,
  ADD COLUMN kind_flags set('a','b') NULL,
  ADD COLUMN kind_bare varchar(20) NOT NULL,
  ADD COLUMN kind_bare_date date NOT NULL,
  ADD COLUMN kind_bare_kind enum('one','two') NOT NULL,
  ADD COLUMN kind_bare_number decimal(5,1) NOT NULL
"""


def load(mariadb, database=DATABASE):
    """The fixture's rows, clients and services to refer to, and one role that sees everything."""
    fixture.load_structure(mariadb, ROOT, database)
    fixture.load_rows(mariadb, database, bad_text=False)
    with mariadb.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        cursor.execute(MORE_COLUMNS)
        fixture.insert(cursor, "tblclients", [dict(id=number, firstname=f"Client {number}") for number in (1, 2, 3, 7, 8)])
        fixture.insert(cursor, "tblhosting", [dict(id=12, userid=7, domain="example.org")])
        fixture.insert(cursor, "tbladdonmodules", [dict(module="wbteampro", setting="admin_super_roles", value="1")])
        fixture.insert(cursor, "tbltickets", [  # of a department that nobody has
            dict(id=2050, did=77, title="hidden"), dict(id=2051, did=77, title="hidden, but for its reference")])


class Store:
    """One database past the gateway."""

    def __init__(self, mariadb, database=DATABASE):
        self.connection = pymysql.connect(unix_socket=mariadb.socket, user="root", database=database, charset="utf8mb4",
                                          autocommit=True)
        self.run("SET sql_mode=''")
        self.oracle = Oracle(mariadb, database)

    def run(self, sql, *arguments):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, arguments or None)
            return cursor.fetchall()

    def one(self, sql, *arguments):
        return self.run(sql, *arguments)[0][0]

    def insert(self, resource, **columns):
        """A row as it stands in a database that others write to; its id."""
        with self.connection.cursor() as cursor:
            fixture.insert(cursor, TABLE[resource], [columns])
            number = columns.get(KEY[resource]) or cursor.lastrowid
        if resource in ("topics", "files") and "thread_id" not in columns:
            self.set(resource, number, thread_id=number)
        return number

    def project(self, **columns):
        return self.insert("projects", **{"project_name": "p", "date_created": LONG_AGO, "date_modified": LONG_AGO,
                                          "date_activity": LONG_AGO, "visible_status": "all", **columns})

    def action(self, project, **columns):
        return self.insert("actions", **{"action_name": "a", "project_id": project, "date_created": LONG_AGO,
                                         "date_modified": LONG_AGO, "date_activity": LONG_AGO, **columns})

    def set(self, resource, number, **columns):
        names = ",".join(f"`{name}`=%s" for name in columns)
        self.run(f"UPDATE {TABLE[resource]} SET {names} WHERE {KEY[resource]}=%s", *columns.values(), number)

    def row(self, resource, number):
        """As the gateway sends it; None where there is none."""
        found = self.oracle.list(resource, f"WHERE {KEY[resource]} = {number}")
        return found[0] if found else None

    def value(self, resource, number, column):
        found = self.run(f"SELECT CAST(`{column}` AS CHAR) FROM {TABLE[resource]} WHERE {KEY[resource]}=%s", number)
        return found[0][0] if found else None

    def ids(self, resource, where="1"):
        return [row[0] for row in self.run(f"SELECT {KEY[resource]} FROM {TABLE[resource]} WHERE {where} ORDER BY 1")]

    def now(self):
        return self.one("SELECT CAST(NOW() AS CHAR)")

    def snapshot(self):
        """table → checksum of all its rows; AUTO_INCREMENT does not count."""
        tables = [row[0] for row in self.run("SHOW TABLES")]
        return dict(self.run("CHECKSUM TABLE " + ",".join(f"`{table}`" for table in tables) + " EXTENDED"))

    @contextlib.contextmanager
    def unchanged(self):
        """Nothing is stored anywhere, the activity log included."""
        before = self.snapshot()
        yield
        after = self.snapshot()
        assert after == before, sorted(table for table in after if after[table] != before.get(table))

    @contextlib.contextmanager
    def logged(self, *lines, user="alice"):
        """Just these lines are added to the activity log, with the admin and his address."""
        mark = self.one("SELECT COALESCE(MAX(id),0) FROM tblactivitylog")
        expected = []
        yield expected
        rows = self.run("SELECT description, user, userid, admin_id, ipaddr FROM tblactivitylog WHERE id>%s ORDER BY id", mark)
        wanted = [(f"portcullis: {user} {line}", user, 0, ADMINS[user], "127.0.0.1") for line in [*lines, *expected]]
        assert list(rows) == wanted

    @contextlib.contextmanager
    def touched(self, *rows, column="date_activity"):
        """Of these (resource, id) the column becomes NOW(); it was LONG_AGO."""
        for resource, number in rows:
            self.set(resource, number, **{column: LONG_AGO})
        before = self.now()
        yield
        after = self.now()
        for resource, number in rows:
            assert before <= self.value(resource, number, column) <= after, (resource, number)

    def untouched(self, *rows, column="date_activity"):
        for resource, number in rows:
            assert self.value(resource, number, column) == LONG_AGO, (resource, number)


class Writer:
    """Writes through one gateway; logged in as alice unless told otherwise."""

    def __init__(self, url):
        self.client = Client(url)

    def send(self, method, chain, params=None, body=None, **more):
        """params in the query; body is sent as JSON."""
        if body is not None:
            more.setdefault("headers", {})
            more["headers"] = {**more["headers"], "Content-Type": "application/json"}
            more["data"] = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.client.ask(chain, params, method=method, **more)

    def get(self, chain, params=None, **more):
        return self.send("GET", chain, params, **more)

    def post(self, chain, params=None, **more):
        return self.send("POST", chain, params, **more)

    def put(self, chain, params=None, **more):
        return self.send("PUT", chain, params, **more)

    def delete(self, chain, params=None, **more):
        return self.send("DELETE", chain, params, **more)

    def raw(self, method, path, query=None, user="alice", **more):
        return self.client.send(method, path, {**credentials(user), **(query or {})} if user else query, **more)


def faults(answer):
    """{field: code} of an error answer, each field once."""
    errors = answer.response["errors"]
    found = {error["field"]: error["code"] for error in errors}
    assert len(found) == len(errors), errors
    assert all(error["detail"] for error in errors), errors
    return found


def record_tag(answer):
    """The part of an ETag that If-Match compares."""
    return answer.headers["ETag"].strip('"').split(".")[0]
