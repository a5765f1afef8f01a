"""Clients that download slowly, in a process of their own that costs next to nothing:
slow_readers PORT COUNT TARGET. Says "ready" when each has read its first piece; ends with standard input."""

import resource
import select
import socket
import sys

PIECE = 16 * 1024
PAUSE_S = 4.0


def _begin(port, number, request):
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * PIECE)
    reader.bind((f"127.0.0.{2 + number % 100}", 0))
    reader.connect(("127.0.0.1", port))
    reader.sendall(request)
    return reader


def _read(reader):
    if not reader.recv(PIECE):
        raise SystemExit("a slow reader was cut off")


def main(port, count, target):
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    request = f"GET {target} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    readers = [_begin(port, number, request) for number in range(count)]
    for reader in readers:
        _read(reader)
    print("ready", flush=True)
    while True:
        for reader in readers:
            if select.select([sys.stdin], [], [], PAUSE_S / count)[0]:
                return
            _read(reader)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
