-- mart.fact_tag_drift: one row per escalation and form of the measure: it speaks in words that are new
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- store: table
-- refresh: full
-- reads: mart.tagged_escalations, core.tag_texts
-- statistic: share
-- pool: 1
-- title: Tickets with many new words
-- version: 1
-- text: Escalated tickets whose words, as they stood at the first escalation, are new to the desk: rules and classifier were made from
--   older ones. A word is three letters or more, in any case; what holds a digit is none. It is new if no ticket that escalated
--   in the 26 weeks before had it. Of the desk's first 26 weeks nothing is counted, for everything is new there.
-- numerator: tickets of whose distinct words more than a fifth are new
-- denominator: tickets that escalated for the first time and have words
-- variant: new_words Judged by ticket, because words come by the ticket: one long ticket about something new would outweigh a
--   week of short ones. A fifth, because in calm weeks 7 to 27 of 100 tickets exceed it, so that a rise shows at 15 a week.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
with token as (
    select distinct e.escalated_week as week, e.issue_id,
        unnest(regexp_extract_all(lower(concat_ws(' ', x.summary, x.description)), '[\p{L}\d_]{3,}')) as word
    from mart.tagged_escalations e
    join core.tag_texts x using (issue_id)
    where e.escalation_no = 1
),
word as (
    select * from token where regexp_full_match(word, '\p{L}+')
),
new_word as (
    select week, word
    from (select distinct week, word from word)
    qualify coalesce(lag(week) over (partition by word order by week) < week - 182, true)
),
counted as (
    select w.week, w.issue_id, count(*) as n_words, count(n.word) as n_new
    from word w
    left join new_word n using (week, word)
    group by all
)
select week, 'tag_drift' as measure, 'new_words' as variant, issue_id, 1 as escalation_no, n_new > n_words / 5 as in_numerator,
    false as is_pending, cast(null as double) as value
from counted
where week >= (select min(escalated_week) from mart.tagged_escalations) + 182
