"""How good tags are: by class, whether the stated confidence came true, how much is tagged at that precision."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.classifier import Classifier, Doubles, Text
from analysis.examples import Example
from analysis.rules import Rules

N_BINS = 10
Z = 1.96


@dataclass(frozen=True)
class ClassQuality:
    """One value of a tag: of those guessed so how many were right, of those that are so how many were found."""

    value: str
    precision: float | None
    recall: float | None
    support: int
    n_guessed: int


@dataclass(frozen=True)
class Quality:
    """How good guesses of one kind of tag are. Shares with 95 % intervals (Wilson)."""

    kind: str
    n: int
    accuracy: tuple[float, float, float]
    macro_f1: float
    calibration_error: float
    coverage: tuple[float, float, float]  # given automatically
    precision: tuple[float, float, float]  # of those given automatically
    classes: tuple[ClassQuality, ...]

    def told(self) -> dict[str, object]:
        """As JSON takes it."""
        return asdict(self)


def quality(
    kind: str, truth: Sequence[str], guessed: Sequence[str], sure: Sequence[float], given: Sequence[bool]
) -> Quality:
    """Hold guesses, how sure they were, and whether they were given, against the truth."""
    right = np.array(guessed) == np.array(truth)
    tagged = np.array(given, bool)
    values = sorted({*truth, *guessed})
    classes = tuple(_of_class(value, np.array(truth), np.array(guessed)) for value in values)
    f1 = [_f1(one) for one in classes if one.support]
    return Quality(
        kind=kind,
        n=len(truth),
        accuracy=share(int(right.sum()), len(truth)),
        macro_f1=float(np.mean(f1)) if f1 else 0.0,
        calibration_error=calibration_error(np.array(sure, float), right),
        coverage=share(int(tagged.sum()), len(truth)),
        precision=share(int(right[tagged].sum()), int(tagged.sum())),
        classes=classes,
    )


def share(numerator: int, denominator: int) -> tuple[float, float, float]:
    """Value and Wilson 95 % interval; 0 to 1 where there is nothing to count."""
    if not denominator:
        return (0.0, 0.0, 1.0)
    value, spread = numerator / denominator, Z**2 / denominator
    middle = value + spread / 2
    width = Z * math.sqrt(value * (1 - value) / denominator + spread / (4 * denominator))
    return (value, max(0.0, (middle - width) / (1 + spread)), min(1.0, (middle + width) / (1 + spread)))


def calibration_error(sure: Doubles, right: NDArray[np.bool_]) -> float:
    """Mean distance between the stated confidence and the share that was right, over ten bins weighted by size."""
    if not len(sure):
        return 0.0
    bins = np.minimum((sure * N_BINS).astype(int), N_BINS - 1)
    found = (bins == number for number in range(N_BINS))
    return float(sum(mine.mean() * abs(right[mine].mean() - sure[mine].mean()) for mine in found if mine.any()))


def _of_class(value: str, truth: NDArray[np.str_], guessed: NDArray[np.str_]) -> ClassQuality:
    support, n_guessed = int((truth == value).sum()), int((guessed == value).sum())
    both = int(((truth == value) & (guessed == value)).sum())
    return ClassQuality(
        value, both / n_guessed if n_guessed else None, both / support if support else None, support, n_guessed
    )


def _f1(one: ClassQuality) -> float:
    precision, recall = one.precision or 0.0, one.recall or 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def quality_on(
    examples: Sequence[Example], classifier: Classifier, rules: Rules, kinds: Sequence[str]
) -> dict[str, Quality]:
    """How good a classifier's guesses, with the rules', are on examples that it has not learned from."""
    found = {}
    for kind in kinds:
        mine = [one for one in examples if one.tags.get(kind)]
        if not mine:
            continue
        texts = [Text.read(one.summary, one.description, rules) for one in mine]
        guesses = [guess[kind] for guess in classifier.guess(texts, rules, (kind,))]
        found[kind] = quality(
            kind,
            [one.tags[kind] for one in mine],
            [guess.value for guess in guesses],
            [guess.confidence for guess in guesses],
            [guess.is_sure for guess in guesses],
        )
    return found


@dataclass(frozen=True)
class RuleQuality:
    """How a rule does on examples: how many it speaks about, how often right, alone, and beside rules that say else."""

    rule_id: str
    value: str
    n: int
    n_right: int
    n_alone: int
    n_conflict: int


def rule_quality(examples: Sequence[Example], rules: Rules) -> list[RuleQuality]:
    """Coverage, overlap and conflict of each rule on tagged examples; rules that never speak are there with zeros."""
    counts = {rule.id: [0, 0, 0, 0] for rule in rules.specs}
    for one in examples:
        speaking = [rules.by_id[rule_id] for rule_id in rules.speaking(one.summary, one.description)]
        for rule in speaking:
            same_kind = [
                other for other in speaking if bool(other.provider) == bool(rule.provider) and other is not rule
            ]
            kind, value = ("provider", rule.provider) if rule.provider else ("failure_category", rule.category)
            if kind not in one.tags:
                continue
            told = counts[rule.id]
            told[0] += 1
            told[1] += one.tags[kind] == value
            told[2] += not same_kind
            told[3] += any((other.provider or other.category) != value for other in same_kind)
    return [RuleQuality(rule.id, str(rule.provider or rule.category), *counts[rule.id]) for rule in rules.specs]


def metrics(found: Mapping[str, Quality]) -> dict[str, dict[str, object]]:
    """As a model's file keeps it."""
    return {kind: one.told() for kind, one in found.items()}
