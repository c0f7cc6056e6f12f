"""The wheel carries SQL, criteria, templates and the sample: installed elsewhere, the demo runs."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    # the locked build backend of this environment, so that nothing is fetched
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(out),
        str(ROOT),
    ]
    subprocess.run(build, check=True, cwd=out)
    return next(out.glob("*.whl"))


def test_it_carries_everything_but_the_desk(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "pipelines/sample/build.py",
        "pipelines/sample/plan.csv",
        "pipelines/sample/issues.jsonl.gz",
        "analysis/criteria/site.toml",
        "analysis/criteria/rules.toml",
        "analysis/sql/core/tier_stays.sql",
        "analysis/sql/state/migrations/001_first.sql",
        "reports/templates/index.html.j2",
        "reports/templates/site.css",
    ):
        assert needed in names
    assert not [name for name in names if name.startswith(("tests/", "data/")) or name.endswith(".duckdb")]


def test_the_demo_runs_where_it_is_installed(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "venv"
    venv.create(target, with_pip=True, system_site_packages=False)
    python = target / "bin" / "python"
    # the packages of this environment stand in for what the lock would install
    site = subprocess.run(
        [sys.executable, "-c", "import duckdb; print(duckdb.__path__[0])"], check=True, capture_output=True, text=True
    )
    packages = Path(site.stdout.strip()).parent
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    (target / "lib" / version / "site-packages" / "locked.pth").write_text(f"{packages}\n")
    run = subprocess.run(
        [target / "bin" / "escalations", "demo"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    page = Path(run.stdout.strip().splitlines()[-1].partition(": ")[2])
    assert page.is_relative_to(tmp_path) and (page.parent / "assets" / "plotly.js").stat().st_size > 1_000_000
    where = subprocess.run(
        [python, "-c", "import pipelines; print(pipelines.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(target) in where.stdout
