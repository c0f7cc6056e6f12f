-- mart.tag_drift: one row per week and signal that tickets are no longer what rules and classifier were made for
-- key: week, signal
-- step: measure
-- reads: mart.control_limits
-- column: week Monday of the week
-- column: signal provider_untagged, category_untagged, rule_against_classifier or new_words
-- column: measure the measure it is a variant of, tag_sources or tag_drift
-- column: numerator escalations of that week in the numerator
-- column: denominator escalations of that week that are counted
-- column: value share of that week alone
-- column: centre share in the 26 weeks before; NULL where fewer than 8 of them have anything to count
-- column: lower_limit three sigma below, widened for more spread than chance gives (Laney's p') and for the skew of small shares
-- column: upper_limit three sigma above, widened likewise
-- column: is_outside beyond its limits; NULL where there are none
select week, variant as signal, measure, numerator, denominator, value, centre, lower_limit, upper_limit, is_outside
from mart.control_limits
where measure in ('tag_sources', 'tag_drift')
