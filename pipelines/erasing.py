"""What stays of an issue that was erased, or that a person who was erased had a part in: what is counted, no words.

Raw lines that are there, and all that are read later, go through the same functions, so that nothing comes back.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analysis.markers import OPENING, marker_of
from analysis.taxonomy import Criteria
from analysis.text import is_remote_link, parse_moment
from analysis.warehouse import Warehouse
from pipelines.erased_words import ID_KEYS, account_ids, hash_of_person, renamed_keys, without_persons
from pipelines.field_catalogue import FieldCatalogue
from pipelines.normalise.values import body_text, entries_of

Json = dict[str, Any]
ERASED_TICKET = "a ticket that was erased"
ERASED_WORDS = "erased"
LONGEST_VALUE = 60  # characters of a mapped field's value; what is longer tells a story
STANDARD = (
    "status",
    "priority",
    "issuetype",
    "project",
    "resolution",
    "created",
    "updated",
    "resolutiondate",
    "security",
)
PEOPLE = ("assignee", "reporter", "creator")
PLAIN_ITEMS = {
    *("status", "assignee", "reporter", "priority", "resolution", "issuetype", "project", "component", "components"),
    *("link", "key", "security"),
}
OUR_LABEL = re.compile(r"(?:verdict|why)-[a-z]+|(?:provider|category|root[_-]?cause):[\w-]+", re.IGNORECASE)


@dataclass(frozen=True)
class Kept:
    """What of an erased issue is counted: ids of mapped fields, and labels that mean something to the desk."""

    fields: frozenset[str]
    labels: frozenset[str]

    @classmethod
    def of(cls, criteria: Criteria, names: Mapping[str, str]) -> "Kept":
        """From the criteria and this Jira's names of fields (field id → name)."""
        roles = FieldCatalogue.of(criteria.site, names).roles.values()
        labels = (*criteria.site.not_tickets.labels, *criteria.site.onboardings.labels)
        fields = frozenset(field_id for field_id, _ in roles if field_id and field_id.startswith("customfield_"))
        return cls(fields, frozenset(label.casefold() for label in labels))

    def is_label(self, label: str) -> bool:
        """Whether a label is counted."""
        return label.casefold() in self.labels or OUR_LABEL.fullmatch(label) is not None


@dataclass(frozen=True)
class Erasures:
    """What was erased: issue id → up to which update (None: for good) and its new key; hash of a person → pseudonym."""

    kept: Kept
    tickets: dict[int, tuple[datetime | None, str | None]] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, warehouse: Warehouse, criteria: Criteria) -> "Erasures":
        """As the warehouse remembers them."""
        names = dict(warehouse.rows("select field_id, field_name from raw.fields"))
        tickets: dict[int, tuple[datetime | None, str | None]] = {
            issue_id: (None, erased_key(issue_id)) if cause == "asked" else (until, None)
            for issue_id, cause, until in warehouse.rows("""
                select issue_id, min(cause), max(updated_until) from state.erasures
                where issue_id is not null group by issue_id
            """)  # asked comes before retention
        }
        query = "select person_hash, pseudonym from state.erasures where person_hash is not null"
        return cls(Kept.of(criteria, names), tickets, dict(warehouse.rows(query)))

    def __bool__(self) -> bool:
        return bool(self.tickets or self.persons)

    def apply(self, issue: Json) -> Json:
        """The issue as it may be stored."""
        until, key = self.tickets.get(int(issue["id"]), (datetime.min, None))
        updated = parse_moment(issue["fields"].get("updated"))
        if until is None or (updated is not None and updated <= until):
            issue = skeleton(issue, self.kept, key)
        issue = self._without_links_words(issue)
        persons = {one: self.persons[h] for one in account_ids(issue) if (h := hash_of_person(one)) in self.persons}
        return without_persons(issue, persons) if persons else issue

    def _without_links_words(self, issue: Json) -> Json:
        """Other issues that link to an erased one tell its key and summary beside its id."""
        links = issue["fields"].get("issuelinks") or []
        others = [(link, side, link.get(side) or {}) for link in links for side in ("outwardIssue", "inwardIssue")]
        near = [(link, side, other) for link, side, other in others if _number(other.get("id")) in self.tickets]
        if not near:
            return issue
        renamed = {}
        new_links = list(links)
        for link, side, other in near:
            new = self.tickets[int(other["id"])][1]
            if new and other.get("key"):
                renamed[str(other["key"])] = new
            bare = {"id": other["id"], "key": other.get("key")}
            new_links[new_links.index(link)] = {**link, side: bare}
        issue = {**issue, "fields": {**issue["fields"], "issuelinks": new_links}}
        return renamed_keys(issue, renamed) if renamed else issue


def erased_key(issue_id: int) -> str:
    """What stands in the place of the key of a ticket that somebody asked to erase."""
    return f"ERASED-{issue_id}"


def skeleton(issue: Json, kept: Kept, key: str | None) -> Json:
    """An issue without its words: times, statuses, people's ids, mapped fields, links by id. `key`: its new one."""
    fields = issue["fields"]
    bare: Json = {name: fields[name] for name in STANDARD if name in fields}
    bare |= {name: _person(fields[name]) for name in PEOPLE if name in fields}
    bare |= {name: _short(fields[name]) for name in fields if name in kept.fields}
    bare |= {"summary": ERASED_TICKET, "description": None}
    bare["labels"] = [label for label in fields.get("labels") or [] if kept.is_label(str(label))]
    bare["components"] = fields.get("components") or []
    if isinstance(fields.get("parent"), Mapping):
        bare["parent"] = {"id": fields["parent"].get("id")}
    bare["issuelinks"] = [_bare_link(link) for link in fields.get("issuelinks") or []]
    comments = [_bare_comment(one, int(issue["id"])) for one in entries_of(fields, "comment")]
    bare["comment"] = {"comments": comments, "total": len(comments)}
    times = ("id", "created", "updated", "started", "timeSpentSeconds")
    worklogs = [
        {name: one[name] for name in times if name in one} | {"author": _person(one.get("author"))}
        for one in entries_of(fields, "worklog")
    ]
    bare["worklog"] = {"worklogs": worklogs, "total": len(worklogs)}
    made: Json = {"id": issue["id"], "key": key or issue["key"], "self": issue.get("self"), "fields": bare}
    if isinstance(issue.get("changelog"), Mapping):
        made["changelog"] = issue["changelog"] | {
            "histories": [_bare_history(one, kept, key) for one in issue["changelog"].get("histories") or []]
        }
    if issue.get("remotelinks"):
        made["remotelinks"] = [
            {"id": one["id"], "object": {"url": (one.get("object") or {}).get("url")}} for one in issue["remotelinks"]
        ]
    return renamed_keys(made, {str(issue["key"]): key}) if key else made


def _person(user: object) -> Json | None:
    return {name: user[name] for name in ID_KEYS if user.get(name)} if isinstance(user, Mapping) else None


def _short(value: Any) -> Any:
    """A mapped field's value; where it is a text rather than a value it only tells that there was one."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_VALUE and "\n" not in value else ERASED_WORDS
    if isinstance(value, list):
        return [_short(one) for one in value]
    if isinstance(value, Mapping):
        if "accountId" in value or "displayName" in value:
            return _person(value)
        if value.get("type") == "doc":
            return ERASED_WORDS
        return {name: _short(one) for name, one in value.items() if name in ("id", "value", "name", "key", "child")}
    return value


def _bare_link(link: Json) -> Json:
    bare: Json = {name: link[name] for name in ("id", "type") if name in link}
    for side in ("inwardIssue", "outwardIssue"):
        if link.get(side):
            bare[side] = {name: link[side].get(name) for name in ("id", "key")}
    return bare


def _bare_comment(comment: Json, issue_id: int) -> Json:
    """When and by whom; of what this program wrote also the lines by which it is known again."""
    bare: Json = {name: comment[name] for name in ("id", "created", "updated", "jsdPublic") if name in comment}
    marker = marker_of(body_text(comment.get("body")), issue_id)
    bare |= {"author": _person(comment.get("author")), "body": f"{OPENING}\n\n{marker.line}" if marker else None}
    return bare | ({"visibility": {"type": "role"}} if comment.get("visibility") else {})


def _bare_history(history: Json, kept: Kept, key: str | None) -> Json:
    bare = {name: history[name] for name in ("id", "created") if name in history}
    items = [_bare_item(item, kept, key) for item in history.get("items") or []]
    return bare | {"author": _person(history.get("author")), "items": items}


def _bare_item(item: Json, kept: Kept, key: str | None) -> Json:
    """A changelog item; of what is not counted only that it was changed."""
    name, field_id = str(item.get("field") or ""), str(item.get("fieldId") or "")
    bare: Json = {"field": name, "fieldId": item.get("fieldId"), "fieldtype": item.get("fieldtype")}
    sides = ("from", "fromString", "to", "toString")
    low = name.casefold()
    if low in ("assignee", "reporter"):
        return bare | {side: item.get(side) for side in ("from", "to")} | {"fromString": None, "toString": None}
    if low == "labels" or field_id == "labels":
        return bare | {side: _kept_labels(item.get(side), kept) for side in sides}
    if low == "summary":
        return bare | {"from": None, "to": None, "fromString": ERASED_TICKET, "toString": ERASED_TICKET}
    if low == "key" and key:
        return bare | dict.fromkeys(sides)
    if low in PLAIN_ITEMS or field_id in PLAIN_ITEMS or field_id in kept.fields:
        return bare | {side: _short(item.get(side)) for side in sides}
    if is_remote_link(name):
        return bare | {"from": item.get("from"), "to": item.get("to"), "fromString": None, "toString": None}
    return bare | dict.fromkeys(sides)


def _kept_labels(text: object, kept: Kept) -> str | None:
    return " ".join(one for one in str(text).split() if kept.is_label(one)) if text is not None else None


def _number(value: object) -> int | None:
    return int(str(value)) if str(value).isdigit() else None


def dumped(issue: Json) -> bytes:
    """An issue as a raw line."""
    return json.dumps(issue, separators=(",", ":")).encode() + b"\n"
