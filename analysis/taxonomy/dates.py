"""Dates in the criteria that cannot be."""

from datetime import date

from analysis.errors import CriteriaError
from analysis.taxonomy.models import Criteria
from analysis.taxonomy.overlay import RUNBOOKS


def refuse_future(criteria: Criteria, today: date) -> None:
    """Raise `CriteriaError` where a runbook was written or announced on a day that is still to come."""
    for book in criteria.runbooks:
        for name, day in (("published", book.published), ("announced", book.announced)):
            if day and day > today:
                raise CriteriaError(
                    f"{RUNBOOKS}: {book.id}: {name} {day} is still to come; write the day on which it was, or leave "
                    "the runbook out until then"
                )
