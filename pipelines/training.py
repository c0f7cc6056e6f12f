"""Answers → fit → evaluate → keep only if not worse.

The starter set is always learned from; what a desk's people answered counts more. A new model is kept only if, on the
same folds, it does not guess worse, beyond chance, than one learned from what the model in force had learned from.
"""

import hashlib
import importlib.metadata
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.classifier import Classifier
from analysis.evaluate import Quality, metrics
from analysis.examples import Example, starter_examples
from analysis.model_files import write_model
from analysis.rules import Rules
from analysis.taxonomy import Criteria
from pipelines.desk_lock import warehouse_to_read
from pipelines.models import SHIPPED, model_in_force, put_in_force
from pipelines.settings import Settings

if TYPE_CHECKING:
    from analysis.fitting import Outcome

KINDS = ("failure_category", "provider", "root_cause")
BEYOND_CHANCE = 1.64  # sigmas; a few answers change some guesses either way, which says nothing of the model
ANSWER_WEIGHT = 3.0  # beside a ticket of the starter set
LIBRARIES = ("numpy", "scikit-learn", "wordllama")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """What a training did: the qualities by kind of tag, and whether the new model was kept."""

    version: str
    is_kept: bool
    why: str
    qualities: dict[str, Quality]
    path: Path | None = None


def train(settings: Settings, criteria: Criteria, today: date, say: Say) -> Trained:
    """Fit on starter set and answers; keep the model if it is not worse than the one in force."""
    rules = Rules.of(criteria)
    answered = answered_examples(settings.warehouse_file)
    examples = [*starter_examples(), *answered]
    say(f"train: {len(examples)} examples, {len(answered)} of them the desk's own answers")
    version = model_version(examples, criteria)
    before = model_in_force(settings.models, say)
    if before is not None and before.version == version:
        return Trained(version, False, "nothing to learn: the model in force was made of the same", {})
    model, qualities, outcomes = fit_model(examples, rules, criteria, today, version)
    worse = _worse(examples, rules, before, outcomes, say) if before else ""
    if worse:
        return Trained(version, False, worse, qualities)
    path = put_in_force(model, settings.models)
    return Trained(version, True, "not worse on the same folds than the model in force", qualities, path)


def ship(today: date, criteria: Criteria, path: Path = SHIPPED) -> Trained:
    """Fit the model that comes with the program: the starter set alone, under the packaged criteria."""
    examples = starter_examples()
    version = model_version(examples, criteria)
    model, qualities, _ = fit_model(examples, Rules.of(criteria), criteria, today, version)
    write_model(model, path)
    return Trained(version, True, "shipped", qualities, path)


def fit_model(
    examples: Sequence[Example], rules: Rules, criteria: Criteria, today: date, version: str
) -> tuple[Classifier, dict[str, Quality], "list[Outcome]"]:
    """A model of these examples with what is known of it, and how models like it do on folds they had not seen."""
    from analysis.fitting import fit

    about: dict[str, Any] = {
        **{"model_version": version, "made_on": today.isoformat(), "precision": criteria.precision},
        **{"n_examples": len(examples), "libraries": _libraries(), "data_hash": _digest([e.digest for e in examples])},
        "answered": [one.digest for one in examples if one.weight != 1.0],
    }
    model, outcomes = fit(examples, rules, KINDS, criteria.precision, about)
    qualities = {one.kind: one.quality(model.heads[one.kind]) for one in outcomes}
    return replace(model, about={**model.about, "metrics": metrics(qualities)}), qualities, outcomes


def model_version(examples: Sequence[Example], criteria: Criteria) -> str:
    """Hash of training rows, settings (rules and stated precision among them), library versions and seed."""
    from analysis import fitting

    settings = (
        fitting.SETTINGS,
        criteria.precision,
        criteria.file_hashes["rules.toml"],
        criteria.file_hashes["codes.csv"],
    )
    rows = [f"{one.digest} {one.group}" for one in examples]  # groups make the folds
    return _digest([*rows, repr(settings), json.dumps(_libraries(), sort_keys=True)])


def answered_examples(warehouse_file: Path) -> list[Example]:
    """The tickets about whose tags a person's answer stands, with the words they were tagged by; grouped by dealer."""
    if not warehouse_file.exists():
        return []
    query = """
        select x.issue_id, x.summary, x.description, r.words, coalesce(f.dealer_id, 'ticket ' || x.issue_id),
            map_from_entries(list((a.kind, a.value) order by a.kind))
        from core.standing_answers a
        join core.tag_texts x using (issue_id)
        join core.ticket_facts f using (issue_id)
        left join core.resolution_texts r using (issue_id)
        where not a.is_disputed and x.issue_id not in (select issue_id from state.erasures where issue_id is not null)
        group by all
        order by x.issue_id
    """
    with warehouse_to_read(warehouse_file) as warehouse:
        if not warehouse.has("core.standing_answers"):
            return []
        rows = warehouse.rows(query)
    examples = []
    for issue_id, summary, description, words, group, told in rows:
        tags = {kind: value for kind, value in told.items() if kind != "root_cause"}
        if tags:
            examples.append(Example(str(issue_id), summary or "", description or "", tags, group, ANSWER_WEIGHT))
        if words and "root_cause" in told:
            cause = {"root_cause": told["root_cause"]}
            examples.append(Example(f"{issue_id} resolved", "", words, cause, group, ANSWER_WEIGHT))
    return examples


def _worse(
    examples: Sequence[Example],
    rules: Rules,
    before: Classifier,
    outcomes: "Sequence[Outcome]",
    say: Say,
) -> str:
    """Why the new model is worse than one learned from what the model in force knew; empty where it is not."""
    from analysis.fitting import outcomes_of

    known = set(before.about.get("answered", ()))
    if known == {one.digest for one in examples if one.weight != 1.0}:
        return ""
    say("train: comparing with what the model in force had learned from, on the same folds")
    is_known = [one.weight == 1.0 or one.digest in known for one in examples]
    old = {one.kind: one for one in outcomes_of(examples, rules, KINDS, is_known)}
    for new in outcomes:
        if new.kind not in old:
            continue
        n_lost, n_won = _changed(old[new.kind], new)
        if n_lost - n_won > BEYOND_CHANCE * math.sqrt(n_lost + n_won):
            return (
                f"worse in {new.kind}: {n_lost} of {len(new.truth)} right before and wrong now, {n_won} the other way"
            )
    return ""


def _changed(old: "Outcome", new: "Outcome") -> tuple[int, int]:
    """How many examples were right by the old model alone, and by the new one alone."""
    before, now = old.right, new.right
    both = before.keys() & now.keys()
    n_lost = sum(before[place] and not now[place] for place in both)
    return n_lost, sum(now[place] and not before[place] for place in both)


def _libraries() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
