"""What a ticket's text shows of a failure that can be named: codes, statuses, endpoints, exceptions, messages.

Ids, dates and numbers in them are replaced, so that the same failure shows the same signs in every ticket.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from analysis.patterns import compiled, one_line, shortened
from analysis.text import without_ids

# name of the sign → RE2 expression; the first group is the sign
SIGNS = {
    "code": r"\b([A-Z][A-Z0-9]{2,}(?:[-_][A-Z0-9]{2,})+|[A-Z]{4,}(?: [A-Z]{3,}){1,4})\b",
    "status": r"(?i)\b(?:http|status|code|error|returns?|answers?|gives?|with|a|the)[ :=]{1,3}([45]\d\d)\b",
    "endpoint": r"(/[a-zA-Z][\w.-]*(?:/[\w.{}:-]+)+)",
    "exception": r"\b([A-Z]\w+(?:Exception|Error|Fault))\b",
    "message": r"[\"“]([A-Za-z][^\"”\n]{8,80})[\"”]",
}
MOST = 6  # signs of a family that are told
HALF = 0.5  # of a family's tickets show a sign that is told of it


def signs_of(text: str) -> tuple[str, ...]:
    """The signs in a text, in the order of `SIGNS` and then of the text, each once."""
    found: dict[str, None] = {}
    for name, pattern in _PATTERNS.items():
        for match in pattern.finditer(shortened(text).encode()):
            sign = match.group(1).decode("utf-8", "ignore")
            shown = sign if name in ("code", "status") else _masked(sign)
            found.setdefault(one_line(shown), None)
    return tuple(found)


def shared_signs(texts: Sequence[str]) -> tuple[str, ...]:
    """The signs that at least half of the texts show, those of most texts first."""
    counts = Counter(sign for text in texts for sign in signs_of(text))
    least = max(HALF * len(texts), min(2, len(texts)))
    shared = [(-count, sign) for sign, count in counts.items() if count >= least]
    return tuple(sign for _, sign in sorted(shared))[:MOST]


def shared_words(words: Iterable[frozenset[str]], rarity: dict[str, float], least_rarity: float) -> tuple[str, ...]:
    """The rarer words that at least half of the texts hold, the most telling first."""
    listed = list(words)
    counts = Counter(word for one in listed for word in one if rarity.get(word, 0.0) >= least_rarity)
    least = max(HALF * len(listed), min(2, len(listed)))
    shared = [(-count * rarity[word], word) for word, count in counts.items() if count >= least]
    return tuple(word for _, word in sorted(shared))[:MOST]


def _masked(sign: str) -> str:
    """`/appointments/88213/lock` → `/appointments/…/lock`."""
    return re.sub(r"\s*\b(?:uuid|date|time|num)tok\b\s*", "…", without_ids(sign))


_PATTERNS = {name: compiled(pattern) for name, pattern in SIGNS.items()}
