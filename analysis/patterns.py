"""RE2 patterns: linear in time, so nothing that a person writes or pastes can hang a run."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol, cast

import re2

LONGEST = 20_000  # characters that are read of one text: the head and the tail of a longer one
OPTIONS = re2.Options()
OPTIONS.log_errors = False
OPTIONS.max_mem = 64 << 20
CLASS = re.compile(r"(?>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])", re.DOTALL)  # [a-z], []x], [^[:alpha:]\]]
GAP = re.compile(rf"(?:(?=\[\^){CLASS.pattern}|\.|\\[wWsS])\{{\d+,\d+\}}", re.DOTALL)  # "up to 40 of anything"
REACHES_ON = re.compile(r"\\Q|\(\?[a-zA-Z]*-?[a-zA-Z]*\)")  # what holds for all that follows, over any gap
SHORTEST_PIECE = 3
TOGETHER = 192  # pieces in one automaton: measured, from 48 to 1,000; more are quicker once warm, and slower to warm up

WORDS = "words"  # name of the only group of a pattern that also looks at what stands beside the words meant
BETWEEN_WORDS = r"\s\-\x{a0}\x{2010}\x{2011}"
SEPARATED = re.compile(r"[-_ ]|[^-_ ]+")

PLAIN_WORD = re.compile(rf"\\b\(\?P<{WORDS}>\(\?i:(\w+)\)\)\\b", re.ASCII)

PatternError = re2.error


class Pattern(Protocol):
    """A compiled expression."""

    def search(self, text: str | bytes) -> Any:
        """The first match, with `group()` and `span()`, or None."""

    def finditer(self, text: bytes) -> Any:
        """All matches, one after the other."""


class Found(NamedTuple):
    """A match: where it stands in the text, and its words."""

    start: int
    end: int
    words: str


class PatternSet:
    """Many expressions, found in a few readings of a text.

    An expression with a gap (`A[^.]{0,40}B`) would multiply the states of the common automaton, so the automaton looks
    for its pieces, and the expression itself is tried only where all of them are in the text. Some dozens of pieces
    share an automaton: one for all would make new states at every turn of phrase that it has not met before.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        """Compile. Raises `PatternError`."""
        self._compiled = [compiled(pattern) for pattern in patterns]
        self._words = [_plain_word(pattern) for pattern in patterns]
        self._is_whole = [f"(?P<{WORDS}>" in pattern for pattern in patterns]
        pieces = [pieces_of(pattern) for pattern in patterns]
        distinct = list(dict.fromkeys(piece for parts in pieces for piece in parts))
        numbers = {piece: number for number, piece in enumerate(distinct)}
        self._sets = [_automaton(distinct[start : start + TOGETHER]) for start in range(0, len(distinct), TOGETHER)]
        self._wants = [frozenset(numbers[piece] for piece in parts) for parts in pieces]
        self._of_piece: dict[int, list[int]] = {}
        for index, wants in enumerate(self._wants):
            for number in wants:
                self._of_piece.setdefault(number, []).append(index)

    def found(self, text: str) -> dict[int, Found]:
        """Index of each expression found → its first match."""
        data = text.encode()  # once for all: to the bindings a text is new each time
        where = _places_in(text, data)
        there = frozenset(
            number * TOGETHER + place for number, one in enumerate(self._sets) for place in one.Match(data) or ()
        )
        likely = sorted({index for number in there for index in self._of_piece[number]})
        found: dict[int, Found] = {}
        for index in likely:
            match = next(self._matches(index, text, data, where), None) if self._wants[index] <= there else None
            if match is not None:
                found[index] = match
        return found

    def first_matches(self, index: int, text: str, most: int) -> list[Found]:
        """The first matches of one expression, at most so many."""
        data = text.encode()
        return list(islice(self._matches(index, text, data, _places_in(text, data)), most))

    def _matches(self, index: int, text: str, data: bytes, where: Callable[[int], int]) -> Iterator[Found]:
        is_whole, word = self._is_whole[index], self._words[index]
        low = text.lower() if word else ""
        if word and len(low) == len(text):  # ten times as fast as the expression
            yield from (Found(start, end, text[start:end]) for start, end in _places_of(word, low))
            return
        for match in self._compiled[index].finditer(data):
            start, end = map(where, match.span(int(is_whole)))
            if not is_whole or _stands_alone(text, start, end):
                yield Found(start, end, text[start:end])


def _plain_word(pattern: str) -> str | None:
    """The word of a `phrase_pattern` or `code_pattern` that is one plain word, in small letters."""
    found = PLAIN_WORD.fullmatch(pattern)
    return found[1].lower() if found else None


def _places_of(word: str, low: str) -> Iterator[tuple[int, int]]:
    """Where a word stands by itself in a text of small letters."""
    start = low.find(word)
    while start >= 0:
        end = start + len(word)
        if not (start and _goes_on(low[start - 1])) and not (end < len(low) and _goes_on(low[end])):
            yield start, end
        start = low.find(word, end)


def _goes_on(character: str) -> bool:
    return character == "_" or character.isalnum()


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether no letter with an accent goes on with the word, which RE2 takes for no letter."""
    before = start > 0 and text[start - 1] > "\x7f" and text[start - 1].isalnum() and text[start].isalnum()
    after = end < len(text) and text[end] > "\x7f" and text[end].isalnum() and text[end - 1].isalnum()
    return not before and not after


def _places_in(text: str, data: bytes) -> Callable[[int], int]:
    """From a place among the bytes of a text to the place among its characters."""
    if len(text) == len(data):
        return int
    return lambda place: len(data[:place].decode())


def _automaton(pieces: Sequence[str]) -> Any:
    together = re2.Set.SearchSet(OPTIONS)
    for piece in pieces:
        together.Add(piece)
    together.Compile()
    return together


def compiled(pattern: str) -> Pattern:
    """Compile an RE2 expression. Raises `PatternError`; look-around and back-references are refused."""
    return cast("Pattern", re2.compile(pattern, options=OPTIONS))


def pieces_of(pattern: str) -> list[str]:
    """The parts of an expression between its gaps, all of which a match must hold; itself where it has none."""
    flags = "(?i)" if pattern.startswith("(?i)") else ""
    rest, pieces, piece, depth, at = pattern[len(flags) :], [], "", 0, 0
    if REACHES_ON.search(rest):
        return [pattern]
    while at < len(rest):
        gap = GAP.match(rest, at) if depth == 0 else None
        if gap:
            pieces.append(piece)
            piece, at = "", gap.end()
            continue
        in_class = CLASS.match(rest, at)
        end = in_class.end() if in_class else at + (2 if rest[at] == "\\" else 1)
        if rest[at] == "|" and depth == 0:
            return [pattern]
        depth += {"(": 1, ")": -1}.get(rest[at], 0)
        piece, at = piece + rest[at:end], end
    pieces.append(piece)
    is_split = len(pieces) > 1 and all(len(one) >= SHORTEST_PIECE and one[0] not in "?*+{" for one in pieces)
    return [flags + one for one in pieces] if is_split else [pattern]


def phrase_pattern(phrase: str) -> str:
    """RE2 for a whole word or phrase in any case, with any white space or hyphens between its words."""
    middle = rf"[{BETWEEN_WORDS}]+".join(re.escape(word) for word in phrase.split())
    return _standing_alone(phrase, f"(?i:{middle})")


def code_pattern(code: str) -> str:
    """RE2 for an error code or host name: as written in any case, or in capitals with other separators."""
    words = [re.escape(word) for word in re.split(r"[-_ ]", code)]
    if len(words) == 1 or "." in code:
        # neither part of a longer host name or path, nor the end of one
        return rf"(?:^|[^\pL\pN_.-])(?P<{WORDS}>(?i:{re.escape(code)}))(?:$|[^\pL\pN_])"
    strict = "".join(
        "[-_]" if part in "-_" else " " if part == " " else re.escape(part) for part in SEPARATED.findall(code)
    )
    return _standing_alone(code, f"(?:(?i:{strict})|{'[-_ ]'.join(word.upper() for word in words)})")


def _standing_alone(written: str, pattern: str) -> str:
    """The pattern where no other word touches it."""
    # RE2 takes ASCII letters only for the edge of a word, so beside any other the neighbour itself is looked at
    starts, ends = re.match(r"\w", written), re.search(r"\w$", written)
    start = "" if not starts else r"\b" if written[0].isascii() else r"(?:^|[^\pL\pN_])"
    end = "" if not ends else r"\b" if written[-1].isascii() else r"(?:$|[^\pL\pN_])"
    return f"{start}(?P<{WORDS}>{pattern}){end}"


def shortened(text: str) -> str:
    """The text itself, or head and tail of one that is longer than any report by a person."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}\n{text[-LONGEST // 2 :]}"


def one_line(words: str) -> str:
    """Words that matched, fit to be shown as evidence."""
    return " ".join(words.split()).strip(".,;:!?()")[:120]
