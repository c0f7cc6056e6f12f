"""A week's site read back: its files as text, its links and ids, its pages in Chromium with the network off."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
VOID = {"meta", "link", "input", "br", "line", "circle", "rect", "path", "img"}


class Reader(HTMLParser):
    """The words, links, ids and headings of a page, and what in it a policy or a reader would trip over."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.inline: list[str] = []
        self.tags: list[str] = []
        self._words: list[str] = []
        self._silent = 0
        self.feed(text)

    @property
    def words(self) -> str:
        """All text, blanks and held blanks as one blank, none before a stop."""
        text = " ".join("".join(self._words).split())
        return re.sub(r"\s+(?=[.,;:)])", "", text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        told = dict(attrs)
        if tag == "a" and told.get("href") is not None:
            self.links.append(str(told["href"]))
        if told.get("id"):
            self.ids.append(str(told["id"]))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.inline += [name for name in told if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not told.get("src") and told.get("type") != "application/json"):
            self.inline.append(tag)
        self._silent += tag in ("script", "style")
        if tag not in ("b", "a", "strong", "code", "span", "svg", "text"):
            self._words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")
        if tag not in ("b", "a", "strong", "code", "span"):
            self._words.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._words.append(data)


class Cells(HTMLParser):
    """The cells of a page's tables: heading of the column, words, whether something in it leads on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, bool]] = []
        self._headings: list[str] = []
        self._open = ""
        self._place = -1
        self._words, self._leads = "", False
        self.feed(text)

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._headings = []
        elif tag == "tr":
            self._place = -1
        elif tag in ("th", "td"):
            self._open, self._words, self._leads, self._place = tag, "", False, self._place + 1
        self._leads = self._leads or tag == "a"

    def handle_endtag(self, tag: str) -> None:
        if tag == "th":
            self._headings.append(self._words.strip())
        elif tag == "td":
            self.found.append((self._headings[self._place], " ".join(self._words.split()), self._leads))
        self._open = "" if tag == self._open else self._open

    def handle_data(self, data: str) -> None:
        if self._open:
            self._words += data


def tickets_listed(text: str, place: str) -> tuple[int, int]:
    """How many tickets a list counts, and how many it names in all: counted, not counted and open ones."""
    section = text.partition(f'id="{place}">')[2].partition("</section>")[0]
    counted = section.partition("<h3>Not counted")[0].partition("<h3>Still open")[0].partition("<h3>Not answered")[0]
    return _named(counted), _named(section)


def _named(section: str) -> int:
    keys = "".join(re.findall(r'<p class="keys">(.*?)</p>', section, re.DOTALL))
    return section.count("<tr><td>") + len(re.findall(r"[A-Z]+-\d+", re.sub(r"<[^>]*>", " ", keys)))


def read(path: Path) -> Reader:
    return Reader(path.read_text(encoding="utf-8"))


def words_of(path: Path, section: str | None = None) -> str:
    """The words of a page's main part, or of one of its sections."""
    text = path.read_text(encoding="utf-8")
    if section:
        text = text.partition(f'<section class="report" id="{section}">')[2].partition("</section>")[0]
        assert text, f"no section {section}"
    else:
        text = text.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    return Reader(text).words


def pages_in(folder: Path) -> dict[str, Reader]:
    """Path within the folder → page."""
    return {path.relative_to(folder).as_posix(): read(path) for path in sorted(folder.rglob("*.html"))}


def lost_links(folder: Path) -> list[str]:
    """Links within the folder that lead to no file, or to no place in it."""
    pages = pages_in(folder)
    ids = {name: set(page.ids) for name, page in pages.items()}
    lost = []
    for name, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            address, _, place = link.partition("#")
            target = (folder / name).parent / unquote(address.partition("?")[0]) if address else folder / name
            found = target.resolve().relative_to(folder.resolve()).as_posix()
            if not (folder / found).is_file() or (place and unquote(place) not in ids.get(found, ())):
                lost.append(f"{name}: {link}")
    return lost


@dataclass
class Opened:
    """A page with everything it complained about or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until the last chart is drawn."""
        self.page.wait_for_selector("html[data-charts=drawn]", state="attached")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def opened_page(browser: Browser, path: Path, width: int = 1280, query: str = "") -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    opened = Opened(context.new_page())
    opened.page.on("console", lambda message: opened.complaints.append(f"{message.type}: {message.text}"))
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.on("dialog", lambda dialog: _dismiss(dialog, opened.complaints))
    opened.page.on("request", lambda request: opened.requests.append(request.url))
    opened.page.goto(path.as_uri() + query)
    yield opened
    context.close()


def _dismiss(dialog: Dialog, complaints: list[str]) -> None:
    complaints.append(dialog.message)
    dialog.dismiss()
