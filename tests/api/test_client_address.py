"""spec/auth-and-bans.md, The client's address: PROXY headers, X-Forwarded-For, and of whom they are believed.

The gateways here trust 127.0.0.1 and 10.0.0.0/8; 127.0.0.2 is a stranger. Each request has a path of its own, by which its
access line is found.
"""

import ipaddress
import itertools
import json
import struct
import time
import urllib.parse

import pytest

from support.answers import Client, address, credentials
from support.fixture import md5
from support.gateway import Gateway, run_binary
from support.ports import free_port, wait_until
from support.raw import Closed, Raw

pytestmark = pytest.mark.auth

PROXY, STRANGER = "127.0.0.1", "127.0.0.2"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
REFUSED = "portcullis_proxy_headers_refused_total"

_numbers = itertools.count(1)


class Listeners:
    """A gateway with plain listeners and such that ask for a PROXY header, on TCP and on unix sockets."""

    def __init__(self, start, place, more=None):
        number = next(_numbers)
        self.plain, self.proxied = free_port(), free_port()
        self.plain_unix, self.proxied_unix = str(place / f"plain{number}.sock"), str(place / f"proxied{number}.sock")
        self.gateway = start({
            "server.listen": f"127.0.0.1:{self.plain},127.0.0.1:{self.proxied} proxy_protocol=on,"
                             f"unix:{self.plain_unix} , unix:{self.proxied_unix}  proxy_protocol=on",
            "http.trusted_proxies": "127.0.0.1, 10.0.0.0/8", "server.loops": "1", **(more or {})})

    def count(self, name=REFUSED):
        return self.gateway.metrics()[name]

    def wait_count(self, value, name=REFUSED):
        wait_until(lambda: self.count(name) == value, 20, f"{name} is {value} and not {self.count(name)}")

    def address_of(self, path):
        """Whom the access line of that request names."""
        line = self.gateway.find_log(f'"{path}"', 20)
        return json.loads(line)["address"]

    def has_line(self, path):
        return f'"{path}"' in self.gateway.out_text()


@pytest.fixture(scope="module")
def listeners(module_gateway, place):
    return Listeners(module_gateway, place)


@pytest.fixture
def start_listeners(start_gateway, place):
    return lambda more=None: Listeners(start_gateway, place, more)


def new_path():
    return f"/asked-{next(_numbers)}."


def get(path, fields=""):
    """A request that nothing serves: 404 without a login or a database."""
    return f"GET {path} HTTP/1.1\r\nHost: t\r\n{fields}\r\n".encode("latin-1")


def v1(client, port=4660):
    family, other = ("TCP6", "::1") if ":" in client else ("TCP4", "10.0.0.1")
    return f"PROXY {family} {client} {other} {port} 80\r\n".encode()


def v2(client, tlvs=b"", transport=1, command=1):
    source = ipaddress.ip_address(client)
    other = ipaddress.ip_address("::1" if source.version == 6 else "10.0.0.1")
    rest = source.packed + other.packed + struct.pack("!HH", 4660, 80) + tlvs
    family = (1 if source.version == 4 else 2) << 4 | transport
    return SIGNATURE + struct.pack("!BBH", 0x20 | command, family, len(rest)) + rest


def v2_of(command, family, rest=b""):
    return SIGNATURE + struct.pack("!BBH", 0x20 | command, family, len(rest)) + rest


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


# ---- PROXY headers that are believed -------------------------------------------------------------

GOOD = {
    "v1 TCP4": (v1("192.0.2.1"), "192.0.2.1"),
    "v1 TCP6": (v1("2001:DB8:0::7"), "2001:db8::7"),
    "v1 IPv4-mapped": (v1("::ffff:192.0.2.1"), "192.0.2.1"),
    "v1 longest": (b"PROXY UNKNOWN " + b"f" * 91 + b"\r\n", PROXY),
    "v1 UNKNOWN": (b"PROXY UNKNOWN\r\n", PROXY),
    "v1 UNKNOWN with addresses": (b"PROXY UNKNOWN 192.0.2.1 10.0.0.1 1 2\r\n", PROXY),
    "v1 nobody": (b"PROXY TCP6 :: :: 0 0\r\n", PROXY),
    "v2 IPv4": (v2("192.0.2.1"), "192.0.2.1"),
    "v2 IPv6": (v2("2001:db8::7"), "2001:db8::7"),
    "v2 IPv4-mapped": (v2("::ffff:192.0.2.1"), "192.0.2.1"),
    "v2 TLVs": (v2("192.0.2.1", tlv(1, b"http/1.1") + tlv(2, b"api.example") + tlv(4, b"") + tlv(0xea, b"\1vpce")), "192.0.2.1"),
    "v2 broken TLV": (v2("192.0.2.1", b"\x04\xff\xffx"), "192.0.2.1"),
    "v2 longest": (v2("192.0.2.1", tlv(4, b"G" * (8192 - 12 - 3))), "192.0.2.1"),
    "v2 LOCAL": (v2_of(0, 0), PROXY),
    "v2 LOCAL with addresses": (v2("192.0.2.1", command=0), PROXY),
    "v2 LOCAL with TLVs": (v2_of(0, 0, tlv(4, b"GET / HTTP/1.1")), PROXY),
    "v2 unspecified": (v2_of(1, 0, b"anything"), PROXY),
    "v2 unspecified transport": (v2("192.0.2.1", transport=0), PROXY),
    "v2 unix": (v2_of(1, 0x31, b"/run/x".ljust(216, b"\0")), PROXY),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_header_names_the_client(listeners, name):
    """a PROXY header (v1, v2) gives the peer; with none named, the peer itself counts"""
    header, client = GOOD[name]
    path = new_path()
    with Raw(listeners.proxied) as connection:
        assert connection.send(header + get(path)).reply().status == 404
    assert listeners.address_of(path) == client


@pytest.mark.parametrize("name", GOOD)
def test_unix_peers_are_trusted(listeners, name):
    """unix-socket peers count as inside; nobody named: the socket"""
    header, client = GOOD[name]
    path = new_path()
    with Raw(listeners.proxied_unix) as connection:
        assert connection.send(header + get(path)).reply().status == 404
    assert listeners.address_of(path) == ("unix" if client == PROXY else client)


@pytest.mark.parametrize("name", ["v1 TCP4", "v1 TCP6", "v1 UNKNOWN", "v2 TLVs", "v2 IPv6", "v2 LOCAL"])
def test_a_header_cut_anywhere(listeners, name):
    """The header in two pieces, cut at every byte; and byte by byte, the request too."""
    header, client = GOOD[name]
    refused = listeners.count()
    data = header + get(new_path())
    for cut in range(1, len(header) + 2):
        with Raw(listeners.proxied) as connection:
            connection.send(data[:cut])
            time.sleep(0.002)
            assert connection.send(data[cut:]).reply().status == 404, cut
    path = new_path()
    with Raw(listeners.proxied) as connection:
        connection.send_slowly(header + get(path), pause=0.002)
        assert connection.reply().status == 404
    assert listeners.address_of(path) == client
    assert listeners.count() == refused


def test_a_long_header_in_pieces(listeners):
    path = new_path()
    with Raw(listeners.proxied) as connection:
        connection.send_slowly(v2("192.0.2.1", tlv(4, b"\r\n" * 4000)), size=1000, pause=0.005)
        assert connection.send(get(path)).reply().status == 404
    assert listeners.address_of(path) == "192.0.2.1"


@pytest.mark.parametrize("header", [v1("192.0.2.9"), v2("192.0.2.9")], ids=["v1", "v2"])
def test_the_connection_is_the_clients(listeners, header):
    """One header a connection: keep-alive and pipelining go on under the same address."""
    paths = [new_path() for _ in range(6)]
    with Raw(listeners.proxied) as connection:
        connection.send(header + b"".join(get(path) for path in paths[:3]))
        assert [connection.reply().status for _ in range(3)] == [404] * 3
        for path in paths[3:]:
            assert connection.send(get(path)).reply().status == 404
    assert [listeners.address_of(path) for path in paths] == ["192.0.2.9"] * 6


def test_a_second_header_is_no_http(listeners):
    path = new_path()
    with Raw(listeners.proxied) as connection:
        assert connection.send(v1("192.0.2.1") + get(new_path())).reply().status == 404
        assert connection.send(v1("192.0.2.2") + get(path)).reply().status == 400
        assert connection.rest() == b""
    assert not listeners.has_line(path)


def test_a_body_behind_a_header(listeners):
    """Bytes are neither lost nor read twice where header, head and body share segments."""
    body = urllib.parse.urlencode(credentials()).encode()
    head = (f"POST {address('projects/100/actions')[0]}?method=get HTTP/1.1\r\nHost: t\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n")
    data = v2("192.0.2.1") + head.encode() + body + get(new_path())
    for size in (1, 7, 40, len(data)):
        with Raw(listeners.proxied) as connection:
            connection.send_slowly(data, size, 0.001)
            assert [connection.reply().status, connection.reply().status] == [200, 404], size


# ---- and such that are not -----------------------------------------------------------------------

WRONG = {
    "plain HTTP": b"",
    "an empty line first": b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "lower case": b"proxy TCP4 192.0.2.1 10.0.0.1 1 2\r\n",
    "LF alone": b"PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n",
    "UNKNOWN and LF alone": b"PROXY UNKNOWN x\n",
    "CR alone": b"PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r",
    "no words": b"PROXY \r\n",
    "UDP4": b"PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n",
    "family and address differ": b"PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n",
    "a name": b"PROXY TCP4 localhost 10.0.0.1 1 2\r\n",
    "leading zero": b"PROXY TCP4 192.0.2.01 10.0.0.1 1 2\r\n",
    "port with a leading zero": b"PROXY TCP4 192.0.2.1 10.0.0.1 1 02\r\n",
    "port too great": b"PROXY TCP4 192.0.2.1 10.0.0.1 1 65536\r\n",
    "no port": b"PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n",
    "two blanks": b"PROXY TCP4 192.0.2.1  10.0.0.1 1 2\r\n",
    "108 bytes": b"PROXY UNKNOWN " + b"f" * 92 + b"\r\n",
    "no end": b"PROXY UNKNOWN " + b"f" * 20000,
    "zeros": b"\0" * 20,
    "v2 of version 1": SIGNATURE + b"\x11\x11\x00\x0c" + b"\1" * 12,
    "v2 unknown command": SIGNATURE + b"\x22\x11\x00\x0c" + b"\1" * 12,
    "v2 unknown family": SIGNATURE + b"\x21\x41\x00\x0c" + b"\1" * 12,
    "v2 unknown transport": SIGNATURE + b"\x21\x13\x00\x0c" + b"\1" * 12,
    "v2 too short for its family": SIGNATURE + b"\x21\x21\x00\x0c" + b"\1" * 12,
    "v2 too long": SIGNATURE + b"\x21\x11\x20\x01" + b"\1" * 8193,
    "v2 far too long": SIGNATURE + b"\x20\x00\xff\xff" + b"\1" * 65535,
}


def assert_closed(listeners, data, source=None, path=None):
    """Closed without a byte of answer, counted once, and nothing was taken for a request."""
    refused = listeners.count()
    with Raw(listeners.proxied, source=source) as connection:
        try:
            connection.send(data)
        except ConnectionError:
            pass
        assert connection.rest() == b""
    listeners.wait_count(refused + 1)
    assert path is None or not listeners.has_line(path)


@pytest.mark.parametrize("name", WRONG)
def test_without_a_right_header_it_is_closed(listeners, name):
    """a PROXY header is required"""
    path = new_path()
    assert_closed(listeners, WRONG[name] + get(path), path=path)


def test_a_wrong_byte_is_enough(listeners):
    """Who is no proxy is not waited for."""
    for first in (b"G", b"\x16", b"PROXX", SIGNATURE + b"\x11", SIGNATURE + b"\x21\x91"):
        assert_closed(listeners, first)


@pytest.mark.parametrize("header", [v1("192.0.2.1"), v2("192.0.2.1"), v2_of(0, 0), b""], ids=["v1", "v2", "local", "none"])
def test_strangers_are_closed(listeners, header):
    """accepted only from trusted peers (others are closed)"""
    path = new_path()
    assert_closed(listeners, header + get(path), STRANGER, path)


def test_strangers_are_closed_before_they_send(listeners):
    assert_closed(listeners, b"", STRANGER)


@pytest.mark.parametrize("header", [v1("192.0.2.1"), v2("192.0.2.1")], ids=["v1", "v2"])
@pytest.mark.parametrize("source", [PROXY, STRANGER])
def test_a_plain_listener_takes_no_header(listeners, header, source):
    """It is asked for by the listener and never guessed."""
    path = new_path()
    with Raw(listeners.plain, source=source) as connection:
        connection.send(header + get(path))
        answer = connection.rest()
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert not listeners.has_line(path)
    with Raw(listeners.plain, source=source) as connection:
        assert connection.send(get(path)).reply().status == 404
    assert listeners.address_of(path) == source


def test_who_closes_within_a_header_counts(listeners):
    refused = listeners.count()
    for header in (v1("192.0.2.1"), v2("192.0.2.1")):
        for cut in (1, 8, len(header) - 1):
            refused += 1
            with Raw(listeners.proxied) as connection:
                connection.send(header[:cut])
            listeners.wait_count(refused)


def test_who_only_connects_does_not_count(listeners):
    """A balancer's check connects and closes, or sends its header and closes."""
    refused = listeners.count()
    for data in (b"", v2_of(0, 0), v1("192.0.2.1")):
        with Raw(listeners.proxied) as connection:
            connection.send(data)
            time.sleep(0.05)
    with Raw(listeners.proxied) as connection:
        assert connection.send(v2_of(0, 0) + get(new_path())).reply().status == 404
    assert listeners.count() == refused


# ---- its limits ----------------------------------------------------------------------------------

def test_a_slow_header(start_listeners):
    """http.head_timeout for the header, from its first byte on; closed without an answer, as nobody who speaks HTTP waits."""
    listeners = start_listeners({"http.head_timeout": "1s"})
    for header in (v1("192.0.2.1"), v2("192.0.2.1")):
        started = time.monotonic()
        with Raw(listeners.proxied) as connection:
            with pytest.raises((Closed, ConnectionError)):
                for byte in header[:-1] * 100:
                    assert time.monotonic() < started + 20, "not closed"
                    connection.send(bytes([byte]))
                    if connection.closed_within(0.1):
                        raise Closed
        assert time.monotonic() - started > 0.8
    assert listeners.count() == 2
    assert listeners.count("portcullis_timeout_head_total") == 0


def test_a_slow_head_behind_a_header(start_listeners):
    """The request's head has its own time, and its answer."""
    listeners = start_listeners({"http.head_timeout": "1s", "http.idle_timeout": "2s"})
    with Raw(listeners.proxied) as connection:
        assert connection.send(v1("192.0.2.1") + b"GET /slow HTTP/1.1\r\n").reply().status == 408
    with Raw(listeners.proxied) as connection:
        assert connection.send(v1("192.0.2.1")).rest() == b"", "idle behind its header"
    with Raw(listeners.proxied) as connection:
        assert connection.rest() == b"", "idle without one"
    assert listeners.count() == 0
    assert listeners.count("portcullis_timeout_idle_total") == 2


def test_max_per_address_counts_the_client(start_listeners):
    """server.max_per_address; trusted proxies and unix sockets exempt, but not those for whom they speak"""
    listeners = start_listeners({"server.max_per_address": "2"})

    def open_for(header, to=None, source=None):
        connection = Raw(to or listeners.proxied, source=source)
        held.append(connection)
        return connection.send(header + get(new_path())).reply().status

    def is_full(header, size=65536, **more):
        with Raw(listeners.proxied, **more) as late:
            late.send_slowly(header + get(new_path()), size, 0.001)
            reply = late.reply()
            assert late.rest() == b""
        return reply.status == 503 and reply.field("Retry-After") is not None and reply.field("Connection") == "close"

    held = []
    assert [open_for(v1("192.0.2.1")), open_for(v2("::ffff:192.0.2.1"))] == [404, 404]
    assert is_full(v1("192.0.2.1")) and is_full(v2("192.0.2.1"), size=1)
    assert open_for(v1("192.0.2.1"), listeners.proxied_unix) == 503
    assert [open_for(v1("192.0.2.2")), open_for(v1("192.0.2.2"), listeners.proxied_unix)] == [404, 404]
    assert is_full(v1("192.0.2.2"))
    # IPv6 is counted by /64.
    assert [open_for(v1("2001:db8:0:1::1")), open_for(v1("2001:db8:0:1:ffff::2"))] == [404, 404]
    assert is_full(v1("2001:db8:0:1:8000::3"))
    assert open_for(v1("2001:db8:0:2::1")) == 404
    # Nobody named, or a proxy: exempt.
    assert [open_for(v2_of(0, 0)) for _ in range(4)] == [404] * 4
    assert [open_for(v1("10.1.2.3")) for _ in range(4)] == [404] * 4
    assert [open_for(b"", listeners.plain) for _ in range(4)] == [404] * 4
    assert [open_for(b"", listeners.plain_unix) for _ in range(4)] == [404] * 4
    assert [open_for(b"", listeners.plain, STRANGER) for _ in range(3)] == [404, 404, 503]
    assert listeners.count("portcullis_limit_connections_total") == 6
    held[0].close()
    wait_until(lambda: open_for(v1("192.0.2.1")) == 404, 20, "a place that becomes free is given again")
    for connection in held:
        connection.close()


def test_a_gateway_ends_with_headers_half_read(start_listeners):
    """SIGTERM: neither a header that is not whole nor a connection that has sent only its header holds it up for long."""
    listeners = start_listeners({"http.head_timeout": "2s", "server.drain": "30s"})
    held = [Raw(listeners.proxied).send(data) for data in (b"", b"PROXY ", v1("192.0.2.1"), v2("192.0.2.1")[:20])]
    time.sleep(0.1)
    started = time.monotonic()
    listeners.gateway.stop()
    assert time.monotonic() - started < 20
    for connection in held:
        assert connection.rest() == b""
        connection.close()


# ---- settings ------------------------------------------------------------------------------------

@pytest.mark.parametrize("listen", ["127.0.0.1:0 proxy_protocol", "127.0.0.1:0 proxy_protocol=1", "127.0.0.1:0 proxy=on",
                                    "proxy_protocol=on", "127.0.0.1:0 proxy_protocol = on"])
def test_a_wrong_option_is_told(place, settings, listen):
    server = Gateway(place / f"option-{next(_numbers)}", {**settings, "server.listen": listen})
    server.start(wait_ready=False)
    assert server.process.wait(20) != 0
    assert "server.listen" in server.error_text() + server.out_text()


def test_a_listener_that_lets_nobody_in_is_told(start_listeners):
    listeners = start_listeners({"http.trusted_proxies": ""})
    assert "lets nobody in" in listeners.gateway.out_text()
    assert_closed(listeners, v1("192.0.2.1") + get(new_path()))
    with Raw(listeners.proxied_unix) as connection:
        assert connection.send(v1("192.0.2.1") + get(new_path())).reply().status == 404


def healthcheck(listen):
    return run_binary("healthcheck", "-o", f"admin.listen={listen}")


def test_the_admin_listener(place, settings):
    """admin.listen takes the option too, and healthcheck sends the header then"""
    port, path = free_port(), str(place / "admin.sock")
    where = [f"127.0.0.1:{port} proxy_protocol=on", f"unix:{path} proxy_protocol=on"]
    server = Gateway(place / f"admin-{next(_numbers)}", {**settings, "http.trusted_proxies": "127.0.0.1"})
    server.settings["admin.listen"] += "," + ",".join(where)
    server.start()
    try:
        for listen in where:
            done = healthcheck(listen)
            assert (done.returncode, done.stdout) == (0, "/healthz: ok\n"), done.stderr
        assert healthcheck(f"0.0.0.0:{port} proxy_protocol=on").returncode == 0
        assert healthcheck(f"127.0.0.1:{port}").returncode == 1, "without its header it is closed"
        with Raw(port, source=STRANGER) as connection:
            assert connection.rest() == b""
        with Raw(path) as connection:
            assert connection.send(v1("192.0.2.1") + get("/healthz").replace(b": t", b": localhost")).reply().status == 200
    finally:
        server.stop()


def test_healthcheck_names_whom_the_listener_believes(place, settings):
    port = free_port()
    server = Gateway(place / f"admin-{next(_numbers)}", {**settings, "http.trusted_proxies": "10.0.0.1"})
    server.settings["admin.listen"] += f",127.0.0.1:{port} proxy_protocol=on"
    server.start()
    try:
        done = healthcheck(f"127.0.0.1:{port} proxy_protocol=on")
        assert done.returncode == 1 and "http.trusted_proxies" in done.stderr, done.stderr
    finally:
        server.stop()


# ---- X-Forwarded-For -----------------------------------------------------------------------------

def forwarded(*lines):
    return "".join(f"X-Forwarded-For: {line}\r\n" for line in lines)


FORWARDED = {
    "none": ("", PROXY),
    "one": (forwarded("198.51.100.1"), "198.51.100.1"),
    "name in any case": ("x-forwarded-FOR:198.51.100.1\r\n", "198.51.100.1"),
    "spoofed": (forwarded("1.1.1.1, 127.0.0.1, 198.51.100.1"), "198.51.100.1"),
    "spoofed, several lines": (forwarded("1.1.1.1", "10.0.0.1", "198.51.100.1"), "198.51.100.1"),
    "through proxies": (forwarded("1.1.1.1, 198.51.100.1, 10.0.0.2, 10.9.9.9"), "198.51.100.1"),
    "through proxies, several lines": (forwarded("198.51.100.1", "10.0.0.2,10.0.0.3", "", "127.0.0.1"), "198.51.100.1"),
    "proxies alone": (forwarded("10.0.0.2, 10.0.0.3"), PROXY),
    "blanks and empty parts": (forwarded(" ,\t198.51.100.1 ,, "), "198.51.100.1"),
    "empty": (forwarded(""), PROXY),
    "commas": (forwarded(",,, ,"), PROXY),
    "port": (forwarded("198.51.100.1:5678"), "198.51.100.1"),
    "brackets": (forwarded("[2001:db8::7]"), "2001:db8::7"),
    "brackets and port": (forwarded("[2001:db8::7]:443"), "2001:db8::7"),
    "IPv6": (forwarded("2001:DB8:0:0::7"), "2001:db8::7"),
    "IPv4-mapped": (forwarded("::ffff:198.51.100.1"), "198.51.100.1"),
    "IPv4-mapped, in brackets": (forwarded("[::ffff:198.51.100.1]:80"), "198.51.100.1"),
    "IPv4-mapped proxy": (forwarded("198.51.100.1, ::ffff:10.0.0.2"), "198.51.100.1"),
    "garbage": (forwarded("unknown"), PROXY),
    "garbage right of an address": (forwarded("198.51.100.1, unknown"), PROXY),
    "garbage left of it": (forwarded("<script>, 198.51.100.1"), "198.51.100.1"),
    "garbage in a later line": (forwarded("198.51.100.1", "_secret"), PROXY),
    "a name": (forwarded("client.example"), PROXY),
    "a number": (forwarded("3325256705"), PROXY),
    "port too great": (forwarded("198.51.100.1:65536"), PROXY),
    "a network": (forwarded("198.51.100.0/24"), PROXY),
    "a zone": (forwarded("fe80::1%eth0"), PROXY),
    "nobody": (forwarded("::"), PROXY),
    "in quotes": (forwarded('"198.51.100.1"'), PROXY),
    "other fields": ("X-Forwarded: 198.51.100.1\r\nX-Real-IP: 198.51.100.1\r\nForwarded: for=198.51.100.1\r\n", PROXY),
    "12 KB": (forwarded("1.1.1.1," * 1500 + "198.51.100.1"), "198.51.100.1"),
    "80 lines": (forwarded(*["1.1.1.1"] * 80, "198.51.100.1"), "198.51.100.1"),
}


@pytest.mark.parametrize("name", FORWARDED)
def test_forwarded_for_of_a_trusted_peer(listeners, name):
    """the right-most address in X-Forwarded-For that is not a trusted proxy; with none, the peer"""
    fields, client = FORWARDED[name]
    path = new_path()
    with Raw(listeners.plain) as connection:
        assert connection.send(get(path, fields)).reply().status == 404
    assert listeners.address_of(path) == client


@pytest.mark.parametrize("name", FORWARDED)
def test_forwarded_for_of_a_unix_peer(listeners, name):
    """unix-socket peers count as inside"""
    fields, client = FORWARDED[name]
    path = new_path()
    with Raw(listeners.plain_unix) as connection:
        assert connection.send(get(path, fields)).reply().status == 404
    assert listeners.address_of(path) == ("unix" if client == PROXY else client)


@pytest.mark.parametrize("name", FORWARDED)
def test_forwarded_for_of_a_stranger(listeners, name):
    """The peer, unless it is inside http.trusted_proxies"""
    path = new_path()
    with Raw(listeners.plain, source=STRANGER) as connection:
        assert connection.send(get(path, FORWARDED[name][0])).reply().status == 404
    assert listeners.address_of(path) == STRANGER


@pytest.mark.parametrize("header,fields,client", [
    (v1("203.0.113.7"), forwarded("198.51.100.1"), "203.0.113.7"),
    (v2("203.0.113.7"), forwarded("10.0.0.1"), "203.0.113.7"),
    (v2("2001:db8::9"), forwarded("198.51.100.1"), "2001:db8::9"),
    (v1("10.0.0.9"), forwarded("1.1.1.1, 198.51.100.1"), "198.51.100.1"),
    (v2("::ffff:10.0.0.9"), forwarded("198.51.100.1, 10.0.0.7"), "198.51.100.1"),
    (v2("10.0.0.9"), "", "10.0.0.9"),
    (v2("10.0.0.9"), forwarded("unknown"), "10.0.0.9"),
    (v2_of(0, 0), forwarded("198.51.100.1"), "198.51.100.1"),
    (b"PROXY UNKNOWN\r\n", forwarded("198.51.100.1"), "198.51.100.1"),
], ids=["a client, v1", "a client, v2", "IPv6", "a proxy", "an IPv4-mapped proxy", "a proxy, no field", "a proxy, garbage", "local",
        "unknown"])
@pytest.mark.parametrize("to", ["proxied", "proxied_unix"])
def test_proxy_header_and_forwarded_for(listeners, header, fields, client, to):
    """gives the peer to which the rule above then applies"""
    path = new_path()
    with Raw(getattr(listeners, to)) as connection:
        assert connection.send(header + get(path, fields)).reply().status == 404
    assert listeners.address_of(path) == client


def test_each_request_has_its_own(listeners):
    """A proxy sends many clients' requests over one connection."""
    clients = ["198.51.100.1", "198.51.100.2", "2001:db8::7", None, "198.51.100.1"]
    paths = [new_path() for _ in clients]
    with Raw(listeners.plain) as connection:
        connection.send(b"".join(get(path, forwarded(client) if client else "") for path, client in zip(paths, clients)))
        assert [connection.reply().status for _ in clients] == [404] * 5
    assert [listeners.address_of(path) for path in paths] == [client or PROXY for client in clients]


# ---- what is done by it --------------------------------------------------------------------------

@pytest.fixture
def banning(start_listeners):
    return start_listeners({"ban.exempt": "", "redis.url": "", "ban.table": "read"})


def login(listeners, forwarded_for, password=None):
    client = Client(f"http://127.0.0.1:{listeners.plain}")
    return client.get("projects/100", user=None, query=credentials("alice", password),
                      headers={"X-Forwarded-For": forwarded_for}).status


def test_a_guesser_cannot_change_his_address(banning):
    """What a client writes into X-Forwarded-For himself stands left of what his proxy writes."""
    spoofs = ["1.1.1.1", "10.0.0.1", "127.0.0.1", "garbage, ::1"]
    assert [login(banning, f"{spoof}, 198.51.100.66", md5("wrong")) for spoof in spoofs] == [401, 401, 401, 403]
    assert login(banning, "198.51.100.66") == 403
    assert login(banning, "198.51.100.67") == 200


def test_ipv6_is_counted_by_64(banning):
    """IPv6 is counted and banned by /64"""
    assert [login(banning, f"2001:db8:1:2:{part}::1", md5("wrong")) for part in ("0", "ffff", "1")] == [401] * 3
    assert login(banning, "[2001:db8:1:2:8000::9]:443") == 403
    assert login(banning, "2001:db8:1:3::1") == 200


def test_ipv4_mapped_counts_as_ipv4(banning):
    """IPv4-mapped IPv6 counts as IPv4."""
    wrong = [login(banning, client, md5("wrong")) for client in ("198.51.100.80", "::ffff:198.51.100.80", "198.51.100.80:1")]
    assert wrong == [401] * 3
    assert [login(banning, client) for client in ("198.51.100.80", "::ffff:c633:6450", "198.51.100.81")] == [403, 403, 200]
