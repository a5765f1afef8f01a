"""nginx with the configuration of docs/moving-clients.md, and a stand-in for WHMCS's PHP behind it."""

import http.server
import json
import re
import shutil
import subprocess
import threading

import requests

from support import docs
from support.gateway import ROOT
from support.ports import free_port, wait_until

PAGE = ROOT / "docs/moving-clients.md"
PROGRAM = shutil.which("nginx") or "/usr/sbin/nginx"
STEPS = {"none": ("none", "off"), "reading": ("reading", "off"), "all": ("all", "off"), "abuse": ("all", "on")}
# The client that the page moves first, and one that it does not name: addresses of this machine, all of them.
ONE, OTHER = "127.0.0.2", "127.0.0.3"


def block_of(language):
    """The page's first block in that language."""
    return next(block.text for block in docs.blocks(PAGE) if block.language == language)


class Php(http.server.ThreadingHTTPServer):
    """Says that it was WHMCS that answered, and what it saw; or what a test has it say."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size)
            seen = {"side": "php", "method": self.command, "path": self.path, "size": len(body),
                    "address": self.headers.get("X-Forwarded-For"), "api_id": self.headers.get("API_ID")}
            text = self.server.says(self, body) if self.server.says else json.dumps(seen).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer

        def log_message(self, *_):
            pass

    daemon_threads = True
    says = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Nginx:
    """One nginx with the page's configuration, on free ports."""

    def __init__(self, folder, gateway, php):
        self.folder = folder
        (folder / "tmp").mkdir(parents=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=panel.example.com",
                        "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"], check=True, capture_output=True)
        self.port = free_port()
        paths = "".join(f"    {kind}_temp_path {folder}/tmp/{kind};\n" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        self.text = self.fill_in({
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "/etc/ssl/panel.example.com.pem": f"{folder}/certificate.pem",
            "/etc/ssl/panel.example.com.key": f"{folder}/key.pem",
            "127.0.0.1:8080": f"127.0.0.1:{gateway.port}",
            "127.0.0.1:8000": f"127.0.0.1:{php.server_port}",
            "203.0.113.7 ": ONE + " ",
            "http {\n": f"http {{\n{paths}    client_body_temp_path {folder}/tmp/body;\n    access_log {folder}/access.log;\n",
        })
        self.process = None

    @staticmethod
    def fill_in(replacements):
        text = block_of("nginx")
        for told, there in replacements.items():
            assert told in text, f"the page has no {told!r}"
            text = text.replace(told, there)
        return text

    def write(self, step=None):
        """The page's configuration; with a step, everybody is at it."""
        text = self.text
        if step:
            remote, abuse = STEPS[step]
            text = re.sub(r"default +none;\n +\S+ +reading;", f"default {remote};", text)
            text = re.sub(r"default +off;", f"default {abuse};", text)
        (self.folder / "nginx.conf").write_text(text)

    def command(self, *more):
        return [PROGRAM, "-p", str(self.folder), "-c", "nginx.conf", "-e", str(self.folder / "error.log"),
                "-g", f"pid {self.folder}/nginx.pid; " + " ".join(more)]

    def start(self):
        self.write()
        self.process = subprocess.Popen(self.command("daemon off;"))
        self.wait_for_workers()
        return self

    def wait_for_workers(self):
        def answers():
            assert self.process.poll() is None, (self.folder / "error.log").read_text()
            try:
                return self.get("/", address="127.0.0.9").status_code == 200
            except requests.ConnectionError:
                return False
        wait_until(answers, 20, "nginx answers")

    def reload(self, step):
        """Until the workers that are there now are all of the new configuration."""
        old = self.workers()
        self.write(step)
        subprocess.run([*self.command(), "-s", "reload"], check=True)
        wait_until(lambda: self.workers() and not self.workers() & old, 20, "new workers")

    def workers(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            return set(children.read().split())

    def send(self, method, path, address=OTHER, **more):
        with requests.Session() as session:
            session.mount("https://", From(address))
            return session.request(method, f"https://127.0.0.1:{self.port}{path}", verify=False, timeout=60, **more)

    def get(self, path, address=OTHER, **more):
        return self.send("GET", path, address, **more)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)


class From(requests.adapters.HTTPAdapter):
    """Connects from one of this machine's addresses."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *words, **more):
        super().init_poolmanager(*words, source_address=(self.address, 0), **more)
