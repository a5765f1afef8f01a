"""remote-api.md section 8, auth-and-bans.md: who comes in, what is kept of the login and where."""

import time

from selenium.webdriver.common.keys import Keys

from support.answers import parse_json
from support.fixture import PASSWORDS, md5

HASH = md5(PASSWORDS["alice"])


def test_a_new_user_has_an_answer_of_his_own_in_four_interactions(page):
    """From the page's load: user, password, Enter, Enter."""
    began, interactions = time.monotonic(), 0
    assert page.focused() == "user", "the first field waits for the name"
    for keys in ("alice", Keys.TAB + PASSWORDS["alice"], Keys.ENTER):
        page.press(keys)
        interactions += 1
    page.until(lambda: page.stage() == "in", "logged in")
    page.until(lambda: page.focused() == "send", "the first request is ready to be sent")
    page.press(Keys.ENTER)
    interactions += 1
    page.answered(200)
    assert interactions <= 4
    assert page.json()["request"]["action"] == "projects"
    assert time.monotonic() - began < 60


def test_the_connection_line_says_who_is_in(bench):
    bench.sees("#connection", "Logged in as alice")
    bench.click("#logout").sees("#connection", "Not logged in")
    assert bench.stage() == "out"
    assert HASH not in bench.script("return document.documentElement.outerHTML"), "what was known is forgotten"
    assert bench.driver.current_url == bench.url


def test_logging_out_gives_up_what_is_under_way(bench):
    """Its answer is for who has left: neither the next login's screen nor history has it."""
    bench.nav("projects", "Create", "POST").put("field-project_notes", "only for alice").nav("projects", "Find")
    bench.driver.execute_cdp_cmd("Network.enable", {})
    slow = {"offline": False, "latency": 3000, "downloadThroughput": -1, "uploadThroughput": -1}
    bench.driver.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
    try:
        bench.click("#send").click("#logout")
    finally:
        bench.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**slow, "latency": 0})
    bench.until(lambda: bench.stage() == "out", "logged out")
    assert not bench.all("#builder input"), "what was typed is gone too"
    bench.login("zoë")
    bench.pause(4)
    assert bench.text("#side-tabs") == "ResourcesHistory" and not bench.status(), "nothing is in the history, nothing is shown"


def test_names_and_passwords_beyond_ascii(page):
    page.login("zoë")
    page.sees("#connection", "Logged in as zoë")
    page.send()


def test_the_password_is_hashed_here_and_sent_in_a_body(page):
    page.requests()
    page.login().send()
    asked = [(method, url, body) for method, url, body in page.requests() if "/api.php" in url]
    assert len(asked) == 2 and all(method == "POST" for method, _, _ in asked)
    for _, url, body in asked:
        assert HASH not in url and "alice" not in url and "?" not in url
        assert f"password={HASH}" in body and PASSWORDS["alice"] not in body


def test_nothing_of_the_login_is_stored_or_stands_in_an_address(bench):
    bench.send().tab("code", "curl")
    kept = bench.script("""return JSON.stringify([location.href, history.state, {...localStorage}, {...sessionStorage}, document.cookie, document.title,
        performance.getEntriesByType('resource').map((e) => e.name), document.getElementById('permalink').href])""")
    assert HASH not in kept and PASSWORDS["alice"] not in kept and "alice" not in kept
    assert bench.script("return document.getElementById('password').value") == ""
    assert PASSWORDS["alice"] not in bench.script("return document.documentElement.outerHTML")


def test_a_reload_forgets_the_login(bench):
    bench.driver.refresh()
    bench.until(lambda: bench.stage() == "out", "asks for the login again")


def test_md5_of_every_length_and_alphabet(page):
    """RFC 1321 A.5, and what Python says of the rest."""
    texts = ["", "a", "abc", "message digest", "abcdefghijklmnopqrstuvwxyz", "schlüssel", "パスワード", "😀", *["x" * size for size in (55, 56, 57, 63, 64, 65, 119, 120, 1000)]]
    answers = page.driver.execute_async_script("""const [texts, done] = arguments;
        const folder = document.querySelector('script[src]').src.replace('app.js', '');
        import(folder + 'md5.js').then(({md5}) => done(texts.map(md5)), (error) => done(String(error)));""", texts)
    assert answers == [md5(text) for text in texts]


def test_json_is_read_without_loss(page):
    """Numbers that JavaScript would change stay as they were written; indenting changes no value."""
    text = '{"a": [12.50, 18446744073709551615, -0, 1e2, "\\u00e4\\"", {}], "__proto__": {"x": null}, "b": [[], true]}'
    shown, indented = page.driver.execute_async_script("""const [text, done] = arguments;
        const folder = document.querySelector('script[src]').src.replace('app.js', '');
        import(folder + 'json.js').then(({parse, indent}) => done([[...parse(text).a.slice(0, 4).map(String), Object.keys(parse(text)).join()], indent(text)]),
            (error) => done([String(error), '']));""", text)
    assert shown == ["12.50", "18446744073709551615", "-0", "1e2", "a,__proto__,b"]
    assert parse_json(indented) == parse_json(text)


def test_a_wrong_password_counts_down_to_the_ban(open_page, start_gateway):
    """auth-and-bans.md, Bans: three failures; the third still answers 401, from then on 403."""
    gateway = start_gateway({"ban.exempt": "", "ban.table": "read", "ban.length": "1m", "redis.url": ""})
    page = open_page(gateway).visit()
    page.forgives(401, 403)
    for left in ("2 tries are left before this address is banned", "One try is left before this address is banned", "No tries are left: this address is banned now"):
        page.type_in("#user", "alice").type_in("#password", "wrong" + Keys.ENTER)
        page.sees("#attempts", left)
        page.sees("#connection", left)
        page.sees("#login-error", "Authentication Failed")
        assert page.focused() == "password", "ready for the next try"
    page.type_in("#password", PASSWORDS["alice"] + Keys.ENTER)
    page.sees("#login-error", "IP Banned")
    page.sees("#connection", "This address is banned")


def test_who_is_right_but_has_no_role_is_told_so(page):
    page.forgives(403)
    page.type_in("#user", "dave").type_in("#password", PASSWORDS["dave"] + Keys.ENTER)
    page.sees("#login-error", "Your Administrator Role is Not Permitted")
    assert page.stage() == "out"


def test_empty_fields_are_asked_for(page):
    page.click("#login-send").sees("#login-error", "Fill in user and password")
    page.type_in("#user", "alice").click("#login-send").sees("#login-error", "Fill in the password")
    assert page.focused() == "password"


def test_the_hash_itself_may_be_given(page):
    page.type_in("#user", "alice").type_in("#password", HASH)
    page.until(lambda: page.find("#hash-row").is_displayed(), "asks whether that is a hash")
    page.press(Keys.ENTER).until(lambda: page.stage() == "in", "is in")


def test_another_origin_is_never_asked(page):
    page.type_in("#api-url", "https://whmcs.example.com/modules/addons/wbteampro/api.php").type_in("#user", "alice")
    page.type_in("#password", "x" + Keys.ENTER)
    page.sees("#login-error", "This page sends to its own origin")


def test_a_login_that_ends_while_the_page_is_open_is_told(bench, store):
    bench.send()
    store.run("UPDATE tbladmins SET disabled = 1 WHERE username = 'alice'")
    try:
        bench.forgives(401)
        def refused():
            bench.mark()
            bench.click("#send")
            return bench.until(bench.status, "an answer").startswith("401")
        bench.until(refused, "within auth.recheck")
        bench.sees("#connection", "Authentication Failed")
        bench.sees("#answer-errors", "Check user and password")
    finally:
        store.run("UPDATE tbladmins SET disabled = 0 WHERE username = 'alice'")


def test_no_gateway_no_answer(open_page, start_gateway):
    gateway = start_gateway()
    page = open_page(gateway).visit()
    page.forgiven.add("ERR_CONNECTION")
    gateway.stop()
    page.type_in("#user", "alice").type_in("#password", "x" + Keys.ENTER)
    page.sees("#login-error", "the gateway is not reachable")
