"""Free TCP ports and waiting."""

import os
import pathlib
import random
import socket
import time

LOWEST = 10_000


def _candidates():
    """Below those that the kernel gives to outgoing connections, which may take a free port before its server does; for each
    of several test processes its own, and none again before all others were given."""
    above = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = range(LOWEST + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")), above, processes)
    start = random.randrange(len(own))
    while True:
        yield from own[start:]
        yield from own[:start]


_ports = _candidates()


def free_port():
    for port in _ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def steady(look, what):
    """What it gives, once it does not change."""
    seen = []

    def has_settled():
        seen.append(look())
        return len(seen) > 5 and all(one == seen[-1] for one in seen[-5:])
    wait_until(has_settled, 20, f"{what} do not change")
    return seen[-1]


def wait_until(condition, seconds, what):
    """Polls condition until it is true; fails loudly with `what` when the time is up."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
