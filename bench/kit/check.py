"""Before anything is measured: every peer answers every route, with the gateway's own content."""

import json
from urllib.parse import quote
from xml.etree import ElementTree

from . import reports, writes

CURSORS = 200


def _document(peer, target, status):
    code, body, _ = peer.get(target)
    if code != status:
        raise SystemExit(f"bench: {peer.name} answers {code} to {target}: {body[:500]!r}")
    return json.loads(body)


def _comparable(document):
    """A cursor is each peer's own, and an error's words may differ where its code does not."""
    data = document["response"].get("data")
    if data and "next" in data:
        data["next"] = bool(data["next"])
    if "errors" in document["response"]:
        document["response"] = [error["code"] for error in document["response"]["errors"]]
    return document


def _difference(ours, theirs, place=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in [*ours, *(key for key in theirs if key not in ours)]:
            if key not in ours or key not in theirs:
                return f"{place}/{key}: only one has it"
            found = _difference(ours[key], theirs[key], f"{place}/{key}")
            if found:
                return found
        return None
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return next(filter(None, (_difference(a, b, f"{place}[{index}]")
                                  for index, (a, b) in enumerate(zip(ours, theirs)))), None)
    same = type(ours) is type(theirs) and ours == theirs
    return None if same else f"{place}: {str(ours)[:80]!r} against {str(theirs)[:80]!r}"


def compare(gateway, peer, route):
    for target in route.samples:
        ours = _comparable(_document(gateway, target, route.status))
        theirs = _comparable(_document(peer, target, route.status))
        found = _difference(ours, theirs)
        if found:
            raise SystemExit(f"bench: {peer.name} answers {target} otherwise: {found}")


def compare_writes(base, gateway, peer, route):
    for write in route.samples:
        if route.is_report:
            ours, theirs = (reports.outcome(base, server, write) for server in (gateway, peer))
        else:
            ours, theirs = (writes.outcome(base, server, route.method, write) for server in (gateway, peer))
            for found in (ours, theirs):
                _comparable(found["document"])
        found = _difference(ours, theirs)
        if found:
            raise SystemExit(f"bench: {peer.name} does {route.method} {write} otherwise: {found}")


def xml_as_json(gateway):
    """The XML list holds the rows of the JSON list."""
    target = "?params=" + quote('{"limit":50}')
    rows = _document(gateway, "projects/json" + target, 200)["response"]["projects"]
    root = ElementTree.fromstring(gateway.get("projects/xml" + target)[1])
    items = root.findall("./response/projects/project")
    ours = [[(name, "" if value is None else str(value)) for name, value in row.items()] for row in rows]
    theirs = [[(cell.tag, cell.text or "") for cell in item] for item in items]
    if ours != theirs:
        raise SystemExit("bench: the XML list does not hold the rows of the JSON list")


def collect_cursors(peer, path):
    """Walks the list by cursor, as a client would, and keeps the tokens."""
    found = []
    target = "projects/json?params=" + quote('{"limit":50}')
    while target and len(found) < CURSORS:
        document = _document(peer, target, 200)["response"]
        token = document["data"].get("next")
        if found and not document["projects"][0]["project_id"] == 50 * len(found) + 1:
            raise SystemExit(f"bench: {peer.name} does not continue a list where its page ended")
        if not token:
            break
        found.append(token)
        target = "projects/json?params=" + quote(json.dumps({"limit": 50, "cursor": token}))
    path.write_text("\n".join(found) + "\n")
