"""Weeks of the past, each published and with its page, as far as that was not done yet; marked as `backfill`.

What was true then is computed from the changelog as it is known now. Cut off at any moment, the next one goes on.
"""

from dataclasses import replace
from datetime import date, timedelta

from analysis.errors import InputError
from analysis.warehouse import Warehouse
from pipelines import steps, weekly
from pipelines.models import model_in_force
from pipelines.order import Do, Publishing, Result, Say, plainly
from pipelines.settings import Settings

ONE_WEEK = timedelta(days=7)
MOST_MISSED = 13  # weeks; older ones are made up for by hand


def backfill(settings: Settings, say: Say, since: date, *, do: Do = plainly, run_id: str | None = None) -> Result:
    """Bring the warehouse up to date, then publish and render every complete week from that of `since` on.

    The last complete week is published as any other. Raises `InputError` where no week is complete.
    """
    result = weekly.run(settings, say, is_rendered=False, do=do, run_id=run_id)
    return _weeks(settings, say, since, result, do)


def weekly_review(settings: Settings, say: Say, *, do: Do = plainly, run_id: str | None = None) -> Result:
    """Publish and render the last complete week, and weeks before it that were missed since the last one published."""
    result = weekly.run(settings, say, publishing=Publishing.PUBLISH, do=do, run_id=run_id)
    assert result.week  # noqa: S101 - a run that ended has measured
    with Warehouse.open(settings.warehouse_file) as warehouse:
        before = warehouse.value("select max(week) from state.published where week < ?", [result.week])
    if before is None or before == result.week - ONE_WEEK:
        return result
    return _weeks(settings, say, max(before, result.week - MOST_MISSED * ONE_WEEK), result, do)


def _weeks(settings: Settings, say: Say, since: date, result: Result, do: Do) -> Result:
    """Publish and render the weeks that lack it; at the end the warehouse stands at the last one again."""
    assert result.week and result.as_of  # noqa: S101 - a run that ended has measured
    first, last = since - timedelta(days=since.weekday()), result.week
    if first > last:
        raise InputError(f"--since {since}: no week is complete since then; the last complete one is {last:%G-W%V}")
    weeks = [first + n * ONE_WEEK for n in range((last - first).days // 7 + 1)]
    model = model_in_force(settings.models, lambda _: None)
    page = result.page
    with Warehouse.open(settings.warehouse_file) as warehouse:
        for number, week in enumerate(weeks, 1):
            place = f"backfill: week {week:%G-W%V}, {number} of {len(weeks)}"
            is_published = bool(warehouse.value("select count(*) from state.published where week = ?", [week]))
            if week < last and is_published and (settings.reports / f"{week:%G-W%V}" / "index.html").exists():
                say(f"{place}: was published before")
                continue
            say(place)
            past = Publishing.NO if is_published else Publishing.BACKFILL
            how = past if week < last else Publishing.PUBLISH
            order = weekly.order_of(settings, lambda _: None, do, result.run_id, how)
            _, page, _ = steps.tell_week(order, warehouse, model.version if model else None, week, result.as_of)
    return replace(result, page=page)
