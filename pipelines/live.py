"""The live Jira as a source, made from settings and from what the warehouse already knows.

Its packages are an extra (`pip install 'escalations[jira]'`), so they are imported only when they are needed.
"""

import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from analysis.errors import InputError, SettingsError
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from pipelines.known import cursors, stored_issues, stored_versions, with_remote_links
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.jira import CensusSource, Connection, JiraSource

Say = Callable[[str], None]


def live_source(settings: Settings, criteria: Criteria, say: Say) -> "JiraSource":
    """The live Jira, with what the warehouse already knows of it."""
    connection = connection_of(settings, say)
    from pipelines.jira import JiraSource, Known

    known = Known()
    if settings.warehouse_file.exists():
        with Warehouse.open(settings.warehouse_file) as warehouse:
            known = Known(stored_versions(warehouse), cursors(warehouse), with_remote_links(warehouse))
    return JiraSource(
        connection=connection,
        projects=tuple(dict.fromkeys((*settings.jira_projects, *criteria.site.tier3.projects))),
        known=known,
        say=say,
        overlap=timedelta(hours=settings.jira_overlap_hours),
        workers=settings.jira_workers,
    )


def connection_of(settings: Settings, say: Say) -> "Connection":
    """A connection to the live Jira; nothing is sent yet. Raises `SettingsError` where something is missing."""
    try:
        from pipelines.jira import Account, Connection, Limiter
    except ImportError as error:
        raise SettingsError(
            "source jira: its packages are not installed; run `pip install 'escalations[jira]'`"
        ) from error
    if not settings.jira_url or settings.jira_token is None:
        raise SettingsError(
            "source jira: set ESCALATIONS_JIRA_URL and ESCALATIONS_JIRA_TOKEN (and ESCALATIONS_JIRA_EMAIL on Cloud)"
        )
    account = Account(
        url=settings.jira_url,
        token=settings.jira_token.get_secret_value(),
        email=settings.jira_email,
        ca=str(settings.jira_ca) if settings.jira_ca else None,
        proxy=settings.jira_proxy,
        gateway=settings.jira_gateway,
    )
    return Connection(account, Limiter(time.monotonic, time.sleep), say, settings.jira_longest_wait)


def census_source(settings: Settings, criteria: Criteria, say: Say, today: date) -> "CensusSource":
    """A census of the live Jira, against what the warehouse holds; `today` says whose turn it is."""
    jira = live_source(settings, criteria, say)
    from pipelines.jira import CensusSource, Stored

    if not settings.warehouse_file.exists():
        raise InputError(f"{settings.warehouse_file}: no warehouse yet; run `escalations run --source jira` first")
    with Warehouse.open(settings.warehouse_file) as warehouse:
        stored = {issue_id: Stored(*rest) for issue_id, *rest in stored_issues(warehouse, today)}
    return CensusSource(jira, stored)
