"""Criteria files → `Criteria`, or one line that says which file, which entry, what is allowed."""

import csv
import hashlib
import io
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from analysis.errors import CriteriaError
from analysis.taxonomy import models, site_models, verdict_models
from analysis.taxonomy.entry import Entry
from analysis.taxonomy.overlay import RUNBOOKS, criteria_files

OURS = frozenset(("body", "text_hash"))  # of a runbook, made from its file and not written in it
E = TypeVar("E", bound=Entry)
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n(.*))?\Z", re.DOTALL)


def read_criteria(overlay: Path | None = None) -> models.Criteria:
    """Read every criteria file in force. Raises `CriteriaError` at the first mistake."""
    files = criteria_files(overlay)
    texts = {name: _text(path) for name, path in files.items()}

    def toml(name: str) -> dict[str, Any]:
        try:
            return tomllib.loads(texts[name])
        except tomllib.TOMLDecodeError as error:
            raise CriteriaError(f"{files[name]}: not valid TOML: {error}") from error

    def entries(model: type[E], name: str, key: str, table: dict[str, Any]) -> tuple[E, ...]:
        rows = table.get(key, [])
        if not isinstance(rows, list):
            raise CriteriaError(f"{files[name]}: write [[{key}]], one table for each {key}")
        return tuple(_entry(model, files[name], f"{key} {_label(row, i)}", row) for i, row in enumerate(rows, 1))

    def rows(model: type[E], name: str, clean: Callable[[dict[str, Any]], dict[str, Any]] = dict) -> tuple[E, ...]:
        numbered = _csv_rows(files[name], texts[name])
        return tuple(_entry(model, files[name], f"line {line}", clean(row)) for line, row in numbered)

    taxonomy = toml("taxonomy.toml")
    rules = toml("rules.toml")
    escalation = toml("escalation_criteria.toml")
    for name, table, allowed in (
        ("taxonomy.toml", taxonomy, {"version", "precision", "provider", "category", "root_cause"}),
        ("rules.toml", rules, {"rule"}),
        ("escalation_criteria.toml", escalation, {"criterion"}),
    ):
        _only(files[name], table, allowed)
    criteria = models.Criteria(
        taxonomy_version=str(taxonomy.get("version", "")),
        precision=_precision(files["taxonomy.toml"], taxonomy),
        providers=entries(models.Provider, "taxonomy.toml", "provider", taxonomy),
        categories=entries(models.Category, "taxonomy.toml", "category", taxonomy),
        root_causes=entries(models.RootCause, "taxonomy.toml", "root_cause", taxonomy),
        rules=(
            *entries(models.RuleSpec, "rules.toml", "rule", rules),
            *(rule for code in rows(models.Code, "codes.csv") for rule in code.rules()),
        ),
        site=_entry(site_models.Site, files["site.toml"], "site", toml("site.toml")),
        criteria=entries(verdict_models.Criterion, "escalation_criteria.toml", "criterion", escalation),
        normal_delays=rows(verdict_models.NormalDelay, "normal_delays.csv"),
        dealers=rows(models.Dealer, "dealers.csv", _dealer),
        access=rows(verdict_models.Access, "access.csv"),
        outages=rows(verdict_models.Outage, "outages.csv"),
        targets=_entry(models.Targets, files["targets.toml"], "targets", toml("targets.toml")),
        runbooks=tuple(_runbook(files[n], texts[n]) for n in sorted(files) if n.startswith(RUNBOOKS)),
        file_hashes={n: hashlib.sha256(t.encode()).hexdigest() for n, t in sorted(texts.items())},
    )
    _check_together(criteria, files)
    return criteria


def _precision(path: Path, taxonomy: dict[str, Any]) -> float:
    value = taxonomy.get("precision", 0.95)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.5 <= value < 1:
        raise CriteriaError(f"{path}: precision: write a number from 0.5 to below 1, such as 0.95")
    return float(value)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CriteriaError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise CriteriaError(f"{path}: cannot be read; check that it is a file and its permissions") from error


def _label(row: Any, number: int) -> str:
    return str(row.get("id", f"number {number}")) if isinstance(row, dict) else f"number {number}"


def _entry(model: type[E], path: Path, where: str, row: Any) -> E:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        raise CriteriaError(f"{path}: {where}: {_plain(error, model)}") from error


def _plain(error: ValidationError, model: type[Entry]) -> str:
    """Say the first mistake in plain words; a misspelt key before the one that is missing for it."""
    found = error.errors(include_url=False)
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = f"unknown key; allowed are {', '.join(_allowed(model, first['loc'][:-1]))}"
    elif first["type"] == "missing":
        message = "is missing"
    return f"{place}: {message}" if place else message


def _allowed(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The keys of the table at that place of an entry."""
    for part in place:
        for name, field in model.model_fields.items():
            inner = [t for t in (field.annotation, *get_args(field.annotation)) if isinstance(t, type)]
            inner = [t for t in inner if issubclass(t, BaseModel)]
            if inner and part in (name, field.alias):
                model = inner[0]
    return sorted(field.alias or name for name, field in model.model_fields.items() if name not in OURS)


def _only(path: Path, table: dict[str, Any], allowed: set[str]) -> None:
    for key in table:
        if key not in allowed:
            raise CriteriaError(f"{path}: unknown key {key!r}; allowed are {', '.join(sorted(allowed))}")


def _csv_rows(path: Path, text: str) -> Iterable[tuple[int, dict[str, Any]]]:
    """Give (line number, row without its empty cells)."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            if None in row:
                raise CriteriaError(f"{path}: line {reader.line_num}: more cells than the header has columns")
            filled = {key: value for key, value in row.items() if value and value.strip()}
            if filled:
                yield reader.line_num, filled
    except csv.Error as error:
        raise CriteriaError(f"{path}: line {reader.line_num + 1}: not valid CSV: {error}") from error


def _dealer(row: dict[str, Any]) -> dict[str, Any]:
    names = [alias.strip() for alias in row.get("aliases", "").split("|")]
    return row | {"aliases": tuple(name for name in names if name)}


def _runbook(path: Path, text: str) -> verdict_models.Runbook:
    found = FRONT_MATTER.match(text.replace("\r\n", "\n"))
    if not found:
        raise CriteriaError(f"{path}: front matter: the file must begin with lines between --- and ---")
    try:
        head = yaml.safe_load(found.group(1))
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 2
        raise CriteriaError(f"{path}: line {line}: front matter is not valid YAML") from error
    except ValueError as error:  # a date such as 2026-13-45
        raise CriteriaError(f"{path}: front matter: {error}; write dates such as 2026-06-01") from error
    if not isinstance(head, dict):
        raise CriteriaError(f"{path}: front matter: write `key: value` lines")
    own = {"body": (found.group(2) or "").strip(), "text_hash": hashlib.sha256(text.encode()).hexdigest()}
    lists = {
        key: [head[key]]
        for key in ("signature", "applies_when", "needs_access", "because_of")
        if isinstance(head.get(key), str)
    }
    return _entry(verdict_models.Runbook, path, "front matter", head | lists | own)


def _check_together(criteria: models.Criteria, files: dict[str, Path]) -> None:
    """Refuse what only shows when the files are read together: doubled ids, names that nothing defines."""
    for name, kind, ids in (
        ("taxonomy.toml", "provider", [p.id for p in criteria.providers]),
        ("taxonomy.toml", "category", [c.id for c in criteria.categories]),
        ("taxonomy.toml", "root_cause", [r.id for r in criteria.root_causes]),
        *((name, "rule", [r.id for r in criteria.rules if r.file == name]) for name in ("rules.toml", "codes.csv")),
        ("dealers.csv", "dealer_id", [d.dealer_id for d in criteria.dealers]),
        (RUNBOOKS, "runbook", [f"{r.id} version {r.version}" for r in criteria.runbooks]),
        ("escalation_criteria.toml", "criterion", [f"{c.id} version {c.version}" for c in criteria.criteria]),
        ("targets.toml", "target", [f"{t.measure} of month {t.month}" for t in criteria.targets.target]),
    ):
        for doubled in sorted({one for one in ids if ids.count(one) > 1}):
            raise CriteriaError(f"{files.get(name, name)}: {kind} {doubled}: stands twice; ids must differ")
    users: list[tuple[str, str, str | None, str | None]] = [
        (r.file, f"code {r.codes[0]}" if r.codes else f"rule {r.id}", r.provider, r.category) for r in criteria.rules
    ]
    users += [(f"{RUNBOOKS}/{r.id}.md", f"runbook {r.id}", r.provider, r.category) for r in criteria.runbooks]
    users += [("normal_delays.csv", f"{d.provider} {d.step}", d.provider, None) for d in criteria.normal_delays]
    users += [
        ("escalation_criteria.toml", f"criterion {c.id}: {r.what}", r.provider, r.category)
        for c in criteria.criteria
        for r in c.requires
    ]
    users += [("outages.csv", f"{o.provider} {o.started_at:%Y-%m-%d}", o.provider, None) for o in criteria.outages]
    users += [("dealers.csv", f"dealer {d.dealer_id}", d.provider, None) for d in criteria.dealers]
    teams = {member.team for member in criteria.site.member if member.team}
    if criteria.targets.role_group and criteria.targets.role_group not in teams:
        raise CriteriaError(
            f"{files['targets.toml']}: role_group {criteria.targets.role_group!r}: no member in site.toml has that team"
        )
    for name, where, provider, category in users:
        _known(files.get(name, Path(name)), where, "provider", provider, criteria.provider_ids)
        _known(files.get(name, Path(name)), where, "category", category, criteria.category_ids)


def _known(path: Path, where: str, kind: str, value: str | None, allowed: frozenset[str]) -> None:
    if value is not None and value not in allowed:
        raise CriteriaError(f"{path}: {where}: unknown {kind} {value!r}; allowed are {', '.join(sorted(allowed))}")
