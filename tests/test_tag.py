"""STEP tag: a field beats a rule, a rule beats nothing, and what did not change is left alone."""

from pathlib import Path

import pytest
from stories import issues, lines, load_into, table, warehouse_of, write_criteria, write_export

from analysis.field_names import FieldNames
from analysis.rules import Rules
from analysis.tag import tag, tag_rows
from analysis.taxonomy import PACKAGED, Criteria
from analysis.warehouse import Warehouse
from pipelines.export_files import ExportFiles
from pipelines.extract import extract
from pipelines.load import load
from pipelines.normalise import NORMALISE_VERSION, normalise

RULES = """
[[rule]]
id = "tekion"
provider = "tekion"
words = ["Tekion"]
matches = ["Tekion"]
[[rule]]
id = "cdk"
provider = "cdk"
words = ["CDK"]
matches = ["CDK"]
[[rule]]
id = "auth"
category = "auth"
words = ["403"]
matches = ["403"]
"""
TAGS = """
    select ticket_key, kind, value, source, array_to_string(evidence, '+'), array_to_string(also_mentions, '+')
    from core.tags join core.tickets using (issue_id) order by ticket_key, kind desc
"""


@pytest.fixture
def criteria(tmp_path: Path) -> Criteria:
    return write_criteria(tmp_path / "criteria", rules__toml=RULES)


def one(
    criteria: Criteria, summary: str, provider: str | None = None, category: str | None = None
) -> dict[str, dict[str, object]]:
    text = {
        "issue_id": 1,
        "summary": summary,
        "description": None,
        "provider_field": provider,
        "category_field": category,
    }
    rows = tag_rows([text], Rules.of(criteria), FieldNames.of(criteria), "1")
    return {row["kind"]: row for row in rows}


# summary | field | value, source, evidence, also mentioned
CASES = """
Tekion 403   |               | tekion | rule  | Tekion               |
Tekion 403   | CDK           | cdk    | field | field: CDK           | tekion
Tekion       | CDK Global    | cdk    | field | field: CDK Global    | tekion
Tekion       | fortellis     | cdk    | field | field: fortellis     | tekion
Tekion       | X-TIME        | xtime  | field | field: X-TIME        | tekion
Tekion       | Tekion        | tekion | field | field: Tekion        |
Tekion       | Dealer FX     | dealer_fx | field | field: Dealer FX  | tekion
Tekion       | never heard   | tekion | rule  | Tekion               |
Tekion CDK   |               | -      | none  |                      | cdk+tekion
hello        |               | -      | none  |                      |
hello        | never heard   | -      | none  |                      |
"""


@pytest.mark.parametrize("line", CASES.strip().splitlines())
def test_field_over_rule_over_nothing(line: str, criteria: Criteria) -> None:
    summary, field, value, source, evidence, also = (cell.strip() for cell in line.split("|"))
    row = one(criteria, summary, provider=field or None)["provider"]
    assert (row["value"] or "-", row["source"]) == (value, source)
    assert row["evidence"] == ([evidence] if evidence else [])
    assert row["also_mentions"] == (also.split("+") if also else [])
    assert row["confidence"] is None
    assert row["rule_ids"] == (["tekion"] if source == "rule" else [])


def test_each_kind_has_its_own_field(criteria: Criteria) -> None:
    rows = one(criteria, "Tekion 403", category="WEBHOOK")
    assert (rows["provider"]["value"], rows["provider"]["source"]) == ("tekion", "rule")
    assert (rows["failure_category"]["value"], rows["failure_category"]["source"]) == ("webhook", "field")
    assert rows["failure_category"]["also_mentions"] == ["auth"]


STORY = """
SUP-1 created 2026-03-02 09:00 tier=2 summary="Tekion 403"
SUP-2 created 2026-03-02 10:00 tier=2 summary="CDK is slow" provider=Tekion
SUP-3 created 2026-03-02 11:00 tier=2 summary="no idea"
"""
EXPECTED = """
SUP-1 provider tekion rule Tekion
SUP-1 failure_category auth rule 403
SUP-2 provider tekion field field: Tekion cdk
SUP-2 failure_category - none
SUP-3 provider - none
SUP-3 failure_category - none
"""


def test_tags_of_a_warehouse(tmp_path: Path, criteria: Criteria) -> None:
    with warehouse_of(STORY, tmp_path, criteria) as warehouse:
        found = table(warehouse, TAGS)
        assert lines(found) == lines(EXPECTED)
        assert tag(warehouse, criteria) == 0
        assert table(warehouse, TAGS) == found


def test_only_what_changed_is_tagged_again(tmp_path: Path, criteria: Criteria) -> None:
    with warehouse_of(STORY, tmp_path, criteria) as warehouse:
        warehouse.execute("update core.tags set evidence = ['untouched']")
        newer = issues(STORY.replace("no idea", "CDK now"))[2]
        newer["fields"]["updated"] = "2026-03-05T10:00:00.000+0000"
        load_into(warehouse, tmp_path, [newer], criteria)
        assert tag(warehouse, criteria) == 1
        query = """
            select ticket_key, array_to_string(evidence, '+') from core.tags join core.tickets using (issue_id)
            where kind = 'provider' order by 1
        """
        assert warehouse.rows(query) == [("SUP-1", "untouched"), ("SUP-2", "untouched"), ("SUP-3", "CDK")]


@pytest.mark.parametrize("file", ["rules.toml", "taxonomy.toml"])
def test_a_changed_rule_or_taxonomy_tags_everything_again(file: str, tmp_path: Path, criteria: Criteria) -> None:
    taxonomy = (PACKAGED / "taxonomy.toml").read_text().replace('version = "1"', 'version = "2"')
    files = {
        "rules.toml": {"rules__toml": RULES.replace('"Tekion"', '"no idea"')},
        "taxonomy.toml": {"rules__toml": RULES, "taxonomy__toml": taxonomy},
    }
    with warehouse_of(STORY, tmp_path, criteria) as warehouse:
        changed = write_criteria(tmp_path / "criteria", **files[file])
        assert tag(warehouse, changed) == 3
        assert tag(warehouse, changed) == 0
        providers = dict(warehouse.rows("select ticket_key, provider from mart.tickets"))
        versions = warehouse.rows("select distinct taxonomy_version from core.tags")
    by_rule = {"SUP-1": None, "SUP-3": "tekion"} if file == "rules.toml" else {"SUP-1": "tekion", "SUP-3": None}
    assert providers == {"SUP-2": "tekion", **by_rule}
    assert versions == [("2" if file == "taxonomy.toml" else "1",)]


def test_full_is_incremental(tmp_path: Path, criteria: Criteria) -> None:
    """One by one gives what all at once gives."""
    found = issues(STORY)
    with Warehouse.open(tmp_path / "one_by_one.duckdb") as warehouse:
        for number in range(len(found)):
            manifest = extract(
                ExportFiles(write_export(tmp_path / f"{number}.json", [found[number]])), tmp_path / "raw"
            )
            load(warehouse, tmp_path / "raw", manifest, criteria, normalise, NORMALISE_VERSION)
            tag(warehouse, criteria)
        assert lines(table(warehouse, TAGS)) == lines(EXPECTED)


def test_the_words_are_those_at_the_escalation(tmp_path: Path, criteria: Criteria) -> None:
    story = """
    SUP-1 created 2026-03-02 09:00 tier=1 summary="no idea"
      03-02 10:00 summary="Tekion fails"
      03-02 11:00 tier=2
      03-02 12:00 summary="it was CDK"
    """
    with warehouse_of(story, tmp_path, criteria) as warehouse:
        assert lines(table(warehouse, TAGS)).splitlines()[0] == "SUP-1 provider tekion rule Tekion"
