"""Is everything healthy: criteria, warehouse, targets, and, where a Jira is set, connection, account and mapping.

Each finding is one line with what to do. Nothing is written or sent, and no ticket text is shown.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from analysis.errors import EscalationsError
from analysis.taxonomy import Criteria, criteria_files, read_criteria
from analysis.text import name_key
from analysis.warehouse import Warehouse
from pipelines.alerts import open_problems, wrong_urls
from pipelines.deliver.reach import reach
from pipelines.desk_lock import Holder, holder_of, warehouse_to_read
from pipelines.erased_files import begun
from pipelines.field_catalogue import FieldCatalogue
from pipelines.known import cursors
from pipelines.live import live_source
from pipelines.published_copy import age_of, published_file
from pipelines.settings import Settings

Say = Callable[[str], None]
EXPIRY_WARNING_DAYS = 14
MOST_NAMES = 8
OLD_RUN = timedelta(days=8)  # longer than a week, for who runs it by hand once a week
OLD_COPY = timedelta(hours=3)  # by which the copy for BI tools may be behind the last good run
GIB = 1 << 30
TO_PUSH_BACK = {"ADD_COMMENTS": "Add Comments", "EDIT_ISSUES": "Edit Issues"}


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it stands (ok, look or wrong), and in words."""

    what: str
    state: str
    text: str


def examine(settings: Settings, say: Say) -> list[Finding]:
    """Look at everything that can be looked at; nothing is written but what opening a warehouse brings up to date."""
    found: list[Finding] = []
    try:
        criteria = read_criteria(settings.criteria_folder)
    except EscalationsError as error:
        return [Finding("criteria", "wrong", str(error))]
    found += check_criteria(criteria, str(settings.criteria_folder or "the packaged defaults"))
    found += check_own(settings.criteria_folder)
    if settings.jira_url:
        found += guarded("jira", lambda: _look_at_jira(settings, criteria, say))
    if settings.warehouse_file.exists():
        found += guarded("warehouse", lambda: _look_at_warehouse(settings))
    else:
        found.append(Finding("warehouse", "look", f"{settings.warehouse_file}: not there yet; run `escalations run`"))
    found += guarded("copy", lambda: [check_copy(settings)])
    found.append(check_disk(settings))
    found.append(check_lock(holder_of(settings.warehouse_file)))
    found += check_erasing(settings)
    return [*found, *check_telling(settings), *check_targets(settings)]


def _look_at_warehouse(settings: Settings) -> list[Finding]:
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        return list(check_warehouse(warehouse, datetime.now(UTC).replace(tzinfo=None)))


def _look_at_jira(settings: Settings, criteria: Criteria, say: Say) -> list[Finding]:
    jira = live_source(settings, criteria, say)
    from pipelines.jira import probe

    connection, plan = jira.connection, jira.plan()
    name, zone = probe.account_and_zone(connection, plan)
    now = datetime.now(UTC).replace(tzinfo=None)
    host = jira.source_id.removeprefix("jira:")
    found = [
        Finding("connection", "ok", f"{host} is a Jira {probe.deployment(plan)}"),
        Finding("account", "ok", f"{name}, whose zone is {zone or 'not told'}"),
        clock_difference(connection.server_now, now),
        check_token(settings.jira_token_expires, now.date()),
    ]
    if not jira.projects:
        found.append(Finding("projects", "wrong", "jira_projects lists none; set it, such as SUP,PENG"))
    for project in jira.projects:
        ask = partial(probe.permissions, connection, plan, project)
        writes = settings.triage_comments if project in settings.jira_projects else None
        found += check_permissions(ask, project, writes)
    return [*found, *check_fields(criteria, probe.field_names(connection, plan))]


def check_disk(settings: Settings) -> Finding:
    """Whether the disk holds what a run and a migration may write: the warehouse, its copies, raw lines."""
    place = next(path for path in (settings.home.resolve(), *settings.home.resolve().parents) if path.exists())
    free = shutil.disk_usage(place).free
    size = settings.warehouse_file.stat().st_size if settings.warehouse_file.exists() else 0
    if not os.access(place, os.W_OK):
        return Finding("disk", "wrong", f"{place} may not be written; see to its rights, or give another home")
    told = f"{free / GIB:.1f} GiB free at {place}, the warehouse has {size / GIB:.2f} GiB"
    if free < size + GIB / 4:
        return Finding("disk", "wrong", f"{told}; make room, a run writes at least as much again")
    return Finding("disk", "ok" if free > 3 * size + GIB else "look", told)


def check_lock(holder: Holder | None) -> Finding:
    """Who writes at this moment; the lock of a run that was killed is free."""
    return Finding("lock", "ok", f"{holder} is writing" if holder else "nobody is writing")


def check_telling(settings: Settings) -> Iterator[Finding]:
    """Whether anybody is told when something is wrong, and what was announced and is not over."""
    wrong = list(wrong_urls(settings))
    for text in wrong:
        yield Finding("messages", "wrong", text)
    if not settings.notify_urls:
        yield Finding("messages", "look", "nobody is told when a run fails; set notify_urls")
    elif not wrong:
        yield Finding("messages", "ok", f"{len(settings.notify_urls)} addresses are told when something is wrong")
    for text in open_problems(settings):
        yield Finding("announced", "look", text)


def check_targets(settings: Settings) -> Iterator[Finding]:
    """Whether a week could be brought to each target; nothing is sent to find out."""
    for target in settings.targets:
        try:
            yield Finding(f"target {target.name}", "ok", reach(target))
        except EscalationsError as error:
            yield Finding(f"target {target.name}", "wrong", str(error))


def check_own(folder: Path | None) -> Iterator[Finding]:
    """Which criteria files are the desk's own, and which of these say what the shipped ones say."""
    shipped, used = criteria_files(None), criteria_files(folder)
    own = {name: path for name, path in used.items() if path != shipped.get(name)}
    same = [name for name, path in own.items() if name in shipped and path.read_bytes() == shipped[name].read_bytes()]
    other = sorted(set(own) - set(same))
    if other:
        yield Finding("own criteria", "ok", f"differ from what is shipped: {', '.join(other)}")
    if same:
        why = "remove those that you do not mean to change, so that an upgrade reaches them"
        yield Finding("own criteria", "look", f"the same as shipped: {', '.join(sorted(same))}; {why}")


def check_copy(settings: Settings) -> Finding:
    """How old the copy is that BI tools read; it is brought up to date hourly, where runs are made."""
    age = age_of(settings)
    if age is None:
        return Finding("copy", "look", f"{published_file(settings)}: not there yet; a run makes it")
    told = f"made {age.published_at:%Y-%m-%d %H:%M} UTC, as of {age.as_of:%Y-%m-%d %H:%M} UTC"
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        last = warehouse.value("select max(recorded_at) from state.runs where outcome = 'done'")
    if last and last - age.published_at > OLD_COPY:
        return Finding("copy", "look", f"{told}, older than the last good run; is the disk full? run `escalations run`")
    return Finding("copy", "ok", told)


def guarded(what: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """The findings of one look; what a person can put right becomes a finding instead of ending the rest."""
    try:
        return list(look())
    except EscalationsError as error:
        return [Finding(what, "wrong", str(error))]


def check_criteria(criteria: Criteria, folder: str) -> Iterator[Finding]:
    """What the criteria files hold, and what they lack to be of use."""
    counts = f"{len(criteria.rules)} rules, {len(criteria.runbooks)} runbooks, {len(criteria.dealers)} dealers"
    yield Finding("criteria", "ok", f"{folder}: {counts}")
    if not criteria.dealers:
        yield Finding("criteria", "look", "dealers.csv lists nobody, so no ticket has a dealer and nothing can repeat")
    if not any(runbook.audience == "ops" for runbook in criteria.runbooks):
        yield Finding("criteria", "look", "no runbook for OPS, so nothing can be pushed back for want of following one")
    if not any(member.tier == 3 for member in criteria.site.member):
        yield Finding(
            "criteria", "look", "site.toml lists no member of Tier 3, so every linked issue counts as a touch"
        )


def check_warehouse(warehouse: Warehouse, now: datetime) -> Iterator[Finding]:
    """What is loaded, when it last went well, which dealers match nobody, and one ticket as it is read."""
    version, source = warehouse.rows("select schema_version, source_id from state.meta")[0]
    n_tickets = warehouse.value("select count(*) from core.tickets")
    yield Finding("warehouse", "ok", f"state version {version}, {n_tickets} issues of {source or 'no source yet'}")
    last = warehouse.value("select max(recorded_at) from state.runs where outcome = 'done'")
    told = f"last good run ended {last:%Y-%m-%d %H:%M} UTC" if last else "no run has ended well yet"
    is_old = last is not None and now - last > OLD_RUN
    yield Finding("runs", "ok" if last and not is_old else "look", told)
    aside = cursors(warehouse).get("set_aside")
    if aside:
        yield Finding("set aside", "look", f"Jira failed to give the issues with ids {aside}; each run asks again")
    if n_tickets and warehouse.has("core.ticket_facts"):
        yield from _dealers(warehouse)
        yield from _one_ticket(warehouse)


def _dealers(warehouse: Warehouse) -> Iterator[Finding]:
    rows = warehouse.rows("""
        select dealer_text, count(*) from core.ticket_facts
        where dealer_id is null and dealer_text is not null and is_ticket
        group by all order by 2 desc, 1
    """)
    if not rows:
        yield Finding("dealers", "ok", "every dealer that was typed is in dealers.csv")
        return
    known = [name for (name,) in warehouse.rows("select name_key from core.dealer_names")]
    for name, count in rows[:MOST_NAMES]:
        near = get_close_matches(name_key(name), known, 1, 0.75)
        hint = f"; is it {near[0]!r}? then add it as an alias" if near else "; add it, or an alias"
        yield Finding("dealers", "look", f"{name!r} matches nobody in dealers.csv ({count} tickets){hint}")
    if len(rows) > MOST_NAMES:
        yield Finding("dealers", "look", f"{len(rows) - MOST_NAMES} more names match nobody")


def _one_ticket(warehouse: Warehouse) -> Iterator[Finding]:
    """The newest ticket without its words: a person who knows it sees whether it is read rightly."""
    row = warehouse.rows("""
        select t.ticket_key, t.status, f.status_category, f.tier, f.dealer_id, f.dealer_text, t.changelog,
            (select count(*) from core.changes c where c.issue_id = t.issue_id),
            (select count(*) from core.comments c where c.issue_id = t.issue_id)
        from core.tickets t join core.ticket_facts f using (issue_id)
        where f.is_ticket order by t.updated_at desc, t.issue_id desc limit 1
    """)
    for key, status, category, tier, dealer, typed, changelog, n_changes, n_comments in row:
        told = (
            f"{key}: status {status} ({category or 'category unknown'}), tier {tier if tier is not None else 'unknown'}"
        )
        told += f", dealer {dealer or (repr(typed) + ' (unknown)' if typed else 'none')}"
        yield Finding("a ticket", "ok", f"{told}; {n_changes} changes ({changelog} changelog), {n_comments} comments")


def check_fields(criteria: Criteria, names: Mapping[str, str]) -> Iterator[Finding]:
    """Which mapped fields this Jira has; near misses by name."""
    for role, (field_id, name) in sorted(FieldCatalogue.of(criteria.site, names).roles.items()):
        wanted = role.startswith("tier_") or role in criteria.site.fields.model_dump(exclude_none=True)
        if not wanted:
            continue
        if field_id is not None and (field_id in names or not field_id.startswith("customfield_")):
            yield Finding("fields", "ok", f"{role}: {name} ({field_id})")
            continue
        near = get_close_matches(name.casefold(), [n.casefold() for n in names.values()], 3, 0.6)
        hint = f"; near: {', '.join(sorted({n for n in names.values() if n.casefold() in near}))}" if near else ""
        yield Finding(
            "fields", "look", f"{role}: this Jira has no field {name!r}{hint}; map it in site.toml or leave it out"
        )


def check_token(expires: date | None, today: date) -> Finding:
    """Jira does not tell when a token expires; a person may."""
    if expires is None:
        return Finding("token", "look", "Jira does not tell when a token expires; set jira_token_expires to be warned")
    days = (expires - today).days
    if days < 0:
        return Finding("token", "wrong", f"the token expired on {expires}; make a new one")
    state = "look" if days <= EXPIRY_WARNING_DAYS else "ok"
    return Finding("token", state, f"the token expires on {expires}, in {days} days")


def check_permissions(ask: Callable[[], Mapping[str, Any]], project: str, writes: bool | None) -> Iterator[Finding]:
    """Whether the account may do what the desk wants, by Jira's own list of permissions.

    `writes`: first looks are written as comments; without it only a person pushes back; None where nothing is written.
    """
    try:
        told = ask().get("permissions") or {}
    except EscalationsError as error:
        yield Finding("permissions", "wrong", f"{project}: {error}")
        return
    may = {name for name, one in told.items() if (one or {}).get("havePermission")}
    if "BROWSE_PROJECTS" not in may:
        yield Finding("permissions", "wrong", f"{project}: the account may not browse it; grant it Browse Projects")
        return
    yield Finding("permissions", "ok", f"{project}: the account may browse it")
    if writes is None:
        return
    if writes and "ADD_COMMENTS" not in may:
        why = "triage_comments is on, and the account may not comment; grant it Add Comments"
        yield Finding("permissions", "wrong", f"{project}: {why}, or set triage_comments to false")
        return
    missing = [words for name, words in TO_PUSH_BACK.items() if name not in may]
    if missing:
        told_so = f"`pushback --post` would be refused; grant it {' and '.join(missing)} where that is wanted"
        yield Finding("permissions", "look" if writes else "ok", f"{project}: {told_so}")
    else:
        yield Finding("permissions", "ok", f"{project}: the account may comment and label, where it is told to")


def check_erasing(settings: Settings) -> list[Finding]:
    """Whether words that were to be erased may still be there."""
    if begun(settings) is None:
        return []
    return [Finding("erasing", "look", "an erasing was cut off; `escalations forget --expired` ends it")]


def clock_difference(server: datetime, here: datetime) -> Finding:
    """How far our clock is from Jira's; cursors use Jira's, so a difference is only told."""
    seconds = abs((server - here).total_seconds())
    return Finding("clock", "ok" if seconds < 60 else "look", f"Jira's clock and ours differ by {seconds:.0f} s")
