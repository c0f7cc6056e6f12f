"""What state.runs says of a run: that it began and how it ended; one that was cut off has no end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from analysis.warehouse import Warehouse
from pipelines.load import Loaded
from pipelines.order import Order
from pipelines.raw_files import Manifest


@dataclass
class Record:
    """What is to be noted at the end."""

    loaded: Loaded | None = None


@contextmanager
def recorded(
    order: Order, warehouse: Warehouse, manifest: Manifest | None, first: str, last: str | None = None
) -> Iterator[Record]:
    """Note beginning and end of a run of these steps; refuse another Jira's tickets before."""
    if manifest is not None:
        warehouse.check_source(manifest.source_id)
    last = last or ("report" if order.is_rendered else "measure")
    record = Record()
    _note(warehouse, order.run_id, first, last, None, record)
    try:
        yield record
    except BaseException:
        _note(warehouse, order.run_id, first, last, "failed", record)
        raise
    _note(warehouse, order.run_id, first, last, "done", record)


def _note(warehouse: Warehouse, run_id: str, first: str, last: str, outcome: str | None, record: Record) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    told: dict[str, object] = {"run_id": run_id, "recorded_at": now, "effective_at": now, "outcome": outcome}
    told |= {"first_step": first, "last_step": last}
    if record.loaded:
        told |= {"n_tickets": record.loaded.n_tickets, "n_changed": record.loaded.n_changed}
    warehouse.append_event("state.runs", told)
