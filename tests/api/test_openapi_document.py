"""operations.md, `openapi`; remote-api.md section 8: what the document says, for this database and these settings."""

import json
import re
import subprocess

import jsonschema
import pytest
import requests

from support import abuse, writing
from support.answers import BASE, basic
from support.fixture import PASSWORDS, PREFIX, load_rows, load_structure
from support.gateway import BINARY, ROOT, clean_environment, run_binary
from support.openapi_client import METHODS, Client, Document, strict
from support.openapi_walker import Walker, formats
from support.ports import wait_until

LOGINS = {"basic": ("alice", PASSWORDS["alice"]), "apiId": abuse.GOOD}
VALIDATOR = ROOT / "tests/openapi"
NAME = re.compile(r"[a-z][A-Za-z0-9]*")


def print_document(settings, **more):
    words = [word for key, value in {**settings, **more}.items() for word in ("-o", f"{key}={value}")]
    done = run_binary("openapi", *words)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


def served(server):
    answer = requests.get(server.url + BASE + "/openapi.json", headers=basic("alice"), timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def validate(tree):
    """By a validator that others maintain (npm: @seriousme/openapi-schema-validator)."""
    done = subprocess.run(["node", "validate.js"], cwd=VALIDATOR, input=json.dumps(tree), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "3.1"), done.stdout[:3000] + done.stderr[:1000]


def every(node, path=""):
    """Each object of the document with the path to it."""
    if isinstance(node, dict):
        yield path, node
    for name, child in (node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()):
        yield from every(child, f"{path}/{name}")


def mentioned(tree, *words):
    """Those of the words that stand anywhere in the document."""
    text = json.dumps(tree).lower()
    return [word for word in words if word.lower() in text]


def is_data(path):
    """An example's own members may be called anything."""
    return re.search(r"/(example|examples|value|properties)(/|$)", path) is not None


# ---- the document itself -------------------------------------------------------------------------

def test_it_is_valid(openapi_tree):
    validate(openapi_tree)


def test_the_validator_would_see_a_fault(openapi_tree):
    tree = json.loads(json.dumps(openapi_tree))
    next(iter(tree["paths"].values()))["get"]["responses"] = {"2xx": 7}
    with pytest.raises(AssertionError):
        validate(tree)


def test_every_reference_leads_somewhere_and_no_component_is_left_over(openapi_tree):
    document = Document(openapi_tree)
    used = set()
    for _, node in every(openapi_tree):
        if isinstance(node.get("$ref"), str):
            document.resolve({"$ref": node["$ref"]})
            used.add(node["$ref"])
    defined = {f"#/components/{section}/{name}" for section, parts in openapi_tree["components"].items()
               if section != "securitySchemes" for name in parts}
    assert defined == used


def test_every_schema_is_one(openapi_tree):
    for schema in openapi_tree["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_example_fits_its_own_schema(openapi_tree):
    """Of requests and answers, of errors, of each column, of parameters."""
    document = Document(strict(openapi_tree))
    count = 0
    for path, node in every(openapi_tree):
        schema = node.get("schema")
        if isinstance(schema, dict) and not is_data(path):
            values = [node["example"]] if "example" in node else []
            values += [document.resolve(each)["value"] for each in node.get("examples", {}).values()]
        elif isinstance(node.get("examples"), list) and "type" in node:
            schema, values = node, node["examples"]
        else:
            continue
        for value in values:
            count += 1
            assert not document.faults(schema, value), (path, document.faults(schema, value))
            assert not document.strangers(schema, value), (path, document.strangers(schema, value))
    assert count > 250


def test_every_body_and_every_answer_in_json_has_an_example(openapi_tree):
    document = Document(openapi_tree)
    for operation in document.operations:
        for media, content in operation.bodies.items():
            assert "example" in content or media in ("application/octet-stream", "multipart/form-data"), (operation.id, media)
        for status, response in operation.responses.items():
            content = response.get("content", {}).get("application/json")
            if content and operation.id != "getOpenapi":
                assert "example" in content or "examples" in content, (operation.id, status)


def test_operations_are_named_for_code_and_told_to_people(openapi_tree):
    operations = Document(openapi_tree).operations
    names = [operation.id for operation in operations]
    assert len(set(names)) == len(names) == 63
    tags = {tag["name"] for tag in openapi_tree["tags"]}
    for operation in operations:
        assert NAME.fullmatch(operation.id)
        assert 5 < len(operation.node["summary"]) <= 60 and operation.node["description"].endswith(".")
        assert set(operation.node["tags"]) <= tags and len(operation.node["tags"]) == 1
        assert "%" not in operation.node["summary"] + operation.node["description"]
        for parameter in operation.parameters:
            described = parameter.get("description") or Document(openapi_tree).resolve(parameter["schema"]).get("description")
            assert described, (operation.id, parameter["name"])
        places = [parameter["name"] for parameter in operation.parameters]
        assert len(set(places)) == len(places), f"{operation.id}: a name twice would be one argument twice"
    for name in ("listProjects", "createProject", "getProject", "updateProject", "deleteProject", "listProjectActions",
                 "createProjectAction", "listTopicThreads", "downloadFile", "replaceFileContent", "listProjectLists",
                 "listActionTimelogs", "listSettings", "listResources", "createAbuseReport"):
        assert name in names


def test_the_chains_are_those_of_the_directory(openapi_tree, described_gateway):
    """section 3 and 7: `api/resources` and the document are made of the same, and say the same."""
    answer = requests.get(described_gateway.url + BASE + "/api.php/v1/api/resources/json", headers=basic("alice"), timeout=30)
    told, described = set(), set()
    for resource in answer.json()["response"]["resources"]:
        for chain in resource["chains"]:
            for method in resource["methods"]:
                is_record = re.search(r"\{id\}$|\{name\}$", chain)
                offered = {"GET": "/content" not in chain, "POST": not is_record and chain.split("/")[-1] == resource["name"],
                           "PUT": (bool(is_record) and "{id}" in chain) or chain.endswith("/content"),
                           "DELETE": bool(is_record)}[method]
                if offered:
                    told.add((method, chain))
    for path, item in openapi_tree["paths"].items():
        chain = re.sub(r"\{(?!name|lists|format)[^}]+\}", "{id}", path.removeprefix(BASE + "/api.php/v1/"))
        chain = chain.removesuffix("/{format}")
        if "{lists}" in chain or not path.startswith(BASE + "/api.php") or re.search(r"\}/.*/bythread$", chain):
            continue
        described |= {(method.upper(), chain) for method in item}
    assert described == told


def test_columns_are_described_as_the_tables_have_them(openapi_tree):
    """data-model.md and the columns of the tests' database: types, bounds, lengths, choices, null."""
    schemas = openapi_tree["components"]["schemas"]
    given, answered = schemas["ProjectInput"]["properties"], schemas["Project"]["properties"]

    def said(properties, name):
        return {key: value for key, value in properties[name].items() if key not in ("description", "examples", "x-references")}
    assert said(given, "kind_tiny") == {"type": "integer", "minimum": 0, "maximum": 255}
    assert said(given, "kind_medium") == {"type": "integer", "minimum": -8388608, "maximum": 8388607}
    assert said(given, "custom_big") == {"type": ["integer", "null"], "minimum": 0, "maximum": 18446744073709551615}
    assert said(given, "kind_year") == {"type": ["integer", "null"], "minimum": 0, "maximum": 2155}
    assert said(given, "kind_price") == {"type": ["number", "null"], "minimum": 0, "exclusiveMaximum": 10000}
    assert said(given, "custom_amount") == {"type": ["number", "null"], "exclusiveMinimum": -100000000, "exclusiveMaximum": 100000000}
    assert said(given, "custom_kind") == {"type": ["string", "null"], "enum": ["red", "green", "blue", None]}
    assert said(given, "kind_code") == {"type": ["string", "null"], "maxLength": 4}
    assert said(given, "project_complete") == {"type": "integer", "minimum": 0, "maximum": 100}
    assert said(given, "visible_status")["enum"] == ["all", "manager", "related"]
    assert said(given, "project_name")["minLength"] == 1
    assert said(given, "client_userid") == {"type": "integer", "minimum": 0, "maximum": 2147483647}
    assert given["client_userid"]["description"].startswith("The id of a row of `tblclients`; 0: none.")
    assert said(answered, "custom_blob") == {"type": ["string", "null"], "contentEncoding": "base64"}
    assert said(answered, "project_id") == {"type": "integer"}
    for name in ("project_id", "owner_adminid", "date_created", "date_activity", "custom_blob"):
        assert name in answered and name not in given
    assert "2nd name" in answered and "2nd name" in given
    assert schemas["ProjectCreate"]["required"] == ["project_name"]
    assert schemas["ActionCreate"]["required"] == ["project_id", "action_name"]
    assert schemas["ProjectActionCreate"]["required"] == ["action_name"]
    assert "file_path" not in schemas["File"]["properties"] and "c" not in schemas["Whmcsticket"]["properties"]
    assert "file_content" in schemas["FileInput"]["properties"]
    assert schemas["Limit"]["maximum"] == 500


@pytest.mark.parametrize("name, good, value", [
    ("kind_moment", True, "2026-01-02 03:04:05.678"), ("kind_moment", True, "2026-01-02T03:04"), ("kind_moment", False, "2.1.2026"),
    ("custom_day", True, "2026-01-02"), ("custom_day", True, "0000-00-00"), ("custom_day", False, "2026-01-02 03:04:05"),
    ("kind_span", True, "-100:30:00"), ("kind_span", False, "half past two"), ("project_name", False, " \t"),
    ("project_name", True, "x"), ("project_complete", False, 101), ("no_such_column", False, 1), ("dry_run", True, True)])
def test_inputs_are_told_from_what_is_none(openapi_tree, name, good, value):
    document = Document(openapi_tree)
    faults = document.faults({"$ref": "#/components/schemas/ProjectInput"}, {name: value})
    assert (not faults) == good, faults


# ---- other settings ------------------------------------------------------------------------------

def test_the_command_prints_what_is_served_but_for_the_server(openapi_tree, described_gateway):
    """operations.md: `openapi` prints an OpenAPI 3.1 document of what is served."""
    printed = print_document(described_gateway.settings)
    assert printed["servers"] == [{"url": f"http://127.0.0.1:{described_gateway.port}"}]
    assert openapi_tree["servers"] == [{"url": "/"}]
    assert json.dumps({**printed, "servers": 0}) == json.dumps({**openapi_tree, "servers": 0})


@pytest.mark.parametrize("listen, url", [
    ("0.0.0.0:8080", "http://127.0.0.1:8080"), ("[::]:81", "http://[::1]:81"), ("unix:/tmp/x.sock", "/"),
    ("unix:/tmp/x.sock, 192.0.2.7:80", "http://192.0.2.7:80")])
def test_the_server_is_the_first_address_listened_at(described_gateway, listen, url):
    settings = {**described_gateway.settings, "server.listen": listen}
    words = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    assert json.loads(run_binary("openapi", *words).stdout)["servers"] == [{"url": url}]


def test_the_same_model_makes_the_same_bytes(described_gateway):
    words = [word for key, value in described_gateway.settings.items() for word in ("-o", f"{key}={value}")]
    assert run_binary("openapi", *words).stdout == run_binary("openapi", *words).stdout


def test_settings_shape_the_document(described_gateway):
    tree = print_document(described_gateway.settings, **{
        "remote.base": "/elsewhere", "abuse.path": "/abuse/api.php", "remote.max_limit": "20", "files.max_upload": "1 MiB"})
    validate(tree)
    assert "/elsewhere/api.php/v1/projects/{format}" in tree["paths"] and "/elsewhere/openapi.json" in tree["paths"]
    assert "/abuse/api.php" in tree["paths"] and not any(BASE in path for path in tree["paths"])
    assert (tree["components"]["schemas"]["Limit"]["maximum"], tree["components"]["schemas"]["Limit"]["default"]) == (20, 20)
    assert "1048576" in json.dumps(tree)


@pytest.mark.parametrize("more", [
    {"remote.json_numbers": "string"}, {"http.error_status": "always_200"}, {"rate.per_address": "100000/second"},
    {"remote.pages": "ceil", "remote.max_limit": "7"}],
    ids=lambda more: next(iter(more)))
def test_every_read_is_answered_as_documented_under_other_settings(start_gateway, described_gateway, more):
    """remote.json_numbers, http.error_status, rate limits: the document says what then comes."""
    server = start_gateway({"mysql.database": "whmcs_openapi", "files.root": described_gateway.settings["files.root"], **more})
    tree = served(server)
    validate(tree)
    client = Client(Document(tree), server.url, LOGINS)
    Walker(client).read_all()
    operation = client.document.by_id["getProject"]
    refused = 200 if "http.error_status" in more else 404
    for form in ("json", "xml"):
        client.call(operation, refused, path={"project_id": 4711, "format": form})
    report = client.document.by_id["createAbuseReport"]
    client.call(report, 200 if refused == 200 else 400, media="application/json", value={"action": "destroy"})
    if "rate.per_address" in more:
        assert "RateLimit" in client.send(operation, path={"project_id": 100}).headers


def test_the_time_that_was_asked_for_is_documented(openapi_tree, described_gateway):
    client = Client(Document(openapi_tree), described_gateway.url, LOGINS)
    for name in ("listProjects", "getOpenapi"):
        response, _ = client.call(client.document.by_id[name], headers={"Prefer": "server-timing"})
        assert "Server-Timing" in response.headers


def test_too_many_requests_are_documented(start_gateway):
    server = start_gateway({"mysql.database": "whmcs_openapi", "redis.url": "", "rate.per_address": "1/second burst 1"})
    tree = print_document(server.settings)
    client = Client(Document({**tree, "servers": [{"url": "/"}]}), server.url, LOGINS)
    for name, request in (("listProjects", {}), ("listProjects", {"path": {"format": "xml"}}), ("getOpenapi", {}),
                          ("createAbuseReport", {"media": "application/json", "value": {}})):
        for _ in range(20):
            response = client.send(client.document.by_id[name], **request)
            client.check(client.document.by_id[name], response)
            if response.status_code == 429:
                break
        assert response.status_code == 429


def everything(client, server, expected, **fields):
    """Every operation, in every format, each refused with that status and as it documents."""
    for operation in client.document.operations:
        body = {}
        if operation.bodies:
            media, content = next(iter(operation.bodies.items()))
            body = {"media": media, "value": content.get("example", b"bytes")}
        for form in formats(operation):
            client.call(operation, expected, path={**{each["name"]: each.get("example") for each in operation.in_path()}, **form},
                        headers=fields, **body)


def test_a_ban_is_documented_everywhere(start_gateway, described_gateway, openapi_tree):
    server = start_gateway({"mysql.database": "whmcs_openapi", "redis.url": "", "ban.exempt": "", "ban.table": "read", "ban.length": "1h",
                            "http.trusted_proxies": "127.0.0.0/8"})
    done = run_binary("bans", "add", "198.18.78.8", *[word for key, value in server.settings.items() for word in ("-o", f"{key}={value}")])
    assert done.returncode == 0, done.stderr
    everything(Client(Document(openapi_tree), server.url, LOGINS), server, 403, **{"X-Forwarded-For": "198.18.78.8"})


def test_a_database_that_is_away_is_documented_everywhere(start_gateway, openapi_tree):
    server = start_gateway({"mysql.socket": "/nowhere/mysql.sock"}, wait_ready=False)
    wait_until(lambda: server.readyz() is not None, 20, "it listens")
    everything(Client(Document(openapi_tree), server.url, LOGINS), server, 503)


def test_what_is_archived_is_refused_as_documented(openapi_tree, described_gateway):
    """section 6: 409, of the project itself and of what would be created below it."""
    client = Client(Document(openapi_tree), described_gateway.url, LOGINS)
    archived = [operation for operation in client.document.operations if "409" in operation.responses
                and any(each["name"] == "project_id" for each in operation.in_path())]
    assert len(archived) == 6
    for operation in archived:
        body = {"media": "application/json", "value": operation.bodies["application/json"]["example"]} if operation.bodies else {}
        for form in formats(operation):
            client.call(operation, 409, path={"project_id": 101, **form}, **body)


# ---- other databases -----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def bare(mariadb):
    """Without topics, without what files need for versions and bytes, without the gateway's own tables."""
    load_structure(mariadb, ROOT, "bare")
    load_rows(mariadb, "bare", bad_text=False)
    for sql in (f"DROP TABLE {PREFIX}topic", f"ALTER TABLE {PREFIX}file DROP COLUMN file_path, DROP COLUMN thread_id",
                f"ALTER TABLE {PREFIX}timelog MODIFY timelog_id int NOT NULL", f"ALTER TABLE {PREFIX}project DROP COLUMN project_notes",
                "DROP TABLE portcullis_idempotency, portcullis_outbox",
                f"ALTER TABLE {abuse.REPORTS} DROP COLUMN admin_notes"):
        run_in(mariadb, sql)
    return "bare"


def run_in(mariadb, sql, database="bare"):
    with mariadb.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        cursor.execute(sql)


def test_what_the_database_lacks_is_not_described(bare, start_gateway):
    server = start_gateway({"mysql.database": bare})
    tree = served(server)
    validate(tree)
    document = Document(tree)
    assert not mentioned(tree, "topic", "download", "bythread", "project_notes", "admin_notes", "thread_id")
    assert "createTimelog" not in document.by_id and "updateTimelog" in document.by_id
    assert not any(operation.parameter("Idempotency-Key", "header") for operation in document.operations)
    report = tree["components"]["schemas"]["AbuseReport"]["properties"]
    assert report["suspend_method"] == {"type": "string", "const": "nosuspend"}
    Walker(Client(document, server.url, LOGINS)).read_all()


def test_reports_that_cannot_be_kept_are_not_described(mariadb, start_gateway, bare, settings):
    run_in(mariadb, f"CREATE TABLE kept LIKE {abuse.REPORTS}")
    run_in(mariadb, f"DROP TABLE {abuse.REPORTS}")
    try:
        tree = print_document(settings, **{"mysql.database": bare})
        assert not mentioned(tree, "abuse", "API_ID")
        validate(tree)
    finally:
        run_in(mariadb, f"RENAME TABLE kept TO {abuse.REPORTS}")


def test_another_catalog_is_described(mariadb, place, module_gateway):
    """data-model.md: parents by type and id; names that are no words."""
    database = "whmcs_openapi_other"
    writing.load(mariadb, database)
    table = PREFIX + "timelog"
    for sql in (f"ALTER TABLE {table} ADD parent_type varchar(16) NOT NULL DEFAULT '', ADD parent_id int NOT NULL DEFAULT 0",
                f"UPDATE {table} SET parent_type = 'project', parent_id = project_id",
                f"ALTER TABLE {table} DROP COLUMN project_id, DROP COLUMN action_id"):
        run_in(mariadb, sql, database)
    catalog = json.loads((ROOT / "catalog/wbteampro.json").read_text())
    resources = catalog["resources"]
    resources["timelogs"]["parents"] = {
        "projects": {"parameter": "project_id", "any": [{"column": "parent_id", "where": {"parent_type": "project"}}]},
        "actions": {"parameter": "action_id", "any": [{"column": "parent_id", "where": {"parent_type": "action"}}]}}
    resources["überstunden"] = {"singular": "über-stunde", "table": "tblclients", "key": "id", "methods": ["GET"]}
    resources["pages"] = {"singular": "page", "table": "tblhosting", "key": "id", "methods": ["GET"]}  # there is a schema Page
    (place / "other.json").write_text(json.dumps(catalog))
    server = module_gateway({"mysql.database": database, "remote.catalog": str(place / "other.json")})
    tree = served(server)
    validate(tree)
    filters = tree["components"]["schemas"]["TimelogFilter"]["properties"]
    assert {"project_id", "action_id", "parent_type", "parent_id"} <= set(filters)
    assert "project_id" in tree["components"]["schemas"]["TimelogInput"]["properties"]
    assert {"Page", "Page_", "Page_ListAnswer"} <= set(tree["components"]["schemas"])
    walker = Walker(Client(Document(tree), server.url, LOGINS))
    walker.read_all()
    project = walker.ids("projects")[0]
    create = walker.document.by_id["createProjectTimelog"]
    value = walker.client.call(create, path={"project_id": project}, media="application/json",
                               value=create.bodies["application/json"]["example"])[1]
    assert value["response"]["timelog"]["parent_id"] == project


# ---- the command ---------------------------------------------------------------------------------

def test_the_command_says_what_is_wrong(settings, place):
    """operations.md: exit codes 0 good, 1 failed, 2 wrong usage; the document goes nowhere else but to standard output."""
    def run(*arguments, **more):
        words = [word for key, value in {**settings, **more}.items() for word in ("-o", f"{key}={value}")]
        done = run_binary("openapi", *words, *arguments)
        assert done.stdout == ""
        return done.returncode, done.stderr
    (place / "broken.json").write_text('{"resources": {"projects": {"table": 7}}}')
    for expected, word, arguments, more in (
            (1, "mysql", (), {"mysql.socket": "/nowhere/x.sock"}), (1, "mysql.user", (), {"mysql.user": ""}),
            (1, "projects", (), {"remote.catalog": str(place / "broken.json")}),
            (1, "broken.json", (), {"abuse.catalog": str(place / "broken.json")}),
            (1, "nowhere.json", (), {"remote.catalog": "/nowhere.json"}),
            (1, "remote.nope", (), {"remote.nope": "1"}), (2, "extra", ("extra",), {}), (2, "--nope", ("--nope",), {})):
        code, text = run(*arguments, **more)
        assert (code, word in text) == (expected, True), (more, arguments, code, text)


def test_the_command_notices_that_nobody_takes_its_output(settings):
    words = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    with open("/dev/full", "w") as full:
        done = subprocess.run([BINARY, "openapi", *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30,
                              env=clean_environment())
    assert done.returncode == 1 and "standard output" in done.stderr


def test_help_tells_of_the_command():
    assert re.search(r"^  openapi +print an OpenAPI document", run_binary("--help").stdout, re.M)
    assert "3.1" in run_binary("openapi", "--help").stdout


assert METHODS  # the client's own list: paths hold nothing else
