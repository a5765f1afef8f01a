"""A WHMCS that only has includes/api.php, and behaves as badly as a test wants: over raw sockets, so that it can.

Each request is kept with the time, the form and who had the row claimed then. How a request is answered depends on its
service: `behave(service, "hang")`, else `standard`.
"""

import collections
import pathlib
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

import pymysql

Call = collections.namedtuple("Call", "time path headers form claimed_by lease_age attempt")
HANG = 60


def answer(body, status="200 OK", *fields):
    body = body if isinstance(body, bytes) else body.encode()
    head = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


SUCCESS = answer('{"result":"success"}')
SECRET_BACK = '{"result":"error","message":"%s is not the secret of %s"}'


class Whmcs:
    """Listens on a free loopback port; with `certificate` by TLS."""

    def __init__(self, certificate=None, mariadb=None, database=None):
        self.calls, self.faults = [], []
        self.standard, self.behaviours = "success", {}
        self.delay = 0
        self.mariadb, self.database = mariadb, database
        self.lock, self.ended = threading.Lock(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}/whmcs"

    def behave(self, service, behaviour):
        self.behaviours[str(service)] = behaviour

    def close(self):
        self.ended.set()
        self.listener.close()
        assert not self.faults, self.faults

    def of(self, service):
        with self.lock:
            return [call for call in self.calls if call.form.get("serviceid", call.form.get("id")) == str(service)]

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection:
                connection.settimeout(HANG)
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                with connection:
                    while self.one(connection):
                        pass
        except (OSError, ssl.SSLError):
            pass  # the gateway has gone, or does not trust us
        except Exception as error:  # pylint: disable=broad-except
            self.faults.append(repr(error))

    def one(self, connection):
        """One request; whether the connection is kept for another."""
        read = b""
        while b"\r\n\r\n" not in read:
            piece = connection.recv(65536)
            if not piece:
                return False
            read += piece
            if read[0] == 0x16:  # somebody speaks TLS
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return False
        head, body = read.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(1 << 20)
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        service = form.get("serviceid", form.get("id"))
        with self.lock:
            self.calls.append(Call(time.monotonic(), first, headers, form, *self.claim(service)))
        time.sleep(self.delay)
        behaviour = self.behaviours.get(service, self.standard)
        if callable(behaviour):
            behaviour = behaviour()
        getattr(self, "do_" + behaviour)(connection, form)
        return behaviour == "success_kept"

    def claim(self, service):
        """Who has the row claimed at this moment, since how many seconds, and which of its attempts it is."""
        if not self.mariadb:
            return None, None, None
        rows = pymysql.connect(unix_socket=self.mariadb.socket, user="root", database=self.database, autocommit=True)
        with rows, rows.cursor() as cursor:
            cursor.execute("SELECT claimed_by, TIMESTAMPDIFF(SECOND, claimed_at, NOW()), attempts FROM portcullis_outbox "
                           "WHERE service_id = %s AND done_at IS NULL", (service,))
            return cursor.fetchone() or (None, None, None)

    # ---- behaviours ----

    def do_success(self, connection, _):
        connection.sendall(SUCCESS)

    def do_success_kept(self, connection, _):
        connection.sendall(SUCCESS.replace(b"Connection: close\r\n", b""))

    def do_success_with_mark(self, connection, _):
        connection.sendall(answer(b'\xef\xbb\xbf {"result":"success","message":"ok"}\r\n'))

    def do_success_chunked(self, connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                           b"9\r\n{\"result\"\r\nb\r\n:\"success\"}\r\n0\r\n\r\n")

    def do_error(self, connection, _):
        connection.sendall(answer('{"result":"error","message":"Service ID Not Found"}'))

    def do_error_403(self, connection, _):
        connection.sendall(answer('{"result":"error","message":"Invalid IP 127.0.0.1"}', "403 Forbidden"))

    def do_error_without_message(self, connection, _):
        connection.sendall(answer('{"result":"error","message":null}'))

    def do_secret_back(self, connection, form):
        connection.sendall(answer(SECRET_BACK % (form["secret"], form["identifier"])))

    def do_huge_message(self, connection, _):
        connection.sendall(answer('{"result":"error","message":"' + "ä\\u0007" * 5000 + '"}'))

    def do_text(self, connection, _):
        connection.sendall(answer("<html>result=success;</html>"))

    def do_list(self, connection, _):
        connection.sendall(answer('["result","success"]'))

    def do_other_type(self, connection, _):
        connection.sendall(answer('{"result":{"result":"success"}}'))

    def do_cut(self, connection, _):
        connection.sendall(SUCCESS[:-3])

    def do_empty(self, connection, _):
        connection.sendall(answer(""))

    def do_http_500(self, connection, _):
        connection.sendall(answer('{"result":"success"}', "500 Internal Server Error"))

    def do_ten_mib(self, connection, _):
        connection.sendall(answer(b'{"result":"success","x":"' + b"x" * (10 << 20) + b'"}'))

    def do_endless(self, connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not self.ended.is_set():
            connection.sendall(b"x" * 65536)

    def do_endless_head(self, connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(10 ** 6):
            connection.sendall(b"X-%d: %s\r\n" % (number, b"x" * 1000))

    def do_drip(self, connection, _):
        for byte in SUCCESS:
            if self.ended.wait(0.2):
                return
            connection.sendall(bytes([byte]))

    def do_hang(self, _connection, _):
        self.ended.wait(HANG)

    def do_close(self, connection, _):
        pass

    def do_reset(self, connection, _):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def do_garbage(self, connection, _):
        connection.sendall(b"\x00\xff\x17SMTP 220\r\n\r\n")

    def do_redirect(self, connection, _):
        connection.sendall(answer('{"result":"success"}', "302 Found", f"Location: {self.url}/includes/api.php?again=1"))

    def do_redirect_307(self, connection, _):
        connection.sendall(answer("", "307 Temporary Redirect", f"Location: {self.url}/elsewhere"))

    def do_once_lost(self, connection, form):
        """WHMCS acts, and its answer does not arrive."""
        first = len(self.of(form["serviceid"])) == 1
        (self.do_reset if first else self.do_success)(connection, form)

    def do_error_then_success(self, connection, form):
        first = len(self.of(form["serviceid"])) == 1
        (self.do_error if first else self.do_success)(connection, form)


class Authority:
    """An authority of the test's own; certificates made by it, and against it."""

    KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate = str(self.folder / "ca.pem")
        self.run("req", "-x509", *self.KEY, "-days", "30", "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem")

    def run(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def make(self, name, alternative="IP:127.0.0.1", days=30, signed=True):
        """The path of certificate and key in one file."""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
        self.run("req", *self.KEY, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"] if signed else ["-signkey", f"{name}.key"]
        self.run("x509", "-req", "-in", f"{name}.csr", *by, "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.crt")
        path = self.folder / f"{name}.pem"
        path.write_bytes((self.folder / f"{name}.crt").read_bytes() + (self.folder / f"{name}.key").read_bytes())
        return str(path)
