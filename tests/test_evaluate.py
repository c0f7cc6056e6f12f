"""Measures of how good tags are: by hand, and as scikit-learn and SciPy count them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from few_tickets import cells, few_examples, few_model, few_rules, rule
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from analysis.evaluate import Quality, calibration_error, metrics, quality, quality_on, rule_quality, share
from analysis.examples import Example
from analysis.rules import Rules

LAW = settings(max_examples=60, deadline=None)

# truth | guess | how sure | given
JUDGED = """
cdk    | cdk    | 0.95 | yes
cdk    | cdk    | 0.92 | yes
cdk    | tekion | 0.55 | no
cdk    | xtime  | 0.91 | yes
tekion | tekion | 0.97 | yes
tekion | tekion | 0.58 | no
none   | cdk    | 0.51 | no
none   | none   | 0.88 | yes
"""
# value | precision | recall | support | guessed
BY_CLASS = """
cdk    | 2/3 | 2/4 | 4 | 3
none   | 1/1 | 1/2 | 2 | 1
tekion | 2/3 | 2/2 | 2 | 3
xtime  | 0/1 | -   | 0 | 1
"""


def fraction(told: str) -> float | None:
    top, _, bottom = told.partition("/")
    return None if told == "-" else int(top) / int(bottom)


@pytest.fixture(scope="module")
def judged() -> Quality:
    truth, guessed, sure, given = zip(*cells(JUDGED), strict=True)
    return quality("provider", truth, guessed, [float(one) for one in sure], [one == "yes" for one in given])


def test_precision_recall_and_support_of_each_value_by_hand(judged: Quality) -> None:
    found = [(one.value, one.precision, one.recall, one.support, one.n_guessed) for one in judged.classes]
    assert found == [
        (value, fraction(precision), fraction(recall), int(support), int(guessed))
        for value, precision, recall, support, guessed in cells(BY_CLASS)
    ]


def test_the_shares_by_hand(judged: Quality) -> None:
    """Five of eight guesses are right; five of eight are given, and four of those are right."""
    assert (judged.kind, judged.n) == ("provider", 8)
    assert judged.accuracy == share(5, 8)
    assert judged.coverage == share(5, 8)
    assert judged.precision == share(4, 5)


def test_macro_f1_leaves_out_values_that_no_ticket_has(judged: Quality) -> None:
    """F1 of cdk is 4/7, of none 2/3, of tekion 4/5. XTime was guessed once, but none is so."""
    assert judged.macro_f1 == pytest.approx((4 / 7 + 2 / 3 + 4 / 5) / 3)


def test_calibration_by_hand(judged: Quality) -> None:
    """Three bins: about 0.55 one of three right, 0.88 one of one, about 0.94 three of four."""
    middle, high = (0.55 + 0.58 + 0.51) / 3, (0.95 + 0.92 + 0.91 + 0.97) / 4
    by_hand = 3 / 8 * (middle - 1 / 3) + 1 / 8 * (1 - 0.88) + 4 / 8 * (high - 3 / 4)
    assert judged.calibration_error == pytest.approx(by_hand)


# confidences, wrong ones with an x | error
CALIBRATION = """
                            | 0
1 1 1                       | 0
1x 1x                       | 1
0 0                         | 1
0x 0x 0x                    | 0
0.5 0.5x                    | 0
0.75 0.75 0.75 0.75x        | 0
0.85 0.85x                  | 0.35
0.3 0.3 0.9 0.9x            | 0.55
0.91 0.99x                  | 0.45
0.89 0.91x                  | 0.51
0.2x 0.2x 0.2 0.2x 0.2x 1x  | 0.16666666666666666
"""


@pytest.mark.parametrize(("told", "error"), cells(CALIBRATION))
def test_the_distance_between_stated_and_true_is_taken_in_ten_bins(told: str, error: str) -> None:
    sure = np.array([float(one.rstrip("x")) for one in told.split()])
    right = np.array([not one.endswith("x") for one in told.split()], bool)
    assert calibration_error(sure, right) == pytest.approx(float(error))


@LAW
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.randoms())
def test_calibration_is_a_share_and_the_order_is_nothing_to_it(told: list[tuple[float, bool]], random: Random) -> None:
    def error(rows: Sequence[tuple[float, bool]]) -> float:
        return calibration_error(np.array([sure for sure, _ in rows]), np.array([right for _, right in rows]))

    shuffled = list(told)
    random.shuffle(shuffled)
    assert 0 <= error(told) <= 1
    assert error(shuffled) == pytest.approx(error(told))
    overall = sum(sure - right for sure, right in told) / len(told)
    assert error(told) >= abs(overall) - 1e-9, "bins can't hide what is wrong over all"


# right | of | value, low, high (Wilson, 95 %), as tables of it tell
WILSON = """
8   | 10  | 0.800 0.490 0.943
0   | 10  | 0.000 0.000 0.278
10  | 10  | 1.000 0.722 1.000
1   | 2   | 0.500 0.095 0.905
50  | 100 | 0.500 0.404 0.596
95  | 100 | 0.950 0.888 0.978
1   | 1   | 1.000 0.207 1.000
0   | 0   | 0.000 0.000 1.000
"""


@pytest.mark.parametrize(("right", "of", "wanted"), cells(WILSON))
def test_shares_with_their_intervals(right: str, of: str, wanted: str) -> None:
    assert " ".join(f"{abs(one):.3f}" for one in share(int(right), int(of))) == wanted


@LAW
@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_are_those_of_scipy(told: tuple[int, int]) -> None:
    value, low, high = share(*told)
    oracle = binomtest(*told).proportion_ci(0.95, "wilson")
    assert (low, high) == pytest.approx((oracle.low, oracle.high), abs=1e-4)
    assert value == told[0] / told[1]
    assert low - 1e-12 <= value <= high + 1e-12


@LAW
@example((0, 15))
@example((5, 5))
@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_stays_between_0_and_1(told: tuple[int, int]) -> None:
    _, low, high = share(*told)
    assert 0 <= low <= high <= 1


names = st.sampled_from(["cdk", "none", "tekion", "xtime", "dealer_fx"])
rows_judged = st.lists(st.tuples(names, names, st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@LAW
@given(rows_judged)
def test_counts_are_those_of_scikit_learn(rows: list[tuple[str, str, float, bool]]) -> None:
    truth, guessed, sure, is_given = zip(*rows, strict=True)
    found = quality("provider", truth, guessed, sure, is_given)
    labels = sorted({*truth, *guessed})
    assert [one.value for one in found.classes] == labels
    precision, recall, _, support = precision_recall_fscore_support(truth, guessed, labels=labels, zero_division=np.nan)
    told = [(one.precision, one.recall, one.support) for one in found.classes]
    for (mine, mine_recall, n), other, other_recall, other_n in zip(told, precision, recall, support, strict=True):
        assert n == other_n
        assert (mine is None) == np.isnan(other)
        assert mine is None or mine == pytest.approx(other)
        assert (mine_recall is None) == np.isnan(other_recall)
        assert mine_recall is None or mine_recall == pytest.approx(other_recall)
    supported = sorted(set(truth))
    macro = f1_score(truth, guessed, labels=supported, average="macro", zero_division=0)
    assert found.macro_f1 == pytest.approx(macro)
    assert found.accuracy[0] == pytest.approx(accuracy_score(truth, guessed))


@LAW
@given(rows_judged)
def test_coverage_and_precision_look_at_what_is_given_alone(rows: list[tuple[str, str, float, bool]]) -> None:
    truth, guessed, sure, is_given = zip(*rows, strict=True)
    found = quality("provider", truth, guessed, sure, is_given)
    kept = [(true, guess) for true, guess, _, given in rows if given]
    n_right = sum(true == guess for true, guess in kept)
    assert found.coverage == share(len(kept), len(rows))
    assert found.precision == share(n_right, len(kept))
    assert found.n == sum(one.support for one in found.classes) == sum(one.n_guessed for one in found.classes)


def test_nothing_to_judge_says_nothing() -> None:
    found = quality("provider", [], [], [], [])
    assert (found.n, found.macro_f1, found.calibration_error, found.classes) == (0, 0.0, 0.0, ())
    assert found.accuracy == found.coverage == found.precision == (0.0, 0.0, 1.0)


def test_a_quality_survives_json(judged: Quality) -> None:
    told = json.loads(json.dumps(metrics({"provider": judged})))["provider"]
    assert (told["n"], told["accuracy"]) == (8, list(share(5, 8)))
    assert told["classes"][3] == {"value": "xtime", "precision": 0.0, "recall": None, "support": 0, "n_guessed": 1}


# -- a classifier on tickets it has not learned from ---------------------------------------------------------

# provider (- is untold) | category | summary
NEW = """
tekion | auth       | Tekion says 401, the token expired and no new token was given
cdk    | -          | An event of CDK was delivered twice to the callback, webhook subscribed
-      | scheduling | XTime booked two cars into the same slot, the appointment is wrong
tekion | webhook    | CDK unauthorized: the token expired, every call is rejected with 401
"""


def new_tickets() -> list[Example]:
    return [
        Example(
            summary, summary, "", {k: v for k, v in (("provider", one), ("failure_category", two)) if v != "-"}, "x"
        )
        for one, two, summary in cells(NEW)
    ]


def test_a_classifier_is_judged_on_the_tickets_that_have_that_kind_of_tag() -> None:
    found = quality_on(new_tickets(), few_model(), few_rules(), ("failure_category", "provider", "root_cause"))
    assert found.keys() == {"failure_category", "provider"}, "of the root cause nothing is told"
    provider, category = found["provider"], found["failure_category"]
    assert [(one.value, one.support, one.n_guessed) for one in provider.classes] == [("cdk", 1, 2), ("tekion", 2, 1)]
    assert [(one.value, one.support, one.n_guessed) for one in category.classes] == [
        ("auth", 1, 2),
        ("scheduling", 1, 1),
        ("webhook", 1, 0),
    ]
    assert (provider.accuracy, category.accuracy) == (share(2, 3), share(2, 3))


def test_it_is_judged_on_what_it_would_tag() -> None:
    """On the tickets that it has learned from it is sure and right, and its own thresholds say what is given."""
    tickets = [one for one in few_examples() if "provider" in one.tags]
    found = quality_on(tickets, few_model(), few_rules(), ("provider",))["provider"]
    assert (found.n, found.accuracy[0], found.precision[0]) == (40, 1.0, 1.0)
    assert 0.9 < found.coverage[0] <= 1
    never = np.full(4, 1.01, np.float32)
    shy = replace(few_model(), heads={"provider": replace(few_model().heads["provider"], thresholds=never)})
    assert quality_on(tickets, shy, few_rules(), ("provider",))["provider"].coverage[0] == 0


# -- rules ---------------------------------------------------------------------------------------------------

RULES = Rules([
    rule("tekion", "tekion", "Tekion"),
    rule("arc", "tekion", "ARC portal"),
    rule("cdk", "cdk", "CDK"),
    rule("401", ".auth", "401"),
    rule("slot", ".scheduling", "slot", hint=True),
    rule("fax", ".other", "fax"),
])  # fmt: skip
# provider | category | summary
TAGGED = """
tekion | auth       | Tekion says 401
tekion | auth       | The ARC portal of Tekion says nothing
cdk    | auth       | CDK says 401, Tekion is fine
cdk    | scheduling | CDK has a slot, not 401 but 401 is shown
cdk    | scheduling | a slot is gone, says Tekion
none   | how_to     | Where do I see a slot?
none   | how_to     | nothing that any rule would know
"""
# rule | speaks | right | alone (no other of its kind) | in conflict (another of its kind says else)
SPEAK = """
tekion | 4 | 2 | 2 | 1
arc    | 1 | 1 | 0 | 0
cdk    | 2 | 2 | 1 | 1
401    | 3 | 2 | 2 | 1
slot   | 3 | 2 | 2 | 1
fax    | 0 | 0 | 0 | 0
"""


def tagged(table: str) -> list[Example]:
    return [
        Example(summary, summary, "", {"provider": provider, "failure_category": category}, "x")
        for provider, category, summary in cells(table)
    ]


def test_how_each_rule_does_by_hand() -> None:
    found = rule_quality(tagged(TAGGED), RULES)
    assert [(one.rule_id, one.n, one.n_right, one.n_alone, one.n_conflict) for one in found] == [
        (name, *map(int, counts)) for name, *counts in cells(SPEAK)
    ]
    assert [one.value for one in found] == ["tekion", "tekion", "cdk", "auth", "scheduling", "other"]


def test_each_rule_speaks_of_its_own_kind_of_tag_only() -> None:
    """A rule for a provider and one for a category stand in nobody's way."""
    (tekion, _, _, auth, *_) = rule_quality(tagged("cdk | auth | Tekion says 401"), RULES)
    assert (tekion.n, tekion.n_right, tekion.n_alone, tekion.n_conflict) == (1, 0, 1, 0)
    assert (auth.n, auth.n_right, auth.n_alone, auth.n_conflict) == (1, 1, 1, 0)


def test_closing_words_are_no_ticket_for_rules() -> None:
    closing = Example("C", "", "Tekion corrected it", {"root_cause": "configuration"}, "x")
    assert rule_quality([closing], RULES) == rule_quality([], RULES)


@pytest.mark.parametrize("kind", ["provider", "failure_category"])
def test_an_answer_about_one_kind_of_tag_judges_the_rules_of_that_kind(kind: str) -> None:
    """Of a desk's answers most tell one kind of tag only."""
    value = {"provider": "tekion", "failure_category": "auth"}[kind]
    answer = Example("1", "Tekion says 401", "", {kind: value}, "cedar")
    spoke = {one.value: one.n_right for one in rule_quality([answer], RULES) if one.n}
    assert spoke == {value: 1}
