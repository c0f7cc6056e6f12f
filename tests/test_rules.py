"""Rules: what speaks, what is silenced, and which value wins. The rules here are the tests' own."""

from pathlib import Path

import pytest
from stories import write_criteria

from analysis.errors import CriteriaError
from analysis.patterns import LONGEST, shortened
from analysis.rules import Rules
from analysis.taxonomy import RuleSpec


def rule(name: str, says: str, *words: str, **more: object) -> RuleSpec:
    """`says` is a provider's id, or a category's with a leading dot."""
    kind = {"category": says[1:]} if says.startswith(".") else {"provider": says}
    return RuleSpec.model_validate({"id": name, "words": words, "matches": ["x"], **kind, **more})


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


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


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
