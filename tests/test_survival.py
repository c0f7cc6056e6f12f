"""Time until an event, with some still open: by hand, by laws, and as other ways of counting have it.

Tables tell a ticket as its hours and what ended it: `3+` is still open at 3, `3a` ended by cause a, `3` by any.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from few_tickets import cells
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import CensoredData, ecdf

from analysis.survival import Curve, Estimate, Incidence, aalen_johansen, kaplan_meier, quantile

LAW = settings(max_examples=60, deadline=None)
Z = 1.959963984540054
CAUSES = "+abc"

Told = list[tuple[float, int]]  # hours, cause
ties = st.lists(st.tuples(st.integers(0, 9).map(float), st.integers(0, 3)), max_size=40)
scattered = st.lists(st.tuples(st.floats(0, 1e4), st.integers(0, 3)), max_size=40)
tickets = ties | scattered
closed = st.lists(st.tuples(st.integers(0, 9).map(float), st.integers(1, 3)), min_size=1, max_size=40)


def read(told: str) -> Told:
    return [(float(one.rstrip(CAUSES)), CAUSES.find(one[-1]) if one[-1] in CAUSES else 1) for one in told.split()]


def survival(told: Told) -> Curve:
    return kaplan_meier([hours for hours, _ in told], np.array([cause > 0 for _, cause in told], bool))


def incidence(told: Told) -> dict[int, Incidence]:
    return aalen_johansen([hours for hours, _ in told], np.array([cause for _, cause in told], int))


def close(left: NDArray[np.float64], right: Sequence[float] | NDArray[np.float64], tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance)


# tickets | time, at risk, events, share still open; and so on
SURVIVAL = """
1 2 2 4                       | 1 4 1 3/4, 2 3 2 1/4, 4 1 1 0
1 1 2+ 3 3+ 4 5+              | 1 7 2 5/7, 3 4 1 15/28, 4 2 1 15/56
5+ 4 3+ 3 2+ 1 1              | 1 7 2 5/7, 3 4 1 15/28, 4 2 1 15/56
3 3+                          | 3 2 1 1/2
3+ 3 3+ 3 4                   | 3 5 2 3/5, 4 1 1 0
0 0+ 1                        | 0 3 1 2/3, 1 1 1 0
0 0 0                         | 0 3 3 0
5                             | 5 1 1 0
5+                            |
1+ 2+ 2+                      |
                              |
"""


@pytest.mark.parametrize(("told", "rows"), cells(SURVIVAL))
def test_the_share_still_open_by_hand(told: str, rows: str) -> None:
    curve = survival(read(told))
    wanted = [row.split() for row in rows.split(",") if row]
    assert list(zip(curve.times, curve.at_risk, curve.events, strict=True)) == [
        (float(time), int(at_risk), int(events)) for time, at_risk, events, _ in wanted
    ]
    close(curve.value, [float(Fraction(share)) for *_, share in wanted])


# Remission in weeks of 21 patients given 6-MP (Freireich et al. 1963, Blood 21, 699–716), the textbooks' example
REMISSION = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
# time | at risk | events | share, low, high, as printed by lifelines 0.30.3 (of KM it leaves ties alone)
REMITTED = """
6  | 21 | 3 | 0.8571 0.6197 0.9516
7  | 17 | 1 | 0.8067 0.5631 0.9228
10 | 15 | 1 | 0.7529 0.5032 0.8894
13 | 12 | 1 | 0.6902 0.4316 0.8491
16 | 11 | 1 | 0.6275 0.3675 0.8049
22 | 7  | 1 | 0.5378 0.2678 0.7468
23 | 6  | 1 | 0.4482 0.1881 0.6801
"""


def test_the_leukaemia_trial_of_the_textbooks() -> None:
    curve = survival(read(REMISSION))
    rows = zip(curve.times, curve.at_risk, curve.events, curve.value, curve.low, curve.high, strict=True)
    found = [[f"{t:g}", f"{n}", f"{d}", f"{value:.4f} {low:.4f} {high:.4f}"] for t, n, d, value, low, high in rows]
    assert found == cells(REMITTED)
    assert quantile(curve, 0.5) == Estimate(23.0, 13.0, None)


def test_bounds_of_the_share_still_open_by_hand() -> None:
    """One of two resolved: Greenwood's sum is 1 / (2 · 1). At 0 there is none, and the bound before still holds."""
    curve = survival(read("1 2"))
    width = Z * math.sqrt(1 / 2) / math.log(2)
    close(curve.low, [0.5 ** math.exp(width), 0])
    close(curve.high, [0.5 ** math.exp(-width), 0.5 ** math.exp(-width)])


@pytest.mark.parametrize("told", ["5", "0 0 0"])
def test_where_all_end_at_once_the_bounds_say_nothing(told: str) -> None:
    curve = survival(read(told))
    assert (curve.value.tolist(), curve.low.tolist(), curve.high.tolist()) == ([0], [0], [1])
    (only,) = incidence(read(told)).values()
    assert (only.value.tolist(), only.low.tolist(), only.high.tolist()) == ([1], [0], [1])


# tickets | q | time
QUANTILES = """
1 2 3 4                   | 0.5  | 2
1 2 3 4                   | 0.51 | 3
1 2 3 4                   | 1    | 4
1 2 3 4 5 6 7 8 9 10      | 0.9  | 9
1 2 3 4 5 6 7 8 9 10      | 0.3  | 3
1 2 3 4 5 6 7 8 9 10+     | 0.9  | 9
1 2 3 4 5 6 7 8 9+ 10+    | 0.9  | none
1 2 2 4                   | 0.5  | 2
0 0 5                     | 0.5  | 0
3 3+                      | 0.5  | 3
3 3+                      | 0.51 | none
1+ 2+                     | 0.5  | none
                          | 0.5  | none
"""


@pytest.mark.parametrize(("told", "q", "time"), cells(QUANTILES))
def test_the_time_by_which_a_share_is_resolved_by_hand(told: str, q: str, time: str) -> None:
    assert quantile(survival(read(told)), float(q)).value == (None if time == "none" else float(time))


def test_the_interval_of_a_median_is_where_the_bounds_cross_the_half() -> None:
    """Read off by eye: the lower bound falls to a half at 2, the share itself at 3, the upper bound at 5 or never."""
    times = np.array([1.0, 2, 3, 4, 5])
    counts = np.ones(5, np.int64)
    share, low = np.array([0.9, 0.7, 0.5, 0.4, 0.2]), np.array([0.6, 0.5, 0.3, 0.2, 0.1])
    reached, short = np.array([0.99, 0.9, 0.8, 0.7, 0.45]), np.array([0.99, 0.9, 0.8, 0.7, 0.6])
    assert quantile(Curve(times, counts, counts, share, low, reached), 0.5) == Estimate(3.0, 2.0, 5.0)
    assert quantile(Curve(times, counts, counts, share, low, short), 0.5) == Estimate(3.0, 2.0, None)
    assert quantile(Curve(times, counts, counts, share, low, short), 0.9) == Estimate(None, 5.0, None)


@pytest.mark.parametrize("q", [0.0, -0.1, 1.01, math.nan])
def test_a_share_that_is_none_has_no_time(q: float) -> None:
    with pytest.raises(ValueError, match="q must be above 0"):
        quantile(survival(read("1 2")), q)


# tickets | time, at risk, share still open, share by a, by b; and so on
INCIDENCE = """
1a 1b 2+ 3a                | 1 4 1/2 1/4 1/4, 3 1 0 3/4 1/4
1a 2b 3a 4b                | 1 4 3/4 1/4 0, 2 3 1/2 1/4 1/4, 3 2 1/4 1/2 1/4, 4 1 0 1/2 1/2
1a 2+ 3b 4+                | 1 4 3/4 1/4 0, 3 2 3/8 1/4 3/8
2a 2b 2+ 2+ 3a 3b          | 2 6 2/3 1/6 1/6, 3 2 0 1/2 1/2
0a 0a 0b 0+ 0+ 1b          | 0 6 1/2 1/3 1/6, 1 1 0 1/3 2/3
1+ 2a 2a 2b 2b 2b 9+ 9+    | 2 7 2/7 2/7 3/7
"""


@pytest.mark.parametrize(("told", "rows"), cells(INCIDENCE))
def test_the_share_by_each_cause_by_hand(told: str, rows: str) -> None:
    found, curve = incidence(read(told)), survival(read(told))
    wanted = [row.split() for row in rows.split(",")]
    assert sorted(found) == [1, 2]
    for one in found.values():
        assert list(zip(one.times, one.at_risk, strict=True)) == [(float(row[0]), int(row[1])) for row in wanted]
    for shares, column in ((curve.value, 2), (found[1].value, 3), (found[2].value, 4)):
        close(shares, [float(Fraction(row[column])) for row in wanted])


@pytest.mark.parametrize("told", ["", "5+", "1+ 2+ 2+"])
def test_without_an_event_there_is_no_cause(told: str) -> None:
    assert incidence(read(told)) == {}


def test_causes_that_never_came_about_are_left_out() -> None:
    assert list(incidence(read("1c 2a 3+"))) == [1, 3]


def test_variance_and_bounds_of_a_share_by_cause_by_hand() -> None:
    """One of two by cause a, then the other by b: the binomial's ½ · ½ / 2, and bounds about log(-log ½)."""
    one, other = incidence(read("1a 2b")).values()
    close(one.variance, [1 / 8, 1 / 8])
    close(other.variance, [0, 1 / 8])
    width = Z * math.sqrt(1 / 8) / (0.5 * math.log(2))
    close(one.low, [0.5 ** math.exp(width)] * 2)
    close(one.high, [0.5 ** math.exp(-width)] * 2)


def test_a_cause_not_seen_yet_is_not_taken_for_impossible() -> None:
    """Of 100 none by cause b: the exact upper bound is 1 - 0.025^(1/100), about 3.6 in 100."""
    other = incidence([(1.0, 1), (2.0, 2), *[(3.0, 0)] * 98])[2]
    assert (other.value[0], other.low[0]) == (0, 0)
    assert other.high[0] == pytest.approx(0.0362, abs=1e-4)


def test_where_a_lone_cause_has_come_about_for_all_the_lower_bound_is_the_one_before() -> None:
    (only,) = incidence(read("1a 2a 3a 4+ 5a")).values()
    assert (only.value[-1], only.high[-1]) == (1, 1)
    assert only.variance[-1] == pytest.approx(0)
    assert 0 < only.low[-1] == only.low[-2] < only.value[-2]


@pytest.mark.parametrize(
    ("hours", "still_open"), [(0, 1), (0.99, 1), (1, 5 / 7), (2, 5 / 7), (3, 15 / 28), (99, 15 / 56)]
)
def test_curves_step_at_their_times_and_stay_to_the_right(hours: float, still_open: float) -> None:
    told = read("1 1 2+ 3 3+ 4 5+")
    assert survival(told).at(hours) == pytest.approx(still_open)
    assert incidence(told)[1].at(hours) == pytest.approx(1 - still_open)


def test_a_time_that_is_no_number_has_no_share() -> None:
    for at in (survival(read("1 2")).at, incidence(read("1a 2b"))[1].at):
        with pytest.raises(ValueError, match="number of hours"):
            at(math.nan)


def test_an_empty_curve_says_that_all_are_open() -> None:
    for told in ("", "1+ 2+"):
        curve = survival(read(told))
        assert (curve.at(0), curve.at(99)) == (1, 1)
        assert quantile(curve, 0.9) == Estimate(None, None, None)


@pytest.mark.parametrize("hours", [-0.1, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("count", [kaplan_meier, aalen_johansen])
def test_durations_that_can_not_be_are_refused_and_counted(count: Callable[..., object], hours: float) -> None:
    with pytest.raises(ValueError, match="finite and not negative: 2 of 3 are not"):
        count([1.0, hours, hours], [True, True, False] if count is kaplan_meier else [1, 2, 0])


WRONG: list[tuple[Callable[..., object], object, object, str]] = [
    (kaplan_meier, [1.0, 2.0], [True], "as many labels"),
    (kaplan_meier, [], [True], "as many labels"),
    (kaplan_meier, [1.0, 2.0], [0, 2], "must be bools"),  # causes where flags belong
    (kaplan_meier, [1.0, 2.0], [True, None], "must be bools"),
    (kaplan_meier, [[1.0], [2.0]], [[True], [True]], "flat list"),
    (kaplan_meier, np.array([1, 2], "timedelta64[s]"), [True, True], "flat list"),
    (kaplan_meier, ["1", "2"], [True, True], "flat list"),
    (aalen_johansen, [1.0], [1, 2], "as many labels"),
    (aalen_johansen, [1.0, 2.0], [0, -1], "0 or above"),
    (aalen_johansen, [1.0, 2.0], [0.0, 1.5], "must be ints"),
    (aalen_johansen, [1.0, 2.0], [0, None], "must be ints"),
]


@pytest.mark.parametrize(("count", "durations", "labels", "message"), WRONG)
def test_what_is_no_list_of_tickets_is_refused(
    count: Callable[..., object], durations: object, labels: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        count(durations, labels)


@LAW
@given(tickets)
def test_the_share_still_open_only_falls_and_stays_a_share(told: Told) -> None:
    curve = survival(told)
    assert (np.diff(curve.times) > 0).all()
    assert (np.diff(curve.value, prepend=1.0) < 0).all()
    assert ((curve.low >= 0) & (curve.low <= curve.value)).all()
    assert ((curve.value <= curve.high) & (curve.high <= 1)).all()


@LAW
@given(tickets)
def test_shares_by_cause_only_rise_and_stay_shares(told: Told) -> None:
    for one in incidence(told).values():
        assert (np.diff(one.value, prepend=0.0) >= 0).all()
        assert ((one.low >= 0) & (one.low <= one.value)).all()
        assert ((one.value <= one.high) & (one.high <= 1)).all()
        assert (one.variance >= 0).all()


@LAW
@given(tickets)
def test_open_and_all_causes_are_everyone(told: Told) -> None:
    curve, found = survival(told), incidence(told)
    close(curve.value + sum(one.value for one in found.values()), np.ones(len(curve.times)))
    for one in found.values():
        assert one.times.tolist() == curve.times.tolist()
        assert one.at_risk.tolist() == curve.at_risk.tolist()
    assert sum(one.events for one in found.values()) == pytest.approx(curve.events)


@LAW
@given(closed)
def test_where_none_is_open_shares_are_counted_and_vary_as_the_binomial_does(told: Told) -> None:
    n, curve = len(told), survival(told)
    close(curve.value, [sum(hours > time for hours, _ in told) / n for time in curve.times])
    for cause, one in incidence(told).items():
        share = np.array([sum(hours <= time and why == cause for hours, why in told) / n for time in one.times])
        close(one.value, share)
        close(one.variance, share * (1 - share) / n)


@LAW
@given(closed, st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9, 1.0]))
def test_where_none_is_open_quantiles_are_those_of_the_sorted_hours(told: Told, q: float) -> None:
    needed = math.ceil(Fraction(str(q)) * len(told))
    assert quantile(survival(told), q).value == sorted(hours for hours, _ in told)[needed - 1]


@LAW
@given(tickets, st.floats(0.01, 1))
def test_the_interval_of_a_quantile_contains_it(told: Told, q: float) -> None:
    found = quantile(survival(told), q)
    low, value, high = (math.inf if one is None else one for one in (found.low, found.value, found.high))
    assert low <= value <= high


@LAW
@given(tickets, st.randoms())
def test_the_order_of_tickets_is_nothing_to_any_of_it(told: Told, random: Random) -> None:
    shuffled = list(told)
    random.shuffle(shuffled)
    pairs: list[tuple[Curve | Incidence, Curve | Incidence]] = [(survival(told), survival(shuffled))]
    pairs += zip(incidence(told).values(), incidence(shuffled).values(), strict=True)
    for one, other in pairs:
        for name, values in vars(one).items():
            assert values.tolist() == vars(other)[name].tolist(), name


@LAW
@given(tickets)
def test_one_cause_for_all_leaves_what_is_still_open(told: Told) -> None:
    told = [(hours, min(cause, 1)) for hours, cause in told]
    for one in incidence(told).values():
        close(one.value, 1 - survival(told).value)


@LAW
@given(tickets, st.sampled_from([0.25, 2.0, 1024.0]))
def test_another_unit_of_time_moves_times_only(told: Told, factor: float) -> None:
    told = [(round(hours, 3), cause) for hours, cause in told]  # so that none underflows
    one, other = survival(told), survival([(hours * factor, cause) for hours, cause in told])
    assert (one.times * factor).tolist() == other.times.tolist()
    assert (one.value.tolist(), one.low.tolist(), one.high.tolist()) == (
        other.value.tolist(),
        other.low.tolist(),
        other.high.tolist(),
    )


@LAW
@given(tickets)
def test_who_leaves_open_hands_on_to_those_still_there(told: Told) -> None:
    """Efron's redistribution to the right (1967), in fractions, gives the same shares by cause."""
    weight, rest = {number: Fraction(1, len(told)) for number in range(len(told))}, range(len(told))
    for number in sorted((one for one in rest if told[one][1] == 0), key=lambda one: told[one][0]):
        heirs = [one for one in rest if told[one][0] > told[number][0]]
        for one in heirs:
            weight[one] += weight[number] / len(heirs)
        if heirs:
            weight[number] = Fraction(0)
    for cause, found in incidence(told).items():
        mine = [one for one in rest if told[one][1] == cause]
        close(found.value, [float(sum(weight[one] for one in mine if told[one][0] <= time)) for time in found.times])


@LAW
@given(tickets)
def test_variance_is_what_errors_carried_from_step_to_step_come_to(told: Told) -> None:
    """The covariance of (open, cause) is pushed through each step, where the events are multinomial draws."""
    for one, curve in ((one, survival(told)) for one in incidence(told).values()):
        state, spread, found = np.array([1.0, 0.0]), np.zeros((2, 2)), []
        for n, mine, every in zip(one.at_risk, one.events, curve.events, strict=True):
            h, all_h = mine / n, every / n
            step = np.array([[1 - all_h, 0], [h, 1]])
            drawn = np.array([[all_h * (1 - all_h), -h * (1 - all_h)], [-h * (1 - all_h), h * (1 - h)]]) / n
            spread = step @ spread @ step.T + state[0] ** 2 * drawn
            state = step @ state
            found.append(spread[1, 1])
        close(one.variance, found)


@LAW
@given(tickets)
def test_scipy_finds_the_same_share_and_bounds(told: Told) -> None:
    """As far as SciPy's bounds go: it has none where nobody is left, nor without an event."""
    curve = survival(told)
    if not len(curve.times):
        return
    lasting = [[hours for hours, cause in told if (cause > 0) is ended] for ended in (True, False)]
    theirs = ecdf(CensoredData(uncensored=lasting[0], right=lasting[1])).sf
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        bounds = theirs.confidence_interval(method="log-log")
    close(curve.value, theirs.evaluate(curve.times))
    left = curve.value > 0
    close(curve.low[left], bounds.low.evaluate(curve.times[left]))
    close(curve.high[left], bounds.high.evaluate(curve.times[left]))


UNTIED = read("1.5a 2b 3.25+ 4a 6a 7.5b 9+ 12a 15b 20a 26+ 31+")
# time | share, low, high, as printed by lifelines 0.30.3 for UNTIED
OPEN_BY_LIFELINES = """
2   | 0.8333333333333335 0.48171494219537864 0.955509365728065
7.5 | 0.5555555555555555 0.23690020773318007 0.7867014663875915
20  | 0.2222222222222222 0.03576579221499199 0.5070233102332102
"""
# cause | time | share, variance, low, high; its low is called upper and its high lower
CAUSES_BY_LIFELINES = """
1 | 4  | 0.17592592592592592 0.012843411827465328 0.027500435309355836 0.43159167191944997
1 | 12 | 0.3796296296296296 0.0230400281969212 0.11357659087324158 0.649691009614809
1 | 20 | 0.4907407407407407 0.025223384392623047 0.17634895809787857 0.7467640718544397
2 | 4  | 0.08333333333333334 0.006365740740740741 0.005052835478990737 0.3110704099899873
2 | 20 | 0.28703703703703703 0.020125076207895137 0.06639214241854104 0.5630448181981533
"""


@pytest.mark.parametrize(("time", "wanted"), cells(OPEN_BY_LIFELINES))
def test_lifelines_printed_the_same_share_still_open(time: str, wanted: str) -> None:
    curve = survival(UNTIED)
    place = curve.times.tolist().index(float(time))
    close(np.array([curve.value[place], curve.low[place], curve.high[place]]), [float(one) for one in wanted.split()])


@pytest.mark.parametrize(("cause", "time", "wanted"), cells(CAUSES_BY_LIFELINES))
def test_lifelines_printed_the_same_share_by_cause(cause: str, time: str, wanted: str) -> None:
    one = incidence(UNTIED)[int(cause)]
    place = one.times.tolist().index(float(time))
    found = np.array([one.value[place], one.variance[place], one.low[place], one.high[place]])
    close(found, [float(one) for one in wanted.split()])


def test_lifelines_where_it_is_installed_finds_the_same() -> None:
    """On untied tickets only: it moves tied times apart at random, and names the bounds by cause the wrong way round."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lifelines = pytest.importorskip("lifelines")
        random = np.random.default_rng(7)
        hours = [*random.exponential(50, 200).tolist(), 1e6]
        causes = [*random.choice([0, 0, 1, 2, 3], 200).tolist(), 0]
        told = list(zip(hours, causes, strict=True))
        curve, theirs = survival(told), lifelines.KaplanMeierFitter().fit(hours, [cause > 0 for cause in causes])
        close(curve.value, theirs.survival_function_.loc[curve.times].to_numpy()[:, 0])
        close(np.stack([curve.low, curve.high], axis=1), theirs.confidence_interval_.loc[curve.times].to_numpy())
        for cause, one in incidence(told).items():
            fitted = lifelines.AalenJohansenFitter().fit(hours, causes, event_of_interest=cause)
            close(one.value, fitted.cumulative_density_.loc[one.times].to_numpy()[:, 0])
            close(one.variance, fitted.variance_.loc[one.times].to_numpy())
            seen = one.value > 0
            bounds = fitted.confidence_interval_.loc[one.times[seen]].to_numpy()
            close(np.stack([one.low[seen], one.high[seen]], axis=1), bounds)


def test_intervals_hold_the_truth_about_as_often_as_they_claim() -> None:
    """600 trials of 60 tickets: two causes at rates of 2 and 1 in 100 hours, some still open when looked at."""
    random, rate = np.random.default_rng(20), 0.03
    held = []
    for _ in range(600):
        ended, looked_at = random.exponential(1 / rate, 60), random.uniform(10, 90, 60)
        causes = np.where(ended > looked_at, 0, random.choice([1, 1, 2], 60))
        hours = np.minimum(ended, looked_at)
        curve, one = kaplan_meier(hours, causes > 0), aalen_johansen(hours, causes)[2]
        now, by = (int(np.searchsorted(times, 30.0, side="right")) - 1 for times in (curve.times, one.times))
        still, share = math.exp(-rate * 30), (1 - math.exp(-rate * 30)) / 3
        median = quantile(curve, 0.5)
        held.append(
            (
                curve.low[now] <= still <= curve.high[now],
                one.low[by] <= share <= one.high[by],
                (median.low or 0) <= math.log(2) / rate <= (median.high or math.inf),
            )
        )
    assert np.mean(held, axis=0) == pytest.approx([0.95] * 3, abs=0.025)
