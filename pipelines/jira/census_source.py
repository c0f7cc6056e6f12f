"""The census as a source: what it found absent or returned, and the issues that must be read for it."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipelines.jira.census import Census, Stored, take_census
from pipelines.jira.source import ACCOUNT, JiraSource

Json = dict[str, Any]


@dataclass
class CensusSource:
    """Reads the issues that a census wants, and gives its presences; `stored` is what the warehouse holds."""

    jira: JiraSource
    stored: Mapping[int, Stored]
    census: Census = field(default_factory=Census)
    as_of: datetime | None = None
    field_names: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)

    @property
    def source_id(self) -> str:
        """Which Jira this is."""
        return self.jira.source_id

    @property
    def presence(self) -> dict[int, str]:
        """Issue id → what it is now, for those whose presence changed."""
        return self.census.presence

    @property
    def notes(self) -> list[str]:
        """What a person should know."""
        return self.census.notes

    def issues(self) -> Iterator[tuple[Json, str]]:
        """Take the census, then give (issue, place) of every issue it wants. Raises `SourceError`."""
        with closing(self.jira.connection):
            yield from self._read()

    def _read(self) -> Iterator[tuple[Json, str]]:
        plan = self.jira.plan()
        account = self.jira.known.cursors.get(ACCOUNT)
        self.census = take_census(self.jira.connection, plan, self.jira.projects, self.stored, account)
        self.as_of = self.jira.connection.server_now
        with_links = {i for i, one in self.stored.items() if one.is_links_turn or one.has_remote_links}
        for issue in plan.whole(iter(sorted(self.census.wanted)), with_links):
            yield issue, "Jira, census"
        for issue_id, why in sorted(plan.aside.why.items()):
            self.notes.append(f"issue {issue_id} could not be read: {why}")
