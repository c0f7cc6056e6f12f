"""The counts of a week that are no measures: the tickets behind each, and where these are listed."""

from collections.abc import Callable, Iterable
from typing import Any

from reports.tables import Row
from reports.wording import anchor

Key = tuple[str, str, str]


class Counts:
    """Measure, form and group → the tickets that are counted, in order of time; a list for each that counts any.

    `tickets` are rows of issue_id with what is told of a ticket, `members` rows of measure, variant, group_key, issue_id,
    escalation_no and item_no; `is_shown` says whether some page tells of a group.
    """

    def __init__(
        self, members: Iterable[Row], tickets: Iterable[Row], is_shown: Callable[[str, str], bool] = lambda *_: True
    ) -> None:
        told = {row["issue_id"]: row for row in tickets}
        self.lists: dict[Key, list[Row]] = {}
        for row in members:
            if row["issue_id"] in told and is_shown(row["measure"], row["group_key"]):
                key = (row["measure"], row["variant"], row["group_key"])
                self.lists.setdefault(key, []).append(told[row["issue_id"]] | {"escalation_no": row["escalation_no"]})
        for rows in self.lists.values():
            rows.sort(key=lambda row: (row["came_at"], row["issue_id"]), reverse=True)

    def href(self, measure: str, variant: str, group: Any = "all") -> str | None:
        """Where the tickets are listed, within the week's folder; None where none is counted."""
        key = (measure, variant, str(group))
        return f"numbers/{anchor(measure)}.html#{anchor(variant, str(group))}" if key in self.lists else None
