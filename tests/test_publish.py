"""What was said of a week: stored with its tickets, final after 14 days, changed only with a cause."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import pytest
from stories import bare_criteria, issues, lines, load_into, open_warehouse, table, write_criteria, write_export

from analysis.errors import InputError
from analysis.frames import frames
from analysis.judge import judge
from analysis.measure import measure
from analysis.publish import Published, publish
from analysis.review import Answer, store_answers
from analysis.tag import tag
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.settings import Settings
from reports.report import report

RULES = '[[rule]]\nid = "tekion"\nprovider = "tekion"\nwords = ["Tekion"]\nmatches = ["Tekion"]\n'
OTHER = RULES.replace('words = ["Tekion"]', 'words = ["Tekion", "ARC"]')
# The week of 03-02: four resolved, of which one touched Tier 3. It is final from Monday 03-23 on.
STORY = """
SUP-1 created 2026-03-02 09:00 tier=2 summary="Tekion"
  03-03 09:00 status=Resolved
SUP-2 created 2026-03-02 09:00 tier=2 summary="Tekion"
  03-03 09:00 status=Resolved
SUP-3 created 2026-03-02 09:00 tier=2 summary="ARC"
  03-03 09:00 status=Resolved
SUP-4 created 2026-03-02 09:00 tier=3 summary="ARC"
  03-03 09:00 status=Resolved
"""
LATE = "SUP-5 created 2026-03-02 10:00 tier=3\n  03-04 09:00 status=Resolved\n"
REOPENED = STORY.replace(
    'summary="Tekion"\n  03-03 09:00 status=Resolved\nSUP-2',
    'summary="Tekion"\n  03-03 09:00 status=Resolved\n  03-12 09:00 status=Doing\nSUP-2',
)
WEEK = date(2026, 3, 2)
EARLY, FINAL, LATER = datetime(2026, 3, 9, 8), datetime(2026, 3, 23, 8), datetime(2026, 3, 30, 8)
HEADLINE = """
    select numerator, denominator, published_id is not null from mart.shown_measures
    where week = '2026-03-02' and measure = 'resolution_without_tier3' and variant = 'by_resolution' and group_key = '{}'
"""
ALL, TEKION = HEADLINE.format("all"), HEADLINE.format("provider:tekion")
RESTATED = """
    select r.measure, r.group_key, round(r.old_value, 3), round(r.new_value, 3), r.cause, k.ticket_key, t.was, t."is"
    from mart.restatements r join mart.restated_tickets t using (event_id) join core.tickets k using (issue_id)
    where r.measure = 'resolution_without_tier3' and r.variant = 'by_resolution' order by all
"""


@pytest.fixture
def criteria(tmp_path: Path) -> Criteria:
    return write_criteria(tmp_path / "criteria", rules__toml=RULES)


class Desk:
    """A warehouse that is brought up to date with a story and published, as often as one likes."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse, self.folder, self.n_runs = warehouse, folder, 0

    def say(self, story: str, criteria: Criteria, at: datetime, *, restate: bool = False) -> Published:
        self.n_runs += 1
        load_into(self.warehouse, self.folder, issues(story), criteria)
        tag(self.warehouse, criteria, None, f"run-{self.n_runs}", at)
        judge(self.warehouse, criteria, "run", datetime(2026, 11, 1))
        measure(self.warehouse, criteria, at, WEEK)
        return publish(self.warehouse, criteria, None, f"run-{self.n_runs}", at, restate=restate)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as made:
        yield made


@contextmanager
def opened(folder: Path) -> Iterator[Desk]:
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        yield Desk(warehouse, folder)


def test_a_week_is_stored_once_with_its_tickets(desk: Desk, criteria: Criteria) -> None:
    first = desk.say(STORY, criteria, EARLY)
    assert (first.week, first.is_final, first.n_restated, first.n_waiting) == (WEEK, False, 0, 0)
    told = "week = '2026-03-02' and (group_key = 'all' or group_key like 'provider:%')"
    assert first.n_stored == desk.warehouse.value(f"select count(*) from mart.measures where {told}") > 50
    wrong = f"""
        from (select week, measure, variant, statistic, group_key, issue_id, escalation_no, in_numerator, is_pending
              from mart.measure_tickets where {told}
              except select p.week, p.measure, p.variant, p.statistic, p.group_key, t.issue_id, t.escalation_no, t.in_numerator, t.is_pending
              from state.published p join state.published_tickets t on t.published_id = p.event_id)
    """
    assert desk.warehouse.rows(wrong) == []
    assert desk.say(STORY, criteria, EARLY).n_stored == 0


def test_a_provisional_week_follows_what_is_known(desk: Desk, criteria: Criteria) -> None:
    desk.say(STORY, criteria, EARLY)
    again = desk.say(STORY + LATE, criteria, EARLY)
    assert again.n_stored > 0 and again.n_restated == 0
    assert table(desk.warehouse, ALL) == "3 5 no"
    latest = "select numerator, denominator from mart.published where is_latest and measure = 'resolution_without_tier3' and variant = 'by_resolution' and group_key = 'all'"
    assert table(desk.warehouse, latest) == "3 5"


def test_a_week_becomes_final_when_its_days_are_over_whichever_week_is_reported(desk: Desk, criteria: Criteria) -> None:
    desk.say(STORY, criteria, EARLY)
    measure(desk.warehouse, criteria, FINAL)
    done = publish(desk.warehouse, criteria, None, "later", FINAL)
    assert (done.week, done.is_final) == (date(2026, 3, 16), False)
    final = "select distinct is_final from mart.published where is_latest and week = '2026-03-02'"
    assert table(desk.warehouse, final) == "yes"
    assert table(desk.warehouse, ALL) == "3 4 yes"


def test_a_minute_before_it_is_provisional(desk: Desk, criteria: Criteria) -> None:
    assert not desk.say(STORY, criteria, datetime(2026, 3, 22, 23, 59)).is_final
    assert desk.say(STORY, criteria, datetime(2026, 3, 23, 0, 0)).is_final


def test_late_data_restate_a_final_week_with_cause_and_tickets(desk: Desk, criteria: Criteria) -> None:
    desk.say(STORY, criteria, FINAL)
    later = desk.say(STORY + LATE, criteria, LATER)
    assert later.n_restated > 0 and later.n_waiting == 0
    assert table(desk.warehouse, RESTATED) == lines(
        """
        resolution_without_tier3 all 0.75 0.6 late_data SUP-5 - out
        resolution_without_tier3 provider:untagged 0.5 0.333 late_data SUP-5 - out
        """
    )
    assert table(desk.warehouse, ALL) == "3 5 yes"
    assert desk.say(STORY + LATE, criteria, LATER).n_restated == 0


def test_a_reopening_withdraws_what_was_final(desk: Desk, criteria: Criteria) -> None:
    desk.say(STORY, criteria, FINAL)
    desk.say(REOPENED, criteria, LATER)
    assert table(desk.warehouse, RESTATED) == lines(
        """
        resolution_without_tier3 all 0.75 0.667 reopen SUP-1 in -
        resolution_without_tier3 provider:tekion 1 1 reopen SUP-1 in -
        """
    )


def test_a_correction_moves_a_ticket_between_providers(desk: Desk, criteria: Criteria) -> None:
    desk.say(STORY, criteria, FINAL)
    store_answers(desk.warehouse, [Answer(1004, "provider", "tekion", "ann", "csv")], "review", LATER)
    desk.say(STORY, criteria, LATER)
    assert "resolution_without_tier3 provider:tekion 1 0.667 correction SUP-4 - out" in table(desk.warehouse, RESTATED)
    assert table(desk.warehouse, ALL) == "3 4 yes"


def test_other_rules_apply_to_the_past_only_where_somebody_asks(desk: Desk, criteria: Criteria, tmp_path: Path) -> None:
    """With the other rules SUP-3 and SUP-4 are Tekion's too."""
    desk.say(STORY, criteria, FINAL)
    other = write_criteria(tmp_path / "criteria", rules__toml=OTHER)
    waiting = desk.say(STORY, other, LATER)
    assert waiting.n_restated == 0 and waiting.n_waiting > 0
    assert table(desk.warehouse, TEKION) == "2 2 yes"
    assert desk.say(STORY, other, LATER, restate=True).n_restated > 0
    assert table(desk.warehouse, TEKION) == "3 4 yes"
    causes = desk.warehouse.rows("select distinct cause from mart.restatements")
    assert causes == [("rules",)]


def test_the_page_of_a_final_week_prints_what_was_said(desk: Desk, criteria: Criteria, tmp_path: Path) -> None:
    def page(name: str) -> str:
        return report(frames(desk.warehouse), tmp_path / name, [], None).read_text()

    desk.say(STORY, criteria, FINAL)
    load_into(desk.warehouse, tmp_path, issues(STORY + LATE), criteria)
    tag(desk.warehouse, criteria, None, "unsaid", LATER)
    judge(desk.warehouse, criteria, "run", datetime(2026, 11, 1))
    measure(desk.warehouse, criteria, LATER, WEEK)
    assert "3 of 4" in page("unsaid") and "Restated" not in page("unsaid")
    desk.say(STORY + LATE, criteria, LATER)
    text = " ".join(page("said").split())
    assert "3 of 5" in text
    assert "Resolved without Tier 3 (by resolution): 75 % before, 60 % now, by data that came late: SUP-5." in text


def test_the_command_publishes_and_says_so(tmp_path: Path) -> None:
    bare_criteria(tmp_path / "criteria")
    settings = Settings(home=tmp_path, source=str(write_export(tmp_path / "export.json", issues(STORY + LATE))))
    said: list[str] = []
    weekly.run(settings, said.append, publishing=weekly.Publishing.PUBLISH)
    assert any(line.startswith("publish: week 2026-W09, provisional: ") for line in said)
    weekly.run_report(settings, said.append, publishing=weekly.Publishing.RESTATE)
    assert sum(line.startswith("publish: week 2026-W09, provisional: 0 numbers stored") for line in said) == 1
    with pytest.raises(InputError, match="leave out --as-of or --publish"):
        weekly.run(settings, said.append, until=datetime(2026, 3, 3), publishing=weekly.Publishing.PUBLISH)


def test_an_earlier_week_published_later_leaves_the_later_ones_alone(desk: Desk, criteria: Criteria) -> None:
    later = STORY + "SUP-9 created 2026-03-10 09:00 tier=2\n  03-11 09:00 status=Resolved\n"
    query = "select week, is_backfill, count(*), count(cause) from mart.published group by 1, 2 order by 1, 2"
    warehouse = desk.warehouse
    load_into(warehouse, desk.folder, issues(later), criteria)
    tag(warehouse, criteria, None, "run", LATER)
    judge(warehouse, criteria, "run", datetime(2026, 11, 1))
    measure(warehouse, criteria, LATER, date(2026, 3, 9))
    publish(warehouse, criteria, None, "one", LATER)
    ((week, _, n_numbers, _),) = warehouse.rows(query)
    measure(warehouse, criteria, LATER, WEEK)
    publish(warehouse, criteria, None, "two", LATER, is_backfill=True)
    first, second = warehouse.rows(query)
    assert first[:2] == (WEEK, True)
    assert first[2] > 0
    assert second == (week, False, n_numbers, 0)
