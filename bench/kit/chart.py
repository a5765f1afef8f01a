"""The chart of a run: for every route, the servers' requests a second as bars. Plain SVG with its
colours in a style sheet of its own, so that it reads on light and on dark paper."""

from html import escape

from .result import series, title_of

WIDTH, LABEL, BAR, GAP, HEAD, TOP = 860, 118, 17, 5, 30, 92
SHOWN = (("portcullis", "portcullis"), ("php", "PHP"), ("node", "Node"), ("memory", "H"),
         ("series", "series limit"))

STYLE = """
:root { color-scheme: light dark }
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.paper { fill: #ffffff }
.title { font-size: 19px; font-weight: 600 }
.route { font-weight: 600 }
.quiet { fill: #59636e }
.portcullis { fill: #0b6e4f }
.php { fill: #6f6bb8 }
.node { fill: #b7791f }
.memory, .series { fill: #a8b1bb }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .paper { fill: #0d1117 }
  .quiet { fill: #9198a1 }
  .portcullis { fill: #35b98a }
  .php { fill: #a5a1f0 }
  .node { fill: #e0a84a }
  .memory, .series { fill: #59636e }
}
"""


def _bars(results, route):
    peers = results[route]
    known = {name: peers[name]["rate"] for name in peers}
    limit = series(results, route)
    if limit:
        known["series"] = limit
        known.pop("memory")
    return [(name, title, known[name]) for name, title in SHOWN if name in known]


def _times(ratio):
    return f"{ratio:.2f}" if ratio < 1 else f"{ratio:.1f}"


def _bar(name, title, rate, own, scale, top):
    width = max(2.0, rate * scale)
    middle = top + BAR / 2 + 4.5
    ratio = f"portcullis is {_times(own / rate)} ×" if own and name != "portcullis" else ""
    return (f'<text x="{LABEL - 10}" y="{middle:.1f}" text-anchor="end">{escape(title)}</text>'
            f'<rect class="{name}" x="{LABEL}" y="{top}" width="{width:.1f}" height="{BAR}" rx="2"/>'
            f'<text x="{LABEL + width + 8:.1f}" y="{middle:.1f}">{rate:,.0f}'
            f'<tspan class="quiet" dx="10">{ratio}</tspan></text>')


def _route(results, route, top):
    """The panel of one route, on a scale of its own, and where it ends."""
    bars = _bars(results, route)
    own = results[route].get("portcullis", {}).get("rate")
    scale = (WIDTH - LABEL - 230) / max(rate for _, _, rate in bars)
    lines = [f'<text class="route" x="{LABEL}" y="{top + 14}">{escape(title_of(route))}</text>']
    top += HEAD - 8
    for name, title, rate in bars:
        lines.append(_bar(name, title, rate, own, scale, top))
        top += BAR + GAP
    return lines, top + 14


def draw(results, subtitle):
    body = []
    top = TOP
    for route in results:
        if len(_bars(results, route)) > 1:
            lines, top = _route(results, route, top)
            body += lines
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" '
            f'height="{top}" role="img" aria-labelledby="title"><title id="title">Requests a second by '
            f"route and server</title><style>{STYLE}</style>",
            f'<rect class="paper" width="{WIDTH}" height="{top}" rx="6"/>',
            '<text class="title" x="24" y="38">Requests a second</text>',
            f'<text class="quiet" x="24" y="62">{escape(subtitle)}</text>']
    return "\n".join([*head, *body, "</svg>\n"])
