"""Whatever happens to tickets while syncs and censuses run, lag and die: in the end the warehouse holds what Jira shows.

Hypothesis makes up the lives. Time is the stand-in's; waiting is not real. A failure prints its steps as they were
drawn; add `Phase.shrink` to SETTINGS for a shorter story.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from jira_reading import CRITERIA, Clock, connect
from jira_standin import Call, JiraStandIn, Kind
from jira_standin_shapes import FieldKind

from analysis.errors import WarehouseError
from analysis.warehouse import Warehouse
from pipelines.extract import Source, extract
from pipelines.jira import CensusSource, JiraSource, Known, Stored
from pipelines.known import cursors, loaded_files, stored_issues, stored_versions, with_remote_links
from pipelines.load import load
from pipelines.normalise import NORMALISE_VERSION, normalise
from pipelines.raw_files import Manifest, manifests

Json = dict[str, Any]
Row = tuple[Any, ...]
SCOPE = ("SUP", "ENG")
ELSEWHERE = "OTHER"
N_STEADY = 12  # tickets of each project that stay: where half of a project is gone, a census says nothing
N_LIVELY = 9  # tickets to which things happen; fewer than N_STEADY for the same reason
SOON = timedelta(hours=11)  # within the overlap of readings
QUARTER_DAY = 6 * 3600.0
SETTINGS = settings(
    max_examples=10,
    stateful_step_count=15,
    deadline=None,
    database=None,
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
EVENTS = (
    "edit", "edit", "edit several", "status", "labels", "create", "create secured", "move", "move away", "move back",
    "delete", "hide", "show", "show", "link", "comment", "comment", "edit comment", "delete comment",
    "log work", "delete work",
)  # fmt: skip
GAPS = st.sampled_from([0.0, 0.0, 0.001, 0.3, 5.0, 61.0])
EVENT = st.tuples(st.sampled_from(EVENTS), st.integers(0, N_LIVELY - 1), st.integers(0, 5), GAPS)
LIFE = st.lists(EVENT, min_size=1, max_size=6)
TOUCHES = st.lists(st.none() | EVENT, max_size=8)
Event = tuple[str, int, int, float]


class Killed(BaseException):
    """The end of a run in its midst."""


class RestlessJira(JiraStandIn):
    """Every question of more than one ticket counts as another page, for Data Center is asked without offsets."""

    def _goes_on(self, call: Call) -> bool:
        return call.method == "POST" or super()._goes_on(call)


class Cut:
    """A source that dies after so many issues."""

    def __init__(self, source: Source, n: int) -> None:
        self._source, self._n = source, n

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def issues(self) -> Iterator[tuple[Json, str]]:
        for number, one in enumerate(self._source.issues()):
            if number == self._n:
                raise Killed
            yield one
        raise Killed


@cache
def empty_warehouse() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "warehouse.duckdb"
        with Warehouse.open(file):
            pass
        return file.read_bytes()


class Desk:
    """Syncs and censuses as weekly runs them, with raw files and a warehouse of their own."""

    def __init__(self, jira: JiraStandIn, home: Path, stack: ExitStack) -> None:
        self.jira, self.clock, self.raw = jira, Clock(), home / "raw"
        file = home / "warehouse.duckdb"
        file.write_bytes(empty_warehouse())
        self.warehouse = stack.enter_context(Warehouse.open(file))
        self.as_of = datetime.min  # of what is loaded
        self.n_censuses = 0
        self.tickets: set[Row] = set()
        self.changes: set[Row] = set()

    def sync(self, die_after: int | None = None, *, die_loading: bool = False) -> None:
        self._run(self._source(), die_after, die_loading)

    def census(self, die_after: int | None = None, *, die_loading: bool = False) -> None:
        if not self.tickets:
            with pytest.raises(WarehouseError, match="holds no tickets yet"):
                stored_issues(self.warehouse, self.jira.now.date())
            return
        stored = {row[0]: Stored(*row[1:]) for row in stored_issues(self.warehouse, self.jira.now.date())}
        self._run(CensusSource(self._source(), stored), die_after, die_loading)
        self.n_censuses += die_after is None and not die_loading

    def waiting(self) -> list[Manifest]:
        """What was read, but never loaded; not what a later reading has overtaken, which holds the same or more."""
        if not list(self.raw.glob("*.manifest.json")):
            return []
        known = loaded_files(self.warehouse)
        return [one for one in manifests(self.raw) if one.file not in known and one.as_of > self.as_of]

    def load_what_waits(self) -> None:
        """As `escalations load` does after runs that died."""
        for one in self.waiting():
            self._load(one)

    def rows(self, query: str) -> list[Row]:
        return self.warehouse.rows(query)

    def _source(self) -> JiraSource:
        held = self.warehouse
        known = Known(stored_versions(held), cursors(held), with_remote_links(held))
        return JiraSource(connect(self.jira, self.clock), SCOPE, known, lambda _: None, workers=2)

    def _run(self, source: Source, die_after: int | None, die_loading: bool) -> None:
        if die_after is not None:
            with pytest.raises(Killed):
                extract(Cut(source, die_after), self.raw)
            assert not list(self.raw.glob(".*.partial"))
            return
        self._load(extract(source, self.raw), die=die_loading)

    def _load(self, manifest: Manifest, *, die: bool = False) -> None:
        death: AbstractContextManager[object] = patch.object(Warehouse, "build", side_effect=Killed)
        with death if die else nullcontext():
            try:
                load(self.warehouse, self.raw, manifest, CRITERIA, normalise, (NORMALISE_VERSION, None))
                self.as_of = max(self.as_of, manifest.as_of)
            except Killed:
                assert die
        tickets = set(self.rows("select issue_id from core.tickets"))
        changes = set(self.rows("select issue_id, history_id, item_no from core.changes"))
        assert self.tickets <= tickets
        assert self.changes <= changes
        self.tickets, self.changes = tickets, changes


class Life(RuleBasedStateMachine):
    kind: ClassVar[Kind] = "cloud"

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        home = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="machine-")))
        self.jira = self.stack.enter_context(RestlessJira(self.kind))
        self.jira.faults.short_pages = 10
        self.jira.names.fields["security"] = FieldKind("security", "Security Level", "securitylevel")
        for project in (*SCOPE, ELSEWHERE):
            self.jira.add_project(project)
        for project in SCOPE:
            self.jira.bulk_create(project, N_STEADY, n_histories=2, n_comments=1, heavy_share=0, span=timedelta(days=3))
        self.lively = [int(self.jira.create(project)) for project in (*SCOPE, ELSEWHERE)]
        self.secured: set[int] = set()
        self.was_away = {self.lively[2]}
        self.was_hidden: set[int] = set()
        self.unmarked: set[int] = set()  # hidden, and no census has seen it yet
        self.n_said = 0
        self.desk = Desk(self.jira, home, self.stack)

    def teardown(self) -> None:
        with self.stack:
            if sys.exc_info()[0] is None:
                self.settle()
                self.check()

    # What happens

    @initialize(is_read=st.booleans())
    def begin(self, is_read: bool) -> None:
        if is_read:
            self.desk.sync()

    @rule(events=LIFE, touches=TOUCHES)
    def sync(self, events: list[Event], touches: list[Event | None]) -> None:
        self.meanwhile(events, touches, self.desk.sync)

    @rule(events=LIFE, touches=TOUCHES, n=st.none() | st.integers(0, 12))
    def sync_dies(self, events: list[Event], touches: list[Event | None], n: int | None) -> None:
        self.meanwhile(events, touches, lambda: self.desk.sync(n, die_loading=True))

    @rule(events=LIFE, touches=TOUCHES)
    def census(self, events: list[Event], touches: list[Event | None]) -> None:
        self.meanwhile(events, touches, self.desk.census)

    @rule(events=LIFE, touches=TOUCHES, n=st.none() | st.integers(0, 2))
    def census_dies(self, events: list[Event], touches: list[Event | None], n: int | None) -> None:
        self.meanwhile(events, touches, lambda: self.desk.census(n, die_loading=True))

    @precondition(lambda self: self.desk.waiting())
    @rule()
    def load_what_waits(self) -> None:
        self.desk.load_what_waits()

    @rule(events=LIFE, seconds=st.sampled_from([1.0, 59.0, 3600.0, 5 * 3600.0, 13 * 3600.0, 3 * 86_400.0]))
    def time_passes(self, events: list[Event], seconds: float) -> None:
        self.meanwhile(events, [], lambda: self.jira.tick(seconds))

    @rule(events=LIFE, lag=st.sampled_from([0.0, 30.0, 3600.0, QUARTER_DAY]))
    def the_index_lags(self, events: list[Event], lag: float) -> None:
        self.meanwhile(events, [], self.desk.sync)
        self.jira.faults.index_lag = lag

    def meanwhile(self, events: list[Event], touches: list[Event | None], run: Callable[[], object]) -> None:
        """The events, and then a run with one touch (or none) before each page."""
        for event in events:
            self.happen(event)
        left = list(touches)

        def touch() -> None:
            event = left.pop(0) if left else None
            if event:
                self.happen(event)

        self.jira.faults.touch_while_paging = touch
        n_censuses, hidden = self.desk.n_censuses, set(self.unmarked)
        run()
        self.jira.tick(1)  # no two runs are in one second
        self.jira.faults.touch_while_paging = None
        if self.desk.n_censuses != n_censuses:
            self.unmarked -= hidden

    # An event in the life of a ticket; what cannot happen does not

    def happen(self, event: Event) -> None:
        name, who, how, gap = event
        self.jira.tick(gap)
        if name.startswith("create"):
            self.create(secured=name == "create secured")
            return
        ident = self.lively[who % len(self.lively)]
        issue = self.jira.issues.get(ident)
        if issue is None:
            return
        if name == "show":
            self.show(ident)
        elif issue.hidden:
            return
        elif name == "hide":
            self.jira.hide(ident)
            self.was_hidden.add(ident)
            self.unmarked.add(ident)
        elif name == "delete":
            self.jira.delete(ident)
        elif name.startswith("move"):
            self.move(ident, name)
        elif name == "link":
            other = self.lively[how % len(self.lively)]
            if other != ident and other in self.jira.issues:
                self.jira.link(ident, other, ("Relates", "Blocks")[how % 2], author="user-1")
        elif "comment" in name:
            self.talk(ident, name, how)
        elif "work" in name:
            self.work(ident, name, how)
        else:
            self.edit(ident, name, how)

    def create(self, *, secured: bool) -> None:
        if len(self.lively) < N_LIVELY:
            level: Json = {"security": {"id": "7", "name": "Staff"}} if secured else {}
            project = SCOPE[len(self.lively) % 2]
            self.lively.append(int(self.jira.create(project, summary=self.said(), **level)))
            if secured:
                self.secured.add(self.lively[-1])

    def show(self, ident: int) -> None:
        """What was edited and hidden, and is shown again before a census missed it, comes back only in the overlap."""
        issue = self.jira.issues[ident]
        updated = datetime(1970, 1, 1) + timedelta(milliseconds=issue.latest.updated)
        if issue.hidden and (ident not in self.unmarked or self.jira.now - updated < SOON):
            self.jira.unhide(ident)
            self.unmarked.discard(ident)

    def move(self, ident: int, name: str) -> None:
        here = self.jira.issues[ident].latest.project.key
        if name == "move away":
            there = ELSEWHERE
            self.was_away.add(ident)
        else:
            there = SCOPE[here == SCOPE[0]] if name == "move" else SCOPE[ident % 2]
        if there != here:
            self.jira.move(ident, there, author="user-2")

    def talk(self, ident: int, name: str, how: int) -> None:
        comments = self.jira.issues[ident].latest.whole().comments
        if name == "comment":
            self.jira.comment(ident, "user-3", self.said())
        elif comments and name == "edit comment":
            self.jira.edit_comment(ident, comments[how % len(comments)].id, self.said())
        elif comments:
            self.jira.delete_comment(ident, comments[how % len(comments)].id)

    def work(self, ident: int, name: str, how: int) -> None:
        worklogs = self.jira.issues[ident].latest.whole().worklogs
        if name == "log work":
            for n in range(8 * how + 1):  # Jira gives the first 20 with the ticket
                self.jira.log_work(ident, "user-5", 0.5 + n, started=self.jira.now - timedelta(hours=how))
        elif worklogs:
            self.jira.delete_worklog(ident, worklogs[how % len(worklogs)].id)

    def edit(self, ident: int, name: str, how: int) -> None:
        new: Json = {"summary": self.said()}
        if name == "status":
            new = {"status": ("Open", "In Progress", "Done")[how % 3]}
        elif name == "labels":
            new = {"labels": [f"label-{n}" for n in range(how)]}
        elif name == "edit several":
            new |= {"priority": f"P{how}", "assignee": f"user-{how}", "components": [f"part-{how}"]}
            new |= {"description": self.said()}
        self.jira.edit(ident, author="user-4", **new)

    def said(self) -> str:
        self.n_said += 1
        return f"words no {self.n_said}"

    # What must hold in the end

    def settle(self) -> None:
        self.jira.faults.index_lag = 0.0
        self.jira.tick(86_400)
        for _ in range(2):
            self.desk.sync()
            self.desk.census()
        self.desk.sync()

    def check(self) -> None:
        shown = {int(ident): issue for ident, issue in self.jira.snapshot().items()}
        inside = {ident: one for ident, one in shown.items() if one["fields"]["project"]["key"] in SCOPE}
        found: dict[int, str] = dict(self.desk.rows("select issue_id, presence from core.ticket_facts"))
        assert {(ident,) for ident in found} == self.desk.tickets
        assert set(inside) <= set(found)
        for ident, presence in found.items():
            assert presence in self.expected_presence(ident, shown), f"issue {ident} is {presence}"
        held = held_in(self.desk)
        for ident, issue in inside.items():
            assert held[ident] == told_of(issue), f"issue {ident}"
        self.check_links(inside)

    def expected_presence(self, ident: int, shown: dict[int, Json]) -> set[str]:
        """What left twice, out of scope and out of sight, is found by whichever came first."""
        if ident in shown and shown[ident]["fields"]["project"]["key"] in SCOPE:
            return {"seen", "returned"}
        unseen = {"hidden" if ident in self.secured else "deleted"}
        if ident in shown:
            return {"out_of_scope"} | (unseen if ident in self.was_hidden else set())
        return unseen | ({"out_of_scope"} if ident in self.was_away else set())

    def check_links(self, inside: dict[int, Json]) -> None:
        """As Jira shows them, but for ends that were hidden or are gone: Jira leaves no trace of that at the other."""
        rows = self.desk.rows("select issue_id, link_id, kind, direction, target_id from core.links")
        held = {row for row in rows if row[0] in inside and row[4] in self.jira.issues}
        shown = {
            (ident, int(one["id"]), one["type"], one["direction"], int(one["other"]))
            for ident, issue in inside.items()
            for one in issue["links"]
        }
        for ident in self.was_hidden:
            held, shown = ({row for row in some if ident not in (row[0], row[4])} for some in (held, shown))
        assert held == shown


def told_of(issue: Json) -> Json:
    fields = issue["fields"]
    cloud = "accountId" in (fields["reporter"] or {})
    description = fields["description"] and fields["description"].replace("\n", "\n\n" if cloud else "\n")
    assignee = fields["assignee"] and fields["assignee"]["displayName"]
    ticket = (
        *(issue["key"], fields["project"]["key"], fields["summary"], description, fields["status"]["name"]),
        *(fields["priority"]["name"], assignee, sorted(fields["labels"])),
        *(sorted(one["name"] for one in fields["components"]), fields["created"], fields["updated"], "whole"),
    )
    sides = ("from", "to", "fromString", "toString")
    changes = {
        (
            int(history["id"]),
            number,
            history["created"],
            history["author"],
            item["field"],
            *(item[x] or None for x in sides),
        )
        for history in issue["histories"]
        for number, item in enumerate(history["items"], 1)
    }
    comments = {
        (int(one["id"]), one["author"], one["body"], one["created"], one["updated"]) for one in issue["comments"]
    }
    worklogs = {(int(one["id"]), one["author"], one["started"], one["seconds"] / 3600) for one in issue["worklogs"]}
    told = {"changes": changes, "comments": comments, "worklogs": worklogs}
    return {"ticket": ticket, "keys": {(issue["key"],)}, **told}


def held_in(desk: Desk) -> dict[int, Json]:
    ticket = "ticket_key, project, summary, description, status, priority, assignee_id, labels, components"
    rows = desk.rows(f"select issue_id, {ticket}, created_at, updated_at, changelog from core.tickets")
    held: dict[int, Json] = {
        ident: {"ticket": tuple(rest)} | {part: set() for part in ("keys", "changes", "comments", "worklogs")}
        for ident, *rest in rows
    }
    change = "history_id, item_no, changed_at, author_id, field_name, from_id, to_id, from_text, to_text"
    parts = {
        "keys": "ticket_key from core.ticket_keys where is_current",
        "changes": f"{change} from core.changes",
        "comments": "comment_id, author_id, body, created_at, updated_at from core.comments",
        "worklogs": "worklog_id, author_id, started_at, hours from core.worklogs",
    }
    for part, query in parts.items():
        for ident, *rest in desk.rows(f"select issue_id, {query}"):
            held[ident][part].add(tuple(rest))
    return held


class CloudLife(Life):
    kind = "cloud"


class DataCenterLife(Life):
    kind = "datacenter"


TestCloud = pytest.mark.slow(CloudLife.TestCase)
TestDataCenter = pytest.mark.slow(DataCenterLife.TestCase)
TestCloud.settings = TestDataCenter.settings = SETTINGS


def test_bulk_edit_in_one_minute_on_data_center(tmp_path: Path) -> None:
    with RestlessJira("datacenter") as jira, ExitStack() as stack:
        for project in SCOPE:
            jira.add_project(project)
        ids = jira.bulk_create("SUP", 250, n_histories=1, n_comments=1, heavy_share=0, span=timedelta(days=9))
        desk = Desk(jira, tmp_path, stack)
        desk.sync()
        jira.tick(86_400 - jira.now.second)
        for number, ident in enumerate(ids):
            jira.edit(ident, labels=["swept"], at=jira.now + timedelta(milliseconds=200 * number))
        touched = iter(ids[::40])

        def touch() -> None:
            jira.tick(7)
            if ident := next(touched, None):
                jira.edit(ident, summary="touched while paging")

        jira.faults.touch_while_paging = touch
        desk.sync()
        jira.faults.touch_while_paging = None
        held = held_in(desk)
        assert len(held) == 250
        assert all(one["ticket"][7] == ["swept"] for one in held.values())
        jira.tick(60)
        desk.sync()
        held = held_in(desk)
        assert held == {int(ident): told_of(issue) for ident, issue in jira.snapshot().items()}
        assert sum(one["ticket"][2] == "touched while paging" for one in held.values()) == 7


# Found by the machine; here so that no one has to find it again


@pytest.fixture(params=["cloud", "datacenter"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    kind: Kind = request.param
    with RestlessJira(kind) as jira, ExitStack() as stack:
        for project in (*SCOPE, ELSEWHERE):
            jira.add_project(project)
        for project in SCOPE:
            jira.bulk_create(project, 5, n_histories=2, n_comments=1, heavy_share=0, span=timedelta(days=3))
        yield Desk(jira, tmp_path, stack)


def presence_of(desk: Desk, ident: int) -> str:
    return str(desk.warehouse.value("select presence from core.ticket_facts where issue_id = ?", [ident]))


@pytest.mark.parametrize("n_pages", [2, 3, 4])
def test_gone_in_the_midst_of_reading_keeps_its_history(desk: Desk, n_pages: int) -> None:
    desk.sync()
    desk.jira.tick(3600)
    desk.jira.edit(10_001, summary="the last that was seen of it")
    left = list(range(n_pages))

    def touch() -> None:
        if left and left.pop() == 0:
            desk.jira.delete(10_001)

    desk.jira.faults.touch_while_paging = touch
    desk.sync()  # and nothing is lost
    assert len([row for row in desk.changes if row[0] == 10_001]) >= 2


def test_a_log_that_no_bulk_route_gives_is_read_by_itself(desk: Desk) -> None:
    faults = desk.jira.faults
    faults.changelog_missing = faults.bulkfetch_missing = {"10001"}
    desk.sync()
    assert held_in(desk)[10_001] == told_of(desk.jira.snapshot()["10001"])


def test_an_edit_in_the_moment_of_the_reading(desk: Desk) -> None:
    desk.jira.edit(10_001, summary="before")
    desk.sync()
    desk.jira.edit(10_001, summary="after")
    desk.sync()
    assert held_in(desk)[10_001]["ticket"][2] == "after"


def test_moved_away_while_the_index_lags(desk: Desk) -> None:
    desk.sync()
    desk.jira.tick(3600)
    desk.jira.faults.index_lag = 600
    desk.jira.edit(10_001, summary="found by this")
    desk.jira.tick(601)
    desk.jira.move(10_001, ELSEWHERE)
    desk.sync()
    desk.jira.tick(3600)
    desk.census()
    assert presence_of(desk, 10_001) == "out_of_scope"
    desk.jira.move(10_001, "SUP")
    desk.jira.tick(3600)
    desk.census()
    assert presence_of(desk, 10_001) == "returned"


def test_a_late_census_undoes_nothing(desk: Desk) -> None:
    desk.sync()
    desk.jira.tick(3600)
    desk.jira.delete(10_001)
    desk.jira.create("SUP")  # so that the census reads an issue, and has a raw file
    desk.census(die_loading=True)
    waiting = desk.waiting()
    assert len(waiting) == 1
    for expected in ("missed_once", "deleted"):
        desk.jira.tick(3600)
        desk.census()
        assert presence_of(desk, 10_001) == expected
    for _ in range(2):
        desk._load(waiting[0])
        assert presence_of(desk, 10_001) == "deleted"
