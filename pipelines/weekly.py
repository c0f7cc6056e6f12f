"""THE ORDER of the seven steps: extract → normalise → load → tag → judge → measure → report.

Plain Python; a command is a first and a last step. Each step is a name and a call without arguments that is handed to
`Order.do`, which a flow makes a task of. No step knows another. Load normalises what it reads, batch by batch.
"""

import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from analysis.errors import InputError
from analysis.taxonomy import read_criteria
from analysis.warehouse import Warehouse
from pipelines.extract import extract
from pipelines.known import existing_warehouse, loaded_files, require_loaded
from pipelines.live import census_source
from pipelines.order import Do, Order, Publishing, Result, Say, plainly
from pipelines.raw_files import Manifest, manifests
from pipelines.run_record import recorded
from pipelines.settings import Settings
from pipelines.steps import eraser_of, from_load_on, from_tag_on, load_lines, read_source, tell_notes

__all__ = ["Publishing", "Result", "new_run_id", "run", "run_census", "run_extract", "run_load", "run_report"]
Row = dict[str, Any]
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
    manifest = do("extract", lambda: read_source(order))
    if until is None or until >= manifest.as_of:
        with Warehouse.open(settings.warehouse_file) as warehouse:
            return from_load_on(order, warehouse, manifest, week, until or manifest.as_of)
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
                load_lines(replace(back, run_id=""), warehouse, earlier, until)
            return from_load_on(back, warehouse, manifest, week, until, cut_at=until)


def run_extract(settings: Settings, say: Say, *, run_id: str | None = None) -> Result:
    """From the source to raw lines."""
    order = order_of(settings, say, run_id=run_id)
    manifest = read_source(order)
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
                load_lines(order, warehouse, earlier)
        loaded = record.loaded = load_lines(order, warehouse, manifest)
        found = tell_notes(order, warehouse)
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
            return from_tag_on(order, warehouse, week, until or known)


def run_census(settings: Settings, say: Say, *, do: Do = plainly, run_id: str | None = None) -> Result:
    """Compare what Jira shows with what is stored: deleted, moved, hidden, archived, returned."""
    order = order_of(settings, say, do, run_id)

    def take() -> tuple[Manifest, tuple[str, ...]]:
        source = census_source(settings, order.criteria, say, datetime.now(UTC).date())
        manifest = extract(source, settings.raw, eraser_of(order))
        marked = Counter(manifest.presence.values())
        return manifest, (*source.notes, *(f"{presence}: {count}" for presence, count in sorted(marked.items())))

    manifest, found = do("extract", take)
    for note in found:
        say(f"census: {note}")
    with (
        Warehouse.open(settings.warehouse_file) as warehouse,
        recorded(order, warehouse, manifest, "census", "load") as record,
    ):
        loaded = record.loaded = do("load", lambda: load_lines(order, warehouse, manifest))
    counts = {"issues read": manifest.n_issues, "presences marked": len(manifest.presence)}
    return Result(order.run_id, manifest.as_of, loaded.n_tickets, loaded.n_changed, notes=found, counts=counts)


def derive_anew(order: Order, warehouse: Warehouse, week: date | None, clock: datetime | None) -> None:
    """All that follows from `state` and the raw lines that it knows, in a warehouse that holds nothing else yet."""
    source, known = warehouse.rows("select any_value(source_id), max(as_of) from raw.extracts")[0]
    if known is not None:
        load_lines(order, warehouse, Manifest("", source, 0, known, {}, {}))
        if clock is not None:
            from_tag_on(order, warehouse, week, clock)


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


def _said_by(settings: Settings, until: datetime) -> dict[str, list[Row]]:
    """What people had said by then, by table of `state`."""
    if not settings.warehouse_file.exists():
        return {}
    with Warehouse.open(settings.warehouse_file) as warehouse:
        return {name: warehouse.events(name, until) for name in WHAT_PEOPLE_SAID}
