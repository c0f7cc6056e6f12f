"""The blind audit of verdicts: each week some escalations are drawn by chance, flagged and unflagged.

Persons say of each, without seeing our verdict, whether OPS should have handled it. What we claim and miss is told from
these alone; each stands for as many as its chance of having been drawn says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from analysis.warehouse import Warehouse

Row = dict[str, Any]
FROM_EACH = 3  # escalations drawn of each week's flagged ones, and of the others
VERDICTS = ("should_have_handled", "incomplete", "justified")
WAITING = ("issue_id", "escalation_no", "ticket_key", "escalated_date", "summary", "words", "comments")
# What is shown is what was known at the escalation; neither our verdict nor the facts for or against it.
QUEUE = """
    select r.issue_id, r.escalation_no, t.ticket_key,
        cast(timezone(s.reporting_zone, timezone('UTC', x.text_at)) as date), x.summary, x.description, c.words
    from mart.audit_results r
    cross join core.site s
    join core.tickets t using (issue_id)
    join core.known_texts x using (issue_id, escalation_no)
    left join (
        select issue_id, escalation_no, string_agg(body, chr(10) order by created_at, comment_id) as words
        from core.known_comments where body is not null group by all
    ) c on c.issue_id = r.issue_id and c.escalation_no = r.escalation_no
    where r.n_answers = 0
        and not exists (from state.audit_answers a where a.issue_id = r.issue_id and a.escalation_no = r.escalation_no)
    order by r.week desc, md5(concat_ws('/', r.issue_id, r.escalation_no))
"""
DRAW = """
    insert into state.audit_draws
        (run_id, recorded_at, effective_at, week, issue_id, escalation_no, stratum, inclusion_probability)
    select ?, ?, ?, p.week, p.issue_id, p.escalation_no, p.stratum, least(1, ? / p.n_stratum)
    from mart.audit_pool p
    where p.week = ? and p.place <= ? and not exists (from state.audit_draws d where d.week = p.week)
    order by p.stratum, p.place
"""
STORE = """
    insert into state.audit_answers
        (run_id, recorded_at, effective_at, issue_id, escalation_no, value, person_id, source_ref)
    with last as (
        select issue_id, escalation_no, person_id, max_by({'value': value}, event_id) as told
        from state.audit_answers group by all
    )
    select ?, ?, ?, a.issue_id, a.escalation_no, a.value, a.person_id, a.source_ref
    from (select unnest(?::struct(issue_id bigint, escalation_no integer, value varchar, person_id varchar,
        source_ref varchar)[]) as a)
    left join last l on l.issue_id = a.issue_id and l.escalation_no = a.escalation_no and l.person_id = a.person_id
    where l.issue_id is null or l.told.value is distinct from a.value
"""


@dataclass(frozen=True)
class AuditAnswer:
    """What a person says of an escalation; no value: it can't be told."""

    issue_id: int
    escalation_no: int
    value: str | None
    person_id: str
    source_ref: str


def draw(warehouse: Warehouse, week: date, run_id: str, now: datetime) -> int:
    """Draw from a week, if it was not drawn from before; gives how many were drawn."""
    before = _count(warehouse, "state.audit_draws")
    with warehouse.transaction():
        warehouse.execute(DRAW, [run_id, now, now, FROM_EACH, week, FROM_EACH])
    return _count(warehouse, "state.audit_draws") - before


def waiting(warehouse: Warehouse) -> list[Row]:
    """What was drawn and nobody answered yet, the latest week first."""
    return [dict(zip(WAITING, row, strict=True)) for row in warehouse.rows(QUEUE)]


def drawn(warehouse: Warehouse, issue_ids: Sequence[int]) -> dict[tuple[int, int], str]:
    """(issue id, escalation number) → stratum, of those among these tickets that were drawn."""
    query = """
        select issue_id, escalation_no, any_value(stratum) from state.audit_draws
        where issue_id in (select unnest(?::bigint[])) group by all
    """
    return {(issue, number): stratum for issue, number, stratum in warehouse.rows(query, [list(issue_ids)])}


def store(warehouse: Warehouse, answers: Sequence[AuditAnswer], run_id: str, now: datetime) -> int:
    """Add the answers that say something else than the same person said last; gives how many."""
    before = _count(warehouse, "state.audit_answers")
    with warehouse.transaction():
        warehouse.execute(STORE, [run_id, now, now, [vars(one) for one in answers]])
    return _count(warehouse, "state.audit_answers") - before


def estimates(warehouse: Warehouse) -> list[Row]:
    """Rows of mart.audit, but for how many were drawn of each stratum: that would tell what those are that wait."""
    names = ("estimate", "n_weeks_pooled", "n_answered", "n_yes", "value", "low", "high", "is_too_few")
    rows = warehouse.rows(f"select {', '.join(names)} from mart.audit order by estimate desc")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _count(warehouse: Warehouse, table: str) -> int:
    return int(warehouse.value(f"select count(*) from {table}"))
