"""Builds the invented desk: `python build.py --end 2026-11-23 --out FOLDER`.

Writes `issues.jsonl.gz` (what Jira Cloud would export at 07:00 of the end date), `criteria/` (the desk's own
criteria files) and `truth/` (what was planted: families, repeats, verdicts, tags; for tests only). The same
end date gives the same bytes. Week 40 of the plan is the last complete week before the end date.
"""

import argparse
import csv
import gzip
import io
import json
import random
import shutil
import tomllib
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jira_shape import as_json, number_links
from journeys import Clock, Issue, Row, Text, escalated_ticket, kept_by_ops

HERE = Path(__file__).parent
KEPT_PER_WEEK = 17
DONE = ("Resolved", "Closed")


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description="Build the sample desk.")
    parser.add_argument("--end", type=date.fromisoformat, required=True, help="the day on which the export is made")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    build(args.end, args.out)


def build(end: date, out: Path) -> None:
    """Write the whole desk as of `end` into `out`."""
    desk = tomllib.loads((HERE / "desk.toml").read_text())
    zone = ZoneInfo(desk["zone"])
    this_monday = end - timedelta(days=end.weekday())
    clock = Clock(this_monday - timedelta(weeks=desk["weeks"]), zone, random.Random(40))
    now = datetime.combine(end, time(7), zone)
    rows = list(csv.DictReader(io.StringIO((HERE / "plan.csv").read_text())))
    tickets = _escalated(rows, desk, clock)
    issues = [*tickets.values(), *_kept(desk, clock, now), *_onboardings(desk, clock)]
    issues += _engineering(rows, tickets, clock, desk)
    issues += _actions(rows, tickets, clock, desk)
    _duplicates(rows, tickets)
    issues = sorted((i for i in issues if i.created <= now), key=lambda i: (i.created, i.slot))
    # sales made them elsewhere and moved them here, so they have the newest keys, and the others keep theirs
    issues += [issue for issue in _coming(desk, clock) if issue.created <= now]
    _number(issues)
    links = number_links(issues)
    out.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(as_json(issue, now, links), ensure_ascii=False) for issue in issues]
    with (out / "issues.jsonl.gz").open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(("\n".join(lines) + "\n").encode())
    _write_criteria(desk, clock.first_monday, out / "criteria")
    _write_truth(rows, tickets, now, out / "truth")


def _texts(pattern: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted((HERE / "texts").glob(pattern)):
        found |= tomllib.loads(path.read_text())
    return found


def _escalated(rows: list[Row], desk: dict[str, Any], clock: Clock) -> dict[str, Issue]:
    texts = _texts("escalated_*.toml")
    tickets = {}
    for row in rows:
        clock.rng.seed(row["slot"])
        issue = escalated_ticket(row, texts[row["slot"]], clock, desk["people"])
        issue.values["dealer"] = _dealer_as_typed(row["dealer"], desk, clock.rng)
        tickets[row["slot"]] = issue
    return tickets


def _dealer_as_typed(dealer: str, desk: dict[str, Any], rng: random.Random) -> str | None:
    if dealer == "unknown":
        return "Sunrise Autoplex"
    name, aliases, *_ = desk["dealers"][dealer]
    return str(rng.choice([name, name, name, *aliases]))


def _kept(desk: dict[str, Any], clock: Clock, now: datetime) -> list[Issue]:
    """What OPS ended itself; texts are reused here, and only here."""
    texts = _texts("tier1.toml")
    made = []
    for week in range(1, desk["weeks"] + 2):
        clock.rng.seed(f"kept {week}")
        usable = [s for s, t in texts.items() if week > desk["runbooks"].get(t.get("runbook"), [0, 0, -2])[2] + 1]
        for number in range(KEPT_PER_WEEK):
            text = texts[clock.rng.choice(usable)]
            issue = kept_by_ops(f"K{week:02d}{number:02d}", text, clock, week, desk["people"], clock.rng.random() < 0.3)
            of_system = [d for d, entry in desk["dealers"].items() if entry[2] == text["provider"]]
            dealer = clock.rng.choice(of_system or list(desk["dealers"]))
            issue.values["dealer"] = _dealer_as_typed(dealer, desk, clock.rng)
            made.append(issue)
        if week == desk["weeks"] + 1:
            made[-1].created = now - timedelta(minutes=20)  # the export is made on a desk that is already at work
            made[-1].events.clear()
            made[-1].comments.clear()
    return made


def _onboardings(desk: dict[str, Any], clock: Clock) -> list[Issue]:
    """A ticket for each dealer that went live during the sample."""
    made = []
    for dealer, (name, _, provider, live) in desk["dealers"].items():
        if not live:
            continue
        clock.rng.seed(f"onboarding {dealer}")
        created = clock.moment(max(1, live - 3), 2, 10)
        text = f"Connect {name} and check a test booking before the first day."
        ops = clock.rng.choice(desk["people"]["ops"])
        values = {"tier": 1, "status": "Open", "assignee": ops, "summary": f"Onboarding: {name}", "dealer": name}
        values |= {"description": text, "priority": "Medium", "requested_at": created, "provider": provider}
        issue = Issue(f"O-{dealer}", "SUP", "Onboarding", created, ops, values)
        went_live = clock.moment(live, 1, 9)
        issue.change(clock.later(created, 1, 20), ops, status="Waiting for provider")
        issue.change(went_live, ops, status="Resolved", resolution="Done", live_at=went_live)
        made.append(issue)
    return made


def _coming(desk: dict[str, Any], clock: Clock) -> list[Issue]:
    """A ticket for each dealer that is being connected at the end."""
    made = []
    for slot, text in _texts("onboardings.toml").items():
        clock.rng.seed(slot)
        ops = clock.rng.choice(desk["people"]["ops"][:4])
        name, *_ = (desk["coming"] | desk["dealers"]).get(text["dealer"], [text["dealer"]])
        created = clock.moment(text["week"], text["weekday"], 8)
        values = {"tier": 1, "status": "Open", "assignee": ops, "summary": text["summary"], "dealer": name}
        values |= {"description": text["description"].strip(), "priority": "Medium", "requested_at": created}
        issue = Issue(slot, "SUP", "Onboarding", created, ops, values | {"provider": text["provider"]})
        for step in text["steps"]:
            moment = clock.moment(step["week"], step["weekday"], step["hour"])
            issue.say(moment, ops, step.get("says"))
            if "status" in step:
                issue.change(moment + timedelta(seconds=20), ops, status=step["status"])
        made.append(issue)
    return made


def _engineering(rows: list[Row], tickets: dict[str, Issue], clock: Clock, desk: dict[str, Any]) -> list[Issue]:
    """Engineering issues: one for each text, shared by the tickets of its story within twelve weeks."""
    texts = _texts("engineering.toml")
    by_story: dict[str, list[tuple[str, Text]]] = {}
    for slot, text in texts.items():
        by_story.setdefault(text["story"], []).append((slot, text))
    made: dict[str, Issue] = {}
    for row in rows:
        if row["journey"] not in ("t3link", "own", "latelink"):
            continue
        clock.rng.seed(f"engineering {row['slot']}")
        own = row["journey"] == "own"
        pool = by_story["generic"] if own else by_story.get(row["story"], by_story["generic"])
        slot, text = pool[min(len(pool) - 1, int(row["week"]) // 20)] if not own else clock.rng.choice(pool)
        ident = f"{slot}-{'own' if own else 'eng'}-{int(row['week']) // 12}"
        ticket = tickets[row["slot"]]
        resolved = [at for at, _, values in ticket.events if ("status", "Resolved") in values]
        if not resolved:
            continue
        if row["journey"] == "latelink":
            linked = clock.later(resolved[-1], 24 * 16, 24 * 22)
        else:
            linked = ticket.created + (resolved[0] - ticket.created) * 0.45
        if ident not in made:
            worker = clock.rng.choice(desk["people"]["integration" if own else "engineering"])
            made[ident] = _change(ident, text, linked - timedelta(minutes=20), worker, clock)
        ticket.links.append((max(linked, made[ident].created + timedelta(minutes=1)), "Escalation", made[ident]))
    return list(made.values())


def _change(slot: str, text: Text, created: datetime, worker: str, clock: Clock) -> Issue:
    values = {"status": "Open", "assignee": None, "summary": text["summary"], "priority": "Medium"}
    issue = Issue(slot, "PENG", "Task", created, "int-1", values | {"description": text["description"].strip()})
    taken = clock.later(created, 0.1, 8)
    issue.change(taken, worker, assignee=worker, status="In Progress")
    merged = clock.later(taken, 24, 200)
    issue.change(merged, worker, status="Resolved", resolution="Done", merged_at=merged)
    return issue


def _actions(rows: list[Row], tickets: dict[str, Issue], clock: Clock, desk: dict[str, Any]) -> list[Issue]:
    """What the weekly meeting decided: each action is linked to a ticket of what it is meant to end."""
    made = []
    for number, (slot, text) in enumerate(_texts("actions.toml").items()):
        clock.rng.seed(f"action {slot}")
        week = 6 + int(number * 2.4)
        created = clock.moment(week, 1, 10)
        seen = [row for row in rows if row["story"] == text["story"] and int(row["week"]) < week]
        target = [f"target:{seen[-1]['provider']}/{seen[-1]['category']}"] if seen else []
        owner = clock.rng.choice(desk["people"]["integration"])
        values = {"status": "Open", "assignee": owner, "summary": text["summary"], "priority": "Medium"}
        values |= {
            "labels": ["escalation-action", f"action-{text['kind']}", *target],
            "description": text["description"].strip(),
        }
        issue = Issue(slot, "SUP", "Task", created, desk["people"]["lead"], values)
        if seen:
            issue.links.append((created + timedelta(minutes=3), "Relates", tickets[seen[-1]["slot"]]))
        if number % 5 != 4:
            issue.change(clock.later(created, 48, 300), owner, status="Resolved", resolution="Done")
        made.append(issue)
    return made


def _duplicates(rows: list[Row], tickets: dict[str, Issue]) -> None:
    """Link each duplicate to the latest earlier ticket of its story, of its dealer if there is one."""
    for row in rows:
        if row["journey"] == "dup":
            issue = tickets[row["slot"]]
            earlier = [r for r in rows if r["story"] == row["story"] and tickets[r["slot"]].created < issue.created]
            earlier.sort(key=lambda r: (r["dealer"] == row["dealer"], tickets[r["slot"]].created))
            resolved = next((at for at, _, values in issue.events if ("status", "Resolved") in values), None)
            if earlier and resolved:
                issue.links.append((resolved - timedelta(minutes=1), "Duplicate", tickets[earlier[-1]["slot"]]))


def _number(issues: list[Issue]) -> None:
    count = {"SUP": 0, "PENG": 0}
    for number, issue in enumerate(issues, 20001):
        count[issue.project] += 1
        issue.number, issue.key = number, f"{issue.project}-{count[issue.project]}"


def _write_criteria(desk: dict[str, Any], monday: date, out: Path) -> None:
    if out.exists():
        shutil.rmtree(out)
    (out / "runbooks").mkdir(parents=True)
    joined = (monday + timedelta(weeks=21)).isoformat()
    site = (HERE / "site.toml").read_text().replace("{moved}", joined)
    (out / "site.toml").write_text(site)
    began = (monday + timedelta(weeks=15)).replace(day=1)  # so that the last week lies in the role's sixth month
    targets = files("analysis").joinpath("criteria", "targets.toml").read_text()
    (out / "targets.toml").write_text(targets.replace("# start_date = 2026-06-01", f"start_date = {began}"))
    dealers = [["dealer_id", "name", "aliases", "provider", "live_from", "live_until"]]
    for dealer, (name, aliases, provider, live) in (desk["dealers"] | desk["coming"]).items():
        since = monday + timedelta(weeks=live - 1 if live else -20)
        dealers.append([dealer, name, "|".join(aliases), provider, since.isoformat(), ""])
    _csv(out / "dealers.csv", dealers)
    before = (monday - timedelta(weeks=30)).isoformat()
    _csv(out / "access.csv", [["access", "from", "to"], ["tekion-hub", before, ""], ["xtime-admin", before, ""]])
    for ident, (provider, category, week, access, signature, phrases) in desk["runbooks"].items():
        body = (HERE / "runbooks" / f"{ident}.md").read_text().strip()
        published = monday + timedelta(weeks=week - 1)
        head = [
            "---",
            f"id: {ident}",
            f"title: {json.dumps(body.splitlines()[0].removeprefix('# '), ensure_ascii=False)}",
            f"provider: {provider}",
            f"category: {category}",
            f"signature: {json.dumps(signature)}",
            f"applies_when: {json.dumps(phrases)}",
            "audience: ops",
            f"needs_access: {json.dumps(access)}",
            f"published: {published.isoformat()}",
            f"announced: {(published + timedelta(weeks=1)).isoformat()}",
            "---",
        ]
        (out / "runbooks" / f"{ident}.md").write_text("\n".join(head) + f"\n\n{body}\n")


def _write_truth(rows: list[Row], tickets: dict[str, Issue], now: datetime, out: Path) -> None:
    """What was planted, one line for each escalated ticket that exists at the end."""
    out.mkdir(parents=True, exist_ok=True)
    repeats = _repeats(rows, tickets, now)
    copied = ["family", "dealer", "provider", "category", "root_cause", "also_mentions", "entered", "journey"]
    head = [
        "slot",
        "ticket_key",
        *copied,
        "verdict_at_escalation",
        "verdict",
        "criterion",
        "runbook",
        "reply",
        "repeat_of",
    ]
    lines = [head]
    for row in rows:
        if tickets[row["slot"]].key:
            told = [row["verdict_then"], row["verdict"], row["criterion"], row["runbook"], row["reply"]]
            known = [row["slot"], tickets[row["slot"]].key, *(row[name] for name in copied)]
            lines.append([*known, *told, repeats.get(row["slot"], "")])
    _csv(out / "escalations.csv", lines)


def _repeats(rows: list[Row], tickets: dict[str, Issue], now: datetime) -> dict[str, str]:
    """Slot → key of the same dealer's latest ticket of the same family that was resolved at most 90 days before."""
    found = {}
    for row in rows:
        new = tickets[row["slot"]]
        if not row["family"] or row["dealer"] == "unknown" or not new.key:
            continue
        best: tuple[datetime, str] | None = None
        for other in rows:
            old = tickets[other["slot"]]
            if other is row or (other["family"], other["dealer"]) != (row["family"], row["dealer"]) or not old.key:
                continue
            for resolved in _standing_resolutions(old, now):
                if new.created - timedelta(days=90) <= resolved <= new.created:
                    best = max(best or (resolved, old.key), (resolved, old.key))
        if best:
            found[row["slot"]] = best[1]
    return found


def _standing_resolutions(issue: Issue, now: datetime) -> list[datetime]:
    """When it was resolved, without what a reopening within 14 days took back."""
    steps = sorted(
        (at, dict(values)["status"]) for at, _, values in issue.events if "status" in dict(values) and at <= now
    )
    found, done = [], False
    for number, (at, status) in enumerate(steps):
        if status in DONE and not done:
            back = next((later for later, s in steps[number + 1 :] if s not in DONE), None)
            if back is None or back - at > timedelta(days=14):
                found.append(at)
        done = status in DONE
    return found


def _csv(path: Path, lines: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


if __name__ == "__main__":
    main()
