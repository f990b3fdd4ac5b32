"""What holds for every drawing: it shows what its frame has, all of it and nothing else, for the
whole of its exhibit and for a part; it never fails for want of numbers, and leaves no trace.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import paper_figures
from harness.frames.frame import Frame, frame_of
from paper_figures import drawing
from paper_figures.words import word
from tests.browser.whole import whole
from tests.paper_figures.made import CELLS, MAPS, cell_rows, map_rows, values
from tests.plan.test_measures import OPEN
from tests.synthetic import library, plan

ONLY = "--only "
EXHIBITS = {name: one for name, one in library().exhibits.items() if one.figure}
PARTS: Mapping[str, str] = {
    "depth": "20,26",
    "width": "1,3",
    "time_steps": "2,3",
    "stages_without_shortcut": "[],[2],stage-1-3",
    "one_step_stages": "[],[2]",
    "neuron": "lif-text,relu",
    "dataset": "cifar10,cifar100",
    "attack": "pgd",
}
"""Axis → levels that are a part of those of its exhibits, or none of them."""
SHOWN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("fig2", "fig5", "fig7", "figA1", "figA2", "figA4"), ("diagonal",)),
    **dict.fromkeys(("figA5", "figA7", "figA10"), ("diagonal",)),
    **dict.fromkeys(("fig8", "figA9"), ("attack_accuracy", "attack_cka")),
    **dict.fromkeys(("table2", "table3", "tableB1"), ("accuracy",)),
    "fig3": ("diagonal", "position_mean"),
    "figA6": ("probe_accuracy",),
    **dict.fromkeys(("beyond-input", "beyond-width", "beyond-width-cifar100"), ("mean",)),
    "table1": ("accuracy", "gap"),
}
"""Exhibit → quantities, each of whose cells is a point of a line or the height of a bar."""
NO_HEATMAPS = ("fig3", "figA5", "lab-fig1", *(name for name in EXHIBITS if "beyond" in name))


def cases() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each exhibit that is drawn, as it is and with a part of the levels of each of its axes; and
    for each drawing an axis by its path, and cells of a single level.
    """
    seen = set()
    for name, exhibit in EXHIBITS.items():
        yield name, ()
        is_vgg = exhibit.fixed.network in ("vgg", "vgg-table")
        for axis in exhibit.varied():
            yield name, (f"{axis}={'13,19' if axis == 'depth' and is_vgg else PARTS[axis]}",)
        draw = import_module(f"paper_figures.{exhibit.figure}").draw
        if draw in seen:
            continue
        seen.add(draw)
        small = {"depth": 13 if is_vgg else 20, "width": 1}
        said = {*exhibit.varied(), *exhibit.fixed.axes()}
        fewer = {axis: f"{axis}={first}" for axis, first in small.items() if axis in said}
        yield name, (*fewer.values(), "neuron.threshold=0.5,2.0")
        for axis in exhibit.varied()[-1:]:
            levels = [level for grid in exhibit.grid for level in grid.axes().get(axis, ())]
            others = (one for other, one in fewer.items() if other != axis)
            yield name, (*others, f"{ONLY}{axis}={levels[0 if axis == 'depth' else -1]}")
    yield "table2", ("one_step_stages=[],[1]",)
    yield "fig2", ("depth=20,32",)
    yield "fig2", ("depth=20", "width=1")
    yield "fig5", ("width=1,2", "time_steps=4,8")
    yield "fig4", ("depth=20", "neuron=relu")


def drawn(name: str, typed: tuple[str, ...]) -> tuple[Frame, Figure]:
    """The frame of an exhibit with something for each of its runs, and its drawing."""
    only = tuple(one.removeprefix(ONLY) for one in typed if one.startswith(ONLY))
    others = tuple(one for one in typed if not one.startswith(ONLY))
    made = plan(name, profile="smoke", overrides=others, only=only)
    (planned,) = made.exhibits
    frame = frame_of(planned, whole(made), {})
    maps = None if frame.maps is None else frame.maps.table.assign(**planned.held)
    figure = drawing(str(planned.exhibit.figure))(frame.cells.assign(**planned.held), maps)
    figure.canvas.draw()
    return frame, figure


def panels(figure: Figure) -> list[Axes]:
    """Those that are seen; a colour bar is none."""
    return [axes for axes in figure.axes if axes.axison and axes.get_label() != "<colorbar>"]


def said(figure: Figure) -> str:
    """Everything that is written in a figure."""
    found = [text.get_text() for text in figure.findobj(mpl.text.Text)]
    return "\n".join(text for text in found if text.strip())


def numbers(figure: Figure) -> set[float]:
    """Each number that is drawn: points of lines and heights of bars."""
    found: set[float] = set()
    for axes in figure.axes:
        for line in axes.lines:
            found |= {round(float(y), 9) for y in np.asarray(line.get_ydata(), dtype=float)}
        found |= {round(float(patch.get_height()), 9) for patch in axes.patches
                  if isinstance(patch, mpl.patches.Rectangle)}  # fmt: skip
    return found


BESIDE = {"figC2": ("ann-ann", "snn-snn")}  # maps that claims read, and nobody draws


def matrices(frame: Frame, beside: tuple[str, ...] = ()) -> list[Any]:
    """Each map of a frame that is no picture, less those `beside`."""
    table = frame.maps.table if frame.maps is not None else pd.DataFrame(columns=["map"])
    axes = [name for name in table.columns if name in (*frame.index, "map")]
    shown = table[~table["map"].astype(str).str.startswith("image-")]
    shown = shown[~shown["map"].isin(beside)]
    return [
        rows.pivot_table(index="y", columns="x", values="value", dropna=False).to_numpy(float)
        for _, rows in shown.groupby(axes, dropna=False, sort=False)
    ]


def images(figure: Figure) -> list[Any]:
    """Each heatmap of a figure; pictures in colour are none."""
    found = [np.ma.filled(image.get_array(), np.nan) for axes in figure.axes
             for image in axes.images]  # fmt: skip
    return [image for image in found if image.ndim == 2]


def spellings(axis: str, level: Any) -> tuple[str, ...]:
    """How a drawing may say a level."""
    also = {
        "relu": ("Artificial", "CNN"),
        "lif": ("Spiking", "SNN"),
        "no-stage": ("With residual", "Full Residual"),
        "stage-1-2-3": ("Without residual", "No Residual"),
        1: ("ResNet-20", "VGG-13") if axis == "width" else (),
    }
    stages = str(level).removeprefix("stage-").replace("-", ", ")
    return (word(axis, level), f"({stages})", *([str(level)] * isinstance(level, int | np.integer)),
            *also.get(level, ()))  # fmt: skip


@pytest.mark.parametrize(
    ("name", "typed"), list(cases()), ids=lambda one: one if isinstance(one, str) else " ".join(one)
)
def test_a_drawing_shows_what_its_frame_has(name: str, typed: tuple[str, ...]) -> None:
    frame, figure = drawn(name, typed)
    written = said(figure)
    assert ("not measured" in written) == frame.cells.empty
    if frame.cells.empty:
        return
    for axes in panels(figure):
        assert axes.has_data() or axes.child_axes, f"an empty panel: {axes.get_title()}"
    by_path = [axis for axis in frame.index if "." in axis]
    for axis in (*EXHIBITS[name].varied(), *by_path):
        levels = frame.cells[axis].dropna().unique()
        for level in levels if len(levels) > 1 else ():
            known = map(str.casefold, spellings(axis, level))
            assert any(one in written.casefold() for one in known), (axis, level)
    everything = numbers(figure)
    for quantity in SHOWN.get(name, ()):
        of = frame.cells[frame.cells["quantity"] == quantity]["value"].dropna()
        assert {round(float(value), 9) for value in of} <= everything, quantity
    wanted, there = matrices(frame, BESIDE.get(name, ())), images(figure)
    for image in there:
        assert any(np.array_equal(image, one, equal_nan=True) for one in wanted)
    if EXHIBITS[name].measure[0].kind in ("cka", "workflow") and name not in NO_HEATMAPS:
        for one in wanted:
            assert any(np.array_equal(image, one, equal_nan=True) for image in there)


@pytest.mark.parametrize("name", ["fig2", "fig5"])
def test_neurons_that_a_measure_leaves_open_are_told_apart(name: str) -> None:
    changed = {**OPEN, "fixed": {**library().documents[name].data["fixed"], "depth": 20}}
    made = plan(name, profile="smoke", changed={name: changed})
    (planned,) = made.exhibits
    frame = frame_of(planned, whole(made), {})
    assert frame.maps is not None
    maps = frame.maps.table.assign(**planned.held)
    figure = drawing(name)(frame.cells.assign(**planned.held), maps)
    written = said(figure).replace("\n", " ")
    for neuron in ("Spiking", "Spiking (lif-text)", "Spiking (if)"):
        assert f"{neuron} ResNet-20" in written
    assert {"neuron.threshold 0.5", "neuron.threshold 1"} <= set(said(figure).split("\n"))
    wanted, there = matrices(frame, BESIDE.get(name, ())), images(figure)
    assert len(wanted) == 6
    for one in wanted:
        assert any(np.array_equal(image, one, equal_nan=True) for image in there)


def test_these_are_the_exhibits_of_paper_and_lab() -> None:
    wanted = [f"fig{n}" for n in range(1, 9)]
    wanted += [f"figA{n}" for n in range(1, 13)] + ["figC1", "figC2"]
    wanted += ["table1", "table2", "table3", "tableB1", "tableD1", "tableD2"]
    wanted += [f"lab-fig{n}" for n in range(1, 10)]
    assert set(wanted) <= set(EXHIBITS)


@pytest.mark.parametrize("name", sorted({str(one.figure) for one in EXHIBITS.values()}))
def test_without_numbers_there_is_a_plate_that_says_so(name: str) -> None:
    before = dict(mpl.rcParams)
    empty = [pd.DataFrame(columns=list(columns)) for columns in (CELLS, MAPS)]
    for frames in (empty, empty[:1]):
        assert said(drawing(name)(*frames)) == "not measured"
    assert dict(mpl.rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


@pytest.mark.parametrize("takes", ["frame", "frame, maps", "frame, maps=None"])
@pytest.mark.parametrize("has_maps", [True, False])
def test_a_drawing_of_ones_own_takes_maps_or_not(
    takes: str, has_maps: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "from matplotlib.figure import Figure",
        f"def draw({takes}):",
        "    figure = Figure()",
        f"    figure.suptitle(f'{{len(frame)}} {{{'len(maps)' if 'maps' in takes else 0}}}')",
        "    return figure",
    ]
    (tmp_path / "my_own.py").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(paper_figures, "__path__", [*paper_figures.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "paper_figures.my_own", raising=False)
    frame, maps = cell_rows("mean", [0.5, 0.7]), map_rows("a", values(2, 2))
    figure = drawing("my_own")(frame, *[maps] * has_maps)
    assert figure.get_suptitle() == f"2 {4 if has_maps and 'maps' in takes else 0}"
