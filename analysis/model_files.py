"""A classifier on disk: arrays and JSON in one zip, which can hold no code.

Reading accepts only the members that stand in `ALLOWED`, each of its own kind of numbers, and never unpickles. The text
of `about` says how the model was made; its parts are checked to fit each other.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
LARGEST = 512 << 20  # bytes of one member
Arrays = dict[str, NDArray[Any]]


def write_model(model: Classifier, path: Path) -> None:
    """Put the model at its path, whole or not at all."""
    arrays: Arrays = {}
    for name, vocabulary in (("words", model.words), ("parts", model.parts)):
        arrays |= {f"{name}.terms": _packed(vocabulary.terms), f"{name}.idf": vocabulary.idf}
    if model.mention_model:
        weights = model.mention_model.weights
        arrays["mention.terms"] = _packed(tuple(weights))
        arrays["mention.weights"] = np.array([model.mention_model.bias, *weights.values()], np.float32)
    for kind, head in model.heads.items():
        arrays[f"{kind}.classes"] = _packed(head.classes)
        arrays |= {f"{kind}.{role}": getattr(head, role) for role in ROLES if role not in BLOCKS}
        arrays |= {f"{kind}.{block}": head.weights[block].astype(np.float16) for block in BLOCKS}
    about = {**model.about, "form": FORM, "members": sorted(arrays)}
    arrays["about"] = _packed([json.dumps(about, sort_keys=True)])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{name: np.asarray(value) for name, value in arrays.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(buffer.getvalue())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def read_model(path: Path) -> Classifier:
    """Read a model back. Raises `InputError` naming the file where it is cut short, foreign, or does not fit."""
    try:
        return _model(_arrays(path))
    except (OSError, ValueError, KeyError) as error:
        what = "cannot be read" if isinstance(error, OSError) else "is no model of this program, or was cut short"
        raise InputError(f"{path}: {what}; remove it, and `escalations train` makes a new one") from error


def _model(arrays: Arrays) -> Classifier:
    """Raises `ValueError` or `KeyError` where the parts are not those of one model."""
    told = _unpacked(arrays["about"])
    about = json.loads(told[0]) if len(told) == 1 else None
    if not isinstance(about, dict) or about.get("form") != FORM or not isinstance(about.get("model_version"), str):
        raise ValueError("it is of another form")
    if about.pop("members", None) != sorted(set(arrays) - {"about"}):
        raise ValueError("it has lost a part")
    words, parts = (_vocabulary(name, arrays) for name in ("words", "parts"))
    heads = {kind: _head(kind, arrays, words, parts) for kind in KINDS if f"{kind}.classes" in arrays}
    return Classifier(words, parts, heads, _mention(arrays), about)


def _arrays(path: Path) -> Arrays:
    packed = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as members:
            large = any(member.file_size > LARGEST for member in members.infolist())
        if large:
            raise ValueError("a part is too large")
        with np.load(io.BytesIO(packed), allow_pickle=False) as loaded:
            found = {name: loaded[name] for name in loaded.files}
    except Exception as error:  # a damaged file makes the zip and array readers raise anything
        raise ValueError("it is damaged") from error
    for name, array in found.items():
        if not isinstance(array, np.ndarray) or array.dtype.name != ALLOWED.get(name):
            raise ValueError(f"{name} is not allowed")
    return found


def _vocabulary(name: str, arrays: Arrays) -> Vocabulary:
    terms, idf = _unpacked(arrays[f"{name}.terms"]), arrays[f"{name}.idf"]
    if idf.shape != (len(terms),) or not np.isfinite(idf).all():
        raise ValueError(f"{name} does not fit")
    return Vocabulary(name, terms, idf)


def _head(kind: str, arrays: Arrays, words: Vocabulary, parts: Vocabulary) -> Head:
    classes = _unpacked(arrays[f"{kind}.classes"])
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
    terms, weights = _unpacked(arrays["mention.terms"]), arrays["mention.weights"]
    if weights.shape != (len(terms) + 1,) or not np.isfinite(weights).all():
        raise ValueError("mention does not fit")
    return MentionModel(dict(zip(terms, map(float, weights[1:]), strict=True)), float(weights[0]))


def _packed(texts: tuple[str, ...] | list[str]) -> NDArray[np.uint8]:
    """Texts without line ends as bytes, a line each."""
    return np.frombuffer("\n".join(texts).encode(), np.uint8)


def _unpacked(packed: NDArray[Any]) -> tuple[str, ...]:
    if packed.ndim != 1:
        raise ValueError("it is not text")
    text = packed.tobytes().decode()
    return tuple(text.split("\n")) if text else ()
