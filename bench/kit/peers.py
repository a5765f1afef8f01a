"""Who is measured: the gateway, the same API in PHP and in Node, and the two limits."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from urllib.parse import urlencode

from . import database as db
from .process import Process, answers, free_port

BASE = "/modules/addons/wbteampro/api.php/v1/"
ABUSE = "/modules/addons/abusemanagerpro/includes/api.php"
RANGES = {"tinyint": 2**7, "smallint": 2**15, "mediumint": 2**23, "int": 2**31, "bigint": 2**62}
CREDENTIALS = f"username={db.ADMIN}&password={hashlib.md5(db.ADMIN_PASSWORD.encode()).hexdigest()}"


class Peer:
    """A server under load: a port, and the processes whose CPU counts as its own."""

    def __init__(self, name, port, processes):
        self.name = name
        self.port = port
        self.processes = processes

    def get(self, target):
        """Status, body and fields of one answer; target is chain and query without credentials."""
        joint = "&" if "?" in target else "?"
        return self._ask(f"{BASE}{target}{joint}{CREDENTIALS}")

    def write(self, method, chain, params):
        """The same for a write, whose form has credentials and params."""
        form = f"{CREDENTIALS}&{urlencode({'params': json.dumps(params)})}"
        return self._ask(BASE + chain, data=form.encode(), method=method)

    def report(self, variables, identifier):
        """The same for a report of abuse."""
        return self._ask(ABUSE, data=urlencode(variables).encode(), headers={"API_ID": identifier})

    def _ask(self, target, **words):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{target}", **words)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    def stop(self):
        for process in self.processes.values():
            process.stop()


def gateway(paths, base, settings, name="portcullis", extra=()):
    port = free_port()
    options = [f"server.listen=127.0.0.1:{port}", "admin.listen=", f"mysql.socket={base.socket}",
               f"mysql.user={db.USER}", f"mysql.password={db.PASSWORD}", f"mysql.database={db.NAME}",
               f"mysql.workers={settings.workers}", "log.access=off",
               # The peers do not shed load; on a machine at work a single stall would, and end the bench.
               "server.max_lag=0", *settings.option, *extra]
    argv = [settings.binary, "serve"] + [word for option in options for word in ("-o", option)]
    process = Process(name, argv, paths.var / f"{name}.log", answers(port))
    return Peer(name, port, {"gateway": process})


def _nginx(paths, name, http, port, connections=4096, bodies=""):
    folder = paths.var / name
    folder.mkdir(parents=True, exist_ok=True)
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(f"{kind}_temp_path {bodies or folder}/{kind};" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"{user} worker_processes auto; daemon off; pid {folder}/nginx.pid;\n"
        f"error_log {folder}/error.log error; worker_rlimit_nofile 20000;\n"
        f"events {{ worker_connections {connections}; }}\n"
        f"http {{ access_log off; {temporary} keepalive_requests 1000000000;\n"
        f"keepalive_timeout 75s; server_tokens off; default_type application/json;\n{http}\n}}\n")
    return Process(name, ["nginx", "-c", folder / "nginx.conf", "-p", folder,
                          "-e", folder / "error.log"], paths.var / f"{name}.log", answers(port))


def denying(paths):
    """nginx that denies everybody."""
    port = free_port()
    return Peer("nginx-deny", port, {"nginx": _nginx(
        paths, "nginx-deny", f"server {{ listen 127.0.0.1:{port} reuseport backlog=4096; deny all; }}", port)})


def serving(paths, folder):
    """nginx that sends files, as its makers advise."""
    port = free_port()
    return Peer("nginx-files", port, {"nginx": _nginx(
        paths, "nginx-files", "sendfile on; tcp_nopush on;\n"
        f"server {{ listen 127.0.0.1:{port} reuseport backlog=4096; root {folder};\n"
        "default_type application/octet-stream; }", port)})


def php(paths, base, settings, files=""):
    """nginx and php8.2-fpm, opcache, persistent mysqli. files: where uploads lie, and pass through."""
    folder = paths.var / "php"
    shutil.copytree(paths.root / "bench/php", folder, dirs_exist_ok=True)
    _php_settings(folder, base, files)
    # nginx itself runs fastest with a connection to FPM per request: a kept one would tie up a child.
    fpm_socket = f"/tmp/portcullis-bench-{os.getpid()}-fpm.sock"
    user = "user = root\ngroup = root" if os.geteuid() == 0 else ""
    (folder / "fpm.conf").write_text(
        f"[global]\nerror_log = {folder}/fpm.log\ndaemonize = no\n[www]\n{user}\n"
        f"listen = {fpm_socket}\nlisten.backlog = 4096\npm = static\n"
        f"pm.max_children = {settings.php_children}\npm.max_requests = 0\ncatch_workers_output = yes\n")
    options = {"opcache.enable": 1, "opcache.validate_timestamps": 0, "opcache.jit_buffer_size": "32M",
               "opcache.jit": "tracing", "mysqli.allow_persistent": 1, "display_errors": 0,
               "realpath_cache_size": "1M", "expose_php": 0, **({"upload_tmp_dir": files} if files else {})}
    words = [word for key, value in options.items() for word in ("-d", f"{key}={value}")]
    root = ["-R"] if os.geteuid() == 0 else []
    fpm = Process("php-fpm", ["php-fpm8.2", "-F", *root, "-y", folder / "fpm.conf", *words],
                  paths.var / "php-fpm.log", lambda: _unix_answers(fpm_socket))
    port = free_port()
    fields = {"QUERY_STRING": "$query_string",
              "REQUEST_METHOD": "$request_method", "CONTENT_TYPE": "$content_type",
              "CONTENT_LENGTH": "$content_length", "DOCUMENT_URI": "$document_uri",
              "REQUEST_URI": "$request_uri", "REMOTE_ADDR": "$remote_addr"}
    params = "".join(f"fastcgi_param {key} {value};" for key, value in fields.items())
    locations = "".join(
        f"location {place} {{ {params} fastcgi_param SCRIPT_FILENAME {folder}/{script};\n"
        f"fastcgi_pass unix:{fpm_socket}; fastcgi_buffers 16 32k; fastcgi_buffer_size 32k; }}\n"
        for place, script in (("/modules/addons/wbteampro/api.php", "api.php"), (ABUSE, "abuse.php")))
    front = _nginx(paths, "nginx-php", f"server {{ listen 127.0.0.1:{port} reuseport backlog=4096;\n"
                   f"underscores_in_headers on; client_max_body_size 8m;\n{locations} }}", port, bodies=files)
    return Peer("php", port, {"nginx": front, "php-fpm": fpm})


def _php_settings(folder, base, files):
    """What an installer would write: the login to the database, and the columns of the tables."""
    (folder / "settings.php").write_text(
        f"<?php return ['user' => '{db.USER}', 'password' => '{db.PASSWORD}', "
        f"'database' => '{db.NAME}', 'socket' => '{base.socket}', 'files' => '{files}'];\n")
    entries = []
    for name, singular, table, parents in (
            ("projects", "project", db.PROJECT, "[]"),
            ("actions", "action", db.ACTION, "['projects' => 'project_id']"),
            ("timelogs", "timelog", db.TIMELOG, "['projects' => 'project_id', 'actions' => 'action_id']"),
            ("files", "file", db.FILE, "['projects' => 'project_id', 'actions' => 'action_id']")):
        columns = base.fields(table)
        types = ", ".join(f"'{column}' => '{'number' if kind in RANGES else 'text'}'" for column, kind, _, _ in columns)
        fields = ", ".join(f"'{column}' => {_php_field(kind, most)}" for column, kind, most, _ in columns)
        empty = ", ".join(f"'{column}' => ''" for column, _, _, is_needed in columns if is_needed == "1")
        select = ", ".join(f"`{column}`" for column, _, _, _ in columns)
        entries.append(f"'{name}' => ['singular' => '{singular}', 'table' => '{table}', "
                       f"'key' => '{singular}_id', 'parents' => {parents}, 'columns' => [{types}], "
                       f"'fields' => [{fields}], 'empty' => [{empty}], 'select' => '{select}']")
    (folder / "catalog.php").write_text("<?php return [" + ",\n".join(entries) + "];\n")


def _php_field(kind, most):
    if kind in RANGES:
        return f"['kind' => 'integer', 'low' => {-RANGES[kind]}, 'high' => {RANGES[kind] - 1}]"
    return f"['kind' => '{kind if kind in ('date', 'datetime') else 'text'}', 'most' => {most}]"


def _unix_answers(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def install_node(paths):
    folder = paths.root / "bench/node"
    if not (folder / "node_modules/fastify").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True)


def node(paths, base, settings, flags=(), name="node", kept_ms=0):
    """fastify and mysql2, a cluster of two. With --expose-gc it collects garbage all the time."""
    folder = paths.root / "bench/node"
    port = free_port()
    process = Process(name, ["node", *flags, folder / "server.js"], paths.var / f"{name}.log",
                      answers(port), env={
        "NODE_ENV": "production", "BENCH_PORT": str(port), "BENCH_SOCKET": str(base.socket),
        "BENCH_USER": db.USER, "BENCH_PASSWORD": db.PASSWORD, "BENCH_DATABASE": db.NAME,
        "BENCH_WORKERS": str(max(1, settings.workers // 2)), "BENCH_LOGIN_KEPT_MS": str(kept_ms)})
    return Peer(name, port, {"node": process})


def memory(paths, gateway_peer, name="nginx-memory", connections=4096):
    """The limit H: nginx answers the gateway's own bytes, fields and all, from its configuration."""
    locations = []
    for place, target in (("/", "projects/4242/json"), (f"{BASE}projektes", "projektes/17/json")):
        status, body, fields = gateway_peer.get(target)
        kept = "".join(f"add_header {key} '{_quoted(value)}' always;" for key, value in fields.items()
                       if key.lower() in ("cache-control", "etag", "vary", "x-request-id"))
        locations.append(f"location {place} {{ default_type '{fields['content-type']}'; {kept}\n"
                         f"return {status} '{_quoted(body.decode())}'; }}")
    port = free_port()
    http = ('geo $dollar { default "$"; }\n'
            f"server {{ listen 127.0.0.1:{port} reuseport backlog=4096;\n" + "\n".join(locations) + "}")
    peer = Peer("memory", port, {"nginx": _nginx(paths, name, http, port, connections)})
    for target in ("projects/4242/json", "projektes/17/json"):
        if json.loads(peer.get(target)[1]) != json.loads(gateway_peer.get(target)[1]):
            raise SystemExit(f"bench: nginx does not answer the gateway's bytes for {target}")
    return peer


def _quoted(text):
    return text.replace("\\", "\\\\").replace("'", "\\'").replace("$", "${dollar}")
