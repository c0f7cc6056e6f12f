"""What Jira, or what stands between, answers instead of data: waits, errors, broken pages, logins. See test_jira_faults.py."""

from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from email.utils import format_datetime

import pytest
from jira_reading import Desk, some_tickets
from jira_standin import JiraStandIn, Kind

from analysis.errors import SourceError
from pipelines.jira import connection as connection_module


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraStandIn]:
    kind: Kind = request.param
    with JiraStandIn(kind) as standin:
        yield standin


@pytest.fixture
def cloud() -> Iterator[JiraStandIn]:
    with JiraStandIn("cloud") as standin:
        yield standin


@pytest.fixture
def datacenter() -> Iterator[JiraStandIn]:
    with JiraStandIn("datacenter") as standin:
        yield standin


def test_long_wait_after_refusal(jira: JiraStandIn) -> None:
    some_tickets(jira)
    desk = Desk(jira)
    jira.faults.fail_next("myself", 429, retry_after="300")
    jira.faults.fail_next("GET field", 503, retry_after="700")
    desk.read()
    desk.check()
    assert 1000 <= sum(desk.clock.slept) < 1100


def test_many_refusals_use_up_no_attempt(jira: JiraStandIn) -> None:
    some_tickets(jira)
    desk = Desk(jira)
    jira.faults.fail_next("myself", 429, times=20, retry_after="2")
    jira.faults.fail_next("myself", 500, times=3)
    desk.read()
    desk.check()


def test_a_wait_of_hours_is_told(jira: JiraStandIn) -> None:
    some_tickets(jira)
    jira.faults.fail_next("myself", 429, retry_after="7200")
    desk = Desk(jira)
    with pytest.raises(SourceError, match=r"wait 12\d minutes"):
        desk.read()
    assert sum(desk.clock.slept) < 5


@pytest.mark.parametrize("form", ["2", "1.5", "0", "-4", "soon", None, "date", "nan"])
def test_retry_after_in_any_form(jira: JiraStandIn, form: str | None) -> None:
    some_tickets(jira)
    if form == "date":
        form = format_datetime((jira.now + timedelta(seconds=90)).replace(tzinfo=UTC), usegmt=True)
    jira.faults.fail_next("myself", 429, times=2, retry_after=form)
    desk = Desk(jira)
    desk.read()
    desk.check()
    assert 2 <= sum(desk.clock.slept) < 200


BREAKS: dict[str, Callable[[JiraStandIn, str], None]] = {
    "502": lambda jira, route: jira.faults.fail_next(route, 502, times=2),
    "504": lambda jira, route: jira.faults.fail_next(route, 504, times=2),
    "dropped": lambda jira, route: jira.faults.drop_next(route, times=2),
    "cut short": lambda jira, route: jira.faults.truncate_next(route),
    "login page": lambda jira, route: jira.faults.html_next(route),
    "maintenance": lambda jira, route: jira.faults.html_next(route, page="maintenance", status=503),
    "wrong type": lambda jira, route: jira.faults.wrong_type_next(route),
    "too slow": lambda jira, route: jira.faults.slow_next(0.3, route),
}


@pytest.mark.parametrize("how", BREAKS)
def test_broken_answers(jira: JiraStandIn, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "TIMEOUT", (0.2, 0.2) if how == "too slow" else (5, 5))
    some_tickets(jira)
    routes = ("search/jql", "issue/bulkfetch", "changelog/bulkfetch") if jira.cloud else ("search",)
    for route in (*routes, "myself", "serverInfo"):
        BREAKS[how](jira, route)
    desk = Desk(jira)
    desk.read()
    desk.check()


def test_broken_for_good_takes_nothing_over(jira: JiraStandIn) -> None:
    some_tickets(jira)
    jira.faults.fail_next("search" if not jira.cloud else "issue/bulkfetch", 500, times=1000)
    desk = Desk(jira)
    with pytest.raises(SourceError, match="error 500, 8 times"):
        desk.read()
    assert not desk.held


def test_localised_errors(jira: JiraStandIn) -> None:
    some_tickets(jira)
    jira.faults.localised_errors = True
    jira.faults.forbid_project("ENG")
    desk = Desk(jira, ("SUP", "ENG"))
    desk.read()
    desk.check()
    assert "does the project exist" in desk.notes[0]


def test_clock_skew(jira: JiraStandIn) -> None:
    """The stand-in lives at another time than this machine, and its own Date may be some minutes off."""
    ids = some_tickets(jira)
    desk = Desk(jira)
    desk.read()
    assert desk.cursors["SUP"] == (jira.now - timedelta(hours=12)).isoformat()
    for skew in (-600.0, 600.0):
        jira.tick(60)
        jira.faults.clock_skew = skew
        jira.edit(ids[0], summary=f"at {skew}")
        desk.read()
        desk.check()


@pytest.mark.parametrize("how", ["redirect", "captcha", "failures", "wrong token"])
def test_login_redirect_or_captcha(datacenter: JiraStandIn, how: str) -> None:
    some_tickets(datacenter)
    desk = Desk(datacenter)
    if how == "redirect":
        datacenter.faults.redirect_next("*", times=99)
    datacenter.faults.captcha = how == "captcha"
    if how in ("failures", "wrong token"):
        datacenter.token = "changed"  # noqa: S105
        datacenter.faults.captcha_after_failures = 3
        desk = Desk(datacenter)
        datacenter.faults.captcha = how == "failures"
        datacenter.faults.token_expires_after = 0
    with pytest.raises(SourceError, match=r"login page|captcha|account is refused") as told:
        desk.read()
    assert len(datacenter.requests) == 1
    assert "\n" not in str(told.value)
    assert not desk.held


def test_a_refused_account_is_not_tried_again_by_other_workers(cloud: JiraStandIn) -> None:
    some_tickets(cloud, 2000)
    cloud.faults.token_expires_after = 8
    with pytest.raises(SourceError):
        Desk(cloud).read()
    assert len(cloud.requests) <= 8 + 4  # those under way
