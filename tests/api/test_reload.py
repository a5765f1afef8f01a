"""spec/operations.md, "Configuration": SIGHUP reloads what can change and says what needs a restart; a bad file keeps the old
settings."""

import os
import signal
import threading

import pytest
import requests

from support.answers import Client, credentials
from support.fixture import md5
from support.gateway import Gateway
from support.ports import wait_until

pytestmark = pytest.mark.operations


class Reloading(Gateway):
    """Has a file beside its options, which win over it."""

    def write(self, text):
        self.path = self.folder / "portcullis.ini"
        self.path.write_text(text)
        return self

    def options(self):
        return ["-c", str(self.path), *super().options()]

    def lines(self):
        return [(line["level"], line["message"]) for line in self.log_lines() if line.get("event") == "reload"]

    def reload(self, text, words):
        """What was said of it, once words were."""
        before = len(self.lines())
        self.write(text)
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any(words in message for _, message in self.lines()[before:]), 10, f"{words}: {self.lines()[before:]}")
        return [message for _, message in self.lines()[before:]]


@pytest.fixture
def server(place, settings, request):
    bare = {key: value for key, value in settings.items() if key not in ("ban.exempt", "server.max_lag")}
    made = Reloading(place / f"reload-{request.node.name[:40]}", {**bare, "http.trusted_proxies": "127.0.0.0/8"})
    made.write("[http]\nmax_body = 1 MiB\n[ban]\nexempt = 127.0.0.0/8\n[server]\nmax_lag = 0\n")
    yield made.start()
    made.stop()


BASE = "[ban]\nexempt = 127.0.0.0/8\n[server]\nmax_lag = 0\n"


def post(server, size):
    return requests.post(server.url + "/modules/addons/wbteampro/api.php/v1/projects/json", data=b"x" * size, timeout=20,
                         headers={"Content-Type": "application/x-www-form-urlencoded"}).status_code


def test_limits_change_at_once(server):
    assert post(server, 5000) == 401
    server.reload(BASE + "[http]\nmax_body = 4 KiB\n[remote]\nmax_limit = 20\n", "remote.max_limit has changed")
    assert post(server, 5000) == 413 and post(server, 4000) == 401
    Client(server.url).get("projects", {"limit": 21}).expect(422, field="limit")
    server.reload(BASE, "http.max_body has changed")
    assert post(server, 5000) == 401
    Client(server.url).get("projects", {"limit": 21}).success()


def test_rates_and_bans_change(server):
    client = Client(server.url)

    def status(address, password="wonderland"):
        return client.get("projects/100", user=None, query=credentials("alice", md5(password)), headers={"X-Forwarded-For": address}).status
    server.reload(BASE + "[rate]\nper_address = 1/second burst 3\n", "rate.per_address has changed")
    assert [status("203.0.113.1") for _ in range(4)] == [200, 200, 200, 429]
    server.reload(BASE, "rate.per_address has changed")
    assert [status("203.0.113.1") for _ in range(8)] == [200] * 8
    server.reload("[ban]\nexempt = 127.0.0.0/8, 203.0.113.7\nlength = 1 h\n[server]\nmax_lag = 0\n", "ban.exempt has changed")
    assert [status("203.0.113.7", "wrong") for _ in range(5)] == [401] * 5
    assert [status("203.0.113.8", "wrong") for _ in range(4)] == [401, 401, 401, 403]
    server.find_log("203.0.113.8 banned for 3600 s")
    server.reload(BASE, "ban.exempt has changed")
    assert [status("203.0.113.7", "wrong") for _ in range(4)] == [401, 401, 401, 403]


def test_texts_and_the_log_change(server):
    client = Client(server.url)
    server.reload(BASE + "[http]\nerror_status = always_200\ncors_origins = https://a.example\n[log]\nlevel = warning\naccess = off\n",
                  "log.level has changed")
    answer = client.get("projects/99999999")
    assert answer.http.status_code == 200 and answer.json["request"]["code"] == 404
    assert client.get("projects/100", headers={"Origin": "https://a.example"}).headers["Access-Control-Allow-Origin"] == "https://a.example"
    before = server.out_text().count("/projects/")
    client.get("projects/100").success()
    server.reload(BASE + "[mysql]\nconnect_timeout = 3 s\n", "mysql.connect_timeout needs a restart")
    assert server.out_text().count("/projects/") <= before, "no access line"
    assert client.get("projects/99999999").http.status_code == 404
    assert "Access-Control-Allow-Origin" not in client.get("projects/100", headers={"Origin": "https://a.example"}).headers


def test_what_needs_a_restart_is_told(server):
    told = server.reload(BASE + "[mysql]\nworkers = 3\nconnect_timeout = 3 s\n[http]\nmax_fields = 50\n[files]\nsweep = 5 s\n",
                         "files.sweep needs a restart")
    assert {"mysql.connect_timeout needs a restart to change", "files.sweep needs a restart to change", "http.max_fields has changed"} <= set(told)
    assert not any("mysql.workers" in line for line in told), "an option wins over the file"
    assert server.reload(BASE + "[http]\nmax_fields = 50\n", "no setting has changed") == ["no setting has changed"]


@pytest.mark.parametrize("text,words", [
    ("[http]\nmax_body = 4 KiB\nmax_bodies = 1\n", "max_bodies"), ("[http]\nmax_body = 4 KiB\nmax_fields = none\n", "max_fields"),
    ("[http]\nmax_body = 4 KiB\n[nope]\nx = 1\n", "nope"), ("\x00\xff[", ":1:"), ("[http]\nmax_body = 4 KiB\n[ban]\nexempt = here\n", "exempt")])
def test_a_bad_file_keeps_the_old_settings(server, text, words):
    told = server.reload(text, "all settings stay as they were")
    assert any(words in line and "portcullis.ini" in line for line in told), told
    assert post(server, 5000) == 401
    server.reload(BASE + "[http]\nmax_body = 4 KiB\n", "http.max_body has changed")
    assert post(server, 5000) == 413


def test_a_file_that_has_gone(server):
    server.path.unlink()
    server.process.send_signal(signal.SIGHUP)
    server.find_log("all settings stay as they were", 10)
    assert post(server, 5000) == 401


def test_secrets_of_options_are_what_they_were(place, settings):
    """Their values in argv are starred over once they were read."""
    made = Reloading(place / "reload-secrets", {**settings, "admin.token": "t" * 20}).write("")
    made.start()
    try:
        assert made.reload("", "no setting has changed") == ["no setting has changed"]
        assert "tttt" not in made.out_text()
    finally:
        made.stop()


def test_the_openapi_document_tells_of_the_new_settings(server):
    def document():
        answer = requests.post(server.url + "/modules/addons/wbteampro/openapi.json", timeout=20, data={
            "method": "get", **credentials("alice")})
        return answer.headers["ETag"], answer.text
    before = document()
    assert document() == before
    server.reload(BASE + "[files]\nmax_upload = 7 MiB\n", "files.max_upload has changed")
    wait_until(lambda: document() != before, 10, "another document")
    tag, text = document()
    assert tag != before[0] and "7340032" in text and "7340032" not in before[1]


def test_under_load(server):
    """Nobody is refused, or hurt, by a change that does not concern him."""
    stop, statuses = threading.Event(), []

    def ask():
        client = Client(server.url)
        while not stop.is_set():
            try:
                statuses.append(client.get("projects/100", headers={"Origin": "https://a.example"}).status)
            except requests.RequestException as error:
                statuses.append(repr(error))
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(20 if os.environ.get("PORTCULLIS_LONG") is None else 500):
        server.reload(BASE + f"[http]\ncors_origins = https://{'ab'[turn % 2]}.example\nmax_head = {16 + turn % 2} KiB\nmax_fields = {90 + turn % 2}\n"
                      f"", "http.cors_origins has changed")
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200} and len(statuses) > 20
