"""Against a real Prefect server on loopback: schedules, retries, waits, being told, and a process that is killed."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jira_standin import JiraStandIn
from served_desk import FLOWS, SECRET, Hook, Served, busy_desk, command, content, environment, free_port, listening

pytestmark = pytest.mark.slow
ZONE = "America/New_York"


@pytest.fixture
def jira() -> Iterator[JiraStandIn]:
    with JiraStandIn("cloud") as made:
        busy_desk(made)
        yield made


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as made:
        yield made


@pytest.fixture
def served(jira: JiraStandIn, hook: Hook, tmp_path: Path) -> Iterator[Served]:
    home, port = tmp_path / "desk", free_port()
    more = {"prefect_port": str(port), "notify_urls": hook.url, "step_retry_seconds": "0", "jira_longest_wait": "3"}
    (home / "share").mkdir(parents=True)
    more["targets"] = json.dumps([{"name": "share", "kind": "folder", "path": str(home / "share")}])
    given = environment(home, jira, **more)
    site = home / "criteria" / "site.toml"
    site.write_text(site.read_text().replace('"UTC"', f'"{ZONE}"'))
    made = Served(given, home, port)
    made.start()
    yield made
    if made.process and made.process.poll() is None:
        made.stop(signal.SIGKILL)


def a_new_desk_reads_at_once_and_every_schedule_has_runs(served: Served) -> None:
    served.until(lambda: all(served.runs(flow, "Scheduled") for flow in FLOWS))
    mondays = [datetime.fromisoformat(one["expected_start_time"]) for one in served.runs("weekly-review", "Scheduled")]
    from zoneinfo import ZoneInfo

    local = [moment.astimezone(ZoneInfo(ZONE)) for moment in mondays]
    assert {(moment.isoweekday(), moment.hour, moment.minute) for moment in local} == {(1, 6, 30)}
    served.until(lambda: served.runs("sync", "Completed"))  # the first one was not waited for
    first = served.runs("sync", "Completed")[0]
    artifacts = served.artifacts(first["id"])
    assert set(artifacts) == {"sync-counts", "sync-tag-sources"}
    assert "'issues read', 'count': 24" in artifacts["sync-counts"].replace('"', "'")
    steps = served.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [first["id"]]}}})
    assert {one["name"].rpartition("-")[0] for one in steps} == {"extract", "load", "tag", "judge", "measure"}


def the_weekly_review_completes_with_its_page(served: Served) -> None:
    run = served.ended(served.trigger("weekly-review"))
    assert run["state"]["type"] == "COMPLETED", run["state"]
    link = served.artifacts(run["id"])["week-page"]
    page = Path(re.search(r"file://([^)]+)", link)[1])  # type: ignore[index]
    assert page == served.home.resolve() / "reports" / "2026-W35" / "index.html"
    assert any(SECRET in one.read_text() for one in page.parent.rglob("*.html"))
    assert (served.home / "share" / "2026-W35" / "index.html").read_bytes() == page.read_bytes()
    assert "targets served" in served.artifacts(run["id"])["delivery-counts"]


def a_step_that_fails_twice_and_then_works_completes(jira: JiraStandIn, served: Served, hook: Hook) -> None:
    jira.faults.html_next("serverInfo", times=6)  # each try of the step asks three times
    run = served.ended(served.trigger("sync"))
    assert run["state"]["type"] == "COMPLETED", run["state"]
    assert not jira.faults.strikes
    steps = served.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    assert {one["name"].rpartition("-")[0]: one["run_count"] for one in steps}["extract"] == 3
    assert hook.messages == []


def what_jira_asks_to_wait_is_a_reschedule(jira: JiraStandIn, served: Served) -> None:
    jira.faults.fail_next("serverInfo", 429, retry_after="6")
    ident = served.trigger("sync")
    served.until(lambda: served.run(ident)["state"]["name"] == "AwaitingRetry")
    message = served.run(ident)["state"]["message"]
    assert message.startswith("Jira asks to wait")
    run = served.ended(ident)
    assert (run["state"]["type"], run["run_count"]) == ("COMPLETED", 2)


def one_that_fails_for_good_is_told_once_and_when_it_is_over(jira: JiraStandIn, served: Served, hook: Hook) -> None:
    jira.faults.token_expires_after = 0
    for _ in range(2):
        run = served.ended(served.trigger("sync"))
        assert run["state"]["type"] == "FAILED"
    jira.faults.token_expires_after = None
    assert served.ended(served.trigger("sync"))["state"]["type"] == "COMPLETED"
    assert hook.titles() == ["Escalations: sync needs a look", "Escalations: sync is well again"]
    assert "What to do: see whether Jira is up" in hook.messages[0]["message"]


LATE = """
from datetime import UTC, datetime, timedelta
from pipelines.flows.due import look_late
from pipelines.settings import read_settings
now = datetime.now(UTC)
for at in (now + timedelta(hours=2), now + timedelta(hours=2), now):
    look_late(read_settings(), at, print)
"""


def schedules_that_are_late_are_told_once_and_when_it_is_over(served: Served, hook: Hook) -> None:
    """Two hours from now nothing will have run since now, if nobody runs it."""
    before = len(hook.messages)
    given = served.environment | {"PREFECT_API_URL": f"http://127.0.0.1:{served.port}/api"}
    subprocess.run([sys.executable, "-c", LATE], env=given, cwd=served.home, check=True, capture_output=True)
    assert sorted(hook.titles()[before:]) == [
        "Escalations: schedule sync is well again",
        "Escalations: schedule sync needs a look",
        "Escalations: schedule triage is well again",
        "Escalations: schedule triage needs a look",
    ]
    assert "has not begun" in hook.messages[before]["message"]


def another_serving_process_is_refused(served: Served) -> None:
    ended = subprocess.run(command("serve"), env=served.environment, cwd=served.home, capture_output=True, check=False)
    assert ended.returncode == 14
    assert b"`escalations serve`" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def doctor_knows_of_server_and_schedules(served: Served) -> None:
    ended = subprocess.run(command("doctor"), env=served.environment, cwd=served.home, capture_output=True, check=False)
    told = ended.stdout.decode()
    assert re.search(r"ok +server: .*answers", told)
    assert re.search(r"ok +schedules: 5 of 5", told)


def asleep_over_mondays_the_page_appears_once(jira: JiraStandIn, served: Served) -> None:
    """Nothing of the desk runs, while the calendar and Jira go on for two weeks."""
    before = _reviews(served)
    with suspended(served):
        jira.tick(2 * 7 * 86_400)
        missed = _sleep(served.home / "prefect" / "prefect.db", timedelta(weeks=2))
    assert missed["weekly-review"] >= 2
    assert missed["sync"] >= 3
    _caught_up_once(served, missed, before)
    assert _weeks(served) == {"2026-W35", "2026-W36", "2026-W37"}


def _reviews(served: Served) -> tuple[int, int]:
    """How many weekly reviews were made, and how many were cancelled."""
    return len(served.runs("weekly-review", "Completed")), len(served.runs("weekly-review", "Cancelled"))


def _caught_up_once(served: Served, missed: dict[str, int], before: tuple[int, int]) -> None:
    """One run has stood for all that were missed; the others are cancelled, and none is left."""
    assert missed["weekly-review"] >= 1
    served.until(lambda: _reviews(served)[0] > before[0], 240)
    served.until(lambda: not served.runs("weekly-review", "Late", "Pending", "Running"), 60)
    served.until(lambda: not served.runs("sync", "Late", "Pending", "Running", "AwaitingRetry"), 60)
    assert _reviews(served) == (before[0] + 1, before[1] + missed["weekly-review"] - 1)


def _weeks(served: Served) -> set[str]:
    return {path.parent.name for path in (served.home / "reports").glob("*/index.html")}


def killed_in_a_run_and_asleep_over_mondays_the_page_appears_once(
    jira: JiraStandIn, served: Served, tmp_path: Path
) -> None:
    """The serving process dies in the middle of a sync; the machine wakes two weeks later."""
    jira.edit(next(iter(jira.snapshot())), summary=f"{SECRET} again")
    before = _reviews(served)
    cut_off = served.trigger("sync")
    served.until(lambda: served.run(cut_off)["state"]["name"] == "Running")
    served.stop(signal.SIGKILL)
    jira.tick(2 * 7 * 86_400)
    missed = _sleep(served.home / "prefect" / "prefect.db", timedelta(weeks=2))
    served.start()
    # it may have said in its last moment that it crashed, and is taken up again once the desk is served
    served.until(lambda: served.run(cut_off)["state"]["type"] in ("COMPLETED", "CANCELLED"), 240)
    _caught_up_once(served, missed, before)
    assert served.stop() == 0
    assert {"2026-W35", "2026-W36", "2026-W37"} <= _weeks(served)
    twin = tmp_path / "twin"
    given = environment(twin, jira)
    site = twin / "criteria" / "site.toml"
    site.write_text(site.read_text().replace('"UTC"', f'"{ZONE}"'))
    subprocess.run(command("run"), env=given, cwd=twin, check=True, capture_output=True)
    mine, undisturbed = content(served.home / "warehouse.duckdb"), content(twin / "warehouse.duckdb")
    for name, rows in undisturbed.items():
        if name.startswith("core.") and name != "core.readings":
            assert mine[name] == rows, name


def no_ticket_text_gets_into_prefect(served: Served) -> None:
    kept = [path for path in (served.home / "prefect").rglob("*") if path.is_file()]
    assert len(kept) > 3
    for path in [*kept, served.home / "serve.log", served.home / "alerts.json"]:
        assert SECRET.encode() not in path.read_bytes(), path
        assert (
            b"token" not in path.read_bytes()
            or served.environment["ESCALATIONS_JIRA_TOKEN"].encode() not in path.read_bytes()
        ), path


def test_a_desk_that_runs_by_itself(jira: JiraStandIn, served: Served, hook: Hook, tmp_path: Path) -> None:
    """One story on one server, which takes a while to start; a step needs what the ones before it left."""
    a_new_desk_reads_at_once_and_every_schedule_has_runs(served)
    the_weekly_review_completes_with_its_page(served)
    a_step_that_fails_twice_and_then_works_completes(jira, served, hook)
    what_jira_asks_to_wait_is_a_reschedule(jira, served)
    one_that_fails_for_good_is_told_once_and_when_it_is_over(jira, served, hook)
    schedules_that_are_late_are_told_once_and_when_it_is_over(served, hook)
    another_serving_process_is_refused(served)
    doctor_knows_of_server_and_schedules(served)
    asleep_over_mondays_the_page_appears_once(jira, served)
    killed_in_a_run_and_asleep_over_mondays_the_page_appears_once(jira, served, tmp_path)
    no_ticket_text_gets_into_prefect(served)


@contextmanager
def suspended(served: Served) -> Iterator[None]:
    """Every process of the desk stands still, none of them in the middle of writing to the server's database."""
    assert served.process is not None
    stopped: list[int] = []
    try:
        while True:
            for ident in _with_children(served.process.pid):
                os.kill(ident, signal.SIGSTOP)
                stopped.append(ident)
            if not _is_locked(served.home / "prefect" / "prefect.db"):
                break
            _go_on(stopped)
            time.sleep(0.2)
        yield
    finally:
        _go_on(stopped)


def _go_on(stopped: list[int]) -> None:
    while stopped:
        with suppress(ProcessLookupError):
            os.kill(stopped.pop(), signal.SIGCONT)


def _is_locked(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
        try:
            connection.execute("begin immediate")
            connection.execute("rollback")
        except sqlite3.OperationalError:
            return True
    return False


def _with_children(ident: int) -> list[int]:
    """A process and all that descend from it, parents first."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = [ident]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _sleep(database: Path, span: timedelta) -> dict[str, int]:
    """Let the server's clock have gone on while it was off: what was scheduled within the span is in the past now.

    The time stands in each run and in its state as well: by that one the server lets a run wait that begins too early.
    """
    until = datetime.now(UTC) + span
    counts: dict[str, int] = {}
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        rows = connection.execute(
            "select r.id, r.state_id, d.name, r.next_scheduled_start_time, r.expected_start_time, "
            "json_extract(s.state_details, '$.scheduled_time') from flow_run r "
            "join deployment d on d.id = r.deployment_id join flow_run_state s on s.id = r.state_id "
            "where r.state_type = 'SCHEDULED' and r.auto_scheduled and d.name in ('sync', 'weekly-review')"
        ).fetchall()
        for ident, state, name, planned, expected, told in rows:
            past = [(datetime.fromisoformat(at) - span).strftime("%Y-%m-%d %H:%M:%S.%f") for at in (planned, expected)]
            connection.execute(
                "update flow_run set next_scheduled_start_time = ?, expected_start_time = ? where id = ?",
                (*past, ident),
            )
            connection.execute(
                "update flow_run_state set state_details = json_set(state_details, '$.scheduled_time', ?) where id = ?",
                ((datetime.fromisoformat(told) - span).isoformat(), state),
            )
            if datetime.fromisoformat(planned).replace(tzinfo=UTC) <= until:
                counts[name] = counts.get(name, 0) + 1
    return counts
