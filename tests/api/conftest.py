"""What the tests of writing share: one database to write to, and one gateway on it."""

import itertools

import pytest
import requests

from support import abuse, fixture, uploading, writing
from support.answers import BASE, basic
from support.gateway import Gateway

_numbers = itertools.count()


@pytest.fixture(scope="session")
def written_files(place):
    """files.root of the writing gateway."""
    return fixture.make_files(place / "written" / "root")


@pytest.fixture(scope="session")
def writing_gateway(place, mariadb, settings, written_files):
    writing.load(mariadb)
    server = Gateway(place / "gateway-writing", {**settings, "mysql.database": writing.DATABASE,
                                                 "files.root": str(written_files)}).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def api_writer(writing_gateway):
    return writing.Writer(writing_gateway.url)


@pytest.fixture(scope="session")
def store(writing_gateway, mariadb):
    return writing.Store(mariadb)


@pytest.fixture
def branch(store):
    """Two projects; the first with an action, its sub-action, and one record of each kind below project and actions: under 0,
    and under the actions' ids. Nothing has happened since LONG_AGO."""
    project, other = store.project(), store.project()
    action = store.action(project, level_children=1)
    sub = store.action(project, parent_action_id=action)

    def below(action_id):
        where = dict(project_id=project, action_id=action_id)
        return {"topics": store.insert("topics", topic_detail="t", date_modified=writing.LONG_AGO, **where),
                "files": store.insert("files", file_name="f", **where),
                "timelogs": store.insert("timelogs", **where),
                "ticketxrefs": store.insert("ticketxrefs", ticket_id=2038, **where)}
    return {"project": project, "other": other, "action": action, "sub": sub, 0: below(0), action: below(action), sub: below(sub)}


@pytest.fixture(scope="session")
def uploader(place, mariadb, settings, store):
    """Uploads to a gateway of its own on the database that is written to, into an empty folder."""
    disk = uploading.Disk(place / "uploaded" / "root")
    server = Gateway(place / "gateway-uploading", {**settings, "mysql.database": writing.DATABASE,
                                                   "files.root": str(disk.root)}).start()
    yield uploading.Uploader(server, store, disk)
    server.stop()


@pytest.fixture(scope="session")
def abuse_gateway(place, mariadb, settings):
    """One that reports of abuse are sent to; nobody is asked for suspensions."""
    abuse.load(mariadb)
    server = Gateway(place / "gateway-abuse", {**settings, "mysql.database": abuse.DATABASE}).start()
    yield server
    server.stop()


@pytest.fixture
def start_uploader(start_gateway, place, store):
    """start_uploader({"files.max_upload": "1 KiB"}): another such gateway, its folder its own; stopped after the test."""
    def start(more=None, root=None):
        disk = uploading.Disk(root or place / f"uploaded-{next(_numbers)}")
        server = start_gateway({"mysql.database": writing.DATABASE, "files.root": str(disk.root), **(more or {})})
        return uploading.Uploader(server, store, disk)
    return start


@pytest.fixture
def reports(abuse_gateway, mariadb):
    """Its tables, empty."""
    store = abuse.Store(mariadb)
    store.clear()
    yield store
    store.connection.close()


@pytest.fixture
def reporter(abuse_gateway, reports):
    return abuse.Reporter(abuse_gateway.url)


@pytest.fixture(scope="session")
def described_gateway(place, mariadb, settings):
    """One whose OpenAPI document is followed: a database of its own, in which that document's examples mean something."""
    database = "whmcs_openapi"
    writing.load(mariadb, database)
    with mariadb.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        fixture.insert(cursor, "tbldeviceauth", abuse.CREDENTIALS)
        fixture.insert(cursor, "tblhosting", [dict(id=1, userid=7, domain="example.com", dedicatedip="192.0.2.1")])
    files = fixture.make_files(place / "described" / "root")
    server = Gateway(place / "gateway-described", {**settings, "mysql.database": database, "files.root": str(files)}).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def openapi_tree(described_gateway):
    """The document as it is served."""
    answer = requests.get(described_gateway.url + BASE + "/openapi.json", headers=basic("alice"), timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()
