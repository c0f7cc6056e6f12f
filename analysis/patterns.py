"""RE2 patterns: linear in time, so nothing that a person writes or pastes can hang a run."""

import re
from typing import Any, Protocol, cast

import re2

LONGEST = 20_000  # characters that are read of one text: the head and the tail of a longer one
OPTIONS = re2.Options()
OPTIONS.log_errors = False
OPTIONS.max_mem = 64 << 20

PatternError = re2.error


class Pattern(Protocol):
    """A compiled expression."""

    def search(self, text: str) -> Any:
        """The first match, with `group()`, or None."""


class PatternSet(Protocol):
    """Many expressions, found in one reading."""

    def Match(self, text: str) -> list[int] | None:  # noqa: N802 - re2's own name
        """Indexes of the expressions found, or None."""


def compiled(pattern: str) -> Pattern:
    """Compile an RE2 expression. Raises `PatternError`; look-around and back-references are refused."""
    return cast("Pattern", re2.compile(pattern, options=OPTIONS))


def pattern_set(patterns: list[str]) -> PatternSet:
    """All patterns as one: `Match(text)` gives the indexes of those found, or None."""
    together = re2.Set.SearchSet(OPTIONS)
    for pattern in patterns:
        together.Add(pattern)
    if patterns:
        together.Compile()
    return cast("PatternSet", together)


def phrase_pattern(phrase: str) -> str:
    """RE2 for a whole word or phrase in any case, with any white space between its words."""
    middle = r"[\s\-]+".join(re.escape(word) for word in phrase.split())
    # RE2's \b knows ASCII letters only, so beside any other letter the neighbour itself is looked at
    start = (r"\b" if phrase[0].isascii() else r"(?:^|[^\pL\pN_])") if re.match(r"\w", phrase) else ""
    end = (r"\b" if phrase[-1].isascii() else r"(?:$|[^\pL\pN_])") if re.search(r"\w$", phrase) else ""
    return f"(?i){start}{middle}{end}"


def shortened(text: str) -> str:
    """The text itself, or head and tail of one that is longer than any report by a person."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}\n{text[-LONGEST // 2 :]}"


def one_line(words: str) -> str:
    """Words that matched, fit to be shown as evidence."""
    return " ".join(words.split()).strip(".,;:!?()")[:120]
