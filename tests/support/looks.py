"""What a page looks like to everybody: the sizes that are looked at, and what axe-core finds."""

from support.gateway import ROOT

AXE = ROOT / "tests/browser/node_modules/axe-core/axe.min.js"
SIZES = {"wide": (1400, 900), "narrow": (390, 844)}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def faults(page, more=None):
    """What axe-core finds of the WCAG 2.2 A and AA rules and best practices, moderate or worse."""
    if not page.script("return Boolean(window.axe)"):
        page.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text()})
    found = page.driver.execute_async_script("""const done = arguments[1];
        axe.run(document, {resultTypes: ['violations'], ...arguments[0]}).then((r) => done(r.violations.map((v) =>
            ({id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + ' ' + n.failureSummary)}))), (e) => done([{id: String(e), impact: 'critical'}]))""", more or {})
    return [fault for fault in found if fault["impact"] in ("serious", "critical", "moderate")]
