"""Patterns: many at once are found as each alone would be; codes and phrases as people write them."""

from itertools import islice

from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.patterns import (
    Found,
    PatternError,
    PatternSet,
    compiled,
)


def alone(pattern: str, text: str, most: int) -> list[Found]:
    """What an expression finds by itself, with places counted in characters."""
    data = text.encode()
    matches = islice(compiled(pattern).finditer(data), most)
    spans = [(len(data[: m.start()].decode()), len(data[: m.end()].decode())) for m in matches]
    return [Found(start, end, text[start:end]) for start, end in spans]


WORDS = ["ab", "token", "CDK", "café", "403", "a", "x.y", "ñ"]
GAPS = ["[^.]{0,6}", ".{0,9}", r"\W{0,3}", r"\s{1,2}", r"[^\n]{0,40}", r"\w{2,4}", "[^]]{0,3}", r"[^\]]{0,3}"]
MARKS = ["?", "*", "+", "{2}", "{0,1}", "", "", "", ""]
LITERALS = st.sampled_from(WORDS).map(lambda word: word.replace(".", r"\."))
CLASSES = st.sampled_from(
    ["[abc]", "[^a]", r"[\w.]", "[(]", "[|]", "[]x]", r"[\])]", "[[:alpha:]]", r"\pL", r"\b", r"\(", "^", "$"]
)


def groups(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sequence = st.lists(st.one_of(inner, st.sampled_from(GAPS)), min_size=1, max_size=3).map("".join)
    choice = st.lists(sequence, min_size=1, max_size=3).map("|".join)
    marked = st.tuples(st.sampled_from(["(", "(?:", "(?i:", "(?-i:"]), choice, st.sampled_from(MARKS))
    return marked.map(lambda parts: f"{parts[0]}{parts[1]}){parts[2]}")


ATOMS = st.one_of(LITERALS, LITERALS, CLASSES)
PARTS = st.one_of(ATOMS, st.sampled_from(GAPS), st.recursive(ATOMS, groups, max_leaves=4))
BODIES = st.lists(PARTS, min_size=1, max_size=6).map("".join)
BRANCHES = st.lists(BODIES, min_size=1, max_size=5).map(lambda bodies: "|".join(bodies[: 1 + len(bodies) // 4]))
PATTERNS = st.tuples(st.sampled_from(["", "(?i)", "(?i)", "(?s)", "(?i)(?s)", "(?m)"]), BRANCHES).map("".join)
TEXTS = st.lists(
    st.one_of(st.sampled_from([*WORDS, " ", " ", ".", "\n", "(", "|", "]", "TOKEN", "😀", ""]), st.text(max_size=2)),
    max_size=25,
).map("".join)


def is_valid(pattern: str) -> bool:
    """Whether a rule may be written so: it compiles, and never matches without a word."""
    try:
        known = compiled(pattern)
    except PatternError:
        return False
    return all(match is None or match.group() for match in map(known.search, ("", " a ")))


@given(st.lists(PATTERNS.filter(is_valid), min_size=1, max_size=8), TEXTS, st.integers(1, 4))
@settings(deadline=None, max_examples=400)
@example(["(?s)token.{0,9}a.b"], "token a\nb", 1)
@example(["token(?i)[^.]{0,9}cdk"], "token CDK", 1)
@example([r"(?m)token.{0,9}^cdk"], "token\ncdk", 1)
@example([r"\Qtoken[^.]{0,9}cdk\E"], "token[^.]{0,9}cdk", 1)
@example([r"[\])](abc[^.]{0,9}def)", "CDK"], ")abc def CDK", 1)
@example(["a[^.]{0,6}b", "token"], "a b token", 2)
def test_many_at_once_are_found_as_each_alone(patterns: list[str], text: str, most: int) -> None:
    clean = text.encode("utf-8", "replace").decode()
    together, expected = PatternSet(patterns), [alone(pattern, clean, most) for pattern in patterns]
    assert together.found(clean) == {index: found[0] for index, found in enumerate(expected) if found}
    assert [together.first_matches(index, clean, most) for index in range(len(patterns))] == expected
