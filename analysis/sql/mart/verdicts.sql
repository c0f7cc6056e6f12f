-- mart.verdicts: one row per escalation: what OPS should have done with it
-- key: issue_id, escalation_no
-- step: measure
-- reads: core.verdicts
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: verdict_at_escalation should_have_handled, justified or unclear, by what was knowable at that moment
-- column: verdict the same, softened by what became known later
-- column: criterion_id the criterion that is met
-- column: criterion_version its version
-- column: softened_by the later fact that softened it
-- column: reply what OPS answered; NULL until replies are read
-- column: ruling what the ruler said; NULL until rulings are read
select issue_id, escalation_no, verdict_at_escalation, verdict, criterion_id, criterion_version, softened_by,
    cast(null as varchar) as reply, cast(null as varchar) as ruling
from core.verdicts
