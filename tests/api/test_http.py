"""spec/http.md on raw sockets: what is refused, how connections behave, every limit and timeout."""

import json
import re
import socket
import threading
import time
import urllib.parse
from xml.etree import ElementTree

import pytest

from support.answers import address, credentials, parse_json
from support.raw import Closed, Raw, exchange

pytestmark = pytest.mark.http

LOGIN = urllib.parse.urlencode(credentials())
PATH = address("projects/100")[0] + "?" + LOGIN
LIST = address("projects/100/actions")[0] + "?" + LOGIN + "&method=get"


def get(path=PATH, fields="Host: t\r\n", version="HTTP/1.1"):
    return f"GET {path} {version}\r\n{fields}\r\n".encode("latin-1")


def post(body, fields="", path=LIST, content_type="application/x-www-form-urlencoded"):
    return (f"POST {path} HTTP/1.1\r\nHost: t\r\nContent-Type: {content_type}\r\n{fields}\r\n").encode("latin-1") + body


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n"


def refused(gateway, data, status=400):
    """One answer of that status, then the end of the connection: nothing behind it was taken for a request."""
    with Raw(gateway.port) as connection:
        try:
            connection.send(data)
        except ConnectionError:
            pass
        reply = connection.reply()
        assert reply.status == status, reply
        assert reply.field("Connection") == "close"
        document = parse_json(reply.body)
        assert document["request"]["code"] == status
        assert list(document["response"]["errors"][0])[0] == "code"
        assert connection.rest() == b"", "a second answer: requests were split elsewhere than the client meant"
    return reply


HOSTS = {
    "no Host": "", "two": "Host: t\r\nHost: t\r\n", "two, different case": "Host: t\r\nhOST: u\r\n", "empty": "Host: \r\n",
    "list": "Host: a, b\r\n", "userinfo": "Host: user@t\r\n", "path": "Host: t/x\r\n", "query": "Host: t?x\r\n",
    "fragment": "Host: t#x\r\n", "bad port": "Host: t:x\r\n", "port too great": "Host: t:99999\r\n", "blank inside": "Host: a b\r\n",
    "backslash": "Host: a\\b\r\n", "quote": "Host: a\"b\r\n", "angle": "Host: <t>\r\n", "brackets": "Host: [t\r\n", "v6 junk": "Host: [zz]\r\n",
    "scheme": "Host: http://t\r\n", "non-ASCII": "Host: t\xe9\r\n", "two ports": "Host: t:1:2\r\n", "negative port": "Host: t:-1\r\n",
}


@pytest.mark.parametrize("name", HOSTS)
def test_host(gateway, name):
    """no Host in 1.1, more than one, empty, a list, with userinfo, path, bad port or characters no host has."""
    refused(gateway, get(fields=HOSTS[name]) + SMUGGLED)


@pytest.mark.parametrize("host", ["t", "t:80", "t:", "127.0.0.1:8080", "[::1]:80", "[2001:db8::1]", "xn--mller-kva.example", "a_b.example", "T."])
def test_good_hosts(gateway, host):
    assert exchange(gateway.port, get(fields=f"Host: {host}\r\n")).status == 200


def test_absolute_form(gateway):
    """an absolute-form target whose authority differs from Host uses the target's."""
    assert exchange(gateway.port, get("http://other:80" + PATH)).status == 200
    assert exchange(gateway.port, get("HTTP://other" + PATH)).status == 200
    refused(gateway, get("http://user@other" + PATH))
    refused(gateway, get("http://" + PATH))
    refused(gateway, get("http://a b" + PATH))


def test_http_1_0_needs_no_host(gateway):
    reply = exchange(gateway.port, get(fields="", version="HTTP/1.0"))
    assert reply.status == 200


LENGTHS = {
    "with Transfer-Encoding": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "the other way": "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "differ": "Content-Length: 5\r\nContent-Length: 6\r\n", "list": "Content-Length: 5, 5\r\n", "list of others": "Content-Length: 5,6\r\n",
    "plus": "Content-Length: +5\r\n", "minus": "Content-Length: -5\r\n", "blank": "Content-Length: 5 5\r\n", "hex": "Content-Length: 0x5\r\n",
    "exponent": "Content-Length: 5e0\r\n", "overflow": "Content-Length: 18446744073709551621\r\n", "long overflow": "Content-Length: " + "9" * 40 + "\r\n",
    "garbage": "Content-Length: x5\r\n", "trailing": "Content-Length: 5x\r\n", "empty": "Content-Length: \r\n", "quoted": "Content-Length: \"5\"\r\n",
    "fraction": "Content-Length: 5.0\r\n", "comma": "Content-Length: 5,\r\n", "vertical tab": "Content-Length: \x0b5\r\n",
}


@pytest.mark.parametrize("name", LENGTHS)
def test_content_length(gateway, name):
    """Content-Length with Transfer-Encoding; several that differ and lists; signs, spaces, hex, exponent, overflow."""
    refused(gateway, post(b"x=1&y" + SMUGGLED, LENGTHS[name]))


CODINGS = {
    "not last": "Transfer-Encoding: chunked, gzip\r\n", "identity": "Transfer-Encoding: identity\r\n", "empty": "Transfer-Encoding: \r\n",
    "repeated": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "twice in one": "Transfer-Encoding: chunked, chunked\r\n",
    "quoted": "Transfer-Encoding: \"chunked\"\r\n", "vertical tab": "Transfer-Encoding: \x0bchunked\r\n", "semicolon": "Transfer-Encoding: chunked;x\r\n",
    "with a cr": "Transfer-Encoding: chu\rnked\r\n", "comma": "Transfer-Encoding: ,\r\n", "x": "Transfer-Encoding: xchunked\r\n",
    "blank before colon": "Transfer-Encoding : chunked\r\n", "two, one unknown": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
}


@pytest.mark.parametrize("name", CODINGS)
def test_transfer_encoding(gateway, name):
    """that does not end in exactly one chunked, is empty, is repeated (an unknown coding: 501)."""
    with Raw(gateway.port) as connection:
        connection.send(post(b"5\r\nx=1&y\r\n0\r\n\r\n" + SMUGGLED, CODINGS[name]))
        reply = connection.reply()
        allowed = (400, 501) if name in ("x", "identity", "not last", "two, one unknown", "quoted", "semicolon") else (400,)
        assert reply.status in allowed, reply
        assert reply.field("Connection") == "close"
        assert connection.rest() == b""


def test_unknown_codings_are_501(gateway):
    refused(gateway, post(b"5\r\nx=1&y\r\n0\r\n\r\n", "Transfer-Encoding: gzip, chunked\r\n"), 501)
    refused(gateway, post(b"5\r\nx=1&y\r\n0\r\n\r\n", "Transfer-Encoding: foo, chunked\r\n"), 501)


def test_transfer_encoding_in_http_1_0(gateway):
    refused(gateway, b"POST / HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


CHUNKED = "Transfer-Encoding: chunked\r\n"
CHUNKS = {
    "plus": b"+5\r\nx=1&y\r\n0\r\n\r\n", "minus": b"-5\r\nx=1&y\r\n0\r\n\r\n", "prefix": b"0x5\r\nx=1&y\r\n0\r\n\r\n",
    "leading blank": b" 5\r\nx=1&y\r\n0\r\n\r\n", "blank behind": b"5 \r\nx=1&y\r\n0\r\n\r\n", "overflow": b"10000000000000005\r\nx=1&y\r\n0\r\n\r\n",
    "huge": b"f" * 40 + b"\r\nx", "no size": b"\r\nx=1&y\r\n0\r\n\r\n", "no hex": b"g\r\nx=1&y\r\n0\r\n\r\n", "missing CRLF": b"5\r\nx=1&y0\r\n\r\n",
    "too long data": b"4\r\nx=1&y\r\n0\r\n\r\n", "bare LF after size": b"5\nx=1&y\r\n0\r\n\r\n", "bare LF after data": b"5\r\nx=1&y\n0\r\n\r\n",
    "bare LF at the end": b"5\r\nx=1&y\r\n0\n\n", "bare LF at the very end": b"5\r\nx=1&y\r\n0\r\n\n", "bare CR": b"5\rx=1&y\r\n0\r\n\r\n",
    "long extension": b"5;" + b"e" * 300 + b"\r\nx=1&y\r\n0\r\n\r\n", "many extensions": b"5" + b";a=b" * 100 + b"\r\nx=1&y\r\n0\r\n\r\n",
    "control in extension": b"5;a=\x01\r\nx=1&y\r\n0\r\n\r\n", "LF in extension": b"5;a\nb\r\nx=1&y\r\n0\r\n\r\n",
    "trailer Content-Length": b"0\r\nContent-Length: 5\r\n\r\n", "trailer Transfer-Encoding": b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "trailer Host": b"0\r\nHost: x\r\n\r\n", "trailer Authorization": b"0\r\nAuthorization: Basic eA==\r\n\r\n",
    "malformed trailer": b"0\r\nbad name: x\r\n\r\n", "folded trailer": b"0\r\nx: y\r\n z\r\n\r\n", "trailer without colon": b"0\r\nxyz\r\n\r\n",
    "blank before trailer's colon": b"0\r\nX-T : x\r\n\r\n",
}


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks(gateway, name):
    """chunk sizes with signs, prefixes, spaces, overflow; missing CRLF; bare LF; extensions over 256 bytes; trailers."""
    refused(gateway, post(CHUNKS[name] + SMUGGLED, CHUNKED))


GOOD_CHUNKS = {
    "one": b"1D\r\nparams[level_class]=task&x=1&\r\n0\r\n\r\n",
    "leading zeros": b"000017\r\nparams[level_class]=tas\r\n1\r\nk\r\n000\r\n\r\n",
    "extension": b"18;a=b;c=\"d e\"\r\nparams[level_class]=task\r\n0;last\r\n\r\n",
    "trailer": b"18\r\nparams[level_class]=task\r\n0\r\nX-Trailer: fine\r\n\r\n",
    "byte by byte": b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in b"params[level_class]=task") + b"0\r\n\r\n",
}


@pytest.mark.parametrize("name", GOOD_CHUNKS)
def test_good_chunks_split_at_every_byte(gateway, name):
    """The same answer wherever the network cuts: two pieces at every byte, and byte by byte."""
    whole = post(GOOD_CHUNKS[name], CHUNKED)
    body_at = whole.index(b"\r\n\r\n") + 4
    with Raw(gateway.port) as connection:
        wanted = connection.send(whole).reply()
        assert wanted.status == 200 and b'"action_id":56' in wanted.body.replace(b" ", b"") and b"Abnahme" not in wanted.body
        for cut in range(body_at, len(whole)):
            connection.send(whole[:cut])
            time.sleep(0.0005)
            reply = connection.send(whole[cut:]).reply()
            assert (reply.status, reply.body) == (200, wanted.body), cut
        connection.send_slowly(whole)
        assert connection.reply().body == wanted.body


def test_a_head_split_at_every_byte(gateway):
    whole = get()
    with Raw(gateway.port) as connection:
        wanted = connection.send(whole).reply().body
        for cut in range(1, len(whole)):
            connection.send(whole[:cut])
            time.sleep(0.0003)
            assert connection.send(whole[cut:]).reply().body == wanted, cut


HEADS = {
    "space before colon": get(fields="Host: t\r\nX : y\r\n"), "folded": get(fields="Host: t\r\nX: y\r\n z\r\n"),
    "tab folded": get(fields="Host: t\r\nX: y\r\n\tz\r\n"), "first folded": get(fields=" Host: t\r\n"), "no name": get(fields="Host: t\r\n: y\r\n"),
    "no colon": get(fields="Host: t\r\nXYZ\r\n"), "blank in name": get(fields="Host: t\r\nX Y: z\r\n"), "slash in name": get(fields="Host: t\r\nX/Y: z\r\n"),
    "non-ASCII name": get(fields="Host: t\r\nX\xe9: z\r\n"), "NUL in name": get(fields="Host: t\r\nX\0: z\r\n"), "NUL in value": get(fields="Host: t\r\nX: a\0b\r\n"),
    "control in value": get(fields="Host: t\r\nX: a\x01b\r\n"), "DEL in value": get(fields="Host: t\r\nX: a\x7fb\r\n"), "bare CR in value": get(fields="Host: t\r\nX: a\rb\r\n"),
    "bare LF between": b"GET / HTTP/1.1\nHost: t\r\n\r\n", "bare LF after field": b"GET / HTTP/1.1\r\nHost: t\n\r\n", "bare LF at the end": b"GET / HTTP/1.1\r\nHost: t\r\n\n",
    "all bare LF": b"GET / HTTP/1.1\nHost: t\n\n", "bare CR at the end": b"GET / HTTP/1.1\r\nHost: t\r\r\n\r\n",
    "control in target": get("/a\x01b"), "NUL in target": get("/a\0b"), "DEL in target": get("/a\x7fb"), "non-ASCII target": get("/\xe9"),
    "fragment": get("/a#b"), "GET *": get("*"), "authority form": get("t:80"), "relative": get("a/b"), "empty target": b"GET  HTTP/1.1\r\nHost: t\r\n\r\n",
    "leading blank": b" GET / HTTP/1.1\r\nHost: t\r\n\r\n", "two blanks": b"GET  / HTTP/1.1\r\nHost: t\r\n\r\n", "two blanks later": b"GET /  HTTP/1.1\r\nHost: t\r\n\r\n",
    "tab": b"GET\t/ HTTP/1.1\r\nHost: t\r\n\r\n", "trailing blank": b"GET / HTTP/1.1 \r\nHost: t\r\n\r\n", "blank in target": b"GET /a b HTTP/1.1\r\nHost: t\r\n\r\n",
    "no version": b"GET /\r\nHost: t\r\n\r\n", "lower case version": b"GET / http/1.1\r\nHost: t\r\n\r\n", "HTTP/1": b"GET / HTTP/1\r\nHost: t\r\n\r\n",
    "HTTP/01.1": b"GET / HTTP/01.1\r\nHost: t\r\n\r\n", "HTTP/1.1x": b"GET / HTTP/1.1x\r\nHost: t\r\n\r\n", "ICE": b"SOURCE / ICE/1.0\r\nHost: t\r\n\r\n",
    "RTSP": b"GET / RTSP/1.0\r\nHost: t\r\n\r\n", "many empty lines": b"\r\n" * 50 + get(), "only colon": get(fields="Host: t\r\n:\r\n"),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads(gateway, name):
    """space before the colon, folded lines, malformed names, control characters, fragments, whitespace, bare LF."""
    refused(gateway, HEADS[name] + SMUGGLED)


def test_http_0_9(gateway):
    """HTTP/0.9 is no HTTP/1.x request line."""
    reply = exchange(gateway.port, b"GET /\r\n\r\n")
    assert reply.status == 400


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9", "HTTP/3.0", "HTTP/9.9"])
def test_unknown_major_versions(gateway, version):
    """unknown major version: 505."""
    refused(gateway, get(version=version), 505)


def test_http2_preface(gateway):
    assert exchange(gateway.port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").status in (400, 505)


@pytest.mark.parametrize("version", ["HTTP/1.2", "HTTP/1.9"])
def test_higher_minor_versions(gateway, version):
    """HTTP/1.2 and above 1.1 in the minor: treated as 1.1."""
    with Raw(gateway.port) as connection:
        for _ in range(2):
            reply = connection.send(get(version=version)).reply()
            assert reply.status == 200 and reply.version == "HTTP/1.1"


def test_tls_on_a_plain_port(gateway):
    """a first byte that is no token (TLS on a plain port: closed at once)."""
    with Raw(gateway.port) as connection:
        connection.send(bytes.fromhex("16030100c8010000c40303") + b"\0" * 100)
        started = time.monotonic()
        rest = connection.rest()
        assert time.monotonic() - started < 2
        assert rest == b"" or rest.startswith(b"HTTP/1.1 400")


def test_a_few_empty_lines_first(gateway):
    """RFC 9112 2.2: at least one empty line before the request line is ignored."""
    assert exchange(gateway.port, b"\r\n" + get()).status == 200


# ---- smuggling: the body must be read exactly ------------------------------------------------------

def test_the_body_of_an_error_answer_is_no_request(gateway):
    """A body that looks like a request is a body: on 401, 404, 405, 415 too."""
    for path, content_type in ((address("projects")[0], "application/x-www-form-urlencoded"), ("/nowhere", "text/plain"),
                               (address("projects")[0] + "?method=delete", "text/plain"), (LIST, "text/plain")):
        with Raw(gateway.port) as connection:
            connection.send(post(SMUGGLED, f"Content-Length: {len(SMUGGLED)}\r\n", path, content_type))
            assert connection.reply().status in (200, 400, 401, 404, 405, 415)
            try:
                connection.send(get())
                second = connection.reply()
            except (Closed, ConnectionError):
                continue
            assert second.status == 200 and b'"project_id":100' in second.body.replace(b" ", b"")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_bodies_on_methods_without(gateway, method):
    """Bodies on GET, HEAD, DELETE are read like any other: what follows is the next request."""
    with Raw(gateway.port) as connection:
        path = PATH.replace("/100/", "/7777/") if method == "DELETE" else PATH
        head = f"{method} {path} HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(SMUGGLED)}\r\n\r\n"
        connection.send(head.encode() + SMUGGLED + get())
        assert connection.reply(method).status in (200, 204, 400, 404, 405, 501)
        try:
            reply = connection.reply()
        except Closed:
            return
        assert b'"action":"projects/100"' in reply.body.replace(b" ", b"")


def test_equal_content_lengths(gateway):
    """several Content-Length that differ are refused; equal ones may be taken as one (RFC 9112 6.3)."""
    with Raw(gateway.port) as connection:
        connection.send(post(b"x=1", "Content-Length: 3\r\nContent-Length: 3\r\n") + get())
        first = connection.reply()
        assert first.status in (200, 400)
        if first.status == 200:
            assert connection.reply().status == 200


# ---- connections -----------------------------------------------------------------------------------

def test_keep_alive_and_close(gateway):
    """Connection: close honoured and sent on the last answer."""
    with Raw(gateway.port) as connection:
        for _ in range(20):
            reply = connection.send(get()).reply()
            assert reply.status == 200 and (reply.field("Connection") or "").lower() != "close"
        last = connection.send(get(fields="Host: t\r\nConnection: close\r\n") + get()).reply()
        assert last.field("Connection") == "close"
        assert connection.rest() == b""


def test_http_1_0_connections(gateway):
    """1.0 closes unless keep-alive was asked for."""
    with Raw(gateway.port) as connection:
        reply = connection.send(get(version="HTTP/1.0")).reply()
        assert reply.status == 200 and "chunked" not in (reply.field("Transfer-Encoding") or "")
        assert connection.rest() == b""
    with Raw(gateway.port) as connection:
        reply = connection.send(get(version="HTTP/1.0", fields="Host: t\r\nConnection: Keep-Alive\r\n")).reply()
        assert reply.status == 200
        if (reply.field("Connection") or "").lower() == "keep-alive":
            assert connection.send(get()).reply().status == 200


@pytest.mark.parametrize("count", [2, 31, 32, 33, 200])
def test_pipelining_in_order(gateway, count):
    """Keep-alive and pipelining with answers in order; at most 32 in flight, then reading stops."""
    numbers = [200 + index % 60 for index in range(count)]
    kinds = ["projects/%d", "projects/%d/actions", "nope%d"]
    with Raw(gateway.port, timeout=30) as connection:
        data = b"".join(get(address(kinds[index % 3] % number)[0] + "?" + LOGIN) for index, number in enumerate(numbers))
        sender = threading.Thread(target=connection.send, args=(data,))
        sender.start()
        for index, number in enumerate(numbers):
            reply = connection.reply()
            assert parse_json(reply.body)["request"]["action"] == kinds[index % 3] % number
            assert reply.status == (404 if index % 3 == 2 else 200)
        sender.join()


def test_pipelined_requests_are_bounded(start_gateway):
    """at most 32 requests of one connection in flight (back-pressure, no buffering)."""
    server = start_gateway({"mysql.workers": "1"})
    with Raw(server.port, timeout=60) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        connection.socket.settimeout(0.5)
        before, sent = server.resident_kib(), 0
        block = get(address("projects")[0] + "?" + LOGIN + "&limit=500") * 50
        try:
            for _ in range(2000):
                sent += connection.socket.send(block)
        except socket.timeout:
            pass
        else:
            pytest.fail("the gateway read 20 MB of pipelined requests while nothing was fetched")
        assert server.resident_kib() - before < 64 * 1024
        connection.socket.settimeout(30)
        assert connection.reply().status == 200


def test_unread_answers_are_bounded(start_gateway):
    """Writes to a client that does not read are bounded; stalled: closed (http.write_timeout)."""
    server = start_gateway({"http.write_timeout": "2s"})
    with Raw(server.port) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(20):
            connection.send(get(address("projects")[0] + "?" + LOGIN + "&limit=500&sort=project_name") * 10)
            time.sleep(0.05)
        end = time.monotonic() + 15
        while server.metrics()["portcullis_timeout_write_total"] < 1:
            assert time.monotonic() < end, "a stalled client was never cut"
            time.sleep(0.2)


def test_head_and_204_have_no_body(gateway):
    """No body on 204, 304, HEAD, 1xx: the next answer follows at once."""
    with Raw(gateway.port) as connection:
        tag = connection.send(get()).reply().field("ETag")
        connection.send(f"HEAD {PATH} HTTP/1.1\r\nHost: t\r\n\r\nOPTIONS {PATH} HTTP/1.1\r\nHost: t\r\n\r\n".encode()
                        + get(fields=f"Host: t\r\nIf-None-Match: {tag}\r\n") + get())
        assert connection.reply("HEAD").status == 200
        options = connection.reply()
        assert options.status == 204 and options.field("Content-Length") is None
        assert connection.reply().status == 304
        assert connection.reply().status == 200


def test_upgrade_is_ignored(gateway):
    with Raw(gateway.port) as connection:
        fields = "Host: t\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c, websocket\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
        assert connection.send(get(fields=fields)).reply().status == 200
        assert connection.send(get()).reply().status == 200


# ---- Expect ----------------------------------------------------------------------------------------

def test_expect_continue(gateway):
    """Expect: 100-continue is answered once the head is acceptable; the final answer follows the body."""
    with Raw(gateway.port) as connection:
        connection.send(post(b"", "Content-Length: 24\r\nExpect: 100-continue\r\n"))
        assert connection.reply().status == 100
        connection.send(b"params[level_class]=task")
        assert connection.reply().status == 200


@pytest.mark.parametrize("path,fields,status", [
    ("/nowhere", "Content-Length: 5\r\n", 404), (LIST, "Content-Length: 99999999\r\n", 413)])
def test_expect_when_the_answer_is_known(gateway, path, fields, status):
    """never when the final answer is already known."""
    with Raw(gateway.port) as connection:
        connection.send(post(b"", fields + "Expect: 100-continue\r\n", path))
        assert connection.reply().status == status


def test_other_expectations(gateway):
    """other expectations: 417."""
    with Raw(gateway.port) as connection:
        connection.send(post(b"", "Content-Length: 0\r\nExpect: the-moon\r\n"))
        assert connection.reply().status == 417


def test_expect_in_http_1_0_is_ignored(gateway):
    """RFC 9110 10.1.1: a server ignores 100-continue in HTTP/1.0."""
    with Raw(gateway.port) as connection:
        connection.send(post(b"x=1", "Content-Length: 3\r\nExpect: 100-continue\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert connection.reply().status == 200


# ---- limits ----------------------------------------------------------------------------------------

def test_head_too_large(gateway):
    """head 16 KiB (431)."""
    refused(gateway, get(fields="Host: t\r\nX: " + "a" * 17000 + "\r\n"), 431)
    assert exchange(gateway.port, get(fields="Host: t\r\nX: " + "a" * 15000 + "\r\n")).status == 200


def test_too_many_fields(gateway):
    """at most 100 fields."""
    refused(gateway, get(fields="Host: t\r\n" + "".join(f"X-{i}: y\r\n" for i in range(100))), 431)
    assert exchange(gateway.port, get(fields="Host: t\r\n" + "".join(f"X-{i}: y\r\n" for i in range(99)))).status == 200


def test_target_too_long(gateway):
    """target 64 KiB (414); a longer head is fine when the target makes it so."""
    refused(gateway, get(PATH + "&x=" + "a" * 66000), 414)
    assert exchange(gateway.port, get(PATH + "&x=" + "a" * 60000)).status == 200


def test_a_method_too_long(gateway):
    reply = exchange(gateway.port, b"G" * 5000 + b" / HTTP/1.1\r\nHost: t\r\n\r\n")
    assert reply.status in (400, 501)


@pytest.mark.parametrize("form", ["clean", "direct"])
@pytest.mark.parametrize("status_line", ["real", "always_200"])
@pytest.mark.parametrize("framing,body,code", [("Content-Length: 1048577\r\n", b"", 413), (CHUNKED, b"zz\r\n", 400), (CHUNKED, b"5\r\nx", 408)])
def test_a_fault_of_the_body_is_answered_as_what_was_asked_for(start_gateway, form, status_line, framing, body, code):
    """remote-api.md section 5: in the format of the chain, under its name, http.error_status heeded."""
    action = "projects/100/actions"
    server = start_gateway({"http.body_grace": "1s", **({} if status_line == "real" else {"http.error_status": status_line})})
    for ending in ("xml", "json"):
        with Raw(server.port) as connection:
            path, query = address(action, form, ending)
            path += "?" + urllib.parse.urlencode({**query, **credentials()})
            fields = f"Host: t\r\nX-Request-Id: asked-{ending}\r\n"
            reply = connection.send(f"POST {path} HTTP/1.1\r\n{fields}{framing}\r\n".encode() + body).reply()
        assert reply.status == (code if status_line == "real" else 200) and reply.field("Connection") == "close"
        assert reply.field("Content-Type").startswith(f"application/{ending}")
        assert reply.field("X-Request-Id") == f"asked-{ending}"
        if ending == "xml":
            request = ElementTree.fromstring(reply.body).find("request")
            assert (request.findtext("action"), request.findtext("method"), request.findtext("code")) == (action, "POST", str(code))
        else:
            request = json.loads(reply.body)["request"]
            assert (request["action"], request["method"], request["format"], request["code"]) == (action, "POST", "json", code)


@pytest.mark.parametrize("size", [1048577, 10 ** 9, 10 ** 15])
def test_body_too_large_by_content_length(gateway, size):
    """body 1 MiB (413, decided from Content-Length before reading)."""
    with Raw(gateway.port) as connection:
        reply = connection.send(post(b"", f"Content-Length: {size}\r\n")).reply()
        assert reply.status == 413 and reply.field("Connection") == "close"


def test_body_too_large_by_chunks(gateway):
    """... or as soon as chunks pass it; and the client sees the answer (lingering close)."""
    with Raw(gateway.port) as connection:
        connection.send(post(b"", CHUNKED))
        try:
            for _ in range(20):
                connection.send(b"10000\r\n" + b"a" * 65536 + b"\r\n")
        except ConnectionError:
            pass
        assert connection.reply().status == 413


def test_a_body_at_the_limit(gateway):
    """1 MiB is still read (and refused by its own limits, not by 413 of the body)."""
    body = b"x=" + b"a" * (1048576 - 2)
    with Raw(gateway.port) as connection:
        assert connection.send(post(body, f"Content-Length: {len(body)}\r\n")).reply().status in (200, 400)


def test_lingering_close(gateway):
    """After an error answer with unread body the gateway closes lingering so that the client sees the answer."""
    with Raw(gateway.port) as connection:
        connection.send(post(b"", "Content-Length: 2000000\r\n"))
        try:
            for _ in range(3):
                connection.send(b"a" * 65536)
                time.sleep(0.05)
        except ConnectionError:
            pytest.fail("reset before 256 KiB were dropped")
        assert connection.reply().status == 413
        assert connection.closed_within(4)


@pytest.fixture(scope="module")
def hasty(module_gateway):
    """Small timeouts, so that each bites within seconds."""
    return module_gateway({"http.head_timeout": "1s", "http.body_grace": "1s", "http.idle_timeout": "2s", "server.loops": "1"})


def test_head_timeout(hasty):
    """Head 10 s in total, not per byte: 408."""
    started = time.monotonic()
    with Raw(hasty.port) as connection:
        try:
            for byte in get():
                connection.send(bytes([byte]))
                time.sleep(0.1)
        except ConnectionError:
            pass
        reply = connection.reply()
    assert reply.status == 408 and reply.field("Connection") == "close"
    assert time.monotonic() - started < 5
    assert hasty.metrics()["portcullis_timeout_head_total"] >= 1


def test_body_timeout(hasty):
    """body at least 1 KiB/s after the grace: 408."""
    with Raw(hasty.port) as connection:
        connection.send(post(b"", "Content-Length: 5000\r\n"))
        started = time.monotonic()
        try:
            while time.monotonic() - started < 6:
                connection.send(b"a")
                time.sleep(0.1)
        except ConnectionError:
            pass
        assert connection.reply().status == 408
    assert hasty.metrics()["portcullis_timeout_body_total"] >= 1


def test_a_slow_but_honest_body(hasty):
    """3 KiB/s is enough: no cut."""
    with Raw(hasty.port) as connection:
        connection.send(post(b"", "Content-Length: 9000\r\n"))
        for _ in range(30):
            connection.send(b"x" * 300)
            time.sleep(0.1)
        assert connection.reply().status == 200


def test_idle_timeout(hasty):
    """idle 75 s (here 2): closed silently, also before the first request."""
    with Raw(hasty.port) as connection, Raw(hasty.port) as silent:
        assert connection.send(get()).reply().status == 200
        started = time.monotonic()
        assert connection.closed_within(6)
        assert 1.0 < time.monotonic() - started < 5
        assert silent.closed_within(5)
    assert hasty.metrics()["portcullis_timeout_idle_total"] >= 1


def test_a_busy_connection_is_not_idle(hasty):
    with Raw(hasty.port) as connection:
        for _ in range(5):
            assert connection.send(get()).reply().status == 200
            time.sleep(1)


def test_max_connections(start_gateway):
    """past them 503 + Retry-After and close; a place that becomes free is given again."""
    server = start_gateway({"server.max_connections": "20", "server.loops": "1", "server.max_per_address": "0"})
    held = [Raw(server.port) for _ in range(20)]
    assert all(one.send(get()).reply().status == 200 for one in held)
    with Raw(server.port) as late:
        late.send(get())
        reply = late.reply()
        assert reply.status == 503 and reply.field("Retry-After") and reply.field("Connection") == "close"
        assert late.rest() == b""
    assert server.metrics()["portcullis_limit_connections_total"] >= 1
    for one in held:
        one.close()
    time.sleep(0.5)
    assert exchange(server.port, get()).status == 200


def test_max_per_address(start_gateway):
    """server.max_per_address; 0 = off."""
    server = start_gateway({"server.max_per_address": "5", "server.loops": "1"})
    held = [Raw(server.port) for _ in range(5)]
    assert all(one.send(get()).reply().status == 200 for one in held)
    with Raw(server.port) as late:
        late.send(get())
        assert late.reply().status == 503
    for one in held:
        one.close()


def test_a_unix_socket_listener(start_gateway, place):
    """server.listen takes several addresses, unix sockets too."""
    path = str(place / "listen.sock")
    from support.ports import free_port
    port = free_port()
    start_gateway({"server.listen": f"127.0.0.1:{port},unix:{path}"})
    assert exchange(port, get()).status == 200
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.sendall(get(fields="Host: t\r\nConnection: close\r\n"))
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def test_clients_that_go_away(gateway):
    """client gone mid-request: nothing leaks, the gateway goes on."""
    for cut in (1, 20, len(get()) - 1, len(get())):
        for _ in range(20):
            with Raw(gateway.port) as connection:
                connection.send(get()[:cut])
                if cut % 2:
                    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    for _ in range(20):
        with Raw(gateway.port) as connection:
            connection.send(post(b"x=1", "Content-Length: 500\r\n"))
    assert exchange(gateway.port, get()).status == 200


def test_a_client_that_ends_its_side_is_gone(gateway):
    """operations.md: client gone mid-request. docs/decisions.md: the end of its bytes is taken as that."""
    with Raw(gateway.port) as connection:
        connection.send(get() + get())
        connection.socket.shutdown(socket.SHUT_WR)
        connection.socket.settimeout(5)
        while connection.socket.recv(65536):
            pass
    with Raw(gateway.port) as connection:
        assert connection.send(get()).reply().status == 200


def test_date_and_server(gateway):
    """Date once a second, Server: portcullis."""
    reply = exchange(gateway.port, get())
    assert reply.field("Server") == "portcullis"
    assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", reply.field("Date"))


def test_random_bytes_never_kill_it(gateway):
    """A short, fixed storm of broken heads; the fuzz targets go deeper."""
    import random
    chance = random.Random(9112)
    seeds = [get(), post(b"x=1", "Content-Length: 3\r\n"), post(b"3\r\nx=1\r\n0\r\n\r\n", CHUNKED)]
    for _ in range(300):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with Raw(gateway.port) as connection:
            connection.send(bytes(data))
            connection.socket.shutdown(socket.SHUT_WR)
            rest = connection.rest()
            assert rest == b"" or rest.startswith(b"HTTP/1.1 ")
    assert exchange(gateway.port, get()).status == 200
