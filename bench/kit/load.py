"""One round of load: wrk against a peer, or the bare client, with the CPU of everyone involved."""

import json
import os
import resource
import subprocess
import time

from . import database as db
from .peers import CREDENTIALS

CONNECTIONS = 32


class Clock:
    """CPU seconds that processes and our own ended children have used since it was made."""

    def __init__(self, processes):
        self.processes = processes
        self.begin = self._read()

    def _read(self):
        used = {name: process.cpu_seconds() for name, process in self.processes.items()}
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        used["wrk"] = children.ru_utime + children.ru_stime
        return used

    def per_request_us(self, requests):
        now = self._read()
        return {name: (now[name] - self.begin[name]) / max(requests, 1) * 1e6 for name in now}


def wrk(paths, peer, route, base, seconds, seed, connections=CONNECTIONS):
    """Requests a second, latency and CPU of one round; any unexpected answer ends the bench."""
    clock = Clock({**peer.processes, "mariadbd": base.process})
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s",
               "-s", str(paths.var / f"{route.script}.lua"), f"http://127.0.0.1:{peer.port}",
               "--", CREDENTIALS, str(seed), str(paths.var / f"cursors-{peer.name}"),
               route.format, str(paths.var / "actions")]
    done = subprocess.run(command, capture_output=True, text=True)
    output = done.stdout
    if done.returncode:
        raise SystemExit(f"bench: wrk failed on {route.name}: {output}{done.stderr}")
    result = json.loads(output.rpartition("RESULT ")[2])
    expected = result["requests"] if route.status >= 400 else 0
    faults = {name: result[name] for name in ("connect", "read", "write", "timeout") if result[name]}
    # wrk counts what came in, and the status of each: the last few may straddle the end.
    if faults or abs(result["status"] - expected) > (CONNECTIONS if expected else 0):
        raise SystemExit(f"bench: {peer.name} erred on {route.name}: {output}")
    return {
        "rate": result["requests"] / (result["duration_us"] / 1e6), "seconds": result["duration_us"] / 1e6,
        "p50_us": result["p50_us"], "p99_us": result["p99_us"],
        "bytes": result["bytes"] / max(result["requests"], 1), "sent": result["bytes"] / (result["duration_us"] / 1e6),
        "cpu_us": clock.per_request_us(result["requests"]),
    }


def wrk_writes(paths, peer, route, base, seconds, seed):
    """The same for writes: from the same beginning each time, and each of them must have been one. What is written is
    drawn anew, so that nobody finds it written already by the one before him, or by an earlier run."""
    base.forget_writes()
    played = wrk(paths, peer, route, base, seconds, seed + time.time_ns() % 10**9)
    done = round(played["rate"] * played["seconds"])
    logged, timelogs, reports = base.stored_writes()
    wanted = (0, logged) if route.is_report else (logged if route.method == "POST" else 0, 0)
    # Those under way when wrk ends are stored too, and count for nobody.
    is_whole = done <= logged <= done + CONNECTIONS and (timelogs, reports) == wanted
    if not is_whole:
        raise SystemExit(f"bench: {peer.name} answered {done} writes of {route.name}; stored are {timelogs} timelogs and {reports} "
                         f"reports, logged {logged} writes")
    return played


def direct(paths, base, settings, statements, seconds):
    """The limit D: sets of statements a second, without HTTP."""
    clock = Clock({"mariadbd": base.process})
    command = [paths.direct, str(base.socket), db.USER, db.PASSWORD, db.NAME,
               str(settings.workers), str(seconds)]
    done = subprocess.run(command, input="\n".join(statements) + "\n", text=True, check=True,
                          stdout=subprocess.PIPE)
    result = json.loads(done.stdout)
    cpu = clock.per_request_us(result["sets"])
    cpu["direct"] = cpu.pop("wrk")
    return {"rate": result["per_second"], "rows": result["rows"] / result["sets"], "cpu_us": cpu}


def write_actions(paths, base):
    """Project and action, one pair a line, for those who write below them: so many that two writers rarely meet."""
    pairs = base.query(f"SELECT project_id, action_id FROM {db.ACTION} WHERE action_id % 11 = 0 ORDER BY action_id")
    (paths.var / "actions").write_text("".join(f"{project} {action}\n" for project, action in pairs))


def write_scripts(paths):
    """A route's script with what all share before it: wrk finds no file beside its own."""
    common = (paths.root / "bench/wrk/common.lua").read_text()
    for script in (paths.root / "bench/wrk").glob("*.lua"):
        if script.name != "common.lua":
            (paths.var / script.name).write_text(common + "\n" + script.read_text())


def cpus():
    return len(os.sched_getaffinity(0))
