-- mart.runbooks: one row per version of a runbook
-- key: runbook_id, version
-- step: measure
-- reads: core.runbooks
-- column: runbook_id id in its front matter
-- column: version from 1
-- column: title what it is for
-- column: provider for tickets of this provider only
-- column: failure_category for tickets of this category only
-- column: audience ops, integration or dealer
-- column: needs_access what one must have access to
-- column: symptoms what one sees when it is for that, point by point
-- column: page its address where it lives in a wiki; NULL for others
-- column: published_date written down
-- column: announced_date OPS was told
-- column: replaced_date no longer in force
-- column: text_hash hash of the whole file
select runbook_id, version, title, provider, failure_category, audience, needs_access, symptoms, page, published_date, announced_date,
    replaced_date, text_hash
from core.runbooks
