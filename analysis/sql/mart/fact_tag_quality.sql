-- mart.fact_tag_quality: one row per escalation and form of the measure: a person agrees with our tag
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.tags, core.clock, state.review_draws
-- statistic: share
-- pool: 1
-- title: Tags that people agree with
-- version: 1
-- text: Tags that rules or classifier gave and about which a person's answer stands, by the week of the answer; what was answered
--   before the escalation counts in the week of the escalation. A ticket stands here with its first escalation; tickets that never
--   escalated are left out.
-- numerator: tags that the answer agrees with
-- denominator: tags of rules and classifier about which an answer stands
-- variant: provider_answered Provider, all answers, held against what the words say now. It flatters or slanders: people answer what
--   looks odd, and rules and classifier learn from answers.
-- variant: category_answered Failure category, all answers, held against what the words say now. It flatters or slanders: people
--   answer what looks odd, and rules and classifier learn from answers.
-- variant: provider_blind Provider, only tags drawn at random from all that rules or classifier gave, held against the tag as it was before
--   anybody answered: the honest figure, as far as what was drawn is answered. Drawn and not answered is pending, in the week of the draw.
-- variant: category_blind Failure category, only tags drawn at random from all that rules or classifier gave, held against the tag as it was
--   before anybody answered: the honest figure, as far as what was drawn is answered. Drawn and not answered is pending, in the week of the draw.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
with answered as (
    select issue_id, kind, value, text_value, answered_at from core.tags
    where source = 'answer' and kind in ('provider', 'failure_category')
),
blind as (
    -- what was answered before it was drawn counts as well: the draw is among all that was tagged automatically
    select d.issue_id, d.kind, d.value as ours, a.value as theirs, greatest(a.answered_at, d.effective_at) as told_at
    from state.review_draws d
    left join answered a using (issue_id, kind)
    where d.reason = 'blind' and d.source in ('rule', 'classifier') and d.kind in ('provider', 'failure_category')
    qualify row_number() over (partition by d.issue_id, d.kind order by d.event_id) = 1
),
held as (
    select issue_id, kind, '_answered' as form, text_value as ours, value as theirs, answered_at as told_at
    from answered
    where text_value is not null
    union all
    select issue_id, kind, '_blind', ours, theirs, told_at from blind
)
select cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', greatest(h.told_at, e.escalated_at)))) as date) as week,
    'tag_quality' as measure, case h.kind when 'provider' then 'provider' else 'category' end || h.form as variant,
    h.issue_id, e.escalation_no, coalesce(h.ours = h.theirs, false) as in_numerator, h.theirs is null as is_pending,
    cast(null as double) as value
from held h
join mart.tagged_escalations e on e.issue_id = h.issue_id and e.escalation_no = 1
cross join core.clock k
