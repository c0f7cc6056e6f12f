"""Jira Data Center: one page after the other, each anchored at the last issue seen.

Offsets skip rows when issues are touched meanwhile, and end at 10,000; so every page starts at offset 0 from the
minute of the last issue. Where more issues share a minute than fit a page, that minute is read by key.
"""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from analysis.errors import SourceError
from analysis.text import parse_moment
from pipelines.jira.aside import ATTEMPTS, Aside
from pipelines.jira.connection import Connection
from pipelines.jira.details import check_asked_fields, complete, is_gone
from pipelines.jira.jql import millis, quoted, updated_since
from pipelines.jira.retries import RefusedError, UnansweredError

Json = dict[str, Any]
API = "/rest/api/2"
A_PAGE = 100
IDS_A_PAGE = 1000
MINUTE = timedelta(minutes=1)


@dataclass
class DataCenterPlan:
    """Reads issues of a Jira Data Center, serially."""

    connection: Connection
    aside: Aside = field(default_factory=Aside)

    def issues(
        self, project: str, since: datetime | None, known: Callable[[int, datetime], bool], links_of: Container[int]
    ) -> Iterator[Json]:
        """Whole issues of a project updated since, but for those of which `known(id, updated)` says they are stored."""
        given: dict[int, datetime] = {}
        for issue in self._moving(project, since):
            issue_id, updated = int(issue["id"]), parse_moment(issue["fields"]["updated"])
            if updated is None or given.get(issue_id) == updated or known(issue_id, updated):
                continue
            given[issue_id] = updated
            if complete(self.connection, API, issue, links_of, self.aside):
                yield issue

    def _moving(self, project: str, since: datetime | None) -> Iterator[Json]:
        """Issues in the order of their updates; one that is touched meanwhile comes again at its new place."""
        anchor = since.replace(second=0, microsecond=0) if since else None
        while True:
            jql = f"project = {quoted(project)}{updated_since(anchor)} ORDER BY updated ASC, key ASC"
            page, total = self._page(jql, A_PAGE, "*all")
            yield from page
            if len(page) >= total:
                return
            last = parse_moment(page[-1]["fields"]["updated"])
            if last is None:
                raise SourceError("Jira gives an issue without a time; nothing was stored, try again later")
            reached = last.replace(second=0, microsecond=0)
            if reached == anchor:
                yield from self._minute(project, reached)
                reached += MINUTE
            anchor = reached

    def _minute(self, project: str, minute: datetime) -> Iterator[Json]:
        """All issues updated within one minute, by key: a bulk edit may touch more than any page or window holds."""
        span = f"{updated_since(minute)} AND updated < {millis(minute + MINUTE)}"
        after = ""
        while True:
            jql = f"project = {quoted(project)}{span}{after} ORDER BY key ASC"
            page, total = self._page(jql, A_PAGE, "*all")
            yield from page
            if len(page) >= total:
                return
            after = f" AND key > {quoted(str(page[-1]['key']))}"

    def ids(self, project: str) -> dict[int, datetime | None]:
        """Id → time of update (naive UTC) of all issues of a project that the account may see, by key."""
        found: dict[int, datetime | None] = {}
        after = ""
        while True:
            page, total = self._page(f"project = {quoted(project)}{after} ORDER BY key ASC", IDS_A_PAGE, "updated")
            found |= {int(issue["id"]): parse_moment((issue.get("fields") or {}).get("updated")) for issue in page}
            if len(page) >= total:
                return found
            after = f" AND key > {quoted(str(page[-1]['key']))}"

    def whole(self, ids: Iterator[int], links_of: Container[int]) -> Iterator[Json]:
        """Whole issues by id, one by one; those that are gone meanwhile are left out."""
        for issue_id in ids:
            try:
                path = f"{API}/issue/{issue_id}"
                issue = self.connection.get(path, attempts=ATTEMPTS, fields="*all", expand="changelog")
            except (RefusedError, UnansweredError) as error:
                if not is_gone(error):
                    self.aside.put(issue_id, error)
                continue
            check_asked_fields(issue, f"issue {issue_id}")
            if complete(self.connection, API, issue, links_of, self.aside):
                yield issue

    def _page(self, jql: str, size: int, fields: str) -> tuple[list[Json], int]:
        body: Json = {"jql": jql, "startAt": 0, "maxResults": size, "fields": [fields]}
        if fields == "*all":
            body["expand"] = ["changelog"]
        answer = self.connection.post(f"{API}/search", body)
        page, total = list(answer.get("issues") or []), int(answer.get("total") or 0)
        if not page and total:
            raise SourceError(f"Jira counts {total} issues but gives none; nothing was stored, try again later")
        if fields == "*all":
            for issue in page:
                check_asked_fields(issue, f"issue {issue.get('id')}")
        return page, total
