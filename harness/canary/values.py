"""What the canary keeps of a run: named series of numbers and words.

A series of more than `KEPT` numbers is kept as its norm and two projections, so that a layer which
is permuted or shifted shows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Value = float | str | None
Series = Mapping[str, Sequence[Value]]
"""Quantity → its values, step by step or in the order of an array; None where undefined."""

KEPT = 24
_IRRATIONAL = (0.6180339887498949, 0.41421356237309515)


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


def shortened(values: Sequence[Value]) -> list[Value]:
    """The values themselves where they are few; else how many are not finite, and of the numbers
    norm and projections. Words stay.
    """
    if len(values) <= KEPT or any(isinstance(one, str) for one in values):
        return list(values)
    numbers = [math.nan if one is None else float(one) for one in values]
    known = [one for one in numbers if math.isfinite(one)]
    finite = [one if math.isfinite(one) else 0.0 for one in numbers]
    return [float(len(numbers) - len(known)), *projections(finite)]


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


def text_of(traces: Mapping[str, Series]) -> str:
    """The text of a file of traces, a line for each series, floats with all their digits."""
    lines = []
    for trace, series in traces.items():
        inner = ",\n".join(
            f"  {json.dumps(name, ensure_ascii=False)}: {json.dumps(list(values))}"
            for name, values in series.items()
        )
        lines.append(f" {json.dumps(trace, ensure_ascii=False)}: {{\n{inner}\n }}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
