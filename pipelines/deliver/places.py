"""Places: a folder, an object store. Exactly once, for a name stands there once: again means the same, or a newer page.

The week itself is replaced where it differs; of the other weeks, to which the list of all weeks leads, those are
brought that are not there.
"""

import json
import mimetypes
import shutil
from typing import Any

from analysis.errors import DeliveryError
from pipelines.deliver.parcel import Parcel, digests
from pipelines.targets import FolderTarget, StoreTarget
from reports.report import recover, swap

ARCHIVE = "index.html"
MANIFEST = "delivered.json"  # hashes of what was brought, written last
AT_ONCE = 16  # objects on their way
WAITS = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}}


def to_folder(target: FolderTarget, parcel: Parcel) -> int:
    """Copy; whoever reads sees the old week or the new one. Gives how many files are new. Raises `DeliveryError`."""
    if not target.path.is_dir():
        raise DeliveryError(f"{target.path} is no folder; make it, or mount what should be there")
    try:
        return sum(_copy(target, parcel, week) for week in [*parcel.other_weeks(), parcel.week]) + _archive(
            target, parcel
        )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DeliveryError(f"{target.path} could not be written ({reason}); see to space and rights") from error


def _copy(target: FolderTarget, parcel: Parcel, week: str) -> int:
    source, there = parcel.reports / week, target.path / week
    recover(target.path, week)
    partial = target.path / f".{week}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    if there.exists() and (week != parcel.week or digests(there) == digests(source)):
        return 0
    try:
        shutil.copytree(source, partial)
        swap(partial, there)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return len(digests(there))


def _archive(target: FolderTarget, parcel: Parcel) -> int:
    data, there = (parcel.reports / ARCHIVE).read_bytes(), target.path / ARCHIVE
    if there.exists() and there.read_bytes() == data:
        return 0
    partial = target.path / f".{ARCHIVE}.partial"
    partial.write_bytes(data)
    partial.replace(there)
    return 1


def to_store(target: StoreTarget, parcel: Parcel) -> int:
    """Put what differs, pages that lead to others last. Gives how many objects are new. Raises `DeliveryError`."""
    store, failures = open_store(target)
    try:
        root = target.url.removeprefix("s3://").rstrip("/")
        n_new = sum(_put(store, root, parcel, week) for week in [*parcel.other_weeks(), parcel.week])
        _pipe(store, {f"{root}/{ARCHIVE}": (parcel.reports / ARCHIVE).read_bytes()})
    except failures as error:
        raise DeliveryError(
            f"the store could not be written ({type(error).__name__}); see to url, endpoint, key and rights"
        ) from error
    return n_new


def open_store(target: StoreTarget, *, patience: float | None = None) -> tuple[Any, tuple[type[Exception], ...]]:
    """The store, of which nothing is asked yet, and what it may raise; with patience (seconds) it is asked once.

    Raises `DeliveryError` where its package is missing.
    """
    try:
        from botocore.exceptions import BotoCoreError
        from fsspec import filesystem

        once = {"connect_timeout": patience, "read_timeout": patience, "retries": {"max_attempts": 0}}
        store = filesystem("s3", **_options(target, WAITS if patience is None else once))
    except ImportError as error:
        raise DeliveryError("the package for stores is missing; run `pip install 'escalations[deliver]'`") from error
    return store, (OSError, BotoCoreError)


def _options(target: StoreTarget, waits: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False, "config_kwargs": waits}
    if target.key and target.secret:
        options |= {"key": target.key.get_secret_value(), "secret": target.secret.get_secret_value()}
    told = {"endpoint_url": target.endpoint, "region_name": target.region}
    return options | {"client_kwargs": {name: value for name, value in told.items() if value}}


def _put(store: Any, root: str, parcel: Parcel, week: str) -> int:
    manifest = f"{root}/{week}/{MANIFEST}"
    there = _known(store, manifest)
    if there and week != parcel.week:
        return 0
    here = digests(parcel.reports / week)
    if here == there:
        return 0
    changed = [name for name, digest in here.items() if there.get(name) != digest]
    files = {name: (parcel.reports / week / name).read_bytes() for name in changed}
    last = {name: data for name, data in files.items() if name == ARCHIVE}
    for part in (files.keys() - last.keys(), last.keys()):
        _pipe(store, {f"{root}/{week}/{name}": files[name] for name in changed if name in part})
    for name in there.keys() - here.keys():
        store.rm_file(f"{root}/{week}/{name}")
    _pipe(store, {manifest: json.dumps(here, indent=1).encode()})
    return len(changed)


def _known(store: Any, manifest: str) -> dict[str, str]:
    try:
        found = json.loads(store.cat_file(manifest))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _pipe(store: Any, files: dict[str, bytes]) -> None:
    """Put objects, each with the type by which a browser knows what it is."""
    by_type: dict[str, dict[str, bytes]] = {}
    for name, data in files.items():
        by_type.setdefault(mimetypes.guess_type(name)[0] or "application/octet-stream", {})[name] = data
    for kind, some in by_type.items():
        store.pipe(some, batch_size=AT_ONCE, ContentType=kind)
