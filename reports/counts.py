"""The counts of a week that are no measures: the tickets behind each, and where these are listed."""

from collections.abc import Container, Iterable
from typing import Any

from reports.tables import Row
from reports.wording import anchor

Key = tuple[str, str, str]
OF_FAMILIES = ("patterns", "remedy_effects")  # counts of families, of which only some have a page


class Counts:
    """Measure, form and group → the tickets that are counted, the newest first; a list for each that counts any.

    `members` are rows of measure, variant, group_key, issue_id and escalation_no, `tickets` rows of issue_id with what
    is told of a ticket, `families` those that have a page.
    """

    def __init__(self, members: Iterable[Row], tickets: Iterable[Row], families: Container[int]) -> None:
        told = {row["issue_id"]: row for row in tickets}
        self.lists: dict[Key, list[Row]] = {}
        for row in members:
            measure, group, ticket = row["measure"], row["group_key"], told.get(row["issue_id"])
            is_shown = measure not in OF_FAMILIES or int(group.partition("/")[0]) in families
            if ticket is not None and is_shown:
                one = ticket | {"escalation_no": row["escalation_no"]}
                self.lists.setdefault((measure, row["variant"], group), []).append(one)
        for rows in self.lists.values():
            rows.sort(key=lambda row: (row["came_at"], row["issue_id"]), reverse=True)

    def href(self, measure: str, variant: str, group: Any = "all") -> str | None:
        """Where the tickets are listed, within the week's folder; None where none is counted."""
        key = (measure, variant, str(group))
        return f"numbers/{anchor(measure)}.html#{anchor(variant, str(group))}" if key in self.lists else None
