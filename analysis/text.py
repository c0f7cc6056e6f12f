"""Normalising of what people and programs type: characters, times, names."""

import re
import unicodedata
from datetime import UTC, datetime

EPOCH_MILLISECONDS = 100_000_000_000  # an integer from here on counts milliseconds, below it seconds
VARYING = re.compile(  # what differs from ticket to ticket: ids, dates, times, numbers; HTTP statuses stay
    r"\b(?=[0-9a-fA-F])(?:(?P<uuidtok>[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,}\b)"
    r"|(?P<datetok>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?)?\b)"
    r"|(?P<timetok>\d{1,2}:\d\d(?::\d\d)?\s?(?:[aApP][mM])?\b)"
    r"|(?P<numtok>(?!(?:[245]\d\d)\b)\d+\b))"
)
FORMULA_STARTS = tuple("=+-@＝＋－＠")  # some spreadsheets take the wide ones as well
OLDEST, NEWEST = datetime(1980, 1, 1), datetime(2200, 1, 1)


def clean(text: str) -> str:
    """Replace what no database or matcher takes: NULs and lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _has_surrogate(text) else text


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def printable(text: str | None) -> str:
    """A text as one line without what a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text or "").split())


def spreadsheet_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.strip().startswith(FORMULA_STARTS) else text


def parse_moment(value: object) -> datetime | None:
    """A Jira time (ISO with any offset, epoch seconds or milliseconds) as naive UTC; None where it is none.

    Jira's own document shows changelog times both as strings and as integers.
    """
    moment: datetime
    try:
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, int | float):
            seconds = value / 1000 if abs(value) >= EPOCH_MILLISECONDS else value
            moment = datetime.fromtimestamp(seconds, UTC)
        elif isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
        else:
            return None
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if OLDEST <= moment <= NEWEST else None


def without_ids(text: str) -> str:
    """The text with ids, dates, times and numbers replaced by words that stand for them."""
    return VARYING.sub(lambda found: f" {found.lastgroup} ", text)


def is_remote_link(field_name: str | None) -> bool:
    """Whether a changelog item tells of a link to the outside: RemoteIssueLink, since 2025 RemoteWorkItemLink."""
    name = (field_name or "").casefold()
    return name.startswith("remote") and name.endswith("link")


def name_key(name: str) -> str:
    """A name without case, accents and punctuation, for comparing; the SQL makes the same of what was typed."""
    plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isascii() and c.isalnum() else " " for c in plain.lower()).split())
