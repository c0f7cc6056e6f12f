"""Patterns: many at once are found as each alone would be; codes and phrases as people write them."""

from itertools import islice

import pytest
from few_tickets import cells
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.patterns import (
    LONGEST,
    TOGETHER,
    Found,
    PatternError,
    PatternSet,
    code_pattern,
    compiled,
    one_line,
    phrase_pattern,
    pieces_of,
    shortened,
)


def alone(pattern: str, text: str, most: int) -> list[Found]:
    """What an expression finds by itself, with places counted in characters."""
    data = text.encode()
    matches = islice(compiled(pattern).finditer(data), most)
    spans = [(len(data[: m.start()].decode()), len(data[: m.end()].decode())) for m in matches]
    return [Found(start, end, text[start:end]) for start, end in spans]


# Automata of repetitions within repetitions cost seconds and gigabytes, so gaps are short and groups shallow.
WORDS = ["ab", "token", "CDK", "café", "403", "a", "x.y", "ñ"]
GAPS = ["[^.]{0,4}", ".{0,3}", r"\W{0,3}", r"[^\n]{0,5}", r"\w{2,4}", "[^]]{0,3}", r"[^\]]{0,3}"]
MARKS = ["?", "+", "{2}", "{0,1}", "", "", "", ""]
LITERALS = st.sampled_from(WORDS).map(lambda word: word.replace(".", r"\."))
CLASSES = st.sampled_from(
    [
        "[abc]",
        "[^a]",
        r"[\w.]",
        "[(]",
        "[|]",
        "[]x]",
        r"[\])]",
        "[[:alpha:]]",
        r"\pL",
        r"\b",
        r"\(",
        "^",
        "$",
        r"\s{1,2}",
    ]
)
ATOMS = st.one_of(LITERALS, LITERALS, CLASSES)


def groups(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    choice = st.lists(inner, min_size=1, max_size=2).map("|".join)
    marked = st.tuples(st.sampled_from(["(", "(?:", "(?i:", "(?-i:"]), choice, st.sampled_from(MARKS))
    return marked.map(lambda parts: f"{parts[0]}{parts[1]}){parts[2]}")


WITH_GAP = st.tuples(LITERALS, st.sampled_from(GAPS), ATOMS).map("".join)
GROUPS = st.one_of(groups(ATOMS), groups(WITH_GAP), groups(groups(ATOMS)))
PARTS = st.one_of(ATOMS, st.sampled_from(GAPS), GROUPS)
BODIES = st.lists(PARTS, min_size=1, max_size=5).map("".join)
LONGER = st.sampled_from(["token", "CDK", "café", "403", "(?:token|403)", "[Cc]DK", "(?:CDK.{0,3}){1,2}", "CDK|403"])
SPLIT = st.tuples(LONGER, st.sampled_from(GAPS), LONGER, st.sampled_from(["", "", ".{0,3}403", "?", "x{0}"])).map(
    "".join
)
BRANCHES = st.one_of(BODIES, BODIES, SPLIT, SPLIT, st.tuples(BODIES, BODIES).map("|".join))
PATTERNS = st.tuples(st.sampled_from(["", "(?i)", "(?i)", "(?s)", "(?i)(?s)", "(?m)"]), BRANCHES).map("".join)
MARKS_AND_WORDS = [*WORDS, "token", "CDK", "403", "TOKEN", " ", " ", "-", ".", "\n", "(", "|", "]", "😀"]
ANYTHING = st.lists(st.one_of(st.sampled_from(MARKS_AND_WORDS), st.text(max_size=2)), max_size=15).map("".join)
SAID = st.tuples(st.sampled_from(["token", "CDK", "403", "café", "Token"]), st.sampled_from(["", " ", "-", ".", "é"]))
TEXTS = st.one_of(ANYTHING, st.lists(SAID.map("".join), min_size=2, max_size=9).map("".join))


def is_valid(pattern: str) -> bool:
    """Whether a rule may be written so: it compiles, and never matches without a word."""
    try:
        known = compiled(pattern)
    except PatternError:
        return False
    return all(match is None or match.group() for match in map(known.search, ("", " a ")))


@given(st.lists(PATTERNS.filter(is_valid), min_size=1, max_size=4), TEXTS, st.integers(1, 4))
@settings(deadline=None, max_examples=120)
@example(["(?s)token.{0,9}a.b"], "token a\nb", 1)
@example(["token(?i)[^.]{0,9}cdk"], "token CDK", 1)
@example([r"(?m)token.{0,9}^cdk"], "token\ncdk", 1)
@example([r"\Qtoken[^.]{0,9}cdk\E"], "token[^.]{0,9}cdk", 1)
@example([r"[\])](abc[^.]{0,9}def)", "CDK"], ")abc def CDK", 1)
@example(["a[^.]{0,6}b", "token"], "a b token", 2)
def test_many_at_once_are_found_as_each_alone(patterns: list[str], text: str, most: int) -> None:
    clean = text.encode("utf-8", "replace").decode()
    together, expected = PatternSet(patterns), [alone(pattern, clean, most) for pattern in patterns]
    assert list(together.found(clean).items()) == [(n, found[0]) for n, found in enumerate(expected) if found]
    assert [together.first_matches(index, clean, most) for index in range(len(patterns))] == expected


# phrase | text | what is found of it
PHRASES = """
CDK           | the cdk bridge      | cdk
CDK           | cdk                 | cdk
CDK           | (CDK)               | CDK
CDK           | cdk_id              | -
CDK           | 4cdk                | -
web capacity  | Web   Capacity is 0 | Web Capacity
web capacity  | web-capacity        | web-capacity
web capacity  | web\\n - capacity   | web - capacity
web capacity  | webcapacity         | -
web capacity  | web, capacity       | -
go-live       | the GO-LIVE slips   | GO-LIVE
go-live       | the go live slips   | -
C++           | some c++ code       | c++
.NET          | a.net page          | net
está          | no está aquí        | está
está          | está                | está
está          | estáis              | -
état          | un état.            | état
état          | l'état              | état
cran          | l'écran, un cran    | cran
cran          | l'écran             | -
web capacity  | web\u00a0capacity   | web capacity
web capacity  | web\u2011capacity   | web‑capacity
ñu            | piñu                | -
a.c           | abc                 | -
"""


@pytest.mark.parametrize(("phrase", "text", "found"), cells(PHRASES))
def test_a_phrase_is_found_whole_in_any_case_and_however_it_is_spaced(phrase: str, text: str, found: str) -> None:
    match = PatternSet([phrase_pattern(phrase)]).found(unescaped(text)).get(0)
    assert (one_line(match.words) if match else "-") == found


def unescaped(text: str) -> str:
    for written, meant in (("\\n", "\n"), ("\\u00a0", "\u00a0"), ("\\u2011", "\u2011")):
        text = text.replace(written, meant)
    return text


# code as in codes.csv | text | what is found of it
CODES = """
TOKEN-EXPIRED | got TOKEN-EXPIRED twice    | TOKEN-EXPIRED
TOKEN-EXPIRED | got token-expired twice    | token-expired
TOKEN-EXPIRED | got Token_Expired twice    | Token_Expired
TOKEN-EXPIRED | got TOKEN EXPIRED twice    | TOKEN EXPIRED
TOKEN-EXPIRED | the token expired at noon  | -
TOKEN-EXPIRED | TOKENEXPIRED               | -
TOKEN-EXPIRED | TOKEN-EXPIREDX             | -
TOKEN-EXPIRED | XTOKEN-EXPIRED             | -
TOKEN-EXPIRED | TOKEN--EXPIRED             | -
NO_SA_AVAIL   | NO-SA AVAIL today          | NO-SA AVAIL
mk-scheduler  | the MK SCHEDULER           | MK SCHEDULER
mk-scheduler  | the mk scheduler           | -
SERVCODE      | no servcode given          | servcode
SERVCODE      | SERVCODE                   | SERVCODE
SERVCODE      | SERVCODES                  | -
SERVCODE      | X_SERVCODE                 | -
SERVCODE      | MY-SERVCODE                | -
xtime.com     | see https://xtime.com/a    | xtime.com
INVALID DATA LENGTH | got Invalid Data Length | Invalid Data Length
CRÉNEAU-FERMÉ | dit CRÉNEAU-FERMÉ là       | CRÉNEAU-FERMÉ
CRÉNEAU-FERMÉ | dit CRÉNEAU-FERMÉE         | -
xtime.com     | see XTIME.COM              | XTIME.COM
xtime.com     | see a.xtime.com            | -
xtime.com     | see foxtime.com            | -
xtime.com     | see xtime.community        | -
xtime.com     | see xtimexcom              | -
a-b.com       | see a_b.com                | -
"""


@pytest.mark.parametrize(("code", "text", "found"), cells(CODES))
def test_a_code_is_found_as_written_or_in_capitals_with_other_separators(code: str, text: str, found: str) -> None:
    match = PatternSet([code_pattern(code)]).found(text).get(0)
    assert (one_line(match.words) if match else "-") == found


def by_themselves(letters: str) -> st.SearchStrategy[str]:
    words = st.text(letters, min_size=1, max_size=12).map(lambda text: " ".join(text.split()))
    return words.filter(lambda text: text.strip("-_. "))


PHRASES_AND_CODES = st.one_of(
    by_themselves("abcXYZ059_-. ñé").map(lambda phrase: (phrase, phrase_pattern(phrase))),
    by_themselves("abcXYZ059_-.").map(lambda code: (code, code_pattern(code))),
)


@given(PHRASES_AND_CODES)
@settings(deadline=None)
def test_a_phrase_or_code_is_found_where_it_stands_by_itself_and_not_within_a_word(written: tuple[str, str]) -> None:
    words, pattern = written
    known = PatternSet([pattern])
    assert known.found(words) == {0: Found(0, len(words), words)}
    assert words in known.found(f"then {words} came")[0].words
    if words[0].isalnum() and words[-1].isalnum():
        assert known.found(f"x{words}x") == {}


# Not a text table, for expressions are full of bars.
PIECES: dict[str, list[str]] = {
    "token": ["token"],
    "token.{0,9}cdk": ["token", "cdk"],
    "token[^.]{0,40}cdk": ["token", "cdk"],
    r"token\W{0,3}cdk\s{1,2}down": ["token", "cdk", "down"],
    r"token[^\]]{0,3}cdk": ["token", "cdk"],
    "token[^]]{0,3}cdk": ["token", "cdk"],
    "(?i)token.{0,9}cdk": ["(?i)token", "(?i)cdk"],
    "(?:token|key).{0,9}cdk": ["(?:token|key)", "cdk"],
    r"\btoken\b[^\n]{0,9}\b40[13]\b": [r"\btoken\b", r"\b40[13]\b"],
    # what is no gap, or a gap within something
    "token.*cdk": ["token.*cdk"],
    "token.{3}cdk": ["token.{3}cdk"],
    r"token\.{0,9}cdk": [r"token\.{0,9}cdk"],
    "token[abc]{0,9}cdk": ["token[abc]{0,9}cdk"],
    "(token.{0,9}cdk)": ["(token.{0,9}cdk)"],
    "token[.{0,9}]cdk": ["token[.{0,9}]cdk"],
    r"token\(.{0,9}\)cdk": [r"token\(", r"\)cdk"],
    "token[(].{0,9}cdk": ["token[(]", "cdk"],
    # a choice between wholes, what reaches over a gap, a gap that is itself repeated, pieces too short to be rare
    "token.{0,9}cdk|down": ["token.{0,9}cdk|down"],
    "token(?i).{0,9}cdk": ["token(?i).{0,9}cdk"],
    "(?s)token.{0,9}cdk": ["(?s)token.{0,9}cdk"],
    r"\Qtoken.{0,9}cdk\E": [r"\Qtoken.{0,9}cdk\E"],
    "token.{0,9}?cdk": ["token.{0,9}?cdk"],
    "token.{0,9}ab": ["token.{0,9}ab"],
    ".{0,9}token": [".{0,9}token"],
    "token.{0,9}": ["token.{0,9}"],
}


@pytest.mark.parametrize("pattern", PIECES)
def test_pieces_of_an_expression_stand_between_its_gaps(pattern: str) -> None:
    assert pieces_of(pattern) == PIECES[pattern]


@pytest.mark.parametrize("count", [2, TOGETHER - 1, TOGETHER, TOGETHER + 1, 3 * TOGETHER + 5])
def test_more_patterns_than_one_automaton_holds(count: int) -> None:
    """Words, and expressions whose two pieces fall into automata far apart."""
    words = [rf"\bword{number}\b" for number in range(count)]
    pairs = [rf"\bword{number}\b.{{0,3}}\bword{count - 1 - number}\b" for number in range(count)]
    together = PatternSet([*words, *pairs])
    last = count - 1
    assert together.found("nothing of that") == {}
    assert {index: match.words for index, match in together.found(f"a word{last} alone").items()} == {
        last: f"word{last}"
    }
    spoken = {index: match.words for index, match in together.found(f"word0 word{last}").items()}
    assert spoken == {0: "word0", last: f"word{last}", count: f"word0 word{last}"}
    everything = " ".join(f"word{number}" for number in range(count))
    assert [index for index in together.found(everything) if index < count] == list(range(count))


def test_no_patterns_and_no_text() -> None:
    assert PatternSet([]).found("token") == {}
    assert PatternSet(["token"]).found("") == {}


@pytest.mark.parametrize(("text", "start"), [("a token", 2), ("é token", 2), ("😀 token", 2), ("ñ😀é\ntoken", 4)])
def test_places_count_characters(text: str, start: int) -> None:
    known = PatternSet(["token"])
    assert known.found(text) == {0: Found(start, start + 5, "token")}
    assert known.first_matches(0, f"{text} {text}", 2) == [
        Found(start, start + 5, "token"),
        Found(len(text) + 1 + start, len(text) + 6 + start, "token"),
    ]


@pytest.mark.parametrize("pattern", ["(tok", "tok(?=en)", "(?<!x)tok", r"(t)\1", "tok{3,1}", "[z-a]", "t{2000}"])
def test_what_re2_does_not_know_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        PatternSet(["token", pattern])


NESTED = ["(a+)+$", "(a|aa)*b", "(a*)*c", "((a+)*)+d", "(?:aa.{0,9}){2}e", "aaa[^.]{0,40}aaa[^.]{0,40}f"]


def test_a_long_hostile_text_comes_to_an_end() -> None:
    """Two megabytes on which an engine that goes back would not end before the sun does."""
    known = PatternSet([*NESTED, "a!"])
    text = "a" * 2_000_000 + "!"
    end = len(text)
    assert known.found(text) == {len(NESTED): Found(end - 2, end, "a!")}
    assert [known.first_matches(index, text, 3) for index in range(len(NESTED))] == [[]] * len(NESTED)


@given(st.text(st.sampled_from("ab \n"), min_size=1, max_size=9), st.integers(1, 3 * LONGEST))
@settings(deadline=None)
def test_a_text_longer_than_a_person_writes_is_its_head_and_its_tail(part: str, length: int) -> None:
    text = (part * (length // len(part) + 1))[:length]
    short = shortened(text)
    half = LONGEST // 2
    assert short == text if length <= LONGEST else short == text[:half] + "\n" + text[-half:]
    assert shortened(short) == short


# words that matched | as evidence
EVIDENCE = [
    ("token", "token"),
    ("  Token\n\texpired ", "Token expired"),
    ("(token)", "token"),
    ("token expired.", "token expired"),
    ("...token?!", "token"),
    ("a.b, c", "a.b, c"),
    ("état\u00a0est", "état est"),
    (".,;:!?()", ""),
    ("", ""),
    ("x" * 119 + "yz", "x" * 119 + "y"),
    ("(" + "x" * 120 + ")", "x" * 120),
]


@pytest.mark.parametrize(("words", "shown"), EVIDENCE)
def test_evidence_is_one_short_line_without_the_marks_around_it(words: str, shown: str) -> None:
    assert one_line(words) == shown
