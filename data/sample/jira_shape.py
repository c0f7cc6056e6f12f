"""Issues under construction → the JSON that Jira Cloud's search gives (v3, bodies as Atlassian documents)."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from journeys import STATUS, TIERS, Issue

Json = dict[str, Any]
FIELD_IDS = {
    "tier": ("customfield_10041", "Support tier"),
    "dealer": ("customfield_10042", "Dealer"),
    "provider": ("customfield_10043", "Provider"),
    "requested_at": ("customfield_10044", "Requested at"),
    "accepted_at": ("customfield_10045", "Accepted at"),
    "runbook_used": ("customfield_10046", "Runbook used"),
    "ops_blocked_by": ("customfield_10047", "Blocked by"),
    "merged_at": ("customfield_10048", "Merged at"),
    "live_at": ("customfield_10053", "Live at"),
}
PROVIDER_NAMES = {
    "tekion": "Tekion",
    "cdk": "CDK / Fortellis",
    "xtime": "XTime",
    "mykaarma": "MyKaarma",
    "dealer_fx": "Dealer-FX",
    "other": "Other",
    "none": "Pam",
}
SITE = "https://desk.example.invalid"
PROJECTS = {"SUP": ("10100", "Support desk"), "PENG": ("10200", "Pam engineering")}
LINK_PHRASES = {
    "Escalation": ("is escalated from", "escalates to"),
    "Duplicate": ("is duplicated by", "duplicates"),
    "Relates": ("relates to", "relates to"),
}
DONE_ID = {"Done": "10000", "Duplicate": "10001", "Cancelled": "10002"}


@dataclass(frozen=True)
class Link:
    """A link between two issues, made by `source`."""

    number: int
    source: Issue
    target: Issue
    kind: str
    made_at: datetime


def stamp(moment: datetime) -> str:
    """Jira's spelling of a time: milliseconds, offset without colon."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000%z")


def document(text: str) -> Json:
    """Plain text (paragraphs, ``` fences, "- " bullets) as an Atlassian document."""
    content: list[Json] = []
    for part in re.split(r"(```.*?```)", text, flags=re.DOTALL):
        if part.startswith("```"):
            code = part.strip("`").strip("\n")
            content.append({"type": "codeBlock", "attrs": {}, "content": [{"type": "text", "text": code}]})
            continue
        for paragraph in re.split(r"\n\s*\n", part):
            content.extend(_paragraph(paragraph.strip("\n")))
    return {"type": "doc", "version": 1, "content": content}


def _paragraph(text: str) -> list[Json]:
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and all(line.lstrip().startswith("- ") for line in lines):
        items = [{"type": "listItem", "content": [_lines([line.lstrip()[2:]])]} for line in lines]
        return [{"type": "bulletList", "content": items}]
    return [_lines(lines)] if lines else []


def _lines(lines: list[str]) -> Json:
    nodes: list[Json] = []
    for number, line in enumerate(lines):
        if number:
            nodes.append({"type": "hardBreak"})
        nodes.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": nodes}


def person(account: str | None) -> Json | None:
    """A Jira user; the display name tells the role, for nobody here is real."""
    if account is None:
        return None
    role = {"ops": "OPS", "int": "Integration", "eng": "Engineer", "lead": "Desk lead"}[account.partition("-")[0]]
    name = f"{role} {account.rpartition('-')[2]}"
    return {"accountId": account, "displayName": name, "active": True, "accountType": "atlassian"}


def as_json(issue: Issue, end: datetime, links: list[Link]) -> Json:
    """The issue as it stands at `end`: values, changelog and comments up to then."""
    state = dict(issue.values)
    histories: list[Json] = []
    updated = issue.created
    resolved: datetime | None = None
    for number, (moment, author, values) in enumerate(_events(issue, end), 1):
        items = [item for name, value in values for item in _items(name, state.get(name), value)]
        state.update((name, value) for name, value in values if name != "link")
        if any(name == "resolution" for name, _ in values):
            resolved = moment if state.get("resolution") else None
        history = {"id": str(issue.number * 1000 + number), "created": stamp(moment), "items": items}
        histories.append(history if author is None else {"author": person(author)} | history)
        updated = max(updated, moment)
    comments = [
        _comment(issue, n, c) for n, c in enumerate(sorted(issue.comments, key=lambda c: c[0]), 1) if c[0] <= end
    ]
    updated = max([updated, *(c[0] for c in issue.comments if c[0] <= end)])
    histories.reverse()  # Jira's expand=changelog gives the newest first
    return {
        "expand": "changelog",
        "id": str(issue.number),
        "self": f"{SITE}/rest/api/3/issue/{issue.number}",
        "key": issue.key,
        "fields": _fields(issue, state, updated, resolved, comments, end, links),
        "changelog": {"startAt": 0, "maxResults": len(histories), "total": len(histories), "histories": histories},
    }


def _events(issue: Issue, end: datetime) -> list[tuple[datetime, str | None, list[tuple[str, Any]]]]:
    linked = [(at, issue.reporter, [("link", (kind, other))]) for at, kind, other in issue.links]
    events = [event for event in [*issue.events, *linked] if event[0] <= end]
    return sorted(events, key=lambda event: event[0])


def _items(name: str, old: Any, new: Any) -> list[Json]:
    if name == "link":
        kind, other = new
        text = f"This issue {LINK_PHRASES[kind][1]} {other.key}"
        return [
            {"field": "Link", "fieldtype": "jira", "from": None, "fromString": None, "to": other.key, "toString": text}
        ]
    if old == new:
        return []
    field_id, label = FIELD_IDS.get(name, (name, name))
    custom = field_id.startswith("customfield")
    head = {"field": label, "fieldtype": "custom" if custom else "jira", "fieldId": field_id}
    (a, b), (c, d) = _from_to(name, old), _from_to(name, new)
    return [head | {"from": a, "fromString": b, "to": c, "toString": d}]


def _from_to(name: str, value: Any) -> tuple[str | None, str | None]:
    if value is None:
        return None, None
    if name == "tier":
        return str(10500 + value), TIERS[value]
    if name == "status":
        return STATUS[value][0], value
    if name == "resolution":
        return DONE_ID[value], value
    if name == "assignee":
        user = person(value)
        return (value, user["displayName"]) if user else (None, None)
    if name == "labels":
        return None, " ".join(value)
    if isinstance(value, datetime):
        return stamp(value), stamp(value)
    return None, str(value)


def _comment(issue: Issue, number: int, comment: tuple[datetime, str, str]) -> Json:
    moment, author, text = comment
    when = stamp(moment)
    ident = str(issue.number * 100 + number)
    return {"id": ident, "author": person(author), "body": document(text), "created": when, "updated": when}


def _fields(
    issue: Issue,
    state: dict[str, Any],
    updated: datetime,
    resolved: datetime | None,
    comments: list[Json],
    end: datetime,
    links: list[Link],
) -> Json:
    project_id, project_name = PROJECTS[issue.project]
    status_id, category = STATUS[state["status"]]
    resolution = state.get("resolution")
    fields: Json = {
        "summary": state["summary"],
        "description": document(state["description"]),
        "issuetype": {"id": "10", "name": issue.kind, "subtask": False},
        "project": {"id": project_id, "key": issue.project, "name": project_name},
        "status": {"id": status_id, "name": state["status"], "statusCategory": {"key": category}},
        "priority": {"id": "3", "name": state["priority"]},
        "resolution": {"id": DONE_ID[resolution], "name": resolution} if resolution else None,
        "created": stamp(issue.created),
        "updated": stamp(updated),
        "resolutiondate": stamp(resolved) if resolved else None,
        "reporter": person(issue.reporter),
        "assignee": person(state.get("assignee")),
        "labels": state.get("labels", []),
        "components": [],
        "issuelinks": _issue_links(issue, end, links),
        "comment": {"comments": comments, "total": len(comments), "maxResults": len(comments), "startAt": 0},
        "customfield_10049": None,
        "customfield_10050": [{"id": 7, "name": "Week board", "state": "active"}],
        "customfield_10051": {"value": "Scheduling", "child": {"value": "Appointments"}},
    }
    for name, (field_id, _) in FIELD_IDS.items():
        value = state.get(name)
        if name == "tier":
            value = {"id": str(10500 + state["tier"]), "value": TIERS[state["tier"]]} if "tier" in state else None
        elif name == "provider" and value:
            value = {"value": PROVIDER_NAMES[value]}
        elif name == "ops_blocked_by" and value:
            value = {"value": value}
        elif isinstance(value, datetime):
            value = stamp(value)
        fields[field_id] = value
    return fields


def _issue_links(issue: Issue, end: datetime, links: list[Link]) -> list[Json]:
    """Links as both ends show them: the maker's outward, the other's inward."""
    shown = []
    for link in links:
        if link.made_at > end or issue not in (link.source, link.target):
            continue
        inward, outward = LINK_PHRASES[link.kind]
        other, side = (link.target, "outwardIssue") if issue is link.source else (link.source, "inwardIssue")
        kind = {"name": link.kind, "inward": inward, "outward": outward}
        shown.append({"id": str(link.number), "type": kind, side: {"id": str(other.number), "key": other.key}})
    return shown


def number_links(issues: list[Issue]) -> list[Link]:
    """Every link once, numbered in the order of the issues that made them."""
    made = [(issue, moment, kind, other) for issue in issues for moment, kind, other in issue.links]
    return [Link(30001 + n, issue, other, kind, moment) for n, (issue, moment, kind, other) in enumerate(made)]
