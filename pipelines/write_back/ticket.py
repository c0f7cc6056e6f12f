"""A ticket as Jira shows it now: whether our comment is there, and whether anybody but us touched it since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analysis.errors import SourceError
from analysis.markers import Marker, marker_of
from analysis.text import parse_moment
from pipelines.jira import Connection
from pipelines.jira.paging import whole_list
from pipelines.normalise.values import body_text, person_id

Json = dict[str, Any]
CLOCK = timedelta(seconds=2)  # between a comment's own time and that of its ticket, which Jira sets one after the other
COMMENTS_A_PAGE: Json = {"maxResults": 100, "orderBy": "created"}


@dataclass(frozen=True)
class Ticket:
    """Times are naive UTC; `me` is the account that looks."""

    issue_id: int
    me: str
    updated_at: datetime
    labels: Sequence[str]
    comments: Sequence[Json]
    histories: Sequence[Json]

    def comment(self, marker: Marker) -> int | None:
        """The id of our comment with that marker, where it is there."""
        return min((int(one["id"]) for one in self.comments if self._marker(one) == marker), default=None)

    def was_labelled(self, comment_id: int, label: str) -> bool:
        """Whether we set the label with that comment; where it is gone, somebody took it off, and it stays off."""
        at = [min(_times(one)) for one in self.comments if int(one["id"]) == comment_id and _times(one)]
        since = min(at, default=datetime.min + CLOCK) - CLOCK
        mine = (_made(one) for one in self.histories if self._is_my_label(one, label))
        return any(moment >= since for moment in mine if moment)

    def changed_by_others(self, since: datetime, label: str | None) -> bool:
        """Whether somebody touched it after that version; what we wrote ourselves is nothing."""
        if self.updated_at <= since:
            return False
        ours: list[datetime] = []
        for comment in self.comments:
            later = [at for at in _times(comment) if at > since]
            if later and not self._is_mine(comment):
                return True
            ours += later
        for history in self.histories:
            at = _made(history)
            if at and at > since:
                if label is None or not self._is_my_label(history, label):
                    return True
                ours.append(at)
        # a comment that was deleted leaves no trace but the ticket's time
        return not ours or self.updated_at > max(ours) + CLOCK

    def _marker(self, comment: Mapping[str, Any]) -> Marker | None:
        if person_id(comment.get("author")) != self.me:
            return None
        return marker_of(body_text(comment.get("body")), self.issue_id)

    def _is_mine(self, comment: Mapping[str, Any]) -> bool:
        """Whether we wrote it and nobody edited it since."""
        return self._marker(comment) is not None and len(set(_times(comment))) == 1

    def _is_my_label(self, history: Mapping[str, Any], label: str) -> bool:
        items = history.get("items") or []
        if person_id(history.get("author")) != self.me or len(items) != 1:
            return False
        before, after = (set(str(items[0].get(side) or "").split()) for side in ("fromString", "toString"))
        name = str(items[0].get("fieldId") or items[0].get("field"))
        return name == "labels" and before <= after and after - before == {label}


def look(connection: Connection, api: str, me: str, issue_id: int) -> Ticket:
    """Read it with all of its comments. Raises `SourceError`."""
    path = f"{api}/issue/{issue_id}"
    issue = connection.get(path, fields="updated,labels", expand="changelog")
    fields = issue.get("fields") or {}
    updated = parse_moment(fields.get("updated"))
    if updated is None:
        raise SourceError(f"issue {issue_id}: Jira does not tell when it was last updated; try again later")
    first = connection.get(f"{path}/comment", startAt=0, **COMMENTS_A_PAGE)
    comments = whole_list(
        lambda start: connection.get(f"{path}/comment", startAt=start, **COMMENTS_A_PAGE), first, "comments"
    )
    histories = (issue.get("changelog") or {}).get("histories") or ()
    return Ticket(issue_id, me, updated, tuple(fields.get("labels") or ()), tuple(comments), tuple(histories))


def _made(entry: Mapping[str, Any]) -> datetime | None:
    return parse_moment(entry.get("created"))


def _times(comment: Mapping[str, Any]) -> list[datetime]:
    """When it was made and last edited."""
    return [at for at in (_made(comment), parse_moment(comment.get("updated"))) if at]
