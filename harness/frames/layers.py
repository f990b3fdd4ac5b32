"""What the stored files say of layers, and the parts of a block that the paper tells apart.

Legend: L = layers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

POSITIONS = ("input", "act1", "conv1", "bn1", "act2", "conv2", "bn2", "output")
"""Along a residual block, as in the upper right of Fig. 3; `input` is what the block is fed."""


@dataclass(frozen=True)
class Layer:
    """One layer: its name, the stage (`s1`, or nothing), the residual block that it belongs to and
    its position in it (nothing for those outside, and for the layers of a shortcut).
    """

    name: str
    stage: str
    block: str
    position: str


@dataclass(frozen=True)
class Map:
    """A map that is drawn: [rows, columns], rows from below, NaN where undefined."""

    name: str
    labels_y: Sequence[str]
    labels_x: Sequence[str]
    matrix: Floats


def layers(rows: Sequence[Mapping[str, Any]]) -> tuple[Layer, ...]:
    """The layers of a stored file, in execution order."""
    return tuple(Layer(row["name"], row["stage"], row["block"], row["position"]) for row in rows)


def indices(of: Sequence[Layer], **wanted: str) -> list[int]:
    """Places of the layers whose fields are as wanted."""
    return [
        place
        for place, layer in enumerate(of)
        if all(getattr(layer, name) == value for name, value in wanted.items())
    ]


def stages(of: Sequence[Layer]) -> tuple[str, ...]:
    """The stages in execution order."""
    return tuple(dict.fromkeys(layer.stage for layer in of if layer.stage))


def reasons(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[int, int], str]:
    """(row, column) → why it is undefined."""
    return {
        (y, x): str(row["why"]) for row in rows for y, x in zip(row["y"], row["x"], strict=True)
    }


def mean(values: Floats) -> float:
    """Mean of the defined values; NaN where none is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else math.nan


def off_diagonal(values: Floats) -> Floats:
    """The cells of a square map beside its diagonal."""
    return values[~np.eye(len(values), dtype=bool)]
