-- mart.review_pool: one row per tag and reason for which a person could be asked about it
-- key: issue_id, kind, reason
-- step: measure
-- reads: mart.tagged_escalations, core.tags, core.clock, state.tag_events, state.review_draws,
--   mart.review_queue
-- column: issue_id Jira's numeric id
-- column: kind provider, failure_category or root_cause
-- column: reason blind (one of all that rules or classifier gave), disputed, informative or unsure
-- column: place order in which tags of that reason are asked about; for blind ones by chance
-- column: n_like tags that this one stands for: all that could be drawn blind, all with the same two likeliest values, else 1
-- column: value the tag as rules or classifier gave it; NULL = untagged
-- column: source rule, classifier or none; answer where persons disagree
with recent as (
    -- what nobody remembers nobody can answer; and a quarter is what pages look back on
    select e.issue_id, e.escalated_at, k.as_of
    from mart.tagged_escalations e
    cross join core.clock k
    where e.escalation_no = 1 and e.escalated_at >= k.as_of - interval 91 days
),
automatic as (
    -- the last that rules and classifier said before a person did: an answer that they have learned from would flatter them
    select issue_id, kind, max_by({'value': value, 'source': source}, event_id) as told
    from state.tag_events
    where source in ('rule', 'classifier', 'none')
    group by issue_id, kind
),
drawn as (
    select issue_id, kind, bool_or(reason = 'blind') as is_blind, bool_or(reason <> 'blind') as is_chosen
    from state.review_draws
    group by issue_id, kind
),
tag as (
    select t.*, r.escalated_at, r.as_of, coalesce(d.is_blind, false) as is_drawn_blind,
        coalesce(d.is_chosen, false) or q.issue_id is not null as is_drawn
    from core.tags t
    join recent r using (issue_id)
    left join drawn d using (issue_id, kind)
    left join mart.review_queue q using (issue_id, kind)
),
-- answered ones stay among them: leaving out what was asked about because it looked odd would flatter the rest
blind as (
    select t.issue_id, t.kind, 'blind' as reason, md5(concat_ws('/', t.as_of, t.issue_id, t.kind)) as chance, a.told
    from tag t
    join automatic a using (issue_id, kind)
    where a.told.source <> 'none' and t.source <> 'field' and not t.is_drawn_blind
),
untagged as (
    select *, count(*) over (partition by kind, guess, second_guess) as n_like,
        row_number() over (partition by kind, guess, second_guess order by guess_confidence desc, issue_id desc) as place_among_like
    from tag
    -- causes are often told by nobody, and would crowd out what verdicts rest on
    where source = 'none' and kind <> 'root_cause' and not is_drawn
)
select issue_id, kind, reason, row_number() over (order by chance) as place, count(*) over () as n_like, told.value as value,
    told.source as source
from blind
union all
select issue_id, kind, 'disputed', row_number() over (order by source <> 'answer', escalated_at desc, issue_id, kind), 1, value, source
from tag
where is_disputed and source <> 'field' and not is_drawn
union all
select issue_id, kind, 'informative', row_number() over (order by n_like desc, kind, guess, second_guess), n_like, value, source
from untagged
where guess is not null and place_among_like = 1
union all
select issue_id, kind, 'unsure', row_number() over (order by guess_confidence, escalated_at desc, issue_id, kind), 1, value, source
from untagged
