"""What both plans add to an issue until it is whole: comments to their total, remote links."""

from collections.abc import Container
from typing import Any

from analysis.errors import SourceError
from analysis.text import is_remote_link
from pipelines.jira.aside import Aside
from pipelines.jira.connection import Connection
from pipelines.jira.paging import COMMENTS_A_PAGE, whole_list
from pipelines.jira.retries import RefusedError, UnansweredError

Json = dict[str, Any]


def lacks_comments(issue: Json) -> bool:
    """Whether Jira gave fewer comments with the issue than it counts."""
    block = issue["fields"].get("comment") or {}
    return int(block.get("total") or 0) > len(block.get("comments") or [])


def add_comments(connection: Connection, api: str, issue: Json) -> None:
    """Read the comments of an issue to their total."""
    path = f"{api}/issue/{issue['id']}/comment"
    nothing = {"comments": [], "total": issue["fields"]["comment"]["total"]}
    comments = whole_list(
        lambda start: connection.get(path, startAt=start, maxResults=COMMENTS_A_PAGE, orderBy="created"),
        nothing,
        "comments",
    )
    issue["fields"]["comment"] = {
        "comments": comments,
        "total": len(comments),
        "startAt": 0,
        "maxResults": len(comments),
    }


def complete(connection: Connection, api: str, issue: Json, links_of: Container[int], aside: Aside) -> bool:
    """Read what Jira gives apart from the issue. False where the issue is gone meanwhile or must be set aside."""
    try:
        if lacks_comments(issue):
            add_comments(connection, api, issue)
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
