-- mart.fact_pushed_back: one row per escalation and form of the measure: pushed back
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, mart.pushbacks, mart.verdicts, core.clock
-- statistic: share
-- pool: 1
-- title: What was pushed back
-- version: 1
-- text: Escalations that came through OPS and were pushed back, by the program's comment or by its label set by hand; by the week of
--   the escalation.
-- numerator: escalations that were pushed back, as far as the form counts them
-- denominator: escalations that OPS should have handled or that were pushed back; for all other forms, those that were pushed back
-- variant: pushed_back So far, out of all that OPS should have handled by the verdicts, and what was pushed back without one.
-- variant: agreed Those that OPS accepted, or that it contested and a ruling let stand; pending while OPS may still reply. Silence is
--   never agreed.
-- variant: withdrawn Those that a ruling withdrew; pending likewise.
-- variant: contested Those that OPS contested and about which nobody has ruled yet; pending likewise.
-- variant: unanswered Those to which OPS said nothing within its five working days; pending likewise.
-- variant: not_held Those whose verdict does not say, or no longer says, that OPS should have handled them: what became known later spoke
--   against it, or nobody's criterion was met; pending likewise.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
with judged as (
    select e.escalated_week, e.issue_id, e.escalation_no, p.issue_id is not null as is_pushed_back,
        coalesce(v.standing, 'not_held') as standing, coalesce(k.as_of < v.window_closes_at, true) as is_open
    from mart.tagged_escalations e
    cross join core.clock k
    left join mart.verdicts v using (issue_id, escalation_no)
    left join mart.pushbacks p on p.issue_id = e.issue_id and p.escalation_no = e.escalation_no
    where not e.is_excluded and e.entered = 'from_ops' and (p.issue_id is not null or v.standing is not null)
)
select escalated_week as week, 'pushed_back' as measure, 'pushed_back' as variant, issue_id, escalation_no, is_pushed_back as in_numerator,
    false as is_pending, cast(null as double) as value
from judged
union all
-- all of a week wait together, or its share would begin with those that were answered first
select escalated_week, 'pushed_back', form, issue_id, escalation_no, standing = form, is_open, null
from judged
cross join (select unnest(['agreed', 'withdrawn', 'contested', 'unanswered', 'not_held']) as form)
where is_pushed_back
