"""site.toml and dealers.csv as rows, so that SQL can join them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from analysis.errors import CriteriaError
from analysis.taxonomy import Criteria, Site, WorkingHours
from analysis.text import name_key

Row = dict[str, Any]
Roles = Mapping[str, tuple[str | None, str]]
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2050, 1, 1)
ALWAYS = date(1970, 1, 1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# whose past the SQL needs
TRACKED = frozenset(("status", "assignee", "priority", "provider", "category", "runbook_used", "ops_blocked_by"))
TRACKED |= {"dealer", "requested_at", "accepted_at", "occurred_at"}


def site_tables(criteria: Criteria, roles: Roles) -> dict[str, list[Row]]:
    """Rows for the tables of core that repeat what the criteria files say."""
    site = criteria.site
    members = [
        {"person_id": m.id, "tier": m.tier, "team": m.team, "is_ruler": m.ruler}
        | {"since": m.since or ALWAYS, "until": m.until}
        for m in site.member
    ]
    return {
        "site": [
            {"reporting_zone": site.reporting_zone, "default_tier": site.tier.default}
            | {"has_tier3_members": any(m.tier == 3 for m in site.member), "release_lag_days": site.release_lag_days}
        ],
        "field_roles": list(_field_roles(site, roles)),
        "tier_values": [
            {"source_no": number, "value": value.casefold(), "tier": tier}
            for number, source in enumerate(site.tier.source)
            for value, tier in source.values.items()
        ],
        "status_rules": list(_status_rules(site)),
        "members": members,
        "dealers": [
            d.model_dump(include={"dealer_id", "name", "provider", "live_from", "live_until"}) for d in criteria.dealers
        ],
        "dealer_names": _dealer_names(criteria),
        "word_rules": list(_word_rules(site)),
        "calendar": list(_calendar(site.reporting_zone, site.working_hours)),
    }


def _field_roles(site: Site, roles: Roles) -> Iterator[Row]:
    for role, (field_id, name) in roles.items():
        is_tier = role.startswith("tier_")
        if not is_tier and role not in TRACKED:
            continue
        number = int(role.removeprefix("tier_")) if is_tier else None
        kind = site.tier.source[number].kind if number is not None else None
        keys = {field_id, name.lower()} | ({"component"} if kind == "component" else set())  # its name in a changelog
        for key in sorted(key for key in keys if key):
            yield {
                "role": role,
                "field_key": key,
                "kind": "tier" if is_tier else "value",
                "source_no": number,
                "source_kind": kind,
            }


def _status_rules(site: Site) -> Iterator[Row]:
    words: dict[str, Row] = {}
    for party, names in site.statuses.waiting_on.items():
        for name in names:
            words.setdefault(name.casefold(), {})["waiting_on"] = party
    for is_done, names in ((True, site.statuses.done), (False, site.statuses.not_done)):
        for name in names:
            words.setdefault(name.casefold(), {})["is_done"] = is_done
    for name in site.statuses.usually_done:
        words.setdefault(name.casefold(), {})["is_usually_done"] = True
    for value, said in words.items():
        told = {"is_done": said.get("is_done"), "waiting_on": said.get("waiting_on")}
        yield {"value": value, "is_usually_done": said.get("is_usually_done", False), **told}


def _dealer_names(criteria: Criteria) -> list[Row]:
    """Each name once. Raises `CriteriaError` where two dealers share a name."""
    owner: dict[str, str] = {}
    for dealer in criteria.dealers:
        for name in (dealer.name, dealer.dealer_id, *dealer.aliases):
            key = name_key(name)
            if owner.setdefault(key, dealer.dealer_id) != dealer.dealer_id:
                raise CriteriaError(
                    f"dealers.csv: dealer {dealer.dealer_id}: the name {name!r} also means {owner[key]}; "
                    "a name means one dealer"
                )
    return [{"name_key": key, "dealer_id": dealer} for key, dealer in sorted(owner.items()) if key]


def _word_rules(site: Site) -> Iterator[Row]:
    lists = {
        "tier3_project": site.tier3.projects,
        "tier3_link": site.tier3.link_types,
        "duplicate_link": site.exclude.duplicate_links,
        "duplicate": site.exclude.duplicate,
        "cancelled": site.exclude.cancelled,
        "not_ticket_type": site.not_tickets.issue_types,
        "not_ticket_label": site.not_tickets.labels,
        "onboarding_type": site.onboardings.issue_types,
        "onboarding_label": site.onboardings.labels,
        "onboarding_component": site.onboardings.components,
        "top_priority": site.top_priorities,
        "reserved": site.tier3.reserved,
        "pushed_back_label": (site.pushed_back_label,),
        **{f"outcome_{name}": words for name, words in site.outcomes},
    }
    for kind, words in lists.items():
        for word in sorted({word.casefold() for word in words}):
            yield {"kind": kind, "value": word}


@lru_cache(maxsize=8)
def _calendar(zone_name: str, hours: WorkingHours) -> tuple[Row, ...]:
    """Working days with their hours in UTC; a day on which the clocks change keeps its local hours."""
    return tuple(_working_days(ZoneInfo(zone_name), hours))


def _working_days(zone: ZoneInfo, hours: WorkingHours) -> Iterator[Row]:
    days, holidays = {DAYS.index(day) for day in hours.days}, set(hours.holidays)
    before, day = 0.0, FIRST_DAY
    while day < LAST_DAY:
        if day.weekday() in days and day not in holidays:
            opens, closes = (
                datetime.combine(day, moment, zone).astimezone(UTC).replace(tzinfo=None)
                for moment in (hours.start, hours.end)
            )
            yield {"work_date": day, "opens_at": opens, "closes_at": closes, "hours_before": before}
            before += (closes - opens).total_seconds() / 3600
        day += timedelta(days=1)
