-- mart.linked_changes: one row per ticket and change of code that it links to, merged or not
-- key: issue_id, change_ref
-- step: measure
-- reads: core.links, core.comments, core.ticket_facts, core.input_changes
-- column: issue_id Jira's numeric id of the ticket
-- column: change_ref address of the change (a pull or merge request or a commit)
-- column: told_by link or comment
-- column: seen_at when it was first linked, UTC
-- column: is_known_merged changes.csv says that it was merged; where it does not, it counts as linked only
with told as (
    select issue_id, 'link' as told_by, target as url, created_at from core.links where kind = 'remote'
    union all
    select issue_id, 'comment', unnest(regexp_extract_all(body, 'https?://[^\s<>")\]|]+')), created_at from core.comments
),
change as (
    select issue_id, told_by, regexp_extract(url, '^https?://[^?#]+?/(?:pull|pull-requests|merge_requests|commit|commits)/[0-9a-zA-Z]+') as change_ref,
        created_at
    from told
)
select c.issue_id, c.change_ref, min_by(c.told_by, c.created_at) as told_by, min(c.created_at) as seen_at,
    c.change_ref in (select change_ref from core.input_changes) as is_known_merged
from change c
join core.ticket_facts f using (issue_id)
where c.change_ref <> ''
group by c.issue_id, c.change_ref
