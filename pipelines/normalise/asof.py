"""An issue as it stood at a moment: what `--as-of` feeds to the rest of the pipeline."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analysis.text import parse_moment

Json = dict[str, Any]


def as_of(issue: Json, moment: datetime) -> Json | None:
    """The issue without whatever happened after `moment` (naive UTC); None if it was not there yet.

    Field values are taken back along the changelog. Where an item gives no id, the value becomes its text, as
    the changelog holds nothing else.
    """
    fields = issue.get("fields") or {}
    created = parse_moment(fields.get("created"))
    if created is None or created > moment:
        return None
    log = issue.get("changelog") or {}
    histories = log.get("histories") or []
    kept = [h for h in histories if (parse_moment(h.get("created")) or created) <= moment]
    undone = [h for h in histories if (parse_moment(h.get("created")) or created) > moment]
    undone.sort(key=lambda h: (parse_moment(h.get("created")) or created, int(h["id"])), reverse=True)
    past = dict(fields)
    for history in undone:
        for item in reversed(history.get("items") or []):
            _take_back(past, item)
    comment = past.get("comment")
    if isinstance(comment, Mapping):
        said = [c for c in comment.get("comments") or [] if (parse_moment(c.get("created")) or created) <= moment]
        past["comment"] = {**comment, "comments": said, "total": len(said)}
    resolved = parse_moment(past.get("resolutiondate"))
    if resolved and resolved > moment:
        past["resolutiondate"] = None
    times = [parse_moment(h.get("created")) for h in kept]
    times += [parse_moment(c.get("created")) for c in (past.get("comment") or {}).get("comments", [])]
    updated = parse_moment(past.get("updated"))
    if updated and updated > moment:
        past["updated"] = f"{max([t for t in times if t] + [created]).isoformat()}+00:00"
    rewound = {**issue, "fields": past}
    if isinstance(issue.get("changelog"), Mapping):
        missing = (log.get("total") or len(histories)) - len(histories)
        rewound["changelog"] = {**log, "histories": kept, "total": len(kept) + max(0, missing)}
    return rewound


def _take_back(fields: Json, item: Mapping[str, Any]) -> None:
    name = str(item.get("fieldId") or item.get("field") or "")
    before, text = item.get("from"), item.get("fromString")
    if name == "labels":
        fields["labels"] = (text or "").split()
    elif name in ("summary", "description", "environment"):
        fields[name] = text
    elif name in ("assignee", "reporter"):
        fields[name] = {"accountId": before} if before else None
    elif item.get("field") == "Link":
        target = item.get("to")
        if target:
            fields["issuelinks"] = [link for link in fields.get("issuelinks") or [] if _target(link) != target]
    elif name == "status":
        fields["status"] = {"id": before, "name": text, "statusCategory": {}}
    elif text is None and before is None:
        fields[name] = None
    elif name in ("priority", "resolution", "issuetype"):
        fields[name] = {"id": before, "name": text}
    elif name in fields or item.get("fieldId"):
        fields[name] = {"id": before, "value": text} if isinstance(fields.get(name), Mapping) else text


def _target(link: Mapping[str, Any]) -> str | None:
    other = link.get("outwardIssue") or link.get("inwardIssue") or {}
    return other.get("key")
