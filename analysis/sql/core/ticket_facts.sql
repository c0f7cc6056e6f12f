-- core.ticket_facts: one row per issue: what site.toml and dealers.csv make of it
-- key: issue_id
-- step: load
-- reads: state.presence, core.tickets, core.field_values, core.word_rules, core.dealer_names, core.tier_stays, core.resolutions, core.statuses
-- column: issue_id Jira's numeric id
-- column: is_ticket whether it is a ticket of the desk; engineering issues and actions are not
-- column: dealer_text the dealer as typed
-- column: dealer_id the dealer it means; NULL where it matches nobody
-- column: tier the tier it is at now
-- column: status_category new, indeterminate or done, with site.toml's corrections
-- column: resolved_at since when it has been done, UTC; NULL while it is not
-- column: presence seen, or what the last census found: missed_once, deleted, out_of_scope, hidden, archived or returned
-- column: presence_since since when, UTC
-- column: excluded_as duplicate or cancelled, by its resolution
with rule as (
    select kind, list(value) as words from core.word_rules group by kind
),
word as (
    select t.issue_id,
        t.project is not null and exists (from rule where kind = 'tier3_project' and list_contains(words, lower(t.project)))
        or exists (from rule where kind = 'not_ticket_type' and list_contains(words, lower(t.issue_type)))
        or exists (from rule where kind = 'not_ticket_label' and list_has_any(words, list_transform(t.labels, lambda x: lower(x)))) as is_other,
        case
            when exists (from rule where kind = 'duplicate' and list_contains(words, lower(t.resolution))) then 'duplicate'
            when exists (from rule where kind = 'cancelled' and list_contains(words, lower(t.resolution))) then 'cancelled'
        end as excluded_as
    from core.tickets t
    semi join dirty using (issue_id)
),
present as (
    select issue_id, max_by(presence, event_id) as presence, max_by(effective_at, event_id) as presence_since
    from state.presence
    semi join dirty using (issue_id)
    group by issue_id
),
dealer as (
    select issue_id, min_by(value, value_no) as dealer_text from core.field_values semi join dirty using (issue_id)
    where role = 'dealer'
    group by issue_id
),
tier as (
    select issue_id, tier from core.tier_stays semi join dirty using (issue_id) where left_at is null
),
resolved as (
    select issue_id, max(resolved_at) as resolved_at from core.resolutions semi join dirty using (issue_id)
    where reopened_at is null
    group by issue_id
)
select t.issue_id, not w.is_other as is_ticket, d.dealer_text, n.dealer_id, tier.tier,
    s.status_category, case when s.status_category = 'done' then r.resolved_at end as resolved_at, w.excluded_as,
    coalesce(p.presence, 'seen') as presence, p.presence_since
from core.tickets t
join word w using (issue_id)
left join present p using (issue_id)
left join dealer d using (issue_id)
left join core.dealer_names n
    on n.name_key = trim(regexp_replace(lower(strip_accents(d.dealer_text)), '[^a-z0-9]+', ' ', 'g'))
left join tier using (issue_id)
left join resolved r using (issue_id)
left join core.statuses s on s.status_key = coalesce(t.status_id, lower(t.status))
