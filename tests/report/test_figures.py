"""Figures are the same bytes for the same cells, and taken again only when nothing changed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import paper_figures
from harness.frames.frame import frame_of
from harness.frames.maps import Maps
from harness.report import figures
from harness.report.figures import drawn
from tests.synthetic import SyntheticStore, plan


@pytest.fixture(scope="module")
def cells():
    made = plan("table1")
    return frame_of(made.exhibits[0], SyntheticStore(made), {}).cells


def written(folder: Path, one: figures.Drawn) -> Path:
    for name, content in one.files.items():
        (folder / name).write_bytes(content)
    return folder


def test_twice_the_same_bytes_without_date_or_version(cells, tmp_path: Path) -> None:
    first, second = drawn("table1", cells, tmp_path), drawn("table1", cells, tmp_path)
    assert first.files == second.files
    assert b"dc:date" not in first.svg
    assert b"Matplotlib" not in first.files["table1.png"]


def test_an_unchanged_figure_is_not_drawn_again(
    cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = drawn("table1", cells, tmp_path)
    written(tmp_path, first)
    monkeypatch.setattr(figures, "_save", lambda *_: pytest.fail("was drawn again"))
    assert drawn("table1", cells, tmp_path).files == first.files


@pytest.mark.parametrize("change", ["cells", "file", "record", "code"])
def test_any_change_draws_it_again(
    cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    first = drawn("table1", cells, tmp_path)
    written(tmp_path, first)
    if change == "cells":
        cells = cells.assign(value=cells["value"] + 1e-9)
    elif change == "file":
        (tmp_path / "table1.svg").write_bytes(first.svg + b"<!-- edited -->")
    elif change == "record":
        (tmp_path / figures.RECORD).write_bytes(b"[]")
    else:
        code = tmp_path / "code"
        code.mkdir()
        (code / "__init__.py").write_text("changed", encoding="utf-8")
        monkeypatch.setattr(paper_figures, "__file__", str(code / "__init__.py"))
    calls = []
    monkeypatch.setattr(
        figures, "_save", lambda *a: calls.append(a) or {"table1.svg": b"", "table1.png": b""}
    )
    drawn("table1", cells, tmp_path)
    assert len(calls) == 1


def test_a_drawing_that_fails_is_told(cells, tmp_path: Path) -> None:
    one = drawn("table1", cells.drop(columns="depth"), tmp_path)
    assert one.files == {}
    assert one.problem == "the drawing failed: KeyError: 'depth'"


def test_maps_are_handed_to_the_drawing_and_are_part_of_what_decides_it(
    cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = []

    def save(name: str, frames: tuple[pd.DataFrame, ...]) -> dict[str, bytes]:
        handed.append(frames)
        return {"table1.svg": b"", "table1.png": b""}

    monkeypatch.setattr(figures, "_save", save)
    maps = Maps(pd.DataFrame({"map": ["ann-snn"], "y": [0], "x": [0], "value": [0.5]}))
    written(tmp_path, drawn("table1", cells, tmp_path, maps))
    drawn("table1", cells, tmp_path, maps)
    assert len(handed) == 1
    assert [len(frames) for frames in handed] == [2]
    other = Maps(maps.table.assign(value=0.6))
    drawn("table1", cells, tmp_path, other)
    assert len(handed) == 2
