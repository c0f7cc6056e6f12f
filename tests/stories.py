"""Jira issues from small text tables that a reader can check by eye, and a warehouse made of them.

    SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar
      03-02 10:00 tier=2                       one edit; several values of one line happen together
      03-03 12:00 status=Resolved resolution=Done by=int-1
      03-03 12:00 comment=hello by=eng-1
      03-04 09:00 link=Escalation>PENG-1
  03-05 12:00 worklog=1.5 by=int-1         hours; they began then, or at started="03-04 15:00"

Times are UTC. Without a date's year the year is the creation's. Every ticket starts in status Open.
`component=` takes all components, with blanks between; `moved_from=OLD-1` tells that the key was another before.

Stories of one kind share a warehouse: `cases` reads them from one text, `answers` gives each one's rows.

    ## born at Tier 2
    SUP-1 created 2026-03-02 09:00 tier=2
    => SUP-1 born
"""

import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from analysis.errors import CriteriaError
from analysis.judge import judge
from analysis.measure import measure
from analysis.rulings import take_over_rulings
from analysis.tag import tag
from analysis.taxonomy import Criteria, read_criteria
from analysis.warehouse import Warehouse
from pipelines.export_files import ExportFiles
from pipelines.extract import extract
from pipelines.load import load
from pipelines.normalise import NORMALISE_VERSION, normalise
from pipelines.settings import Settings

FIELDS = {
    "tier": ("customfield_1", "Support tier"),
    "dealer": ("customfield_2", "Dealer"),
    "provider": ("customfield_3", "Provider"),
    "category": ("customfield_4", "Failure category"),
    "requested_at": ("customfield_5", "Requested at"),
    "accepted_at": ("customfield_6", "Accepted at"),
    "runbook_used": ("customfield_7", "Runbook used"),
    "ops_blocked_by": ("customfield_8", "Blocked by"),
    "merged_at": ("customfield_9", "Merged at"),
    "team": ("customfield_10", "Team"),
}
STATUSES = {
    "Open": ("1", "new"),
    "Doing": ("3", "indeterminate"),
    "Waiting for provider": ("4", "indeterminate"),
    "Waiting for dealer": ("5", "indeterminate"),
    "Resolved": ("6", "done"),
    "Closed": ("7", "done"),
    "Odd": ("8", None),
    "Waiting for vendor": ("4", "indeterminate"),  # an old name of the same status
    "Pending provider": ("9", "indeterminate"),
}
SITE = """
reporting_zone = "UTC"
[fields]
dealer = "Dealer"
provider = "Provider"
category = "Failure category"
requested_at = "Requested at"
accepted_at = "Accepted at"
runbook_used = "Runbook used"
ops_blocked_by = "Blocked by"
merged_at = "Merged at"
[tier]
[[tier.source]]
kind = "field"
field = "Support tier"
values = { "1" = 1, "2" = 2, "3" = 3 }
[tier3]
projects = ["PENG"]
link_types = ["Escalation"]
[exclude]
duplicate = ["Duplicate"]
cancelled = ["Cancelled"]
[not_tickets]
labels = ["escalation-action"]
[statuses.waiting_on]
provider = ["Waiting for provider"]
dealer = ["Waiting for dealer"]
[[member]]
id = "ops-1"
tier = 1
[[member]]
id = "int-1"
tier = 2
[[member]]
id = "eng-1"
tier = 3
"""
DEALERS = """dealer_id,name,aliases,provider,live_from,live_until
cedar,Cedar,Cedar Ridge|CRM,tekion,,
blue,Blue Mesa,,cdk,,
"""
NAMED_RULES = """
[[rule]]
id = "tekion"
provider = "tekion"
words = ["Tekion"]
matches = ["Tekion"]
[[rule]]
id = "cdk"
provider = "cdk"
words = ["CDK"]
matches = ["CDK"]
[[rule]]
id = "auth"
category = "auth"
words = ["403"]
matches = ["403"]
"""
HEAD = re.compile(r"^(?P<key>[A-Z]+-\d+) created (?P<at>\S+ \S+)(?P<rest>.*)$")
STEP = re.compile(r"^\s+(?P<at>\d\d-\d\d \d\d:\d\d(?::\d\d)?)(?P<rest>.*)$")


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def issues(story: str) -> list[dict[str, Any]]:
    """The story's issues in the shape of Jira Cloud's search, with whole changelogs."""
    found: list[dict[str, Any]] = []
    for line in story.splitlines():
        if not line.strip():
            continue
        head, step = HEAD.match(line.strip()), STEP.match(line)
        if head:
            found.append({"key": head["key"], "created": _at(head["at"]), "values": _words(head["rest"]), "steps": []})
        elif step:
            found[-1]["steps"].append((_at(f"{found[-1]['created'].year}-{step['at']}"), _words(step["rest"])))
        else:
            raise ValueError(f"neither an issue nor a step: {line!r}")
    numbers = {one["key"]: 1000 + n for n, one in enumerate(found, 1)}
    for one in found:  # a link shows at both ends
        one["links"] = []
    by_key = {one["key"]: one for one in found}
    for one in found:
        for n, (at, values) in enumerate(one["steps"], 1):
            if "link" in values:
                kind, _, target = values["link"].partition(">")
                ident = str(numbers[one["key"]] * 1000 + n)
                one["links"].append((ident, kind, "outward", target, at))
                if target in by_key:
                    by_key[target]["links"].append((ident, kind, "inward", one["key"], at))
    return [_issue(one, numbers) for one in found]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _words(rest: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(rest))


def _issue(one: dict[str, Any], numbers: dict[str, int]) -> dict[str, Any]:
    number = numbers[one["key"]]
    state: dict[str, str | None] = {"status": "Open", "summary": "a ticket", **one["values"]}
    histories, comments, worklogs, updated, resolved = [], [], [], one["created"], None
    for n, (at, values) in enumerate(one["steps"], 1):
        author = values.pop("by", None)
        person = {"accountId": author, "displayName": author} if author else None
        if "comment" in values:
            body = values.pop("comment")
            comments.append(
                {
                    "id": str(number * 100 + n),
                    "author": person,
                    "body": body,
                    "created": stamp(at),
                    "updated": stamp(at),
                }
            )
        if "worklog" in values:
            seconds, started = round(float(values.pop("worklog")) * 3600), values.pop("started", None)
            began = _at(f"{one['created'].year}-{started}") if started else at
            times = {"created": stamp(at), "updated": stamp(at), "started": stamp(began)}
            worklogs.append({"id": str(number * 100 + n), "author": person, "timeSpentSeconds": seconds, **times})
        items = []
        for name, value in values.items():
            if name == "link":
                target = value.partition(">")[2]
                items.append(
                    {
                        "field": "Link",
                        "fieldtype": "jira",
                        "from": None,
                        "fromString": None,
                        "to": target,
                        "toString": "links",
                    }
                )
                continue
            new = value or None
            if name == "moved_from":
                items.append(
                    {
                        "field": "Key",
                        "fieldId": "Key",
                        "from": None,
                        "fromString": value,
                        "to": None,
                        "toString": one["key"],
                    }
                )
                continue
            if name == "component":
                items += _component_items(state.get(name), new)
            else:
                items.append(_item(name, state.get(name), new))
            state[name] = new
            if name == "resolution":
                resolved = at if new else None
        if items:
            histories.append({"id": str(number * 1000 + n), "author": person, "created": stamp(at), "items": items})
        updated = max(updated, at)
    status_id, category = STATUSES[str(state["status"])]
    fields = {
        "summary": state["summary"],
        "description": state.get("description"),
        "issuetype": {"name": state.get("type") or "Support"},
        "project": {"key": one["key"].partition("-")[0]},
        "status": {"id": status_id, "name": state["status"], "statusCategory": {"key": category} if category else {}},
        "priority": {"name": state.get("priority") or "Medium"},
        "resolution": {"name": state["resolution"]} if state.get("resolution") else None,
        "created": stamp(one["created"]),
        "updated": stamp(updated),
        "resolutiondate": stamp(resolved) if resolved else None,
        "reporter": {"accountId": "ops-1"},
        "assignee": {"accountId": state["assignee"]} if state.get("assignee") else None,
        "labels": (state.get("labels") or "").split(),
        "components": [{"id": f"c-{name}", "name": name} for name in (state.get("component") or "").split()],
        "issuelinks": [
            {"id": ident, "type": {"name": kind}, f"{side}Issue": {"id": str(numbers.get(target, 1)), "key": target}}
            for ident, kind, side, target, _ in one["links"]
        ],
        "comment": {"comments": comments, "total": len(comments)},
        "worklog": {"worklogs": worklogs, "total": len(worklogs)},
    }
    for name, (field_id, _) in FIELDS.items():
        value = state.get(name)
        fields[field_id] = {"value": value} if value and name in ("tier", "provider", "category") else value
    log = {"startAt": 0, "maxResults": len(histories), "total": len(histories), "histories": histories}
    return {
        "id": str(number),
        "key": one["key"],
        "self": f"https://t.example.invalid/rest/api/3/issue/{number}",
        "fields": fields,
        "changelog": log,
    }


def _item(name: str, old: str | None, new: str | None) -> dict[str, Any]:
    field_id, label = FIELDS.get(name, (name, name))
    ids = [STATUSES[str(v)][0] if name == "status" and v else v if name == "assignee" else None for v in (old, new)]
    return {"field": label, "fieldId": field_id, "from": ids[0], "fromString": old, "to": ids[1], "toString": new}


def _component_items(old: str | None, new: str | None) -> list[dict[str, Any]]:
    """Jira logs each component that came or went as an item of its own."""
    before, after = (old or "").split(), (new or "").split()
    gone = [(name, None) for name in before if name not in after]
    come = [(None, name) for name in after if name not in before]
    ids = {None: None} | {name: f"c-{name}" for name in before + after}
    return [
        {"field": "Component", "fieldId": "components", "from": ids[a], "fromString": a, "to": ids[b], "toString": b}
        for a, b in gone + come
    ]


def write_criteria(folder: Path, **files: str) -> Criteria:
    """The stories' site and dealers, with `files` (name with __ for ., such as rules__toml) in front."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"site.toml": SITE, "dealers.csv": DEALERS} | {
        name.replace("__", "."): text for name, text in files.items()
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    written = [found for found in sorted(folder.rglob("*")) if found.is_file()]
    try:
        return _criteria_of(tuple((found.relative_to(folder), found.read_bytes()) for found in written))
    except CriteriaError:
        return read_criteria(folder)  # the mistake is told with the place where it stands


@lru_cache(maxsize=64)
def _criteria_of(files: tuple[tuple[Path, bytes], ...]) -> Criteria:
    """The criteria that a folder of these files holds; reading them takes a good part of a small story's time."""
    with TemporaryDirectory() as folder:
        for path, content in files:
            (Path(folder) / path).parent.mkdir(exist_ok=True)
            (Path(folder) / path).write_bytes(content)
        return read_criteria(Path(folder))


def write_export(path: Path, found: list[dict[str, Any]]) -> Path:
    """Issues as a Jira search response, with the names of the fields."""
    names = dict(FIELDS.values())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"names": names, "issues": found}))
    return path


def load_into(warehouse: Warehouse, folder: Path, found: list[dict[str, Any]], criteria: Criteria) -> None:
    """Extract and load these issues."""
    manifest = extract(ExportFiles(write_export(folder / "export.json", found)), folder / "raw")
    load(warehouse, folder / "raw", manifest, criteria, normalise, NORMALISE_VERSION)


def derive(warehouse: Warehouse, criteria: Criteria, as_of: datetime, *, is_measured: bool = True) -> None:
    """Tag, judge and, where asked, measure."""
    tag(warehouse, criteria, None, "run", as_of)
    take_over_rulings(warehouse, "run", as_of)
    judge(warehouse, criteria, "run", as_of)
    if is_measured:
        measure(warehouse, criteria, as_of)


def bare_criteria(folder: Path, **files: str) -> Criteria:
    """The stories' criteria without any tagging rules, so that only fields tag."""
    return write_criteria(folder, **({"rules__toml": ""} | files))


def empty_warehouse(path: Path) -> None:
    """Put an empty warehouse there, unless there is one: with all its tables and views, which take most of the time."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_empty_warehouse())


@contextmanager
def open_warehouse(path: Path) -> Iterator[Warehouse]:
    """The warehouse of that file, an empty one where there is none."""
    empty_warehouse(path)
    with Warehouse.open(path) as warehouse:
        warehouse.execute("set threads = 1")  # the tests share the processors among themselves
        yield warehouse


def copied(desk: Settings, home: Path) -> Settings:
    """The same desk in another folder, to change at will; it reads the same export."""
    shutil.copytree(desk.home, home)
    return desk.model_copy(update={"home": home})


@cache
def _empty_warehouse() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.duckdb"
        with Warehouse.open(path) as warehouse, warehouse.transaction():
            warehouse.set_dirty(None)
            for step in ("load", "tag", "place", "known", "judge"):
                warehouse.build(step, full=True)
            warehouse.build_mart()
        return path.read_bytes()


Spoil = Callable[[list[dict[str, Any]]], None]


@contextmanager
def warehouse_of(  # type: ignore[no-untyped-def]
    story: str,
    folder: Path,
    criteria: Criteria | None = None,
    as_of: str = "",
    spoil: Spoil | None = None,
    *,
    is_measured: bool = True,
):
    """A warehouse that holds the story, tagged, judged and measured a week after its last step (or at `as_of`).

    `spoil` may change the issues in place, to what only some Jiras send. What reads `core` alone need not be measured.
    """
    known = criteria or write_criteria(folder / "criteria")
    found = issues(story)
    if spoil:
        spoil(found)
    moment = (
        datetime.fromisoformat(as_of)
        if as_of
        else max(_at(i["fields"]["updated"][:19]) for i in found) + timedelta(days=7)
    )
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        load_into(warehouse, folder, found, known)
        derive(warehouse, known, moment, is_measured=is_measured)
        yield warehouse


def table(warehouse: Warehouse, query: str) -> str:
    """A query's answer as a text table, for comparing with one in a test: cells joined by blanks, NULL as -."""
    return "\n".join(" ".join(_cell(value) for value in row) for row in warehouse.rows(query))


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%m-%dT%H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def lines(text: str) -> str:
    """A literal text table without its indentation and blank lines."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


def reverse_histories(found: list[dict[str, Any]]) -> None:
    """Newest first, as Jira's search gives them; without field ids and authors, as Data Center and automation do."""
    for issue in found:
        histories = issue["changelog"]["histories"]
        histories.reverse()
        for history in histories:
            history.pop("author")
            for item in history["items"]:
                item.pop("fieldId", None)


def cases(text: str) -> dict[str, tuple[str, str]]:
    """Name → (story, expected rows) of each case that begins with `## name`; its rows stand behind `=>`."""
    found = {}
    for block in re.split(r"^\s*## ", text, flags=re.MULTILINE)[1:]:
        name, *rest = block.splitlines()
        told = [line.strip().removeprefix("=>") for line in rest if line.strip().startswith("=>")]
        found[name.strip()] = (
            "\n".join(line for line in rest if not line.strip().startswith("=>")),
            lines("\n".join(told)),
        )
    return found


def answers(
    told: Mapping[str, tuple[str, str]],
    query: str,
    folder: Path,
    criteria: Criteria | None = None,
    spoil: Spoil | None = None,
) -> dict[str, str]:
    """Name → the rows that the query gives for that case; all cases stand in one warehouse.

    Keys of case n are moved up by 100 n, and back in the answer. The query's first column is the ticket's key.
    """
    story = "\n".join(_moved(text, 100 * n) for n, (text, _) in enumerate(told.values(), 1))
    known = criteria or bare_criteria(folder / "criteria")
    rows: dict[int, list[str]] = {n: [] for n in range(1, len(told) + 1)}
    with warehouse_of(story, folder, known, spoil=spoil, is_measured="mart." in query) as warehouse:
        for line in table(warehouse, query).splitlines():
            number = int(line.split(" ", 1)[0].rpartition("-")[2]) // 100
            rows[number].append(_moved(line, -100 * number))
    return dict(zip(told, ("\n".join(found) for found in rows.values()), strict=True))


def _moved(text: str, by: int) -> str:
    return re.sub(r"\b(SUP|PENG)-(\d+)", lambda found: f"{found[1]}-{int(found[2]) + by}", text)
