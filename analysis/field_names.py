"""What an explicit Jira field, label or resolution means: its spellings → our tags."""

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.taxonomy import Criteria
from analysis.text import name_key


@dataclass(frozen=True)
class FieldNames:
    """Spellings that a Jira field may hold, by kind of tag: name key → tag."""

    known: dict[str, dict[str, str]]

    @classmethod
    def of(cls, criteria: Criteria) -> "FieldNames":
        """Ids, names and aliases of taxonomy.toml."""
        provider = {name_key(n): p.id for p in criteria.providers for n in (p.id, p.name, *p.aliases)}
        category = {name_key(n): c.id for c in criteria.categories for n in (c.id, *c.aliases)}
        cause = {name_key(n): c.id for c in criteria.root_causes for n in (c.id, *c.aliases)}
        return cls({"provider": provider, "failure_category": category, "root_cause": cause})

    def tag(self, kind: str, value: str | None) -> str | None:
        """The tag that a field's value means; None where it is empty or nobody knows it."""
        return self.known[kind].get(name_key(value)) if value else None

    def rows(self) -> Iterator[dict[str, str]]:
        """Rows of core.tag_names."""
        for kind, names in self.known.items():
            for key, value in names.items():
                yield {"kind": kind, "name_key": key, "value": value}
