"""The week's page in a real browser, from disk, with the network off; and what it says in odd weeks."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright
from stories import warehouse_of

from analysis.measure import frames
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.sample_desk import sample_folder
from pipelines.settings import Settings
from reports.report import report

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
browser_test = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
SAMPLE = sample_folder()


@dataclass
class Opened:
    """A page with everything it complained about or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def sample_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("page")
    settings = Settings(home=home, source=str(SAMPLE / "issues.jsonl.gz"), criteria=SAMPLE / "criteria")
    result = weekly.run(settings, lambda _: None)
    assert result.page is not None
    return result.page


def open_page(browser: Browser, path: Path, width: int = 1280) -> Opened:
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    opened = Opened(context.new_page())
    opened.page.on("console", lambda message: opened.complaints.append(f"{message.type}: {message.text}"))
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.on("dialog", lambda dialog: _dismiss(dialog, opened.complaints))
    opened.page.on("request", lambda request: opened.requests.append(request.url))
    opened.page.goto(path.as_uri())
    return opened


def _dismiss(dialog: Dialog, complaints: list[str]) -> None:
    complaints.append(dialog.message)
    dialog.dismiss()


@browser_test
@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 360])
def test_opens_offline_without_complaint(browser: Browser, sample_page: Path, width: int) -> None:
    opened = open_page(browser, sample_page, width)
    assert opened.page.locator(".chart svg").count() >= 4
    assert opened.complaints == []
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


@browser_test
@pytest.mark.browser
def test_every_link_lands_and_opens_what_it_names(browser: Browser, sample_page: Path) -> None:
    page = open_page(browser, sample_page).page
    missing = page.evaluate(
        """[...document.querySelectorAll('a[href^="#"]')]
            .map(a => a.getAttribute('href').slice(1)).filter(id => !document.getElementById(id))"""
    )
    assert missing == []
    doubled = page.evaluate(
        "(() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return ids.filter((id, i) => ids.indexOf(id) !== i) })()"
    )
    assert doubled == []
    page.locator(".lead a.num").first.click()
    assert page.evaluate("document.querySelector(location.hash).open") is True
    page.locator("details.list[open] a[href^='#ticket-']").first.click()
    assert page.evaluate("document.querySelector(location.hash).open") is True


@browser_test
@pytest.mark.browser
def test_every_headline_number_leads_to_as_many_tickets(browser: Browser, sample_page: Path) -> None:
    page = open_page(browser, sample_page).page
    for link in page.locator(".lead a.num").all()[:3]:
        number = int(re.findall(r"\d+", link.inner_text())[0])
        target = str(link.get_attribute("href"))
        rows = page.evaluate(
            "id => document.querySelector(id).querySelector('table')?.tBodies[0].rows.length ?? 0", target
        )
        assert rows == number


@browser_test
@pytest.mark.browser
def test_a_script_in_a_summary_shows_as_text(browser: Browser, sample_page: Path) -> None:
    opened = open_page(browser, sample_page)
    assert '<script>alert("pam")</script>' in opened.page.locator("#tickets").inner_text()
    assert opened.complaints == []


HOSTILE = """
SUP-1 created 2026-03-02 09:00 tier=1 dealer='"><img src=x onerror=alert(1)>' summary='</script><script>alert(2)</script>' priority='{{7*7}}'
  03-02 10:00 tier=2
SUP-2 created 2026-03-02 09:00 tier=1 dealer=Cedar summary='<svg/onload=alert(3)> javascript:alert(4)' description='Tekion ${alert(5)} &lt;b&gt;'
  03-02 10:00 tier=2
"""


@browser_test
@pytest.mark.browser
def test_hostile_text_stays_text(browser: Browser, tmp_path: Path) -> None:
    with warehouse_of(HOSTILE, tmp_path, as_of="2026-03-10T06:00") as warehouse:
        path = report(frames(warehouse), tmp_path / "reports", ["<i>note</i>"], None)
    opened = open_page(browser, path)
    opened.page.wait_for_timeout(300)
    assert opened.complaints == []
    assert opened.page.locator("main img, main iframe, .notes i").count() == 0
    shown = opened.page.locator("#tickets").text_content() or ""
    assert "</script><script>alert(2)</script>" in shown and '"><img src=x onerror=alert(1)>' in shown


def page_of(story: str, folder: Path, as_of: str) -> str:
    with warehouse_of(story, folder, as_of=as_of) as warehouse:
        page = report(frames(warehouse), folder / "reports", [], None).read_text()
    return " ".join(re.sub(r"<[^>]+>", "", page.partition("<main>")[2].partition('<section id="lists">')[0]).split())


RESOLVED = """
SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved
"""


def test_an_empty_week_says_so(tmp_path: Path) -> None:
    text = page_of(RESOLVED, tmp_path, "2026-03-24T06:00")
    assert "0 escalations" in text and "nothing was escalated" in text
    assert "nan" not in text.lower() and "None" not in text


def test_the_first_week_ever_claims_nothing(tmp_path: Path) -> None:
    text = page_of(RESOLVED, tmp_path, "2026-03-10T06:00")
    assert "1 escalation ." in text or "1 escalation." in text
    assert "in the 13 weeks before" not in text
    assert "too few" in text


def test_a_desk_without_escalations_has_a_page(tmp_path: Path) -> None:
    text = page_of("SUP-1 created 2026-03-02 09:00 tier=1", tmp_path, "2026-03-10T06:00")
    assert "Nothing was resolved" in text


def test_the_page_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with warehouse_of(RESOLVED, tmp_path, as_of="2026-03-10T06:00") as warehouse:
        made = frames(warehouse)
    path = report(made, tmp_path / "reports", [], None)
    before = path.read_bytes()

    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_text", broken)
    with pytest.raises(OSError, match="disk full"):
        report(made, tmp_path / "reports", ["changed"], None)
    assert path.read_bytes() == before


def test_the_reported_moment_is_that_of_the_data(sample_page: Path) -> None:
    text = sample_page.read_text()
    assert "data through 23 Nov 2026, 06:40" in text
    assert datetime.now().strftime("%H:%M:%S") not in text


def test_people_are_not_named(sample_page: Path) -> None:
    """No display name of a person is in the warehouse, so none can be on a page."""
    text = sample_page.read_text().partition("<main>")[2].partition("<script>")[0]
    for name in ("Integration 1", "OPS 3", "Engineer 2", "Desk lead"):
        assert name not in text


def test_the_warehouse_closes_before_anybody_reads(sample_page: Path) -> None:
    with Warehouse.open(sample_page.parents[2] / "warehouse.duckdb") as warehouse:
        assert warehouse.value("select count(*) from mart.runs where outcome = 'done'") == 1
