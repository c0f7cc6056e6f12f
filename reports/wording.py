"""What ids of ours are called on every page, in messages and in exports."""

from datetime import date, datetime, timedelta

VERDICTS = {
    "should_have_handled": "OPS could have handled it",
    "incomplete": "rightly escalated, information was missing",
    "justified": "rightly escalated",
    "unclear": "unclear",
}
STANDINGS = {
    "claimed": "claimed, OPS may still reply",
    "agreed": "agreed",
    "contested": "contested, nobody has ruled yet",
    "withdrawn": "withdrawn by a ruling",
    "unanswered": "claimed, OPS did not answer",
}
ENTERED = {"from_ops": "from OPS", "born": "made at Tier 2 or above", "skipped_tier2": "straight to Tier 3"}
PARTIES = {
    "ours": "with us",
    "provider": "waiting for the provider",
    "dealer": "waiting for the dealer",
    "ops": "waiting for OPS",
}
HOLDERS = {
    "provider": "the provider",
    "dealer": "the dealer",
    "ops": "OPS",
    "tier1": "OPS",
    "tier2": "Tier 2",
    "tier3": "Tier 3",
    "ours": "Tier 2",
}
TAG_KINDS = {"provider": "Provider", "failure_category": "Failure category", "root_cause": "Root cause, once resolved"}
TAG_SOURCES = {
    "answer": "a person's answer",
    "field": "a Jira field",
    "rule": "a rule",
    "classifier": "the classifier",
    "none": "nothing: untagged",
}
SIGNALS = {
    "provider_untagged": "escalations without a provider",
    "category_untagged": "escalations without a failure category",
    "rule_against_classifier": "tickets on which rules and classifier disagree",
    "new_words": "tickets with many new words",
}
CAUSES = {
    "late_data": "data that came late",
    "reopen": "a reopening",
    "correction": "a tag that a person corrected",
    "rules": "other rules",
    "model": "another classifier",
    "definition": "another definition",
}
CURES = {
    "runbook": "a runbook for OPS",
    "permanent_fix": "a permanent fix",
    "chase_provider": "chasing the provider",
    "train": "training OPS",
    "give_access": "giving OPS access",
}
OUTCOMES = {
    "fix": "a fix",
    "runbook": "a runbook",
    "tool": "a tool",
    "trained": "training",
    "returned": "returned to OPS",
    "not_ours": "not ours to end",
    "neither": "nothing lasting",
}
STATES = {
    "new": "new",
    "ongoing": "ongoing",
    "contained": "contained by a runbook",
    "fixed": "fixed",
    "regressed": "came back after a fix",
    "quiet": "quiet",
}
LIFE = {
    "first_seen": "first seen",
    "came_back": "came back at a dealer where it had been resolved",
    "regressed": "came back after the fix",
    "quiet": "13 weeks without it",
    "merged": "change merged",
    "deployed": "change deployed",
    "assumed_deployed": "change assumed deployed",
    "confirmed": "the provider confirmed a correction",
    "runbook_announced": "runbook announced to OPS",
    "runbook_ended": "runbook replaced",
    "took_in": "took in another family",
    "split_off": "a ticket was split off another family",
    "lost": "a ticket went elsewhere",
}
REMEDIES = {"change": "Change", "confirmation": "Confirmed by the provider in", "runbook": "Runbook"}
WHY_NOW = {
    "overdue": "beyond the provider's normal time",
    "soon_overdue": "about to pass the provider's normal time",
    "top_priority": "top priority",
    "push_back": "a push-back is possible now",
    "incomplete": "OPS is to hand over what is missing",
    "ours": "waits for our answer",
    "waiting": "somebody else holds the ball",
}
COUNTED = {
    "of_before": "all before the runbook",
    "kept_before": "kept before the runbook",
    "of_since": "all since the runbook, or in 13 weeks",
    "kept_since": "kept since the runbook, or in 13 weeks",
    "before": "in the weeks before",
    "since": "in the weeks since",
    "recent": "in 13 weeks",
    "would_end": "those that the cure would have ended",
    "without_tier3": "resolved without Tier 3, over the weeks that the share pools",
    "resolved": "resolved",
    "touched_tier3": "touched Tier 3",
    "through_ops": "through OPS",
    "compared": "all but cancelled ones",
    "open": "open",
    "resolution_without_tier3": "resolved without Tier 3",
}
WHY_NOT = {
    "knowledge": "OPS did not know how",
    "access": "OPS lacked the access",
    "information": "the ticket said too little",
    "process": "it was known, and not done",
}
CLAIMS = {"should_have_handled": "yours to handle", "incomplete": "rightly escalated, but badly handed over"}
MONTHS = {1: "Month 1", 3: "Month 3", 6: "Month 6", 12: "Year 1"}
STEPS = {"requested_at": "request", "accepted_at": "acceptance"}
PER_CENT = "\u00a0%"


def words(value: str | None) -> str:
    """An id of ours in words; none is untagged."""
    return (value or "untagged").replace("_", " ")


def percent(share: float | None) -> str:
    """0.783 → `78 %`, held together; nothing to divide by → `–`."""
    return "–" if share is None or share != share else f"{share * 100:.0f}{PER_CENT}"


def interval(low: float | None, high: float | None) -> str:
    """0.63, 0.89 → `63–89 %`."""
    return f"{percent(low).removesuffix(PER_CENT)}–{percent(high)}"


def day(value: date | datetime | None) -> str:
    """`16 Nov 2026`; none → `–`."""
    return "–" if value is None or value != value else f"{value.day} {value:%b %Y}"


def moment(value: datetime | None) -> str:
    """`16 Nov 2026, 14:05`; none → `–`."""
    return "–" if value is None or value != value else f"{value.day} {value:%b %Y, %H:%M}"


def known_at(value: datetime | None) -> str:
    """A moment of which the day alone is known, midnight, as that day; others as they are."""
    return day(value) if value is not None and (value.hour, value.minute) == (0, 0) else moment(value)


def deadline(value: datetime | None) -> str:
    """Midnight as the end of the day before: `the end of 27 Nov 2026`."""
    if value is not None and (value.hour, value.minute) == (0, 0):
        return f"the end of {day(value - timedelta(days=1))}"
    return moment(value)


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 ticket`, `2 tickets`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def number(value: float | None) -> str:
    """At most one decimal; none → `–`."""
    return "–" if value is None or value != value else f"{value:.1f}".removesuffix(".0")


def span(hours: float | None) -> str:
    """So many hours as people say it: `40 min`, `5 h`, `3 days`."""
    if hours is None or hours != hours:
        return "–"
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 48 else plural(round(hours / 24), "day")


def cut(text: str | None, most: int = 90) -> str:
    """A text on one line, of at most so many characters."""
    line = " ".join((text or "")[: 4 * most].split())
    return line if len(line) <= most else f"{line[:most].rsplit(' ', 1)[0].rstrip()} …"


def capital(text: str) -> str:
    """With a capital first letter; the others stay."""
    return f"{text[:1].upper()}{text[1:]}"


def sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    return f"{capital(text)}{'' if text.endswith(('.', '!', '?', '…')) else '.'}"


def anchor(*parts: str) -> str:
    """An id for a place on a page, or a name for a file: letters, digits, hyphens and underscores only."""
    return "-".join("".join(c if c.isascii() and (c.isalnum() or c == "_") else "-" for c in part) for part in parts)
