"""How often the share that came lay in the forecast's 80 % interval, on made desks that know nothing of the model.

    python tests/benchmarks/forecast_coverage.py [--desks 200] [--seed 2026]

Each ticket of each desk is drawn on its own. A fifth of the desks each: stable; slowly rising; a step at some week; a shift
between an easy and a hard kind of ticket; restless, by single weeks that go wrong altogether. On top of that come, by
desk, weeks that differ more than chance, 5 to 60 tickets a week, and empty weeks. A forecast is made from several weeks of
each desk. The constants of the model were chosen with other seeds (1 to 4).
"""

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from analysis.forecast import FLOOR, drift_counts, forecast, no_change_counts

KINDS = ("stable", "rising", "step", "mix", "restless")
N_WEEKS = 150
TARGET = 0.8
# weeks known, weeks from there until those to come, weeks to come, weeks of the month that are over
STANDING = ((9, 13, 4, 0), (16, 22, 5, 0), (20, 4, 4, 0), (28, 0, 2, 2), (52, 20, 4, 0), (80, 8, 5, 0), (120, 1, 3, 1))


@dataclass(frozen=True)
class Came:
    """One forecast beside what came."""

    kind: str
    n_known: int
    model: str
    inside: bool
    below: bool
    width: float
    chance: float
    reached: bool
    drift: float
    no_change: float

    @property
    def chosen(self) -> float:
        return self.drift if self.model == "drift" else self.no_change


def path(kind: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """A desk's rate by week."""
    week = np.arange(N_WEEKS)
    if kind == "rising":
        low, high = rng.uniform(0.35, 0.65), rng.uniform(0.75, 0.93)
        begin, length = rng.uniform(-20, 60), rng.uniform(40, 120)
        return np.asarray(low + (high - low) * np.clip((week - begin) / length, 0, 1))
    if kind == "step":
        before, after = rng.uniform(0.45, 0.9, 2)
        return np.asarray(np.where(week < rng.integers(5, N_WEEKS), before, after))
    if kind == "mix":
        hard = 1 / (1 + np.exp(-(week - rng.uniform(0, 140)) / rng.uniform(5, 30)))
        hard = rng.uniform(0, 0.3) + rng.choice([-1, 1]) * rng.uniform(0.2, 0.5) * (hard - hard[0])
        return np.asarray(0.92 - np.clip(hard, 0, 1) * 0.6)
    return np.full(N_WEEKS, rng.uniform(0.5, 0.95))


def desk(kind: str, rng: np.random.Generator) -> list[tuple[int, int]]:
    """(without Tier 3, resolved) by week."""
    rates, busy = path(kind, rng), np.exp(rng.uniform(np.log(5), np.log(60)))
    uneven, empty = rng.choice([0, 0.25, 0.5]), rng.choice([0, 0.05])
    bad = 0.12 if kind == "restless" else 0.0
    weeks = []
    for rate in rates:
        n = 0 if rng.random() < empty else int(np.clip(rng.poisson(busy), 5, 60))
        odds = np.log(rate / (1 - rate)) + rng.normal(0, uneven) - (1.5 if rng.random() < bad else 0)
        weeks.append((int((rng.random(n) < 1 / (1 + np.exp(-odds))).sum()), n))
    return weeks


def summed(weeks: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(k for k, _ in weeks), sum(n for _, n in weeks)


def seen(kind: str, weeks: list[tuple[int, int]], standing: tuple[int, int, int, int]) -> Came | None:
    """A forecast and what came of it; None where there was too little to go by, or nothing came."""
    n_known, until, n_weeks, n_over = standing
    known, coming = weeks[:n_known], weeks[n_known + until : n_known + until + n_weeks]
    done = summed(known[n_known - n_over :])
    told = forecast(known, until, n_weeks, TARGET, done)
    k, n = summed(coming)
    if told.chance is None or told.low is None or told.high is None or not n:
        return None
    share = (done[0] + k) / (done[1] + n)
    sizes = [n for _, n in coming]
    by_drift, by_no_change = drift_counts(known, until, sizes)[k], no_change_counts(known, sizes)[k]
    return Came(
        kind=kind,
        n_known=n_known,
        model=told.model,
        inside=told.low - 1e-9 <= share <= told.high + 1e-9,
        below=share < told.low,
        width=told.high - told.low,
        chance=told.chance,
        reached=share >= TARGET - 1e-9,
        drift=float(np.log(max(by_drift, FLOOR))),
        no_change=float(np.log(max(by_no_change, FLOOR))),
    )


def measured(n_desks: int, seed: int) -> list[Came]:
    found = []
    for number in range(n_desks):
        kind = KINDS[number % len(KINDS)]
        weeks = desk(kind, np.random.default_rng((seed, number)))
        found += [came for standing in STANDING if (came := seen(kind, weeks, standing))]
    return found


def line(name: str, rows: Sequence[Came]) -> str:
    def mean(field: str) -> float:
        return float(np.mean([getattr(one, field) for one in rows]))

    kept = np.mean([one.model == "drift" for one in rows])
    shares = f"{mean('inside'):8.1%} {mean('below'):7.1%} {mean('width'):7.3f} {kept:7.0%}"
    scores = f"{mean('drift'):8.3f} {mean('no_change'):10.3f} {mean('chosen'):8.3f}"
    brier = np.mean([(one.chance - one.reached) ** 2 for one in rows])
    return f"{name:12} {len(rows):5} {shares} {scores} {brier:7.3f} {mean('chance'):7.1%} {mean('reached'):8.1%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--desks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2026)
    wanted = parser.parse_args()
    started = time.perf_counter()
    rows = measured(wanted.desks, wanted.seed)
    groups: dict[str, list[Came]] = defaultdict(list)
    for one in rows:
        groups[one.kind].append(one)
        groups[f"{one.n_known} weeks"].append(one)
        groups[one.model].append(one)
    print(f"{'':12}     n   inside   below   width   drift  - log score: -                   Brier  chance  reached")
    print(f"{'':12}                                   kept    drift  no change   chosen")
    for name in (*KINDS, *(f"{standing[0]} weeks" for standing in STANDING), "drift", "no change"):
        if groups[name]:
            print(line(name, groups[name]))
    print(line("all", rows))
    inside = float(np.mean([one.inside for one in rows]))
    print(f"80 % intervals held {inside:.1%} (75 to 85 wanted); {time.perf_counter() - started:.0f} s")
    sys.exit(not 0.75 <= inside <= 0.85)


if __name__ == "__main__":
    main()
