"""One running `portcullis serve`, its log and its end."""

import json
import os
import pathlib
import subprocess
import time

import requests

from support.ports import free_port, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PORTCULLIS_BINARY", str(ROOT / "build/release/portcullis"))
REPORTS = ("ERROR: AddressSanitizer", "WARNING: ThreadSanitizer", "ERROR: LeakSanitizer",
           "runtime error:")


def clean_environment(more=None):
    """Ours without PORTCULLIS_…: to the gateway each of those is a setting."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTCULLIS_")}
    return {**kept, **(more or {})}


def run_binary(*arguments, environment=None, timeout=30):
    """Runs a command of the binary to its end."""
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=timeout,
                          env=clean_environment(environment))


class Gateway:
    """Starts on free ports; settings are section.key → value, as -o takes them."""

    def __init__(self, folder, settings):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self.admin_port = free_port(), free_port()
        self.settings = {"server.listen": f"127.0.0.1:{self.port}",
                         "admin.listen": f"127.0.0.1:{self.admin_port}", **settings}
        self.out_path = self.folder / "stdout.log"
        self.error_path = self.folder / "stderr.log"
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin(self):
        return f"http://127.0.0.1:{self.admin_port}"

    def options(self):
        return [word for key, value in self.settings.items() for word in ("-o", f"{key}={value}")]

    def start(self, wait_ready=True, environment=None):
        with open(self.out_path, "ab") as out, open(self.error_path, "ab") as error:
            self.process = subprocess.Popen([BINARY, "serve", *self.options()], stdout=out,
                                            stderr=error, env=clean_environment(environment))
        if wait_ready:
            wait_until(self.is_ready, 30, f"/readyz answers 200: {self.error_text()[-2000:]}")
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"gateway ended with {self.process.returncode}: "
                                 + self.error_text()[-2000:] + self.out_text()[-2000:])
        return self.readyz() == 200

    def readyz(self):
        """Status of /readyz, or None when nobody answers."""
        try:
            return requests.get(self.admin + "/readyz", timeout=2).status_code
        except requests.RequestException:
            return None

    def metrics(self):
        """Samples of /metrics: 'name{labels}' → float."""
        text = requests.get(self.admin + "/metrics", timeout=5).text
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")
        return {name: float(value) for name, value in pairs}

    def out_text(self):
        return self.out_path.read_text(errors="replace") if self.out_path.exists() else ""

    def error_text(self):
        return self.error_path.read_text(errors="replace") if self.error_path.exists() else ""

    def log_lines(self):
        return [json.loads(line) for line in self.out_text().splitlines() if line.startswith("{")]

    def find_log(self, needle, seconds=3):
        """The first log line that holds needle, once it was written."""
        def found():
            return next((line for line in self.out_text().splitlines() if needle in line), None)
        return wait_until(found, seconds, f"a log line with {needle!r}")

    def terminate(self):
        self.process.terminate()

    def stop(self, seconds=40):
        """SIGTERM; the exit code must be 0 and no sanitizer may have complained."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"gateway did not end within {seconds} s of SIGTERM")
        finally:
            process, self.process = self.process, None
        self.assert_no_report()
        assert code == 0, f"exit code {code}: {self.error_text()[-2000:]}"
        del process

    def assert_no_report(self):
        text = self.error_text() + self.out_text()
        for report in REPORTS:
            assert report not in text, self.error_text()[:6000]

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def hammer(action, stop, results):
    """Calls action until stop is set, keeping (started, ended, outcome)."""
    while not stop.is_set():
        started = time.monotonic()
        try:
            outcome = action()
        except requests.RequestException as error:
            outcome = error
        results.append((started, time.monotonic(), outcome))
