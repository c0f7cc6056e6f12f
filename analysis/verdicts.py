"""What a ticket's words, as known at its escalation, say that criteria rest on.

Signatures of runbooks, errors shown, what is to be handed over. The verdicts themselves are set-based and stand in
`sql/core/facts_*.sql` and `verdicts.sql`.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from analysis.errors import CriteriaError
from analysis.patterns import Pattern, PatternError, compiled, one_line, phrase_pattern, shortened
from analysis.taxonomy import Criteria, Criterion, Runbook

Row = dict[str, Any]
# Something in the text that a waiting activation does not show: codes, failed calls, exceptions.
ERRORS = (
    r"(?i)\b[45]\d\d\s+(?:error|forbidden|unauthori[sz]ed|not found|bad \w+|internal|service unavailable)\b",
    r"(?i)\b(?:http|status|code|error)\W{0,3}(?:4\d\d|5\d\d)\b",
    r"\b[A-Z]{3,}(?:[-_][A-Z]{3,}){1,5}\b",
    r"(?i)\b(?:exception|traceback|stack trace|fails? with|failed with|refused with)\b",
    r"(?i)\"(?:error|errorcode|fault)\"\s*:",
)


NAMED_ERROR = compiled(r"(?i)\berrors?(?: (?:message|code|text))?s?\s?[:\"“']")
MOST_DENIED = 40  # characters
DENIED = compiled(
    r"(?i)\A[ \t\"”'*_]*(?:(?:none|nothing|nil|n/?a|not (?:any|seen|shown))(?:[^\w/]|$)"
    r"|(?:no|-+)[ \t]*[.,;]?[ \t]*(?:\n|$))"
)
# what a runbook goes by, and right behind it, in the same sentence, that somebody looked at that
LOOKED_AT = compiled(
    r"(?i)\A(?:[^.!?\n]|[.!?]\S){0,70}?\b(?:"
    r"(?:I|we|he|she|they)(?:'ve|'d| have| has| had)?(?: also| both| all| even| just| already)? "
    r"(?:looked|checked|verified|confirmed|compared|tried)"
    r"|already (?:looked|checked|verified|compared|tried|set|done|changed)"
    r"|(?:is|was|been|were) (?:checked|verified|ruled out|tried))\b"
)
MOST_BEHIND = 120  # characters
MOST_LOOKED = 20  # places of one expression in a text


class TextMatcher:
    """Finds runbook signatures, shown errors and what criteria ask for in what was known of escalations."""

    def __init__(self, runbooks: Iterable[Runbook], criteria: Iterable[Criterion] = ()) -> None:
        self.patterns: list[tuple[str, str, Pattern]] = []
        for book in runbooks:
            for pattern in (*(f"(?i){s}" for s in book.signature), *map(phrase_pattern, book.applies_when)):
                place = f"runbooks: {book.id}: signature"
                self.patterns.append(("runbook", reference(book), _compiled(place, pattern)))
        for criterion in criteria:
            for number, asked in enumerate(criterion.requires, 1):
                place = f"escalation_criteria.toml: criterion {criterion.id}: {asked.what}: any_of"
                ref = f"{criterion.id} v{criterion.version} #{number}"
                self.patterns += [("requirement", ref, _compiled(place, f"(?i){one}")) for one in asked.any_of]
        self.patterns += [("error", "error", pattern) for pattern in (*map(compiled, ERRORS), NAMED_ERROR)]

    @classmethod
    def of(cls, criteria: Criteria) -> "TextMatcher":
        """Compile what the criteria say. Raises `CriteriaError` where an expression is not RE2."""
        return cls(criteria.runbooks, criteria.criteria)

    def rows(self, texts: Iterable[Row]) -> Iterator[Row]:
        """Rows of core.text_matches for texts (issue_id, escalation_no, text, known_at, source_ref).

        The texts of one escalation stand together, the ones that were known first before the others.
        """
        for (issue_id, number), own in groupby(texts, key=itemgetter("issue_id", "escalation_no")):
            found: set[tuple[str, str]] = set()
            for text in own:
                words = shortened(text["text"])
                for kind, ref, pattern in self.patterns:
                    looked = kind == "runbook" and ("looked_at", ref) not in found and _looked_at(pattern, words)
                    where = {"known_at": text["known_at"], "source_ref": text["source_ref"]}
                    if looked:
                        found.add(("looked_at", ref))
                        told = {"kind": "looked_at", "ref": ref, "words": one_line(looked)}
                        yield {"issue_id": issue_id, "escalation_no": number} | told | where
                    match = None if (kind, ref) in found else _first(pattern, words)
                    if match:
                        found.add((kind, ref))
                        told = {"kind": kind, "ref": ref, "words": one_line(match.group())}
                        yield {"issue_id": issue_id, "escalation_no": number} | told | where


def _first(pattern: Pattern, words: str) -> Any:
    """The first match; of named errors the first behind which it is not said that there is none."""
    if pattern is not NAMED_ERROR:
        return pattern.search(words)
    while (found := pattern.search(words)) and DENIED.search(words[found.end() :][:MOST_DENIED]):
        words = words[found.end() :]
    return found


def _looked_at(pattern: Pattern, words: str) -> str | None:
    """From where a runbook's words stand to where it is said that somebody looked at that; None where it is not."""
    for _ in range(MOST_LOOKED):
        match = pattern.search(words)
        if match is None or match.end() == 0:
            return None
        looked = LOOKED_AT.search(words[match.end() :][:MOST_BEHIND])
        if looked:
            return f"{match.group()}{looked.group()}"
        words = words[match.end() :]
    return None


def reference(runbook: Runbook) -> str:
    """How a version of a runbook is named in text matches and evidence."""
    return f"{runbook.id} v{runbook.version}"


def _compiled(place: str, pattern: str) -> Pattern:
    try:
        return compiled(pattern)
    except PatternError as error:
        shown = pattern.removeprefix("(?i)")
        raise CriteriaError(f"{place} {shown!r} is refused ({error}); no look-around or back-references") from error
