"""THE ORDER of the seven steps: extract → normalise → load → tag → judge → measure → report.

Plain Python; a command is a first and a last step. Each step is a name and a call without arguments that is handed to
`Order.do`, which a flow makes a task of. No step knows another. Load normalises what it reads, batch by batch.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from analysis.actions import take_over
from analysis.audit import draw as draw_audit
from analysis.errors import InputError
from analysis.frames import frames
from analysis.judge import judge
from analysis.likeness_files import read_likeness
from analysis.measure import measure
from analysis.placing import place
from analysis.publish import Published, publish
from analysis.rulings import take_over_rulings
from analysis.suspicions import suspicions
from analysis.tag import tag
from analysis.taxonomy import read_criteria, refuse_future
from analysis.warehouse import Warehouse
from pipelines.erasing import Erasures
from pipelines.export_files import ExportFiles
from pipelines.extract import extract
from pipelines.field_catalogue import FieldCatalogue
from pipelines.inputs import read_inputs
from pipelines.known import existing_warehouse, loaded_files, require_loaded
from pipelines.live import census_source, live_source
from pipelines.load import Loaded, Normaliser, load, notes
from pipelines.models import model_in_force
from pipelines.normalise import NORMALISE_VERSION, as_of, normalise
from pipelines.order import Do, Order, Publishing, Result, Say, plainly
from pipelines.raw_files import Manifest, manifests, statuses_in
from pipelines.run_record import recorded
from pipelines.settings import Settings
from reports.report import report

__all__ = ["Publishing", "Result", "new_run_id", "run", "run_census", "run_extract", "run_load", "run_report"]
Row = dict[str, Any]
A_DAY = timedelta(days=1)  # by which some zone is ahead
WHAT_PEOPLE_SAID = (
    *("state.answers", "state.review_draws", "state.rulings", "state.family_events", "state.actions"),
    "state.criterion_versions",
)


def run(
    settings: Settings,
    say: Say,
    *,
    week: date | None = None,
    until: datetime | None = None,
    publishing: Publishing = Publishing.NO,
    is_rendered: bool = True,
    do: Do = plainly,
    run_id: str | None = None,
) -> Result:
    """All seven steps. `until` (naive UTC): as it was then, in a scratch warehouse that is thrown away.

    `is_rendered` False leaves the page out: what changed goes through to `mart`.
    """
    order = order_of(settings, say, do, run_id, publishing, is_rendered)
    manifest = do("extract", lambda: _extract(order))
    if until is None or until >= manifest.as_of:
        with Warehouse.open(settings.warehouse_file) as warehouse:
            return _from_load(order, warehouse, manifest, week, until or manifest.as_of)
    if publishing is not Publishing.NO:
        raise InputError("what was true then is not published; leave out --as-of or --publish")
    with tempfile.TemporaryDirectory(prefix="escalations-as-of-") as scratch:
        say(f"as of {until:%Y-%m-%d %H:%M} UTC: a scratch warehouse of what had happened by then")
        out = settings.reports / f"as-of-{until:%Y%m%dT%H%M}"
        back = replace(order, settings=settings.model_copy(update={"out": out}))
        with Warehouse.open(Path(scratch) / "warehouse.duckdb") as warehouse:
            for name, events in _said_by(settings, until).items():
                for event in events:
                    warehouse.append_event(name, event)
            for earlier in [one for one in manifests(settings.raw) if one.source_id == manifest.source_id]:
                _load(replace(back, run_id=""), warehouse, earlier, until)
            return _from_load(back, warehouse, manifest, week, until, cut_at=until)


def run_extract(settings: Settings, say: Say, *, run_id: str | None = None) -> Result:
    """From the source to raw lines."""
    order = order_of(settings, say, run_id=run_id)
    manifest = _extract(order)
    return Result(order.run_id, as_of=manifest.as_of, n_issues=manifest.n_issues)


def run_load(settings: Settings, say: Say, *, run_id: str | None = None) -> Result:
    """From the raw lines that were extracted since the last load to core."""
    order = order_of(settings, say, run_id=run_id)
    extracted = manifests(settings.raw)
    manifest = extracted[-1]
    with (
        Warehouse.open(settings.warehouse_file) as warehouse,
        recorded(order, warehouse, manifest, "load", "load") as record,
    ):
        known = loaded_files(warehouse)
        newest = max(known.values(), default=datetime.min)
        for earlier in extracted[:-1]:
            # what a later reading of a live Jira has overtaken would bring back older content
            is_overtaken = bool(earlier.cursors) and earlier.as_of <= newest
            if earlier.file not in known and not is_overtaken:
                _load(order, warehouse, earlier)
        loaded = record.loaded = _load(order, warehouse, manifest)
        found = _notes(order, warehouse)
    return Result(order.run_id, manifest.as_of, loaded.n_tickets, loaded.n_changed, notes=found)


def run_report(
    settings: Settings,
    say: Say,
    *,
    week: date | None = None,
    until: datetime | None = None,
    publishing: Publishing = Publishing.NO,
    run_id: str | None = None,
) -> Result:
    """From core to the week's page: tags, judges and measures what changed, then renders."""
    order = order_of(settings, say, plainly, run_id, publishing)
    with existing_warehouse(settings.warehouse_file) as warehouse:
        require_loaded(warehouse)
        known: datetime = warehouse.value("select max(as_of) from raw.extracts")
        with recorded(order, warehouse, None, "tag"):
            return _from_tag(order, warehouse, week, until or known)


def run_census(settings: Settings, say: Say, *, do: Do = plainly, run_id: str | None = None) -> Result:
    """Compare what Jira shows with what is stored: deleted, moved, hidden, archived, returned."""
    order = order_of(settings, say, do, run_id)

    def take() -> tuple[Manifest, tuple[str, ...]]:
        source = census_source(settings, order.criteria, say, datetime.now(UTC).date())
        manifest = extract(source, settings.raw, _erase(order))
        marked = Counter(manifest.presence.values())
        return manifest, (*source.notes, *(f"{presence}: {count}" for presence, count in sorted(marked.items())))

    manifest, found = do("extract", take)
    for note in found:
        say(f"census: {note}")
    with (
        Warehouse.open(settings.warehouse_file) as warehouse,
        recorded(order, warehouse, manifest, "census", "load") as record,
    ):
        loaded = record.loaded = do("load", lambda: _load(order, warehouse, manifest))
    counts = {"issues read": manifest.n_issues, "presences marked": len(manifest.presence)}
    return Result(order.run_id, manifest.as_of, loaded.n_tickets, loaded.n_changed, notes=found, counts=counts)


def derive_anew(order: Order, warehouse: Warehouse, week: date | None, clock: datetime | None) -> None:
    """All that follows from `state` and the raw lines that it knows, in a warehouse that holds nothing else yet."""
    source, known = warehouse.rows("select any_value(source_id), max(as_of) from raw.extracts")[0]
    if known is not None:
        _load(order, warehouse, Manifest("", source, 0, known, {}, {}))
        if clock is not None:
            _from_tag(order, warehouse, week, clock)


def new_run_id() -> str:
    """A name for a run: sorts by time, and two runs in one second differ."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:6]}"


def order_of(
    settings: Settings,
    say: Say,
    do: Do = plainly,
    run_id: str | None = None,
    publishing: Publishing = Publishing.NO,
    is_rendered: bool = True,
) -> Order:
    """An order with the criteria as they are now, and a new run id where none is given."""
    criteria = read_criteria(settings.criteria_folder)
    return Order(settings, criteria, say, do, run_id or new_run_id(), publishing, is_rendered)


# -- the steps ---------------------------------------------------------------------------------------------


def _extract(order: Order) -> Manifest:
    settings = order.settings
    if settings.source is None:
        raise InputError(
            "no source; give --source with the path of a Jira export, or jira (or set ESCALATIONS_SOURCE); "
            "`escalations init` sets up a live Jira"
        )
    is_live = settings.source == "jira"
    source = live_source(settings, order.criteria, order.say) if is_live else ExportFiles(Path(settings.source))
    manifest = extract(source, settings.raw, _erase(order))
    for note in source.notes:
        order.say(f"note: {note}")
    order.say(f"extract: {manifest.n_issues} issues of {manifest.source_id}, up to {manifest.as_of:%Y-%m-%d %H:%M} UTC")
    return manifest


def _erase(order: Order) -> Callable[[Row], Row] | None:
    """What is left of an issue before it is stored; None where nothing was ever erased."""
    if not order.settings.warehouse_file.exists():
        return None
    with Warehouse.open(order.settings.warehouse_file) as warehouse:
        erasures = Erasures.of(warehouse, order.criteria)
    return erasures.apply if erasures else None


def _from_load(
    order: Order,
    warehouse: Warehouse,
    manifest: Manifest,
    week: date | None,
    clock: datetime,
    cut_at: datetime | None = None,
) -> Result:
    with recorded(order, warehouse, manifest, "extract") as record:
        loaded = record.loaded = order.do("load", lambda: _load(order, warehouse, manifest, cut_at))
        if not loaded.n_tickets:
            raise InputError(f"no issue existed at {clock:%Y-%m-%d %H:%M} UTC; give a later --as-of")
        result = _from_tag(order, warehouse, week, clock)
    counts = {"issues read": manifest.n_issues, "issues new or changed": loaded.n_changed, **result.counts}
    return replace(result, n_issues=loaded.n_tickets, n_changed=loaded.n_changed, counts=counts)


def _load(order: Order, warehouse: Warehouse, manifest: Manifest, cut_at: datetime | None = None) -> Loaded:
    raw = order.settings.raw
    version = (NORMALISE_VERSION, cut_at)
    if cut_at is not None and manifest.file:
        # what a status means is no event: it is told by the issues that lie in it now
        statuses = statuses_in(raw, manifest.file) | manifest.statuses
        found_later = manifest.as_of > cut_at
        manifest = replace(manifest, statuses=statuses, presence={} if found_later else manifest.presence)
    loaded = load(warehouse, raw, manifest, order.criteria, _normaliser(cut_at), version, order.run_id)
    order.say(f"load: {loaded.n_tickets} issues, {loaded.n_changed} new or changed")
    return loaded


def _from_tag(order: Order, warehouse: Warehouse, week: date | None, clock: datetime) -> Result:
    settings, criteria, say, run_id = order.settings, order.criteria, order.say, order.run_id
    refuse_future(criteria, max(datetime.now(UTC).date(), clock.date()) + A_DAY)
    model = model_in_force(settings.models, say)
    n_tagged = order.do("tag", lambda: tag(warehouse, criteria, model, run_id, clock))
    say(f"tag: {n_tagged} tickets")
    n_placed, n_judged = order.do("judge", lambda: _judge(order, warehouse, clock))
    say(f"judge: {n_placed} tickets placed, {n_judged} judged")
    version = model.version if model else None
    reported, page, found = tell_week(order, warehouse, version, week, clock)
    sources = "select source, count(*) from mart.tags where kind = 'failure_category' group by 1 order by 1"
    return Result(
        run_id,
        clock,
        week=reported,
        page=page,
        notes=found,
        counts={"tickets tagged": n_tagged, "tickets placed": n_placed, "tickets judged": n_judged},
        tag_sources=dict(warehouse.rows(sources)),
        suspicions=tuple(suspicions(warehouse)),
    )


def _judge(order: Order, warehouse: Warehouse, clock: datetime) -> tuple[int, int]:
    """Take over what people said, place in families, judge. Gives how many tickets were placed and judged."""
    take_over(warehouse, order.run_id, clock)
    take_over_rulings(warehouse, order.run_id, clock)
    likeness = read_likeness()
    placed = place(warehouse, likeness, order.run_id, clock)
    return placed.n_tickets, judge(warehouse, order.criteria, order.run_id, clock, likeness).n_tickets


def tell_week(
    order: Order, warehouse: Warehouse, model_version: str | None, week: date | None, clock: datetime
) -> tuple[date, Path | None, tuple[str, ...]]:
    """Measure, publish and render as ordered. Gives the reported week's Monday, the page, and what should be known."""
    inputs = read_inputs(order.settings.inputs)
    reported = order.do("measure", lambda: measure(warehouse, order.criteria, clock, week, inputs))
    order.say(f"measure: up to week {reported:%G-W%V}, as of {clock:%Y-%m-%d %H:%M} UTC")
    how = order.publishing
    if how is not Publishing.NO:
        restate, is_backfill = how is Publishing.RESTATE, how is Publishing.BACKFILL
        draw_audit(warehouse, reported, order.run_id, clock)
        done = publish(
            warehouse, order.criteria, model_version, order.run_id, clock, restate=restate, is_backfill=is_backfill
        )
        order.say(_told(done))
    found = _notes(order, warehouse)
    return reported, order.do("report", lambda: _report(order, warehouse, found)) if order.is_rendered else None, found


def _report(order: Order, warehouse: Warehouse, notes_found: tuple[str, ...]) -> Path:
    page = report(frames(warehouse), order.settings.reports, notes_found, _jira_address(warehouse))
    order.say(f"report: {page}")
    return page


def _notes(order: Order, warehouse: Warehouse) -> tuple[str, ...]:
    found = tuple(notes(warehouse, order.criteria))
    for note in found:
        order.say(f"note: {note}")
    return found


def _normaliser(cut_at: datetime | None) -> Normaliser:
    if cut_at is None:
        return normalise

    def cut(issue: Row, catalogue: FieldCatalogue) -> dict[str, list[Row]] | None:
        past = as_of(issue, cut_at, catalogue)
        return normalise(past, catalogue) if past is not None else None

    return cut


def _said_by(settings: Settings, until: datetime) -> dict[str, list[Row]]:
    """What people had said by then, by table of `state`."""
    if not settings.warehouse_file.exists():
        return {}
    with Warehouse.open(settings.warehouse_file) as warehouse:
        return {name: warehouse.events(name, until) for name in WHAT_PEOPLE_SAID}


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
