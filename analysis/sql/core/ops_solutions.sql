-- core.ops_solutions: one row per time OPS resolved a ticket that had never been escalated, and wrote down how
-- key: issue_id, resolution_no
-- step: known
-- reads: core.resolutions, core.ticket_facts, core.escalations, core.comments, core.members, core.tickets, core.tags, core.tag_texts
-- column: issue_id Jira's numeric id
-- column: resolution_no which resolution of the ticket
-- column: known_at from when it was resolved and written down, UTC
-- column: reopened_at when it was next not done, UTC; NULL while it stays done
-- column: provider the ticket's provider
-- column: summary as it stood when it was told, masked
-- column: description likewise
-- column: words the first comment of the desk about the time of the resolution, masked
with solved as (
    select r.issue_id, r.resolution_no, r.resolved_at, r.reopened_at, t.reporter_id
    from core.resolutions r
    semi join dirty using (issue_id)
    join core.ticket_facts f using (issue_id)
    join core.tickets t using (issue_id)
    where r.tier <= 1 and f.is_ticket and f.excluded_as is null
        and not exists (from core.escalations e where e.issue_id = r.issue_id and e.escalated_at <= r.resolved_at)
),
written as (
    select s.issue_id, s.resolution_no, min_by({'at': c.created_at, 'words': c.body}, (c.created_at, c.comment_id)) as note
    from solved s
    join core.comments c on c.issue_id = s.issue_id
        and c.created_at between s.resolved_at - interval 2 days and s.resolved_at + interval 1 day
    where c.author_id in (select person_id from core.members) or c.author_id is distinct from s.reporter_id
    group by all
)
select s.issue_id, s.resolution_no, greatest(s.resolved_at, w.note."at") as known_at, s.reopened_at, g.value as provider,
    x.summary, x.description, w.note.words as words
from solved s
join written w using (issue_id, resolution_no)
join core.tag_texts x using (issue_id)
join core.tags g on g.issue_id = s.issue_id and g.kind = 'provider' and g.value is not null
