"""Paging that ends: tokens that repeat, pages that are empty or short, totals that move."""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.errors import SourceError

Json = dict[str, Any]
EMPTY_PAGES = 5  # in a row, while Jira still hands out a token
MOST_PAGES = 100_000


def by_token(ask: Callable[[Json], Json], body: Json) -> Iterator[Json]:
    """Pages of a route with `nextPageToken`, until none is handed out; `isLast` is not believed.

    Raises `SourceError` where Jira hands out the same token twice or ever more empty pages.
    """
    seen: set[str] = set()
    empty = 0
    token: str | None = None
    for _ in range(MOST_PAGES):
        page = ask(body if token is None else {**body, "nextPageToken": token})
        yield page
        token = page.get("nextPageToken")
        if not token:
            return
        if token in seen:
            raise SourceError("Jira hands out the same page again and again; nothing was stored, try again later")
        seen.add(token)
        empty = 0 if any(isinstance(value, list) and value for value in page.values()) else empty + 1
        if empty > EMPTY_PAGES:
            raise SourceError("Jira keeps handing out empty pages; nothing was stored, try again later")
    raise SourceError(f"Jira hands out more than {MOST_PAGES} pages; ask for fewer projects")


def whole_list(ask: Callable[[int], Json], first: Json, name: str) -> list[Any]:
    """All entries of a list that Jira gave in part: `first` holds `name`, `total`; `ask(start)` gives more.

    Entries that move between pages are taken once, by id. A route that knows no pages, and gives all of
    them again and again, ends too.
    """
    entries = {str(entry["id"]): entry for entry in first.get(name) or []}
    total = int(first.get("total") or 0)
    start = len(entries)
    while len(entries) < total and start <= total:
        page = ask(start)
        got = page.get(name) or []
        entries |= {str(entry["id"]): entry for entry in got}
        start += len(got)
        total = int(page.get("total") or 0)
        if not got:
            break
    return list(entries.values())
