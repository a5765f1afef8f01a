"""What writing must do, in Python: spec/remote-api.md section 6 over rows in dictionaries.

Written from the specification and docs/decisions.md, and knows nothing of the gateway's code. A write is predicted as a whole:
its status, the fields at fault, the rows afterwards, whose dates are touched, the line of the activity log. The rows' dates that
the gateway keeps are OLD, or NOW in rows that the write has touched.
"""

import copy
import dataclasses

OLD, NOW = "2001-02-03 04:05:06", "now"
ZERO = "0000-00-00 00:00:00"
RESOURCES = ("projects", "actions", "topics", "files", "ticketxrefs", "timelogs")  # the catalog's order
SINGULAR = {name: name[:-1] for name in RESOURCES}
KEY = {**{name: name[:-1] + "_id" for name in RESOURCES}, "ticketxrefs": "xref_id"}
KEPT = {"projects": {"owner_adminid", "date_created", "date_modified", "date_activity"},
        "actions": {"level_children", "date_created", "date_modified", "date_activity"},
        "topics": {"owner_adminid", "date_created", "date_modified", "date_activity"},
        "files": {"file_version", "file_size", "file_sha256", "owner_adminid", "date_created"},
        "timelogs": {"owner_adminid"}, "ticketxrefs": {"date_created"}}
REQUIRED = {"projects": ["project_name"], "actions": ["project_id", "action_name"], "topics": ["topic_detail"],
            "files": ["file_name"], "timelogs": [], "ticketxrefs": ["ticket_id"]}
LINKS = {"projects": {}, "actions": {"project_id": "projects", "parent_action_id": "actions"},
         "topics": {"project_id": "projects", "action_id": "actions", "thread_id": "topics"},
         "files": {"project_id": "projects", "action_id": "actions", "thread_id": "files"},
         "timelogs": {"project_id": "projects", "action_id": "actions"},
         "ticketxrefs": {"project_id": "projects", "action_id": "actions"}}
FOREIGN = {"client_userid": {1, 2}, "client_hostingid": {12}, "manager_adminid": set(range(1, 10)),
           "assigned_adminid": set(range(1, 10)),
           "ticket_id": {2038, 2039}}
CREATED = {"projects": ("date_created", "date_modified", "date_activity"), "actions": ("date_created", "date_modified", "date_activity"),
           "topics": ("date_created", "date_modified", "date_activity"), "files": ("date_created",), "timelogs": (),
           "ticketxrefs": ("date_created",)}
UPDATED = {name: ("date_modified", "date_activity") for name in ("projects", "actions", "topics")}
DATES = {name: columns for name, columns in CREATED.items() if columns}
STATE = {"topics": "topic_status", "files": "file_status"}
BAD = object()  # what a value stands for that the column cannot hold


@dataclasses.dataclass
class Write:
    """What is asked. items: what is given, column → (as it is sent, as it is stored or BAD)."""
    method: str
    resource: str
    id: int = 0
    above: tuple = ()  # ((resource, id), …) of the chain before the record
    items: tuple = ({},)
    unknown: tuple = ()  # names that are no columns
    is_bulk: bool = False
    dry_run: bool = False
    force: bool = False
    if_match: object = None  # None, or whether it matches where the record is there
    user: int = 1


@dataclasses.dataclass
class Outcome:
    status: int
    fields: frozenset = frozenset()  # at fault: all of these …
    may: frozenset = frozenset()  # … and perhaps some of these
    rows: dict = None  # 200: resource → id → row
    ids: tuple = ()  # of the records written; created ones are below 0 until the answer tells
    deleted: dict = None
    line: tuple = None  # (verb, ids, columns or counts)
    also: frozenset = frozenset()  # statuses that the specification leaves open as well


class Model:
    """rows: resource → id → row with every column. empty: resource → a new row's columns. super_users: who see everything."""

    def __init__(self, empty, super_users):
        self.empty, self.super_users = empty, super_users
        self.rows = {name: {} for name in RESOURCES}

    # ---- who sees what (auth-and-bans.md, step 5) ---------------------------------------------

    def sees_project(self, user, number):
        row = self.rows["projects"].get(number)
        if row is None:
            return False
        status = row["visible_status"]
        return (user in self.super_users or status in ("all", "") or row["manager_adminid"] == user
                or status == "related" and row["assigned_adminid"] in (user, 0))

    def sees(self, user, resource, number):
        """Everything below a hidden project is hidden, but actions that are assigned to him, or to nobody."""
        if resource == "projects":
            return self.sees_project(user, number)
        row = self.rows[resource].get(number)
        if row is None:
            return False
        if user in self.super_users or resource == "actions" and row["assigned_adminid"] in (user, 0):
            return True
        return not row["project_id"] or self.sees_project(user, row["project_id"])

    # ---- the order of remote-api.md, "Errors" ---------------------------------------------------

    def predict(self, write):
        for step in (self.parameters, self.chain, self.condition, self.locked, self.values):
            outcome = step(write)
            if outcome:
                return outcome
        after = Model(self.empty, self.super_users)
        after.rows = copy.deepcopy(self.rows)
        outcome = {"POST": after.create, "PUT": after.update, "DELETE": after.delete}[write.method](write)
        outcome.rows = self.rows if write.dry_run else after.rows
        outcome.line = None if write.dry_run else outcome.line
        return outcome

    @staticmethod
    def field(write, index, name):
        return f"[{index}].{name}" if write.is_bulk else name

    def parameters(self, write):
        """400 and 422 that need no database."""
        fields = set()
        for index, item in enumerate(write.items):
            at_fault = {name for name, (_, stored) in item.items() if stored is BAD}
            if write.method == "POST":
                at_fault |= {name for name in item if name in KEPT[write.resource] or name == KEY[write.resource]}
                at_fault |= {name for name in REQUIRED[write.resource] if self.is_missing(self.given(write, index).get(name))}
                at_fault |= {name for name, number in self.from_chain(write).items() if item.get(name, (0, number))[1] != number}
            if write.method == "PUT":
                at_fault |= {name for name in REQUIRED[write.resource] if name in item and self.is_missing(item[name][1])}
                if item.get(KEY[write.resource], (0, write.id))[1] != write.id:
                    at_fault.add(KEY[write.resource])
            fields |= {self.field(write, index, name) for name in at_fault}
        if write.unknown:
            return Outcome(400, frozenset(fields | {self.field(write, 0, name) for name in write.unknown}))
        return Outcome(422, frozenset(fields)) if fields else None

    @staticmethod
    def is_missing(value):
        return value is None or value == 0 or isinstance(value, str) and not value.strip()

    def from_chain(self, write):
        """POST below a parent fills in its link."""
        if write.method != "POST" or not write.above:
            return {}
        resource, number = write.above[-1]
        return {KEY[resource]: number}

    def given(self, write, index):
        stored = {name: value for name, (_, value) in write.items[index].items() if value is not BAD}
        return {**stored, **self.from_chain(write)}

    def chain(self, write):
        """Each record is there, visible, and belongs to the one before it."""
        links = [*write.above, *([(write.resource, write.id)] if write.method != "POST" else [])]
        for at, (resource, number) in enumerate(links):
            if not self.sees(write.user, resource, number):
                return Outcome(404, frozenset([KEY[resource]]))
            if at and self.rows[resource][number][KEY[links[at - 1][0]]] != links[at - 1][1]:
                return Outcome(404, frozenset([KEY[resource]]))
        return None

    def condition(self, write):
        if write.method == "POST" or write.if_match is None or write.if_match:
            return None
        return Outcome(412, frozenset(["If-Match"]))

    # ---- 409 ------------------------------------------------------------------------------------

    def is_archived(self, resource, number):
        row = self.rows[resource].get(number)
        if row is None:
            return False
        project = row if resource == "projects" else self.rows["projects"].get(row["project_id"])
        return project is not None and project["project_function"] == "archive"

    def locked(self, write):
        """The record, what it hangs on now, and what it would hang on: none of it is archived; a closed thread takes no posts."""
        links = LINKS[write.resource]
        concerned = set(write.above)
        if write.method != "POST":
            concerned.add((write.resource, write.id))
        for index in range(len(write.items)):
            given = self.given(write, index)
            named = {(links[name], number) for name, number in given.items() if name in links and number}
            if write.method == "PUT":
                row = self.rows[write.resource][write.id]
                named = {(resource, number) for resource, number in named if (resource, number) not in
                         {(links[name], row[name]) for name in links}}
            concerned |= {(resource, number) for resource, number in named if self.sees(write.user, resource, number)}
        for resource, number in concerned:
            if self.is_archived(resource, number):
                return Outcome(409)
        if write.method == "POST" and write.resource in STATE:
            for index in range(len(write.items)):
                first = self.rows[write.resource].get(self.given(write, index).get("thread_id"))
                if first and first[STATE[write.resource]] == "closed" and self.sees(write.user, write.resource, first[KEY[write.resource]]):
                    is_first = first["thread_id"] == first[KEY[write.resource]]
                    return Outcome(409, also=frozenset() if is_first else frozenset([422]))
        if write.method == "DELETE" and not write.force:
            timelogs = self.doomed(write)["timelogs"]
            if any(self.rows["timelogs"][number]["invoice_id"] for number in timelogs):
                return Outcome(409, frozenset(["invoice_id"]))
        return None

    # ---- 422 that needs the database ----------------------------------------------------------------

    def values(self, write):
        if write.method == "DELETE":
            return None
        fields, may, disagree = set(), set(), False
        for index, item in enumerate(write.items):
            row = self.rows[write.resource][write.id] if write.method == "PUT" else {}
            given = self.given(write, index)
            for name, value in given.items():
                fixed = write.method == "PUT" and (name in KEPT[write.resource] or name == "thread_id")
                if fixed and value != row[name] or not fixed and value != row.get(name) and not self.exists(write, name, value):
                    fields.add(self.field(write, index, name))
            agreed = self.agree(write, {**self.empty[write.resource], **row, **given})
            disagree = disagree or agreed is None
            may |= {self.field(write, index, name) for name in LINKS[write.resource]}
        if fields or disagree:
            return Outcome(422, frozenset(fields), frozenset(may))
        if write.method == "PUT" and write.resource == "actions" and self.is_circle(write.id, {**row, **given}["parent_action_id"]):
            return Outcome(422, frozenset(["parent_action_id"]))
        return None

    def exists(self, write, name, value):
        """0 means none; else a row that is there, and visible; a thread is named by its first row."""
        if not value:
            return True
        if name in FOREIGN:
            return value in FOREIGN[name]
        resource = LINKS[write.resource].get(name)
        if resource is None:
            return True
        is_first = name != "thread_id" or self.rows[resource].get(value, {}).get("thread_id") == value
        return is_first and self.sees(write.user, resource, value)

    def agree(self, write, row):
        """The links of the row with what follows from its parents filled in; None: they disagree."""
        links = {name: row[name] for name in LINKS[write.resource]}
        for name in ("action_id", "parent_action_id", "thread_id"):
            parent = self.rows[LINKS[write.resource].get(name, "projects")].get(links.get(name))
            if parent is None or write.method == "PUT" and name == "thread_id" and links[name] == write.id:
                continue
            for shared in ("project_id", "action_id"):
                if shared == name or shared not in parent or shared not in links or shared == KEY[LINKS[write.resource][name]]:
                    continue
                if links[shared] == 0:
                    links[shared] = parent[shared]
                elif links[shared] != parent[shared]:
                    return None
        return links

    def is_circle(self, number, parent):
        while parent:
            if parent == number:
                return True
            parent = self.rows["actions"][parent]["parent_action_id"]
        return False

    # ---- what is stored ---------------------------------------------------------------------------

    def touch(self, resource, *rows):
        """Direct parents: the project, the action that it hangs on, the action above."""
        for row in rows:
            for name, above in LINKS[resource].items():
                if above in ("projects", "actions") and row[name] in self.rows[above]:
                    self.rows[above][row[name]]["date_activity"] = NOW

    def count_children(self):
        for number, row in self.rows["actions"].items():
            row["level_children"] = sum(1 for other in self.rows["actions"].values() if other["parent_action_id"] == number)

    def create(self, write):
        ids = []
        for index in range(len(write.items)):
            number, rows = -1 - index, self.rows[write.resource]
            row = {**self.empty[write.resource], **self.given(write, index), KEY[write.resource]: number}
            row.update(self.agree(write, row))
            row.update({name: NOW for name in CREATED[write.resource]})
            if "owner_adminid" in row:
                row["owner_adminid"] = write.user
            if "thread_id" in row and not row["thread_id"]:
                row["thread_id"] = number
            if write.resource == "files":
                row["file_version"] = 1 + max([0, *(other["file_version"] for other in rows.values()
                                                    if other["thread_id"] == row["thread_id"])])
            rows[number] = row
            ids.append(number)
            self.touch(write.resource, row)
        self.count_children()
        return Outcome(200, ids=tuple(ids), line=("created", tuple(ids), None))

    def update(self, write):
        row = self.rows[write.resource][write.id]
        given = {name: value for name, value in self.given(write, 0).items() if name not in (KEY[write.resource], "thread_id")
                 and name not in KEPT[write.resource]}
        agreed = self.agree(write, {**row, **given})
        changed = {name for name, value in given.items() if agreed.get(name, value) != row[name]}
        if not changed:
            return Outcome(200, ids=(write.id,))
        changed |= {name for name, value in agreed.items() if value != row[name]}
        before = dict(row)
        row.update({**given, **agreed, **{name: NOW for name in UPDATED.get(write.resource, ())}})
        self.move(write, before, row)
        self.touch(write.resource, before, row)
        self.count_children()
        return Outcome(200, ids=(write.id,), line=("updated", (write.id,), frozenset(changed)))

    def branch(self, number):
        found = [number]
        for above in found:
            found += [child for child, row in self.rows["actions"].items() if row["parent_action_id"] == above]
        return set(found)

    def move(self, write, before, row):
        """All that hangs below moves along."""
        if write.resource == "actions" and before["project_id"] != row["project_id"]:
            branch = self.branch(write.id)
            for resource in RESOURCES[1:]:
                for other in self.rows[resource].values():
                    if other["action_id"] in branch:
                        other["project_id"] = row["project_id"]
        if write.resource in STATE and row["thread_id"] == write.id:
            for other in self.rows[write.resource].values():
                if other["thread_id"] == write.id:
                    other.update(project_id=row["project_id"], action_id=row["action_id"])

    def doomed(self, write):
        """resource → ids of what goes."""
        doomed = {resource: set() for resource in RESOURCES}
        doomed[write.resource] = {write.id}
        if write.resource == "projects":
            doomed["actions"] = {number for number, row in self.rows["actions"].items() if row["project_id"] == write.id}
        if write.resource == "actions":
            doomed["actions"] = self.branch(write.id)
        if write.resource in ("projects", "actions"):
            for resource in RESOURCES[2:]:
                doomed[resource] = {number for number, row in self.rows[resource].items() if row["action_id"] in doomed["actions"]
                                    or row["project_id"] in doomed["projects"]}
        return doomed

    def delete(self, write):
        doomed, row = self.doomed(write), self.rows[write.resource][write.id]
        for resource, ids in doomed.items():
            for number in ids:
                del self.rows[resource][number]
        if write.resource in STATE:
            self.hand_on(write.resource, row)
        self.touch(write.resource, row)
        self.count_children()
        counts = {resource: len(ids) for resource, ids in doomed.items() if ids}
        return Outcome(200, ids=(write.id,), deleted=counts, line=("deleted", (write.id,), counts))

    def hand_on(self, resource, first):
        """The next lowest key becomes the thread's first row; the thread stays as open or closed as it was."""
        rest = sorted(number for number, row in self.rows[resource].items() if row["thread_id"] == first[KEY[resource]])
        for number in rest:
            self.rows[resource][number]["thread_id"] = rest[0]
        if rest:
            self.rows[resource][rest[0]][STATE[resource]] = first[STATE[resource]]
