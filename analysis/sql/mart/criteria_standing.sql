-- mart.criteria_standing: one row per version of a criterion: how OPS and the rulers took what it claimed in the last 26 weeks
-- key: criterion_id, criterion_version
-- step: measure
-- reads: mart.tagged_escalations, mart.verdicts, core.criteria, core.clock
-- column: criterion_id id in escalation_criteria.toml
-- column: criterion_version its version
-- column: title the rule in plain words
-- column: claims should_have_handled or incomplete
-- column: effective_from judges escalations from this day on
-- column: effective_until first day on which another version judges, or none
-- column: n_claimed escalations with its verdict; of criteria that claim less than should_have_handled nobody is asked to reply
-- column: n_agreed accepted, or contested and ruled to stand
-- column: n_withdrawn withdrawn by a ruling
-- column: n_contested contested, no ruling yet
-- column: n_unanswered OPS said nothing in time
-- column: n_open OPS may still reply
-- column: withdrawn_share part of those agreed or withdrawn that was withdrawn; NULL where there are none
-- column: withdrawn_low lower 95 % bound, Wilson's
-- column: withdrawn_high upper 95 % bound
-- column: place by the lower bound of that part, the most often withdrawn first; from 1
with told as (
    select v.criterion_id, v.criterion_version, count(*) as n_claimed, count(*) filter (v.standing = 'agreed') as n_agreed,
        count(*) filter (v.standing = 'withdrawn') as n_withdrawn, count(*) filter (v.standing = 'contested') as n_contested,
        count(*) filter (v.standing = 'unanswered') as n_unanswered, count(*) filter (v.standing = 'claimed') as n_open
    from mart.tagged_escalations e
    cross join core.clock k
    join mart.verdicts v using (issue_id, escalation_no)
    -- what later facts softened to a lesser verdict is claimed by this criterion no more
    join core.criteria c on c.criterion_id = v.criterion_id and c.version = v.criterion_version and c.claims = v.verdict
    where not e.is_excluded and e.entered = 'from_ops'
        and e.escalated_week > k.week - 182 and e.escalated_week <= k.week
    group by v.criterion_id, v.criterion_version
),
shown as (
    select c.criterion_id, c.version as criterion_version, c.title, c.claims, c.effective_from, c.effective_until,
        coalesce(t.n_claimed, 0) as n_claimed, coalesce(t.n_agreed, 0) as n_agreed, coalesce(t.n_withdrawn, 0) as n_withdrawn,
        coalesce(t.n_contested, 0) as n_contested, coalesce(t.n_unanswered, 0) as n_unanswered, coalesce(t.n_open, 0) as n_open
    from core.criteria c
    left join told t on t.criterion_id = c.criterion_id and t.criterion_version = c.version
)
select *, n_withdrawn / nullif(n_agreed + n_withdrawn, 0) as withdrawn_share,
    core.wilson_low(n_withdrawn, n_agreed + n_withdrawn) as withdrawn_low,
    core.wilson_high(n_withdrawn, n_agreed + n_withdrawn) as withdrawn_high,
    row_number() over (
        order by core.wilson_low(n_withdrawn, n_agreed + n_withdrawn) desc nulls last, n_withdrawn desc, n_claimed desc, criterion_id,
            criterion_version
    ) as place
from shown
