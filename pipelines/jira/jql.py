"""Pieces of JQL that mean the same in every account's time zone and language."""

from datetime import UTC, datetime


def quoted(name: str) -> str:
    """A name as a JQL string."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def millis(moment: datetime) -> int:
    """A moment (naive UTC) as JQL takes it without a zone: a bare number of milliseconds."""
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def updated_since(moment: datetime | None) -> str:
    """The condition, or nothing. Never an upper bound: what is touched all the time would be missed for ever."""
    return f" AND updated >= {millis(moment)}" if moment else ""
