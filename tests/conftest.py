"""What all tests share: one MariaDB, one Redis, one gateway a session; more of each on demand."""

import itertools
import os
import pathlib
import shutil
import tempfile

import pytest

from support import fixture
from support.answers import Client
from support.gateway import BINARY, ROOT, Gateway
from support.oracle import Oracle
from support.servers import Mariadb, Redis


def pytest_collection_modifyitems(config, items):
    if os.access(BINARY, os.X_OK):
        return
    reason = pytest.mark.skip(reason=f"no gateway at {BINARY} (PORTCULLIS_BINARY)")
    for item in items:
        if "no_gateway" not in item.name:
            item.add_marker(reason)


@pytest.fixture(scope="session")
def place():
    """A short temporary path (unix sockets have little room), gone after the session."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-test-"))
    yield folder
    if not os.environ.get("PORTCULLIS_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mariadb(place):
    (place / "db").mkdir()
    server = Mariadb(place / "db")
    server.start()
    fixture.load_structure(server, ROOT)
    fixture.load_rows(server)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(place):
    (place / "redis").mkdir()
    server = Redis(place / "redis")
    server.start()
    yield server
    lasting = server.keys_without_expiry()
    server.stop()
    assert not lasting, f"keys that would stay in Redis for ever: {lasting}"


@pytest.fixture(scope="session")
def files_root(place):
    return fixture.make_files(place / "files" / "root")


@pytest.fixture(scope="session")
def settings(mariadb, redis_server, files_root):
    """What every gateway of the tests is started with; tests add to it."""
    return {"mysql.socket": mariadb.socket, "mysql.user": "root", "mysql.database": "whmcs",
            "redis.url": redis_server.url, "files.root": str(files_root),
            "remote.config_allow": "CompanyName,DateFormat", "server.loops": "2", "mysql.workers": "4",
            # Tests change rows and look at once; the caches have tests of their own.
            "cache.config_ttl": "0", "files.cache_ttl": "0",
            # The machine of the tests is a noisy one: its own lag is not what they are about.
            "server.max_lag": "0",
            # Wrong logins are what many tests are about; bans have tests of their own.
            "ban.exempt": "127.0.0.0/8,::1"}


@pytest.fixture(scope="session")
def gateway(place, settings):
    server = Gateway(place / "gateway", settings).start()
    yield server
    server.stop()


_numbers = itertools.count()


@pytest.fixture
def start_gateway(place, settings):
    """start_gateway({"http.idle_timeout": "1s"}): a further gateway, stopped after the test."""
    started = []

    def start(more=None, wait_ready=True, environment=None, drop=()):
        merged = {key: value for key, value in {**settings, **(more or {})}.items() if key not in drop}
        server = Gateway(place / f"gateway-{next(_numbers)}", merged)
        started.append(server)
        return server.start(wait_ready, environment)

    yield start
    problems = []
    for server in started:
        try:
            server.stop()
        except AssertionError as error:
            problems.append(error)
    if problems:
        raise problems[0]


@pytest.fixture(scope="module")
def module_gateway(place, settings):
    """The same, living as long as a module; stopped after it."""
    started = []

    def start(more=None):
        server = Gateway(place / f"gateway-{next(_numbers)}", {**settings, **(more or {})}).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def api(gateway):
    return Client(gateway.url)


@pytest.fixture(scope="session")
def oracle(mariadb):
    return Oracle(mariadb)
