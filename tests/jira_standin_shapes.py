"""What the Jira stand-in holds, and how it looks as JSON: people, fields, tickets, changelogs, comments, worklogs.

Times are whole milliseconds since 1970, UTC, as in `jql`.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jql import EPOCH

Json = dict[str, Any]
CATEGORIES = {
    "new": (2, "To Do", "blue-gray"),
    "indeterminate": (4, "In Progress", "yellow"),
    "done": (3, "Done", "green"),
}
STATUSES = {
    "Open": "new",
    "In Progress": "indeterminate",
    "Waiting": "indeterminate",
    "Resolved": "done",
    "Closed": "done",
}
LINK_WORDS = {
    "Blocks": ("is blocked by", "blocks"),
    "Duplicate": ("is duplicated by", "duplicates"),
    "Relates": ("relates to", "relates to"),
}
# System field → name, schema. Their order is the order of `/field`.
SYSTEM = {
    "summary": ("Summary", "string"),
    "description": ("Description", "string"),
    "environment": ("Environment", "string"),
    "issuetype": ("Issue Type", "issuetype"),
    "project": ("Project", "project"),
    "status": ("Status", "status"),
    "priority": ("Priority", "priority"),
    "resolution": ("Resolution", "resolution"),
    "assignee": ("Assignee", "user"),
    "reporter": ("Reporter", "user"),
    "creator": ("Creator", "user"),
    "labels": ("Labels", "array"),
    "components": ("Components", "array"),
    "parent": ("Parent", "issuelink"),
    "created": ("Created", "datetime"),
    "updated": ("Updated", "datetime"),
    "resolutiondate": ("Resolved", "datetime"),
    "duedate": ("Due date", "date"),
    "issuelinks": ("Linked Issues", "array"),
    "comment": ("Comment", "comments-page"),
    "worklog": ("Log Work", "array"),
}
NAMED = ("status", "issuetype", "priority", "resolution")  # held as names, shown as objects with ids
PEOPLE = ("assignee", "reporter", "creator")
RICH = ("description", "environment")  # documents in v3, strings in v2
NOT_NAVIGABLE = ("comment", "worklog")  # not among *navigable, the default of bulkfetch and of Data Center's search


class History(NamedTuple):
    id: int
    created: int
    author: str | None
    items: tuple[Json, ...]


class Comment(NamedTuple):
    id: int
    created: int
    updated: int
    author: str | None
    body: str | Json
    properties: tuple[Json, ...] = ()


class Worklog(NamedTuple):
    id: int
    created: int
    started: int
    author: str | None
    seconds: int
    words: str | None = None


class Link(NamedTuple):
    id: int
    type_name: str
    outward: bool
    other: int


class Content(NamedTuple):
    """All of a ticket that a new version may change, in plain values."""

    fields: Json
    histories: tuple[History, ...] = ()
    comments: tuple[Comment, ...] = ()
    links: tuple[Link, ...] = ()
    worklogs: tuple[Worklog, ...] = ()


class View(NamedTuple):
    """How answers look; part of the key under which ready-made JSON is kept."""

    cloud: bool
    documents: bool  # v3
    url: str
    zone: ZoneInfo
    missing_author: str
    most_histories: int
    most_comments: int
    most_worklogs: int
    seen: int  # changes whenever what is visible, or a field's name, does


@dataclass(eq=False)
class Project:
    id: int
    key: str
    name: str
    state: str = "live"  # or archived, deleted
    hidden: bool = False
    issues: int = 0  # numbers given so far


@dataclass
class FieldKind:
    id: str
    name: str
    type: str
    items: str | None = None
    custom: str | None = None
    trashed: bool = False

    def json(self, cloud: bool) -> Json:
        schema: Json = {"type": self.type} | ({"items": self.items} if self.items else {})
        number = self.id.removeprefix("customfield_")
        schema |= {"custom": self.custom, "customId": int(number)} if self.custom else {"system": self.id}
        names = [f"cf[{number}]", self.name] if self.custom else [self.id]
        flags = {"orderable": True, "navigable": self.id not in NOT_NAVIGABLE, "searchable": True}
        whole = {
            "id": self.id,
            "key": self.id,
            "name": self.name,
            "custom": bool(self.custom),
            **flags,
            "clauseNames": names,
        }
        return {k: v for k, v in whole.items() if cloud or k != "key"} | {"schema": schema}


@dataclass(slots=True, eq=False)
class Version:
    """A ticket as it was from `applied` on. What is asked of every ticket is at hand; the rest is made when needed."""

    issue: "Issue"
    id: int
    project: Project
    number: int
    created: int
    updated: int
    applied: int
    content: Content | Callable[[], Content]
    ready: dict[Hashable, Any] = field(default_factory=dict)  # JSON, as bytes

    @property
    def key(self) -> str:
        return f"{self.project.key}-{self.number}"

    def whole(self) -> Content:
        # What a bulk load holds is made anew each time: kept, it would fill the memory.
        return self.content() if callable(self.content) else self.content


@dataclass(slots=True, eq=False)
class Issue:
    id: int
    versions: list[Version] = field(default_factory=list)
    hidden: bool = False
    properties: dict[str, Any] = field(default_factory=dict)
    remote_links: list[Json] = field(default_factory=list)

    @property
    def latest(self) -> Version:
        return self.versions[-1]


def millis(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def moment(at: int) -> datetime:
    return EPOCH + timedelta(milliseconds=at)


def stamp(at: int, zone: tzinfo) -> str:
    """As Jira writes it: the offset without a colon."""
    # `replace` keeps which of the two hours it is when clocks go back; adding would not
    text = (
        datetime.fromtimestamp(at // 1000, zone)
        .replace(microsecond=at % 1000 * 1000)
        .isoformat(timespec="milliseconds")
    )
    return text[:-3] + text[-2:]


_encode = json.JSONEncoder(separators=(",", ":")).encode  # ASCII, so that a lone surrogate passes too


def dumps(value: object) -> bytes:
    return _encode(value).encode()


def document(text: str) -> Json:
    """Text as an Atlassian document; its text nodes may neither be empty nor hold line ends."""
    lines = [[{"type": "text", "text": line}] if line else [] for line in text.split("\n")]
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": line} for line in lines]}


def plain(body: str | Json) -> str:
    """A document's text, as v2 shows it."""
    if isinstance(body, str):
        return body
    inner = "".join(plain(part) for part in body.get("content", ()))
    return (
        str(body.get("text", "")) + inner
        if body.get("type") == "text"
        else inner + "\n" * (body.get("type") == "paragraph")
    )


def rich(body: str | Json | None, documents: bool) -> str | Json | None:
    if body is None:
        return None
    if documents:
        return document(body) if isinstance(body, str) else body
    return body if isinstance(body, str) else plain(body).rstrip("\n")


def is_document(body: object) -> bool:
    """What Jira accepts as a comment's body in v3."""
    if not isinstance(body, dict) or body.get("type") != "doc" or not isinstance(body.get("content"), list):
        return False
    nodes: list[Any] = list(body["content"])
    while nodes:
        node = nodes.pop()
        if not isinstance(node, dict) or "type" not in node:
            return False
        if node["type"] == "text" and (not node.get("text") or "\n" in node["text"]):
            return False
        nodes += node.get("content", ())
    return True


def person(name: str, view: View) -> Json:
    if not view.cloud:
        link = f"{view.url}/rest/api/2/user?username={name}"
        return {"self": link, "name": name, "key": name, "displayName": name, "active": True, "timeZone": view.zone.key}
    link = f"{view.url}/rest/api/3/user?accountId={name}"
    return {"self": link, "accountId": name, "accountType": "atlassian", "displayName": name, "active": True}


def author(name: str | None, view: View) -> Json:
    """The member `author`, or none: automation and deleted users leave gaps."""
    if name is not None:
        return {"author": person(name, view)}
    if view.missing_author == "absent":
        return {}
    return {"author": {"displayName": "Former user", "active": False} if view.missing_author == "former_user" else None}


def history_json(one: History, view: View, created: str | int) -> bytes:
    items = one.items
    if not view.cloud:  # Data Center names fields only by their labels
        items = tuple({k: v for k, v in item.items() if k != "fieldId"} for item in items)
    return dumps({"id": str(one.id), **author(one.author, view), "created": created, "items": items})


def comment_json(one: Comment, issue_id: int, view: View, properties: bool = False) -> Json:
    who = author(one.author, view)
    return {
        "self": f"{view.url}/rest/api/{3 if view.documents else 2}/issue/{issue_id}/comment/{one.id}",
        "id": str(one.id),
        **who,
        **({"updateAuthor": who["author"]} if who else {}),
        "body": rich(one.body, view.documents),
        "created": stamp(one.created, view.zone),
        "updated": stamp(one.updated, view.zone),
        **({"properties": list(one.properties)} if properties else {}),
    }


def worklog_json(one: Worklog, issue_id: int, view: View) -> Json:
    who = author(one.author, view)
    words = {"comment": rich(one.words, view.documents)} if one.words is not None else {}
    return {
        "self": f"{view.url}/rest/api/{3 if view.documents else 2}/issue/{issue_id}/worklog/{one.id}",
        **who,
        **({"updateAuthor": who["author"]} if who else {}),
        **words,
        "created": stamp(one.created, view.zone),
        "updated": stamp(one.created, view.zone),
        "started": stamp(one.started, view.zone),
        "timeSpent": f"{one.seconds // 60}m",
        "timeSpentSeconds": one.seconds,
        "id": str(one.id),
        "issueId": str(issue_id),
    }


def project_json(one: Project, view: View) -> Json:
    start: Json = {
        "id": str(one.id),
        "key": one.key,
        "name": one.name,
        "self": f"{view.url}/rest/api/3/project/{one.id}",
    }
    start |= {"projectTypeKey": "software"}
    if view.cloud:
        start |= {"simplified": False, "style": "classic", "isPrivate": False}
    if one.state == "archived":
        start |= {"archived": True}
    return start | (
        {"deleted": True, "retentionTillDate": "2030-01-01T00:00:00.000+0000"} if one.state == "deleted" else {}
    )


def link_words(type_name: str, outward: bool) -> str:
    return LINK_WORDS.get(type_name, (f"is {type_name.lower()} of", type_name.lower()))[outward]


class Names:
    """Ids of what Jira numbers: statuses, priorities, custom fields. New names get theirs when first used."""

    def __init__(self, cloud: bool) -> None:
        self.cloud = cloud
        self.ids: dict[tuple[str, str], str] = {}
        self.categories = dict(STATUSES)
        self.fields = {
            k: FieldKind(k, name, kind, "string" if kind == "array" else None) for k, (name, kind) in SYSTEM.items()
        }
        for name in self.categories:
            self.ident("status", name)

    def ident(self, kind: str, name: str) -> str:
        return self.ids.setdefault((kind, name), str(10_000 + len(self.ids)))

    def field(self, field_id: str, example: object = None) -> FieldKind:
        """The field's kind, guessed from a value where nobody declared it."""
        if field_id not in self.fields:
            if not field_id.startswith("customfield_"):
                raise KeyError(f"no such field: {field_id}")
            kind = {dict: "option", list: "array", int: "number", float: "number"}.get(type(example), "string")
            items = "string" if kind == "array" else None
            name = f"Field {field_id.removeprefix('customfield_')}"
            self.fields[field_id] = FieldKind(field_id, name, kind, items, f"com.atlassian.jira.plugin:{kind}")
        return self.fields[field_id]

    def status(self, name: str, view: View) -> Json:
        number, label, colour = CATEGORIES[self.categories.setdefault(name, "indeterminate")]
        key = self.categories[name]
        category = {
            "self": f"{view.url}/rest/api/3/statuscategory/{number}",
            "id": number,
            "key": key,
            "colorName": colour,
        }
        ident = self.ident("status", name)
        start: Json = {"self": f"{view.url}/rest/api/3/status/{ident}", "id": ident, "name": name, "description": ""}
        return start | {"statusCategory": {**category, "name": label}}

    def changed(self, field_id: str, old: Any, new: Any) -> list[Json]:
        """The changelog's items for one field."""
        kind = self.field(field_id, new if new is not None else old)
        label = field_id if field_id in SYSTEM else kind.name
        start = {"field": label, "fieldtype": "custom" if kind.custom else "jira", "fieldId": field_id}
        if field_id == "components":  # each that came or went is an item of its own
            pairs: list[tuple[str | None, str | None]] = [(name, None) for name in old or () if name not in (new or ())]
            pairs += [(None, name) for name in new or () if name not in (old or ())]
            return [
                _item({**start, "field": "Component"}, *(self._told(field_id, part) for part in pair)) for pair in pairs
            ]
        return [_item(start, self._told(field_id, old), self._told(field_id, new))]

    def _told(self, field_id: str, value: Any) -> tuple[str | None, str | None]:
        """A value as `from` and `fromString` hold it."""
        if value is None:
            return None, None
        if field_id in (*NAMED, "components"):
            return self.ident(field_id, value), value
        if field_id in PEOPLE:
            return value, value
        if field_id == "labels":
            return "", " ".join(value)
        if isinstance(value, dict) and value.get("type") == "doc":
            return None, plain(value)
        if isinstance(value, dict):
            name = str(value.get("value") or value.get("name") or value.get("displayName"))
            return str(value.get("id") or value.get("accountId") or ""), name
        if isinstance(value, list):
            parts = [self._told("", one) for one in value]
            return f"[{', '.join(a or '' for a, _ in parts)}]", ", ".join(b or "" for _, b in parts)
        return None, str(value)


def _item(start: Json, old: tuple[str | None, str | None], new: tuple[str | None, str | None]) -> Json:
    return {**start, "from": old[0], "fromString": old[1], "to": new[0], "toString": new[1]}


def fields_json(version: Version, names: Names, view: View, find: Callable[[int], Version | None]) -> Json:
    """All fields of a ticket. `find` gives another ticket where it may be seen."""
    whole = version.whole()
    raw, shown = whole.fields, dict[str, Any]()
    for field_id, kind in names.fields.items():
        value = raw.get(field_id)
        if kind.trashed or field_id in ("comment", "worklog", "issuelinks"):
            continue
        if field_id in RICH or (kind.custom and kind.custom.endswith(":textarea")):
            shown[field_id] = rich(value, view.documents)
        elif value is None or kind.custom or field_id not in SYSTEM:
            shown[field_id] = value
        elif field_id == "status":
            shown[field_id] = names.status(value, view)
        elif field_id in NAMED:
            shown[field_id] = {"id": names.ident(field_id, value), "name": value}
        elif field_id in PEOPLE:
            shown[field_id] = person(value, view)
        elif field_id == "components":
            shown[field_id] = [{"id": names.ident(field_id, name), "name": name} for name in value]
        elif field_id == "parent":
            parent = find(int(value))
            shown[field_id] = other_json(parent, names, view) if parent else None
        else:
            shown[field_id] = value
    done = raw.get("resolutiondate")
    shown |= {"created": stamp(version.created, view.zone), "updated": stamp(version.updated, view.zone)}
    shown |= {
        "project": project_json(version.project, view),
        "resolutiondate": stamp(done, view.zone) if done is not None else None,
    }
    shown["issuelinks"] = [
        {
            "id": str(link.id),
            "self": f"{view.url}/rest/api/3/issueLink/{link.id}",
            "type": {
                "id": names.ident("link", link.type_name),
                "name": link.type_name,
                "inward": link_words(link.type_name, False),
                "outward": link_words(link.type_name, True),
            },
            "outwardIssue" if link.outward else "inwardIssue": other_json(other, names, view),
        }
        for link in whole.links
        if (other := find(link.other))
    ]
    comments = [comment_json(one, version.id, view) for one in whole.comments[: view.most_comments]]
    total = len(whole.comments)
    shown["comment"] = {"comments": comments, "maxResults": len(comments), "total": total, "startAt": 0}
    logged = [worklog_json(one, version.id, view) for one in whole.worklogs[: view.most_worklogs]]
    shown["worklog"] = {"startAt": 0, "maxResults": 20, "total": len(whole.worklogs), "worklogs": logged}
    return shown


def other_json(version: Version, names: Names, view: View) -> Json:
    """A ticket as it shows in another one."""
    raw = version.whole().fields
    fields = {"summary": raw.get("summary"), "status": names.status(raw["status"], view)}
    fields["issuetype"] = {"id": names.ident("issuetype", raw["issuetype"]), "name": raw["issuetype"]}
    link = f"{view.url}/rest/api/3/issue/{version.id}"
    return {"id": str(version.id), "key": version.key, "self": link, "fields": fields}


def chosen(fields: Sequence[str], default: str, known: Iterable[str]) -> frozenset[str]:
    """The ids of the fields that were asked for: names, *all, *navigable, and -name to leave one out."""
    if all(name.startswith("-") for name in fields):
        fields = [default, *fields]
    wanted: set[str] = set()
    for name in fields:
        if name in ("*all", "*navigable"):
            wanted |= {one for one in known if name == "*all" or one not in NOT_NAVIGABLE}
        elif name.startswith("-"):
            wanted.discard(name[1:])
        else:
            wanted.add(name)
    return frozenset(wanted)


def bulk_content(names: Names, number: int, created: int, updated: int, histories: range, comments: range) -> Content:
    """The same content every time for the same ticket: a life of status, assignee, priority and text changes."""
    statuses, people = list(STATUSES), [f"user-{n}" for n in range(7)]
    state: Json = {
        "summary": f"Ticket {number} of a bulk load",
        "description": f"Line one of {number}\nLine two",
        "issuetype": "Task",
        "status": "Open",
        "priority": "P0",
        "labels": [f"label-{number % 5}"],
        "components": [f"part-{number % 3}"],
        "reporter": people[number % 7],
        "creator": people[number % 7],
        "customfield_10001": f"text {number}",
    }
    logged = []
    for n, ident in enumerate(histories):
        name = ("status", "assignee", "priority", "customfield_10001")[n % 4]
        new = {
            "status": statuses[(n // 4 + 1) % len(statuses)],
            "assignee": people[(number + n) % 7],
            "priority": f"P{(n // 4 + 1) % 4}",
        }.get(name, f"text {number} {n}")
        at = created + (updated - created) * (n + 1) // len(histories)
        logged.append(
            History(ident, at, people[(number + n + 1) % 7], tuple(names.changed(name, state.get(name), new)))
        )
        state[name] = new
    step = (updated - created) // (len(comments) or 1)
    said = [
        Comment(ident, created + step * (n + 1), created + step * (n + 1), people[n % 7], f"Comment {n} on {number}")
        for n, ident in enumerate(comments)
    ]
    return Content(state, tuple(logged), tuple(said))


def server_info(view: View, title: str, now: str | None) -> Json:
    """`now` is absent from what strangers get."""
    start: Json = {
        "baseUrl": view.url,
        "buildNumber": 100_300,
        "buildDate": "2026-08-01T00:00:00.000+0000",
        "scmInfo": "0",
    }
    start |= {"serverTitle": title} | ({"serverTime": now} if now else {})
    if view.cloud:
        return start | {"version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"}
    return start | {"version": "9.12.7", "versionNumbers": [9, 12, 7], "deploymentType": "Server"}


def utc(moment_: datetime) -> datetime:
    return moment_.replace(tzinfo=UTC)
