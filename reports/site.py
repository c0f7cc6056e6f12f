"""The week's site: every page, the style and script they share, and the index that search reads. A list, before it is written."""

import json
from collections.abc import Iterator

from reports.charts import library
from reports.pages import families, numbers, onboarding, ops, providers, queue, review, scorecard, tickets
from reports.render import TEMPLATES
from reports.tables import Page
from reports.week import Week
from reports.wording import anchor, cut, words

PAGES = (review, scorecard, queue, ops, onboarding, providers, families, tickets, numbers)


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
    """Rows of address, title, and what else is told and searched of it; set as a variable, for a file may not be fetched."""
    rows = [
        [page.path, page.title, "page"]
        for page in made
        if page.path.count("/") == 0 or page.path.endswith("index.html")
    ]
    rows += [[row["href"], row["name"], "provider"] for row in week.providers.values() if row["href"]]
    rows += [
        [
            row["href"],
            cut(row["title"], 100),
            f"pattern, {week.provider_name(row['provider'])}, {words(row['failure_category'])}",
        ]
        for row in week.families.values()
    ]
    seen: set[int] = set()
    for row in reversed(week.escalations.values()):
        if row["issue_id"] not in seen and row["issue_id"] in week.files:
            seen.add(row["issue_id"])
            told = ", ".join(
                part for part in (row["dealer"] or "", row["provider_name"], words(row["failure_category"])) if part
            )
            rows.append(
                [week.hrefs[row["ticket_key"]], f"{row['ticket_key']} {cut(row['summary'], 100)}", cut(told, 90)]
            )
    rows += [
        [f"ops.html#{anchor(row['runbook_id'])}", f"{row['runbook_id']} {row['title']}", "runbook"]
        for row in week.rows("runbooks")
    ]
    text = json.dumps(rows, ensure_ascii=True, separators=(",", ":"))
    return f"window.searchIndex = {text.replace('<', chr(92) + 'u003c')};\n"
