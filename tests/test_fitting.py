"""Fitting: what is learned from a few tickets, what is held back, how confidence and thresholds come about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from few_tickets import KINDS, PRECISION, cells, chances, few_examples, few_model, few_rules, fitted
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from analysis.classifier import Classifier, combined
from analysis.examples import Example
from analysis.fitting import (
    LEAST_BEHIND_A_THRESHOLD,
    LEAST_SURE,
    N_FOLDS,
    STRENGTH,
    Outcome,
    Space,
    Unseen,
    fit,
    fit_combination,
    folds_of,
    lowest_sure,
    outcomes_of,
    thresholds_for,
)

LAW = settings(max_examples=60, deadline=None)


def few(*more: Example) -> tuple[Classifier, dict[str, Outcome]]:
    """The classifier of the few tickets and some more, and what is known of each kind."""
    model, outcomes = fit([*few_examples(), *more], few_rules(), KINDS, PRECISION, {"model_version": "few and more"})
    return model, {one.kind: one for one in outcomes}


def ticket(summary: str, provider: str, category: str, group: str, weight: float = 1.0) -> Example:
    tags = {"provider": provider, "failure_category": category}
    return Example(f"{group} {summary}", summary, "", tags, group, weight)


# -- folds ---------------------------------------------------------------------------------------------------

# groups in their order | number of folds | fold of each
FOLDS = """
anna bill cora dora       | 2 | 0 1 0 1
dora cora bill anna       | 2 | 1 0 1 0
a a a b b c               | 2 | 0 0 0 1 1 1
c b a b a a               | 2 | 1 1 0 1 0 0
a a a a b b c c           | 2 | 0 0 0 0 1 1 1 1
a a a b b c d             | 3 | 0 0 0 1 1 2 2
one one one one           | 3 | 0 0 0 0
"""


@pytest.mark.parametrize(("groups", "n_folds", "wanted"), cells(FOLDS))
def test_groups_in_falling_size_go_to_the_smallest_fold(groups: str, n_folds: str, wanted: str) -> None:
    assert folds_of(groups.split(), int(n_folds)).tolist() == [int(one) for one in wanted.split()]


groups_of_examples = st.lists(st.sampled_from("abcdefghijklmnop"), min_size=1, max_size=70)


@LAW
@given(groups_of_examples)
def test_no_group_is_parted_and_no_fold_outgrows_the_others_by_more_than_a_group(groups: list[str]) -> None:
    folds = folds_of(groups)
    assert len(set(zip(groups, folds.tolist(), strict=True))) == len(set(groups)), "a group in two folds"
    sizes = np.bincount(folds, minlength=N_FOLDS)
    assert len(sizes) == N_FOLDS
    assert sizes.max() - sizes.min() <= max(map(groups.count, groups))


@LAW
@given(st.data())
def test_the_order_of_examples_is_nothing_to_the_folds(data: st.DataObject) -> None:
    groups = data.draw(groups_of_examples)
    shuffled = data.draw(st.permutations(groups))
    told, again = (dict(zip(some, folds_of(some).tolist(), strict=True)) for some in (groups, shuffled))
    assert told == again


# -- what is learned -----------------------------------------------------------------------------------------

# By a fifth hand, of which nothing was learned. summary | description | provider | category
HELD_BACK = """
Tekion keeps saying 401     | Our token for Tekion has expired, it is rejected.               | tekion | auth
CDK refuses the new key     | Unauthorized since noon, the credentials were rotated.          | cdk    | auth
XTime rejects our token     | Every request is unauthorized. Their CDK works fine.            | xtime  | auth
Tekion sends nothing        | The webhook is subscribed, but no event is delivered.           | tekion | webhook
each event comes twice      | CDK delivered the same event twice to the callback.             | cdk    | webhook
XTime and the callback      | Events of XTime are lost, the callback is never called.         | xtime  | webhook
slot taken twice            | Two customers booked the same slot in Tekion on Saturday.       | tekion | scheduling
the appointment is wrong    | A slot at midnight was offered by CDK, the customer booked it.  | cdk    | scheduling
no free slot                | XTime shows no slot for an appointment on Friday.               | xtime  | scheduling
How can I change the report | Just a question: where is the setting, please explain.          | none   | how_to
training for a colleague    | Is there a training for a new colleague about the settings?     | none   | how_to
"""


@pytest.mark.parametrize(("summary", "description", "provider", "category"), cells(HELD_BACK))
def test_the_obvious_is_guessed_of_tickets_of_another_hand(
    summary: str, description: str, provider: str, category: str
) -> None:
    for kind, wanted in (("provider", provider), ("failure_category", category)):
        (told,) = chances(few_model(), kind, f"{summary}/{description}")
        assert max(told, key=lambda value: told[value]) == wanted, (kind, told)


@pytest.mark.parametrize(
    ("words", "cause"),
    cells("""
        Our code did it, a change was deployed tonight.      | our_bug
        A setting was wrong; the dealer corrected it.        | configuration
        """),
)
def test_the_words_of_a_closing_tell_the_root_cause(words: str, cause: str) -> None:
    (told,) = chances(few_model(), "root_cause", f"/{words}")
    assert told[cause] > 0.7


@cache
def blorp() -> tuple[Classifier, dict[str, Outcome]]:
    """Four tickets of one hand in words that nobody else uses."""
    words = ("blorp snarg wuggle", "blorp snarg frindle", "wuggle blorp zorp", "snarg blorp wuggle zorp")
    return few(*(ticket(one, "cdk", "auth", "eve") for one in words))


@pytest.mark.parametrize("kind", ["provider", "failure_category"])
def test_no_guess_on_a_fold_comes_from_a_model_that_had_seen_its_hand(kind: str) -> None:
    """Only eve says blorp: whoever had not read her can't know what it means; the finished model does."""
    model, outcomes = blorp()
    value = {"provider": "cdk", "failure_category": "auth"}[kind]
    column = outcomes[kind].classes.index(value)
    hers = [place >= len(few_examples()) for place in outcomes[kind].places]
    assert sum(hers) == 4
    assert outcomes[kind].chances[hers, column].max() < 0.6
    (told,) = chances(model, kind, "wuggle snarg blorp zorp/")
    assert told[value] > 0.9


def test_each_example_is_judged_once_and_against_its_own_tag() -> None:
    examples = few_examples()
    for outcome in fitted()[1]:
        tagged = [place for place, one in enumerate(examples) if outcome.kind in one.tags]
        assert sorted(outcome.places) == tagged
        assert [examples[place].tags[outcome.kind] for place in outcome.places] == list(outcome.truth)


@pytest.mark.parametrize(
    ("weight_of_auth", "weight_of_webhook", "wins"),
    [(1.0, 3.0, "webhook"), (3.0, 1.0, "auth"), (1.0, 9.0, "webhook")],
)
def test_a_heavy_answer_outweighs_a_light_ticket(weight_of_auth: float, weight_of_webhook: float, wins: str) -> None:
    """Two say the same words and mean different things by them."""
    words = "the blorp of the snarg wuggles"
    model, _ = few(
        ticket(words, "cdk", "auth", "starter", weight_of_auth),
        ticket(words, "cdk", "webhook", "dealer", weight_of_webhook),
    )
    (told,) = chances(model, "failure_category", f"{words}/")
    loses = "auth" if wins == "webhook" else "webhook"
    assert told[wins] > 1.5 * told[loses]


def test_a_class_with_one_example_is_a_class_like_others() -> None:
    model, outcomes = few(
        ticket("The lease of Dealer-FX has run out, Dealer-FX wants money", "dealer_fx", "limitation", "anna")
    )
    for kind, value in (("provider", "dealer_fx"), ("failure_category", "limitation")):
        head = model.heads[kind]
        assert value in head.classes
        assert {array.shape[-1] for array in head.weights.values()} == {len(head.classes)}
        assert {len(one) for one in (head.bias, head.thresholds, head.class_shift)} == {len(head.classes)}
        assert outcomes[kind].truth.count(value) == 1
        assert np.isfinite(outcomes[kind].chances).all()
    told, _ = chances(model, "failure_category", "The lease has run out and Dealer-FX wants money/", "401/")
    assert max(told, key=lambda value: told[value]) == "limitation"


@pytest.mark.parametrize("kind", ["provider", "failure_category"])
def test_what_only_the_hidden_hand_has_cannot_be_guessed_and_spoils_nothing(kind: str) -> None:
    """Whoever judges eve's ticket has never heard of its value; the others go on trusting what the words say."""
    model, outcomes = few(ticket("lease", "dealer_fx", "limitation", "eve"))
    value = {"provider": "dealer_fx", "failure_category": "limitation"}[kind]
    assert outcomes[kind].guessed[outcomes[kind].truth.index(value)] != value
    assert model.heads[kind].combination[0] > 0, "the more the words speak for a value, the less likely it is"


# -- the same again ------------------------------------------------------------------------------------------


def arrays_of(model: Classifier) -> dict[str, NDArray[Any]]:
    found = {"words": model.words.idf, "parts": model.parts.idf}
    for kind, head in model.heads.items():
        found |= {f"{kind} {block}": weights for block, weights in head.weights.items()}
        for role in ("bias", "combination", "thresholds", "class_shift"):
            found[f"{kind} {role}"] = getattr(head, role)
    return found


def test_the_same_examples_give_the_same_model() -> None:
    model, outcomes = fit(few_examples(), few_rules(), KINDS, PRECISION, {"model_version": "few"})
    before, before_outcomes = fitted()
    assert (model.words.terms, model.parts.terms) == (before.words.terms, before.parts.terms)
    assert (model.mention_model, model.about) == (before.mention_model, before.about)
    found, wanted = arrays_of(model), arrays_of(before)
    assert found.keys() == wanted.keys()
    assert [name for name in found if not np.array_equal(found[name], wanted[name])] == []
    for one, other in zip(outcomes, before_outcomes, strict=True):
        assert np.array_equal(one.chances, other.chances)
        assert (one.truth, one.places) == (other.truth, other.places)


def test_another_example_gives_another_model() -> None:
    found, wanted = arrays_of(blorp()[0]), arrays_of(few_model())
    assert not np.array_equal(found["provider bias"], wanted["provider bias"])


def test_where_all_is_known_the_comparison_is_the_fit_itself() -> None:
    """The new model and the one in force are compared on the same footing."""
    examples = few_examples()
    for found, wanted in zip(
        outcomes_of(examples, few_rules(), KINDS, [True] * len(examples)), fitted()[1], strict=True
    ):
        assert (found.kind, found.truth, found.places) == (wanted.kind, wanted.truth, wanted.places)
        np.testing.assert_allclose(found.chances, wanted.chances)


@pytest.mark.parametrize(("is_known", "n_right"), [(True, 4), (False, 0)])
def test_what_is_not_known_is_judged_and_not_learned_from(is_known: bool, n_right: int) -> None:
    """Two hands that say blorp teach each other what it means, but only where they are known."""
    words = ("blorp snarg wuggle zorp", "zorp wuggle blorp snarg")
    more = [ticket(one, "xtime", "how_to", hand) for hand in ("eve", "fay") for one in words]
    examples = [*few_examples(), *more]
    known = [place < len(few_examples()) or is_known for place in range(len(examples))]
    (found,) = outcomes_of(examples, few_rules(), ("failure_category",), known)
    hers = [place >= len(few_examples()) for place in found.places]
    right = [guess == truth for guess, truth, mine in zip(found.guessed, found.truth, hers, strict=True) if mine]
    assert (len(right), sum(right)) == (4, n_right)


# -- the linear model ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_rotation_finds_the_weights_that_all_features_would_give(n_classes: int) -> None:
    """Against scikit-learn on the features themselves."""
    rng = np.random.default_rng(5)
    features = csr_matrix(rng.random((24, 60)) * (rng.random((24, 60)) < 0.2))
    truth = ["abc"[row % n_classes] for row in range(24)]
    weights = rng.choice([1.0, 3.0], 24)
    classes, found, bias = Space.of(features).fit(truth, weights)
    oracle = LogisticRegression(C=STRENGTH, max_iter=5000, tol=1e-8, class_weight="balanced")
    oracle.fit(features.toarray(), truth, sample_weight=weights)
    assert classes == tuple(oracle.classes_)
    chance = np.exp(log_softmax(features @ found + bias, axis=1))
    np.testing.assert_allclose(chance, oracle.predict_proba(features.toarray()), atol=5e-3)


# -- confidence ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", fitted()[1], ids=lambda one: one.kind)
def test_confidence_on_unseen_folds_is_a_probability(outcome: Outcome) -> None:
    assert (outcome.chances >= 0).all()
    assert (outcome.chances <= 1).all()
    np.testing.assert_allclose(outcome.chances.sum(axis=1), 1)


log_chances = st.lists(st.floats(-12, 0), min_size=4, max_size=4)


@LAW
@given(log_chances, st.integers(0, 3), st.floats(0.5, 8))
def test_the_more_a_head_thinks_of_a_value_the_likelier_it_is(scores: list[float], place: int, more: float) -> None:
    """With the weights that were fitted on unseen folds, for each kind of tag."""
    for kind in ("provider", "failure_category"):
        head = few_model().heads[kind]
        raised = [score + more * (number == place) for number, score in enumerate(scores)]
        nothing = np.zeros((2, 4, len(head.combination) - 1))
        low, high = combined(np.array([scores, raised]), nothing, head.combination, head.class_shift)
        assert low[place] < high[place] or low[place] > 1 - 1e-9
        assert all(high[other] <= low[other] for other in range(4) if other != place)


# How boldly the head states what is true | what its scores are to be weighed with
BOLDNESS = """
4.0 | 0.25
1.0 | 1.00
0.5 | 2.00
"""


@pytest.mark.parametrize(("boldness", "wanted"), cells(BOLDNESS))
def test_boasting_is_toned_down_and_timidity_encouraged(boldness: str, wanted: str) -> None:
    """Of a thousand tickets each at odds from 1:9 to 9:1, as many are so as was stated, made bolder or tamer."""
    scores, truth = [], []
    for n_so in range(1, 10):
        odds = np.log(n_so / (10 - n_so)) * float(boldness)
        scores += [[0.0, odds]] * 1000
        truth += [1] * (100 * n_so) + [0] * (1000 - 100 * n_so)
    n = len(truth)
    unseen = Unseen(
        ("no", "so"), np.arange(n), np.array(truth), log_softmax(np.array(scores), axis=1), np.zeros((n, 2, 0))
    )
    weights, shift = fit_combination("root_cause", unseen)
    assert weights[0] == pytest.approx(float(wanted), rel=0.02)
    assert np.abs(shift).max() < 0.02


def test_wrong_tags_among_the_examples_make_less_sure() -> None:
    """Each hand's third ticket carries the tag of its neighbour."""
    examples = few_examples()
    spoilt = [
        replace(one, tags=examples[place - 1].tags) if place % 3 == 0 and 0 < place < 40 else one
        for place, one in enumerate(examples)
    ]
    _, outcomes = fit(spoilt, few_rules(), KINDS, PRECISION, {"model_version": "spoilt"})
    sure = {one.kind: one.chances.max(axis=1).mean() for one in outcomes}
    before = {one.kind: one.chances.max(axis=1).mean() for one in fitted()[1]}
    for one in outcomes[:2]:
        assert sure[one.kind] < before[one.kind] - 0.1
        assert abs(sure[one.kind] - sum(one.right.values()) / len(one.truth)) < 0.15, "stated, and what came true"


# -- thresholds ----------------------------------------------------------------------------------------------

# confidences, wrong ones with an x | precision | from which on
LOWEST = """
0.98 0.9 0.85        | 0.95 | 0.85
0.98 0.9 0.85x       | 0.95 | 0.9
0.98 0.9x 0.85       | 0.95 | 0.98
0.98 0.9x 0.85       | 0.66 | 0.85
0.98x 0.9 0.85       | 0.66 | 0.85
0.98x 0.9x 0.85x     | 0.5  | never
0.98x 0.9            | 0.5  | 0.9
0.98 0.3             | 0.95 | least
0.5 0.4              | 0.95 | least
0.85 0.98x 0.9       | 0.66 | 0.85
0.98 0.9 0.85 0.8x   | 0.75 | 0.8
                     | 0.95 | never
"""


@pytest.mark.parametrize(("told", "precision", "wanted"), cells(LOWEST))
def test_the_lowest_confidence_that_was_right_often_enough(told: str, precision: str, wanted: str) -> None:
    sure = np.array([float(one.rstrip("x")) for one in told.split()])
    right = np.array([not one.endswith("x") for one in told.split()], bool)
    known = {"never": 1.01, "least": LEAST_SURE}
    assert lowest_sure(sure, right, float(precision)) == (known[wanted] if wanted in known else float(wanted))


judged = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)
coarse = st.lists(st.tuples(st.integers(0, 10).map(lambda n: n / 10), st.booleans()), min_size=1, max_size=40)
precisions = st.sampled_from([0.5, 0.75, 0.8, 0.9, 0.95, 1.0])


def reached(told: Sequence[tuple[float, bool]], limit: float, precision: float) -> bool:
    """Whether of those at or above the limit enough are right."""
    above = [right for sure, right in told if sure >= limit]
    return sum(above) >= precision * len(above)


@LAW
@given(judged.filter(lambda told: len({sure for sure, _ in told}) == len(told)), precisions)
def test_what_is_at_or_above_it_reaches_the_stated_precision(told: list[tuple[float, bool]], precision: float) -> None:
    """Unless `LEAST_SURE` decides, which is no promise of precision; and nothing lower would do."""
    limit = lowest_sure(np.array([sure for sure, _ in told]), np.array([right for _, right in told]), precision)
    assert limit >= LEAST_SURE
    if limit > LEAST_SURE:
        assert reached(told, limit, precision)
    assert not any(LEAST_SURE <= sure < limit and reached(told, sure, precision) for sure, _ in told)


@LAW
@example([(0.9, True), (0.9, False)], 0.75)
@given(coarse, precisions)
def test_that_holds_too_where_several_are_equally_sure(told: list[tuple[float, bool]], precision: float) -> None:
    limit = lowest_sure(np.array([sure for sure, _ in told]), np.array([right for _, right in told]), precision)
    if limit > LEAST_SURE:
        assert reached(told, limit, precision)


@LAW
@given(coarse)
def test_who_asks_for_more_precision_is_never_given_more(told: list[tuple[float, bool]]) -> None:
    sure, right = np.array([one for one, _ in told]), np.array([one for _, one in told])
    limits = [lowest_sure(sure, right, precision) for precision in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)]
    assert limits == sorted(limits)


def outcome(rows: Sequence[tuple[str, float, bool]]) -> Outcome:
    """Of two classes: which was guessed, how surely, and whether it was right."""
    chance = np.array([[sure, 1 - sure] if guess == "a" else [1 - sure, sure] for guess, sure, _ in rows])
    truth = tuple(guess if right else "ba"["ab".index(guess)] for guess, _, right in rows)
    return Outcome("provider", ("a", "b"), truth, chance, tuple(range(len(rows))))


def test_a_class_with_enough_guesses_has_a_threshold_of_its_own_and_others_share_one() -> None:
    """Of a's 15 guesses all are right; of b's one in three, and they are enough to count alone or one too few."""
    a = [("a", 0.8125 + number / 128, True) for number in range(LEAST_BEHIND_A_THRESHOLD)]
    b = [("b", 0.6875 + number / 128, number % 3 == 0) for number in range(LEAST_BEHIND_A_THRESHOLD)]
    own = thresholds_for(outcome(a + b), 0.95)
    assert own.tolist() == [0.8125, np.float32(1.01)]  # never
    pooled = thresholds_for(outcome(a + b[:-1]), 0.95)
    assert pooled.tolist() == [0.8125, 0.8125]


@LAW
@example(0.8, 32)
@given(st.sampled_from([0.6, 0.75, 0.8, 0.9, 0.95]), st.integers(0, 10_000))
def test_on_what_they_were_chosen_from_every_class_with_enough_guesses_keeps_the_promise(
    precision: float, seed: int
) -> None:
    """As the head keeps them, and as `Outcome.quality` applies them."""
    rng = np.random.default_rng(seed)
    rows = [(str(rng.choice(["a", "b"])), float(sure), bool(rng.random() < sure)) for sure in rng.uniform(0.5, 1, 80)]
    for place, limit in enumerate(thresholds_for(outcome(rows), precision)):
        mine = [(sure, right) for guess, sure, right in rows if guess == "ab"[place]]
        assert len(mine) >= LEAST_BEHIND_A_THRESHOLD
        assert limit >= np.float32(LEAST_SURE)
        if limit > np.float32(LEAST_SURE):
            assert reached(mine, float(limit), precision)


def test_thresholds_of_a_fitted_model_keep_the_stated_precision_on_unseen_folds() -> None:
    model, outcomes = fitted()
    for one in outcomes:
        told = one.quality(model.heads[one.kind])
        assert told.precision[0] >= PRECISION
        assert told.coverage[0] > 0.5
        assert (model.heads[one.kind].thresholds >= np.float32(LEAST_SURE)).all()


def test_thresholds_never_fall_below_the_least() -> None:
    """However little precision is asked for."""
    examples = few_examples()
    kinds: Mapping[str, int] = {"failure_category": 4, "provider": 4}
    model, _ = fit(examples, few_rules(), tuple(kinds), 0.5, {"model_version": "easy"})
    for kind, n_classes in kinds.items():
        thresholds = model.heads[kind].thresholds
        assert len(thresholds) == n_classes
        assert (thresholds >= np.float32(LEAST_SURE)).all()
        assert (thresholds <= few_model().heads[kind].thresholds).all(), "less precision never asks for more confidence"
