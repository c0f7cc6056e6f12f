"""The other forms of a week whose tickets are made of payloads, and of weeks with nothing in them, beside their pages."""

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from site_reading import needs_chromium, words_of
from stories import issues, write_criteria, write_export
from test_workbook import is_inert

from analysis.errors import InputError
from pipelines import weekly
from pipelines.order import Publishing
from pipelines.printing import print_text, print_week
from pipelines.settings import Settings
from reports.messages import chat, mail
from reports.paper import paper

PAYLOADS = [
    "=HYPERLINK(`https://evil.example`)",
    "@here <!channel> https://evil.example",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1)) www.evil.example",
    "{{ 7*7 }} ${7*7} {% raw %}",
    "\u202egnp.exe \U0001f600 \u200b",
    "a\r\nBcc: joe@evil.example",
]
STORY = """
SUP-1 created 2026-02-02 09:00 tier=2 dealer=Cedar provider=CDK category=auth
  02-02 10:00 status=Resolved resolution=Done by=int-1
SUP-2 created 2026-03-02 09:00 tier=1 dealer=Cedar provider=CDK category=auth
  03-02 10:00 tier=2 by=ops-1
SUP-3 created 2026-03-03 09:00 tier=1 dealer==1+1 provider=CDK category=auth
  03-03 10:00 tier=2 by=ops-1
  03-04 10:00 status=Resolved resolution=Done by=int-1
SUP-4 created 2026-03-03 09:00 tier=2 dealer=Cedar provider=Tekion category=webhook
  03-04 10:00 tier=3 by=int-1
  03-05 10:00 status=Resolved resolution=Done by=eng-1
SUP-5 created 2026-03-03 11:00 tier=2 provider=Tekion
SUP-6 created 2026-03-03 12:00 tier=2 provider=XTime
SUP-7 created 2026-03-03 13:00 tier=2 provider=XTime
"""


def pages(home: Path, story: str, until: datetime | None = None) -> Path:
    write_criteria(home / "criteria")
    found = issues(story)
    for place, issue in enumerate(found):
        words = PAYLOADS[place % len(PAYLOADS)]
        issue["fields"] |= {"summary": f"{words} again", "description": f"{words}\n{words * 2000}"}
    settings = Settings(home=home, source=str(write_export(home / "export.json", found)))
    how = Publishing.NO if until else Publishing.PUBLISH
    made = weekly.run(settings, lambda _: None, until=until, publishing=how).page
    assert made is not None
    return made.parent


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pages(tmp_path_factory.mktemp("hostile"), STORY + "SUP-8 created 2026-03-09 09:00 tier=1\n")


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


def test_every_table_is_a_sheet_and_a_csv_of_words_and_numbers(week: Path) -> None:
    book = openpyxl.load_workbook(week / "tables" / f"escalations-{week.name}.xlsx")
    texts = {path.stem: path.read_text() for path in (week / "tables").glob("*.csv")}
    assert len(book.sheetnames) == len(texts) + 2  # a list of the sheets, and one that is too long for a CSV
    assert {"decisions", "scorecard", "queue", "numbers", "tickets"} <= set(texts)
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.value is None or cell.data_type in ("s", "n", "d"), cell.value
                assert cell.hyperlink is None
                assert not isinstance(cell.value, str) or is_inert(cell.value), cell.value
    for text in texts.values():
        assert all(is_inert(cell) for row in csv.reader(io.StringIO(text)) for cell in row)
    assert "'=HYPERLINK" in texts["tickets"] + texts["queue"]


def test_messages_say_what_the_review_says(week: Path) -> None:
    told, shown = summary(week), words_of(week / "index.html")
    for sentence in told["headline"]:
        assert " ".join(sentence.split()) in shown
    for one in [*told["decisions"], *told["charts"]]:
        assert " ".join(one["title"].split()) in shown
    assert told["week"] == week.name == "2026-W10"


def test_messages_of_a_hostile_week_are_inert(week: Path) -> None:
    told = summary(week)
    both = mail(told, "https://pages.example.com", [one["name"] for one in told["charts"]])
    for text in (chat(told, "https://pages.example.com").text, both.text, both.html):
        assert text.count("://") == 1
        assert "evil.example" not in text
        assert "<script" not in text
        assert "@" not in text


# a moment | how the week before it begins
SMALL = [
    ("2026-02-12T09:00", "1 escalation."),
    ("2026-02-19T09:00", "0 escalations (1 a week in the 13 weeks before); "),
]


@pytest.mark.parametrize(("moment", "first"), SMALL, ids=["one ticket", "nothing"])
def test_a_week_with_next_to_nothing_in_it(moment: str, first: str, tmp_path: Path) -> None:
    folder = pages(tmp_path, STORY.partition("SUP-2")[0], datetime.fromisoformat(moment))
    told = summary(folder)
    assert told["headline"][0].startswith(first)
    assert chat(told, None).text.startswith(f"Week {folder.name}")
    openpyxl.load_workbook(folder / "tables" / f"escalations-{folder.name}.xlsx")


def pdf_pages(path: Path) -> int:
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    assert b"/JavaScript" not in data
    return data.count(b"/Type /Page\n")


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
def test_review_and_scorecard_on_paper(week: Path) -> None:
    review, scorecard = print_week(week)
    assert pdf_pages(review) >= 1
    assert pdf_pages(scorecard) == 1
    assert print_week(week, anew=False) == [review, scorecard]


@needs_chromium
@pytest.mark.browser
def test_a_pack_on_paper_is_a_new_file(tmp_path: Path) -> None:
    text = paper("# SUP-1\n\n<script>document.write('x'.repeat(9))</script> ![x](https://evil.example/x.png)\n", "<t>")
    assert "<script" not in text
    assert "<img" not in text
    assert "<title>&lt;t&gt;</title>" in text
    print_text(text, tmp_path / "pack.pdf")
    assert pdf_pages(tmp_path / "pack.pdf") == 1
    with pytest.raises(InputError, match="is there already"):
        print_text(text, tmp_path / "pack.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["pack.pdf"]


def test_pages_that_are_not_there_are_not_printed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not there; run `escalations report`"):
        print_week(tmp_path)
