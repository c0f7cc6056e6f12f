"""Templates → text. Everything that comes from a ticket is escaped here, once, by Jinja."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports import markdown, wording

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
    told = (
        "percent",
        "day",
        "moment",
        "known_at",
        "deadline",
        "plural",
        "number",
        "span",
        "words",
        "anchor",
        "cut",
        "capital",
        "sentence",
    )
    environment.filters |= {name: getattr(wording, name) for name in told} | {"figure": figure}
    environment.filters |= {"inline": markdown.inline, "code": markdown.code, "quote": markdown.quote}
    environment.filters |= {"scalar": markdown.scalar, "link": markdown.link, "quote_page": markdown.quote_page}
    environment.globals |= {"wording": wording}
    return environment


def render(template: str, **values: Any) -> str:
    """Fill a template of `reports/templates`; a missing value is an error."""
    return _environment().get_template(template).render(**values)


def figure(value: float | None, statistic: str) -> str:
    """A number as its statistic is told: shares as a percentage, others with at most one decimal."""
    return wording.percent(value) if statistic == "share" else wording.number(value)
