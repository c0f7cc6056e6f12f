"""Two syncs, a weekly run and three readers at once: no error, no lost edit. `ESCALATIONS_SPAN` says how many seconds."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jira_standin import JiraStandIn
from served_desk import busy_desk, command, environment

from analysis.warehouse import Warehouse

SPAN = float(os.environ.get("ESCALATIONS_SPAN", "8"))
WRITER = """
import json, sys, time
from datetime import UTC, datetime
from pipelines import weekly
from pipelines.desk_lock import writing
from pipelines.settings import read_settings
settings, how, until = read_settings(), weekly.Publishing(sys.argv[1]), time.time() + float(sys.argv[2])
waits = []
while time.time() < until:
    began = time.monotonic()
    with writing(settings.warehouse_file, "test", "r", datetime.now(UTC), 120):
        waits.append(time.monotonic() - began)
        weekly.run(settings, lambda _: None, publishing=how, is_rendered=how is weekly.Publishing.PUBLISH)
    time.sleep(0.05)
print(json.dumps(waits))
"""
READER = """
import json, sys, time
from pipelines.desk_lock import warehouse_to_read
from pipelines.family_lines import known_families
from pipelines.settings import read_settings
from pipelines.similar_lines import similar_to_text
settings, until = read_settings(), time.time() + float(sys.argv[2])
waits = []
while time.time() < until:
    began = time.monotonic()
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        waits.append(time.monotonic() - began)
        assert warehouse.value("select count(*) from mart.tickets") > 0
    similar_to_text(settings, b"Tekion 403 on push", 3)
    known_families(settings)
print(json.dumps(waits))
"""


@pytest.mark.slow
def test_no_error_and_no_lost_edit(tmp_path: Path) -> None:
    with JiraStandIn("cloud") as jira:
        ids = busy_desk(jira)
        given = environment(tmp_path, jira)
        subprocess.run(command("run"), env=given, check=True, capture_output=True)
        codes = [
            ("sync", WRITER, "no"),
            ("sync", WRITER, "no"),
            ("weekly", WRITER, "publish"),
            *[("reader", READER, "no")] * 3,
        ]
        children = [
            (
                kind,
                subprocess.Popen(
                    [sys.executable, "-c", code, how, str(SPAN)],
                    env=given,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                ),
            )
            for kind, code, how in codes
        ]
        deadline, n_edits = time.monotonic() + SPAN, 0
        while time.monotonic() < deadline:
            jira.tick(20)
            jira.edit(ids[n_edits % len(ids)], summary=f"edit {n_edits}")
            n_edits += 1
            time.sleep(0.2)
        longest: dict[str, float] = {}
        counts: dict[str, int] = {}
        for kind, child in children:
            out, errors = child.communicate(timeout=180)
            assert child.returncode == 0, errors.decode()
            waits = json.loads(out)
            assert waits, kind
            longest[kind] = max(longest.get(kind, 0.0), *waits)
            counts[kind] = counts.get(kind, 0) + len(waits)
        jira.tick(120)
        subprocess.run(command("run"), env=given, check=True, capture_output=True)
        with Warehouse.open(tmp_path / "warehouse.duckdb") as warehouse:
            held = dict(warehouse.rows("select cast(issue_id as varchar), summary from core.tickets"))
        shown = {ident: issue["fields"]["summary"] for ident, issue in jira.snapshot().items()}
    assert held == shown
    told = ", ".join(f"{kind} {counts[kind]} times, longest wait {longest[kind]:.2f} s" for kind in longest)
    print(f"{SPAN:.0f} s, {n_edits} edits: {told}")
