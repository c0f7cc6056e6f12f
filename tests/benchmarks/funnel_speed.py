"""How fast everything follows from the changelog: a made log of a million tickets and fifteen million changes.

    python tests/benchmarks/funnel_speed.py [--tickets 1000000] [--changed 1000] [--home DIR]

Prints seconds of each step for a full recompute of core and mart, the same after some tickets changed, and peak memory.
Tags are given beforehand (their speed has a benchmark of its own), from a log made in SQL whose every ticket has 15 changes:
three in ten go to Tier 2, one in seven of those to Tier 3, most are resolved, some reopened.
"""

import argparse
import resource
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from stories import issues, load_into, write_criteria

from analysis.judge import judge
from analysis.measure import measure
from analysis.tag import tag
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from pipelines.load import derive

DEALERS, PROVIDERS = 400, "['tekion', 'cdk', 'xtime', 'mykaarma', 'dealer_fx']"
CATEGORIES = "['auth', 'webhook', 'data_sync', 'configuration', 'setup_delay', 'scheduling', 'how_to']"
AS_OF = datetime(2026, 11, 23)
SEED_STORY = 'SUP-1 created 2026-03-02 09:00 tier=2 summary="Tekion 403"\n  03-03 09:00 status=Resolved\n'

TICKETS = """
    create temp table made as
    select 10000 + i as issue_id, 'SUP-' || (10000 + i) as ticket_key,
        timestamp '2023-11-20 08:00' + to_seconds(cast(i * 94608000.0 / {n} as bigint)) as created_at,
        cast(hash(i, 'a') % 1000 as integer) as a, cast(hash(i, 'b') % 1000 as integer) as b,
        cast(hash(i, 'c') % 1000 as integer) as c, cast(hash(i, 'd') % {dealers} as integer) as dealer
    from range({n}) t(i)
"""
# place in the ticket's life, hours after creation, field, from, to; tier and status by what the ticket's dice say
CHANGES = """
    insert into core.changes
    with edit as (
        select issue_id, created_at, a, b, c, unnest([
            {{'no': 1, 'h': 0.5, 'field': 'status', 'f': 'Open', 't': 'Doing', 'fi': '1', 'ti': '3'}},
            {{'no': 2, 'h': 1.0, 'field': 'assignee', 'f': null, 't': 'ops-1', 'fi': null, 'ti': 'ops-1'}},
            {{'no': 3, 'h': 2.0 + c / 100, 'field': if(a < 300, 'customfield_1', 'customfield_90'),
                'f': '1', 't': '2', 'fi': null, 'ti': null}},
            {{'no': 4, 'h': 3.0 + c / 90, 'field': 'assignee', 'f': 'ops-1', 't': 'int-1', 'fi': 'ops-1', 'ti': 'int-1'}},
            {{'no': 5, 'h': 5.0 + c / 50, 'field': 'status', 'f': 'Doing', 't': 'Waiting for provider', 'fi': '3', 'ti': '4'}},
            {{'no': 6, 'h': 20.0 + c / 20, 'field': 'status', 'f': 'Waiting for provider', 't': 'Doing', 'fi': '4', 'ti': '3'}},
            {{'no': 7, 'h': 21.0 + c / 20, 'field': if(a < 43, 'customfield_1', 'customfield_91'),
                'f': '2', 't': '3', 'fi': null, 'ti': null}},
            {{'no': 8, 'h': 22.0 + c / 20, 'field': 'labels', 'f': '', 't': 'seen', 'fi': null, 'ti': null}},
            {{'no': 9, 'h': 23.0 + c / 20, 'field': 'customfield_92', 'f': 'x', 't': 'y', 'fi': null, 'ti': null}},
            {{'no': 10, 'h': 24.0 + c / 20, 'field': 'customfield_93', 'f': 'x', 't': 'y', 'fi': null, 'ti': null}},
            {{'no': 11, 'h': 25.0 + c / 20, 'field': 'priority', 'f': 'Low', 't': 'Medium', 'fi': null, 'ti': null}},
            {{'no': 12, 'h': 40.0 + c / 2, 'field': if(b < 950, 'status', 'customfield_94'),
                'f': 'Doing', 't': 'Resolved', 'fi': '3', 'ti': '6'}},
            {{'no': 13, 'h': 60.0 + c / 2, 'field': if(b < 60, 'status', 'customfield_95'),
                'f': 'Resolved', 't': 'Doing', 'fi': '6', 'ti': '3'}},
            {{'no': 14, 'h': 90.0 + c / 2, 'field': if(b < 60, 'status', 'customfield_96'),
                'f': 'Doing', 't': 'Resolved', 'fi': '3', 'ti': '6'}},
            {{'no': 15, 'h': 91.0 + c / 2, 'field': 'resolution', 'f': null, 't': 'Done', 'fi': null, 'ti': '1'}}
        ]) as e
        from made
    )
    select issue_id, issue_id * 100 + e.no, 1, created_at + to_seconds(cast(e.h * 3600 as bigint)), 'int-1', e.field,
        e.field, e.fi, e.ti, e.f, e.t
    from edit
"""
REST = (
    """
    insert into core.tickets by name
    select issue_id, ticket_key, 'SUP' as project, 'Support' as issue_type, 'Medium' as priority, 'ops-1' as reporter_id,
        'int-1' as assignee_id, 'ticket ' || issue_id as summary, 'words of ticket ' || issue_id as description,
        if(b < 950, '6', '3') as status_id, if(b < 950, 'Resolved', 'Doing') as status,
        if(b < 950, 'done', 'indeterminate') as status_category, 'Done' as resolution, ['seen'] as labels,
        cast([] as varchar[]) as components, created_at, created_at + interval 60 days as updated_at, 'whole' as changelog
    from made
    """,
    "insert into core.ticket_keys select issue_id, ticket_key, true from made",
    "insert into core.field_values select issue_id, 'dealer', 1, null, 'Dealer ' || dealer, null from made",
    """
    insert into core.field_values
    select issue_id, 'tier_0', 1, null, case when a < 43 then '3' when a < 300 then '2' else '1' end, null from made
    """,
    """
    insert into core.comments
    select issue_id * 10 + n, issue_id, if(n = 1, 'int-1', 'ops-1'), created_at + to_hours(10 * n), created_at + to_hours(10 * n),
        'a comment', false
    from made, range(1, 3) t(n)
    """,
    """
    insert into raw.issues
    select issue_id, 'made', cast(issue_id as integer), cast(issue_id as varchar), created_at + interval 60 days, 1 from made
    """,
)
TAGS = """
    insert into core.tags by name
    select issue_id, kind, value, 'rule' as source, ['a word'] as evidence, ['a rule'] as rule_ids, cast([] as varchar[]) as also_mentions,
        false as is_disputed, value as text_value, 'rule' as text_source, value as rule_value, '1' as taxonomy_version
    from (
        select issue_id, 'provider' as kind, {providers}[1 + dealer % 5] as value from made
        union all
        select issue_id, 'failure_category', {categories}[1 + c % 7] from made
    )
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--tickets", type=int, default=1_000_000)
    asked.add_argument("--changed", type=int, default=1000)
    asked.add_argument("--home", type=Path)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(dir=given.home) as folder:
        run(Path(folder), given.tickets, given.changed)


def run(folder: Path, n: int, n_changed: int) -> None:
    dealers = "dealer_id,name,aliases,provider,live_from,live_until\n" + "".join(
        f"d{i},Dealer {i},,,2023-01-01,\n" for i in range(DEALERS)
    )
    criteria = write_criteria(folder / "criteria", dealers__csv=dealers, rules__toml="")
    with Warehouse.open(folder / "warehouse.duckdb") as warehouse:
        load_into(warehouse, folder, issues(SEED_STORY), criteria)
        tag(warehouse, criteria, None, "seed", AS_OF)
        made = timed(lambda: make(warehouse, n))
        print(f"{n:,} tickets, {warehouse.value('select count(*) from core.changes'):,} changes made in {made:.0f} s")
        tell("full", recompute(warehouse, criteria, full=True))
        again = f"update raw.issues set batch_no = 2 where issue_id % {max(1, n // n_changed)} = 7"
        warehouse.execute(again)
        tell(f"after {n_changed:,} changed", recompute(warehouse, criteria, full=False))
        print(f"escalations: {warehouse.value('select count(*) from core.escalations'):,}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory: {peak:.1f} GB")


def make(warehouse: Warehouse, n: int) -> None:
    warehouse.execute(TICKETS.format(n=n, dealers=DEALERS))
    for statement in (CHANGES.format(), *REST, TAGS.format(providers=PROVIDERS, categories=CATEGORIES)):
        warehouse.execute(statement)


def recompute(warehouse: Warehouse, criteria: Criteria, *, full: bool) -> dict[str, float]:
    """Seconds by step. The tags' own queries count; rules and classifier do not."""

    def tagged() -> None:
        with warehouse.transaction():
            warehouse.set_dirty(None if full else "select issue_id from raw.issues where batch_no = 2")
            warehouse.build("tag", full=full)

    def loaded() -> None:
        with warehouse.transaction():
            derive(warehouse, 1 if full else 2, full=full)

    return {
        "load": timed(loaded),
        "tag": timed(tagged),
        "judge": timed(lambda: judge(warehouse, criteria, "run", datetime(2026, 11, 1))),
        "measure": timed(lambda: measure(warehouse, criteria, AS_OF)),
    }


def timed(work: object) -> float:
    started = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - started


def tell(what: str, seconds: dict[str, float]) -> None:
    parts = ", ".join(f"{name} {one:.1f}" for name, one in seconds.items())
    print(f"{what}: {sum(seconds.values()):.1f} s ({parts})", flush=True)


if __name__ == "__main__":
    main()
