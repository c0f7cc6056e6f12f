"""The shapes of what verdicts rest on: criteria, runbooks, normal delays, access, outages."""

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from analysis.taxonomy.entry import Entry, Id, Slug, Text

RequiredField = Literal["dealer", "occurred_at", "requested_at", "accepted_at", "runbook_used", "ops_blocked_by"]


class NormalDelay(Entry):
    """How long a provider's step takes when nothing is wrong (normal_delays.csv).

    `starts` names the mapped field that holds the moment the clock starts. The step that ends with `live_at` is the
    whole onboarding, from the request until the dealer is live.
    """

    provider: Id
    step: Text
    starts: Literal["requested_at", "accepted_at"]
    ends: Literal["live_at"] | None = None
    hours: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    effective_from: date

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.ends and self.starts != "requested_at":
            raise ValueError("the step that ends with live_at is the whole onboarding, so starts is requested_at")
        return self


class Access(Entry):
    """A screen or portal that OPS may use, with the dates (access.csv)."""

    access: Slug
    since: date = Field(alias="from")
    until: date | None = Field(default=None, alias="to")


class Outage(Entry):
    """A time during which a provider was down (outages.csv); `ended_at` is missing while it is."""

    provider: Id
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    source: Text

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.ended_at and self.ended_at <= self.started_at:
            raise ValueError("ended_at is not after started_at")
        return self


class Requirement(Entry):
    """Something that OPS must hand over, and by what one sees that it did.

    It is there where the mapped `field` held a value then, or where one of the expressions `any_of` (RE2, any case) is
    found in the ticket or its comments. Where `provider` or `category` is given it is asked of their tickets only.
    """

    what: Text
    field: Literal["dealer", "occurred_at", "requested_at", "accepted_at", "runbook_used", "ops_blocked_by"] | None = (
        None
    )
    any_of: tuple[Text, ...] = ()
    provider: Id | None = None
    category: Id | None = None

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if not self.field and not self.any_of:
            raise ValueError("give field or any_of, else nobody can tell whether it is there")
        return self


class Criterion(Entry):
    """One written rule of "OPS should have handled this", or of what a good handover holds.

    `times` and `within_days` belong to the test solved_before: how often OPS must have solved the same failure, within
    how many days before. `requires` belongs to information and checks.
    """

    id: Slug
    title: Text
    version: Annotated[int, Field(ge=1)]
    effective_from: date
    test: Literal["runbook", "normal_delay", "solved_before", "question", "already_open", "information", "checks"]
    times: Annotated[int, Field(ge=1, le=100)] | None = None
    within_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    requires: tuple[Requirement, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.requires) != (self.test in ("information", "checks")):
            raise ValueError("requires belongs to the tests information and checks, and they need it")
        if self.test != "solved_before" and (self.times or self.within_days):
            raise ValueError("times and within_days belong to the test solved_before")
        return self

    @property
    def claims(self) -> Literal["should_have_handled", "incomplete"]:
        """The verdict that it leads to where it is met."""
        return "incomplete" if self.test in ("already_open", "information", "checks") else "should_have_handled"

    @property
    def decides(self) -> str:
        """All that it says but its title, as JSON: two versions that differ in it judge otherwise."""
        return self.model_dump_json(exclude={"title"})


WHEN_TO_USE = re.compile(
    r"(?ims)^#+\s*(?:when (?:you see|to use|it applies)|applies when|symptoms?|what you see)[^\n]*\n(.*?)(?=^#|\Z)"
)
POINT = re.compile(r"(?m)^\s*(?:[-*+]|\d+[.)])\s+|\n\s*\n")  # a point of a list, or a paragraph
EMPHASIS = re.compile(r"(?<!\w)[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}(?!\w)|`")


class Runbook(Entry):
    """A runbook: front matter, body, and the hash of its text.

    It applies to a ticket whose text matches `signature` (RE2) or one of the `applies_when` phrases, and
    whose tags do not contradict provider and category. `because_of` are the keys of the tickets that it was made or
    revised for. `page` is its address where it lives in a wiki: a ticket that links to it was worked with it.
    """

    id: Slug
    title: Text
    provider: Id | None = None
    category: Id | None = None
    signature: tuple[Text, ...] = ()
    applies_when: tuple[Text, ...] = ()
    audience: Literal["ops", "integration", "dealer"]
    needs_access: tuple[Slug, ...] = ()
    because_of: tuple[Text, ...] = ()
    page: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    version: Annotated[int, Field(ge=1)] = 1
    published: date
    announced: date | None = None
    replaced: date | None = None
    body: str = ""
    text_hash: str = ""

    @property
    def when_to_use(self) -> str:
        """The section in which it tells what one sees when it is for that; empty without one."""
        section = WHEN_TO_USE.search(self.body)
        return section[1] if section else ""

    @property
    def symptoms(self) -> tuple[str, ...]:
        """What one sees, point by point, as plain text: of that section, else the phrases by which it is found."""
        points = [" ".join(EMPHASIS.sub("", point).split()) for point in POINT.split(self.when_to_use)]
        return tuple(point for point in points if point) or self.applies_when

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.signature and not self.applies_when:
            raise ValueError("give signature or applies_when, else nobody can tell which ticket it is for")
        if self.announced and self.announced < self.published:
            raise ValueError("announced is before published")
        return self
