"""The flows: each a run of the pipeline, with tasks for its steps. The only room that knows Prefect."""

import os
from datetime import UTC, datetime

from prefect import flow

from analysis.taxonomy import read_criteria
from pipelines import weekly
from pipelines.backfill import weekly_review as review_weeks
from pipelines.deliver import deliver
from pipelines.erased_files import begun
from pipelines.flows.carry_out import Work, carry_out
from pipelines.forget import expire
from pipelines.order import Result
from pipelines.parent_watch import end_with
from pipelines.prefect_environment import SERVED_BY
from pipelines.settings import read_settings
from pipelines.training import train
from pipelines.triage import triage as look_at_new

__all__ = ["census", "retrain", "sync", "triage", "weekly_review"]

if os.environ.get(SERVED_BY, str(os.getpid())) != str(os.getpid()):
    # a run is read from here before it tells the server that it runs; later it might say so and then end unseen
    end_with(int(os.environ[SERVED_BY]))


@flow(name="sync")
def sync() -> None:
    """What changed in Jira, through to `mart`; no page."""
    carry_out("sync", _sync)


@flow(name="triage")
def triage() -> None:
    """What has just escalated: judged, with runbook and similar tickets; said in Jira where that is opted for."""
    carry_out("triage", _triage)


@flow(name="census")
def census() -> None:
    """What was deleted, moved, hidden or archived in Jira."""
    carry_out("census", _census)


@flow(name="weekly-review")
def weekly_review() -> None:
    """The page of the last complete week, published and delivered; weeks that were missed before it, published."""
    carry_out("weekly-review", lambda work: review_weeks(work.settings, work.say, do=work.do, run_id=work.run_id))
    settings = read_settings()
    if settings.targets:  # told of by itself: the week is published, whatever becomes of its delivery
        carry_out("delivery", _deliver)
    if settings.retention.days is not None or begun(settings):
        carry_out("retention", _expire)


@flow(name="retrain")
def retrain() -> None:
    """A classifier that has learned from people's answers, kept unless it is worse."""
    carry_out("retrain", _retrain, writes=False)


def _sync(work: Work) -> Result:
    return weekly.run(work.settings, work.say, is_rendered=False, do=work.do, run_id=work.run_id)


def _census(work: Work) -> Result:
    if not work.settings.warehouse_file.exists():
        work.say("nothing was read yet, so that nothing can be missed; the next sync reads everything")
        return Result(work.run_id)
    return weekly.run_census(work.settings, work.say, do=work.do, run_id=work.run_id)


def _triage(work: Work) -> Result:
    settings = work.settings
    if not settings.warehouse_file.exists():
        work.say("nothing was read yet, so that nothing is new")
        return Result(work.run_id)
    post = settings.triage_comments
    found = work.do("triage", lambda: look_at_new(settings, work.say, post, run_id=work.run_id))
    return Result(work.run_id, counts={"new escalations": len(found.looks), "comments written": found.n_written})


def _deliver(work: Work) -> Result:
    n_served = work.do("deliver", lambda: deliver(work.settings, work.say, work.run_id))
    return Result(work.run_id, counts={"targets served": n_served})


def _expire(work: Work) -> Result:
    now = datetime.now(UTC).replace(tzinfo=None)
    done = work.do("retention", lambda: expire(work.settings, work.run_id, now, work.say))
    return Result(work.run_id, counts={"tickets whose words were erased": done.n_tickets if done else 0})


def _retrain(work: Work) -> Result:
    criteria = read_criteria(work.settings.criteria_folder)
    done = work.do("train", lambda: train(work.settings, criteria, datetime.now(UTC).date(), work.say))
    work.say(f"model {done.version}: {'kept' if done.is_kept else 'not kept'}: {done.why}")
    return Result(work.run_id)
