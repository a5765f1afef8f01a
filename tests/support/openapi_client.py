"""A client made from an OpenAPI 3.1 document alone: it knows no resource, only what the document says.

It builds requests from an operation's parameters and bodies, and holds each answer to what is documented: status, media
type, fields and body (JSON Schema, draft 2020-12). An answer in XML is read back into JSON by its schema's `xml`.
"""

import copy
import json
import urllib.parse
import xml.etree.ElementTree as ElementTree

import jsonschema
import requests

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Undocumented(AssertionError):
    """An answer that the document does not foresee."""


class Document:
    def __init__(self, tree):
        self.tree = tree
        self.resolver = jsonschema.RefResolver("", tree)
        self.operations = [Operation(self, path, method, item[method])
                           for path, item in tree["paths"].items() for method in METHODS if method in item]
        self.by_id = {operation.id: operation for operation in self.operations}

    def resolve(self, node):
        """The node that a $ref means; its own members win over those it refers to."""
        while isinstance(node, dict) and "$ref" in node:
            target = self.tree
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[urllib.parse.unquote(part).replace("~1", "/").replace("~0", "~")]
            node = {**target, **{name: value for name, value in node.items() if name != "$ref"}}
        return node

    def validator(self, schema):
        return jsonschema.Draft202012Validator(schema, resolver=self.resolver)

    def faults(self, schema, value):
        return [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:300]}"
                for fault in self.validator(schema).iter_errors(value)]

    def flat(self, schema):
        """The schema with what it refers to and is all of, as one."""
        schema = dict(self.resolve(schema))
        for part in schema.pop("allOf", []):
            part = self.flat(part)
            schema = {**part, **schema, "properties": {**part.get("properties", {}), **schema.get("properties", {})}}
        return schema

    def properties(self, schema):
        return self.flat(schema).get("properties", {})

    def strangers(self, schema, value, path="$"):
        """Members of the value that the schema does not tell of, though it tells of others beside them."""
        schema = self.flat(schema)
        choices = [self.flat(choice) for choice in schema.get("anyOf", []) if not self.faults(choice, value)]
        described = [each for each in [schema, *choices] if "properties" in each]
        if isinstance(value, list):
            return [each for number, item in enumerate(value)
                    for each in self.strangers(schema.get("items", {}), item, f"{path}[{number}]")]
        if not isinstance(value, dict) or not described:
            return []
        found = []
        for name, member in value.items():
            known = [each["properties"][name] for each in described if name in each["properties"]]
            if known:
                found += self.strangers(known[0], member, f"{path}.{name}")
            elif "additionalProperties" not in schema:
                found.append(f"{path}.{name}")
        return found

    # ---- XML -------------------------------------------------------------------------------------

    def from_xml(self, text, schema):
        named = self.flat(schema)
        for choice in named.get("anyOf", []):  # answers of one shape or another
            value = self.from_xml(text, choice)
            if not self.faults(choice, value):
                return value
        root = ElementTree.fromstring(text)
        if root.tag != named.get("xml", {}).get("name"):
            raise Undocumented(f"the document element is {root.tag}")
        return self.read_element(root, named)

    def read_element(self, element, schema):
        if element.get("nil") == "true":
            return None
        schema = self.flat(schema)
        for choice in schema.get("anyOf", []):
            if self.flat(choice).get("type") != "null":
                return self.read_element(element, choice)
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if "array" in types:
            return self.read_list(element, schema)
        if "object" in types or len(element):
            return self.read_object(element, schema)
        text = element.text or ""
        if "string" in types:  # a number that may be text as well is left as text
            return text
        if "integer" in types:
            return int(text)
        if "number" in types:
            return float(text)
        if "boolean" in types:
            return {"true": True, "false": False}[text]
        return text

    def read_list(self, element, schema):
        name = self.resolve(schema["items"]).get("xml", {}).get("name", "item")
        if element.get("list") != "true" or any(child.tag != name for child in element):
            raise Undocumented(f"{element.tag} is no list of {name}")
        return [self.read_element(child, schema["items"]) for child in element]

    def read_object(self, element, schema):
        members = {}
        for child in element:
            name = child.get("name", child.tag)
            if name in members:
                raise Undocumented(f"{element.tag} has two {name}")
            members[name] = self.read_element(child, schema.get("properties", {}).get(
                name, schema.get("additionalProperties", {})))
        return members


class Operation:
    def __init__(self, document, path, method, node):
        self.document, self.path, self.method, self.node = document, path, method, node
        self.id = node["operationId"]
        self.parameters = [document.resolve(parameter) for parameter in node.get("parameters", [])]
        self.bodies = document.resolve(node.get("requestBody", {})).get("content", {})
        self.responses = {status: document.resolve(response) for status, response in node["responses"].items()}

    def __repr__(self):
        return self.id

    def parameter(self, name, place):
        return next((each for each in self.parameters if (each["name"], each["in"]) == (name, place)), None)

    def in_path(self):
        return [parameter for parameter in self.parameters if parameter["in"] == "path"]

    def in_query(self):
        return [parameter for parameter in self.parameters if parameter["in"] == "query"]

    @property
    def formats(self):
        """The values of a path's parameter that says what the answer is written in."""
        parameter = self.parameter("format", "path")
        return self.document.resolve(parameter["schema"])["enum"] if parameter else [None]


def as_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


class Client:
    """Sends what the document describes. logins: the values of its security schemes, by name; those of `basic` a pair."""

    def __init__(self, document, url, logins):
        self.document, self.logins = document, logins
        self.url = urllib.parse.urljoin(url, document.tree["servers"][0]["url"]).rstrip("/")
        self.session = requests.Session()
        self.seen = set()  # (operationId, status, media type) of each answer

    # ---- requests --------------------------------------------------------------------------------

    def address(self, operation, path):
        address = operation.path
        for parameter in operation.in_path():
            value = path.get(parameter["name"], parameter.get("example"))
            text = ",".join(map(as_text, value)) if isinstance(value, list) else as_text(value)
            address = address.replace("{" + parameter["name"] + "}", urllib.parse.quote(text, safe=","))
        if "{" in address:
            raise AssertionError(f"{operation.id}: {address} is not whole")
        return self.url + address

    def login(self, operation, query, headers):
        """The first of the operation's ways to log in that we have all of."""
        schemes = self.document.tree["components"]["securitySchemes"]
        for way in operation.node.get("security", self.document.tree["security"]):
            if not all(name in self.logins for name in way):
                continue
            for name in way:
                scheme, value = schemes[name], self.logins[name]
                if scheme["type"] == "http":
                    return tuple(word.encode() for word in value)
                (headers if scheme["in"] == "header" else query)[scheme["name"]] = value
            return None
        return None

    @staticmethod
    def body(media, content, value, files):
        """What requests takes, of a body in that media type."""
        encodings = content.get("encoding", {})

        def part(name):
            kind = encodings.get(name, {}).get("contentType")
            return json.dumps(value[name]) if kind == "application/json" else as_text(value[name])
        if media == "application/json":
            return {"data": json.dumps(value), "headers": {"Content-Type": media}}
        if media == "application/x-www-form-urlencoded":
            return {"data": {name: part(name) for name in value}}
        if media == "multipart/form-data":
            parts = [(name, (None, part(name))) for name in value]
            return {"files": [*parts, *((name, ("plan.txt", data, "text/plain")) for name, data in (files or {}).items())]}
        return {"data": value, "headers": {"Content-Type": media}}

    def send(self, operation, path=None, query=None, headers=None, media=None, value=None, files=None, anonymous=False):
        """The raw response of one request."""
        words = {}
        for name, each in (query or {}).items():
            described = operation.parameter(name, "query")
            as_json = described and "application/json" in described.get("content", {})
            words[name] = json.dumps(each) if as_json else as_text(each)
        headers = dict(headers or {})
        more = self.body(media, operation.bodies.get(media, {}), value, files) if media else {}
        headers.update(more.pop("headers", {}))
        auth = None if anonymous else self.login(operation, words, headers)
        return self.session.request(operation.method, self.address(operation, path or {}), params=words, headers=headers,
                                    auth=auth, timeout=60, **more)

    # ---- answers ---------------------------------------------------------------------------------

    def fail(self, operation, response, why):
        raise Undocumented(f"{operation.id}: {response.request.method} {response.url} {response.request.body!r:.300} answered "
                           f"{response.status_code} {response.text[:600]}: {why}")

    def check(self, operation, response, by_default=False):
        """Holds the response to the document; returns its body as JSON, None where there is none."""
        status = str(response.status_code)
        described = operation.responses.get(status) or (operation.responses.get("default") if by_default else None)
        if described is None:
            self.fail(operation, response, "the status is not documented")
        self.check_fields(operation, response, described)
        media = response.headers.get("Content-Type", "").split(";")[0]
        self.seen.add((operation.id, status, media))
        contents = described.get("content", {})
        if not contents:
            if response.content:
                self.fail(operation, response, "there is a body, and none is documented")
            return None
        content = contents.get(media, contents.get("*/*"))
        if content is None:
            self.fail(operation, response, f"{media!r} is not documented")
        if "schema" not in content:
            return None
        value = response.json() if media == "application/json" else self.document.from_xml(response.content, content["schema"])
        faults = self.document.faults(content["schema"], value) + self.document.strangers(content["schema"], value)
        if faults:
            self.fail(operation, response, faults[:5])
        return value

    def check_fields(self, operation, response, described):
        """Fields that the document knows anywhere are documented where they come, and fit."""
        known = {name.lower() for name in self.document.tree["components"]["headers"]}
        here = {name.lower(): self.document.resolve(header) for name, header in described.get("headers", {}).items()}
        for name, text in response.headers.items():
            if name.lower() in known and name.lower() not in here:
                self.fail(operation, response, f"the field {name} is not documented")
            schema = self.document.resolve(here.get(name.lower(), {}).get("schema", {}))
            value = int(text) if schema.get("type") == "integer" else text
            if self.document.faults(schema, value):
                self.fail(operation, response, f"the field {name} does not fit")

    def call(self, operation, status=200, **request):
        """One request whose answer must be documented, and of that status."""
        response = self.send(operation, **request)
        value = self.check(operation, response)
        if response.status_code != status:
            self.fail(operation, response, f"{status} was expected")
        return response, value


def strict(tree):
    """The document with records held to the letter: all their columns must come. (That `fields` may leave some out is why the
    document itself does not demand them.)"""
    tree = copy.deepcopy(tree)
    for schema in tree["components"]["schemas"].values():
        if "With `fields`, only those." in schema.get("description", ""):
            schema["required"] = [name for name, column in schema["properties"].items()
                                  if "about a single record alone" not in column.get("description", "")]
    return tree
