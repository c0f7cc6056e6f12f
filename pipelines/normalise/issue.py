"""One raw issue → the rows of core that it fills."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analysis.markers import marker_of
from analysis.masking import mask_secrets
from analysis.text import clean, is_remote_link, parse_moment
from pipelines.field_catalogue import FieldCatalogue
from pipelines.normalise.customers import hide_customers
from pipelines.normalise.values import body_text, entries_of, field_values, id_of, name_of, names_people, person_id

Json = Mapping[str, Any]
Row = dict[str, Any]
NORMALISE_VERSION = 6  # raise it when the same issue gives other rows, so that old raw lines are read again
PEOPLE_FIELDS = frozenset(("assignee", "reporter", "creator"))
NUMBER = re.compile(r"[1-9][0-9]{0,17}")
DATE_ROLES = frozenset(("requested_at", "accepted_at", "occurred_at", "merged_at", "deployed_at", "confirmed_at"))


def normalise(issue: Json, catalogue: FieldCatalogue) -> dict[str, list[Row]]:
    """Table of core → rows (column → value) of one issue as Jira sends it, Cloud or Data Center.

    Raises KeyError or ValueError where the issue has no numeric id, no key or no creation time; `extract`
    has refused such a source before.
    """
    issue_id, fields = int(issue["id"]), issue["fields"]
    created = parse_moment(fields["created"])
    if created is None:
        raise ValueError("fields.created is not a time")
    changes = _changes(issue_id, issue, created)
    comments, own_comments = _comments(issue_id, fields, created)
    rows = {
        "tickets": [_ticket(issue_id, issue, fields, created)],
        "ticket_keys": _keys(issue_id, clean(str(issue["key"])), changes),
        "field_values": _roles(issue_id, fields, catalogue),
        "changes": changes,
        "comments": comments,
        "own_comments": own_comments,
        "worklogs": _worklogs(issue_id, fields),
        "links": [*_links(issue_id, fields, created, changes), *_remote_links(issue_id, issue, created, changes)],
    }
    hide_customers(rows, fields, catalogue)
    return rows


def changelog_state(issue: Json) -> str:
    """`none` where the source gives no changelog, `partial` where fewer histories than it counts, else `whole`."""
    log = issue.get("changelog")
    if not isinstance(log, Mapping) or not isinstance(log.get("histories"), list):
        return "none"
    total = log.get("total")
    return "partial" if isinstance(total, int) and total > len(log["histories"]) else "whole"


def _ticket(issue_id: int, issue: Json, fields: Json, created: datetime) -> Row:
    status = fields.get("status")
    summary = fields.get("summary")
    return {
        "issue_id": issue_id,
        "ticket_key": clean(str(issue["key"])),
        "project": name_of(_object(fields.get("project")).get("key")) or clean(str(issue["key"])).rpartition("-")[0],
        "issue_type": name_of(fields.get("issuetype")),
        "priority": name_of(fields.get("priority")),
        "reporter_id": person_id(fields.get("reporter")),
        "assignee_id": person_id(fields.get("assignee")),
        "summary": mask_secrets(clean(str(summary))) if summary is not None else "",
        "description": body_text(fields.get("description")),
        "status_id": id_of(status),
        "status": name_of(status),
        "status_category": name_of(_object(_object(status).get("statusCategory")).get("key")),
        "resolution": name_of(fields.get("resolution")),
        "labels": sorted({clean(str(label)) for label in fields.get("labels") or ()}),
        "components": sorted({name for name in map(name_of, fields.get("components") or ()) if name}),
        "parent_id": _number(_object(fields.get("parent")).get("id")),
        "created_at": created,
        "updated_at": parse_moment(fields.get("updated")) or created,
        "jira_resolved_at": parse_moment(fields.get("resolutiondate")),
        "changelog": changelog_state(issue),
    }


def _object(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> int | None:
    return int(str(value)) if NUMBER.fullmatch(str(value)) else None


def _keys(issue_id: int, key: str, changes: list[Row]) -> list[Row]:
    """The key it has, and those it had before it moved."""
    keys = {key}
    for change in changes:
        if change["field_name"] == "Key":
            keys |= {old for old in (change["from_text"], change["to_text"]) if old}
    return [{"issue_id": issue_id, "ticket_key": one, "is_current": one == key} for one in sorted(keys)]


def _roles(issue_id: int, fields: Json, catalogue: FieldCatalogue) -> list[Row]:
    """What the mapped fields hold now, one row for each value."""
    rows = []
    for role, (field_id, _) in catalogue.roles.items():
        if field_id is None or field_id not in fields:
            continue
        for number, (value_id, text) in enumerate(field_values(fields[field_id]), 1):
            moment = parse_moment(text) if role in DATE_ROLES else None
            rows.append(
                {"issue_id": issue_id, "role": role, "value_no": number, "value_id": value_id, "value": text}
                | {"value_at": moment}
            )
    return rows


def _changes(issue_id: int, issue: Json, created: datetime) -> list[Row]:
    """Every changelog item, whatever order they come in; a history without a time counts from the creation."""
    log = issue.get("changelog") or {}
    rows = []
    seen: set[int] = set()
    for history in log.get("histories") or ():
        history_id = int(history["id"])
        if history_id in seen:
            continue
        seen.add(history_id)
        author = person_id(history.get("author"))
        moment = parse_moment(history.get("created")) or created
        rows += [
            _change(issue_id, history_id, number, moment, author, item)
            for number, item in enumerate(history.get("items") or (), 1)
        ]
    return sorted(rows, key=lambda row: (row["changed_at"], row["history_id"], row["item_no"]))


def _change(issue_id: int, history_id: int, number: int, moment: datetime, author: str | None, item: Json) -> Row:
    name = clean(str(item.get("field") or ""))
    row = {
        "issue_id": issue_id,
        "history_id": history_id,
        "item_no": number,
        "changed_at": moment,
        "author_id": author,
        "field_id": _text(item.get("fieldId")),
        "field_name": name,
        "from_id": _text(item.get("from")),
        "to_id": _text(item.get("to")),
        "from_text": _text(item.get("fromString")),
        "to_text": _text(item.get("toString")),
    }
    for side in ("from", "to"):  # of people the text is a name; the id is enough
        if name.casefold() in PEOPLE_FIELDS or names_people(row[f"{side}_id"]):
            row[f"{side}_text"] = row[f"{side}_id"]
    return row


def _text(value: object) -> str | None:
    return mask_secrets(clean(str(value))) if value is not None and str(value) != "" else None


def _comments(issue_id: int, fields: Json, created: datetime) -> tuple[list[Row], list[Row]]:
    """What people said, and apart from it what this program wrote, which must count as nobody's word or deed."""
    said: dict[int, Row] = {}
    own: dict[int, Row] = {}
    for comment in entries_of(fields, "comment"):
        number, made = int(comment["id"]), parse_moment(comment.get("created"))
        body = body_text(comment.get("body"))
        row: Row = {
            "comment_id": number,
            "issue_id": issue_id,
            "author_id": person_id(comment.get("author")),
            "created_at": made,
            "updated_at": parse_moment(comment.get("updated")) or made,
            "body": body,
        }
        marker = marker_of(body, issue_id)
        if marker:
            at = {"created_at": made or created, "updated_at": row["updated_at"] or created}
            own[number] = row | at | {"kind": marker.kind, "escalation_no": marker.escalation_no}
        else:
            is_restricted = bool(comment.get("visibility")) or comment.get("jsdPublic") is False
            said[number] = row | {"is_restricted": is_restricted}
    return list(said.values()), list(own.values())


def _worklogs(issue_id: int, fields: Json) -> list[Row]:
    """Hours that people logged, without the words beside them; one that tells no time counts as none."""
    rows = {}
    for worklog in entries_of(fields, "worklog"):
        rows[int(worklog["id"])] = {
            "worklog_id": int(worklog["id"]),
            "issue_id": issue_id,
            "author_id": person_id(worklog.get("author")),
            "started_at": parse_moment(worklog.get("started")) or parse_moment(worklog.get("created")),
            "hours": (_number(worklog.get("timeSpentSeconds")) or 0) / 3600,
        }
    return list(rows.values())


def _remote_links(issue_id: int, issue: Json, created: datetime, changes: list[Row]) -> list[Row]:
    """Links to the outside, which the live source adds; their ids are counted apart from those of issue links."""
    told = sorted((c["changed_at"], str(c["to_id"])) for c in changes if is_remote_link(c["field_name"]))
    made = {link_id: moment for moment, link_id in reversed(told)}
    first = told[0][0] if told else created
    rows = []
    for link in issue.get("remotelinks") or ():
        target = link.get("object") or {}
        rows.append(
            {"link_id": -int(link["id"]), "issue_id": issue_id, "kind": "remote", "direction": "outward"}
            | {"target": mask_secrets(clean(str(target.get("url") or ""))), "target_id": None}
            | {"title": mask_secrets(clean(str(target["title"]))) if target.get("title") else None}
            | {"created_at": made.get(str(link["id"]), first)}
        )
    return rows


def _links(issue_id: int, fields: Json, created: datetime, changes: list[Row]) -> list[Row]:
    """Issue links as this issue shows them; Jira tells when one was made only in the changelog."""
    made: dict[str, datetime] = {}
    for change in changes:
        if change["field_name"] == "Link" and change["to_id"]:
            made.setdefault(change["to_id"], change["changed_at"])
    rows = {}
    for link in fields.get("issuelinks") or ():
        side = "outward" if link.get("outwardIssue") else "inward"
        other = link.get(f"{side}Issue") or {}
        if not other.get("key"):
            continue
        kind = link.get("type") or {}
        title = (other.get("fields") or {}).get("summary")
        rows[int(link["id"])] = {
            "link_id": int(link["id"]),
            "issue_id": issue_id,
            "kind": clean(str(kind.get("name") or "")),
            "direction": side,
            "target": clean(str(other["key"])),
            "target_id": _number(other.get("id")),
            "title": mask_secrets(clean(str(title))) if title else None,
            "created_at": made.get(str(other["key"]), created),
        }
    return list(rows.values())
