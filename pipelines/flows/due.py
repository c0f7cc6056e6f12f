"""Runs that are due: merged into one, taken up again after a crash, told of when they are late."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import AwaitingRetry, Cancelled, Crashed
from prefect.types import DateTime

from pipelines.alerts import Problem, settle
from pipelines.settings import Settings

Say = Callable[[str], None]
TAG = "escalations"
EVERY = {  # how far apart a flow's runs are
    "sync": timedelta(minutes=15),
    "triage": timedelta(minutes=15),
    "census": timedelta(days=1),
    "weekly-review": timedelta(days=7),
    "retrain": timedelta(days=7),
}
GRACE = {  # how late a run may begin before somebody is told
    "sync": timedelta(hours=1),
    "triage": timedelta(hours=1),
    "census": timedelta(hours=6),
    "weekly-review": timedelta(hours=2),
    "retrain": timedelta(hours=24),
}
LONGEST_RUN = timedelta(hours=6)
ATTEMPTS = 5  # of a run that is cut off each time
GONE = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)


def runs_of(
    client: SyncPrefectClient, deployment: DeploymentFilter, *types: StateType, until: datetime | None = None
) -> list[FlowRun]:
    """Runs of deployments in these states, due at that time at the latest, the oldest first."""
    due = FlowRunFilterNextScheduledStartTime(before_=DateTime.instance(until)) if until else None
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))
    found = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=state, next_scheduled_start_time=due),
        deployment_filter=deployment,
        sort=FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC if until else FlowRunSort.START_TIME_DESC,
        limit=200,
    )
    return list(found)


def deployments(client: SyncPrefectClient) -> list[DeploymentResponse]:
    """This program's deployments."""
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    return list(client.read_deployments(deployment_filter=ours))


def only(deployment_id: UUID | None) -> DeploymentFilter:
    """The filter for one deployment."""
    return DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id] if deployment_id else []))


def cancel_due(client: SyncPrefectClient, run: FlowRun, until: datetime, why: str) -> None:
    """Cancel the other runs that the schedule of this run's deployment made for a time up to `until`."""
    for other in runs_of(client, only(run.deployment_id), StateType.SCHEDULED, until=until):
        if other.id != run.id and other.auto_scheduled:
            client.set_flow_run_state(other.id, Cancelled(message=why), force=True)


def take_up_again(now: datetime, say: Say, *, is_start: bool = False) -> None:
    """Make runs that crashed due again, a few times; at the start of serving also those that it was serving."""
    with get_client(sync_client=True) as client:
        for one in deployments(client):
            cut_off = runs_of(client, only(one.id), *GONE) if is_start else []
            for run in [*cut_off, *_last_if_crashed(client, one)]:
                if run.run_count < ATTEMPTS:
                    state: State[None] = AwaitingRetry(scheduled_time=now, message="was cut off, and runs again")
                    client.set_flow_run_state(run.id, state, force=True)
                    say(f"{one.name}: a run was cut off, and runs again")
                elif run.state_type != StateType.CRASHED:
                    client.set_flow_run_state(run.id, Crashed(message=f"was cut off {ATTEMPTS} times"), force=True)


def _without_good_run(client: SyncPrefectClient, one: DeploymentResponse) -> datetime | None:
    """Since when a flow has not ended well; None where its last run failed, which was told by itself."""
    ended = runs_of(client, only(one.id), StateType.COMPLETED, StateType.FAILED)[:1]
    if not ended:
        return one.created
    return ended[0].end_time if ended[0].state_type == StateType.COMPLETED else None


def _last_if_crashed(client: SyncPrefectClient, one: DeploymentResponse) -> list[FlowRun]:
    """The newest run that has begun, if it crashed."""
    begun = (StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, *GONE)
    last = runs_of(client, only(one.id), *begun)[:1]
    return [run for run in last if run.state_type == StateType.CRASHED]


def look_late(settings: Settings, now: datetime, say: Say) -> None:
    """Announce schedules that are late or hang, or whose last run crashed; and when they are well again."""
    with get_client(sync_client=True) as client:
        for one in deployments(client):
            problems = list(late(client, one, now))
            settle(settings, f"schedule {one.name}", problems, now.astimezone(UTC).replace(tzinfo=None), say)


def late(client: SyncPrefectClient, one: DeploymentResponse, now: datetime) -> list[Problem]:
    """What is late, hangs or was cut off too often of a deployment."""
    grace = GRACE.get(one.name, timedelta(hours=24))
    found = []
    overdue = runs_of(client, only(one.id), StateType.SCHEDULED, until=now - grace)
    since = _without_good_run(client, one)
    advice = "see by `escalations doctor` whether schedules run, and who holds the lock"
    if overdue and overdue[0].next_scheduled_start_time:
        what = f"the run due at {overdue[0].next_scheduled_start_time:%Y-%m-%d %H:%M} UTC has not begun"
        found.append(Problem("late", what, advice))
    elif since and since < now - grace - EVERY.get(one.name, timedelta(days=7)):
        found.append(Problem("late", f"no run has ended since {since:%Y-%m-%d %H:%M} UTC", advice))
    for run in runs_of(client, only(one.id), StateType.RUNNING):
        if run.start_time and run.start_time < now - LONGEST_RUN:
            what = f"the run that began at {run.start_time:%Y-%m-%d %H:%M} UTC is still going on"
            found.append(Problem("hangs", what, "look at its log in Prefect; stop the process if nothing moves"))
    if any(run.run_count >= ATTEMPTS for run in _last_if_crashed(client, one)):
        what = f"a run was cut off {ATTEMPTS} times, as if it was killed or had no memory left"
        found.append(Problem("crashed", what, "look at memory and disk (`escalations doctor`); the next run goes on"))
    return found
