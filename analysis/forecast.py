"""How likely a coming month reaches its target share, from weekly counts so far: k without Tier 3 of n resolved.

DRIFT. The rate of week t is p_t = sin²(a_t); the angle a lies on 100 points between 0 and π/2. From week to week it
takes a random walk with standard deviation s, reflected at both ends: in continuous time a birth–death process, so m
weeks are exp(mQ) exactly, in closed form by cosines. Where nothing is known the angle is uniform, which is Jeffreys'
prior on the rate and stays so under the walk. Week t counts k_t ~ BetaBinomial(n_t, mean p_t, correlation r), r = 0
being binomial. Six s and four r are 24 such models; each is filtered forward exactly (sum over the grid), and all are
averaged by prior × likelihood of the weeks so far. The month's count is the sum of its weeks' counts while the rate
walks on: its distribution is exact on the grid, by Fourier transform over the count.

NO CHANGE. One rate for ever, Jeffreys' prior, the last 26 weeks pooled: the month's count is one beta-binomial.

WHICH. Both forecast windows of four weeks of the desk's own past, from the weeks before alone. Drift is kept if the mean
log probability that it gave to the counts that came is the higher one; otherwise, or without such a window, it is NO CHANGE.

INTERVAL. A count y is inside if P(Y < y) + P(Y = y)/2 lies in 0.1 to 0.9, both ends counting as inside: 80 % on average
over rates, where "at least 80 %" would be too wide for few tickets. It is widened to its mean where that lies outside.
Everything is in shares of 1, weeks and tickets; nothing is random. Bad arguments raise ValueError.

Sources: Kitagawa 1987 (filter on a grid); Karlin & McGregor 1957 (birth–death processes are totally positive: with s and r
fixed, one more success never lowers the chance); Hoeting et al. 1999 (averaging models); Gneiting & Raftery 2007 (log
score); Lancaster 1961 (mid-p); Smith 1979 for the steady model of which this is kin.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

Doubles = NDArray[np.float64]
Waves = NDArray[np.complex128]
Weeks = Sequence[tuple[int, int]]

N_POINTS = 100
STEPS = (0.0, 0.005, 0.01, 0.02, 0.04, 0.08)  # s, radians a week: near a rate of 0.8 times 0.8 is the rate's
STEP_PRIOR = np.ones(6) / 6
SPREADS = (0.0, 0.02, 0.05, 0.12)  # r, correlation of two tickets of one week beyond the rate
POOLED = 26  # weeks that NO CHANGE pools
LAST = 8  # weeks whose mean is what is expected
LEAST_WEEKS, LEAST_RESOLVED = 8, 40
WINDOW, MOST_WINDOWS = 4, 24
TAIL = 0.1
FLOOR = 1e-12  # no count is less likely than that, for the log score
ANGLES = (np.arange(N_POINTS) + 0.5) * (math.pi / 2 / N_POINTS)


@dataclass(frozen=True)
class BackTest:
    """Mean log probability of what came in `n` windows that began `horizon` weeks after the last week known."""

    horizon: int
    n: int
    drift: float
    no_change: float


@dataclass(frozen=True)
class Forecast:
    """A month's pooled share; all None where `needs` says what is missing. Model `none`: nothing had to be guessed."""

    model: Literal["drift", "no change", "none"]
    chance: float | None
    mean: float | None
    low: float | None
    high: float | None
    rate_needed: float | None
    back_test: BackTest | None
    needs: str | None


@dataclass(frozen=True)
class Filtered:
    """What DRIFT knows before each week, and after the last: shapes (weeks + 1, s, r, point) and (weeks + 1, s, r)."""

    points: Doubles
    log_evidence: Doubles


def forecast(
    weeks: Weeks,
    n_weeks_until: int,
    n_weeks: int,
    target: float,
    done: tuple[int, int] = (0, 0),
    expected_per_week: float | None = None,
) -> Forecast:
    """Chance, mean and 80 % interval of the share of a month of which `n_weeks` are still to come.

    `weeks` are (k, n), oldest first, empty ones as (0, 0); `n_weeks_until` weeks lie between the last of them and the
    first that is to come. `done` is (k, n) of the month so far; those weeks belong into `weeks` as well.
    `expected_per_week` is the mean of the last eight weeks unless given. The rate needed is that among the tickets still
    expected; None if even all of them would not do, or none is expected.
    """
    _check(weeks, n_weeks_until, n_weeks, target, done, expected_per_week)
    sizes = _sizes(weeks, n_weeks, expected_per_week)
    rate = _rate_needed(done, sum(sizes), target)
    needs = _needs(weeks, sum(sizes), done)
    if needs:
        return Forecast("none", None, None, None, None, rate, None, needs)
    if not sum(sizes):
        return _told("none", np.ones(1), done, target, rate, None)
    tested = back_test(weeks, min(n_weeks_until, _longest_horizon(weeks)))
    if tested and tested.drift > tested.no_change:
        return _told("drift", drift_counts(weeks, n_weeks_until, sizes), done, target, rate, tested)
    return _told("no change", no_change_counts(weeks, sizes), done, target, rate, tested)


def back_test(weeks: Weeks, horizon: int) -> BackTest | None:
    """Hold both models against the windows of four weeks that the desk has behind it; None if there are none.

    The windows begin `horizon` weeks after the last week known, as with `n_weeks_until`; at most 24, evenly spaced.
    """
    first = _first_standing(weeks)
    ends = range(len(weeks), first + horizon + WINDOW - 1, -1)
    ends = ends[:: math.ceil(len(ends) / MOST_WINDOWS) or 1]
    known, scores = _filtered(weeks), []
    for end in ends:
        window, n_known = weeks[end - WINDOW : end], end - WINDOW - horizon
        came, sizes = sum(k for k, _ in window), [n for _, n in window]
        if sum(sizes):
            drift, no_change = _counts(known, n_known, horizon, sizes), no_change_counts(weeks[:n_known], sizes)
            scores.append((drift[came], no_change[came]))
    if not scores:
        return None
    mean = np.log(np.maximum(scores, FLOOR)).mean(axis=0)
    return BackTest(horizon, len(scores), float(mean[0]), float(mean[1]))


def drift_counts(weeks: Weeks, n_weeks_until: int, sizes: Sequence[int]) -> Doubles:
    """How likely each count 0 to sum(sizes) of successes in weeks of these sizes is, by DRIFT."""
    return _counts(_filtered(weeks), len(weeks), n_weeks_until, sizes)


def no_change_counts(weeks: Weeks, sizes: Sequence[int]) -> Doubles:
    """The same by NO CHANGE."""
    logs = sum((np.log(_likelihoods(n)[..., k]) for k, n in weeks[-POOLED:]), np.zeros((len(SPREADS), N_POINTS)))
    weights = np.exp(logs - logs.max())
    weekly, length = _weekly(sizes)
    return _inverse((weights / weights.sum()).ravel() @ _month(weekly, None), length)


def interval(counts: Doubles) -> tuple[float, float]:
    """Ends of INTERVAL, in tickets: between whole counts, but never outside of those possible."""
    edges = np.concatenate([[0.0], np.cumsum(counts)])
    low, high = np.interp((TAIL, 1 - TAIL), edges, np.arange(len(edges)) - 0.5)
    return max(float(low), 0.0), min(float(high), len(counts) - 1.0)


def _told(
    model: Literal["drift", "no change", "none"],
    counts: Doubles,
    done: tuple[int, int],
    target: float,
    rate: float | None,
    tested: BackTest | None,
) -> Forecast:
    shares = (done[0] + np.arange(len(counts))) / (done[1] + len(counts) - 1)
    mean = min(max(float(counts @ shares), float(shares[0])), float(shares[-1]))
    low, high = ((done[0] + end) / (done[1] + len(counts) - 1) for end in interval(counts))
    chance = min(1.0, float(counts[shares >= target - 1e-9].sum()))
    return Forecast(model, chance, mean, min(low, mean), max(high, mean), rate, tested, None)


def _filtered(weeks: Weeks) -> Filtered:
    """Predict and correct, week by week; an empty week only lets the rate walk."""
    points = np.full((len(weeks) + 1, len(STEPS), len(SPREADS), N_POINTS), 1 / N_POINTS)
    log_evidence = np.zeros((len(weeks) + 1, len(STEPS), len(SPREADS)))
    walk = _walk(1)
    for week, (k, n) in enumerate(weeks):
        joint = points[week] * _likelihoods(n)[..., k]
        total = joint.sum(axis=-1)
        points[week + 1] = (joint / total[..., None]) @ walk
        log_evidence[week + 1] = log_evidence[week] + np.log(total)
    return Filtered(points, log_evidence)


def _counts(known: Filtered, n_known: int, n_weeks_until: int, sizes: Sequence[int]) -> Doubles:
    """The month's count after `n_known` weeks: all 24 models, averaged."""
    evidence = known.log_evidence[n_known] + np.log(STEP_PRIOR)[:, None]
    weights = np.exp(evidence - evidence.max())
    start = (weights / weights.sum())[..., None] * (known.points[n_known] @ _walk(n_weeks_until))
    weekly, length = _weekly(sizes)
    waves = (mine.ravel() @ _month(weekly, walk) for mine, walk in zip(start, _walk(1), strict=True))
    return _inverse(np.sum(list(waves), axis=0), length)


def _weekly(sizes: Sequence[int]) -> tuple[list[Waves], int]:
    """Transform of each week's count, shape (r, point, frequency), and how many counts the month's sum can take."""
    length = sum(sizes) + 1
    return [np.fft.rfft(_likelihoods(n), length) for n in sizes], length


def _month(weekly: Sequence[Waves], walk: Doubles | None) -> Waves:
    """Transform of the month's count by where it starts, shape (r × point, frequency): from the last week back."""
    waves = weekly[-1]
    for week in weekly[-2::-1]:
        if walk is not None:
            waves = (walk @ waves.view(np.float64)).view(np.complex128)  # real and imaginary parts side by side
        waves = week * waves
    return waves.reshape(-1, waves.shape[-1])


def _inverse(wave: Waves, length: int) -> Doubles:
    counts = np.maximum(np.fft.irfft(wave, length), 0)
    return np.asarray(counts / counts.sum(), np.float64)


@cache
def _walk(n_weeks: int) -> Doubles:
    """From angle to angle in so many weeks, by s: shape (s, point, point), symmetric, rows sum to one."""
    number, width = np.arange(N_POINTS), ANGLES[1] - ANGLES[0]
    cosines = np.cos(2 * ANGLES[:, None] * number) * math.sqrt(2 / N_POINTS)
    cosines[:, 0] = math.sqrt(1 / N_POINTS)
    pace = (np.array(STEPS) / width) ** 2 * n_weeks
    decay = np.exp(-pace[:, None] * (1 - np.cos(math.pi * number / N_POINTS)))
    return np.maximum((cosines * decay[:, None]) @ cosines.T, 0)


@lru_cache(1024)
def _likelihoods(n: int) -> Doubles:
    """How likely each count 0 to n is, by r and angle: shape (r, point, n + 1)."""
    rate, k = np.sin(ANGLES)[:, None] ** 2, np.arange(n + 1)
    binomial = np.exp(_log_ways(n) + k * np.log(rate) + (n - k) * np.log1p(-rate))
    sizes = [1 / r - 1 for r in SPREADS if r]
    return np.stack([binomial, *(np.exp(_log_beta_binomial(n, size * rate, size * (1 - rate))) for size in sizes)])


def _log_beta_binomial(n: int, a: Doubles, b: Doubles) -> Doubles:
    k = np.arange(n + 1)
    return np.asarray(_log_ways(n) + betaln(k + a, n - k + b) - betaln(a, b), np.float64)


def _log_ways(n: int) -> Doubles:
    k = np.arange(n + 1)
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1), np.float64)


def _sizes(weeks: Weeks, n_weeks: int, expected_per_week: float | None) -> list[int]:
    """Whole tickets expected in each week to come, with the right sum."""
    last = weeks[-LAST:]
    mean = sum(n for _, n in last) / max(len(last), 1) if expected_per_week is None else expected_per_week
    sums = [math.floor(mean * week + 0.5) for week in range(n_weeks + 1)]
    return [later - sooner for sooner, later in pairwise(sums)]


def _rate_needed(done: tuple[int, int], size: int, target: float) -> float | None:
    rate = (target * (done[1] + size) - done[0]) / size if size else math.inf
    return max(rate, 0.0) if rate <= 1 + 1e-9 else None


def _needs(weeks: Weeks, size: int, done: tuple[int, int]) -> str | None:
    """What is missing for a forecast, in words."""
    if not done[1] + size:
        return "tickets in that month: none is resolved so far and none expected"
    if not size:
        return None
    n_counted, resolved = sum(n > 0 for _, n in weeks), sum(n for _, n in weeks)
    missing = [
        f"{least - found} more {what}"
        for found, least, what in (
            (n_counted, LEAST_WEEKS, "weeks with resolved tickets"),
            (resolved, LEAST_RESOLVED, "resolved tickets"),
        )
        if found < least
    ]
    return " and ".join(missing) or None


def _first_standing(weeks: Weeks) -> int:
    """After how many weeks there is first enough to forecast from; more than all if never."""
    n_counted = resolved = 0
    for number, (_, n) in enumerate(weeks, 1):
        n_counted, resolved = n_counted + (n > 0), resolved + n
        if n_counted >= LEAST_WEEKS and resolved >= LEAST_RESOLVED:
            return number
    return len(weeks) + 1


def _longest_horizon(weeks: Weeks) -> int:
    """Half of the past that could be tested is left for windows."""
    return max(0, (len(weeks) - _first_standing(weeks) - WINDOW) // 2)


def _check(
    weeks: Weeks, n_weeks_until: int, n_weeks: int, target: float, done: tuple[int, int], expected: float | None
) -> None:
    if any(not 0 <= k <= n for k, n in (*weeks, done)):
        raise ValueError("each week is (without Tier 3, resolved), the first at most the second")
    if min(n_weeks_until, n_weeks) < 0:
        raise ValueError("weeks to come can't be fewer than none")
    if not 0 <= target <= 1:
        raise ValueError("the target is a share, 0 to 1")
    if expected is not None and not 0 <= expected < math.inf:
        raise ValueError("so many tickets a week can't be expected")
