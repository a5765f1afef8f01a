"""What an idle keep-alive connection costs a server in memory."""

import resource
import selectors
import socket
import time

from .peers import BASE, CREDENTIALS

PER_SOURCE = 5000


def _open(port, number):
    connection = socket.socket()
    connection.bind((f"127.0.0.{2 + number // PER_SOURCE}", 0))
    connection.connect(("127.0.0.1", port))
    return connection


def _ask(connection, request):
    """One request, its answer read whole: the head says how long it is."""
    connection.settimeout(10)
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(65536)
        if not part:
            raise SystemExit("bench: a server closed a connection that should have idled")
        answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"bench: an idle connection was answered {head[:200]!r}")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(65536)


def _closed(connections):
    """How many of them the server has closed."""
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        return len(selector.select(0))


def _warm(port, request):
    """Whatever a server allots at its first requests is no connection's cost."""
    warm = [_open(port, number) for number in range(64)]
    for connection in warm * 20:
        _ask(connection, request)
    for connection in warm:
        connection.close()
    time.sleep(1)


def measure(peer, count):
    """Bytes of PSS a connection, and of the server before any."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 500)), hard))
    request = (f"GET {BASE}projects/4242/json?{CREDENTIALS} HTTP/1.1\r\nHost: bench\r\n\r\n").encode()
    server = next(iter(peer.processes.values()))
    _warm(peer.port, request)
    before = server.pss_bytes()
    connections = []
    try:
        for number in range(count):
            connections.append(_open(peer.port, number))
            _ask(connections[-1], request)
        time.sleep(1)
        after = server.pss_bytes()
        if _closed(connections):
            raise SystemExit(f"bench: {peer.name} closed {_closed(connections)} idle connections")
    finally:
        for connection in connections:
            connection.close()
    return {"connections": count, "before": before, "after": after,
            "per_connection": (after - before) / count}
