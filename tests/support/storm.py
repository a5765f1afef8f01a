"""Many clients at once that create, change, move and delete below the same few projects, and what they were answered.

Every client keeps a list of what it was told was stored; the test compares all lists with the activity log and the rows.
"""

import collections
import itertools
import random
import threading
import time

import pymysql

from support.caller import Caller
from support.fixture import PREFIX
from support.raw import Closed

USERS = ("alice", "bob", "frank", "gina")
SINGULAR = {"projects": "project", "actions": "action", "topics": "topic", "files": "file", "timelogs": "timelog",
            "ticketxrefs": "ticketxref"}
KEY = {"projects": "project_id", "actions": "action_id", "topics": "topic_id", "files": "file_id",
       "timelogs": "timelog_id", "ticketxrefs": "xref_id"}
TICKETS = (2038, 2039, 2040)

Created = collections.namedtuple("Created", "resource ids row user key")
Changed = collections.namedtuple("Changed", "resource id columns user")
Deleted = collections.namedtuple("Deleted", "resource id counts user")


class Known:
    """Ids that clients were told of, the latest of each kind: old ones are left in peace."""

    def __init__(self, latest=40):
        self.ids = collections.defaultdict(lambda: collections.deque(maxlen=latest))

    def add(self, kind, number):
        self.ids[kind].append(number)

    def any(self, kind, chance):
        try:
            return chance.choice(self.ids[kind])
        except IndexError:
            return None

    def forget(self, kind, number):
        try:
            self.ids[kind].remove(number)
        except ValueError:
            pass


class Storm:
    """What all clients share. lasting: projects that nobody deletes; counters: chains of (resource, id, column)."""

    def __init__(self, ports, lasting, counters, seed=1):
        self.ports, self.lasting, self.counters, self.seed = ports, lasting, counters, seed
        self.known, self.numbers = Known(), itertools.count()
        self.done, self.statuses, self.bad = [], collections.Counter(), []
        self.increments, self.replayed = collections.Counter(), {}
        self.stop = threading.Event()

    def run(self, count, seconds, connect):
        """connect(): a connection of somebody who writes past the gateways."""
        workers = [Client(self, number) for number in range(count)] + [Stranger(self, connect()) for _ in range(2)]
        threads = [threading.Thread(target=worker.work, daemon=True) for worker in workers]
        for thread in threads:
            thread.start()
        self.stop.wait(seconds)
        self.stop.set()
        for thread in threads:
            thread.join(90)
            assert not thread.is_alive(), "a request never ended"

    def said(self, client, what, answer):
        self.statuses[what, answer.status] += 1
        if answer.status not in (200, 404, 409, 412, 422):
            self.bad.append((what, answer))


class Stranger:
    """Another program on the same rows, which locks them from below: deadlocks that the gateways alone would not have."""

    def __init__(self, storm, connection):
        self.storm, self.connection, self.chance = storm, connection, random.Random(storm.seed)

    def work(self):
        self.connection.autocommit(False)
        while not self.storm.stop.wait(0.02):
            action = self.storm.known.any("actions", self.chance)
            with self.connection.cursor() as cursor:
                try:
                    cursor.execute(f"UPDATE {PREFIX}action SET date_modified = NOW() WHERE action_id = %s", (action,))
                    time.sleep(0.002)
                    cursor.execute(f"UPDATE {PREFIX}project SET date_modified = NOW() WHERE project_id IN %s", (self.storm.lasting,))
                    self.connection.commit()
                except pymysql.err.OperationalError:
                    self.connection.rollback()
        self.connection.close()


class Client:
    def __init__(self, storm, number):
        self.storm, self.known = storm, storm.known
        self.user = USERS[number % len(USERS)]
        self.chance = random.Random(storm.seed * 1000 + number)
        self.caller = Caller(storm.ports[number // len(USERS) % len(storm.ports)], self.user)

    def work(self):
        time.sleep(self.chance.random() / 2)
        while not self.storm.stop.is_set():
            deed = self.chance.choices(DEEDS, WEIGHTS)[0]
            try:
                deed(self)
            except (OSError, Closed) as error:
                self.storm.bad.append((deed.__name__, repr(error)))
        self.caller.close()

    # ---- asking ---------------------------------------------------------------------------------

    def unique(self):
        return f"mark-{next(self.storm.numbers)}"

    def ask(self, what, method, chain, params=None, **fields):
        answer = self.caller.ask(method, chain, params, **fields)
        self.storm.said(self, what, answer)
        return answer

    def create(self, what, chain, params, **fields):
        resource = chain.rsplit("/", 1)[-1]
        answer = self.ask(what, "POST", chain, params, **fields)
        if answer.status != 200:
            return None
        response = answer.response
        rows = response[resource] if isinstance(params, list) else [response[SINGULAR[resource]]]
        ids = [row[KEY[resource]] for row in rows]
        key = fields.get("Idempotency_Key")
        if key is None or self.storm.replayed.setdefault(key, answer.text) is answer.text:
            self.storm.done.append(Created(resource, ids, rows[0], self.user, key))
        elif self.storm.replayed[key] != answer.text:
            self.storm.bad.append((what, "the same key answered differently", answer))
        for number in ids:
            self.known.add(resource, number)
        return rows[0]

    def change(self, what, resource, number, params, **fields):
        """params hold something that was never stored, so that each success leaves a line."""
        answer = self.ask(what, "PUT", f"{resource}/{number}", params, **fields)
        if answer.status == 200:
            self.storm.done.append(Changed(resource, number, set(params), self.user))
        if answer.status == 404:
            self.known.forget(resource, number)
        return answer.status == 200

    def delete(self, what, resource, number):
        answer = self.ask(what, "DELETE", f"{resource}/{number}", {"force": 1})
        if answer.status == 200:
            self.storm.done.append(Deleted(resource, number, answer.response["deleted"], self.user))
        if answer.status in (200, 404):
            self.known.forget(resource, number)

    def somewhere(self):
        """A project: a lasting one, now and then one that is about to go."""
        brief = self.known.any("brief", self.chance) if self.chance.random() < 0.25 else None
        return brief or self.chance.choice(self.storm.lasting)

    # ---- what clients do ------------------------------------------------------------------------

    def create_action(self):
        params = {"action_name": self.unique()}
        parent = self.known.any("actions", self.chance) if self.chance.random() < 0.6 else None
        if parent:
            project = self.chance.choice(self.storm.lasting)
            self.create("sub-action", "actions", {**params, "parent_action_id": parent, "project_id": project})
        else:
            self.create("action", f"projects/{self.somewhere()}/actions", params)

    def create_below(self):
        resource = self.chance.choice(("topics", "files", "timelogs"))
        params = {"topics": {"topic_detail": self.unique()}, "files": {"file_name": self.unique()},
                  "timelogs": {"timelog_note": self.unique(), "timelog_elapsed": 60}}[resource]
        action = self.known.any("actions", self.chance) if self.chance.random() < 0.5 else None
        self.create(resource, f"actions/{action}/{resource}" if action else f"projects/{self.somewhere()}/{resource}", params)

    def reply(self):
        resource = self.chance.choice(("topics", "files"))
        thread = self.known.any(resource, self.chance)
        if not thread:
            return
        text = {"topics": "topic_detail", "files": "file_name"}[resource]
        self.create(f"reply in {resource}", resource, {text: self.unique(), "thread_id": thread})

    def refer(self):
        params = {"ticket_id": self.chance.choice(TICKETS)}
        action = self.known.any("actions", self.chance) if self.chance.random() < 0.5 else None
        self.create("ticketxref", "ticketxrefs", {**params, **({"action_id": action} if action else {"project_id": self.somewhere()})})

    def create_many(self):
        project = self.somewhere()
        self.create("bulk", f"projects/{project}/actions", [{"action_name": self.unique()} for _ in range(self.chance.randint(1, 5))])

    def create_with_key(self):
        """Some clients of one admin use the same key, at about the same time."""
        number = next(self.storm.numbers)
        key = f"key-{self.user}-{number // 80}"
        self.create("with a key", f"projects/{self.storm.lasting[0]}/timelogs", {"timelog_note": key}, Idempotency_Key=key)

    def count_up(self):
        """Compare and set: nobody's increment may be lost."""
        resource, number, column = counter = self.chance.choice(self.storm.counters)
        answer = self.ask("read a counter", "GET", f"{resource}/{number}")
        if answer.status != 200:
            self.storm.bad.append(("read a counter", answer))
            return
        value = answer.response[SINGULAR[resource]][column]
        if self.change("count up", resource, number, {column: value + 1}, If_Match=answer.field("ETag")):
            self.storm.increments[counter] += 1

    def rename(self):
        resource, text = self.chance.choice((("actions", "action_notes"), ("topics", "topic_name"), ("timelogs", "timelog_note"),
                                             ("files", "file_detail")))
        number = self.known.any(resource, self.chance)
        if number:
            self.change(f"change {resource}", resource, number, {text: self.unique()})

    def change_project(self):
        self.change("change project", "projects", self.chance.choice(self.storm.lasting), {"project_notes": self.unique()})

    def move_action(self):
        action, to = self.known.any("actions", self.chance), self.known.any("actions", self.chance)
        if not action:
            return
        if self.chance.random() < 0.5:
            place = {"project_id": self.chance.choice(self.storm.lasting), "parent_action_id": 0}
        else:
            place = {"parent_action_id": to}
        self.change("move action", "actions", action, {**place, "action_notes": self.unique()})

    def move_thread(self):
        topic, action = self.known.any("topics", self.chance), self.known.any("actions", self.chance)
        if topic:
            place = {"action_id": 0} if self.chance.random() < 0.5 else {"action_id": action}
            self.change("move thread", "topics", topic, {**place, "project_id": self.chance.choice(self.storm.lasting),
                                                         "topic_name": self.unique()})

    def close_thread(self):
        topic = self.known.any("topics", self.chance)
        if topic:
            self.change("close or open", "topics", topic, {"topic_status": self.chance.choice(("closed", "open", "open")),
                                                           "topic_name": self.unique()})

    def delete_one(self):
        resource = self.chance.choice(("actions", "topics", "topics", "files", "timelogs", "ticketxrefs"))
        number = self.known.any(resource, self.chance)
        if number:
            self.delete(f"delete {resource}", resource, number)

    def open_project(self):
        row = self.create("project", "projects", {"project_name": self.unique()})
        if row:
            self.known.add("brief", row["project_id"])

    def end_project(self):
        project = self.known.any("brief", self.chance)
        if not project:
            return
        if self.chance.random() < 0.25:
            self.change("archive", "projects", project, {"project_function": "archive", "project_notes": self.unique()})
        else:
            self.delete("delete project", "projects", project)
        self.known.forget("brief", project)

    def read(self):
        project = self.chance.choice(self.storm.lasting)
        self.ask("read", "GET", f"projects/{project}/" + self.chance.choice(("actions", "topics", "timelogs")), {"limit": 5})


SHARES = [(Client.create_action, 14), (Client.create_below, 14), (Client.reply, 10), (Client.refer, 4), (Client.create_many, 4),
          (Client.create_with_key, 4), (Client.count_up, 12), (Client.rename, 10), (Client.change_project, 3),
          (Client.move_action, 8), (Client.move_thread, 4), (Client.close_thread, 2), (Client.delete_one, 12), (Client.open_project, 4),
          (Client.end_project, 3), (Client.read, 4)]
DEEDS, WEIGHTS = zip(*SHARES)
