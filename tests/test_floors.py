"""The house: every module on the list, imports only point down, one home for each library."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Low to high; neighbours on one floor never import each other.
FLOORS = {
    1: [
        *("pipelines.mistakes", "pipelines.targets"),
        *("analysis.array_files", "analysis.count_frames"),
        "analysis.errors",
        "analysis.forecast",
        *("analysis.name_words", "analysis.secret_shapes"),
        "analysis.survival",
        "analysis.table_files",
        "pipelines.erased_words",
    ],
    2: [
        "analysis.taxonomy",
        "analysis.text",
        *("analysis.secret_detectors", "analysis.told_names"),
        "analysis.patterns",
        *("analysis.warehouse", "analysis.warehouse_copies"),
        "pipelines.inputs",
        "pipelines.messengers",
        *("reports.tables", "reports.wording"),
        "pipelines.settings",
    ],
    3: [
        *("analysis.actions", "analysis.audit", "analysis.dictionary"),
        *("analysis.cohorts", "analysis.customers"),
        "analysis.criteria_tables",
        "analysis.examples",
        "analysis.features",
        "analysis.field_names",
        "analysis.markers",
        "analysis.names",
        "analysis.outlook",
        "analysis.publish",
        "analysis.review",
        "analysis.revisions",
        "analysis.rules",
        "analysis.rulings",
        "analysis.signature",
        "analysis.suspicions",
        "analysis.verdicts",
        *("pipelines.alerts", "pipelines.parent_watch", "pipelines.prefect_environment"),
        "pipelines.csv_files",
        "pipelines.desk_lock",
        "pipelines.export_files",
        "pipelines.field_catalogue",
        "pipelines.first_settings",
        "pipelines.jira",
        "pipelines.known",
        *("pipelines.outbox", "pipelines.printing"),
        "pipelines.raw_files",
        "pipelines.sample_desk",
        "pipelines.site_tables",
        "reports.charts",
        "reports.jira_text",
        "reports.markdown",
        "reports.counts",
    ],
    4: [
        *("pipelines.order", "pipelines.published_copy", "analysis.masking"),
        *("analysis.desk_names", "analysis.likeness", "analysis.mentions", "analysis.proposals", "analysis.similar"),
        *("reports.render", "reports.week"),
    ],
    5: [
        *("analysis.alike", "analysis.classifier", "analysis.family_index", "analysis.likeness_files"),
        *(
            "analysis.likeness_fitting",
            "analysis.runbook_likeness",
            "analysis.pattern_book",
            "reports.pages",
            "reports.paper",
        ),
    ],
    6: [
        *("analysis.evaluate", "analysis.families", "analysis.family_profiles", "analysis.model_files"),
        *("analysis.readings", "analysis.runbook_drafts", "reports.site"),
        *("analysis.evidence_packs", "analysis.known_alike", "reports.messages", "reports.workbook"),
    ],
    7: [
        *("analysis.family_answers", "analysis.frames", "analysis.placing"),
        "pipelines.extract",
        "pipelines.normalise",
        "pipelines.load",
        "analysis.tag",
        "analysis.judge",
        "analysis.measure",
        "reports.report",
        "analysis.fitting",
        "pipelines.models",
    ],
    8: [
        *("pipelines.action_lines", "pipelines.tag_lines", "pipelines.training", "pipelines.review", "pipelines.live"),
        *(
            "pipelines.audit_lines",
            "pipelines.family_lines",
            "pipelines.knowledge",
            "pipelines.runbook_files",
            "pipelines.similar_lines",
        ),
        *("pipelines.ruling_lines", "pipelines.run_record", "pipelines.write_back", "pipelines.deliver"),
        *("pipelines.erasing", "analysis.runbook_fitting"),
    ],
    9: [
        *("pipelines.queue_lines", "pipelines.steps", "pipelines.pushback"),
        "pipelines.tag_quality",
        "pipelines.backup",
        "pipelines.erased_files",
    ],
    10: ["pipelines.weekly", "pipelines.triage", "pipelines.doctor"],
    11: ["pipelines.backfill", "pipelines.restore"],
    12: ["pipelines.forget"],
    13: ["pipelines.flows"],
    14: ["pipelines.cli"],
    15: ["pipelines.__main__"],
}
FLOOR_OF = {module: floor for floor, modules in FLOORS.items() for module in modules}

HOMES = {
    "duckdb": {"analysis.warehouse", "analysis.warehouse_copies"},
    "pyarrow": {"analysis.warehouse"},
    "re2": {"analysis.patterns"},
    "yaml": {"analysis.taxonomy"},
    "pydantic": {"analysis.taxonomy", "pipelines.inputs", "pipelines.settings", "pipelines.targets"},
    "pydantic_settings": {"pipelines.settings"},
    "plotly": {"reports.charts"},
    "jinja2": {"reports.render"},
    "markupsafe": {"reports.markdown"},
    "markdown_it": {"reports.jira_text", "reports.paper"},
    "typer": {"pipelines.cli"},
    "jira": {"pipelines.jira"},
    "requests": {"pipelines.jira"},
    "tenacity": {"pipelines.jira"},
    "numpy": {
        *("analysis.features", "analysis.mentions", "analysis.classifier", "analysis.fitting"),
        *("analysis.evaluate", "analysis.model_files", "analysis.survival", "analysis.measure"),
        *("analysis.forecast", "analysis.array_files", "analysis.likeness", "analysis.likeness_files"),
        *("analysis.likeness_fitting", "analysis.families", "analysis.known_alike", "analysis.similar"),
        *("analysis.alike", "analysis.family_index", "analysis.runbook_likeness", "analysis.runbook_fitting"),
    },
    "scipy": {
        *("analysis.features", "analysis.classifier", "analysis.fitting", "analysis.forecast", "analysis.likeness"),
        *("analysis.likeness_fitting", "analysis.similar", "analysis.runbook_likeness", "analysis.runbook_fitting"),
    },
    "sklearn": {"analysis.fitting", "analysis.likeness_fitting"},
    "wordllama": {"analysis.features"},
    "prefect": {"pipelines.flows"},
    "apprise": {"pipelines.messengers"},
    "fsspec": {"pipelines.backup", "pipelines.deliver"},
    "smtplib": {"pipelines.deliver"},
    "playwright": {"pipelines.printing"},
    "xlsxwriter": {"reports.workbook"},
    "pandas": {"analysis.warehouse", "analysis.measure", "analysis.frames", "reports.week"},
}
PURE = ("analysis", "reports")
CLOCK = re.compile(r"\b(?:datetime|date)\.(?:now|today|utcnow)\(|\btime\.time\(")


def modules() -> dict[str, list[Path]]:
    """Module (a package counts as one) → its files."""
    found: dict[str, list[Path]] = {}
    for top in ("analysis", "pipelines", "reports"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if path.parent.name == "starter":  # the script that fits the shipped model
                continue
            parts = path.relative_to(ROOT).with_suffix("").parts
            if len(parts) > 1 and parts[1] != "__init__":
                found.setdefault(".".join(parts[:2]), []).append(path)
    return found


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module in PURE or node.module == "pipelines":
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
            else:
                names.add(node.module)
    return names


def ours(name: str) -> str | None:
    """The module of ours that an import names."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in ("analysis", "pipelines", "reports") and len(parts) > 1 else None


def test_every_module_has_its_floor() -> None:
    assert set(modules()) == set(FLOOR_OF)


@pytest.mark.parametrize("module", sorted(FLOOR_OF))
def test_imports_point_down(module: str) -> None:
    for path in modules()[module]:
        for name in imports(path):
            target = ours(name)
            if target and target != module:
                assert FLOOR_OF[target] < FLOOR_OF[module], f"{path.name} imports {name}, which is not below it"


@pytest.mark.parametrize("module", sorted(FLOOR_OF))
def test_each_library_has_one_home(module: str) -> None:
    for path in modules()[module]:
        for name in imports(path):
            library = name.partition(".")[0]
            assert module in HOMES.get(library, {module}), f"{library} belongs to {HOMES[library]}, not {module}"


def test_deciding_and_showing_touch_nothing_outside() -> None:
    """No network, no clock, no process in analysis and reports."""
    banned = {"requests", "httpx", "socket", "urllib", "subprocess", "time", "http"}
    for module, paths in modules().items():
        if module.split(".")[0] in PURE:
            for path in paths:
                assert not banned & {name.partition(".")[0] for name in imports(path)}, path
                assert not CLOCK.search(path.read_text()), f"{path}: reads the clock"


def test_wall_clock_is_read_only_at_the_top() -> None:
    for module, paths in modules().items():
        for path in paths:
            if CLOCK.search(path.read_text()):
                # the Jira source waits by its own clock where the server tells none; data never comes from it
                known = {
                    "pipelines.cli",
                    "pipelines.deliver",
                    "pipelines.flows",
                    "pipelines.weekly",
                    "pipelines.steps",
                    "pipelines.run_record",
                    "pipelines.doctor",
                    "pipelines.jira",
                }
                assert module in known, path


def test_no_drawer_for_odds_and_ends() -> None:
    for module in modules():
        assert not {"utils", "helpers", "manager", "common", "misc"} & set(module.replace("_", ".").split("."))
