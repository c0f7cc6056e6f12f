-- core.resolution_texts: one row per resolved ticket: the words with which it was closed
-- key: issue_id
-- step: tag
-- reads: core.tickets, core.ticket_facts, core.comments, core.members, core.field_values, core.tier3_touches
-- column: issue_id Jira's numeric id
-- column: words the last comments of the desk about the time of the resolution, masked; NULL where there are none
-- column: resolution Jira's resolution
-- column: root_cause_field what the mapped field holds
-- column: has_fix a linked engineering issue was worked, or the field that tells of a merge holds a time
with resolved as (
    select t.issue_id, t.resolution, t.reporter_id, f.resolved_at
    from core.tickets t
    semi join dirty using (issue_id)
    join core.ticket_facts f using (issue_id)
    where f.is_ticket and f.resolved_at is not null
),
closing as (
    -- a comment may be written shortly after the status was changed; a customer's thanks is none of the desk's
    select r.issue_id, c.body, c.created_at, c.comment_id
    from resolved r
    join core.comments c on c.issue_id = r.issue_id
        and c.created_at between r.resolved_at - interval 2 days and r.resolved_at + interval 1 day
    where c.author_id in (select person_id from core.members) or c.author_id is distinct from r.reporter_id
    qualify row_number() over (partition by r.issue_id order by c.created_at desc, c.comment_id desc) <= 2
),
words as (
    select issue_id, string_agg(body, chr(10) order by created_at, comment_id) as words from closing group by issue_id
)
select r.issue_id, w.words, r.resolution, v.value as root_cause_field,
    exists (from core.field_values m where m.issue_id = r.issue_id and m.role = 'merged_at' and m.value_at is not null)
    or exists (from core.tier3_touches t where t.issue_id = r.issue_id) as has_fix
from resolved r
left join words w using (issue_id)
left join core.field_values v on v.issue_id = r.issue_id and v.role = 'root_cause' and v.value_no = 1
