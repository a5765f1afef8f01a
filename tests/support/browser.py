"""The sandbox in a headless Chromium: what a person does with it, and what the browser has to complain of."""

import json
import time
from urllib.parse import quote, urlsplit

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from support.answers import BASE
from support.fixture import PASSWORDS
from support.ports import wait_until

PATIENCE = 30  # seconds that anything may take on a busy machine


def params(value):
    """As a permalink has it."""
    return "params=" + quote(json.dumps(value))


def start_chromium(downloads):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--disable-extensions",
                 "--disable-component-update", "--disable-background-networking", "--no-first-run", "--no-proxy-server", "--lang=en"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.chrome.service.Service("/usr/bin/chromedriver"))
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
    return driver


class Page:
    """One visit of the sandbox. `url` is the gateway's."""

    def __init__(self, driver, url, path=BASE + "/sandbox/"):
        self.driver, self.url, self.origin = driver, url + path, url
        self.forgiven = set()  # what the test provokes: statuses, which browsers log as errors, and words

    # ---- going there -------------------------------------------------------------------------

    def visit(self, fragment="", width=1400, height=900, dark=False):
        self.emulate(width, height, dark)
        self.driver.get("about:blank")
        self.driver.get(self.url + fragment)
        self.until(lambda: self.stage() == "out", "the page is ready")
        return self

    def emulate(self, width, height, dark):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}, {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def login(self, user="alice", password=None):
        self.type_in("#user", user)
        self.type_in("#password", (PASSWORDS[user] if password is None else password) + Keys.ENTER)
        return self.until(lambda: self.stage() == "in", f"{user} is in: {self.text('#login-error')}") and self

    def stage(self):
        return self.script("return document.body.dataset.stage")

    # ---- looking ------------------------------------------------------------------------------

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def until(self, condition, what):
        def tolerant():
            try:
                return condition()
            except (StaleElementReferenceException, WebDriverException):
                return False
        return wait_until(tolerant, PATIENCE, what)

    def find(self, selector):
        return self.until(lambda: self.driver.find_element(By.CSS_SELECTOR, selector), f"{selector} is there")

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """As the document has it, drawn on the screen or not."""
        return self.script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def sees(self, selector, words):
        self.until(lambda: words in self.text(selector), f"{selector} says {words!r}, not {self.text(selector)[:300]!r}")
        return self

    def status(self):
        return self.text("#answer-status")

    def address(self, form="clean"):
        self.tab("code", "address")
        return self.text(f'pre[data-form="{form}"]')

    def program(self, language):
        self.tab("code", language)
        return self.text(f'pre[data-language="{language}"]')

    def raw(self, format="json"):
        self.tab("answer", format)
        return self.text("#answer pre.raw")

    def json(self):
        return json.loads(self.raw())

    # ---- doing --------------------------------------------------------------------------------

    def click(self, selector):
        def clicked():
            element = self.driver.find_element(By.CSS_SELECTOR, selector)
            self.script("arguments[0].scrollIntoView({block: 'center'})", element)
            element.click()
            return True
        self.until(clicked, f"{selector} can be clicked")
        return self

    def key(self, name):
        return f'[data-key="{name}"]'

    def type_in(self, selector, text):
        element = self.find(selector)
        self.script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.clear()
        element.send_keys(text)
        return self

    def put(self, name, text):
        return self.type_in(self.key(name), text)

    def choose(self, name, value):
        self.until(lambda: Select(self.driver.find_element(By.CSS_SELECTOR, self.key(name))).select_by_value(value) or True, f"{name} offers {value}")
        return self

    def press(self, *keys, with_=None):
        chain = ActionChains(self.driver)
        if with_:
            chain.key_down(with_)
        for key in keys:
            chain.send_keys(key)
        if with_:
            chain.key_up(with_)
        chain.perform()
        return self

    def focused(self):
        """Key, or id, or text of what has the focus."""
        return self.script("const e = document.activeElement; return e.dataset.key || e.id || e.textContent.trim()")

    def tab(self, panel, name):
        return self.click(f"#{panel}-tab-{name}")

    def nav(self, resource, label, method="GET"):
        """An entry of the tree on the left."""
        key = f"nav-{resource}-{method}-{label}"
        self.open_drawer()
        self.tab("side", "resources")
        opened = self.script("""const entry = document.querySelector(arguments[0]); const group = entry?.closest('details');
            if (group && !group.open) { group.querySelector('summary').click(); } return Boolean(entry)""", self.key(key))
        assert opened, key
        return self.click(self.key(key))

    def open_drawer(self):
        """On narrow screens the tree must be called for."""
        if self.find("#drawer").is_displayed() and self.find("#drawer").get_attribute("aria-expanded") == "false":
            self.click("#drawer").until(lambda: self.find("#sidebar").is_displayed(), "the drawer is open")

    def send(self, expect=200):
        """Sends by the button and waits for the answer; expect is its code."""
        if expect >= 400:
            self.forgives(expect)
        self.mark()
        self.click("#send")
        return self.answered(expect)

    def mark(self):
        """What is shown now is no longer what is waited for."""
        self.script("document.getElementById('answer-status')?.removeAttribute('id')")

    def forgives(self, *statuses):
        self.forgiven.update(f"status of {status} " for status in statuses)
        return self

    def answered(self, expect=200):
        status = self.until(self.status, f"an answer: {self.text('#notice')} {self.text('#answer-errors')}")
        assert status.startswith(str(expect)), (status, self.text("#answer-errors"))
        return self

    def follow(self, text):
        """Clicks the link of an id in the answer."""
        self.mark()
        self.until(lambda: self.script("""const link = [...document.querySelectorAll('#answer a.id-link')].find((a) => a.textContent === arguments[0] && a.offsetParent);
            link?.click(); return Boolean(link)""", str(text)), f"a link {text}")
        return self.answered()

    def at(self, fragment, expect=None):
        """Goes to a permalink within the page; a GET among them is sent."""
        if expect:
            self.mark()
        self.script("""const link = document.createElement('a'); link.href = arguments[0]; document.body.append(link); link.click(); link.remove()""", fragment)
        if expect:
            self.answered(expect)
        return self

    def chain(self):
        """The chain as the line above the form has it."""
        return self.script("""return [...document.querySelectorAll('#chain-bar .chain select.chip:not(.add), #chain-bar .chain input.chip, #chain-bar .chain span.chip')]
            .map((e) => e.value ?? e.textContent).join('/')""")

    # ---- complaints ---------------------------------------------------------------------------

    def complaints(self):
        """Console messages that are errors or warnings, but for the statuses that the test provoked."""
        found = []
        for entry in self.driver.get_log("browser"):
            is_forgiven = any(str(words) in entry["message"] for words in self.forgiven)
            if entry["level"] in ("SEVERE", "WARNING") and not is_forgiven:
                found.append(entry["message"])
        return found

    def requests(self):
        """Network requests since the last call: [(method, url, body)]."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                request = message["params"]["request"]
                found.append((request["method"], request["url"], request.get("postData", "")))
        return found

    def foreign(self, requests):
        """Those of them that went elsewhere."""
        own = urlsplit(self.origin).netloc
        return [url for _, url, _ in requests if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).netloc != own]

    def pause(self, seconds):
        time.sleep(seconds)
        return self
