-- core.runbook_matches: one row per escalation and OPS runbook in force then that fits what was known of it
-- key: issue_id, escalation_no, runbook_id, version
-- step: judge
-- reads: core.known_escalations, core.text_matches, core.known_alike, core.runbooks, core.access, core.tag_texts
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: runbook_id the runbook
-- column: version the version in force on the day of the escalation
-- column: told_by signature (its signature or a phrase of it stands in the ticket) or words (the ticket is told like the runbook)
-- column: is_sure whether the match may carry a verdict by itself: a signature, or
--   words by which it is three to one that, of the provider's runbooks and none, this one is for it
-- column: rests_on_classifier only the classifier says that the ticket is about the runbook's provider
-- column: words the words that matched
-- column: known_at since when they stood there, UTC
-- column: source_ref where
-- column: is_known_long_enough announced at least 7 days before
-- column: missing what it needs and OPS had no access to on that day; NULL where nothing
with found as (
    select issue_id, escalation_no, ref, 'signature' as told_by, true as is_sure, words, known_at, source_ref
    from core.text_matches
    semi join dirty using (issue_id)
    where kind = 'runbook'
    union all
    select a.issue_id, a.escalation_no, a.ref, 'words', a.log_odds >= ln(3), a.words, e.escalated_at, 'ticket text'
    from core.known_alike a
    semi join dirty using (issue_id)
    join core.known_escalations e on e.issue_id = a.issue_id and e.escalation_no = a.escalation_no
    where a.kind = 'runbook'
),
matched as (
    -- a category that only the classifier gave neither makes a match nor breaks one
    select f.*, r.runbook_id, r.version, r.needs_access, e.escalated_date,
        r.announced_date + interval 7 days <= e.escalated_date as is_known_long_enough,
        r.provider is not null and e.provider_source = 'classifier' as rests_on_classifier
    from found f
    join core.known_escalations e using (issue_id, escalation_no)
    join core.runbooks r on f.ref = r.runbook_id || ' v' || r.version
    where r.audience = 'ops' and r.announced_date is not null and r.announced_date <= e.escalated_date
        and (r.replaced_date is null or e.escalated_date < r.replaced_date)
        and (r.provider is null or r.provider = e.provider)
        and (
            r.failure_category is null or e.failure_category is null or r.failure_category = e.failure_category
            or e.category_source = 'classifier'
        )
    qualify row_number() over (
        partition by f.issue_id, f.escalation_no, r.runbook_id, r.version order by f.told_by
    ) = 1
),
lacking as (
    select m.issue_id, m.escalation_no, m.runbook_id, m.version, string_agg(n.access, ', ' order by n.access) as missing
    from matched m
    cross join unnest(m.needs_access) as n(access)
    where not exists (
        from core.access a
        where a.access = n.access and a.since <= m.escalated_date and (a.until is null or m.escalated_date < a.until)
    )
    group by all
)
select m.issue_id, m.escalation_no, m.runbook_id, m.version, m.told_by, m.is_sure,
    m.rests_on_classifier, m.words, m.known_at, m.source_ref, m.is_known_long_enough, l.missing
from matched m
left join lacking l using (issue_id, escalation_no, runbook_id, version)
