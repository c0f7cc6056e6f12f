"""The part of JQL that the Jira stand-in understands. Whatever else is asked is an error, as a typing error is on Jira.

Times are whole milliseconds since 1970, UTC. Where Jira's answer is not documented, the reading is the one that finds
fewer tickets, so that an extractor which passes here does not live on the stand-in's kindness.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import cache
from typing import Protocol

EPOCH = datetime(1970, 1, 1)
MINUTE = 60_000
TOKEN = re.compile(r"""\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(<=|>=|!=|=|<|>|\(|\)|,)|([^\s"'()=<>!,]+))""")
DAY = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?: (\d{1,2}):(\d{2}))?")
PERIOD = re.compile(r"([-+]?)((?:\d+[wdhm] ?)+)")
PARTS = {"w": 7 * 24 * 60, "d": 24 * 60, "h": 60, "m": 1}
TIMES = {"updated": "updated", "updateddate": "updated", "created": "created", "createddate": "created"}
KEYS = {"id", "key", "issue", "issuekey"}
ORDERS = {**TIMES, "id": "id", "key": "key", "issuekey": "key"}
MOST_ORDERS = 7  # documented


class JqlError(Exception):
    """Jira answers 400 for the whole query."""


class ProjectLike(Protocol):
    """A project, as far as JQL looks at it."""

    @property
    def id(self) -> int: ...
    @property
    def key(self) -> str: ...


class Row(Protocol):
    """A ticket as the search index holds it."""

    @property
    def id(self) -> int: ...
    @property
    def project(self) -> ProjectLike: ...
    @property
    def number(self) -> int: ...
    @property
    def created(self) -> int: ...
    @property
    def updated(self) -> int: ...


class Known(Protocol):
    """What the asking account may name in a query."""

    def project_named(self, text: str) -> ProjectLike | None: ...
    def row_named(self, text: str) -> Row | None: ...


Test = Callable[[Row], bool]
Rank = tuple[int, ...]
COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@dataclass
class Query:
    """A query that was understood."""

    where: Test | None  # None where nothing restricts it, which Cloud refuses
    order: list[tuple[str, bool]]  # field, and whether it runs down
    moves: bool = False  # holds a time that is relative to now
    warnings: list[str] = field(default_factory=list)

    def rank(self, row: Row) -> Rank:
        """The row's place in the order; never the same for two rows."""
        made = []
        for name, down in self.order:
            if name == "updated":
                value = row.updated
            elif name == "key":
                value = _key_number(row.project.key) << 40 | row.number
            else:
                value = row.id if name == "id" else row.created
            made.append(-value if down else value)
        return (*made, -row.id)


@cache
def _key_number(key: str) -> int:
    """A project's key as a number of the same order, because a text cannot be turned round for DESC."""
    return int.from_bytes(key.encode().ljust(16, b"\0"), "big")


def parse(text: str, known: Known, zone: tzinfo, now: int, strict: bool = True) -> Query:
    """Read a query. Without `strict`, names that do not exist match nothing and warn, as with validateQuery=false."""
    return _Parser(text, known, zone, now, strict).query()


class _Parser:
    def __init__(self, text: str, known: Known, zone: tzinfo, now: int, strict: bool) -> None:
        self.known, self.zone, self.now, self.strict = known, zone, now, strict
        self.tokens: list[tuple[str, bool]] = []  # text, and whether it was quoted
        self.at, self.moves, self.warnings = 0, False, list[str]()
        text, position = text.strip(), 0
        while position < len(text):
            found = TOKEN.match(text, position)
            if not found:
                raise JqlError(f"Error in the JQL Query: The character '{text[position]}' is not expected here.")
            quoted = found[1] is not None
            raw = found[1][1:-1] if quoted else found[2] or found[3]
            self.tokens.append((re.sub(r"\\(.)", r"\1", raw) if quoted else raw, quoted))
            position = found.end()

    def query(self) -> Query:
        where = None if not self.tokens or self._is("order") else self._any_of()
        order = self._order() if self._take("order") else []
        if self.at < len(self.tokens):
            raise JqlError(f"Error in the JQL Query: Expecting end of query but got '{self.tokens[self.at][0]}'.")
        return Query(where, order, self.moves, self.warnings)

    def _is(self, word: str) -> bool:
        return self.at < len(self.tokens) and not self.tokens[self.at][1] and self.tokens[self.at][0].lower() == word

    def _take(self, word: str) -> bool:
        found = self._is(word)
        self.at += found
        return found

    def _next(self) -> tuple[str, bool]:
        if self.at >= len(self.tokens):
            raise JqlError("Error in the JQL Query: The query ends too early.")
        self.at += 1
        return self.tokens[self.at - 1]

    def _expect(self, word: str) -> None:
        if not self._take(word):
            got = self.tokens[self.at][0] if self.at < len(self.tokens) else "the end"
            raise JqlError(f"Error in the JQL Query: Expecting '{word}' but got '{got}'.")

    def _any_of(self) -> Test:
        tests = [self._all_of()]
        while self._take("or"):
            tests.append(self._all_of())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        if len(tests) == 2:  # the usual case, and it runs over every ticket
            first, second = tests
            return lambda row: first(row) and second(row)
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._take("("):
            inner = self._any_of()
            self._expect(")")
            return inner
        name, _ = self._next()
        operator = self._next()[0].lower()
        if operator == "not":
            self._expect("in")
            operator = "not in"
        values = [self._next()] if operator in COMPARE else self._list(operator)
        if name.lower() in TIMES and operator in COMPARE:
            return self._time(name, operator, *values[0])
        if name.lower() == "project" and operator in ("=", "!=", "in", "not in"):
            projects = {found.id for text, _ in values if (found := self._project(text))}
            wanted = operator in ("=", "in")
            return lambda row: (row.project.id in projects) is wanted
        if name.lower() in KEYS:
            return self._key(name, operator, [text for text, _ in values])
        if name.lower() in (*TIMES, "project"):
            raise JqlError(f"The operator '{operator}' is not supported by the '{name}' field.")
        raise JqlError(f"Field '{name}' does not exist or you do not have permission to view it.")

    def _list(self, operator: str) -> list[tuple[str, bool]]:
        if operator not in ("in", "not in"):
            raise JqlError(f"Error in the JQL Query: Expecting an operator but got '{operator}'.")
        self._expect("(")
        values = [self._next()]
        while self._take(","):
            values.append(self._next())
        self._expect(")")
        return values

    def _project(self, text: str) -> ProjectLike | None:
        found = self.known.project_named(text)
        if not found:
            self._unknown(f"The value '{text}' does not exist for the field 'project'.")
        return found

    def _unknown(self, message: str) -> None:
        if self.strict:
            raise JqlError(message)
        self.warnings.append(message)

    def _key(self, name: str, operator: str, values: Iterable[str]) -> Test:
        rows = []
        for text in values:
            row = self.known.row_named(text)
            if row:
                rows.append(row)
            else:
                self._unknown(f"An issue with key '{text}' does not exist for field '{name}'.")
        if operator in ("=", "!=", "in", "not in"):
            ids, wanted = {row.id for row in rows}, operator in ("=", "in")
            return lambda row: (row.id in ids) is wanted
        if not rows:
            return lambda row: False  # noqa: ARG005 - a test of a row
        # Jira compares ids too by the keys behind them, and only inside the key's own project.
        project, number, compare = rows[0].project.id, rows[0].number, COMPARE[operator]
        return lambda row: row.project.id == project and compare(row.number, number)

    def _time(self, name: str, operator: str, text: str, quoted: bool) -> Test:
        bound, whole_minute = self._bound(name, text, quoted)
        if operator == ">" and whole_minute:
            # Literals know minutes only: what happened later in that minute is not after it.
            operator, bound = ">=", bound + MINUTE
        compare = COMPARE[operator]
        if TIMES[name.lower()] == "updated":
            return lambda row: compare(row.updated, bound)
        return lambda row: compare(row.created, bound)

    def _bound(self, name: str, text: str, quoted: bool) -> tuple[int, bool]:
        """The literal's milliseconds, and whether it stands for a whole minute."""
        if text.isdecimal() and not quoted:
            return int(text), False
        if found := DAY.fullmatch(text):
            try:
                local = datetime(*(int(part or 0) for part in found.group(1, 3, 4, 5, 6)), tzinfo=self.zone)  # type: ignore[arg-type, misc]
                utc = local.replace(tzinfo=None) - (local.utcoffset() or timedelta())
            except ValueError:
                pass
            else:
                return (utc - EPOCH) // timedelta(milliseconds=1), True
        if (found := PERIOD.fullmatch(text)) and text[-1] != " ":
            self.moves = True
            minutes = sum(int(n) * PARTS[part] for n, part in re.findall(r"(\d+)([wdhm])", found[2]))
            return self.now + (-minutes if found[1] == "-" else minutes) * MINUTE, False
        valid = (
            "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'"
        )
        raise JqlError(f"Date value '{text}' for field '{name}' is invalid. Valid formats include: {valid}.")

    def _order(self) -> list[tuple[str, bool]]:
        self._expect("by")
        order = []
        while True:
            name = self._next()[0]
            if name.lower() not in ORDERS:
                raise JqlError(f"Field '{name}' does not exist or you do not have permission to view it.")
            down = self._take("desc")
            if not down:
                self._take("asc")
            order.append((ORDERS[name.lower()], down))
            if not self._take(","):
                break
        if len(order) > MOST_ORDERS:
            raise JqlError(f"Error in the JQL Query: at most {MOST_ORDERS} fields may follow ORDER BY.")
        return order
