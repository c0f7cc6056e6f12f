"""Every table says what it is: one writing step, its grain, its key, and a comment for every column."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stories import derive, issues, load_into, write_criteria

from analysis.table_files import table_files
from analysis.warehouse import Warehouse

STEPS = {"load", "tag", "place", "known", "judge", "measure", "weekly"}
CONTRACT = {
    "tickets": "issue_id, ticket_key, project, issue_type, priority, reporter_id, assignee_id, summary, description, dealer_id, "
    "provider, failure_category, root_cause, tier, status, status_category, resolution, created_at, updated_at, resolved_at, "
    "presence, presence_since",
    "changes": "issue_id, history_id, item_no, changed_at, author_id, field_id, field_name, from_id, to_id, from_text, to_text",
    "comments": "comment_id, issue_id, author_id, author_tier, created_at, updated_at, body",
    "links": "link_id, issue_id, kind, target, title, created_at",
    "tier_stays": "issue_id, stay_no, tier, entered_at, left_at, hours, working_hours",
    "waits": "issue_id, waiting_on, started_at, ended_at, hours, working_hours, is_overdue, has_contact",
    "escalations": "issue_id, escalation_no, ticket_key, escalated_at, entered, first_tier, highest_tier, touched_tier3, "
    "ever_touched_tier3, tier3_consulted, n_bounces, n_reopens, resolved_at, resolution_tier, is_excluded, exclusion_reason, "
    "is_repeat, repeat_kind, repeat_of, family_id, outcome, tier2_queue_hours, tier2_effort_hours",
    "tags": "issue_id, kind, value, source, confidence, evidence, is_disputed, taxonomy_version, model_version",
    "verdicts": "issue_id, escalation_no, verdict_at_escalation, verdict, criterion_id, criterion_version, reply, ruling",
    "evidence": "issue_id, criterion_id, fact, known_at, side, source_ref",
    "families": "family_id, title, provider, failure_category, signature, first_seen_at, last_seen_at, state, "
    "fix_effective_at, n_escalations, n_dealers",
    "runbooks": "",
    "dealers": "",
    "merged_changes": "",
    "actions": "",
    "runs": "",
    "measures": "week, measure, variant, statistic, group_key, numerator, denominator, value, low, high, n, n_pending, "
    "n_weeks_pooled, is_too_few",
    "measure_tickets": "week, measure, variant, statistic, group_key, issue_id, in_numerator",
    "definitions": "measure, variant, text, numerator, denominator, version",
    "scorecard": "measure, month, target, baseline, value, low, high, status, trend, needs",
    "published": "",
    "restatements": "",
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("sql")
    criteria = write_criteria(folder / "criteria")
    story = """
    SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar
      03-02 10:00 tier=2
      03-03 12:00 status=Resolved
    """
    with Warehouse.open(folder / "w.duckdb") as opened:
        found = issues(story)
        load_into(opened, folder, found, criteria)
        derive(opened, criteria, __import__("datetime").datetime(2026, 3, 20))
        yield opened


def test_every_file_is_complete() -> None:
    for name, table in table_files().items():
        assert table.grain and table.columns, name
        assert table.step in STEPS, f"{name}: one writing step, of {STEPS}"
        assert table.key or "one row" in table.grain, name


def test_core_is_written_by_its_steps_and_mart_by_measure() -> None:
    for name, table in table_files().items():
        if table.schema == "mart":
            assert table.step == "measure", name
        for read in table.reads:
            assert read in table_files(), f"{name} reads {read}, which is not there"


def test_what_a_file_reads_it_says(warehouse: Warehouse) -> None:
    """Each table named in a statement stands in its header, so that the order of building is right."""
    del warehouse
    for name, table in table_files().items():
        for other in table_files():
            if other != name and table.kind in ("derived", "view") and _mentions(table.body, other):
                assert other in table.reads, f"{name} uses {other} without saying so"


def _mentions(body: str, name: str) -> bool:
    import re

    return re.search(rf"\b{re.escape(name)}\b", body) is not None


@pytest.mark.parametrize("name", sorted(table_files()))
def test_columns_and_comments_are_those_of_the_header(name: str, warehouse: Warehouse) -> None:
    table = table_files()[name]
    schema, _, short = name.partition(".")
    rows = warehouse.rows(
        "select column_name, comment from duckdb_columns() where schema_name = ? and table_name = ?", [schema, short]
    )
    assert dict(rows) == table.columns
    what = "views" if table.kind == "view" else "tables"
    column = "view_name" if table.kind == "view" else "table_name"
    grain = warehouse.value(
        f"select comment from duckdb_{what}() where schema_name = ? and {column} = ?", [schema, short]
    )
    assert grain == table.grain


@pytest.mark.parametrize("name", sorted(name for name, table in table_files().items() if table.key))
def test_keys_are_unique(name: str, warehouse: Warehouse) -> None:
    key = ", ".join(table_files()[name].key)
    assert warehouse.rows(f"select {key} from {name} group by all having count(*) > 1") == []


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_the_contract_of_mart(name: str) -> None:
    promised = [column.strip() for column in CONTRACT[name].split(",") if column.strip()]
    assert set(promised) <= set(table_files()[f"mart.{name}"].columns)


def test_no_table_of_the_warehouse_is_without_a_file(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "select table_schema || '.' || table_name from information_schema.tables where table_catalog <> 'temp'"
    )
    found = {name for (name,) in rows if name.split(".")[0] in ("raw", "state", "core", "mart")}
    assert found == set(table_files())


def test_all_sql_stands_in_its_folder() -> None:
    stray = [
        p
        for p in (Path(__file__).parent.parent).rglob("*.sql")
        if "analysis/sql/" not in p.as_posix() and ".venv" not in p.parts
    ]
    assert stray == []
