"""remote-api.md section 8: finding one's way by the tree, filters, pages, chains and ids; every way to look at an answer."""

import json
import re
from urllib.parse import unquote

import pytest
from selenium.webdriver.common.keys import Keys


def test_the_tree_shows_what_the_gateway_serves(bench, client):
    served = client.get("api/resources").success().response["resources"]
    names = bench.script("return [...document.querySelectorAll('.nav-group summary')].map((e) => e.textContent)")
    assert sorted(names) == sorted(resource["name"] for resource in served)
    assert names[0] == "projects", "what one comes for stands first"
    for resource in served:
        methods = bench.script("""return [...new Set([...document.querySelectorAll('.nav-group')].find((g) => g.querySelector('summary').textContent === arguments[0])
            .querySelectorAll('.badge').values().map((b) => b.textContent.replace('DEL', 'DELETE')))]""", resource["name"])
        assert sorted(set(methods)) == sorted(resource["methods"]), resource["name"]


def test_the_tree_is_filtered(bench):
    bench.press("/")
    assert bench.focused() == "nav-filter"
    bench.press("timel")
    bench.until(lambda: bench.script("return [...document.querySelectorAll('.nav-group summary')].map((e) => e.textContent).join()") == "projects,actions,timelogs", "timelogs, and what has them")
    bench.type_in("#nav-filter", "qqqq").sees("#side", "Nothing of that name")


def test_browse_filter_sort_and_page(bench, client):
    bench.nav("projects", "Find")
    bench.click(bench.key("add-filter-"))
    bench.choose("filter--0", "project_status").put("value--0", "Active")
    bench.click(bench.key("add-filter-"))
    bench.choose("filter--1", "project_id").choose("operator--1", "gte").put("value--1", "200")
    bench.put("word-limit-projects", "4").put("word-sort-projects", "-project_id")
    bench.send()
    params = {"project_status": "Active", "project_id": {"gte": 200}, "limit": 4, "sort": "-project_id"}
    wanted = client.get("projects", params).success().response
    assert [row["project_id"] for row in bench.json()["response"]["projects"]] == [row["project_id"] for row in wanted["projects"]]
    total = wanted["data"]["total"]
    bench.sees("#answer-rows", f"1–4 of {total}")
    bench.mark()
    bench.click(bench.key("page-after")).answered()
    bench.sees("#answer-rows", f"5–8 of {total}")
    assert bench.json()["response"]["data"]["page"] == 2
    bench.mark()
    bench.click(bench.key("page-last")).answered()
    bench.sees("#answer-rows", f"of {total}")
    assert bench.find(bench.key("page-after")).get_attribute("disabled")
    bench.mark()
    bench.click(bench.key("page-first")).answered()
    bench.mark()
    bench.click(bench.key("page-cursor")).answered()
    assert [row["project_id"] for row in bench.json()["response"]["projects"]] == \
        [row["project_id"] for row in client.get("projects", {**params, "page": 2}).response["projects"]], "the next page by key"


def test_one_of_several_values_and_null(bench, client):
    bench.nav("projects", "Find")
    bench.click(bench.key("add-filter-")).choose("filter--0", "custom_kind").choose("operator--0", "in").put("value--0", "red, blue")
    bench.click(bench.key("add-filter-")).choose("filter--1", "custom_note").choose("operator--1", "notnull")
    bench.send()
    wanted = client.get("projects", {"custom_kind": ["red", "blue"], "custom_note": {"null": False}}).success()
    assert bench.json()["response"]["data"]["total"] == wanted.data["total"] > 0


def test_a_filter_of_listed_values_offers_them(bench):
    bench.nav("projects", "Find").click(bench.key("add-filter-")).choose("filter--0", "project_function")
    options = bench.script("return [...document.querySelectorAll('[data-key=\"value--0\"] option')].map((o) => o.value)")
    assert options == ["", "default", "template", "archive"]


def test_the_table_sorts_and_links(bench):
    bench.nav("projects", "Find").put("word-limit-projects", "5").send().tab("answer", "table")
    heads = bench.script("return [...document.querySelectorAll('#answer thead th')].map((e) => e.textContent)")
    assert heads[:2] == ["project_id", "project_name"]
    bench.mark()
    bench.script("[...document.querySelectorAll('#answer thead button')].find((b) => b.textContent === 'project_id').click()")
    bench.answered()
    bench.mark()
    bench.script("[...document.querySelectorAll('#answer thead button')].find((b) => b.textContent === 'project_id').click()")
    bench.answered()
    assert bench.script("return document.querySelector('#answer thead th').getAttribute('aria-sort')") == "descending"
    first = bench.script("return [...document.querySelectorAll('#answer tbody th')].map((e) => Number(e.textContent))")
    assert first == sorted(first, reverse=True) and len(first) == 5
    bench.follow(first[0])
    assert bench.chain() == f"projects/{first[0]}"


def test_some_columns_of_a_record(bench, client):
    """remote-api.md section 4: fields, of a list and of one record."""
    bench.at("#/v1/projects/100/actions/55/json", 200).click("#builder details summary")
    bench.click(bench.key("fields--action_id")).click(bench.key("fields--action_name")).send()
    assert list(bench.json()["response"]["action"]) == ["action_id", "action_name"]
    link = bench.script("return location.hash")
    assert json.loads(unquote(link.split("params=")[1])) == {"fields": "action_id,action_name"}
    bench.at("#/v1/projects/json", 200).at(link, 200)
    assert list(bench.json()["response"]["action"]) == ["action_id", "action_name"], "the link keeps them"
    assert bench.find(bench.key("fields--action_name")).is_selected()


def test_the_example_of_sorting_fits_the_resource(bench, client):
    for resource in ("actions", "timelogs"):
        example = bench.nav(resource, "Find").find(bench.key(f"word-sort-{resource}")).get_attribute("placeholder")
        client.get(resource, {"sort": example}).success()
        bench.put(f"word-sort-{resource}", example).send()


def test_who_wants_one_record_is_asked_for_its_id_alone(bench):
    bench.nav("topics", "Get one")
    assert not bench.all(bench.key("add-filter-")), "nothing to filter"
    bench.click("#send").sees("#notice", "Fill in the id")


def test_a_chain_is_followed_by_clicking_ids(bench):
    bench.at("#/v1/projects/json?params=" + json.dumps({"project_id": 100}), 200).tab("answer", "table")
    bench.follow(100)
    assert bench.chain() == "projects/100"
    bench.mark()
    bench.script("[...document.querySelectorAll('.step')].find((a) => a.textContent.endsWith('its actions')).click()")
    bench.answered()
    assert bench.chain() == "projects/100/actions"
    bench.tab("answer", "table").follow(55)
    assert bench.chain() == "projects/100/actions/55", "the chain is kept"
    assert list(bench.json()["response"]) == ["data", "project", "action"]
    bench.tab("answer", "tree").follow(100)
    assert bench.chain() == "projects/100"


def test_a_parent_and_a_ticket_lead_to_their_records(bench):
    bench.at("#/v1/actions/56/json", 200).tab("answer", "tree").follow(55)
    assert bench.chain() == "actions/55"
    bench.at("#/v1/ticketxrefs/92/json", 200).tab("answer", "tree").follow(2039)
    assert bench.chain() == "whmcstickets/2039"


def test_a_chain_is_built_link_by_link(bench):
    bench.nav("projects", "Find")
    bench.click(bench.key("wants-id")).put("id-0", "100")
    bench.choose("adder", "actions").click(bench.key("wants-id")).put("id-1", "55").choose("adder", "timelogs")
    assert bench.chain() == "projects/100/actions/55/timelogs"
    bench.send()
    assert bench.json()["request"]["action"] == "projects/100/actions/55/timelogs"
    bench.choose("link-1", "files")
    assert bench.chain() == "projects/100/files/", "what hung on the action is gone; the id is asked for anew"


def test_a_chain_whose_ids_are_still_to_be_filled_in(bench):
    """As the reference's links have it."""
    bench.at("#/v1/projects/{id}/actions/json")
    assert bench.chain() == "projects//actions"
    bench.click("#send").sees("#notice", "Fill in the id of the project")
    bench.put("id-0", "100").send()
    assert bench.json()["request"]["action"] == "projects/100/actions"


def test_siblings_are_asked_at_once(bench, client):
    bench.at("#/v1/projects/100/actions/json", 200)
    bench.choose("sibling", "timelogs").choose("sibling", "topics")
    bench.put("word-limit-actions", "2")
    bench.click(bench.key("add-filter-timelogs")).choose("filter-timelogs-0", "timelog_status").choose("value-timelogs-0", "complete")
    bench.send()
    params = {"limit": 2, "timelogs": {"timelog_status": "complete"}}
    wanted = client.get("projects/100/actions,timelogs,topics", params).success()
    seen = bench.json()
    assert seen["request"]["action"] == "projects/100/actions,timelogs,topics"
    assert seen["response"]["data"] == wanted.data and [row["timelog_id"] for row in seen["response"]["timelogs"]] == [row["timelog_id"] for row in wanted.response["timelogs"]]
    bench.tab("answer", "table")
    assert bench.script("return [...document.querySelectorAll('#answer .table-title')].map((e) => e.textContent)") == ["actions", "timelogs", "topics"]


def test_the_three_address_forms_answer_the_same(bench):
    bench.at("#/v1/projects/100/actions/json", 200)
    base = bench.script("return document.getElementById('api-url').value")
    forms = {form: bench.address(form).split("?")[0] for form in ("clean", "rewritten", "direct")}
    assert forms == {"clean": f"{base}/v1/projects/100/actions/json", "rewritten": f"{base[:-4]}/v1/projects/100/actions/json", "direct": base}
    assert "action=v1.projects.100.actions.json" in bench.address("direct")
    answers = []
    for form in forms:
        bench.tab("code", "address").click(bench.key(f"form-{form}"))
        bench.requests()
        bench.send()
        url = next(url for method, url, _ in bench.requests() if method == "POST")
        assert url == forms[form]
        answers.append(bench.json())
    assert answers[0] == answers[1] == answers[2]


def test_json_and_xml(bench, client):
    bench.at("#/v1/projects/100/actions/json", 200)
    rows = [row["action_id"] for row in bench.json()["response"]["actions"]]
    bench.mark()
    bench.tab("answer", "xml").answered()
    text = bench.text("#answer pre.raw")
    assert text.startswith("<?xml") and '<actions list="true">' in text
    bench.tab("answer", "tree").sees("#answer .tree", "Farben wählen")
    bench.tab("answer", "table")
    assert bench.script("return [...document.querySelectorAll('#answer tbody th')].map((e) => Number(e.textContent))") == rows, "the table is made of XML too"
    bench.sees("#answer-rows", f"1–{len(rows)} of {len(rows)}")
    bench.click("input[name=format][value=json]").send()
    assert bench.json()["request"]["format"] == "json"


def test_every_number_is_shown_as_it_came(bench):
    bench.at("#/v1/projects/100/json", 200).tab("answer", "tree")
    for exact in ("1234.50", "18446744073709551615", "AP8Q"):
        bench.sees("#answer .tree", exact)
    assert "1234.50" in bench.raw() and "18446744073709551615" in bench.raw()


def test_text_of_others_is_text(bench, store, client):
    hostile = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
    number = store.project(project_name=hostile, project_detail="</code></pre>" + hostile)
    bench.at(f"#/v1/projects/{number}/json", 200)
    for view in ("tree", "json", "headers", "tree"):
        bench.tab("answer", view)
    bench.at("#/v1/projects/json?params=" + json.dumps({"project_id": number}), 200).tab("answer", "table").sees("#answer", "onerror")
    assert bench.script("return document.querySelectorAll('#answer img, #answer script').length") == 0
    assert bench.script("return document.title").startswith("API Developers Sandbox")
    bench.at("#/v1/projects/xml?params=" + json.dumps({"search": hostile}), 200)
    for language in ("address", "curl", "php", "python", "javascript", "go"):
        bench.tab("code", language)
    assert bench.script("return document.querySelectorAll('#code img, #code script').length") == 0


def test_headers_status_time_and_size(bench):
    bench.at("#/v1/projects/json", 200)
    assert bench.status() == "200 Success"
    bench.sees("#answer-time", " ms")
    assert "B" in bench.text("#answer-size")
    words = bench.text("#answer-timing summary")
    assert "parse" in words and "network" in words and ("db" in words or "render" in words)
    bench.click("#answer-timing summary").sees("#answer-timing", "the database")
    bench.tab("answer", "headers")
    assert "x-request-id" in bench.text("#answer") and "application/json; charset=utf-8" in bench.text("#answer")


def test_the_tree_folds_and_unfolds(bench):
    bench.at("#/v1/projects/json?params=" + json.dumps({"limit": 8}), 200).tab("answer", "tree")
    drawn = "return document.querySelectorAll('#answer details[open]').length"
    few = bench.script(drawn)
    bench.click("#answer-tools [aria-label='Expand all']")
    assert bench.script(drawn) > few + 7
    bench.click("#answer-tools [aria-label='Collapse all']")
    assert bench.script(drawn) <= 3


def test_five_hundred_rows_are_no_burden(bench, store):
    for _ in range(60):
        store.insert("timelogs", project_id=240, timelog_note="x" * 200)
    bench.at("#/v1/timelogs/json?params=" + json.dumps({"limit": 500}), 200)
    for view in ("table", "json", "tree"):
        bench.tab("answer", view)
    bench.sees("#answer", "items")


def test_an_error_is_explained(bench):
    bench.at("#/v1/projects/999999/json")
    bench.send(404).sees("#answer-errors", "Record Not Found")
    bench.sees("#answer-errors", "No such record, or it is hidden from this administrator")
    bench.nav("projects", "Find").put("word-sort-projects", "colour").send(422)
    bench.sees("#answer-errors", "invalid_value").sees("#answer-errors", "sort")
    bench.click(bench.key("raw-switch")).type_in(bench.key("raw"), '{"colour": 1}').send(400)
    bench.sees("#answer-errors", "unknown_parameter").sees("#answer-errors", "Inside params only known names are allowed")


def test_what_is_missing_is_asked_for_before_it_is_sent(bench):
    bench.requests()
    bench.nav("projects", "Get one")
    bench.put("id-0", " ")
    bench.click("#send").sees("#notice", "Fill in the id of the project")
    assert bench.focused() == "id-0"
    bench.put("id-0", "-1").click("#send").sees("#notice", "An id is a whole number from 1 on")
    bench.nav("projects", "Find").click(bench.key("raw-switch")).type_in(bench.key("raw"), "{").click("#send").sees("#notice", "params:")
    assert not [url for method, url, _ in bench.requests() if method == "POST"]


def test_permalinks_lead_back_and_hold_no_secret(page):
    params = {"limit": 3, "project_status": "Active", "project_id": {"gte": 200, "ne": 204}, "custom_note": None}
    fragment = "#/v1/projects/xml?params=" + json.dumps(params)
    page.visit(fragment).login()
    assert page.chain() == "projects" and page.find("input[name=format][value=xml]").is_selected()
    page.send()
    link = page.find("#permalink").get_attribute("href")
    assert "alice" not in link and "password" not in link
    page.driver.get("about:blank")
    page.driver.get(link)
    page.until(lambda: page.stage() == "out", "asks for the login")
    page.login().send()
    assert page.script("return [...document.querySelectorAll('.filter')].length") == 4
    assert json.loads(page.script("return new URLSearchParams(location.hash.split('?')[1]).get('params')")) == params


@pytest.mark.parametrize("fragment", ["#", "#/", "#/v1", "#/v2/projects/json", "#/v1/nothing/json", "#/v1/projects/100/100/json", "#/v1/projects/json?params={", "#/v1/projects/json?params=[1]",
                                      "#/v1/projects/json?method=eat", "#/v1/%E0%A4%A/json", "#/v1/projects/json?params=" + "%7B" * 2000, "#/v1/__proto__/json", "#javascript:alert(1)"])
def test_a_broken_permalink_breaks_nothing(page, fragment):
    page.visit(fragment).login()
    page.nav("projects", "Find").send()


def test_history_tells_requests_for_one_chain_apart(bench):
    bench.at("#/v1/projects/json?params=" + json.dumps({"limit": 3}), 200).at("#/v1/projects/xml?params=" + json.dumps({"project_id": {"gte": 200}}), 200)
    bench.tab("side", "history")
    details = bench.script("return [...document.querySelectorAll('#side .history-details')].map((e) => e.textContent)")
    assert details == ["xml · project_id:{gte:200}", "limit:3"]


def test_history_leads_back(bench):
    bench.at("#/v1/projects/100/json", 200).at("#/v1/actions/55/json", 200).at("#/v1/topics/bythread/json", 200)
    bench.requests()
    bench.tab("side", "history")
    entries = bench.script("return [...document.querySelectorAll('#side .history-chain')].map((e) => e.textContent)")
    assert entries == ["topics/bythread", "actions/55", "projects/100"]
    assert re.fullmatch(r"\d\d:\d\d:\d\d · [\d.]+ m?s", bench.text("#side .history-time")), "when, and how long"
    bench.script("document.querySelectorAll('#side .history button')[2].click()")
    assert bench.chain() == "projects/100" and bench.json()["request"]["action"] == "projects/100"
    assert not [url for method, url, _ in bench.requests() if method == "POST"], "the answer was kept"
    bench.click(bench.key("clear-history")).sees("#side", "Requests that you send are listed here")


def test_downloads_are_saved_as_they_are(bench, downloads, sandbox_files):
    bench.nav("files", "download").put("id-0", "2").send()
    bench.sees("#answer", "Save the file")
    name = bench.find("#save-file").get_attribute("download")
    bench.click("#save-file")
    bench.until(lambda: (downloads / name).exists() and (downloads / name).stat().st_size > 0, "saved")
    bench.forgiven.update(("Content Security Policy", "Fetch API cannot load"))
    read_back = bench.driver.execute_async_script("""const done = arguments[0];
        fetch(document.getElementById('save-file').href).then((r) => r.arrayBuffer()).then((b) => done([...new Uint8Array(b)]), () => done(null))""")
    assert read_back is None, "the policy lets no script read it back (connect-src 'self')"
    assert (downloads / name).read_bytes() in [file.read_bytes() for file in sandbox_files.rglob("*") if file.is_file()]


def test_a_download_is_never_a_page_of_ours(bench):
    """Its blob has this origin: text/html of an uploader's must not be shown there. It outlives a cleared history."""
    bench.nav("files", "download").put("id-0", "2").send()
    bench.tab("side", "history")
    bench.click(bench.key("clear-history"))
    bench.script("""window.made = []; const create = URL.createObjectURL; URL.createObjectURL = (blob) => { window.made.push(blob.type); return create(blob); };
        window.dropped = []; const drop = URL.revokeObjectURL; URL.revokeObjectURL = (url) => { window.dropped.push(url); drop(url); };""")
    shown = bench.find("#save-file").get_attribute("href")
    bench.send()
    assert bench.script("return window.made") == ["application/octet-stream"]
    assert bench.script("return window.dropped") == [shown], "kept as long as it was shown"


def test_old_clients_statuses(open_page, start_gateway):
    """http.error_status=always_200: the code is in the envelope."""
    page = open_page(start_gateway({"http.error_status": "always_200"})).visit().login()
    page.at("#/v1/projects/999999/json").send(404)
    page.sees("#answer-facts", "HTTP 200")


def test_by_keyboard_alone(bench):
    bench.press(Keys.ENTER).answered()
    bench.mark()
    bench.press(Keys.ENTER, with_=Keys.CONTROL).answered()
    bench.script("document.getElementById('answer-tab-tree').focus()")
    for _ in range(2):
        bench.press(Keys.ARROW_RIGHT)
    assert bench.focused() == "answer-tab-json"
    bench.press(Keys.HOME)
    assert bench.focused() == "answer-tab-tree"
    bench.script("document.getElementById('code-tab-address').focus()")
    bench.press(Keys.END)
    assert bench.focused() == "code-tab-go"
    bench.press(Keys.ARROW_RIGHT)
    assert bench.focused() == "code-tab-address", "round"


def test_every_control_is_reached_by_tab_and_shows_it(bench):
    bench.send()
    bench.script("document.querySelector('.skip').focus(); document.activeElement.dataset.tabbed = 'first'")
    seen = []
    for _ in range(400):
        bench.press(Keys.TAB)
        label = bench.script("""const e = document.activeElement; if (e === document.body) return '';
            e.dataset.tabbed ??= String(Math.random()); return e.dataset.tabbed""")
        if not label or label in seen:
            break
        outline = bench.script("const s = getComputedStyle(document.activeElement); return s.outlineStyle")
        host = bench.script("return document.activeElement.outerHTML.slice(0, 120)")
        assert outline != "none" or "radio" in host or "file-input" in host, f"no focus to be seen: {host}"
        seen.append(label)
    untouched = bench.script("""return [...document.querySelectorAll('button, a[href], input, select, textarea, summary')]
        .filter((e) => e.checkVisibility() && !e.dataset.tabbed && !e.disabled && e.tabIndex >= 0 && !(e.type === 'radio' && !e.checked)).map((e) => e.outerHTML.slice(0, 100))""")
    assert not untouched


def test_the_focus_stays_where_it_was_while_typing(bench):
    bench.nav("projects", "Get one").put("id-0", "")
    bench.press("100")
    assert bench.focused() == "id-0" and bench.chain() == "projects/100"
    assert "/projects/100/json" in bench.address()
