"""How long is waited, and that nothing is sent before it may be."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from jira_reading import Clock, Desk, connect, some_tickets
from jira_standin import JiraStandIn, Kind, RetryAfter

from pipelines.jira import Limiter
from pipelines.jira.limits import LONGEST, SLOWEST, UNTOLD_RATE, seconds_to_wait

NOW = datetime(2026, 9, 1, 12, 0, 10, tzinfo=UTC)
ROUTE = "POST search/jql"


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraStandIn]:
    kind: Kind = request.param
    with JiraStandIn(kind) as standin:
        yield standin


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "30"}, 30, 30),
        ({"Retry-After": " 30 "}, 30, 30),
        ({"Retry-After": "2.5"}, 2.5, 2.5),
        ({"Retry-After": "0"}, 1, 1),
        ({"Retry-After": "0.2"}, 1, 1),
        ({"Retry-After": "-7"}, 1, 1),
        ({"Retry-After": "nan"}, 1, 1),
        ({"Retry-After": ""}, 1, 1),
        ({"Retry-After": "soon"}, 1, 1),
        ({"Retry-After": "Tue, 01 Sep 2026 12:01:10 GMT"}, 60, 60),
        ({"Retry-After": "Tue, 01 Sep 2026 12:01:10"}, 60, 60),
        ({"Retry-After": "Tue, 01 Sep 2026 11:00:00 GMT"}, 1, 1),
        ({}, 1, 1),
        # to the minute: it may be that minute's end
        ({"X-RateLimit-Reset": "2026-09-01T12:02Z"}, 110, 170),
        ({"X-RateLimit-Reset": "2026-09-01T12:02:40Z"}, 150, 150),
        ({"Retry-After": "0", "X-RateLimit-Reset": "2026-09-01T12:02Z"}, 110, 170),
        ({"Retry-After": "5", "X-RateLimit-Reset": "2026-09-01T12:02Z"}, 5, 5),
        ({"Retry-After": "2026-09-01T12:02:40Z"}, 150, 150),
        ({"X-RateLimit-Reset": "2026-09-01T11:02Z"}, 1, 1),
    ],
)
def test_seconds_to_wait(headers: dict[str, str], least: float, most: float) -> None:
    assert least <= seconds_to_wait(headers, NOW) <= most


def test_a_wait_without_end_is_not_sat_out() -> None:
    assert seconds_to_wait({"Retry-After": "inf"}, NOW) > LONGEST


def test_the_servers_clock_counts_and_not_ours(jira: JiraStandIn) -> None:
    """The stand-in lives months away from this machine's clock; a date is told by its own."""
    jira.now = datetime(2031, 5, 5, 12)
    some_tickets(jira)
    jira.faults.fail_next("myself", 429, retry_after="Mon, 05 May 2031 12:01:30 GMT")
    desk = Desk(jira)
    desk.read()
    assert 90 <= sum(desk.clock.slept) < 100


def test_without_date_our_clock_is_better_than_none(jira: JiraStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jira, "_http_date", lambda *_: "")
    in_a_minute = datetime.fromtimestamp(time.time() + 60, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    jira.faults.fail_next("serverInfo", 429, retry_after=in_a_minute)
    clock = Clock()
    connect(jira, clock).get("/rest/api/2/serverInfo")
    assert 55 <= sum(clock.slept) < 65


def test_a_route_is_paced() -> None:
    clock = Clock()
    limiter = Limiter(clock.now, clock.sleep)
    start = clock.now()
    for _ in range(110):
        limiter.wait(ROUTE)
    assert 9.5 <= clock.now() - start <= 11


def test_the_pace_follows_what_jira_allows() -> None:
    clock = Clock()
    limiter = Limiter(clock.now, clock.sleep)
    limiter.wait(ROUTE)
    limiter.learn(ROUTE, {"ratelimit-policy": '"jira-burst-based";q=100;w=1'})
    assert limiter.buckets[ROUTE].rate == 80
    limiter.learn(ROUTE, {"ratelimit-policy": '"tenant-app-quota";q=100100;w=3600'})
    assert limiter.buckets[ROUTE].rate == 80
    limiter.learn(ROUTE, {"X-RateLimit-Interval-Seconds": "2", "X-RateLimit-FillRate": "10"})
    assert limiter.buckets[ROUTE].rate == 4
    for odd in ("0", "x", ""):
        limiter.learn(ROUTE, {"X-RateLimit-Interval-Seconds": odd, "X-RateLimit-FillRate": "10"})
    limiter.learn(ROUTE, {"ratelimit-policy": '"jira-burst-based";q=1;w=0'})
    assert limiter.buckets[ROUTE].rate == 4
    for _ in range(20):
        limiter.close(ROUTE, 1, "")
    assert limiter.buckets[ROUTE].rate == SLOWEST


def test_where_nothing_is_told_the_pace_grows_until_it_is_refused() -> None:
    clock = Clock()
    limiter = Limiter(clock.now, clock.sleep)
    limiter.wait(ROUTE)
    for _ in range(5):
        limiter.learn(ROUTE, {"Date": "today"})
    assert limiter.buckets[ROUTE].rate == 15
    limiter.close(ROUTE, 1, "")
    assert limiter.buckets[ROUTE].rate == 7.5
    limiter.learn(ROUTE, {"X-RateLimit-Remaining": "3"})  # limits are told of, though not how many
    assert limiter.buckets[ROUTE].rate == 7.5
    for _ in range(100):
        limiter.learn(ROUTE, {})
    assert limiter.buckets[ROUTE].rate == UNTOLD_RATE


def test_a_closed_route_waits_and_others_go_on() -> None:
    clock = Clock()
    limiter = Limiter(clock.now, clock.sleep)
    start = clock.now()
    for route in (ROUTE, "GET issue"):
        limiter.wait(route)
    limiter.close(ROUTE, 100, "jira-burst-based")
    limiter.wait("GET issue")
    assert clock.now() < start + 1
    limiter.wait(ROUTE)
    assert clock.now() >= start + 100
    limiter.close(ROUTE, 200, "jira-quota-tenant-based")
    limiter.wait("GET issue")
    assert clock.now() >= start + 300


def test_who_waits_already_waits_on_when_the_route_is_closed() -> None:
    clock = Clock()
    limiter = Limiter(clock.now, clock.sleep)
    for _ in range(12):
        limiter.wait(ROUTE)
    until = clock.now() + 50
    plain_sleep = clock.sleep

    def sleep(seconds: float) -> None:
        if until - clock.now() > 49.9:  # another worker is refused meanwhile
            limiter.close(ROUTE, until - clock.now(), "")
        plain_sleep(seconds)

    limiter.sleep = sleep
    limiter.wait(ROUTE)
    assert clock.now() >= until


@pytest.mark.parametrize(("kind", "form"), [("cloud", "http_date"), ("datacenter", "float")])
def test_nothing_is_sent_before_it_may_be(kind: Kind, form: RetryAfter) -> None:
    """In real time, from several workers: after a refusal the route is left alone as long as was asked."""
    with JiraStandIn(kind) as jira:
        jira.faults.rate_limit, jira.faults.rate_burst, jira.faults.retry_after = 4.0, 1, form
        jira.faults.retry_after_seconds, jira.faults.early_retry_lengthens = 0.9, True
        clock = Clock()
        connection = connect(jira, clock)
        connection.limiter.now, connection.limiter.sleep = time.monotonic, time.sleep
        started = [threading.Thread(target=connection.get, args=("/rest/api/2/myself",)) for _ in range(3)]
        for one in started:
            one.start()
        for one in started:
            one.join()
    asked = [one for one in jira.requests if one.route == "myself"]
    assert [one.status for one in asked].count(200) == 3
    for number, refused in enumerate(asked):
        later = [other.at - refused.at for other in asked[number + 1 :]] if refused.status == 429 else []
        assert not [gap for gap in later if 0.2 < gap < 0.9]  # the other workers' may be under way already
    assert len(asked) <= 10
