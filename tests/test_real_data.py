"""The main job on real tickets; skipped where the shared folder of real exports is absent."""

from pathlib import Path

import pytest

from analysis.table_files import table_files
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.settings import Settings

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"
VOLVO = DATA / "volvo_incidents.jsonl.gz"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.slow,
    pytest.mark.skipif(
        not VOLVO.exists(), reason="../shared/data is absent: the real exports are not part of the project"
    ),
]


def quiet(line: str) -> None:
    del line


def everything(path: Path) -> dict[str, int]:
    """Table → hash of all its rows; state.runs is apart, as each run is recorded there."""
    found = {}
    with Warehouse.open(path) as warehouse:
        for name in table_files():
            if name not in ("state.runs", "mart.runs"):
                found[name] = warehouse.value(f"select coalesce(bit_xor(hash(t)), 0) + count(*) from {name} t")
    return found


@pytest.fixture(scope="module")
def volvo(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("volvo")
    settings = Settings(home=home, source=str(VOLVO), criteria=ROOT / "tests" / "volvo_criteria")
    weekly.run(settings, quiet)
    return settings


def test_volvo_counts(volvo: Settings) -> None:
    with Warehouse.open(volvo.warehouse_file) as warehouse:
        assert warehouse.value("select count(*) from mart.tickets") == 7554
        query = "select count(distinct issue_id), count(distinct issue_id) filter (ever_touched_tier3) from mart.escalations"
        assert warehouse.rows(query) == [(3008, 544)]


def test_volvo_again_changes_no_row(volvo: Settings) -> None:
    before = everything(volvo.warehouse_file)
    weekly.run(volvo, quiet)
    assert everything(volvo.warehouse_file) == before


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
