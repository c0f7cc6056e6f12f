"""Which stored issues are still there: deleted, moved out of scope, hidden, archived and returned told apart.

Jira has no feed of deletions and answers 404 alike for what is deleted and what the account may not see. So an issue
counts as deleted only after two censuses missed it one by one; a project that loses half of its issues at once, or that
the account no longer sees, counts as hidden; and a census whose account changed on the way says nothing at all.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from analysis.errors import SourceError
from pipelines.jira.cloud import CloudPlan
from pipelines.jira.connection import Connection
from pipelines.jira.datacenter import DataCenterPlan
from pipelines.jira.details import has_remote_links
from pipelines.jira.retries import RefusedError
from pipelines.jira.source import account_of, api_of

GONE_AT_ONCE = 0.5  # of a project's issues: more is a permission or a mistake, not so many deletions
AT_LEAST = 4  # issues of a project before a share of it says anything
THERE = frozenset(("seen", "returned"))
LINK_WORKERS = 8
MISSED = "missed_once"


@dataclass(frozen=True)
class Stored:
    """What the warehouse holds of an issue.

    Its project, its last presence, whether it has a security level, its time of update (naive UTC), whether it has
    remote links, and whether it is its turn to be asked for them.
    """

    project: str
    presence: str = "seen"
    has_security: bool = False
    updated: datetime | None = None
    has_remote_links: bool = False
    is_links_turn: bool = False


@dataclass
class Census:
    """New presences by issue id, ids that must be read (again), and what a person should know."""

    presence: dict[int, str] = field(default_factory=dict)
    wanted: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def mark(self, issue_id: int, stored: Stored, presence: str) -> None:
        """Note a presence that differs from the last one."""
        if stored.presence != presence:
            self.presence[issue_id] = presence


def take_census(
    connection: Connection,
    plan: CloudPlan | DataCenterPlan,
    projects: tuple[str, ...],
    stored: Mapping[int, Stored],
    account: str | None,
) -> Census:
    """Compare what Jira shows with what is stored. Raises `SourceError` where the account is not the one of before."""
    me = account_of(connection, plan)
    if account is not None and me != account:
        raise SourceError(
            f"the account is {me}, not {account}: a census by another account would take hidden issues for deleted"
        )
    census = Census()
    roster = _roster(connection, plan)
    there: dict[str, dict[int, datetime | None] | None] = {}
    for project in projects:
        there[project] = plan.ids(project) if roster.get(project.casefold()) == "live" else None
    if account_of(connection, plan) != me:
        raise SourceError("the account changed during the census; nothing was concluded, run again")
    for project in projects:
        mine = {issue_id: one for issue_id, one in stored.items() if one.project.casefold() == project.casefold()}
        state = roster.get(project.casefold())
        ids = there[project]
        if ids is None:
            _whole_project(census, project, mine, state)
        else:
            _compare(census, connection, plan, project, mine, ids, stored, projects)
    listed = {issue_id for ids in there.values() for issue_id in ids or ()}
    _strays(census, stored, projects, listed)
    _links(census, connection, plan, stored, listed)
    return census


def _links(
    census: Census,
    connection: Connection,
    plan: CloudPlan | DataCenterPlan,
    stored: Mapping[int, Stored],
    listed: set[int],
) -> None:
    """Ask for the remote links of those whose turn it is: Jira need not tell anywhere that there is a new one."""
    turn = sorted(issue_id for issue_id, one in stored.items() if one.is_links_turn and issue_id in listed)
    with ThreadPoolExecutor(LINK_WORKERS) as pool:
        answers = pool.map(partial(has_remote_links, connection, api_of(plan)), turn)
        for issue_id, has_links in zip(turn, answers, strict=True):
            if has_links or stored[issue_id].has_remote_links:
                census.wanted.add(issue_id)


def _strays(census: Census, stored: Mapping[int, Stored], projects: Iterable[str], listed: set[int]) -> None:
    """Mark what was moved out of scope while it was being read, and so is stored under its new project."""
    in_scope = {one.casefold() for one in projects}
    for issue_id, one in stored.items():
        if one.project.casefold() not in in_scope and issue_id not in listed and one.presence in (*THERE, MISSED):
            census.mark(issue_id, one, "out_of_scope")


def _roster(connection: Connection, plan: CloudPlan | DataCenterPlan) -> dict[str, str]:
    """Project key in lower case → live, archived or deleted, for those the account may see."""
    found: dict[str, str] = {}
    if isinstance(plan, DataCenterPlan):
        for project in connection.get("/rest/api/2/project", includeArchived="true"):
            found[str(project["key"]).casefold()] = "archived" if project.get("archived") else "live"
        return found
    for state in ("deleted", "archived", "live"):
        start = 0
        while True:
            page = connection.get("/rest/api/3/project/search", status=state, startAt=start, maxResults=50)
            values = page.get("values") or []
            found |= {str(project["key"]).casefold(): state for project in values}
            start += len(values)
            if not values or page.get("isLast", start >= int(page.get("total") or 0)):
                break
    return found


def _whole_project(census: Census, project: str, mine: Mapping[int, Stored], state: str | None) -> None:
    presence = "archived" if state == "archived" else "hidden"
    why = {"archived": "is archived", "deleted": "is in the trash"}.get(
        state or "", "is not shown to the account any more"
    )
    census.notes.append(f"project {project} {why}; its tickets stay as they were")
    for issue_id, one in mine.items():
        census.mark(issue_id, one, presence)


def _compare(
    census: Census,
    connection: Connection,
    plan: CloudPlan | DataCenterPlan,
    project: str,
    mine: Mapping[int, Stored],
    ids: Mapping[int, datetime | None],
    stored: Mapping[int, Stored],
    projects: Iterable[str],
) -> None:
    for issue_id, updated in ids.items():
        if issue_id not in stored:
            census.wanted.add(issue_id)  # permission regained on an old issue, or an update the index never showed
        elif stored[issue_id].presence not in THERE:
            census.mark(issue_id, stored[issue_id], "returned")
            census.wanted.add(issue_id)
        elif _is_newer(updated, stored[issue_id].updated):
            census.wanted.add(issue_id)  # edited while it was hidden, or while the index lagged for very long
    before = {issue_id: one for issue_id, one in mine.items() if one.presence in (*THERE, MISSED)}
    missing = {issue_id: one for issue_id, one in before.items() if issue_id not in ids}
    if len(before) >= AT_LEAST and len(missing) >= GONE_AT_ONCE * len(before):
        census.notes.append(
            f"{len(missing)} of {len(before)} tickets of project {project} are gone at once; "
            "taken for a lost permission, nothing was marked"
        )
        return
    in_scope = {one.casefold() for one in projects}
    for issue_id, one in missing.items():
        _one_missing(census, connection, plan, issue_id, one, in_scope)


def _is_newer(updated: datetime | None, stored: datetime | None) -> bool:
    return updated is not None and stored is not None and updated > stored


def _one_missing(
    census: Census,
    connection: Connection,
    plan: CloudPlan | DataCenterPlan,
    issue_id: int,
    one: Stored,
    in_scope: set[str],
) -> None:
    """Ask for the issue itself: elsewhere it was moved, here the index lags, nowhere it is gone or hidden."""
    api = api_of(plan)
    try:
        issue = connection.get(f"{api}/issue/{issue_id}", fields="project,updated")
    except RefusedError as error:
        if error.status not in (403, 404):
            raise
        if one.has_security:
            census.mark(issue_id, one, "hidden")
        else:
            census.mark(issue_id, one, "deleted" if one.presence == MISSED else MISSED)
        return
    now_in = str(((issue.get("fields") or {}).get("project") or {}).get("key") or "").casefold()
    if now_in and now_in not in in_scope:
        census.mark(issue_id, one, "out_of_scope")
    else:
        census.wanted.add(issue_id)
