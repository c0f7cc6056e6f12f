"""Names of people and dealers in ticket text → `[name]` and `[dealer]`, for what leaves the desk.

Dealers are known by name. People are not: a word counts as a name where those who write it give it a capital, in the
middle of a sentence, too, and fewer write it small. So a rare product may be taken for a person; a name that
is also a word ("Will", "Rose") or that was only ever written small is not found.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analysis.patterns import shortened
from analysis.text import name_key

TOKEN = re.compile(r"[^\W_]+")
ID = re.compile(r"[\w:.@+-]+")
SENTENCE_STARTS = re.compile(r"(?:^|[.!?:;\n>|*•–—(\"“\[{]|\s-)[\s\"'“‘(*_-]*\Z")
SHORTEST, LONG = 3, 6  # characters of a dealer's name, and of one that is known without its blanks, too
LOOKS_BACK = 12  # characters in which a sentence may be seen to start
SURNAME = re.compile(r"(?:Mc|Mac|O['’]|D['’])[A-Z][a-z]+")
RARE = 2  # texts; a word that fewer write small is a name wherever one gives it a capital
# capitals that name neither a person nor a dealer
CAPITALS = (
    "pam jira monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays "
    "saturdays sundays january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun english french spanish german "
    "american canadian christmas easter thanksgiving i "
    "tues thurs tier chrome edge excel firefox outlook safari windows"
)
PLAIN = frozenset(CAPITALS.split())


@dataclass(frozen=True)
class Names:
    """Who may be named.

    `dealers` are the words of each name, by the first of them; `dealer_words` are all of them; `small` and `capital`
    count the texts that write a word so; `terms` are words that name things.
    """

    dealers: Mapping[str, tuple[tuple[str, ...], ...]]
    dealer_words: frozenset[str]
    person_ids: frozenset[str]
    small: Mapping[str, int]
    capital: Mapping[str, int]
    terms: frozenset[str] = PLAIN

    @classmethod
    def of(
        cls, texts: Iterable[str], dealers: Iterable[str], person_ids: Iterable[str], terms: Iterable[str] = ()
    ) -> "Names":
        """Learn from texts how words are written; `dealers` are names in any spelling, `terms` names of products."""
        small: Counter[str] = Counter()
        capital: Counter[str] = Counter()
        for text in texts:
            written = _written(shortened(text))
            small.update(written[0])
            capital.update(written[1])
        by_first: dict[str, set[tuple[str, ...]]] = {}
        for words in (tuple(name_key(name).split()) for name in dealers):
            whole = "".join(words)
            if len(whole) >= SHORTEST:
                by_first.setdefault(words[0], set()).add(words)
            if len(whole) >= LONG:  # as in northfork_12_0
                by_first.setdefault(whole, set()).add((whole,))
        longest_first = {first: tuple(sorted(names, key=_longest_first)) for first, names in by_first.items()}
        dealer_words = frozenset(word for names in by_first.values() for name in names for word in name)
        known = PLAIN.union(word for term in terms for word in name_key(term).split())
        ids = frozenset(one.casefold() for one in person_ids if len(one) >= SHORTEST)
        return cls(longest_first, dealer_words, ids, small, capital, known)

    def without(self, text: str) -> str:
        """The text with what may be a name replaced by what it names."""
        return self._without_words(ID.sub(self._shown_id, text))

    def is_name(self, word: str) -> bool:
        """Whether a word, as it is written here, is mostly written as a name is."""
        low = word.lower()
        if low in self.terms:
            return False
        small, capital = self.small.get(low, 0), self.capital.get(low, 0)
        if word.islower() or word.isupper():  # a name in a hurry, or a word like any other, or a code
            return capital > 0 and small < RARE
        return (small < RARE or small < capital) if capital else small == 0

    def is_of_dealer(self, word: str) -> bool:
        """Whether a word is part of a dealer's name."""
        return name_key(word) in self.dealer_words

    def _shown_id(self, found: re.Match[str]) -> str:
        whole = found.group()
        one = whole.rstrip(".:-")
        is_person = one.casefold() in self.person_ids and self.small.get(one.casefold(), 0) < RARE
        return f"[person]{whole[len(one) :]}" if is_person else whole

    def _without_words(self, text: str) -> str:
        tokens = list(TOKEN.finditer(text))
        keys = [name_key(token.group()) for token in tokens]
        pieces: list[str] = []
        at = number = 0
        while number < len(tokens):
            token = tokens[number]
            n_words = self._n_words_of_dealer(keys, number)
            if n_words or self._is_person(token.group(), text, token.start()):
                end = tokens[number + max(n_words, 1) - 1].end()
                pieces += [text[at : token.start()], "[dealer]" if n_words else "[name]"]
                at = end
            number += max(n_words, 1)
        return "".join([*pieces, text[at:]])

    def _n_words_of_dealer(self, keys: list[str], number: int) -> int:
        """How many words from this one on are a dealer's name."""
        names = self.dealers.get(keys[number], ())
        return next((len(name) for name in names if tuple(keys[number : number + len(name)]) == name), 0)

    def _is_person(self, word: str, text: str, start: int) -> bool:
        if len(word) < 2 or word.isdigit() or text[max(0, start - 1) : start] in ("/", "_", "#", "\\"):
            return False  # part of a path or a code
        if SURNAME.match(text[start : start + 24]):
            return True
        return (word.istitle() or word.islower() or word.isupper()) and self.is_name(word)


def _longest_first(words: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return -len(words), words


def _written(text: str) -> tuple[set[str], set[str]]:
    """Words that a text writes small, and those to which it gives a capital within a sentence."""
    small: set[str] = set()
    capital: set[str] = set()
    for token in TOKEN.finditer(text):
        word = token.group()
        if word.islower():
            small.add(word)
        elif word.istitle() and not SENTENCE_STARTS.search(text[max(0, token.start() - LOOKS_BACK) : token.start()]):
            capital.add(word.lower())
    return small, capital
