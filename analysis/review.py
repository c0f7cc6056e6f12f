"""The review queue: which tags are put before a person, and what they answered.

A list of ten holds three tags drawn blind from all that rules or classifier gave (they tell how good those are), two
that are disputed, three of which each stands for many alike, and two of which least is known.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.warehouse import Warehouse

PARTS = (("blind", 0.3), ("disputed", 0.2), ("informative", 0.3), ("unsure", 0.2))
Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a person says of a tag; no value: they can't tell, or no longer hold what they said."""

    issue_id: int
    kind: str
    value: str | None
    person_id: str
    source_ref: str


def fill_queue(warehouse: Warehouse, n: int, run_id: str, now: datetime) -> None:
    """Draw tags until `n` wait for an answer, or there are no more. What was drawn stays until it is answered."""
    with warehouse.transaction():
        for reason, part in PARTS:
            waiting = Counter(row["reason"] for row in queue(warehouse))
            wanted = round(part * n) - waiting[reason]
            _draw(warehouse, reason, min(wanted, n - waiting.total()), run_id, now)
        for reason, _ in reversed(PARTS):  # where one pool is dry, another fills its places
            while _draw(warehouse, reason, n - len(queue(warehouse)), run_id, now):
                pass  # of those drawn blind some may be answered already


def _draw(warehouse: Warehouse, reason: str, n: int, run_id: str, now: datetime) -> bool:
    """Put down the first `n` of a pool, with the chance that each had where chance drew it; whether there were any."""
    query = """
        insert into state.review_draws
            (run_id, recorded_at, effective_at, issue_id, kind, reason, value, source, inclusion_probability)
        select ?, ?, ?, issue_id, kind, reason, value, source,
            case when reason = 'blind' then least(1, ? / n_like) end
        from mart.review_pool
        where reason = ? and place <= ?
        order by place
    """
    if n <= 0 or not warehouse.value("select count(*) from mart.review_pool where reason = ?", [reason]):
        return False
    warehouse.execute(query, [run_id, now, now, n, reason, n])
    return True


def queue(warehouse: Warehouse) -> list[Row]:
    """The tags that wait for an answer: rows of mart.review_queue."""
    names = (
        *("issue_id", "ticket_key", "kind", "reason", "drawn_at", "guess", "guess_confidence", "second_guess"),
        *("rule_value", "said", "summary", "words"),
    )
    rows = warehouse.rows(f"select {', '.join(names)} from mart.review_queue")
    return [dict(zip(names, row, strict=True)) for row in rows]


def issue_ids(warehouse: Warehouse, keys: Sequence[str]) -> dict[str, int]:
    """Ticket key, present or past → issue id, of those that are known."""
    query = """
        select ticket_key, max_by(issue_id, is_current) from core.ticket_keys
        where ticket_key in (select unnest(?::varchar[])) group by ticket_key
    """
    return dict(warehouse.rows(query, [list(keys)]))


def store_answers(warehouse: Warehouse, answers: Sequence[Answer], run_id: str, now: datetime) -> int:
    """Add the answers that say something else than what the same person said last; gives how many."""
    query = """
        insert into state.answers (run_id, recorded_at, effective_at, issue_id, kind, value, person_id, source_ref)
        with last as (
            select issue_id, kind, person_id, max_by({'value': value}, (effective_at, event_id)) as told
            from state.answers group by all
        )
        select ?, ?, ?, a.issue_id, a.kind, a.value, a.person_id, a.source_ref
        from (select unnest(?::struct(
            issue_id bigint, kind varchar, value varchar, person_id varchar, source_ref varchar)[]) as a)
        left join last l on l.issue_id = a.issue_id and l.kind = a.kind and l.person_id = a.person_id
        where l.issue_id is null or l.told.value is distinct from a.value
    """
    before = warehouse.value("select count(*) from state.answers")
    with warehouse.transaction():
        warehouse.execute(query, [run_id, now, now, [vars(one) for one in answers]])
    return int(warehouse.value("select count(*) from state.answers") - before)
