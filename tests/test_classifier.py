"""The classifier: what it guesses, when it is sure, which words it names; a batch is no other than its tickets."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import log
from typing import Any

import numpy as np
import pytest
from few_tickets import TICKETS, always, cells, few_model, few_rules, guesses
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.classifier import LEAST_KNOWN, Classifier, Guess, MentionModel, Text
from analysis.features import WORD, Vocabulary, whole_text

LAWS = settings(max_examples=60, deadline=None)
KINDS = ("provider", "failure_category", "root_cause")
CATEGORY, PROVIDER = "failure_category", "provider"

# word or pair of words | how it speaks for auth, for webhook
WEIGHTS = """
401           | 2  | 0
callback      | 0  | 3
dealer        | 4  | 4
event         | 0  | 1
expired       | 1  | 0
key           | 3  | 0
rejected      | .5 | 0
token         | 5  | 0
token expired | 6  | 0
a             | 0  | 0
of            | 0  | 0
the           | 0  | 0
numtok        | 9  | 0
"""


def made(thresholds: Sequence[float] = (0.6, 0.6)) -> Classifier:
    """A classifier that knows the words above, all equally rare, and nothing else."""
    told = sorted(cells(WEIGHTS))
    plain = always({CATEGORY: {"auth": 0.5, "webhook": 0.5}})
    words = Vocabulary("words", tuple(word for word, _, _ in told), np.ones(len(told), np.float32))
    table = np.array([[float(auth), float(webhook)] for _, auth, webhook in told], np.float32)
    head = plain.heads[CATEGORY]
    head = replace(head, weights={**head.weights, "words": table}, thresholds=np.array(thresholds, np.float32))
    return replace(plain, words=words, heads={CATEGORY: head}, least_known=LEAST_KNOWN)


def guessed(text: str, model: Classifier | None = None, kind: str = CATEGORY) -> Guess:
    """Of a text: summary and description parted by a slash."""
    guess = guesses(model or made(), kind, text)[0]
    assert isinstance(guess, Guess)
    return guess


# text | value | sure | words that weighed most, heaviest first
GUESSED = """
/token expired key                            | auth    | yes | token expired, token, key, expired
Key of the / TOKEN-less event                 | auth    | yes | key
/401 key, the callback                        | auth    | yes | key, 401
/event: callback! the                         | webhook | yes | callback, event
/401 expired rejected key token               | auth    | yes | token, key, 401, expired
/callback expired the of a                    | webhook | yes | callback
/rejected event the of a                      | webhook | no  |
/401 key, the dealer                          | auth    | yes | key, 401
/401 expired the                              | auth    | yes | 401, expired
/401 expired expired expired expired the      | auth    | yes | expired, 401
/token key                                    | auth    | no  |
/token token token token                      | auth    | no  |
/token, expired                               | auth    | yes | token expired, token, expired
/callback                                     | webhook | no  |
/callback callback event                      | webhook | no  |
"""


@pytest.mark.parametrize(("text", "value", "sure", "words"), cells(GUESSED))
def test_guess_and_the_words_that_weighed(text: str, value: str, sure: str, words: str) -> None:
    guess = guessed(text)
    assert (guess.value, guess.is_sure) == (value, sure == "yes")
    assert guess.words == tuple(words.split(", ") if words else ())
    assert guess.second == ("webhook" if value == "auth" else "auth")


# text | each known word weighs (one over the root of how many) | for auth, for webhook
SCORED = """
/token                    | 1    | 5   | 0
/401 key, the callback    | .5   | 2.5 | 1.5
/401 event the of         | .5   | 1   | .5
/expired callback zebra   | .7071| .7071 | 2.1213
/zebra                    | 0    | 0   | 0
/                         | 0    | 0   | 0
"""


@pytest.mark.parametrize(("text", "each", "auth", "webhook"), cells(SCORED))
def test_the_likelihood_follows_from_the_weights(text: str, each: str, auth: str, webhook: str) -> None:
    known = made().words.rows([whole_text(*text.split("/", 1))]).data
    assert known == pytest.approx([float(each)] * len(known), abs=1e-4)
    expected = 1 / (1 + np.exp(float(webhook) - float(auth)))
    guess = guessed(text)
    assert dict(guess.probabilities) == pytest.approx({"auth": expected, "webhook": 1 - expected}, abs=1e-4)
    assert guess.confidence == max(guess.probabilities.values())


# text (all weigh nothing, but for its last word) | known words and pairs | sure
KNOWN = """
/                     | 0 | no
/zebra lion gnu ape   | 0 | no
/token                | 1 | no
/the token            | 2 | no
/the the the token    | 2 | no
/token token token    | 1 | no
/the of token         | 3 | yes
/the of a token       | 4 | yes
/token expired        | 3 | yes
/expired token        | 2 | no
the / of token        | 3 | yes
"""


@pytest.mark.parametrize(("text", "known", "sure"), cells(KNOWN))
def test_a_text_of_next_to_no_known_words_is_never_sure(text: str, known: str, sure: str) -> None:
    model = made(thresholds=(0.0, 0.0))
    summary, _, description = text.partition("/")
    assert model.words.rows([whole_text(summary, description)]).nnz == int(known)
    guess = guessed(text, model)
    assert guess.is_sure is (sure == "yes")
    assert bool(guess.words) is guess.is_sure


# threshold of auth, of webhook | text | sure
THRESHOLDS = """
.6   | 1.01 | /401 key the token          | yes
.6   | 1.01 | /callback event the of      | no
1.01 | .6   | /401 key the token          | no
1.01 | .6   | /callback event the of      | yes
.73  | 1.01 | /401 key, the callback      | yes
.732 | 0    | /401 key, the callback      | no
.5   | .5   | /a the of                   | yes
.501 | .501 | /a the of                   | no
"""


@pytest.mark.parametrize(("auth", "webhook", "text", "sure"), cells(THRESHOLDS))
def test_each_value_has_its_own_threshold(auth: str, webhook: str, text: str, sure: str) -> None:
    """Half, and a half that is asked for, is enough."""
    assert guessed(text, made((float(auth), float(webhook)))).is_sure is (sure == "yes")


def test_the_threshold_moves_nothing_but_whether_it_is_sure() -> None:
    low, high = (guessed("/401 key token", made((threshold, threshold))) for threshold in (0.1, 1.01))
    assert (low.is_sure, high.is_sure) == (True, False)
    assert replace(low, is_sure=False, words=()) == high


# text | how likely auth, webhook by the text | weight of the head, of the rules | how likely auth is then
RULES_WEIGHED = """
/unauthorized           | .5 .5 | 1 1   | .8333
unauthorized/           | .5 .5 | 1 1   | .9
/unauthorized           | .5 .5 | 1 2   | .9615
/unauthorized           | .5 .5 | 1 0   | .5
/unauthorized           | .2 .8 | 1 1   | .5556
/unauthorized           | .2 .8 | 0 1   | .8333
/unauthorized           | .2 .8 | 2 0   | .0588
/it is not unauthorized | .5 .5 | 1 1   | .5
/a slot                 | .5 .5 | 1 1   | .5
/                       | .2 .8 | 1 1   | .2
"""


@pytest.mark.parametrize(("text", "likely", "weights", "expected"), cells(RULES_WEIGHED))
def test_rules_and_text_are_weighed_together(text: str, likely: str, weights: str, expected: str) -> None:
    """A rule of weight four has odds of five to one, of nine to one in the summary."""
    auth, webhook = map(float, likely.split())
    plain = always({CATEGORY: {"auth": auth, "webhook": webhook}})
    head = replace(plain.heads[CATEGORY], combination=np.array(weights.split(), np.float32))
    guess = guessed(text, replace(plain, heads={CATEGORY: head}))
    assert guess.probabilities["auth"] == pytest.approx(float(expected), abs=1e-4)


# What of a provider counts, with odds of so many to one | text | whether mentions are weighed | cdk, none, tekion
PROVIDERS = """
named                | 2 | /Tekion refuses               | yes | .25 .25 .5
named                | 2 | /Tekion refuses. CDK works    | yes | .4 .2 .4
named                | 2 | /XTime refuses                | yes | .3333 .3333 .3333
named                | 2 | /Tekion refuses               | no  | .3333 .3333 .3333
mention              | 4 | /Tekion refuses. CDK works    | yes | .1667 .1667 .6667
mention              | 4 | /Tekion works. CDK refuses    | yes | .6667 .1667 .1667
mention              | 4 | /Tekion works                 | yes | .3333 .3333 .3333
none though named    | 8 | /Tekion refuses               | yes | .1 .8 .1
none though named    | 8 | /XTime refuses                | yes | .1 .8 .1
none though named    | 8 | /unauthorized                 | yes | .3333 .3333 .3333
none and none named  | 8 | /unauthorized                 | yes | .1 .8 .1
none and none named  | 8 | /Tekion refuses               | yes | .3333 .3333 .3333
none and none named  | 8 | /unauthorized                 | no  | .3333 .3333 .3333
"""
PLACES = {"named": 3, "mention": 2, "none though named": 4, "none and none named": 5}


@pytest.mark.parametrize(("what", "odds", "text", "weighed", "expected"), cells(PROVIDERS))
def test_how_providers_are_spoken_of_counts(what: str, odds: str, text: str, weighed: str, expected: str) -> None:
    plain = always({PROVIDER: dict.fromkeys(("cdk", "none", "tekion"), 1 / 3)})
    combination = np.array([1, 0, 0, 0, 0, 0], np.float32)
    combination[PLACES[what]] = log(float(odds))
    head = replace(plain.heads[PROVIDER], combination=combination)
    mention_model = MentionModel({"after0 refuses": 1.0}, 0.0) if weighed == "yes" else None
    guess = guessed(text, replace(plain, heads={PROVIDER: head}, mention_model=mention_model), PROVIDER)
    assert list(guess.probabilities) == ["cdk", "none", "tekion"]
    assert list(guess.probabilities.values()) == pytest.approx(list(map(float, expected.split())), abs=1e-4)


def test_a_mention_speaks_by_its_features() -> None:
    model = MentionModel({"after refuses": 2.0, "weight": -3.0}, bias=0.5)
    assert model.score({"after refuses": 1.0, "weight": 0.4, "never learned": 7.0}) == pytest.approx(1.3)
    assert model.score({}) == 0.5


def test_the_shift_of_a_value_adds_to_its_odds() -> None:
    plain = always({CATEGORY: {"auth": 0.5, "webhook": 0.5}})
    head = replace(plain.heads[CATEGORY], class_shift=np.array([0, log(3)], np.float32))
    assert guessed("/zebra", replace(plain, heads={CATEGORY: head})).probabilities == pytest.approx(
        {"auth": 0.25, "webhook": 0.75}
    )


def test_the_second_is_the_next_likeliest() -> None:
    guess = guessed("/zebra", always({PROVIDER: {"cdk": 0.1, "none": 0.5, "tekion": 0.15, "xtime": 0.25}}), PROVIDER)
    assert (guess.value, guess.second) == ("none", "xtime")
    alone = guessed("/zebra", always({PROVIDER: {"cdk": 1.0}}), PROVIDER)
    assert (alone.value, alone.second, alone.confidence) == ("cdk", "cdk", 1.0)


def test_rules_do_not_touch_the_root_cause() -> None:
    model = always({"root_cause": {"configuration": 0.3, "our_bug": 0.7}})
    for text in ("/Tekion unauthorized", "/zebra"):
        assert guessed(text, model, "root_cause").probabilities["our_bug"] == pytest.approx(0.7)


def test_only_kinds_that_are_asked_for_and_learned_are_guessed() -> None:
    model, rules = always({CATEGORY: {"auth": 1.0}, "root_cause": {"our_bug": 1.0}}), few_rules()
    texts = [Text.read("Tekion", None, rules), Text.read("", None, rules)]
    asked = {kinds: [set(found) for found in model.guess(texts, rules, kinds)] for kinds in ((), (CATEGORY,), KINDS)}
    assert asked == {(): [set()] * 2, (CATEGORY,): [{CATEGORY}] * 2, KINDS: [{CATEGORY, "root_cause"}] * 2}
    assert model.guess([], rules, KINDS) == []


def test_the_version_is_that_of_how_it_was_made() -> None:
    assert always({}, version="of May").version == "of May"


# ---- Laws, by the classifier of the few tickets

WRITTEN = [f"{summary}/{description}" for _, _, _, summary, description in cells(TICKETS)]
HEARD = [
    *("token", "expired", "401", "Tekion", "CDK works fine", "XTime", "webhook", "slot", "how do I", "callback"),
    *("Müller", "🚗", "12345", "10:30", "our code", "deployed", "setting", "not", "?", ".", "\n", "zebra"),
]
SPOKEN = st.builds(
    lambda summary, description: f"{' '.join(summary)}/{' '.join(description)}",
    st.lists(st.sampled_from(HEARD), max_size=4),
    st.lists(st.sampled_from(HEARD), max_size=12),
)
TEXTS = st.sampled_from(WRITTEN) | SPOKEN


def told(guess: Guess) -> tuple[Any, ...]:
    """What can be compared exactly: sums in another order may differ in the last digit."""
    return guess.value, guess.second, guess.is_sure, guess.words


def assert_same(one: Guess, other: Guess) -> None:
    assert dict(one.probabilities) == pytest.approx(dict(other.probabilities), abs=1e-6)
    ranked = sorted(one.probabilities.values())[::-1]
    if all(high - low > 1e-6 for high, low in pairwise(ranked)):  # no tie, which either may win
        assert told(one) == told(other)


@pytest.mark.parametrize("kind", KINDS)
@LAWS
@given(text=TEXTS)
def test_probabilities_sum_to_one_and_rank_the_guess(kind: str, text: str) -> None:
    guess = guessed(text, few_model(), kind)
    assert set(guess.probabilities) == set(few_model().heads[kind].classes)
    assert sum(guess.probabilities.values()) == pytest.approx(1, abs=1e-9)
    assert min(guess.probabilities.values()) >= 0
    ranked = sorted(guess.probabilities.values(), reverse=True)
    assert guess.confidence == guess.probabilities[guess.value] == ranked[0]
    assert guess.probabilities[guess.second] == ranked[1]
    assert guess.second != guess.value


def words_and_pairs(text: str) -> set[str]:
    summary, _, description = text.partition("/")
    words = WORD.findall(f"{summary}\n{description}".lower())
    return {*words, *map(" ".join, pairwise(words))}


@pytest.mark.parametrize("kind", [PROVIDER, CATEGORY])
def test_words_that_weighed_are_words_of_the_text(kind: str) -> None:
    found = dict(zip(WRITTEN, guesses(few_model(), kind, *WRITTEN), strict=True))
    for text, guess in found.items():
        assert set(guess.words) <= words_and_pairs(text), text
        assert len(set(guess.words)) == len(guess.words) <= 4
        assert guess.is_sure or not guess.words
    assert sum(len(guess.words) > 1 for guess in found.values()) > 20, "there must be something to see"


@LAWS
@given(text=SPOKEN, kind=st.sampled_from([PROVIDER, CATEGORY]))
def test_words_that_weighed_are_words_of_any_text(text: str, kind: str) -> None:
    head = few_model().heads[kind]
    lax = replace(few_model(), heads={kind: replace(head, thresholds=np.zeros_like(head.thresholds))})
    guess = guessed(text, lax, kind)
    assert set(guess.words) <= words_and_pairs(text)
    assert len(guess.words) <= 4


def test_what_stands_for_a_number_is_no_evidence() -> None:
    guess = guessed("/the key 12345 of")
    assert guess.is_sure
    assert set(guess.words) <= words_and_pairs("/the key 12345 of")


@LAWS
@given(text=TEXTS, kind=st.sampled_from(KINDS), step=st.sampled_from([-1, 1]))
def test_sure_is_what_reaches_the_threshold(text: str, kind: str, step: int) -> None:
    """A hair below what the text reaches and it is sure, a hair above and it is not."""
    plain = guessed(text, few_model(), kind)
    head = few_model().heads[kind]
    hair = np.nextafter(np.float32(plain.confidence), np.float32(2 * step))
    limits = np.full(len(head.classes), 0.0 if step > 0 else 1.01, np.float32)
    limits[head.classes.index(plain.value)] = hair
    guess = guessed(text, replace(few_model(), heads={kind: replace(head, thresholds=limits)}), kind)
    summary, _, description = text.partition("/")
    is_known = few_model().words.rows([whole_text(summary, description)]).nnz >= 3
    assert guess.is_sure is (is_known and step < 0)


@pytest.mark.parametrize("kind", KINDS)
@LAWS
@given(texts=st.lists(TEXTS, min_size=1, max_size=8))
def test_a_batch_is_guessed_as_its_tickets_one_by_one(kind: str, texts: list[str]) -> None:
    batch = guesses(few_model(), kind, *texts)
    assert len(batch) == len(texts)
    for text, guess in zip(texts, batch, strict=True):
        assert_same(guess, guessed(text, few_model(), kind))


@pytest.mark.parametrize("kind", KINDS)
def test_all_tickets_in_any_order_are_guessed_alike(kind: str) -> None:
    there, back = guesses(few_model(), kind, *WRITTEN), guesses(few_model(), kind, *WRITTEN[::-1])
    for one, other in zip(there, back[::-1], strict=True):
        assert_same(one, other)
    assert len({guess.value for guess in there}) > 1


def test_kinds_are_guessed_together_as_one_by_one() -> None:
    rules = few_rules()
    pairs = [text.split("/", 1) for text in WRITTEN]
    texts = [Text.read(summary, description, rules) for summary, description in pairs]
    together = few_model().guess(texts, rules, KINDS)
    for kind in KINDS:
        alone = few_model().guess(texts, rules, (kind,))
        assert [found[kind] for found in together] == [found[kind] for found in alone]


def fresh() -> Classifier:
    """The same classifier with nothing remembered."""
    model = few_model()
    words, parts = (Vocabulary(one.kind, one.terms, one.idf) for one in (model.words, model.parts))
    return replace(model, words=words, parts=parts)


@pytest.mark.parametrize("kind", KINDS)
@LAWS
@given(earlier=st.lists(SPOKEN, max_size=4), text=TEXTS)
def test_what_was_guessed_before_changes_nothing(kind: str, earlier: list[str], text: str) -> None:
    model = fresh()
    before = guessed(text, model, kind)
    if earlier:
        guesses(model, kind, *earlier)
    assert guessed(text, model, kind) == before == guessed(text, fresh(), kind)
