"""Text → tag with a calibrated confidence: words, parts of words, meaning, and what the rules say, weighed together.

For each kind of tag a linear model (a head) gives log-probabilities; a few weights, fitted on tickets that the head had
not seen, combine them with what the rules found and with how the text speaks of each provider, so that the confidence
is one that came true. A tag is given where the confidence reaches the value's own threshold.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import log_softmax, softmax

from analysis.features import Floats, Vocabulary, embeddings, whole_text
from analysis.mentions import Features, mentions
from analysis.rules import Rules, RuleTag, Said, read_text

Doubles = NDArray[np.float64]
NOTHING = "none"
BLOCKS = ("words", "parts", "meaning")
EXPLAINED_BY = 4  # words at most
STANDS_FOR = re.compile(r"\b(?:uuid|date|time|num)tok\b")  # for an id or number, and is no word of the text
LEAST_KNOWN = 3
N_PLACES = 3  # of one expression for a provider whose surroundings are looked at
# What is combined, by kind of tag
COMBINED: Mapping[str, tuple[str, ...]] = {
    "provider": ("head", "rules", "mention", "named", "none though named", "none and none named"),
    "failure_category": ("head", "rules"),
    "root_cause": ("head",),
}


@dataclass(frozen=True)
class Text:
    """A ticket's words, and what the rules found in them."""

    summary: str
    description: str | None
    speaking: Mapping[str, Said]
    rule_tags: Mapping[str, RuleTag]

    @classmethod
    def read(cls, summary: str, description: str | None, rules: Rules) -> "Text":
        """Have the rules read a ticket."""
        speaking = rules.speaking(summary, description, n_places=N_PLACES)
        return cls(summary, description, speaking, rules.weigh(speaking))


SURE = 0.97  # confidence from which a guess may carry more than a tag by itself: a verdict, or that nothing failed


@dataclass(frozen=True)
class Guess:
    """What is thought of one kind of tag: the likeliest value, how likely, whether that is sure enough to tag.

    `words` are those that weighed most for it, where it is sure.
    """

    value: str
    confidence: float
    is_sure: bool
    second: str
    probabilities: Mapping[str, float]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Head:
    """A linear model for one kind of tag. Weights: block of features → array of features × classes."""

    kind: str
    classes: tuple[str, ...]
    weights: Mapping[str, Floats]
    bias: Floats
    combination: Floats  # one weight for each name in COMBINED
    thresholds: Floats  # one for each class
    class_shift: Floats  # added to each class's combined score

    def scores(self, blocks: Mapping[str, Any]) -> Doubles:
        """Log-probabilities by the text alone. Shape: texts × classes."""
        total = sum(np.asarray(blocks[name] @ weights) for name, weights in self.weights.items()) + self.bias
        return np.asarray(log_softmax(np.asarray(total, np.float64), axis=1))


@dataclass(frozen=True)
class MentionModel:
    """How features of a mention speak for its provider being the one: feature → weight."""

    weights: Mapping[str, float]
    bias: float

    def score(self, features: Features) -> float:
        """Log-odds that the provider mentioned so is the one that the ticket is about."""
        return self.bias + sum(self.weights.get(name, 0.0) * value for name, value in features.items())


@dataclass(frozen=True)
class Classifier:
    """Vocabularies, heads, and what is known of how they were made (`about`).

    `least_known`: words and pairs of words that a text must hold for a guess to be sure.
    """

    words: Vocabulary
    parts: Vocabulary
    heads: Mapping[str, Head]
    mention_model: MentionModel | None
    about: Mapping[str, Any]
    least_known: int = LEAST_KNOWN

    @property
    def version(self) -> str:
        """Hash of training rows, settings, library versions and seed."""
        return str(self.about["model_version"])

    def guess(self, texts: Sequence[Text], rules: Rules, kinds: Sequence[str]) -> list[dict[str, Guess]]:
        """Kind → guess, for each text."""
        if not texts:
            return []
        blocks = self.blocks([whole_text(text.summary, text.description) for text in texts])
        found: list[dict[str, Guess]] = [{} for _ in texts]
        for kind in kinds:
            head = self.heads.get(kind)
            if head is None:
                continue
            given = [given_for(kind, text, head.classes, self.mention_model, rules) for text in texts]
            chances = combined(head.scores(blocks), np.stack(given), head.combination, head.class_shift)
            for number, guess in enumerate(_guesses(head, chances)):
                if blocks["words"].indptr[number + 1] - blocks["words"].indptr[number] < self.least_known:
                    guess = replace(guess, is_sure=False)  # next to nothing was said
                words = self._why(head, guess.value, blocks["words"], number) if guess.is_sure else ()
                found[number][kind] = replace(guess, words=words)
        return found

    def _why(self, head: Head, value: str, rows: csr_matrix, number: int) -> tuple[str, ...]:
        """The words that weighed most for a value, heaviest first."""
        start, end = rows.indptr[number], rows.indptr[number + 1]
        places = rows.indices[start:end]
        weights = head.weights["words"][places]
        pull = (weights[:, head.classes.index(value)] - weights.mean(axis=1)) * rows.data[start:end]
        heaviest = (place for place in np.argsort(-pull) if pull[place] > 0)
        terms = (self.words.terms[places[place]] for place in heaviest)
        return tuple(islice((term for term in terms if not STANDS_FOR.search(term)), EXPLAINED_BY))

    def blocks(self, texts: Sequence[str]) -> dict[str, Any]:
        """Features of texts from `whole_text`, by block."""
        return feature_blocks(texts, self.words, self.parts)


def feature_blocks(texts: Sequence[str], words: Vocabulary, parts: Vocabulary) -> dict[str, csr_matrix | Floats]:
    """Features by block, each one row a text."""
    return {"words": words.rows(texts), "parts": parts.rows(texts), "meaning": embeddings(texts)}


def given_for(
    kind: str, text: Text, classes: Sequence[str], mention_model: MentionModel | None, rules: Rules
) -> Doubles:
    """What is known beside the head's scores: classes × the names in COMBINED after the first."""
    given = np.zeros((len(classes), len(COMBINED[kind]) - 1))
    tag = text.rule_tags.get(kind)
    if tag is None:
        return given
    for value, weight in tag.weights.items():
        if value in classes:
            given[classes.index(value), 0] = np.log1p(weight)
    if kind == "provider" and mention_model is not None:
        summary_length = len(read_text(text.summary, "")) - 1
        found = mentions(read_text(text.summary, text.description), summary_length, text.speaking, rules.by_id)
        for value, features in found.items():
            if value in classes:
                given[classes.index(value), 1:3] = mention_model.score(features), 1.0
        if NOTHING in classes:
            given[classes.index(NOTHING), 3 if found else 4] = 1.0
    return given


def combined(scores: Doubles, given: Doubles, combination: Floats, class_shift: Floats) -> Doubles:
    """Probabilities: texts × classes, from log-probabilities and what else is known (texts × classes × names)."""
    return np.asarray(softmax(scores * combination[0] + given @ combination[1:] + class_shift, axis=1))


def _guesses(head: Head, chances: Doubles) -> list[Guess]:
    order = np.argsort(-chances, axis=1)
    guesses = []
    for row, ranks in zip(chances, order, strict=True):
        best, second = int(ranks[0]), int(ranks[min(1, len(ranks) - 1)])
        confidence = float(row[best])
        guesses.append(
            Guess(
                value=head.classes[best],
                confidence=confidence,
                is_sure=confidence >= float(head.thresholds[best]),
                second=head.classes[second],
                probabilities=dict(zip(head.classes, map(float, row), strict=True)),
            )
        )
    return guesses
