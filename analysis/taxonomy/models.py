"""The shapes of the criteria; their names and allowed values are those of the files."""

import re
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from analysis.taxonomy.entry import Entry, Id, Slug, Text
from analysis.taxonomy.site_models import Site
from analysis.taxonomy.verdict_models import Access, Criterion, NormalDelay, Outage, Runbook

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
