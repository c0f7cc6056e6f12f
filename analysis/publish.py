"""What was said of a week: stored as it was printed, final once it has settled, changed only by restatements.

It has settled once its 14 days are over, and OPS's time to reply to its verdicts. Data that came late changes a final
week's numbers with its cause and its tickets; other rules, another model or another definition apply to weeks that are
not final yet, and to the past only where somebody asks for it.
"""

from dataclasses import dataclass
from datetime import date, datetime

from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse, hash_of

SETTLES_DAYS = 14  # a reopening may withdraw a resolution for this long


@dataclass(frozen=True)
class Published:
    """What a publishing did: numbers new or still provisional, restated ones, and such as wait for `restate`."""

    week: date
    is_final: bool
    n_stored: int
    n_restated: int
    n_waiting: int


def publish(
    warehouse: Warehouse,
    criteria: Criteria,
    model_version: str | None,
    run_id: str,
    now: datetime,
    *,
    restate: bool = False,
    is_backfill: bool = False,
) -> Published:
    """Store the reported week's numbers with their tickets, and those of published weeks that have settled since.

    Numbers told are those of all and by provider. Final weeks whose numbers have changed are restated. `is_backfill`
    marks a week that is published long after it was over.
    """
    rules = hash_of(*(criteria.file_hashes[name] for name in ("rules.toml", "codes.csv", "taxonomy.toml")))
    with warehouse.transaction():
        warehouse.execute(WEEKS)
        warehouse.execute(NUMBERS)
        warehouse.execute(CAUSES, [rules, model_version])
        before = _counts(warehouse)
        newest = warehouse.value("select coalesce(max(event_id), 0) from state.published")
        warehouse.execute(STORE, [run_id, now, now, rules, model_version, is_backfill, restate])
        warehouse.execute(TICKETS, [run_id, now, now, newest])
        after = _counts(warehouse)
        waiting = "select count(*) from causes where cause in ('rules', 'model', 'definition')"
        n_waiting = 0 if restate else int(warehouse.rows(waiting)[0][0])
    ((week, is_final),) = warehouse.rows("select week, is_final from to_publish join core.clock using (week)")
    return Published(week, is_final, after[0] - before[0], after[1] - before[1], n_waiting)


def _counts(warehouse: Warehouse) -> tuple[int, int]:
    """Numbers stored that restate nothing, and restatements."""
    ((n_stored, n_restated),) = warehouse.rows("select count(*) - count(cause), count(cause) from state.published")
    return n_stored, n_restated


# The reported week, and what was published before: it may have settled since, or have changed. Where many holidays
# follow, OPS may reply for longer than a reopening may come.
WEEKS = f"""
    create or replace temp table to_publish as
    select week,
        as_of >= timezone('UTC', timezone(reporting_zone, cast(week + {7 + SETTLES_DAYS} as timestamp)))
            and coalesce(as_of >= closes_at, true) as is_final
    -- of later weeks nothing was measured now
    from (
        select k.week from core.clock k union select p.week from state.published p join core.clock k on p.week < k.week
    )
    cross join (select as_of, reporting_zone from core.clock)
    left join (
        select e.escalated_week as week, max(r.window_closes_at) as closes_at
        from mart.tagged_escalations e
        join core.verdict_replies r using (issue_id, escalation_no)
        group by e.escalated_week
    ) using (week)
"""
NUMBERS = """
    create or replace temp table numbers as
    with latest as (
        select * from state.published
        qualify row_number() over (partition by week, measure, variant, statistic, group_key order by event_id desc) = 1
    ),
    told as (
        select week, bool_or(is_final) as was_final, max_by(rules_hash, event_id) as rules,
            max(effective_at) as published_at, max_by({'version': model_version}, event_id).version as model
        from latest
        group by week
    ),
    present as (
        select * from mart.measures where group_key = 'all' or group_key like 'provider:%'
    ),
    number as (
        -- a group that is gone counts nothing now
        select week, measure, variant, statistic, group_key, p.event_id as replaces, p.is_final, p.definition_version,
            p.rules_hash, p.model_version, p.effective_at, m.week is null as is_gone,
            if(m.week is null, 0, m.numerator) as numerator,
            if(m.week is null, 0 * p.denominator, m.denominator) as denominator,
            if(m.week is null, if(statistic in ('count', 'sum'), 0.0, null), m.value) as value, m.low, m.high,
            coalesce(m.n, 0) as n, coalesce(m.n_pending, 0) as n_pending,
            coalesce(m.n_weeks_pooled, p.n_weeks_pooled) as n_weeks_pooled, coalesce(m.is_too_few, true) as is_too_few,
            p.event_id is null or p.numerator is distinct from if(m.week is null, 0, m.numerator)
                or p.denominator is distinct from if(m.week is null, 0 * p.denominator, m.denominator)
                or p.n_weeks_pooled <> m.n_weeks_pooled or m.week is not null and (p.value is null) <> (m.value is null)
                or coalesce(abs(p.value - m.value) > 1e-9, false) as is_other
        from present m
        full join latest p using (week, measure, variant, statistic, group_key)
    )
    select n.* exclude (is_final, definition_version, rules_hash, model_version, effective_at),
        row_number() over (order by n.week, n.measure, n.variant, n.statistic, n.group_key) as number_id,
        d.version as definition_version, w.is_final, coalesce(n.is_final, t.was_final, false) as was_final,
        case
            when n.replaces is not null then n.definition_version
            -- a form that was not told of the week yet is another definition of it
            when exists (from latest l where l.week = n.week and l.measure = n.measure and l.variant = n.variant)
                then d.version
            else 0
        end as old_definition,
        coalesce(n.rules_hash, t.rules) as old_rules, if(n.replaces is null, t.model, n.model_version) as old_model,
        coalesce(n.effective_at, t.published_at) as published_at
    from number n
    join to_publish w using (week)
    join mart.definitions d using (measure, variant)
    left join told t using (week)
    -- a group that is new and counts nothing says nothing of a week that is final
    where n.replaces is not null or not coalesce(t.was_final, false) or n.n + n.n_pending > 0 or n.group_key = 'all'
"""
# Why a final number is another one: what a person chose to change comes first, for it may explain everything.
CAUSES = """
    create or replace temp table causes as
    with said as (
        select n.number_id, o.issue_id, o.escalation_no, o.in_numerator, o.is_pending
        from numbers n
        join state.published_tickets o on o.published_id = n.replaces
        where n.was_final and n.is_other
    ),
    known as (
        select n.number_id, t.issue_id, t.escalation_no, t.in_numerator, t.is_pending
        from numbers n
        join mart.measure_tickets t using (week, measure, variant, statistic, group_key)
        where n.was_final and n.is_other
    ),
    moved as (
        (from said except from known) union (from known except from said)
    )
    select n.number_id,
        case
            when any_value(n.old_definition <> n.definition_version) then 'definition'
            when any_value(n.old_rules) is distinct from ? then 'rules'
            when any_value(n.old_model) is distinct from ? then 'model'
            when bool_or(r.issue_id is not null) then 'reopen'
            when bool_or(a.issue_id is not null or f.issue_id is not null or s.issue_id is not null) then 'correction'
            else 'late_data'
        end as cause
    from numbers n
    left join moved m using (number_id)
    left join core.resolutions r on r.issue_id = m.issue_id and r.is_withdrawn
    left join state.answers a on a.issue_id = m.issue_id and a.recorded_at > n.published_at
    left join state.family_events f on f.issue_id = m.issue_id and f.person_id is not null and f.method is null
        and f.recorded_at > n.published_at
    left join state.rulings s on s.issue_id = m.issue_id and s.recorded_at > n.published_at
    where n.was_final and n.is_other
    group by n.number_id
"""
STORE = """
    insert into state.published (
        run_id, recorded_at, effective_at, rules_hash, model_version, is_backfill, week, measure, variant, statistic,
        group_key, numerator, denominator, value, low, high, n, n_pending, n_weeks_pooled, is_too_few, is_final,
        definition_version, replaces, cause
    )
    select ?, ?, ?, ?, ?, ? and n.week = (select week from core.clock),
        n.week, n.measure, n.variant, n.statistic, n.group_key, n.numerator, n.denominator, n.value,
        n.low, n.high, n.n, n.n_pending, n.n_weeks_pooled, n.is_too_few,
        n.is_final, n.definition_version, n.replaces, c.cause
    from numbers n
    left join causes c using (number_id)
    where if(
        n.was_final, n.is_other and (? or c.cause not in ('rules', 'model', 'definition')),
        (n.is_other or n.is_final) and not n.is_gone
    )
    order by n.number_id
"""
TICKETS = """
    insert into state.published_tickets
        (run_id, recorded_at, effective_at, published_id, issue_id, escalation_no, in_numerator, is_pending)
    select ?, ?, ?, p.event_id, t.issue_id, t.escalation_no, t.in_numerator, t.is_pending
    from state.published p
    join mart.measure_tickets t using (week, measure, variant, statistic, group_key)
    where p.event_id > ?
    order by p.event_id, t.issue_id, t.escalation_no
"""
