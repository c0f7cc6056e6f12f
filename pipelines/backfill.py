"""Weeks of the past, each published and with its page, as far as that was not done yet; marked as `backfill`.

What was true then is computed from the changelog as it is known now. Cut off at any moment, the next one goes on.
"""

from dataclasses import replace
from datetime import date, timedelta

from analysis.errors import InputError
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.models import model_in_force
from pipelines.order import Do, Publishing, Result, Say, plainly
from pipelines.settings import Settings

ONE_WEEK = timedelta(days=7)


def backfill(settings: Settings, say: Say, since: date, *, do: Do = plainly, run_id: str | None = None) -> Result:
    """Bring the warehouse up to date, then publish and render every complete week from that of `since` on.

    The last complete week is published as any other. Gives the result of the last one. Raises `InputError` where no
    week is complete.
    """
    result = weekly.run(settings, say, is_rendered=False, do=do, run_id=run_id)
    assert result.week and result.as_of  # noqa: S101 - a run that ended has measured
    first, last = since - timedelta(days=since.weekday()), result.week
    if first > last:
        raise InputError(f"--since {since}: no week is complete since then; the last complete one is {last:%G-W%V}")
    weeks = [first + n * ONE_WEEK for n in range((last - first).days // 7 + 1)]
    version = _model_version(settings)
    with Warehouse.open(settings.warehouse_file) as warehouse:
        for number, week in enumerate(weeks, 1):
            place = f"week {week:%G-W%V} ({number} of {len(weeks)})"
            page = settings.reports / f"{week:%G-W%V}" / "index.html"
            is_published = warehouse.value("select count(*) from state.published where week = ?", [week])
            if is_published and page.exists() and week < last:
                say(f"backfill: {place} was published before")
                continue
            say(f"backfill: {place}")
            how = Publishing.NO if is_published else Publishing.BACKFILL if week < last else Publishing.PUBLISH
            order = weekly.order_of(settings, lambda _: None, do, result.run_id, how)
            _, page_made, _ = weekly.tell_week(order, warehouse, version, week, result.as_of)
    return replace(result, page=page_made)


def _model_version(settings: Settings) -> str | None:
    model = model_in_force(settings.models, lambda _: None)
    return model.version if model else None
