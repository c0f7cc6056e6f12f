"""What is wrong with settings, in plain words: which setting, and what to write instead.

Of what was written only a wrong `kind` is shown: the rest may be secret.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Mistake = Mapping[str, Any]  # as pydantic tells it: type, loc, msg, ctx
LISTS = {"targets", "notify_urls", "jira_projects", "to"}

WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "bool_parsing": lambda _: "write true or false",
    "bool_type": lambda _: "write true or false",
    "int_parsing": lambda _: "write a whole number",
    "int_from_float": lambda _: "write a whole number",
    "float_parsing": lambda _: "write a number",
    "float_type": lambda _: "write a number",
    "string_type": lambda _: "write text in quotes",
    "path_type": lambda _: "write a path in quotes",
    "date_from_datetime_parsing": lambda _: "write a day such as 2027-03-31",
    "date_parsing": lambda _: "write a day such as 2027-03-31",
    "less_than_equal": lambda told: f"at most {told['le']} is possible",
    "greater_than_equal": lambda told: f"at least {told['ge']} is needed",
    "missing": lambda _: "is missing; add it",
    "extra_forbidden": lambda _: "there is no such key; remove it, or correct its name",
    "too_short": lambda told: f"list at least {told['min_length']}",
    "string_too_short": lambda _: "write something",
    "tuple_type": lambda _: "write a list",
    "union_tag_invalid": lambda told: f"kind is one of {told['expected_tags']}, not {told['tag']!r}",
    "union_tag_not_found": lambda _: "kind is missing; add it",
    "value_error": lambda told: str(told["error"]),
}
PATTERNS = {"name": "write small letters, digits, - and _", "url": "write s3://bucket or s3://bucket/folder"}
PATTERNS |= {"endpoint": "write an address such as https://s3.example.com"}


def in_words(mistake: Mistake) -> str:
    """One mistake as a line: where it is, and what to write."""
    place, kind = tuple(mistake["loc"]), str(mistake["type"])
    words = WORDS.get(kind)
    if words is not None:
        told = words(dict(mistake.get("ctx") or {}))
    elif kind == "string_pattern_mismatch" and place and place[-1] in PATTERNS:
        told = PATTERNS[str(place[-1])]
    else:
        told = str(mistake["msg"])
    return f"{_where(place)}: {told}"


def _where(place: Sequence[int | str]) -> str:
    """`targets.1.mail.to` as a person counts: `targets, number 2 (mail): to`."""
    if len(place) > 1 and place[0] in LISTS and isinstance(place[1], int):
        kind = f" ({place[2]})" if len(place) > 2 else ""
        rest = ".".join(str(part) for part in place[3:])
        return f"{place[0]}, number {place[1] + 1}{kind}" + (f": {rest}" if rest else "")
    return ".".join(str(part) for part in place) or "settings"
