"""What the warehouse already holds: questions that a reading of a live Jira, or a later step, asks before it begins."""

from datetime import datetime

from analysis.errors import WarehouseError
from analysis.warehouse import Warehouse

SETTLED = "interval 1 minute"  # before a reading began: what was updated then is not updated again in that very moment


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
    return dict(warehouse.rows("select scope, max_by(position, event_id) from state.cursors group by scope"))


def stored_versions(warehouse: Warehouse) -> dict[int, datetime]:
    """Issue id → time of update (naive UTC) of what is stored, as far back as the cursors will read again.

    Left out is what was updated shortly before or while it was read: another edit may have followed in the same moment.
    """
    positions = [position for scope, position in cursors(warehouse).items() if scope != "account"]
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


def stored_issues(warehouse: Warehouse) -> list[tuple[int, str, str, bool]]:
    """(issue id, project, presence, whether it has a security level) of every issue.

    Raises `WarehouseError` where nothing was loaded yet.
    """
    require_loaded(warehouse)
    return warehouse.rows("""
        select t.issue_id, t.project, f.presence, exists (
                from core.field_values v where v.issue_id = t.issue_id and v.role = 'security'
            )
        from core.tickets t
        join core.ticket_facts f using (issue_id)
    """)
