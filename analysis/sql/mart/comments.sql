-- mart.comments: one row per comment
-- key: comment_id
-- step: measure
-- reads: core.comments, core.own_comments, core.members
-- column: comment_id Jira's id of the comment
-- column: issue_id Jira's numeric id
-- column: author_id who wrote it
-- column: author_tier the author's tier on that day, by site.toml; NULL where this program wrote it
-- column: created_at when, UTC
-- column: updated_at last edited, UTC
-- column: body text, masked
-- column: own_kind pushback or triage where this program wrote it, which counts as no action of anybody; else NULL
select c.comment_id, c.issue_id, c.author_id, m.tier as author_tier, c.created_at, c.updated_at, c.body, cast(null as varchar) as own_kind
from core.comments c
left join core.members m
    on m.person_id = c.author_id and c.created_at >= m.since and (m.until is null or c.created_at < m.until)
union all
select comment_id, issue_id, author_id, null, created_at, updated_at, body, kind from core.own_comments
