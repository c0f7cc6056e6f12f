"""Single questions to a Jira, for `doctor` and `init`: who are we, what may we, which fields and statuses are there."""

from typing import Any

from pipelines.jira.cloud import CloudPlan
from pipelines.jira.connection import Connection
from pipelines.jira.datacenter import DataCenterPlan
from pipelines.jira.source import api_of

Plan = CloudPlan | DataCenterPlan
Json = dict[str, Any]
PERMISSIONS = "BROWSE_PROJECTS,ADD_COMMENTS,EDIT_ISSUES"


def deployment(plan: Plan) -> str:
    """Cloud or Data Center."""
    return "Cloud" if isinstance(plan, CloudPlan) else "Data Center"


def account_and_zone(connection: Connection, plan: Plan) -> tuple[str, str | None]:
    """The account's id and the time zone of its profile."""
    me = connection.get(f"{api_of(plan)}/myself")
    return str(me.get("accountId") or me.get("key") or me.get("name")), me.get("timeZone")


def permissions(connection: Connection, plan: Plan, project: str) -> Json:
    """Jira's own answer whether the account may browse the project, comment and edit in it."""
    answer = connection.get(f"{api_of(plan)}/mypermissions", projectKey=project, permissions=PERMISSIONS)
    return dict(answer)


def field_names(connection: Connection, plan: Plan) -> dict[str, str]:
    """Field id → name."""
    return {str(one["id"]): str(one["name"]) for one in connection.get(f"{api_of(plan)}/field")}


def status_names(connection: Connection, plan: Plan) -> list[tuple[str, str | None]]:
    """(name, category) of every status."""
    told = connection.get(f"{api_of(plan)}/status")
    return [(str(one["name"]), (one.get("statusCategory") or {}).get("key")) for one in told]
