"""Which criteria files apply: the packaged defaults, overlaid file by file."""

from pathlib import Path

from analysis.errors import CriteriaError

PACKAGED = Path(__file__).parent.parent / "criteria"

FILES = (
    "taxonomy.toml",
    "rules.toml",
    "codes.csv",
    "site.toml",
    "escalation_criteria.toml",
    "normal_delays.csv",
    "dealers.csv",
    "access.csv",
    "outages.csv",
    "targets.toml",
)
RUNBOOKS = "runbooks"


def criteria_files(overlay: Path | None = None) -> dict[str, Path]:
    """Give name → path of every criteria file in force; a file in `overlay` replaces the packaged one.

    Runbooks are overlaid one by one too: `runbooks/RB-1.md` replaces only that runbook. A name that no
    criteria file has is refused, for a misspelt file would silently leave the default in force.
    """
    files = _files_in(PACKAGED)
    if overlay is None:
        return files
    if not overlay.is_dir():
        raise CriteriaError(f"{overlay}: no such folder; give the folder that holds your criteria files")
    mine = _files_in(overlay)
    for path in sorted(overlay.iterdir()):
        known = path.name in (*FILES, RUNBOOKS, "README.md") or path.name.startswith(".")
        if not known:
            allowed = ", ".join((*FILES, RUNBOOKS + "/"))
            raise CriteriaError(f"{path}: not a criteria file; allowed are {allowed}")
    for path in sorted((overlay / RUNBOOKS).glob("*")):
        if path.suffix != ".md" and not path.name.startswith("."):
            raise CriteriaError(f"{path}: not a runbook; allowed are files that end in .md")
    return files | mine


def _files_in(folder: Path) -> dict[str, Path]:
    found = {name: folder / name for name in FILES if (folder / name).is_file()}
    for path in sorted((folder / RUNBOOKS).glob("*.md")):
        if path.name != "README.md":
            found[f"{RUNBOOKS}/{path.name}"] = path
    return found
