"""What must hold of the add-on's tables whatever was written, by whom, and where it was interrupted.

spec/remote-api.md section 6: references exist, parents agree, threads have their first row, children are counted.
Each check is a statement that selects the rows at fault.
"""

from support.fixture import PREFIX

PROJECT, ACTION, XREF = PREFIX + "project", PREFIX + "action", PREFIX + "ticketxref"
KEYS = {"action": "action_id", "topic": "topic_id", "file": "file_id", "timelog": "timelog_id", "ticketxref": "xref_id"}


def reference(table, key, column, other, other_key):
    return (f"SELECT a.{key}, a.{column} FROM {table} a LEFT JOIN {other} b ON b.{other_key} = a.{column} "
            f"WHERE a.{column} <> 0 AND b.{other_key} IS NULL")


def below_parents():
    """Every project_id and action_id names a row, and both agree."""
    for name, key in KEYS.items():
        table = PREFIX + name
        yield f"project of a {name}", reference(table, key, "project_id", PROJECT, "project_id")
        if name == "action":
            continue
        yield f"action of a {name}", reference(table, key, "action_id", ACTION, "action_id")
        yield (f"project of a {name}'s action", f"SELECT a.{key}, a.project_id, b.project_id FROM {table} a JOIN {ACTION} b "
               "USING (action_id) WHERE a.project_id <> b.project_id")


def threads():
    for name, rank in (("topic", None), ("file", "file_version")):
        table, key = PREFIX + name, KEYS[name]
        yield f"a {name} without a thread", f"SELECT {key} FROM {table} WHERE thread_id = 0"
        yield f"first row of a {name}'s thread", reference(table, key, "thread_id", table, key)
        yield (f"a {name}'s thread that is no thread", f"SELECT a.{key}, b.thread_id FROM {table} a JOIN {table} b ON "
               f"b.{key} = a.thread_id WHERE b.thread_id <> b.{key}")
        yield (f"a {name} elsewhere than its thread", f"SELECT a.{key} FROM {table} a JOIN {table} b ON b.{key} = a.thread_id "
               "WHERE (a.project_id, a.action_id) <> (b.project_id, b.action_id)")
        yield f"a {name} before its thread's first row", f"SELECT {key} FROM {table} WHERE {key} < thread_id"
        if rank:
            yield (f"two of a {name}'s versions alike", f"SELECT thread_id, {rank} FROM {table} GROUP BY thread_id, {rank} "
                   "HAVING COUNT(*) > 1")


def trees():
    yield "parent of an action", reference(ACTION, "action_id", "parent_action_id", ACTION, "action_id")
    yield ("an action in another project than its parent", f"SELECT a.action_id FROM {ACTION} a JOIN {ACTION} b ON b.action_id = "
           "a.parent_action_id WHERE a.project_id <> b.project_id")
    yield ("counted children", f"SELECT a.action_id, a.level_children, COUNT(b.action_id) FROM {ACTION} a LEFT JOIN {ACTION} b "
           "ON b.parent_action_id = a.action_id GROUP BY a.action_id, a.level_children HAVING a.level_children <> COUNT(b.action_id)")
    yield ("actions that no root leads to", f"WITH RECURSIVE reached AS (SELECT action_id FROM {ACTION} WHERE parent_action_id = 0 "
           f"UNION ALL SELECT a.action_id FROM {ACTION} a JOIN reached r ON a.parent_action_id = r.action_id) "
           f"SELECT action_id FROM {ACTION} WHERE action_id NOT IN (SELECT action_id FROM reached)")


def tickets():
    yield "ticket of a ticketxref", reference(XREF, "xref_id", "ticket_id", "tbltickets", "id")
    yield "a ticketxref without ticket", f"SELECT xref_id FROM {XREF} WHERE ticket_id = 0"
    yield "ticket of a timelog", reference(PREFIX + "timelog", "timelog_id", "ticket_id", "tbltickets", "id")


def faults(query):
    """query(sql) → rows; what is wrong, by what it is."""
    checks = [*below_parents(), *threads(), *trees(), *tickets()]
    found = {what: query(sql) for what, sql in checks}
    return {what: rows[:5] for what, rows in found.items() if rows}
