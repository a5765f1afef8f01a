"""The report of a run: text for the terminal, Markdown, JSON."""

import json

from .guards import verdict
from .result import series, title_of, total_cpu, verdicts

NAMES = {
    "portcullis": "portcullis", "php": "PHP", "node": "Node", "node-kept": "Node, login kept for 2 s", "memory": "H: nginx from memory",
    "direct": "D: bare C client", "portcullis-log": "portcullis, access log on",
}
ORDER = tuple(NAMES)


def _rate(value):
    return f"{value:,.0f}"


def throughput(results):
    """Header and rows of the main table."""
    header = ["route", "server", "requests/s", "portcullis is", "p50 ms", "p99 ms", "spread"]
    rows = []
    for route, peers in results.items():
        own = peers.get("portcullis", {}).get("rate")
        for peer in sorted(peers, key=ORDER.index):
            known = peers[peer]
            ratio = f"{own / known['rate']:.2f} x" if own and peer != "portcullis" else ""
            latency = [f"{known[key] / 1000:.2f}" if key in known else "" for key in ("p50_us", "p99_us")]
            rows.append([title_of(route), NAMES[peer], _rate(known["rate"]), ratio, *latency,
                         f"{known['spread'] * 100:.0f} %"])
        limit = series(results, route)
        if limit:
            rows.append([title_of(route), "series limit 1/(1/H + 1/D)", _rate(limit),
                         f"{own / limit:.2f} x" if own else "", "", "", ""])
    return header, rows


def cpu(results):
    header = ["route", "server", "CPU µs a request", "of which"]
    rows = []
    for route, peers in results.items():
        for peer in sorted(peers, key=ORDER.index):
            used = peers[peer]["cpu_us"]
            rows.append([title_of(route), NAMES[peer], f"{total_cpu(peers[peer]):.0f}",
                         ", ".join(f"{name} {value:.0f}" for name, value in used.items())])
    return header, rows


def memory(idle):
    header = ["server", "idle connections", "PSS before", "PSS with them", "a connection"]
    return header, [[NAMES[peer] if peer != "memory" else "nginx", str(known["connections"]),
                     f"{known['before'] / 2**20:.1f} MiB", f"{known['after'] / 2**20:.1f} MiB",
                     f"{known['per_connection'] / 1024:.2f} KiB"] for peer, known in idle.items()]


def targets(results, idle):
    header = ["must show", "measured", "by CPU", "verdict"]

    def cell(value):
        return "" if value is None else f"{value:.2f}"
    return header, [[title, cell(value) or "not measured", cell(by_cpu),
                     "" if value is None else "ok" if is_met else "missed"]
                    for title, value, by_cpu, is_met in verdicts(results, idle)]


def guarded(rows):
    header = ["must show", "measured", "by CPU", "verdict", "figures"]
    return header, [[row["title"], f"{row['value']:.2f}", f"{row['by_cpu']:.2f}" if row["by_cpu"] else "",
                     verdict(row), ", ".join(f"{name} {rate:,.0f}" for name, rate in row["figures"].items())]
                    for row in rows]


def _text(header, rows):
    widths = [max(len(row[index]) for row in [header, *rows]) for index in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
             for row in [header, ["-" * width for width in widths], *rows]]
    return "\n".join(lines)


def _markdown(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _sections(run):
    results, idle = run["results"], run["idle"]
    sections = [("Requests a second", *throughput(results)),
                ("Must show", *targets(results, idle)),
                ("CPU a request", *cpu(results))]
    if idle:
        sections.append(("Memory of idle connections", *memory(idle)))
    if run.get("guards"):
        sections.append(("Guards (requests/s)", *guarded(run["guards"])))
    if run.get("files"):
        sections.append(("Files", *guarded(run["files"])))
    return sections


def text(run):
    return "\n\n".join(f"{title}\n\n{_text(header, rows)}"
                       for title, header, rows in _sections(run)) + "\n\n" + "\n".join(run["notes"])


def markdown(run):
    parts = ["# Bench", "\n".join(f"- {note}" for note in run["notes"])]
    if run["results"]:
        parts.append("![Requests a second by route and server](latest.svg)")
    parts += [f"## {title}\n\n{_markdown(header, rows)}" for title, header, rows in _sections(run)]
    if run["statements"]:
        lines = [f"### {title_of(route)}\n\n```sql\n" + "\n".join(found) + "\n```"
                 for route, found in run["statements"].items()]
        parts.append("## The gateway's statements, one request each\n\n" + "\n\n".join(lines))
    return "\n\n".join(parts) + "\n"


def write(run, folder, chart):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(json.dumps(run, indent=1) + "\n")
    (folder / "latest.md").write_text(markdown(run))
    if run["results"]:
        (folder / "latest.svg").write_text(chart)
