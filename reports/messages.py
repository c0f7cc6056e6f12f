"""What mails and chats say of a week: the headline, what could be decided, what became of earlier actions.

Whatever a ticket says comes out as words: nobody is mentioned, and no link leads anywhere but to our pages.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.text import printable
from reports.pages.decisions import actions, decisions, summary
from reports.pages.pictures import PICTURES, status_against_target
from reports.pages.review import before, closed_verdicts, lately
from reports.render import render
from reports.tables import Row
from reports.week import Week
from reports.wording import cut, day, interval, percent, plural

CHARTS = ("resolution_without_tier3", "repeats", "ops_should_have_handled")
STATES = {"restated": "final, restated", "final": "final", "settled": "settled, not published"}
MOST_IN_CHAT = 3  # decisions; a chat is no page
REPLACED = str.maketrans({"@": "(at)", "＠": "(at)", "﹫": "(at)", "<": "‹", ">": "›", "`": "'", "*": "∗"})
# What clients make a link, a mention or a channel of without being asked
SCHEME = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*):(?=//|\\\\)|\b(mailto|tel|sms|javascript|vbscript|data|file):")
HOST_DOT = re.compile(r"(?<=[^\W_])[.．。｡](?=[^\W\d_]{2})")
LINK_END, HASH = re.compile(r"\]\("), re.compile(r"#(?=\w)")


def inert(text: str | None) -> str:
    """A text as one line that no mail or chat client obeys: no address, mention, channel, markup or direction."""
    text = printable(text).translate(REPLACED)
    text = SCHEME.sub(lambda found: f"{found[1] or found[2]}[:]", text).replace("://", "[:]//")
    return HASH.sub("# ", LINK_END.sub("] (", HOST_DOT.sub("[.]", text)))


@dataclass(frozen=True)
class Message:
    """A mail's or chat's words; `html` shows pictures as `cid:NAME`."""

    subject: str
    text: str
    html: str = ""


def week_summary(week: Week) -> Row:
    """What messages are made of, as plain values that JSON takes; nothing in it is escaped or made inert yet."""
    state = week.state_of(week.monday)
    row = week.numbers["resolution_without_tier3/by_resolution"].row
    pictures = {name: PICTURES[name](week) for name in CHARTS if name in PICTURES}
    return {
        "week": week.name,
        "days": f"{day(week.monday)} to {day(week.sunday)}",
        "zone": week.zone_name,
        "state": STATES.get(state, f"provisional until {day(week.settles_on)}"),
        "share": percent(row["value"]) if row["n"] else None,
        "headline": headline(week),
        "decisions": [{"title": d["title"], "text": d["text"], "keys": d["keys"][:6]} for d in decisions(week)],
        "actions": summary(actions(week)),
        "charts": [{"name": name, "title": one.title, "subtitle": one.subtitle} for name, one in pictures.items()],
    }


def headline(week: Week) -> list[str]:
    """The first sentences of the review."""
    volume, back = week.numbers["volume/escalations"].row, week.numbers["repeats/same_failure_week"].row
    usual = lately(week)
    beside = f" ({usual:.0f} a week in the 13 weeks before)" if usual is not None else ""
    came = f"{plural(volume['numerator'], 'escalation')}{beside}"
    if not volume["numerator"]:
        return [f"{came}; nothing was escalated.", _resolved(week)]
    again = f"{back['numerator']} had been resolved before and came back."
    return [f"{came}.", again, _claimed(week), _resolved(week)]


def _claimed(week: Week) -> str:
    claimed = week.numbers["ops_should_have_handled/claimed_week"].row["numerator"]
    closed = closed_verdicts(week)
    if not closed or not closed["is_this_week"]:
        return f"{claimed} OPS should have handled, as the program claims; OPS may still reply."
    forms = [f"{closed['counts'][form]} {form}" for form in ("contested", "withdrawn", "unanswered")]
    said = [f"{closed['counts']['agreed']} agreed", *(form for form in forms if not form.startswith("0 "))]
    return f"OPS should have handled {claimed}{': ' + ', '.join(said) if claimed else ''}."


def _resolved(week: Week) -> str:
    row = week.numbers["resolution_without_tier3/by_resolution"].row
    weeks = plural(row["n_weeks_pooled"], "week")
    if not row["n"]:
        return f"Nothing was resolved in the last {weeks}, so there is no share without Tier 3."
    of = f"{row['numerator']} of {row['denominator']} in {weeks}, {interval(row['low'], row['high'])}"
    earlier = before(week)
    touches = f", {earlier['denominator'] - earlier['numerator']} in the {weeks} before" if earlier else ""
    return (
        f"Resolved without Tier 3: {percent(row['value'])} ({of}), target 80 %: {status_against_target(row)}. "
        f"Tier 3 was called upon {plural(row['denominator'] - row['numerator'], 'time')}{touches}."
    )


def chat(told: Mapping[str, Any], address: str | None) -> Message:
    """A few lines of plain text; the last is the link to the review, where pages have an address."""
    found = told["decisions"]
    lines = [*_opening(told), *(f"{n}. {_cut(one['title'])}" for n, one in enumerate(found[:MOST_IN_CHAT], 1))]
    if len(found) > MOST_IN_CHAT:
        lines.append(f"… and {len(found) - MOST_IN_CHAT} more.")
    return Message(subject(told), "\n".join(lines + _link(told, address)))


def mail(told: Mapping[str, Any], address: str | None, pictures: Sequence[str]) -> Message:
    """The same in HTML and as plain text, with every decision; `pictures` names the charts of which there is one."""
    lines = _opening(told)
    for number, one in enumerate(told["decisions"], 1):
        keys = f" ({', '.join(inert(key) for key in one['keys'])})" if one["keys"] else ""
        lines += ["", f"{number}. {_cut(one['title'])}", f"   {inert(one['text'])}{keys}"]
    if told["actions"]:
        lines += ["", f"Earlier actions: {inert(told['actions'])}"]
    values = {"told": told, "inert": inert, "address": address, "review": review_address(told, address)}
    html = render("mail.html.j2", subject=subject(told), pictures=pictures, **values)
    return Message(subject(told), "\n".join(lines + _link(told, address)) + "\n", html)


def subject(told: Mapping[str, Any]) -> str:
    """One line of our own words and numbers: nothing of a ticket stands in it."""
    share = f": {told['share']} without Tier 3" if told["share"] else ""
    return printable(f"Escalations {told['week']}{share}")


def review_address(told: Mapping[str, Any], address: str | None) -> str | None:
    """Where the week's review is, if pages have an address."""
    return f"{address.rstrip('/')}/{told['week']}/index.html" if address else None


def _opening(told: Mapping[str, Any]) -> list[str]:
    lines = [f"Week {told['week']}, {told['days']}, {inert(told['zone'])}; {told['state']}."]
    lines += [printable(line) for line in told["headline"]]
    if told["decisions"]:
        return [*lines, "To decide:"]
    return [*lines, "Nothing asks for a decision."]


def _cut(text: str) -> str:
    return inert(cut(text, 120))


def _link(told: Mapping[str, Any], address: str | None) -> list[str]:
    review = review_address(told, address)
    return ["", f"Review: {review}"] if review else []
