-- core.reply_windows: one row per escalation: until when OPS may reply to its verdict
-- key: issue_id, escalation_no
-- step: judge
-- reads: core.escalations, core.calendar, core.site
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: opens_at end of the week in which it escalated, UTC: the page with its verdict is made of whole weeks, so before that nobody
--   need have known of it, and days that count from the escalation would run out unseen for what escalated early in the week
-- column: closes_at end of the fifth working day after that, in the reporting zone, UTC; a reply given earlier than opens_at is in
--   time, too; NULL where site.toml names no working day
with day as (
    select work_date, lead(work_date, 4) over (order by work_date) as fifth_date from core.calendar
),
told as (
    select e.issue_id, e.escalation_no, s.reporting_zone,
        cast(date_trunc('week', timezone(s.reporting_zone, timezone('UTC', e.escalated_at))) as date) + 7 as opens_date
    from core.escalations e
    semi join dirty using (issue_id)
    cross join core.site s
)
select t.issue_id, t.escalation_no, timezone('UTC', timezone(t.reporting_zone, cast(t.opens_date as timestamp))) as opens_at,
    timezone('UTC', timezone(t.reporting_zone, cast(d.fifth_date + 1 as timestamp))) as closes_at
from told t
asof left join day d on t.opens_date <= d.work_date
