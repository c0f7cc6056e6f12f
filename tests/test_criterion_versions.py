"""Criteria and runbooks change: what judged once stays written down, and each revision of a verdict tells its cause."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from stories import bare_criteria, issues, lines, load_into, open_warehouse, table, write_export
from test_cli import done, refused
from test_verdicts import runbook

from analysis.errors import CriteriaError
from analysis.judge import judge
from analysis.review import Answer, store_answers
from analysis.tag import tag
from analysis.taxonomy import Criteria, refuse_future
from analysis.warehouse import Warehouse

STORY = """
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2
SUP-2 created 2026-04-02 09:00 tier=1 summary="portal key"
  04-02 10:00 tier=2
SUP-3 created 2026-04-16 09:00 tier=1 summary="portal key"
  04-16 10:00 tier=2
"""
VERDICTS = """
    select t.ticket_key, v.verdict_at_escalation, v.criterion_id, v.criterion_version
    from core.verdicts v join core.tickets t using (issue_id) order by 1
"""
IN_FORCE = "select criterion_id, version, title, effective_from, effective_until from core.criteria order by 1, 2"
BOOK = {"runbooks/RB-KEY__md": runbook("RB-KEY", "signature: ['portal key']")}
APRIL = datetime(2026, 4, 10)  # SUP-1 and SUP-2 have escalated
MAY = datetime(2026, 5, 1)


def criterion(
    version: int = 1, since: str = "2026-01-01", title: str = "A runbook fits.", test: str = "runbook"
) -> str:
    return (
        f'[[criterion]]\nid = "booked"\ntitle = "{title}"\nversion = {version}\neffective_from = {since}\n'
        f'test = "{test}"\n'
    )


def criteria_of(folder: Path, *versions: str, **files: str) -> Criteria:
    """Criteria of just these versions; a folder of its own each time."""
    number = len(list(folder.glob("criteria*")))
    text = "".join(versions) or "criterion = []\n"
    return bare_criteria(folder / f"criteria{number}", **(BOOK | {"escalation_criteria__toml": text} | files))


def judged(warehouse: Warehouse, folder: Path, criteria: Criteria, now: datetime, story: str = STORY) -> str:
    """The verdicts once what had happened by then is loaded and judged."""
    found = [one for one in issues(story) if one["fields"]["created"] <= f"{now:%Y-%m-%dT%H:%M}"]
    load_into(warehouse, folder, found, criteria)
    tag(warehouse, criteria, None, "run", now)
    judge(warehouse, criteria, "run", now)
    return table(warehouse, VERDICTS)


def test_the_same_version_may_not_say_something_else(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        before = judged(warehouse, tmp_path, criteria_of(tmp_path, criterion()), APRIL)
        kept = warehouse.rows("from state.criterion_versions")
        for other in (criterion(since="2026-04-01"), criterion(test="question")):
            with pytest.raises(CriteriaError, match="criterion booked: version 1 says something else") as refusal:
                judged(warehouse, tmp_path, criteria_of(tmp_path, other), MAY)
            assert refusal.value.exit_code == 12
            assert table(warehouse, VERDICTS) == before
            assert warehouse.rows("from state.criterion_versions") == kept


def test_a_title_may_be_put_better(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        before = judged(warehouse, tmp_path, criteria_of(tmp_path, criterion()), APRIL)
        better = criteria_of(tmp_path, criterion(title="There is a runbook."))
        assert judged(warehouse, tmp_path, better, APRIL) == before
        assert table(warehouse, IN_FORCE) == "booked 1 There is a runbook. 2026-01-01 -"
        with pytest.raises(CriteriaError):
            judged(warehouse, tmp_path, criteria_of(tmp_path, criterion(test="question")), APRIL)


# What the file holds on April 10th, and by May; then what judges. SUP-1 escalated on March 12th, SUP-2 on April 2nd,
# SUP-3 on April 16th.
ONE, TWO = criterion(), criterion(2, "2026-04-01")
LATER_TWO = criterion(2, "2026-04-20")
CHANGES = {
    "a second version": (
        [ONE],
        [ONE, TWO],
        """
        SUP-1 should_have_handled booked 1
        SUP-2 should_have_handled booked 2
        SUP-3 should_have_handled booked 2
        """,
    ),
    "a second version, and the first is no longer in the file": (
        [ONE],
        [TWO],
        """
        SUP-1 should_have_handled booked 1
        SUP-2 should_have_handled booked 2
        SUP-3 should_have_handled booked 2
        """,
    ),
    "taken out of the file": (
        [ONE],
        [],
        """
        SUP-1 should_have_handled booked 1
        SUP-2 should_have_handled booked 1
        SUP-3 should_have_handled booked 1
        """,
    ),
    "not there at first": (
        [],
        [criterion(1, "2026-04-05")],
        """
        SUP-1 justified - -
        SUP-2 justified - -
        SUP-3 should_have_handled booked 1
        """,
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_judges_only_what_escalates_from_its_start_on(name: str, tmp_path: Path) -> None:
    before, after, expected = CHANGES[name]
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        early = judged(warehouse, tmp_path, criteria_of(tmp_path, *before), APRIL).splitlines()
        assert judged(warehouse, tmp_path, criteria_of(tmp_path, *after), MAY) == lines(expected)
        assert len(early) == 2


def test_what_is_taken_out_judges_nothing_that_escalates_after_that(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        judged(warehouse, tmp_path, criteria_of(tmp_path, criterion()), APRIL)
        judged(warehouse, tmp_path, criteria_of(tmp_path), APRIL + timedelta(days=1))
        assert table(warehouse, IN_FORCE) == "booked 1 A runbook fits. 2026-01-01 2026-04-11"
        without = judged(warehouse, tmp_path, criteria_of(tmp_path), MAY)
        assert without == lines(
            """
            SUP-1 should_have_handled booked 1
            SUP-2 should_have_handled booked 1
            SUP-3 justified - -
            """
        )
        again = judged(warehouse, tmp_path, criteria_of(tmp_path, criterion()), MAY)
        assert again.count("should_have_handled booked 1") == 3, "it is in the file again"


def test_what_is_taken_out_goes_on_reading_what_escalated_before(tmp_path: Path) -> None:
    """What it asks for is looked for by its own expressions, which are in no file any more."""
    asks = (
        '[[criterion]]\nid = "told"\ntitle = "What is needed is missing."\nversion = 1\neffective_from = 2026-01-01\n'
        'test = "information"\n[[criterion.requires]]\nwhat = "the key"\nany_of = ["portal key"]\n'
    )
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        before = judged(warehouse, tmp_path, criteria_of(tmp_path, asks), APRIL)
        after = judged(warehouse, tmp_path, criteria_of(tmp_path), APRIL)
        assert "justified" in before and "incomplete" not in before
        assert after == before


def test_a_planned_version_that_never_judged_leaves_the_one_before_in_force(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        judged(warehouse, tmp_path, criteria_of(tmp_path, ONE, LATER_TWO), APRIL)
        judged(warehouse, tmp_path, criteria_of(tmp_path, ONE), APRIL + timedelta(days=1))
        story = STORY + "SUP-4 created 2026-04-28 09:00 tier=1 summary='portal key'\n  04-28 10:00 tier=2\n"
        told = judged(warehouse, tmp_path, criteria_of(tmp_path, ONE), MAY, story)
        assert told.splitlines()[-1] == "SUP-4 should_have_handled booked 1"


def test_going_back_to_an_earlier_version_needs_a_new_one(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        before = judged(warehouse, tmp_path, criteria_of(tmp_path, ONE, TWO), APRIL)
        with pytest.raises(CriteriaError, match=r"version 2 judged since 2026-04-01 and is gone; .* as version 3"):
            judged(warehouse, tmp_path, criteria_of(tmp_path, ONE), APRIL)
        assert table(warehouse, VERDICTS) == before


# -- revisions --------------------------------------------------------------------------------------------------------

REVISIONS = """
    select t.ticket_key, r.verdict_at_escalation, r.verdict, coalesce(r.criterion_version, 0), r.softened_by, r.cause
    from state.verdict_revisions r join core.tickets t using (issue_id) order by t.ticket_key, r.event_id
"""
LIFE = """
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2
SUP-2 created 2026-03-12 09:00 tier=1 summary="where is it"
  03-12 10:00 tier=2
SUP-3 created 2026-03-12 09:00 tier=1 summary="nothing special"
  03-12 10:00 tier=2
"""


def test_each_revision_tells_its_cause(tmp_path: Path) -> None:
    question = (
        '[[criterion]]\nid = "asked"\ntitle = "It asks."\nversion = 1\neffective_from = 2026-01-01\ntest = "question"\n'
    )
    first = criteria_of(tmp_path, ONE, question)
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        judged(warehouse, tmp_path, first, datetime(2026, 3, 13), LIFE)
        judged(warehouse, tmp_path, first, datetime(2026, 3, 13), LIFE)  # says the same again
        answer = Answer(1002, "failure_category", "how_to", "ann", "csv")
        store_answers(warehouse, [answer], "run", datetime(2026, 3, 12, 9, 30))
        judged(warehouse, tmp_path, first, datetime(2026, 3, 14), LIFE)
        tier3 = LIFE.replace("SUP-2", "  03-15 10:00 tier=3\nSUP-2", 1)
        judged(warehouse, tmp_path, first, datetime(2026, 3, 15), tier3)
        # Jira tells now that the summary of the third had been another one
        late = tier3 + '  03-15 11:00 summary="nothing special"\n'
        late = late.replace('09:00 tier=1 summary="nothing special"', '09:00 tier=1 summary="portal key"')
        judged(warehouse, tmp_path, first, datetime(2026, 3, 16), late)
        other = criteria_of(tmp_path, ONE, criterion(2, "2026-03-01"), question)
        judged(warehouse, tmp_path, other, datetime(2026, 3, 17), late)
        assert table(warehouse, REVISIONS) == lines(
            """
            SUP-1 should_have_handled should_have_handled 1 - judged
            SUP-1 should_have_handled justified 1 It needed Tier 3. known_later
            SUP-1 should_have_handled justified 2 It needed Tier 3. criteria
            SUP-2 justified justified 0 - judged
            SUP-2 should_have_handled should_have_handled 1 - tags
            SUP-3 justified justified 0 - judged
            SUP-3 should_have_handled should_have_handled 1 - late_data
            SUP-3 should_have_handled should_have_handled 2 - criteria
            """
        )


# -- runbooks ---------------------------------------------------------------------------------------------------------


def test_each_text_of_a_runbook_is_kept(tmp_path: Path) -> None:
    texts = [BOOK["runbooks/RB-KEY__md"].replace("Do this.", words) for words in ("Do this.", "Do that.", "Do this.")]
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        for text in texts:
            judged(warehouse, tmp_path, criteria_of(tmp_path, ONE, **{"runbooks/RB-KEY__md": text}), APRIL)
        kept = [
            text
            for (text,) in warehouse.rows(
                "select text from state.runbook_texts where runbook_id = 'RB-KEY' order by event_id"
            )
        ]
    assert [re.findall("Do .*", text) for text in kept] == [["Do this."], ["Do that."]]
    assert all('id: "RB-KEY"' in text and 'announced: "2026-03-01"' in text for text in kept)


FUTURE = {
    "published": runbook("RB-SOON", "signature: ['soon']\npublished: 2999-01-01", announced="2999-01-02"),
    "announced": runbook("RB-SOON", "signature: ['soon']", announced="2999-01-02"),
}


@pytest.mark.slow
def test_a_runbook_of_the_future_is_refused(tmp_path: Path) -> None:
    folder, export = tmp_path / "data" / "criteria", write_export(tmp_path / "export.json", issues(STORY))
    bare_criteria(folder, **BOOK)
    done(tmp_path, "run", "--source", str(export))
    with open_warehouse(tmp_path / "data" / "warehouse.duckdb") as warehouse:
        before = table(warehouse, VERDICTS)
    for which, text in FUTURE.items():
        bare_criteria(folder, **(BOOK | {"runbooks/RB-SOON__md": text}))
        line = refused(tmp_path, 12, "check")
        assert "RB-SOON" in line and f"{which} 2999-01-0" in line
    assert refused(tmp_path, 12, "run", "--source", str(export)) == line
    with open_warehouse(tmp_path / "data" / "warehouse.duckdb") as warehouse:
        assert table(warehouse, VERDICTS) == before


def test_a_runbook_of_today_is_not_of_the_future(tmp_path: Path) -> None:
    criteria = criteria_of(
        tmp_path, ONE, **{"runbooks/RB-KEY__md": runbook("RB-KEY", "signature: ['x']", "2026-04-10")}
    )
    refuse_future(criteria, date(2026, 4, 10))
    with pytest.raises(CriteriaError, match="RB-KEY: announced 2026-04-10 is still to come"):
        refuse_future(criteria, date(2026, 4, 9))
