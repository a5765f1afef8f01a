"""remote-api.md section 8: the page for everybody: weight, policy, screen readers, narrow screens, light and dark."""

import json

import pytest
import requests

from support.answers import BASE
from support.browser import params
from support.looks import COLOURS, SIZES, faults

MOST_BYTES = 150 * 1024
LONG = params({"limit": 6, "sort": "-project_id", "project_status": "Active", "project_id": {"gte": 200}})


def show_welcome(page):
    page.until(lambda: page.focused() == "user", "ready")


def show_list(page):
    page.login().at("#/v1/projects/json?" + LONG, 200).tab("answer", "table").tab("code", "php")


def show_record(page):
    page.login().at("#/v1/projects/100/actions/55/json", 200).tab("answer", "tree").tab("code", "address")


def show_siblings(page):
    page.login().at("#/v1/projects/100/actions,timelogs/json?" + params({"limit": 4, "timelogs": {"sort": "-timelog_id"}}), 200).tab("answer", "json").tab("code", "curl")


def show_error(page):
    page.login().at("#/v1/projects/json?method=post&" + params({"project_complete": 300})).send(422)


def show_update(page):
    page.login().at("#/v1/projects/100/json?method=put").click(page.key("load"))
    page.until(lambda: page.find(page.key("field-project_name")).get_attribute("placeholder"), "loaded")


def show_upload(page):
    page.login().nav("files", "Create", "POST").tab("code", "python")


def show_abuse(page):
    page.login().open_drawer()
    page.click(page.key("nav-File a report")).tab("code", "javascript")


def show_history(page):
    page.login().at("#/v1/projects/100/xml", 200).at("#/v1/actions/json", 200).tab("answer", "headers").open_drawer()
    page.tab("side", "history")


def show_raw(page):
    page.login().nav("projects", "Find").click(page.key("raw-switch")).type_in(page.key("raw"), '{"limit": 2').tab("code", "go")


SCENES = {name[5:]: scene for name, scene in sorted(globals().items()) if name.startswith("show_")}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_scene(open_page, sandbox_gateway, shoot, size, dark):
    """axe-core finds nothing, nothing sticks out to the side, and a screenshot is kept to be looked at."""
    page = open_page(sandbox_gateway)
    for name, scene in SCENES.items():
        page.visit("", *SIZES[size], dark)
        scene(page)
        page.pause(0.1)
        shoot(f"{name}-{size}-{'dark' if dark else 'light'}")
        found = faults(page, COLOURS if dark else None)
        assert not found, (name, json.dumps(found, indent=1)[:3000])
        wide, width = page.script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= width, f"{name} is {wide} wide on {width}"


def test_the_drawer_on_narrow_screens(open_page, sandbox_gateway, shoot):
    page = open_page(sandbox_gateway).visit("", *SIZES["narrow"]).login()
    assert not page.find("#nav-filter").is_displayed()
    page.click("#drawer").until(lambda: page.find("#nav-filter").is_displayed(), "open")
    shoot("drawer-narrow-light")
    assert not faults(page)
    page.nav("timelogs", "Find").until(lambda: not page.find("#nav-filter").is_displayed(), "closed by choosing")
    page.send()
    top = page.until(lambda: page.script("return document.getElementById('answer-pane').getBoundingClientRect().top") < 120, "the answer has come into sight")
    assert top


def test_colours_follow_the_system_or_the_reader(open_page, sandbox_gateway):
    page = open_page(sandbox_gateway).visit(dark=True)
    ground = "return getComputedStyle(document.body).backgroundColor"
    dark = page.script(ground)
    page.click("#theme")
    light = page.script(ground)
    assert light != dark
    page.visit(dark=True)
    assert page.script(ground) == light, "the choice outlives the page"
    page.click("#theme")
    assert page.script(ground) == dark


def test_the_whole_page_is_light(open_page, sandbox_gateway):
    """Every byte of body and head that a first visit costs, as gzip (plain HTTP) has it."""
    page = open_page(sandbox_gateway)
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    page.visit()
    events = [json.loads(entry["message"])["message"] for entry in page.driver.get_log("performance")]
    sizes = [event["params"]["encodedDataLength"] for event in events if event["method"] == "Network.loadingFinished"]
    files = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert len(sizes) > 10 and sum(sizes) < MOST_BYTES, (sum(sizes), files)


def test_a_second_visit_fetches_the_page_alone(open_page, sandbox_gateway):
    page = open_page(sandbox_gateway).visit()
    page.driver.get_log("performance")
    page.visit()
    events = [json.loads(entry["message"])["message"] for entry in page.driver.get_log("performance")]
    answers = [event["params"]["response"] for event in events if event["method"] == "Network.responseReceived"]
    fetched = [answer["url"] for answer in answers if not answer.get("fromDiskCache") and answer["url"].startswith("http")]
    cached = {event["params"]["requestId"] for event in events if event["method"] == "Network.requestServedFromCache"}
    known = {event["params"]["response"]["url"] for event in events if event["method"] == "Network.responseReceived" and event["params"]["requestId"] in cached}
    assert set(fetched) - known == {page.url}


def test_the_policy_holds(open_page, sandbox_gateway):
    """No inline script, no frame, no other origin: what an injection would need is refused by the browser."""
    page = open_page(sandbox_gateway).visit()
    page.forgiven.update(("Content Security Policy", "Fetch API cannot load"))
    seen = page.driver.execute_async_script("""const done = arguments[0]; const refused = [];
        document.addEventListener('securitypolicyviolation', (e) => refused.push(e.effectiveDirective));
        const put = (tag, more) => document.body.append(Object.assign(document.createElement(tag), more));
        put('script', {textContent: 'document.title = "owned"'}); put('script', {src: 'https://example.com/x.js'});
        put('iframe', {src: 'https://example.com/'}); put('img', {src: 'https://example.com/x.png'}); put('style', {textContent: 'body{display:none}'});
        fetch('https://example.com/').catch(() => {})
        setTimeout(() => done([[...new Set(refused)].sort(), document.title]), 500)""")
    assert seen[0] == ["connect-src", "frame-src", "img-src", "script-src-elem", "style-src-elem"]
    assert seen[1] != "owned"
    page.driver.get_log("performance")  # names what was refused, too


def test_it_says_what_it_needs_without_javascript(sandbox_gateway):
    assert "<noscript>" in requests.get(sandbox_gateway.url + BASE + "/sandbox/", timeout=20).text


def test_what_changes_is_announced(page):
    page.login().send()
    page.sees("#announcer", "200 Success")
    page.at("#/v1/projects/999999/json").send(404).sees("#announcer", "404 Record Not Found")
    assert page.find("#answer-pane").get_attribute("aria-busy") == "false"
