"""Pages on paper and charts as pictures, by the Chromium of this machine, with the network off."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import DeliveryError, InputError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
# without these it asks its maker for updates and lists, which an offline desk must not
FLAGS = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
DRAWN = "html[data-charts=drawn]"
PDFS = {"index.html": "review.pdf", "scorecard.html": "scorecard.pdf"}  # of a week's folder
LONGEST = 60_000  # milliseconds
PAPER: dict[str, Any] = {"format": "A4", "print_background": True, "prefer_css_page_size": True}


class NoBrowserError(DeliveryError):
    """There is nothing here that could print."""

    may_pass = False


def print_week(folder: Path, *, anew: bool = True) -> list[Path]:
    """Print review and scorecard of a week's folder beside them; gives the PDFs. `anew` False leaves those there.

    Raises `InputError` where there are no such pages, `NoBrowserError` where nothing can print.
    """
    if missing := [page for page in PDFS if not (folder / page).is_file()]:
        raise InputError(f"{folder / missing[0]}: not there; run `escalations report` for that week first")
    wanted = {folder / page: folder / pdf for page, pdf in PDFS.items() if anew or not (folder / pdf).exists()}
    if wanted:
        print_pages(wanted)
    return [folder / pdf for pdf in PDFS.values()]


def print_pages(pages: Mapping[Path, Path]) -> None:
    """Print pages of a week's site (file → PDF), each whole or not at all. Raises `NoBrowserError`."""
    with _opened() as browser:
        for file, pdf in pages.items():
            page = browser.new_context(offline=True).new_page()
            page.goto(file.resolve().as_uri())
            page.wait_for_selector(DRAWN, state="attached", timeout=LONGEST)
            _write(pdf, page.pdf(**PAPER))
            page.context.close()


def print_text(html: str, pdf: Path) -> None:
    """Print one document that needs no script into a new file. Raises `InputError` where it is there already."""
    if pdf.exists():
        raise InputError(f"{pdf}: is there already; give --out another name")
    if not pdf.parent.is_dir():
        raise InputError(f"{pdf.parent}: no such folder; make it first")
    with _opened() as browser:
        page = browser.new_context(offline=True, java_script_enabled=False).new_page()
        page.set_content(html, timeout=LONGEST)
        _write(pdf, page.pdf(**PAPER))


def pictures(file: Path, names: Iterable[str]) -> dict[str, bytes]:
    """PNGs of charts of a page, by name; those that the page has not are left out. Raises `NoBrowserError`."""
    with _opened() as browser:
        page = browser.new_context(
            offline=True, viewport={"width": 760, "height": 900}, device_scale_factor=2
        ).new_page()
        page.goto(file.resolve().as_uri())
        page.wait_for_selector(DRAWN, state="attached", timeout=LONGEST)
        found = {name: page.locator(f"figure.picture:has(#chart-{name}) .chart") for name in names}
        return {name: one.screenshot(timeout=LONGEST) for name, one in found.items() if one.count() == 1}


@contextmanager
def _opened() -> "Iterator[Browser]":
    program = next((path for path in map(shutil.which, NAMES) if path), None)
    if program is None:
        raise NoBrowserError("no Chromium on this machine; install it (Debian: `apt install chromium`)")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise NoBrowserError("the package that prints is missing; run `pip install 'escalations[pdf]'`") from error
    # its own sandbox does not work for root, as in most containers
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=flags)
            try:
                yield browser
            finally:
                browser.close()
    except Error as error:
        raise DeliveryError(f"{program} did not print ({type(error).__name__}); see whether it starts") from error


def _write(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
