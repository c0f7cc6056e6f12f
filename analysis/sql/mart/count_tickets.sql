-- mart.count_tickets: one row per ticket behind a count that pages show and that is no measure
-- key: none, a line of onboardings.csv or a ticket that never escalated has no escalation
-- step: measure
-- reads: mart.ops_standing_escalations, mart.containment_tickets, mart.recent_escalations, mart.next_steps, mart.family_escalations,
--   mart.families, mart.tagged_escalations, mart.verdicts, mart.waits, mart.tags, mart.action_escalations, mart.remedy_escalations,
--   mart.coverage_escalations, mart.runbook_tickets, mart.proposed_decisions, mart.review_queue, mart.review_pool, mart.scorecard, mart.all_facts,
--   mart.merged_changes, mart.onboardings, mart.shown_measures, mart.shown_tickets, mart.containment, core.ticket_keys, core.criteria,
--   core.family_members, core.clock
-- count: ops_standing_list.escalations What OPS should handle but does not yet | Escalations with the verdict that OPS should have
--   handled them, and not withdrawn, in the last 13 weeks.
-- count: ops_standing_list.agreed What OPS should handle but does not yet | Those of the last 13 weeks that OPS accepted, or that a ruling lets stand.
-- count: ops_standing_list.before What OPS should handle but does not yet | The same as escalations, in the 13 weeks before.
-- count: containment.kept_before What OPS keeps of a failure mode | Tickets of the mode that were resolved without ever reaching Tier 2, of those made in
--   at most 13 whole weeks before its first runbook for OPS was announced; of a mode without one nothing is compared, nor listed.
-- count: containment.of_before What OPS keeps of a failure mode | All tickets of the mode made in these weeks that were resolved or escalated.
-- count: containment.kept_since What OPS keeps of a failure mode | Tickets resolved without ever reaching Tier 2, of those made in at most 13
--   whole weeks since, up to the reported one; without a runbook, in the last 13.
-- count: containment.of_since What OPS keeps of a failure mode | All tickets of the mode made in these weeks that were resolved or escalated.
-- count: containment.open What OPS keeps of a failure mode | Tickets made since the runbook that are neither resolved nor escalated.
-- count: modes.recent Failure modes of 13 weeks | Escalations of a provider and a failure category that came in the last 13 weeks or
--   were worked on in them; cancelled ones are left out.
-- count: modes.would_end Failure modes of 13 weeks | Those of them for which the cure that is named speaks: of each escalation the first reason that holds
--   says what would have ended it (OPS lacked the access; it should have handled it; our bug; the provider's; Tier 3 was called upon; else a runbook).
-- count: patterns.recent Patterns | Escalations of a family that came in the last 13 weeks or were worked on in them.
-- count: patterns.would_end Patterns | Those of them for which the cure that is named speaks, as for failure modes.
-- count: patterns.ever Patterns | All escalations of a family; cancelled ones are left out.
-- count: provider_waits.waits Waits for a provider | Spans of the last 26 weeks in which a ticket waited for the provider. A ticket that waited twice stands twice.
-- count: provider_waits.overdue Waits for a provider | Those that lasted longer than the provider's normal time (normal_delays.csv).
-- count: provider_waits.lasting Waits for a provider | Those that last now.
-- count: tags_by_source.provider Where tags come from | Tickets escalated in the last 13 weeks, by what gave their provider: a person's answer, a
--   field of Jira, a rule, the classifier, or nothing.
-- count: tags_by_source.failure_category Where tags come from | The same for the failure category.
-- count: tags_by_source.root_cause Where tags come from | The same for the root cause, once resolved.
-- count: left_out.escalations Left out of the shares | Escalations of the last 13 weeks that shares do not count, by the reason: duplicates, cancelled ones, and those
--   without a whole changelog.
-- count: verdicts.claimed Verdicts of 13 weeks | Escalations of the last 13 weeks that met a criterion, however OPS took it.
-- count: verdicts.agreed Verdicts of 13 weeks | Those that OPS accepted, or that a ruling lets stand.
-- count: verdicts.withdrawn Verdicts of 13 weeks | Those that a ruling withdrew.
-- count: criteria.claimed What criteria claimed | Escalations of the last 26 weeks that met this version of the criterion, and that no later fact softened.
-- count: criteria.agreed What criteria claimed | Those that OPS accepted, or that a ruling lets stand.
-- count: criteria.withdrawn What criteria claimed | Those that a ruling withdrew.
-- count: criteria.contested What criteria claimed | Those that OPS contested and on which nobody has ruled.
-- count: criteria.unanswered What criteria claimed | Those to which OPS said nothing in time.
-- count: criteria.open What criteria claimed | Those to which OPS may still reply.
-- count: runbook_use.tickets Runbooks in use | Tickets that Tier 1 resolved and that name the runbook, in its field or by a link to its page.
-- count: action_effects.before Whether an action worked | Escalations of what the action is meant to end, in at most 13 whole weeks before the one in which it was done.
-- count: action_effects.since Whether an action worked | Escalations of the same in the whole weeks since, up to the reported one.
-- count: remedy_effects.before Whether a remedy worked | Escalations of the pattern that occurred in at most 13 whole weeks before the remedy took effect.
-- count: remedy_effects.since Whether a remedy worked | Escalations of the pattern that occurred in the whole weeks since, up to the reported one.
-- count: time_by_party.resolved Time by who held the ball | Escalations that were resolved in the last 13 weeks; excluded ones are left out.
-- count: competing_risks.escalations Resolved within 28 days | Escalations of the last 26 weeks; open ones are counted as lasting (Aalen and Johansen's
--   estimate), excluded ones are left out.
-- count: coverage.resolved Who can resolve a failure mode | Escalations of the mode that somebody of Tier 2 had when they were resolved.
-- count: scorecard.merged_changes Targets of the scorecard | Integration fixes of the role's group that were merged since the start, as a link, a field or
--   inputs/changes.csv tells.
-- count: scorecard.understands_integrations Targets of the scorecard | What a person says of the five integrations and of the shadowing, in
--   inputs/assessments.csv.
-- count: scorecard.ops_feedback Targets of the scorecard | What a person says of OPS's word on the first runbook, in inputs/assessments.csv.
-- count: scorecard.runbooks_in_use Targets of the scorecard | Runbooks for OPS with which Tier 1 has resolved a ticket since the start.
-- count: scorecard.handled_alone Targets of the scorecard | Escalations that the role's group had when they were resolved in the target's month; the share is
--   that of those that touched no Tier 3.
-- count: scorecard.integration_success Targets of the scorecard | Onboardings that were due in the target's month, by the provider's normal time or by
--   inputs/onboardings.csv; the share is that of those that were live by then.
-- count: scorecard.resolution_without_tier3 Targets of the scorecard | Escalations resolved in the target's month; the share is that of those that did not touch Tier 3.
-- count: scorecard.containment Targets of the scorecard | Failure modes with a runbook for OPS and tickets on both sides of it; the share is that of those of which OPS
--   keeps more than before.
-- count: scorecard.repeats_per_dealer Targets of the scorecard | Escalations of the target's month that came back, per live dealer and week.
-- count: scorecard.criteria_met Targets of the scorecard | Escalations through OPS in the target's month; the share is that of those that OPS could not have handled
--   itself.
-- count: scorecard.customer_documents Targets of the scorecard | Failure modes; the share is that of those for which inputs/customer_documents.csv names a document.
-- count: scorecard.volume_per_dealer Targets of the scorecard | Escalations of the target's month, per live dealer and week.
-- count: scorecard.volume_per_head Targets of the scorecard | Escalations of the target's month, per head of Tier 2 and week.
-- count: scorecard.deal_losses Targets of the scorecard | Deals lost in the target's month; the share is that of those in which an integration was cited.
-- count: effort_hours.spent Hours of Tier 2 | Escalations on which Tier 2 worked in the last 13 weeks.
-- count: effort_hours.avoidable Hours of Tier 2 | Those of them that OPS should have handled.
-- count: earlier.escalations The weeks before | Escalations of the 13 weeks before the reported one.
-- count: earlier.touched_tier3 The weeks before | Escalations that touched Tier 3, of those resolved in as many weeks as the headline pools, just before them.
-- count: provider_limits.tickets What a provider cannot do | Tickets about the same limit or wish: those of one family, or one alone; cancelled ones are left out.
-- count: decisions.tickets Proposed decisions | The tickets that a proposed decision is about.
-- column: measure what is counted
-- column: variant which count of it
-- column: group_key of what: a mode (provider/category), family, provider, criterion/version, runbook, action, measure/month …
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket; NULL where the ticket itself is counted
-- column: item_no which of several of the same ticket: the wait, or the tag; else 1
with standing as materialized (
    select * from mart.ops_standing_escalations
),
kept as materialized (
    select * from mart.containment_tickets where side is not null
),
form as (
    select coalesce(bool_or(form = 'tier1'), true) as is_of_tier1 from mart.containment
),
step as materialized (
    select * from mart.next_steps
),
recent as materialized (
    select * from mart.recent_escalations
),
mine as materialized (
    select f.family_id, r.issue_id, r.escalation_no, r.cure from recent r join mart.family_escalations f using (issue_id, escalation_no)
),
quarter as materialized (
    select e.*, v.verdict, v.standing, v.criterion_id, v.criterion_version, e.escalated_week > k.week - 91 as is_recent
    from mart.tagged_escalations e
    cross join core.clock k
    left join mart.verdicts v using (issue_id, escalation_no)
    where e.escalated_week > k.week - 182 and e.escalated_week <= k.week
),
wait as materialized (
    select w.*, e.provider, k.as_of
    from mart.waits w
    join (select issue_id, any_value(provider) as provider from mart.tagged_escalations group by issue_id) e using (issue_id)
    cross join core.clock k
    where w.waiting_on = 'provider' and coalesce(w.ended_at, k.as_of) > k.as_of - interval 182 days
),
claim as materialized (
    select q.*, q.criterion_id || '/' || q.criterion_version as group_key
    from quarter q
    join core.criteria c on c.criterion_id = q.criterion_id and c.version = q.criterion_version and c.claims = q.verdict
    where not q.is_excluded and q.entered = 'from_ops'
),
ended as materialized (
    select e.* from mart.tagged_escalations e cross join core.clock k
    where e.resolved_week <= k.week and e.resolved_week > k.week - 91 and not e.is_excluded
),
decided as materialized (
    select * from mart.proposed_decisions
),
score as materialized (
    select measure, cast(month as varchar) as month, counted_from, counted_until
    from mart.scorecard
    where needs is null and counted_from is not null
),
scored(score_measure, fact_measure, variant, is_whole) as (
    values ('resolution_without_tier3', 'resolution_without_tier3', 'by_resolution', true), ('handled_alone', 'handled_alone', 'by_resolution', true),
        ('criteria_met', 'ops_should_have_handled', 'claimed', true), ('repeats_per_dealer', 'repeats', 'same_failure', false),
        ('volume_per_dealer', 'volume', 'escalations', false), ('volume_per_head', 'volume', 'escalations', false)
),
headline as materialized (
    select m.week - cast(7 * m.n_weeks_pooled as integer) as week
    from mart.shown_measures m
    join core.clock k using (week)
    where m.measure = 'resolution_without_tier3' and m.variant = 'by_resolution' and m.statistic = 'share' and m.group_key = 'all'
)
select 'ops_standing_list' as measure, unnest(list_filter(['escalations', if(standing = 'agreed', 'agreed', null)], lambda x: x is not null)) as variant,
    provider || '/' || failure_category as group_key, issue_id, escalation_no, 1 as item_no
from standing where is_recent
union all
select 'ops_standing_list', 'before', provider || '/' || failure_category, issue_id, escalation_no, 1 from standing where not is_recent
union all
select 'containment', unnest(list_filter([
        if(if(is_of_tier1, is_contained, is_escalated), if(side = 'before', 'kept_before', 'kept_since'), null),
        if(is_escalated or is_contained and is_of_tier1, if(side = 'before', 'of_before', 'of_since'), null),
        if(not is_escalated and not is_contained and side = 'after', 'open', null)
    ], lambda x: x is not null)), provider || '/' || failure_category, issue_id, null, 1
from kept cross join form
where side = 'after' or not is_bare
union all
select 'modes', unnest(list_filter(['recent', if(r.cure = s.cure, 'would_end', null)], lambda x: x is not null)),
    s.provider || '/' || s.failure_category, r.issue_id, r.escalation_no, 1
from recent r
join step s on s.subject = 'mode' and s.provider = r.provider and s.failure_category = r.failure_category
union all
select 'modes', 'recent', provider, issue_id, escalation_no, 1 from recent
union all
select 'patterns', unnest(list_filter(['recent', if(m.cure = s.cure, 'would_end', null)], lambda x: x is not null)), s.family_id::varchar,
    m.issue_id, m.escalation_no, 1
from mine m
join step s on s.subject = 'family' and s.family_id = m.family_id
union all
select 'patterns', 'ever', e.family_id::varchar, e.issue_id, e.escalation_no, 1
from mart.family_escalations e
join mart.families f on f.family_id = e.family_id and f.n_escalations > 1
union all
select 'provider_waits', unnest(list_filter(['waits', if(is_overdue, 'overdue', null), if(ended_at is null, 'lasting', null)], lambda x: x is not null)),
    provider, issue_id, null, wait_no
from wait
union all
select 'tags_by_source', t.kind, t.source, t.issue_id, null, 1
from mart.tags t
semi join (from quarter where is_recent) q on q.issue_id = t.issue_id
union all
select 'left_out', 'escalations', exclusion_reason, issue_id, escalation_no, 1 from quarter where is_recent and is_excluded
union all
select 'verdicts', unnest(list_filter(['claimed', if(standing in ('agreed', 'withdrawn'), standing, null)], lambda x: x is not null)), 'all',
    issue_id, escalation_no, 1
from quarter where is_recent and standing is not null
union all
select 'criteria', unnest(list_filter(['claimed', if(standing = 'claimed', 'open', standing)], lambda x: x is not null)), group_key, issue_id, escalation_no, 1
from claim
union all
select 'runbook_use', 'tickets', runbook_id, issue_id, null, 1 from mart.runbook_tickets
union all
select 'action_effects', if(is_before, 'before', 'since'), action_id, issue_id, escalation_no, 1 from mart.action_escalations
union all
select 'remedy_effects', if(is_before, 'before', 'since'), family_id || '/' || kind || '/' || ref, issue_id, escalation_no, 1
from mart.remedy_escalations
union all
select 'time_by_party', 'resolved', unnest(['all', provider]), issue_id, escalation_no, 1 from ended
union all
select 'competing_risks', 'escalations', 'all', issue_id, escalation_no, 1 from quarter where not is_excluded
union all
select distinct 'coverage', 'resolved', provider || '/' || failure_category, issue_id, escalation_no, 1 from mart.coverage_escalations
union all
select 'scorecard', s.measure, s.month, f.issue_id, f.escalation_no, 1
from score s
join scored d on d.score_measure = s.measure
join mart.all_facts f on f.measure = d.fact_measure and f.variant = d.variant and f.week between s.counted_from and s.counted_until and not f.is_pending
    and (d.is_whole or f.in_numerator)
cross join core.clock k
where f.week <= k.week
union all
select 'scorecard', s.measure, s.month, c.issue_id, null, 1
from score s
join mart.merged_changes c on c.is_of_role and s.measure = 'merged_changes' and c.issue_id is not null
cross join core.clock k
cross join lateral (select cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', c.merged_at))) as date) as week) w
where w.week between s.counted_from and s.counted_until and w.week <= k.week
union all
select 'scorecard', s.measure, s.month, o.issue_id, null, 1
from score s
join mart.onboardings o on s.measure = 'integration_success' and o.due_date is not null and o.exclusion_reason is null and o.issue_id is not null
cross join core.clock k
where date_trunc('week', o.due_date) between s.counted_from and s.counted_until and date_trunc('week', o.due_date) <= k.week
union all
select distinct 'effort_hours', f.variant, 'all', f.issue_id, f.escalation_no, 1
from mart.all_facts f
join core.clock k on f.week <= k.week and f.week > k.week - 91
where f.measure = 'effort' and f.variant in ('spent', 'avoidable') and f.in_numerator and not f.is_pending
union all
select 'provider_limits', 'tickets', e.provider || '/' || e.failure_category || '/' || coalesce(m.family_id, e.issue_id), e.issue_id, null, 1
from mart.tagged_escalations e
left join core.family_members m using (issue_id)
where e.failure_category in ('limitation', 'custom_request') and e.escalation_no = 1 and e.exclusion_reason is distinct from 'cancelled'
union all
select 'earlier', 'escalations', 'all', f.issue_id, f.escalation_no, 1
from mart.all_facts f
join core.clock k on f.week < k.week and f.week >= k.week - 91
where f.measure = 'volume' and f.variant = 'escalations' and f.in_numerator and not f.is_pending
union all
select 'earlier', 'touched_tier3', 'all', t.issue_id, t.escalation_no, 1
from mart.shown_tickets t
join headline h using (week)
where t.measure = 'resolution_without_tier3' and t.variant = 'by_resolution' and t.statistic = 'share' and t.group_key = 'all'
    and not t.in_numerator and not t.is_pending
union all
select 'decisions', 'tickets', d.place::varchar, r.issue_id, r.escalation_no, 1
from decided d
join recent r on d.kind = 'end_mode' and r.provider = d.provider and r.failure_category = d.failure_category
union all
select 'decisions', 'tickets', d.place::varchar, m.issue_id, m.escalation_no, 1
from decided d
join mine m on d.kind = 'end_family' and m.family_id = d.family_id
union all
select 'decisions', 'tickets', d.place::varchar, e.issue_id, e.escalation_no, 1
from decided d
join mart.families f on d.kind = 'came_back' and f.family_id = d.family_id
join mart.family_escalations e on e.family_id = f.family_id and e.occurred_at > f.fix_effective_at
union all
select 'decisions', 'tickets', d.place::varchar, k.issue_id, null, 1
from (select place, unnest(refs) as ticket_key from decided where kind = 'chase') d
join core.ticket_keys k using (ticket_key)
union all
select 'decisions', 'tickets', d.place::varchar, v.issue_id, v.escalation_no, 1
from decided d
join mart.verdicts v on d.kind = 'rule' and v.standing = 'contested'
union all
select 'decisions', 'tickets', d.place::varchar, p.issue_id, null, row_number() over (partition by p.issue_id order by p.kind)
from decided d
join (
    select issue_id, kind from mart.review_queue
    union
    select issue_id, kind from mart.review_pool where reason in ('disputed', 'unsure')
) p on d.kind = 'review'
