"""The tickets behind the counts that are no measures, and behind the charts by week: frames by name."""

LISTED_WEEKS = 40  # how far back the tables behind charts lead to tickets
MOST_IN_WEEKS = 10_000  # to how many in all, for the folder's sake; older weeks have folders of their own
BEHIND_COUNTS = "create or replace temp table behind as from mart.count_tickets"
COUNT_FRAMES = {
    "count_definitions": "select * from mart.count_definitions order by measure, variant",
    "count_tickets": """
        select * from behind order by measure, variant, group_key, issue_id, escalation_no, item_no
    """,
    "counted": f"""
        select t.issue_id, t.ticket_key, left(t.summary, 160) as summary, coalesce(d.name, f.dealer_text) as dealer,
            coalesce(e.escalated_at, t.created_at) as came_at
        from core.tickets t
        semi join (
            select issue_id from behind
            union
            select e.issue_id from mart.tagged_escalations e cross join core.clock k
            where coalesce(e.resolved_week, k.week) > k.week - 7 * {LISTED_WEEKS + 26}
        ) using (issue_id)
        join core.ticket_facts f using (issue_id)
        left join mart.dealers d on d.dealer_id = f.dealer_id
        left join core.escalations e on e.issue_id = t.issue_id and e.escalation_no = 1
        order by t.issue_id
    """,
    "week_tickets": f"""
        with shown(measure, variant, inside, whole) as (
            values ('volume', 'escalations', 'escalations', null),
                ('repeats', 'same_failure_week', 'came_back', 'compared'),
                ('ops_should_have_handled', 'claimed_week', 'claimed', 'through_ops'),
                ('ops_should_have_handled', 'agreed_week', 'agreed', null),
                ('resolution_without_tier3', 'by_resolution', 'without_tier3', 'resolved'),
                ('tier3_touches', 'by_resolution', 'touched_tier3', null),
                ('backlog_age', 'open_at_week_end', 'open', null)
        ),
        member as (
            select t.*, s.inside, s.whole from mart.shown_tickets t
            join core.clock k on t.week <= k.week and t.week > k.week - {7 * LISTED_WEEKS}
            join shown s on s.measure = t.measure and s.variant = t.variant
            where t.statistic in ('share', 'count') and not t.is_pending
                and (t.group_key = 'all' or t.measure = 'volume' and t.group_key like 'provider:%')
        ),
        listed as (
            select week, inside as variant, group_key, issue_id, escalation_no from member where in_numerator
            union all
            select week, whole, group_key, issue_id, escalation_no from member where whole is not null
        )
        select 'weeks' as measure, variant,
            strftime(week, '%Y-%m-%d') || if(group_key = 'all', '', '/' || substr(group_key, 10)) as group_key,
            issue_id, escalation_no
        from listed
        qualify count(*) over (order by week desc) <= {MOST_IN_WEEKS}
        order by week, variant, group_key, issue_id, escalation_no
    """,
}
