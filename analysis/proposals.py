"""By which words a runbook could know its tickets: codes and messages that they share, or else phrases.

What is proposed is tried on the tickets it is meant for and on others, as the reader of runbooks will try it.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from analysis.features import WORD
from analysis.names import Names
from analysis.patterns import Pattern, compiled, phrase_pattern, shortened
from analysis.signature import signs_of
from analysis.text import without_ids

GAP = "[^\\n]{0,40}"  # where a sign had an id
OBEYED = re.compile(r"[\\.+*?()|\[\]{}^$]")
STATUS = re.compile(r"[45]\d\d")
STANDS_FOR = re.compile(r"(?:uuid|date|time|num)tok")
PHRASE_WORDS = (3, 2)  # at most so many of them, and at least
MOST = 3
MOST_TRIED = 40
PHRASE_SHARE = 0.3  # of the tickets must hold a phrase
TELLING = 3.0  # rarity (idf) that the words of a phrase must have between them, each on average
HALF = 0.5  # of the tickets that it finds must be those it is meant for


@dataclass(frozen=True)
class Proposal:
    """A signature (RE2) or a phrase, the tickets of ours that it finds, and the others."""

    words: str
    is_signature: bool
    ours: tuple[str, ...]
    others: tuple[str, ...]


def proposals(
    ours: Mapping[str, str], others: Mapping[str, str], rarity: Mapping[str, float], names: Names
) -> tuple[Proposal, ...]:
    """Signatures, and phrases where those find less than half; each for tickets that those before it miss.

    Tickets are keys with their texts; one that is alone shares nothing, so only its codes are proposed.
    """
    least = min(2, len(ours))
    signs = [one for one in _common((signs_of(text) for text in ours.values()), least) if _is_telling(one, names)]
    found = _best(_tried([(sign_pattern(one), True) for one in signs[:MOST_TRIED]], ours, others), least, set())
    seen = {key for one in found for key in one.ours}
    if len(ours) == 1 or len(seen) >= HALF * len(ours):
        return found
    least = max(least, math.ceil(PHRASE_SHARE * len(ours)))
    phrases = _common((_phrases(text, rarity) for text in ours.values()), least)
    shown = [one for one in phrases if names.without(one) == one]
    return found + _best(_tried([(one, False) for one in shown[:MOST_TRIED]], ours, others), least, seen)


def sign_pattern(sign: str) -> str:
    """RE2 that finds a sign of `signs_of` as it stood in its text, with any id in the place of each `…`."""
    pattern = GAP.join(OBEYED.sub(r"\\\g<0>", part) for part in sign.split("…"))
    start = r"\b" if sign[:1].isascii() and re.match(r"\w", sign) else ""
    end = r"\b" if sign[-1:].isascii() and re.search(r"\w\Z", sign) else ""
    return f"{start}{pattern}{end}"


def _is_telling(sign: str, names: Names) -> bool:
    """A status alone tells little; a name is nobody's failure."""
    return not STATUS.fullmatch(sign) and len(sign.replace("…", "").strip()) > 3 and names.without(sign) == sign


def _common(texts: Iterable[Iterable[str]], least: int) -> list[str]:
    """What so many texts show, that of most texts first."""
    counts = Counter(one for shown in texts for one in shown)
    shared = [(-count, -len(one), one) for one, count in counts.items() if count >= least]
    return [one for *_, one in sorted(shared)]


def _phrases(text: str, rarity: Mapping[str, float]) -> Iterator[str]:
    """Phrases of two and three words within a line, each once, that say something."""
    found: set[str] = set()
    unknown = max(rarity.values(), default=0.0)
    for line in without_ids(shortened(text)).lower().splitlines():
        for part in re.split(r"[.,;:!?()\"“”/]", line):
            words = WORD.findall(part)
            for n_words in range(PHRASE_WORDS[1], PHRASE_WORDS[0] + 1):
                for start in range(len(words) - n_words + 1):
                    some = words[start : start + n_words]
                    if not any(STANDS_FOR.fullmatch(word) for word in some):
                        weights = [rarity.get(word, unknown) for word in some]
                        if min(weights[0], weights[-1]) >= TELLING and sum(weights) >= TELLING * n_words:
                            found.add(" ".join(some))
    yield from sorted(found)


def _tried(tried: Iterable[tuple[str, bool]], ours: Mapping[str, str], others: Mapping[str, str]) -> Iterator[Proposal]:
    for words, is_signature in tried:
        pattern = compiled(f"(?i){words}" if is_signature else phrase_pattern(words))
        yield Proposal(words, is_signature, _finds(pattern, ours), _finds(pattern, others))


def _finds(pattern: Pattern, texts: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(key for key, text in texts.items() if pattern.search(shortened(text)))


def _best(found: Iterable[Proposal], least: int, before: set[str]) -> tuple[Proposal, ...]:
    """One after the other, whichever finds most of our tickets that are not found yet, and few others."""
    left = [one for one in found if len(one.ours) >= least and _share(one) >= HALF]
    chosen: list[Proposal] = []
    seen = set(before)
    while left and len(chosen) < MOST:
        best = max(left, key=lambda one: (_gain(one, seen), _share(one), len(one.words)))
        if _gain(best, seen) < 1:
            break
        chosen.append(best)
        seen.update(best.ours)
        left.remove(best)
    return tuple(chosen)


def _gain(one: Proposal, seen: set[str]) -> float:
    return len(set(one.ours) - seen) - len(one.others) / 2


def _share(one: Proposal) -> float:
    return len(one.ours) / (len(one.ours) + len(one.others))


def texts_of(rows: Sequence[tuple[str, str | None, str | None]]) -> dict[str, str]:
    """Ticket key → its words as a runbook's signature is held against them, from key, summary and description."""
    return {key: f"{shortened(summary or '')}\n{shortened(text or '')}" for key, summary, text in rows}
