"""Mentions: what is said around a provider's name, without the name itself."""

from collections.abc import Sequence

import pytest
from few_tickets import cells, few_rules, rule
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.mentions import Features, mentions
from analysis.rules import Rules, read_text

LAWS = settings(max_examples=60, deadline=None)
RULES = few_rules()
MEASURES = (
    *("in summary", "in description", "mentions", "share of mentions"),
    *("first named", "last named", "only one named", "weight", "heaviest"),
)


def spoken(text: str, rules: Rules = RULES, n_places: int = 9) -> dict[str, Features]:
    """Provider → features of a text: summary and description parted by a slash."""
    summary, _, description = (piece.strip(" ") for piece in text.partition("/"))
    speaking = rules.speaking(summary, description, n_places=n_places)
    return mentions(read_text(summary, description), len(summary), speaking, rules.by_id)


def words(features: Features, side: str) -> set[str]:
    """Single words to that side."""
    return {word for name in features if name.startswith(f"{side} ") and " " not in (word := name[len(side) + 1 :])}


# text | provider | words before, words after
AROUND = """
Their DMS is CDK and it runs fine, XTime refuses | cdk    | their dms is         | and it runs fine OTHER refuses
Their DMS is CDK and it runs fine, XTime refuses | xtime  | is OTHER and it runs fine | refuses
CDK works, but XTime refuses it                  | cdk    |                      | works
CDK works, but XTime refuses it                  | xtime  |                      | refuses it
Tekion refuses us / every call fails             | tekion |                      | refuses us
it fails / Tekion refuses                        | tekion |                      | refuses
All 12 calls OF Tekion end in 401                | tekion | all NUMBER calls of  | end in NUMBER
Is it Tekion? No.                                | tekion | is it                |
(Tekion's token)                                 | tekion |                      | 's token
a b c d e f g Tekion h i j k l m n               | tekion | b c d e f g          | h i j k l m
Tekion                                           | tekion |                      |
Tekion CDK XTime                                 | cdk    | OTHER                | OTHER
Tekion fails. Tekion lags                        | tekion |                      | fails lags
"""


@pytest.mark.parametrize(("text", "provider", "before", "after"), cells(AROUND))
def test_words_around_a_name(text: str, provider: str, before: str, after: str) -> None:
    features = spoken(text)[provider]
    assert words(features, "before") == set(before.split())
    assert words(features, "after") == set(after.split())


def test_nearer_words_and_pairs_are_told_apart() -> None:
    features = spoken("they say that Tekion refuses our key")["tekion"]
    around = {name for name in features if name not in MEASURES}
    assert around == {
        *("before that", "before say", "before they", "before0 that", "before1 say"),
        *("before that say", "before say they"),
        *("after refuses", "after our", "after key", "after0 refuses", "after1 our"),
        *("after refuses our", "after our key"),
    }
    assert {features[name] for name in around} == {1.0}


# text | provider | in summary | in description | mentions | share | first | last | only one | weight | heaviest
MEASURED = """
Tekion fails /                       | tekion | 1 | 0 | .2 | 1    | 1 | 1 | 1 | .8 | 1
/ Tekion fails                       | tekion | 0 | 1 | .2 | 1    | 1 | 1 | 1 | .4 | 1
Tekion fails / CDK works, Tekion not | tekion | 1 | 1 | .4 | .667 | 1 | 0 | 0 | .8 | 1
Tekion fails / CDK works, Tekion not | cdk    | 0 | 1 | .2 | .333 | 0 | 1 | 0 | .4 | 0
/ CDK or CDK or CDK or Tekion        | tekion | 0 | 1 | .2 | .25  | 0 | 1 | 0 | .4 | 1
/ CDK or CDK or CDK or Tekion        | cdk    | 0 | 1 | .6 | .75  | 1 | 0 | 0 | .4 | 1
/ CDK. XTime. Tekion. CDK            | xtime  | 0 | 1 | .2 | .25  | 0 | 0 | 0 | .4 | 1
/ CDK CDK CDK CDK CDK CDK CDK        | cdk    | 0 | 1 | 1  | 1    | 1 | 1 | 1 | .4 | 1
401 of CDK / a slot                  | cdk    | 1 | 0 | .2 | 1    | 1 | 1 | 1 | .8 | 1
"""


@pytest.mark.parametrize("line", cells(MEASURED), ids="|".join)
def test_where_and_how_often_it_is_named(line: Sequence[str]) -> None:
    text, provider, *expected = line
    features = spoken(text)[provider]
    found = [features[name] for name in MEASURES]
    assert found == pytest.approx([float(one) for one in expected], abs=0.001)


# text | which providers are spoken of
NAMED = """
Tekion and CDK                   | cdk tekion
401 unauthorized in the slot     |
someone else or in house         |
someone else, not XTime          | xtime
                                 |
"""


@pytest.mark.parametrize(("text", "providers"), cells(NAMED))
def test_only_what_rules_say_of_a_provider_is_a_mention(text: str, providers: str) -> None:
    rules = Rules([*few_rules().specs, rule("nobody", "none", "in house", "someone else")])
    assert "nobody" in rules.speaking("in house", ""), "the rule must speak"
    assert sorted(spoken(text, rules)) == providers.split()


# Three rules for one provider, of which one finds its words within those of another.
CDK = [
    rule("short", "cdk", "Global", weight=4),
    rule("long", "cdk", "CDK Global Drive", weight=3),
    rule("other", "cdk", "Fortellis"),
]


def test_names_that_overlap_are_one_mention_and_weights_add_up() -> None:
    features = spoken("/ their CDK Global Drive fails. So does Fortellis", Rules(CDK))["cdk"]
    assert words(features, "before") == {"their", "so", "does"}
    assert words(features, "after") == {"fails"}, "no part of the name"
    assert features["mentions"] == pytest.approx(2 / 5)
    assert features["weight"] == pytest.approx((4 + 3 + CDK[2].weight) / 10)


@pytest.mark.parametrize(("weight", "expected"), [(8, 1.6), (10, 2.0), (20, 2.0)])
def test_the_weight_has_a_limit(weight: float, expected: float) -> None:
    features = spoken("Tekion", Rules([rule("t", "tekion", "Tekion", weight=weight)]))
    assert features["tekion"]["weight"] == pytest.approx(expected), "doubled in the summary"


def test_the_heaviest_is_the_one_of_the_greatest_weight() -> None:
    rules = Rules([rule("t", "tekion", "Tekion", weight=3), rule("c", "cdk", "CDK", weight=5)])
    found = {text: spoken(text, rules) for text in ("/ Tekion CDK", "Tekion / CDK")}
    heaviest = {text: [name for name, one in each.items() if one["heaviest"]] for text, each in found.items()}
    assert heaviest == {"/ Tekion CDK": ["cdk"], "Tekion / CDK": ["tekion"]}


def test_the_first_four_mentions_are_looked_at() -> None:
    features = spoken("/ Tekion one. Tekion two. Tekion three. Tekion four. Tekion five. Tekion six")["tekion"]
    assert words(features, "after") == {"one", "two", "three", "four"}


def test_what_is_far_away_is_not_looked_at() -> None:
    far = "x" * 100
    features = spoken(f"/ early {far} Tekion {far} late")["tekion"]
    assert not {"early", "late"} & (words(features, "before") | words(features, "after"))


# between two clauses, or within one | whether it parts them
PARTED = """
. | yes
! | yes
? | yes
; | yes
\\n | yes
, but | yes
, and | yes
, while | yes
, though | yes
, so | yes
but | yes
, | no
: | no
and | no
- | no
, android | no
butter | no
"""


@pytest.mark.parametrize(("between", "parts"), cells(PARTED))
def test_what_parts_clauses(between: str, parts: str) -> None:
    found = spoken(f"/ Tekion lags {between} slow XTime".replace("\\n", "\n"))
    is_parted = "lags" not in words(found["xtime"], "before")
    assert is_parted is (parts == "yes")
    assert ("slow" not in words(found["tekion"], "after")) is is_parted
    assert words(found["xtime"], "before") >= {"slow"}


TOLD = st.sampled_from(["fails", "works", "the", "and", "12", "no", "token.", "x_1", "don't", "but", "refuses?", "wir"])
PHRASE = st.lists(TOLD, max_size=4).map(" ".join)


@LAWS
@given(PHRASE, PHRASE, PHRASE, st.booleans())
def test_what_is_said_of_one_provider_holds_for_all(before: str, between: str, after: str, in_summary: bool) -> None:
    """The same words around other names are the same features."""
    text = f"{'' if in_summary else '/'} {before} {{}} {between} {{}} {after}"
    first, second = spoken(text.format("Tekion", "CDK")), spoken(text.format("XTime", "Tekion"))
    assert list(first) == ["tekion", "cdk"]
    assert first["tekion"] == second["xtime"]
    assert first["cdk"] == second["tekion"]


@LAWS
@given(PHRASE, PHRASE, PHRASE)
def test_other_sentences_change_nothing(earlier: str, later: str, around: str) -> None:
    core = f"{around} Tekion {around}"
    assert spoken(f"/ {earlier}. {core}. {later}") == spoken(f"/ {core}")


@LAWS
@given(st.permutations(["Tekion lags", "CDK works", "XTime fails"]))
def test_first_and_last_follow_the_order(clauses: list[str]) -> None:
    found = spoken("/ " + ". ".join(clauses))
    order = [clause.split()[0].lower() for clause in clauses]
    assert [name for name in order if found[name]["first named"]] == order[:1]
    assert [name for name in order if found[name]["last named"]] == order[2:]
    assert not any(one["only one named"] for one in found.values())


def test_capitals_with_longer_small_letters_do_not_shift_the_words() -> None:
    features = spoken("İİİİ says CDK broken")["cdk"]
    assert words(features, "after") == {"broken"}
    assert "says" in words(features, "before")


def test_a_name_said_twice_in_a_clause_is_no_word_around_itself() -> None:
    assert "cdk" not in {word for name in spoken("CDK says CDK is fine")["cdk"] for word in name.split()}


def test_other_names_that_overlap_leave_no_fragments() -> None:
    rules = Rules(
        [rule("a", "tekion", "Cox Automotive"), rule("b", "cdk", "Automotive Hub"), rule("c", "xtime", "XTime")]
    )
    found = spoken("Cox Automotive Hub and XTime lag", rules)["xtime"]
    assert words(found, "before") == {"OTHER", "and"}
