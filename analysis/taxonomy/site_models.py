"""The shape of site.toml: how this Jira and this desk say what the program counts."""

from datetime import date, time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, field_validator, model_validator

from analysis.taxonomy.entry import Entry, Text

Tier = Annotated[int, Field(ge=0, le=3)]
Label = Annotated[str, StringConstraints(pattern=r"^[^\s,]{1,100}$")]  # Jira's labels hold no blanks
Party = Literal["provider", "dealer", "ops"]


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
