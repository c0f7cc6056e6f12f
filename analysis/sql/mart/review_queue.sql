-- mart.review_queue: one row per tag that was put before a person and waits for an answer
-- key: issue_id, kind
-- step: measure
-- reads: state.review_draws, state.answers, mart.tagged_escalations, core.tags, core.tag_texts, core.resolution_texts,
--   core.tickets, core.clock
-- column: issue_id Jira's numeric id
-- column: ticket_key its current key
-- column: kind provider, failure_category or root_cause
-- column: reason blind, disputed, informative or unsure
-- column: drawn_at when it was put before a person, UTC
-- column: guess the likeliest value; NULL for blind ones, so that it sways nobody
-- column: guess_confidence how likely it is; NULL for blind ones
-- column: second_guess the next likeliest; NULL for blind ones
-- column: rule_value what the rules say; NULL for blind ones
-- column: said what persons answered, where they disagree
-- column: summary as it stood when the ticket escalated
-- column: words what the tag is to be told from: the description at that moment, for root causes the closing words
with waiting as (
    -- the first reason counts: who is to answer blind must not have seen our tag
    select d.issue_id, d.kind, min_by(d.reason, d.event_id) as reason, min(d.effective_at) as drawn_at, min(d.event_id) as event_id
    from state.review_draws d
    where not exists (
        from state.answers a
        where a.issue_id = d.issue_id and a.kind = d.kind and (a.recorded_at >= d.effective_at or d.reason = 'blind')
    )
    group by d.issue_id, d.kind
)
select w.issue_id, t.ticket_key, w.kind, w.reason, w.drawn_at,
    case when w.reason <> 'blind' then g.guess end as guess,
    case when w.reason <> 'blind' then g.guess_confidence end as guess_confidence,
    case when w.reason <> 'blind' then g.second_guess end as second_guess,
    case when w.reason <> 'blind' then g.rule_value end as rule_value,
    case when g.source = 'answer' then g.evidence end as said,
    x.summary, case when w.kind = 'root_cause' then r.words else x.description end as words
from waiting w
join mart.tagged_escalations e on e.issue_id = w.issue_id and e.escalation_no = 1
cross join core.clock k
join core.tickets t on t.issue_id = w.issue_id
join core.tags g on g.issue_id = w.issue_id and g.kind = w.kind
join core.tag_texts x on x.issue_id = w.issue_id
left join core.resolution_texts r on r.issue_id = w.issue_id
where e.escalated_at >= k.as_of - interval 91 days
order by w.event_id
