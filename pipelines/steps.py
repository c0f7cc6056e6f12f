"""The steps: each does one thing to the source, the warehouse or the pages, and says in a line what it did."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

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
from analysis.taxonomy import refuse_future
from analysis.warehouse import Warehouse
from pipelines.erasing import Erasures
from pipelines.export_files import ExportFiles
from pipelines.extract import extract
from pipelines.field_catalogue import FieldCatalogue
from pipelines.inputs import read_inputs
from pipelines.live import live_source
from pipelines.load import Loaded, Normaliser, load, notes
from pipelines.models import model_in_force
from pipelines.normalise import NORMALISE_VERSION, as_of, normalise
from pipelines.order import Order, Publishing, Result
from pipelines.raw_files import Manifest, statuses_in
from pipelines.run_record import recorded
from reports.report import report

Row = dict[str, Any]
A_DAY = timedelta(days=1)  # by which some zone is ahead


def read_source(order: Order) -> Manifest:
    """From the source to raw lines, without what was erased. Raises `InputError` where no source is set."""
    settings = order.settings
    if settings.source is None:
        raise InputError(
            "no source; give --source with the path of a Jira export, or jira (or set ESCALATIONS_SOURCE); "
            "`escalations init` sets up a live Jira"
        )
    is_live = settings.source == "jira"
    source = live_source(settings, order.criteria, order.say) if is_live else ExportFiles(Path(settings.source))
    manifest = extract(source, settings.raw, eraser_of(order))
    for note in source.notes:
        order.say(f"note: {note}")
    order.say(f"extract: {manifest.n_issues} issues of {manifest.source_id}, up to {manifest.as_of:%Y-%m-%d %H:%M} UTC")
    return manifest


def eraser_of(order: Order) -> Callable[[Row], Row] | None:
    """What is left of an issue before it is stored; None where nothing was ever erased."""
    if not order.settings.warehouse_file.exists():
        return None
    with Warehouse.open(order.settings.warehouse_file) as warehouse:
        erasures = Erasures.of(warehouse, order.criteria)
    return erasures.apply if erasures else None


def from_load_on(
    order: Order,
    warehouse: Warehouse,
    manifest: Manifest,
    week: date | None,
    clock: datetime,
    cut_at: datetime | None = None,
) -> Result:
    """Load what was read, and all that follows. Raises `InputError` where no issue existed by then."""
    with recorded(order, warehouse, manifest, "extract") as record:
        loaded = record.loaded = order.do("load", lambda: load_lines(order, warehouse, manifest, cut_at))
        if not loaded.n_tickets:
            raise InputError(f"no issue existed at {clock:%Y-%m-%d %H:%M} UTC; give a later --as-of")
        result = from_tag_on(order, warehouse, week, clock)
    counts = {"issues read": manifest.n_issues, "issues new or changed": loaded.n_changed, **result.counts}
    return replace(result, n_issues=loaded.n_tickets, n_changed=loaded.n_changed, counts=counts)


def load_lines(order: Order, warehouse: Warehouse, manifest: Manifest, cut_at: datetime | None = None) -> Loaded:
    """Normalise and load what was read; `cut_at` (naive UTC): as it was then."""
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


def from_tag_on(order: Order, warehouse: Warehouse, week: date | None, clock: datetime) -> Result:
    """Tag, judge, measure, publish and render what is loaded, as known at `clock` (naive UTC)."""
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
    found = tell_notes(order, warehouse)
    return reported, order.do("report", lambda: _report(order, warehouse, found)) if order.is_rendered else None, found


def _report(order: Order, warehouse: Warehouse, notes_found: tuple[str, ...]) -> Path:
    page = report(frames(warehouse), order.settings.reports, notes_found, _jira_address(warehouse))
    order.say(f"report: {page}")
    return page


def tell_notes(order: Order, warehouse: Warehouse) -> tuple[str, ...]:
    """Say what should be known of the criteria and the source; gives the same lines."""
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
