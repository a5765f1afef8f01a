"""One Chromium a session, one gateway to read from and write to; after each test the browser may have nothing to complain of."""

import os
import pathlib

import pytest

from support import fixture, writing
from support.answers import BASE, Client
from support.browser import Page, start_chromium
from support.gateway import ROOT, Gateway

SHOTS = pathlib.Path(os.environ.get("PORTCULLIS_SHOTS", ROOT / "var/results/screenshots"))


@pytest.fixture(scope="session")
def sandbox_files(place):
    return fixture.make_files(place / "sandbox-files" / "root")


@pytest.fixture(scope="session")
def sandbox_gateway(place, mariadb, settings, sandbox_files):
    """Its own rows, so that what the browser writes is nobody else's."""
    writing.load(mariadb, "whmcs_browser")
    server = Gateway(place / "gateway-browser", {**settings, "mysql.database": "whmcs_browser", "files.root": str(sandbox_files)}).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def store(sandbox_gateway, mariadb):
    return writing.Store(mariadb, "whmcs_browser")


@pytest.fixture(scope="session")
def client(sandbox_gateway):
    return Client(sandbox_gateway.url)


@pytest.fixture(scope="session")
def downloads(place):
    folder = place / "downloads"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def chromium(downloads):
    driver = start_chromium(downloads)
    yield driver
    driver.quit()


@pytest.fixture
def open_page(chromium):
    """open_page(gateway): a Page, the sandbox unless told otherwise, looked through after the test."""
    pages = []

    def open(gateway, kind=Page, path=BASE + "/sandbox/"):
        page = kind(chromium, gateway.url, path)
        chromium.get_log("browser"), chromium.get_log("performance")
        pages.append(page)
        return page

    yield open
    for page in pages:
        complaints, requests = page.complaints(), page.requests()
        page.script("try { localStorage.clear(); } catch (e) {}")
        assert not complaints, complaints
        assert not page.foreign(requests), "requests to other origins"


@pytest.fixture
def page(open_page, sandbox_gateway):
    """The sandbox, nobody logged in."""
    return open_page(sandbox_gateway).visit()


@pytest.fixture
def bench(page):
    """The sandbox with alice logged in, who sees everything."""
    return page.login()


@pytest.fixture
def shoot(chromium):
    """shoot("name"): a screenshot among the results."""
    def shoot(name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        chromium.save_screenshot(str(SHOTS / f"{name}.png"))
    return shoot
