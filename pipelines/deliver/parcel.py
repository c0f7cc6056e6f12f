"""What is delivered: a week's folder as the report step left it."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from pipelines.printing import PDFS
from reports.report import SUMMARY, WEEK_FOLDER


def digests(folder: Path) -> dict[str, str]:
    """Path within a folder → hash of the file, `index.html` last: who sees it may follow its links."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    files.sort(key=lambda path: path.name == "index.html" and path.parent == folder)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@dataclass(frozen=True)
class Parcel:
    """The pages of one week, `week` as in `2026-W47`, in the folder of all weeks."""

    reports: Path
    week: str

    @property
    def folder(self) -> Path:
        """The week's own folder."""
        return self.reports / self.week

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What messages are made of. Raises `InputError` where there are no pages of that week."""
        try:
            found: dict[str, Any] = json.loads((self.folder / SUMMARY).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.folder}: no pages of that week, or of an older version; "
                f"run `escalations report --week {self.week} --publish` first"
            ) from error
        return found

    @property
    def digests(self) -> dict[str, str]:
        """The week's files and their hashes."""
        return digests(self.folder)

    @property
    def pdfs(self) -> list[Path]:
        """The PDFs that were printed of its pages."""
        return [self.folder / pdf for pdf in PDFS.values() if (self.folder / pdf).exists()]

    def other_weeks(self) -> list[str]:
        """The other weeks that the list of all weeks leads to."""
        found = [path.name for path in self.reports.iterdir() if path.is_dir() and WEEK_FOLDER.fullmatch(path.name)]
        return sorted(name for name in found if name != self.week)
