-- mart.fact_ops_should_have_handled: one row per escalation and form of the measure: OPS should have handled
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, mart.verdicts, core.clock
-- statistic: share
-- pool: 1
-- title: What OPS should have handled
-- version: 1
-- text: Escalations that came through OPS and meet a written criterion, judged by what was known at that moment and softened by
--   what became known later.
-- numerator: escalations with the verdict should_have_handled, as far as the form counts them
-- denominator: escalations that came through OPS
-- variant: claimed As the program claims; OPS may contest each one.
-- variant: agreed Those that OPS accepted, or that it contested and a ruling let stand; pending while OPS may still reply, which is five
--   working days from the end of the week. Silence is never agreed.
-- variant: withdrawn Those that a ruling withdrew; pending likewise.
-- variant: contested Those that OPS contested and about which nobody has ruled yet; pending likewise.
-- variant: unanswered Those to which OPS said nothing within its five working days; pending likewise.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
with judged as (
    select e.escalated_week, e.issue_id, e.escalation_no, coalesce(v.verdict = 'should_have_handled', false) as is_claimed, v.standing,
        coalesce(k.as_of < v.window_closes_at, true) as is_open
    from mart.tagged_escalations e
    cross join core.clock k
    left join mart.verdicts v using (issue_id, escalation_no)
    where not e.is_excluded and e.entered = 'from_ops'
)
select escalated_week as week, 'ops_should_have_handled' as measure, 'claimed' as variant, issue_id, escalation_no,
    is_claimed as in_numerator, false as is_pending, cast(null as double) as value
from judged
union all
-- all escalations of a week wait together, or its share would begin with those that nobody holds against OPS
select escalated_week, 'ops_should_have_handled', form, issue_id, escalation_no, coalesce(standing = form, false), is_open, null
from judged
cross join (select unnest(['agreed', 'withdrawn', 'contested', 'unanswered']) as form)
