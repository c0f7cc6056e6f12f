-- core.verdict_replies: one row per escalation: what OPS replied to its verdict, and what was ruled
-- key: issue_id, escalation_no
-- step: judge
-- reads: core.reply_windows, core.rulings
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: window_closes_at until when OPS may reply, UTC
-- column: reply accepted or contested, the latest that counts and was not taken back; NULL where there is none
-- column: replied_at when, UTC
-- column: ruling stands or withdrawn, likewise
-- column: ruled_at when, UTC
-- column: standing agreed (accepted by OPS, or contested and a ruling lets it stand), contested (no ruling yet) or withdrawn (by a ruling,
--   also where OPS was silent); NULL where nothing that counts was said
with word as (
    -- a CSV takes nothing back, and a label that went takes back only what a label said
    select issue_id, escalation_no, said, max_by(is_taken_back, (said_at, event_id)) as is_gone,
        max({'at': said_at, 'no': event_id}) as place
    from core.rulings
    semi join dirty using (issue_id)
    where excluded_as is null
    group by issue_id, escalation_no, said, split_part(source_ref, ' ', 1)
),
latest as (
    select issue_id, escalation_no, max_by(said, place) filter (said in ('accepted', 'contested')) as reply,
        max(place) filter (said in ('accepted', 'contested')) as replied,
        max_by(said, place) filter (said in ('stands', 'withdrawn')) as ruling,
        max(place) filter (said in ('stands', 'withdrawn')) as ruled
    from word
    where not is_gone
    group by issue_id, escalation_no
)
select w.issue_id, w.escalation_no, w.closes_at as window_closes_at, l.reply, l.replied."at" as replied_at, l.ruling, l.ruled."at" as ruled_at,
    case
        when l.ruling = 'withdrawn' then 'withdrawn'
        when l.ruling = 'stands' or l.reply = 'accepted' then 'agreed'
        when l.reply = 'contested' then 'contested'
    end as standing
from core.reply_windows w
semi join dirty using (issue_id)
left join latest l using (issue_id, escalation_no)
