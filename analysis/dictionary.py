"""The data dictionary: what every table and column holds, as the headers of the SQL files say it."""

from analysis.table_files import files_of_schema
from analysis.warehouse_copies import ABOUT, ABOUT_GRAIN

ROOMS = {
    "mart": "What people and BI tools read: alone in the published copy, where everything is a table.",
    "core": "Derived, and always made anew from raw lines, `state` and criteria.",
    "state": "What cannot be derived: events that are only ever added to.",
    "raw": "What is known of the raw lines on disk.",
}


def dictionary() -> str:
    """All tables as Markdown, those of `mart` first."""
    parts = [
        "# Data dictionary\n",
        "Made by `escalations dictionary` from the headers of the files in `analysis/sql/`; change it there. "
        "Times are UTC unless a column says otherwise. Weeks are told by their Monday.\n",
    ]
    for schema, text in ROOMS.items():
        parts.append(f"## {schema}\n\n{text}\n")
        tables = sorted(files_of_schema(schema), key=lambda table: table.name)
        parts += [_table(table.name, table.grain, ", ".join(table.key), table.columns) for table in tables]
        if schema == "mart":
            parts.append(_table("mart.about", f"{ABOUT_GRAIN}; in the published copy only", "", ABOUT))
    return "\n".join(parts)


def _table(name: str, grain: str, key: str, columns: dict[str, str]) -> str:
    rows = "".join(f"| `{column}` | {_cell(text)} |\n" for column, text in columns.items())
    told = f" Key: {', '.join(f'`{one}`' for one in key.split(', '))}." if key else ""
    return f"### {name}\n\n{_cell(grain)[:1].upper()}{_cell(grain)[1:]}.{told}\n\n| column | holds |\n|---|---|\n{rows}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
