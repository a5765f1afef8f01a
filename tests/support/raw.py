"""HTTP as bytes: what no client library would send, and answers read by the letter of RFC 9112."""

import socket
import time


class Reply:
    def __init__(self, status, reason, fields, body, version):
        self.status, self.reason, self.fields, self.body, self.version = (
            status, reason, fields, body, version)

    def field(self, name):
        """The value of a field that stands at most once, or None."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} stands {len(values)} times"
        return values[0] if values else None

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.body[:200]!r}>"


class Closed(Exception):
    """The peer closed (or reset) the connection where an answer was expected."""


class Raw:
    """One connection: to a port (from the address source, if given), or to a unix socket's path."""

    def __init__(self, port, timeout=10, host="127.0.0.1", source=None):
        if isinstance(port, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(port)
        else:
            self.socket = socket.create_connection((host, port), timeout, (source, 0) if source else None)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def send_slowly(self, data, size=1, pause=0.0):
        for start in range(0, len(data), size):
            self.socket.sendall(data[start:start + size])
            if pause:
                time.sleep(pause)
        return self

    def fill(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionError as error:
            raise Closed(str(error))
        if not piece:
            raise Closed("closed")
        self.buffer += piece

    def _until(self, mark):
        while mark not in self.buffer:
            self.fill()
        text, self.buffer = self.buffer.split(mark, 1)
        return text

    def _exactly(self, size):
        while len(self.buffer) < size:
            self.fill()
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        return body

    def reply(self, method="GET"):
        """Reads one answer, its body framed by RFC 9112 6.3."""
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, reason = (head[0].split(" ", 2) + [""])[:3]
        fields = [tuple(part.strip() for part in line.split(":", 1)) for line in head[1:]]
        lookup = {name.lower(): value for name, value in fields}
        status = int(status)
        body = b""
        if method == "HEAD" or status in (204, 304) or status < 200:
            pass
        elif "chunked" in lookup.get("transfer-encoding", ""):
            body = self._chunks()
        elif "content-length" in lookup:
            body = self._exactly(int(lookup["content-length"]))
        else:
            body = self.rest()
        return Reply(status, reason, fields, body, version)

    def _chunks(self):
        body = b""
        while True:
            size = int(self._until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                self._until(b"\r\n")
                return body
            body += self._exactly(size)
            assert self._exactly(2) == b"\r\n"

    def rest(self):
        """Everything until the peer closes."""
        try:
            while True:
                self.fill()
        except Closed:
            body, self.buffer = self.buffer, b""
            return body

    def closed_within(self, seconds):
        """True when the peer closes within that time; bytes that still come are dropped."""
        self.socket.settimeout(seconds)
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                if not self.socket.recv(65536):
                    return True
        except socket.timeout:
            return False
        except ConnectionError:
            return True
        return False


def exchange(port, data, method="GET", timeout=10):
    """Sends data on a connection of its own and returns the first answer."""
    with Raw(port, timeout) as connection:
        try:
            connection.send(data)
        except ConnectionError:
            pass
        return connection.reply(method)


def raw_request(chain, fields=""):
    """A whole GET of alice's as bytes."""
    from urllib.parse import urlencode

    from support.answers import address, credentials
    return f"GET {address(chain)[0]}?{urlencode(credentials())} HTTP/1.1\r\nHost: t\r\n{fields}\r\n".encode()
