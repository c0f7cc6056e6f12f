"""Customers' names → `[name]`, wherever the texts of a ticket have them once one place has told them."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Literal

from analysis.name_words import BUSINESSES, PARTICLES, WORDS_TOO
from analysis.told_names import LETTERS, PERSON, told_in

MASK = "[name]"
STAFF = re.compile(
    rf"(?<!\w)(?i:advis[oe]r|assignee|reporter|manager|technician|tech|asesor|sa|adv|spoke with|regards,?|thanks,?)"
    rf"(?i:[ ]?name)?[ \t]{{0,2}}[:=\n-][ \t]{{0,3}}(?P<v>{PERSON})"
)
Token = tuple[int, int, str]  # where a word begins and ends, and the word, small
Words = tuple[str, ...]
Needs = Literal["nothing", "capital", "place", "title"]  # "place": where a value stands, or behind a title as "Mr."
TOKEN = re.compile(rf"{LETTERS}+")
GAP = re.compile(r"[ \t\n]{1,2}|[.'’-]|\. |, ?|,\n")
JOINED = re.compile(r"[\w@\[]")
TITLE = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Sr|Sra|Srta|Mme|M|Mlle|[Ss]eñora?|Don|Doña)\.? )\Z")
TELLS = re.compile(r"(?:[\"'>=:|]\s{0,2}|[,;\t])\Z")
LONGEST_TITLE = 12  # characters
SHORTEST = 3  # letters of a name that is known by itself
FEW = 20  # names of one word, of which any two may be one customer's


class Customers:
    """The customers of one ticket, hidden wherever its texts name them."""

    def __init__(self, names: Iterable[str], texts: Iterable[str] = ()) -> None:
        """`texts` are searched for staff, whose first names stay even where a customer has the same."""
        known = sorted(set(names))
        found = (found for text in texts for found in STAFF.finditer(text)) if known else ()
        staff = {word.casefold() for one in found for word in one["v"].split()}
        self.ways: dict[Words, set[Needs]] = {}
        self.lengths: dict[str, list[int]] = {}  # first word → how many words the names have that begin so
        for words, needs in _ways(known, staff):
            self.ways.setdefault(words, set()).add(needs)
            self.lengths.setdefault(words[0], []).append(len(words))
        self.lengths = {first: sorted(set(lengths), reverse=True) for first, lengths in self.lengths.items()}

    def hidden(self, text: str) -> str:
        """The text without their names."""
        if not self.ways:
            return text
        tokens = [(one.start(), one.end(), one.group().casefold()) for one in TOKEN.finditer(text)]
        kept, done, place = [], 0, 0
        while place < len(tokens):
            n = self._n_words(text, tokens, place)
            if n:
                before = TITLE.search(text, max(done, tokens[place][0] - LONGEST_TITLE), tokens[place][0])
                kept += [text[done : before.start() if before else tokens[place][0]], MASK]
                done = tokens[place + n - 1][1]
            place += max(n, 1)
        return "".join([*kept, text[done:]])

    def _n_words(self, text: str, tokens: list[Token], place: int) -> int:
        """How many words from a place on are a customer's name."""
        for n in self.lengths.get(tokens[place][2], ()):
            some = tokens[place : place + n]
            ways = self.ways.get(tuple(word for _, _, word in some), ()) if len(some) == n else ()
            for needs in ways:
                if _is_whole(text, some) and _is_met(needs, text, tokens, place, n):
                    return n
        return 0


def _ways(names: list[str], staff: set[str]) -> Iterator[tuple[Words, Needs]]:
    """How each name may be written, small, and what its company must be for it to count."""
    alone = [name for name in names if len(_words(name)) == 1]
    pairs = [f"{one} {other}" for one in alone for other in alone if one != other] if len(alone) <= FEW else []
    for name in [*names, *pairs]:
        words = _words(name)
        needs: Needs = "capital" if WORDS_TOO.issuperset(words) else "nothing"
        if len(words) > 1:
            yield words, needs
            yield (*_words(name.split()[-1]), *_words(name.split()[0])), needs
        else:
            yield words, "title" if words[0] in staff else "place"
        for part in name.split():
            words = _words(part)
            if len("".join(words)) < SHORTEST or part.casefold() in PARTICLES:
                continue
            if staff.issuperset(words):
                yield words, "title"
            else:
                yield words, "place" if WORDS_TOO.issuperset(words) else "capital"


def _words(name: str) -> Words:
    return tuple(word.casefold() for word in TOKEN.findall(name))


def _is_whole(text: str, tokens: list[Token]) -> bool:
    """Whether words stand together and are no part of a longer one."""
    start, end = tokens[0][0], tokens[-1][1]
    if JOINED.match(text[max(0, start - 1) : start]) or JOINED.match(text[end : end + 1]):
        return False
    return all(GAP.fullmatch(text, one[1], other[0]) for one, other in pairwise(tokens))


def _is_met(needs: Needs, text: str, tokens: list[Token], place: int, n: int) -> bool:
    start = tokens[place][0]
    if needs == "nothing" or not text[start].isupper():
        return needs == "nothing"
    if needs == "capital":
        return not _is_of_business(text, tokens[place + n - 1 : place + n + 1])
    if TITLE.search(text, max(0, start - LONGEST_TITLE), start):
        return True
    return needs == "place" and TELLS.search(text, max(0, start - 4), start) is not None


def _is_of_business(text: str, tokens: list[Token]) -> bool:
    """Whether the word behind a name makes it a business's: the customer Ngozi Albright is not in Albright Motors."""
    if len(tokens) == 1:
        return False
    (_, end, _), (start, _, word) = tokens
    return text[end:start] == " " and text[start].isupper() and word in BUSINESSES


def without_told(text: str) -> str:
    """A text without the customers' names that it tells itself."""
    return Customers(told_in(text), [text]).hidden(text)
