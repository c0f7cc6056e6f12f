"""Tier 3 touches and own fixes, exclusions, and the ways in which a Jira shows the tier."""

from pathlib import Path
from typing import Any

import pytest
from stories import (
    SITE,
    answers,
    bare_criteria,
    cases,
    issues,
    lines,
    load_into,
    open_warehouse,
    reverse_histories,
    table,
    warehouse_of,
)

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
## an engineer speaks on it, but only Tier 2 ever had it: its own fix
PENG-1 created 2026-03-01 09:00 assignee=int-1
  03-02 12:30 comment=reviewed by=eng-1
SUP-1 created 2026-03-02 09:00 tier=2
  03-02 12:00 link=Escalation>PENG-1
=> SUP-1 1 no no yes no
## linked in time, but engineering took it 15 days after the resolution
PENG-1 created 2026-03-01 09:00
  03-18 12:01 assignee=eng-1
SUP-1 created 2026-03-02 09:00 tier=2
  03-02 12:00 link=Escalation>PENG-1
  03-03 12:00 status=Resolved
=> SUP-1 1 no yes no no
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
    query = """
        select ticket_key, escalation_no, resolved_at, is_excluded, exclusion_reason from mart.escalations order by 1, 2
    """
    with warehouse_of(story, tmp_path, bare_criteria(tmp_path / "criteria"), spoil=spoil_changelogs) as warehouse:
        assert table(warehouse, query) == lines(expected)


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
    select k.ticket_key, s.tier, s.entered_at
    from core.tier_stays s join core.tickets k using (issue_id) order by 1, stay_no
"""


@pytest.mark.parametrize("spoil", [None, reverse_histories], ids=["cloud", "data center"])
def test_tier_sources(spoil: Any, tmp_path: Path) -> None:
    site = SITE.replace(
        '[[tier.source]]\nkind = "field"\nfield = "Support tier"\nvalues = { "1" = 1, "2" = 2, "3" = 3 }\n', ""
    )
    criteria = bare_criteria(tmp_path / "criteria", site__toml=site + SOURCES)
    found = answers(TIERS, STAYS, tmp_path, criteria, spoil)
    assert found == {name: expected for name, (_, expected) in TIERS.items()}


def test_default_tier_where_no_source_speaks(tmp_path: Path) -> None:
    criteria = bare_criteria(tmp_path / "criteria", site__toml=SITE.replace("[tier]", "[tier]\ndefault = 1"))
    story = """
    SUP-1 created 2026-03-02 09:00
      03-02 10:00 tier=2
      03-03 10:00 tier=unheard-of
    """
    with warehouse_of(story, tmp_path, criteria) as warehouse:
        assert table(warehouse, STAYS) == lines(
            """
            SUP-1 1 03-02T09:00
            SUP-1 2 03-02T10:00
            SUP-1 1 03-03T10:00
            """
        )


def test_a_link_taken_back_takes_the_passed_touch_along(tmp_path: Path) -> None:
    """The second file holds the duplicate only, and the original never showed the link."""
    criteria = bare_criteria(tmp_path / "criteria")
    found = issues(TIER3["a duplicate passes its stay to its original"][0])
    found[0]["fields"]["issuelinks"] = []
    passed = "select passed_from is not null from core.tier3_touches order by 1"
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        load_into(warehouse, tmp_path, found, criteria)
        assert table(warehouse, passed) == "no\nyes"
        found[1]["fields"] |= {"issuelinks": [], "updated": "2026-03-09T09:00:00.000+0000"}
        load_into(warehouse, tmp_path, found[1:], criteria)
        assert table(warehouse, passed) == "no"
