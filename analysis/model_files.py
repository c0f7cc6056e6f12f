"""A classifier on disk: arrays and JSON in one zip, which can hold no code.

Reading accepts only the members that stand in `ALLOWED`, each of its own kind of numbers, and never unpickles. The text
of `about` says how the model was made; its parts are checked to fit each other.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from analysis.array_files import Arrays, packed, read_arrays, unpacked, write_arrays
from analysis.classifier import BLOCKS, COMBINED, Classifier, Head, MentionModel
from analysis.errors import InputError
from analysis.features import EMBEDDING_WIDTH, Vocabulary

FORM = "escalations-classifier/1"
KINDS = ("provider", "failure_category", "root_cause")
ROLES = ("bias", "combination", "thresholds", "class_shift", *BLOCKS)
ALLOWED: Mapping[str, str] = {
    "about": "uint8",
    "words.terms": "uint8",
    "words.idf": "float32",
    "parts.terms": "uint8",
    "parts.idf": "float32",
    "mention.terms": "uint8",
    "mention.weights": "float32",
    **{f"{kind}.classes": "uint8" for kind in KINDS},
    **{f"{kind}.{role}": "float16" if role in BLOCKS else "float32" for kind in KINDS for role in ROLES},
}


def write_model(model: Classifier, path: Path) -> None:
    """Put the model at its path, whole or not at all."""
    arrays: Arrays = {}
    for name, vocabulary in (("words", model.words), ("parts", model.parts)):
        arrays |= {f"{name}.terms": packed(vocabulary.terms), f"{name}.idf": vocabulary.idf}
    if model.mention_model:
        weights = model.mention_model.weights
        arrays["mention.terms"] = packed(tuple(weights))
        arrays["mention.weights"] = np.array([model.mention_model.bias, *weights.values()], np.float32)
    for kind, head in model.heads.items():
        arrays[f"{kind}.classes"] = packed(head.classes)
        arrays |= {f"{kind}.{role}": getattr(head, role) for role in ROLES if role not in BLOCKS}
        arrays |= {f"{kind}.{block}": head.weights[block].astype(np.float16) for block in BLOCKS}
    about = {**model.about, "form": FORM, "members": sorted(arrays)}
    arrays["about"] = packed([json.dumps(about, sort_keys=True)])
    write_arrays(arrays, path)


def read_model(path: Path) -> Classifier:
    """Read a model back. Raises `InputError` naming the file where it is cut short, foreign, or does not fit."""
    try:
        return _model(read_arrays(path, ALLOWED))
    except (OSError, ValueError, KeyError) as error:
        what = "cannot be read" if isinstance(error, OSError) else "is no model of this program, or was cut short"
        raise InputError(f"{path}: {what}; remove it, and `escalations train` makes a new one") from error


def _model(arrays: Arrays) -> Classifier:
    """Raises `ValueError` or `KeyError` where the parts are not those of one model."""
    told = unpacked(arrays["about"])
    about = json.loads(told[0]) if len(told) == 1 else None
    if not isinstance(about, dict) or about.get("form") != FORM or not isinstance(about.get("model_version"), str):
        raise ValueError("it is of another form")
    if about.pop("members", None) != sorted(set(arrays) - {"about"}):
        raise ValueError("it has lost a part")
    words, parts = (_vocabulary(name, arrays) for name in ("words", "parts"))
    heads = {kind: _head(kind, arrays, words, parts) for kind in KINDS if f"{kind}.classes" in arrays}
    return Classifier(words, parts, heads, _mention(arrays), about)


def _vocabulary(name: str, arrays: Arrays) -> Vocabulary:
    terms, idf = unpacked(arrays[f"{name}.terms"]), arrays[f"{name}.idf"]
    if idf.shape != (len(terms),) or not np.isfinite(idf).all():
        raise ValueError(f"{name} does not fit")
    return Vocabulary(name, terms, idf)


def _head(kind: str, arrays: Arrays, words: Vocabulary, parts: Vocabulary) -> Head:
    classes = unpacked(arrays[f"{kind}.classes"])
    heights = {"words": len(words.terms), "parts": len(parts.terms), "meaning": EMBEDDING_WIDTH}
    weights = {block: arrays[f"{kind}.{block}"].astype(np.float32) for block in BLOCKS}
    rest = {role: arrays[f"{kind}.{role}"] for role in ROLES if role not in BLOCKS}
    lengths = {role: len(COMBINED[kind]) if role == "combination" else len(classes) for role in rest}
    fits = all(weights[block].shape == (heights[block], len(classes)) for block in BLOCKS)
    fits = fits and all(rest[role].shape == (length,) for role, length in lengths.items())
    fits = fits and 0 < len(classes) == len(set(classes))
    if not fits or not all(np.isfinite(array).all() for array in (*weights.values(), *rest.values())):
        raise ValueError(f"{kind} does not fit")
    return Head(kind, classes, weights, **rest)


def _mention(arrays: Arrays) -> MentionModel | None:
    if "mention.terms" not in arrays:
        return None
    terms, weights = unpacked(arrays["mention.terms"]), arrays["mention.weights"]
    if weights.shape != (len(terms) + 1,) or not np.isfinite(weights).all():
        raise ValueError("mention does not fit")
    return MentionModel(dict(zip(terms, map(float, weights[1:]), strict=True)), float(weights[0]))
