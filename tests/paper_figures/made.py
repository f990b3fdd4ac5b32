"""Synthetic cells and maps with the columns of real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

CELLS = ("map", "layer", "position", "epsilon", "quantity", "value", "std", "n", "why")
MAPS = ("map", "y", "x", "label_y", "label_x", "value")


def values(rows: int, columns: int, seed: int = 0) -> NDArray[np.float64]:
    """A map of random similarities."""
    return np.random.default_rng(seed).random((rows, columns))


def map_rows(
    name: str,
    values_YX: NDArray[np.float64],
    labels_y: Sequence[str] = (),
    labels_x: Sequence[str] = (),
    **axes: Any,
) -> pd.DataFrame:
    """The rows of one map, upside down and in no order: a drawing must not rely on it."""
    rows, columns = values_YX.shape
    y, x = np.mgrid[:rows, :columns]
    numbered = [str(n) for n in range(max(rows, columns))]
    content = {
        **{axis: [level] * values_YX.size for axis, level in axes.items()},
        "map": name,
        "y": y.ravel(),
        "x": x.ravel(),
        "label_y": np.array(labels_y or numbered[:rows])[y.ravel()],
        "label_x": np.array(labels_x or numbered[:columns])[x.ravel()],
        "value": values_YX.ravel(),
    }
    return pd.DataFrame(content).sample(frac=1, random_state=1)


def cell_rows(
    quantity: str, numbers: Sequence[float], layers: Sequence[str] = (), **levels: Any
) -> pd.DataFrame:
    """The cells of one quantity, one for each layer."""
    content: dict[str, Any] = {axis: [level] * len(numbers) for axis, level in levels.items()}
    content |= {"layer": list(layers) or [f"layer{n}" for n in range(len(numbers))]}
    content |= {"quantity": quantity, "value": list(numbers), "std": np.nan, "n": 1, "why": ""}
    return pd.DataFrame(content)


def resnet_layers(depth: int) -> list[str]:
    """The layers of a ResNet in execution order, as the axes of Fig. 2 count them."""
    names = ["conv1", "bn1"]
    for stage in (1, 2, 3):
        for block in range((depth - 2) // 6):
            here = f"s{stage}.b{block}"
            inside = ["relu1", "conv1", "bn1", "relu2", "conv2", "bn2"]
            inside += ["ds.0", "ds.1", "ds.2"] if stage > 1 and block == 0 else []
            names += [f"{here}.{layer}" for layer in inside] + [here]
    return [*names, "relu", "pool"]


def heatmaps(figure: Any) -> dict[tuple[str, str, str], NDArray[np.float64]]:
    """(title, x label, y label) → what is drawn, for each panel with an image."""
    found = {}
    for axes in figure.axes:
        if axes.images:
            image = axes.images[0].get_array()
            key = (axes.get_title(), axes.get_xlabel(), axes.get_ylabel())
            found[key] = np.ma.filled(np.ma.asarray(image, dtype=float), np.nan)
    return found


def lines(axes: Any) -> dict[str, list[float]]:
    """Label → y of each line of a panel."""
    return {line.get_label(): [float(y) for y in line.get_ydata()] for line in axes.lines}


def words(figure: Any) -> list[str]:
    """Everything that is written on the panels."""
    return [text.get_text() for axes in figure.axes for text in axes.texts]
