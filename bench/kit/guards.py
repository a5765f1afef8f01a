"""What guards cost: banned addresses refused, a million bans held, a storm of logins beside good callers.

Clients are told apart by X-Forwarded-For, which these gateways believe of loopback.
"""

import subprocess
import threading
import time
import urllib.request
from statistics import median
from types import SimpleNamespace

from . import database as db
from . import load, peers
from .process import Process, free_port

BANNED = "198.51.100.1"
MILLION = 1000000
TRUSTING = ("http.trusted_proxies=127.0.0.0/8",)
STORM_COST = 10


def _route(name, script, status=200):
    return SimpleNamespace(name=name, script=script, status=status, format="json")


def _turns(paths, base, settings, route, found):
    """Rounds of each peer, taking turns, each first every other time: rates, and everyone's CPU a request."""
    rounds = {name: [] for name in found}
    for turn in range(settings.rounds + 1):
        for name in list(found)[::1 if turn % 2 else -1]:
            played = load.wrk(paths, found[name], route, base, settings.seconds if turn else 1, turn * 100 + 7)
            if turn:
                rounds[name].append({"rate": played["rate"], "cpu_us": sum(played["cpu_us"].values())})
    return rounds


def _ratio(rounds, over, under, key):
    """The median of the rounds' ratios: what else the machine does changes from round to round, less so within one."""
    return median(one[key] / other[key] for one, other in zip(rounds[over], rounds[under]))


def _row(title, own, other, rounds, bound):
    return {"title": title, "value": _ratio(rounds, own, other, "rate"), "by_cpu": _ratio(rounds, other, own, "cpu_us"),
            "bound": bound, "figures": {name: median(one["rate"] for one in played) for name, played in rounds.items()}}


def _banned(paths, base, settings):
    base.query(f"INSERT INTO tblbannedips (ip, reason, expires) VALUES ('{BANNED}', 'bench', NOW() + INTERVAL 1 DAY)")
    found = {"portcullis": peers.gateway(paths, base, settings, "portcullis-banned", TRUSTING),
             "nginx": peers.denying(paths)}
    try:
        known = _turns(paths, base, settings, _route("banned", "banned", 403), found)
    finally:
        for peer in found.values():
            peer.stop()
        base.query("DELETE FROM tblbannedips")
    return [_row("a banned address at least 0.9 x nginx `deny`", "portcullis", "nginx", known, 0.9)]


def _redis(paths):
    socket = f"/tmp/portcullis-bench-{free_port()}.redis"
    process = Process("redis", ["redis-server", "--port", "0", "--unixsocket", socket, "--save", ""],
                      paths.var / "redis.log", lambda: subprocess.run(
                          ["redis-cli", "-s", socket, "ping"], capture_output=True).returncode == 0)
    return process, socket


def _fill(socket):
    """A million single addresses, scored by twice their end in Unix milliseconds."""
    lines = (f"ZADD portcullis:bans 7000000000000 11.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(MILLION))
    subprocess.run(["redis-cli", "-s", socket, "--pipe"], input="\n".join(lines) + "\n", text=True, check=True,
                   stdout=subprocess.DEVNULL)


def _bans(admin_port):
    with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith("portcullis_bans ")), 0)


def _million(paths, base, settings):
    """Bans come from Redis: a table of a million rows would be the database's bench."""
    redis, socket = _redis(paths)
    admin = free_port()
    try:
        _fill(socket)
        # Alike but for the bans. A Redis that a busy machine keeps from answering in 200 ms would be read anew each time.
        alike = (*TRUSTING, f"redis.url=unix://{socket}", "redis.timeout=10s", "ban.table=read", "ban.resync=1h",
                 f"ban.max_tracked={2 * MILLION}")
        full = peers.gateway(paths, base, settings, "portcullis-million", (*alike, f"admin.listen=127.0.0.1:{admin}"))
        empty = peers.gateway(paths, base, settings, "portcullis-empty", (
            *alike, f"admin.listen=127.0.0.1:{free_port()}", "redis.prefix=empty:"))
        full.processes["gateway"].wait(lambda: _bans(admin) >= MILLION, 120)
        known = _turns(paths, base, settings, _route("guarded", "guarded"), {"full": full, "empty": empty})
        bytes_each = (full.processes["gateway"].pss_bytes() - empty.processes["gateway"].pss_bytes()) / MILLION
        for peer in (full, empty):
            peer.stop()
    finally:
        redis.stop()
    row = _row("a million bans: at least 0.95 x none", "full", "empty", known, 0.95)
    return [row, {"title": "bytes a ban of a million (PSS)", "value": bytes_each, "by_cpu": None, "bound": None,
                  "figures": {}}]


def _storm(paths, base, settings):
    """Good callers alone, then beside wrong logins that each cost a bcrypt: 32 connections that send one every 100 ms,
    each from another address."""
    hashed = "$2y$%02d$abcdefghijklmnopqrstuuVtSG6b4fIuhpBmmT5Fnvv.9CsBh9Cv2" % STORM_COST
    base.query("DELETE FROM tbladmins WHERE username = 'storm'")
    columns = {"username": "storm", "roleid": 1, "password": hashed, "disabled": 0}
    for column in ("authmodule", "authdata", "firstname", "lastname", "email", "signature", "notes", "template",
                   "language", "supportdepts", "ticketnotifications", "homewidgets"):
        columns[column] = ""
    columns["loginattempts"] = 0
    names = ", ".join(columns)
    values = ", ".join(f"'{value}'" for value in columns.values())
    base.query(f"SET sql_mode=''; INSERT INTO tbladmins ({names}) VALUES ({values})")
    gateway = peers.gateway(paths, base, settings, "portcullis-storm", (*TRUSTING, "ban.table=read"))
    rates = {"alone": [], "beside": []}
    hashing = []
    try:
        for turn in range(settings.rounds + 1):
            for name, played in rates.items():
                seconds = settings.seconds if turn else 1
                noise = _noise(paths, gateway, seconds) if name == "beside" else None
                begun, spent = time.monotonic(), gateway.processes["gateway"].thread_seconds("hashing")
                rate = load.wrk(paths, gateway, _route("guarded", "guarded"), base, seconds, turn * 100 + 7)["rate"]
                spent = gateway.processes["gateway"].thread_seconds("hashing") - spent
                share = spent / (time.monotonic() - begun) / load.cpus()
                if noise:
                    noise.join()
                if noise and turn:
                    hashing.append(share)
                if turn:
                    played.append({"rate": rate})
    finally:
        gateway.stop()
        base.query("DELETE FROM tbladmins WHERE username = 'storm'")
    known = {name: median(one["rate"] for one in played) for name, played in rates.items()}
    return [{"title": "good callers beside a login storm: at least 0.8 x alone",
             "value": _ratio(rates, "beside", "alone", "rate"), "by_cpu": None, "bound": 0.8, "figures": known},
            {"title": "of the machine, what hashing took in the storm", "value": median(hashing), "by_cpu": None,
             "bound": None, "figures": {}}]


def _noise(paths, gateway, seconds):
    command = ["wrk", "-t1", "-c32", f"-d{max(1, round(seconds)) + 1}s", "--timeout", "10s", "-s",
               str(paths.var / "storm.lua"), f"http://127.0.0.1:{gateway.port}", "--", "", "7", "", "json"]
    thread = threading.Thread(target=subprocess.run, args=(command,), kwargs={"capture_output": True})
    thread.start()
    return thread


def measure(paths, base, settings, say):
    rows = []
    for title, part in (("a banned address", _banned), ("a million bans", _million), ("a login storm", _storm)):
        say(f"guards: {title}")
        rows += part(paths, base, settings)
    return rows


def verdict(row):
    if row["bound"] is None:
        return ""
    is_met = row["value"] <= row["bound"] if row.get("is_ceiling") else row["value"] >= row["bound"]
    return "ok" if is_met else "missed"
