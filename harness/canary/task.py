"""What the canary keeps of a run: named series of numbers and words.

A series of more than `KEPT` numbers is kept as its norm and two projections, so that a layer which
is permuted or shifted shows.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Value = float | str | None
Numbers = Sequence[Value]
Series = Mapping[str, Numbers]
"""Quantity → its values, step by step or in the order of an array; None where undefined."""

KEPT = 24
_IRRATIONAL = (0.6180339887498949, 0.41421356237309515)


@dataclass(frozen=True)
class Done:
    """What came of a node: float64 series, the same in real arithmetic by precision (of forced
    steps those alone), the seconds of a processor that it took, and why it did not run.
    """

    kind: str
    name: str
    exact: Series
    real: Mapping[str, Series]
    seconds: float
    problem: str = ""

    @property
    def digest(self) -> str:
        """Of every number: what equal arithmetic gives again to the bit."""
        said = json.dumps([dict(self.exact), {k: dict(v) for k, v in self.real.items()}])
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True)
class Room:
    """Where runs work: a folder that is thrown away, late weights, the device of real runs."""

    folder: Path
    late: Path
    device: str

    def arithmetic(self, precision: str) -> str:
        """What limits call it: `f32`, or on a GPU `f32 on cuda`."""
        return precision if self.device == "cpu" else f"{precision} on {self.device}"


def projections(numbers: ArrayLike) -> list[float]:
    """Norm, and products with two fixed vectors: the fractional parts of (i + 1)·φ less a half, in
    float64, which any language makes alike. Sums are numpy's own: a BLAS adds by its threads.
    """
    import numpy as np  # a plan must not wait for it

    flat: NDArray[np.float64] = np.asarray(numbers, dtype=np.float64).reshape(-1)
    place = np.arange(1, len(flat) + 1, dtype=np.float64)
    along = [float((flat * (place * one % 1.0 - 0.5)).sum()) for one in _IRRATIONAL]
    return [float(np.sqrt((flat * flat).sum())), *along]


def series_of(record: Any, above: str = "") -> dict[str, list[Value]]:
    """A JSON value as series: the numbers and words at one path, lists read in order."""
    found: dict[str, list[Value]] = {}
    for name, value in _leaves(record, above):
        found.setdefault(name, []).append(value)
    return {name: shortened(values) for name, values in found.items()}


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Value]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner, name)
    elif isinstance(value, str) or value is None:
        yield name, value
    else:
        yield name, None if math.isnan(value) else float(value)


def shortened(values: Numbers) -> list[Value]:
    """The values themselves where they are few; else how many are not finite, and of the numbers
    norm and projections. Words stay.
    """
    if len(values) <= KEPT or any(isinstance(one, str) for one in values):
        return list(values)
    numbers = [math.nan if one is None else float(one) for one in values]
    finite = [one if math.isfinite(one) else 0.0 for one in numbers]
    return [float(sum(not math.isfinite(one) for one in numbers)), *projections(finite)]
