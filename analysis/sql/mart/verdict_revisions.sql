-- mart.verdict_revisions: one row per judgement of an escalation that said something else than the one before, with what changed it
-- key: issue_id, escalation_no, revision_no
-- step: measure
-- reads: state.verdict_revisions
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: revision_no from 1
-- column: judged_at the as-of moment of the run that judged so, UTC
-- column: verdict_at_escalation as judged by what was knowable at the escalation
-- column: verdict as softened by later facts
-- column: criterion_id the criterion that is met, or whose facts were weighed
-- column: criterion_version its version
-- column: softened_by the later fact that softened it
-- column: cause judged (the first time), known_later (a later fact, or one that went), tags, criteria (also runbooks, delays, access and
--   the program's own way to judge) or late_data (the past as Jira tells it is another)
select issue_id, escalation_no, cast(row_number() over (partition by issue_id, escalation_no order by event_id) as integer) as revision_no,
    effective_at as judged_at, verdict_at_escalation, verdict, criterion_id, criterion_version, softened_by, cause
from state.verdict_revisions
