"""What the warehouse already holds: questions that a reading of a live Jira, or a later step, asks before it begins."""

from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from analysis.errors import InputError, WarehouseError
from analysis.warehouse import Warehouse

SETTLED = "interval 1 minute"  # before a reading began: what was updated then is not updated again in that very moment

NOT_TIMES = ("account", "set_aside")  # cursors that remember something else than a time
LATELY = "interval 30 days"
LINK_ROUND_DAYS = 28  # in which every escalated ticket is asked once for its remote links


def existing_warehouse(path: Path) -> AbstractContextManager[Warehouse]:
    """Open the desk's warehouse. Raises `InputError` where there is none yet."""
    if not path.exists():
        raise InputError(f"{path}: no warehouse yet; run `escalations run` or `escalations load` first")
    return Warehouse.open(path)


def require_loaded(warehouse: Warehouse) -> None:
    """Raise `WarehouseError` where nothing was loaded yet."""
    if not warehouse.value("select count(*) from core.tickets"):
        raise WarehouseError(
            f"{warehouse.path}: holds no tickets yet; run `escalations run` or `escalations load` first"
        )


def loaded_files(warehouse: Warehouse) -> dict[str, datetime]:
    """Name of each raw file that is in the warehouse → up to when it tells, naive UTC."""
    return dict(warehouse.rows("select file, as_of from raw.extracts"))


def cursors(warehouse: Warehouse) -> dict[str, str]:
    """Scope → where the next reading begins."""
    return dict(
        warehouse.rows("select scope, max_by(position, (effective_at, event_id)) from state.cursors group by scope")
    )


def stored_versions(warehouse: Warehouse) -> dict[int, datetime]:
    """Issue id → time of update (naive UTC) of what is stored, as far back as the cursors will read again.

    Left out is what was updated shortly before or while it was read: another edit may have followed in the same moment.
    """
    positions = [position for scope, position in cursors(warehouse).items() if scope not in NOT_TIMES]
    if not positions:
        return {}
    query = f"""
        select issue_id, i.updated_at from raw.issues i join raw.extracts e using (file)
        where i.updated_at >= ? and i.updated_at < e.as_of - {SETTLED}
    """
    return dict(warehouse.rows(query, [min(positions)]))


def with_remote_links(warehouse: Warehouse) -> frozenset[int]:
    """Issues known to have remote links: they are read again with the issue, for Jira gives them apart."""
    return frozenset(i for (i,) in warehouse.rows("select distinct issue_id from core.links where kind = 'remote'"))


def stored_issues(warehouse: Warehouse, today: date) -> list[tuple[Any, ...]]:
    """What is stored of every issue, in the order of the fields of the census's `Stored`, after its id.

    The turn to be asked for remote links comes daily to tickets escalated or resolved lately, and every four weeks to
    other escalated ones. Raises `WarehouseError` where nothing was loaded yet.
    """
    require_loaded(warehouse)
    query = f"""
        with turn as (
            select issue_id from core.escalations
            group by issue_id
            having max(greatest(escalated_at, coalesce(resolved_at, escalated_at))) >= ? - {LATELY}
                or issue_id % {LINK_ROUND_DAYS} = ?
        )
        select t.issue_id, t.project, f.presence,
            exists (from core.field_values v where v.issue_id = t.issue_id and v.role = 'security'),
            t.updated_at,
            exists (from core.links l where l.issue_id = t.issue_id and l.kind = 'remote'),
            exists (from turn where turn.issue_id = t.issue_id)
        from core.tickets t
        join core.ticket_facts f using (issue_id)
    """
    return warehouse.rows(query, [datetime(today.year, today.month, today.day), today.toordinal() % LINK_ROUND_DAYS])
