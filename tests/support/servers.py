"""A private MariaDB and a private Redis in temporary folders, stopped by their own pids."""

import getpass
import os
import pathlib
import signal
import subprocess

import pymysql
import redis

from support.ports import free_port, wait_until

FAST = [
    "--innodb-flush-log-at-trx-commit=2",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--performance-schema=OFF",
    "--max-connections=300",
    "--character-set-server=utf8mb3",
]


class Mariadb:
    """One mariadbd on a unix socket and a loopback port."""

    def __init__(self, folder, options=()):
        self.folder = pathlib.Path(folder)
        self.options = [*FAST, *options]
        self.data = self.folder / "data"
        self.socket = str(self.folder / "sql.sock")
        self.port = free_port()
        self.process = None
        # Its own: a mariadbd that starts deletes the temporary tables it finds, other servers' too.
        self.environment = {**os.environ, "TMPDIR": str(self.folder)}
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal",
             "--skip-test-db", f"--datadir={self.data}", f"--user={getpass.getuser()}"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)

    def start(self):
        log = open(self.folder / "mariadbd.log", "ab")
        self.process = subprocess.Popen(
            ["mariadbd", "--no-defaults", f"--user={getpass.getuser()}", f"--datadir={self.data}",
             f"--socket={self.socket}", f"--port={self.port}", "--bind-address=127.0.0.1", *self.options],
            stdout=log, stderr=log, env=self.environment)
        log.close()
        wait_until(self.answers, 30, "mariadbd answers")
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("GRANT ALL ON *.* TO root@'127.0.0.1' IDENTIFIED BY 'tcp-secret'")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "mariadbd.log").read_text(errors="replace")[-3000:])
        try:
            self.connect().close()
            return True
        except pymysql.err.OperationalError:
            return False

    def connect(self, database=None):
        return pymysql.connect(unix_socket=self.socket, user="root", database=database,
                               charset="utf8mb4", autocommit=True)

    def run(self, sql, arguments=None, database="whmcs"):
        """Executes one statement and returns its rows."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(sql, arguments)
            return cursor.fetchall()

    def run_loosely(self, sql, arguments=None, database="whmcs"):
        """The same without strict mode: columns left out take their implicit defaults."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute("SET sql_mode=''")
            cursor.execute(sql, arguments)

    def load(self, path, database="whmcs"):
        with open(path, "rb") as text:
            subprocess.run(["mariadb", "--no-defaults", "--user=root", f"--socket={self.socket}",
                            "--default-character-set=utf8mb4", database], stdin=text, check=True)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.resume()
            self.process.terminate()
            self.process.wait(30)


class Redis:
    """One redis-server on a unix socket, nothing kept."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.socket = str(self.folder / "redis.sock")
        self.process = None

    @property
    def url(self):
        return f"unix://{self.socket}"

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "",
             "--appendonly", "no", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = redis.Redis(unix_socket_path=self.socket)
        wait_until(lambda: self._pings(client), 10, "redis answers")

    @staticmethod
    def _pings(client):
        try:
            return client.ping()
        except redis.ConnectionError:
            return False

    def everything(self):
        """All keys and values as one run of bytes, to grep for secrets."""
        client = redis.Redis(unix_socket_path=self.socket)
        return b"\n".join(key + b"=" + (client.dump(key) or b"") for key in client.keys())

    def keys_without_expiry(self):
        """spec/auth-and-bans.md: every key that Redis gets has an expiry."""
        client = redis.Redis(unix_socket_path=self.socket)
        return [key for key in client.keys() if client.pttl(key) == -1]

    def flush(self):
        redis.Redis(unix_socket_path=self.socket).flushall()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        if os.path.exists(self.socket):
            os.unlink(self.socket)
