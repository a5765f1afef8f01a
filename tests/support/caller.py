"""A client that keeps one connection and costs little: hundreds of them fit into one process of tests."""

import json
import urllib.parse

from support.answers import BASE, credentials
from support.raw import Closed, Raw


class Said:
    """What a gateway answered. body is parsed when it is first looked at."""

    def __init__(self, reply):
        self.status, self.fields, self.text = reply.status, reply.fields, reply.body

    @property
    def body(self):
        return json.loads(self.text)

    @property
    def response(self):
        return self.body["response"]

    @property
    def codes(self):
        return [error["code"] for error in self.response["errors"]]

    def field(self, name):
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    def __repr__(self):
        return f"<{self.status} {self.text[:600]!r}>"


class Caller:
    """Asks one gateway by its port; logged in as user. Each request is JSON in a POST's body, or none."""

    def __init__(self, port, user="alice", timeout=60):
        self.port, self.timeout = port, timeout
        self.query = urllib.parse.urlencode(credentials(user))
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def ask(self, method, chain, params=None, query=None, **fields):
        """query: further pairs; fields: If_Match='"x"' is If-Match. Raises OSError or Closed when no answer came."""
        body = b"" if params is None else json.dumps(params).encode()
        pairs = self.query + ("&" + urllib.parse.urlencode(query) if query else "")
        lines = [f"{method} {BASE}/api.php/v1/{chain}/json?{pairs} HTTP/1.1", "Host: t"]
        if params is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        try:
            if not self.connection:
                self.connection = Raw(self.port, self.timeout)
            self.connection.send("\r\n".join([*lines, "", ""]).encode() + body)
            reply = self.connection.reply()
        except (OSError, Closed, ValueError):
            self.close()
            raise
        if (reply.field("Connection") or "").lower() == "close":
            self.close()
        return Said(reply)
