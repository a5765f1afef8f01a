"""docs/decisions.md, "Downloads": where a file's bytes lie is remembered for files.cache_ttl, for whoever sees just the same, and
forgotten by every write through this gateway."""

import hashlib
import os
import threading
import time

import pytest

from support import downloads, writing
from support.answers import Client
from support.gateway import Gateway
from support.ports import wait_until

pytestmark = pytest.mark.chains
DATABASE = "whmcs_cached"


@pytest.fixture(scope="module")
def cached(place, mariadb, settings, written_files):
    """A gateway on the database that is written to, whose cache outlasts a test."""
    writing.load(mariadb, DATABASE)
    server = Gateway(place / "gateway-cached", {**settings, "mysql.database": DATABASE, "files.root": str(written_files),
                                                "files.cache_ttl": "1h"}).start()
    yield server
    server.stop()


@pytest.fixture
def client(cached):
    return Client(cached.url)


@pytest.fixture
def stored(mariadb, written_files):
    def stored(content, **columns):
        return downloads.stored(mariadb, written_files, content, database=DATABASE, **columns)
    return stored


def add_project(mariadb, number, visible_status, manager):
    mariadb.run_loosely("INSERT INTO tbladdon_wbteampro_project (project_id, visible_status, manager_adminid) VALUES (%s, %s, %s)",
                        (number, visible_status, manager), database=DATABASE)


def counts(server):
    metrics = server.metrics()
    return metrics["portcullis_file_cache_hits_total"], metrics["portcullis_file_cache_misses_total"], metrics["portcullis_database_statements_total"]


def test_the_second_costs_no_statement(cached, client, stored):
    """Whatever is asked of it: ranges, conditions, HEAD; the format does not matter."""
    body = os.urandom(5000)
    with stored(body) as number:
        first = client.get(f"files/{number}/download")
        hits, misses, statements = counts(cached)
        asked = [client.get(f"files/{number}/download"), client.get(f"files/{number}/download", fmt="xml"),
                 client.get(f"files/{number}/download", headers={"Accept-Encoding": "gzip"})]
        for answer in asked:
            assert answer.http.content == body
            assert {name: answer.headers[name] for name in ("ETag", "Last-Modified", "Content-Type", "Content-Disposition")} == \
                   {name: first.headers[name] for name in ("ETag", "Last-Modified", "Content-Type", "Content-Disposition")}
        assert client.get(f"files/{number}/download", headers={"Range": "bytes=7-99"}).http.content == body[7:100]
        several = client.get(f"files/{number}/download", headers={"Range": "bytes=0-0,99-100"})
        assert [part[4] for part in downloads.parts(several.headers["Content-Type"], several.http.content)] == [body[:1], body[99:101]]
        assert client.get(f"files/{number}/download", headers={"If-None-Match": first.headers["ETag"]}).status == 304
        assert client.get(f"files/{number}/download", headers={"If-Match": '"x"'}).status == 412
        assert client.get(f"files/{number}/download", headers={"Range": "bytes=9999-"}).status == 416
        assert client.get(f"files/{number}/download", method="HEAD").headers["Content-Length"] == "5000"
        after = counts(cached)
        assert after[0] - hits == 9 and after[1] == misses
        assert after[2] - statements <= 8  # none of them the files': logins are looked at again, the model and bans are polled


def test_other_eyes_see_their_own(cached, mariadb, stored):
    """alice sees every project; bob does not see one that is its manager's alone: what she was shown stays hers. Nor does a
    login that is none, or a chain that does not hold the file."""
    add_project(mariadb, 880, "manager", 1)
    alice, bob = Client(cached.url), Client(cached.url)
    try:
        with stored(b"secret", project_id=880) as number:
            for chain in (f"files/{number}/download", f"projects/880/files/{number}/download"):
                for _ in range(3):
                    assert alice.get(chain).http.content == b"secret"
                    refused = bob.get(chain, user="bob")
                    assert refused.status == 404 and b"secret" not in refused.http.content
            assert alice.get(f"projects/259/files/{number}/download").status == 404
            assert alice.get(f"files/{number}/download", user=None).status == 401
            wrong = alice.get(f"files/{number}/download", query={"password": "0" * 32})
            assert wrong.status == 401
            assert alice.get(f"files/{number}/download", params={"file_id": number + 1}).status == 422
            assert alice.get(f"files/{number}/download", params={"nonsense": 1}).status == 400
    finally:
        mariadb.run("DELETE FROM tbladdon_wbteampro_project WHERE project_id = 880", database=DATABASE)


def test_admins_of_one_role_see_their_own(cached, mariadb, stored):
    """Two who do not see everything are two viewers: the manager's file is not his colleague's."""
    add_project(mariadb, 881, "manager", 2)
    mariadb.run("UPDATE tbladmins SET roleid = 2 WHERE username = 'zoë'", database=DATABASE)
    try:
        with stored(b"bob's", project_id=881) as number:
            bob, zoe = Client(cached.url), Client(cached.url)
            wait_until(lambda: zoe.get(f"files/{number}/download", user="zoë").status == 404, 10, "zoë's role is read again")
            assert bob.get(f"files/{number}/download", user="bob").http.content == b"bob's"
            assert zoe.get(f"files/{number}/download", user="zoë").status == 404
    finally:
        mariadb.run("UPDATE tbladmins SET roleid = 1 WHERE username = 'zoë'", database=DATABASE)
        mariadb.run("DELETE FROM tbladdon_wbteampro_project WHERE project_id = 881", database=DATABASE)


def test_a_write_through_this_gateway_is_seen_at_once(cached, client, stored):
    """Deleted, renamed, moved out of sight: the next download knows, for an hour's cache too."""
    with stored(b"one", file_name="one.txt") as number, stored(b"two") as other:
        assert "one.txt" in client.get(f"files/{number}/download").headers["Content-Disposition"]
        client.get(f"files/{number}", method="PUT", params={"file_name": "uno.txt"}).success()
        assert "uno.txt" in client.get(f"files/{number}/download").headers["Content-Disposition"]
        assert client.get(f"files/{other}/download").status == 200
        client.get(f"files/{other}", method="DELETE").success()
        assert client.get(f"files/{other}/download").status == 404


def test_hiding_a_project_hides_its_files_at_once(cached, mariadb, stored):
    add_project(mariadb, 882, "all", 1)
    try:
        with stored(b"once seen", project_id=882) as number:
            bob = Client(cached.url)
            assert bob.get(f"files/{number}/download", user="bob").http.content == b"once seen"
            Client(cached.url).get("projects/882", method="PUT", params={"visible_status": "manager"}).success()
            assert bob.get(f"files/{number}/download", user="bob").status == 404
    finally:
        mariadb.run("DELETE FROM tbladdon_wbteampro_project WHERE project_id = 882", database=DATABASE)


def test_another_writer_is_seen_within_the_time(start_gateway, mariadb, files_root):
    """Who writes past this gateway: after files.cache_ttl at the latest, and the descriptor goes too."""
    server = start_gateway({"files.cache_ttl": "500ms", "log.cores": "on"})
    client = Client(server.url)
    with downloads.stored(mariadb, files_root, b"first") as number:
        assert client.get(f"files/{number}/download").http.content == b"first"
        os.unlink(files_root / f"made-{number}")
        downloads.write(files_root / f"made-{number}", b"second")
        wait_until(lambda: client.get(f"files/{number}/download").http.content == b"second", 10, "the new bytes")
        mariadb.run(f"DELETE FROM tbladdon_wbteampro_file WHERE file_id = {number}")
        wait_until(lambda: client.get(f"files/{number}/download").status == 404, 10, "the row is gone")
        wait_until(lambda: not any(f"made-{number}" in os.readlink(f"/proc/{server.process.pid}/fd/{name}")
                                   for name in os.listdir(f"/proc/{server.process.pid}/fd")), 10, "the file is closed")


def test_equal_downloads_that_wait_are_one(start_gateway, mariadb, files_root):
    """Single flight: one statement for all, each with its own range; errors are shared too."""
    server = start_gateway({"mysql.workers": "1"})
    body = os.urandom(2000)
    with downloads.stored(mariadb, files_root, body) as number:
        Client(server.url).get(f"files/{number}/download")
        answers = {}

        def ask(index):
            answers[index] = Client(server.url).get(f"files/{number}/download", headers={"Range": f"bytes={index}-{index + 9}"})
        first = threading.Thread(target=lambda: Client(server.url).get("projects/100"))
        readers = [threading.Thread(target=ask, args=(index,)) for index in range(8)]
        mariadb.pause()
        try:
            first.start()
            wait_until(lambda: server.metrics()["portcullis_pool_busy"] == 1, 10, "the worker waits for the database")
            for reader in readers:
                reader.start()
            wait_until(lambda: server.metrics()["portcullis_pool_queued"] == 8, 10, "all are queued")
        finally:
            mariadb.resume()
        for thread in (first, *readers):
            thread.join()
        assert [answers[index].http.content for index in range(8)] == [body[index:index + 10] for index in range(8)]
        assert server.metrics()["portcullis_pool_joined_total"] == 7


def test_off(gateway, mariadb, files_root):
    """files.cache_ttl = 0: each is looked up; nothing is counted."""
    client = Client(gateway.url)
    with downloads.stored(mariadb, files_root, b"first") as number:
        assert client.get(f"files/{number}/download").http.content == b"first"
        os.unlink(files_root / f"made-{number}")
        downloads.write(files_root / f"made-{number}", b"second")
        assert client.get(f"files/{number}/download").http.content == b"second"
    assert counts(gateway)[:2] == (0, 0)


def test_missing_files_are_not_remembered(cached, client, stored, written_files):
    with stored(b"x") as number:
        os.rename(written_files / f"made-{number}", written_files / "aside")
        assert client.get(f"files/{number}/download").status == 404
        os.rename(written_files / "aside", written_files / f"made-{number}")
        assert client.get(f"files/{number}/download").status == 200


def test_a_changed_schema_is_no_reason_to_serve_the_old(cached, client, mariadb, stored):
    """The key holds the model: what another one was resolved under does not count."""
    with stored(b"x") as number:
        assert client.get(f"files/{number}/download").status == 200
        mariadb.run("ALTER TABLE tbladdon_wbteampro_file ADD COLUMN brand_new int NOT NULL DEFAULT 0", database=DATABASE)
        try:
            assert client.get(f"files/{number}/download").http.content == b"x"
        finally:
            mariadb.run("ALTER TABLE tbladdon_wbteampro_file DROP COLUMN brand_new", database=DATABASE)


def test_readers_and_writers_at_once(cached, stored):
    """Nobody ever gets bytes under the name of others': each answer's tag is its body's hash."""
    bodies = [os.urandom(3000) for _ in range(4)]
    stop, faults = threading.Event(), []

    def read(numbers):
        client = Client(cached.url)
        while not stop.is_set():
            for number, body in zip(numbers, bodies):
                answer = client.get(f"files/{number}/download")
                digest = hashlib.sha256(answer.http.content).hexdigest()
                if answer.status != 200 or answer.http.content != body or answer.headers["ETag"] != f'"{digest}"':
                    faults.append((number, answer.status))

    with stored(bodies[0], file_sha256=hashlib.sha256(bodies[0]).hexdigest()) as a, \
            stored(bodies[1], file_sha256=hashlib.sha256(bodies[1]).hexdigest()) as b, \
            stored(bodies[2], file_sha256=hashlib.sha256(bodies[2]).hexdigest()) as c, \
            stored(bodies[3], file_sha256=hashlib.sha256(bodies[3]).hexdigest()) as d:
        readers = [threading.Thread(target=read, args=((a, b, c, d),)) for _ in range(4)]
        for reader in readers:
            reader.start()
        writer = Client(cached.url)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            writer.get(f"files/{a}", method="PUT", params={"file_label": str(time.monotonic())}).success()
        stop.set()
        for reader in readers:
            reader.join()
    assert not faults
