"""What to do next: what would end a family or a failure mode; and what a provider cannot do."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from scipy.stats import binomtest
from stories import lines, table
from test_family_life import LAWS, answers, desk_of, read_cases, read_lines

from analysis.warehouse import Warehouse

ACCESS = "access,from,to\nportal,2026-06-20,\n"  # OPS had none before
DELAYS = "provider,step,starts,hours,effective_from\ntekion,review,requested_at,48,2020-01-01\n"
# The reported week is that of 06-22; the 13 weeks begin on 03-30.
STEPS = """
    select t.ticket_key, n.cure, n.n_ended, n.n_escalations, n.n_ended_low, n.n_ended_high, n.is_in_hand
    from mart.next_steps n join core.tickets t on t.issue_id = n.family_id
    where n.subject = 'family' order by n.family_id
"""
# cure, how many of how many, at least and at most how many, is something done already
CASES, WHOLE = read_cases("""
## nothing is known but that it came: a runbook
SUP-1 05-01 05-02
=> step SUP-1 runbook 2 2 1 2 no

## OPS noted that it was blocked
SUP-1 05-01 05-02 ops_blocked_by=portal done=06-01 root_cause=our_bug
=> step SUP-1 give_access 2 2 1 2 no

## OPS had no access to what its runbook needs
SUP-1 05-01 up=05-02 says=RB-1
SUP-2 05-03 up=05-04 says=RB-1
runbook RB-1 announced=04-01 needs_access=[portal]
=> step SUP-1 give_access 2 2 1 2 no

## OPS had a runbook
SUP-1 05-01 up=05-02 says=RB-1
SUP-2 05-03 up=05-04 says=RB-1
runbook RB-1 announced=04-01
=> step SUP-1 train 2 2 1 2 no

## it had been told of it less than a week before
SUP-1 05-01 up=05-02 says=RB-1
SUP-2 05-03 up=05-04 says=RB-1
runbook RB-1 announced=04-28
=> step SUP-1 runbook 2 2 1 2 yes

## there is a runbook, but OPS never had these
SUP-1 05-01 05-02 says=RB-1
runbook RB-1 announced=04-01
=> step SUP-1 runbook 2 2 1 2 yes

## OPS followed its runbook, and it did not help: revise it
SUP-1 05-01 up=05-02 says=RB-1 runbook_used=RB-1
SUP-2 05-03 up=05-04 says=RB-1 runbook_used=RB-1
runbook RB-1 announced=04-01
=> step SUP-1 runbook 2 2 1 2 yes

## OPS had a runbook, but it needed engineering
SUP-1 05-01 up=05-02 says=RB-1 up3=05-05
SUP-2 05-03 up=05-04 says=RB-1 up3=05-05
runbook RB-1 announced=04-01
=> step SUP-1 permanent_fix 2 2 1 2 no

## the user's error
SUP-1 05-01 05-02 done=06-01 root_cause=user_error
=> step SUP-1 train 2 2 1 2 no

## our bug
SUP-1 05-01 05-02 done=06-01 root_cause=our_bug waits=05-03..05-05
=> step SUP-1 permanent_fix 2 2 1 2 no

## it was fixed: by which change nobody wrote down
SUP-1 05-01 05-02 done=05-10 outcome=Fixed
=> step SUP-1 permanent_fix 2 2 1 2 no

## engineering was called upon
SUP-1 05-01 05-02 up3=05-05
=> step SUP-1 permanent_fix 2 2 1 2 no

## the provider's bug, though engineering was called upon
SUP-1 05-01 05-02 up3=05-05 done=06-01 root_cause=provider_bug
=> step SUP-1 chase_provider 2 2 1 2 no

## the provider was late
SUP-1 05-01 05-02 done=06-01 root_cause=provider_delay
=> step SUP-1 chase_provider 2 2 1 2 no

## the provider was down
SUP-1 05-01 05-02 category=provider_outage
=> step SUP-1 chase_provider 2 2 1 2 no

## the provider held the ball for more than eight hours
SUP-1 05-01 05-02 waits=05-03T12:00..05-03T20:01
=> step SUP-1 chase_provider 2 2 1 2 no

## for eight hours
SUP-1 05-01 05-02 waits=05-03T12:00..05-03T20:00
=> step SUP-1 runbook 2 2 1 2 no

## for long, but a setting was wrong
SUP-1 05-01 05-02 waits=05-03..05-05 done=06-01 root_cause=configuration
=> step SUP-1 runbook 2 2 1 2 no

## the dealer was not chased: waiting for others counts for nothing
SUP-1 05-01 05-02 status=Odd
=> step SUP-1 runbook 2 2 1 2 no

## what would end most of them: 3 of 5, between 1.2 and 4.4
SUP-1 05-01 05-02 05-03 done=06-01 root_cause=our_bug
SUP-4 05-04 done=06-01 root_cause=user_error
SUP-5 05-05 done=06-01 root_cause=provider_bug
=> step SUP-1 permanent_fix 3 5 2 4 no

## 8 of 12, between 4.7 and 10.3
SUP-1 05-01 05-02 05-03 05-04 05-05 05-06 05-07 05-08 done=06-01 root_cause=provider_bug
SUP-9 05-10 05-11 05-12 05-13
=> step SUP-1 chase_provider 8 12 5 10 no

## two of each: that on which more hours were spent
SUP-1 05-01 05-02 done=06-01 root_cause=our_bug
SUP-3 05-04 05-05 done=06-01 root_cause=user_error hours=0.5
=> step SUP-1 train 2 4 1 3 no

## two of each, and as many hours: the first by name
SUP-1 05-01 05-02 done=06-01 root_cause=user_error hours=0.5
SUP-3 05-04 05-05 done=06-01 root_cause=our_bug hours=0.5
=> step SUP-1 permanent_fix 2 4 1 3 no

## hours alone do not outweigh how often
SUP-1 05-01 05-02 done=06-01 root_cause=our_bug
SUP-3 05-04 done=06-01 root_cause=user_error hours=0.5
=> step SUP-1 permanent_fix 2 3 1 2 no

## a family of one is told of with its mode alone
SUP-1 05-01 hours=0.5
=> step nothing

## a ticket that came twice
SUP-1 05-01 done=05-02 again=05-25
=> step SUP-1 runbook 2 2 1 2 no

## duplicates count, cancelled ones do not
SUP-1 05-01
SUP-2 05-02 duplicate=05-03
SUP-3 05-02 cancelled=05-03
=> step SUP-1 runbook 2 2 1 2 no

## nothing in 13 weeks
SUP-1 03-02 03-29T23:59
=> step nothing

## one of them on the first day of the 13 weeks
SUP-1 03-02 03-30T00:00
=> step SUP-1 runbook 1 1 1 1 no

## one of them in the week that is not over
SUP-1 03-02 06-29T00:00
=> step nothing

## what is older counts where somebody worked on it
SUP-1 03-02 03-03 03-04
SUP-4 03-05 hours@05-04=0.5 done=06-01 root_cause=our_bug
=> step SUP-1 permanent_fix 1 1 1 1 no

## a fix, and nothing since
SUP-1 05-01 05-02 fix=PENG-1
PENG-1 05-02 merged=05-06 deployed=05-08
=> step SUP-1 runbook 2 2 1 2 yes

## a fix, and it came again
SUP-1 05-01 05-30 fix=PENG-1 done=06-01 root_cause=our_bug
PENG-1 05-02 merged=05-06 deployed=05-08
=> step SUP-1 permanent_fix 2 2 1 2 no

## a change is merged, and not yet at work
SUP-1 05-01 05-30 fix=PENG-1 done=06-01 root_cause=our_bug
PENG-1 06-01 merged=06-25
=> step SUP-1 permanent_fix 2 2 1 2 yes

## the provider confirmed
SUP-1 05-01 05-02 confirmed=05-20 done=06-01 root_cause=provider_bug
=> step SUP-1 chase_provider 2 2 1 2 yes

## there is a runbook, but it is our bug
SUP-1 05-01 05-02 done=06-01 root_cause=our_bug
runbook RB-1 announced=04-01 because=SUP-1
=> step SUP-1 permanent_fix 2 2 1 2 no

## a family that ended in another is not named
SUP-1 05-01 05-02
SUP-3 05-01 05-02 done=06-01 root_cause=our_bug
SUP-5 05-03 done=06-01 root_cause=our_bug
family SUP-1 SUP-2
family SUP-3 SUP-4 SUP-5
merged SUP-3>SUP-1 05-20
=> step SUP-1 permanent_fix 3 5 2 4 no
""")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with desk_of(WHOLE, tmp_path_factory.mktemp("steps"), access__csv=ACCESS) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def found(desk: Warehouse) -> dict[str, list[str]]:
    return answers(desk, STEPS, list(CASES))


@pytest.mark.parametrize("name", CASES)
def test_what_would_end_it(name: str, found: dict[str, list[str]]) -> None:
    assert found[name] == CASES[name].expected["step"]


def test_ranges_are_wilsons(desk: Warehouse) -> None:
    """Whole escalations that lie within the bounds."""
    rows = desk.rows("select n_ended, n_escalations, n_ended_low, n_ended_high from mart.next_steps")
    assert len(rows) > 30
    for n_ended, n, low, high in rows:
        bounds = binomtest(n_ended, n).proportion_ci(0.95, "wilson")
        inside = [k for k in range(n + 1) if bounds.low * n - 1e-6 <= k <= bounds.high * n + 1e-6]
        assert (low, high) == (inside[0], inside[-1])


@pytest.mark.parametrize("law", LAWS)
def test_laws(law: str, desk: Warehouse) -> None:
    assert desk.rows(LAWS[law]) == []


# -- by effort -----------------------------------------------------------------------------------------------------

RANKED = """
    select n.place, coalesce(t.ticket_key, 'mode'), n.provider, n.failure_category, n.n_escalations, n.n_dealers, n.effort_hours,
        round(n.effort_share, 3), n.cure
    from mart.next_steps n left join core.tickets t on t.issue_id = n.family_id
    order by n.subject, n.place
"""
# Monday to Friday from 8 to 17: nobody logs more than 45 hours a week. 40 hours in all, 6 of them on what was cancelled.
DESK = """
    SUP-1 05-05 provider=Tekion category=auth dealer=cedar hours=2
    SUP-2 05-12 provider=Tekion category=auth dealer=blue hours=2
    SUP-3 05-06 05-13 provider=CDK category=webhook dealer=cedar hours=4
    SUP-5 03-02 provider=CDK category=webhook hours=7 hours@05-26=6
    SUP-6 05-07 05-14 provider=CDK category=auth hours=2
    SUP-8 05-08 provider=CDK category=auth hours=0
    SUP-9 05-18 category=how_to hours=8
    SUP-10 05-19 cancelled=05-20 hours=6 category=auth
    SUP-11 05-20 provider=Tekion category=limitation
    SUP-12 05-26 05-27 hours=2
    SUP-14 05-28 05-29
    family SUP-1 SUP-2
    family SUP-3 SUP-4 SUP-5
    family SUP-6 SUP-7 SUP-8
    family SUP-9
    family SUP-10
    family SUP-12 SUP-13
    family SUP-14 SUP-15
"""


def test_families_and_modes_by_the_hours_of_the_last_13_weeks(tmp_path: Path) -> None:
    """Equal hours: the one that came more often, then by provider and category, then the older one."""
    with desk_of(read_lines(DESK), tmp_path) as warehouse:
        assert table(warehouse, RANKED) == lines("""
            1 SUP-3  cdk      webhook  3 1 14 0.35 runbook
            2 SUP-6  cdk      auth     3 0 4  0.1  runbook
            3 SUP-1  tekion   auth     2 2 4  0.1  runbook
            4 SUP-12 untagged untagged 2 0 4  0.1  runbook
            5 SUP-14 untagged untagged 2 0 0  0    runbook
            1 mode cdk      webhook    3 1 14 0.35 runbook
            2 mode untagged how_to     1 0 8  0.2  train
            3 mode untagged untagged   4 0 4  0.1  runbook
            4 mode cdk      auth       3 0 4  0.1  runbook
            5 mode tekion   auth       2 2 4  0.1  runbook
            6 mode tekion   limitation 1 0 0  0    runbook
        """)


def test_an_earlier_week_looks_at_its_own_13_weeks(tmp_path: Path) -> None:
    """The weeks up to that of 05-18: what was worked on SUP-5 later is not known yet."""
    with desk_of(read_lines(DESK), tmp_path, week=date(2026, 5, 18)) as warehouse:
        query = f"{RANKED.replace('order by', 'where n.subject = $$family$$ order by')} limit 2"
        assert table(warehouse, query) == lines("""
            1 SUP-3 cdk webhook 3 1 15 0.405 runbook
            2 SUP-6 cdk auth    3 0 4  0.108 runbook
        """)


def test_a_mode_whose_delay_was_normal(tmp_path: Path) -> None:
    """Escalated before Tekion's 48 hours were over: OPS should wait. Later: the provider is late."""
    story = """
        SUP-1 05-05 up=05-06 provider=Tekion category=setup_delay requested_at=2026-05-05T08:00:00.000+0000
        SUP-2 05-12 05-13 provider=CDK category=setup_delay
    """
    with desk_of(read_lines(story), tmp_path, normal_delays__csv=DELAYS) as warehouse:
        query = "select subject, provider, cure from mart.next_steps order by all"
        assert table(warehouse, query) == "mode cdk chase_provider\nmode tekion train"


def test_nobody_worked_and_nothing_came(tmp_path: Path) -> None:
    with desk_of(read_lines("SUP-1 01-05 01-06"), tmp_path) as warehouse:
        assert table(warehouse, RANKED) == ""


# -- what a provider cannot do --------------------------------------------------------------------------------------

LIMITS = """
    select t.ticket_key, l.provider, l.failure_category, l.n_tickets, l.last_seen_at, l.title, l.answer
    from mart.provider_limits l join core.tickets t on t.issue_id = l.family_id order by l.family_id, l.provider, l.failure_category
"""
LIMIT_CASES, LIMITS_WHOLE = read_cases("""
## never placed in a family: each stands alone
SUP-1 05-01 05-02 provider=CDK category=limitation summary=No_loaners
family
=> limit SUP-1 cdk limitation 1 05-01 No_loaners -
=> limit SUP-2 cdk limitation 1 05-02 No_loaners -

## of one family: the latest one's title, and the words with which the one resolved last was closed
SUP-1 05-01 provider=CDK category=limitation summary=First done=06-20 closing=Still_impossible
SUP-2 05-10 provider=CDK category=limitation summary=Second done=05-12 closing=Impossible
SUP-3 05-20 provider=CDK category=limitation summary=Third
=> limit SUP-1 cdk limitation 3 05-20 Third Still_impossible

## the one resolved last was closed without a word
SUP-1 05-01 provider=CDK category=custom_request summary=First done=05-03 closing=Built
SUP-2 05-10 provider=CDK category=custom_request summary=Second done=05-12
=> limit SUP-1 cdk custom_request 2 05-10 Second Built

## by provider and category
SUP-1 05-01 provider=CDK category=limitation summary=First
SUP-2 05-02 provider=Tekion category=limitation summary=Second
SUP-3 05-03 provider=Tekion category=custom_request summary=Third
=> limit SUP-1 cdk limitation 1 05-01 First -
=> limit SUP-1 tekion custom_request 1 05-03 Third -
=> limit SUP-1 tekion limitation 1 05-02 Second -

## failures are none, nor what was cancelled; what came again counts once
SUP-1 05-01 provider=CDK category=auth
SUP-2 05-02 provider=CDK category=limitation summary=Second cancelled=05-03
SUP-3 05-03 provider=CDK category=limitation summary=Third done=05-04 again=06-01
=> limit SUP-1 cdk limitation 1 05-03 Third -
""")


def test_what_a_provider_cannot_do(tmp_path: Path) -> None:
    with desk_of(LIMITS_WHOLE, tmp_path) as warehouse:
        expected = {name: told.expected["limit"] for name, told in LIMIT_CASES.items()}
        assert answers(warehouse, LIMITS, list(LIMIT_CASES)) == expected
