"""Before writes are measured: every peer stores, answers and logs what the gateway does, and refuses what it refuses."""

import json
import re
from dataclasses import dataclass, field

from . import database as db

LONG_AGO = "2024-01-01 00:00:00"
NEW_TIMELOG = {"ticket_id": 17, "timelog_note": "Called back, Müller wants it before noon.", "timelog_type": "Work",
               "timelog_status": "complete", "timelog_start": "2026-03-01 09:00:00",
               "timelog_stop": "2026-03-01 09:45:00", "timelog_elapsed": 2700, "timelog_billable": 1}
UNDONE_ACTION = {"action_status": "Paused", "action_complete": 10, "action_duration": 60, "action_notes": "",
                 "assigned_adminid": 0, "date_finish": "2024-03-16", "date_modified": LONG_AGO, "date_activity": LONG_AGO}
DONE_ACTION = {"action_status": "Active", "action_complete": 80, "action_duration": 7200}


@dataclass(frozen=True)
class Write:
    """Action 76 is the first of project 15, of 3 to 8 each."""
    chain: str
    params: dict = field(hash=False)
    status: int = 200
    is_archived: bool = False  # project 15, for as long as this is asked


def _create(status=200, chain="projects/15/actions/76/timelogs/json", is_archived=False, **more):
    return Write(chain, {**NEW_TIMELOG, **more}, status, is_archived)


def _update(status=200, chain="actions/76/json", is_archived=False, **more):
    return Write(chain, {**DONE_ACTION, **more}, status, is_archived)


CREATES = (
    _create(),
    Write("projects/15/actions/76/timelogs/json", {}),
    _create(ticket_id=0, timelog_stop="0000-00-00 00:00:00", timelog_elapsed="0"),
    _create(422, timelog_status="gone", timelog_elapsed=-1, timelog_stop="2026-02-30 10:00:00"),
    _create(422, timelog_type="x" * 65),
    _create(422, owner_adminid=1),
    _create(400, note="there is no such column"),
    _create(404, "projects/16/actions/76/timelogs/json"),
    _create(404, "projects/15/actions/9999999/timelogs/json"),
    _create(409, is_archived=True),
    _create(422, ticket_id=999999),
)
UPDATES = (
    _update(),
    Write("actions/76/json", {"action_complete": 10, "action_status": "Paused"}),
    _update(assigned_adminid=1, manager_adminid="1", date_finish="2026-05-01", action_notes="Späte Notiz"),
    _update(action_id=76, project_id=15),
    _update(422, action_complete=101, action_priority="high"),
    _update(422, action_name="Ü" * 256),
    _update(422, assigned_adminid=99),
    _update(422, date_created="2020-01-01 00:00:00"),
    _update(404, "actions/9999999/json"),
    _update(409, is_archived=True),
)


def _prepare(base, write):
    """Project 15 and its first action, as they are before each write."""
    function = "archive" if write.is_archived else "default"
    undone = ", ".join(f"{name} = '{value}'" for name, value in UNDONE_ACTION.items())
    base.query(
        f"DELETE FROM {db.TIMELOG} WHERE timelog_id > {base.loaded_timelog}; DELETE FROM tblactivitylog;"
        f"UPDATE {db.PROJECT} SET date_activity = '{LONG_AGO}', project_function = '{function}' WHERE project_id = 15;"
        f"UPDATE {db.ACTION} SET {undone} WHERE action_id = 76")


def _is_now(base, text):
    return base.query(f"SELECT '{text}' BETWEEN NOW() - INTERVAL 1 MINUTE AND NOW()") == [["1"]]


def _plain(base, value):
    """Without what differs from one write to the next: the new key, and times that are of now."""
    if isinstance(value, dict):
        return {key: "new" if key == "timelog_id" else _plain(base, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(base, item) for item in value]
    is_recent = isinstance(value, str) and re.fullmatch(r"\d{4}(-\d\d){2} (\d\d:){2}\d\d", value) and _is_now(base, value)
    return "now" if is_recent else value


def _stored(base):
    """What the write has left in the database."""
    log = base.query("SELECT description, user, userid, admin_id, ipaddr FROM tblactivitylog")
    return {
        "timelogs": base.query(f"SELECT * FROM {db.TIMELOG} WHERE timelog_id > {base.loaded_timelog}"),
        "project": base.query(f"SELECT * FROM {db.PROJECT} WHERE project_id = 15"),
        "action": base.query(f"SELECT * FROM {db.ACTION} WHERE action_id = 76"),
        "log": [[re.sub(r"timelog \d+", "timelog new", line[0]), *line[1:]] for line in log],
    }


def outcome(base, peer, method, write):
    """The answer's document and what was stored, comparable with another peer's."""
    _prepare(base, write)
    status, body, _ = peer.write(method, write.chain, write.params)
    if status != write.status:
        raise SystemExit(f"bench: {peer.name} answers {status} to {method} {write}: {body[:500]!r}")
    stored = _stored(base)
    stored["timelogs"] = [["new", *row[1:]] for row in stored["timelogs"]]
    _prepare(base, Write("", {}))
    return {"document": _plain(base, json.loads(body)), "stored": _plain(base, stored)}
