"""Schedules over a change of the clocks, by the code with which Prefect's server plans runs: each week's page is made once."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prefect.server.schemas.schedules import CronSchedule

from pipelines.flows.serving import planned
from pipelines.settings import Settings

# zone | a day in the week of the change | what happens
CHANGES = """
America/New_York    | 2026-03-08 | an hour is left out at 2
America/New_York    | 2026-11-01 | an hour comes twice at 1
Europe/Berlin       | 2026-03-29 | an hour is left out at 2
Europe/Berlin       | 2026-10-25 | an hour comes twice at 2
Australia/Lord_Howe | 2026-04-05 | half an hour comes twice
Australia/Lord_Howe | 2026-10-04 | half an hour is left out
Africa/Cairo        | 2026-04-24 | midnight is left out
Africa/Cairo        | 2026-10-30 | an hour before midnight comes twice
Asia/Kolkata        | 2026-03-29 | nothing
"""
TABLE = [tuple(part.strip() for part in line.split("|")) for line in CHANGES.strip().splitlines()]
HOURS = {"census": (None, 4, 30), "weekly-review": (1, 6, 30), "retrain": (6, 3, 0)}  # ISO weekday, hour, minute


def moments(tmp_path: Path, zone: str, day: str) -> dict[str, list[datetime]]:
    """Flow → when it is due (UTC) in the two weeks before that day and the two after it."""
    criteria = tmp_path / "criteria"
    criteria.mkdir()
    (criteria / "site.toml").write_text(f'reporting_zone = "{zone}"\n')
    middle = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    since, until = middle - timedelta(days=14), middle + timedelta(days=14)
    found = {}
    for deployment in planned(Settings(home=tmp_path)):
        (one,) = deployment.schedules or []
        plan = CronSchedule(cron=one.schedule.cron, timezone=one.schedule.timezone)  # type: ignore[union-attr]
        dates = asyncio.run(plan.get_dates(n=4000, start=since, end=until))
        found[deployment.name] = [datetime.fromtimestamp(at.timestamp(), UTC) for at in dates]
    return found


@pytest.mark.parametrize(("zone", "day", "what"), TABLE)
def test_over_a_change_of_the_clocks(zone: str, day: str, what: str, tmp_path: Path) -> None:
    due = moments(tmp_path, zone, day)
    assert set(due) == {"sync", "triage", *HOURS}
    for flow in ("sync", "triage"):
        gaps = {later - earlier for earlier, later in pairwise(due[flow])}
        assert gaps == {timedelta(minutes=15)}, (flow, what)
    for flow, (weekday, hour, minute) in HOURS.items():
        local = [at.astimezone(ZoneInfo(zone)) for at in due[flow]]
        assert {(at.hour, at.minute) for at in local} == {(hour, minute)}
        assert weekday is None or {at.isoweekday() for at in local} == {weekday}
        days = [at.date() for at in local]
        apart = timedelta(days=1 if weekday is None else 7)
        assert {later - earlier for earlier, later in pairwise(days)} == {apart}
        assert len(days) == 28 // apart.days
