"""The SQL files: what each table holds, who writes it, what it reads, read from its header."""

import re
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

SQL = Path(__file__).parent / "sql"
SCHEMAS = ("raw", "state", "core", "mart")
HEADER = re.compile(
    r"^-- (?:(?P<name>[a-z]+\.[a-z0-9_]+): (?P<text>.+)|(?P<key>[a-z]+): ?(?P<value>.*)|  (?P<more>\S.*))$"
)


@dataclass(frozen=True)
class TableFile:
    """One SQL file: what its table holds, who writes it, what it reads, and the statement.

    `kind` is `stored` (rows are inserted by a step), `derived` (rows come from the file's query, limited
    to the temporary table `dirty` when `refresh` is dirty), `view`, or `event` (made by migrations).
    """

    name: str
    grain: str
    key: tuple[str, ...]
    step: str
    reads: tuple[str, ...]
    refresh: str
    columns: dict[str, str]
    body: str
    notes: dict[str, tuple[str, ...]]

    @property
    def schema(self) -> str:
        """The schema, which is the file's folder."""
        return self.name.partition(".")[0]

    @property
    def kind(self) -> str:
        """How the rows come about."""
        if self.schema == "state":
            return "event"
        if self.body.startswith("create table"):
            return "stored"
        return "view" if self.schema == "mart" and "store" not in self.notes else "derived"


def parse_table_file(text: str) -> TableFile:
    """Read the header lines of a SQL file (`-- core.x: grain`, `-- key:`, `-- step:` …) and its statement."""
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    name, grain = "", ""
    values: dict[str, list[str]] = {}
    last: list[str] = []
    for line in lines[:end]:
        found = HEADER.match(line)
        if not found:
            raise ValueError(f"not a header line: {line}")
        if found["name"]:
            name, grain = found["name"], found["text"]
        elif found["key"]:
            last = values.setdefault(found["key"], [])
            last.append(found["value"])
        else:
            last[-1] += " " + found["more"]
    columns = dict(value.split(" ", 1) for value in values.pop("column", []))
    notes = {key: tuple(value) for key, value in values.items()}

    def one(key: str, default: str = "") -> str:
        return notes.get(key, (default,))[0]

    return TableFile(
        name=name,
        grain=grain,
        key=_names(one("key")) if "none" not in one("key") else (),
        step=one("step"),
        reads=_names(one("reads")),
        refresh=one("refresh", "dirty"),
        columns=columns,
        body="\n".join(lines[end:]).strip().rstrip(";"),
        notes=notes,
    )


def _names(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


@cache
def table_files() -> dict[str, TableFile]:
    """All SQL files by table name, each after those it reads."""
    found = {}
    for schema in SCHEMAS:
        for path in sorted((SQL / schema).glob("*.sql")):
            try:
                table = parse_table_file(path.read_text(encoding="utf-8"))
            except (ValueError, AttributeError) as error:
                raise ValueError(f"{path}: {error}") from error
            if table.name != f"{schema}.{path.stem}":
                raise ValueError(f"{path}: its header says {table.name}")
            found[table.name] = table
    order = TopologicalSorter({name: table.reads for name, table in found.items()}).static_order()
    return {name: found[name] for name in order}


def files_of(step: str, kind: str) -> list[TableFile]:
    """The SQL files of one step and kind, in the order in which they can be built."""
    return [table for table in table_files().values() if table.step == step and table.kind == kind]


def files_of_schema(schema: str) -> list[TableFile]:
    """The SQL files of one schema."""
    return [table for table in table_files().values() if table.schema == schema]
