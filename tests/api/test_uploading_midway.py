"""spec/auth-and-bans.md section 5 for uploads: who is locked out while his bytes come is refused like any other request of his."""

import contextlib
import json
import time

import pytest
import requests

from support import writing
from support.ports import wait_until
from support.sql_proxy import QUESTION, SqlProxy
from support.uploading import Disk, Raw, TABLE, Uploader, fields, file_part, form, noise, sha256

pytestmark = pytest.mark.writing
USER = "frank"
SIZE = 400_000
DATA = noise(SIZE)
RECHECK = 1.0
WAYS = ["form", "raw"]
CLIENT, OTHER_CLIENT = "198.18.77.1", "198.18.77.2"  # of none of the other tests; a ban is a line of the activity log


@pytest.fixture(scope="module")
def soon(module_gateway, place, store):
    """Reads rows and roles again every second."""
    disk = Disk(place / "uploaded-midway")
    return Uploader(module_gateway({"mysql.database": writing.DATABASE, "files.root": str(disk.root), "auth.recheck": "1s"}), store, disk)


@pytest.fixture
def project(store):
    """One that only those see who see everything, or zoë."""
    return store.project(visible_status="manager", manager_adminid=6, assigned_adminid=6, owner_adminid=6)


class Halfway:
    """An upload of USER's of which half has come."""

    def __init__(self, uploader, way, project, extra=""):
        self.uploader, self.extra = uploader, extra
        before = len(uploader.disk.begun())
        self.connection = Raw(uploader.server.port, 30)
        self.rest = self._begin_form(project) if way == "form" else self._begin_raw(project)
        wait_until(lambda: len(uploader.disk.begun()) > before, 10, "an upload under way")

    def _begin_form(self, project):
        body = form(fields(USER, {"file_name": "f"}), file_part(DATA))
        self.connection.send(self.uploader.raw_head(len(body), f"projects/{project}/files", extra=self.extra) + body[:SIZE // 2])
        return body[SIZE // 2:]

    def _begin_raw(self, project):
        number = self.uploader.store.insert("files", file_name="f", project_id=project)
        head = self.uploader.raw_head(SIZE, f"projects/{project}/files/{number}/content", "PUT", USER, self.extra, "text/plain")
        self.connection.send(head + DATA[:SIZE // 2])
        return DATA[SIZE // 2:]

    def end(self):
        with self.connection:
            self.connection.send(self.rest)
            reply = self.connection.reply()
        return reply.status, json.loads(reply.body)["response"], reply

    def is_stored(self):
        status, response, _ = self.end()
        assert status == 200, response
        path, digest = self.uploader.store.run(f"SELECT file_path, file_sha256 FROM {TABLE} WHERE file_id=%s", response["file"]["file_id"])[0]
        assert sha256(self.uploader.disk.read(path)) == digest == sha256(DATA)
        assert not self.uploader.disk.begun()

    def is_told(self, status, code):
        got, response, reply = self.end()
        assert (got, [error["code"] for error in response["errors"]]) == (status, [code]), response
        return reply

    def is_refused(self, status, code):
        """Nothing is stored, nothing is left; what was said besides."""
        with self.uploader.store.unchanged():
            reply = self.is_told(status, code)
        assert not self.uploader.disk.begun()
        return reply


@contextlib.contextmanager
def changed(store, sql, back):
    store.run(sql)
    try:
        yield
    finally:
        store.run(back)


def of_admin(column, value):
    return f"UPDATE tbladmins SET {column}='{value}' WHERE username='{USER}'"


def of_addon(setting, value):
    return f"UPDATE tbladdonmodules SET value='{value}' WHERE module='wbteampro' AND setting='{setting}'"


def changes(store):
    """what → (sql, the way back, status, code)"""
    stored = store.one(f"SELECT password FROM tbladmins WHERE username='{USER}'")
    return {
        "disabled": (of_admin("disabled", 1), of_admin("disabled", 0), 401, "authentication_failed"),
        "password": (of_admin("password", "0" * 32), of_admin("password", stored), 401, "authentication_failed"),
        "role": (of_admin("roleid", 3), of_admin("roleid", 1), 403, "role_denied"),
        "access list": (of_addon("access", "2"), of_addon("access", "1,2"), 403, "role_denied"),
        "super-roles": (of_addon("admin_super_roles", "2"), of_addon("admin_super_roles", "1"), 404, "record_not_found"),
        "switched off": (of_addon("api_active", "off"), of_addon("api_active", "on"), 503, "api_off"),
    }


CHANGES = ["disabled", "password", "role", "access list", "super-roles", "switched off"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("heard", [False, True])
def test_who_is_locked_out_midway(soon, store, project, what, way, heard):
    """Answered as any other request of his; heard: one of those was told so before, and memory has forgotten him."""
    sql, back, status, code = changes(store)[what]
    before = soon.disk.all()
    upload = Halfway(soon, way, project)
    with changed(store, sql, back):
        time.sleep(RECHECK + 0.2)
        if heard:
            soon.get(f"projects/{project}", user=USER).expect(status, code=code)
        upload.is_refused(status, code)
        soon.get(f"projects/{project}", user=USER).expect(status, code=code)
    assert soon.disk.all() == before
    wait_until(lambda: soon.get(f"projects/{project}", user=USER).status == 200, 10, "as before")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("heard", [False, True])
def test_who_is_let_in_again_midway(soon, store, project, way, heard):
    upload = Halfway(soon, way, project)
    with changed(store, of_admin("disabled", 1), of_admin("disabled", 0)):
        time.sleep(RECHECK + 0.2)
        if heard:
            soon.get(f"projects/{project}", user=USER).expect(401)
    upload.is_stored()


@pytest.mark.parametrize("way", WAYS)
def test_whose_bytes_take_long(soon, project, way):
    """His row is read again, and nothing has changed."""
    upload = Halfway(soon, way, project)
    time.sleep(2 * RECHECK)
    upload.is_stored()


def test_whose_password_must_be_hashed_again(start_uploader, project):
    upload = Halfway(start_uploader({"auth.recheck": "200ms", "auth.cache_ttl": "200ms"}), "raw", project)
    time.sleep(0.5)
    upload.is_stored()


@pytest.mark.parametrize("way", WAYS)
def test_who_is_quick_does_not_pay(start_uploader, project, way):
    """Memory knows him: no worker looks at his login, neither before his bytes nor behind them."""
    uploader = start_uploader({"auth.recheck": "1h", "auth.cache_ttl": "1h"})
    uploader.get(f"projects/{project}", user=USER).success()
    before = uploader.server.metrics()
    Halfway(uploader, way, project).is_stored()
    after = uploader.server.metrics()
    assert after["portcullis_auth_cache_misses_total"] == before["portcullis_auth_cache_misses_total"] == 1


def test_a_locked_out_upload_counts_as_one_failed_login(start_uploader, store, project):
    """Section "Bans": like a request whose login is wrong; the third bans."""
    uploader = start_uploader({"auth.recheck": "300ms", "redis.url": "", "ban.table": "read", "ban.exempt": "",
                               "http.trusted_proxies": "127.0.0.0/8"})
    extra = f"X-Forwarded-For: {CLIENT}\r\n"
    uploads = [Halfway(uploader, way, project, extra) for way in ("raw", "form", "raw", "form")]
    with changed(store, of_admin("disabled", 1), of_admin("disabled", 0)):
        time.sleep(0.5)
        for left in (2, 1, 0):
            reply = uploads.pop(0).is_told(401, "authentication_failed")
            assert reply.field("X-Login-Attempts-Left") == str(left)
            assert len(uploader.disk.begun()) == left + 1
        uploads.pop().is_told(403, "ip_banned")
    assert not uploader.disk.all()
    assert not store.run(f"SELECT 1 FROM {TABLE} WHERE project_id={project} AND file_sha256<>''")


def test_an_upload_is_one_request_of_its_admin(start_uploader, project):
    """rate.per_admin: one token, though he is asked for twice; the next is a second away."""
    uploader = start_uploader({"auth.recheck": "200ms", "redis.url": "", "rate.per_admin": "1/second burst 1"})
    began = time.monotonic()
    upload = Halfway(uploader, "raw", project)
    other = uploader.get(f"projects/{project}", user=USER)
    if time.monotonic() - began < 0.9:
        other.expect(429)
    time.sleep(0.4)
    upload.is_stored()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("recheck", ["200ms", "1h"])
def test_whose_address_is_banned_midway(start_uploader, store, project, way, recheck):
    """Whether his login is read again, or known from memory."""
    uploader = start_uploader({"auth.recheck": recheck, "redis.url": "", "ban.table": "read", "ban.exempt": "",
                               "http.trusted_proxies": "127.0.0.0/8"})
    upload = Halfway(uploader, way, project, f"X-Forwarded-For: {OTHER_CLIENT}\r\n")
    answer = requests.post(uploader.server.admin + "/bans", data={"network": OTHER_CLIENT, "length": "1h"}, timeout=10)
    assert answer.status_code == 201
    time.sleep(0.4)
    upload.is_refused(403, "ip_banned")


@pytest.mark.parametrize("way", WAYS)
def test_the_database_has_gone_meanwhile(start_uploader, place, mariadb, project, way):
    proxy = SqlProxy(place / f"midway-{way}.sock", mariadb.socket)
    uploader = start_uploader({"auth.recheck": "200ms", "mysql.socket": proxy.path})
    upload = Halfway(uploader, way, project)
    time.sleep(0.4)
    proxy.judge = lambda packet: QUESTION
    assert upload.is_refused(503, "database_unavailable").field("Retry-After")
    proxy.judge = None


@pytest.mark.parametrize("way", WAYS)
def test_the_client_goes_while_he_is_asked_for_again(start_uploader, mariadb, project, way):
    """His row is held up; nobody waits for the answer any more, and nothing is left."""
    uploader = start_uploader({"auth.recheck": "200ms"})
    before = uploader.disk.all()
    upload = Halfway(uploader, way, project)
    time.sleep(0.4)
    with uploader.store.unchanged(), mariadb.connect(writing.DATABASE) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLES tbladmins WRITE")
        with upload.connection:
            upload.connection.send(upload.rest)
            time.sleep(0.4)
            assert uploader.disk.begun()
        time.sleep(0.3)
        cursor.execute("UNLOCK TABLES")
        wait_until(lambda: uploader.disk.all() == before, 10, "nothing is left")


def test_another_admin_by_the_same_name(soon, store, project):
    """Who writes is who holds the login when it is written."""
    upload = Halfway(soon, "raw", project)
    with changed(store, of_admin("id", 70), of_admin("id", 7)):
        time.sleep(RECHECK + 0.2)
        mark = store.one("SELECT COALESCE(MAX(id),0) FROM tblactivitylog")
        upload.is_stored()
    assert [row[0] for row in store.run("SELECT admin_id FROM tblactivitylog WHERE id>%s", mark)] == [70]
