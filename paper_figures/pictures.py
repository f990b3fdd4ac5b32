"""Pictures out of maps: colours put together, the first row on top."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from numpy.typing import NDArray
from pandas import DataFrame

from paper_figures.select import Matrix, at, matrix
from paper_figures.style import EMPTY, INK, MUTED, SMALL, SNN, not_measured

COLOURS = ("r", "g", "b")
OTHERS = ("STAND-IN", "OTHER WEIGHTS")  # than those that the document shows
Picture = NDArray[np.float64]  # [H, W, 3] in 0…1, NaN between tiles; or [0, 0, 3]


def picture(maps: DataFrame, name: str) -> Picture:
    """The picture `name`; [0, 0, 3] where one of its colours is not there."""
    planes = [matrix(at(maps, {"map": f"image-{name}-{colour}"})) for colour in COLOURS]
    if not all(plane.size for plane in planes):
        return np.empty((0, 0, 3))
    return np.stack(planes, axis=-1)


def show(axes: Axes, values: Picture | Matrix, *, title: str = "", colours: str = "gray") -> None:
    """A picture, or one sheet of numbers in 0…1 as grey; the gaps of a sheet are the page."""
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=SMALL, color=INK, pad=4)
    axes.spines[:].set_visible(False)
    if not values.size:
        axes.set_facecolor(EMPTY)
        not_measured(axes)
        return
    if values.ndim == 3:
        axes.imshow(opaque(values), interpolation="nearest")
    else:
        axes.imshow(values, cmap=colours, vmin=0.0, vmax=1.0, interpolation="nearest")


def opaque(values: Picture) -> Picture:
    """With a fourth channel that is 0 where a colour is NaN."""
    there = ~np.isnan(values).any(axis=-1, keepdims=True)
    return np.concatenate([np.nan_to_num(values), there.astype(float)], axis=-1)


def source(figure: FigureBase, frame: DataFrame) -> None:
    """Where the weights are from, above everything; others than the document's stand out."""
    said = word(frame, "source")
    are_others = said.startswith(OTHERS)
    figure.suptitle(
        said or "not measured",
        fontsize=SMALL,
        color=SNN if are_others else MUTED,
        weight="bold" if are_others else "normal",
    )


def word(frame: DataFrame, quantity: str) -> str:
    """The words of a quantity that stands once; nothing where there are none."""
    found = frame.loc[frame["quantity"] == quantity, "text"].dropna()
    return str(found.iloc[0]) if len(found) else ""


def value(frame: DataFrame, quantity: str, **levels: str) -> float:
    """The number of a quantity at these levels; NaN where there is none."""
    found = at(frame[frame["quantity"] == quantity], dict(levels))["value"].dropna()
    return float(found.iloc[0]) if len(found) else float("nan")
