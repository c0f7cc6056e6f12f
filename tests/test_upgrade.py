"""A warehouse that an older program made: what is derived takes its new shape, and nothing that people said is lost."""

from datetime import datetime
from pathlib import Path

import pytest
from stories import bare_criteria, copied, empty_warehouse, issues, write_export

from analysis.review import Answer, store_answers
from analysis.table_files import table_files
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.settings import Settings

STORY = """
SUP-1 created 2026-03-02 09:00 tier=2 provider=Tekion
  03-03 12:00 status=Resolved
SUP-2 created 2026-03-02 09:00 tier=2 provider=CDK
"""
RUNBOOK = """---
id: RB-KEY
title: Renew the portal key
audience: ops
published: 2026-01-01
applies_when: ['portal key']
because_of: [SUP-1]
---
Renew it.
"""
# tables of which an older program knew one column less
OLDER = {
    "core.tickets": "parent_id",
    "core.tags": "second_guess",
    "core.runbooks": "because_of",
    "core.escalations": "has_own_fix",
    "core.outcomes": "told_by",
    "core.targets": "role_group",
    "mart.tagged_escalations": "provider_key",
    "mart.measures": "n_pending",
    "mart.definitions": "per",
    "mart.forecasts": "needs",
}


def told(path: Path) -> dict[str, int]:
    """Table of mart → hash of all its rows; runs are told apart."""
    with Warehouse.open(path) as warehouse:
        names = [name for name in table_files() if name.startswith("mart.") and name != "mart.runs"]
        return {
            name: warehouse.value(f"select coalesce(bit_xor(hash(t)), 0) + count(*) from {name} t") for name in names
        }


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("desk")
    bare_criteria(home / "criteria", **{"runbooks/RB-KEY__md": RUNBOOK})
    settings = Settings(home=home, source=str(write_export(home / "export.json", issues(STORY))))
    empty_warehouse(settings.warehouse_file)
    weekly.run(settings, print, is_rendered=False)
    with Warehouse.open(settings.warehouse_file) as warehouse:
        store_answers(warehouse, [Answer(1001, "provider", "xtime", "ann", "csv")], "run", datetime(2026, 3, 4))
    weekly.run(settings, print, is_rendered=False, publishing=weekly.Publishing.PUBLISH)
    return settings


@pytest.fixture
def desk(first: Settings, tmp_path: Path) -> Settings:
    return copied(first, tmp_path / "desk")


@pytest.fixture(scope="module")
def as_it_was(first: Settings) -> dict[str, int]:
    return told(first.warehouse_file)


@pytest.mark.parametrize(
    "names", [[name] for name in OLDER] + [list(OLDER)], ids=lambda names: names[0] if len(names) == 1 else "all"
)
def test_tables_of_an_older_shape_are_made_anew(names: list[str], desk: Settings, as_it_was: dict[str, int]) -> None:
    with Warehouse.open(desk.warehouse_file) as warehouse:
        for name in names:
            warehouse.execute(f"alter table {name} drop column {OLDER[name]}")
        warehouse.execute(
            "update core.builds set hash = 'older', base_hash = case when step = 'load' then 'older' else base_hash end"
        )
    weekly.run(desk, print, is_rendered=False)
    assert told(desk.warehouse_file) == as_it_was


def test_a_view_of_an_older_program_becomes_a_table_and_the_other_way_round(desk: Settings) -> None:
    before = told(desk.warehouse_file)
    with Warehouse.open(desk.warehouse_file) as warehouse:
        warehouse.execute("drop table mart.tagged_escalations")
        warehouse.execute("create view mart.tagged_escalations as select 1 as issue_id")
        warehouse.execute("drop view mart.bridge")
        warehouse.execute("create table mart.bridge (week date)")
        warehouse.execute("update core.builds set hash = 'older'")
    weekly.run_report(desk, print)
    assert told(desk.warehouse_file) == before
