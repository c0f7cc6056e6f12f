"""Forecasts of a month's share: by eye, by laws, by SciPy where it knows the answer, and against the desk's own past."""

from collections.abc import Iterator
from dataclasses import astuple
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from few_tickets import cells
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from analysis.forecast import (
    LOG_PRIOR,
    POOLED,
    SPREADS,
    STEPS,
    Forecast,
    Weeks,
    back_test,
    drift_counts,
    forecast,
    interval,
    no_change_counts,
)

LAW = settings(max_examples=40, deadline=None)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Such small matrices only wait for a second thread where other tests run beside these."""
    with threadpool_limits(1, "blas"):
        yield


def desk(told: str) -> list[tuple[int, int]]:
    """`30x8/10 2x0/0`: thirty weeks with 8 of 10, two without any. `40x4..9/10`: rising evenly from 4 to 9 of 10."""
    weeks: list[tuple[int, int]] = []
    for part in told.split():
        times, _, counts = part.partition("x")
        ks, _, n = counts.partition("/")
        first, _, last = ks.partition("..")
        weeks += [(round(k), int(n)) for k in np.linspace(int(first), int(last or first), int(times))]
    return weeks


def known(told: Forecast) -> tuple[float, float, float, float]:
    """Chance, low, mean, high of a forecast that has them."""
    assert told.needs is None
    assert told.chance is not None and told.low is not None and told.mean is not None and told.high is not None
    return told.chance, told.low, told.mean, told.high


def within(told: str, value: float) -> bool:
    """Whether a value lies in `0.1..0.3`, or is `0.8`."""
    low, _, high = told.partition("..")
    return float(low) - 1e-9 <= value <= float(high or low) + 1e-9


# desk | weeks until | weeks to come | done | chance of 80 % | mean | model
BY_EYE = """
30x9/10                | 4  | 4 | 0/0   | 0.97..1    | 0.88..0.91 | no change
30x8/10                | 4  | 4 | 0/0   | 0.40..0.60 | 0.79..0.81 | no change
30x6/10                | 4  | 4 | 0/0   | 0..0.02    | 0.59..0.61 | no change
30x16/20               | 0  | 4 | 0/0   | 0.40..0.60 | 0.79..0.81 | no change
60x36..4/40            | 8  | 4 | 0/0   | 0..0.01    | 0.05..0.15 | drift
60x4..36/40            | 8  | 4 | 0/0   | 0.70..0.90 | 0.83..0.90 | drift
30x20/20               | 4  | 4 | 0/0   | 0.99..1    | 0.98..1    | no change
30x0/20                | 4  | 4 | 0/0   | 0..0.01    | 0..0.02    | no change
30x8/10 2x0/0          | 4  | 4 | 0/0   | 0.35..0.60 | 0.79..0.81 | no change
30x8/10                | 0  | 2 | 20/20 | 0.95..1    | 0.89..0.91 | no change
30x8/10                | 0  | 2 | 10/20 | 0..0.05    | 0.64..0.66 | no change
30x8/10                | 0  | 1 | 80/80 | 1          | 0.97..0.99 | no change
30x8/10                | 0  | 1 | 40/80 | 0          | 0.52..0.55 | no change
30x8/10                | 0  | 0 | 32/40 | 1          | 0.8        | none
30x8/10                | 0  | 0 | 31/40 | 0          | 0.775      | none
30x8/10 8x0/0          | 0  | 2 | 9/10  | 1          | 0.9        | none
3x2/4                  | 0  | 0 | 3/4   | 0          | 0.75       | none
8x10/10                | 4  | 4 | 0/0   | 0.95..1    | 0.97..1    | no change
"""


@pytest.mark.parametrize(("weeks", "until", "to_come", "done", "chance", "mean", "model"), cells(BY_EYE))
def test_forecasts_checkable_by_eye(
    weeks: str, until: str, to_come: str, done: str, chance: str, mean: str, model: str
) -> None:
    k, _, n = done.partition("/")
    told = forecast(desk(weeks), int(until), int(to_come), 0.8, (int(k), int(n)))
    assert told.model == model
    assert within(chance, known(told)[0]), told
    assert within(mean, known(told)[2]), told


# desk | done | expected per week | rate needed in the two weeks to come for 80 %
NEEDED = """
30x8/10       | 0/0    | -   | 0.8
30x8/10       | 16/20  | -   | 0.8
30x8/10       | 20/20  | -   | 0.6
30x8/10       | 14/20  | -   | 0.9
30x8/10       | 12/20  | -   | 1.0
30x8/10       | 11/20  | -   | none
30x8/10       | 40/40  | -   | 0.4
30x8/10       | 90/90  | -   | 0.0
30x8/10       | 14/20  | 20  | 0.85
30x8/10       | 14/20  | 0.5 | none
30x8/10       | 14/20  | 0   | none
30x8/10       | 14/20  | 1e3 | 0.801
30x8/10 4x0/0 | 8/10   | -   | 0.8
3x2/4         | 7/10   | 5   | 0.9
"""


@pytest.mark.parametrize(("weeks", "done", "expected", "rate"), cells(NEEDED))
def test_the_rate_needed_from_now_on(weeks: str, done: str, expected: str, rate: str) -> None:
    k, _, n = done.partition("/")
    a_week = None if expected == "-" else float(expected)
    told = forecast(desk(weeks), 0, 2, 0.8, (int(k), int(n)), a_week).rate_needed
    assert told == (None if rate == "none" else pytest.approx(float(rate)))


# desk | what is missing
MISSING = """
       | tickets in that month: none is resolved so far and none is expected
30x0/0 | tickets in that month: none is resolved so far and none is expected
7x9/10 | 1 more weeks with resolved tickets
9x3/4  | 4 more resolved tickets
3x2/4  | 5 more weeks with resolved tickets and 28 more resolved tickets
"""


@pytest.mark.parametrize(("weeks", "missing"), cells(MISSING))
def test_too_little_history_says_what_is_missing(weeks: str, missing: str) -> None:
    told = forecast(desk(weeks), 4, 4, 0.8)
    assert told.needs == missing
    assert (told.model, *astuple(told)[1:5], told.back_test) == ("none", None, None, None, None, None)
    assert told.rate_needed == (None if "month" in missing else pytest.approx(0.8))


def test_history_is_enough_from_eight_weeks_with_counts_and_forty_resolved() -> None:
    assert forecast(desk("8x4/5"), 4, 4, 0.8).needs is None
    assert forecast(desk("4x4/5 9x0/0 4x4/5"), 4, 4, 0.8).needs is None
    assert forecast(desk("4x4/5 9x0/0 3x4/5"), 4, 4, 0.8).needs is not None


# weeks | until | to come | target | done | expected
BAD = """
3x2/4 | 0  | 1  | 0.8 | 5/4  | 9
3x5/4 | 0  | 1  | 0.8 | 0/0  | 9
3x2/4 | -1 | 1  | 0.8 | 0/0  | 9
3x2/4 | 0  | -1 | 0.8 | 0/0  | 9
3x2/4 | 0  | 1  | 80  | 0/0  | 9
3x2/4 | 0  | 1  | nan | 0/0  | 9
3x2/4 | 0  | 1  | 0.8 | -1/4 | 9
3x2/4 | 0  | 1  | 0.8 | 0/0  | -1
3x2/4 | 0  | 1  | 0.8 | 0/0  | inf
"""


@pytest.mark.parametrize(("weeks", "until", "to_come", "target", "done", "expected"), cells(BAD))
def test_arguments_that_make_no_sense_are_refused(
    weeks: str, until: str, to_come: str, target: str, done: str, expected: str
) -> None:
    k, _, n = done.partition("/")
    with pytest.raises(ValueError, match=r"week|target"):
        forecast(desk(weeks), int(until), int(to_come), float(target), (int(k), int(n)), float(expected))


# -- the desk's own past -------------------------------------------------------------------------------------

# desk | horizon | which is better
PAST = """
60x8/10             | 4 | no change
60x30/40            | 8 | no change
40x15..17/20        | 4 | no change
90x8..36/40         | 8 | drift
90x36..8/40         | 4 | drift
40x8/20 40x18/20    | 0 | drift
60x4..36/40 6x0/0   | 4 | drift
"""


@pytest.mark.parametrize(("weeks", "horizon", "better"), cells(PAST))
def test_drift_is_kept_only_where_the_past_drifted(weeks: str, horizon: str, better: str) -> None:
    tested = back_test(desk(weeks), int(horizon))
    assert tested is not None
    assert tested.horizon == int(horizon)
    assert (tested.drift > tested.no_change) == (better == "drift")
    told = forecast(desk(weeks), int(horizon), 4, 0.8, expected_per_week=20)
    assert (told.model, told.back_test) == (better, tested)


# desk | horizon | windows (eight weeks to go by, the gap, four of the window, and one window for each week more)
WINDOWS = """
11x8/10              | 0  | -
12x8/10              | 0  | 1
13x8/10              | 0  | 2
13x8/10              | 1  | 1
13x8/10              | 2  | -
35x8/10              | 0  | 24
36x8/10              | 0  | 13
100x8/10             | 10 | 20
12x8/10 8x0/0        | 2  | 2
12x8/10 8x0/0        | 4  | -
8x0/0 12x8/10        | 0  | 1
"""


@pytest.mark.parametrize(("weeks", "horizon", "n"), cells(WINDOWS))
def test_windows_of_the_past(weeks: str, horizon: str, n: str) -> None:
    tested = back_test(desk(weeks), int(horizon))
    assert (tested.n if tested else "-") == (n if n == "-" else int(n))


def test_one_window_by_hand() -> None:
    """Eight weeks known, two skipped, then four with 30 of 40."""
    weeks = desk("8x8/10 2x1/10 2x7/10 2x8/10")
    tested, sizes = back_test(weeks, 2), [10, 10, 10, 10]
    scores = [np.log(counts[30]) for counts in (drift_counts(weeks[:8], 2, sizes), no_change_counts(weeks[:8], sizes))]
    assert tested is not None
    assert astuple(tested) == pytest.approx((2, 1, *scores))


def test_a_past_too_short_for_the_horizon_is_tested_at_a_shorter_one() -> None:
    told = forecast(desk("30x8/10"), 22, 4, 0.8)
    assert told.back_test is not None
    assert (told.back_test.horizon, told.back_test.n) == (9, 10)
    assert forecast(desk("11x8/10"), 22, 4, 0.8).back_test is None
    assert forecast(desk("11x2..9/10"), 22, 4, 0.8).model == "no change", "drift has not shown that it is better"


# -- laws ----------------------------------------------------------------------------------------------------

one_week = st.integers(0, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
histories = st.lists(one_week, min_size=8, max_size=24)
futures = st.lists(st.integers(0, 25), min_size=1, max_size=5).filter(any)


@LAW
@example([(0, 5)] * 8, 0, 1, 0.0, (0, 0))
@example([(5, 5)] * 8, 30, 5, 1.0, (0, 0))
@given(histories, st.integers(0, 30), st.integers(0, 5), st.floats(0, 1), one_week)
def test_chances_are_chances_and_the_mean_lies_in_the_interval(
    weeks: Weeks, until: int, to_come: int, target: float, done: tuple[int, int]
) -> None:
    told = forecast(weeks, until, to_come, target, done)
    assert told == forecast(weeks, until, to_come, target, done), "nothing is random"
    if told.needs is None:
        chance, low, mean, high = known(told)
        assert 0 <= chance <= 1
        assert 0 <= low <= mean <= high <= 1
        if told.model != "none":
            assert (chance > 0) <= (told.rate_needed is not None), "what can't be reached has no chance"


@LAW
@given(histories, st.integers(0, 30), futures)
def test_success_and_failure_mirror_each_other(weeks: Weeks, until: int, sizes: list[int]) -> None:
    mirrored = [(n - k, n) for k, n in weeks]
    for mine, other in (
        (drift_counts(weeks, until, sizes), drift_counts(mirrored, until, sizes)),
        (no_change_counts(weeks, sizes), no_change_counts(mirrored, sizes)),
    ):
        assert mine.sum() == pytest.approx(1)
        assert mine == pytest.approx(other[::-1], abs=1e-9)
        low, high = interval(mine)
        assert (low, high) == pytest.approx([sum(sizes) - end for end in reversed(interval(other))], abs=1e-5)


@LAW
@given(histories, futures, st.randoms())
def test_the_order_of_weeks_is_nothing_to_no_change(weeks: Weeks, sizes: list[int], random: Random) -> None:
    shuffled = list(weeks)
    random.shuffle(shuffled)
    assert len(weeks) <= POOLED
    assert no_change_counts(shuffled, sizes) == pytest.approx(no_change_counts(weeks, sizes), abs=1e-9)


def test_the_order_of_weeks_matters_to_drift() -> None:
    rising, falling = desk("40x4..16/20"), desk("40x16..4/20")
    means = [drift_counts(weeks, 4, [20, 20]) @ np.arange(41) / 40 for weeks in (falling, rising)]
    assert means[0] < 0.35 < 0.65 < means[1]


def test_no_change_looks_at_the_last_26_weeks_alone() -> None:
    assert no_change_counts(desk("50x1/9 26x8/10"), [10]) == pytest.approx(no_change_counts(desk("26x8/10"), [10]))


def better(weeks: Weeks, place: int) -> list[tuple[int, int]]:
    """One more success in one week, if there is room."""
    return [(min(k + (week == place), n), n) for week, (k, n) in enumerate(weeks)]


@LAW
@given(histories, st.integers(0, 23), st.integers(0, 30), futures, st.sampled_from(STEPS), st.sampled_from(SPREADS))
def test_one_more_success_never_lowers_any_chance_where_walk_and_spread_are_known(
    weeks: Weeks, place: int, until: int, sizes: list[int], step: float, spread: float
) -> None:
    alone = np.full(LOG_PRIOR.shape, -np.inf)
    alone[STEPS.index(step), SPREADS.index(spread)] = 0
    before, after = (drift_counts(one, until, sizes, alone) for one in (weeks, better(weeks, place)))
    assert (np.cumsum(after) <= np.cumsum(before) + 1e-9).all()


@LAW
@given(st.integers(0, 30), st.integers(0, 23), st.integers(0, 30), st.data())
def test_one_more_success_hardly_lowers_a_chance_where_they_are_learned(
    n: int, place: int, until: int, data: st.DataObject
) -> None:
    """A week that stands out makes the next ones less certain; on a desk without such weeks that is little."""
    weeks = [(data.draw(st.integers(n * 6 // 10, n * 9 // 10)), n) for _ in range(24)]
    more, sizes = better(weeks, place), [n + 1] * 4
    for before, after in (
        (drift_counts(weeks, until, sizes), drift_counts(more, until, sizes)),
        (no_change_counts(weeks, sizes), no_change_counts(more, sizes)),
    ):
        assert (np.cumsum(after) <= np.cumsum(before) + 0.03).all()


@LAW
@given(
    histories,
    st.integers(0, 20),
    futures,
    st.integers(1, LOG_PRIOR.shape[0] - 1),
    st.integers(0, LOG_PRIOR.shape[1] - 1),
)
def test_farther_off_is_less_certain(weeks: Weeks, until: int, sizes: list[int], step: int, spread: int) -> None:
    """By the spread of the rate: where no walk is possible none is added, otherwise the uniform angle is approached.

    The latter holds for each of the models; of their average it need not, for their errors may cancel for a while.
    """
    still = LOG_PRIOR.copy()
    still[1:] = -np.inf
    assert drift_counts(weeks, until, sizes, still) == pytest.approx(drift_counts(weeks, 0, sizes, still), abs=1e-9)
    one = np.full_like(LOG_PRIOR, -np.inf)
    one[step, spread] = 0.0
    uniform = drift_counts([], 0, sizes, one)
    far = [abs(drift_counts(weeks, until + more, sizes, one) - uniform).sum() for more in (0, 40, 4000)]
    assert all(later <= sooner + 1e-9 for sooner, later in pairwise(far))


# -- what SciPy knows ----------------------------------------------------------------------------------------


@LAW
@given(histories, st.integers(0, 12), st.integers(1, 40))
def test_without_walk_and_spread_it_is_the_beta_binomial_of_scipy(weeks: Weeks, until: int, size: int) -> None:
    alone = np.full(LOG_PRIOR.shape, -np.inf)
    alone[0, 0] = 0
    k, n = (sum(week[side] for week in weeks) for side in (0, 1))
    wanted = betabinom(size, k + 0.5, n - k + 0.5).pmf(np.arange(size + 1))
    assert drift_counts(weeks, until, [size], alone) == pytest.approx(wanted, abs=1e-3)
    assert drift_counts(weeks, until, [size // 2, size - size // 2], alone) == pytest.approx(wanted, abs=1e-3)


@LAW
@example(1, 0.5)
@example(1, 0.95)
@given(st.integers(1, 200), st.floats(0.02, 0.98))
def test_a_count_is_inside_by_its_middle_rank(size: int, rate: float) -> None:
    """Held against the binomial of SciPy; ends are never outside of what is possible."""
    counts = binom(size, rate).pmf(np.arange(size + 1))
    low, high = interval(counts)
    assert 0 <= low <= high <= size
    rank = np.cumsum(counts) - counts / 2
    inside = (np.arange(1, size) >= low) & (np.arange(1, size) <= high)
    near = np.minimum(abs(rank - 0.1), abs(rank - 0.9))[1:-1] < 1e-9
    assert (inside == ((rank >= 0.1) & (rank <= 0.9))[1:-1])[~near].all()


def test_intervals_hold_four_fifths_on_average_over_rates() -> None:
    held = []
    for rate in np.linspace(0.3, 0.95, 400):
        counts = binom(40, rate).pmf(np.arange(41))
        low, high = interval(counts)
        held.append(counts[(np.arange(41) >= low) & (np.arange(41) <= high)].sum())
    assert np.mean(held) == pytest.approx(0.8, abs=0.01)


def test_large_desks_and_contradictory_weeks_stay_finite() -> None:
    for told in (forecast(desk("14x270/300 1x0/300"), 4, 1, 0.8), forecast(desk("9x60/60 9x0/60"), 4, 4, 0.8)):
        assert np.isfinite(known(told)).all()
