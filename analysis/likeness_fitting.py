"""Tickets whose kind of failure is known → the likeness.

The weights of its evidence are fitted on pairs of tickets of known families, by hands that the space was not taught by.
"""

import csv
import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from analysis.examples import STARTER
from analysis.features import PART_LENGTHS, WORD, WORD_PAIRS, Floats, Vocabulary, embeddings, whole_text
from analysis.likeness import (
    APART_IN_TENS,
    COUNTED_WORDS,
    EVIDENCE,
    FEATURE_STEPS,
    FEATURES_SCALE,
    KINDS_SCALE,
    KNOWN_SHARE,
    KNOWN_WORDS,
    LEAST_CHANCE,
    N_COUNTS,
    STATUS,
    TELLING_WORDS,
    WEIGHT_STEPS,
    Flags,
    Integers,
    Likeness,
    Words,
)

N_AXES = 128  # of each block
WORDS_SEEN, PARTS_SEEN = 12, 60  # times at least; a ticket's words count up to three times
MEANING_WEIGHT = 0.5
SHRINKAGE = 0.15  # of the differences within a kind towards a ball; the rest is as measured
LEAST_SPREAD = 1e-3  # of a direction, for it to be kept
STRENGTH = 30.0  # of the regression on kinds
KIND_SEEN = 3  # times at least, to be a kind of the regression
SEED = 0
OTHER, UNKNOWN = EVIDENCE.index("other provider"), EVIDENCE.index("provider unknown")
SMALLEST = 127  # of a small integer
NOTHING_WEIGHS = 10.0  # a text that tells nothing counts as so many that tell something, of which there are many more
NOTHING_FOUND = 0.95  # of them are to be known for what they are, among such as the regression has not seen
FOLDS = 10
SETTINGS = (
    *(N_AXES, WORDS_SEEN, PARTS_SEEN, MEANING_WEIGHT, SHRINKAGE, LEAST_SPREAD, STRENGTH, KIND_SEEN, SEED, SMALLEST),
    *(EVIDENCE, WORD.pattern, WORD_PAIRS, PART_LENGTHS, STATUS.pattern, FEATURE_STEPS, WEIGHT_STEPS),
    *(KINDS_SCALE, APART_IN_TENS, LEAST_CHANCE, KNOWN_WORDS, KNOWN_SHARE, TELLING_WORDS, COUNTED_WORDS, N_COUNTS),
    *(FEATURES_SCALE, NOTHING_WEIGHS, NOTHING_FOUND, FOLDS),
)


@dataclass(frozen=True)
class Known:
    """A ticket with its words, and its kind of failure, or its family in a set of one hand that names them."""

    words: Words
    label: str
    provider: str
    category: str
    order: tuple[str, str, str] = ("", "", "")  # hand, when it was made, id


def known_kinds(folder: Path = STARTER) -> list[Known]:
    """The starter set with `kinds.csv`, and the tickets of `kinds/`."""
    with (folder / "kinds.csv").open(encoding="utf-8", newline="") as lines:
        kinds = {(row["provider"], row["category"], row["family"]): row["kind"] for row in csv.DictReader(lines)}
    found = []
    for path in (*sorted(folder.glob("*.toml")), *sorted((folder / "kinds").glob("*.toml"))):
        for ticket in tomllib.loads(path.read_text(encoding="utf-8"))["ticket"]:
            kind = ticket.get("kind") or kinds.get((ticket["provider"], ticket["category"], ticket.get("family") or ""))
            if kind and kind != "unknown":
                found.append(_known(ticket, kind, path.stem))
    return found


def known_families(folder: Path = STARTER / "families") -> list[Known]:
    """Tickets of hands that the space was not taught with, in order; a single one is a family of its own."""
    found = [
        _known(ticket, ticket["family"] or f"single {ticket['id']}", path.stem)
        for path in sorted(folder.glob("*.toml"))
        for ticket in tomllib.loads(path.read_text(encoding="utf-8"))["ticket"]
    ]
    return sorted(found, key=lambda one: one.order)


def says_nothing(folder: Path = STARTER) -> list[Words]:
    """Texts of people who say nothing of what failed; summary and description are parted by a bar."""
    lines = _lines(folder / "says_nothing.txt")
    return [Words(summary.strip(), text.strip()) for summary, _, text in (line.partition(" | ") for line in lines)]


def plain_words(folder: Path = STARTER) -> list[str]:
    """Words that anybody writes in any ticket, in order."""
    return sorted({word for line in _lines(folder / "plain_words.txt") for word in line.split()})


def _lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _known(ticket: dict[str, str], label: str, hand: str) -> Known:
    words = Words(
        ticket["summary"].strip(), ticket["description"].strip(), ticket.get("resolution", "").strip() or None
    )
    order = (hand, str(ticket.get("created", "")), ticket["id"])
    return Known(words, label, ticket["provider"], ticket["category"], order)


def digest_of(*sets: Sequence[Known | Words | str]) -> str:
    """A short hash of everything that a likeness is made of, set by set."""
    told = repr(([list(one) for one in sets], SETTINGS))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


def fit_likeness(
    kinds: Sequence[Known], families: Sequence[Known], nothing: Sequence[Words], plain: Sequence[str]
) -> Likeness:
    """Fit space, kinds and weights. The families' hands must not be among those of the kinds.

    `nothing` are texts that tell nothing of a failure, `plain` words that do not.
    """
    texts, labels = zip(*_views(kinds), strict=True)
    words, word_axes, word_scale = _block("words", texts)
    parts, part_axes, part_scale = _block("parts", texts)
    n_features = 2 * N_AXES + embeddings(["a"]).shape[1]
    bare = Likeness(
        words=words,
        parts=parts,
        axes={"words": word_axes, "parts": part_axes},
        scale={"words": word_scale, "parts": part_scale},
        meaning_weight=MEANING_WEIGHT,
        centre=np.zeros(n_features, np.float32),
        directions=np.zeros((0, 0), np.float32),
        spread=np.zeros(0, np.float32),
        kind_names=(),
        kind_weights=np.zeros((0, 0), np.float32),
        kind_bias=np.zeros(0, np.float32),
        weights=np.zeros((3, len(EVIDENCE)), np.float32),
        plain_words=frozenset(plain),
        telling=np.zeros(n_features + N_COUNTS, np.float32),
        version=digest_of(kinds, families, nothing, plain),
    )
    features = bare.features(texts)
    centre = features.mean(axis=0)
    features -= centre
    directions, spread = _directions(features, labels)
    names, kind_weights, kind_bias = _kinds(features, labels)
    fitted = replace(bare, centre=centre, directions=directions, spread=spread)
    fitted = replace(fitted, kind_names=names, kind_weights=kind_weights, kind_bias=kind_bias)
    fitted = replace(fitted, telling=_telling(fitted, kinds, nothing))
    return replace(fitted, weights=_weights(fitted, families))


def _views(known: Sequence[Known]) -> Iterator[tuple[str, str]]:
    """Each ticket as it may be read: its words, with its closing, and the closing alone."""
    for one in known:
        said = whole_text(one.words.summary, one.words.description)
        yield said, one.label
        if one.words.closing:
            closing = whole_text("", one.words.closing)
            yield f"{said} \n {closing}", one.label
            yield closing, one.label


def _block(kind: str, texts: Sequence[str]) -> tuple[Vocabulary, NDArray[np.int8], Floats]:
    """Vocabulary of a kind, and the axes in which the texts differ most, as small integers with their scale."""
    if kind == "words":
        found = TfidfVectorizer(
            ngram_range=WORD_PAIRS, token_pattern=WORD.pattern, min_df=WORDS_SEEN, sublinear_tf=True
        )
    else:
        found = TfidfVectorizer(analyzer="char_wb", ngram_range=PART_LENGTHS, min_df=PARTS_SEEN, sublinear_tf=True)
    found.fit(texts)
    terms = sorted(found.vocabulary_, key=found.vocabulary_.__getitem__)
    vocabulary = Vocabulary(kind, tuple(terms), found.idf_.astype(np.float32))
    rows: csr_matrix = vocabulary.rows(texts)
    axes = TruncatedSVD(N_AXES, random_state=SEED, n_iter=5).fit(rows).components_.T
    scale = (np.abs(axes).max(axis=0) / SMALLEST).astype(np.float32)
    return vocabulary, np.round(axes / scale).astype(np.int8), scale


def _directions(features: Floats, labels: Sequence[str]) -> tuple[Floats, Floats]:
    """Where differences within a kind have variance 1, and the variance between kinds there (two covariances)."""
    _, of_kind, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.zeros((len(sizes), features.shape[1]))
    np.add.at(means, of_kind, features)
    means /= sizes[:, None]
    several = sizes > 1
    differences = (features - means[of_kind])[several[of_kind]]
    within = differences.T @ differences / (sizes[several] - 1).sum()
    ball = np.trace(within) / len(within) * np.eye(len(within))
    within = (1 - SHRINKAGE) * within + SHRINKAGE * ball
    # a mean of few is spread by what differs within its kind, too
    between = means[several].T @ means[several] / several.sum() - within * np.mean(1 / sizes[several])
    spread, directions = eigh(between, within)
    kept = np.flatnonzero(spread > LEAST_SPREAD)[::-1]
    return directions[:, kept].astype(np.float32), spread[kept].astype(np.float32)


def _kinds(features: Floats, labels: Sequence[str]) -> tuple[tuple[str, ...], Floats, Floats]:
    """Names, weights (features × kinds) and bias of a regression on the kinds that were seen often enough."""
    seen = Counter(labels)
    kept = np.array([seen[label] >= KIND_SEEN for label in labels])
    truth = np.array(labels)[kept]
    rare = np.array([1 / np.sqrt(seen[label]) for label in truth])
    model = LogisticRegression(C=STRENGTH, max_iter=500, tol=1e-3)
    model.fit(KINDS_SCALE * features[kept], truth, sample_weight=rare * len(rare) / rare.sum())
    names = tuple(map(str, model.classes_))
    return names, model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32)


def _telling(likeness: Likeness, kinds: Sequence[Known], nothing: Sequence[Words]) -> Floats:
    """Weights of a regression on whether a text tells something, for such texts as its words alone leave unsure."""
    short = [text for one in kinds for text in (one.words.summary, one.words.closing or "")]
    texts = [whole_text(text, "") for text in short] + [whole_text(one.summary, one.description) for one in nothing]
    is_told = np.arange(len(texts)) < len(short)
    counted = [likeness.words_of(text) for text in texts]
    unsure = [n for n, one in enumerate(counted) if one.is_known and len(one.telling) < TELLING_WORDS]
    told_by = likeness.told_by([texts[n] for n in unsure], [counted[n] for n in unsure])
    truth = is_told[unsure]
    model = LogisticRegression(class_weight={False: NOTHING_WEIGHS}, max_iter=5000, fit_intercept=False)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    scores = cross_val_predict(model, told_by, truth, cv=folds, method="decision_function")
    weights = model.fit(told_by, truth).coef_[0]
    weights[-N_COUNTS] -= np.quantile(scores[~truth], NOTHING_FOUND)  # that of the number that is always 1
    return np.asarray(weights, np.float32)


def pairs_of(likeness: Likeness, families: Sequence[Known], n_closed: int) -> tuple[Floats, Flags, Integers]:
    """Evidence of each ticket against the earlier ones of its hand, whether both are one family, and the later's place.

    Hands name failures each in its own way, so nothing is known of pairs of two hands.
    With `n_closed` 1 the earlier one is closed and the later one is not, as when a ticket has just escalated.
    """
    closed = likeness.read([one.words for one in families])
    open_ = likeness.read([one.words._replace(closing=None) for one in families])
    later, earlier = {0: (open_, open_), 1: (open_, closed), 2: (closed, closed)}[n_closed]
    providers = [one.provider for one in families]
    evidence, same, place = [], [], []
    for number in range(1, len(families)):
        start = next(n for n, one in enumerate(families) if one.order[0] == families[number].order[0])
        mine, others = later.take([number]), earlier.take(slice(start, number))
        if start == number:
            continue
        found, _ = likeness.evidence(mine, others, providers[number], providers[start:number])
        told = others.is_told & mine.is_told[0]
        evidence.append(found[told])
        same.append(np.array([one.label == families[number].label for one in families[start:number]])[told])
        place.append(np.full(int(told.sum()), number))
    return np.concatenate(evidence), np.concatenate(same), np.concatenate(place)


def _weights(likeness: Likeness, families: Sequence[Known]) -> Floats:
    """Log-odds weights of the evidence, for pairs of which none, one or both are closed."""
    rows = []
    for n_closed in range(3):
        evidence, same, _ = pairs_of(likeness, families, n_closed)
        model = LogisticRegression(C=1.0, max_iter=5000, fit_intercept=False).fit(evidence, same)
        weights = model.coef_[0].copy()
        weights[UNKNOWN] = _unknown(evidence, same, weights)
        rows.append(weights)
    return np.array(rows, np.float32)


def _unknown(evidence: Floats, same: Flags, weights: NDArray[np.float64]) -> float:
    """What it is worth, in log-odds, that nothing tells whether two tickets are about one provider."""
    rest = np.delete(evidence, OTHER, axis=1) @ np.delete(weights, OTHER)

    def loss(worth: float) -> float:
        return float(np.logaddexp(0, -np.where(same, 1, -1) * (rest + worth)).sum())

    return float(minimize_scalar(loss, bounds=(-5, 5), method="bounded").x)
