"""Each judgement that says something else than the one before is kept, with what changed it."""

from datetime import datetime

from analysis.warehouse import Warehouse

# Whether tags changed is told by the tags known at the escalation, of which the verdict's facts speak; what later facts
# soften leaves the verdict at the escalation as it was.
REVISE = """
    insert into state.verdict_revisions
        (run_id, recorded_at, effective_at, issue_id, escalation_no, verdict_at_escalation, verdict, criterion_id,
        criterion_version, softened_by, cause)
    with last as (
        select r.* from state.verdict_revisions r
        semi join dirty using (issue_id)
        qualify row_number() over (partition by r.issue_id, r.escalation_no order by r.event_id desc) = 1
    )
    select ?, ?, ?, v.issue_id, v.escalation_no, v.verdict_at_escalation, v.verdict, v.criterion_id,
        v.criterion_version, v.softened_by,
        case
            when l.issue_id is null then 'judged'
            when l.verdict_at_escalation = v.verdict_at_escalation
                and l.criterion_id is not distinct from v.criterion_id
                and l.criterion_version is not distinct from v.criterion_version then 'known_later'
            when ? then 'criteria'
            when exists (
                from state.tag_events t where t.issue_id = v.issue_id and t.recorded_at > l.recorded_at
            ) then 'tags'
            else 'late_data'
        end
    from core.verdicts v
    semi join dirty using (issue_id)
    left join last l using (issue_id, escalation_no)
    where l.issue_id is null
        or (l.verdict_at_escalation, l.verdict) <> (v.verdict_at_escalation, v.verdict)
        or l.criterion_id is distinct from v.criterion_id
        or l.criterion_version is distinct from v.criterion_version
        or l.softened_by is distinct from v.softened_by
    order by v.issue_id, v.escalation_no
"""


def revise(warehouse: Warehouse, run_id: str, now: datetime, *, is_other_criteria: bool) -> None:
    """Add the revisions of the dirty escalations' verdicts to `state`."""
    warehouse.execute(REVISE, [run_id, now, now, is_other_criteria])
