"""STEP tag: answer > field > rule > classifier > untagged, for what is new or changed.

This version knows fields and rules; answers and the classifier come in front of and behind them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from analysis.field_names import FieldNames
from analysis.rules import Rules, RuleTag
from analysis.table_files import files_of
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse, hash_of

Row = dict[str, Any]
KINDS = ("provider", "failure_category")
BATCH = 5000


def tag(warehouse: Warehouse, criteria: Criteria) -> int:
    """Tag tickets that are new or changed, or all when rules or taxonomy changed. Gives how many."""
    hashes = criteria.file_hashes
    build_hash = hash_of(hashes["rules.toml"], hashes["taxonomy.toml"], *(t.body for t in files_of("tag", "derived")))
    seen = warehouse.rows("select batch_no from core.builds where step = 'tag' and hash = ?", [build_hash])
    full = not seen or not warehouse.has("core.tag_texts")
    with warehouse.transaction():
        since = None if full else f"select issue_id from raw.issues where batch_no > {int(seen[0][0])}"
        dirty = warehouse.set_dirty(since)
        if dirty or full:
            warehouse.build("tag", full=full)
            warehouse.replace("core.categories", _categories(criteria))
            warehouse.replace("core.providers", _providers(criteria))
            warehouse.execute(
                "delete from core.tags" + ("" if full else " where issue_id in (select issue_id from dirty)")
            )
            rules, names = Rules.of(criteria), FieldNames.of(criteria)
            for texts in _texts(warehouse):
                warehouse.insert("core.tags", tag_rows(texts, rules, names, criteria.taxonomy_version))
        newest = "select coalesce(max(batch_no), 0) from raw.issues"
        warehouse.execute("delete from core.builds where step = 'tag'")
        warehouse.execute(f"insert into core.builds values ('tag', ({newest}), '', ?)", [build_hash])
    return dirty


def _texts(warehouse: Warehouse) -> Iterator[list[Row]]:
    """The dirty tickets' words and fields, in batches."""
    columns = ("issue_id", "summary", "description", "provider_field", "category_field")
    warehouse.execute(
        "create or replace temp table to_tag as select issue_id from core.tag_texts semi join dirty using (issue_id)"
    )
    last = -1
    while True:
        query = f"""
            select {", ".join(columns)} from core.tag_texts semi join to_tag using (issue_id)
            where issue_id > ? order by issue_id limit {BATCH}
        """
        rows = warehouse.rows(query, [last])
        if not rows:
            return
        last = rows[-1][0]
        yield [dict(zip(columns, row, strict=True)) for row in rows]


def tag_rows(texts: Iterable[Row], rules: Rules, names: FieldNames, taxonomy_version: str) -> Iterator[Row]:
    """Rows of core.tags for texts (issue_id, summary, description, provider_field, category_field)."""
    for text in texts:
        said = rules.tag(text["summary"] or "", text["description"])
        fields = {"provider": text.get("provider_field"), "failure_category": text.get("category_field")}
        for kind in KINDS:
            row = _decide(names.tag(kind, fields[kind]), fields[kind], said[kind])
            yield {"issue_id": text["issue_id"], "kind": kind, "taxonomy_version": taxonomy_version, **row}


def _decide(by_field: str | None, field_value: str | None, by_rule: RuleTag) -> Row:
    """A person's field wins; then a rule; else untagged. Nobody has measured either's confidence yet, so it is NULL."""
    told: Row = {"confidence": None, "rule_ids": [], "is_disputed": False, "model_version": None}
    also = [value for value in (by_rule.value, *by_rule.also_mentions) if value and value != by_field]
    if by_field:
        return told | {
            "value": by_field,
            "source": "field",
            "evidence": [f"field: {field_value}"],
            "also_mentions": also,
        }
    also = list(by_rule.also_mentions)
    if by_rule.value:
        said = {"value": by_rule.value, "source": "rule", "evidence": list(by_rule.words)}
        return told | said | {"rule_ids": list(by_rule.rule_ids), "also_mentions": also}
    return told | {"value": None, "source": "none", "evidence": [], "also_mentions": also}


def _categories(criteria: Criteria) -> list[Row]:
    return [{"failure_category": c.id, "description": c.text, "can_repeat": c.can_repeat} for c in criteria.categories]


def _providers(criteria: Criteria) -> list[Row]:
    return [{"provider": p.id, "name": p.name, "colour": p.colour} for p in criteria.providers]
