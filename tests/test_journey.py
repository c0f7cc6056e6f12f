"""What follows from the changelog: stays, entries, escalations, resolutions, Tier 3 touches, exclusions."""

from pathlib import Path
from typing import Any

import pytest

from stories import SITE, answers, bare_criteria, cases, lines, table, warehouse_of

ESCALATIONS = """
    select ticket_key, escalation_no, escalated_at, entered, resolved_at, resolution_tier, touched_tier3, ever_touched_tier3,
        n_bounces, n_reopens
    from mart.escalations order by ticket_key, escalation_no
"""
JOURNEYS = cases("""
## a ticket that stays with OPS is no escalation
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 status=Resolved resolution=Done
## from OPS, resolved at Tier 2
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved resolution=Done
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 0 0
## born at Tier 2
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
=> SUP-1 1 03-02T09:00 born 03-03T12:00 2 no no 0 0
## skipped Tier 2
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=3
  03-03 12:00 status=Resolved
=> SUP-1 1 03-02T10:00 skipped_tier2 03-03T12:00 3 yes yes 0 0
## bounced back the same minute
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00:05 tier=2
  03-02 10:00:20 tier=1
  03-02 10:00:40 tier=2
  03-03 12:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 1 0
## bounced in the same second
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00:05 tier=2
  03-02 10:00:05 tier=1
  03-02 10:00:05 tier=2
  03-03 12:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 1 0
## returned to OPS and resolved there
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=2
  03-02 15:00 tier=1
  03-03 12:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 1 no no 0 0
## reopened after 13 days: the first resolution does not count
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved
  03-16 11:00 status=Doing
  03-17 09:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-17T09:00 2 no no 0 1
## reopened after 14 days to the minute: withdrawn
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-17 12:00 status=Doing
=> SUP-1 1 03-02T09:00 born - - no no 0 1
## reopened a minute later than 14 days: a new escalation
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-17 12:01 status=Doing
=> SUP-1 1 03-02T09:00 born 03-03T12:00 2 no no 0 0
=> SUP-1 2 03-17T12:01 born - - no no 0 0
## reopened after 15 days where it lay: a new escalation
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved
  03-18 13:00 status=Doing
  03-19 09:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 0 0
=> SUP-1 2 03-18T13:00 born 03-19T09:00 2 no no 0 0
## reopened after 15 days at OPS, then escalated
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved
  03-18 13:00 status=Doing tier=1
  03-18 15:00 tier=2
  03-19 09:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 0 1
=> SUP-1 2 03-18T15:00 from_ops 03-19T09:00 2 no no 0 0
## resolved twice: the first that stood counts
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-05 12:00 status=Doing
  03-06 12:00 status=Resolved
  03-25 12:00 status=Doing tier=1
  03-26 12:00 status=Resolved
=> SUP-1 1 03-02T09:00 born 03-06T12:00 2 no no 0 2
## resolved, then closed: one resolution
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-08 12:00 status=Closed
=> SUP-1 1 03-02T09:00 born 03-03T12:00 2 no no 0 0
## made in a done status
SUP-1 created 2026-03-02 09:00 tier=2 status=Closed
=> SUP-1 1 03-02T09:00 born 03-02T09:00 2 no no 0 0
## made in a done status, reopened 20 days later: a new escalation
SUP-1 created 2026-03-02 09:00 tier=2 status=Closed
  03-22 09:00 status=Doing
=> SUP-1 1 03-02T09:00 born 03-02T09:00 2 no no 0 0
=> SUP-1 2 03-22T09:00 born - - no no 0 0
## a status of unknown category is not done
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Odd
=> SUP-1 1 03-02T09:00 born - - no no 0 0
## Tier 3 on the 14th day after the resolution still counts
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-17 12:00 tier=3
=> SUP-1 1 03-02T09:00 born 03-03T12:00 2 yes yes 0 0
## Tier 3 later than that is only ever
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-17 12:01 tier=3
=> SUP-1 1 03-02T09:00 born 03-03T12:00 2 no yes 0 0
## still open
SUP-1 created 2026-03-02 09:00 tier=2
=> SUP-1 1 03-02T09:00 born - - no no 0 0
## tier set by automation a moment after creation, nothing known before
SUP-1 created 2026-03-02 09:00
  03-02 09:00:30 tier=2
=> SUP-1 1 03-02T09:00 born - - no no 0 0
## no source ever speaks: no tier, no escalation
SUP-1 created 2026-03-02 09:00
  03-03 12:00 status=Resolved
""")
TOUCHES = """
    select e.ticket_key, e.escalation_no, e.touched_tier3, e.ever_touched_tier3, c.has_own_fix,
        (select max(is_assumed) from core.tier3_touches t where t.issue_id = e.issue_id)
    from mart.escalations e join core.escalations c using (issue_id, escalation_no) order by ticket_key, escalation_no
"""
TIER3 = cases("""
## by link only
PENG-1 created 2026-03-01 09:00 assignee=eng-1
SUP-1 created 2026-03-02 09:00 tier=2
  03-02 12:00 link=Escalation>PENG-1
  03-03 12:00 status=Resolved
=> SUP-1 1 yes yes no no
## linked after the resolution
PENG-1 created 2026-03-01 09:00 assignee=eng-1
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-04 12:00 link=Escalation>PENG-1
=> SUP-1 1 no yes no no
## a link of another type
PENG-1 created 2026-03-01 09:00 assignee=eng-1
SUP-1 created 2026-03-02 09:00 tier=2
  03-02 12:00 link=Mentions>PENG-1
=> SUP-1 1 no no no -
## an engineering issue only ever assigned to Tier 2: its own fix
PENG-1 created 2026-03-01 09:00 assignee=int-1
  03-02 12:30 status=Doing by=int-1
SUP-1 created 2026-03-02 09:00 tier=2
  03-02 12:00 link=Escalation>PENG-1
=> SUP-1 1 no no yes no
## first Tier 2, then engineering had it
PENG-1 created 2026-03-01 09:00 assignee=int-1
  03-02 12:30 assignee=eng-1
SUP-1 created 2026-03-02 09:00 tier=2
  03-02 12:00 link=Escalation>PENG-1
=> SUP-1 1 yes yes no no
## an engineering issue that nobody has yet: neither a touch nor a fix
PENG-1 created 2026-03-01 09:00
SUP-1 created 2026-03-02 09:00 tier=2
  03-02 12:00 link=Escalation>PENG-1
=> SUP-1 1 no no no -
## an engineering issue that the export does not hold: assumed
SUP-1 created 2026-03-02 09:00 tier=2
  03-02 12:00 link=Escalation>PENG-9
=> SUP-1 1 yes yes no yes
## a duplicate passes its stay to its original
SUP-1 created 2026-03-02 09:00 tier=2
SUP-2 created 2026-03-02 10:00 tier=3
  03-03 12:00 link=Duplicate>SUP-1
  03-03 12:00 status=Closed resolution=Duplicate
=> SUP-1 1 yes yes no no
=> SUP-2 1 yes yes no no
## a duplicate passes its touch by link
PENG-1 created 2026-03-01 09:00 assignee=eng-1
SUP-1 created 2026-03-02 09:00 tier=2
SUP-2 created 2026-03-02 10:00 tier=2
  03-02 12:00 link=Escalation>PENG-1
  03-03 12:00 link=Duplicate>SUP-1
  03-03 12:00 status=Closed resolution=Duplicate
=> SUP-1 1 yes yes no no
=> SUP-2 1 yes yes no no
## linked as duplicate but not closed as one: nothing passes
SUP-1 created 2026-03-02 09:00 tier=2
SUP-2 created 2026-03-02 10:00 tier=3
  03-03 12:00 link=Duplicate>SUP-1
  03-03 12:00 status=Closed resolution=Done
=> SUP-1 1 no no no -
=> SUP-2 1 yes yes no no
## what a duplicate passes belongs to the escalation of its time
SUP-1 created 2026-03-02 09:00 tier=2
  03-05 12:00 status=Resolved
  04-05 12:00 status=Doing
SUP-2 created 2026-03-02 10:00 tier=3
  03-03 12:00 link=Duplicate>SUP-1
  03-03 12:00 status=Closed resolution=Duplicate tier=2
=> SUP-1 1 yes yes no no
=> SUP-1 2 no no no no
=> SUP-2 1 yes yes no no
""")


@pytest.fixture(scope="module")
def journeys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return answers(JOURNEYS, ESCALATIONS, tmp_path_factory.mktemp("journeys"))


@pytest.mark.parametrize("name", JOURNEYS)
def test_escalations(name: str, journeys: dict[str, str]) -> None:
    assert journeys[name] == JOURNEYS[name][1]


@pytest.fixture(scope="module")
def touches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return answers(TIER3, TOUCHES, tmp_path_factory.mktemp("tier3"))


@pytest.mark.parametrize("name", TIER3)
def test_tier3(name: str, touches: dict[str, str]) -> None:
    assert touches[name] == TIER3[name][1]


def spoil_changelogs(found: list[dict[str, Any]]) -> None:
    by_key = {issue["key"]: issue for issue in found}
    del by_key["SUP-3"]["changelog"]
    by_key["SUP-4"]["changelog"]["total"] += 1


def test_exclusions_have_reasons_and_what_is_no_ticket_is_no_escalation(tmp_path: Path) -> None:
    story = """
    SUP-1 created 2026-03-02 09:00 tier=2
      03-03 09:00 status=Closed resolution=Duplicate
    SUP-2 created 2026-03-02 09:00 tier=2
      03-03 09:00 status=Closed resolution=Cancelled
    SUP-3 created 2026-03-02 09:00 tier=2
      03-03 09:00 status=Resolved resolution=Done
    SUP-4 created 2026-03-02 09:00 tier=2
    SUP-5 created 2026-03-02 09:00 tier=2 labels=Escalation-Action
    PENG-6 created 2026-03-02 09:00 tier=3
    SUP-7 created 2026-03-02 09:00 tier=2
      03-03 09:00 status=Resolved resolution=Done
      04-02 09:00 status=Closed resolution=Duplicate
      04-03 09:00 status=Doing resolution=
      04-04 09:00 status=Closed resolution=Duplicate
    """
    expected = """
    SUP-1 1 03-03T09:00 yes duplicate
    SUP-2 1 03-03T09:00 yes cancelled
    SUP-3 1 03-03T09:00 yes no_changelog
    SUP-4 1 - yes partial_changelog
    SUP-7 1 03-03T09:00 no -
    SUP-7 2 04-04T09:00 yes duplicate
    """
    query = "select ticket_key, escalation_no, resolved_at, is_excluded, exclusion_reason from mart.escalations order by 1, 2"
    with warehouse_of(story, tmp_path, bare_criteria(tmp_path / "criteria"), spoil=spoil_changelogs) as warehouse:
        assert table(warehouse, query) == lines(expected)


def reverse_histories(found: list[dict[str, Any]]) -> None:
    """Newest first, as Jira's search gives them; without field ids and authors, as Data Center and automation do."""
    for issue in found:
        histories = issue["changelog"]["histories"]
        histories.reverse()
        for history in histories:
            history.pop("author")
            for item in history["items"]:
                item.pop("fieldId", None)


def test_order_of_histories_field_ids_and_authors_do_not_matter(tmp_path: Path) -> None:
    found = answers(JOURNEYS, ESCALATIONS, tmp_path, spoil=reverse_histories)
    assert found == {name: expected for name, (_, expected) in JOURNEYS.items()}


def test_old_keys_after_a_move(tmp_path: Path) -> None:
    story = """
    SUP-2 created 2026-03-02 09:00 tier=1
      03-03 09:00 moved_from=HELP-7
      03-03 09:00 moved_from=OLD-1
    """
    with warehouse_of(story, tmp_path, bare_criteria(tmp_path / "criteria")) as warehouse:
        found = table(warehouse, "select ticket_key, is_current from core.ticket_keys order by 1")
    assert found == lines("HELP-7 no\nOLD-1 no\nSUP-2 yes")


SOURCES = """
[[tier.source]]
kind = "assignee"
[[tier.source]]
kind = "team"
field = "Team"
values = { "Front desk" = 1, "Integrations" = 2 }
[[tier.source]]
kind = "status"
values = { "Waiting for provider" = 2 }
[[tier.source]]
kind = "component"
values = { "Desk" = 1, "Engine" = 3 }
[[member]]
id = "mover"
tier = 1
to = 2026-03-10
[[member]]
id = "mover"
tier = 2
from = 2026-03-10
"""
TIERS = cases("""
## whom it is assigned to
SUP-1 created 2026-03-02 09:00 assignee=ops-1
  03-03 09:00 assignee=int-1
  03-04 09:00 assignee=nobody
=> SUP-1 1 03-02T09:00
=> SUP-1 2 03-03T09:00
=> SUP-1 - 03-04T09:00
## membership on the day
SUP-1 created 2026-03-09 09:00 assignee=mover
  03-09 10:00 assignee=
  03-10 09:00 assignee=mover
=> SUP-1 1 03-09T09:00
=> SUP-1 - 03-09T10:00
=> SUP-1 2 03-10T09:00
## the first source that speaks wins, whatever changes in the others
SUP-1 created 2026-03-02 09:00 assignee=ops-1 team=Integrations
  03-03 09:00 status="Waiting for provider" component=Engine
  03-04 09:00 assignee=
  03-05 09:00 team=
  03-06 09:00 status=Doing
=> SUP-1 1 03-02T09:00
=> SUP-1 2 03-04T09:00
=> SUP-1 3 03-06T09:00
## of several components the highest tier
SUP-1 created 2026-03-02 09:00 component=Billing
  03-03 09:00 component="Billing Desk"
  03-04 09:00 component="Billing Desk Engine"
  03-05 09:00 component="Billing Desk Engine Web"
  03-06 09:00 component="Billing Desk Web"
=> SUP-1 - 03-02T09:00
=> SUP-1 1 03-03T09:00
=> SUP-1 3 03-04T09:00
=> SUP-1 1 03-06T09:00
## components that a ticket was made with
SUP-1 created 2026-03-02 09:00 component="Billing Engine"
  03-03 09:00 component="Billing Engine Web"
=> SUP-1 3 03-02T09:00
""")
STAYS = """
    select k.ticket_key, s.tier, s.entered_at from core.tier_stays s join core.tickets k using (issue_id) order by 1, stay_no
"""


@pytest.mark.parametrize("spoil", [None, reverse_histories], ids=["cloud", "data center"])
def test_tier_sources(spoil: Any, tmp_path: Path) -> None:
    site = SITE.replace("[[tier.source]]\nkind = \"field\"\nfield = \"Support tier\"\nvalues = { \"1\" = 1, \"2\" = 2, \"3\" = 3 }\n", "")
    criteria = bare_criteria(tmp_path / "criteria", site__toml=site + SOURCES)
    found = answers(TIERS, STAYS, tmp_path, criteria, spoil)
    assert found == {name: expected for name, (_, expected) in TIERS.items()}


def test_default_tier_where_no_source_speaks(tmp_path: Path) -> None:
    criteria = bare_criteria(tmp_path / "criteria", site__toml=SITE.replace("[tier]", "[tier]\ndefault = 1"))
    story = """
    SUP-1 created 2026-03-02 09:00
      03-02 10:00 tier=2
    """
    with warehouse_of(story, tmp_path, criteria) as warehouse:
        assert table(warehouse, ESCALATIONS) == lines("SUP-1 1 03-02T10:00 from_ops - - no no 0 0")
