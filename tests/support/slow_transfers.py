"""Many transfers at limited speed in one thread: who sends or takes a little, often, and holds no more than that."""

import selectors
import socket
import time

PIECE = 16 * 1024
ROOM = 64 * 1024  # of the sockets, so that what is under way is in the gateway's hands, or nobody's


class Transfer:
    """moved: bytes of this side's direction. A turn comes every pause seconds."""

    def __init__(self, port, rate):
        self.socket = socket.socket()
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self.socket.setsockopt(socket.SOL_SOCKET, option, ROOM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.pause, self.due, self.moved, self.answer = PIECE / rate, 0.0, 0, b""
        self.is_over = False


class Download(Transfer):
    event = selectors.EVENT_READ

    def __init__(self, port, rate, request):
        super().__init__(port, rate)
        self.socket.sendall(request)

    def turn(self):
        piece = self.socket.recv(PIECE)
        self.answer += piece[:200] if not self.moved else b""
        self.moved += len(piece)
        self.is_over = not piece


class Upload(Transfer):
    """head, then size bytes, chunked or not; an answer before the end is one too many."""

    event = selectors.EVENT_WRITE

    def __init__(self, port, rate, head, size, chunked=False):
        super().__init__(port, rate)
        self.rest, self.left, self.chunked = head, size, chunked

    def turn(self):
        if not self.rest and self.left:
            size = min(PIECE, self.left)
            self.left -= size
            block = b"\0" * size
            self.rest = b"%x\r\n%s\r\n" % (size, block) if self.chunked else block
        sent = self.socket.send(self.rest)
        self.rest, self.moved = self.rest[sent:], self.moved + sent
        self.is_over = not self.rest and not self.left


class Transfers:
    """All of them, turned in the caller's thread."""

    def __init__(self):
        self.all, self.selector = [], selectors.DefaultSelector()

    def add(self, transfer):
        """Begins somewhere in its pause: they do not all come at once."""
        transfer.due = time.monotonic() + transfer.pause * (len(self.all) % 50) / 50
        self.all.append(transfer)

    def run(self, seconds, each=None, interval=0.25):
        """For so long; each() is called now and then."""
        end = time.monotonic() + seconds
        look = time.monotonic()
        while (now := time.monotonic()) < end:
            if each and now >= look:
                look = now + interval
                each()
            self._turn_those_due(now)

    def _turn_those_due(self, now):
        """Registered only while their turn has come, so that the others cost nothing."""
        waiting = self.selector.get_map()
        for transfer in self.all:
            if transfer.due <= now and not transfer.is_over and transfer.socket.fileno() not in waiting:
                self.selector.register(transfer.socket, transfer.event, transfer)
        for key, _ in self.selector.select(0.01):
            transfer = key.data
            transfer.turn()
            transfer.due = max(transfer.due + transfer.pause, now - 1)
            self.selector.unregister(transfer.socket)

    def close(self):
        for transfer in self.all:
            transfer.socket.close()
        self.selector.close()
