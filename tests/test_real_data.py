"""The main job on real tickets of several shapes; skipped where the shared folder of real exports is absent."""

from pathlib import Path

import pytest

from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.settings import Settings

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.slow,
    pytest.mark.skipif(
        not DATA.exists(), reason="../shared/data is absent: the real exports are not part of the project"
    ),
]


def quiet(line: str) -> None:
    del line


def test_apache_histories_are_whole(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, source=str(DATA / "apache_jira"))
    result = weekly.run(settings, quiet)
    assert result.n_issues == 650
    with Warehouse.open(settings.warehouse_file) as warehouse:
        assert warehouse.value("select count(*) from mart.tickets") == 650
        query = "select count(distinct (issue_id, history_id)), count(distinct issue_id) from mart.changes"
        n_histories, _ = warehouse.rows(query)[0]
        assert n_histories == 2803
        assert warehouse.value("select count(*) from core.tickets where changelog = 'whole'") == 250
