"""A folder per class, files in the order of their numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.data.listing import list_files
from harness.errors import HarnessError


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_numbers_order_the_files_and_names_the_classes(tmp_path: Path) -> None:
    put(tmp_path, "dog/d_10.bin", "dog/d_9.bin", "cat/c_1.bin", "cat/note.txt", "readme.bin")
    put(tmp_path, ".cache/x.bin")
    found = list_files(tmp_path, (".bin",))
    assert found.class_names == ("cat", "dog")
    assert found.files == ("cat/c_1.bin", "dog/d_9.bin", "dog/d_10.bin")
    assert found.labels == (0, 1, 1)


def test_digits_of_other_scripts_are_text(tmp_path: Path) -> None:
    put(tmp_path, "a/x².bin", "a/x1.bin", "a/x01.bin")
    assert len(list_files(tmp_path, (".bin",)).files) == 3


def test_a_class_without_recordings_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, "cat/c_1.bin", "dog/d.txt")
    with pytest.raises(HarnessError, match=r"dog: holds no \*\.bin"):
        list_files(tmp_path, (".bin",))
    with pytest.raises(HarnessError, match="holds no"):
        list_files(tmp_path / "cat", (".bin",))
    with pytest.raises(HarnessError, match="cannot be listed"):
        list_files(tmp_path / "none", (".bin",))
