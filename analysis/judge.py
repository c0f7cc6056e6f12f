"""STEP judge: repeats and verdicts for what is new or changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.classifier import SURE
from analysis.criteria_tables import criteria_tables, judging_versions, keep_versions
from analysis.field_names import FieldNames
from analysis.known_alike import known_alike
from analysis.likeness import Likeness
from analysis.revisions import revise
from analysis.runbook_likeness import NONE, WEIGHTS
from analysis.table_files import files_of
from analysis.taxonomy import Criteria
from analysis.verdicts import TextMatcher
from analysis.warehouse import Warehouse, hash_of

Row = dict[str, Any]
STEPS = ("known", "judge")

# what changed itself
CHANGED = """
    select issue_id from raw.issues where batch_no > {since}
    union select issue_id from state.tag_events where event_id > {event}
    union select issue_id from state.family_events where event_id > {event} and issue_id is not null
    union select issue_id from state.rulings where event_id > {event}
    union select m.issue_id
        from state.family_events v
        join core.family_members m using (family_id)
        where v.event_id > {event} and v.event = 'merged'
"""
# What rests on it: a changed escalation may be what a later one at its dealer repeats, what was open there when a later
# one came, an outage of which others told, or no longer be it.
AFFECTED = """
    with changed as (select issue_id from dirty)
    select issue_id from changed
    union select n.issue_id
        from changed
        join core.escalations e using (issue_id)
        join core.dealer_stays f using (issue_id)
        join core.dealer_stays d using (dealer_id)
        join core.escalations n on n.issue_id = d.issue_id
        where n.opened_at >= e.resolved_at and n.opened_at <= e.resolved_at + interval 90 days
            or n.escalated_at > e.escalated_at and coalesce(n.escalated_at < e.resolved_at, true)
    union select a.issue_id
        from core.known_alike a
        join changed c on a.kind = 'open' and a.ref = cast(c.issue_id as varchar)
    union select r.issue_id from core.repeats r join changed c on c.issue_id = r.repeat_of
    union select l.issue_id from core.links l join changed c on c.issue_id = l.target_id
    union select n.issue_id
        from (from outages_before union from ({outages})) o
        join core.known_escalations n on n.provider = o.provider and n.escalated_at >= o.escalated_at
            and n.escalated_at <= o.escalated_at + interval 24 hours
    union select n.issue_id
        from ((from solved_before except from ({solved})) union (from ({solved}) except from solved_before)) s
        join core.known_escalations n on n.provider = s.provider and n.escalated_at >= s.known_at
"""
OUTAGES = """
    select p.value as provider, e.escalated_at
    from core.escalations e
    semi join dirty using (issue_id)
    join core.known_tags p on p.issue_id = e.issue_id and p.escalation_no = e.escalation_no and p.kind = 'provider'
    join core.known_tags c on c.issue_id = e.issue_id and c.escalation_no = e.escalation_no
    where c.kind = 'failure_category' and c.value = 'provider_outage'
"""
SOLVED = """
    select issue_id, known_at, ended_at, provider, summary, description, words
    from core.ops_solutions semi join dirty using (issue_id)
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


def judge(
    warehouse: Warehouse, criteria: Criteria, run_id: str, now: datetime, likeness: Likeness | None = None
) -> Judged:
    """Find repeats and judge escalations that are new or changed, or all when criteria changed.

    `now` (naive UTC) is what the run takes for now. Without a likeness nothing is told by how tickets are worded.
    """
    bodies = (table.body for step in STEPS for kind in ("derived", "stored") for table in files_of(step, kind))
    version = (likeness.version, WEIGHTS, NONE) if likeness else ()
    build_hash = hash_of(sorted(criteria.file_hashes.items()), version, *bodies)
    seen = warehouse.rows("select batch_no, base_hash from core.builds where step = 'judge' and hash = ?", [build_hash])
    full = not seen or not warehouse.has("core.repeats")
    with warehouse.transaction():
        warehouse.build("place", full=False)  # what people said of families since they were placed
        if full:
            dirty = warehouse.set_dirty(None)
            warehouse.remake("judge")
            keep_versions(warehouse, criteria, run_id, now)
            for name, rows in criteria_tables(warehouse, criteria).items():
                warehouse.replace(f"core.{name}", rows)
            warehouse.build("known", full=True)
            _fill("core.known_tags", warehouse, _known_tags(warehouse, criteria))
        else:
            dirty = warehouse.set_dirty(CHANGED.format(since=int(seen[0][0]), event=int(seen[0][1] or 0)))
            warehouse.execute(f"create or replace temp table outages_before as {OUTAGES}")
            warehouse.execute(f"create or replace temp table solved_before as {SOLVED}")
            warehouse.build("known", full=False)
            _fill("core.known_tags", warehouse, _known_tags(warehouse, criteria))
            dirty = warehouse.set_dirty(AFFECTED.format(outages=OUTAGES, solved=SOLVED))
        if dirty:
            versions = judging_versions(warehouse, criteria)
            matcher = TextMatcher(criteria.runbooks, versions)
            _fill("core.text_matches", warehouse, matcher.rows(_texts(warehouse)))
            tests = {one.test for one in versions}
            alike = known_alike(warehouse, criteria.runbooks, tests, likeness) if likeness else ()
            _fill("core.known_alike", warehouse, alike)
            warehouse.build("judge", full=full)
            revise(warehouse, run_id, now, is_other_criteria=full)
        newest = "select coalesce(max(batch_no), 0) from raw.issues"
        warehouse.execute("delete from core.builds where step = 'judge'")
        warehouse.execute(f"insert into core.builds values ('judge', ({newest}), ({SEEN}), ?)", [build_hash])
    return Judged(dirty)


def _fill(name: str, warehouse: Warehouse, rows: Iterable[Row]) -> None:
    """Make a table hold these rows for the dirty tickets."""
    listed = list(rows)  # read before the rows they rest on go
    warehouse.execute(f"delete from {name} where issue_id in (select issue_id from dirty)")
    warehouse.insert(name, listed)


def _texts(warehouse: Warehouse) -> Iterator[Row]:
    """Words of the dirty escalations as they were known: the ticket's, then its comments in order."""
    query = """
        select issue_id, escalation_no, concat_ws(chr(10), summary, description), text_at, 'ticket text', 0
        from core.known_texts semi join dirty using (issue_id)
        union all
        select issue_id, escalation_no, body, created_at, 'comment ' || comment_id, comment_id
        from core.known_comments semi join dirty using (issue_id) where body is not null
        order by 1, 2, 6
    """
    for issue_id, number, text, known_at, where, _ in warehouse.rows(query):
        found = {"issue_id": issue_id, "escalation_no": number, "text": text}
        yield found | {"known_at": known_at, "source_ref": where}


def _known_tags(warehouse: Warehouse, criteria: Criteria) -> Iterator[Row]:
    """Tags as known at each escalation: answers given by then, else what a field held then, else what the words say."""
    query = """
        with said as (
            select e.issue_id, e.escalation_no, a.kind, coalesce(a.person_id, a.source_ref) as person,
                max_by({'value': a.value, 'place': (a.effective_at, a.event_id)}, (a.effective_at, a.event_id)) as told
            from core.escalations e
            semi join dirty using (issue_id)
            join state.answers a on a.issue_id = e.issue_id and a.effective_at <= e.escalated_at
            group by all
        ),
        answered as (
            select issue_id, escalation_no, kind, max_by(told.value, told.place) as value
            from said where told.value is not null group by all
        )
        select e.issue_id, e.escalation_no, g.kind, a.value, s.value,
            -- the words of another escalation of the ticket say nothing of this one
            if(k.is_own, g.text_value, null), if(k.is_own, g.text_source, 'none'),
            coalesce(g.guess_confidence >= ? and coalesce(g.rule_value = g.text_value, true), false)
        from core.escalations e
        semi join dirty using (issue_id)
        join core.tags g on g.issue_id = e.issue_id and g.kind in ('provider', 'failure_category')
        join (
            select x.issue_id, x.escalation_no,
                (x.summary, x.description) is not distinct from (t.summary, t.description) as is_own
            from core.known_texts x
            semi join dirty using (issue_id)
            join core.tag_texts t using (issue_id)
        ) k on k.issue_id = e.issue_id and k.escalation_no = e.escalation_no
        left join answered a on a.issue_id = e.issue_id and a.escalation_no = e.escalation_no and a.kind = g.kind
        left join core.field_stays s on s.issue_id = e.issue_id
            and s.role = case g.kind when 'failure_category' then 'category' else g.kind end
            and s.entered_at <= e.escalated_at and (s.left_at is null or s.left_at > e.escalated_at)
        order by e.issue_id, e.escalation_no, g.kind
    """
    names = FieldNames.of(criteria)
    for issue_id, number, kind, answer, held, text_value, text_source, is_sure in warehouse.rows(query, [SURE]):
        by_field = names.tag(kind, held)
        if answer:
            value, source = answer, "answer"
        else:
            value, source = (by_field, "field") if by_field else (text_value, text_source)
        found = {"issue_id": issue_id, "escalation_no": number, "kind": kind, "value": value, "source": source}
        yield found | {"is_sure": source in ("answer", "field", "rule") or (source == "classifier" and is_sure)}
