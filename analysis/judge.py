"""STEP judge: repeats and verdicts for what is new or changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from analysis.field_names import FieldNames
from analysis.table_files import files_of
from analysis.taxonomy import Criteria
from analysis.verdicts import TextMatcher
from analysis.warehouse import Warehouse, hash_of

Row = dict[str, Any]

# A changed escalation may be what a later one at its dealer repeats, or no longer be it.
AFFECTED = """
    with changed as (
        select issue_id from raw.issues where batch_no > {since}
        union select issue_id from state.tag_events where event_id > {event}
        union select issue_id from state.family_events where event_id > {event} and issue_id is not null
        union select issue_id from state.rulings where event_id > {event}
        union select m.issue_id
            from state.family_events v
            join core.family_members m using (family_id)
            where v.event_id > {event} and v.event = 'merged'
    )
    select issue_id from changed
    union select n.issue_id
        from changed
        join core.escalations e using (issue_id)
        join core.ticket_facts f using (issue_id)
        join core.ticket_facts d using (dealer_id)
        join core.escalations n on n.issue_id = d.issue_id
        where n.opened_at >= e.resolved_at and n.opened_at <= e.resolved_at + interval 90 days
    union select r.issue_id from core.repeats r join changed c on c.issue_id = r.repeat_of
    union select l.issue_id from core.links l join changed c on c.issue_id = l.target_id
"""
# the last event of tags, families and rulings, which share one sequence
SEEN = """
    select cast(greatest(
        (select coalesce(max(event_id), 0) from state.tag_events),
        (select coalesce(max(event_id), 0) from state.family_events),
        (select coalesce(max(event_id), 0) from state.rulings)
    ) as varchar)
"""


@dataclass(frozen=True)
class Judged:
    """How many tickets were judged anew."""

    n_tickets: int


def judge(warehouse: Warehouse, criteria: Criteria) -> Judged:
    """Find repeats and judge escalations that are new or changed, or all when criteria changed."""
    bodies = (table.body for kind in ("derived", "stored") for table in files_of("judge", kind))
    build_hash = hash_of(sorted(criteria.file_hashes.items()), *bodies)
    seen = warehouse.rows("select batch_no, base_hash from core.builds where step = 'judge' and hash = ?", [build_hash])
    full = not seen or not warehouse.has("core.repeats")
    with warehouse.transaction():
        warehouse.build("place", full=False)  # what people said of families since they were placed
        dirty = warehouse.set_dirty(
            None if full else AFFECTED.format(since=int(seen[0][0]), event=int(seen[0][1] or 0))
        )
        if full:
            warehouse.remake("judge")
            for name, rows in _criteria_tables(criteria).items():
                warehouse.replace(f"core.{name}", rows)
        if dirty or full:
            where = "" if full else " where issue_id in (select issue_id from dirty)"
            warehouse.execute("delete from core.text_matches" + where)
            warehouse.insert("core.text_matches", TextMatcher.of(criteria).rows(_texts(warehouse)))
            warehouse.execute("delete from core.known_tags" + where)
            warehouse.insert("core.known_tags", _known_tags(warehouse, criteria))
            warehouse.build("judge", full=full)
        newest = "select coalesce(max(batch_no), 0) from raw.issues"
        warehouse.execute("delete from core.builds where step = 'judge'")
        warehouse.execute(f"insert into core.builds values ('judge', ({newest}), ({SEEN}), ?)", [build_hash])
    return Judged(dirty)


def _texts(warehouse: Warehouse) -> list[Row]:
    """Words of the escalated tickets among the dirty ones, as they stood at the escalation."""
    query = """
        select issue_id, summary, description from core.tag_texts
        semi join dirty using (issue_id)
        semi join core.escalations using (issue_id)
        order by issue_id
    """
    return [dict(zip(("issue_id", "summary", "description"), row, strict=True)) for row in warehouse.rows(query)]


def _known_tags(warehouse: Warehouse, criteria: Criteria) -> Iterator[Row]:
    """Tags as known at each escalation: answers given by then, else what a field held then, else what the words say."""
    query = """
        select e.issue_id, e.escalation_no, g.kind, g.value, g.source, s.value, g.text_value, g.text_source,
            g.source = 'answer' and g.answered_at <= e.escalated_at
        from core.escalations e
        semi join dirty using (issue_id)
        join core.tags g on g.issue_id = e.issue_id and g.kind in ('provider', 'failure_category')
        left join core.field_stays s on s.issue_id = e.issue_id
            and s.role = case g.kind when 'failure_category' then 'category' else g.kind end
            and s.entered_at <= e.escalated_at and (s.left_at is null or s.left_at > e.escalated_at)
        order by e.issue_id, e.escalation_no, g.kind
    """
    names = FieldNames.of(criteria)
    for issue_id, number, kind, value, source, held, text_value, text_source, is_answered in warehouse.rows(query):
        if not is_answered:
            by_field = names.tag(kind, held)
            value, source = (by_field, "field") if by_field else (text_value, text_source)
        yield {"issue_id": issue_id, "escalation_no": number, "kind": kind, "value": value, "source": source}


def _criteria_tables(criteria: Criteria) -> dict[str, list[Row]]:
    runbooks = [
        r.model_dump(include={"version", "title", "provider", "audience", "needs_access", "because_of", "text_hash"})
        | {"runbook_id": r.id, "failure_category": r.category, "published_date": r.published}
        | {"announced_date": r.announced, "replaced_date": r.replaced}
        for r in criteria.runbooks
    ]
    access = [{"access": a.access, "since": a.since, "until": a.until} for a in criteria.access]
    return {
        "runbooks": runbooks,
        "criteria": _criteria_rows(criteria),
        "normal_delays": [d.model_dump() for d in criteria.normal_delays],
        "access": access,
    }


def _criteria_rows(criteria: Criteria) -> list[Row]:
    """Each version holds until the next one of the same criterion begins."""
    rows: list[Row] = []
    for ident in dict.fromkeys(c.id for c in criteria.criteria):
        versions = sorted((c for c in criteria.criteria if c.id == ident), key=lambda c: (c.effective_from, c.version))
        ends = {a.version: b.effective_from for a, b in pairwise(versions)}
        rows += [
            {"criterion_id": c.id, "version": c.version, "title": c.title, "test": c.test}
            | {"effective_from": c.effective_from, "effective_until": ends.get(c.version)}
            for c in versions
        ]
    return rows
