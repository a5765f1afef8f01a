"""What an answer must hold, read from the database by other means than the gateway's.

A second opinion, not a copy: rows come over the text protocol, are typed by information_schema,
and are put into the shapes of spec/remote-api.md section 5 by the few lines below.
"""

import base64

import pymysql

PREFIX = "tbladdon_wbteampro_"
SECOND = {  # resource: table, key, singular
    "projects": (PREFIX + "project", "project_id", "project"),
    "actions": (PREFIX + "action", "action_id", "action"),
    "topics": (PREFIX + "topic", "topic_id", "topic"),
    "files": (PREFIX + "file", "file_id", "file"),
    "timelogs": (PREFIX + "timelog", "timelog_id", "timelog"),
    "ticketxrefs": (PREFIX + "ticketxref", "xref_id", "ticketxref"),
    "whmcstickets": ("tbltickets", "id", "whmcsticket"),
}
HIDDEN = {"files": {"file_path"}, "whmcstickets": {"c", "merged_ticket_id"}}
INTEGERS = {"year", "tinyint", "smallint", "mediumint", "int", "bigint"}
EXACT = {"decimal", "double", "float"}
BINARY = {"varbinary", "binary", "blob", "tinyblob", "mediumblob", "longblob"}


class Exact(str):
    """A number with a fraction, compared by its text, so that its scale counts."""

    def __repr__(self):
        return f"Exact({str(self)})"


class Oracle:
    def __init__(self, mariadb, database="whmcs"):
        self.connection = pymysql.connect(unix_socket=mariadb.socket, user="root", database=database,
                                          charset="utf8mb4", autocommit=True, conv={})
        self.types = {}

    def query(self, sql):
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return [column[0] for column in cursor.description], cursor.fetchall()

    def columns(self, table):
        """name → data type, in the table's order."""
        if table not in self.types:
            _, rows = self.query("SELECT column_name, data_type FROM information_schema.columns WHERE "
                                 f"table_schema = DATABASE() AND table_name = '{table}' ORDER BY ordinal_position")
            self.types[table] = dict(rows)
        return self.types[table]

    @staticmethod
    def value(kind, raw):
        if raw is None:
            return None
        if kind in INTEGERS:
            return int(raw)
        if kind in EXACT:
            return Exact(raw)
        if kind in BINARY:
            return base64.b64encode(raw).decode()
        return raw if isinstance(raw, str) else raw.decode("utf-8", "replace")

    def rows(self, table, tail, hidden=()):
        kinds = {name: kind for name, kind in self.columns(table).items() if name not in hidden}
        # text as hex, so that bad bytes neither stop this client nor become question marks
        picks = ",".join(f"HEX(`{name}`)" if self.is_text(kind) else f"`{name}`" for name, kind in kinds.items())
        _, found = self.query(f"SELECT {picks} FROM {table} {tail}")
        return [{name: self.value(kind, self.unhex(kind, raw)) for (name, kind), raw in zip(kinds.items(), row)}
                for row in found]

    @staticmethod
    def is_text(kind):
        return kind.endswith("text") or kind.endswith("char")

    def unhex(self, kind, raw):
        return bytes.fromhex(raw) if self.is_text(kind) and raw is not None else raw

    def list(self, resource, tail="", xref=None):
        """Rows by an SQL tail (WHERE … ORDER BY …); xref narrows a ticket's ticketxref."""
        table, key, _ = SECOND[resource]
        rows = self.rows(table, tail or f"ORDER BY {key}", HIDDEN.get(resource, ()))
        if resource == "whmcstickets":
            for row in rows:
                row["ticketxref"] = self.xref(row["id"], xref)
        return rows

    def record(self, resource, number, xref=None):
        _, key, _ = SECOND[resource]
        return self.list(resource, f"WHERE {key} = {number}", xref)[0]

    def ids(self, resource, numbers, xref=None):
        return [self.record(resource, number, xref) for number in numbers]

    def xref(self, ticket, where=None):
        rows = self.rows(PREFIX + "ticketxref",
                         f"WHERE ticket_id = {ticket} AND {where or 1} ORDER BY xref_id LIMIT 1")
        return rows[0] if rows else None

    def replies(self, ticket):
        return self.rows("tblticketreplies", f"WHERE tid = {ticket} ORDER BY date, id")


def single_data(filters=None):
    """`data` of a single record: spec section 5, members as docs/decisions.md lists them."""
    return {"total": 1, "page": 1, "pages": 1, "page_count": 1, "limit": 1, "offset": 0, "filters": filters or {}}


def list_data(total, filters=None, limit=50, page=1, offset=None):
    """`data` of a list: pages is the floor (the vendor's), page_count how many pages there are."""
    offset = (page - 1) * limit if offset is None else offset
    return {"total": total, "page": offset // limit + 1, "pages": total // limit,
            "page_count": max(1, -(-total // limit)), "limit": limit,
            "offset": offset, "filters": filters or {}}
