"""Where things lie, and which folders are taken for a store at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.store import tree
from harness.store.store import Store
from harness.store.tree import FORMAT, Tree


def test_the_layout_is_pinned(tmp_path: Path) -> None:
    layout, key = Tree(tmp_path), "ab" + "0" * 62
    assert layout.node(key) == tmp_path / "nodes" / "ab" / key
    assert layout.partial(key) == tmp_path / "partial" / key
    assert layout.log(key) == tmp_path / "logs" / f"{key}.log"
    assert layout.lock(key) == tmp_path / "locks" / f"{key}.lock"


@pytest.mark.parametrize("key", ["", "ab", "../" + "0" * 61, "/" * 64])
def test_only_a_key_becomes_a_path(tmp_path: Path, key: str) -> None:
    layout = Tree(tmp_path)
    for place in (layout.node, layout.partial, layout.log, layout.lock):
        with pytest.raises(HarnessError, match="not a key"):
            place(key)


def test_reading_a_store_that_is_not_there_creates_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert store.get("0" * 64) is None
    assert store.manifests() == []
    assert not store.root.exists()


def test_an_empty_folder_becomes_a_store_and_stays_one(tmp_path: Path) -> None:
    Store(tmp_path).log_path("0" * 64)
    assert (tmp_path / "format").read_text() == f"{FORMAT}\n"
    Store(tmp_path).log_path("0" * 64)


def test_a_store_whose_creation_was_cut_off_is_taken_up(tmp_path: Path) -> None:
    (tmp_path / ".format.0a1b2c3d").touch()
    Store(tmp_path).log_path("0" * 64)
    Store(tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("2\n", "format 2, this harness reads format 1"), ("", "not a version"), ("x" * 99, "xxx")],
)
def test_another_format_stops_at_the_door(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "format").write_text(text)
    with pytest.raises(HarnessError, match=problem):
        Store(tmp_path)


def test_a_store_that_another_process_creates_meanwhile_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = tree._listing

    def created_meanwhile(folder: Path) -> list[Path]:
        Tree(tmp_path).prepare()
        return listing(folder)

    monkeypatch.setattr(tree, "_listing", created_meanwhile)
    Store(tmp_path)


def test_a_folder_with_other_things_is_never_taken_for_a_store(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(HarnessError, match="not a store"):
        Store(tmp_path)


def test_a_file_is_not_a_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HarnessError, match="Not a directory"):
        Store(tmp_path / "file")
