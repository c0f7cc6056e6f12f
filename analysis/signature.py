"""What a ticket's text shows of a failure that can be named: codes, statuses, endpoints, exceptions, messages.

Ids, dates and numbers in them are replaced, so that the same failure shows the same signs in every ticket.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from analysis.patterns import compiled, one_line, shortened
from analysis.text import without_ids

# name of the sign → RE2 expression; its group is the sign
SIGNS = {
    "code": r"\b([A-Z][A-Z0-9]{2,}(?:[-_][A-Z0-9]{2,})+|[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+|[A-Z]{4,}(?: [A-Z]{3,}){1,4})\b",
    "status": r"(?i)\b(?:http(?:/\d(?:\.\d)?)?|(?:status|error|response)(?: code)?(?: of)?|code|responded|responds"
    r"|return(?:s|ed)?|with|answer(?:s|ed)?|gives?|gave|gets?|got|a|the)[ :=]{1,3}([45]\d\d)\b",
    "reason": r"(?i)\b([45]\d\d) (?:bad request|unauthori[sz]ed|forbidden|not found|conflict|gone|unprocessable"
    r"|too many requests|internal server error|bad gateway|service unavailable|gateway time-?out)\b",
    "endpoint": r"(/[a-zA-Z][\w.-]*(?:/(?:[\w.{}:-]+|\[\w+\]))+)",
    "exception": r"\b([A-Z]\w+(?:Exception|Error|Fault))\b",
    "message": r"[\"“]([A-Za-z][^\"”\n]{8,80})[\"”]",
}
# Words in capitals are a code where a machine may have said them, and shouting where only a person would.
OF_MACHINES = re.compile(
    r"\b(?:ABORTED|ACCESS|BLOCKED|CLOSED|CONFLICT|CONNECTION|DATA|DENIED|DISABLED|DUPLICATE|EMPTY|ERROR|EXCEEDED|EXCEPTION"
    r"|EXISTS|EXPIRED|FAILED|FAILURE|FAULT|FORBIDDEN|FORMAT|FOUND|ILLEGAL|INACTIVE|INTERNAL|INVALID|LENGTH|LIMIT|LOCKED"
    r"|MALFORMED|MISMATCH|MISSING|NULL|OVERFLOW|PARSE|REFUSED|REJECTED|REQUEST|REQUIRED|RESPONSE|SCHEMA|SYNTAX|TIMEOUT"
    r"|UNABLE|UNAUTHORIZED|UNAVAILABLE|UNDEFINED|UNEXPECTED|UNKNOWN|VALUE|VIOLATION)\b"
)
OF_PEOPLE = re.compile(
    r"\b(?:AGAIN|ALREADY|ANGRY|ANY|ANYBODY|ANYONE|ASAP|BECAUSE|BEEN|CALLING|CANT|COMPLAINING|DONT|EVERY|EVERYONE|EVERYTHING"
    r"|FIX|FRIDAY|GUYS|HAS|HAVE|HELLO|HELP|HER|HERE|HIM|HIS|HOW|HURRY|IMMEDIATELY|KEEPS|LOOK|MONDAY|MORNING|NEED|NEVER"
    r"|NOBODY|NOTHING|NOW|OUR|OURS|PLEASE|SATURDAY|SHE|SINCE|SOMEBODY|SOMEONE|STILL|STUPID|SUNDAY|THANK|THANKS|THEIR|THEM"
    r"|THESE|THEY|THIS|THURSDAY|TODAY|TOMORROW|TUESDAY|UPSET|URGENT|VERY|WAITING|WANT|WEDNESDAY|WEEK|WHAT|WHEN|WHERE|WHY"
    r"|YESTERDAY|YOU|YOUR)\b"
)
VERSION = re.compile(r"v\d+(?:\.\d+)*")
TEMPLATE = re.compile(r"\{.*\}|\[.*\]|:\w+")  # {id}, :id, and what normalise masked
ID_DIGITS = 3  # in a part of a path, for it to be an id; or half of the part
MOST = 6  # signs of a family that are told
HALF = 0.5  # of a family's tickets show a sign that is told of it


def signs_of(text: str) -> tuple[str, ...]:
    """The signs in a text, in the order of `SIGNS` and then of the text, each once."""
    found: dict[str, None] = {}
    for name, pattern in _PATTERNS.items():
        for match in pattern.finditer(shortened(text).encode()):
            sign = match.group(1).decode("utf-8", "ignore")
            if name == "code" and " " in sign and not _is_of_machine(sign):
                continue
            found.setdefault(one_line(_SHOWN.get(name, _masked)(sign)), None)
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


def _is_of_machine(phrase: str) -> bool:
    return bool(OF_MACHINES.search(phrase)) and not OF_PEOPLE.search(phrase)


def _masked(sign: str) -> str:
    """`Appointment 88213 is gone` → `Appointment…is gone`."""
    return re.sub(r"\s*\b(?:uuid|date|time|num)tok\b\s*", "…", without_ids(sign))


def _masked_path(path: str) -> str:
    """`/v2/appointments/A88213/lock` → `/v2/appointments/…/lock`."""
    return "/".join("…" if _is_id(part) else part for part in path.split("/"))


def _is_id(part: str) -> bool:
    n_digits = sum(c.isdigit() for c in part)
    is_number = n_digits >= ID_DIGITS or (n_digits > 0 and 2 * n_digits >= len(part))
    return TEMPLATE.fullmatch(part) is not None or (is_number and not VERSION.fullmatch(part))


_SHOWN: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("code", "status", "reason"), str),
    "endpoint": _masked_path,
}
_PATTERNS = {name: compiled(pattern) for name, pattern in SIGNS.items()}
