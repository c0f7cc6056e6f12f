"""A table as pages show it and as other forms take it over: what stands behind a chart, a list, a queue.

Cells are plain values; `kind` says how a column is told: text, ticket (a key), day, moment, count, share, hours, days,
words (an id of ours with underscores).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column: its name in the rows, its words, how its cells are told."""

    name: str
    label: str
    kind: str = "text"


@dataclass(frozen=True)
class Table:
    """Rows with the columns that are told of them. `name` is unique among the tables of a site."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]


def table(name: str, title: str, columns: Sequence[tuple[str, ...]], rows: Iterable[Mapping[str, Any]]) -> Table:
    """A table of columns given as (name, label[, kind])."""
    return Table(name, title, tuple(Column(*one) for one in columns), tuple(rows))


@dataclass(frozen=True)
class Page:
    """One file of a week's site: its path within the folder, its text, and the tables that it shows."""

    path: str
    title: str
    text: str
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A question answered by a picture: title (the answer), subtitle (what is counted), figure (JSON), table behind."""

    name: str
    title: str
    subtitle: str
    figure: str
    behind: Table
    size: str = "mid"
