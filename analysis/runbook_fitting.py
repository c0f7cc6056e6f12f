"""Runbooks and tickets that they are for, all written by hand → the weights by which a runbook's chance is told.

The runbooks (`starter/runbooks`) are for failures of the hands of `starter/families`, which did not teach the space.
Their writers had read the first ticket of each family, which is left out.
"""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from analysis.examples import STARTER
from analysis.features import Floats
from analysis.likeness import Likeness, Words
from analysis.likeness_fitting import known_families
from analysis.runbook_likeness import EVIDENCE, Books, Told
from analysis.tag import FAILURE_CATEGORY, Tagger, text_row
from analysis.taxonomy import Runbook

DAY = date(2026, 1, 1)
SAME_FAILURES = {"success_managers": "canada_and_britain"}  # hand → one that has the same families
WITHOUT_ITS_OWN = 0.5  # a ticket whose runbook is taken away counts so much, as one that no runbook is for
PENALTY = 0.1
SINGLE = "single "  # how the label of a ticket begins that has no family
N_FOLDS = 8


Written = tuple[str, str, Runbook]  # hand, family, runbook


class Case(NamedTuple):
    """A ticket with the evidence for each runbook that could be for it, and the place of its own, or None.

    `group`: hand and family; those of one are kept together in every fold.
    """

    group: tuple[str, str]
    evidence: Floats
    own: int | None
    weight: float = 1.0


def written_for(folder: Path = STARTER / "runbooks") -> list[Written]:
    """Hand, family and runbook, in order."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        for told in tomllib.loads(path.read_text(encoding="utf-8"))["runbook"]:
            name = f"{told['hand']}.{told['family']}"
            book = Runbook(
                id=name,
                title=told["title"],
                provider=told["provider"],
                category=told["category"],
                applies_when=tuple(told.get("applies_when", (told["title"],))),
                audience="ops",
                published=DAY,
                body=f"## When you see\n{told['when']}",
            )
            found.append((told["hand"], told["family"], book))
    return found


def cases(likeness: Likeness, tagger: Tagger) -> list[Case]:
    """All tickets of the hands but the first of each family; then again those that have a runbook, without it."""
    written = written_for()
    found = [case for hand in sorted({hand for hand, _, _ in written}) for case in _of(hand, written, likeness, tagger)]
    taken = [
        Case(one.group, np.delete(one.evidence, one.own, axis=0), None, WITHOUT_ITS_OWN)
        for one in found
        if one.own is not None and len(one.evidence) > 1
    ]
    return [*found, *taken]


def _of(hand: str, written: Sequence[Written], likeness: Likeness, tagger: Tagger) -> Iterator[Case]:
    mine = [(family, book) for of, family, book in written if of == hand]
    tickets, seen = [], set[str]()
    for one in known_families():
        if SAME_FAILURES.get(one.order[0], one.order[0]) == hand:
            if one.label in seen or one.label.startswith(SINGLE):
                tickets.append(one)
            seen.add(one.label)
    words = [one.words._replace(closing=None) for one in tickets]
    told = [
        Told(DAY, one.provider, category, said)
        for one, category, said in zip(tickets, categories(words, tagger), words, strict=True)
    ]
    evidence = Books([book for _, book in mine], likeness).evidence(told, likeness.read(words))
    for one, row in zip(tickets, evidence, strict=True):
        can_be = np.flatnonzero(~np.isnan(row[:, 0])).tolist()
        own = next((n for n, place in enumerate(can_be) if mine[place][0] == one.label), None)
        if can_be:
            yield Case((hand, one.label), row[can_be], own)


def categories(words: Sequence[Words], tagger: Tagger) -> list[str | None]:
    """The failure category that each text would be tagged with."""
    texts = [text_row(number, one.summary or "", one.description) for number, one in enumerate(words)]
    return [row["value"] for row in tagger.rows(texts) if row["kind"] == FAILURE_CATEGORY]


def fit_weights(known: Sequence[Case]) -> tuple[NDArray[np.float64], float]:
    """Weights of the evidence and the score of "none of them", by which the runbooks that are right are likeliest."""
    rows = np.concatenate([one.evidence for one in known])
    centre, scale = rows.mean(axis=0), rows.std(axis=0)
    width = max(len(one.evidence) for one in known)
    evidence = np.zeros((len(known), width, len(EVIDENCE)))
    nothing = np.full((len(known), width), -np.inf)  # added where a case has fewer runbooks
    for place, one in enumerate(known):
        evidence[place, : len(one.evidence)] = (one.evidence - centre) / scale
        nothing[place, : len(one.evidence)] = 0.0
    own = np.array([width if one.own is None else one.own for one in known])  # "none of them" stands last
    counted = np.array([one.weight for one in known])

    def loss(values: NDArray[np.float64]) -> float:
        scores = np.column_stack((evidence @ values[:-1] + nothing, np.full(len(known), values[-1])))
        missed = logsumexp(scores, axis=1) - scores[np.arange(len(known)), own]
        return float(0.5 * PENALTY * (values[:-1] ** 2).sum() + counted @ missed)

    best = minimize(loss, np.zeros(len(EVIDENCE) + 1), method="L-BFGS-B").x
    weights = best[:-1] / scale
    return weights, float(best[-1] + centre @ weights)


class Unseen(NamedTuple):
    """The likeliest runbook of a case by weights that had not seen its family: log-odds, and whether it is its own."""

    log_odds: float
    is_right: bool
    is_without: bool  # its own had been taken away


def unseen_matches(known: Sequence[Case]) -> list[Unseen]:
    """What is matched with each case where weights are fitted without its family and others of its fold."""
    groups = {group: place for place, group in enumerate(sorted({one.group for one in known}))}
    found = []
    for fold in range(N_FOLDS):
        weights, none = fit_weights([one for one in known if groups[one.group] % N_FOLDS != fold])
        for one in known:
            if groups[one.group] % N_FOLDS == fold:
                scores = one.evidence @ weights - none
                best = int(scores.argmax())
                odds = float(scores[best] - logsumexp(np.append(np.delete(scores, best), 0.0)))
                found.append(Unseen(odds, best == one.own, one.weight != 1.0))
    return found
