"""A private MariaDB on a unix socket, with the shipped structure and the bench's rows."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from .process import Process

USER, PASSWORD, NAME = "bench", "bench", "whmcs"
ADMIN, ADMIN_PASSWORD = "bench", "bench"
PROJECT = "tbladdon_wbteampro_project"
ACTION = "tbladdon_wbteampro_action"


class Database:
    """The data stays in its folder between runs while structure and rows stay the same."""

    def __init__(self, root, var):
        self.root = root
        self.folder = var / "mysql"
        # A socket's path is at most 107 bytes long, wherever the project lies.
        self.socket = Path(f"/tmp/portcullis-bench-{os.getpid()}.sock")
        self.log = var / "general.log"
        self.scripts = sorted((root / "schema/structure").glob("*.sql"))
        self.scripts.append(root / "bench/sql/rows.sql")
        self.process = self._start(var)

    def _fingerprint(self):
        digest = hashlib.sha256()
        for script in self.scripts:
            digest.update(script.read_bytes())
        return digest.hexdigest()

    def _start(self, var):
        mark = self.folder / "bench.sha256"
        is_loaded = mark.exists() and mark.read_text() == self._fingerprint()
        if not is_loaded:
            self._install()
        process = Process("mariadbd", [
            "mariadbd", "--no-defaults", f"--datadir={self.folder}", f"--socket={self.socket}",
            f"--pid-file={var}/mariadbd.pid", "--skip-networking", "--innodb-buffer-pool-size=512M",
            "--innodb-log-file-size=128M", "--innodb-flush-log-at-trx-commit=2",
            "--max-connections=500", "--character-set-server=utf8mb3", "--query-cache-type=0",
            f"--general-log-file={self.log}", "--performance-schema=off",
            *(["--user=root"] if os.geteuid() == 0 else []),
        ], var / "mariadbd.log", self._is_up, timeout=60)
        if not is_loaded:
            self._load()
            mark.write_text(self._fingerprint())
        return process

    def _install(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        command = ["mariadb-install-db", "--no-defaults", "--skip-test-db",
                   "--auth-root-authentication-method=normal", f"--datadir={self.folder}"]
        subprocess.run(command + (["--user=root"] if os.geteuid() == 0 else []), check=True,
                       stdout=subprocess.DEVNULL)

    def _client(self, *words, **options):
        return subprocess.run(["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root",
                               "--default-character-set=utf8mb4", "--batch", "--skip-column-names",
                               *words], check=False, capture_output=True, text=True, **options)

    def _is_up(self):
        return self._client("-e", "SELECT 1").returncode == 0

    def query(self, sql, database=NAME):
        result = self._client(*([database] if database else []), "-e", sql)
        if result.returncode:
            raise SystemExit(f"bench: {result.stderr.strip()}\n{sql}")
        return [line.split("\t") for line in result.stdout.splitlines()]

    def _load(self):
        self.query(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb3;"
                   f"CREATE USER {USER}@localhost IDENTIFIED BY '{PASSWORD}';"
                   f"GRANT ALL ON {NAME}.* TO {USER}@localhost", None)
        for script in self.scripts:
            with script.open() as source:
                result = self._client(NAME, stdin=source)
            if result.returncode:
                raise SystemExit(f"bench: {script.name}: {result.stderr.strip()}")

    def columns(self, table):
        """Name and type of every column, in the table's order."""
        return self.query("SELECT column_name, data_type FROM information_schema.columns WHERE "
                          f"table_schema = '{NAME}' AND table_name = '{table}' "
                          "ORDER BY ordinal_position")

    def statements_of(self, ask):
        """The statements that the database executes while `ask` runs, with their values."""
        self.log.unlink(missing_ok=True)
        self.query("SET GLOBAL general_log = 1")
        try:
            ask()
        finally:
            self.query("SET GLOBAL general_log = 0")
        entries = re.findall(r"\t +\d+ (Execute|Query)\t(.*?)(?=\n(?:\d{6} [\d: ]{8})?\t+ *\d+ \w|\Z)",
                             self.log.read_text(errors="replace"), re.S)
        return [text.strip() for _, text in entries if "general_log" not in text]

    def stop(self):
        self.process.stop()
        self.socket.unlink(missing_ok=True)
