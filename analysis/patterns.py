"""RE2 patterns: linear in time, so nothing that a person writes or pastes can hang a run."""

import re

import re2

LONGEST = 20_000  # characters that are read of one text: the head and the tail of a longer one
OPTIONS = re2.Options()
OPTIONS.log_errors = False
OPTIONS.max_mem = 64 << 20

Pattern = re2._Regexp
PatternError = re2.error


def compiled(pattern: str) -> "Pattern[str]":
    """Compile an RE2 expression. Raises `PatternError`; look-around and back-references are refused."""
    return re2.compile(pattern, options=OPTIONS)


def pattern_set(patterns: list[str]) -> re2.Set:
    """All patterns as one: `Match(text)` gives the indexes of those found, or None."""
    together = re2.Set.SearchSet(OPTIONS)
    for pattern in patterns:
        together.Add(pattern)
    if patterns:
        together.Compile()
    return together


def phrase_pattern(phrase: str) -> str:
    """RE2 for a whole word or phrase in any case, with any white space between its words."""
    middle = r"[\s\-]+".join(re.escape(word) for word in phrase.split())
    start = r"\b" if re.match(r"\w", phrase) else ""
    end = r"\b" if re.search(r"\w$", phrase) else ""
    return f"(?i){start}{middle}{end}"


def shortened(text: str) -> str:
    """The text itself, or head and tail of one that is longer than any report by a person."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}\n{text[-LONGEST // 2 :]}"


def one_line(words: str) -> str:
    """Words that matched, fit to be shown as evidence."""
    return " ".join(words.split())[:120]
