"""The shapes of the criteria; their names and allowed values are those of the files."""

import re
from datetime import date, time
from functools import cached_property
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, field_validator, model_validator

from analysis.taxonomy.entry import Entry, Id, Slug, Text
from analysis.taxonomy.verdict_models import Access, Criterion, NormalDelay, Outage, Runbook

Tier = Annotated[int, Field(ge=0, le=3)]
Label = Annotated[str, StringConstraints(pattern=r"^[^\s,]{1,100}$")]  # Jira's labels hold no blanks
CODE_PROVIDER_WEIGHT, CODE_CATEGORY_WEIGHT = 6.0, 9.0
Measure = Literal[
    "understands_integrations",
    "ops_feedback",
    "merged_changes",
    "runbooks_in_use",
    "handled_alone",
    "integration_success",
    "resolution_without_tier3",
    "containment",
    "repeats_per_dealer",
    "criteria_met",
    "customer_documents",
    "volume_per_dealer",
    "volume_per_head",
    "deal_losses",
]
Party = Literal["provider", "dealer", "ops"]


class Provider(Entry):
    """An integration partner, with the other names a Jira field may give it."""

    id: Id
    name: Text
    aliases: tuple[Text, ...] = ()
    colour: Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")] = "#6b7280"


class Category(Entry):
    """A failure category; `can_repeat` is false where nothing failed (a question, a wish, a wait)."""

    id: Id
    text: Text
    can_repeat: bool = True
    aliases: tuple[Text, ...] = ()


class RootCause(Entry):
    """What turned out to be the cause, with the other names that a Jira field or resolution may give it."""

    id: Id
    text: Text
    aliases: tuple[Text, ...] = ()


class RuleSpec(Entry):
    """A tagging rule as written in rules.toml.

    `words` are whole words or phrases in any case; `regex` are RE2 expressions; `codes` are error codes and host
    names, which stand in codes.csv; `unless` are phrases or words that silence the rule. A `hint` is weighed, but does
    not tag alone; a `negative` rule's own words deny something, so that a "not" before them silences nothing.
    `matches` and `ignores` are examples that `check` and the tests try.
    """

    id: Slug
    provider: Id | None = None
    category: Id | None = None
    words: tuple[Text, ...] = ()
    regex: tuple[Text, ...] = ()
    codes: tuple[Text, ...] = ()
    unless: tuple[Text, ...] = ()
    hint: bool = False
    negative: bool = False
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    matches: tuple[Text, ...]
    ignores: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.provider is None) == (self.category is None):
            raise ValueError("give either provider or category")
        if not self.words and not self.regex and not self.codes:
            raise ValueError("give words or regex")
        if not self.matches:
            raise ValueError("give at least one example in matches")
        return self

    @property
    def file(self) -> str:
        """The criteria file in which it stands."""
        return "codes.csv" if self.codes else "rules.toml"


class Code(Entry):
    """An error code, message or host name and what it tells (codes.csv)."""

    code: Text
    provider: Id | None = None
    category: Id | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.provider is None and self.category is None:
            raise ValueError("give provider, category or both")
        if not re.search(r"[A-Za-z0-9]", self.code):
            raise ValueError("write a code with a letter or digit")
        return self

    def rules(self) -> tuple[RuleSpec, ...]:
        """One rule for each thing it tells; a code outweighs any words."""
        told = (("provider", self.provider, CODE_PROVIDER_WEIGHT), ("category", self.category, CODE_CATEGORY_WEIGHT))
        slug = re.sub(r"[^A-Za-z0-9]+", "-", self.code).strip("-").lower()
        return tuple(
            RuleSpec.model_validate(
                {
                    "id": f"code-{slug}-{kind}",
                    kind: value,
                    "codes": (self.code,),
                    "weight": weight,
                    "matches": (self.code,),
                }
            )
            for kind, value, weight in told
            if value
        )


class TierSource(Entry):
    """One way this Jira shows a ticket's tier; the first source that speaks wins."""

    kind: Literal["field", "team", "assignee", "status", "component"]
    field: Text | None = None
    values: dict[str, Tier] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind in ("field", "team") and not self.field:
            raise ValueError(f"kind {self.kind} needs field, the name or id of the Jira field")
        if self.kind != "assignee" and not self.values:
            raise ValueError(f"kind {self.kind} needs values, from what Jira shows to 0, 1, 2 or 3")
        return self


class Member(Entry):
    """A person's place on the desk, by Jira account id (Cloud) or user key (Data Center)."""

    id: Text
    tier: Tier
    team: str = ""
    since: date | None = Field(default=None, alias="from")
    until: date | None = Field(default=None, alias="to")
    ruler: bool = False


class WorkingHours(Entry):
    """When the desk works, in the reporting zone."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ("mon", "tue", "wed", "thu", "fri")
    start: time = time(8)
    end: time = time(17)
    holidays: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.start >= self.end:
            raise ValueError("start must be before end")
        return self


class SiteFields(Entry):
    """Jira fields, by name or id, that are not standard; leave out what this Jira does not have."""

    provider: Text | None = None
    category: Text | None = None
    root_cause: Text | None = None
    dealer: Text | None = None
    requested_at: Text | None = None
    accepted_at: Text | None = None
    occurred_at: Text | None = None
    merged_at: Text | None = None
    deployed_at: Text | None = None
    confirmed_at: Text | None = None
    live_at: Text | None = None
    runbook_used: Text | None = None
    ops_blocked_by: Text | None = None
    outcome: Text | None = None


class TierMap(Entry):
    """How this Jira shows the tier; `default` is the tier of a ticket about which no source speaks."""

    default: Tier | None = None
    source: tuple[TierSource, ...] = ()


class Tier3(Entry):
    """Where engineering works, which links to its issues mean that it was called upon, and what only it may change.

    `reserved` are labels or components of its issues: changes that Tier 2 may not make.
    """

    projects: tuple[Text, ...] = ()
    link_types: tuple[Text, ...] = ()
    reserved: tuple[Text, ...] = ()


class Exclude(Entry):
    """Resolutions that take an escalation out of the shares; each is counted and listed."""

    duplicate: tuple[Text, ...] = ()
    cancelled: tuple[Text, ...] = ()
    duplicate_links: tuple[Text, ...] = ("Duplicate",)


class Outcomes(Entry):
    """What a resolution, or the mapped field `outcome`, says that an escalation ended in, by name."""

    fix: tuple[Text, ...] = ()
    runbook: tuple[Text, ...] = ()
    tool: tuple[Text, ...] = ()
    trained: tuple[Text, ...] = ()
    returned: tuple[Text, ...] = ()
    not_ours: tuple[Text, ...] = ()
    neither: tuple[Text, ...] = ()


class NotTickets(Entry):
    """Issues of the desk's projects that are not tickets: actions of the meeting, for example."""

    issue_types: tuple[Text, ...] = ()
    labels: tuple[Text, ...] = ()


class Onboardings(Entry):
    """Tickets that connect a dealer to a provider: of one of these issue types, labels or components."""

    issue_types: tuple[Text, ...] = ()
    labels: tuple[Text, ...] = ()
    components: tuple[Text, ...] = ()


class Statuses(Entry):
    """Statuses by name or id: which are done (where Jira's own category misleads), and who waits for whom.

    `usually_done` speaks only for a status about which the source is silent: an export tells the category of the
    statuses that tickets have now, not of those they had.
    """

    done: tuple[Text, ...] = ()
    not_done: tuple[Text, ...] = ()
    usually_done: tuple[Text, ...] = ("Done", "Resolved", "Closed")
    waiting_on: dict[Party, tuple[Text, ...]] = Field(default_factory=dict)


class Site(Entry):
    """How this Jira says what the program needs to know (site.toml)."""

    reporting_zone: Text
    working_hours: WorkingHours = WorkingHours()
    fields: SiteFields = SiteFields()
    tier: TierMap = TierMap()
    tier3: Tier3 = Tier3()
    exclude: Exclude = Exclude()
    outcomes: Outcomes = Outcomes()
    not_tickets: NotTickets = NotTickets()
    onboardings: Onboardings = Onboardings()
    statuses: Statuses = Statuses()
    top_priorities: tuple[Text, ...] = ("Highest", "Critical", "Blocker")
    release_lag_days: Annotated[int, Field(ge=0, le=365)] = 7
    pushed_back_label: Label = "pushed-back"
    member: tuple[Member, ...] = ()

    @field_validator("reporting_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no time zone {zone!r}; use a name such as America/Denver") from error
        return zone

    @model_validator(mode="after")
    def _onboardings_are_tickets(self) -> Self:
        for key in ("issue_types", "labels"):
            left_out = {word.casefold() for word in getattr(self.not_tickets, key)}
            for word in getattr(self.onboardings, key):
                if word.casefold() in left_out:
                    raise ValueError(
                        f"{key} {word!r} stands in onboardings and in not_tickets; an onboarding is a ticket"
                    )
        return self


class Dealer(Entry):
    """A dealer with the names people type for it (dealers.csv)."""

    dealer_id: Slug
    name: Text
    aliases: tuple[str, ...] = ()
    provider: Id | None = None
    live_from: date | None = None
    live_until: date | None = None


class Target(Entry):
    """A row of the scorecard: what is measured, by when, and what is better."""

    month: Annotated[int, Field(ge=1, le=60)]
    measure: Measure
    title: Text
    better: Literal["up", "down", "assessed"]
    target: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.better == "assessed" and self.target is not None:
            raise ValueError("what a person assesses has no target")
        return self


class Targets(Entry):
    """What the role is held to (targets.toml); `role_group` is a team of the site's members."""

    start_date: date | None = None
    role_group: Text | None = None
    target: tuple[Target, ...] = ()


class Criteria(Entry):
    """Everything the criteria files say, with the hash of each file's bytes."""

    taxonomy_version: str
    precision: float
    providers: tuple[Provider, ...]
    categories: tuple[Category, ...]
    root_causes: tuple[RootCause, ...]
    rules: tuple[RuleSpec, ...]
    site: Site
    criteria: tuple[Criterion, ...]
    normal_delays: tuple[NormalDelay, ...]
    dealers: tuple[Dealer, ...]
    access: tuple[Access, ...]
    outages: tuple[Outage, ...]
    runbooks: tuple[Runbook, ...]
    targets: Targets
    file_hashes: dict[str, str]

    @cached_property
    def provider_ids(self) -> frozenset[str]:
        """Ids of all providers."""
        return frozenset(provider.id for provider in self.providers)

    @cached_property
    def category_ids(self) -> frozenset[str]:
        """Ids of all failure categories."""
        return frozenset(category.id for category in self.categories)
