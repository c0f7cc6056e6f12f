-- core.verdicts: one row per escalation: what OPS should have done with it, as known then and as known now
-- key: issue_id, escalation_no
-- step: judge
-- reads: core.escalations, core.entries, core.field_stays, core.facts_known, core.criteria, state.verdict_revisions, state.erasures
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: verdict_at_escalation should_have_handled, incomplete (rightly escalated, badly handed over), justified or unclear, by what
--   was knowable at that moment; never changes with later history
-- column: verdict the same, softened by what became known later, never hardened
-- column: criterion_id the criterion that is met, or whose facts were weighed
-- column: criterion_version its version
-- column: softened_by the later fact that softened it
with weighed as (
    select issue_id, escalation_no, criterion_id, subject, any_value(criterion_version) as criterion_version,
        bool_or(weight = 'meets') as is_met, bool_or(weight = 'stops') as is_stopped, bool_or(weight = 'doubts') as is_doubtful
    from core.facts_known
    semi join dirty using (issue_id)
    group by issue_id, escalation_no, criterion_id, subject
),
by_subject as (
    -- what concerns the criterion as a whole, or all criteria, counts for each of its runbooks and steps
    select w.issue_id, w.escalation_no, w.criterion_id, any_value(w.criterion_version) as criterion_version, w.subject,
        any_value(k.claims) as claims,
        case
            when not bool_or(w.is_met) or bool_or(w.is_stopped or coalesce(g.is_stopped, false)) then 'justified'
            when bool_or(w.is_doubtful or coalesce(g.is_doubtful, false)) then 'unclear'
            else any_value(k.claims)
        end as verdict
    from weighed w
    join core.criteria k on k.criterion_id = w.criterion_id and k.version = w.criterion_version
    left join weighed g on g.issue_id = w.issue_id and g.escalation_no = w.escalation_no and g.subject is null
        and coalesce(g.criterion_id = w.criterion_id, true)
    where w.subject is not null and (w.is_met or w.is_stopped)
    group by w.issue_id, w.escalation_no, w.criterion_id, w.subject
),
failed as (
    -- OPS got it back, followed a runbook, and it came again
    select distinct e.issue_id, e.escalation_no
    from core.escalations e
    semi join dirty using (issue_id)
    join core.field_stays s on s.issue_id = e.issue_id and s.role = 'runbook_used' and s.value is not null
        and s.entered_at > e.escalated_at
    join core.entries n on n.issue_id = e.issue_id and n.escalation_no = e.escalation_no and n.entered_at >= s.entered_at
),
judged as (
    select e.issue_id, e.escalation_no, coalesce(b.verdict, 'justified') as verdict_at_escalation, b.criterion_id, b.criterion_version,
        exists (
            from by_subject h where h.issue_id = e.issue_id and h.escalation_no = e.escalation_no and h.verdict = 'incomplete'
        ) as is_incomplete,
        case
            when b.verdict not in ('should_have_handled', 'unclear') or b.claims <> 'should_have_handled' then null
            when e.touched_tier3 then 'It needed Tier 3.'
            when e.has_own_fix then 'It needed a change by Tier 2.'
            when b.subject like 'runbook %' and f.issue_id is not null
                then 'OPS followed the runbook later, and it did not end the trouble.'
        end as softened_by
    from core.escalations e
    semi join dirty using (issue_id)
    left join by_subject b using (issue_id, escalation_no)
    left join failed f using (issue_id, escalation_no)
    qualify row_number() over (
        partition by e.issue_id, e.escalation_no
        order by list_position(['should_have_handled', 'incomplete', 'unclear', 'justified'], b.verdict) nulls last, b.criterion_id, b.subject
    ) = 1
),
kept as (
    -- of what was erased only what was judged before is known
    select r.* from state.verdict_revisions r
    semi join dirty using (issue_id)
    semi join state.erasures using (issue_id)
    qualify row_number() over (partition by r.issue_id, r.escalation_no order by r.event_id desc) = 1
)
select j.issue_id, j.escalation_no, coalesce(k.verdict_at_escalation, j.verdict_at_escalation) as verdict_at_escalation,
    case
        when k.issue_id is not null then k.verdict
        when j.softened_by is null then j.verdict_at_escalation
        when j.is_incomplete then 'incomplete'
        else 'justified'
    end as verdict,
    if(k.issue_id is null, j.criterion_id, k.criterion_id) as criterion_id,
    if(k.issue_id is null, j.criterion_version, k.criterion_version) as criterion_version,
    if(k.issue_id is null, j.softened_by, k.softened_by) as softened_by
from judged j
left join kept k using (issue_id, escalation_no)
