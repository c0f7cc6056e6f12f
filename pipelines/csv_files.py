"""CSV as people and their spreadsheets write it: any of three separators, with or without a mark at its start."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import InputError
from analysis.text import clean, name_key, spreadsheet_cell

Line = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Imported:
    """What became of a file: how many lines said something new, how many did not."""

    n_stored: int
    n_known: int

    def told(self, what: str) -> str:
        """In words; `what` is what the lines were."""
        return f"{self.n_stored} {what} stored, {self.n_known} were known"


@dataclass(frozen=True)
class Answered(Imported):
    """The same of a file of answers, with how many cells were empty."""

    n_empty: int

    def told(self, what: str) -> str:
        """In words; `what` is what the lines were."""
        return f"{super().told(what)}, {self.n_empty} lines without an answer"


def csv_lines(
    file: Path, columns: Sequence[str], optional: Sequence[str] = (), other_names: Mapping[str, str] = {}
) -> Iterator[Line]:
    """Number of the line on which each row begins, and its cells by column; columns nobody asked for are passed over.

    Raises `InputError` naming file and line.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{file}: cannot be read; give a CSV with the columns {', '.join(columns)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8; save it as CSV UTF-8") from error
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    begins = 1
    try:
        names = [name_key(cell).replace(" ", "_") for cell in next(reader, [])]
        names = [other_names.get(name, name) for name in names]
        for name in (*columns, *optional):
            if names.count(name) > 1 or (name in columns and name not in names):
                fault = f"two columns {name}" if name in names else f"no column {name}"
                raise InputError(f"{file}: line 1: {fault}; it takes {', '.join(columns)}")
        begins = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(names):
                    fault = "more cells than columns; put a text that holds a separator in quotes"
                    raise InputError(f"{file}: line {begins}: {fault}")
                told = dict.fromkeys((*columns, *optional), "") | dict(zip(names, cells, strict=False))
                yield begins, {name: " ".join(clean(told[name]).split()) for name in (*columns, *optional)}
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{file}: line {begins}: not CSV ({error}); export it again") from error


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows for a spreadsheet, formulas made text; a file that is there is left alone (`InputError`)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([spreadsheet_cell("" if cell is None else str(cell)) for cell in row] for row in rows)
    try:
        with file.open("xb") as out:
            out.write(text.getvalue().encode("utf-8-sig"))  # spreadsheets take it for another encoding without the mark
    except FileExistsError as error:
        raise InputError(f"{file}: is there already, perhaps with answers; import or remove it first") from error
    except OSError as error:
        raise InputError(f"{file}: cannot be written; give --out another name") from error
