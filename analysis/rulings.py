"""What OPS replied to verdicts and what was ruled: taken over from Jira's labels, or given in a CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.warehouse import Warehouse

Row = dict[str, Any]
REPLIES, RULINGS = ("accepted", "contested"), ("stands", "withdrawn")
REASONS = ("knowledge", "access", "information", "process")  # why OPS did not handle it
VERDICTS = (
    *("ticket_key", "escalation_no", "criterion_id", "reply", "ruling", "standing"),
    *("escalated_date", "closes_date"),
)
NOT_COUNTED = ("ticket_key", "escalation_no", "said", "is_taken_back", "excluded_as", "said_date")


@dataclass(frozen=True)
class Saying:
    """A reply, a reason or a ruling as a CSV tells it; `said_at` is naive UTC."""

    issue_id: int
    escalation_no: int
    said: str
    person_id: str
    said_at: datetime
    source_ref: str


# Of what one edit says at once the order is that of the words, by which the milder one comes last and holds.
NEW_LABELS = """
    insert into state.rulings
        (run_id, recorded_at, effective_at, issue_id, escalation_no, said, is_taken_back, person_id, source_ref)
    select ?, ?, j.said_at, j.issue_id, j.escalation_no, j.said, j.is_taken_back, j.person_id, j.source_ref
    from core.jira_rulings j
    anti join state.rulings using (source_ref)
    order by j.said_at, j.issue_id, j.history_id, j.item_no, j.said
"""
TOLD = """
    insert into state.rulings
        (run_id, recorded_at, effective_at, issue_id, escalation_no, said, is_taken_back, person_id, source_ref)
    select ?, ?, a.said_at, a.issue_id, a.escalation_no, a.said, false, a.person_id, a.source_ref
    from (select unnest(?::struct(issue_id bigint, escalation_no integer, said varchar, person_id varchar,
        said_at timestamp, source_ref varchar)[]) as a)
    anti join state.rulings r on r.source_ref = a.source_ref
    order by a.said_at, a.issue_id, a.said
"""
LOCAL = "cast(timezone(s.reporting_zone, timezone('UTC', {})) as date)"
# Who waits for whom: contests that nobody has ruled on, then verdicts to which OPS may still reply, then the rest.
STANDING = f"""
    select t.ticket_key, v.escalation_no, v.criterion_id, v.reply, v.ruling, v.standing,
        {LOCAL.format("e.escalated_at")} as escalated_date,
        {LOCAL.format("v.window_closes_at - interval 1 microsecond")} as closes_date
    from mart.verdicts v
    cross join core.site s
    join mart.tagged_escalations e using (issue_id, escalation_no)
    join core.tickets t using (issue_id)
    where v.standing is not null and not e.is_excluded and e.entered = 'from_ops'
    order by list_position(['contested', 'claimed', 'unanswered', 'agreed', 'withdrawn'], v.standing),
        e.escalated_at desc, v.issue_id, v.escalation_no
"""
LEFT_OUT = f"""
    select t.ticket_key, r.escalation_no, r.said, r.is_taken_back, r.excluded_as,
        {LOCAL.format("r.said_at")} as said_date
    from mart.rulings r
    cross join core.site s
    cross join core.clock k
    join core.tickets t using (issue_id)
    where not r.is_counted and r.said_at > k.as_of - interval 91 days
    order by r.said_at desc, r.issue_id, r.source_ref
"""


def take_over_rulings(warehouse: Warehouse, run_id: str, now: datetime) -> int:
    """Copy what labels say, and no longer say, of verdicts into `state.rulings`; gives how many events that made."""
    if not warehouse.has("core.jira_rulings"):
        return 0  # loaded by an older program; the next load makes it
    before = _n_events(warehouse)
    with warehouse.transaction():
        warehouse.execute(NEW_LABELS, [run_id, now])
    return _n_events(warehouse) - before


def store(warehouse: Warehouse, said: Sequence[Saying], run_id: str, now: datetime) -> int:
    """Add what was not said before; gives how many."""
    with warehouse.transaction():
        before = _n_events(warehouse)
        warehouse.execute(TOLD, [run_id, now, [vars(one) for one in said]])
        return _n_events(warehouse) - before


def _n_events(warehouse: Warehouse) -> int:
    return int(warehouse.value("select count(*) from state.rulings"))


def escalations_of(warehouse: Warehouse, issue_ids: Sequence[int]) -> dict[int, list[datetime]]:
    """Issue id → when its escalations began (naive UTC), by their numbers from 1."""
    query = """
        select issue_id, list(escalated_at order by escalation_no) from core.escalations
        where issue_id in (select unnest(?::bigint[])) group by issue_id
    """
    return dict(warehouse.rows(query, [list(issue_ids)]))


def standings(warehouse: Warehouse) -> list[Row]:
    """Each verdict that claims that OPS should have handled it, with how it stands; what waits comes first."""
    return [dict(zip(VERDICTS, row, strict=True)) for row in warehouse.rows(STANDING)]


def not_counted(warehouse: Warehouse) -> list[Row]:
    """What was said of verdicts in 13 weeks and does not count, and why; the latest first. It names nobody."""
    return [dict(zip(NOT_COUNTED, row, strict=True)) for row in warehouse.rows(LEFT_OUT)]
