"""The queue of Tier 2: every open escalation, what to do first on top."""

from collections.abc import Iterator, Sequence
from typing import Any

from analysis.errors import InputError
from analysis.text import printable
from pipelines.desk_lock import warehouse_to_read
from pipelines.settings import Settings
from pipelines.similar_lines import nearest_resolved

WHY = {
    "overdue": "past the provider's normal time",
    "soon_overdue": "the provider's normal time is over within a day",
    "top_priority": "top priority",
    "push_back": "OPS should have handled it",
    "incomplete": "badly handed over",
    "ours": "our turn",
    "waiting": "waits for others",
}
COLUMNS = (
    *("place", "ticket_key", "escalation_no", "why_now", "priority", "summary", "dealer_name", "provider"),
    *("failure_category", "is_tag_unsure", "age_working_hours", "waiting_on", "hours_left", "verdict", "criterion_id"),
    *("runbook_id", "nearest_key", "nearest_tier", "repeat_of_key", "family_id", "family_state", "next_step"),
)
LONGEST = 160  # characters of a summary
Row = dict[str, Any]


def open_queue(settings: Settings) -> list[Row]:
    """Rows of mart.queue in order; where a ticket's family knows no resolved one, the nearest by its words."""
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        if not warehouse.has("mart.queue"):
            raise InputError(f"{settings.warehouse_file}: nothing was reported yet; run `escalations report` first")
        found = warehouse.rows(f"select issue_id, {', '.join(COLUMNS)} from mart.queue order by place")
        rows = [dict(zip(("issue_id", *COLUMNS), row, strict=True)) for row in found]
        near = nearest_resolved(warehouse, [row["issue_id"] for row in rows if row["nearest_key"] is None])
    for row in rows:
        if other := near.get(row.pop("issue_id")):
            row |= {"nearest_key": other["ticket_key"], "nearest_tier": other["resolution_tier"]}
    return rows


def queue_lines(rows: Sequence[Row]) -> Iterator[str]:
    """The queue as a person reads it."""
    for row in rows:
        yield f"{row['place']}. {printable(row['ticket_key'])}: {printable(row['summary'])[:LONGEST]}"
        yield f"   {WHY[row['why_now']]}: {printable(row['next_step'])}"
        yield f"   {'; '.join(_told(row))}"
    yield f"{len(rows)} open" if rows else "no escalation is open"


def _told(row: Row) -> Iterator[str]:
    unsure = " (unsure)" if row["is_tag_unsure"] else ""
    yield f"{row['provider'] or 'no provider'}, {row['failure_category'] or 'untagged'}{unsure}"
    if row["dealer_name"]:
        yield printable(row["dealer_name"])
    yield f"open {row['age_working_hours']:.0f} working hours, held by {row['waiting_on']}"
    if row["verdict"]:
        criterion = f" ({row['criterion_id']})" if row["criterion_id"] else ""
        yield f"verdict {row['verdict'].replace('_', ' ')}{criterion}"
    if row["runbook_id"]:
        yield f"runbook {row['runbook_id']}"
    if row["repeat_of_key"]:
        yield f"came back after {printable(row['repeat_of_key'])}"
    if row["nearest_key"]:
        tier = f", resolved by Tier {row['nearest_tier']}" if row["nearest_tier"] is not None else ""
        yield f"nearest {printable(row['nearest_key'])}{tier}"
