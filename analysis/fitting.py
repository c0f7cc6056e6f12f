"""Examples → a classifier, and how well it does on tickets that it had not seen (the only importer of scikit-learn).

Folds never part a group: one hand's tickets, or those of one of the desk's dealers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack
from scipy.special import log_softmax
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from analysis.classifier import (
    BLOCKS,
    COMBINED,
    Classifier,
    Doubles,
    Head,
    MentionModel,
    Text,
    combined,
    feature_blocks,
    given_for,
)
from analysis.evaluate import Quality, quality
from analysis.examples import Example
from analysis.features import PART_LENGTHS, WORD, WORD_PAIRS, Floats, Vocabulary, whole_text
from analysis.mentions import mentions
from analysis.rules import Rules, read_text

N_FOLDS = 8
NEVER_TESTED = -1  # a fold that is only learned from
NEVER_LEARNED = -30.0  # score of a class that a fold's model had not met
SEED = 0
STRENGTH = 30.0  # of the linear models (C of the logistic regression)
MENTION_STRENGTH = 0.3
MEANING_WEIGHTS = (0.5, 1.0, 2.0)  # tried; how much meaning counts beside words depends on the texts
SEEN_AT_LEAST = 2  # times, for a feature to count
NUDGE = 1e-6  # keeps twins among the texts from making the products singular
CLASS_SHIFT_PENALTY = 20.0
LEAST_BEHIND_A_THRESHOLD = 15
LEAST_SURE = 0.7  # a tag that is wrong one time in three is not worth having

SETTINGS = (
    *(N_FOLDS, SEED, STRENGTH, MENTION_STRENGTH, MEANING_WEIGHTS, SEEN_AT_LEAST, NUDGE, CLASS_SHIFT_PENALTY),
    *(LEAST_BEHIND_A_THRESHOLD, LEAST_SURE, WORD.pattern, WORD_PAIRS, PART_LENGTHS, tuple(COMBINED.items())),
)


@dataclass(frozen=True)
class Outcome:
    """One kind of tag over all examples that have it: probabilities by models that had not seen them."""

    kind: str
    classes: tuple[str, ...]
    truth: tuple[str, ...]
    chances: Doubles
    places: tuple[int, ...]  # of the examples

    @property
    def guessed(self) -> list[str]:
        """The likeliest class of each."""
        return [self.classes[place] for place in self.chances.argmax(axis=1)]

    @property
    def right(self) -> dict[int, bool]:
        """Place of each example → whether its guess is right."""
        return {
            place: guess == truth for place, guess, truth in zip(self.places, self.guessed, self.truth, strict=True)
        }

    def quality(self, head: Head) -> Quality:
        """How good the guesses are, given at the head's thresholds."""
        sure = self.chances.max(axis=1)
        limits = dict(zip(head.classes, map(float, head.thresholds), strict=True))
        given = [one >= limits.get(guess, 1.01) for one, guess in zip(sure, self.guessed, strict=True)]
        return quality(self.kind, self.truth, self.guessed, list(map(float, sure)), given)


def folds_of(groups: Sequence[str], n_folds: int = N_FOLDS) -> NDArray[np.int64]:
    """The fold of each example: groups in falling size, each to the smallest fold so far."""
    sizes: dict[str, int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    filled, fold = [0] * n_folds, {}
    for group in sorted(sizes, key=lambda one: (-sizes[one], one)):
        fold[group] = filled.index(min(filled))
        filled[fold[group]] += sizes[group]
    return np.array([fold[group] for group in groups])


def vocabulary_of(kind: str, texts: Sequence[str]) -> Vocabulary:
    """The words or parts of texts from `whole_text`, with their rarities."""
    how: dict[str, Any] = {"lowercase": True, "sublinear_tf": True, "min_df": min(SEEN_AT_LEAST, len(texts))}
    if kind == "words":
        fitted = TfidfVectorizer(ngram_range=WORD_PAIRS, token_pattern=WORD.pattern, **how).fit(texts)
    else:
        fitted = TfidfVectorizer(analyzer="char_wb", ngram_range=PART_LENGTHS, **how).fit(texts)
    terms = sorted(fitted.vocabulary_, key=fitted.vocabulary_.__getitem__)
    return Vocabulary(kind, tuple(terms), fitted.idf_.astype(np.float32))


@dataclass(frozen=True)
class Space:
    """The features of some texts in as many dimensions as there are texts.

    The penalty of a logistic regression does not see rotations, so it has the same solution there as among all
    features, and is found twenty times as fast.
    """

    features: csr_matrix
    rotated: Doubles  # lower triangle, whose product with its transpose is that of the features with theirs

    @classmethod
    def of(cls, features: csr_matrix) -> "Space":
        """Rotate the features into the span of the texts."""
        products = (features @ features.T).toarray().astype(np.float64)
        products[np.diag_indices_from(products)] += NUDGE
        return cls(features, cholesky(products, lower=True, overwrite_a=True, check_finite=False))

    def fit(self, truth: Sequence[str], weights: Doubles) -> tuple[tuple[str, ...], Floats, Floats]:
        """Classes, weights (features × classes) and bias of a logistic regression."""
        model = LogisticRegression(C=STRENGTH, max_iter=1000, tol=1e-4, class_weight="balanced")
        model.fit(self.rotated, np.array(truth), sample_weight=weights)
        coefficients, bias = model.coef_, model.intercept_
        if len(model.classes_) == 2:
            coefficients, bias = np.vstack([-coefficients, coefficients]) / 2, np.array([-bias[0], bias[0]]) / 2
        found = self.features.T @ solve_triangular(self.rotated, coefficients.T, trans="T", lower=True)
        return tuple(map(str, model.classes_)), np.asarray(found, np.float32), np.asarray(bias, np.float32)


@dataclass
class Spaces:
    """The spaces of parts of the same texts; kinds of tags that have the same examples share one."""

    features: csr_matrix
    known: dict[bytes, Space] = field(default_factory=dict)

    def of(self, mine: NDArray[np.bool_]) -> Space:
        """The space of those texts."""
        key = mine.tobytes()
        if key not in self.known:
            self.known[key] = Space.of(self.features[mine])
        return self.known[key]


def joined(blocks: Mapping[str, Any], meaning_weight: float) -> csr_matrix:
    """All blocks side by side."""
    return hstack([blocks["words"], blocks["parts"], csr_matrix(blocks["meaning"] * meaning_weight)]).tocsr()


def parted(weights: Floats, blocks: Mapping[str, Any], meaning_weight: float) -> dict[str, Floats]:
    """Weights of joined features by block."""
    ends = np.cumsum([blocks[name].shape[1] for name in BLOCKS])[:-1]
    words, parts, meaning = np.split(weights, ends)
    return {"words": words, "parts": parts, "meaning": (meaning * meaning_weight).astype(np.float32)}


@dataclass(frozen=True)
class Corpus:
    """Examples read for fitting: texts, what the rules say, groups and weights."""

    examples: Sequence[Example]
    texts: Sequence[Text]
    wholes: Sequence[str]
    weights: Doubles
    folds: NDArray[np.int64]

    @classmethod
    def read(cls, examples: Sequence[Example], rules: Rules) -> "Corpus":
        """Have the rules read every example, and deal out the folds."""
        texts = [Text.read(one.summary, one.description, rules) for one in examples]
        wholes = [whole_text(one.summary, one.description) for one in examples]
        weights = np.array([one.weight for one in examples])
        return cls(examples, texts, wholes, weights, folds_of([one.group for one in examples]))

    def labelled(self, kind: str) -> NDArray[np.int64]:
        """Places of the examples that have this kind of tag."""
        return np.array([n for n, one in enumerate(self.examples) if one.tags.get(kind)], np.int64)

    def truth(self, kind: str, places: NDArray[np.int64]) -> list[str]:
        """Tags of those examples."""
        return [self.examples[place].tags[kind] for place in places]


def fit_mentions(corpus: Corpus, places: NDArray[np.int64], rules: Rules) -> MentionModel | None:
    """Learn how texts speak of the provider that they are about, and of others."""
    rows, right = [], []
    for place in places:
        one, text = corpus.examples[place], corpus.texts[place]
        length = len(read_text(text.summary, "")) - 1
        for provider, features in mentions(
            read_text(text.summary, text.description), length, text.speaking, rules.by_id
        ).items():
            rows.append(features)
            right.append(provider == one.tags["provider"])
    if len(set(right)) < 2:
        return None
    names = DictVectorizer()
    model = LogisticRegression(C=MENTION_STRENGTH, max_iter=1000, tol=1e-4).fit(names.fit_transform(rows), right)
    weights = dict(zip(names.get_feature_names_out(), map(float, model.coef_[0]), strict=True))
    return MentionModel({str(name): weight for name, weight in weights.items() if weight}, float(model.intercept_[0]))


@dataclass(frozen=True)
class Unseen:
    """Scores of examples by models that had not seen them, and what else is known of each."""

    classes: tuple[str, ...]
    places: NDArray[np.int64]
    truth: NDArray[np.int64]
    scores: Doubles
    given: Doubles


def unseen(
    corpus: Corpus,
    kinds: Sequence[str],
    rules: Rules,
    meaning_weight: float,
    is_known: Sequence[bool] | None = None,
) -> dict[str, Unseen]:
    """Fit on all folds but one (on those that are known, where it is told), score that one, for each fold and kind."""
    parts: dict[str, list[Unseen]] = {kind: [] for kind in kinds}
    for everything, tested in _splits(corpus.folds):
        learned = everything if is_known is None else everything[np.array(is_known)[everything]]
        texts = [corpus.wholes[place] for place in learned]
        words, chars = vocabulary_of("words", texts), vocabulary_of("parts", texts)
        features = joined(feature_blocks(texts, words, chars), meaning_weight)
        others = joined(feature_blocks([corpus.wholes[place] for place in tested], words, chars), meaning_weight)
        spaces = Spaces(features)
        for kind in kinds:
            mine = np.isin(learned, corpus.labelled(kind))
            theirs = np.isin(tested, corpus.labelled(kind))
            if not theirs.any():
                continue
            classes, weights, bias = spaces.of(mine).fit(
                corpus.truth(kind, learned[mine]), corpus.weights[learned[mine]]
            )
            scores = log_softmax(np.asarray(others[theirs] @ weights + bias, np.float64), axis=1)
            mention_model = fit_mentions(corpus, learned[mine], rules) if kind == "provider" else None
            places = tested[theirs]
            given = [given_for(kind, corpus.texts[place], classes, mention_model, rules) for place in places]
            parts[kind].append(Unseen(classes, places, np.empty(0, np.int64), scores, np.stack(given)))
    return {kind: _together(corpus, kind, found) for kind, found in parts.items() if found}


def _splits(folds: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    for fold in sorted(set(folds.tolist()) - {NEVER_TESTED}):
        learned, tested = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if len(learned):
            yield learned, tested


def _together(corpus: Corpus, kind: str, parts: Sequence[Unseen]) -> Unseen:
    """All folds' scores in one table; a class that a fold had not learned has a score of next to nothing."""
    classes = tuple(sorted({name for part in parts for name in part.classes}))
    places = np.concatenate([part.places for part in parts])
    scores = np.full((len(places), len(classes)), NEVER_LEARNED)
    given = np.zeros((len(places), len(classes), len(COMBINED[kind]) - 1))
    start = 0
    for part in parts:
        columns = [classes.index(name) for name in part.classes]
        rows = slice(start, start + len(part.places))
        scores[rows, columns] = part.scores
        given[rows, columns] = part.given
        start += len(part.places)
    truth = np.array([classes.index(one) if one in classes else -1 for one in corpus.truth(kind, places)])
    known = truth >= 0
    return Unseen(classes, places[known], truth[known], scores[known], given[known])


def fit_combination(kind: str, found: Unseen) -> tuple[Floats, Floats]:
    """Weights of head, rules and mentions, and a shift for each class, that make unseen tickets likeliest.

    A ticket whose class its model had never met says nothing of how far models are to be believed.
    """
    n_names, n_classes = len(COMBINED[kind]), len(found.classes)
    fair = found.scores[np.arange(len(found.truth)), found.truth] > NEVER_LEARNED
    scores, given, truth = found.scores[fair], found.given[fair], found.truth[fair]
    rows = np.arange(len(truth))

    def loss(values: Doubles) -> float:
        weights, shift = values[:n_names], values[n_names:]
        logits = scores * weights[0] + given @ weights[1:] + shift
        likelihood = log_softmax(logits, axis=1)[rows, truth].sum()
        return float(-likelihood + 0.5 * CLASS_SHIFT_PENALTY * (shift**2).sum() + 0.05 * (weights**2).sum())

    start = np.zeros(n_names + n_classes)
    start[0] = 1.0
    best = minimize(loss, start, method="L-BFGS-B").x
    return best[:n_names].astype(np.float32), best[n_names:].astype(np.float32)


def thresholds_for(outcome: Outcome, precision: float) -> Floats:
    """For each class the lowest confidence from which on tags of unseen tickets were right often enough."""
    likely, sure = outcome.chances.argmax(axis=1), outcome.chances.max(axis=1)
    right = np.array([outcome.classes[place] for place in likely]) == np.array(outcome.truth)
    pooled = lowest_sure(sure, right, precision)
    found = []
    for number in range(len(outcome.classes)):
        mine = likely == number
        own = lowest_sure(sure[mine], right[mine], precision) if mine.sum() >= LEAST_BEHIND_A_THRESHOLD else pooled
        found.append(own)
    rounded = np.array(found, np.float32)
    # rounded up, a limit would leave out the very ticket that it was chosen from
    return np.where(rounded > np.array(found), np.nextafter(rounded, np.float32(0)), rounded)


def lowest_sure(sure: Doubles, right: NDArray[np.bool_], precision: float) -> float:
    """The lowest confidence c such that of those at c or above at least `precision` were right; 1.01 if none is.

    Never below `LEAST_SURE`: many sure ones must not carry a few that are often wrong.
    """
    order = np.argsort(-sure)
    n_right = np.cumsum(right[order])
    ends_a_tie = np.append(np.diff(sure[order]) < 0, True)
    good = np.flatnonzero(ends_a_tie & (n_right >= precision * (np.arange(len(order)) + 1)))
    return max(LEAST_SURE, float(sure[order[good[-1]]])) if len(good) else 1.01


def choose_meaning(corpus: Corpus, kind: str, rules: Rules) -> float:
    """How much meaning is to count beside words: what does best on a third of the examples, unseen."""
    third = np.where(corpus.folds % 3 == 0, 0, NEVER_TESTED)
    few = Corpus(corpus.examples, corpus.texts, corpus.wholes, corpus.weights, third)

    def n_right(weight: float) -> int:
        found = unseen(few, (kind,), rules, weight)[kind]
        return int((found.scores.argmax(axis=1) == found.truth).sum())

    return max(MEANING_WEIGHTS, key=n_right)


def outcomes_of(
    examples: Sequence[Example], rules: Rules, kinds: Sequence[str], is_known: Sequence[bool]
) -> list[Outcome]:
    """What models learned from the known examples alone say of all, fold by fold, none having seen what it judges."""
    corpus = Corpus.read(examples, rules)
    found = unseen(corpus, kinds, rules, choose_meaning(corpus, kinds[0], rules), is_known)
    return [_outcome(kind, one, *fit_combination(kind, one)) for kind, one in found.items()]


def _outcome(kind: str, found: Unseen, combination: Floats, shift: Floats) -> Outcome:
    chances = combined(found.scores, found.given, combination, shift)
    truth = tuple(found.classes[place] for place in found.truth)
    return Outcome(kind, found.classes, truth, chances, tuple(map(int, found.places)))


def fit(
    examples: Sequence[Example], rules: Rules, kinds: Sequence[str], precision: float, about: Mapping[str, Any]
) -> tuple[Classifier, list[Outcome]]:
    """A classifier of these examples, and what models of the same kind said of examples they had not seen."""
    corpus = Corpus.read(examples, rules)
    meaning_weight = choose_meaning(corpus, kinds[0], rules)
    seen_not = unseen(corpus, kinds, rules, meaning_weight)
    words, parts = vocabulary_of("words", corpus.wholes), vocabulary_of("parts", corpus.wholes)
    blocks = feature_blocks(corpus.wholes, words, parts)
    features = joined(blocks, meaning_weight)
    heads, outcomes = {}, []
    spaces = Spaces(features)
    for kind, found in seen_not.items():
        combination, shift = fit_combination(kind, found)
        outcome = _outcome(kind, found, combination, shift)
        outcomes.append(outcome)
        places = corpus.labelled(kind)
        mine = np.isin(np.arange(len(examples)), places)
        classes, weights, bias = spaces.of(mine).fit(corpus.truth(kind, places), corpus.weights[places])
        order = [found.classes.index(name) for name in classes if name in found.classes]
        heads[kind] = Head(
            kind=kind,
            classes=classes,
            weights=parted(weights, blocks, meaning_weight),
            bias=bias,
            combination=combination,
            thresholds=thresholds_for(outcome, precision)[order],
            class_shift=shift[order],
        )
    mention_model = fit_mentions(corpus, corpus.labelled("provider"), rules) if "provider" in heads else None
    told = {**about, "meaning_weight": meaning_weight}
    return Classifier(words, parts, heads, mention_model, told), outcomes
