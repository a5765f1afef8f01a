"""A private MariaDB on a unix socket, with the shipped structure and the bench's rows."""

import hashlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from .process import Process

USER, PASSWORD, NAME = "bench", "bench", "whmcs"
ADMIN, ADMIN_PASSWORD = "bench", "bench"
PROJECT = "tbladdon_wbteampro_project"
ACTION = "tbladdon_wbteampro_action"
TIMELOG = "tbladdon_wbteampro_timelog"
FILE = "tbladdon_wbteampro_file"
REPORT = "mod_abusemanagerpro_reports"
REPORTER = "BenchReporterIdentifier000000001"
LOADED_NOTE = "Done as agreed."  # of the timelogs of sql/rows.sql, and of none that is created later


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
        self.loaded_timelog = int(self.query(
            f"SELECT MAX(timelog_id) FROM {TIMELOG} WHERE timelog_note = '{LOADED_NOTE}'")[0][0])

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
        # Not /tmp: another MariaDB that starts there throws the temporary tables of this one away.
        temporary = var / "mysql-tmp"
        temporary.mkdir(exist_ok=True)
        process = Process("mariadbd", [
            "mariadbd", "--no-defaults", f"--datadir={self.folder}", f"--socket={self.socket}",
            f"--tmpdir={temporary}",
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

    def fields(self, table):
        """Of every column name, type, most characters, and whether an insert must name it."""
        return self.query("SELECT column_name, data_type, COALESCE(character_maximum_length, 0), "
                          "is_nullable = 'NO' AND column_default IS NULL AND extra = '' FROM information_schema.columns "
                          f"WHERE table_schema = '{NAME}' AND table_name = '{table}' ORDER BY ordinal_position")

    def stored_writes(self):
        """Lines in the activity log, timelogs and reports created, once nothing is under way any more."""
        seen = None
        while True:
            now = self.query("SELECT (SELECT COUNT(*) FROM tblactivitylog), "
                             f"(SELECT COUNT(*) FROM {TIMELOG} WHERE timelog_id > {self.loaded_timelog}), "
                             f"(SELECT COUNT(*) FROM {REPORT}), "
                             "(SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified > 0)")[0]
            if now == seen and now[3] == "0":
                return int(now[0]), int(now[1]), int(now[2])
            seen = now
            time.sleep(0.1)

    def forget_writes(self):
        """Every round of writes begins alike: what others created is gone, purged too, and what they changed is on disk.
        Changed columns keep their new values, which are as long as the old ones."""
        self.query(f"DELETE FROM {TIMELOG} WHERE timelog_id > {self.loaded_timelog}; TRUNCATE tblactivitylog; "
                   f"TRUNCATE {REPORT}; TRUNCATE portcullis_outbox")
        self.query("SET GLOBAL innodb_io_capacity_max = 20000, GLOBAL innodb_io_capacity = 20000, "
                   "GLOBAL innodb_max_dirty_pages_pct = 0")
        self._settle({"Innodb_history_list_length": 200, "Innodb_buffer_pool_pages_dirty": 50}, 20)
        self.query("SET GLOBAL innodb_max_dirty_pages_pct = DEFAULT, GLOBAL innodb_io_capacity = 200, "
                   "GLOBAL innodb_io_capacity_max = 2000")

    def forget_reports(self):
        self.query(f"DELETE FROM {REPORT}; DELETE FROM portcullis_outbox; DELETE FROM tblactivitylog")

    def _settle(self, most, timeout):
        deadline = time.monotonic() + timeout
        names = ", ".join(f"'{name}'" for name in most)
        while time.monotonic() < deadline:
            now = {name: int(value) for name, value in
                   self.query(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})")}
            if all(now[name] <= limit for name, limit in most.items()):
                return
            time.sleep(0.1)

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
