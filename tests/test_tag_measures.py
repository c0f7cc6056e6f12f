"""How far tags can be trusted: what people's answers say of them, how they come about, and what is out of the usual."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from stories import NAMED_RULES, derive, lines, table, warehouse_of, write_criteria

from analysis.frames import frames
from analysis.measure import measure
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from reports.report import report

NAMES = ("issue_id", "kind", "value", "effective_at")


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return write_criteria(tmp_path_factory.mktemp("criteria") / "criteria", rules__toml=NAMED_RULES)


def put_down(warehouse: Warehouse, name: str, text: str, *more: str) -> None:
    """Events of a text table: month and day with the time, ticket, kind, value (- is NULL), then the columns `more`."""
    keys = dict(warehouse.rows("select ticket_key, issue_id from core.tickets"))
    for line in text.strip().splitlines():
        day, time, key, kind, value, *rest = line.split()
        at = datetime.fromisoformat(f"2026-{day} {time}")
        told = dict(zip(NAMES, (keys[key], kind, None if value == "-" else value, at), strict=True))
        run = {"run_id": "review", "recorded_at": at}
        warehouse.append_event(name, run | told | dict(zip(more, rest, strict=True)))


@contextmanager
def reviewed(story: str, draws: str, answers: str, folder: Path, criteria: Criteria, as_of: str) -> Iterator[Warehouse]:
    """A warehouse that holds the story and what was drawn and answered since, up to `as_of`."""
    with warehouse_of(story, folder, criteria, as_of=as_of) as warehouse:
        put_down(warehouse, "state.review_draws", draws, "source", "reason")
        put_down(warehouse, "state.answers", answers, "person_id")
        derive(warehouse, criteria, datetime.fromisoformat(as_of))
        yield warehouse


def shares(warehouse: Warehouse, variant: str) -> str:
    where = f"measure like 'tag_%' and variant = '{variant}_week' and statistic = 'share' and group_key = 'all'"
    query = f"select week, numerator, denominator, n_pending from mart.measures where {where} and n + n_pending > 0"
    return table(warehouse, f"{query} order by week")


# -- what people's answers say -------------------------------------------------------------------------------

# SUP-5 never escalates; SUP-6 escalates twice, in the weeks of 03-02 and 04-06; SUP-8 is told before it escalates.
ANSWERED = """
SUP-1 created 2026-03-02 09:00 tier=2 summary="Tekion 403"
SUP-2 created 2026-03-02 09:00 tier=2 summary="Tekion 403"
SUP-3 created 2026-03-02 09:00 tier=2 summary="CDK is slow" provider=Tekion
SUP-4 created 2026-03-02 09:00 tier=2 summary="no idea"
SUP-5 created 2026-03-02 09:00 tier=1 summary="Tekion 403"
SUP-6 created 2026-03-02 09:00 tier=2 summary="CDK"
  03-03 09:00 status=Resolved
  04-06 09:00 status=Open
SUP-7 created 2026-03-02 09:00 tier=2 summary="Tekion 403"
SUP-8 created 2026-03-02 09:00 tier=1 summary="CDK 403" labels=provider:cdk
  03-17 09:00 tier=2
SUP-9 created 2026-03-02 09:00 tier=2 summary="Tekion 403"
"""
DRAWS = """
03-03 08:00 SUP-1 provider         tekion rule  blind
03-03 08:00 SUP-1 failure_category auth   rule  blind
03-03 08:00 SUP-2 provider         cdk    rule  blind
03-03 08:00 SUP-3 provider         tekion field blind
03-03 08:00 SUP-4 provider         -      none  unsure
03-03 08:00 SUP-5 provider         tekion rule  blind
03-03 08:00 SUP-6 provider         cdk    rule  disputed
03-03 08:00 SUP-7 provider         tekion rule  blind
03-10 08:00 SUP-7 provider         tekion rule  blind
03-10 08:00 SUP-9 provider         tekion rule  blind
"""
# One answer of 03-09 is given in the zone's week before; SUP-9 is answered before it is drawn.
ANSWERS = """
03-04 10:00 SUP-1 provider         tekion ann
03-16 10:00 SUP-1 failure_category auth   ann
03-09 00:00 SUP-2 provider         tekion ann
03-04 10:00 SUP-3 provider         tekion ann
03-04 10:00 SUP-4 provider         tekion ann
03-04 10:00 SUP-5 provider         tekion ann
03-04 10:00 SUP-6 provider         tekion ann
03-05 10:00 SUP-6 provider         xtime  bob
03-05 10:00 SUP-9 provider         cdk    ann
03-06 10:00 SUP-9 provider         tekion ann
"""
# the latest answer stands: SUP-6 is xtime, and SUP-9 tekion, by the end of its week
QUALITY = {
    # agreed: SUP-1, SUP-9. Not: SUP-3 (the words say cdk), SUP-6. Then SUP-2; then SUP-8, which was told on 03-02
    "provider_answered": """
        2026-03-02 2 4 0
        2026-03-09 1 1 0
        2026-03-16 1 1 0
    """,
    "category_answered": "2026-03-16 1 1 0",
    # SUP-1 agreed; SUP-2 was drawn as cdk, though the words say tekion now; SUP-7 waits since its first draw; SUP-9 was known
    "provider_blind": """
        2026-03-02 1 1 1
        2026-03-09 1 2 0
    """,
    "category_blind": "2026-03-16 1 1 0",
}


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("answered")
    with reviewed(ANSWERED, DRAWS, ANSWERS, folder, criteria, "2026-04-14 00:00") as warehouse:
        yield warehouse


@pytest.mark.parametrize("variant", QUALITY)
def test_what_people_agree_with(variant: str, answered: Warehouse) -> None:
    assert shares(answered, variant) == lines(QUALITY[variant])


def test_an_answer_counts_in_the_week_of_the_reporting_zone(tmp_path: Path) -> None:
    """SUP-2's answer of Monday midnight UTC is one of Sunday in Denver."""
    site = (Path(__file__).parent / "stories.py").read_text().partition('SITE = """')[2].partition('"""')[0]
    denver = write_criteria(
        tmp_path / "criteria", rules__toml=NAMED_RULES, site__toml=site.replace('"UTC"', '"America/Denver"')
    )
    with reviewed(ANSWERED, DRAWS, ANSWERS, tmp_path, denver, "2026-04-14 12:00") as warehouse:
        assert shares(warehouse, "provider_blind") == lines("2026-03-02 1 2 1\n2026-03-09 1 1 0")


def test_an_answer_taken_back_counts_no_more(tmp_path: Path, criteria: Criteria) -> None:
    back = ANSWERS + "03-20 10:00 SUP-1 provider - ann\n"
    with reviewed(ANSWERED, DRAWS, back, tmp_path, criteria, "2026-04-14 00:00") as warehouse:
        assert shares(warehouse, "provider_answered").splitlines()[0] == "2026-03-02 1 3 0"
        assert shares(warehouse, "provider_blind").splitlines()[0] == "2026-03-02 0 0 2"


# -- how tags come about -------------------------------------------------------------------------------------

# SUP-3's field is set after the escalation, SUP-4's before it; SUP-6 comes again in the week of 04-06.
SOURCES = """
SUP-1 created 2026-03-02 09:00 tier=2 summary="Tekion 403"
SUP-2 created 2026-03-02 09:00 tier=2 summary="no idea"
SUP-3 created 2026-03-02 09:00 tier=2 summary="no idea"
  03-03 09:00 provider=Tekion by=int-1
SUP-4 created 2026-03-02 09:00 tier=1 summary="no idea"
  03-02 10:00 provider=Tekion by=int-1
  03-02 11:00 tier=2
SUP-5 created 2026-03-09 09:00 tier=1 summary="no idea"
SUP-6 created 2026-03-16 09:00 tier=2 summary="CDK 403"
  03-17 09:00 status=Resolved
  04-06 09:00 status=Open
"""


@pytest.fixture(scope="module")
def sourced(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("sourced")
    with warehouse_of(SOURCES, folder, criteria, as_of="2026-04-14 00:00") as warehouse:
        yield warehouse


def test_untagged_by_what_was_known_at_the_escalation(sourced: Warehouse) -> None:
    """Without a provider: SUP-2 and 3. Without a category: SUP-2, 3 and 4."""
    assert shares(sourced, "provider_untagged") == lines(
        """
        2026-03-02 2 4 0
        2026-03-16 0 1 0
        2026-04-06 0 1 0
        """
    )
    assert shares(sourced, "category_untagged").splitlines()[0] == "2026-03-02 3 4 0"


# What a classifier would say beside the rules; stories have none. (A rule spoke in spite of the guess: unknown to it.)
GUESSES = {
    "agrees": ("guess = rule_value", "1 0 1, 6 0 1"),
    "disagrees, and is sure": ("guess = 'xtime', text_source = 'classifier'", "1 1 1, 6 1 1"),
    "disagrees, and is not sure": ("guess = 'xtime', text_source = 'none'", "1 1 1, 6 1 1"),
    "disagrees on one kind": (
        "guess = case kind when 'provider' then rule_value else 'webhook' end, "
        "text_source = case kind when 'provider' then 'rule' else 'none' end",
        "1 1 1, 6 1 1",
    ),
    "does not know the value": ("guess = 'xtime', text_source = 'rule'", ""),
    "is not asked": ("guess = null", ""),
}


@pytest.mark.parametrize("what", GUESSES)
def test_rule_against_classifier(what: str, sourced: Warehouse, criteria: Criteria) -> None:
    """Rules speak on SUP-1 and SUP-6; the latter's second escalation says nothing new."""
    change, expected = GUESSES[what]
    sourced.execute(f"update core.tags set {change} where kind in ('provider', 'failure_category')")
    measure(sourced, criteria, datetime(2026, 4, 14))
    query = """
        select string_agg(right(ticket_key, 1) || ' ' || numerator || ' ' || denominator, ', ' order by ticket_key)
        from mart.measures m
        join mart.facts f on f.week = m.week and f.variant || '_week' = m.variant and f.group_key = 'all'
        join core.tickets using (issue_id)
        where m.variant = 'rule_against_classifier_week' and m.group_key = 'all' and m.n > 0
    """
    assert (sourced.value(query) or "") == expected


# -- new words -----------------------------------------------------------------------------------------------

# The desk begins on 01-05; 07-06 is 26 weeks later. Distinct words and the new ones of each ticket:
WORDS = """
SUP-1 created 2026-01-05 09:00 tier=2 summary="alpha bravo charlie delta echo"
SUP-2 created 2026-06-29 09:00 tier=2 summary="entirely unheard words"
SUP-3 created 2026-07-06 09:00 tier=2 summary="alpha bravo charlie delta foxtrot"
SUP-4 created 2026-07-07 09:00 tier=2 summary="Alpha BRAVO charlie" description="foxtrot: golf golf"
SUP-5 created 2026-07-13 09:00 tier=2 summary="alpha bravo charlie delta foxtrot echo golf"
SUP-6 created 2026-07-13 09:00 tier=2 summary="alpha echo"
SUP-7 created 2026-07-13 09:00 tier=2 summary="alpha bravo 12 ab x9yz abc403def Größe"
SUP-8 created 2026-07-13 09:00 tier=2 summary="403 ab 7"
SUP-9 created 2026-07-13 09:00 tier=1 summary="hotel india juliet"
SUP-10 created 2026-07-13 09:00 tier=1 summary="alpha hotel"
  07-14 09:00 summary="alpha bravo"
  07-15 09:00 tier=2
  07-16 09:00 summary="alpha kilo"
SUP-11 created 2026-07-20 09:00 tier=2 summary="alpha echo größe"
"""
MANY_NEW = """
SUP-10 no
SUP-11 no
SUP-3 no
SUP-4 yes
SUP-5 no
SUP-6 yes
SUP-7 yes
"""


def test_tickets_with_many_new_words(tmp_path: Path, criteria: Criteria) -> None:
    """More than a fifth: SUP-4 (foxtrot, golf of 5), SUP-6 (echo was 27 weeks ago), SUP-7 (größe of 3).

    SUP-3 has one of 5 and SUP-5 one of 7. SUP-8 has no words, SUP-9 did not escalate, and the first 26 weeks are left out.
    """
    query = """
        select ticket_key, in_numerator from mart.facts join core.tickets using (issue_id)
        where variant = 'new_words' and group_key = 'all' order by ticket_key
    """
    with warehouse_of(WORDS, tmp_path, criteria) as warehouse:
        assert table(warehouse, query) == lines(MANY_NEW)
        assert shares(warehouse, "new_words") == lines(
            """
            2026-07-06 1 2 0
            2026-07-13 2 4 0
            2026-07-20 0 1 0
            """
        )


# -- what is out of the usual --------------------------------------------------------------------------------

MONDAY = date(2026, 1, 5)
# Without a provider, of escalations: four lines of ten weeks. The last weeks have a burst, an empty week, and all of four.
COUNTS = """
1/6 0/4 2/7 1/5 0/0 1/8 0/6 1/5 2/9 0/3
1/7 1/6 0/5 3/8 0/0 0/0 1/4 2/6 1/9 0/5
0/6 1/5 2/8 0/7 1/6 1/4 0/2 1/7 0/6 2/8
6/8 1/6 0/5 9/9 0/0 1/7 0/6 7/8 1/5 4/4
"""


def weekly_story(counts: Sequence[tuple[int, int]]) -> str:
    found, number = "", 0
    for week, (untagged, all_of_them) in enumerate(counts):
        for place in range(all_of_them):
            number += 1
            at = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 9) + timedelta(weeks=week)
            summary = "no idea" if place < untagged else "Tekion 403"
            found += f'SUP-{number} created {at:%Y-%m-%d %H:%M} tier=2 summary="{summary}"\n'
    return found


def counts_of(text: str) -> list[tuple[int, int]]:
    pairs = [word.split("/") for word in text.split()]
    return [(int(k), int(n)) for k, n in pairs]


def limits(counts: Sequence[tuple[int, int]], week: int) -> tuple[float, float, float] | None:
    """Centre and three-sigma limits of a week by Laney's p', from the weeks before it; None where there are none."""
    before = np.array([pair for pair in counts[max(0, week - 26) : week] if pair[1]], float).reshape(-1, 2)
    if len(before) < 8:
        return None
    k, n = before.T
    centre = float(k.sum() / n.sum())
    z = (k / n - centre) / np.sqrt(centre * (1 - centre) / n)
    spread = max(1.0, float(np.abs(np.diff(z)).mean()) / 1.128)
    here = counts[week][1]
    reach = 3 * spread * np.sqrt(centre * (1 - centre) / here)
    skew = 4 * (1 - 2 * centre) / (3 * here)
    return centre, max(0.0, centre - reach + min(0.0, skew)), min(1.0, centre + reach + max(0.0, skew))


@pytest.fixture(scope="module")
def drifting(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Iterator[Warehouse]:
    story = weekly_story(counts_of(COUNTS))
    with warehouse_of(story, tmp_path_factory.mktemp("drift"), criteria, as_of="2026-10-12 00:00") as warehouse:
        yield warehouse


def drift(warehouse: Warehouse, signal: str) -> list[tuple[object, ...]]:
    query = (
        "select week, numerator, denominator, value, centre, lower_limit, upper_limit, is_outside from mart.tag_drift"
    )
    return warehouse.rows(f"{query} where signal = ? order by week", [signal])


@pytest.mark.parametrize("signal", ["provider_untagged", "category_untagged"])
def test_limits_are_those_of_an_independent_computation(signal: str, drifting: Warehouse) -> None:
    counts, rows = counts_of(COUNTS), drift(drifting, signal)
    assert [row[0] for row in rows] == [MONDAY + timedelta(weeks=week) for week in range(40)]
    assert [row[1:3] for row in rows] == counts
    outside = []
    for week, (_, k, n, value, *told, is_outside) in enumerate(rows):
        expected = limits(counts, week) if n else None
        if expected is None:
            assert told[1:] == [None, None] and is_outside is None, week
            continue
        assert told == pytest.approx(list(expected)), week
        assert value == pytest.approx(counts[week][0] / counts[week][1])
        assert is_outside == (not expected[1] <= counts[week][0] / counts[week][1] <= expected[2])
        outside += [f"{k}/{n}"] if is_outside else []
    assert outside == ["6/8", "9/9"]  # which spread so far that 7/8 is within three sigma


def test_an_empty_week_is_neither_usual_nor_unusual(drifting: Warehouse) -> None:
    """Week 35 had no escalation: what is usual is known, but there is nothing to hold against it."""
    _, k, n, value, centre, *rest = drift(drifting, "provider_untagged")[34]
    assert (k, n, value, *rest) == (0, 0, None, None, None, None)
    assert centre is not None


def test_the_first_weeks_ever_have_no_limits(drifting: Warehouse) -> None:
    """Eight weeks with an escalation are over before the tenth week, for the fifth was empty."""
    centres = [row[4] for row in drift(drifting, "provider_untagged")]
    assert centres[:9] == [None] * 9
    assert centres[9] == pytest.approx(8 / 50)


def test_nothing_is_said_of_what_never_speaks(drifting: Warehouse) -> None:
    """No classifier, so no rule is against one."""
    assert {row[2:] for row in drift(drifting, "rule_against_classifier")} == {(0, None, None, None, None, None)}


# Eight weeks of ten, then ten more. By hand for 1 in 10: 0.1 ± 3 √(0.09 / 10), and 4 · 0.8 / 30 for the skew.
ALARMS = """
1/10   4/10  0.1  0       0.4913  no
1/10   5/10  0.1  0       0.4913  yes
0/10   1/10  0    0       0.1333  no
0/10   2/10  0    0       0.1333  yes
9/10   6/10  0.9  0.5087  1       no
9/10   5/10  0.9  0.5087  1       yes
10/10  9/10  1    0.8667  1       no
10/10  8/10  1    0.8667  1       yes
"""


@pytest.mark.parametrize("line", ALARMS.strip().splitlines())
def test_one_ticket_is_no_alarm_where_few_are_usual(line: str, drifting: Warehouse) -> None:
    usual, last, *expected = line.split()
    names = "week, measure, variant, statistic, group_key, numerator, denominator"
    given = (
        f"insert into mart.measures ({names}) values (?, 'tag_sources', 'provider_untagged_week', 'share', 'all', ?, ?)"
    )
    drifting.execute("begin")
    drifting.execute("delete from mart.measures")
    for week, pair in enumerate(counts_of(f"{usual} " * 8 + last)):
        drifting.execute(given, [MONDAY + timedelta(weeks=week), *pair])
    query = "select round(centre, 4), round(lower_limit, 4), round(upper_limit, 4), is_outside from mart.tag_drift"
    told = table(drifting, f"{query} order by week desc limit 1")
    drifting.execute("rollback")
    assert told.split() == expected


# -- every number has its tickets ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["answered", "sourced", "drifting"])
def test_every_number_lists_the_tickets_it_counts(name: str, request: pytest.FixtureRequest) -> None:
    warehouse: Warehouse = request.getfixturevalue(name)
    query = """
        select m.week, m.measure, m.variant, m.group_key, m.n, m.numerator, m.n_pending,
            count(t.issue_id) filter (not t.is_pending), count(t.issue_id) filter (t.in_numerator and not t.is_pending),
            count(t.issue_id) filter (t.is_pending)
        from mart.measures m left join mart.measure_tickets t using (week, measure, variant, statistic, group_key)
        where m.measure in ('tag_quality', 'tag_sources', 'tag_drift')
        group by all
    """
    rows = warehouse.rows(query)
    assert sum(row[4] + row[6] for row in rows) > 0
    assert [row for row in rows if row[4:7] != row[7:10]] == []


def test_no_escalation_at_all(tmp_path: Path, criteria: Criteria) -> None:
    query = "select count(*), sum(denominator), count(value), count(centre), count(is_outside) from mart.tag_drift"
    with warehouse_of("SUP-1 created 2026-03-02 09:00 tier=1", tmp_path, criteria) as warehouse:
        assert table(warehouse, query) == "4 0 0 0 0"


# -- the page ------------------------------------------------------------------------------------------------


def trust(warehouse: Warehouse, folder: Path) -> str:
    """The words of the page's section on how far to trust it."""
    page = report(frames(warehouse), folder, [], None).read_text()
    section = page.partition('<section class="report" id="trust">')[2].partition("</section>")[0]
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', section)) <= ids
    return " ".join(re.sub(r"<[^>]+>", " ", section).split()).replace(" ,", ",").replace(" .", ".")


def test_the_page_tells_what_people_agreed_with(answered: Warehouse, tmp_path: Path) -> None:
    text = trust(answered, tmp_path)
    assert "Provider 7 0 1 0 0 Failure" in text
    assert (
        "Provider: people agreed with 2 of 3 tags drawn blind, 67 % (21–94 %) in 26 weeks ( 1 drawn and not answered); of "
        "all that they answered, which is what looked odd to them, with 4 of 6, 67 % (30–90 %) in 26 weeks."
    ) in text
    assert "Failure category: people agreed with 1 of 1 tags drawn blind" in text
    assert "nobody had answered" not in text


def test_the_page_of_a_desk_that_nobody_answered(drifting: Warehouse, tmp_path: Path) -> None:
    text = trust(drifting, tmp_path)
    lately = counts_of(COUNTS)[-13:]
    untagged = sum(k for k, _ in lately)
    assert f"Provider 0 0 {sum(n for _, n in lately) - untagged} 0 {untagged} Failure" in text
    assert "nobody had answered by the end of this week: escalations review draws ten a week" in text
    assert "Nothing unusual this week" in text
    assert "for want of 8 weeks to compare with: tickets on which rules and classifier disagree." in text


def test_the_page_tells_what_is_unusual(drifting: Warehouse, criteria: Criteria, tmp_path: Path) -> None:
    def in_week(number: int) -> str:
        measure(drifting, criteria, datetime(2026, 10, 12), MONDAY + timedelta(weeks=number - 1))
        return trust(drifting, tmp_path / str(number))

    assert (
        "Unusually many escalations without a provider this week: 6 of 8, 75 %; usual is 15 %, by chance at most 65 %."
        in in_week(31)
    )
    assert "Nothing was escalated this week whose words or tags could be unusual." in in_week(35)
    early = in_week(3)
    assert "Nothing unusual" not in early
    assert "compare with: escalations without a provider, escalations without a failure category, tickets on" in early
    measure(drifting, criteria, datetime(2026, 10, 12))
