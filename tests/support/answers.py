"""Asking and reading: the three address forms, JSON with exact numbers, XML as the same tree."""

import base64
import json
import urllib.parse
import xml.etree.ElementTree as ElementTree

import requests

from support.fixture import PASSWORDS, md5
from support.oracle import Exact

BASE = "/modules/addons/wbteampro"
FORMS = ("clean", "rewritten", "direct", "direct_api")
SINGULAR = {"replies": "reply"}


def parse_json(text):
    return json.loads(text, parse_float=Exact)


def credentials(user="alice", password=None):
    return {"username": user, "password": md5(PASSWORDS[user]) if password is None else password}


def address(chain, form="clean", fmt="json", version="v1"):
    """Path and the query pairs that go with it."""
    segments = [version, *chain.split("/"), fmt]
    if form == "clean":
        return f"{BASE}/api.php/" + "/".join(segments), {}
    if form == "rewritten":
        return f"{BASE}/api/" + "/".join(segments), {}
    path = f"{BASE}/api.php" if form == "direct" else f"{BASE}/api"
    return path, {"action": ".".join(segments)}


class Answer:
    def __init__(self, response):
        self.http = response
        self.status = response.status_code
        self.headers = response.headers

    @property
    def json(self):
        return parse_json(self.http.content.decode("utf-8"))

    @property
    def request(self):
        return self.json["request"]

    @property
    def response(self):
        return self.json["response"]

    @property
    def data(self):
        return self.response["data"]

    @property
    def message(self):
        return self.request["message"]

    @property
    def codes(self):
        return [error["code"] for error in self.response["errors"]]

    @property
    def fields(self):
        return [error.get("field") for error in self.response["errors"]]

    def expect(self, status, message=None, code=None, field=None):
        """Asserts an error answer: status, request.code, message, one of its codes and fields."""
        assert self.status == status, self.http.text[:600]
        assert self.request["code"] == status
        if message is not None:
            assert self.message == message
        if code is not None:
            assert code in self.codes, self.response
        if field is not None:
            assert field in self.fields, self.response
        return self

    def success(self):
        assert self.status == 200, self.http.text[:600]
        assert (self.request["code"], self.request["message"]) == (200, "Success")
        return self

    @property
    def tree(self):
        return ElementTree.fromstring(self.http.content)


class Client:
    """Asks one gateway; logged in as alice unless told otherwise."""

    def __init__(self, url):
        self.url = url
        self.session = requests.Session()
        self.session.headers.clear()

    def send(self, method, path, query=None, **more):
        """query: dict, list of pairs, or the raw text to put after '?'."""
        text = query if isinstance(query, str) else urllib.parse.urlencode(query or {})
        more.setdefault("timeout", 40)
        more.setdefault("allow_redirects", False)
        request = requests.Request(method, self.url, headers=more.pop("headers", None), data=more.pop("data", None),
                                   files=more.pop("files", None), auth=more.pop("auth", None)).prepare()
        request.url = self.url + path + ("?" + text if text else "")
        return Answer(self.session.send(request, **more))

    def ask(self, chain, params=None, form="clean", fmt="json", user="alice", method="GET", query=None, **more):
        """params is sent as JSON text; query holds further pairs; user None: no credentials."""
        path, pairs = address(chain, form, fmt)
        pairs = {**pairs, **(credentials(user) if user else {}), **(query or {})}
        if params is not None:
            pairs["params"] = params if isinstance(params, str) else json.dumps(params)
        return self.send(method, path, pairs, **more)

    get = ask


def basic(user, password=None):
    """(user, password) for Authorization: Basic; the plain password, as the spec says."""
    text = f"{user}:{PASSWORDS[user] if password is None else password}".encode()
    return {"Authorization": "Basic " + base64.b64encode(text).decode()}


def raw_get(chain, fmt="json", user="alice", more="", version="v1", method="GET", fields="", extra_query=""):
    """A whole request as bytes, for raw sockets."""
    path, _ = address(chain, "clean", fmt, version)
    query = urllib.parse.urlencode(credentials(user)) if user else ""
    return (f"{method} {path}?{query}{extra_query} HTTP/1.1\r\nHost: t\r\n{fields}\r\n{more}").encode()


# ---- the same tree in XML -------------------------------------------------------------------

def singular(name):
    """Element name of a list's items."""
    return SINGULAR.get(name, name[:-1] if name.endswith("s") else "item")


def safe_text(text):
    """Characters that XML 1.0 forbids become U+FFFD."""
    return "".join(c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000"
                   else "\ufffd" for c in text)


def is_xml_name(name):
    return name[:1].isalpha() | (name[:1] == "_") and all(c.isalnum() or c in "_-." for c in name)


def expected_xml(name, value):
    """(tag, attributes, text or children) of a JSON tree, after section 5."""
    tag, attributes = (name, {}) if is_xml_name(name) else ("item", {"name": name})
    if value is None:
        return tag, {**attributes, "nil": "true"}, ""
    if isinstance(value, dict):
        return tag, attributes, [expected_xml(key, member) for key, member in value.items()]
    if isinstance(value, list):
        return tag, {**attributes, "list": "true"}, [expected_xml(singular(name), item) for item in value]
    if isinstance(value, bool):
        return tag, attributes, "true" if value else "false"
    return tag, attributes, safe_text(str(value))


def seen_xml(element):
    children = list(element)
    if children:
        assert not (element.text or "").strip()
        return element.tag, dict(element.attrib), [seen_xml(child) for child in children]
    return element.tag, dict(element.attrib), element.text or ""


def same_xml(seen, expected):
    """Compares; an empty object or list is an element without children."""
    tag, attributes, content = expected
    assert seen[0] == tag and seen[1] == attributes, (seen[:2], expected[:2])
    if isinstance(content, list):
        children = seen[2] if isinstance(seen[2], list) else []
        assert [c[0] for c in children] == [c[0] for c in content]
        for one, other in zip(children, content):
            same_xml(one, other)
    else:
        assert seen[2] == content.replace("\r\n", "\n").replace("\r", "\n") or seen[2] == content, (tag, seen[2], content)
