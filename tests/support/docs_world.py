"""What the pages of docs/ are run against: the demo company's rows, one gateway that serves them, one that limits rates."""

import os
import pathlib
import shutil

from support import docs, fixture
from support.gateway import ROOT, Gateway
from support.servers import Mariadb, Redis

IDENTIFIER = "DemoReporterIdentifier0000000001"
DATABASE = "docs"


def load_demo(mariadb, database=DATABASE):
    """Structure and rows as ./dev run loads them."""
    fixture.load_structure(mariadb, ROOT, database)
    for path in sorted(ROOT.glob("schema/demo/*.sql")):
        mariadb.load(path, database)


class World:
    """Servers that are not given are started here; stop() ends what was."""

    def __init__(self, folder, mariadb=None, redis=None):
        self.folder = pathlib.Path(folder)
        self.own = []
        self.mariadb, self.redis = mariadb or self._start(Mariadb, "db"), redis or self._start(Redis, "redis")
        self.gateways = []

    def _start(self, kind, name):
        (self.folder / name).mkdir(parents=True)
        server = kind(self.folder / name)
        server.start()
        self.own.append(server)
        return server

    def settings(self):
        return {"mysql.socket": self.mariadb.socket, "mysql.user": "root", "mysql.database": DATABASE,
                "redis.url": self.redis.url, "redis.prefix": "docs:", "files.root": str(self.files), "server.loops": "2",
                "mysql.workers": "4", "server.max_lag": "0", "remote.config_allow": "CompanyName,DateFormat"}

    def gateway(self, name, more=None):
        server = Gateway(self.folder / name, {**self.settings(), **(more or {})}).start()
        self.gateways.append(server)
        return server

    def runner(self, page):
        """Fresh rows and files, and gateways on them, for one page."""
        load_demo(self.mariadb)
        self.files = self.folder / page.stem / "root"
        shutil.copytree(ROOT / "schema/demo/files", self.files / "demo")
        gateway = self.gateway(page.stem + "-gateway")
        strict = self.gateway(page.stem + "-strict", {"rate.per_admin": "1/second burst 1", "redis.prefix": "strict:"})
        work = self.folder / page.stem / "work"
        work.mkdir()
        config = work / "portcullis.ini"
        config.write_text(ini(gateway.settings))
        replacements = {docs.GATEWAY: gateway.url, "https://strict.example.com": strict.url, "http://127.0.0.1:8080": gateway.url,
                        "http://127.0.0.1:9180": gateway.admin, "/srv/whmcs/attachments": str(self.files)}
        return docs.Runner(work, replacements,
                           {"PORTCULLIS_CONFIG": str(config), "IDENTIFIER": IDENTIFIER})

    def stop(self):
        for server in self.gateways + self.own[::-1]:
            server.stop()


def ini(settings):
    """Settings as portcullis.ini has them."""
    sections = {}
    for key, value in settings.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, []).append(f"{name} = {value}{os.linesep}")
    return "".join(f"[{section}]\n" + "".join(lines) for section, lines in sections.items())
