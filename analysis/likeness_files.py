"""A likeness on disk: arrays and JSON in one zip, which can hold no code."""

import csv
import json
import math
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.array_files import Arrays, packed, read_arrays, unpacked, write_arrays
from analysis.errors import InputError
from analysis.examples import STARTER
from analysis.features import EMBEDDING_WIDTH, Vocabulary
from analysis.likeness import EVIDENCE, N_COUNTS, Likeness

FORM = "escalations-likeness/2"
BLOCKS = ("words", "parts")
WHOLE = ("centre", "directions", "spread", "kind_weights", "kind_bias", "weights", "telling")
ALLOWED: Mapping[str, str] = {
    "about": "uint8",
    "kind_names": "uint8",
    "plain_words": "uint8",
    **{f"{block}.terms": "uint8" for block in BLOCKS},
    **{f"{block}.idf": "float32" for block in BLOCKS},
    **{f"{block}.axes": "int8" for block in BLOCKS},
    **{f"{block}.scale": "float32" for block in BLOCKS},
    **dict.fromkeys(WHOLE, "float32"),
}
SHIPPED = STARTER / "likeness.npz"


def write_likeness(likeness: Likeness, path: Path) -> None:
    """Put it at its path, whole or not at all."""
    about = {"form": FORM, "version": likeness.version, "meaning_weight": likeness.meaning_weight}
    arrays: Arrays = {"about": packed([json.dumps(about, sort_keys=True)]), "kind_names": packed(likeness.kind_names)}
    arrays["plain_words"] = packed(sorted(likeness.plain_words))
    for block, vocabulary in (("words", likeness.words), ("parts", likeness.parts)):
        arrays |= {f"{block}.terms": packed(vocabulary.terms), f"{block}.idf": vocabulary.idf}
        arrays |= {f"{block}.axes": likeness.axes[block], f"{block}.scale": likeness.scale[block]}
    write_arrays(arrays | {name: getattr(likeness, name) for name in WHOLE}, path)


def read_likeness(path: Path = SHIPPED) -> Likeness:
    """Read one back. Raises `InputError` naming the file where it is cut short, foreign, or does not fit."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = "cannot be read" if isinstance(error, OSError) else "is no likeness of this program, or was cut short"
        raise InputError(f"{path}: {what}; install the program again") from error


@cache
def kind_texts() -> dict[str, str]:
    """Kind of failure → what it is, in words, for those that have some."""
    with (STARTER / "kind_names.csv").open(encoding="utf-8", newline="") as lines:
        return {row["kind"]: row["what_it_is"] for row in csv.DictReader(lines)}


@lru_cache(maxsize=2)
def _read(path: Path, _changed: int) -> Likeness:
    arrays = read_arrays(path, ALLOWED)
    if set(arrays) != set(ALLOWED):
        raise ValueError("it has lost a part")
    version, meaning_weight = _about(arrays["about"])
    kinds = unpacked(arrays["kind_names"])
    terms = {block: unpacked(arrays[f"{block}.terms"]) for block in BLOCKS}
    shapes = _shapes(arrays, {block: len(terms[block]) for block in BLOCKS}, len(kinds))
    if any(arrays[name].shape != shape for name, shape in shapes.items()):
        raise ValueError("its parts do not fit")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("it holds what is no number")
    words, parts = (Vocabulary(block, terms[block], arrays[f"{block}.idf"]) for block in BLOCKS)
    axes = {block: arrays[f"{block}.axes"] for block in BLOCKS}
    scale = {block: arrays[f"{block}.scale"] for block in BLOCKS}
    rest = {name: arrays[name] for name in WHOLE}
    return Likeness(
        words=words, parts=parts, axes=axes, scale=scale, kind_names=kinds, version=version,
        meaning_weight=meaning_weight, plain_words=frozenset(unpacked(arrays["plain_words"])), **rest,
    )  # fmt: skip


def _about(array: NDArray[Any]) -> tuple[str, float]:
    """Version, and the weight of the meaning. Raises `ValueError`, `KeyError` or `TypeError`."""
    (told,) = unpacked(array)
    try:
        about = json.loads(told)
        weight = float(about["meaning_weight"])
    except (RecursionError, OverflowError) as error:
        raise ValueError("its story makes no sense") from error
    if about["form"] != FORM or not isinstance(about["version"], str) or not math.isfinite(weight):
        raise ValueError("it is of another form")
    return about["version"], weight


def _shapes(arrays: Arrays, n_terms: Mapping[str, int], n_kinds: int) -> dict[str, tuple[int, ...]]:
    """The shape that each part must have, by the numbers of terms, axes, directions and kinds."""
    n_axes = {block: len(arrays[f"{block}.scale"]) for block in BLOCKS}
    n_features, n_directions = sum(n_axes.values()) + EMBEDDING_WIDTH, len(arrays["spread"])
    return {
        **{f"{block}.idf": (n_terms[block],) for block in BLOCKS},
        **{f"{block}.axes": (n_terms[block], n_axes[block]) for block in BLOCKS},
        **{f"{block}.scale": (n_axes[block],) for block in BLOCKS},
        "centre": (n_features,),
        "directions": (n_features, n_directions),
        "spread": (n_directions,),
        "kind_weights": (n_features, n_kinds),
        "kind_bias": (n_kinds,),
        "weights": (3, len(EVIDENCE)),
        "telling": (n_features + N_COUNTS,),
    }
