"""docs/moving-clients.md: its nginx configuration, started as it stands, before a gateway and a stand-in for WHMCS's PHP.

Clients are told apart by their address: 127.0.0.2 and so on are this machine's, too.
"""

import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
import urllib.parse

import pytest
import requests

from support import nginx as nginx_server
from support.docs_world import IDENTIFIER, load_demo
from support.gateway import ROOT, Gateway, clean_environment
from support.nginx import ONE, OTHER, Nginx, Php, block_of
from support.ports import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")

BASE = "/modules/addons/wbteampro"
LOGIN = {"username": "demo", "password": "fe01ce2a7fbac8fafaed7c982a04e229"}


def side_of(reply):
    """Who answered: the gateway names itself in Server, which nginx replaces, so the body tells."""
    if reply.request.method == "HEAD":
        return "gateway" if "ETag" in reply.headers or "WWW-Authenticate" in reply.headers else "php"
    return "php" if reply.text.startswith('{"side": "php"') else "gateway"


@pytest.fixture(scope="module")
def php():
    server = Php()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def gateway(place, mariadb):
    database = "behind_nginx"
    load_demo(mariadb, database)
    # The demo company exempts 127.0.0.1 alone.
    root = place / "nginx-files"
    shutil.copytree(ROOT / "schema/demo/files", root / "demo")
    settings = dict(re.findall(r"^(\w+) = (.*)$", block_of("ini"), flags=re.M))
    server = Gateway(place / "nginx-gateway", {
        "mysql.socket": mariadb.socket, "mysql.user": "root", "mysql.database": database, "files.root": str(root),
        "server.max_lag": "0", "http.trusted_proxies": settings["trusted_proxies"]}).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def nginx(place, gateway, php):
    if not os.access(nginx_server.PROGRAM, os.X_OK):
        pytest.skip("no nginx")
    server = Nginx(place / "nginx", gateway, php)
    yield server.start()
    server.stop()


PARAMS = '{"fields":"project_id"}'
READS = [("GET", f"{BASE}/api.php/v1/projects/100/json", {}), ("HEAD", f"{BASE}/api/v1/projects/100/json", {}),
         ("GET", f"{BASE}/api.php?action=v1.projects.100.json", {}), ("POST", f"{BASE}/api.php/v1/projects/100/json", {"method": "get"}),
         ("POST", f"{BASE}/api/v1/projects/100/json", {"method": "GET"})]
WRITES = [("POST", f"{BASE}/api.php/v1/projects/json", {}), ("POST", f"{BASE}/api/v1/projects/100/json", {"method": "put"}),
          ("GET", f"{BASE}/api.php/v1/projects/100/json", {"method": "delete"}), ("DELETE", f"{BASE}/api.php/v1/projects/100/json", {}),
          ("PUT", f"{BASE}/api/v1/projects/100/json", {})]
OTHERS = [("GET", "/clientarea.php", {}), ("GET", f"{BASE}/wbteampro.php", {}), ("GET", f"{BASE}/api.phpx", {}), ("POST", "/includes/api.php", {})]


def sides(nginx, requests_, address=OTHER):
    # No login for what writes: who answers is told by a refusal as well, and nothing is changed.
    return [side_of(nginx.send(method, path, address, params={**query, "params": PARAMS})) for method, path, query in requests_]


def test_the_configuration_as_it_stands_moves_one_client(nginx):
    """Moving clients, 3: reading for the address that is named, for nobody else."""
    nginx.write()
    assert sides(nginx, READS, ONE) == ["gateway"] * len(READS)
    assert sides(nginx, WRITES, ONE) == ["php"] * len(WRITES)
    assert sides(nginx, READS + WRITES + OTHERS) == ["php"] * len(READS + WRITES + OTHERS)


@pytest.mark.parametrize("step, reads, writes, abuse", [
    ("none", "php", "php", "php"), ("reading", "gateway", "php", "php"), ("all", "gateway", "gateway", "php"),
    ("abuse", "gateway", "gateway", "gateway"), ("none", "php", "php", "php")])
def test_each_step_goes_where_it_says(nginx, step, reads, writes, abuse):
    """Moving clients, 1 to 6 and back; what is not an API stays with WHMCS."""
    nginx.reload(step)
    assert sides(nginx, READS) == [reads] * len(READS)
    assert sides(nginx, WRITES) == [writes] * len(WRITES)
    assert sides(nginx, OTHERS) == ["php"] * len(OTHERS)
    report = nginx.send("POST", "/modules/addons/abusemanagerpro/includes/api.php", data={"action": "create"})
    assert side_of(report) == abuse


def test_a_method_in_the_body_stays_with_whmcs_while_reading(nginx):
    """Moving clients: nginx cannot see it."""
    nginx.reload("reading")
    assert side_of(nginx.send("POST", f"{BASE}/api.php/v1/projects/100/json", data={**LOGIN, "method": "get"})) == "php"


def test_clients_are_known_by_their_own_address(nginx, gateway):
    """Moving clients: trusted_proxies; what a client says of its address counts for nothing."""
    nginx.reload("all")
    wrong = {"username": "demo", "password": "0" * 32, "method": "get"}
    path = f"{BASE}/api.php/v1/projects/100/json"
    codes = [nginx.send("POST", path, "127.0.0.4", data=wrong, headers={"X-Forwarded-For": f"127.0.0.{100 + i}"}).status_code
             for i in range(4)]
    assert codes == [401, 401, 401, 403]
    assert nginx.send("POST", path, OTHER, data={**LOGIN, "method": "get"}).status_code == 200
    wait_until(lambda: [line for line in gateway.log_lines() if line.get("event") == "request" and line["status"] == 403
                        and line["address"] == "127.0.0.4"], 10, "the refusal is in the log")


def test_request_ids_of_nginx_are_the_gateway_s(nginx, gateway):
    nginx.reload("all")
    reply = nginx.get(f"{BASE}/api.php/v1/projects/100/json", params={**LOGIN, "params": PARAMS})
    assert re.fullmatch("[0-9a-f]{32}", reply.headers["X-Request-Id"])
    gateway.find_log(reply.headers["X-Request-Id"])


def test_the_abuse_api_hears_its_header(nginx):
    """Moving clients: underscores_in_headers."""
    nginx.reload("abuse")
    form = {"action": "create", "service_id": 12, "category": "Spam"}
    reply = nginx.send("POST", "/modules/addons/abusemanagerpro/includes/api.php", data=form, headers={"API_ID": IDENTIFIER})
    assert reply.json()["status"] == "success"


def test_connections_to_the_gateway_are_kept(nginx, gateway):
    """Moving clients: keepalive."""
    nginx.reload("all")
    before = gateway.metrics()["portcullis_connections_accepted_total"]
    for _ in range(20):
        assert nginx.get(f"{BASE}/api.php/v1/projects/100/json", params={**LOGIN, "params": PARAMS}).status_code == 200
    # One a worker of nginx, and those of /metrics itself are of another listener.
    assert gateway.metrics()["portcullis_connections_accepted_total"] - before < 20


def test_uploads_stream_through(nginx, gateway):
    """Moving clients: proxy_request_buffering off. The gateway has bytes of a file that is still on its way."""
    nginx.reload("all")
    boundary, size = "b0undary", 4 << 20
    head = "".join(f"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                   for name, value in LOGIN.items())
    head += f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"big.bin\"\r\n\r\n"
    tail = f"\r\n--{boundary}--\r\n"
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", nginx.port, timeout=60, context=context, source_address=(OTHER, 0))
    before = gateway.metrics()["portcullis_received_bytes_total"]
    connection.putrequest("POST", f"{BASE}/api.php/v1/projects/100/files/json")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={boundary}")
    connection.putheader("Content-Length", str(len(head) + size + len(tail)))
    connection.endheaders()
    connection.send(head.encode() + b"x" * (size // 2))
    wait_until(lambda: gateway.metrics()["portcullis_received_bytes_total"] - before > size // 4, 20, "half of it has come")
    connection.send(b"x" * (size // 2) + tail.encode())
    reply = connection.getresponse()
    assert reply.status == 200 and json.loads(reply.read())["response"]["file"]["file_size"] == size
    connection.close()


def test_bodies_that_are_too_large_are_refused(nginx):
    """Moving clients: client_max_body_size, told by the length alone."""
    nginx.reload("all")
    def status(path, length):
        connection = http.client.HTTPSConnection("127.0.0.1", nginx.port, timeout=60, context=ssl._create_unverified_context())
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        connection.putheader("Content-Length", str(length))
        connection.endheaders()
        code = connection.getresponse().status
        connection.close()
        return code
    assert status(f"{BASE}/api.php/v1/projects/json", 102 << 20) == 413
    assert status(f"{BASE}/api.php/v1/projects/json", 2 << 20) == 413      # http.max_body, told by the gateway
    assert status("/modules/addons/abusemanagerpro/includes/api.php", 2 << 20) == 413


def test_long_addresses_pass(nginx):
    """Moving clients: large_client_header_buffers."""
    nginx.reload("all")
    ids = ",".join(["100"] * 14000)
    query = urllib.parse.urlencode({**LOGIN, "params": f'{{"project_id":[{ids}],"fields":"project_id"}}'}, safe=",")
    assert 55_000 < len(query) < 64_000
    reply = nginx.get(f"{BASE}/api.php/v1/projects/json?{query}")
    assert reply.status_code != 414 and side_of(reply) == "gateway" and reply.headers["Content-Type"].startswith("application/json")


def test_downloads_pass(nginx):
    nginx.reload("all")
    reply = nginx.get(f"{BASE}/api.php/v1/files/2/download", auth=("demo", "demo"), headers={"Range": "bytes=0-6"})
    assert (reply.status_code, reply.text) == (206, "mailbox")


def test_a_gateway_is_replaced_without_a_lost_request(nginx, gateway, place):
    """Operations, upgrade without downtime: the new one beside the old, nginx's line changed, SIGTERM for the old."""
    nginx.reload("all")
    own = ("server.listen", "admin.listen")
    old = Gateway(place / "nginx-old", {key: value for key, value in gateway.settings.items() if key not in own})
    old.start()
    before, codes, is_over = nginx.text, [], threading.Event()
    nginx.text = before.replace(f"127.0.0.1:{gateway.port}", f"127.0.0.1:{old.port}")
    nginx.reload("all")

    def ask():
        while not is_over.is_set():
            try:
                codes.append(nginx.get(f"{BASE}/api.php/v1/projects/100/json", params={**LOGIN, "params": PARAMS}).status_code)
            except requests.RequestException as error:
                codes.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(codes) > 10, 30, "requests are answered by the old one")
    nginx.text = before
    nginx.reload("all")
    old.stop()
    count = len(codes)
    wait_until(lambda: len(codes) > count + 10, 30, "requests are answered by the new one")
    is_over.set()
    for thread in threads:
        thread.join()
    assert set(codes) == {200}


def run_comparison(folder, gateway, php, words):
    folder.mkdir(exist_ok=True)
    (folder / "compare.py").write_text(block_of("python").replace("127.0.0.1:8000", f"127.0.0.1:{php.server_port}")
                                       .replace("127.0.0.1:8080", f"127.0.0.1:{gateway.port}"))
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, env=clean_environment())
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_answers_are_compared(gateway, php, tmp_path):
    """Moving clients, 2: the program, called as the page calls it."""
    def like_php(request, body):
        answer = requests.post(f"http://127.0.0.1:{gateway.port}{request.path}", data=body, timeout=30, headers={
            "Content-Type": "application/x-www-form-urlencoded"}).json()
        del answer["response"]["data"]["page_count"]
        if "actions" in answer["response"]:
            answer["response"]["actions"][0]["action_name"] = "another"
        return json.dumps(json.loads(json.dumps(answer), parse_int=str)).encode()

    php.says = like_php
    try:
        script = block_of("sh").replace("ADMIN", "demo").replace("HIS PASSWORD", "demo").replace("python3", sys.executable)
        told = run_comparison(tmp_path / "run", gateway, php, ["bash", "-euc", script])
    finally:
        php.says = None
    assert told.splitlines() == ["projects/100: the same",
                                 "answer.response.actions[0].action_name: WHMCS 'another', the gateway 'Copy mailboxes'",
                                 "whmcstickets: the same"]
