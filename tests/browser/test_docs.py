"""remote-api.md section 8: the documentation at BASE/docs/, as its readers have it."""

import json
import re
from urllib.parse import urldefrag, urljoin

import pytest
import requests
from selenium.webdriver.common.keys import Keys

from support import looks
from support.answers import BASE
from support.browser import Page
from support.gateway import ROOT

DOCS = BASE + "/docs/"


class Docs(Page):
    """One visit of a page of the documentation."""

    def visit(self, name="", width=1400, height=900, dark=False):
        self.emulate(width, height, dark)
        self.driver.get("about:blank")
        self.driver.get(self.url + name)
        self.until(lambda: self.script("return document.body.classList.contains('scripted')"), "the page is ready")
        return self


@pytest.fixture
def docs(open_page, sandbox_gateway):
    return open_page(sandbox_gateway, Docs, DOCS)


def fetch(url):
    answer = requests.get(url, timeout=20)
    assert answer.status_code == 200, url
    answer.encoding = "utf-8"
    return answer.text


def page_names(gateway):
    """As the list of pages on each page has them."""
    listed = re.search(r'<nav class="pages".*?</nav>', fetch(gateway.url + DOCS), re.S).group(0)
    return [name if name != "./" else "" for name in re.findall(r'href="([^"]+)"', listed)]


def links_of(html):
    return [link.replace("&amp;", "&") for link in re.findall(r'(?:href|src)="([^"]+)"', html)]


def test_every_page_of_the_folder_is_served(sandbox_gateway):
    names = page_names(sandbox_gateway)
    assert names[0] == "" and len(names) == len(set(names))
    for file in (ROOT / "docs").glob("*.md"):
        assert ("" if file.stem == "README" else file.stem + ".html") in names, file


def test_titles_and_headings_are_those_of_the_text(sandbox_gateway):
    for file in (ROOT / "docs").glob("*.md"):
        text = re.sub(r"^```.*?^```", "", file.read_text(), flags=re.S | re.M)
        html = fetch(sandbox_gateway.url + DOCS + ("" if file.stem == "README" else file.stem + ".html"))
        assert "<title>" + re.match("# (.*)", text).group(1).replace("&", "&amp;") in html
        assert len(re.findall(r"<h[1-6] id=", html.split("</article>")[0])) == len(re.findall(r"^#{1,6} ", text, re.M)), file


def test_every_link_and_every_anchor_leads_somewhere(sandbox_gateway):
    """A crawl from the index: pages, assets, copies of files, the other pages of the gateway."""
    start = sandbox_gateway.url + DOCS
    seen, waiting, anchors = {}, [start], []
    while waiting:
        url = waiting.pop()
        if url in seen or not url.startswith(sandbox_gateway.url):
            continue
        seen[url] = fetch(url)
        if not url.startswith(start) or ".html" not in url and not url.endswith("/"):
            continue
        for link in links_of(seen[url]):
            whole, anchor = urldefrag(urljoin(url, link))
            waiting.append(whole)
            anchors.append((url, whole, anchor))
    assert len(seen) > len(page_names(sandbox_gateway))
    for url, whole, anchor in anchors:
        assert not anchor or f'id="{anchor}"' in seen[whole], (url, whole, anchor)


def test_no_page_needs_inline_code_or_another_origin(sandbox_gateway):
    for name in page_names(sandbox_gateway):
        html = fetch(sandbox_gateway.url + DOCS + name)
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", re.sub(r"<(pre|code).*?</\1>", "", html, flags=re.S)), name
        assert "<!-- raw HTML omitted -->" not in html and not re.search(r'(?:src|<link[^>]*href)="(?:https?:)?//', html), name


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", looks.SIZES)
def test_every_page_is_for_everybody(docs, sandbox_gateway, shoot, size, dark):
    """axe-core finds nothing, no page sticks out to the side; one screenshot each."""
    for name in page_names(sandbox_gateway):
        docs.visit(name, *looks.SIZES[size], dark)
        shoot(f"docs-{name.removesuffix('.html') or 'index'}-{size}-{'dark' if dark else 'light'}")
        found = looks.faults(docs)
        assert not found, (name, json.dumps(found, indent=1)[:3000])
        wide, width = docs.script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= width, f"{name} is {wide} wide on {width}"


def test_pages_are_turned_by_their_links(docs, sandbox_gateway):
    names = page_names(sandbox_gateway)
    docs.visit()
    for name in names[1:]:
        docs.click(".neighbours [rel=next]")
        docs.until(lambda: docs.driver.current_url == docs.url + name, f"turned to {name}")
        docs.until(lambda: docs.script("return document.body.classList.contains('scripted')"), "ready")
        assert docs.find('#pages [aria-current="page"]').get_attribute("href") == docs.url + name
    assert len(docs.all(".neighbours a")) == 1, "the last page has none after it"


def test_a_deep_link_shows_its_heading_below_the_top_line(docs):
    docs.visit("settings.html#mysql")
    top, line = docs.script("return [document.getElementById('mysql').getBoundingClientRect().top, document.querySelector('.topbar').getBoundingClientRect().bottom]")
    assert line <= top < 300
    docs.until(lambda: docs.text('.contents [aria-current="location"]') == "mysql", "the list of headings follows")
    assert docs.find("#mysql .anchor").get_attribute("href") == docs.url + "settings.html#mysql"


def test_code_is_copied_as_it_was_written(docs):
    docs.visit("abuse-api.html")
    docs.driver.execute_cdp_cmd("Browser.grantPermissions", {"origin": docs.origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    wanted = docs.script("return document.querySelector('.language-php').textContent")
    assert wanted in (ROOT / "docs/abuse-api.md").read_text()
    docs.script("document.querySelector('.language-php').closest('.block').querySelector('.copy').focus()")
    docs.press(Keys.ENTER).sees("#announcer", "Copied")
    assert docs.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], (e) => arguments[0](String(e)))") == wanted.rstrip("\n")
    assert docs.script("return document.querySelectorAll('.language-php span').length") > 20, "coloured"


def test_the_keyboard_is_enough(docs):
    docs.visit("settings.html", *looks.SIZES["narrow"])
    docs.press(Keys.TAB)
    assert docs.script("return document.activeElement.textContent") == "Skip to the text"
    docs.press(Keys.ENTER)
    assert docs.focused() == "content"
    docs.script("document.getElementById('drawer').focus()")
    assert not docs.find("#pages").is_displayed()
    docs.press(Keys.ENTER).until(lambda: docs.find("#pages").is_displayed(), "open")
    docs.until(lambda: docs.script("return document.activeElement.closest('#pages') !== null"), "and the page's own entry has the focus")
    docs.press(Keys.ESCAPE).until(lambda: not docs.find("#pages").is_displayed(), "closed")
    assert docs.focused() == "drawer"
    docs.script("document.querySelector('.table-frame').scrollIntoView(); document.querySelector('.table-frame').focus()")
    docs.press(Keys.ARROW_RIGHT)
    docs.until(lambda: docs.script("return document.querySelector('.table-frame').scrollLeft") > 0, "a wide table scrolls by keys")


def test_it_can_be_read_without_script(docs, sandbox_gateway):
    docs.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        docs.emulate(*looks.SIZES["narrow"], False)
        docs.driver.get(docs.url + "settings.html")
    finally:
        docs.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert docs.find("#pages").is_displayed() and docs.find("#mysql").is_displayed()


def test_print_leaves_the_text(docs):
    docs.visit("settings.html")
    docs.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not docs.find(".topbar").is_displayed() and not docs.find("#pages").is_displayed() and docs.find("article").is_displayed()
    finally:
        docs.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_the_address_without_its_slash_is_moved(sandbox_gateway):
    answer = requests.get(sandbox_gateway.url + DOCS[:-1], allow_redirects=False, timeout=20)
    assert (answer.status_code, answer.headers["Location"]) == (308, DOCS)
