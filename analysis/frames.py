"""What the pages are made of: frames by name, read once from the measured warehouse.

Whole tables are small (definitions, runbooks, families); of tickets only those are read that a page tells of.
"""

import pandas as pd

from analysis.count_frames import BEHIND_COUNTS, COUNT_FRAMES
from analysis.warehouse import Warehouse

SHOWN_WEEKS = 53  # how far back charts reach

# Of how many tickets there are pages: a folder of 12 MB holds so many. A desk of 20 escalations a week has all of
# its own.
MOST_PAGES = 380
MOST_FAMILIES = 150  # those on which Tier 2 spent most, then the newest
# Tickets that some page tells of: `rank` 1 where they are of the week alone, open, contested, or named by a
# decision; 2 where a
# number of more weeks counts them or a family on which Tier 2 spent most has them; 3 where one of the first kind
# repeats them.
TOLD_TICKETS = """
    create or replace temp table told as
    with named as (
        select t.issue_id, if(t.variant like '%_week' or m.n_weeks_pooled = 1, 1, 2) as rank
        from mart.shown_tickets t
        join core.clock k on k.week = t.week
        join mart.shown_measures m on m.week = t.week and m.measure = t.measure and m.variant = t.variant
            and m.statistic = t.statistic and m.group_key = t.group_key
        where t.group_key = 'all'
        union all
        select issue_id, 1 from closed_verdicts
        union all
        select issue_id, 1 from mart.open_escalations
        union all
        select t.issue_id, if(d.nth <= 8, 1, 2)
        from (select unnest(refs) as ticket_key, unnest(range(1, len(refs) + 1)) as nth from decided) d
        join core.tickets t using (ticket_key)
        union all
        select e.issue_id, 1 from mart.verdicts v join mart.escalations e using (issue_id, escalation_no)
        cross join core.clock k
        where v.reply = 'contested' and e.escalated_at > k.as_of - interval 182 days
        union all
        select e.issue_id, 2
        from mart.family_escalations e
        join mart.next_steps n on n.family_id = e.family_id and n.subject = 'family' and n.place <= 10
        cross join core.clock k
        where e.escalated_week > k.week - 91
    ),
    counted as (
        select issue_id, min(rank) as rank from named semi join mart.escalations using (issue_id) group by issue_id
    )
    select issue_id, min(rank) as rank
    from (from counted union all select r.repeat_of, 3 from core.repeats r
        join counted c on c.issue_id = r.issue_id and c.rank = 1)
    group by issue_id
"""
SHOWN_TICKETS = f"""
    create or replace temp table shown as
    select issue_id
    from told
    join (select issue_id, max(escalated_at) as escalated_at from mart.escalations group by issue_id) using (issue_id)
    order by rank, escalated_at desc, issue_id
    limit {MOST_PAGES}
"""
# The newest week up to the reported one in which OPS had something to answer and may no longer.
CLOSED_VERDICTS = """
    create or replace temp table closed_verdicts as
    select t.*
    from mart.shown_tickets t
    where t.measure = 'ops_should_have_handled' and t.variant like '%_week' and t.statistic = 'share'
        and t.group_key = 'all'
        and t.week = (
            select max(m.week)
            from mart.shown_measures m
            join core.clock k on m.week <= k.week
            where m.measure = 'ops_should_have_handled' and m.variant = 'agreed_week' and m.group_key = 'all'
                and m.n > 0 and m.n_pending = 0
        )
"""
# Read twice; a view would be worked out twice.
DECISIONS = "create or replace temp table decided as from mart.proposed_decisions"
PREPARED = (CLOSED_VERDICTS, DECISIONS, BEHIND_COUNTS, TOLD_TICKETS, SHOWN_TICKETS)

FRAMES = COUNT_FRAMES | {
    "clock": "select as_of, week, reporting_zone from core.clock",
    "weeks": """
        select m.week, coalesce(bool_or(p.is_final), false) as is_final, count(p.week) > 0 as is_published,
            (select count(*) from mart.restatements r where r.week = m.week and r.group_key = 'all') as n_restated
        from (select distinct week from mart.measures) m
        left join mart.published p on p.week = m.week and p.is_latest
        group by m.week order by m.week
    """,
    "marks": """
        with told as (
            select week, any_value(rules_hash) as rules, any_value(model_version) as model,
                max(definition_version) as definition
            from state.published where group_key = 'all' group by week
        ),
        changed as (
            select week, rules <> lag(rules) over o as rules, model is distinct from lag(model) over o as model,
                definition <> lag(definition) over o as definition
            from told window o as (order by week) qualify row_number() over o > 1
        )
        select week, 'other rules' as what from changed where rules
        union
        select week, 'another classifier' from changed where model
        union
        select week, 'another definition' from changed where definition
        union
        select cast(date_trunc('week', c.effective_from) as date), 'criteria changed'
        from core.criteria c join core.clock k on c.effective_from <= k.week + 6
        where c.version > 1 or c.effective_from > (select min(week) from mart.measures)
        order by 1, 2
    """,
    "measures": f"""
        select m.* from mart.shown_measures m join core.clock k on m.week <= k.week
            and m.week > k.week - {7 * SHOWN_WEEKS}
        where m.group_key = 'all' or m.week = k.week or (m.measure = 'volume' and m.group_key like 'provider:%')
        order by m.week, m.measure, m.variant, m.statistic, m.group_key
    """,
    "control_limits": f"""
        select c.* from mart.control_limits c join core.clock k on c.week <= k.week
            and c.week > k.week - {7 * SHOWN_WEEKS}
        where c.measure in ('repeats', 'ops_should_have_handled', 'resolution_without_tier3')
        order by c.week, c.measure, c.variant
    """,
    "funnel": "select f.* from mart.funnel f join core.clock using (week) order by measure, variant, group_key",
    "definitions": "select * from mart.definitions order by measure, variant",
    "measure_tickets": """
        select t.* from mart.shown_tickets t join core.clock k on k.week = t.week
        where t.group_key = 'all' or (t.group_key like 'provider:%' and (t.measure, t.variant) in (
            ('volume', 'escalations'), ('repeats', 'same_failure'), ('ops_should_have_handled', 'claimed'),
            ('resolution_without_tier3', 'by_resolution'), ('waits', 'overdue')))
        order by measure, variant, statistic, group_key, issue_id, escalation_no
    """,
    "closed_verdicts": "select * from closed_verdicts order by variant, issue_id, escalation_no",
    "escalations": """
        select e.*, t.summary, t.status, t.priority, t.dealer_id, d.name as dealer_name, f.dealer_text, t.provider,
            t.failure_category, v.verdict, v.verdict_at_escalation, v.criterion_id, v.criterion_version,
                v.softened_by, v.reply, v.ruling,
            v.standing, v.window_closes_at, r.days_between, r.repeat_of_no, r.told_by as repeat_told_by,
                o.ticket_key as repeat_of_key
        from mart.escalations e
        semi join told using (issue_id)
        join mart.tickets t using (issue_id)
        join core.ticket_facts f using (issue_id)
        left join mart.dealers d on d.dealer_id = t.dealer_id
        left join mart.verdicts v using (issue_id, escalation_no)
        left join core.repeats r using (issue_id, escalation_no)
        left join core.tickets o on o.issue_id = r.repeat_of
        order by e.escalated_at, e.issue_id, e.escalation_no
    """,
    "tickets": """
        select t.issue_id, t.ticket_key, t.reporter_id, t.assignee_id, t.created_at, t.resolved_at, t.root_cause,
            t.resolution, t.tier,
            left(t.description, 600) as description, length(t.description) > 600 as is_cut,
            left(if(t.resolved_at is null, null, x.words), 400) as closing_words
        from mart.tickets t
        semi join shown using (issue_id)
        left join core.resolution_texts x using (issue_id)
        order by t.issue_id
    """,
    "tags": """
        select issue_id, kind, value, source, confidence, evidence, also_mentions, is_disputed from mart.tags
        semi join shown using (issue_id) order by issue_id, kind
    """,
    "tier_stays": """
        select issue_id, stay_no, tier, entered_at, left_at from mart.tier_stays semi
            join shown using (issue_id) order by issue_id, stay_no
    """,
    "waits": """
        select w.issue_id, w.wait_no, w.waiting_on, w.started_at, w.ended_at, w.hours, w.is_overdue, w.has_contact
        from mart.waits w semi join shown using (issue_id) order by w.issue_id, w.wait_no
    """,
    "comments": """
        select issue_id, created_at, author_tier from mart.comments semi join shown using (issue_id)
        order by issue_id, created_at, comment_id
    """,
    "touches": """
        select issue_id, kind, ref, touched_at, left_at, is_assumed from core.tier3_touches semi
            join shown using (issue_id)
        order by issue_id, touched_at, kind, ref
    """,
    "evidence": """
        select * from mart.evidence semi join told using (issue_id)
        order by issue_id, escalation_no, criterion_id, known_at, fact
    """,
    "families": f"""
        select f.*, n.place, n.n_escalations as n_recent, n.n_dealers as n_recent_dealers, n.effort_hours,
            n.effort_share, n.cure, n.n_ended,
            n.n_ended_low, n.n_ended_high, n.is_in_hand, t.ticket_key as founder_key
        from mart.families f
        join core.tickets t on t.issue_id = f.family_id
        cross join core.clock k
        left join mart.next_steps n on n.family_id = f.family_id and n.subject = 'family'
        left join (select distinct family_id from decided) d on d.family_id = f.family_id
        where n.place is not null or (f.n_escalations > 1 and f.last_seen_at > k.as_of - interval 182 days)
            or d.family_id is not null
        qualify row_number() over (
            order by d.family_id is null, n.place nulls last, f.last_seen_at desc, f.family_id
        ) <= {MOST_FAMILIES}
        order by n.place nulls last, f.last_seen_at desc, f.family_id
    """,
    "family_tickets": """
        select e.family_id, e.issue_id, e.escalation_no, t.ticket_key, left(t.summary, 160) as summary,
            e.occurred_at, e.escalated_at,
            e.resolved_at, d.name as dealer_name, s.resolution_tier, s.outcome
        from mart.family_escalations e
        join core.tickets t using (issue_id)
        join mart.escalations s using (issue_id, escalation_no)
        join mart.families f on f.family_id = e.family_id and f.n_escalations > 1
        left join mart.dealers d on d.dealer_id = e.dealer_id
        qualify row_number() over (partition by e.family_id order by e.occurred_at desc, e.issue_id desc) <= 15
        order by e.family_id, e.occurred_at desc, e.issue_id desc
    """,
    "family_life": """
        select l.family_id, l.happened_at, l.what, l.ref from mart.family_life l
        join mart.families f on f.family_id = l.family_id and f.n_escalations > 1
        order by l.family_id, l.happened_at, l.what, l.ref
    """,
    "modes": "select * from mart.next_steps where subject = 'mode' order by place",
    "remedies": """
        select r.*, e.verdict, e.n_before, e.n_since, e.n_weeks_before, e.n_weeks_since, e.low, e.high
        from mart.remedies r
        left join mart.remedy_effects e using (family_id, kind, ref)
        order by r.family_id, r.effective_at, r.kind, r.ref
    """,
    "proposed_decisions": "select * from decided order by place",
    "actions": """
        select a.*, e.n_before, e.n_since, e.n_weeks_before, e.n_weeks_since, e.low, e.high, e.verdict
        from mart.actions a left join mart.action_effects e using (action_id)
        order by a.decided_at desc, a.action_id
    """,
    "scorecard": "select * from mart.scorecard order by month, measure",
    "forecasts": "select * from mart.forecasts order by month, measure",
    "targets": "select any_value(start_date) as start_date, any_value(role_group) as role_group from core.targets",
    "bridge": "select b.* from mart.bridge b join core.clock using (week)",
    "competing_risks": "select * from mart.competing_risks order by cause, days",
    "coverage": "select * from mart.coverage order by provider, failure_category",
    "effort": """
        select w.variant, w.week, w.value, w.n from mart.shown_measures w join core.clock k on w.week <= k.week
            and w.week > k.week - 91
        where w.measure = 'effort' and w.group_key = 'all' order by w.variant, w.week
    """,
    "verdict_counts": """
        select v.standing, count(*) as n from mart.verdicts v
        join mart.tagged_escalations e using (issue_id, escalation_no)
        join core.clock k on e.escalated_week <= k.week and e.escalated_week > k.week - 91
        where v.standing is not null group by all order by all
    """,
    "parties": """
        select if(grouping(e.provider) = 1, 'all', e.provider) as provider, t.party, sum(t.hours) / 24 as days,
            count(distinct (e.issue_id, e.escalation_no)) as n
        from mart.time_by_party t
        join mart.tagged_escalations e using (issue_id, escalation_no)
        join core.clock k on e.resolved_week <= k.week and e.resolved_week > k.week - 91
        where not e.is_excluded
        group by grouping sets ((e.provider, t.party), (t.party)) order by all
    """,
    "provider_waits": """
        select coalesce(e.provider_key, 'untagged') as provider, count(*) as n, median(w.hours) as median_hours,
            quantile_cont(w.hours, 0.9) as p90_hours, count(*) filter (w.ended_at is null) as n_open,
                count(*) filter (w.is_overdue) as n_overdue
        from mart.waits w
        join (select issue_id, any_value(provider) as provider_key from mart.tagged_escalations
            group by issue_id) e using (issue_id)
        cross join core.clock k
        where w.waiting_on = 'provider' and coalesce(w.ended_at, k.as_of) > k.as_of - interval 182 days
        group by all order by all
    """,
    "open_escalations": """
        select o.*, e.provider, e.failure_category from mart.open_escalations o
        join mart.tagged_escalations e using (issue_id, escalation_no) order by o.age_hours desc, o.issue_id
    """,
    "requirements": """
        select r.* from core.requirements r
        join core.criteria c on c.criterion_id = r.criterion_id and c.version = r.criterion_version
        join core.clock k on c.effective_from <= k.as_of and coalesce(c.effective_until > k.as_of, true)
        order by r.criterion_id, r.requirement_no
    """,
    "queue": "select * from mart.queue order by place",
    "ops_standing_list": "select * from mart.ops_standing_list order by place",
    "criteria_standing": "select * from mart.criteria_standing order by claims desc, criterion_id, criterion_version",
    "onboardings": """
        select o.*, d.name as dealer_name, f.dealer_text from mart.onboardings o
        left join mart.dealers d on d.dealer_id = o.dealer_id
        left join core.ticket_facts f on f.issue_id = o.issue_id
        order by o.requested_at desc nulls last, o.ticket_key, o.dealer_id
    """,
    "containment": "select * from mart.containment order by provider, failure_category",
    "runbooks": """
        select r.*, u.first_used_at, u.n_used from mart.runbooks r left join mart.runbook_use u using (runbook_id)
        order by r.provider, r.runbook_id, r.version
    """,
    "provider_limits": "select * from mart.provider_limits order by provider, last_seen_at desc, family_id",
    "normal_delays": "select * from core.normal_delays order by provider, step, effective_from",
    "dealers": "select * from mart.dealers order by name, dealer_id",
    "criteria": "select * from core.criteria order by criterion_id, version",
    "providers": "select * from core.providers order by provider",
    "tag_sources": """
        select kind, source, count(*) as n from mart.tags
        semi join (
            from mart.tagged_escalations cross join core.clock
            where escalated_week > week - 91 and escalated_week <= week
        ) using (issue_id)
        group by all order by all
    """,
    "tag_drift": "select d.* from mart.tag_drift d join core.clock using (week) order by signal",
    "restatements": """
        select r.*, d.title from mart.restatements r
        join core.clock using (week)
        join mart.definitions d using (measure, variant)
        where r.group_key = 'all' order by r.event_id
    """,
    "restated_tickets": """
        select t.* from mart.restated_tickets t join mart.restatements r using (event_id) join core.clock using (week)
        where r.group_key = 'all' order by t.event_id, t.issue_id, t.escalation_no
    """,
    "excluded": """
        select exclusion_reason, count(*) as n from mart.tagged_escalations cross join core.clock
        where is_excluded and escalated_week > week - 91 and escalated_week <= week
        group by all order by all
    """,
}


def frames(warehouse: Warehouse) -> dict[str, pd.DataFrame]:
    """What the pages are made of, by name; `measure_tickets` holds the reported week's only."""
    for statement in PREPARED:
        warehouse.execute(statement)
    return {name: warehouse.frame(query) for name, query in FRAMES.items()}
