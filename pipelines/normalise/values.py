"""Jira's many shapes of a value → clean, masked text and ids."""

import re
from collections.abc import Mapping
from typing import Any

from analysis.masking import mask_secrets
from analysis.text import clean
from pipelines.normalise.adf import is_document, text_of

# Ids of people as a changelog writes them: Cloud's account ids, Data Center's keys, and [key, key] of a list
ACCOUNT = r"[0-9]{1,12}:[0-9a-f-]{24,40}|(?:ug|qm):[\w:-]{20,60}|[0-9a-f]{24}|JIRAUSER[0-9]+"
PEOPLE = re.compile(rf"(?:{ACCOUNT})(?:, ?(?:{ACCOUNT}))*|\[(?!\s*[0-9, ]*\])[^\[\]]+\]")
MAX_DEPTH = 20  # lists in lists that a field's value is followed into


def person_id(user: object) -> str | None:
    """Account id (Cloud), else key or name (Data Center); None for automation, anonymous and erased people."""
    if not isinstance(user, Mapping):
        return None
    for key in ("accountId", "key", "name"):
        if user.get(key):
            return clean(str(user[key]))
    return None


def name_of(value: object) -> str | None:
    """The name of a status, priority, resolution, project … object; a plain string is its own name."""
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("value") or value.get("key")
    return clean(str(value)) if value is not None and str(value).strip() else None


def id_of(value: object) -> str | None:
    """The id of a status, option … object."""
    return clean(str(value["id"])) if isinstance(value, Mapping) and value.get("id") is not None else None


def entries_of(fields: Mapping[str, Any], field: str) -> list[Any]:
    """Comments or worklogs: in a block with their count, as Jira sends them, or in a bare list, as some exports do."""
    block = fields.get(field)
    found: list[Any] | None = block.get(f"{field}s") if isinstance(block, Mapping) else block
    return found or []


def names_people(value_id: object) -> bool:
    """Whether the id of a changelog item has the shape of people's: then the text beside it is their names."""
    return isinstance(value_id, str) and PEOPLE.fullmatch(value_id) is not None


def body_text(value: object) -> str | None:
    """A description or comment, wiki string or document, cleaned and masked."""
    if isinstance(value, Mapping) and is_document(value):
        value = text_of(value)
    if not isinstance(value, str) or not value.strip():
        return None
    return mask_secrets(clean(value))


def field_values(value: object, depth: int = 0) -> list[tuple[str | None, str]]:
    """(id, text) of each value that a field holds: strings, numbers, options, cascades, users, arrays, documents."""
    if value is None or value == "" or depth > MAX_DEPTH:
        return []
    if isinstance(value, list):
        return [pair for part in value for pair in field_values(part, depth + 1)]
    if is_document(value):
        text = body_text(value)
        return [(None, text)] if text else []
    if isinstance(value, Mapping):
        return _option(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as the changelog and site.toml write it
    return [(None, mask_secrets(clean(str(value).strip())))] if str(value).strip() else []


def _option(value: Mapping[str, Any]) -> list[tuple[str | None, str]]:
    person = person_id(value) if "accountId" in value or "displayName" in value else None
    if person:
        return [(person, person)]
    text = name_of(value)
    child = name_of(value.get("child"))
    if not text:
        return []
    return [(id_of(value), mask_secrets(f"{text} / {child}" if child else text))]
