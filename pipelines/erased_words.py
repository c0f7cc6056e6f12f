"""Keys, account ids and people's names wherever they stand in an issue, and what stands there instead."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = dict[str, Any]
ERASED_PERSON = "a person who was erased"
ID_KEYS = ("accountId", "key", "name")


def hash_of_person(account: str) -> str:
    """By what a person is known again whose account id is not kept."""
    return hashlib.sha256(f"escalations {account}".encode()).hexdigest()


def key_pattern(key: str) -> str:
    """A regular expression that finds a key, and not another one that begins or ends like it."""
    return rf"\b{re.escape(key)}\b"


def renamed_keys(issue: Json, renamed: Mapping[str, str]) -> Json:
    """The issue with other keys wherever they are written, also within words."""
    patterns = [(re.compile(key_pattern(old)), new) for old, new in renamed.items()]

    def rename(text: str) -> str:
        for pattern, new in patterns:
            text = pattern.sub(new, text)
        return text

    made: Json = _map_strings(issue, rename)
    return made


def without_persons(issue: Json, pseudonyms: Mapping[str, str]) -> Json:
    """The issue with pseudonyms for account ids, and without the names and addresses that stand beside those ids."""
    names = {text for user in _users(issue, pseudonyms) for text in _names(user)}
    bare = _without_users(issue, pseudonyms)
    made: Json = renamed_persons(bare, dict(pseudonyms) | dict.fromkeys(names, ERASED_PERSON))
    return made


def renamed_persons(value: Any, words: Mapping[str, str]) -> Any:
    """A value with other words wherever these stand, as words of their own, in any case; the longest first."""
    if not words:
        return value
    found = re.compile(
        "|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in sorted(words, key=len, reverse=True)), re.IGNORECASE
    )
    told = {one.casefold(): new for one, new in words.items()}
    return _map_strings(value, lambda text: found.sub(lambda hit: told[hit[0].casefold()], text))


def names_of(issue: Json, account: str) -> set[str]:
    """Names and addresses that stand beside an account id in an issue."""
    return {text for user in _users(issue, {account: ""}) for text in _names(user)}


def _names(user: Mapping[str, Any]) -> Iterator[str]:
    for name in ("displayName", "emailAddress"):
        if isinstance(user.get(name), str) and len(user[name]) > 3:
            yield user[name]


def _users(value: Any, ids: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if any(value.get(name) in ids for name in ID_KEYS if isinstance(value.get(name), str)):
            yield value
        for one in value.values():
            yield from _users(one, ids)
    elif isinstance(value, list):
        for one in value:
            yield from _users(one, ids)


def _without_users(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        if "displayName" in value or "accountId" in value:
            known = [name for name in ID_KEYS if isinstance(value.get(name), str) and value[name] in ids]
            if known:
                return {name: ids[value[name]] for name in known}
        return {name: _without_users(one, ids) for name, one in value.items()}
    return [_without_users(one, ids) for one in value] if isinstance(value, list) else value


def account_ids(value: Any) -> set[str]:
    """What may be account ids: of people's objects, mentions and changelog items."""
    found: set[str] = set()
    if isinstance(value, Mapping):
        found |= {value[name] for name in (*ID_KEYS, "id", "from", "to") if isinstance(value.get(name), str)}
        for one in value.values():
            found |= account_ids(one)
    elif isinstance(value, list):
        for one in value:
            found |= account_ids(one)
    return found


def _map_strings(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _map_strings(one, change) for name, one in value.items()}
    return [_map_strings(one, change) for one in value] if isinstance(value, list) else value
