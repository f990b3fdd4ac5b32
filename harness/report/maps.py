"""The maps of a frame → what the script of the page draws, points at and cuts profiles from.

A map is kept as text: rounded, predicted from its neighbours, deflated, base64. Rounded to 0.001,
neighbouring cells of a map of similarity differ by little, and what is left over after each cell is
predicted from those left of it and below it takes less than a byte. The script of the page
(`unpack.js`) goes the way back; its steps stand in `pack`, in this order. An interval is kept as
the logarithm of its half width on the scale of atanh, in steps of 2 %: it takes little, and the
script finds both ends. Of a map of hundreds of layers the steps are ten times as large.
"""

from __future__ import annotations

import base64
import hashlib
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.check.golden import level_text
from harness.frames.frame import Frame
from harness.frames.maps import Floats
from harness.measures.reading import WHOLE, Map, spread
from harness.plan.expand import PlannedExhibit
from harness.report import wording

SCALE = (0.0, 1.0)  # of the colours, as in the paper; what lies below has the colour of 0
FINEST = 3  # digits after the point
OF_SPREAD = 2  # of the logarithm of a half width
LARGE = 100_000  # cells: a map of more has a digit less of both, or a page grows by a half
STEPS = 60_000  # at most, between the least and the greatest value of a map
UNDEFINED = 0xFFFF


@dataclass(frozen=True)
class MapsView:
    """The maps of an exhibit: `described` is what the script reads, `packed` its cells by name."""

    name: str
    described: Mapping[str, Any]
    packed: Mapping[str, str]
    rounding: str
    said: str  # of their intervals; nothing where none has any


def maps_view(planned: PlannedExhibit, frame: Frame) -> MapsView | None:
    """The maps of similarity of an exhibit, and Gram matrices; None where it has none. Pictures
    have no axes to be named, and are none of them.
    """
    snn = wording.snn_of(planned.exhibit)
    fixed = str(planned.exhibit.fixed.axes().get("neuron") or "")
    maps = [
        ({name: level_text(level) for name, level in levels.items()}, one)
        for levels, one in (frame.maps.each if frame.maps else ())
        if one.of
    ]
    if not maps:
        return None
    sides = (tuple(labels) for _, one in maps for labels in (one.labels_y, one.labels_x))
    lists = list(dict.fromkeys(sides))
    packed, entries, rounded = {}, [], set()
    for (levels, one), title in zip(maps, _titles(maps, snn), strict=True):
        coarser = one.matrix.size > LARGE
        made_of = pack(one.matrix, FINEST - coarser)
        packed[made_of.name] = made_of.text
        rounded.add(made_of.step)
        neuron = levels.get("neuron") or fixed
        interval = _interval(one, OF_SPREAD - coarser)
        if interval is not None:
            packed[interval.name] = interval.text
        whose = [neuron if side is None else side for side in one.neurons]
        up, across = (f"{wording.level('neuron', side, snn)} {one.of}".strip() for side in whose)
        entries.append(
            {
                "title": title,
                "cells": made_of.name,
                "low": made_of.low,
                "step": made_of.step,
                "interval": interval
                and {"cells": interval.name, "low": interval.low, "step": interval.step},
                "unit": one.unit,
                "scale": SCALE if one.unit in WHOLE else _ends(one.matrix),
                "x": {"caption": across, "labels": lists.index(tuple(one.labels_x))},
                "y": {"caption": up, "labels": lists.index(tuple(one.labels_y))},
            }
        )
    described = {"labels": lists, "maps": entries}
    widest = max(rounded)
    rounding = f"Values are rounded to {widest:g}, so they are off by at most {widest / 2:g}."
    known = any(entry["interval"] for entry in entries)
    said = wording.OVER_IMAGES if known else ""
    return MapsView(f"{planned.exhibit.id}-maps", described, packed, rounding, said)


def _interval(one: Map, digits: int) -> Packed | None:
    """The half widths of a map's intervals; None where they are not known, or there are none."""
    if one.se is None:
        return None
    by = spread(one.matrix, one.se)
    known = by > 0
    return pack(np.log10(by, where=known, out=np.full(by.shape, np.nan)), digits)


def _ends(matrix: Floats) -> tuple[float, float]:
    """Round numbers that all defined cells lie between: to a tenth of the power of ten of the
    greatest.
    """
    defined = matrix[np.isfinite(matrix)]
    greatest = float(np.abs(defined).max(initial=0.0))
    if greatest == 0:
        return SCALE
    digits = 1 - math.floor(math.log10(greatest))
    low, high = (float(end) * 10.0**digits for end in (defined.min(), defined.max()))
    first, last = math.floor(round(low, 6)), math.ceil(round(high, 6))
    return float(f"{first}e{-digits}"), float(f"{max(last, first + 1)}e{-digits}")


def _titles(maps: Sequence[tuple[Mapping[str, str], Map]], snn: str) -> list[str]:
    """What tells each map from the others; of a single one, all that is known of it."""
    kept = [
        name
        for name in maps[0][0]
        if len({levels[name] for levels, _ in maps}) > 1 or len(maps) == 1
    ]
    is_named = len({one.name for _, one in maps}) > 1 or not kept
    said = (wording.levels({name: levels[name] for name in kept}, snn) for levels, _ in maps)
    names = (_name(one.name, snn) if is_named else "" for _, one in maps)
    return [", ".join(filter(None, both)) for both in zip(said, names, strict=True)]


def _name(name: str, snn: str) -> str:
    """What a reader calls a map: `gram-lif` is the Gram matrix of the SNN."""
    before, found, neuron = name.partition("gram-")
    of = wording.level("neuron", neuron, snn)
    return f"Gram matrix of the {of}" if found and not before else name


@dataclass(frozen=True)
class Packed:
    """`text` holds counts: value = `low` + count · `step`, off by at most half a step."""

    text: str
    low: float
    step: float

    @property
    def name(self) -> str:
        """Equal maps have equal names, so that a page holds each once."""
        return "m" + hashlib.sha256(self.text.encode()).hexdigest()[:16]


def pack(matrix: Floats, finest: int = FINEST) -> Packed:
    """[rows, columns], NaN where undefined → counts of a power of ten from a round number on, of at
    most so many digits after the point.
    """
    defined = matrix[np.isfinite(matrix)]
    least, greatest = (defined.min(), defined.max()) if defined.size else (0.0, 0.0)
    digits = _digits(float(greatest - least), finest)
    first = math.floor(round(least * 10.0**digits, 6))
    counts = np.full(matrix.shape, UNDEFINED, dtype=np.int64)
    counts[np.isfinite(matrix)] = np.rint(defined * 10.0**digits).astype(np.int64) - first
    left_over = np.diff(np.diff(counts, axis=1, prepend=0), axis=0, prepend=0)
    signed = left_over.astype(np.int16).astype(np.int64)  # modulo 2¹⁶
    folded = ((signed << 1) ^ (signed >> 63)).astype("<u2")  # 0, −1, 1, −2 … → 0, 1, 2, 3 …
    planes = folded.view(np.uint8).reshape(-1, 2).T.tobytes()  # all low bytes, then all high ones
    text = base64.b64encode(zlib.compress(planes, 9)).decode()
    return Packed(text, _decimal(first, digits), _decimal(1, digits))


def _digits(span: float, finest: int) -> int:
    """Digits after the point, negative for whole tens, that give a span at most `STEPS` steps."""
    return min(finest, -math.ceil(math.log10(span / STEPS))) if span > 0 else finest


def _decimal(count: int, digits: int) -> float:
    """count · 10⁻ᵈⁱᵍⁱᵗˢ, as the number that is written so."""
    return float(f"{count}e{-digits}")
