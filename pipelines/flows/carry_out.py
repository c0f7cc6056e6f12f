"""How a flow carries a run out: one writer, steps as tasks, waits as reschedules, and people told when it fails.

No ticket text gets into Prefect: of an error that is a bug only its kind and place are told, for its words may quote a
ticket; results stay in memory.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from prefect import Task, get_run_logger, runtime
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import Pause
from prefect.states import AwaitingRetry

from analysis.errors import BusyError, DiskError, EscalationsError, WaitError
from pipelines.alerts import Problem, failure, settle
from pipelines.desk_lock import writing
from pipelines.flows.due import cancel_due, look_late
from pipelines.order import Result, Say
from pipelines.published_copy import publish_copy
from pipelines.settings import Settings, check, read_settings
from pipelines.weekly import new_run_id

T = TypeVar("T")
OUTSIDE = ("extract", "deliver", "triage")  # steps that touch the outside; only these are tried again
TRIES = 3
PATIENCE = 60.0  # seconds that a worker waits where Jira asks for it; longer waits are rescheduled
PATIENT_FROM = 3  # at which attempt long waits are sat out, so that a large reading ends at last
LONGEST_WAIT = 6 * 3600.0
ROOMS = {"analysis", "pipelines", "reports"}
MOST_PLACES = 6
BUSY = 60.0  # seconds until a run looks again whether the other writer has ended
AN_HOUR = 3600.0


class StepError(Exception):
    """A step ended in a bug; tells its kind and place, never its words."""


@dataclass(frozen=True)
class Work:
    """What a flow's run works with."""

    settings: Settings
    say: Say
    run_id: str

    def do(self, name: str, step: Callable[[], T], /) -> T:
        """Do a step as a task. One that touches the outside is tried again where that may help."""
        made = Task(
            _told_plainly(step),
            name=name,
            retries=TRIES - 1 if name in OUTSIDE else 0,
            retry_delay_seconds=self.settings.step_retry_seconds,
            retry_condition_fn=_may_pass,
            cache_policy=NO_CACHE,
            persist_result=False,
        )
        return made()


def carry_out(flow: str, work: Callable[[Work], Result], *, writes: bool = True) -> None:
    """Do a run; reschedule it where it must wait, announce what is wrong, leave artifacts."""
    logger = get_run_logger()
    settings = read_settings()
    now = datetime.now(UTC)
    with get_client(sync_client=True) as client:
        _catch_up_once(client, now)
    try:
        check(settings)
        # the lock and the copy for readers need the disk as well as the work does
        result = _told_plainly(lambda: _work(flow, work, settings, logger.info, writes))()
    except WaitError as error:
        told = [Problem("rate_limit", str(error), "nothing, unless it goes on: ask who else uses the account's quota")]
        settle(settings, flow, told if error.seconds > AN_HOUR else [], _naive(now), logger.warning)
        _reschedule(min(error.seconds, LONGEST_WAIT), str(error), error, merge=True)
    except BusyError as error:
        _reschedule(BUSY, str(error), error, merge=False)
    except EscalationsError as error:
        settle(settings, flow, [failure(error)], _naive(now), logger.warning)
        raise error.with_traceback(None) from None
    except StepError as error:
        advice = "restart once; if it stays so, report this line to whoever looks after the program"
        settle(settings, flow, [Problem("failed", str(error), advice)], _naive(now), logger.warning)
        raise
    suspicious = [Problem(one.name, one.what, one.advice) for one in result.suspicions]
    settle(settings, flow, suspicious, _naive(datetime.now(UTC)), logger.warning)
    _leave_artifacts(flow, result, settings)
    if flow == "sync":
        look_late(settings, datetime.now(UTC), logger.warning)


def _work(flow: str, work: Callable[[Work], Result], settings: Settings, say: Say, writes: bool) -> Result:
    run_id = new_run_id()
    if runtime.flow_run.run_count < PATIENT_FROM and settings.warehouse_file.exists():
        settings = settings.model_copy(update={"jira_longest_wait": min(PATIENCE, settings.jira_longest_wait)})
    made = Work(settings, say, run_id)
    if not writes:
        return work(made)
    name = f"flow {flow}"
    with writing(settings.warehouse_file, name, run_id, _naive(datetime.now(UTC)), settings.lock_wait_seconds):
        result = work(made)
    publish_copy(settings, _naive(datetime.now(UTC)), say, at_once=flow in ("weekly-review", "retention"))
    return result


def _told_plainly(step: Callable[[], T]) -> Callable[[], T]:
    def call() -> T:
        try:
            return step()
        except EscalationsError as error:
            raise error.with_traceback(None) from None  # what it was raised from may quote a ticket
        except StepError as error:
            raise error.with_traceback(None) from None
        except OSError as error:
            raise DiskError.of(error) or StepError(f"a bug: {type(error).__name__} at {_places(error)}") from None
        except Exception as error:  # noqa: BLE001 - any bug, of which only the place may be told
            raise StepError(f"a bug: {type(error).__name__} at {_places(error)}") from None

    return call


def _places(error: Exception) -> str:
    """Where it came from in this program's own files, the innermost first."""
    parts = [(Path(frame.filename).parts, frame) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [f"{'/'.join(path[-2:])}:{frame.lineno} {frame.name}" for path, frame in parts if ROOMS & set(path[-3:-1])]
    return " < ".join(reversed(ours[-MOST_PLACES:]))


def _may_pass(_task: Any, _run: Any, state: Any) -> bool:
    try:
        state.result()
    except EscalationsError as error:
        return error.may_pass
    except Exception:  # noqa: BLE001 - a bug stays one
        return False
    return False


def _catch_up_once(client: SyncPrefectClient, now: datetime) -> None:
    """Runs of the same schedule that are due by now are one run: this one."""
    run = client.read_flow_run(runtime.flow_run.id)
    if run.deployment_id is not None:
        cancel_due(client, run, now, "caught up by another run")


def _reschedule(seconds: float, why: str, error: EscalationsError, *, merge: bool) -> NoReturn:
    """Give the worker back and run again later; a run that nobody would start again fails instead."""
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(runtime.flow_run.id)
        if run.deployment_id is None:
            raise error.with_traceback(None) from None
        if merge:
            cancel_due(client, run, until, "waits with another run")
        state: State[None] = AwaitingRetry(scheduled_time=until, message=why)
        client.set_flow_run_state(run.id, state, force=True)
    raise Pause(state=state)


def _leave_artifacts(flow: str, result: Result, settings: Settings) -> None:
    rows: list[dict[str, Any]] = [{"what": name, "count": count} for name, count in result.counts.items()]
    if rows:
        create_table_artifact(key=f"{flow}-counts", table=rows, description=f"What run {result.run_id} counted")
    sources: list[dict[str, Any]] = [{"source": name, "tickets": n} for name, n in result.tag_sources.items()]
    if sources:
        create_table_artifact(key=f"{flow}-tag-sources", table=sources, description="Where failure categories are from")
    if result.page and result.week:
        place = result.page.resolve()
        base = (settings.pages_url or settings.reports.resolve().as_uri()).rstrip("/")
        link = f"{base}/{place.relative_to(settings.reports.resolve()).as_posix()}"
        create_link_artifact(key="week-page", link=link, link_text=f"Week {result.week:%G-W%V}")


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
