"""The sample's site in a real browser, from disk, with the network off."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from site_reading import (
    Cells,
    chromium,
    lost_links,
    needs_chromium,
    opened_page,
    pages_in,
    read,
    tickets_listed,
    words_of,
)

from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.sample_desk import sample_folder
from pipelines.settings import Settings

SAMPLE = sample_folder()
KINDS = (
    "index.html",
    "scorecard.html",
    "queue.html",
    "ops.html",
    "onboarding.html",
    "definitions.html",
    "providers/index.html",
    "providers/cdk.html",
    "families/index.html",
    "tickets/index.html",
    "numbers/repeats.html",
    "numbers/ops_should_have_handled.html",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("page")
    settings = Settings(home=home, source=str(SAMPLE / "issues.jsonl.gz"), criteria=SAMPLE / "criteria")
    result = weekly.run(settings, lambda _: None)
    assert result.page is not None
    return result.page


@pytest.fixture(scope="module")
def folder(review: Path) -> Path:
    return review.parent


def one_of_each(folder: Path) -> list[Path]:
    """A page of each kind: of families and tickets the largest."""
    largest = [
        max((folder / kind).glob("S*.html"), key=lambda path: path.stat().st_size) for kind in ("families", "tickets")
    ]
    return [folder / name for name in KINDS] + largest


# -- all pages, as files -----------------------------------------------------------------------------------------------


def test_every_page_that_people_look_for_is_there(folder: Path) -> None:
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}
    assert set(KINDS) <= names
    assert {f"providers/{one}.html" for one in ("tekion", "cdk", "xtime", "mykaarma", "dealer_fx")} <= names
    assert sum(name.startswith("families/") for name in names) > 30
    assert sum(name.startswith("tickets/") for name in names) > 150


def test_every_link_lands(folder: Path) -> None:
    assert lost_links(folder.parent) == []


def test_ids_are_given_once_headings_step_down_one_by_one_and_nothing_is_inline(folder: Path) -> None:
    for name, page in pages_in(folder).items():
        assert len(page.ids) == len(set(page.ids)), name
        assert page.headings[0] == 1 and page.headings.count(1) == 1, name
        assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False)), name
        assert page.inline == [], name


def test_plotly_is_there_once_and_nothing_leads_outside_but_to_jira(folder: Path) -> None:
    large = [path.name for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 1_000_000]
    assert large == ["plotly.js"]
    outside = {link.split("/browse/")[0] for page in pages_in(folder).values() for link in page.links if ":" in link}
    assert outside == {"https://desk.example.invalid"}


def test_the_same_frames_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    from analysis.frames import frames
    from reports.report import report

    with Warehouse.open(folder.parents[1] / "warehouse.duckdb") as warehouse:
        made = frames(warehouse)
    first, second = (report(made, tmp_path / name, ["a note"], None).parent for name in ("a", "b"))
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert len(files) > 200
    assert [path for path in files if (first / path).read_bytes() != (second / path).read_bytes()] == []


def test_the_reported_moment_is_that_of_the_data(review: Path) -> None:
    text = words_of(review)
    assert "data through 23 Nov 2026, 06:40" in text
    assert datetime.now().strftime("%H:%M:%S") not in text


def test_people_are_ids_on_their_tickets_and_nowhere_else(folder: Path) -> None:
    """No display name of a person is in the warehouse, so none can be on a page."""
    for path in sorted(folder.rglob("*.html")):
        text = path.read_text().partition("<main")[2]
        for name in ("Integration 1", "OPS 3", "Engineer 2", "Desk lead"):
            assert name not in text, path
        if path.parent.name != "tickets" or path.name == "index.html":
            assert not re.search(r"\b(?:ops|int|eng)-\d\b", text), path
    ticket = max((folder / "tickets").glob("S*.html"), key=lambda path: path.stat().st_size)
    assert re.search(r"Reporter (?:ops|int)-\d", words_of(ticket))


def test_the_warehouse_closes_before_anybody_reads(review: Path) -> None:
    with Warehouse.open(review.parents[2] / "warehouse.duckdb") as warehouse:
        assert warehouse.value("select count(*) from mart.runs where outcome = 'done'") == 1


def test_every_headline_number_leads_to_as_many_tickets_and_they_to_a_definition(folder: Path) -> None:
    """One click to the tickets, one more to the definition."""
    lead = (folder / "index.html").read_text().partition('<div class="lead">')[2].partition("</div>")[0]
    links = re.findall(r'<a class="num" href="([^"#]+)#([^"]+)">([^<]+)</a>', lead)
    assert len(links) >= 5
    for address, place, told in (link for link in links if "%" not in link[2] and "time" not in link[2]):
        text = (folder / address).read_text().partition(f'<section id="{place}">')[2].partition("</section>")[0]
        counted = text.partition("<h3>")[0].count("<tr><td>")
        assert counted == int((re.findall(r"\d+", told) or ["0"])[-1]), (told, place)
        definition = re.findall(r'href="\.\./(definitions\.html)#([^"]+)"', text)[0]
        assert f'id="{definition[1]}"' in (folder / definition[0]).read_text()


# What no ticket stands behind: time, dealers, weeks, and what a target asks for (what it counts stands beside it).
NO_TICKETS = {
    "Days",
    "Hours",
    "Hours of Tier 2",
    "Age, working hours",
    "Dealers",
    "Weeks",
    "Weeks pooled",
    "To reach",
    "Now",
}
NO_TICKETS |= {
    "All",
    "with us",
    "waiting for the provider",
    "waiting for the dealer",
    "waiting for OPS",
}  # days by party


def test_every_count_leads_to_as_many_tickets_and_they_to_a_definition(folder: Path) -> None:
    """Whatever is printed as a count, on every page: one click to the tickets, one more to what it counts."""
    texts = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.html")}
    seen, wrong = Counter[str](), []
    for name, text in texts.items():
        for address, place, told in re.findall(r'<a class="count" href="([^"#]+)#([^"]+)">\s*([^<]*?)\s*</a>', text):
            target = ((folder / name).parent / address).resolve().relative_to(folder.resolve()).as_posix()
            if int(re.findall(r"\d+", told)[0]) not in tickets_listed(texts[target], place):
                wrong.append((name, told, address, place, tickets_listed(texts[target], place)))
            section = texts[target].partition(f'id="{place}">')[2].partition("</section>")[0]
            definition = re.findall(r'href="\.\./definitions\.html#([^"]+)"', section)[0]
            assert f'id="{definition}"' in texts["definitions.html"], definition
            seen[target] += 1
    assert wrong == []
    assert len(seen) > 15
    assert sum(seen.values()) > 1000


MODE = "provider || '/' || failure_category"
COUNTED = """
ops_standing_list | {mode}                                 | n_escalations = escalations, n_agreed = agreed, n_before = before
containment       | {mode}                                 | k_after = kept_since, n_after = of_since
next_steps        | {mode}, subject = 'mode'               | n_escalations = recent, n_ended = would_end
next_steps        | family_id::varchar, subject = 'family' | n_escalations = recent, n_ended = would_end
action_effects    | action_id                              | n_before = before, n_since = since
remedy_effects    | family_id || '/' || kind || '/' || ref | n_before = before, n_since = since
criteria_standing | criterion_id || '/' || criterion_version | n_claimed = claimed, n_agreed = agreed, n_open = open
runbook_use       | runbook_id                             | n_used = tickets
coverage          | {mode}                                 | n_resolved = resolved
"""
NAMED = {"next_steps": {True: "modes", False: "patterns"}, "criteria_standing": "criteria"}


def test_every_count_of_the_warehouse_is_as_long_as_its_list(review: Path) -> None:
    """Also those that no page prints."""
    with Warehouse.open(review.parents[2] / "warehouse.duckdb") as warehouse:
        for line in COUNTED.format(mode=MODE).strip().splitlines():
            view, groups, columns = (part.strip() for part in line.split(" | "))
            group, _, where = groups.partition(", ")
            named = NAMED.get(view, view)
            measure = named[group == MODE] if isinstance(named, dict) else named
            for column, variant in (pair.split(" = ") for pair in columns.split(", ")):
                wrong = warehouse.rows(f"""
                    with counted as (
                        select {group} as group_key, {column} as n from mart.{view} where {where or "true"} and {column} > 0
                    ),
                    listed as (
                        select group_key, count(*) as n from mart.count_tickets
                        where measure = '{measure}' and variant = '{variant}' and (measure <> 'modes' or group_key like '%/%')
                        group by group_key
                    )
                    select * from counted left join listed using (group_key) where counted.n is distinct from listed.n
                """)
                assert wrong == [], (view, column)


def test_no_count_in_a_table_stands_without_its_tickets(folder: Path) -> None:
    bare = []
    for path in folder.rglob("*.html"):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(("numbers/", "tickets/")):
            cells = Cells(path.read_text().partition("<main")[2]).found
            bare += [
                (name, *cell) for cell in cells if re.fullmatch(r"\d+", cell[1]) and cell[1] != "0" and not cell[2]
            ]
    assert [one for one in bare if one[1] not in NO_TICKETS] == []


# -- in the browser ----------------------------------------------------------------------------------------------------


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 360])
def test_every_kind_of_page_opens_offline_without_complaint_or_sideways_scroll(
    browser: Browser, folder: Path, width: int
) -> None:
    for path in one_of_each(folder):
        with opened_page(browser, path, width) as opened:
            opened.settle()
            assert opened.complaints == [], path
            assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == [], path
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= width, path


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
def test_every_other_page_opens_without_complaint(browser: Browser, folder: Path) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 900}, offline=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{page.url} {message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"{page.url} {error}"))
    wide = []
    for path in sorted(folder.rglob("*.html")):
        page.goto(path.as_uri(), wait_until="domcontentloaded")
        if page.evaluate("document.documentElement.scrollWidth") > 360:
            wide.append(path.name)
    context.close()
    assert complaints == [] and wide == []


@needs_chromium
@pytest.mark.browser
def test_charts_are_drawn_each_with_its_table(browser: Browser, folder: Path) -> None:
    with opened_page(browser, folder / "index.html") as opened:
        opened.settle()
        charts = opened.page.locator(".chart").count()
        assert charts >= 7
        assert opened.page.locator(".chart svg.main-svg").count() >= charts
        assert opened.page.locator("figure.picture details.behind table").count() == charts


@needs_chromium
@pytest.mark.browser
def test_filters_filter_and_are_asked_for_by_the_address(browser: Browser, folder: Path) -> None:
    with opened_page(browser, folder / "tickets" / "index.html") as opened:
        page = opened.page
        rows = page.locator("#all tbody tr")
        whole = rows.count()
        page.select_option("select[name=provider]", "CDK")
        shown = page.locator("#all tbody tr:visible")
        assert 0 < shown.count() < whole
        assert {one.inner_text() for one in page.locator("#all tbody tr:visible td:nth-child(4)").all()} == {"CDK"}
        category = page.locator("#all tbody tr:visible").first.get_attribute("data-category")
        page.select_option("select[name=category]", category)
        narrower = shown.count()
        assert 0 < narrower <= whole
        assert page.locator(".filters output").inner_text() == f"{narrower} of {whole} shown"
        page.fill(".filters input", "nothing says this")
        assert shown.count() == 0
        page.click(".filters button")
        assert shown.count() == whole
        assert page.locator(".filters select").count() >= 4  # provider, dealer, category, verdict
    with opened_page(browser, folder / "families" / "index.html", query="?provider=XTime") as opened:
        assert {
            one.inner_text() for one in opened.page.locator("#patterns tbody tr:visible td:nth-child(2)").all()
        } == {"XTime"}


@needs_chromium
@pytest.mark.browser
def test_search_finds_tickets_patterns_and_pages_by_keyboard_alone(browser: Browser, folder: Path) -> None:
    key = next(path.stem for path in sorted((folder / "tickets").glob("SUP-*.html")))
    for start in (folder / "index.html", folder / "numbers" / "repeats.html"):
        with opened_page(browser, start) as opened:
            page = opened.page
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.className") == "skip"
            while page.evaluate("document.activeElement.id") != "q":
                page.keyboard.press("Tab")
            page.keyboard.type(key)
            page.wait_for_selector(f"#found a:has-text('{key} ')")
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.closest('#found') !== null")
            page.keyboard.press("Enter")
            page.wait_for_url("**/tickets/*.html")
            assert page.locator("h1").inner_text() == key
            assert opened.complaints == []
    with opened_page(browser, folder / "index.html") as opened:
        opened.page.fill("#q", "no such thing anywhere")
        opened.page.wait_for_selector("#found-count:text-is('Nothing found')")
        opened.page.keyboard.press("Escape")
        assert opened.page.locator("#q").input_value() == ""


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("name", ["index.html", "tickets/index.html", "families/index.html"])
def test_the_keyboard_alone_reaches_everything_and_shows_where_it_is(browser: Browser, folder: Path, name: str) -> None:
    with opened_page(browser, folder / name) as opened:
        opened.settle()
        page = opened.page
        script = """[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
            .filter(e => e.checkVisibility({visibilityProperty: true}) && (e.tagName === 'SUMMARY' || !e.closest('details:not([open])')))"""
        wanted = page.evaluate(f"({script}).length")
        page.evaluate("window.reached = new Set()")
        page.evaluate("document.addEventListener('focusin', e => window.reached.add(e.target))")
        for _ in range(wanted + 5):
            page.keyboard.press("Tab")
        missed = page.evaluate(f"({script}).filter(e => !window.reached.has(e)).map(e => e.outerHTML.slice(0, 120))")
        assert missed == [] and wanted > 30
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


@needs_chromium
@pytest.mark.browser
def test_a_closed_list_opens_when_a_link_leads_into_it(browser: Browser, folder: Path) -> None:
    with opened_page(browser, folder / "index.html", query="#trust") as opened:
        opened.page.evaluate("document.querySelector('details.behind').id = 'closed'; location.hash = 'closed'")
        opened.page.wait_for_selector("#closed[open]")


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
def test_axe_finds_nothing_serious(browser: Browser, folder: Path) -> None:
    found = []
    for path in one_of_each(folder):
        with opened_page(browser, path) as opened:
            opened.settle()
            violations = Axe().run(opened.page).response["violations"]
            found += [f"{path.name}: {one['id']}: {one['nodes'][0]['html'][:150]}" for one in violations]
    assert found == []


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
def test_print_fits_its_pages(browser: Browser, folder: Path) -> None:
    """The scorecard is one page; of no page anything is cut off at the right."""
    for name, most in (("scorecard.html", 1), ("index.html", 9), ("queue.html", 4)):
        with opened_page(browser, folder / name) as opened:
            opened.settle()
            pdf = opened.page.pdf(format="A4", print_background=True, prefer_css_page_size=True)
            assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= most, name
            opened.page.set_viewport_size({"width": 695, "height": 1000})  # A4 less its margins
            opened.page.emulate_media(media="print")
            opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
            opened.page.wait_for_timeout(300)
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= 695, name


@needs_chromium
@pytest.mark.browser
def test_the_policy_of_a_page_refuses_what_a_slip_would_let_in(browser: Browser, folder: Path) -> None:
    """Should some text break out in spite of all, no script of it runs and nothing is fetched."""
    for path in one_of_each(folder)[:2]:
        assert "unsafe" not in path.read_text().partition("<title>")[0]
        with opened_page(browser, path) as opened:
            opened.page.evaluate(
                """() => { const slip = document.createElement('div'); document.body.append(slip);
                slip.innerHTML = '<img src="https://evil.example/x.png" onerror="window.hit = 1"><a id="slip" href="javascript:window.hit=2">x</a>';
                slip.append(Object.assign(document.createElement('script'), { textContent: 'window.hit = 3' })); }"""
            )
            opened.page.evaluate("document.getElementById('slip').click()")
            opened.page.wait_for_timeout(200)
            assert opened.page.evaluate("window.hit") is None
            assert [one for one in opened.complaints if "Content Security Policy" in one] != []


@needs_chromium
@pytest.mark.browser
def test_a_script_in_a_summary_shows_as_text(browser: Browser, folder: Path) -> None:
    with opened_page(browser, folder / "tickets" / "index.html") as opened:
        assert opened.complaints == []
    hostile = [path for path in (folder / "tickets").glob("S*.html") if "&lt;script&gt;" in path.read_text()]
    shown = [read(path).words for path in hostile]
    assert any('<script>alert("pam")</script>' in one for one in shown) or not hostile
