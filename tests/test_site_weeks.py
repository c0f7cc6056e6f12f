"""What the pages say in odd weeks: none, one, the first, all and nothing; provisional, final and restated; later weeks."""

from datetime import datetime
from pathlib import Path

import pytest
from site_reading import lost_links, pages_in, words_of
from stories import bare_criteria, derive, issues, load_into, open_warehouse, warehouse_of, write_criteria

from analysis.frames import frames
from analysis.measure import measure
from analysis.publish import publish
from reports.report import report

RESOLVED = """
SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved
"""


def site_of(story: str, folder: Path, as_of: str) -> Path:
    with warehouse_of(story, folder, as_of=as_of) as warehouse:
        return report(frames(warehouse), folder / "reports", [], None).parent


def many(n: int, n_tier3: int, first: int = 1) -> str:
    """So many escalations in the week of 2 March, of which so many go to Tier 3."""
    lines = []
    for number in range(first, first + n):
        lines += [f"SUP-{number} created 2026-03-02 09:00 tier=1 dealer=Cedar provider=Tekion", "  03-02 10:00 tier=2"]
        lines += ["  03-02 11:00 tier=3"] if number < first + n_tier3 else []
        lines += ["  03-03 12:00 status=Resolved"]
    return "\n".join(lines)


def assert_sound(folder: Path) -> None:
    """Every page is there, leads nowhere wrong, and says neither nan nor None."""
    for name, page in pages_in(folder).items():
        for word in ("nan", "None", "NaT", "<NA>", "Undefined"):
            assert word not in page.words.split(), (name, word)
    assert lost_links(folder.parent) == []
    assert {"index.html", "scorecard.html", "queue.html", "ops.html", "onboarding.html", "families"} <= {
        p.name for p in folder.iterdir()
    }


def test_an_empty_week_says_so(tmp_path: Path) -> None:
    folder = site_of(RESOLVED, tmp_path, "2026-03-24T06:00")
    assert_sound(folder)
    text = words_of(folder / "index.html")
    assert "0 escalations" in text and "nothing was escalated" in text
    assert "Nothing was decided in the last 13 weeks" in text
    assert "Nothing is open" in words_of(folder / "queue.html")


def test_the_first_week_ever_claims_nothing(tmp_path: Path) -> None:
    folder = site_of(RESOLVED, tmp_path, "2026-03-10T06:00")
    assert_sound(folder)
    text = words_of(folder / "index.html")
    assert "1 escalation." in text
    assert "in the 13 weeks before" not in text
    assert "too few" in text and "too few weeks to say what is usual" in text
    assert "unusually" not in text


def test_a_desk_without_escalations_has_pages(tmp_path: Path) -> None:
    folder = site_of("SUP-1 created 2026-03-02 09:00 tier=1", tmp_path, "2026-03-10T06:00")
    assert_sound(folder)
    text = words_of(folder / "index.html")
    assert "Nothing was resolved" in text and "Nothing asks for a decision" in text
    assert "Nothing resolved yet" in words_of(folder / "scorecard.html")
    assert "No failure came twice yet" in words_of(folder / "families" / "index.html")
    assert "Nobody waits to go live" in words_of(folder / "onboarding.html")


def test_a_week_with_one_open_ticket(tmp_path: Path) -> None:
    story = "SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar provider=Tekion\n  03-02 10:00 tier=2"
    folder = site_of(story, tmp_path, "2026-03-10T06:00")
    assert_sound(folder)
    assert "1 escalation open" in words_of(folder / "queue.html")
    text = words_of(folder / "tickets" / "SUP-1.html")
    assert "open (Open)" in text and "with Tier 2" in words_of(folder / "queue.html")


@pytest.mark.parametrize(
    ("n_tier3", "status", "share"),
    [
        pytest.param(0, "met", "100 % (24 of 24 in 4 weeks, 86–100 %)", id="all"),
        pytest.param(24, "not met", "0 % (0 of 24 in 4 weeks, 0–14 %)", id="none"),
        pytest.param(3, "likely", "88 % (21 of 24 in 4 weeks, 69–96 %)", id="likely"),
    ],
)
def test_all_and_nothing_without_tier3(n_tier3: int, status: str, share: str, tmp_path: Path) -> None:
    folder = site_of(many(24, n_tier3), tmp_path, "2026-03-10T06:00")
    assert_sound(folder)
    text = words_of(folder / "index.html")
    assert share in text
    assert f"target 80 %: {status}" in text
    assert f"Tier 3 was called upon {n_tier3} times" in text


def test_too_few_bars_a_claim_and_not_the_number(tmp_path: Path) -> None:
    folder = site_of(many(3, 1), tmp_path, "2026-03-10T06:00")
    text = words_of(folder / "index.html")
    assert "67 % (2 of 3 in 26 weeks" in text and "target 80 %: too few" in text
    assert "Too few resolved to say: 2 of 3 without Tier 3" in text


def test_weeks_are_marked_as_provisional_settled_final_and_restated(tmp_path: Path) -> None:
    criteria = bare_criteria(tmp_path / "criteria")
    later = many(2, 0) + "\n" + many(1, 1, first=3)
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:

        def told(story: str, as_of: str, *, published: bool) -> tuple[str, str]:
            load_into(warehouse, tmp_path, issues(story), criteria)
            derive(warehouse, criteria, datetime.fromisoformat(as_of))
            measure(warehouse, criteria, datetime.fromisoformat(as_of), datetime(2026, 3, 2).date())
            if published:
                publish(warehouse, criteria, None, "run", datetime.fromisoformat(as_of))
            page = report(frames(warehouse), tmp_path / "reports", [], None)
            return words_of(page), words_of(tmp_path / "reports" / "index.html")

        week, archive = told(many(2, 0), "2026-03-10T06:00", published=False)
        assert "provisional until 23 Mar 2026" in week and "2026-W10 from 2 Mar 2026 2 0 100 % provisional" in archive
        week, archive = told(many(2, 0), "2026-03-24T06:00", published=False)
        assert "settled, not published" in week and "100 % settled, not published" in archive
        week, archive = told(many(2, 0), "2026-03-24T06:00", published=True)
        assert "· final ·" in week and "100 % final" in archive
        week, archive = told(later, "2026-03-25T06:00", published=True)
        assert (
            "final, restated" in week
            and "Restated since this week was final" in week
            and "67 % final, restated" in archive
        )


def test_the_archive_lists_every_week_that_has_a_folder_the_newest_first(tmp_path: Path) -> None:
    criteria = write_criteria(tmp_path / "criteria")
    with warehouse_of(RESOLVED, tmp_path, criteria, as_of="2026-03-24T06:00") as warehouse:
        for monday in ("2026-03-02", "2026-03-16", "2026-03-09"):
            measure(warehouse, criteria, datetime(2026, 3, 24, 6), datetime.fromisoformat(monday).date())
            report(frames(warehouse), tmp_path / "reports", [], None)
    (tmp_path / "reports" / "as-of-20260301T0000").mkdir()
    text = words_of(tmp_path / "reports" / "index.html")
    places = [text.index(week) for week in ("2026-W12", "2026-W11", "2026-W10")]
    assert places == sorted(places) and "as-of" not in text
    assert "newer than this list" in text.partition("2026-W12")[2].partition("2026-W11")[0]
    assert lost_links(tmp_path / "reports") == []


def test_rules_that_changed_are_marked_on_the_charts(tmp_path: Path) -> None:
    criteria = write_criteria(
        tmp_path / "criteria",
        escalation_criteria__toml='[[criterion]]\nid = "question"\ntitle = "It is a question."\nversion = 1\neffective_from = 2026-03-10\ntest = "question"\n',
    )
    story = RESOLVED + "SUP-2 created 2026-03-16 09:00 tier=1 dealer=Cedar\n  03-16 10:00 tier=2"
    with warehouse_of(story, tmp_path, criteria, as_of="2026-03-24T06:00") as warehouse:
        page = report(frames(warehouse), tmp_path / "reports", [], None)
    assert '"text":"criteria changed"' in page.read_text()
