"""remote-api.md section 8, operations.md `openapi`: a client that knows nothing but the document walks every operation.

What it asks is made from the document (paths, parameters, bodies, examples), with ids that earlier answers told; each
answer must be documented: status, media type, fields, and a body that fits its schema.
"""

import pytest

from support import abuse
from support.fixture import PASSWORDS
from support.openapi_client import Client, Document, strict
from support.openapi_walker import Walker, formats

LOGINS = {"basic": ("alice", PASSWORDS["alice"]), "apiId": abuse.GOOD}
NOBODYS = 4611686018427387904


@pytest.fixture(scope="module")
def walker(described_gateway, openapi_tree):
    return Walker(Client(Document(strict(openapi_tree)), described_gateway.url, LOGINS))


def test_every_read_is_answered_as_documented_in_every_format(walker):
    walker.read_all()


# ---- lists ---------------------------------------------------------------------------------------

def test_every_list_takes_the_words_and_filters_that_are_described(walker):
    """Each query parameter by itself, with a value that a record has, or that its schema names."""
    for operation in walker.reads():
        path = walker.path(operation, lambda name: walker.ids(name)[0])
        resource = operation.path.split("/")[-2]
        samples = walker.records.get(resource) or [{}]
        for parameter in operation.in_query():
            if "content" in parameter:
                continue
            schema = walker.document.resolve(parameter["schema"])
            values = [record[parameter["name"]] for record in samples if record.get(parameter["name"]) is not None]
            if not values and "pattern" in schema:
                continue  # no record has one to show
            value = (values or schema.get("enum") or [schema.get("default", {"integer": 1, "number": 1, "boolean": False}.get(schema["type"], ""))])[0]
            walker.client.call(operation, path=path, query={parameter["name"]: value})


def test_every_list_takes_params_as_their_schema_says(walker):
    """remote-api.md section 4: operators, lists of values and null, in `params` as a JSON object."""
    count = 0
    for operation in walker.reads():
        parameter = operation.parameter("params", "query")
        if not parameter or operation.parameter("cursor", "query") is None:
            continue
        schema = parameter["content"]["application/json"]["schema"]
        path = walker.path(operation, lambda name: walker.ids(name)[0])
        for record in walker.records.get(operation.path.split("/")[-2], [])[:1]:
            for name in walker.document.properties(schema):
                value = record.get(name)
                if value is None or isinstance(value, dict):
                    continue
                for params in ({name: value}, {name: [value]}, {name: {"gte": value, "null": False}}, {name: None}):
                    if walker.document.faults(schema, params):
                        continue  # a zero date of another form, a decimal as text: not foreseen, not sent
                    count += 1
                    walker.client.call(operation, path=path, query={"params": params})
    assert count > 500


def test_cursors_lead_through_every_list(walker):
    for operation in walker.reads():
        if operation.parameter("cursor", "query") is None:
            continue
        path = walker.path(operation, lambda name: walker.ids(name)[0])
        name = operation.path.split("/")[-2]
        query, seen = {"limit": 1}, 0
        while query and seen < 4:
            value = walker.client.call(operation, path=path, query=query)[1]
            seen += 1
            token = value["response"]["data"].get("next")
            query = {"limit": 1, "cursor": token} if token else None
        assert seen, name


def test_what_is_known_is_not_sent_again(walker):
    """section 6: If-None-Match is 304, which every read documents."""
    for operation in walker.reads():
        path = walker.path(operation, lambda name: walker.ids(name)[0])
        first = walker.client.send(operation, path=path)
        if first.status_code == 200:
            walker.client.call(operation, 304, path=path, headers={"If-None-Match": first.headers["ETag"]})


# ---- writing -------------------------------------------------------------------------------------

class Scribe:
    """Creates, changes and deletes through the walker's client."""

    def __init__(self, walker):
        self.walker, self.client, self.document = walker, walker.client, walker.document

    def real(self, schema, example):
        """The example with ids that are there."""
        names = self.walker.references(schema)
        return {name: self.walker.ids(names[name])[0] if name in names and value else value for name, value in example.items()}

    def plain(self, schema):
        """Of a schema for one record or many: that for one."""
        schema = self.document.flat(schema)
        return self.document.flat(schema["oneOf"][0]) if "oneOf" in schema else schema

    def example(self, operation):
        content = operation.bodies["application/json"]
        return self.real(self.plain(content["schema"]), content["example"])

    def ways(self, operation, value):
        """Every way the record can be given: each body, and the query."""
        for media, content in operation.bodies.items():
            described = self.document.properties(content["schema"])
            if media == "application/json":
                yield {"media": media, "value": value}
            elif media == "multipart/form-data":
                yield {"media": media, "value": {"params": value} if "params" in described else value,
                       "files": {name: b"some bytes" for name in described if "contentMediaType" in described[name]}}
            else:
                yield {"media": media, "value": {"params": value} if "params" in described else value}
        if operation.parameter("params", "query"):
            yield {"query": {"params": value}}

    def keep(self, operation, value):
        """Notes the id of what was created: its record stands behind its parents'."""
        name, record = list(value["response"].items())[-1]
        for resource, key in self.walker.keys().items():
            collection = operation.path.split("/")[-2]
            if resource == collection:
                record = record if isinstance(record, dict) else record[0]
                self.walker.own.setdefault(resource, []).append(record[key])
                return record[key]
        raise AssertionError(name)


@pytest.fixture(scope="module")
def scribe(walker):
    return Scribe(walker)


def creates(walker):
    return [each for each in walker.document.operations if each.method == "post" and each.formats != [None]]


def test_everything_can_be_created_from_its_example_in_every_way(walker, scribe):
    operations = creates(walker)
    assert len(operations) >= 13
    for operation in sorted(operations, key=walker.depth):
        for form in formats(operation):
            path = {**walker.path(operation, lambda name: walker.ids(name)[0]), **form}
            for way in scribe.ways(operation, scribe.example(operation)):
                response, value = walker.client.call(operation, path=path, **way)
                scribe.keep(operation, value)
                assert "Location" in response.headers
                found = walker.client.session.get(walker.client.url + response.headers["Location"],
                                                  auth=LOGINS["basic"])
                assert found.status_code == 200, response.headers["Location"]


def test_many_are_created_at_once_and_nothing_by_a_dry_run(walker, scribe):
    for operation in creates(walker):
        example = scribe.example(operation)
        path = walker.path(operation, lambda name: walker.ids(name)[0])
        value = walker.client.call(operation, path=path, media="application/json", value=[example, example])[1]
        records = list(value["response"].values())[-1]
        assert isinstance(records, list) and len(records) == 2
        scribe.keep(operation, value)
        response, value = walker.client.call(operation, path=path, media="application/json", value={**example, "dry_run": True})
        assert "Location" not in response.headers


def test_a_key_makes_creating_safe_to_repeat(walker, scribe):
    for operation in creates(walker):
        assert operation.parameter("Idempotency-Key", "header")
        request = {"path": walker.path(operation, lambda name: walker.ids(name)[0]), "media": "application/json",
                   "value": scribe.example(operation), "headers": {"Idempotency-Key": "walk-" + operation.id}}
        first = walker.client.call(operation, **request)[1]
        assert walker.client.call(operation, **request)[1] == first
        walker.client.call(operation, 422, **{**request, "value": [request["value"]]})


def changes(walker):
    return [each for each in walker.document.operations if each.method == "put"]


def own_path(walker, operation, index=0):
    return walker.path(operation, lambda name: walker.own[name][index])


def test_everything_can_be_changed_from_its_example_in_every_way(walker, scribe):
    operations = [each for each in changes(walker) if "application/json" in each.bodies]
    assert len(operations) == 6
    for operation in operations:
        for form in formats(operation):
            for way in scribe.ways(operation, scribe.example(operation)):
                walker.client.call(operation, path={**own_path(walker, operation), **form}, **way)


def test_a_change_of_what_is_stale_is_refused(walker, scribe):
    """section 6: the ETag of what was read is If-Match; 412 is documented wherever that field is."""
    for operation in [each for each in walker.document.operations if each.parameter("If-Match", "header")]:
        assert "412" in operation.responses
        request = ({"media": "application/octet-stream", "value": b"other bytes"} if "application/octet-stream" in operation.bodies
                   else {"media": "application/json", "value": scribe.example(operation)} if operation.bodies else {})
        for form in formats(operation):
            walker.client.call(operation, 412, path={**own_path(walker, operation), **form}, headers={"If-Match": '"stale.tag"'},
                               **request)


def test_a_files_bytes_are_replaced_and_read_back_whole_and_in_parts(walker):
    (replace,) = [each for each in changes(walker) if "application/octet-stream" in each.bodies]
    (download,) = [each for each in walker.reads() if "*/*" in each.responses["200"]["content"]]
    for form in formats(replace):
        path = {**own_path(walker, replace), **form}
        walker.client.call(replace, path=path, media="application/octet-stream", value=b"0123456789")
        whole, _ = walker.client.call(download, path=path)
        assert whole.content == b"0123456789"
        part, _ = walker.client.call(download, 206, path=path, headers={"Range": "bytes=2-4"})
        assert part.content == b"234"
        walker.client.call(download, 416, path=path, headers={"Range": "bytes=99-"})
        walker.client.call(download, 412, path=path, headers={"If-Match": '"another"'})
        walker.client.call(download, 304, path=path, headers={"If-Modified-Since": whole.headers["Last-Modified"]})


# ---- the Abuse API -------------------------------------------------------------------------------

def reports(walker):
    (operation,) = [each for each in walker.document.operations if each.method == "post" and each.formats == [None]]
    return operation


def test_abuse_is_reported_from_the_example_in_every_way(walker):
    """abuse-api.md: JSON, a form, a form in parts."""
    operation = reports(walker)
    assert set(operation.bodies) == {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}
    for media, content in operation.bodies.items():
        assert walker.client.call(operation, media=media, value=content["example"])[1]["report_id"] > 0
    request = {"media": "application/json", "value": operation.bodies["application/json"]["example"],
               "headers": {"Idempotency-Key": "report-1"}}
    assert walker.client.call(operation, **request)[1] == walker.client.call(operation, **request)[1]


@pytest.mark.parametrize("status, code, change", [
    (400, "AMP003", {"category": ""}), (400, "AMP002", {"action": "destroy"}), (404, "GW004", {"service_id": 999999}),
    (422, "GW005", {"suspend_method": "never"})])
def test_what_a_report_can_get_wrong_is_documented(walker, status, code, change):
    operation = reports(walker)
    value = {**operation.bodies["application/json"]["example"], **change}
    assert walker.client.call(operation, status, media="application/json", value=value)[1]["error_code"] == code


def test_a_report_that_cannot_be_read_or_has_no_credential_is_documented(walker):
    operation = reports(walker)
    body = operation.bodies["application/json"]["example"]
    walker.client.call(operation, 401, media="application/json", value=body, anonymous=True)
    walker.client.call(operation, 415, media="text/csv", value=b"a,b")
    walker.client.call(operation, 413, media="application/json", value={**body, "admin_notes": "x" * 1100000})


# ---- refusals ------------------------------------------------------------------------------------

def remote(walker):
    return [each for each in walker.document.operations if each is not reports(walker)]


def some_body(scribe, operation):
    if "application/octet-stream" in operation.bodies:
        return {"media": "application/octet-stream", "value": b"bytes"}
    return {"media": "application/json", "value": scribe.example(operation)} if operation.bodies else {}


def test_every_operation_documents_what_comes_without_a_login(walker, scribe):
    for operation in remote(walker):
        for form in formats(operation):
            path = {**walker.path(operation, lambda name: walker.ids(name)[0]), **form}
            walker.client.call(operation, 401, path=path, anonymous=True, **some_body(scribe, operation))


def test_every_operation_on_a_record_documents_that_there_is_none(walker, scribe):
    for operation in remote(walker):
        if not walker.depth(operation):
            continue
        for form in formats(operation):
            path = {**walker.path(operation, lambda name: NOBODYS), **form}
            walker.client.call(operation, 404, path=path, **some_body(scribe, operation))
    (setting,) = [each for each in walker.reads() if each.in_path() and not walker.depth(each)
                  and any("x-references" not in parameter and parameter["name"] != "format" for parameter in each.in_path())]
    for form in formats(setting):
        walker.client.call(setting, 404, path={**{each["name"]: "access" for each in setting.in_path()}, **form})


def test_every_operation_documents_a_wrong_id_a_wrong_name_and_a_wrong_value(walker, scribe):
    for operation in remote(walker):
        good = walker.path(operation, lambda name: walker.ids(name)[0])
        for form in formats(operation):
            if walker.depth(operation):
                path = {**walker.path(operation, lambda name: "0"), **form}
                walker.client.call(operation, 400, path=path, **some_body(scribe, operation))
            walker.client.call(operation, 400, path={**good, **form}, query={"params": {"no such name": 1}},
                               **({} if "application/json" in operation.bodies else some_body(scribe, operation)))
            if operation.parameter("limit", "query"):
                walker.client.call(operation, 422, path={**good, **form}, query={"limit": 0})
            if "application/json" in operation.bodies:
                wrong = {name: None for name in scribe.example(operation)}
                path = {**walker.path(operation, lambda name: (walker.own.get(name) or walker.ids(name))[0]), **form}
                walker.client.call(operation, 422, path=path, media="application/json", value=wrong)
                walker.client.call(operation, 415, path=path, media="text/csv", value=b"a,b")
                walker.client.call(operation, 413, path=path, media="application/json", value={"text": "x" * 1100000})


def test_every_operation_documents_a_method_that_is_not_offered(walker, scribe):
    for operation in remote(walker):
        path = walker.path(operation, lambda name: walker.ids(name)[0])
        offered = {each.method for each in remote(walker) if each.path == operation.path}
        other = next(each for each in ("delete", "put", "post") if each not in offered)
        if operation.method in ("get", "post"):
            walker.client.call(operation, 405, path=path, query={"method": other}, **some_body(scribe, operation))


def test_a_head_and_a_target_that_are_too_long_are_documented_by_default(walker):
    (document,) = [each for each in walker.reads() if each.path.endswith("/openapi.json")]
    for request, status in (({"headers": {"X-Long": "x" * 20000}}, 431), ({"query": {"long": "x" * 70000}}, 414)):
        response = walker.client.send(document, **request)
        assert response.status_code == status
        walker.client.check(document, response, by_default=True)


# ---- the end -------------------------------------------------------------------------------------

def test_everything_that_was_created_can_be_deleted_and_is_gone(walker, scribe):
    operations = [each for each in walker.document.operations if each.method == "delete"]
    assert len(operations) == 6
    for operation in sorted(operations, key=lambda each: each.path, reverse=True):
        for index, form in enumerate(formats(operation)):
            path = {**own_path(walker, operation, index), **form}
            walker.client.call(operation, path=path, query={"dry_run": True})
            value = walker.client.call(operation, path=path, query={"force": True})[1]
            assert sum(map(int, value["response"]["deleted"].values())) >= 1
            walker.client.call(operation, 404, path=path)


def test_no_operation_was_left_out(walker):
    assert {name for name, status, _ in walker.client.seen if status == "200"} == set(walker.document.by_id)
