"""The life of families: states, what happened, dealers, remedies and whether they worked.

Families are told in a few lines, whose days are of 2026, at noon unless an hour is named:

    SUP-1 05-01 05-08 dealer=cedar done=05-12     SUP-1 and SUP-2, born at Tier 2; words hold for both
    SUP-3 05-09 up=05-10 hours=2 hours@05-20=1.5  from OPS; int-1 logged two hours as it was made, and more later
    SUP-4 05-09 waits=05-10..05-12                for the provider; other words are fields
    PENG-1 05-02 merged=05-06 deployed=05-08      an engineering issue; a ticket names it with fix=PENG-1
    runbook RB-1 announced=05-20 because=SUP-1    a ticket that says=RB-1 has its words
    by-hand PENG-1 merged=05-06 for=SUP-1         a line of changes.csv
    family SUP-1 SUP-2                            the founder and who joins; without such lines, all are of one family;
                                                  `family` alone: none is of any
    merged SUP-3>SUP-1 05-20 by=ann               the family of SUP-3 ended in that of SUP-1
    split SUP-2 SUP-1>SUP-2 05-20 by=ann          SUP-2 left the first family for the second one;
                                                  or joined, or left …>-
    => state SUP-1 ongoing …                      a row of one of the `TABLES`, or nothing

Cases share a warehouse: numbers of case n are moved up by 100 n, and back in the answers.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from stories import DEALERS, FIELDS, SITE, bare_criteria, issues, lines, load_into, open_warehouse, stamp, table

from analysis.judge import judge
from analysis.measure import measure
from analysis.table_files import table_files
from analysis.tag import tag
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.sample_desk import sample_folder
from pipelines.settings import Settings

AS_OF = datetime(2026, 6, 29, 8)  # a Monday; four weeks before it is 06-01 08:00, thirteen 03-30 08:00
MORE_FIELDS = {
    "occurred_at": ("customfield_21", "Occurred at"),
    "deployed_at": ("customfield_22", "Deployed at"),
    "confirmed_at": ("customfield_23", "Fix confirmed at"),
    "root_cause": ("customfield_24", "Root cause"),
    "outcome": ("customfield_25", "Outcome"),
}
FAMILY_SITE = SITE.replace(
    "[fields]",
    'release_lag_days = 10\n[outcomes]\nfix = ["Fixed"]\n[fields]\n'
    + "".join(f'{r} = "{n}"\n' for r, (_, n) in MORE_FIELDS.items()),
)
RUNBOOK = """---
id: {id}
title: Do it
version: {version}
audience: {audience}
published: 2026-01-01
applies_when: ['needs {id}']
{more}---
Do it.
"""
TIMES = {"occurred": "occurred_at", "confirmed": "confirmed_at", "merged": "merged_at", "deployed": "deployed_at"}
STEPS = {
    "up": "tier=2",
    "up3": "tier=3",
    "done": "status=Resolved resolution=Done",
    "again": "status=Doing resolution=",
    "done_again": "status=Resolved resolution=Done",
    "duplicate": "status=Closed resolution=Duplicate",
    "cancelled": "status=Closed resolution=Cancelled",
}
KEY = re.compile(r"\b(SUP|PENG|PULL|RB)-(\d+)")


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"2026-{day}" if "T" in day else f"2026-{day}T12:00")


# -- the language ------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """What the lines of a case, or of many, say."""

    story: str = ""
    families: list[list[str]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    runbooks: dict[str, str] = field(default_factory=dict)
    expected: dict[str, list[str]] = field(default_factory=dict)


def read_lines(text: str) -> Told:
    told, keys = Told(), []
    for line in filter(None, map(str.strip, text.splitlines())):
        first, *rest = line.split()
        words = dict(word.split("=", 1) for word in rest if "=" in word)
        plain = [word for word in rest if "=" not in word]
        if first == "=>":
            rows = told.expected.setdefault(rest[0], [])
            rows += [] if rest[1:] == ["nothing"] else [" ".join(rest[1:])]
        elif first == "family":
            told.families.append(plain)
        elif first == "runbook":
            told.runbooks |= runbook(plain[0], **words)
        elif first == "by-hand":
            told.changes.append({"change_ref": plain[0], "ticket_key": words.get("for")})
            told.changes[-1] |= {f"{n}_date": at(words[n]).date() for n in ("merged", "deployed") if n in words}
        elif first in ("merged", "split", "joined", "left"):
            *who, parts, day = plain
            old, _, new = parts.partition(">")
            event = {"event": first, "family_id": new, "other_family_id": old, "issue_id": (who or ["-"])[0]}
            told.events.append(event | {"effective_at": at(day), "person_id": words.get("by")})
        else:
            number = int(first.partition("-")[2])
            for n, day in enumerate(plain):
                key = f"{first.partition('-')[0]}-{number + n}"
                keys += [key] if key.startswith("SUP") else []
                told.story += ticket(key, day, words)
    told.families = told.families or [keys]
    return told


def ticket(key: str, day: str, words: Mapping[str, str]) -> str:
    """A ticket in the language of stories."""
    tier = "" if not key.startswith("SUP") else "tier=1" if "up" in words else "tier=2"
    head = f"{key} created {at(day):%Y-%m-%d %H:%M} {tier}"
    steps = []
    for word, value in words.items():
        if word in TIMES:
            head += f" {TIMES[word]}={stamp(at(value))}"
        elif word == "says":
            head += f" summary='needs {value}'"
        elif word == "fix":
            steps += [(at(day), f"link=Escalation>{one}") for one in value.split(",")]
        elif word == "closing":
            steps.append((at(words["done"]), f"comment={value} by=int-1"))
        elif word == "waits":
            since, _, until = value.partition("..")
            steps += [(at(since), "status='Waiting for provider'"), (at(until), "status=Doing")]
        elif word.startswith("hours"):
            steps.append((at(word.partition("@")[2] or day), f"worklog={value} by=int-1"))
        elif word in STEPS:
            steps.append((at(value), STEPS[word]))
        else:
            head += f" {word}={value}"
    return "\n".join([head, *(f"  {moment:%m-%d %H:%M} {step}" for moment, step in sorted(steps))]) + "\n"


def runbook(ident: str, because: str = "", audience: str = "ops", version: str = "1", **words: str) -> dict[str, str]:
    """A version's file and its text."""
    days = "".join(f"{n}: 2026-{words.pop(n)}\n" for n in ("announced", "replaced") if n in words)
    more = days + "".join(f"{name}: {value}\n" for name, value in words.items()) + f"because_of: [{because}]\n"
    text = RUNBOOK.format(id=ident, version=version, audience=audience, more=more)
    return {f"runbooks/{ident}-v{version}__md": text}


@contextmanager
def desk_of(
    told: Told, folder: Path, as_of: datetime = AS_OF, week: date | None = None, **files: str
) -> Iterator[Warehouse]:
    """A warehouse that holds what was told: tagged, with its families, judged and measured."""
    criteria = bare_criteria(folder / "criteria", **({"site__toml": FAMILY_SITE} | told.runbooks | files))
    with open_warehouse(folder / "warehouse.duckdb") as warehouse, pytest.MonkeyPatch.context() as patch:
        for role, known in MORE_FIELDS.items():
            patch.setitem(FIELDS, role, known)
        found = issues(told.story)
        load_into(warehouse, folder, found, criteria)
        tag(warehouse, criteria, None, "run", as_of)
        settle(warehouse, told, {issue["key"]: int(issue["id"]) for issue in found})
        judged(warehouse, criteria, told, as_of, week)
        yield warehouse


def judged(warehouse: Warehouse, criteria: Criteria, told: Told, as_of: datetime, week: date | None = None) -> None:
    judge(warehouse, criteria, "run", datetime(2026, 11, 1))
    changes = [{"deployed_date": None} | change for change in told.changes]
    measure(warehouse, criteria, as_of, week, inputs={"changes": changes})


def settle(warehouse: Warehouse, told: Told, ids: Mapping[str, int]) -> None:
    """Tell of the families."""
    made = [
        {"event": "joined" if n else "founded", "family_id": keys[0], "issue_id": key, "method": "told"}
        for keys in told.families
        for n, key in enumerate(keys)
    ]
    escalated = dict(warehouse.rows("select issue_id, escalated_at from core.escalations where escalation_no = 1"))
    for event in [*made, *told.events]:
        named = {name: ids.get(event.get(name, "-")) for name in ("family_id", "other_family_id", "issue_id")}
        effective = event.get("effective_at") or escalated[named["issue_id"]]
        common = {"run_id": "told", "recorded_at": AS_OF, "effective_at": effective}
        warehouse.append_event("state.family_events", event | named | common)


def moved(text: str, by: int) -> str:
    return KEY.sub(lambda found: f"{found[1]}-{int(found[2]) + by}", text)


def read_cases(text: str) -> tuple[dict[str, Told], Told]:
    """Each case by its name, and all of them together, with their numbers moved apart."""
    blocks = [block.partition("\n") for block in re.split(r"^## ", text, flags=re.MULTILINE)[1:]]
    alone = {name.strip(): read_lines(body) for name, _, body in blocks}
    assert len(alone) == len(blocks), "two cases of one name"
    whole = Told()
    for n, (_, _, body) in enumerate(blocks, 1):
        told = read_lines(moved(body, 100 * n))
        whole.story += told.story
        whole.families += told.families
        whole.events += told.events
        whole.changes += told.changes
        whole.runbooks |= told.runbooks
    return alone, whole


def answers(warehouse: Warehouse, query: str, names: list[str]) -> dict[str, list[str]]:
    """Name of the case → its rows of the query, whose first column is a ticket's key; noon is left out."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for row in table(warehouse, query).splitlines():
        number = int(row.split(" ", 1)[0].partition("-")[2]) // 100
        found[names[number - 1]].append(moved(row, -100 * number).replace("T12:00", ""))
    return found


# -- cases -------------------------------------------------------------------------------------------------------

TABLES = {
    # since when; of the fix: when it took effect, whether that is assumed; since when contained
    "state": """
        select t.ticket_key, f.state, f.state_since, f.fix_effective_at, f.is_fix_assumed, f.contained_at
        from mart.families f join core.tickets t on t.issue_id = f.family_id order by f.family_id
    """,
    "family": """
        select t.ticket_key, f.n_escalations, f.n_tickets, f.n_dealers, f.provider, f.failure_category, f.first_seen_at, f.last_seen_at
        from mart.families f join core.tickets t on t.issue_id = f.family_id order by f.family_id
    """,
    "member": """
        select t.ticket_key, o.ticket_key, e.escalation_no, e.occurred_at, e.resolved_at
        from mart.family_escalations e
        join core.tickets t on t.issue_id = e.family_id join core.tickets o on o.issue_id = e.issue_id
        order by e.family_id, e.occurred_at, e.issue_id, e.escalation_no
    """,
    "life": """
        select t.ticket_key, l.happened_at, l.what, l.ref, l.person_id
        from mart.family_life l join core.tickets t on t.issue_id = l.family_id
        order by l.family_id, l.happened_at, l.what = 'regressed', l.what, l.ref
    """,
    # escalations there, when the last was resolved
    "dealer": """
        select t.ticket_key, d.dealer_id, d.state, d.n_escalations, d.resolved_at
        from mart.family_dealers d join core.tickets t on t.issue_id = d.family_id order by d.family_id, d.dealer_id
    """,
    # merged, effective, whether that is assumed, ended
    "remedy": """
        select t.ticket_key, r.kind, r.ref, r.merged_at, r.effective_at, r.is_assumed, r.ended_at
        from mart.remedies r join core.tickets t on t.issue_id = r.family_id order by r.family_id, r.kind, r.ref
    """,
}

CASES, WHOLE = read_cases("""
## first seen in the last four weeks
SUP-1 06-10 06-20
=> state SUP-1 new 06-10 - - -
=> life SUP-1 06-10 first_seen SUP-1 -

## first seen four weeks ago, to the minute
SUP-1 06-01T08:00
=> state SUP-1 new 06-01T08:00 - - -

## first seen a minute before that: ongoing since it is no longer new
SUP-1 06-01T07:59
=> state SUP-1 ongoing 06-29T07:59 - - -

## ongoing
SUP-1 04-01 05-08 06-15
=> state SUP-1 ongoing 04-29 - - -

## last seen thirteen weeks ago, to the minute
SUP-1 03-01 03-30T08:00
=> state SUP-1 ongoing 03-29 - - -

## last seen a minute before that: quiet
SUP-1 03-01 03-30T07:59
=> state SUP-1 quiet 06-29T07:59 - - -
=> life SUP-1 03-01 first_seen SUP-1 -
=> life SUP-1 06-29T07:59 quiet - -

## it came after it had been quiet: ongoing since then
SUP-1 01-05 01-12 06-15 06-22
=> state SUP-1 ongoing 06-15 - - -
=> life SUP-1 01-05 first_seen SUP-1 -
=> life SUP-1 04-13 quiet - -

## seen first and last when it occurred, not when it was told
SUP-1 06-10 occurred=03-25
SUP-2 06-05 occurred=03-20
=> state SUP-1 quiet 06-24 - - -
=> family SUP-1 2 2 0 untagged untagged 03-20 03-25

## a time of occurrence after the telling is a mistake
SUP-1 06-10 occurred=06-20
=> member SUP-1 SUP-1 1 06-10 -

## contained by a runbook that names a ticket
SUP-1 05-01 06-15
runbook RB-1 announced=05-20 because=SUP-2
=> state SUP-1 contained 05-20T00:00 - - 05-20T00:00
=> remedy SUP-1 runbook RB-1 - 05-20T00:00 no -
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-20T00:00 runbook_announced RB-1 -

## contained and not seen for long
SUP-1 01-05
runbook RB-1 announced=02-20 because=SUP-1
=> state SUP-1 contained 02-20T00:00 - - 02-20T00:00

## a runbook is older than the family
SUP-1 06-10 says=RB-1
runbook RB-1 announced=02-20
=> state SUP-1 contained 06-10 - - 02-20T00:00

## a runbook for dealers, one that nobody was told of, and one that OPS is still to be told of
SUP-1 05-01 06-15
runbook RB-1 announced=05-20 because=SUP-1 audience=dealer
runbook RB-2 because=SUP-1
runbook RB-3 announced=07-10 because=SUP-1
=> state SUP-1 ongoing 05-29 - - -
=> remedy nothing

## a runbook that was replaced contains no longer
SUP-1 05-01 06-15
runbook RB-1 announced=05-20 replaced=06-20 because=SUP-1
=> state SUP-1 ongoing 06-20T00:00 - - -
=> remedy SUP-1 runbook RB-1 - 05-20T00:00 no 06-20T00:00
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-20T00:00 runbook_announced RB-1 -
=> life SUP-1 06-20T00:00 runbook_ended RB-1 -

## a runbook that was replaced after it was long quiet
SUP-1 01-05
runbook RB-1 announced=02-20 replaced=06-20 because=SUP-1
=> state SUP-1 quiet 06-20T00:00 - - -

## a runbook that will be replaced
SUP-1 05-01 06-15
runbook RB-1 announced=05-20 replaced=07-20 because=SUP-1
=> state SUP-1 contained 05-20T00:00 - - 05-20T00:00
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-20T00:00 runbook_announced RB-1 -

## a runbook that was replaced by its next version, though that has other words
SUP-1 05-01 06-15
runbook RB-1 announced=05-20 replaced=06-10 because=SUP-1
runbook RB-1 announced=06-10 version=2
=> state SUP-1 contained 05-20T00:00 - - 05-20T00:00
=> remedy SUP-1 runbook RB-1 - 05-20T00:00 no -

## a runbook that was replaced, and OPS is still to be told of its next version
SUP-1 05-01 06-15
runbook RB-1 announced=05-20 replaced=06-10 because=SUP-1
runbook RB-1 announced=07-10 version=2
=> state SUP-1 ongoing 06-10T00:00 - - -
=> remedy SUP-1 runbook RB-1 - 05-20T00:00 no 06-10T00:00

## one of two runbooks was replaced: contained by the other, without a gap
SUP-1 05-01 06-15
runbook RB-1 announced=05-20 replaced=06-20 because=SUP-1
runbook RB-2 announced=06-20 because=SUP-2
=> state SUP-1 contained 05-20T00:00 - - 05-20T00:00

## two runbooks in force
SUP-1 05-01 06-15
runbook RB-1 announced=05-20 because=SUP-1
runbook RB-2 announced=06-05 because=SUP-2
=> state SUP-1 contained 05-20T00:00 - - 05-20T00:00

## contained by another runbook after a gap
SUP-1 05-01 06-15
runbook RB-1 announced=05-20 replaced=06-20 because=SUP-1
runbook RB-2 announced=06-21 because=SUP-2
=> state SUP-1 contained 06-21T00:00 - - 06-21T00:00

## a runbook whose words half of the members say
SUP-1 05-01 says=RB-1
SUP-2 05-08
runbook RB-1 announced=05-20
=> state SUP-1 contained 05-20T00:00 - - 05-20T00:00

## a runbook whose words fewer than half say
SUP-1 05-01 says=RB-1
SUP-2 05-08 05-10
runbook RB-1 announced=05-20
=> state SUP-1 ongoing 05-29 - - -

## a ticket that escalated again is still one of two
SUP-1 04-01 done=04-05 again=05-05 done_again=05-06
SUP-2 05-08 says=RB-1
runbook RB-1 announced=05-20
=> state SUP-1 contained 05-20T00:00 - - 05-20T00:00

## a runbook whose words are said, but for another provider
SUP-1 05-01 says=RB-1 provider=CDK
runbook RB-1 announced=05-20 provider=tekion
=> state SUP-1 ongoing 05-29 - - -

## a runbook whose words are said, but for another category
SUP-1 05-01 says=RB-1 provider=CDK category=auth
runbook RB-1 announced=05-20 provider=cdk category=webhook
=> state SUP-1 ongoing 05-29 - - -

## a runbook whose words are said, for its provider; no category does not contradict
SUP-1 05-01 says=RB-1 provider=CDK
runbook RB-1 announced=05-20 provider=cdk category=auth
=> state SUP-1 contained 05-20T00:00 - - 05-20T00:00

## fixed since the change was deployed, as its field tells
SUP-1 05-01 fix=PENG-1
SUP-2 05-03
PENG-1 05-02 merged=05-06 deployed=05-08
=> state SUP-1 fixed 05-08 05-08 no -
=> remedy SUP-1 change PENG-1 05-06 05-08 no -
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-06 merged PENG-1 -
=> life SUP-1 05-08 deployed PENG-1 -

## two of its tickets link to the same change
SUP-1 05-01 05-03 fix=PENG-1
PENG-1 05-02 merged=05-06 deployed=05-08
=> remedy SUP-1 change PENG-1 05-06 05-08 no -

## fixed a release after the merge, where nothing tells of a deployment
SUP-1 05-01 fix=PENG-1
PENG-1 05-02 merged=05-06
=> state SUP-1 fixed 05-16 05-16 yes -
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-06 merged PENG-1 -
=> life SUP-1 05-16 assumed_deployed PENG-1 -

## merged, and not yet assumed to be deployed
SUP-1 06-10 fix=PENG-1
PENG-1 06-12 merged=06-25
=> state SUP-1 new 06-10 - - -
=> remedy SUP-1 change PENG-1 06-25 07-05 yes -
=> life SUP-1 06-10 first_seen SUP-1 -
=> life SUP-1 06-25 merged PENG-1 -

## linked to an engineering issue of which nothing is told
SUP-1 06-10 fix=PENG-1
PENG-1 06-12
=> remedy nothing

## linked to another ticket, which tells of a merge: that is no change
SUP-1 06-10 fix=SUP-2
SUP-2 06-12 merged=06-13
=> remedy nothing

## deployed on a day that changes.csv tells: it wins over the field, and counts from its end
SUP-1 05-01 fix=PENG-1
PENG-1 05-02 merged=05-06 deployed=05-08
by-hand PENG-1 merged=05-07 deployed=05-10 for=SUP-1
=> state SUP-1 fixed 05-10T23:59 05-10T23:59 no -
=> remedy SUP-1 change PENG-1 05-07T00:00 05-10T23:59 no -

## changes.csv tells of the linked change, and names no ticket
SUP-1 05-01 fix=PENG-1
PENG-1 05-02 merged=05-06
by-hand PENG-1 merged=05-06 deployed=05-10
=> state SUP-1 fixed 05-10T23:59 05-10T23:59 no -
=> remedy SUP-1 change PENG-1 05-06T00:00 05-10T23:59 no -

## changes.csv tells of the merge alone: deployed as the field tells
SUP-1 05-01 fix=PENG-1
PENG-1 05-02 deployed=05-08
by-hand PENG-1 merged=05-05
=> remedy SUP-1 change PENG-1 05-05T00:00 05-08 no -

## changes.csv tells of a change that Jira does not know
SUP-1 05-01 05-03
by-hand PULL-7 merged=05-06 for=SUP-2
=> state SUP-1 fixed 05-16T00:00 05-16T00:00 yes -
=> remedy SUP-1 change PULL-7 05-06T00:00 05-16T00:00 yes -

## changes.csv tells of a change for a ticket of another family
SUP-1 05-01 05-03 05-04
family SUP-1 SUP-2
family SUP-3
by-hand PULL-7 merged=05-06 for=SUP-3
=> remedy SUP-3 change PULL-7 05-06T00:00 05-16T00:00 yes -

## it occurred on the day of which changes.csv tells: nobody knows whether it was before
SUP-1 05-01 05-10 fix=PENG-1
PENG-1 05-02 merged=05-06
by-hand PENG-1 merged=05-06 deployed=05-10
=> state SUP-1 fixed 05-10T23:59 05-10T23:59 no -

## fixed since the provider confirmed
SUP-1 05-01
SUP-2 05-03 confirmed=05-20
=> state SUP-1 fixed 05-20 05-20 no -
=> remedy SUP-1 confirmation SUP-2 - 05-20 no -
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-20 confirmed SUP-2 -

## fixed, and stays so though long quiet
SUP-1 01-05 fix=PENG-1
PENG-1 01-06 merged=01-07 deployed=01-10
=> state SUP-1 fixed 01-10 01-10 no -
=> life SUP-1 01-05 first_seen SUP-1 -
=> life SUP-1 01-07 merged PENG-1 -
=> life SUP-1 01-10 deployed PENG-1 -
=> life SUP-1 04-06 quiet - -

## fixed twice without anything between: since the first time
SUP-1 05-01 fix=PENG-1,PENG-2
PENG-1 05-02 merged=05-06 deployed=05-08
PENG-2 05-02 merged=05-16 deployed=05-18
=> state SUP-1 fixed 05-08 05-18 no -

## told and assumed at the same time: told
SUP-1 05-01 fix=PENG-1,PENG-2
PENG-1 05-02 merged=05-08
PENG-2 05-02 merged=05-16 deployed=05-18
=> state SUP-1 fixed 05-18 05-18 no -

## regressed: one occurred after the fix
SUP-1 05-01 05-30 06-02 fix=PENG-1
PENG-1 05-02 merged=05-06 deployed=05-08
=> state SUP-1 regressed 05-30 05-08 no -
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-06 merged PENG-1 -
=> life SUP-1 05-08 deployed PENG-1 -
=> life SUP-1 05-30 regressed SUP-2 -

## told after the fix, but it occurred before
SUP-1 05-01 fix=PENG-1
SUP-2 05-30 occurred=05-07
PENG-1 05-02 merged=05-06 deployed=05-08
=> state SUP-1 fixed 05-08 05-08 no -

## told after the fix, and it occurred then
SUP-1 05-01 fix=PENG-1
SUP-2 05-30 occurred=05-09
PENG-1 05-02 merged=05-06 deployed=05-08
=> state SUP-1 regressed 05-09 05-08 no -

## it occurred when the fix was deployed: not after it
SUP-1 05-01 05-08 fix=PENG-1
PENG-1 05-02 merged=05-06 deployed=05-08
=> state SUP-1 fixed 05-08 05-08 no -

## it occurred when the fix was deployed, and again after it
SUP-1 05-01 05-08 05-20 fix=PENG-1
PENG-1 05-02 merged=05-06 deployed=05-08
=> state SUP-1 regressed 05-20 05-08 no -

## it occurred after a provider had confirmed
SUP-1 05-01 confirmed=05-20
SUP-2 05-21
=> state SUP-1 regressed 05-21 05-20 no -

## the ticket of the fix escalates again after it
SUP-1 04-01 fix=PENG-1 done=04-05 again=05-05 occurred=03-30
PENG-1 04-02 merged=04-03 deployed=04-04
=> state SUP-1 regressed 05-05 04-04 no -
=> member SUP-1 SUP-1 1 03-30 04-05
=> member SUP-1 SUP-1 2 05-05 -

## regressed, and fixed again by another change
SUP-1 05-01 05-30 fix=PENG-1,PENG-2
PENG-1 05-02 merged=05-06 deployed=05-08
PENG-2 05-31 merged=06-02 deployed=06-04
=> state SUP-1 fixed 06-04 06-04 no -
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-06 merged PENG-1 -
=> life SUP-1 05-08 deployed PENG-1 -
=> life SUP-1 05-30 regressed SUP-2 -
=> life SUP-1 06-02 merged PENG-2 -
=> life SUP-1 06-04 deployed PENG-2 -

## regressed again after that
SUP-1 05-01 05-30 06-10 06-12 fix=PENG-1,PENG-2
PENG-1 05-02 merged=05-06 deployed=05-08
PENG-2 05-31 merged=06-02 deployed=06-04
=> state SUP-1 regressed 06-10 06-04 no -
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-06 merged PENG-1 -
=> life SUP-1 05-08 deployed PENG-1 -
=> life SUP-1 05-30 regressed SUP-2 -
=> life SUP-1 06-02 merged PENG-2 -
=> life SUP-1 06-04 deployed PENG-2 -
=> life SUP-1 06-10 regressed SUP-3 -

## regressed while a runbook is in force
SUP-1 05-01 05-30 fix=PENG-1
PENG-1 05-02 merged=05-06 deployed=05-08
runbook RB-1 announced=05-03 because=SUP-1
=> state SUP-1 regressed 05-30 05-08 no 05-03T00:00

## regressed, and quiet since
SUP-1 01-05 01-20 fix=PENG-1
PENG-1 01-06 merged=01-07 deployed=01-10
=> state SUP-1 quiet 04-21 01-10 no -

## regressed, and quiet since with a runbook: contained since it is quiet
SUP-1 01-05 01-20 fix=PENG-1
PENG-1 01-06 merged=01-07 deployed=01-10
runbook RB-1 announced=01-12 because=SUP-1
=> state SUP-1 contained 04-21 01-10 no 01-12T00:00

## regressed, quiet, and there again
SUP-1 01-05 01-20 06-15 fix=PENG-1
PENG-1 01-06 merged=01-07 deployed=01-10
=> state SUP-1 regressed 06-15 01-10 no -

## cancelled ones are left out, duplicates count
SUP-1 05-01 done=05-02
SUP-2 06-01 cancelled=06-02
SUP-3 06-10 duplicate=06-11
=> family SUP-1 2 2 0 untagged untagged 05-01 06-10
=> member SUP-1 SUP-1 1 05-01 05-02
=> member SUP-1 SUP-3 1 06-10 06-11

## a family whose only ticket was cancelled is none
SUP-1 05-01 cancelled=05-02
=> state nothing
=> life nothing

## a founder that was cancelled leaves its name to the family
SUP-1 05-01 cancelled=05-02
SUP-2 06-10
=> state SUP-1 new 06-10 - - -
=> life SUP-1 06-10 first_seen SUP-2 -

## what cannot fail is of no family
SUP-1 05-01 category=auth
SUP-2 05-03 category=how_to
SUP-3 05-04
=> member SUP-1 SUP-1 1 05-01 -
=> member SUP-1 SUP-3 1 05-04 -

## provider and category are those of most escalations that have one
SUP-1 05-01 05-02 05-03
SUP-4 05-04 provider=XTime
SUP-5 05-05 05-06 provider=CDK category=webhook
SUP-7 05-07 05-08 category=auth dealer=cedar
=> family SUP-1 8 8 1 cdk auth 05-01 05-08

## dealers: open, solved, and two that nobody knows
SUP-1 05-01 dealer=cedar
SUP-2 05-02 dealer=blue done=05-10
SUP-3 05-03 dealer=Nobody
SUP-4 05-04
=> dealer SUP-1 blue solved 1 05-10
=> dealer SUP-1 cedar open 1 -
=> family SUP-1 4 4 2 untagged untagged 05-01 05-04

## a dealer where it came back
SUP-1 05-01 dealer=cedar done=05-10
SUP-2 05-20 dealer=blue
SUP-3 06-01 dealer=cedar
=> dealer SUP-1 blue open 1 -
=> dealer SUP-1 cedar back 2 -
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 06-01 came_back SUP-3 -

## a dealer where it came back and was solved, less than 13 weeks ago and longer ago
SUP-1 02-01 02-20 dealer=cedar done=02-21
SUP-3 04-20 dealer=cedar done=05-01
SUP-4 01-01 dealer=blue done=01-02
SUP-5 02-01 dealer=blue done=02-02
=> dealer SUP-1 blue solved 2 02-02
=> dealer SUP-1 cedar back 3 05-01
=> life SUP-1 01-01 first_seen SUP-4 -
=> life SUP-1 02-01 came_back SUP-5 -
=> life SUP-1 04-20 came_back SUP-3 -

## a dealer where a second one came before the first was solved: not back
SUP-1 05-01 dealer=cedar done=05-10
SUP-2 05-05 dealer=cedar done=05-07
=> dealer SUP-1 cedar solved 2 05-10
=> life SUP-1 05-01 first_seen SUP-1 -

## told after the first was solved, but it occurred before: not back
SUP-1 05-01 dealer=cedar done=05-10
SUP-2 05-20 dealer=cedar occurred=05-09
=> dealer SUP-1 cedar open 2 -
=> life SUP-1 05-01 first_seen SUP-1 -

## one of two was solved when the third came: back, though the other was still open
SUP-1 05-01 dealer=cedar done=05-10
SUP-2 05-05 dealer=cedar done=06-20
SUP-3 06-01 dealer=cedar done=06-10
=> dealer SUP-1 cedar back 3 06-20
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 06-01 came_back SUP-3 -

## a ticket that escalates again is back at its dealer
SUP-1 05-01 dealer=cedar done=05-10 again=06-01 done_again=06-05
=> dealer SUP-1 cedar back 2 06-05
=> family SUP-1 2 1 1 untagged untagged 05-01 06-01

## a family that ended in another
SUP-1 05-01 05-03 dealer=cedar
SUP-3 05-02 05-04 06-10 dealer=blue
family SUP-1 SUP-2
family SUP-3 SUP-4 SUP-5
merged SUP-3>SUP-1 05-20
=> state SUP-1 ongoing 05-29 - - -
=> family SUP-1 5 5 2 untagged untagged 05-01 06-10
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-20 took_in SUP-3 -

## two families one after the other, the second one by a person
SUP-1 05-01 05-02 05-03
family SUP-1
family SUP-2
family SUP-3
merged SUP-3>SUP-2 05-20
merged SUP-2>SUP-1 05-25 by=ann
=> family SUP-1 3 3 0 untagged untagged 05-01 05-03
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-25 took_in SUP-2 ann

## a remedy of the family that ended is the other's
SUP-1 05-01 05-03
SUP-2 05-03 fix=PENG-1
PENG-1 05-04 merged=05-05 deployed=05-06
family SUP-1
family SUP-2
merged SUP-2>SUP-1 05-20
=> state SUP-1 fixed 05-06 05-06 no -

## split by a person, two tickets at once
SUP-1 05-01 05-02 05-03
split SUP-2 SUP-1>SUP-2 05-20 by=ann
split SUP-3 SUP-1>SUP-2 05-20 by=ann
=> family SUP-1 1 1 0 untagged untagged 05-01 05-01
=> family SUP-2 2 2 0 untagged untagged 05-02 05-03
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-20 lost SUP-2 ann
=> life SUP-1 05-20 lost SUP-3 ann
=> life SUP-2 05-02 first_seen SUP-2 -
=> life SUP-2 05-20 split_off SUP-1 ann
=> life SUP-2 05-20 split_off SUP-1 ann

## split by its closing words
SUP-1 05-01 05-02
split SUP-2 SUP-1>SUP-2 05-20
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-20 lost SUP-2 -
=> life SUP-2 05-02 first_seen SUP-2 -
=> life SUP-2 05-20 split_off SUP-1 -

## a person said where a ticket belongs
SUP-1 05-01 05-02
SUP-3 05-03
family SUP-1 SUP-2
family SUP-3
joined SUP-2 SUP-1>SUP-3 05-20 by=ann
=> member SUP-1 SUP-1 1 05-01 -
=> member SUP-3 SUP-2 1 05-02 -
=> member SUP-3 SUP-3 1 05-03 -
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 05-20 lost SUP-2 ann
=> life SUP-3 05-02 first_seen SUP-2 -

## a founder that a person took out is alone, and its family goes on
SUP-1 05-01 05-02 05-03
left SUP-1 SUP-1>- 05-20 by=ann
=> family SUP-1 2 2 0 untagged untagged 05-02 05-03
=> member SUP-1 SUP-2 1 05-02 -
=> member SUP-1 SUP-3 1 05-03 -
=> life SUP-1 05-02 first_seen SUP-2 -
=> life SUP-1 05-20 lost SUP-1 ann

## a person said so after the moment of which the report tells: it holds already
SUP-1 05-01 05-02
split SUP-2 SUP-1>SUP-2 07-20 by=ann
=> family SUP-1 1 1 0 untagged untagged 05-01 05-01
=> family SUP-2 1 1 0 untagged untagged 05-02 05-02
=> life SUP-1 05-01 first_seen SUP-1 -
=> life SUP-1 07-20 lost SUP-2 ann
=> life SUP-2 05-02 first_seen SUP-2 -
=> life SUP-2 07-20 split_off SUP-1 ann

## a person confirmed that it stays alone
SUP-1 05-01
left SUP-1 ->SUP-1 05-20 by=ann
=> life SUP-1 05-01 first_seen SUP-1 -
""")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with desk_of(WHOLE, tmp_path_factory.mktemp("families")) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def found(desk: Warehouse) -> dict[str, dict[str, list[str]]]:
    """Table → case → rows."""
    return {name: answers(desk, query, list(CASES)) for name, query in TABLES.items()}


@pytest.mark.parametrize("name", CASES)
def test_life(name: str, found: dict[str, dict[str, list[str]]]) -> None:
    expected = CASES[name].expected
    assert expected
    assert {one: found[one][name] for one in expected} == expected


def test_deployed_by_hand_counts_from_the_end_of_that_day_in_the_reporting_zone(tmp_path: Path) -> None:
    """In Denver it ends at 06:00 UTC. SUP-3 occurred two hours after it, SUP-2 before."""
    told = read_lines("""
        SUP-1 05-01 05-11T05:00 05-11T08:00
        by-hand PULL-7 merged=05-06 deployed=05-10 for=SUP-1
        runbook RB-1 announced=05-04 replaced=05-09 because=SUP-1
    """)
    site = FAMILY_SITE.replace('"UTC"', '"America/Denver"')
    with desk_of(told, tmp_path, site__toml=site) as warehouse:
        assert table(warehouse, TABLES["state"]) == "SUP-1 regressed 05-11T08:00 05-11T05:59 no -"
        assert table(warehouse, TABLES["remedy"]) == lines("""
            SUP-1 change  PULL-7 05-06T06:00 05-11T05:59 no -
            SUP-1 runbook RB-1   -           05-04T06:00 no 05-09T06:00
        """)


# -- did it work? --------------------------------------------------------------------------------------------------

# A change that worked from Wednesday 05-20: before are the weeks of 02-16 to 05-11, since those of 05-25 to 06-22.
EFFECTS = """
    select t.ticket_key, r.kind, r.ref, r.effective_week, r.n_weeks_before, r.n_weeks_since, r.n_before, r.n_since,
        round(r.rate_ratio, 2), round(r.low, 2), round(r.high, 2), r.verdict
    from mart.remedy_effects r join core.tickets t on t.issue_id = r.family_id order by r.family_id, r.kind, r.ref
"""
EFFECT_CASES, EFFECTS_WHOLE = read_cases("""
## the desk's first ticket
SUP-1 01-05

## fewer
SUP-1 02-18 02-25 03-04 03-11 03-18 03-25 04-01 04-08 04-15 04-22 04-29 05-06 05-13
by-hand PULL-1 merged=05-01 deployed=05-20 for=SUP-1
=> effect SUP-1 change PULL-1 2026-05-18 13 5 13 0 0 0 0.77 fewer

## more
SUP-1 03-02 05-11 05-25 05-26 05-27 06-03 06-10 06-17 06-24 06-28
by-hand PULL-1 merged=05-01 deployed=05-20 for=SUP-1
=> effect SUP-1 change PULL-1 2026-05-18 13 5 2 8 10.4 2.5 43.27 more

## no change seen
SUP-1 02-16 03-02 03-09 03-16 04-01 05-17
by-hand PULL-1 merged=05-01 deployed=05-20 for=SUP-1
=> effect SUP-1 change PULL-1 2026-05-18 13 5 6 0 0 0 1.66 no change seen

## none before
SUP-1 05-25 05-26 05-27 06-01 06-22
by-hand PULL-1 merged=05-01 deployed=05-20 for=SUP-1
=> effect SUP-1 change PULL-1 2026-05-18 13 5 0 5 - 3.38 - more

## fewer than five in all
SUP-1 03-02 03-09 05-17 05-25
by-hand PULL-1 merged=05-01 deployed=05-20 for=SUP-1
=> effect SUP-1 change PULL-1 2026-05-18 13 5 3 1 0.87 0.12 6.05 too few

## fewer than four whole weeks since
SUP-1 03-02 03-03 03-04 03-05 03-06 03-07 06-08 06-15 06-22
by-hand PULL-1 merged=05-01 deployed=06-03 for=SUP-1
=> effect SUP-1 change PULL-1 2026-06-01 13 3 6 3 2.17 0.59 7.9 too few

## fewer than four whole weeks before, for the first ticket came in the week of 01-05
SUP-1 01-06 01-12 01-13 01-19 01-26 02-02 02-10
by-hand PULL-1 merged=01-20 deployed=02-04 for=SUP-1
=> effect SUP-1 change PULL-1 2026-02-02 3 20 4 1 0.04 0.01 0.25 too few

## the week itself, the weeks before those and the week that is not over count on neither side
SUP-1 02-15 05-18T00:00 05-24T23:59 06-29T00:00
by-hand PULL-1 merged=05-01 deployed=05-20 for=SUP-1
=> effect SUP-1 change PULL-1 2026-05-18 13 5 0 0 - - - too few

## by when it occurred; cancelled ones are left out
SUP-1 06-10 06-11 occurred=05-12
SUP-3 06-11
SUP-4 06-12 cancelled=06-13
by-hand PULL-1 merged=05-01 deployed=05-20 for=SUP-1
=> effect SUP-1 change PULL-1 2026-05-18 13 5 2 1 1.3 0.17 9.92 too few

## a runbook, a confirmation and a change that is assumed to work
SUP-1 03-02 fix=PENG-1
SUP-2 03-03 confirmed=04-08
PENG-1 03-03 merged=04-01
runbook RB-1 announced=05-20 because=SUP-1
=> effect SUP-1 change PENG-1 2026-04-06 12 11 2 0 0 0 2.1 too few
=> effect SUP-1 confirmation SUP-2 2026-04-06 12 11 2 0 0 0 2.1 too few
=> effect SUP-1 runbook RB-1 2026-05-18 13 5 2 0 0 0 4.99 too few

## not yet in effect
SUP-1 03-02 fix=PENG-1
PENG-1 03-03 merged=06-25
=> effect nothing

## a runbook that was replaced has been at work until then: the weeks of 05-04 to 06-01
SUP-1 03-02 03-09 04-20 05-04 06-07 06-08 06-20
runbook RB-1 announced=04-29 replaced=06-10 because=SUP-1
=> effect SUP-1 runbook RB-1 2026-04-27 13 5 3 2 1.73 0.35 8.67 no change seen

## a runbook that was replaced in the week in which it was announced
SUP-1 03-02 03-09 04-20 05-04
runbook RB-1 announced=04-29 replaced=05-01 because=SUP-1
=> effect SUP-1 runbook RB-1 2026-04-27 13 0 3 0 - - - too few
""")


@pytest.fixture(scope="module")
def effects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with desk_of(EFFECTS_WHOLE, tmp_path_factory.mktemp("effects")) as warehouse:
        yield warehouse


def test_effects(effects: Warehouse) -> None:
    expected = {name: told.expected.get("effect", []) for name, told in EFFECT_CASES.items()}
    assert answers(effects, EFFECTS, list(EFFECT_CASES)) == expected
    assert table(effects, "select distinct per from mart.remedy_effects") == "week"


def test_an_earlier_week_is_reported_as_it_was(effects: Warehouse) -> None:
    """Neither side counts what came after the reported week, though the remedy worked by then."""
    columns = "r.kind, r.n_weeks_before, r.n_weeks_since, r.n_before, r.n_since"
    query = f"select {columns} from mart.remedy_effects r join core.tickets t on t.issue_id = r.family_id where t.ticket_key = "
    effects.execute("update core.clock set week = date '2026-06-01'")
    assert table(effects, f"{query} 'SUP-301'") == "change 13 2 2 4"
    effects.execute("update core.clock set week = date '2026-05-04'")
    assert table(effects, f"{query} 'SUP-301'") == "change 12 0 1 0"
    effects.execute("update core.clock set week = date '2026-06-22'")
    assert table(effects, f"{query} 'SUP-301'") == "change 13 5 2 8"


# who was live: one dealer all along, and a second one from Monday 05-18 on
TWO_LIVE = DEALERS.replace("tekion,,", "tekion,2020-01-01,").replace("cdk,,", "cdk,2026-05-18,")
# none before the week of 04-06
LIVE_LATER = DEALERS.replace("tekion,,", "tekion,2026-04-06,")
CAME = """
    SUP-1 01-05 03-02 03-09 05-11 05-25 05-26 05-27
    by-hand PULL-1 merged=05-01 deployed=05-20 for=SUP-1
"""


@pytest.mark.parametrize(
    ("dealers", "expected"),
    [(TWO_LIVE, "dealer_week 0.2308 0.3 1.3"), (LIVE_LATER, "week 0.2308 0.6 2.6"), (DEALERS, "week 0.2308 0.6 2.6")],
    ids=["known", "not of all weeks", "unknown"],
)
def test_rates_are_told_per_live_dealer_where_it_is_known_who_was(dealers: str, expected: str, tmp_path: Path) -> None:
    """3 in 13 weeks, of one dealer; 3 in 5, of two."""
    with desk_of(read_lines(CAME), tmp_path, dealers__csv=dealers) as warehouse:
        columns = "per, round(rate_before, 4), rate_since, rate_ratio"
        assert table(warehouse, f"select {columns} from mart.remedy_effects") == expected
        bounds = binomtest(3, 6).proportion_ci(0.95, "wilson")
        ((ratio, low, high),) = warehouse.rows("select rate_ratio, low, high from mart.remedy_effects")
        assert low == pytest.approx(bounds.low / (1 - bounds.low) * ratio)
        assert high == pytest.approx(bounds.high / (1 - bounds.high) * ratio)


def test_bounds_are_wilsons(effects: Warehouse) -> None:
    columns = "n_before, n_since, n_weeks_before, n_weeks_since, rate_before, rate_since, rate_ratio, low, high"
    rows = effects.rows(f"select {columns} from mart.remedy_effects where n_before + n_since > 0 and n_weeks_since > 0")
    assert len(rows) > 10
    for before, since, weeks_before, weeks_since, rate_before, rate_since, ratio, low, high in rows:
        bounds = binomtest(since, before + since).proportion_ci(0.95, "wilson")
        weeks = weeks_before / weeks_since
        assert low == pytest.approx(bounds.low / (1 - bounds.low) * weeks, abs=1e-9)
        assert (high is None) == (ratio is None) == (before == 0)
        if before:
            assert high == pytest.approx(bounds.high / (1 - bounds.high) * weeks)
            assert ratio == pytest.approx(rate_since / rate_before)


def test_effort_since(tmp_path: Path) -> None:
    """Of the weeks since alone, also on what came before: 1 + 2 + 3; not that on another family, nor in the week that is not over."""
    told = read_lines("""
        SUP-1 01-05
        SUP-2 05-12 hours=8 hours@05-20=7 hours@05-25=1
        SUP-3 06-01 hours=2 hours@06-24=3 hours@06-29T07:00=4
        SUP-4 06-01 hours=5
        family SUP-2 SUP-3
        family SUP-4
        by-hand PULL-1 merged=05-01 deployed=05-20 for=SUP-2
    """)
    with desk_of(told, tmp_path) as warehouse:
        query = "select n_before, n_since, effort_hours_since from mart.remedy_effects"
        assert table(warehouse, query) == "1 1 6"


# -- held against a plain reckoning ----------------------------------------------------------------------------------

QUIET, YOUNG, TICK = timedelta(days=91), timedelta(days=28), timedelta(seconds=1)
N_TICKETS, N_FAMILIES = 24, 5
MOMENT = st.datetimes(datetime(2026, 1, 5), AS_OF - timedelta(hours=1)).map(
    lambda t: t.replace(minute=30, second=0, microsecond=0)
)
DAY = st.dates(date(2026, 1, 5), date(2026, 7, 10))
MEMBER = st.tuples(MOMENT, st.integers(0, N_FAMILIES - 1), st.sampled_from(["cedar", "blue", None]), st.integers(0, 60))
CONFIRMED = st.tuples(st.integers(0, N_TICKETS - 1), MOMENT)
BOOKED = st.tuples(st.integers(0, N_TICKETS - 1), DAY, st.none() | st.integers(1, 90))
Moments = list[datetime]
Spans = list[tuple[datetime, datetime]]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    told = read_lines(f"SUP-1 {' '.join(['01-05'] * N_TICKETS)}\nfamily")
    with desk_of(told, tmp_path_factory.mktemp("bare")) as warehouse:
        yield warehouse


def state_at(moment: datetime, seen: Moments, fixes: Moments, booked: Spans) -> str | None:
    """What a family's state was, by what had happened until then."""
    known = [one for one in seen if one <= moment]
    if not known:
        return None
    fixed = [one for one in fixes if one <= moment]
    if any(one >= max(known) for one in fixed):
        return "fixed"
    is_contained = any(since <= moment < until for since, until in booked)
    if max(known) + QUIET < moment:
        return "contained" if is_contained else "quiet"
    if fixed:
        return "regressed"
    if is_contained:
        return "contained"
    return "new" if min(known) + YOUNG >= moment else "ongoing"


def since_when(seen: Moments, fixes: Moments, booked: Spans) -> tuple[str | None, datetime]:
    """The state now, and since when it is that: walking back from one moment at which something happened to the next."""
    changes = {
        *seen,
        *fixes,
        *(one for span in booked for one in span),
        *(one + QUIET for one in seen),
        min(seen) + YOUNG,
    }
    state, since = state_at(AS_OF, seen, fixes, booked), AS_OF
    for moment in sorted((one for one in changes if one <= AS_OF), reverse=True):
        since = moment
        if state_at(moment - TICK, seen, fixes, booked) != state:
            break
    return state, since


Members = list[tuple[datetime, int, str | None, int]]
Confirmed = list[tuple[int, datetime]]
Booked = list[tuple[int, date, int | None]]
GIVEN: dict[str, Any] = {
    "members": st.lists(MEMBER, min_size=1, max_size=N_TICKETS),
    "confirmed": st.lists(CONFIRMED, max_size=5, unique_by=lambda one: one[0]),
    "booked": st.lists(BOOKED, max_size=5),
}


def fill(bare: Warehouse, members: Members, confirmed: Confirmed, booked: Booked) -> list[dict[str, Any]]:
    """Put them into the warehouse; gives the rows of mart.family_escalations."""
    rows = [
        {"issue_id": 1001 + n, "escalation_no": 1, "family_id": 1001 + family, "dealer_id": dealer}
        | {"occurred_at": moment, "escalated_at": moment, "provider": "untagged", "failure_category": "untagged"}
        | {"resolved_at": done if (done := moment + timedelta(days=days)) < AS_OF and days else None}
        for n, (moment, family, dealer, days) in enumerate(members)
    ]
    values = [
        {"issue_id": 1001 + n, "role": "confirmed_at", "value_no": 1, "value": "then", "value_at": moment}
        for n, moment in confirmed
    ]
    runbooks = [
        {"runbook_id": f"RB-{n}", "version": 1, "because_of": [f"SUP-{ticket + 1}"], "announced_date": day}
        | {"replaced_date": day + timedelta(days=length) if length else None}
        | {"title": "", "audience": "ops", "published_date": day, "text_hash": ""}
        for n, (ticket, day, length) in enumerate(booked)
    ]
    bare.replace("mart.family_escalations", rows)
    bare.replace("core.field_values", values)
    bare.replace("core.runbooks", runbooks)
    return rows


@given(**GIVEN)
@settings(deadline=None, max_examples=50, database=None)
def test_states_and_dealers_are_those_of_a_plain_reckoning(
    bare: Warehouse, members: Members, confirmed: Confirmed, booked: Booked
) -> None:
    rows = fill(bare, members, confirmed, booked)
    of = {row["issue_id"]: row["family_id"] for row in rows}
    expected = {}
    for family in of.values():
        seen = [row["occurred_at"] for row in rows if row["family_id"] == family]
        fixes = [moment for n, moment in confirmed if of.get(1001 + n) == family]
        spans = [
            (midnight(day), midnight(day + timedelta(days=length)) if length else datetime.max)
            for ticket, day, length in booked
            if of.get(1001 + ticket) == family
        ]
        expected[family] = since_when(seen, fixes, spans)
    body = table_files()["mart.families"].body
    assert {row[0]: row[1:] for row in bare.rows(f"select family_id, state, state_since from ({body})")} == expected
    assert dict(bare.rows("select (family_id, dealer_id), state from mart.family_dealers")) == dealers_of(rows)
    assert broken(bare, "mart.family_life", "mart.family_dealers", "mart.remedies", "mart.remedy_effects") == []


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def dealers_of(rows: list[dict[str, Any]]) -> dict[tuple[int, str], str]:
    found = {}
    for place in {(row["family_id"], row["dealer_id"]) for row in rows if row["dealer_id"]}:
        here = [row for row in rows if (row["family_id"], row["dealer_id"]) == place]
        back = [
            row
            for row in here
            if any(one["resolved_at"] and one["resolved_at"] <= row["occurred_at"] for one in here)
            and (row["resolved_at"] is None or row["occurred_at"] >= AS_OF - QUIET)
        ]
        is_open = any(row["resolved_at"] is None for row in here)
        found[place] = "back" if back else "open" if is_open else "solved"
    return found


def monday(moment: datetime, zone: str) -> date:
    day = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
    return day - timedelta(days=day.weekday())


@given(
    **GIVEN,
    zone=st.sampled_from(["UTC", "America/Denver", "Pacific/Auckland"]),
    reported=st.dates(date(2026, 1, 5), AS_OF.date()),
)
@settings(deadline=None, max_examples=40, database=None)
def test_effects_are_those_of_a_plain_count(
    bare: Warehouse, members: Members, confirmed: Confirmed, booked: Booked, zone: str, reported: date
) -> None:
    rows = fill(bare, members, confirmed, booked)
    week = reported - timedelta(days=reported.weekday())
    bare.execute("update core.clock set week = ?, reporting_zone = ?", [week, zone])
    bare.execute("update core.site set reporting_zone = ?", [zone])
    weeks = [
        date(2026, 1, 12) + timedelta(weeks=n) for n in range(30)
    ]  # the first ticket came in the week before these
    expected = []
    for family, ref, effective_at, ended_at in bare.rows(
        "select family_id, ref, effective_at, ended_at from mart.remedies"
    ):
        turn = monday(effective_at, zone)
        last = min(week, monday(ended_at, zone) - timedelta(weeks=1)) if ended_at else week
        before = [one for one in weeks if turn - timedelta(weeks=13) <= one < turn and one <= last]
        since = [one for one in weeks if turn < one <= last]
        came = [monday(row["occurred_at"], zone) for row in rows if row["family_id"] == family]
        counted = (sum(one in before for one in came), sum(one in since for one in came))
        if effective_at <= AS_OF:
            expected.append((family, ref, len(before), len(since), *counted))
    columns = "family_id, ref, n_weeks_before, n_weeks_since, n_before, n_since"
    found = bare.rows(f"select {columns} from mart.remedy_effects order by all")
    bare.execute("update core.clock set week = date '2026-06-22', reporting_zone = 'UTC'")
    bare.execute("update core.site set reporting_zone = 'UTC'")
    assert found == sorted(expected)


# -- laws --------------------------------------------------------------------------------------------------------------

LAWS = {
    "no family without an escalation, and none is forgotten": """
        select family_id from mart.families full join (select distinct family_id from mart.family_escalations) e using (family_id)
        where mart.families.family_id is null or e.family_id is null
    """,
    "escalations, tickets and dealers add up": """
        select f.family_id from mart.families f join mart.family_escalations e using (family_id)
        group by f.family_id, f.n_escalations, f.n_tickets, f.n_dealers
        having f.n_escalations <> count(*) or f.n_tickets <> count(distinct e.issue_id) or f.n_dealers <> count(distinct e.dealer_id)
    """,
    "no ticket is in two families": """
        select issue_id from mart.family_escalations group by issue_id having count(distinct family_id) > 1
    """,
    "the state is one of the six, and has begun": """
        select family_id from mart.families, core.clock
        where state not in ('new', 'ongoing', 'contained', 'fixed', 'regressed', 'quiet') or state_since > as_of or state_since < first_seen_at
            or (state = 'fixed') <> coalesce(fix_effective_at >= last_seen_at, false)
            or state = 'contained' and contained_at is null or state = 'regressed' and fix_effective_at is null
    """,
    "a family's life is of a family, in the past, and begins once": """
        select family_id from mart.family_life, core.clock
        where happened_at > as_of and what not in ('took_in', 'split_off', 'lost') or family_id not in (select family_id from mart.family_escalations)
        union all
        select family_id from mart.family_life where what = 'first_seen' group by family_id having count(*) > 1
    """,
    "regressed is what the life tells last of fixes": """
        select family_id from mart.families f
        where state in ('fixed', 'regressed') and state <> (
            select if(l.what = 'regressed', 'regressed', 'fixed') from mart.family_life l
            where l.family_id = f.family_id and l.what in ('deployed', 'assumed_deployed', 'confirmed', 'regressed')
            order by l.happened_at desc, l.what <> 'regressed' limit 1
        )
    """,
    "dealers add up": """
        select family_id from mart.families f left join mart.family_dealers d using (family_id)
        group by family_id, f.n_dealers, f.n_escalations
        having count(d.dealer_id) <> f.n_dealers or coalesce(sum(d.n_escalations), 0) > f.n_escalations
    """,
    "effects are of remedies, and within their bounds": """
        select family_id from mart.remedy_effects anti join mart.remedies using (family_id, kind, ref)
        union all
        select family_id from mart.remedy_effects
        where n_weeks_before not between 0 and 13 or n_weeks_since < 0 or low > rate_ratio + 1e-9 or high < rate_ratio - 1e-9
            or verdict not in ('too few', 'fewer', 'more', 'no change seen')
    """,
    "what to do next names families that exist": """
        select family_id from mart.next_steps n anti join mart.families using (family_id) where n.subject = 'family'
    """,
    "a cure ends no more than there are": """
        select place from mart.next_steps
        where not (0 < n_ended_low and n_ended_low <= n_ended and n_ended <= n_ended_high and n_ended_high <= n_escalations)
            or cure not in ('runbook', 'permanent_fix', 'chase_provider', 'train', 'give_access')
    """,
    "places go by hours, and the modes have them all": """
        select n.place from mart.next_steps n join mart.next_steps m on m.subject = n.subject and m.place = n.place + 1
        where m.effort_hours > n.effort_hours + 1e-6
        union all
        select 0 from mart.next_steps where subject = 'mode' having sum(effort_share) > 1 + 1e-9
    """,
}


def broken(warehouse: Warehouse, *names: str) -> list[str]:
    """Tables of these whose key is not unique."""
    keys = {name: ", ".join(table_files()[name].key) for name in names}
    return [
        name for name, key in keys.items() if warehouse.rows(f"select 1 from {name} group by {key} having count(*) > 1")
    ]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    home = tmp_path_factory.mktemp("sample")
    made = Settings(home=home, source=str(sample_folder() / "issues.jsonl.gz"), criteria=sample_folder() / "criteria")
    weekly.run(made, lambda _: None, is_rendered=False)
    with Warehouse.open(made.warehouse_file) as warehouse:
        yield warehouse


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("of", ["desk", "effects", "sample"])
def test_laws(law: str, of: str, request: pytest.FixtureRequest) -> None:
    warehouse = request.getfixturevalue(of)
    assert warehouse.rows(LAWS[law]) == []


@pytest.mark.parametrize("of", ["desk", "effects", "sample"])
def test_keys_are_unique(of: str, request: pytest.FixtureRequest) -> None:
    warehouse = request.getfixturevalue(of)
    names = "families, family_escalations, family_dealers, family_life, remedies, remedy_effects, next_steps, provider_limits"
    assert broken(warehouse, *(f"mart.{name}" for name in names.split(", "))) == []


def test_the_sample_has_families_of_every_kind_that_it_can_have(sample: Warehouse) -> None:
    """Nothing in it tells of a provider's confirmation or of a split by a person."""
    assert sample.value("select count(*) from mart.families where n_escalations > 1") > 20
    states = {state for (state,) in sample.rows("select distinct state from mart.families")}
    assert states >= {"new", "ongoing", "contained", "fixed", "regressed", "quiet"}
