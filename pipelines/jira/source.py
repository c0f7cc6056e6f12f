"""The Jira source: what changed since the cursors, whole; the cursors to store with it."""

from collections.abc import Callable, Container, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from analysis.errors import SourceError
from pipelines.jira.aside import SET_ASIDE, Aside, ids_in
from pipelines.jira.cloud import CloudPlan
from pipelines.jira.connection import Connection
from pipelines.jira.datacenter import DataCenterPlan
from pipelines.jira.retries import RefusedError

Json = dict[str, Any]
TOLD_EVERY = 5000  # issues
ACCOUNT = "account"  # the cursor that remembers as whom we read


@dataclass(frozen=True)
class Known:
    """What the warehouse already holds, so that it is not read again.

    `updated` are the stored issues' times of update (naive UTC) by id; `cursors` the stored positions by scope;
    `links_of` the ids whose remote links are to be read, as Jira does not bump `updated` for them; `wanted` ids to be
    read whatever their time of update.
    """

    updated: Mapping[int, datetime] = field(default_factory=dict)
    cursors: Mapping[str, str] = field(default_factory=dict)
    links_of: Container[int] = frozenset()
    wanted: frozenset[int] = frozenset()

    def is_stored(self, issue_id: int, updated: datetime) -> bool:
        """Whether this version of the issue is in the warehouse."""
        return issue_id not in self.wanted and self.updated.get(issue_id) == updated


@dataclass
class JiraSource:
    """Issues of some projects of one Jira, Cloud or Data Center by what the server says it is.

    After `issues` was read to its end, `cursors` are to be stored in one transaction with the issues, and `notes` to be
    told. A project that Jira refuses keeps its cursor and does not hold up the others.
    """

    connection: Connection
    projects: tuple[str, ...]
    known: Known
    say: Callable[[str], None]
    overlap: timedelta = timedelta(hours=12)
    workers: int = 12
    field_names: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    as_of: datetime | None = None
    is_incremental: bool = True

    @property
    def presence(self) -> dict[int, str]:
        """Only a census finds out what is gone."""
        return {}

    @property
    def source_id(self) -> str:
        """Which Jira this is."""
        return f"jira:{urlsplit(self.connection.account.url).netloc.rpartition('@')[2].lower()}"

    def issues(self) -> Iterator[tuple[Json, str]]:
        """Give (issue, place) of every issue that is new or changed. Raises `SourceError`."""
        if not self.projects:
            raise SourceError("no project to read; list them in jira_projects, such as SUP,PENG")
        with closing(self.connection):
            yield from self._read()

    def _read(self) -> Iterator[tuple[Json, str]]:
        plan = self.plan()
        account = account_of(self.connection, plan)
        self._check_account(account)
        self.as_of = self.connection.server_now
        with ThreadPoolExecutor(1) as beside:
            # names are read while the issues are; where nothing changed, those that are stored will do
            names = None if self.known.cursors else beside.submit(self._read_names, plan)
            for number, (issue, place) in enumerate(self._all(plan), 1):
                names = names or beside.submit(self._read_names, plan)
                yield issue, place
                if number % TOLD_EVERY == 0:
                    self.say(f"extract: {number} issues so far")
            if names:
                names.result()
        # a token that expired on the way makes Jira serve empty answers, not errors
        if account_of(self.connection, plan) != account:
            raise SourceError("the account changed while reading; nothing was stored, run again")
        self.cursors[ACCOUNT] = account

    def _all(self, plan: CloudPlan | DataCenterPlan) -> Iterator[tuple[Json, str]]:
        """The issues of all projects, then those that are wanted by id and did not come."""
        assert self.as_of is not None  # noqa: S101 - `issues` sets it before
        refused: list[RefusedError] = []
        wanted = set(self.known.wanted | ids_in(self.known.cursors.get(SET_ASIDE)))
        for project in self.projects:
            try:
                for issue in self._changed(plan, project):
                    wanted.discard(int(issue["id"]))
                    yield issue, f"Jira, {project}"
                self.cursors[project] = (self.as_of - self.overlap).isoformat()
            except RefusedError as error:
                refused.append(RefusedError(f"project {project}: {error}", error.status))
                self.notes.append(f"project {project} was refused and keeps its place: {error}")
        if len(refused) == len(self.projects):
            raise refused[0]
        for issue in plan.whole(iter(sorted(wanted)), self.known.links_of):
            yield issue, "Jira, issues asked for by id"
        self._note_aside(plan.aside)

    def _note_aside(self, aside: Aside) -> None:
        """Remember which issues Jira failed to give, so that they are asked for again."""
        if aside.why or SET_ASIDE in self.known.cursors:
            self.cursors[SET_ASIDE] = " ".join(str(issue_id) for issue_id in sorted(aside.why))
        for issue_id, why in sorted(aside.why.items()):
            self.notes.append(f"issue {issue_id} could not be read and is asked for again next time: {why}")

    def plan(self) -> CloudPlan | DataCenterPlan:
        """Ask the server what it is. Raises `SourceError` where it is no Jira."""
        info = self.connection.get("/rest/api/2/serverInfo")
        kind = info.get("deploymentType") if isinstance(info, dict) else None
        if kind == "Cloud":
            return CloudPlan(self.connection, self.workers)
        if isinstance(info, dict) and (kind or info.get("version")):
            return DataCenterPlan(self.connection)
        raise SourceError(f"{self.source_id.removeprefix('jira:')} does not say that it is a Jira; check jira_url")

    def _check_account(self, account: str) -> None:
        before = self.known.cursors.get(ACCOUNT)
        if before is not None and before != account:
            raise SourceError(
                f"the account is {account}, the tickets were read as {before}: another account may see other tickets; "
                "use the same one, or a new warehouse"
            )

    def _changed(self, plan: CloudPlan | DataCenterPlan, project: str) -> Iterator[Json]:
        cursor = self.known.cursors.get(project)
        since = datetime.fromisoformat(cursor) if cursor else None
        if isinstance(plan, DataCenterPlan):
            return plan.issues(project, since, self.known.is_stored, self.known.links_of)
        return plan.whole(plan.changed(project, since, self.known.is_stored), self.known.links_of)

    def _read_names(self, plan: CloudPlan | DataCenterPlan) -> None:
        """Names of fields and categories of statuses, as they are now."""
        api = api_of(plan)
        self.field_names |= {str(one["id"]): str(one["name"]) for one in self.connection.get(f"{api}/field")}
        with suppress(RefusedError):  # tickets tell the category of the statuses they have
            for one in self.connection.get(f"{api}/status"):
                self.statuses[str(one["id"])] = (str(one["name"]), (one.get("statusCategory") or {}).get("key"))


def api_of(plan: CloudPlan | DataCenterPlan) -> str:
    """Where this Jira's routes begin."""
    return "/rest/api/3" if isinstance(plan, CloudPlan) else "/rest/api/2"


def account_of(connection: Connection, plan: CloudPlan | DataCenterPlan) -> str:
    """Who we are: account id, key or name. An expired token answers other routes as nobody, but not this one."""
    try:
        me = connection.get(f"{api_of(plan)}/myself")
    except RefusedError as error:
        raise SourceError(
            f"the account cannot be asked who it is ({error}); check jira_url, jira_email and jira_token"
        ) from error
    name = me.get("accountId") or me.get("key") or me.get("name")
    if not name:
        raise SourceError("Jira does not say who the account is; check jira_email and jira_token")
    return str(name)
