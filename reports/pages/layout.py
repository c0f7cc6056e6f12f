"""What every page has around it: the policy, the menu, the way back to the week's folder."""

from typing import Any

from reports.render import render
from reports.tables import Page, Table
from reports.week import Week

# Scripts and styles are files of the folder. The hash is that of an empty style element, the only inline style allowed:
# Plotly makes one and fills it by script, which no text of a ticket can do.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
MENU = (
    ("index.html", "Review"),
    ("scorecard.html", "Scorecard"),
    ("queue.html", "Queue"),
    ("ops.html", "For OPS"),
    ("onboarding.html", "Onboarding"),
    ("providers/index.html", "Providers"),
    ("families/index.html", "Patterns"),
)


def page(week: Week, path: str, title: str, template: str, tables: tuple[Table, ...] = (), **values: Any) -> Page:
    """A page from its template; `path` is within the week's folder."""
    root = "../" * path.count("/")
    kind = template.partition(".")[0]
    text = render(template, week=week, root=root, kind=kind, title=title, menu=MENU, policy=POLICY, **values)
    return Page(path, title, text, tables)
