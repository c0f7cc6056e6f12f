"""How likely a coming month reaches its target share, from weekly counts so far: k without Tier 3 of n resolved.

DRIFT. The rate of week t is p_t = sin²(a_t), its angle a_t one of 100 points between 0 and π/2. From week to week the
angle takes a random walk of standard deviation s: 64 moves to a point beside it or none, and none beyond both ends.
Where nothing is known the angle is uniform, which is the prior of Jeffreys on the rate, and stays so under the walk.
Week t counts k_t ~ BetaBinomial(n_t, mean p_t, correlation r), binomial for r = 0. Six s and four r are 24 models, each
filtered forward by sums over the points, and all averaged by prior × likelihood of the weeks so far. The month's count
is the sum of its weeks' counts while the rate walks on: exact on the points, by Fourier transform over the count, for
the whole number of tickets expected. A trend is followed, but not drawn on into the future.

NO CHANGE. The same with s = 0 and the last 26 weeks alone: one rate, prior of Jeffreys, beta-binomial counts; the order
of those weeks is nothing to it.

WHICH. Both forecast windows of four weeks of the desk's own past, each from the weeks before it. Drift is kept only if
the mean log probability that it gave to the counts that came is the higher one; otherwise, and where the past is too
short for any window, it is NO CHANGE.

INTERVAL. Equal tails of a tenth of the count's distribution, each count spread evenly over the ticket around it: a
count is inside if P(Y < y) + P(Y = y)/2 lies in 0.1 to 0.9. That is 80 % on average; whole counts with at least 80 %
would be too wide for few tickets. It is cut to what is possible, and reaches to its mean where that lies outside.

Shares are of 1, times in weeks; nothing is random. Bad arguments raise ValueError. Memory and time grow with a month's
tickets: about 10 kB each, and the back test takes seconds where thousands are resolved in a month.

Sources: Kitagawa 1987 (filter on a grid); Karlin 1968 (walks between neighbours are totally positive, so with s and r
fixed one more success never lowers the chance; averaged, it may by a little, as a week that stands out makes the next
ones less certain); Hoeting et al. 1999 (averaged models); Gneiting & Raftery 2007 (log score); Lancaster 1961
(mid-p); Smith 1979 (the steady model, of which this is kin).
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
Model = Literal["drift", "no change", "none"]

N_POINTS = 100
ANGLES = (np.arange(N_POINTS) + 0.5) * (math.pi / 2 / N_POINTS)
STEPS = (0.0, 0.005, 0.01, 0.02, 0.04, 0.08)  # s, of the angle; of a rate near 0.8 it is 0.8 times that
SPREADS = (0.0, 0.02, 0.05, 0.12)  # r, how far two tickets of one week go together
MOVES = 64  # a week; so many that even for the largest s most are none
LOG_PRIOR = np.log([[1.0], [1.0], [1.0], [1.0], [0.5], [0.1]]) + np.zeros(len(SPREADS))  # by s and r
POOLED = 26  # weeks that NO CHANGE looks at
LAST = 8  # weeks whose mean is expected
LEAST_WEEKS, LEAST_RESOLVED = 8, 40
WINDOW, MOST_WINDOWS = 4, 24
TAIL = 0.1
NEGLIGIBLE = 1e-7  # no s that is less likely is looked at
TINY = 1e-100
FLOOR = 1e-12  # for the log score no count is less likely


@dataclass(frozen=True)
class BackTest:
    """Mean log probability of what came in `n` windows that began after `horizon` weeks not yet known."""

    horizon: int
    n: int
    drift: float
    no_change: float


@dataclass(frozen=True)
class Forecast:
    """A month's pooled share; None if `needs` says what is missing. Model `none`: there was nothing to guess."""

    model: Model
    chance: float | None
    mean: float | None
    low: float | None
    high: float | None
    rate_needed: float | None
    back_test: BackTest | None
    needs: str | None


@dataclass(frozen=True)
class Filtered:
    """What DRIFT knows before each week and after the last: shapes (weeks + 1, s, r, point) and (weeks + 1, s, r)."""

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

    `weeks` are (k, n), oldest first, empty ones as (0, 0). `n_weeks_until` weeks lie between the last of them and the
    first to come. `done` is (k, n) of the month so far; those weeks belong in `weeks` as well. `expected_per_week` is
    the mean of the last eight weeks unless given. The rate needed is that among the tickets still expected, and None if
    none is expected or all of them would not be enough.
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

    `horizon` weeks lie between the last week known and the window, as with `n_weeks_until`; `forecast` takes a shorter
    one where the past has no room for it. At most 24 windows, evenly spaced; n of their weeks is taken as known.
    """
    ends = range(len(weeks), _first_standing(weeks) + horizon + WINDOW - 1, -1)
    known, found = _filtered(weeks), []
    for end in ends[:: max(1, math.ceil(len(ends) / MOST_WINDOWS))]:
        window, n_known = weeks[end - WINDOW : end], end - WINDOW - horizon
        came, sizes = sum(k for k, _ in window), [n for _, n in window]
        if sum(sizes):
            drift, no_change = _counts(known, n_known, horizon, sizes), no_change_counts(weeks[:n_known], sizes)
            found.append((drift[came], no_change[came]))
    if not found:
        return None
    scores = np.log(np.maximum(found, FLOOR)).mean(axis=0)
    return BackTest(horizon, len(found), float(scores[0]), float(scores[1]))


def drift_counts(weeks: Weeks, n_weeks_until: int, sizes: Sequence[int], log_prior: Doubles = LOG_PRIOR) -> Doubles:
    """How likely each count 0 to sum(sizes) of successes is in coming weeks of these sizes, by DRIFT."""
    return _counts(_filtered(weeks), len(weeks), n_weeks_until, sizes, log_prior)


def no_change_counts(weeks: Weeks, sizes: Sequence[int]) -> Doubles:
    """The same by NO CHANGE."""
    logs = np.zeros((len(SPREADS), N_POINTS))
    for k, n in weeks[-POOLED:]:
        logs += np.log(_likelihoods(n)[..., k])
    weekly = _weekly(sizes)
    return _inverse(_weights(logs).ravel() @ _month(weekly, None), sum(sizes) + 1)


def interval(counts: Doubles) -> tuple[float, float]:
    """Ends of INTERVAL in tickets, from how likely each count 0 to len(counts) - 1 is."""
    sums = np.concatenate([[0.0], np.cumsum(counts)])
    low, high = np.interp((TAIL, 1 - TAIL), sums, np.arange(len(sums)) - 0.5)
    return max(float(low), 0.0), min(float(high), len(counts) - 1.0)


def _told(
    model: Model, counts: Doubles, done: tuple[int, int], target: float, rate: float | None, tested: BackTest | None
) -> Forecast:
    size = done[1] + len(counts) - 1
    shares = (done[0] + np.arange(len(counts))) / size
    mean = min(max(float(counts @ shares), float(shares[0])), float(shares[-1]))
    low, high = ((done[0] + end) / size for end in interval(counts))
    chance = min(1.0, float(counts[shares >= target - 1e-9].sum()))
    return Forecast(model, chance, mean, min(low, mean), max(high, mean), rate, tested, None)


def _filtered(weeks: Weeks) -> Filtered:
    """Correct and walk on, week by week; in an empty one the rate only walks."""
    points = np.full((len(weeks) + 1, len(STEPS), len(SPREADS), N_POINTS), 1 / N_POINTS)
    log_evidence = np.zeros((len(weeks) + 1, len(STEPS), len(SPREADS)))
    for week, (k, n) in enumerate(weeks):
        joint = points[week] * _likelihoods(n)[..., k]
        total = joint.sum(axis=-1)
        points[week + 1] = _not_tiny(_not_tiny(joint / total[..., None]) @ _walk(1))
        log_evidence[week + 1] = log_evidence[week] + np.log(total)
    return Filtered(points, log_evidence)


def _counts(
    known: Filtered, n_known: int, n_weeks_until: int, sizes: Sequence[int], log_prior: Doubles = LOG_PRIOR
) -> Doubles:
    """The month's count after `n_known` weeks, all models averaged."""
    weights = _weights(known.log_evidence[n_known] + log_prior)
    start = weights[..., None] * (known.points[n_known] @ _walk(n_weeks_until))
    weekly = _weekly(sizes)
    likely = [(mine.ravel(), walk) for mine, walk in zip(start, _walk(1), strict=True) if mine.sum() > NEGLIGIBLE]
    waves = [mine @ _month(weekly, walk) for mine, walk in likely]
    return _inverse(np.sum(waves, axis=0), sum(sizes) + 1)


def _weights(logs: Doubles) -> Doubles:
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum(), np.float64)


def _weekly(sizes: Sequence[int]) -> list[Waves]:
    """Transform of each week's count: shape (r, point, frequency)."""
    return [np.fft.rfft(_likelihoods(n), sum(sizes) + 1) for n in sizes]


def _month(weekly: Sequence[Waves], walk: Doubles | None) -> Waves:
    """Transform of the month's count by where it starts, from its last week back: shape (r × point, frequency)."""
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
    """From angle to angle in so many weeks: shape (s, point, point), symmetric, rows sum to one."""
    moves = (np.array(STEPS) / (ANGLES[1] - ANGLES[0])) ** 2 / (2 * MOVES)
    edges = np.eye(N_POINTS, k=1) + np.eye(N_POINTS, k=-1)
    one = np.eye(N_POINTS) + moves[:, None, None] * (edges - np.diag(edges.sum(axis=0)))
    return _not_tiny(np.linalg.matrix_power(one, MOVES * n_weeks))


def _not_tiny(chances: Doubles) -> Doubles:
    """The tiniest numbers of all are very slow to reckon with."""
    return np.where(chances < TINY, 0, chances)


@lru_cache(128)
def _likelihoods(n: int) -> Doubles:
    """How likely each count 0 to n is: shape (r, point, n + 1); never quite zero, for the sake of logarithms."""
    k, rate = np.arange(n + 1), np.sin(ANGLES)[:, None] ** 2
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    logs = [ways + k * np.log(rate) + (n - k) * np.log(rate[::-1])]
    for size in (1 / r - 1 for r in SPREADS if r):
        a, b = size * rate, size * rate[::-1]
        logs.append(ways + betaln(k + a, n - k + b) - betaln(a, b))
    return np.asarray(np.maximum(np.exp(logs), 1e-300), np.float64)


def _sizes(weeks: Weeks, n_weeks: int, expected_per_week: float | None) -> list[int]:
    """Whole tickets expected in each week to come."""
    last = weeks[-LAST:]
    mean = sum(n for _, n in last) / max(1, len(last)) if expected_per_week is None else expected_per_week
    sums = [math.floor(mean * week + 0.5) for week in range(n_weeks + 1)]
    return [later - sooner for sooner, later in pairwise(sums)]


def _rate_needed(done: tuple[int, int], size: int, target: float) -> float | None:
    rate = (target * (done[1] + size) - done[0]) / size if size else math.inf
    return min(max(rate, 0.0), 1.0) if rate <= 1 + 1e-9 else None


def _needs(weeks: Weeks, size: int, done: tuple[int, int]) -> str | None:
    if not done[1] + size:
        return "tickets in that month: none is resolved so far and none is expected"
    if not size:
        return None
    n_weeks, n_resolved = sum(n > 0 for _, n in weeks), sum(n for _, n in weeks)
    of_weeks = f"{LEAST_WEEKS - n_weeks} more weeks with resolved tickets" if n_weeks < LEAST_WEEKS else ""
    of_tickets = f"{LEAST_RESOLVED - n_resolved} more resolved tickets" if n_resolved < LEAST_RESOLVED else ""
    return " and ".join(filter(None, (of_weeks, of_tickets))) or None


def _first_standing(weeks: Weeks) -> int:
    """After how many weeks there was first enough to forecast from; more than there are if never."""
    enough = (number for number in range(len(weeks) + 1) if not _needs(weeks[:number], 1, (0, 0)))
    return next(enough, len(weeks) + 1)


def _longest_horizon(weeks: Weeks) -> int:
    """The longest that leaves about half of the past for windows."""
    return max(0, (len(weeks) - _first_standing(weeks) - WINDOW) // 2)


def _check(
    weeks: Weeks, n_weeks_until: int, n_weeks: int, target: float, done: tuple[int, int], expected: float | None
) -> None:
    if any(not 0 <= k <= n for k, n in (*weeks, done)):
        raise ValueError("a week is (without Tier 3, resolved), and the first is part of the second")
    if min(n_weeks_until, n_weeks) < 0:
        raise ValueError("there can't be fewer than no weeks")
    if not 0 <= target <= 1:
        raise ValueError("the target is a share, from 0 to 1")
    if expected is not None and not 0 <= expected < math.inf:
        raise ValueError("the tickets expected per week are a number, 0 or more")
