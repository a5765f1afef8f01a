"""Before reports of abuse are measured: every peer stores what the gateway does, and refuses what it refuses."""

import json
import re
from dataclasses import dataclass, field

from . import database as db

TEXTS = {"action": "create", "category": "Phishing & Co – Müller", "additional_info": "a\nb", "admin_notes": "'x'"}


@dataclass(frozen=True)
class Report:
    variables: dict = field(hash=False)
    status: int = 200
    identifier: str = db.REPORTER


def _report(status=200, identifier=db.REPORTER, **variables):
    return Report({**TEXTS, "service_id": "17", **variables}, status, identifier)


REPORTS = (
    _report(),
    _report(suspend_method="immediate", service_ip="198.51.100.7", allow_unsuspend="1"),
    _report(suspend_method="timelimit", service_id="18", allow_unsuspend="no"),
    _report(401, "wrong"),
    _report(400, action="close"),
    _report(400, category=" "),
    _report(422, service_id="x"),
    _report(422, suspend_method="maybe"),
    _report(422, service_ip="localhost"),
    _report(422, category="x" * 256),
    _report(404, service_id="999999"),
)


def _stored(base, number):
    """What the report has left in the database, without what differs from one to the next."""
    columns = ", ".join(name for name, _ in base.columns(db.REPORT) if name not in ("id", "date_created", "suspend_at"))
    return {
        "report": base.query(f"SELECT {columns}, date_created > NOW() - INTERVAL 1 MINUTE, "
                             f"TIMESTAMPDIFF(MINUTE, date_created, suspend_at) FROM {db.REPORT}"),
        "outbox": base.query("SELECT service_id, action, reason, TIMESTAMPDIFF(MINUTE, NOW(), due_at + INTERVAL 30 SECOND), attempts, "
                             "last_error, claimed_by FROM portcullis_outbox"),
        "log": base.query("SELECT description, user, userid, admin_id, ipaddr FROM tblactivitylog"),
        "number": number is not None,
    }


def outcome(base, peer, report):
    """The answer's document and what was stored, comparable with another peer's; an error's words may differ."""
    base.forget_reports()
    status, body, _ = peer.report(report.variables, report.identifier)
    if status != report.status:
        raise SystemExit(f"bench: {peer.name} answers {status} to {report}: {body[:500]!r}")
    document = json.loads(body)
    number = document.pop("report_id", None)
    document.pop("error_description", None)
    stored = json.loads(re.sub(rf"report {number}\b", "report new", json.dumps(_stored(base, number))))
    base.forget_reports()
    return {"document": document, "stored": stored}
