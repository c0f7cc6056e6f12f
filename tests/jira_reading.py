"""Reading the stand-in for Jira with the real source, and holding what was read against what Jira holds."""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jira_standin import JiraStandIn

from analysis.taxonomy import read_criteria
from analysis.text import parse_moment
from analysis.warehouse import Warehouse
from pipelines.extract import extract
from pipelines.field_catalogue import FieldCatalogue
from pipelines.jira import Account, Connection, JiraSource, Known, Limiter
from pipelines.known import NOT_TIMES, cursors, stored_versions, with_remote_links
from pipelines.load import Loaded, Normaliser, load
from pipelines.normalise import NORMALISE_VERSION, normalise
from pipelines.raw_files import Manifest

Json = dict[str, Any]
Told = dict[int, tuple[Any, ...]]
CRITERIA = read_criteria(None)
CATALOGUE = FieldCatalogue.of(CRITERIA.site, {})
PROJECTS = ("SUP",)


@dataclass
class Clock:
    """A clock that only sleeping moves."""

    time: float = 1000.0
    slept: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.slept.append(seconds)
            self.time += seconds


def connect(jira: JiraStandIn, clock: Clock | None = None, **account: Any) -> Connection:
    clock = clock or Clock()
    given = {"url": jira.url, "token": jira.token, "email": jira.email if jira.cloud else None, **account}
    return Connection(Account(**given), Limiter(clock.now, clock.sleep), lambda _: None)


def source_of(jira: JiraStandIn, known: Known, projects: tuple[str, ...], clock: Clock | None = None) -> JiraSource:
    return JiraSource(connect(jira, clock), projects, known, lambda _: None, workers=4)


@dataclass
class Desk:
    """What a desk without a warehouse holds; nothing is taken over from a reading that failed."""

    jira: JiraStandIn
    projects: tuple[str, ...] = PROJECTS
    clock: Clock = field(default_factory=Clock)
    held: dict[int, Json] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def read(self, wanted: Iterable[int] = ()) -> int:
        """Read what changed; gives how many issues came."""
        positions = [datetime.fromisoformat(at) for scope, at in self.cursors.items() if scope not in NOT_TIMES]
        since = min(positions, default=datetime.max)
        updated = {issue_id: updated_of(issue) for issue_id, issue in self.held.items()}
        known = Known({i: at for i, at in updated.items() if at >= since}, self.cursors, wanted=frozenset(wanted))
        source = source_of(self.jira, known, self.projects, self.clock)
        came = [json.loads(json.dumps(issue)) for issue, _ in source.issues()]
        for issue in came:
            old = self.held.get(int(issue["id"]))
            if old is None or updated_of(old) <= updated_of(issue):
                self.held[int(issue["id"])] = issue
        self.cursors |= source.cursors
        self.notes = source.notes
        return len(came)

    def check(self) -> None:
        """Every issue, history, comment, worklog and link that Jira shows is held, and nothing else."""
        rows = [normalise(issue, CATALOGUE) for issue in self.held.values()]
        same({name: [row for part in rows for row in part[name]] for name in rows[0]} if rows else {}, self.jira)


def updated_of(issue: Json) -> datetime:
    moment = parse_moment(issue["fields"]["updated"])
    assert moment is not None
    return moment


def same(rows: Mapping[str, list[Json]], jira: JiraStandIn) -> None:
    held = held_of(rows)
    shown = shown_by(jira)
    assert set(held) == set(shown)
    for issue_id, told in shown.items():
        assert held[issue_id] == told


def held_of(rows: Mapping[str, list[Json]]) -> Told:
    """Issue → key, time of update, status, changes, comments, worklogs, links."""
    parts: dict[str, dict[int, list[Any]]] = {"changes": {}, "comments": {}, "worklogs": {}, "links": {}}
    for row in rows.get("changes", ()):
        one = (row["history_id"], row["item_no"], row["changed_at"], row["field_name"])
        parts["changes"].setdefault(row["issue_id"], []).append(one)
    for row in rows.get("comments", ()):
        comment = (row["comment_id"], row["created_at"], row["updated_at"])
        parts["comments"].setdefault(row["issue_id"], []).append(comment)
    for row in rows.get("worklogs", ()):
        worklog = (row["worklog_id"], row["author_id"], row["started_at"], row["hours"])
        parts["worklogs"].setdefault(row["issue_id"], []).append(worklog)
    for row in rows.get("links", ()):
        link = (row["link_id"], row["kind"], row["direction"], row["target_id"])
        parts["links"].setdefault(row["issue_id"], []).append(link)
    told: Told = {}
    for row in rows.get("tickets", ()):
        ident = row["issue_id"]
        assert ident not in told
        lists = (sorted(part.get(ident, [])) for part in parts.values())
        told[ident] = (row["ticket_key"], row["updated_at"], row["status"], row["changelog"], *lists)
    return told


def shown_by(jira: JiraStandIn) -> Told:
    told: Told = {}
    for ident, issue in jira.snapshot().items():
        changes = [
            (int(history["id"]), number, history["created"], item["field"])
            for history in issue["histories"]
            for number, item in enumerate(history["items"], 1)
        ]
        comments = [(int(one["id"]), one["created"], one["updated"]) for one in issue["comments"]]
        worklogs = [(int(one["id"]), one["author"], one["started"], one["seconds"] / 3600) for one in issue["worklogs"]]
        links = [(int(one["id"]), one["type"], one["direction"], int(one["other"])) for one in issue["links"]]
        fields = issue["fields"]
        lists = (sorted(part) for part in (changes, comments, worklogs, links))
        told[int(ident)] = (issue["key"], fields["updated"], fields["status"]["name"], "whole", *lists)
    return told


@dataclass
class WarehouseDesk:
    """A desk with raw files and a warehouse, as the weekly run uses them."""

    jira: JiraStandIn
    home: Path
    projects: tuple[str, ...] = PROJECTS
    clock: Clock = field(default_factory=Clock)

    @property
    def file(self) -> Path:
        return self.home / "warehouse.duckdb"

    def extract(self, wanted: Iterable[int] = ()) -> Manifest:
        known = Known()
        if self.file.exists():
            with Warehouse.open(self.file) as warehouse:
                links = with_remote_links(warehouse)
                known = Known(stored_versions(warehouse), cursors(warehouse), links, frozenset(wanted))
        return extract(source_of(self.jira, known, self.projects, self.clock), self.home / "raw")

    def load(self, manifest: Manifest, normaliser: Normaliser = normalise) -> Loaded:
        with Warehouse.open(self.file) as warehouse:
            return load(warehouse, self.home / "raw", manifest, CRITERIA, normaliser, (NORMALISE_VERSION, None))

    def read(self, wanted: Iterable[int] = ()) -> Loaded:
        return self.load(self.extract(wanted))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with Warehouse.open(self.file) as warehouse:
            return list(warehouse.rows(query))

    def cursors(self) -> dict[str, str]:
        with Warehouse.open(self.file) as warehouse:
            return cursors(warehouse)

    def check(self) -> None:
        columns = {
            "tickets": ("issue_id", "ticket_key", "updated_at", "status", "changelog"),
            "changes": ("issue_id", "history_id", "item_no", "changed_at", "field_name"),
            "comments": ("issue_id", "comment_id", "created_at", "updated_at"),
            "worklogs": ("issue_id", "worklog_id", "author_id", "started_at", "hours"),
            "links": ("issue_id", "link_id", "kind", "direction", "target_id"),
        }
        with Warehouse.open(self.file) as warehouse:
            rows = {
                table: [
                    dict(zip(names, row, strict=True))
                    for row in warehouse.rows(f"select {', '.join(names)} from core.{table}")
                ]
                for table, names in columns.items()
            }
        rows["links"] = [row for row in rows["links"] if row["kind"] != "remote"]
        same(rows, self.jira)


def some_tickets(jira: JiraStandIn, n: int = 30, project: str = "SUP", span: timedelta | None = None) -> list[str]:
    """A project with tickets, a few histories and comments each."""
    if project not in jira.projects:
        jira.add_project(project)
    width = timedelta(days=3) if span is None else span
    return jira.bulk_create(project, n, n_histories=2, n_comments=1, heavy_share=0, span=width)
