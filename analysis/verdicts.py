"""What a ticket's text says that criteria rest on: signatures of runbooks, and errors shown.

The verdicts themselves are set-based and stand in `sql/core/facts_known.sql` and `verdicts.sql`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from analysis.errors import CriteriaError
from analysis.patterns import Pattern, PatternError, compiled, one_line, phrase_pattern, shortened
from analysis.taxonomy import Criteria, Runbook

Row = dict[str, Any]
# Something in the text that a waiting activation does not show: codes, failed calls, exceptions.
ERRORS = (
    r"(?i)\b[45]\d\d\s+(?:error|forbidden|unauthori[sz]ed|not found|bad \w+|internal|service unavailable)\b",
    r"(?i)\b(?:http|status|code|error)\W{0,3}(?:4\d\d|5\d\d)\b",
    r"\b[A-Z]{3,}(?:[-_][A-Z]{3,}){1,5}\b",
    r"(?i)\b(?:exception|traceback|stack trace|errors? (?:message|code)|fails? with|failed with|refused with)\b",
    r"(?i)\"(?:error|errorcode|fault)\"\s*:",
)


class TextMatcher:
    """Finds runbook signatures and shown errors in texts."""

    def __init__(self, runbooks: Iterable[Runbook]) -> None:
        self.patterns: list[tuple[str, str, Pattern]] = []
        for runbook in runbooks:
            for pattern in (*(f"(?i){s}" for s in runbook.signature), *map(phrase_pattern, runbook.applies_when)):
                self.patterns.append(("runbook", reference(runbook), _compiled(runbook, pattern)))
        self.patterns += [("error", "error", compiled(pattern)) for pattern in ERRORS]

    @classmethod
    def of(cls, criteria: Criteria) -> "TextMatcher":
        """Compile what the criteria say. Raises `CriteriaError` where a signature is no RE2 expression."""
        return cls(criteria.runbooks)

    def rows(self, texts: Iterable[Row]) -> Iterator[Row]:
        """Rows of core.text_matches for texts (issue_id, summary, description)."""
        for text in texts:
            whole = f"{shortened(text['summary'] or '')}\n{shortened(text['description'] or '')}"
            found: set[tuple[str, str]] = set()
            for kind, ref, pattern in self.patterns:
                match = None if (kind, ref) in found else pattern.search(whole)
                if match:
                    found.add((kind, ref))
                    yield {"issue_id": text["issue_id"], "kind": kind, "ref": ref, "words": one_line(match.group())}


def reference(runbook: Runbook) -> str:
    """How a version of a runbook is named in text matches and evidence."""
    return f"{runbook.id} v{runbook.version}"


def _compiled(runbook: Runbook, pattern: str) -> Pattern:
    try:
        return compiled(pattern)
    except PatternError as error:
        shown = pattern.removeprefix("(?i)")
        raise CriteriaError(
            f"runbooks: {runbook.id}: signature {shown!r} is refused ({error}); no look-around or back-references"
        ) from error
