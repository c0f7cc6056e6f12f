"""How long until something happens, where for some it has not happened yet: survival, quantiles, competing causes.

An open ticket is not left out and not counted as resolved now: it is censored, known to have lasted at least so long.
All assume that the censored would have fared like the others still at risk.

Durations are in hours, in any order: finite, not negative, 0 allowed. At one time events come before censorings, so
who is censored at t is still at risk at t. Intervals are of 95 %, each for its own time, not for the whole curve.

- Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd ed.
- Aalen & Johansen (1978), Scandinavian Journal of Statistics 5, 141–150
- Brookmeyer & Crowley (1982), Biometrics 38, 29–41
- Marubini & Valsecchi (1995), Analysing Survival Data from Clinical Trials and Observational Studies
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
Counts = NDArray[np.int64]

TAIL = 0.025  # on each side of an interval
Z = NormalDist().inv_cdf(1 - TAIL)
ROUNDING = 1e-9  # products of fractions miss round shares by their last digits


@dataclass(frozen=True)
class Curve:
    """Share not yet resolved, S(t), at each distinct time of an event. All arrays have the shape (times,).

    `at_risk` and `events` are counts, `times` are hours, `value`, `low` and `high` shares. Each holds from its time on,
    until the next.
    """

    times: Doubles
    at_risk: Counts
    events: Counts
    value: Doubles
    low: Doubles
    high: Doubles

    def at(self, hours: float) -> float:
        """S at a time: 1 before the first event; after the last it stays, which says nothing beyond what was seen.

        Raises ValueError for nan.
        """
        return _step(self.times, self.value, hours, before=1.0)


@dataclass(frozen=True)
class Estimate:
    """A time in hours with its 95 % interval; None is what the data do not reach."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Incidence:
    """Share for whom one cause has come about by t, at each time of an event of any cause. Shape of all: (times,).

    `events` counts those of this cause, `variance` is that of `value`; else as in `Curve`.
    """

    times: Doubles
    at_risk: Counts
    events: Counts
    value: Doubles
    variance: Doubles
    low: Doubles
    high: Doubles

    def at(self, hours: float) -> float:
        """Share by a time: 0 before the first event; after the last it stays. Raises ValueError for nan."""
        return _step(self.times, self.value, hours, before=0.0)


def kaplan_meier(durations: ArrayLike, is_event: ArrayLike) -> Curve:
    """Product-limit estimate, with log–log bounds from Greenwood's variance (Kalbfleisch & Prentice 2002).

    `durations`: (n,) hours; `is_event`: (n,) bools, False where censored. Where S reaches 0 Greenwood has no variance:
    the upper bound there is that of the time before, or 1. Without an event the curve is empty.

    Raises ValueError for negative, infinite or missing durations, for flags that are no bools, for unequal shapes.
    """
    hours = _hours(durations)
    flags = _labels(is_event, hours, "b", "is_event must be bools")
    times, at_risk, by_cause = _risk_sets(hours, flags.astype(np.int64))
    events = by_cause.get(1, np.zeros(0, np.int64))
    value = _survival(at_risk, events)
    low, high = _log_log(value, value**2 * np.cumsum(_greenwood(at_risk, events)))
    if len(value) and value[-1] == 0:
        low[-1], high[-1] = 0.0, high[-2] if len(value) > 1 else 1.0  # S only falls, so the bound before still holds
    return Curve(times, at_risk, events, value, low, high)


def quantile(curve: Curve, q: float) -> Estimate:
    """Smallest time in hours by which a share `q` is resolved, 0 < q ≤ 1: 0.5 for the median, 0.9 for P90.

    The interval inverts the curve's bounds (Brookmeyer & Crowley 1982). None for whatever is never reached.

    Raises ValueError for another `q`.
    """
    if not 0 < q <= 1:
        raise ValueError(f"q must be above 0 and at most 1, not {q}")
    return Estimate(*(_first_time(curve.times, bound, 1 - q) for bound in (curve.value, curve.low, curve.high)))


def aalen_johansen(durations: ArrayLike, causes: ArrayLike) -> dict[int, Incidence]:
    """Cumulative incidence of each cause that came about, by cause (Aalen & Johansen 1978).

    `durations`: (n,) hours; `causes`: (n,) ints, 0 where censored, above 0 the cause. All causes share the times and
    those at risk, so that at each time they and S of `kaplan_meier` add up to 1. The variance is that of the delta
    method (Marubini & Valsecchi 1995), which without censoring is the binomial's. Bounds are log–log of the
    incidence itself, so those of a lone cause are not quite those of 1 - S. Where log–log has none: as long as the
    share is 0, the upper bound is 1 - 0.025^(1 / at risk); where it reaches 1, the lower is that of the time before.

    Without an event the answer is empty. Raises ValueError for negative, infinite or missing durations, for causes
    that are negative or no ints, for unequal shapes.
    """
    hours = _hours(durations)
    told = _labels(causes, hours, "iu", "causes must be ints, 0 or above").astype(np.int64)
    if (told < 0).any():
        raise ValueError("causes must be ints, 0 or above")
    times, at_risk, by_cause = _risk_sets(hours, told)
    every = sum(by_cause.values(), start=np.zeros(len(times), np.int64))
    before = np.concatenate([[1.0], _survival(at_risk, every)[:-1]])
    return {cause: _incidence(times, at_risk, every, before, events) for cause, events in by_cause.items()}


def _incidence(times: Doubles, at_risk: Counts, every: Counts, before: Doubles, events: Counts) -> Incidence:
    value = np.cumsum(before * events / at_risk)
    value[value > 1 - ROUNDING] = 1.0  # or above by rounding; a true share falls short by at least 1 / n
    variance = _delta_variance(value, at_risk, every, before, events)
    low, high = _log_log(value, variance)
    none_yet = value == 0
    # No event among the y still there: a hazard above -log(0.025) / y would have shown (the rule of three)
    low[none_yet], high[none_yet] = 0.0, 1 - TAIL ** (1 / at_risk[none_yet])
    if value[-1] == 1:
        low[-1], high[-1] = low[-2] if len(value) > 1 else 0.0, 1.0
    return Incidence(times, at_risk, events, value, variance, low, high)


def _delta_variance(value: Doubles, at_risk: Counts, every: Counts, before: Doubles, events: Counts) -> Doubles:
    """Sum over times up to t of (F(t) - F)² g + S² own - 2 (F(t) - F) S mixed, with F(t) drawn out of the sums."""
    share = events / at_risk
    greenwood, mixed = _greenwood(at_risk, every), before * share / at_risk
    spread = value**2 * np.cumsum(greenwood) - 2 * value * np.cumsum(greenwood * value)
    spread += np.cumsum(greenwood * value**2 + before**2 * share * (1 - share) / at_risk)
    spread -= 2 * (value * np.cumsum(mixed) - np.cumsum(mixed * value))
    return np.asarray(np.maximum(spread, 0.0))


def _hours(durations: ArrayLike) -> Doubles:
    found = np.asarray(durations)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iuf"):  # a timedelta has no hours until it is told
        raise ValueError("durations must be a flat list of numbers, in hours")
    hours = found.astype(np.float64)
    wrong = int((~(np.isfinite(hours) & (hours >= 0))).sum())
    if wrong:
        raise ValueError(f"durations must be finite and not negative: {wrong} of {len(hours)} are not")
    return hours


def _labels(given: ArrayLike, hours: Doubles, kinds: str, message: str) -> NDArray[np.generic]:
    found = np.asarray(given)
    if found.shape != hours.shape:
        raise ValueError(f"{len(hours)} durations need as many labels, not the shape {found.shape}")
    if found.size and found.dtype.kind not in kinds:
        raise ValueError(message)
    return found


def _risk_sets(hours: Doubles, causes: Counts) -> tuple[Doubles, Counts, dict[int, Counts]]:
    """Times of events, how many last at least so long, and cause → events at each time."""
    times, place = np.unique(hours, return_inverse=True)
    ending = np.bincount(place, minlength=len(times))
    at_risk = len(hours) - np.cumsum(ending) + ending
    here = np.bincount(place[causes > 0], minlength=len(times)) > 0
    found = np.unique(causes[causes > 0]).tolist()
    by_cause = {cause: np.bincount(place[causes == cause], minlength=len(times))[here] for cause in found}
    return times[here], at_risk[here], by_cause


def _survival(at_risk: Counts, events: Counts) -> Doubles:
    return np.asarray(np.cumprod((at_risk - events) / at_risk), np.float64)


def _greenwood(at_risk: Counts, events: Counts) -> Doubles:
    """Greenwood's terms; 0 where nobody is left, as nothing after it can vary."""
    left = at_risk - events
    return np.divide(events, at_risk * left, out=np.zeros(len(events)), where=left > 0)


def _log_log(value: Doubles, variance: Doubles) -> tuple[Doubles, Doubles]:
    """Bounds of shares, which never leave 0 to 1; 0 and 1 where the share itself is 0 or 1."""
    inside = (value > 0) & (value < 1)
    share = value[inside]
    width = Z * np.sqrt(variance[inside]) / (share * -np.log(share))
    low, high = np.zeros(len(value)), np.ones(len(value))
    low[inside], high[inside] = share ** np.exp(width), share ** np.exp(-width)
    return low, high


def _first_time(times: Doubles, shares: Doubles, reached: float) -> float | None:
    there = np.flatnonzero(shares <= reached + ROUNDING)
    return float(times[there[0]]) if len(there) else None


def _step(times: Doubles, value: Doubles, hours: float, before: float) -> float:
    if np.isnan(hours):
        raise ValueError("a time must be a number of hours")
    place = int(np.searchsorted(times, hours, side="right"))
    return float(value[place - 1]) if place else before
