-- mart.verdicts: one row per escalation: what OPS should have done with it, and what OPS and the rulers said to that
-- key: issue_id, escalation_no
-- step: measure
-- reads: core.verdicts, core.verdict_replies, core.clock
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: verdict_at_escalation should_have_handled, incomplete (rightly escalated, badly handed over), justified or unclear, by what was
--   knowable at that moment
-- column: verdict the same, softened by what became known later
-- column: criterion_id the criterion that is met
-- column: criterion_version its version
-- column: softened_by the later fact that softened it
-- column: reply what OPS answered: accepted or contested; unanswered where OPS said nothing in time to a verdict that claims that it should
--   have handled it; NULL while it still may
-- column: ruling stands or withdrawn, by somebody who may rule and had no part in the ticket
-- column: standing where a verdict should_have_handled stands: claimed (while OPS may still reply), agreed (accepted, or contested and ruled
--   to stand), contested (no ruling yet), withdrawn or unanswered; NULL for other verdicts
-- column: window_closes_at until when OPS may reply, UTC: five working days from the end of the week in which it escalated
select v.issue_id, v.escalation_no, v.verdict_at_escalation, v.verdict, v.criterion_id, v.criterion_version, v.softened_by,
    case
        when r.reply is not null then r.reply
        when v.verdict = 'should_have_handled' and k.as_of >= r.window_closes_at then 'unanswered'
    end as reply,
    r.ruling,
    case
        when v.verdict = 'should_have_handled' then coalesce(r.standing, if(k.as_of >= r.window_closes_at, 'unanswered', 'claimed'))
    end as standing,
    r.window_closes_at
from core.verdicts v
cross join core.clock k
left join core.verdict_replies r on r.issue_id = v.issue_id and r.escalation_no = v.escalation_no
