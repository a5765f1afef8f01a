"""remote-api.md sections 6 and 8: records made, changed and deleted by the forms; files sent; a report filed."""

import hashlib
import json
import os
import re
from urllib.parse import parse_qs

import pytest



def test_create_is_explained_corrected_and_stored(bench, store):
    bench.nav("projects", "Create", "POST").put("field-project_complete", "300").send(422)
    bench.sees("#answer-errors", "required_missing").sees("#answer-errors", "Fill in the fields marked as required")
    assert bench.find(bench.key("field-project_name")).get_attribute("aria-invalid") == "true"
    bench.sees("#builder", "allowed: an integer from 0 to 100")
    bench.put("field-project_name", "Vom Browser – ünïcödé 日本").put("field-project_complete", "30").choose("field-project_function", "template")
    bench.send()
    number = bench.json()["response"]["project"]["project_id"]
    assert store.value("projects", number, "project_name") == "Vom Browser – ünïcödé 日本"
    assert (store.value("projects", number, "project_complete"), store.value("projects", number, "project_function")) == ("30", "template")
    assert not bench.all("[aria-invalid=true]"), "what was wrong is forgotten"


def test_a_dry_run_stores_nothing(bench, store):
    before = len(store.ids("projects"))
    bench.nav("projects", "Create", "POST").put("field-project_name", "dry").click(bench.key("check-dryRun")).send()
    assert bench.json()["response"]["project"]["project_name"] == "dry" and len(store.ids("projects")) == before


def test_update_sends_only_what_was_filled_in(bench, store):
    number = store.project(project_name="before", project_notes="kept", project_complete=10)
    bench.at(f"#/v1/projects/{number}/json?method=put").click(bench.key("load"))
    bench.until(lambda: bench.find(bench.key("field-project_name")).get_attribute("placeholder") == "before", "what is stored stands as a hint")
    bench.put("field-project_name", "after")
    bench.mark()
    bench.send()
    assert store.value("projects", number, "project_name") == "after" and store.value("projects", number, "project_notes") == "kept"
    assert json.loads(bench.script("return new URLSearchParams(location.hash.split('?')[1]).get('params')")) == {"project_name": "after"}


def test_an_update_of_a_stale_record_is_refused(bench, store):
    number = store.project(project_name="one")
    bench.at(f"#/v1/projects/{number}/json?method=put").click(bench.key("load"))
    bench.until(lambda: bench.find(bench.key("ifMatch")).get_attribute("value"), "the tag that was read is the condition")
    store.set("projects", number, project_name="two")
    bench.put("field-project_name", "three").send(412)
    bench.sees("#answer-errors", "The record has changed since you read it")
    assert store.value("projects", number, "project_name") == "two"


def test_an_empty_text_and_null_can_be_sent(bench, store):
    number = store.project(project_notes="some", custom_note="some")
    bench.at(f"#/v1/projects/{number}/json?method=put")
    bench.click(bench.key("mode-empty-project_notes")).click(bench.key("mode-null-custom_note")).send()
    assert store.value("projects", number, "project_notes") == "" and store.value("projects", number, "custom_note") is None


def test_delete_is_tried_dry_then_done(bench, store):
    number = store.project()
    store.action(number)
    bench.at(f"#/v1/projects/{number}/json?method=delete").click(bench.key("check-dryRun")).send()
    assert bench.json()["response"]["deleted"]["actions"] == 1 and number in store.ids("projects")
    bench.click(bench.key("check-dryRun")).send()
    assert number not in store.ids("projects")
    bench.send(404)


def test_a_record_is_made_below_another(bench, store):
    project = store.project()
    bench.at(f"#/v1/projects/{project}/actions/json?method=post")
    assert not bench.all(bench.key("field-project_id")), "the chain says it"
    bench.put("field-action_name", "below").send()
    answer = bench.json()["response"]
    assert answer["action"]["project_id"] == project and answer["project"]["project_id"] == project


def test_many_at_once_by_hand(bench, store):
    bench.nav("projects", "Create", "POST").click(bench.key("raw-switch"))
    bench.type_in(bench.key("raw"), '[{"project_name": "bulk one"}, {"project_name": "bulk two"}]').send()
    assert [row["project_name"] for row in bench.json()["response"]["projects"]] == ["bulk one", "bulk two"]
    bench.type_in(bench.key("raw"), '[{"project_name": "bulk three"}, {"project_name": ""}]').send(422)
    bench.sees("#answer-errors", "required_missing")


def test_the_same_key_creates_once(bench, store):
    bench.nav("projects", "Create", "POST").put("field-project_name", "once").click(bench.key("make-key"))
    assert re.fullmatch("[0-9a-f]{24}", bench.find(bench.key("idempotencyKey")).get_attribute("value"))
    bench.send()
    first = bench.json()["response"]["project"]["project_id"]
    bench.send()
    assert bench.json()["response"]["project"]["project_id"] == first
    assert len(store.ids("projects", "project_name = 'once'")) == 1


def test_json_is_kept_when_the_form_comes_back(bench):
    bench.nav("projects", "Create", "POST").put("field-project_name", "as JSON").click(bench.key("raw-switch"))
    assert json.loads(bench.find(bench.key("raw")).get_attribute("value")) == {"project_name": "as JSON"}
    bench.click(bench.key("raw-switch"))
    assert bench.find(bench.key("field-project_name")).get_attribute("value") == "as JSON"


NUMBERS = '{"project_name":"exact","project_notes":"1 : 2","custom_big":18446744073709551615,"custom_amount":12.50}'


def test_numbers_in_json_are_sent_as_they_were_typed(bench, store):
    """remote-api.md section 8: more than JavaScript's numbers hold."""
    bench.nav("projects", "Create", "POST").click(bench.key("raw-switch")).put("raw", NUMBERS.replace(",", ",\n "))
    assert NUMBERS in bench.program("curl") and "18446744073709551615" in bench.program("python")
    for language in ("php", "javascript", "go"):
        assert NUMBERS in bench.program(language).replace('\\"', '"'), "as text: the language's own numbers are smaller"
    bench.requests()
    bench.send()
    body = next(body for method, url, body in bench.requests() if method == "POST")
    assert parse_qs(body)["params"] == [NUMBERS]
    number = bench.json()["response"]["project"]["project_id"]
    assert store.value("projects", number, "custom_big") == "18446744073709551615"
    link = bench.script("return location.hash")
    assert parse_qs(link.split("?", 1)[1])["params"] == [NUMBERS]
    bench.at("#/v1/projects/json").at(link)
    assert json.loads(bench.find(bench.key("raw")).get_attribute("value"), parse_int=str)["custom_big"] == "18446744073709551615"


def slow_down(bench, latency):
    bench.driver.execute_cdp_cmd("Network.enable", {})
    bench.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": False, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1})


def test_what_was_loaded_for_another_request_is_not_applied(bench, store):
    number = store.project(project_name="slow")
    bench.at(f"#/v1/projects/{number}/json?method=put")
    slow_down(bench, 2000)
    try:
        bench.mark()
        bench.click(bench.key("load")).at("#/v1/projects/100/json?method=put")
        bench.answered()
    finally:
        slow_down(bench, 0)
    assert bench.chain() == "projects/100"
    assert bench.find(bench.key("ifMatch")).get_attribute("value") == ""
    assert bench.find(bench.key("field-project_name")).get_attribute("placeholder") != "slow"


# ---- files and reports: what this gateway serves of them -----------------------------------------


def serves(client, chain):
    return any(chain in resource["chains"] for resource in client.get("api/resources").success().response["resources"])


@pytest.fixture
def uploads(client):
    if not serves(client, "files/{id}/content"):
        pytest.skip("this gateway takes no uploads")


def test_a_file_is_sent_with_progress_and_comes_back_the_same(bench, uploads, place, store):
    path = place / "brought – ünï.bin"
    path.write_bytes(os.urandom(3_000_000))
    bench.driver.execute_cdp_cmd("Network.enable", {})
    bench.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_500_000})
    try:
        bench.nav("files", "Create", "POST").find(bench.key("file")).send_keys(str(path))
        bench.sees(".file-name", "3.0 MB").put("field-project_id", "100")
        bench.mark()
        bench.click("#send")
        bench.until(lambda: 0 < float(bench.script("return document.querySelector('#answer progress')?.value ?? 0")) < 3_000_000, "the bar is on its way")
        bench.answered()
    finally:
        bench.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
    record = bench.json()["response"]["file"]
    assert (record["file_name"], record["file_size"]) == (path.name, 3_000_000)
    assert record["file_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    bench.at(f"#/v1/files/{record['file_id']}/download/json", 200).sees("#answer", path.name)


def test_the_bytes_of_a_file_are_replaced(bench, uploads, place):
    path = place / "other.txt"
    path.write_text("other bytes")
    bench.nav("files", "content", "PUT").put("id-0", "2").find(bench.key("file")).send_keys(str(path))
    bench.driver.get_log("performance")
    bench.send()
    events = [json.loads(entry["message"])["message"] for entry in bench.driver.get_log("performance")]
    addresses = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert any(address.endswith("/files/2/content/json") for address in addresses), addresses
    assert not any("password" in address for address in addresses), "no address of a page's request holds a password"
    assert bench.json()["response"]["file"]["file_sha256"] == hashlib.sha256(b"other bytes").hexdigest()


ABUSE = "/modules/addons/abusemanagerpro/includes/api.php"
CREDENTIAL = "sandboxIdentifier1234567890abcdef"


@pytest.fixture
def abuse_api(client, store):
    if client.send("POST", ABUSE).status == 404:
        pytest.skip("this gateway has no abuse API")
    store.run("INSERT IGNORE INTO tbldeviceauth (identifier, secret, compat_secret, user_id, is_admin, role_ids, description, created_at) "
              f"VALUES ('{CREDENTIAL}', '', '', 1, 1, '', 'sandbox', NOW())")


def test_a_report_is_filed(bench, abuse_api):
    bench.click(bench.key("nav-File a report")).put("apiId", CREDENTIAL).put("abuse-service_id", "12").put("abuse-category", "Spam").put("abuse-additional_info", "Grüße")
    bench.send()
    bench.sees("#answer", "report_id")
    bench.sees("#answer-status", "success")


def test_a_report_that_is_refused_is_explained(bench, abuse_api):
    bench.click(bench.key("nav-File a report")).put("apiId", CREDENTIAL).put("abuse-service_id", "999999").put("abuse-category", "Spam").send(404)
    bench.sees("#answer-errors", "GW004").sees("#answer-errors", "There is no service with this id")
    bench.put("apiId", "wrong").send(401).sees("#answer-errors", "AMP001")


def test_the_abuse_api_needs_no_administrator(page, abuse_api):
    page.click("#login details summary").type_in("#api-id", CREDENTIAL).click("#login-send")
    page.sees("#connection", "API ID alone")
    page.put("abuse-service_id", "12").put("abuse-category", "Phishing").send()


def test_the_report_form_says_what_is_missing(bench):
    bench.click(bench.key("nav-File a report")).click("#send").sees("#notice", "Fill in service_id")
    bench.put("abuse-service_id", "12").click("#send").sees("#notice", "Fill in category")
    for language in ("curl", "php", "python", "javascript", "go"):
        assert "API-ID" in bench.program(language)
