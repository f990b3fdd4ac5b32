"""What holds for every drawing: it never fails for want of numbers, and leaves no trace."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.figure import Figure

import paper_figures
from paper_figures import drawing
from tests.paper_figures.made import CELLS, MAPS

AXES = ("neuron", "dataset", "depth", "width", "residual", "single_step", "time_steps", "stage")
AXES += ("fit", "direction", "split", "pixels", "kernel", "start", "region", "target", "rank")
FOLDER = Path(paper_figures.__file__).parent


def drawings() -> list[str]:
    """Every module of the folder that draws."""
    found = []
    for path in sorted(FOLDER.glob("[a-z]*.py")):
        try:
            drawing(path.stem)
        except LookupError:
            continue
        found.append(path.stem)
    return found


def empty(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in (*AXES, *columns, "text")})


def test_these_are_the_exhibits_of_paper_and_lab() -> None:
    wanted = [f"fig{n}" for n in range(1, 9)]
    wanted += [f"figA{n}" for n in range(1, 13)] + ["figC1", "figC2"]
    wanted += ["table1", "table2", "table3", "tableB1", "tableD1", "tableD2"]
    wanted += [f"lab_fig{n}" for n in range(1, 10)]
    assert set(wanted) <= set(drawings())


@pytest.mark.parametrize("name", drawings())
def test_without_numbers_there_is_an_empty_figure(name: str) -> None:
    before = dict(mpl.rcParams)
    draw = drawing(name)
    takes_maps = "maps" in draw.__annotations__
    figure = draw(empty(CELLS), empty(MAPS)) if takes_maps else draw(empty(CELLS))
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    assert dict(mpl.rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []
