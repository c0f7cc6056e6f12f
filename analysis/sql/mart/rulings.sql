-- mart.rulings: one row per reply to a verdict or ruling on it, given or taken back, and whether it counts
-- key: issue_id, source_ref
-- step: measure
-- reads: core.rulings
-- column: issue_id Jira's numeric id
-- column: escalation_no the escalation in whose span it was said
-- column: said accepted or contested (a reply), stands or withdrawn (a ruling)
-- column: is_taken_back the label that said so was removed
-- column: person_id who
-- column: said_at when, UTC
-- column: is_counted whether it counts
-- column: excluded_as why not: nobody, not_ops, late, not_ruler, set_tier, assigned, replied or not_contested
-- column: source_ref where it was said
select issue_id, escalation_no, said, is_taken_back, person_id, said_at, excluded_as is null as is_counted, excluded_as, source_ref
from core.rulings
