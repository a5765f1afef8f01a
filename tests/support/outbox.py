"""Rows of portcullis_outbox and their reports, put there past the gateway, in a database of their own."""

import itertools

import pymysql

from support import fixture
from support.gateway import ROOT
from support.ports import wait_until

SECRET, IDENTIFIER = "S3cr3t-of-WHMCS-&=+%41", "Id3ntifier-of-WHMCS"
QUICK = {"abuse.poll": "100ms", "abuse.timeout": "4s", "abuse.lease": "8s", "abuse.first_pause": "1s", "abuse.longest_pause": "1s",
         "abuse.max_attempts": "2"}


def settings_for(whmcs, more=None):
    return {"abuse.whmcs_url": whmcs.url if whmcs else "http://127.0.0.1:1/", "abuse.whmcs_identifier": IDENTIFIER,
            "abuse.whmcs_secret": SECRET, **QUICK, **(more or {})}


class Outbox:
    """The rows of one database."""

    _services = itertools.count(1000)

    def __init__(self, mariadb, database):
        fixture.load_structure(mariadb, ROOT, database)
        self.mariadb, self.database = mariadb, database
        self.connection = pymysql.connect(unix_socket=mariadb.socket, user="root", database=database, charset="utf8mb4",
                                          autocommit=True)

    def run(self, sql, *arguments):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, arguments or None)
            return cursor.fetchall()

    def service(self):
        """An id that no other row has."""
        return next(self._services)

    def report(self, service, method="immediate", status="open"):
        with self.connection.cursor() as cursor:
            cursor.execute("INSERT INTO mod_abusemanagerpro_reports (service_id, category, status, suspend_method, additional_info, "
                           "admin_notes, date_created) VALUES (%s, 'spam', %s, %s, '', '', NOW())", (service, status, method))
            return cursor.lastrowid

    def add(self, service=None, method="immediate", status="open", action="ModuleSuspend", reason="Spam", due="0 SECOND", **columns):
        """A report and its row; the row's id."""
        service = service or self.service()
        names = ["report_id", "service_id", "action", "reason", "last_error", *columns]
        values = [self.report(service, method, status), service, action, reason, columns.pop("last_error", ""), *columns.values()]
        names = list(dict.fromkeys(names))
        marks = ", ".join(["%s"] * len(values))
        with self.connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO portcullis_outbox ({', '.join(names)}, due_at) VALUES ({marks}, NOW() + INTERVAL {due})",
                           values)
            return cursor.lastrowid

    def row(self, number):
        columns = ("id", "report_id", "service_id", "action", "reason", "due_at", "attempts", "last_error", "claimed_by", "claimed_at",
                   "done_at")
        rows = self.run(f"SELECT {', '.join(columns)} FROM portcullis_outbox WHERE id = %s", number)
        return dict(zip(columns, rows[0]))

    def report_of(self, number):
        return self.run("SELECT status, suspended_at FROM mod_abusemanagerpro_reports WHERE id = %s", self.row(number)["report_id"])[0]

    def ended(self, number, seconds=60):
        """The row, once it was done, given up or dropped."""
        return wait_until(lambda: self.row(number)["done_at"] and self.row(number), seconds, f"row {number} ends: {self.row(number)}")

    def activity(self, service):
        return [text for text, in self.run("SELECT description FROM tblactivitylog WHERE description LIKE %s ORDER BY id",
                                           f"%service {service} %")]
