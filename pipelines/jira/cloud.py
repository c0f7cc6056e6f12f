"""Jira Cloud: ids first, in one quick pass so that the set barely moves, then whole issues and changelogs in bulk.

`search/jql` gives changelogs and comments in part and without saying so; the bulk routes give them whole.
"""

from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from analysis.text import parse_moment
from pipelines.jira.aside import ATTEMPTS, Aside
from pipelines.jira.connection import Connection
from pipelines.jira.details import check_asked_fields, complete, is_gone, lacks_entries, wants_remote_links
from pipelines.jira.jql import quoted, updated_since
from pipelines.jira.paging import by_token, whole_list
from pipelines.jira.retries import RefusedError, UnansweredError

Json = dict[str, Any]
API = "/rest/api/3"
IDS_A_PAGE = 5000
ISSUES_A_CALL = 100
SPARE = 2  # parts that are read while others wait to be written
HISTORIES_A_PAGE = 10_000
HISTORIES_A_CALL = 100  # of one issue


@dataclass
class CloudPlan:
    """Reads issues of a Jira Cloud through a bounded pool of `workers`."""

    connection: Connection
    workers: int
    aside: Aside = field(default_factory=Aside)

    def changed(self, project: str, since: datetime | None, known: Callable[[int, datetime], bool]) -> Iterator[int]:
        """Ids of issues updated since, but for those of which `known(id, updated)` says that they are stored.

        An id that Jira lists twice, because it was touched meanwhile, is given once.
        """
        jql = f"project = {quoted(project)}{updated_since(since)} ORDER BY updated ASC, key ASC"
        body = {"jql": jql, "maxResults": IDS_A_PAGE, "fields": ["updated"] if since else ["id"]}
        seen: set[int] = set()
        for page in self._pages(body):
            for issue in page.get("issues") or []:
                issue_id = int(issue["id"])
                updated = parse_moment((issue.get("fields") or {}).get("updated"))
                if issue_id not in seen and not (updated and known(issue_id, updated)):
                    seen.add(issue_id)
                    yield issue_id

    def ids(self, project: str) -> dict[int, datetime | None]:
        """Id → time of update (naive UTC) of all issues of a project that the account may see."""
        body = {"jql": f"project = {quoted(project)} ORDER BY key ASC", "maxResults": IDS_A_PAGE, "fields": ["updated"]}
        return {
            int(issue["id"]): parse_moment((issue.get("fields") or {}).get("updated"))
            for page in self._pages(body)
            for issue in page.get("issues") or []
        }

    def _pages(self, body: Json, route: str = "search/jql") -> Iterator[Json]:
        """Pages of a route. A token that Jira no longer takes (they last 7 days) starts the pages anew, once."""
        for attempt in (1, 2):
            n_pages = 0
            try:
                for page in by_token(lambda ask: self.connection.post(f"{API}/{route}", ask), body):
                    n_pages += 1
                    yield page
                return
            except RefusedError as error:
                if error.status != 400 or not n_pages or attempt == 2:
                    raise

    def whole(self, ids: Iterator[int], links_of: Container[int]) -> Iterator[Json]:
        """Whole issues with all histories, comments and worklogs; those that are gone meanwhile are left out.

        A few parts more than there are workers are under way at once, so memory is bounded for any number of issues.
        """
        pool = ThreadPoolExecutor(self.workers)
        under_way: deque[Future[_Part]] = deque()
        try:
            while part := list(islice(ids, ISSUES_A_CALL)):
                under_way.append(pool.submit(self._part, pool, part, links_of))
                if len(under_way) > self.workers + SPARE:
                    yield from under_way.popleft().result().whole()
            while under_way:
                yield from under_way.popleft().result().whole()
        finally:  # after a failure nothing more is asked: an account that goes on failing may be locked
            pool.shutdown(cancel_futures=True)

    def _part(self, pool: ThreadPoolExecutor, ids: list[int], links_of: Container[int]) -> "_Part":
        """Read issues, then their changelogs, and have read what single ones lack.

        Changelogs are asked for after the issues: one that came before would lack an edit that the issue's `updated`
        already tells of, and no later run would look at it again.
        """
        read = self.issues_of(ids)
        histories = self.changelogs_of(ids)
        issues = [issue for issue in read if int(issue["id"]) in histories]  # the others are gone meanwhile
        asked: dict[int, Future[bool]] = {}
        for issue in issues:
            mine = histories[int(issue["id"])]
            issue["changelog"] = {"startAt": 0, "maxResults": len(mine), "total": len(mine), "histories": mine}
            if lacks_entries(issue) or wants_remote_links(issue, links_of):
                asked[int(issue["id"])] = pool.submit(complete, self.connection, API, issue, links_of, self.aside)
        return _Part(issues, asked)

    def issues_of(self, ids: Sequence[int]) -> list[Json]:
        """At most 100 issues with all fields; those that Jira failed to give are asked for one by one."""
        body = {"issueIdsOrKeys": [str(i) for i in ids], "fields": ["*all"]}
        answer = self.connection.post(f"{API}/issue/bulkfetch", body)
        found = list(answer.get("issues") or [])
        got = {int(issue["id"]) for issue in found}
        for issue_id in ids:  # `issueErrors` does not name all that are left out
            if issue_id not in got:
                try:
                    path = f"{API}/issue/{issue_id}"
                    found.append(self.connection.get(path, attempts=ATTEMPTS, fields="*all"))
                except (RefusedError, UnansweredError) as error:
                    if not is_gone(error):
                        self.aside.put(issue_id, error)
        for issue in found:
            check_asked_fields(issue, f"issue {issue.get('id')}")
        return found

    def changelogs_of(self, ids: Sequence[int]) -> dict[int, list[Json]]:
        """All histories of these issues; one issue's may come in several pages, and in any order."""
        body = {"issueIdsOrKeys": [str(i) for i in ids], "maxResults": HISTORIES_A_PAGE}
        found: dict[int, dict[str, Json]] = {}
        for page in self._pages(body, "changelog/bulkfetch"):
            for log in page.get("issueChangeLogs") or []:
                mine = found.setdefault(int(log["issueId"]), {})
                mine |= {str(history["id"]): history for history in log.get("changeHistories") or []}
        logs = {issue_id: list(histories.values()) for issue_id, histories in found.items()}
        silent = [issue_id for issue_id in ids if issue_id not in logs]
        for start in range(0, len(silent), ISSUES_A_CALL):
            logs |= self._left_out(silent[start : start + ISSUES_A_CALL])
        return logs

    def _left_out(self, ids: Sequence[int]) -> dict[int, list[Json]]:
        """Histories of issues that the bulk route said nothing of: most have none, which their count proves.

        Without those that are gone meanwhile: an empty changelog would take away the one that is stored.
        """
        body = {"issueIdsOrKeys": [str(i) for i in ids], "fields": ["id"], "expand": ["changelog"]}
        logs: dict[int, list[Json]] = {}
        for issue in self.connection.post(f"{API}/issue/bulkfetch", body).get("issues") or []:
            log = issue.get("changelog") or {}
            histories = list(log.get("histories") or [])
            if int(log.get("total") or 0) <= len(histories):
                logs[int(issue["id"])] = histories
        for issue_id in ids:
            if issue_id not in logs:
                try:
                    logs[issue_id] = self._changelog_of(issue_id)
                except (RefusedError, UnansweredError) as error:
                    if not is_gone(error):
                        self.aside.put(issue_id, error)
        return logs

    def _changelog_of(self, issue_id: int) -> list[Json]:
        path = f"{API}/issue/{issue_id}/changelog"
        first = self.connection.get(path, attempts=ATTEMPTS, startAt=0, maxResults=HISTORIES_A_CALL)
        more = lambda start: self.connection.get(path, startAt=start, maxResults=HISTORIES_A_CALL)  # noqa: E731
        return whole_list(more, first, "values")


@dataclass(frozen=True)
class _Part:
    """Issues with their changelogs, and by id what was asked for of single ones."""

    issues: list[Json]
    asked: dict[int, Future[bool]]

    def whole(self) -> list[Json]:
        """The issues once all is there, without those that are gone. The first failure ends it."""
        gone = {issue_id for issue_id, answer in self.asked.items() if not answer.result()}
        return [issue for issue in self.issues if int(issue["id"]) not in gone]
