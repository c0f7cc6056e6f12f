"""Which Jira field plays which role: names from site.toml found among this Jira's fields."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.taxonomy import Site
from analysis.told_names import is_customer_field

STANDARD = {
    "status": "status",
    "assignee": "assignee",
    "priority": "priority",
    "component": "components",
    "security": "security",
}


@dataclass(frozen=True)
class FieldCatalogue:
    """Role → (field id or None where this Jira has no such field, field name).

    A field is found by id, else by its name in any case; Jira names are not unique, so the first by id wins.
    `customers` are the ids of all fields whose name says that they hold a customer's name, for masking.
    """

    roles: dict[str, tuple[str | None, str]]
    customers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, site: Site, names: Mapping[str, str]) -> "FieldCatalogue":
        """Look up every field that `site` names among `names` (field id → name)."""
        wanted: dict[str, str] = {role: name for role, name in site.fields.model_dump().items() if name}
        for number, source in enumerate(site.tier.source):
            standard = STANDARD.get(source.kind)
            wanted[f"tier_{number}"] = source.field or standard or ""
        by_name: dict[str, str] = {}
        for field_id in sorted(names):
            by_name.setdefault(names[field_id].casefold(), field_id)
        roles: dict[str, tuple[str | None, str]] = {
            role: (field_id, field_id) for role, field_id in STANDARD.items() if role != "component"
        }
        for role, name in wanted.items():
            known = name in names or name.startswith("customfield_") or name in STANDARD.values()
            found = name if known else by_name.get(name.casefold())
            roles[role] = (found, names.get(found or name, name))
        customers = frozenset(field_id for field_id, name in names.items() if is_customer_field(name))
        return cls(roles, customers)
