"""A published week's pages → folder, object store, mail, chat.

What fails is told in a line, and the others are still served. Folder and store: exactly once, by name. Mail and chat:
at most once; where nobody knows whether one arrived it is said, and only a person sends it anew.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from analysis.errors import DeliveryError, InputError, SettingsError
from analysis.warehouse import Warehouse
from pipelines.deliver.parcel import Parcel
from pipelines.deliver.sending import Sending
from pipelines.desk_lock import warehouse_to_read
from pipelines.known import existing_warehouse
from pipelines.order import Publishing, Result, Say
from pipelines.printing import print_week
from pipelines.settings import Settings
from pipelines.targets import Target

__all__ = ["DeliveriesError", "deliver", "deliver_published", "preview"]
PUBLISHED = "select max(week) from state.published where week = coalesce(?, week)"


class DeliveriesError(DeliveryError):
    """Some targets were not served; a line of each."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("; ".join(lines))
        self.told = tuple(lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """A line of each target."""
        return self.told


def deliver_published(settings: Settings, say: Say, run_id: str, result: Result, publishing: Publishing) -> None:
    """Bring the week that a run published, if it did, to all targets, if there are any. Raises as `deliver`."""
    if settings.targets and result.week and result.page and publishing is not Publishing.NO:
        deliver(settings, say, run_id, week=result.week)


def deliver(
    settings: Settings, say: Say, run_id: str, *, week: date | None = None, only: str | None = None, again: bool = False
) -> int:
    """Bring a published week (by default the latest) to the targets, or to the one of that name; gives to how many.

    `again` sends what is doubtful anew. To be called by the desk's only writer. Raises `DeliveriesError` where some
    were not served, `InputError` where there is no such week, `SettingsError` where there is no such target.
    """
    targets = _targets(settings, only)
    with existing_warehouse(settings.warehouse_file) as warehouse:
        parcel = _parcel(settings, warehouse, week)
        _print(parcel, targets, say)
        sending = Sending(warehouse, parcel, settings.pages_url, say, run_id, _now(), again)
        failed = []
        for target in targets:
            try:
                say(f"deliver: {target.name}: {sending.to(target)}")
            except DeliveryError as error:
                failed.append(f"{target.name}: {error}")
    if failed:
        raise DeliveriesError(failed)
    return len(targets)


def preview(settings: Settings, *, week: date | None = None, only: str | None = None) -> list[str]:
    """What `deliver` would do, a line for each target; nothing is opened but the warehouse, and nothing is written."""
    targets = _targets(settings, only)
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        parcel = _parcel(settings, warehouse, week)
        sending = Sending(warehouse, parcel, settings.pages_url, lambda _: None, "", _now())
        return [f"{target.name}: {sending.would(target)}" for target in targets]


def _targets(settings: Settings, only: str | None) -> list[Target]:
    found = [one for one in settings.targets if only in (None, one.name)]
    if not found:
        known = ", ".join(one.name for one in settings.targets)
        told = f"no target is called {only!r}; there are {known}" if known else "there are no targets"
        raise SettingsError(f"{told}; write them as [[targets]] into settings.toml")
    return found


def _parcel(settings: Settings, warehouse: Warehouse, week: date | None) -> Parcel:
    found: date | None = warehouse.value(PUBLISHED, [week])
    if found is None:
        wanted = f"week {week:%G-W%V} was never published" if week else "no week was published yet"
        raise InputError(f"{wanted}; run `escalations run --publish` first")
    parcel = Parcel(settings.reports, f"{found:%G-W%V}")
    assert parcel.summary  # noqa: S101 - says what is missing before anything is sent
    return parcel


def _print(parcel: Parcel, targets: Sequence[Target], say: Say) -> None:
    """Put review and scorecard on paper where a target wants that; a PDF beside its page was printed from it."""
    if any(target.pdf for target in targets):
        try:
            print_week(parcel.folder, anew=False)
        except DeliveryError as error:
            say(f"deliver: without PDF: {error}")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
