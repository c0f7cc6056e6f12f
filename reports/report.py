"""STEP report: frames → the week's site, a folder that opens without a network, and the archive of all weeks."""

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from reports import site
from reports.messages import week_summary
from reports.pages import archive
from reports.week import Frames, Week
from reports.workbook import forms

SUMMARY = "summary.json"  # of which messages are made
WEEK_FOLDER = re.compile(r"\d{4}-W\d{2}")


def report(frames: Frames, folder: Path, notes: Iterable[str], jira: str | None) -> Path:
    """Write `<folder>/<week>/`, whole or not at all, and the archive `<folder>/index.html`. Gives the review.

    `frames` are those of `analysis.frames`; `jira` is the address of the Jira that keys link to, if known.
    """
    week = Week(frames, tuple(notes), jira)
    pages = site.pages(week)
    files = [*pages, *site.assets(week, pages)]
    partial = folder / f".{week.name}.partial"
    recover(folder, week.name)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        for file in files:
            path = partial / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8", errors="replace")
        for name, data in forms(week, pages):
            (partial / name).parent.mkdir(exist_ok=True)
            (partial / name).write_bytes(data)
        (partial / SUMMARY).write_text(json.dumps(week_summary(week), indent=1) + "\n", encoding="utf-8")
        swap(partial, folder / week.name)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _write_archive(week, folder)
    return folder / week.name / "index.html"


def swap(partial: Path, target: Path) -> None:
    """Put the new folder where the old one is; who reads sees the one or the other."""
    old = target.with_name(f".{target.name}.old")
    if target.exists():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def recover(folder: Path, name: str) -> None:
    """A run that was cut off between the two renamings left the old folder aside."""
    old = folder / f".{name}.old"
    if old.exists() and not (folder / name).exists():
        old.rename(folder / name)
    shutil.rmtree(old, ignore_errors=True)


def _write_archive(week: Week, folder: Path) -> None:
    """The list of the weeks that have a folder here."""
    names = sorted(
        (path.name for path in folder.iterdir() if WEEK_FOLDER.fullmatch(path.name) and path.is_dir()), reverse=True
    )
    partial = folder / ".index.html.partial"
    partial.write_text(archive.text(week, names), encoding="utf-8", errors="replace")
    partial.replace(folder / "index.html")
