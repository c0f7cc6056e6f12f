"""A desk that reads the stand-in Jira: tickets of some verdicts, escalated on Tuesday 2026-08-25 unless told otherwise.

The account by which the program reads and writes is a person's of Tier 2, which is the hardest case: what it writes
must not pass for what that person does.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jira_standin import JiraStandIn
from stories import SITE, bare_criteria, empty_warehouse

from analysis.taxonomy import Criteria, read_criteria
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.settings import Settings

TUESDAY = datetime(2026, 8, 25, 10)
RUNBOOK = """---
id: RB-KEY
title: Renew the portal key
audience: ops
published: 2026-06-01
announced: 2026-06-01
applies_when: ['portal key']
---
Open the portal and renew the key.
"""
HOUSE = SITE + '[[member]]\nid = "account-1"\ntier = 2\n[[member]]\nid = "lead-1"\ntier = 2\nruler = true\n'
LABELS = ["urgent", "from-mail"]


@dataclass
class PushDesk:
    """The desk's home and its Jira; tickets by a name that says what they are."""

    jira: JiraStandIn
    home: Path
    tickets: dict[str, str] = field(default_factory=dict)

    def set_up(self) -> "PushDesk":
        self.jira.add_project("SUP")
        self.jira.add_field("customfield_1", "Support tier", "option")
        self.jira.add_field("customfield_2", "Dealer")
        bare_criteria(self.home / "criteria", site__toml=HOUSE, **{"runbooks/RB-KEY__md": RUNBOOK})
        return self

    def escalated(self, name: str, summary: str = "portal key", at: datetime = TUESDAY, **fields: Any) -> str:
        """A ticket that OPS sends up at that moment; gives its key."""
        told = {"customfield_2": "Cedar", "labels": LABELS, "summary": summary, "reporter": "ops-1", **fields}
        ident = self.jira.create("SUP", at=at - timedelta(hours=1), customfield_1={"value": "1"}, **told)
        self.jira.edit(ident, at=at, author="ops-1", customfield_1={"value": "2"})
        self.tickets[name] = ident
        return self.key(name)

    def key(self, name: str) -> str:
        return str(self.jira.snapshot()[self.tickets[name]]["key"])

    def labels(self, name: str) -> list[str]:
        return list(self.jira.snapshot()[self.tickets[name]]["fields"]["labels"])

    def comments(self, name: str) -> list[str]:
        return [one["body"] for one in self.jira.snapshot()[self.tickets[name]]["comments"]]

    def settings(self, **more: Any) -> Settings:
        email = self.jira.email if self.jira.cloud else None
        given = {
            "jira_url": self.jira.url,
            "jira_token": self.jira.token,
            "jira_email": email,
            "jira_projects": ("SUP",),
        }
        told: dict[str, Any] = {"home": self.home, "source": "jira", **given, **more}
        return Settings(**told)

    def criteria(self) -> Criteria:
        return read_criteria(self.home / "criteria")

    def run(self) -> None:
        """Read Jira, judge and measure."""
        empty_warehouse(self.home / "warehouse.duckdb")
        weekly.run(self.settings(), lambda _: None, is_rendered=False)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with Warehouse.open(self.home / "warehouse.duckdb") as warehouse:
            return list(warehouse.rows(query))

    def environment(self) -> dict[str, str]:
        """Settings of a command that is run beside."""
        given = {"HOME": str(self.home), "SOURCE": "jira", "JIRA_URL": self.jira.url, "JIRA_TOKEN": self.jira.token}
        given |= {"JIRA_PROJECTS": "SUP"} | ({"JIRA_EMAIL": self.jira.email} if self.jira.cloud else {})
        return {f"ESCALATIONS_{name}": value for name, value in given.items()}
