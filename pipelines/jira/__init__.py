"""The Jira source: session and limits, Cloud plan, Data Center plan, census.

Written against Atlassian's documents and what users of other extractors report: histories beyond 40, comments
beyond 100 and worklogs beyond 20 are given only by the bulk and paged routes; an expired token answers as nobody, with
empty lists; times in JQL are read in the account's zone unless they are bare numbers; an update may take hours to be
found.
"""

from pipelines.jira.account import Account
from pipelines.jira.census import Stored
from pipelines.jira.census_source import CensusSource
from pipelines.jira.connection import Connection
from pipelines.jira.limits import Limiter
from pipelines.jira.source import ACCOUNT, JiraSource, Known

__all__ = ["ACCOUNT", "Account", "CensusSource", "Connection", "JiraSource", "Known", "Limiter", "Stored"]
