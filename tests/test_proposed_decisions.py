"""What is put before the meeting: which of what stands open, in which order, at most seven, in which words."""

from collections.abc import Iterator

import pandas as pd
import pytest
from stories import lines, table

from analysis.table_files import table_files
from analysis.warehouse import Warehouse
from reports.pages.decisions import actions, decisions, summary
from reports.week import Week

# What the view reads, with the columns that it reads; each case fills some of them.
TABLES = {
    "mart.families": "family_id bigint, provider varchar, failure_category varchar, state varchar, fix_effective_at timestamp, is_fix_assumed boolean",
    "mart.family_escalations": "family_id bigint, issue_id bigint, dealer_id varchar, occurred_at timestamp, escalated_week date",
    "mart.next_steps": "subject varchar, family_id bigint, provider varchar, failure_category varchar, n_escalations bigint, n_dealers bigint, "
    "effort_hours double, place bigint, cure varchar, n_ended_low bigint, n_ended_high bigint, is_in_hand boolean",
    "mart.onboardings": "issue_id bigint, ticket_key varchar, dealer_id varchar, provider varchar, live_date date, exclusion_reason varchar, "
    "elapsed_days bigint, normal_days double",
    "mart.open_escalations": "issue_id bigint, escalation_no integer, ticket_key varchar, holder varchar, held_since timestamp, is_overdue boolean",
    "mart.tagged_escalations": "issue_id bigint, escalation_no integer, dealer_id varchar, provider varchar, failure_category varchar, "
    "escalated_at timestamp, escalated_week date",
    "mart.verdicts": "issue_id bigint, escalation_no integer, standing varchar, window_closes_at timestamp",
    "mart.actions": "action_id varchar, status varchar, decided_at timestamp, decided_date date",
    "mart.review_pool": "issue_id bigint, kind varchar, reason varchar",
    "mart.review_queue": "issue_id bigint, kind varchar",
}
# week 2026-06-22; now is the Monday after it
CLOCK = "insert into core.clock values (timestamp '2026-06-29 06:00', date '2026-06-22', 'UTC')"
DECIDED = "select place, kind, provider, cure, n, n_dealers, days, refs from mart.decided order by place"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with Warehouse.open(tmp_path_factory.mktemp("decisions") / "w.duckdb") as warehouse:
        for name, columns in TABLES.items():
            warehouse.execute(f"create table {name} ({columns})")
        warehouse.execute(CLOCK)
        warehouse.execute(
            "insert into core.tickets by name select i as issue_id, 'SUP-' || i as ticket_key, 'SUP' as project, '' as issue_type, '' as summary, '' as status, "
            "[]::varchar[] as labels, []::varchar[] as components, timestamp '2026-01-01' as created_at, timestamp '2026-01-01' as updated_at, "
            "'whole' as changelog from range(1, 60) t(i)"
        )
        warehouse.execute(f"create view mart.decided as {table_files()['mart.proposed_decisions'].body}")
        yield warehouse


def fill(desk: Warehouse, **rows: str) -> None:
    """Each table holds these rows and no others; a row is a line of SQL values."""
    for name in TABLES:
        desk.execute(f"delete from {name}")
        listed = [line.strip() for line in rows.get(name.removeprefix("mart."), "").splitlines() if line.strip()]
        if listed:
            desk.execute(f"insert into {name} values {', '.join(f'({line})' for line in listed)}")


def told(desk: Warehouse) -> str:
    return table(desk, DECIDED)


def test_nothing_open_nothing_to_decide(desk: Warehouse) -> None:
    fill(desk)
    assert told(desk) == ""


def test_what_came_back_after_its_fix_counts_from_the_fix_and_is_news_for_four_weeks(desk: Warehouse) -> None:
    fill(
        desk,
        families="""
            1, 'cdk', 'auth', 'regressed', timestamp '2026-06-01 10:00', true
            2, 'cdk', 'auth', 'regressed', timestamp '2026-04-01 10:00', false
            3, 'cdk', 'auth', 'ongoing', timestamp '2026-04-01 10:00', false""",
        family_escalations="""
            1, 1, 'a', timestamp '2026-05-30', date '2026-05-25'
            1, 2, 'a', timestamp '2026-06-10', date '2026-06-08'
            1, 3, 'b', timestamp '2026-06-20', date '2026-06-15'
            2, 4, 'a', timestamp '2026-05-20', date '2026-05-18'
            3, 5, 'a', timestamp '2026-06-20', date '2026-06-15'""",
    )
    assert told(desk) == "1 came_back cdk - 2 2 - ['SUP-3', 'SUP-2']"


def test_families_that_came_once_or_are_in_hand_are_not_put(desk: Warehouse) -> None:
    fill(
        desk,
        family_escalations="\n".join(f"{n}, {n}, 'a', timestamp '2026-06-10', date '2026-06-08'" for n in range(1, 6)),
        next_steps="""
            'family', 1, 'cdk', 'auth', 1, 1, 90, 1, 'runbook', 1, 1, false
            'family', 2, 'cdk', 'auth', 3, 2, 80, 2, 'permanent_fix', 1, 3, true
            'family', 3, 'cdk', 'auth', 3, 2, 70, 3, 'runbook', 1, 3, false
            'family', 4, 'xtime', 'auth', 2, 2, 60, 4, 'train', 1, 2, false""",
    )
    assert told(desk) == lines("""
        1 end_family cdk runbook 3 2 - ['SUP-3']
        2 end_family xtime train 2 2 - ['SUP-4']
    """)


def test_a_mode_is_put_only_where_no_family_of_it_is_and_tier_1_can_end_it(desk: Warehouse) -> None:
    fill(
        desk,
        family_escalations="1, 1, 'a', timestamp '2026-06-10', date '2026-06-08'",
        tagged_escalations="""
            7, 1, 'a', 'none', 'how_to', timestamp '2026-06-10', date '2026-06-08'
            8, 1, 'a', 'none', 'how_to', timestamp '2026-06-12', date '2026-06-08'
            9, 1, 'a', 'none', 'how_to', timestamp '2026-01-12', date '2026-01-12'""",
        next_steps="""
            'family', 1, 'cdk', 'auth', 4, 2, 90, 1, 'runbook', 1, 1, false
            'mode', null, 'cdk', 'auth', 6, 2, 99, 1, 'runbook', 2, 5, false
            'mode', null, 'cdk', 'data_sync', 6, 2, 98, 2, 'chase_provider', 2, 5, false
            'mode', null, 'none', 'how_to', 3, 1, 50, 3, 'train', 2, 3, false
            'mode', null, 'xtime', 'untagged', 9, 1, 40, 4, 'runbook', 2, 3, false
            'mode', null, 'xtime', 'auth', 2, 1, 30, 5, 'runbook', 2, 3, false""",
    )
    assert told(desk) == lines("""
        1 end_family cdk runbook 4 2 - ['SUP-1']
        2 end_mode none train 3 1 - ['SUP-8', 'SUP-7']
    """)


def test_providers_are_chased_for_onboardings_and_waits_beyond_their_normal_time(desk: Warehouse) -> None:
    fill(
        desk,
        onboardings="""
            1, 'SUP-1', 'a', 'cdk', null, null, 27, 21
            2, 'SUP-2', 'b', 'cdk', null, null, 24, 21
            3, 'SUP-3', 'c', 'cdk', null, null, 21, 21
            4, 'SUP-4', 'd', 'cdk', date '2026-06-20', null, 40, 21
            5, 'SUP-5', 'e', 'cdk', null, 'cancelled', 40, 21
            null, null, 'f', 'cdk', null, null, 22, 21""",
        open_escalations="""
            1, 1, 'SUP-1', 'provider', timestamp '2026-06-01 06:00', true
            6, 1, 'SUP-6', 'provider', timestamp '2026-06-26 06:00', true
            7, 1, 'SUP-7', 'provider', timestamp '2026-06-26 06:00', false
            8, 1, 'SUP-8', 'dealer', timestamp '2026-06-26 06:00', true""",
        tagged_escalations="\n".join(
            f"{n}, 1, 'a', '{'cdk' if n == 1 else 'tekion'}', 'setup_delay', timestamp '2026-06-10', date '2026-06-08'"
            for n in (1, 6, 7, 8)
        ),
    )
    assert told(desk) == lines("""
        1 chase cdk - 3 3 [27, 24, 22] ['SUP-1', 'SUP-2']
        2 chase tekion - 1 1 [3] ['SUP-6']
    """)


def test_contested_verdicts_old_actions_and_unsure_tags(desk: Warehouse) -> None:
    fill(
        desk,
        verdicts="1, 1, 'contested', timestamp '2026-06-10'\n2, 1, 'claimed', timestamp '2026-06-10'\n3, 1, 'withdrawn', null",
        actions="""
            'SUP-50', 'open', timestamp '2026-05-20', date '2026-05-20'
            'SUP-51', 'open', timestamp '2026-06-20', date '2026-06-20'
            'SUP-52', 'done', timestamp '2026-04-20', date '2026-04-20'""",
        review_pool="4, 'provider', 'disputed'\n5, 'provider', 'blind'\n6, 'root_cause', 'unsure'",
        review_queue="4, 'provider'\n7, 'provider'",
    )
    assert told(desk) == lines("""
        1 rule - - 1 - - ['SUP-1']
        2 follow_up - - 1 - - ['SUP-50']
        3 review - - 3 - - ['SUP-4', 'SUP-6', 'SUP-7']
    """)


def test_at_most_seven_and_one_of_each_kind_before_a_second(desk: Warehouse) -> None:
    fill(
        desk,
        families="\n".join(f"{n}, 'cdk', 'auth', 'regressed', timestamp '2026-06-01', false" for n in (1, 2, 3)),
        family_escalations="\n".join(
            f"{n}, {n}, 'a', timestamp '2026-06-1{n}', date '2026-06-08'" for n in range(1, 9)
        ),
        next_steps="\n".join(
            f"'family', {n}, 'xtime', 'auth', 4, 2, {90 - n}, {n}, 'runbook', 1, 2, false" for n in (4, 5, 6, 7)
        ),
        onboardings="11, 'SUP-11', 'a', 'cdk', null, null, 27, 21\n12, 'SUP-12', 'a', 'tekion', null, null, 9, 2",
        verdicts="1, 1, 'contested', timestamp '2026-06-10'",
        actions="'SUP-50', 'open', timestamp '2026-05-20', date '2026-05-20'",
        review_pool="4, 'provider', 'unsure'",
    )
    assert [row[0] for row in desk.rows("select kind from mart.decided order by place")] == [
        "came_back",
        "came_back",
        "end_family",
        "chase",
        "rule",
        "follow_up",
        "review",
    ]


# -- in words ----------------------------------------------------------------------------------------------------------


def week_of(**frames: list[dict[str, object]]) -> Week:
    made = {name: pd.DataFrame(rows) for name, rows in frames.items()}
    made["clock"] = pd.DataFrame(
        {"as_of": [pd.Timestamp("2026-06-29 06:00")], "week": [pd.Timestamp("2026-06-22")], "reporting_zone": ["UTC"]}
    )
    made.setdefault("providers", pd.DataFrame([{"provider": "cdk", "name": "CDK", "colour": "#d55e00"}]))
    made.setdefault(
        "families", pd.DataFrame([{"family_id": 1, "founder_key": "SUP-1", "title": "Tekion 403 at Cedar"}])
    )
    return Week(made)


def proposed(kind: str, **given: object) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(
        (
            "provider",
            "failure_category",
            "family_id",
            "cure",
            "n_dealers",
            "n_ended_low",
            "n_ended_high",
            "effort_hours",
            "since_date",
            "is_assumed",
            "days",
            "normal_days",
        ),
        None,
    )
    return row | {"place": 1, "kind": kind, "n": 3, "refs": ["SUP-3"]} | given


@pytest.mark.parametrize(
    ("row", "title", "text"),
    [
        pytest.param(
            proposed(
                "came_back", family_id=1, n=2, n_dealers=1, since_date=pd.Timestamp("2026-06-01"), is_assumed=True
            ),
            "It came back: Tekion 403 at Cedar",
            "2 escalations at 1 dealer since the fix of 1 Jun 2026, assumed from its merge, took effect. Was it the whole fix?",
            id="came back",
        ),
        pytest.param(
            proposed(
                "end_family", family_id=1, cure="runbook", n_dealers=2, effort_hours=12.6, n_ended_low=1, n_ended_high=3
            ),
            "Write a runbook: Tekion 403 at Cedar",
            "3 escalations at 2 dealers in 13 weeks, up to 13 hours of Tier 2; a runbook for OPS would have ended 1 to 3 of them.",
            id="runbook",
        ),
        pytest.param(
            proposed(
                "end_mode",
                provider="cdk",
                failure_category="how_to",
                cure="train",
                n_dealers=0,
                effort_hours=1.0,
                n_ended_low=2,
                n_ended_high=2,
            ),
            "Show OPS how to end it: CDK, how-to questions",
            "3 escalations in 13 weeks, up to 1 hour of Tier 2; training OPS would have ended 2 of them.",
            id="mode",
        ),
        pytest.param(
            proposed("chase", provider="cdk", days=[27, 24, 22], normal_days=21.0),
            "Chase CDK",
            "3 tickets later than CDK's normal time: 27, 24, 22 days; 21 are normal from request to live.",
            id="onboardings",
        ),
        pytest.param(
            proposed("chase", provider="cdk", days=[4], n=1),
            "Chase CDK",
            "1 ticket later than CDK's normal time: 4 days.",
            id="a wait",
        ),
        pytest.param(
            proposed("rule", n=1),
            "Rule on 1 contested verdict",
            "OPS contested and nobody has ruled yet; what is not ruled on is never counted as agreed.",
            id="rule",
        ),
        pytest.param(
            proposed("follow_up", n=2, since_date=pd.Timestamp("2026-05-20")),
            "Settle 2 old actions",
            "Open for more than four weeks, the oldest since 20 May 2026: do it, give it away, or drop it.",
            id="actions",
        ),
        pytest.param(
            proposed("review", n=34),
            "Look at 10 tags",
            "The program is least sure of 34 tags; what you answer, it learns from and is judged by.",
            id="tags",
        ),
    ],
)
def test_decisions_in_words(row: dict[str, object], title: str, text: str) -> None:
    (made,) = decisions(week_of(proposed_decisions=[row]))
    assert (made["title"], made["text"], made["keys"]) == (title, text, ["SUP-3"])


def action(**given: object) -> dict[str, object]:
    row: dict[str, object] = {
        "action_id": "SUP-9",
        "summary": "x",
        "target": "cdk/auth",
        "status": "done",
        "verdict": None,
        "done_date": pd.NaT,
    }
    row |= {
        "decided_date": pd.Timestamp("2026-06-01"),
        "n_before": 6,
        "n_since": 0,
        "n_weeks_before": 13,
        "n_weeks_since": 3,
    }
    return row | given


@pytest.mark.parametrize(
    ("row", "told", "text"),
    [
        (action(verdict="fewer"), "worked", "6 escalations in the 13 weeks before, 0 in the 3 weeks since"),
        (
            action(verdict="more", n_before=1),
            "more since",
            "1 escalation in the 13 weeks before, 0 in the 3 weeks since",
        ),
        (
            action(verdict="too early", n_weeks_since=0),
            "too early to say",
            "6 escalations in the 13 weeks before, no whole week since",
        ),
        (
            action(verdict="no change seen"),
            "no change seen",
            "6 escalations in the 13 weeks before, 0 in the 3 weeks since",
        ),
        (action(status="open"), "not done yet", "decided 1 Jun 2026"),
        (action(target=None), "done", "it names nothing that could be counted"),
        (action(target="all of it"), "done", "its target is not understood: all of it"),
    ],
)
def test_actions_in_words(row: dict[str, object], told: str, text: str) -> None:
    (made,) = actions(week_of(actions=[row]))
    assert (made["told"], made["text"]) == (told, text)
    assert summary([made]) == f"1 {told}"


def test_which_actions_are_told_of() -> None:
    old, new = pd.Timestamp("2026-01-05"), pd.Timestamp("2026-06-23")
    rows = [
        action(action_id="open and old", status="open", decided_date=old),
        action(action_id="done long ago", verdict="fewer", decided_date=old, done_date=old),
        action(action_id="decided long ago, done now", verdict="fewer", decided_date=old, done_date=new),
        action(action_id="new", status="open", decided_date=new),
        action(action_id="dropped", status="dropped", decided_date=new),
    ]
    made = actions(week_of(actions=rows))
    assert [(row["action_id"], row["is_new"]) for row in made] == [
        ("open and old", False),
        ("decided long ago, done now", False),
        ("new", True),
    ]


def test_the_view_is_the_mart_s() -> None:
    """The tables made here have every column that the view reads from mart."""
    assert {name for name in table_files()["mart.proposed_decisions"].reads if name.startswith("mart.")} == set(TABLES)
