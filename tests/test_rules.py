"""Rules: what speaks, what is silenced, and which value wins. The rules here are the tests' own."""

import json
import re
from pathlib import Path

import pytest
from few_tickets import cells, rule
from stories import write_criteria
from test_cli import done, refused

from analysis.classifier import Text, given_for
from analysis.errors import CriteriaError
from analysis.evaluate import rule_quality
from analysis.examples import Example, starter_examples
from analysis.patterns import LONGEST, shortened
from analysis.rules import MOST_DENIALS, Rules
from analysis.taxonomy import read_criteria


def speaks(text: str, *words: str, **more: object) -> bool:
    return "r" in Rules([rule("r", "cdk", *words, **more)]).speaking("", text)


# words | text | whether they match
WORDS = """
CDK                | the cdk bridge            | yes
CDK                | CDK                       | yes
CDK                | (CDK)                     | yes
CDK                | CDK's                     | yes
CDK                | cdk-side                  | yes
CDK                | cdkglobal                 | no
CDK                | xcdk                      | no
CDK                | cdk_id                    | no
ARC                | search                    | no
web capacity       | Web  Capacity is zero     | yes
web capacity       | web\\ncapacity            | yes
web capacity       | web-capacity              | yes
web capacity       | web\\n- capacity          | yes
web capacity       | webcapacity               | no
web capacity       | web capacityx             | no
web capacity       | web, capacity             | no
web capacity       | capacity web              | no
go-live            | the go-live is late       | yes
C++                | in C++ code               | yes
.NET               | in .NET code              | yes
50% (off)          | 50% (off) today           | yes
n/a                | is n/a here               | yes
[a-z]+             | letters                   | no
a.c                | abc                       | no
"""


@pytest.mark.parametrize(("words", "text", "expected"), cells(WORDS))
def test_words_and_phrases(words: str, text: str, expected: str) -> None:
    assert speaks(text.replace("\\n", "\n"), words) is (expected == "yes")


@pytest.mark.parametrize(("words", "text"), [("está", "no está aquí"), ("état", "un état")])
def test_words_that_begin_or_end_with_an_accent(words: str, text: str) -> None:
    assert speaks(text, words)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"\b40[13]\b", "got 403", True),
        (r"\b40[13]\b", "got 4031", False),
        ("tek(?:ion|oin)", "TEKOIN", True),
        ("(?-i:ARC)", "arc", False),
        ("(?-i:ARC)", "ARC", True),
        ("a|b c", "B C", True),
    ],
)
def test_expressions(pattern: str, text: str, expected: bool) -> None:
    assert speaks(text, regex=[pattern]) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("CDK is down", True), ("not CDK", False), ("NOT\ncdk. CDK is fine", False), ("knot CDK", True)],
)
def test_unless_silences_the_whole_rule(text: str, expected: bool) -> None:
    assert speaks(text, "CDK", unless=["not CDK"]) is expected


# what the rule says | text | whether it speaks; the rule's words are "token", "API key" and the code E-40
DENIALS = """
.auth | the token                                        | yes
.auth | the token is not accepted                        | yes
.auth | it is not the token                              | no
.auth | It is NOT a token                                | no
.auth | it isn't the token                               | no
.auth | it isn’t any token                               | no
.auth | no token                                         | no
.auth | no, the token                                    | yes
.auth | not  our   token                                 | no
.auth | not "token"                                      | no
.auth | not (token)                                      | no
.auth | not\\ntoken                                      | yes
.auth | knot token                                       | yes
.auth | not sure, but token                              | yes
.auth | not a question of the token                      | no
.auth | not related to the token                         | no
.auth | not because of the token                         | no
.auth | not due to the token                             | no
.auth | rather than a token                              | no
.auth | instead of a token                               | no
.auth | we ruled out the token                           | no
.auth | ruling out a token                               | no
.auth | nothing to do with the token                     | no
.auth | neither token nor token                          | no
.auth | not the API key                                  | no
.auth | not E-40                                         | no
.auth | not the token, the token has expired             | yes
.auth | not the token. The API key!                      | yes
.auth | not the token, not the API key, not E-40         | no
.auth | not the token, not the API key, it is E-40       | yes
cdk   | it is not the token                              | yes
"""


@pytest.mark.parametrize(("says", "text", "expected"), cells(DENIALS))
def test_a_denied_category_says_nothing_and_a_denied_provider_still_counts(says: str, text: str, expected: str) -> None:
    rules = Rules([rule("r", says, "token", "API key", codes=["E-40"])])
    assert ("r" in rules.speaking("", text.replace("\\n", "\n"))) is (expected == "yes")


def test_only_the_words_that_are_not_denied_are_evidence() -> None:
    rules = Rules([rule("r", ".auth", "token", "API key"), rule("s", ".webhook", "event")])
    tag = rules.tag("not the token", "but the API key, and no event")["failure_category"]
    assert (tag.value, tag.words, tag.also_mentions) == ("auth", ("API key",), ())


@pytest.mark.parametrize(("n_denied", "speaks_up"), [(1, True), (MOST_DENIALS - 1, True), (MOST_DENIALS, False)])
def test_after_some_denials_nobody_looks_on(n_denied: int, speaks_up: bool) -> None:
    text = "Not the token. " * n_denied + "The token!"
    assert ("r" in Rules([rule("r", ".auth", "token")]).speaking("", text)) is speaks_up


# negative | text | whether the rule with the words "never delivered" (unless "by design") speaks
NEGATIVE = """
no  | events never delivered                  | yes
no  | it is not the never delivered event     | no
yes | it is not the never delivered event     | yes
yes | not never delivered                     | yes
yes | never delivered, by design              | no
yes | delivered                               | no
"""


@pytest.mark.parametrize(("negative", "text", "expected"), cells(NEGATIVE))
def test_a_negative_rule_speaks_after_a_not(negative: str, text: str, expected: str) -> None:
    one = rule("r", ".webhook", "never delivered", unless=["by design"], negative=negative == "yes")
    assert ("r" in Rules([one]).speaking("", text)) is (expected == "yes")


def test_unless_silences_no_other_rule() -> None:
    rules = Rules([rule("a", "cdk", "CDK", unless=["not CDK"]), rule("b", "cdk", "bridge")])
    assert set(rules.speaking("", "not CDK, the bridge")) == {"b"}


TWO = [rule("t", "tekion", "Tekion"), rule("c", "cdk", "CDK"), rule("x", "xtime", "XTime", weight=3)]

# summary | description | winner | also mentioned
WEIGHING = """
           | Tekion                     | tekion  |
           | Tekion and CDK             | -       | cdk tekion
Tekion     | CDK                        | tekion  | cdk
Tekion CDK |                            | -       | cdk tekion
           | XTime beside Tekion, CDK   | xtime   | cdk tekion
Tekion     | XTime                      | xtime   | tekion
           | Tekion Tekion Tekion CDK   | -       | cdk tekion
           | nothing known              | -       |
           |                            | -       |
"""


@pytest.mark.parametrize(("summary", "description", "value", "also"), cells(WEIGHING))
def test_weighing(summary: str, description: str, value: str, also: str) -> None:
    tag = Rules(TWO).tag(summary, description or None)["provider"]
    assert (tag.value or "-", sorted(tag.also_mentions)) == (value, also.split())


@pytest.mark.parametrize(("weight", "wins"), [(1.24, False), (1.25, True), (1.3, True)])
def test_clearly_ahead(weight: float, wins: bool) -> None:
    rules = Rules([rule("t", "tekion", "Tekion", weight=weight), rule("c", "cdk", "CDK")])
    assert (rules.tag("", "Tekion CDK")["provider"].value == "tekion") is wins


def test_rules_of_one_value_add_up() -> None:
    rules = Rules([*TWO, rule("c2", "cdk", "Fortellis")])
    tag = rules.tag("", "CDK Fortellis, Tekion")["provider"]
    assert (tag.value, tag.rule_ids, tag.words, tag.also_mentions) == (
        "cdk",
        ("c", "c2"),
        ("CDK", "Fortellis"),
        ("tekion",),
    )


def test_two_words_of_one_rule_count_once() -> None:
    rules = Rules([rule("t", "tekion", "Tekion", "ARC"), rule("c", "cdk", "CDK")])
    assert rules.tag("", "Tekion ARC CDK")["provider"].value is None


HINTED = [
    rule("slot", ".scheduling", "slot", hint=True, weight=2),
    rule("grid", ".scheduling", "grid", hint=True, weight=3),
    rule("booked", ".scheduling", "booked"),
    rule("401", ".auth", "401", weight=2),
]

# summary | description | category | its rules | also mentioned, heaviest first | weights
HINTS = """
     | a slot                      | -          |               | scheduling       | scheduling 2
slot |                             | -          |               | scheduling       | scheduling 4
     | a slot in the grid          | -          |               | scheduling       | scheduling 5
     | booked                      | scheduling | booked        |                  | scheduling 1
     | a slot is booked            | scheduling | slot booked   |                  | scheduling 3
     | a slot and 401              | -          |               | auth scheduling  | scheduling 2 auth 2
     | slot, grid and 401          | -          |               | scheduling auth  | scheduling 5 auth 2
401  | a slot                      | auth       | 401           | scheduling       | scheduling 2 auth 4
     | a slot is booked, 401       | scheduling | slot booked   | auth             | scheduling 3 auth 2
     | booked, 401                 | auth       | 401           | scheduling       | scheduling 1 auth 2
     | not a slot                  | -          |               |                  |
"""


@pytest.mark.parametrize(("summary", "description", "value", "rule_ids", "also", "weights"), cells(HINTS))
def test_a_hint_is_weighed_but_never_tags_alone(
    summary: str, description: str, value: str, rule_ids: str, also: str, weights: str
) -> None:
    tag = Rules(HINTED).tag(summary, description)["failure_category"]
    assert (tag.value or "-", list(tag.rule_ids), list(tag.also_mentions)) == (value, rule_ids.split(), also.split())
    named = weights.split()
    assert tag.weights == dict(zip(named[::2], map(float, named[1::2]), strict=True))


def test_the_classifier_is_told_of_a_hint_as_of_any_rule() -> None:
    """Of each value the logarithm of 1 + its weight; nothing where no rule speaks."""
    rules = Rules(HINTED)
    values = ["auth", "how_to", "scheduling"]
    texts = {"a slot": [0.0, 0.0, 1.0986], "401, booked": [1.0986, 0.0, 0.6931], "nothing known": [0.0, 0.0, 0.0]}
    for text, expected in texts.items():
        given = given_for("failure_category", Text.read("", text, rules), values, None, rules)
        assert given.round(4).T.tolist() == [expected], text


def test_kinds_do_not_mix() -> None:
    rules = Rules([rule("c", "cdk", "CDK"), rule("a", ".auth", "403"), rule("w", ".webhook", "webhook")])
    found = rules.tag("", "CDK says 403")
    assert (found["provider"].value, found["failure_category"].value) == ("cdk", "auth")
    assert found["provider"].also_mentions == found["failure_category"].also_mentions == ()


def test_evidence_is_verbatim() -> None:
    rules = Rules([rule("c", "cdk", "web capacity", regex=[r"err-\d+ \w+"])])
    tag = rules.tag("WEB  Capacity", "then Err-77 Broken\nand err-78 x")["provider"]
    assert tag.words == ("WEB Capacity", "Err-77 Broken")


def test_long_evidence_is_cut() -> None:
    (word,) = Rules([rule("c", "cdk", regex=["x+"])]).tag("", "x" * 5000)["provider"].words
    assert word == "x" * 120


LONG = "word " * LONGEST


@pytest.mark.parametrize(
    ("text", "expected"),
    [(f"CDK {LONG}", True), (f"{LONG} CDK", True), (f"{LONG} CDK {LONG}", False), (" " * LONGEST + "CDK", True)],
    ids=["head", "tail", "middle", "after blanks"],
)
def test_head_and_tail_of_a_long_text_are_read(text: str, expected: bool) -> None:
    assert len(text) > LONGEST
    assert speaks(text, "CDK") is expected


def test_shortened() -> None:
    assert shortened("x" * LONGEST) == "x" * LONGEST
    assert len(shortened("x" * (LONGEST + 1))) == LONGEST + 1  # the line break between head and tail


def test_no_rules_and_no_text() -> None:
    assert Rules([]).tag("CDK", "CDK")["provider"].value is None
    assert Rules(TWO).tag("", None)["provider"].words == ()


@pytest.mark.parametrize("pattern", ["x*", "(?:CDK)?", "|CDK", r"\b", "^"])
def test_an_expression_that_matches_nothing_at_all_is_refused(pattern: str, tmp_path: Path) -> None:
    text = f"[[rule]]\nid = 'r'\nprovider = 'cdk'\nregex = ['{pattern}']\nmatches = ['CDK']\n"
    with pytest.raises(CriteriaError, match=r"rule r: regex .* matches without a word"):
        Rules.of(write_criteria(tmp_path, rules__toml=text))


def test_hostile_text_comes_to_an_end() -> None:
    rules = Rules([rule("c", "cdk", regex=["(a+)+$", "(x|xx)*y"])])
    assert rules.speaking("", "a" * 19_000 + "!") == {}


def test_two_hostile_megabytes_are_tagged_by_their_head_and_tail() -> None:
    rules = Rules.of(read_criteria())
    hostile = "a" * 1_000_000 + " (((" + "not the " * 125_000
    assert rules.tag(hostile, f"{hostile} Tekion is down")["provider"].value == "tekion"


# A rule as a person got it wrong; what the one line of `escalations check` says of it.
WRONG_RULES = {
    "back-reference": (
        r"""provider = "cdk"
        regex = ['(\w)\1']
        matches = ["aa"]""",
        "is refused: look-around and back-references are not allowed",
    ),
    "unknown category": (
        """category = "oauth"
        words = ["token"]
        matches = ["token"]""",
        "unknown category 'oauth'; allowed are ",
    ),
    "an example that it does not match": (
        """provider = "cdk"
        words = ["CDK"]
        matches = ["CDK", "CDKs"]""",
        "does not match its own example 'CDKs'",
    ),
    "an example that it denies": (
        """category = "auth"
        words = ["token"]
        matches = ["it is not the token"]""",
        "does not match its own example 'it is not the token'",
    ),
    "a near miss that it matches": (
        """provider = "cdk"
        words = ["CDK"]
        matches = ["CDK"]
        ignores = ["not CDK"]""",
        "matches 'not CDK', which it should ignore",
    ),
}


@pytest.mark.parametrize("name", WRONG_RULES)
def test_check_refuses_a_wrong_rule_in_one_line(name: str, tmp_path: Path) -> None:
    text, said = WRONG_RULES[name]
    (tmp_path / "criteria").mkdir()
    (tmp_path / "criteria" / "rules.toml").write_text(f'[[rule]]\nid = "mine"\n{text}\n')
    line = refused(tmp_path, 12, "check", "--criteria", "criteria")
    assert "rules.toml: rule mine: " in line
    assert said in line


# provider | category | words of a tagged ticket; a tag that it lacks judges no rule
TAGGED = """
tekion | auth    | Tekion says 401
tekion | webhook | Tekion, not ARC
cdk    | auth    | CDK beside Tekion
cdk    | webhook | CDK
xtime  |         | CDK says 401
       |         | CDK
"""
# rule | says | speaks, right | alone: no other rule of its kind | in conflict: beside a rule that says else
BY_RULE = """
name     | tekion  | 3 | 2 | 1 | 1
nickname | tekion  | 1 | 1 | 0 | 0
cdk      | cdk     | 3 | 2 | 2 | 1
401      | auth    | 1 | 1 | 1 | 0
event    | webhook | 0 | 0 | 0 | 0
"""


def test_how_each_rule_does() -> None:
    rules = Rules(
        [
            rule("name", "tekion", "Tekion"),
            rule("nickname", "tekion", "ARC"),
            rule("cdk", "cdk", "CDK", weight=3),
            rule("401", ".auth", "401"),
            rule("event", ".webhook", "event"),
        ]
    )
    examples = [
        Example(
            "t", "", words, {k: v for k, v in (("provider", provider), ("failure_category", category)) if v}, "hand"
        )
        for provider, category, words in cells(TAGGED)
    ]
    found = [
        [one.rule_id, one.value, *map(str, (one.n, one.n_right, one.n_alone, one.n_conflict))]
        for one in rule_quality(examples, rules)
    ]
    assert found == cells(BY_RULE)


RULES_OF_A_DESK = """
[[rule]]
id = "tekion"
provider = "tekion"
words = ["Tekion"]
matches = ["Tekion"]
[[rule]]
id = "against"
provider = "cdk"
words = ["Tekion"]
matches = ["Tekion"]
[[rule]]
id = "other-kind"
category = "auth"
regex = ['\\btekion\\b']
negative = true
matches = ["Tekion"]
[[rule]]
id = "unheard"
category = "webhook"
words = ["zzqx"]
matches = ["zzqx"]
"""


def test_evaluate_tells_overlap_and_conflict_of_each_rule(tmp_path: Path) -> None:
    """On the starter set: two rules of one kind with the same words conflict wherever they speak."""
    write_criteria(tmp_path / "data" / "criteria", rules__toml=RULES_OF_A_DESK, codes__csv="code,provider,category\n")
    tickets = [one for one in starter_examples() if "provider" in one.tags]
    named = [one for one in tickets if re.search(r"(?i)\btekion\b", f"{one.summary}\n{one.description}")]
    n = len(named)
    right = {tag: sum(tag in one.tags.values() for one in named) for tag in ("tekion", "cdk", "auth")}
    assert 0 < right["cdk"] < right["tekion"] < n < len(tickets)
    expected = [
        ["tekion", "tekion", n, right["tekion"], 0, n],
        ["against", "cdk", n, right["cdk"], 0, n],
        ["other-kind", "auth", n, right["auth"], n, 0],
        ["unheard", "webhook", 0, 0, 0, 0],
    ]
    head, *rows = done(tmp_path, "evaluate", "--rules").splitlines()
    assert head.split() == ["rule", "says", "speaks", "right", "alone", "conflict"]
    assert [row.split() for row in rows] == [[str(cell) for cell in row] for row in expected]
    told = json.loads(done(tmp_path, "evaluate", "--rules", "--json"))
    assert [list(one.values()) for one in told] == expected
    assert list(told[0]) == ["rule_id", "value", "n", "n_right", "n_alone", "n_conflict"]
