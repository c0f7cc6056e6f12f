"""How the sample's tickets go: from a row of plan.csv to timed events on an issue."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, str]
Text = dict[str, str]
STATUS = {
    "Open": ("1", "new"),
    "In Progress": ("3", "indeterminate"),
    "Waiting for provider": ("10010", "indeterminate"),
    "Waiting for dealer": ("10011", "indeterminate"),
    "Waiting for OPS": ("10012", "indeterminate"),
    "Parked (vendor)": ("10030", "indeterminate"),
    "Reopened": ("10022", "new"),
    "Resolved": ("10020", "done"),
    "Closed": ("10021", "done"),
}
WAIT_HOURS = {"provider": (6.0, 90.0), "dealer": (4.0, 60.0), "ops": (2.0, 24.0)}
TIERS = {1: "Tier 1", 2: "Tier 2", 3: "Tier 3"}


@dataclass(eq=False)
class Issue:
    """An issue under construction: its values when made, and what happened to it, in any order."""

    slot: str
    project: str
    kind: str
    created: datetime
    reporter: str
    values: dict[str, Any]
    events: list[tuple[datetime, str | None, list[tuple[str, Any]]]] = field(default_factory=list)
    comments: list[tuple[datetime, str, str]] = field(default_factory=list)
    links: list[tuple[datetime, str, "Issue"]] = field(default_factory=list)
    key: str = ""
    number: int = 0

    def change(self, moment: datetime, author: str | None, **values: Any) -> datetime:
        """Note that `author` set these values at `moment`."""
        self.events.append((moment, author, list(values.items())))
        return moment

    def say(self, moment: datetime, author: str, text: str | None) -> None:
        """Note a comment, if there is one."""
        if text:
            self.comments.append((moment, author, text.strip()))


@dataclass(eq=False)
class Clock:
    """The sample's weeks laid on real ones, and the desk's working hours (8 to 17, Monday to Friday)."""

    first_monday: date
    zone: ZoneInfo
    rng: random.Random

    def moment(self, week: int, weekday: int, hour: int) -> datetime:
        """A time within that hour."""
        day = self.first_monday + timedelta(weeks=week - 1, days=weekday - 1)
        return datetime.combine(day, time(hour, self.rng.randrange(60), self.rng.randrange(60)), self.zone)

    def later(self, start: datetime, low: float, high: float) -> datetime:
        """Some `low` to `high` hours later, moved into working hours."""
        moment = start + timedelta(hours=self.rng.uniform(low, high))
        local = moment.astimezone(self.zone)
        while local.weekday() > 4 or local.hour >= 17:
            local = datetime.combine(local.date() + timedelta(days=1), time(8, self.rng.randrange(60)), self.zone)
        if local.hour < 8:
            local = local.replace(hour=8, minute=self.rng.randrange(60))
        return max(local, start + timedelta(minutes=2))


def escalated_ticket(row: Row, text: Text, clock: Clock, people: dict[str, Any]) -> Issue:
    """A ticket that reached Tier 2 or above, with everything that happened to it."""
    rng, journey = clock.rng, row["journey"]
    escalated = clock.moment(int(row["week"]), int(row["weekday"]), int(row["hour"]))
    ops = rng.choice(people["ops"])
    born = row["entered"] == "born"
    created = escalated if born else escalated - timedelta(hours=rng.choice([0.2, 0.5, 1, 1.5, 3, 5, 20]))
    engineers = people["engineering"]
    worker = _integration(row, people, rng)
    issue = Issue(
        slot=row["slot"],
        project="SUP",
        kind="Support",
        created=created,
        reporter=worker if born else ops,
        values={"tier": 2 if born else 1, "status": "Open", "assignee": None if born else ops}
        | {"summary": text["summary"], "description": text["description"].strip(), "priority": row["priority"]},
    )
    if row["start_h"]:
        start = escalated - timedelta(hours=int(row["start_h"]))
        issue.values["accepted_at" if row["provider"] == "xtime" else "requested_at"] = start
    if rng.random() < 0.25:
        issue.values["provider"] = row["provider"]
    if not born:
        issue.change(created + timedelta(minutes=4), ops, status="In Progress")
        _what_ops_recorded(issue, row, ops, created + timedelta(minutes=8))
        first = 3 if row["entered"] == "skipped_tier2" else 2
        issue.change(escalated, ops, tier=first, status="Open", assignee=None)
    moment = clock.later(escalated, 0.3, 6)
    moment = issue.change(moment, engineers[0] if journey == "skip" else worker, status="In Progress", assignee=worker)
    moment = _waits(issue, row, text, clock, worker, moment)
    moment = _middle(issue, journey, text, clock, worker, ops, engineers, moment)
    if not journey.startswith("open"):
        _ending(issue, journey, text, clock, worker, ops, engineers, moment)
    _replies(issue, row, text, clock, ops, people["lead"], escalated)
    return issue


def _integration(row: Row, people: dict[str, Any], rng: random.Random) -> str:
    """Who of Tier 2 takes it; ops-5 moved there in week 22."""
    crew = people["integration"][: 2 if int(row["week"]) < 15 else 3]
    crew = [*crew, "ops-5"] if int(row["week"]) >= 24 else crew
    return str(rng.choice(crew))


def _what_ops_recorded(issue: Issue, row: Row, ops: str, moment: datetime) -> None:
    if row["handling"] == "failed":
        issue.change(moment, ops, runbook_used=row["runbook"])
    if row["handling"] == "no_access":
        issue.change(moment, ops, ops_blocked_by="No access")


def _waits(issue: Issue, row: Row, text: Text, clock: Clock, worker: str, moment: datetime) -> datetime:
    party = row["wait"]
    if not party:
        return moment
    moment = clock.later(moment, 0.2, 4)
    issue.say(moment - timedelta(seconds=40), worker, text.get("wait_note"))
    issue.change(moment, worker, status=f"Waiting for {'OPS' if party == 'ops' else party}")
    if row["journey"] == "open":
        return moment
    low, high = WAIT_HOURS[party]
    moment = clock.later(
        moment, low, high * (4 if row["provider"] == "cdk" and row["category"] == "setup_delay" else 1)
    )
    return issue.change(moment, worker, status="In Progress")


def _middle(
    issue: Issue, journey: str, text: Text, clock: Clock, worker: str, ops: str, engineers: list[str], moment: datetime
) -> datetime:
    """Bounces, engineering, odd statuses: what lies between taking a ticket and ending it."""
    engineer = clock.rng.choice(engineers)
    if journey in ("t3", "t3back", "open_t3", "born_then_t3"):
        moment = issue.change(clock.later(moment, 1, 20), worker, tier=3, assignee=None, status="Open")
        moment = issue.change(clock.later(moment, 2, 30), engineer, assignee=engineer, status="In Progress")
        if journey == "t3back":
            moment = issue.change(clock.later(moment, 20, 110), engineer, tier=2, assignee=worker)
    elif journey == "consult":
        moment = clock.later(moment, 2, 30)
        issue.say(moment, engineer, text.get("tier3_note"))
    elif journey in ("bounce", "returned", "bounce_same_minute"):
        moment = clock.later(moment, 1, 9)
        issue.say(moment - timedelta(seconds=30), worker, text.get("return_note"))
        issue.change(moment, worker, tier=1, assignee=ops)
        if journey == "bounce_same_minute":
            moment = moment.replace(second=2)
            issue.events[-1] = (moment, worker, issue.events[-1][2])
            moment = issue.change(moment + timedelta(seconds=41), ops, tier=2, assignee=worker)
        elif journey == "bounce":
            moment = issue.change(clock.later(moment, 3, 26), ops, tier=2, assignee=worker)
    elif journey == "unknown_status":
        moment = issue.change(clock.later(moment, 1, 5), worker, status="Parked (vendor)")
        moment = issue.change(clock.later(moment, 20, 80), worker, status="In Progress")
    return moment


def _ending(
    issue: Issue, journey: str, text: Text, clock: Clock, worker: str, ops: str, engineers: list[str], moment: datetime
) -> None:
    solver = ops if journey == "returned" else engineers[1] if journey in ("t3", "skip", "born_then_t3") else worker
    effort = (0.2, 2) if journey in ("dup", "cancel") else (20, 120) if journey in ("t3", "skip") else (1, 26)
    moment = clock.later(moment, *effort)
    issue.say(moment - timedelta(seconds=50), solver, text.get("resolution"))
    how = {"dup": "Duplicate", "cancel": "Cancelled"}.get(journey, "Done")
    issue.change(moment, solver, status="Resolved", resolution=how)
    if journey in ("reopen_early", "reopen_late"):
        days = clock.rng.uniform(2, 12) if journey == "reopen_early" else clock.rng.uniform(16, 38)
        back = clock.later(moment, 24 * days, 24 * days + 6)
        issue.say(back - timedelta(seconds=20), ops, text.get("reopen_note"))
        through_ops = journey == "reopen_late" and clock.rng.random() < 0.5
        issue.change(back, ops, status="Reopened", resolution=None, **({"tier": 1} if through_ops else {}))
        if through_ops:
            back = issue.change(clock.later(back, 0.3, 3), ops, tier=2)
        back = issue.change(clock.later(back, 0.5, 5), worker, status="In Progress")
        issue.change(clock.later(back, 2, 30), worker, status="Resolved", resolution="Done")
    else:
        issue.change(moment + timedelta(days=5), None, status="Closed")
        if issue.number == 0 and clock.rng.random() < 0.03 and text.get("resolution"):
            told = f"{text['description'].strip()}\n\nEdit: {text['resolution']}"
            issue.change(moment + timedelta(hours=1), ops, description=told)


def _replies(issue: Issue, row: Row, text: Text, clock: Clock, ops: str, lead: str, escalated: datetime) -> None:
    """The labels by which OPS accepts or contests, and by which a ruler ends it."""
    if not row["reply"]:
        return
    moment = clock.later(escalated, 20, 90)
    if ops == "ops-5" and moment.date() >= clock.first_monday + timedelta(weeks=21):
        ops = "ops-6"  # who moved to Tier 2 does not answer for OPS any more
    if row["reply"] == "accepted":
        issue.change(moment, ops, labels=["verdict-accepted"])
        return
    issue.say(moment - timedelta(seconds=15), ops, text.get("contest_note"))
    issue.change(moment, ops, labels=["verdict-contested"])
    ruling = row["reply"].removeprefix("contested").removeprefix("_")
    if ruling:
        issue.change(clock.later(moment, 20, 100), lead, labels=["verdict-contested", f"verdict-{ruling}"])


def kept_by_ops(slot: str, text: Text, clock: Clock, week: int, people: dict[str, Any], provider_known: bool) -> Issue:
    """A ticket that OPS ended itself."""
    rng = clock.rng
    created = clock.moment(week, rng.choices([1, 2, 3, 4, 5, 6], [22, 20, 19, 18, 17, 4])[0], rng.randint(8, 16))
    ops = rng.choice(people["ops"])
    issue = Issue(
        slot=slot,
        project="SUP",
        kind="Support",
        created=created,
        reporter=ops,
        values={"tier": 1, "status": "Open", "assignee": ops, "summary": text["summary"], "priority": "Medium"}
        | {"description": text["description"].strip()}
        | ({"provider": text["provider"]} if provider_known else {}),
    )
    moment = issue.change(clock.later(created, 0.1, 3), ops, status="In Progress")
    moment = clock.later(moment, 0.2, 30)
    issue.say(moment - timedelta(seconds=50), ops, text["resolution"])
    used = {"runbook_used": text["runbook"]} if text.get("runbook") else {}
    issue.change(moment, ops, status="Resolved", resolution="Done", **used)
    return issue
