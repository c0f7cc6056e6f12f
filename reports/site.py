"""The week's site as a list: every page, the style and script they share, and the index that search reads."""

import json
from collections.abc import Iterator

from reports.charts import library
from reports.pages import counts, families, numbers, onboarding, ops, providers, queue, review, scorecard, tickets
from reports.render import TEMPLATES
from reports.tables import Page, Row
from reports.week import Week
from reports.wording import anchor, cut, words

PAGES = (review, scorecard, queue, ops, onboarding, providers, families, tickets, numbers, counts)


def pages(week: Week) -> list[Page]:
    """Every page of the week, with the tables behind it."""
    return [page for module in PAGES for page in module.pages(week)]


def assets(week: Week, made: list[Page]) -> Iterator[Page]:
    """What the pages share: one style, one script, Plotly once, the search index."""
    yield Page("assets/site.css", "Style", (TEMPLATES / "site.css").read_text(encoding="utf-8") + _colours(week))
    yield Page("assets/site.js", "Script", (TEMPLATES / "site.js").read_text(encoding="utf-8"))
    yield Page("assets/plotly.js", "Charts", library())
    yield Page("assets/search.js", "Search index", _index(week, made))


def _colours(week: Week) -> str:
    return "".join(
        f".p-{anchor(one)}::before {{ background: {row['colour']}; }}\n" for one, row in week.providers.items()
    )


def _index(week: Week, made: list[Page]) -> str:
    """Rows of address, title and what else is told and searched; set as a variable, for a page may not fetch a file."""
    rows = [
        [page.path, page.title, "page"] for page in made if "/" not in page.path or page.path.endswith("/index.html")
    ]
    rows += [[row["href"], row["name"], "provider"] for row in week.providers.values() if row["href"]]
    rows += [[row["href"], cut(row["title"], 100), f"pattern, {_about(week, row)}"] for row in week.families.values()]
    found: dict[int, list[str]] = {}
    for row in reversed(week.escalations.values()):  # the newest escalation of a ticket tells of it
        if row["issue_id"] in week.files:
            told = cut(", ".join(part for part in (row["dealer"], _about(week, row)) if part), 90)
            address = week.hrefs[row["ticket_key"]]
            found.setdefault(row["issue_id"], [address, f"{row['ticket_key']} {cut(row['summary'], 100)}", told])
    rows += found.values()
    for row in week.rows("runbooks"):
        rows.append([f"ops.html#{anchor(row['runbook_id'])}", f"{row['runbook_id']} {row['title']}", "runbook"])
    text = json.dumps(rows, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return f"window.searchIndex = {text};\n"


def _about(week: Week, row: Row) -> str:
    return f"{week.provider_name(row['provider'])}, {words(row['failure_category'])}"
