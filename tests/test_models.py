"""Which classifier is in force: the one kept last, else the shipped one; a damaged note stops with one plain line."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from few_tickets import always, cells, chances, few_model

from analysis.classifier import Classifier
from analysis.errors import InputError
from analysis.model_files import write_model
from pipelines import models
from pipelines.models import IN_FORCE, SHIPPED, model_in_force, path_in_force, put_in_force


def told(version: str) -> Classifier:
    return always({"provider": {"cdk": 0.9, "tekion": 0.1}}, version=version)


def silent(line: str) -> None:
    raise AssertionError(f"nothing was to be said: {line}")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny model in the place of the one that comes with the program."""
    path = tmp_path / "package" / "model.npz"
    write_model(told("shipped"), path)
    monkeypatch.setattr(models, "SHIPPED", path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def version_in_force(folder: Path) -> str:
    model = model_in_force(folder, silent)
    assert model is not None
    return model.version


@pytest.mark.usefixtures("shipped")
def test_the_one_put_last_is_in_force_and_before_any_the_shipped_one(folder: Path) -> None:
    assert version_in_force(folder) == "shipped"
    for version in ("first", "second", "first"):
        path = put_in_force(told(version), folder)
        assert path == path_in_force(folder) == folder / f"{version}.npz"
        assert version_in_force(folder) == version
    (folder / IN_FORCE).unlink()
    assert version_in_force(folder) == "shipped"


def test_the_shipped_model_stands_in_the_package() -> None:
    assert path_in_force(Path("no such folder")) == SHIPPED
    assert SHIPPED.parent.name == "starter"
    assert SHIPPED.exists(), "run `make model`"


def test_the_model_is_read_back_as_it_was_put(folder: Path) -> None:
    put_in_force(few_model(), folder)
    found = model_in_force(folder, silent)
    assert found is not None
    assert found.about["model_version"] == "few"
    texts = ("Tekion says 401/token expired", "hello/")
    for kind in ("provider", "failure_category"):
        for one, other in zip(chances(found, kind, *texts), chances(few_model(), kind, *texts), strict=True):
            assert one == pytest.approx(other, abs=0.01)


@pytest.mark.usefixtures("shipped")
def test_a_model_written_anew_under_the_same_name_is_read_anew(folder: Path) -> None:
    path = put_in_force(told("same"), folder)
    assert version_in_force(folder) == "same"
    write_model(told("other words"), path)
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1_000_000))
    assert version_in_force(folder) == "other words"


def test_without_any_model_a_note_is_said(folder: Path, shipped: Path) -> None:
    shipped.unlink()
    said: list[str] = []
    assert model_in_force(folder, said.append) is None
    assert said == ["note: there is no classifier, so only rules and fields tag; `escalations train` makes one"]


# what the note of the model in force holds
NOTES = """
elsewhere by its whole path | {"file": "ROOT/other.npz"}
beside the folder           | {"file": "../other.npz"}
the folder above            | {"file": ".."}
the folder itself           | {"file": "."}
in a folder below           | {"file": "below/other.npz"}
no name                     | {"file": ""}
a model that is gone        | {"file": "gone.npz"}
a name with a zero byte     | {"file": "a\\u0000b"}
a name as long as a letter  | {"file": "LONG"}
nothing                     |
cut short                   | {"file": "kept.n
no JSON                     | kept.npz
a list                      | ["kept.npz"]
a text                      | "kept.npz"
a number                    | 7
null                        | null
another key                 | {"model": "kept.npz"}
a name that is none         | {"file": null}
a name that is a list       | {"file": ["kept.npz"]}
"""


@pytest.mark.parametrize(("what", "note"), cells(NOTES))
def test_a_note_that_names_no_model_beside_it_stops_with_one_line(
    what: str, note: str, tmp_path: Path, folder: Path
) -> None:
    put_in_force(told("kept"), folder)
    for place in (tmp_path / "other.npz", folder / "below" / "other.npz"):
        write_model(told("other"), place)
    (folder / IN_FORCE).write_text(note.replace("ROOT", str(tmp_path)).replace("LONG", "x" * 5000))
    with pytest.raises(InputError) as caught:
        path_in_force(folder)
    assert "\n" not in str(caught.value), what
    assert str(caught.value).startswith(f"{folder / IN_FORCE}: "), what
    assert "remove it" in str(caught.value)
    with pytest.raises(InputError):
        model_in_force(folder, silent)


def spoil_by_cutting(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def spoil_by_emptying(path: Path) -> None:
    path.write_bytes(b"")


def spoil_by_another_file(path: Path) -> None:
    path.write_text('{"file": "a text, not a model"}')


SPOILERS = (spoil_by_cutting, spoil_by_emptying, spoil_by_another_file)


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda spoil: spoil.__name__)
def test_a_damaged_model_stops_with_one_line_and_is_not_passed_over(
    spoil: Callable[[Path], None], folder: Path
) -> None:
    """Tagging by the shipped one instead would change tags behind the desk's back."""
    path = put_in_force(told("kept"), folder)
    spoil(path)
    with pytest.raises(InputError) as caught:
        model_in_force(folder, silent)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_note_that_is_no_text_stops_with_one_line(folder: Path) -> None:
    folder.mkdir()
    (folder / IN_FORCE).write_bytes(b'{"file": "\xff\xfe"}')
    with pytest.raises(InputError, match="does not name a model beside it"):
        path_in_force(folder)
    (folder / IN_FORCE).unlink()
    (folder / IN_FORCE).mkdir()
    with pytest.raises(InputError, match="does not name a model beside it"):
        path_in_force(folder)


# where it is stopped, by a folder that stands in the way | whether the new model's file is there
STOPS = """
.new.npz.partial       | no
.in_force.json.partial | yes
"""


@pytest.mark.parametrize(("in_the_way", "is_written"), cells(STOPS))
def test_what_stops_halfway_leaves_the_old_model_in_force(in_the_way: str, is_written: str, folder: Path) -> None:
    put_in_force(told("old"), folder)
    note = (folder / IN_FORCE).read_bytes()
    (folder / in_the_way).mkdir()
    with pytest.raises(IsADirectoryError):
        put_in_force(told("new"), folder)
    assert (folder / "new.npz").exists() == (is_written == "yes")
    assert (folder / IN_FORCE).read_bytes() == note
    assert version_in_force(folder) == "old"
    (folder / in_the_way).rmdir()
    put_in_force(told("new"), folder)
    assert version_in_force(folder) == "new"


def test_at_every_renaming_a_whole_model_is_in_force(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at just before and just after each file takes its place."""
    put_in_force(told("old"), folder)
    seen: list[str] = []
    rename = Path.replace

    def look(self: Path, target: Path) -> Path:
        seen.append(version_in_force(folder))
        moved = rename(self, target)
        seen.append(version_in_force(folder))
        return moved

    monkeypatch.setattr(Path, "replace", look)
    put_in_force(told("new"), folder)
    assert seen == ["old", "old", "old", "new"], "first the model, then the note of it"


def test_nothing_but_models_and_the_note_is_left_behind(folder: Path) -> None:
    for version in ("one", "two"):
        put_in_force(told(version), folder)
    assert sorted(path.name for path in folder.iterdir()) == [IN_FORCE, "one.npz", "two.npz"]
    assert json.loads((folder / IN_FORCE).read_text()) == {"file": "two.npz"}
