"""Figures are the same bytes for the same cells, and taken again only when nothing changed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import paper_figures
from harness.frames.frame import frame_of
from harness.frames.maps import Maps
from harness.measures.reading import Map
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
    first = drawn("table1", cells, tmp_path, records=tmp_path / "records")
    written(tmp_path, first)
    monkeypatch.setattr(figures, "_save", lambda *_: pytest.fail("was drawn again"))
    assert drawn("table1", cells, tmp_path, records=tmp_path / "records").files == first.files


def test_a_picture_is_taken_on_the_word_of_our_own_record_alone(cells, tmp_path: Path) -> None:
    """Whoever puts another picture among the results can put its digest beside it, too."""
    records = tmp_path / "records"
    first = drawn("table1", cells, tmp_path, records=records)
    for name in ("table1.png", "table1.svg"):
        (tmp_path / name).write_bytes(b"forged")
    sums = {name: hashlib.sha256(b"forged").hexdigest() for name in ("table1.png", "table1.svg")}
    (source,) = (path.stem for path in records.iterdir())
    forged = {"drawn_from": source, "files": sums}
    (tmp_path / figures.RECORD).write_text(json.dumps(forged), encoding="utf-8")
    assert drawn("table1", cells, tmp_path, records=records).files == first.files
    assert drawn("table1", cells, tmp_path).files == first.files


def test_what_is_no_plain_file_is_drawn_again_and_holds_nobody_up(cells, tmp_path: Path) -> None:
    records = tmp_path / "records"
    first = drawn("table1", cells, tmp_path, records=records)
    (record,) = records.iterdir()
    os.mkfifo(tmp_path / "table1.png")
    os.mkfifo(tmp_path / figures.RECORD)
    assert drawn("table1", cells, tmp_path, records=records).files == first.files
    record.unlink()
    os.mkfifo(record)
    assert drawn("table1", cells, tmp_path, records=records).files == first.files
    assert figures.files_of(first, tmp_path)


def test_records_that_cannot_be_kept_cost_nothing_but_time(cells, tmp_path: Path) -> None:
    (tmp_path / "records").write_bytes(b"a file where a folder should be")
    one = drawn("table1", cells, tmp_path, records=tmp_path / "records")
    assert one.pictures == ("table1.svg", "table1.png")


@pytest.mark.parametrize("change", ["cells", "file", "record", "code", "library"])
def test_any_change_draws_it_again(
    cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    records = tmp_path / "records"
    first = drawn("table1", cells, tmp_path, records=records)
    written(tmp_path, first)
    if change == "cells":
        cells = cells.assign(value=cells["value"] + 1e-9)
    elif change == "file":
        (tmp_path / "table1.svg").write_bytes(first.svg + b"<!-- edited -->")
    elif change == "record":
        for record in records.iterdir():
            record.write_bytes(b"[]")
    elif change == "library":
        monkeypatch.setattr(figures, "version", lambda name: f"another {name}")
    else:
        code = tmp_path / "code"
        code.mkdir()
        (code / "__init__.py").write_text("changed", encoding="utf-8")
        monkeypatch.setattr(paper_figures, "__file__", str(code / "__init__.py"))
    calls = []
    monkeypatch.setattr(
        figures, "_save", lambda *a: calls.append(a) or {"table1.svg": b"", "table1.png": b""}
    )
    drawn("table1", cells, tmp_path, records=records)
    assert len(calls) == 1


def test_a_drawing_that_fails_is_told(cells, tmp_path: Path) -> None:
    one = drawn("table1", cells.drop(columns="value"), tmp_path)
    assert one.files == {}
    assert one.failed
    assert one.problem == "the drawing failed: KeyError: 'value'"
    nothing = drawn("table1", cells[:0], tmp_path)  # its runs are missing, and said to be
    assert nothing.problem
    assert not nothing.failed


SETTINGS = (
    "text.usetex: True",
    "lines.linestyle: None",
    "font.size: 22\nsavefig.bbox: tight\nsavefig.facecolor: red\nfont.family: serif",
    "axes.formatter.use_locale: True\nsvg.fonttype: none\nbackend: nonsense\npath.sketch: 3, 9, 2",
)
ELSEWHERE = """
import hashlib, json, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import pandas as pd
from harness.report.figures import drawn
one = drawn("table1", pd.read_pickle(sys.argv[1]), Path("none"))
assert not one.problem, one.problem
sums = {name: hashlib.sha256(content).hexdigest() for name, content in one.files.items()}
print(json.dumps(sums))
"""


def _elsewhere(cells: pd.DataFrame, folder: Path, **environment: str) -> object:
    """Digests of the figure as a process draws it that starts in `folder`."""
    cells.to_pickle(folder / "cells")
    ran = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, "cells"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def _digests(cells: pd.DataFrame, folder: Path) -> object:
    files = drawn("table1", cells, folder / "none").files
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


@pytest.mark.parametrize(
    "environment",
    [
        {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
        {"MPLBACKEND": "nonsense", "SOURCE_DATE_EPOCH": "1", "LC_ALL": "de_DE.UTF-8"},
        {"HOME": "/nonexistent", "MPLCONFIGDIR": "/proc/none", "PYTHONWARNINGS": "error"},
    ],
)
def test_the_environment_does_not_reach_a_drawing(
    cells, tmp_path: Path, environment: dict[str, str]
) -> None:
    assert _elsewhere(cells, tmp_path, **environment) == _digests(cells, tmp_path)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("place", ["matplotlibrc", "set up/matplotlibrc", "config/matplotlibrc"])
def test_a_users_matplotlibrc_does_not_reach_a_drawing(
    cells, tmp_path: Path, settings: str, place: str
) -> None:
    file = tmp_path / place
    file.parent.mkdir(exist_ok=True)
    file.write_text(settings, encoding="utf-8")
    environment = {"MPLCONFIGDIR": str(file.parent)}
    if place.startswith("set up"):
        environment = {"MATPLOTLIBRC": str(file)}
    assert _elsewhere(cells, tmp_path, **environment) == _digests(cells, tmp_path)


def test_a_matplotlibrc_that_is_no_text_does_not_reach_a_drawing(cells, tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"font.size: \xff22\n")
    assert _elsewhere(cells, tmp_path, MATPLOTLIBRC="bytes") == _digests(cells, tmp_path)


def test_two_threads_that_draw_leave_each_other_and_the_user_alone(cells, tmp_path: Path) -> None:
    """One enters while the other draws, and leaves after it."""
    plain, before = drawn("table1", cells, tmp_path).files, dict(mpl.rcParams)
    with mpl.rc_context({"font.size": 22}), ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: drawn("table1", cells, tmp_path).files, range(8)))
        assert mpl.rcParams["font.size"] == 22
    assert all(files == plain for files in made)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    "settings", [{"text.usetex": True}, {"font.size": 22, "xtick.direction": "in"}]
)
def test_what_a_notebook_has_set_does_not_reach_a_drawing(
    cells, tmp_path: Path, settings: dict[str, object]
) -> None:
    plain = drawn("table1", cells, tmp_path).files
    with mpl.rc_context(settings):
        before = dict(mpl.rcParams)
        assert drawn("table1", cells, tmp_path).files == plain
        by_hand = paper_figures.drawing("table1")(cells)
        assert dict(mpl.rcParams) == before
    assert all(text.get_fontsize() < 22 for axes in by_hand.axes for text in axes.texts)
    assert not by_hand.axes[0].title.get_usetex()


def test_maps_are_handed_to_the_drawing_and_are_part_of_what_decides_it(
    cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = []

    def save(name: str, *frames: pd.DataFrame) -> dict[str, bytes]:
        handed.append(frames[:2])
        return {"table1.svg": b"", "table1.png": b""}

    monkeypatch.setattr(figures, "_save", save)
    maps = Maps((), (({}, Map("ann-snn", ["a"], ["b"], np.array([[0.5]]))),))
    records = tmp_path / "records"
    written(tmp_path, drawn("table1", cells, tmp_path, maps, records=records))
    drawn("table1", cells, tmp_path, maps, records=records)
    assert len(handed) == 1
    assert [len(rows) for rows in handed[0]] == [len(cells), 1]
    other = Maps((), (({}, Map("ann-snn", ["a"], ["b"], np.array([[0.6]]))),))
    drawn("table1", cells, tmp_path, other, records=records)
    assert len(handed) == 2


def test_a_function_anywhere_draws_and_is_asked_each_time(
    cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from matplotlib.figure import Figure\ndef bars(frame):\n    return Figure()\n"
    (tmp_path / "drawn_by_me.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    one = drawn("drawn_by_me:bars", cells, tmp_path, records=tmp_path / "records")
    assert one.pictures == ("bars.svg", "bars.png")
    assert {*one.files} >= {*one.pictures}
    assert not (tmp_path / "records").exists()  # what it imports is not known
    lost = drawn("drawn_by_me:lines", cells, tmp_path)
    assert "there is no drawing 'drawn_by_me:lines'" in lost.problem
