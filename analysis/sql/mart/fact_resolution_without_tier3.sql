-- mart.fact_resolution_without_tier3: one row per escalation and form of the measure: resolved without Tier 3
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, mart.verdicts, core.tier3_touches, core.ticket_keys, core.tickets, core.word_rules
-- statistic: share
-- pool: 4
-- title: Resolved without Tier 3
-- version: 2
-- text: Resolved escalations that did not touch Tier 3, out of those resolved. A reopening within 14 days withdraws a
--   resolution; duplicates and cancelled tickets are left out and listed.
-- numerator: resolved escalations without a stay at Tier 3 and without a link to an issue that Tier 3 worked
-- denominator: resolved escalations
-- variant: by_resolution By week of resolution, weeks pooled until 20 are counted.
-- variant: without_avoidable The same without what OPS should have handled, for easy tickets raise the share; where a ruling withdrew
--   that verdict, the ticket stays in.
-- variant: net The same without escalations for which engineering made a change that Tier 2 may not make (`reserved` labels and
--   components in site.toml); those could not have been resolved without it.
-- variant: cohort By week of escalation; what is still open is pending.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
with reserved as (
    select distinct x.issue_id
    from core.tier3_touches x
    join core.ticket_keys k on k.ticket_key = x.ref
    join core.tickets t on t.issue_id = k.issue_id
    where x.kind = 'link' and exists (
        from core.word_rules w where w.kind = 'reserved'
            and list_contains(list_transform(list_concat(coalesce(t.labels, []), coalesce(t.components, [])), lambda x: lower(x)), w.value)
    )
)
select resolved_week as week, 'resolution_without_tier3' as measure, 'by_resolution' as variant, issue_id, escalation_no,
    not touched_tier3 as in_numerator, false as is_pending, cast(null as double) as value
from mart.tagged_escalations
where not is_excluded and resolved_week is not null
union all
select resolved_week, 'resolution_without_tier3', 'without_avoidable', issue_id, escalation_no, not touched_tier3, false, null
from mart.tagged_escalations
left join mart.verdicts v using (issue_id, escalation_no)
where not is_excluded and resolved_week is not null
    and (v.verdict is distinct from 'should_have_handled' or v.standing = 'withdrawn')
union all
select escalated_week, 'resolution_without_tier3', 'cohort', issue_id, escalation_no, not touched_tier3, resolved_week is null, null
from mart.tagged_escalations
where not is_excluded
union all
select resolved_week, 'resolution_without_tier3', 'net', issue_id, escalation_no, not touched_tier3, false, null
from mart.tagged_escalations
where not is_excluded and resolved_week is not null and not (touched_tier3 and issue_id in (select issue_id from reserved))
