"""What a run is given and what it gives: settings, criteria, how a step is done; counts, page, notes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Protocol, TypeVar

from analysis.suspicions import Suspicion
from analysis.taxonomy import Criteria
from pipelines.settings import Settings

Say = Callable[[str], None]
T = TypeVar("T")


class Do(Protocol):
    """How a step is done: a flow makes a task of it, the command line just calls it."""

    def __call__(self, name: str, step: Callable[[], T], /) -> T:
        """Do the step of that name; give what it gives."""


def plainly(_: str, step: Callable[[], T], /) -> T:
    """Just call it."""
    return step()


class Publishing(Enum):
    """Whether a run stores what it prints, and whether final weeks follow other rules, model and definitions."""

    NO = "no"
    PUBLISH = "publish"
    RESTATE = "restate"
    BACKFILL = "backfill"


@dataclass(frozen=True)
class Order:
    """What every step of a run is given."""

    settings: Settings
    criteria: Criteria
    say: Say
    do: Do
    run_id: str
    publishing: Publishing = Publishing.NO
    is_rendered: bool = True


@dataclass(frozen=True)
class Result:
    """What a run did, for people and programs; fields of steps that did not run are None.

    `counts` are what the steps counted, `tag_sources` how many tags came from where, `suspicions` what looks as if
    something were wrong.
    """

    run_id: str
    as_of: datetime | None = None
    n_issues: int | None = None
    n_changed: int | None = None
    week: date | None = None
    page: Path | None = None
    notes: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    tag_sources: dict[str, int] = field(default_factory=dict)
    suspicions: tuple[Suspicion, ...] = ()
