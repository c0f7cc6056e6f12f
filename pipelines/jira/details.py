"""What both plans add to an issue until it is whole: comments and worklogs to their totals, remote links."""

from collections.abc import Container
from typing import Any

from analysis.errors import SourceError
from analysis.text import is_remote_link
from pipelines.jira.aside import Aside
from pipelines.jira.connection import Connection
from pipelines.jira.paging import whole_list
from pipelines.jira.retries import RefusedError, UnansweredError

Json = dict[str, Any]
# Fields of which Jira gives only the first entries with the issue → how it is asked for the others, oldest first
IN_PART: dict[str, Json] = {
    "comment": {"maxResults": 100, "orderBy": "created"},
    "worklog": {"maxResults": 5000},
}


def lacks_entries(issue: Json) -> list[str]:
    """The fields of which Jira gave fewer entries with the issue than it counts."""
    blocks = {field: issue["fields"].get(field) or {} for field in IN_PART}
    return [name for name, block in blocks.items() if int(block.get("total") or 0) > len(block.get(f"{name}s") or [])]


def add_entries(connection: Connection, api: str, issue: Json, field: str) -> None:
    """Read the comments or worklogs of an issue to their total."""
    path, entries = f"{api}/issue/{issue['id']}/{field}", f"{field}s"
    nothing = {entries: [], "total": issue["fields"][field]["total"]}
    found = whole_list(lambda start: connection.get(path, startAt=start, **IN_PART[field]), nothing, entries)
    issue["fields"][field] = {entries: found, "total": len(found), "startAt": 0, "maxResults": len(found)}


def complete(connection: Connection, api: str, issue: Json, links_of: Container[int], aside: Aside) -> bool:
    """Read what Jira gives apart from the issue. False where the issue is gone meanwhile or must be set aside."""
    try:
        for field in lacks_entries(issue):
            add_entries(connection, api, issue, field)
        if wants_remote_links(issue, links_of):
            add_remote_links(connection, api, issue)
    except (RefusedError, UnansweredError) as error:
        if not is_gone(error):
            aside.put(int(issue["id"]), error)
        return False
    return True


def is_gone(error: SourceError) -> bool:
    """Whether Jira says that there is no such issue (any more), or none that the account may see."""
    return isinstance(error, RefusedError) and error.status == 404


def wants_remote_links(issue: Json, known: Container[int]) -> bool:
    """Whether its changelog shows a remote link, or it is known to have or asked to be looked at for one."""
    histories = (issue.get("changelog") or {}).get("histories") or []
    shows = any(is_remote_link(item.get("field")) for history in histories for item in history.get("items") or [])
    return shows or int(issue["id"]) in known


def add_remote_links(connection: Connection, api: str, issue: Json) -> None:
    """Read the remote links of an issue; Jira gives them all at once."""
    issue["remotelinks"] = connection.get(f"{api}/issue/{issue['id']}/remotelink")


def has_remote_links(connection: Connection, api: str, issue_id: int) -> bool:
    """Whether an issue has remote links; not where it is gone, or cannot be asked now."""
    try:
        return bool(connection.get(f"{api}/issue/{issue_id}/remotelink"))
    except (RefusedError, UnansweredError):
        return False


def check_asked_fields(issue: Json, place: str) -> None:
    """Refuse an issue without the fields that every one has: NULLs must not overwrite good values."""
    fields = issue.get("fields")
    if not isinstance(fields, dict) or not fields.get("updated") or not fields.get("created"):
        raise SourceError(f"{place}: Jira left out fields of an issue that were asked for; try again later")
