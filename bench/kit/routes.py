"""The routes under load, who serves them, and what the ratios must show."""

from dataclasses import dataclass
from urllib.parse import quote

from . import database as db
from .reports import REPORTS
from .writes import CREATES, UPDATES

PROJECTS = 20000


@dataclass(frozen=True)
class Route:
    name: str
    title: str
    script: str           # bench/wrk/SCRIPT.lua
    peers: tuple          # names of the peers that serve it
    samples: tuple        # targets, or writes, whose answers are compared before the load
    status: int = 200
    format: str = "json"
    limit: str = ""       # statements for the bare client, a name of `statements`
    method: str = "GET"

    @property
    def is_write(self):
        return self.method != "GET"

    @property
    def is_report(self):
        return self.script == "report"


@dataclass(frozen=True)
class Target:
    """value(results) must be at least, or at most, the bound."""
    title: str
    route: str
    of: str               # rate, cpu
    over: str             # the peer compared with, "series" for the series limit
    bound: float
    is_ceiling: bool = False


def _params(text):
    return "projects/json?params=" + quote(text)


ALL = ("portcullis", "php", "node")

ROUTES = (
    Route("record", "one record at random", "record", ALL + ("memory", "node-kept", "portcullis-log"),
          ("projects/1/json", "projects/777/json", "projects/20000/json"), limit="record"),
    Route("same", "one record, always the same", "same", ALL, ("projects/4242/json",)),
    Route("children", "a project and its actions", "children", ALL,
          ("projects/1/actions/json", "projects/777/actions/json"), limit="children"),
    Route("list_first", "list of 50, first page", "list_first", ALL,
          (_params('{"limit":50}'), _params('{"limit":50,"sort":"-project_id"}'),
           _params('{"limit":7,"sort":"project_id"}')), limit="list_first"),
    Route("list_offset", "list of 50, random offset up to 5,000", "list_offset", ALL,
          (_params('{"limit":50,"offset":0}'), _params('{"limit":50,"offset":4321}')),
          limit="list_offset"),
    Route("list_cursor", "list of 50, by cursor", "list_cursor", ALL, ()),
    Route("list_client", "list of one client's 50 projects", "list_client", ALL,
          (_params('{"client_userid":17}'), _params('{"client_userid":400}'))),
    Route("wrong", "a wrong request", "wrong", ALL + ("memory",), ("projektes/17/json",), status=404),
    Route("create", "create a timelog", "create", ALL + ("node-kept",), CREATES, method="POST"),
    Route("update", "update an action", "update", ALL + ("node-kept",), UPDATES, method="PUT"),
    Route("report", "report abuse", "report", ("portcullis", "php"), REPORTS, method="POST"),
    Route("list_first_xml", "list of 50, first page, XML", "list_first", ("portcullis",), (),
          format="xml"),
)

TARGETS = (
    Target("one record at least 8 x PHP", "record", "rate", "php", 8),
    Target("one record at least 5 x Node", "record", "rate", "node", 5),
    Target("one record at least 0.7 of the series limit", "record", "rate", "series", 0.7),
    Target("one record, always the same, at least 8 x PHP", "same", "rate", "php", 8),
    Target("one record, always the same, at least 5 x Node", "same", "rate", "node", 5),
    Target("project + actions at least 6 x PHP", "children", "rate", "php", 6),
    Target("list of 50, first page, at least 8 x PHP", "list_first", "rate", "php", 8),
    Target("list of 50, random offset, at least 5 x PHP", "list_offset", "rate", "php", 5),
    Target("create a timelog at least 2 x PHP", "create", "rate", "php", 2),
    Target("update an action at least 2 x PHP", "update", "rate", "php", 2),
    Target("report abuse at least 2 x PHP", "report", "rate", "php", 2),
    Target("a wrong request at least 0.5 x H", "wrong", "rate", "memory", 0.5),
    Target("XML at most 3 x the CPU of JSON", "list_first_xml", "cpu", "list_first", 3, True),
)

IDLE_KIB = 2.0


def statements(base):
    """What the bare client does for a route: the gateway's statements, parameters before the tab."""
    def columns(table, prefix=""):
        return ", ".join(f"{prefix}`{name}`" for name, _ in base.columns(table))
    project, action = columns(db.PROJECT), columns(db.ACTION)
    record = f"1:{PROJECTS}\tSELECT {project} FROM `{db.PROJECT}` WHERE `project_id` = ?"
    page = (f"SELECT {columns(db.PROJECT, 't.')} FROM `{db.PROJECT}` AS t JOIN (SELECT `project_id` "
            f"FROM `{db.PROJECT}` ORDER BY `project_id` LIMIT ? OFFSET ?) AS k "
            "ON k.`project_id` = t.`project_id` ORDER BY t.`project_id`")
    return {
        "record": [record],
        "children": [record, f"1:{PROJECTS}\tSELECT {action} FROM `{db.ACTION}` "
                             "WHERE `project_id` = ? ORDER BY `action_id` LIMIT 51"],
        "list_first": [f"1:99\tSELECT {project} FROM `{db.PROJECT}` ORDER BY `project_id` LIMIT ?"],
        "list_offset": [f"51:51 0:5000\t{page}"],
    }
