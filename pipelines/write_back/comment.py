"""What is written: the comment and the label, as calls of Jira Cloud or Data Center."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.errors import DeliveryError
from analysis.markers import OPENING, Marker
from reports.jira_text import document, wiki

Json = dict[str, Any]
LONGEST_BODY = 30_000  # characters; Jira takes 32,767
# a service desk shows comments to its customers, unless told so; other projects do not mind
INTERNAL = {"key": "sd.public.comment", "value": {"internal": True}}


@dataclass(frozen=True)
class OwnComment:
    """What is to be written on a ticket: the same text in one or more lengths, the longest first.

    `judged_at` is the ticket's time of update (naive UTC) in the version on which the text rests; `address` is where
    this Jira is, for links.
    """

    marker: Marker
    ticket_key: str
    markdowns: Sequence[str]
    judged_at: datetime
    address: str
    label: str | None = None


@dataclass(frozen=True)
class Request:
    """One call that changes something in Jira."""

    method: str
    path: str
    body: Json

    def text(self) -> str:
        """As a person reads it."""
        return f"{self.method} {self.path}\n{json.dumps(self.body, indent=2, ensure_ascii=False)}"


def requests(own: OwnComment, api: str) -> list[Request]:
    """Exactly what is written: the comment, then the label. Raises `DeliveryError` where no length fits."""
    issue = f"{api}/issue/{own.marker.issue_id}"
    asked = [Request("POST", f"{issue}/comment", {"body": _body(own, api), "properties": [INTERNAL]})]
    if own.label:
        asked.append(Request("PUT", issue, {"update": {"labels": [{"add": own.label}]}}))
    return asked


def _body(own: OwnComment, api: str) -> Json | str:
    form = document if api.endswith("/3") else wiki
    for markdown in own.markdowns:
        body: Json | str = form(markdown, own.address, OPENING, own.marker.line)
        if len(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)) <= LONGEST_BODY:
            return body
    raise DeliveryError(f"{own.ticket_key}: there is more to say than a comment holds; give --out a file instead")
