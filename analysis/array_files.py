"""Arrays and JSON in one zip, which can hold no code; written whole or not at all."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 512 << 20  # bytes of one member
Arrays = dict[str, NDArray[Any]]


def write_arrays(arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Put them at their path; what was there stays until the new file is whole."""
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


def read_arrays(path: Path, allowed: Mapping[str, str]) -> Arrays:
    """Read them back; `allowed` is the kind of numbers of each name. Never unpickles.

    Raises `OSError`, or `ValueError` where the file is damaged or holds anything else.
    """
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
        if not isinstance(array, np.ndarray) or array.dtype.name != allowed.get(name):
            raise ValueError(f"{name} is not allowed")
    return found


def packed(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Texts without line ends as bytes, a line each."""
    return np.frombuffer("\n".join(texts).encode(), np.uint8)


def unpacked(packed: NDArray[Any]) -> tuple[str, ...]:
    """The texts of `packed`. Raises `ValueError`."""
    if packed.ndim != 1:
        raise ValueError("it is not text")
    text = packed.tobytes().decode()
    return tuple(text.split("\n")) if text else ()
