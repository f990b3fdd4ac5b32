"""What is read from the files of a run: numbers, words and maps, and the layers that they are of.

Legend: L = layers, C = colours, H, W = height and width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PERCENT, CKA, SIMILARITY = "percent", "CKA", "similarity"
WHOLE = (CKA, SIMILARITY)  # 0 … 1, unless chance makes them less than 0
Z, EXACT = 1.959964, 2e-7
"""Of the normal distribution for 95 of 100; of 1 − CKA², below which a layer is the same."""
NOTHING_DEFINED = "CKA is undefined in all of these cells"
COLOURS = ("r", "g", "b")
WHITE = 255
POSITIONS = ("input", "act1", "conv1", "bn1", "act2", "conv2", "bn2", "output")
"""Along a residual block, as in the upper right of Fig. 3; `input` is what the block is fed."""


@dataclass(frozen=True)
class Reading:
    """One number or word of one run. Exactly one of `value`, `text` and `why` says something."""

    quantity: str
    unit: str
    value: float = math.nan
    text: str | None = None
    why: str = ""
    levels: Mapping[str, str] = field(default_factory=dict)  # index columns that the measure adds
    se: float = math.nan  # standard error over images of a CKA, or no less than that


def number(
    quantity: str, unit: str, value: object, name: str, levels: Mapping[str, str] | None = None
) -> Reading:
    """A reading of the field `name` of a stored file: NaN, infinite and null become a reason."""
    at = levels or {}
    if isinstance(value, bool) or not isinstance(value, int | float):
        said = "null" if value is None else repr(value)
        return Reading(quantity, unit, why=f"{name} is {said}, not a number", levels=at)
    if not math.isfinite(value):
        return Reading(quantity, unit, why=f"{name} is {value}", levels=at)
    return Reading(quantity, unit, value=float(value), levels=at)


def defined(
    quantity: str,
    unit: str,
    value: float | None,
    why: str,
    levels: Mapping[str, str] | None = None,
    se: float = math.nan,
) -> Reading:
    """A reading of a number that is None or NaN for a known reason."""
    at = levels or {}
    if value is None or math.isnan(value):
        return Reading(quantity, unit, why=why, levels=at)
    return Reading(quantity, unit, float(value), levels=at, se=se)


@dataclass(frozen=True)
class Map:
    """A map that is drawn: [rows, columns], rows from below, NaN where undefined.

    `of` says what its rows and columns are, as `layer`; one of a picture, or of curves, says
    nothing. `neurons` are those of the networks up and across, None where the point says which;
    `unit` is what a cell counts; `se` are the standard errors over images of its cells, where they
    are known.
    """

    name: str
    labels_y: Sequence[str]
    labels_x: Sequence[str]
    matrix: Floats
    of: str = ""
    neurons: tuple[str | None, str | None] = (None, None)
    unit: str = CKA
    se: Floats | None = None

    @property
    def interval(self) -> tuple[Floats, Floats] | None:
        """Low and high of each cell, as `spread` says; None where it is not known."""
        import numpy as np

        if self.se is None:
            return None
        inside, by = np.clip(self.matrix, -1, 1), spread(self.matrix, self.se)
        with np.errstate(divide="ignore"):
            low, high = (np.tanh(np.arctanh(inside) + sign * by) for sign in (-1, 1))
        return low, high


def spread(values: Floats, se: Floats) -> Floats:
    """By how much atanh CKA may be off in 95 of 100 sets of images, for the same networks; 0 where
    a layer is compared with itself. It says nothing of other seeds.
    """
    import numpy as np

    left = 1 - np.square(np.clip(values, -1, 1))
    return np.where(left > EXACT, Z * se / np.maximum(left, EXACT), 0 * se)


def picture(name: str, image_CHW: Floats) -> Iterator[Map]:
    """The colours of an image in 0…1, `image-NAME-r` and so on, rows from above, to the 256 levels
    of a picture file: what is measured on an image is measured where it was made.
    """
    import numpy as np

    levels_CHW = np.round(np.asarray(image_CHW, dtype=np.float64) * WHITE) / WHITE
    for colour, plane_HW in zip(COLOURS, levels_CHW, strict=False):
        yield sheet(f"image-{name}-{colour}", plane_HW)


def sheet(name: str, values_HW: Floats) -> Map:
    """Numbers by row and column of pixels."""
    rows, columns = ([str(place) for place in range(size)] for size in values_HW.shape)
    return Map(name, rows, columns, values_HW)


@dataclass(frozen=True)
class Layer:
    """One layer: its name, the stage (`s1`, or nothing), the residual block that it belongs to and
    its position in it (nothing for those outside, and for the layers of a shortcut).
    """

    name: str
    stage: str
    block: str
    position: str


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
    """Mean of the values that are defined; NaN where none is."""
    known = values[values == values]
    return float(known.mean()) if known.size else math.nan
