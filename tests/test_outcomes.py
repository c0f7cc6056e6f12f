"""What escalations ended in, what Tier 2 may not change, and what OPS keeps of each failure mode."""

from pathlib import Path

import pytest
from stories import SITE, answers, bare_criteria, cases, lines, table, warehouse_of

OUTCOMES_OF_SITE = '[outcomes]\ntrained = ["Trained"]\nreturned = ["Back to OPS"]\nfix = ["Fixed"]\n[tier]\n'
SITE_WITH = SITE.replace("[tier]\n", OUTCOMES_OF_SITE, 1).replace(
    'provider = "Provider"', 'outcome = "Team"\nprovider = "Provider"'
)
RUNBOOK = """---
id: RB-KEY
title: Renew the portal key
provider: tekion
category: auth
audience: ops
published: 2026-01-01
announced: 2026-03-18
applies_when: ['portal key']
because_of: [SUP-501]
---
Renew it.
"""
STORIES = cases("""
## open ones have ended in nothing yet
SUP-1 created 2026-03-02 08:00 tier=2
=> SUP-1 - -
## nothing tells of anything
SUP-1 created 2026-03-02 08:00 tier=2
  03-03 08:00 status=Resolved resolution=Done
=> SUP-1 neither -
## a merged change that is linked
SUP-1 created 2026-03-02 08:00 tier=2
  03-02 09:00 link=Escalation>PENG-1
  03-03 08:00 status=Resolved resolution=Done
PENG-1 created 2026-03-02 09:00 merged_at=2026-03-03T07:00:00.000+0000
=> SUP-1 fix change
## a linked change of which nobody says that it was merged
SUP-1 created 2026-03-02 08:00 tier=2
  03-02 09:00 link=Escalation>PENG-1
  03-03 08:00 status=Resolved resolution=Done
PENG-1 created 2026-03-02 09:00
=> SUP-1 neither -
## a runbook was made because of it
SUP-1 created 2026-03-02 08:00 tier=2
  03-03 08:00 status=Resolved resolution=Done
=> SUP-1 runbook runbook
## its resolution says so
SUP-1 created 2026-03-02 08:00 tier=2
  03-03 08:00 status=Resolved resolution=Trained
=> SUP-1 trained resolution
## a field outranks the resolution
SUP-1 created 2026-03-02 08:00 tier=2 team=Fixed
  03-03 08:00 status=Resolved resolution=Trained
=> SUP-1 fix field
## given back to OPS as it came
SUP-1 created 2026-03-02 08:00 tier=1
  03-02 09:00 tier=2
  03-02 10:00 tier=1
  03-03 08:00 status=Resolved resolution=Done
=> SUP-1 returned tier
## a question is not ours to end
SUP-1 created 2026-03-02 08:00 tier=2 category=how_to
  03-03 08:00 status=Resolved resolution=Done
=> SUP-1 not_ours category
## the present resolution says nothing of an earlier escalation
SUP-1 created 2026-03-02 08:00 tier=2
  03-03 08:00 status=Resolved resolution=Done
  03-20 08:00 status=Doing resolution=
  03-21 08:00 status=Resolved resolution=Trained
=> SUP-1 neither -
=> SUP-1 trained resolution
""")
QUERY = """
    select ticket_key, e.outcome, o.told_by from mart.escalations e left join core.outcomes o using (issue_id, escalation_no)
    order by issue_id, escalation_no
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("outcomes")
    criteria = bare_criteria(folder / "criteria", site__toml=SITE_WITH, **{"runbooks/RB-KEY__md": RUNBOOK})
    return answers(STORIES, QUERY, folder, criteria)


@pytest.mark.parametrize("name", STORIES)
def test_what_it_ended_in(name: str, told: dict[str, str]) -> None:
    assert told[name] == STORIES[name][1]


def test_what_tier_2_may_not_change_is_left_out_of_net(tmp_path: Path) -> None:
    """SUP-1 resolved at Tier 2; for SUP-2 engineering changed what only it may, for SUP-3 something else."""
    story = """
    SUP-1 created 2026-03-02 08:00 tier=2
      03-03 08:00 status=Resolved
    SUP-2 created 2026-03-02 08:00 tier=2
      03-02 09:00 link=Escalation>PENG-1
      03-03 08:00 status=Resolved
    SUP-3 created 2026-03-02 08:00 tier=2
      03-02 09:00 link=Escalation>PENG-2
      03-03 08:00 status=Resolved
    PENG-1 created 2026-03-02 08:30 labels=core-Platform assignee=eng-1
    PENG-2 created 2026-03-02 08:30 assignee=eng-1
    """
    site = SITE.replace('projects = ["PENG"]', 'projects = ["PENG"]\nreserved = ["core-platform"]')
    query = """
        select variant, numerator, denominator from mart.measures
        where measure = 'resolution_without_tier3' and group_key = 'all' and variant in ('net', 'by_resolution') order by 1
    """
    with warehouse_of(story, tmp_path, bare_criteria(tmp_path / "criteria", site__toml=site)) as warehouse:
        assert table(warehouse, query).splitlines()[:2] == lines("by_resolution 1 3\nnet 1 2").splitlines()


def contained_story(n_others: int) -> str:
    """Tekion auth: four tickets before the runbook's week of 03-16, of which OPS kept one; four after it, three kept, one open."""
    found = []
    for number in range(n_others):
        found.append(f"SUP-{100 + number} created 2026-01-05 08:00 tier=1 provider=CDK category=webhook")
        found.append("  01-06 08:00 status=Resolved")
    days = (
        "03-02 up, 03-03 up, 03-09 up, 03-10 kept, 03-17 up, 03-23 kept, 03-24 kept, 03-25 kept, 03-26 up, 03-27 open"
    )
    for number, (day, end) in enumerate(one.split() for one in days.split(", ")):
        found.append(f"SUP-{number + 1} created 2026-{day} 08:00 tier=1 provider=Tekion category=auth")
        found.append(f"  {day} 09:00 tier=2" if end == "up" else f"  {day} 09:00 assignee=ops-1")
        if end != "open":
            found.append(f"  {day} 15:00 status=Resolved")
    return "\n".join(found)


CONTAINMENT = """
    select form, runbook_id, n_weeks_before, n_before, k_before, value_before, n_weeks_after, n_after, k_after, value_after,
        n_pending, is_too_few
    from mart.containment where provider = 'tekion'
"""


@pytest.mark.parametrize(
    ("n_others", "expected"),
    [
        (30, "tier1 RB-KEY 10 4 1 0.25 1 4 3 0.75 1 yes"),
        # ten weeks and one week with two live dealers
        (0, "per_dealer RB-KEY 2 3 3 0.75 1 1 1 0.5 1 yes"),
    ],
)
def test_what_ops_keeps_before_and_after_its_runbook(n_others: int, expected: str, tmp_path: Path) -> None:
    dealers = "dealer_id,name,aliases,provider,live_from,live_until\na,A,,,2020-01-01,\nb,B,,,2020-01-01,\n"
    criteria = bare_criteria(tmp_path / "criteria", dealers__csv=dealers, **{"runbooks/RB-KEY__md": RUNBOOK})
    with warehouse_of(contained_story(n_others), tmp_path, criteria, as_of="2026-03-30 12:00") as warehouse:
        assert table(warehouse, CONTAINMENT) == expected


def test_a_mode_without_a_runbook_is_held_against_the_quarter_before(tmp_path: Path) -> None:
    story = """
    SUP-1 created 2025-12-01 08:00 tier=2 provider=CDK category=auth
    SUP-2 created 2025-12-22 08:00 tier=2 provider=CDK category=auth
    SUP-3 created 2026-01-05 08:00 tier=2 provider=CDK category=auth
    SUP-4 created 2026-03-23 08:00 tier=2 provider=CDK category=auth
    """
    query = "select runbook_id, n_weeks_before, n_before, n_weeks_after, n_after from mart.containment"
    with warehouse_of(story, tmp_path, bare_criteria(tmp_path / "criteria"), as_of="2026-03-30 12:00") as warehouse:
        assert table(warehouse, query) == "- 4 2 13 2"
