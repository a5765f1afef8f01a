"""Processes the bench starts: begun in their own group, counted, and ended with the bench."""

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

_running = []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """One server with all its children. `ready` is called until it is true."""

    def __init__(self, name, argv, log, ready, env=None, timeout=30.0):
        self.name = name
        self.log = Path(log)
        with self.log.open("wb") as output:
            self.child = subprocess.Popen(
                [str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, env={**os.environ, **(env or {})})
        _running.append(self)
        self._await(ready, timeout)

    def _await(self, ready, timeout):
        deadline = time.monotonic() + timeout
        while not ready():
            if self.child.poll() is not None or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-2000:]
                raise SystemExit(f"bench: {self.name} did not start:\n{tail}")
            time.sleep(0.05)

    def wait(self, ready, timeout):
        """Until something of it has come true after its start."""
        self._await(ready, timeout)

    def pids(self):
        """The process and all below it."""
        children = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                stat = _stat(int(entry.name))
                if stat:
                    children.setdefault(int(stat[1]), []).append(int(entry.name))
        found, todo = [], [self.child.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo.extend(children.get(pid, []))
        return found

    def cpu_seconds(self):
        """User and system time of the process and its living children, threads that have ended included."""
        return sum(_cpu_seconds(pid) for pid in self.pids())

    def thread_seconds(self, name):
        """CPU time of the process's own threads of that name."""
        total = 0
        for task in Path(f"/proc/{self.child.pid}/task").iterdir():
            if (task / "comm").read_text().strip() == name:
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def pss_bytes(self):
        """Proportional set size: shared pages count by share."""
        total = 0
        for pid in self.pids():
            try:
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
            except OSError:
                continue
        return total

    def stop(self):
        if self in _running:
            _running.remove(self)
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                pass
        # Whoever of its group is left (a master that died before its workers) goes too.
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()


def _cpu_seconds(pid):
    """By the process's own clock, as clock_getcpuclockid(3) names it: to the nanosecond, where /proc/PID/stat counts
    ticks of 10 ms, of which a round of two seconds may be but twenty."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0


def _stat(pid):
    """The fields of /proc/PID/stat after the name, which may hold spaces: state is index 0."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def stop_all():
    for process in reversed(list(_running)):
        process.stop()


def stop_with_bench():
    """Whatever ends the bench, ends its servers."""
    def leave(signum, _frame):
        sys.exit(128 + signum)
    atexit.register(stop_all)
    for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(signum, leave)


def answers(port):
    def ready():
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0
    return ready
