"""Templates → text. Everything that comes from a ticket is escaped here, once, by Jinja."""

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports import markdown

TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "day": day, "moment": moment, "plural": plural, "figure": figure}
    environment.filters |= {"inline": markdown.inline, "code": markdown.code, "quote": markdown.quote}
    environment.filters |= {"scalar": markdown.scalar}
    return environment


def render(template: str, **values: Any) -> str:
    """Fill a template of `reports/templates`; a missing value is an error."""
    return _environment().get_template(template).render(**values)


def percent(share: float | None) -> str:
    """0.783 → `78 %`; nothing to divide by → `–`."""
    return "–" if share is None or share != share else f"{share * 100:.0f} %"


def figure(value: float | None, statistic: str) -> str:
    """A number as its statistic is told: shares as a percentage, others with at most one decimal."""
    if statistic == "share":
        return percent(value)
    return "–" if value is None or value != value else f"{value:.1f}".removesuffix(".0")


def day(value: date | datetime) -> str:
    """`16 Nov 2026`."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime | None) -> str:
    """`16 Nov 2026, 14:05`; none → `–`."""
    return "–" if value is None or value != value else f"{value.day} {value:%b %Y, %H:%M}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 ticket`, `2 tickets`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
