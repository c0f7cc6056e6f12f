"""A hostile week: tickets made of payloads. Pages are read back as files, and opened in the browser, where nothing happens."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from site_reading import Reader, chromium, lost_links, needs_chromium, opened_page, pages_in
from stories import derive, issues, load_into, open_warehouse, write_criteria

from analysis.frames import frames
from reports.report import report

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "' onmouseover='alert(4)' autofocus onfocus='alert(5)",
    "<svg/onload=alert(6)><iframe src=javascript:alert(7)>",
    "javascript:alert(8)//",
    "{{ 7 * 7 }} {% include '/etc/passwd' %} ${alert(9)} #{7*7}",
    '=HYPERLINK("http://evil.example","x")',
    "]]><!-- --><![CDATA[ </title></style></textarea></noscript>",
    "&lt;script&gt;alert(10)&lt;/script&gt; &#60;b&#62;",
    "right\u202eto\u2066left\u200f\u202b marks",
    "emoji 👩🏽‍🔧🚗💥 and e\u0301 accents",
    "nul\x00 bell\x07 escape\x1b[31m line\u2028 and\u2029 end",
    "lone \ud800 surrogate",
    "__proto__ constructor toString",
    '<a href="javascript:alert(11)">x</a> [x](javascript:alert(12)) onclick=alert(13)',
)
KEY = '../../EVIL"><b>-1'
HITS = re.compile(r"alert\(\d+\)")


def story() -> str:
    lines = []
    for number in range(1, len(PAYLOADS) + 1):
        up = f"SUP-{number} created 2026-03-{2 + number % 5:02} 09:00 tier=1 provider=Tekion category=auth"
        lines += [
            up,
            f"  03-{2 + number % 5:02} 10:00 tier=2 by=ops-1",
            f"  03-{2 + number % 5:02} 11:00 comment=x by=int-1",
        ]
        if number % 2:
            lines += [f"  03-{3 + number % 5:02} 12:00 status=Resolved resolution=Done by=int-1"]
    lines += [
        "SUP-90 created 2026-03-02 09:00 tier=1 labels=escalation-action",
        "SUP-91 created 2026-03-02 09:00 tier=1 type=Onboarding",
    ]
    return "\n".join(lines)


def poisoned(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every text that people write says a payload; one is a megabyte, one key leads out of the folder."""
    for number, issue in enumerate(found):
        payload = PAYLOADS[number % len(PAYLOADS)]
        fields = issue["fields"]
        fields["summary"] = f"{payload} at work"
        fields["description"] = f"{payload}\nsecond line {payload}"
        fields["priority"] = {"name": payload[:60]}
        fields["customfield_2"] = payload
        fields["assignee"] = {"accountId": payload[:40]}
        for comment in fields["comment"]["comments"]:
            comment["body"] = payload
    found[0]["fields"]["description"] = "<b>" * 350_000
    found[1]["key"] = KEY
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hostile")
    criteria = write_criteria(home / "criteria")
    moment = datetime(2026, 3, 10, 6)
    with open_warehouse(home / "w.duckdb") as warehouse:
        load_into(warehouse, home, poisoned(issues(story())), criteria)
        derive(warehouse, criteria, moment)
        return report(
            frames(warehouse), home / "reports", [f"a note {one}" for one in PAYLOADS], "https://jira.example"
        ).parent


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def test_every_payload_is_a_word_and_nothing_else(folder: Path) -> None:
    pages = pages_in(folder)
    assert sum(name.startswith("tickets/SUP-") for name in pages) >= len(PAYLOADS) - 1
    for name, page in pages.items():
        assert page.inline == [], name
        assert not {"img", "iframe", "object", "embed", "base", "textarea"} & set(page.tags), name
        assert [
            link for link in page.links if re.match(r"\s*(?:javascript|data|vbscript):", link, re.IGNORECASE)
        ] == [], name
        assert {link for link in page.links if link.startswith("http")} <= {
            f"https://jira.example/browse/SUP-{n}" for n in range(99)
        }
    text = pages["tickets/index.html"].words
    for payload in PAYLOADS[:10]:
        assert " ".join(payload.split())[:40].rstrip() in text, payload
    assert "49" not in pages["tickets/SUP-7.html"].words  # {{ 7 * 7 }}


def test_files_stay_in_the_folder_under_safe_names(folder: Path) -> None:
    assert lost_links(folder.parent) == []
    assert all(re.fullmatch(r"[\w.-]+", part) for path in folder.rglob("*") for part in path.relative_to(folder).parts)
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name, "index.html"]
    assert [path for path in folder.parent.parent.iterdir() if "EVIL" in path.name] == []
    assert any(KEY in page.words for page in pages_in(folder).values())


def test_nothing_turns_the_direction_or_steers_a_terminal(folder: Path) -> None:
    for path in folder.rglob("*.html"):
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069\u200e\u200f]", path.read_text()), (
            path
        )
        assert path.stat().st_size < 200_000, path  # the megabyte is cut


def test_islands_and_index_are_data(folder: Path) -> None:
    islands = re.findall(
        r'<script type="application/json" class="figure">(.*?)</script>', (folder / "index.html").read_text(), re.DOTALL
    )
    assert len(islands) >= 7
    for island in islands:
        assert set(json.loads(island)) == {"data", "layout"} and "<" not in island
    script = (folder / "assets" / "search.js").read_text()
    told = script.removeprefix("window.searchIndex = ").rstrip().removesuffix(";")
    assert "<" not in told and "\u2028" not in told
    rows = json.loads(told)
    assert all(len(row) == 3 and all(isinstance(cell, str) for cell in row) for row in rows)
    assert {row[0] for row in rows} <= {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
def test_no_page_does_anything_in_the_browser(browser: Browser, folder: Path) -> None:
    for path in sorted(folder.rglob("*.html")):
        with opened_page(browser, path) as opened:
            opened.settle()
            assert opened.complaints == [], path
            assert opened.page.locator("main img, main iframe, main object, main script:not([type])").count() == 0, path
            assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == [], path


@needs_chromium
@pytest.mark.browser
def test_search_and_filters_of_payloads_do_nothing_but_show(browser: Browser, folder: Path) -> None:
    with opened_page(browser, folder / "tickets" / "index.html") as opened:
        page = opened.page
        page.locator("#q").press_sequentially("script")
        page.wait_for_selector("#found a")
        assert "<script>" in page.locator("#found").inner_text()
        for name in ("provider", "dealer"):
            for option in page.locator(f"select[name={name}] option").all():
                page.select_option(f"select[name={name}]", option.get_attribute("value") or "")
        page.hover("#all tbody tr:visible td >> nth=1") if page.locator("#all tbody tr:visible").count() else None
        assert page.locator("#found img, #found script, .filters img, .filters script").count() == 0
        assert opened.complaints == []


def test_a_reader_of_html_reads_what_was_written() -> None:
    """The reader of these tests sees a payload that is not escaped."""
    page = Reader('<p onclick="x">a</p><script>alert(1)</script><img src=x><a href="javascript:x">y</a>')
    assert page.inline == ["onclick", "script"] and "img" in page.tags and page.links == ["javascript:x"]
