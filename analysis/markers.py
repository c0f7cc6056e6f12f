"""By what a comment that this program wrote is known again: its first line and its last.

It is looked for before a comment is written, so that none is written twice, and when tickets are read, so that none is
taken for a person's. Both lines must be there, and the ticket be the one that it names: an answer that quotes such a
comment, or a copy of it elsewhere, is a person's.
"""

import re
from typing import NamedTuple

OPENING = "This comment was written by a program, not by a person."
KINDS = ("pushback", "triage")
CLOSING = re.compile(rf"escalations-({'|'.join(KINDS)})-([0-9]{{1,18}})-([0-9]{{1,6}})")


class Marker(NamedTuple):
    """What a comment of ours is about; `kind` is pushback or triage."""

    kind: str
    issue_id: int
    escalation_no: int

    @property
    def line(self) -> str:
        """The comment's last line: lower case with hyphens, which neither Jira nor masking takes for something."""
        return f"escalations-{self.kind}-{self.issue_id}-{self.escalation_no}"


def marker_of(body: str | None, issue_id: int) -> Marker | None:
    """The marker of a comment (as plain text or wiki markup) on that ticket, where this program wrote it."""
    # Jira puts a backslash before what might be markup when it gives a document as wiki text
    lines = [line.replace("\\", "").strip() for line in (body or "").strip().splitlines()]
    found = CLOSING.fullmatch(lines[-1]) if lines and lines[0] == OPENING else None
    if not found or int(found[2]) != issue_id:
        return None
    return Marker(found[1], issue_id, int(found[3]))
