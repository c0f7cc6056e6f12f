"""What `evaluate` and `train` tell: how good the tags are, by class, and how each rule does."""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis.classifier import Classifier
from analysis.errors import InputError
from analysis.evaluate import Quality, quality_on, rule_quality
from analysis.examples import Example, examples_in, starter_examples
from analysis.rules import Rules
from analysis.taxonomy import Criteria, read_criteria
from pipelines.models import model_in_force
from pipelines.settings import Settings
from pipelines.training import KINDS, answered_examples

Say = Callable[[str], None]


def judged(settings: Settings, files: Sequence[Path], as_json: bool, say: Say) -> Iterator[str]:
    """Lines about the classifier in force: on files, or on folds unseen in training and on answers since."""
    criteria = read_criteria(settings.criteria_folder)
    classifier = model_in_force(settings.models, say)
    if classifier is None:
        raise InputError("there is no classifier to judge; run `escalations train`")
    found = _found(settings, files, criteria, classifier)
    if as_json:
        told = {place: {kind: asdict(one) for kind, one in kinds.items()} for place, kinds in found.items()}
        yield json.dumps({"model_version": classifier.version, "made_on": classifier.about.get("made_on")} | told)
        return
    about = classifier.about
    yield f"model {classifier.version}, made on {about.get('made_on')} of {about.get('n_examples')} examples"
    for place, qualities in found.items():
        yield ""
        yield f"{place}:"
        yield from quality_lines(qualities)


def _found(
    settings: Settings, files: Sequence[Path], criteria: Criteria, classifier: Classifier
) -> dict[str, dict[str, Quality]]:
    rules = Rules.of(criteria)
    if files:
        tickets = [ticket for file in files for ticket in _tickets_in(file, criteria)]
        return {", ".join(map(str, files)): quality_on(tickets, classifier, rules, KINDS)}
    told = {kind: _read_back(one) for kind, one in classifier.about.get("metrics", {}).items()}
    learned = set(classifier.about.get("answered", ()))
    since = [one for one in answered_examples(settings.warehouse_file) if one.digest not in learned]
    found = {"folds unseen in training": told}
    return found | ({"answers given since": quality_on(since, classifier, rules, KINDS)} if since else {})


def _read_back(told: Mapping[str, Any]) -> Quality:
    from analysis.evaluate import ClassQuality

    classes = tuple(ClassQuality(**one) for one in told["classes"])
    shares = {name: tuple(told[name]) for name in ("accuracy", "coverage", "precision")}
    return Quality(**{**told, **shares, "classes": classes})


def _tickets_in(file: Path, criteria: Criteria) -> list[Example]:
    try:
        found = list(examples_in(file))
    except OSError as error:
        raise InputError(f"{file}: cannot be read; give a TOML file of tickets with their tags") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: not a TOML file of [[ticket]] with id, summary, description and tags") from error
    known = {"provider": criteria.provider_ids, "failure_category": criteria.category_ids}
    for one in found:
        for kind, value in one.tags.items():
            if kind in known and value not in known[kind]:
                raise InputError(f"{file}: ticket {one.name}: unknown {kind} {value!r}; see taxonomy.toml")
    return found


def quality_lines(qualities: Mapping[str, Quality]) -> Iterator[str]:
    """A few lines for each kind of tag, then a table by class."""
    for kind, one in qualities.items():
        yield f"{kind}: n {one.n}, accuracy {_share(one.accuracy)}, macro-F1 {one.macro_f1:.3f}"
        yield f"  tagged {_share(one.coverage)}, right of those {_share(one.precision)}"
        yield f"  calibration error {one.calibration_error:.3f}"
        for row in one.classes:
            yield f"  {row.value:<18} precision {_number(row.precision)}  recall {_number(row.recall)}  n {row.support}"


def rule_lines(settings: Settings, as_json: bool) -> Iterator[str]:
    """How each rule does on the starter set and the desk's answers: coverage, right, alone, in conflict."""
    criteria = read_criteria(settings.criteria_folder)
    examples = [*starter_examples(), *answered_examples(settings.warehouse_file)]
    found = rule_quality(examples, Rules.of(criteria))
    if as_json:
        yield json.dumps([asdict(one) for one in found])
        return
    yield f"{'rule':<34} {'says':<16} {'speaks':>6} {'right':>6} {'alone':>6} {'conflict':>8}"
    for one in found:
        yield f"{one.rule_id:<34} {one.value:<16} {one.n:>6} {one.n_right:>6} {one.n_alone:>6} {one.n_conflict:>8}"


def _share(told: tuple[float, float, float]) -> str:
    value, low, high = told
    return f"{value:.3f} ({low:.3f}–{high:.3f})"


def _number(value: float | None) -> str:
    return "    –" if value is None else f"{value:.3f}"
