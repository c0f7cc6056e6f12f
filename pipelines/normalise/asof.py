"""An issue as it stood at a moment: what `--as-of` feeds to the rest of the pipeline."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analysis.text import parse_moment
from pipelines.field_catalogue import FieldCatalogue
from pipelines.normalise.values import entries_of, names_people

Json = dict[str, Any]
# What Jira's changelog calls fields of its own; Data Center gives names only
OWN_NAMES = {"Component": "components", "Fix Version": "fixVersions", "Version": "versions", "Parent": "parent"}
OWN_NAMES |= {"IssueParentAssociation": "parent", "Comment": "comment", "Attachment": "attachment"}
ONE_BY_ONE = frozenset(("components", "fixVersions", "versions"))  # an item adds or removes one of their values
NOT_TAKEN_BACK = frozenset(("comment", "attachment", "worklog", "WorklogId", "timetracking"))
NAMED = frozenset(("priority", "resolution", "issuetype", "project", "parent", "security"))


def as_of(issue: Json, moment: datetime, catalogue: FieldCatalogue | None = None) -> Json | None:
    """The issue without whatever happened after `moment` (naive UTC); None if it was not there yet.

    Field values are taken back along the changelog. Where an item gives no id, the value becomes its text, as
    the changelog holds nothing else; an item without the field's id (Data Center) is found by its name in
    `catalogue`. A link that was removed later stays away, for the changelog does not tell its type.
    """
    fields = issue.get("fields") or {}
    created = parse_moment(fields.get("created"))
    if created is None or created > moment:
        return None
    log = issue.get("changelog") or {}
    histories = log.get("histories") or []

    def at(entry: Mapping[str, Any]) -> datetime:
        return parse_moment(entry.get("created")) or created

    ids = {name.casefold(): field_id for field_id, name in catalogue.roles.values() if field_id} if catalogue else {}
    undone = sorted((h for h in histories if at(h) > moment), key=lambda h: (at(h), int(h["id"])), reverse=True)
    kept = [h for h in histories if at(h) <= moment]
    past, key = dict(fields), issue.get("key")
    for history in undone:
        for item in reversed(history.get("items") or []):
            if item.get("field") == "Key":
                key = item.get("fromString") or key
            else:
                _take_back(past, _field_id(item, ids), item)
    said = []
    for name in ("comment", "worklog"):
        told = [one for one in entries_of(past, name) if at(one) <= moment]
        if entries_of(past, name):
            block = past[name]
            past[name] = {**block, f"{name}s": told, "total": len(told)} if isinstance(block, Mapping) else told
        said += told
    resolved = parse_moment(past.get("resolutiondate"))
    if resolved and resolved > moment:
        past["resolutiondate"] = None
    updated = parse_moment(past.get("updated"))
    if updated and updated > moment:
        past["updated"] = f"{max([created, *map(at, kept), *map(at, said)]).isoformat()}+00:00"
    rewound = {**issue, "key": key, "fields": past}
    if isinstance(issue.get("changelog"), Mapping):
        missing = (log.get("total") or len(histories)) - len(histories)
        rewound["changelog"] = {**log, "histories": kept, "total": len(kept) + max(0, missing)}
    return rewound


def _field_id(item: Mapping[str, Any], ids: Mapping[str, str]) -> str:
    name = str(item.get("field") or "")
    if name == "Link":
        return name
    return str(item.get("fieldId") or OWN_NAMES.get(name) or ids.get(name.casefold()) or name)


def _take_back(fields: Json, name: str, item: Mapping[str, Any]) -> None:
    before, text = item.get("from"), item.get("fromString")
    if name in NOT_TAKEN_BACK:
        return
    if name == "Link":
        if item.get("to"):
            fields["issuelinks"] = [link for link in fields.get("issuelinks") or [] if not _made_by(item, link)]
    elif name == "labels":
        fields["labels"] = (text or "").split()
    elif name in ("summary", "description", "environment"):
        fields[name] = text
    elif name in ("assignee", "reporter"):
        fields[name] = {"accountId": before} if before else None
    elif name == "status":
        fields["status"] = {"id": before, "name": text, "statusCategory": {}}
    elif name in ONE_BY_ONE:
        others = [one for one in fields.get(name) or [] if str(one.get("id")) != str(item.get("to"))]
        fields[name] = [*others, {"id": before, "name": text}] if before else others
    elif not text and not before:
        fields[name] = None
    elif name in NAMED:
        fields[name] = {"id": before, "name": text}
    else:
        fields[name] = _value_before(fields.get(name), before, text)


def _value_before(now: object, before: object, text: str | None) -> object:
    """A custom field's value as its changelog item tells it, in the shape that Jira gives such values."""
    if names_people(before):
        return [{"accountId": one.strip()} for one in str(before).strip("[]").split(",")]
    if before and "-" in str(before) and parse_moment(before):
        return before  # a date, whose text is written as people of that place write dates
    ids = str(before or "").strip("[]").replace(" ", "").split(",")
    texts = (text or "").split(", ") if len(ids) > 1 else [text or ""]
    if isinstance(now, list) or len(ids) > 1:
        paired = (
            zip(ids, texts, strict=True)
            if len(ids) == len(texts)
            else [(None, one) for one in (text or "").split(", ")]
        )
        return [{"id": one_id, "value": one} if one_id else one for one_id, one in paired]
    return {"id": before, "value": text or before} if before or isinstance(now, Mapping) else text


def _made_by(item: Mapping[str, Any], link: Mapping[str, Any]) -> bool:
    """Whether the changelog item tells of this link: by its other end, and by its words where the type tells them."""
    side = "outward" if link.get("outwardIssue") else "inward"
    other, words = link.get(f"{side}Issue") or {}, (link.get("type") or {}).get(side)
    return other.get("key") == item.get("to") and (not words or not item.get("toString") or words in item["toString"])
