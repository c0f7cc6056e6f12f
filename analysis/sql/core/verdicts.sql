-- core.verdicts: one row per escalation: what OPS should have done with it, as known then and as known now
-- key: issue_id, escalation_no
-- step: judge
-- reads: core.escalations, core.entries, core.field_stays, core.facts_known
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: verdict_at_escalation should_have_handled, justified or unclear, by what was knowable at that moment; never changes
--   with later history
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
stopped as (
    -- what concerns the criterion as a whole, or all criteria, stops each of its runbooks and steps
    select issue_id, escalation_no, criterion_id from weighed where subject is null and is_stopped
),
by_subject as (
    select w.*,
        case
            when not w.is_met or w.is_stopped then 'justified'
            when exists (
                from stopped s
                where s.issue_id = w.issue_id and s.escalation_no = w.escalation_no
                    and (s.criterion_id is null or s.criterion_id = w.criterion_id)
            ) then 'justified'
            when w.is_doubtful then 'unclear'
            else 'should_have_handled'
        end as verdict
    from weighed w
    where w.subject is not null
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
    select e.issue_id, e.escalation_no, e.touched_tier3, e.has_own_fix,
        coalesce(b.verdict, 'justified') as verdict_at_escalation, b.criterion_id, b.criterion_version,
        coalesce(b.subject like 'runbook %', false) and f.issue_id is not null as runbook_failed
    from core.escalations e
    semi join dirty using (issue_id)
    left join by_subject b using (issue_id, escalation_no)
    left join failed f using (issue_id, escalation_no)
    qualify row_number() over (
        partition by e.issue_id, e.escalation_no
        order by case b.verdict when 'should_have_handled' then 1 when 'unclear' then 2 when 'justified' then 3 else 4 end,
            b.criterion_id, b.subject
    ) = 1
)
select issue_id, escalation_no, verdict_at_escalation,
    case
        when verdict_at_escalation in ('should_have_handled', 'unclear') and (touched_tier3 or has_own_fix or runbook_failed)
            then 'justified'
        else verdict_at_escalation
    end as verdict,
    criterion_id, criterion_version,
    case
        when verdict_at_escalation not in ('should_have_handled', 'unclear') then null
        when touched_tier3 then 'It needed Tier 3.'
        when has_own_fix then 'It needed a change by Tier 2.'
        when runbook_failed then 'OPS followed the runbook later, and it did not end the trouble.'
    end as softened_by
from judged
