"""How fast the week's site is made, how large it is, and how soon its review answers: 10,000 tickets, 200 escalations a week.

    python tests/benchmarks/site_speed.py [--tickets 10000] [--home DIR]

Prints seconds of reading the frames and of rendering and writing, the folder's size by kind of page, pages per second for
tickets, and (where Chromium is installed) milliseconds until the review can be used and until its last chart is drawn, from disk.
Every ticket has 15 changes, 2 comments and 800 characters; three in ten escalate; 400 families.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.funnel_speed import AS_OF, CATEGORIES, CHANGES, DEALERS, PROVIDERS, REST, SEED_STORY, TAGS, timed
from stories import issues, load_into, write_criteria

from analysis.frames import frames
from analysis.judge import judge
from analysis.measure import measure
from analysis.tag import tag
from analysis.warehouse import Warehouse
from pipelines.load import derive
from reports.pages import tickets
from reports.report import report
from reports.week import Frames, Week

WEEKS = 15
FAMILIES = 400
TICKETS = """
    create temp table made as
    select 10000 + i as issue_id, 'SUP-' || (10000 + i) as ticket_key,
        timestamp '2026-11-23' - to_seconds(cast((1 - i / {n}) * {weeks} * 604800.0 as bigint)) as created_at,
        cast(hash(i, 'a') % 1000 as integer) as a, cast(hash(i, 'b') % 1000 as integer) as b,
        cast(hash(i, 'c') % 1000 as integer) as c, cast(hash(i, 'd') % {dealers} as integer) as dealer
    from range({n}) t(i)
"""
WORDS = "'Pam offers no times at this store since the morning, the call answers 403 with an empty body. '"
MORE = (
    f"update core.tickets set description = repeat({WORDS}, 8), summary = 'No times offered at dealer ' || issue_id % 400 || ', 403'",
    f"""
    insert into state.family_events (run_id, recorded_at, effective_at, event, family_id, issue_id, method, likeness)
    select 'made', created_at, created_at, if(issue_id = family_id, 'founded', 'joined'), family_id, issue_id, 'alike', 1.0
    from (
        select issue_id, created_at, min(issue_id) over (partition by hash(issue_id, 'f') % {FAMILIES}) as family_id from made where a < 300
    )
    order by issue_id
    """,
)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--tickets", type=int, default=10_000)
    asked.add_argument("--home", type=Path)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(dir=given.home) as folder:
        run(given.home or Path(folder), given.tickets)


def run(folder: Path, n: int) -> None:
    dealers = "dealer_id,name,aliases,provider,live_from,live_until\n" + "".join(
        f"d{i},Dealer {i},,,2023-01-01,\n" for i in range(DEALERS)
    )
    criteria = write_criteria(folder / "criteria", dealers__csv=dealers, rules__toml="")
    with Warehouse.open(folder / "warehouse.duckdb") as warehouse:
        load_into(warehouse, folder, issues(SEED_STORY), criteria)
        tag(warehouse, criteria, None, "seed", AS_OF)
        made = TICKETS.format(n=n, dealers=DEALERS, weeks=WEEKS)
        for statement in (
            made,
            CHANGES.format(),
            *REST,
            TAGS.format(providers=PROVIDERS, categories=CATEGORIES),
            *MORE,
        ):
            warehouse.execute(statement)
        with warehouse.transaction():
            derive(warehouse, 1, full=True)
        with warehouse.transaction():
            warehouse.set_dirty(None)
            warehouse.build("tag", full=True)
        warehouse.build("place", full=True)
        judge(warehouse, criteria, "run", AS_OF)
        print(f"measured in {timed(lambda: measure(warehouse, criteria, AS_OF)):.1f} s")
        n_week = warehouse.value(
            "select numerator from mart.measures join core.clock using (week) where measure = 'volume' and group_key = 'all'"
        )
        print(f"{n:,} tickets, {n_week} escalations in the week")
        started, used = time.perf_counter(), time.process_time()
        read = frames(warehouse)
        print(f"frames: {time.perf_counter() - started:.2f} s, of processors {time.process_time() - used:.2f} s")
    for _ in range(2):
        started, used = time.perf_counter(), time.process_time()
        page = report(read, folder / "reports", [], "https://desk.example.invalid")
        taken = time.process_time() - used
        print(f"rendered and written: {time.perf_counter() - started:.2f} s, of a processor {taken:.2f} s")
    each(read)
    sizes(page.parent)
    seen(page)


def each(read: Frames) -> None:
    """Seconds of a processor for a quarter, half and all of the pages of tickets."""
    for part in (4, 2, 1):
        few = read | {"tickets": read["tickets"].head(len(read["tickets"]) // part)}
        used = time.process_time()
        n = len(tickets.pages(Week(few, (), None)))
        print(f"{n} pages of tickets: {time.process_time() - used:.2f} s of a processor")


def sizes(folder: Path) -> None:
    total = 0
    for part in sorted(folder.iterdir()):
        files = [path for path in part.rglob("*") if path.is_file()] if part.is_dir() else [part]
        size = sum(path.stat().st_size for path in files)
        total += size
        if part.is_dir():
            print(f"  {part.name}: {len(files)} files, {size / 1e6:.2f} MB")
    print(f"folder: {total / 1e6:.2f} MB")


def seen(page: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is not installed: not opened")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(3):
            opened = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True).new_page()
            opened.goto(page.as_uri(), wait_until="domcontentloaded")
            usable = opened.evaluate("performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart")
            opened.wait_for_selector("html[data-charts=drawn]", state="attached")
            drawn = opened.evaluate("performance.now()")
            print(f"review: usable after {usable:.0f} ms, last chart after {drawn:.0f} ms")
            opened.context.close()
        browser.close()


if __name__ == "__main__":
    main()
