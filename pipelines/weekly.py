"""THE ORDER of the seven steps: extract → normalise → load → tag → judge → measure → report.

Plain Python; a command is a first and a last step, and flows wrap the same. No step knows another.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import uuid4

from analysis.actions import take_over
from analysis.audit import draw as draw_audit
from analysis.errors import InputError
from analysis.judge import judge
from analysis.likeness_files import read_likeness
from analysis.measure import frames, measure
from analysis.placing import place
from analysis.publish import Published, publish
from analysis.rulings import take_over_rulings
from analysis.tag import tag
from analysis.taxonomy import Criteria, read_criteria, refuse_future
from analysis.warehouse import Warehouse
from pipelines.export_files import ExportFiles
from pipelines.extract import extract
from pipelines.field_catalogue import FieldCatalogue
from pipelines.inputs import read_inputs
from pipelines.known import existing_warehouse, loaded_files, require_loaded
from pipelines.live import census_source, live_source
from pipelines.load import Loaded, Normaliser, load, notes
from pipelines.models import model_in_force
from pipelines.normalise import NORMALISE_VERSION, as_of, normalise
from pipelines.raw_files import Manifest, manifests, statuses_in
from pipelines.settings import Settings
from reports.report import report

Say = Callable[[str], None]
Row = dict[str, Any]
A_DAY = timedelta(days=1)  # by which some zone is ahead
WHAT_PEOPLE_SAID = (
    *("state.answers", "state.review_draws", "state.rulings", "state.family_events", "state.actions"),
    "state.criterion_versions",
)


class Publishing(Enum):
    """Whether a run stores what it prints, and whether final weeks follow other rules, model and definitions."""

    NO = "no"
    PUBLISH = "publish"
    RESTATE = "restate"


@dataclass(frozen=True)
class Result:
    """What a run did, for people and programs; fields of steps that did not run are None."""

    run_id: str
    as_of: datetime | None = None
    n_issues: int | None = None
    n_changed: int | None = None
    week: date | None = None
    page: Path | None = None
    notes: tuple[str, ...] = ()


def run(
    settings: Settings,
    say: Say,
    *,
    week: date | None = None,
    until: datetime | None = None,
    publishing: Publishing = Publishing.NO,
) -> Result:
    """All seven steps. `until` (naive UTC): as it was then, in a scratch warehouse that is thrown away."""
    criteria = read_criteria(settings.criteria_folder)
    manifest = _extract(settings, criteria, say)
    if until is None or until >= manifest.as_of:
        with Warehouse.open(settings.warehouse_file) as warehouse:
            clock = until or manifest.as_of
            return _from_load(
                warehouse, settings, criteria, manifest, say, week=week, clock=clock, publishing=publishing
            )
    if publishing is not Publishing.NO:
        raise InputError("what was true then is not published; leave out --as-of or --publish")
    with tempfile.TemporaryDirectory(prefix="escalations-as-of-") as scratch:
        say(f"as of {until:%Y-%m-%d %H:%M} UTC: a scratch warehouse of what had happened by then")
        back = settings.model_copy(update={"out": settings.reports / f"as-of-{until:%Y%m%dT%H%M}"})
        with Warehouse.open(Path(scratch) / "warehouse.duckdb") as warehouse:
            for name, events in _said_by(settings, until).items():
                for event in events:
                    warehouse.append_event(name, event)
            for earlier in [one for one in manifests(settings.raw) if one.source_id == manifest.source_id]:
                _load(warehouse, back, criteria, earlier, say, "", until)
            return _from_load(warehouse, back, criteria, manifest, say, week=week, clock=until, cut_at=until)


def _said_by(settings: Settings, until: datetime) -> dict[str, list[Row]]:
    """What people had said by then, by table of `state`."""
    if not settings.warehouse_file.exists():
        return {}
    with Warehouse.open(settings.warehouse_file) as warehouse:
        return {name: warehouse.events(name, until) for name in WHAT_PEOPLE_SAID}


def run_extract(settings: Settings, say: Say) -> Result:
    """From the source to raw lines."""
    criteria = read_criteria(settings.criteria_folder)
    manifest = _extract(settings, criteria, say)
    return Result(new_run_id(), as_of=manifest.as_of, n_issues=manifest.n_issues)


def run_load(settings: Settings, say: Say) -> Result:
    """From the raw lines that were extracted since the last load to core."""
    criteria = read_criteria(settings.criteria_folder)
    extracted = manifests(settings.raw)
    manifest = extracted[-1]
    with Warehouse.open(settings.warehouse_file) as warehouse, _recorded(warehouse, manifest, "load", "load") as record:
        known = loaded_files(warehouse)
        newest = max(known.values(), default=datetime.min)
        for earlier in extracted[:-1]:
            # what a later reading of a live Jira has overtaken would bring back older content
            is_overtaken = bool(earlier.cursors) and earlier.as_of <= newest
            if earlier.file not in known and not is_overtaken:
                _load(warehouse, settings, criteria, earlier, say, record.run_id)
        loaded = record.loaded = _load(warehouse, settings, criteria, manifest, say, record.run_id)
        found = _notes(warehouse, criteria, say)
    return Result(record.run_id, manifest.as_of, loaded.n_tickets, loaded.n_changed, notes=found)


def run_report(
    settings: Settings,
    say: Say,
    *,
    week: date | None = None,
    until: datetime | None = None,
    publishing: Publishing = Publishing.NO,
) -> Result:
    """From core to the week's page: tags, judges and measures what changed, then renders."""
    criteria = read_criteria(settings.criteria_folder)
    with existing_warehouse(settings.warehouse_file) as warehouse:
        require_loaded(warehouse)
        known: datetime = warehouse.value("select max(as_of) from raw.extracts")
        with _recorded(warehouse, None, "tag", "report") as record:
            clock = until or known
            return _from_tag(
                warehouse, settings, criteria, say, record.run_id, week=week, clock=clock, publishing=publishing
            )


def _extract(settings: Settings, criteria: Criteria, say: Say) -> Manifest:
    if settings.source is None:
        raise InputError("no source; give --source with the path of a Jira export, or jira (or set ESCALATIONS_SOURCE)")
    source = live_source(settings, criteria, say) if settings.source == "jira" else ExportFiles(Path(settings.source))
    manifest = extract(source, settings.raw)
    for note in source.notes:
        say(f"note: {note}")
    say(f"extract: {manifest.n_issues} issues of {manifest.source_id}, up to {manifest.as_of:%Y-%m-%d %H:%M} UTC")
    return manifest


def run_census(settings: Settings, say: Say) -> Result:
    """Compare what Jira shows with what is stored: deleted, moved, hidden, archived, returned."""
    criteria = read_criteria(settings.criteria_folder)
    source = census_source(settings, criteria, say, datetime.now(UTC).date())
    manifest = extract(source, settings.raw)
    marked = Counter(manifest.presence.values())
    found = (*source.notes, *(f"{presence}: {count}" for presence, count in sorted(marked.items())))
    for note in found:
        say(f"census: {note}")
    with (
        Warehouse.open(settings.warehouse_file) as warehouse,
        _recorded(warehouse, manifest, "census", "load") as record,
    ):
        loaded = record.loaded = _load(warehouse, settings, criteria, manifest, say, record.run_id)
    return Result(record.run_id, manifest.as_of, loaded.n_tickets, loaded.n_changed, notes=found)


def _load(
    warehouse: Warehouse,
    settings: Settings,
    criteria: Criteria,
    manifest: Manifest,
    say: Say,
    run_id: str,
    cut_at: datetime | None = None,
) -> Loaded:
    version = (NORMALISE_VERSION, cut_at)
    if cut_at is not None and manifest.file:
        # what a status means is no event: it is told by the issues that lie in it now
        statuses = statuses_in(settings.raw, manifest.file) | manifest.statuses
        found_later = manifest.as_of > cut_at
        manifest = replace(manifest, statuses=statuses, presence={} if found_later else manifest.presence)
    loaded = load(warehouse, settings.raw, manifest, criteria, _normaliser(cut_at), version, run_id)
    say(f"load: {loaded.n_tickets} issues, {loaded.n_changed} new or changed")
    return loaded


def _notes(warehouse: Warehouse, criteria: Criteria, say: Say) -> tuple[str, ...]:
    found = tuple(notes(warehouse, criteria))
    for note in found:
        say(f"note: {note}")
    return found


def _normaliser(cut_at: datetime | None) -> Normaliser:
    if cut_at is None:
        return normalise

    def cut(issue: Row, catalogue: FieldCatalogue) -> dict[str, list[Row]] | None:
        past = as_of(issue, cut_at, catalogue)
        return normalise(past, catalogue) if past is not None else None

    return cut


def _from_load(
    warehouse: Warehouse,
    settings: Settings,
    criteria: Criteria,
    manifest: Manifest,
    say: Say,
    *,
    week: date | None,
    clock: datetime,
    cut_at: datetime | None = None,
    publishing: Publishing = Publishing.NO,
) -> Result:
    with _recorded(warehouse, manifest, "extract", "report") as record:
        loaded = record.loaded = _load(warehouse, settings, criteria, manifest, say, record.run_id, cut_at)
        if not loaded.n_tickets:
            raise InputError(f"no issue existed at {clock:%Y-%m-%d %H:%M} UTC; give a later --as-of")
        result = _from_tag(
            warehouse, settings, criteria, say, record.run_id, week=week, clock=clock, publishing=publishing
        )
    return Result(record.run_id, clock, loaded.n_tickets, loaded.n_changed, result.week, result.page, result.notes)


def _from_tag(
    warehouse: Warehouse,
    settings: Settings,
    criteria: Criteria,
    say: Say,
    run_id: str,
    *,
    week: date | None,
    clock: datetime,
    publishing: Publishing = Publishing.NO,
) -> Result:
    refuse_future(criteria, max(datetime.now(UTC).date(), clock.date()) + A_DAY)
    model = model_in_force(settings.models, say)
    n_tagged = tag(warehouse, criteria, model, run_id, clock)
    say(f"tag: {n_tagged} tickets")
    take_over(warehouse, run_id, clock)
    take_over_rulings(warehouse, run_id, clock)
    likeness = read_likeness()
    placed = place(warehouse, likeness, run_id, clock)
    judged = judge(warehouse, criteria, run_id, clock, likeness)
    say(f"judge: {placed.n_tickets} tickets placed, {judged.n_tickets} judged")
    reported = measure(warehouse, criteria, clock, week, read_inputs(settings.inputs))
    say(f"measure: up to week {reported:%G-W%V}, as of {clock:%Y-%m-%d %H:%M} UTC")
    if publishing is not Publishing.NO:
        restate = publishing is Publishing.RESTATE
        version = model.version if model else None
        draw_audit(warehouse, reported, run_id, clock)
        say(_told(publish(warehouse, criteria, version, run_id, clock, restate=restate)))
    found = _notes(warehouse, criteria, say)
    page = report(frames(warehouse), settings.reports, found, _jira_address(warehouse))
    say(f"report: {page}")
    return Result(run_id, clock, week=reported, page=page, notes=found)


def _told(done: Published) -> str:
    state = "final" if done.is_final else "provisional"
    told = f"publish: week {done.week:%G-W%V}, {state}: {done.n_stored} numbers stored, {done.n_restated} restated"
    if done.n_waiting:
        told += f"; {done.n_waiting} final numbers differ by other rules, model or definition: --restate applies those"
    return told


def _jira_address(warehouse: Warehouse) -> str | None:
    """Where keys link to; only a source that has a host name has one."""
    host = str(warehouse.value("select source_id from state.meta") or "").removeprefix("jira:")
    return f"https://{host}" if host and " " not in host else None


class _recorded:  # noqa: N801 - used like a function
    """Notes in state.runs that a run began and how it ended; a run that was cut off has no end."""

    def __init__(self, warehouse: Warehouse, manifest: Manifest | None, first: str, last: str) -> None:
        self.warehouse, self.manifest, self.steps = warehouse, manifest, (first, last)
        self.run_id = new_run_id()
        self.loaded: Loaded | None = None

    def __enter__(self) -> "_recorded":
        if self.manifest is not None:
            self.warehouse.check_source(self.manifest.source_id)
        self._note(None)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._note("failed" if kind else "done")

    def _note(self, outcome: str | None) -> None:
        now = datetime.now(UTC).replace(tzinfo=None)
        first, last = self.steps
        told: Row = {"run_id": self.run_id, "recorded_at": now, "effective_at": now, "outcome": outcome}
        told |= {"first_step": first, "last_step": last}
        if self.loaded:
            told |= {"n_tickets": self.loaded.n_tickets, "n_changed": self.loaded.n_changed}
        self.warehouse.append_event("state.runs", told)


def new_run_id() -> str:
    """A name for a run: sorts by time, and two runs in one second differ."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:6]}"
