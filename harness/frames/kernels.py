"""kernels.json and kernels.safetensors → orientations of filters, and the filters as pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.frames.columns import Reading
from harness.frames.layers import Map
from harness.frames.pictures import picture, sheet
from harness.spec.lab_measure import Kernels

OF_EACH = ("orientation", "frequency", "coherence", "concentration")
UNITS = {"orientation": "degrees, 90 vertical", "frequency": "cycles per pixel"}
SHARE = "0 … 1"
ORIENTED = 0.5  # coherence above it: more of one orientation than of all others
NO_CONTRAST = "the filter has no contrast"


def read(measure: Kernels, content: Mapping[str, Any]) -> Iterator[Reading]:
    """The statistics of each filter, of its pixels as `trained` and `shuffled`, and their means.

    Raises:
        KeyError: the file lacks a field.
    """
    for pixels, rows in content["filters"].items():
        for quantity in OF_EACH:
            for place, row in enumerate(rows):
                at = {"pixels": str(pixels), "kernel": str(place)}
                yield _number(quantity, row[quantity], at, UNITS.get(quantity, SHARE))
    for pixels, rows in content["filters"].items():
        level = {"pixels": str(pixels)}
        for quantity in ("coherence", "concentration"):
            found = [row[quantity] for row in rows if row[quantity] is not None]
            yield _number(f"{quantity}_mean", _mean(found), level, SHARE)
        clear = [float(row["coherence"] > ORIENTED) for row in rows if row["coherence"] is not None]
        yield _number("oriented_share", _mean(clear), level, "share of the filters")
    yield Reading("source", "", text=str(content["source"]))
    yield Reading("listed", "", text=", ".join(map(str, content["listed"])) or "none")


def maps(measure: Kernels, content: Mapping[str, Any]) -> Iterator[Map]:
    """All filters as one picture; where they have many channels, those of a few, in grey."""
    yield from picture("kernels", content["arrays"]["kernels"])
    if "channels" in content["arrays"]:
        yield sheet("image-channels", content["arrays"]["channels"][0])


def _number(quantity: str, value: float | None, levels: Mapping[str, str], unit: str) -> Reading:
    if value is None:
        return Reading(quantity, unit, why=NO_CONTRAST, levels=levels)
    return Reading(quantity, unit, float(value), levels=levels)


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
