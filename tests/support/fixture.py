"""The tests' own rows: few, known, and ugly where real databases are.

Only columns named by spec/data-model.md are set; the others take their implicit defaults
(sql_mode is empty while loading), as in a database that PHP has written for years.
"""

import hashlib
import os
import pathlib
import shutil
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import crypt

PREFIX = "tbladdon_wbteampro_"
PASSWORDS = {
    "alice": "wonderland", "bob": "builder", "carol": "christmas", "dave": "davenport",
    "eve": "paradise", "zoë": "schlüssel", "frank": "b2a", "gina": "b2b", "henry": "UPPER",
}


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def bcrypt(word, kind="2y", cost=4):
    return crypt.crypt(word, f"${kind}${cost:02d}$abcdefghijklmnopqrstuu")


def admins():
    """id, username, role, stored password, disabled"""
    def stored(name, kind="2y"):
        return bcrypt(md5(PASSWORDS[name]), kind)
    return [
        (1, "alice", 1, stored("alice"), 0),
        (2, "bob", 2, md5(PASSWORDS["bob"]), 0),
        (3, "carol", 1, stored("carol"), 1),
        (4, "dave", 3, stored("dave"), 0),
        (5, "eve", 1, PASSWORDS["eve"], 0),  # neither MD5 nor bcrypt: always fails
        (6, "zoë", 1, md5(PASSWORDS["zoë"]), 0),
        (7, "frank", 1, stored("frank", "2a"), 0),
        (8, "gina", 1, stored("gina", "2b"), 0),
        (9, "henry", 1, md5(PASSWORDS["henry"]).upper(), 0),
    ]


EXTRA_COLUMNS = """
ALTER TABLE tbladdon_wbteampro_project
  ADD COLUMN custom_amount decimal(10,2) NULL,
  ADD COLUMN custom_rate double NULL,
  ADD COLUMN custom_float float NULL,
  ADD COLUMN custom_big bigint unsigned NULL,
  ADD COLUMN custom_blob varbinary(16) NULL,
  ADD COLUMN custom_note varchar(64) NULL,
  ADD COLUMN custom_when datetime NULL,
  ADD COLUMN custom_day date NULL,
  ADD COLUMN custom_kind enum('red','green','blue') NULL,
  ADD COLUMN custom_raw text CHARACTER SET utf8mb4 NULL,
  ADD COLUMN `2nd name` varchar(32) NULL
"""

DATE = "2026-01-15 10:00:00"

PROJECTS = [
    dict(project_id=100, project_name="Relaunch – Müller & Söhne <GmbH>", project_detail="Zeile 1\r\nZeile 2\t\"q\" 'a' \\ / ünïcödé 日本",
         project_notes="50% off_now", project_type="web", project_status="Active", project_function="default",
         project_complete=40, client_userid=7, manager_adminid=1, assigned_adminid=2, owner_adminid=1,
         visible_status="all", client_visible="visible", billable=1, date_start="2026-01-01",
         date_finish="0000-00-00", date_created=DATE, date_modified="0000-00-00 00:00:00",
         date_activity="2026-03-01 08:00:00", custom_amount="1234.50", custom_rate="0.25",
         custom_big="18446744073709551615", custom_blob=b"\x00\xff\x10", custom_note=None,
         custom_when="2026-02-03 04:05:06", custom_day="0000-00-00", custom_kind="green", **{"2nd name": "zwei"}),
    dict(project_id=101, project_name="Archiv", project_status="Completed", project_function="archive",
         project_complete=100, client_userid=8, manager_adminid=2, visible_status="manager",
         date_start="2020-05-01", date_finish="2020-12-31", date_created="2020-04-01 00:00:00",
         date_activity="2020-12-31 23:59:59", custom_amount="-0.01", custom_note=""),
    dict(project_id=102, project_name="Steuer\x01zeichen\x0b und \x7f", project_detail="a\x00b]]>&amp;<x/>",
         project_status="Paused", project_function="template", project_complete=0, client_userid=7,
         visible_status="related", date_created="2021-06-07 08:09:10", date_activity="2021-06-07 08:09:10",
         custom_amount="0.00", custom_note="bad bytes", custom_raw="replaced below"),
]
for number in range(200, 260):
    PROJECTS.append(dict(
        project_id=number, project_name=f"Project {number:03d}", project_detail=f"detail {number % 7}",
        project_notes="needle" if number % 20 == 0 else "hay", project_type=("web", "mail", "dns")[number % 3],
        project_status=("Active", "In Production", "Completed", "Cancelled")[number % 4], project_function="default",
        project_complete=(number % 5) * 25, client_userid=1 + number % 3, manager_adminid=1 + number % 2,
        visible_status="all", billable=number % 2, date_start=f"2025-{1 + number % 12:02d}-01",
        date_finish="0000-00-00" if number % 2 else f"2026-{1 + number % 12:02d}-28",
        date_created=f"2025-01-{1 + number % 28:02d} 12:00:00", date_activity=f"2025-02-{1 + number % 4:02d} 00:00:00",
        custom_amount=None if number % 6 == 0 else f"{number % 5}.50", custom_rate=None if number % 4 else "1.5",
        custom_big=number * 10 ** 15 if number % 3 else None,
        custom_note=None if number % 3 == 0 else ("b", "B", "ä", "a")[number % 4],
        custom_when=None if number % 5 == 0 else f"2026-01-01 00:00:{number % 3:02d}",
        custom_day=None if number % 7 == 0 else ("0000-00-00" if number % 7 == 1 else f"2026-01-{number % 4 + 1:02d}"),
        custom_kind=(None, "red", "green", "blue")[number % 4]))

ACTIONS = [
    dict(action_id=55, project_id=100, parent_action_id=0, level_children=1, level_class="group", ordering=1,
         action_name="Entwurf", action_detail="", action_notes="n", action_status="open", action_priority=2,
         action_complete=50, action_duration=3600, assigned_adminid=2, client_visible="inherit", billable=1,
         date_start="2026-01-02", date_finish="0000-00-00", date_created=DATE),
    dict(action_id=56, project_id=100, parent_action_id=55, level_children=0, level_class="task", ordering=1,
         action_name="Farben wählen", action_priority=1, client_visible="view", date_created=DATE),
    dict(action_id=57, project_id=100, parent_action_id=0, level_class="milestone", ordering=2,
         action_name="Abnahme", action_priority=3, client_visible="hidden", date_created="2026-01-16 10:00:00"),
    dict(action_id=58, project_id=101, level_class="task", action_name="Alt", date_created="2020-04-02 00:00:00"),
    dict(action_id=60, project_id=200, level_class="task", action_name="Sixty", date_created="2025-04-02 00:00:00"),
]

TOPICS = [
    dict(topic_id=1, thread_id=1, project_id=100, action_id=0, topic_name="Kickoff", topic_detail="first",
         topic_status="open", owner_adminid=1, date_created="2026-01-20 09:00:00", date_activity="2026-01-20 09:00:00"),
    dict(topic_id=2, thread_id=1, project_id=100, action_id=0, topic_name="Re: Kickoff", topic_detail="second",
         topic_status="open", owner_adminid=2, date_created="2026-01-21 09:00:00", date_activity="2026-01-21 09:00:00"),
    dict(topic_id=3, thread_id=1, project_id=100, action_id=0, topic_name="Re: Kickoff", topic_detail="third",
         topic_status="open", owner_adminid=1, date_created="2026-01-22 09:00:00", date_activity="2026-01-22 09:00:00"),
    dict(topic_id=4, thread_id=4, project_id=100, action_id=55, topic_name="Logo", topic_detail="old logo",
         topic_status="closed", owner_adminid=2, date_created="2026-01-10 09:00:00", date_activity="2026-01-10 09:00:00"),
    dict(topic_id=5, thread_id=4, project_id=100, action_id=55, topic_name="Re: Logo", topic_detail="new logo",
         topic_status="closed", owner_adminid=1, date_created="2026-01-25 09:00:00", date_activity="2026-01-25 09:00:00"),
    dict(topic_id=6, thread_id=6, project_id=101, action_id=0, topic_name="Alone", topic_detail="",
         topic_status="open", owner_adminid=1, date_created="2020-05-01 00:00:00", date_activity="2020-05-01 00:00:00"),
]

PLAN = b"%PDF-1.4 " + bytes(range(256)) * 40
FILES = [
    dict(file_id=1, thread_id=1, project_id=100, action_id=0, file_label="Plan", file_version=1, file_name="plan.pdf",
         file_mime="application/pdf", file_size=9, file_path="a/plan-1.pdf", file_status="open",
         date_created="2026-01-05 00:00:00", _bytes=b"version 1"),
    dict(file_id=2, thread_id=1, project_id=100, action_id=0, file_label="Plan", file_version=2, file_name="plan.pdf",
         file_mime="application/pdf", file_size=len(PLAN), file_path="a/plan-2.pdf", file_status="open",
         date_created="2026-01-06 00:00:00", _bytes=PLAN),
    dict(file_id=3, thread_id=3, project_id=100, action_id=55, file_label="Bild", file_version=1,
         file_name="Übersicht \"neu\".html", file_mime="text/html", file_size=17, file_path="b/page.html",
         date_created="2026-01-07 00:00:00", _bytes=b"<script></script>"),
    dict(file_id=4, thread_id=4, project_id=101, file_version=1, file_name="gone.txt", file_path="a/gone.txt"),
    dict(file_id=5, thread_id=5, project_id=101, file_version=1, file_name="up.txt", file_path="../outside.txt"),
    dict(file_id=6, thread_id=6, project_id=101, file_version=1, file_name="link.txt", file_path="a/link.txt"),
    dict(file_id=7, thread_id=7, project_id=101, file_version=1, file_name="fifo.txt", file_path="a/fifo"),
    dict(file_id=8, thread_id=8, project_id=101, file_version=1, file_name="root.txt", file_path="/etc/passwd"),
    dict(file_id=9, thread_id=9, project_id=101, file_version=1, file_name="folder", file_path="a"),
    dict(file_id=10, thread_id=10, project_id=101, file_version=1, file_name="empty.bin", file_mime="",
         file_path="empty.bin", _bytes=b""),
    dict(file_id=11, thread_id=11, project_id=101, file_version=1, file_name="none.txt", file_path=""),
    dict(file_id=12, thread_id=12, project_id=101, file_version=1, file_name="linkdir.txt", file_path="linkdir/outside.txt"),
    dict(file_id=13, thread_id=13, project_id=101, file_version=1, file_name="deep.txt", file_path="a/../../outside.txt"),
    dict(file_id=14, thread_id=14, project_id=200, file_version=1, file_name="evil\r\nX-Evil: 1.txt",
         file_mime="text/plain\r\nX-Evil: 2", file_path="evil.txt", file_size=4, _bytes=b"evil"),
]

TIMELOGS = [
    dict(timelog_id=1, project_id=100, action_id=0, owner_adminid=1, timelog_note="Planung", timelog_status="complete",
         timelog_start="2026-01-02 09:00:00", timelog_stop="2026-01-02 10:00:00", timelog_elapsed=3600, timelog_billable=1),
    dict(timelog_id=2, project_id=100, action_id=55, owner_adminid=2, timelog_note="Entwurf", timelog_status="complete",
         timelog_start="2026-01-03 09:00:00", timelog_stop="2026-01-03 09:30:00", timelog_elapsed=1800, timelog_billable=1),
    dict(timelog_id=3, project_id=0, action_id=56, owner_adminid=2, timelog_note="only the action is known",
         timelog_status="active", timelog_start="2026-01-04 09:00:00", timelog_stop="0000-00-00 00:00:00"),
    dict(timelog_id=4, project_id=101, action_id=0, owner_adminid=1, timelog_note="alt", timelog_status="complete",
         timelog_start="2020-05-01 00:00:00", timelog_stop="2020-05-01 01:00:00", timelog_elapsed=3600),
    dict(timelog_id=5, project_id=0, action_id=58, owner_adminid=1, timelog_status="complete",
         timelog_start="2020-05-02 00:00:00", timelog_stop="2020-05-02 01:00:00", timelog_elapsed=3600, invoice_id=9),
]

TICKETS = [
    dict(id=2038, tid="ABC-123456", did=1, userid=7, name="Kunde", email="kunde@example.org", c="SECRETC1", date=DATE,
         title="Störung", message="Es geht nicht – 100%", status="Open", urgency="High", admin="", lastreply=DATE,
         flag=1, service="S12"),
    dict(id=2039, tid="DEF-234567", did=2, userid=8, name="Zwei", email="zwei@example.org", c="SECRETC2", date=DATE,
         title="Zweites", message="mehrere Verweise", status="Answered", urgency="Low", lastreply=DATE),
    dict(id=2040, tid=None, did=1, userid=7, name="Drei", email="drei@example.org", c="SECRETC3",
         date="0000-00-00 00:00:00", title="Ohne Verweis", message="", status="Closed", urgency="Medium",
         lastreply="0000-00-00 00:00:00"),
    dict(id=2041, tid="GHI-345678", did=1, userid=7, name="Vier", email="vier@example.org", c="SECRETC4", date=DATE,
         title="Verschmolzen", message="x", status="Closed", urgency="Low", lastreply=DATE, merged_ticket_id=2038),
]

XREFS = [
    dict(xref_id=91, ticket_id=2038, project_id=219, action_id=0, date_created=DATE),
    dict(xref_id=92, ticket_id=2039, project_id=100, action_id=0, date_created=DATE),
    dict(xref_id=93, ticket_id=2039, project_id=100, action_id=55, date_created=DATE),
    dict(xref_id=94, ticket_id=2039, project_id=200, action_id=0, date_created=DATE),
    dict(xref_id=95, ticket_id=2041, project_id=100, action_id=0, date_created=DATE),
    dict(xref_id=90, ticket_id=2038, project_id=100, action_id=57, date_created=DATE),
]

REPLIES = [
    dict(id=31, tid=2039, userid=0, name="", email="", date="2026-01-17 00:00:00", message="later", admin="alice"),
    dict(id=32, tid=2039, userid=8, name="Zwei", email="zwei@example.org", date="2026-01-16 00:00:00",
         message="earlier", admin="", rating=5),
    dict(id=33, tid=2040, userid=7, name="Drei", email="drei@example.org", date=DATE, message="other", admin=""),
]

MODULES = [("wbteampro", "access", "1,2"), ("wbteampro", "api_active", "on"), ("wbteampro", "version", "3.1.4"),
           ("wbteampro", "project_prefix", "PRJ–"), ("abusemanagerpro", "secret_setting", "SECRETMODULE")]
CONFIGURATION = [("CompanyName", "Beispiel GmbH"), ("DateFormat", "DD/MM/YYYY"), ("SMTPPassword", "SECRETSMTP"),
                 ("InvalidLoginBanLength", "15")]
CONFIG = {"api_active": "on", "version": "3.1.4", "project_prefix": "PRJ–", "CompanyName": "Beispiel GmbH",
          "DateFormat": "DD/MM/YYYY"}
SECRETS = ["SECRETC1", "SECRETC2", "SECRETC3", "SECRETC4", "SECRETMODULE", "SECRETSMTP"]

BAD_TEXT = b"A\xffB\xc3(\xe2\x82C"  # lone bytes, a cut sequence before ASCII


def insert(cursor, table, rows):
    for row in rows:
        row = {name: value for name, value in row.items() if not name.startswith("_")}
        names = ",".join(f"`{name}`" for name in row)
        cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({','.join(['%s'] * len(row))})",
                       list(row.values()))


def load_structure(mariadb, root, database="whmcs"):
    mariadb.run(f"DROP DATABASE IF EXISTS `{database}`", database=None)
    mariadb.run(f"CREATE DATABASE `{database}` CHARACTER SET utf8mb3", database=None)
    for path in sorted(pathlib.Path(root, "schema/structure").glob("*.sql")):
        mariadb.load(path, database)


def load_rows(mariadb, database="whmcs", bad_text=True):
    """All rows above, in a database that has the shipped structure."""
    with mariadb.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        cursor.execute(EXTRA_COLUMNS)
        for number, name, role, stored, disabled in admins():
            insert(cursor, "tbladmins", [dict(id=number, username=name, roleid=role, password=stored,
                                              disabled=disabled, supportdepts=",1,2,", email=f"{number}@example.org")])
        insert(cursor, PREFIX + "project", PROJECTS)
        cursor.execute(f"UPDATE {PREFIX}project SET custom_float = (project_id % 7 + 1) / 10")
        insert(cursor, PREFIX + "action", ACTIONS)
        insert(cursor, PREFIX + "topic", TOPICS)
        insert(cursor, PREFIX + "file", FILES)
        insert(cursor, PREFIX + "timelog", TIMELOGS)
        insert(cursor, "tbltickets", TICKETS)
        insert(cursor, PREFIX + "ticketxref", XREFS)
        insert(cursor, "tblticketreplies", REPLIES)
        cursor.execute("DELETE FROM tbladdonmodules")
        cursor.execute("DELETE FROM tblconfiguration")
        insert(cursor, "tbladdonmodules", [dict(module=m, setting=s, value=v) for m, s, v in MODULES])
        insert(cursor, "tblconfiguration", [dict(setting=s, value=v) for s, v in CONFIGURATION])
    if bad_text:
        store_bad_text(mariadb, database)


def store_bad_text(mariadb, database):
    """Puts BAD_TEXT into project 102's utf8mb4 column. No statement can do that any more; a
    tablespace filled while the column was latin1 can."""
    table, donor = PREFIX + "project", "portcullis_test_donor"
    folder = mariadb.data / database
    with mariadb.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode=''")
        cursor.execute("SELECT index_name, column_name FROM information_schema.statistics WHERE table_schema = "
                       "DATABASE() AND table_name = %s AND index_name <> 'PRIMARY'", (table,))
        keys = cursor.fetchall()  # a tablespace without its description may bring none along
        cursor.execute(f"ALTER TABLE {table} " + ",".join(f"DROP KEY `{key}`" for key in dict(keys)))
        cursor.execute(f"CREATE TABLE {donor} LIKE {table}")
        cursor.execute(f"INSERT INTO {donor} SELECT * FROM {table}")
        cursor.execute(f"ALTER TABLE {donor} MODIFY custom_raw text CHARACTER SET latin1 NULL")
        cursor.execute(f"UPDATE {donor} SET custom_raw = _latin1 x'{BAD_TEXT.hex()}' WHERE project_id = 102")
        cursor.execute(f"FLUSH TABLES {donor} FOR EXPORT")
        shutil.copy(folder / f"{donor}.ibd", folder / "donor.copy")
        cursor.execute("UNLOCK TABLES")
        cursor.execute(f"ALTER TABLE {table} DISCARD TABLESPACE")
        os.rename(folder / "donor.copy", folder / f"{table}.ibd")
        cursor.execute(f"ALTER TABLE {table} IMPORT TABLESPACE")
        cursor.execute(f"DROP TABLE {donor}")
        cursor.execute(f"ALTER TABLE {table} " + ",".join(f"ADD KEY `{key}` (`{column}`)" for key, column in keys))


def make_files(root):
    """The bytes under files.root, and the traps beside them."""
    root = pathlib.Path(root)
    (root / "a").mkdir(parents=True)
    (root / "b").mkdir()
    outside = root.parent / "outside"
    outside.mkdir()
    for place in (root.parent / "outside.txt", outside / "outside.txt"):
        place.write_text("OUTSIDE")
    for row in FILES:
        if "_bytes" in row:
            (root / row["file_path"]).write_bytes(row["_bytes"])
    os.symlink(root.parent / "outside.txt", root / "a/link.txt")
    os.symlink(outside, root / "linkdir")
    os.mkfifo(root / "a/fifo")
    return root
