"""remote-api.md section 8, operations.md (openapi): the reference at BASE/reference/, drawn from the gateway's own document."""

import json
from urllib.parse import quote, unquote

import pytest
import requests
from selenium.webdriver.common.keys import Keys

from support import looks
from support.answers import BASE
from support.browser import Page
from support.fixture import PASSWORDS, md5
from support.ports import wait_until

METHODS = ("get", "post", "put", "delete")
RESOURCES = f"get-{BASE}/api.php/v1/api/resources/-format-"
CREATE = f"post-{BASE}/api.php/v1/projects/-format-"

# The words of all buttons of the text, those of elements with a shadow of their own too.
BUTTONS = """const all = (at) => [...at.querySelectorAll('*')].flatMap((e) => [...(e.localName === 'button' ? [e.textContent.trim()] : []), ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
    return all(root.querySelector('.main-content'))"""


class Reference(Page):
    """One visit of the reference. What the renderer draws is in a shadow of its own."""

    def inside(self, text, *arguments):
        """What the script returns of `root`, the renderer's shadow."""
        return self.script("const root = document.querySelector('openapi-explorer')?.shadowRoot; return root ? (() => {" + text + "})() : null", *arguments)

    def shown(self):
        return self.inside("return root.querySelector('.main-content')?.textContent ?? ''") or ""

    def shows(self, words):
        self.until(lambda: words in self.shown(), f"the reference shows {words!r}")
        return self

    def operations(self):
        return self.inside("return [...root.querySelectorAll('.nav-bar-path')].map((e) => [e.dataset.contentId, e.textContent.trim()])")

    def choose_operation(self, route):
        self.inside("[...root.querySelectorAll('.nav-bar-path')].find((e) => e.dataset.contentId === arguments[0]).click()", route)
        return self

    def drawn(self):
        self.until(self.operations, "the operations are listed")
        return self


@pytest.fixture
def reference(open_page, sandbox_gateway):
    if requests.get(sandbox_gateway.url + BASE + "/reference/assets/openapi-explorer.js", timeout=20).status_code == 404:
        pytest.skip("built without the renderer (PORTCULLIS_REFERENCE=OFF)")
    return open_page(sandbox_gateway, Reference, BASE + "/reference/").visit()


@pytest.fixture
def drawn(reference):
    """Alice is in, the operations are listed."""
    return reference.login().drawn()


@pytest.fixture(scope="module")
def document(sandbox_gateway):
    answer = requests.get(sandbox_gateway.url + BASE + "/openapi.json", auth=("alice", PASSWORDS["alice"]), timeout=30)
    assert answer.status_code == 200
    return answer.json()


def routes(document):
    """{route of the renderer: operation}."""
    return {f"{method}-{path.replace('{', '-').replace('}', '-')}": item[method]
            for path, item in document["paths"].items() for method in METHODS if method in item}


def test_three_interactions_lead_to_the_reference(reference):
    assert reference.focused() == "user", "the first field waits for the name"
    reference.press("alice").press(Keys.TAB + PASSWORDS["alice"]).press(Keys.ENTER)
    reference.drawn().sees("#connection", "Logged in as alice").shows("What this gateway serves")


def test_every_tag_and_every_operation_is_listed(drawn, document):
    wanted = {route: operation["summary"] for route, operation in routes(document).items()}
    assert dict(drawn.operations()) == wanted
    tags = drawn.inside("return [...root.querySelectorAll('.nav-bar-tag')].map((e) => e.textContent.replace('▾', '').trim())")
    assert tags == [tag["name"] for tag in document["tags"]]


def test_every_operation_is_drawn(drawn, document):
    """Summary, path and every status; and nothing to complain of in the console."""
    for route, operation in routes(document).items():
        drawn.choose_operation(route)
        drawn.until(lambda: drawn.inside("return root.getElementById(arguments[0])?.closest('.main-content') !== undefined && root.querySelector('.main-content').textContent.includes(arguments[1])",
                                         route, operation["summary"]), route)
        wanted = set(operation["responses"])
        drawn.until(lambda: wanted <= set(drawn.inside(BUTTONS)), f"{route}: {sorted(wanted)}")
        height = drawn.inside("return root.querySelector('.request-body-container')?.getBoundingClientRect().height ?? 0")
        assert (height > 15) == ("requestBody" in operation), route
        empty = drawn.inside("return [...root.querySelectorAll('.api-request .table-title')].filter((e) => e.offsetParent && e.nextElementSibling?.matches(':has(tr)') && ![...e.nextElementSibling.querySelectorAll('tr')].some((row) => row.offsetParent)).length")
        assert empty == 0, f"{route}: a heading over nothing"


def test_parameters_say_what_they_take(drawn):
    drawn.choose_operation(f"get-{BASE}/api.php/v1/projects/-format-").shows("List projects")
    rows = drawn.until(lambda: drawn.inside("return Object.fromEntries([...root.querySelectorAll('tr:has(.param-name)')].filter((row) => row.offsetParent).map((row) => [row.querySelector('.param-name').textContent.trim().replace('*', ''), row.innerText]))"), "parameters")
    assert "json" in rows["format"] and "xml" in rows["format"]
    assert "How many records" in rows["limit"] and "50" in rows["limit"]
    assert "exact" in rows["count"] and "none" in rows["count"]
    assert "Accept" not in rows, "the renderer's own idea is not shown"


def test_bounds_keep_their_digits(drawn):
    """More than JavaScript's numbers hold."""
    drawn.choose_operation(CREATE).shows("Create a project")
    drawn.until(lambda: drawn.inside("return [...root.querySelectorAll('schema-table')].some((e) => e.shadowRoot.textContent.includes('18446744073709551615'))"), "custom_big's bound")


def test_a_column_that_may_be_null_says_so(drawn):
    drawn.choose_operation(CREATE).shows("Create a project")
    drawn.until(lambda: drawn.inside("return [...root.querySelectorAll('schema-table')].some((e) => /custom_note[\\s\\S]{0,40}null/.test(e.shadowRoot.textContent))"), "custom_note: string or null")


def test_a_deep_link_opens_its_operation_after_the_login(reference):
    reference.driver.get("about:blank")
    reference.driver.get(reference.url + "#?route=" + CREATE)
    reference.until(lambda: reference.stage() == "out", "ready")
    reference.login().drawn().shows("Create a project").shows("Idempotency-Key")
    assert reference.driver.current_url.endswith(CREATE)


def test_the_address_follows_what_is_read(drawn):
    drawn.choose_operation(RESOURCES).shows("List what this gateway serves")
    drawn.until(lambda: quote(RESOURCES, safe="/-.") in drawn.driver.current_url, "the address can be passed on")
    assert "alice" not in drawn.driver.current_url and "password" not in drawn.driver.current_url


@pytest.mark.parametrize("route, fragment, chain", [
    (CREATE, "#/v1/projects/json?method=post", "projects"),
    (f"get-{BASE}/api.php/v1/projects/-project_id-/actions/-format-", "#/v1/projects/{id}/actions/json", "projects//actions"),
    (f"get-{BASE}/api.php/v1/files/-file_id-/download", "#/v1/files/{id}/download/json", "files/"),
])
def test_an_operation_is_opened_in_the_sandbox(drawn, route, fragment, chain):
    drawn.choose_operation(route)
    link = drawn.until(lambda: drawn.inside("return [...root.querySelectorAll('.main-content a')].find((a) => a.textContent === 'Open it in the sandbox' && root.getElementById(arguments[0]))?.href", route), "a link")
    assert unquote(link) == f"{drawn.origin}{BASE}/sandbox/{fragment}"
    drawn.driver.get(link)
    drawn.until(lambda: drawn.stage() == "out" and drawn.script("return location.pathname").endswith("/sandbox/"), "the sandbox")
    drawn.login()
    assert drawn.chain() == chain


def test_the_report_of_abuse_is_opened_in_the_sandbox(drawn, document):
    route = next((route for route in routes(document) if "abusemanagerpro" in route), None)
    if not route:
        pytest.skip("this gateway has no abuse API")
    drawn.choose_operation(route)
    drawn.until(lambda: drawn.inside("return [...root.querySelectorAll('.main-content a')].some((a) => a.href.endsWith('/sandbox/#/abuse/create'))"), "a link")


def test_the_document_is_saved_as_it_came(drawn, document, downloads):
    for old in downloads.glob("openapi*.json"):
        old.unlink()
    drawn.click("#save")
    saved = wait_until(lambda: next(iter(downloads.glob("openapi*.json")), None), 30, "saved")
    assert json.loads(saved.read_text()) == document, "to the last digit"


# ---- the login -----------------------------------------------------------------------------------


def test_the_password_is_hashed_here_and_sent_in_a_body(reference):
    reference.requests()
    reference.login().drawn()
    asked = [(method, url, body) for method, url, body in reference.requests() if "openapi.json" in url and not url.startswith("blob:")]
    assert [method for method, _, _ in asked] == ["POST"]
    assert "?" not in asked[0][1] and f"password={md5(PASSWORDS['alice'])}" in asked[0][2] and PASSWORDS["alice"] not in asked[0][2]


def test_nothing_of_the_login_is_kept_but_in_memory(drawn):
    kept = drawn.script("""return JSON.stringify([location.href, history.state, {...localStorage}, {...sessionStorage}, document.cookie, document.documentElement.outerHTML,
        document.getElementById('password').value])""")
    assert md5(PASSWORDS["alice"]) not in kept and PASSWORDS["alice"] not in kept
    drawn.click("#logout").until(lambda: drawn.stage() == "out", "logged out")
    assert drawn.inside("return 1") is None and not drawn.find("#save").is_displayed(), "what was told is gone"


def test_a_wrong_password_counts_down_to_the_ban(open_page, start_gateway):
    """auth-and-bans.md, Bans: the same count as any request of the Remote API."""
    gateway = start_gateway({"ban.exempt": "", "ban.table": "read", "ban.length": "1m", "redis.url": ""})
    page = open_page(gateway, Reference, BASE + "/reference/").visit()
    page.forgives(401, 403)
    for left in ("2 tries are left before this address is banned", "One try is left before this address is banned", "No tries are left: this address is banned now"):
        page.type_in("#user", "alice").type_in("#password", "wrong" + Keys.ENTER)
        page.sees("#attempts", left).sees("#login-error", "Authentication Failed").sees("#login-error", "Check user and password")
        assert page.focused() == "password", "ready for the next try"
    page.type_in("#password", PASSWORDS["alice"] + Keys.ENTER)
    page.sees("#login-error", "IP Banned").sees("#login-error", "Wait until the ban ends").sees("#connection", "This address is banned")
    assert page.stage() == "out"


def test_who_has_no_role_is_told_so(reference):
    reference.forgives(403)
    reference.type_in("#user", "dave").type_in("#password", PASSWORDS["dave"] + Keys.ENTER)
    reference.sees("#login-error", "Your Administrator Role is Not Permitted").sees("#login-error", "access list")


def test_an_api_that_is_off_is_explained(reference, store):
    reference.forgives(503)
    store.run("INSERT INTO tbladdonmodules (module, setting, value) VALUES ('wbteampro', 'api_active', 'off')")
    try:
        reference.type_in("#user", "alice").type_in("#password", PASSWORDS["alice"] + Keys.ENTER)
        reference.sees("#login-error", "switches the API off")
    finally:
        store.run("DELETE FROM tbladdonmodules WHERE module = 'wbteampro' AND setting = 'api_active'")


def test_no_gateway_no_answer(open_page, start_gateway):
    gateway = start_gateway()
    page = open_page(gateway, Reference, BASE + "/reference/").visit()
    page.forgiven.add("ERR_CONNECTION")
    gateway.stop()
    page.type_in("#user", "alice").type_in("#password", "x" + Keys.ENTER).sees("#login-error", "the gateway is not reachable")


def test_empty_fields_are_asked_for(reference):
    reference.click("#login-send").sees("#login-error", "Fill in user and password")
    reference.type_in("#user", "alice").click("#login-send").sees("#login-error", "Fill in the password")
    assert reference.focused() == "password"


# ---- for everybody -------------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", looks.SIZES)
def test_every_scene(reference, shoot, size, dark):
    """axe-core finds nothing, in the renderer's parts neither; nothing sticks out to the side."""
    def look(name):
        reference.pause(0.5)
        shoot(f"reference-{name}-{size}-{'dark' if dark else 'light'}")
        found = looks.faults(reference)
        assert not found, (name, json.dumps(found, indent=1)[:3000])
        wide, width = reference.script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= width, f"{name} is {wide} wide on {width}"
    reference.visit("", *looks.SIZES[size], dark)
    look("login")
    reference.login().drawn().shows("What this gateway serves")
    look("overview")
    for name, route, words in (("create", CREATE, "application/json"), ("list", f"get-{BASE}/api.php/v1/projects/-format-", "List projects"), ("delete", f"delete-{BASE}/api.php/v1/projects/-project_id-/-format-", "Delete a project")):
        reference.choose_operation(route).shows(words)
        look(name)


def test_the_drawer_on_narrow_screens(reference, shoot):
    reference.visit("", *looks.SIZES["narrow"]).login().drawn()
    hidden = "return getComputedStyle(root.querySelector('.nav-bar')).visibility"
    assert reference.inside(hidden) == "hidden"
    reference.click("#drawer").until(lambda: reference.inside(hidden) == "visible", "open")
    shoot("reference-drawer-narrow-light")
    assert not looks.faults(reference)
    reference.choose_operation(CREATE).shows("Create a project").until(lambda: reference.inside(hidden) == "hidden", "closed by choosing")
    reference.click("#drawer").press(Keys.ESCAPE).until(lambda: reference.inside(hidden) == "hidden", "closed by Escape")
    reference.emulate(*looks.SIZES["wide"], False)
    reference.until(lambda: reference.inside(hidden) == "visible", "beside the text where there is room")
    reference.shows("Create a project")


def test_the_keyboard_is_enough(drawn):
    drawn.inside("[...root.querySelectorAll('.nav-bar-path')].find((e) => e.dataset.contentId === arguments[0]).focus()", CREATE)
    drawn.press(Keys.ENTER).shows("Create a project")
    drawn.emulate(*looks.SIZES["narrow"], False)
    drawn.inside("root.querySelector('main').focus()")
    drawn.press(Keys.PAGE_DOWN)
    drawn.until(lambda: drawn.inside("return root.querySelector('main').scrollTop") > 0, "the text scrolls by keys")


def test_colours_follow_the_button(drawn):
    ground = "return getComputedStyle(root.host).backgroundColor"
    light = drawn.inside(ground)
    drawn.click("#theme").click("#theme")
    drawn.until(lambda: drawn.inside(ground) != light, "the renderer follows")


def test_its_policy_lets_no_script_in(reference):
    """Style elements are the renderer's; inline scripts, frames and other origins are refused as anywhere."""
    reference.forgiven.update(("Content Security Policy", "Fetch API cannot load"))
    seen = reference.driver.execute_async_script("""const done = arguments[0]; const refused = [];
        document.addEventListener('securitypolicyviolation', (e) => refused.push(e.effectiveDirective));
        const put = (tag, more) => document.body.append(Object.assign(document.createElement(tag), more));
        put('script', {textContent: 'document.title = "owned"'}); put('script', {src: 'https://example.com/x.js'});
        put('iframe', {src: 'https://example.com/'}); put('img', {src: 'https://example.com/x.png'}); put('style', {textContent: '.x { color: red }'});
        fetch('https://example.com/').catch(() => {})
        setTimeout(() => done([[...new Set(refused)].sort(), document.title]), 500)""")
    reference.driver.get_log("performance")  # names what was refused, too
    assert seen[0] == ["connect-src", "frame-src", "img-src", "script-src-elem"] and seen[1] != "owned"


def test_the_pages_lead_to_each_other(open_page, sandbox_gateway):
    """Each header names the sandbox, the reference and the documentation."""
    page = open_page(sandbox_gateway, Page, BASE + "/sandbox/")
    page.driver.get(page.url)
    for name in ("reference", "docs", "sandbox"):
        page.click(f'.toplinks a[href="../{name}/"]')
        page.until(lambda: page.driver.current_url == f"{page.origin}{BASE}/{name}/", f"{name} is open")
        assert [link.text for link in page.all(".toplinks a")] == ["Sandbox", "Reference", "Docs"]
        assert page.find(".toplinks [aria-current]").get_attribute("href") == page.driver.current_url
