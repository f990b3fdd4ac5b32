"""cka.json and cka.safetensors of two networks → summaries of their map, and the map.

Means and shares are taken over the cells that are defined; `undefined` counts the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harness.frames.columns import Reading
from harness.frames.layers import (
    POSITIONS,
    Floats,
    Layer,
    Map,
    indices,
    layers,
    mean,
    reasons,
    stages,
)
from harness.spec.measure import CkaMap

CKA = "CKA"
LOW, HIGH = 0.2, 0.8
NOTHING_DEFINED = "CKA is undefined in all of these cells"
BRANCH = ("conv1", "bn1", "act2", "conv2", "bn2")
"""The residual branch; not its first activation, which an identity shortcut may carry too."""


def read(measure: CkaMap, content: Mapping[str, Any]) -> Iterator[Reading]:
    """The quantities of one map, each with the map's name as a level.

    Raises:
        KeyError: the files lack a field.
    """
    values: Floats = content["arrays"]["values"]
    y, x = layers(content["y"]), layers(content["x"])
    level = {"map": measure.map}
    yield _number("mean", mean(values), level)
    yield Reading("undefined", "cells", float(np.isnan(values).sum()), levels=level)
    yield from _shares(values, level)
    yield from _stages(values, y, x, level)
    if indices(y, position="output") and indices(x, position="output"):
        yield _number("checkerboard", _checkerboard(values, y, x), level)
    if [layer.name for layer in y] == [layer.name for layer in x]:
        why = reasons(content["undefined"])
        yield from _diagonal(np.diagonal(values), y, why, level)


def maps(measure: CkaMap, content: Mapping[str, Any]) -> Iterator[Map]:
    """The map itself, ANN (or the other network) up, SNN across."""
    names_y, names_x = ([row["name"] for row in content[side]] for side in ("y", "x"))
    yield Map(measure.map, names_y, names_x, content["arrays"]["values"])


def _shares(values: Floats, level: Mapping[str, str]) -> Iterator[Reading]:
    defined = values[~np.isnan(values)]
    for name, chosen in (
        (f"share_below_{LOW}", defined < LOW),
        (f"share_above_{HIGH}", defined > HIGH),
    ):
        share = float(chosen.mean()) if defined.size else math.nan
        yield _number(name, share, level, unit="share of the cells")


def _stages(
    values: Floats, y: Sequence[Layer], x: Sequence[Layer], level: Mapping[str, str]
) -> Iterator[Reading]:
    """Mean of the cells of each pair of stages, and how much neighbours among them differ: a grid
    makes them alternate, a stage that is uniform or fades does not.
    """
    for below in stages(y):
        for across in stages(x):
            cells = values[np.ix_(indices(y, stage=below), indices(x, stage=across))]
            at = {**level, "stage_y": below, "stage_x": across}
            yield _number("stage_mean", mean(cells), at)
            yield _number("stage_step", _step(cells), at)


def _step(cells: Floats) -> float:
    """Mean absolute difference between cells that lie side by side or one above the other."""
    steps = [np.abs(np.diff(cells, axis=axis)).ravel() for axis in (0, 1)]
    return mean(np.concatenate(steps))


def _checkerboard(values: Floats, y: Sequence[Layer], x: Sequence[Layer]) -> float:
    """How far the lines of the residual stream stand out: mean over pairs of block outputs, less
    that over pairs of a block output and a layer of a branch.
    """
    out_y, out_x = indices(y, position="output"), indices(x, position="output")
    in_y = [place for place, layer in enumerate(y) if layer.position in BRANCH]
    in_x = [place for place, layer in enumerate(x) if layer.position in BRANCH]
    mixed = (values[np.ix_(out_y, in_x)].ravel(), values[np.ix_(in_y, out_x)].ravel())
    return mean(values[np.ix_(out_y, out_x)]) - mean(np.concatenate(mixed))


def _diagonal(
    curve: Floats,
    of: Sequence[Layer],
    why: Mapping[tuple[int, int], str],
    level: Mapping[str, str],
) -> Iterator[Reading]:
    for place, (layer, value) in enumerate(zip(of, curve.tolist(), strict=True)):
        at = {**level, "layer": layer.name}
        yield _number("diagonal", value, at, why.get((place, place), NOTHING_DEFINED))
    yield _number("diagonal_mean", mean(curve), level)
    top = float(np.nanmax(curve)) if not np.isnan(curve).all() else math.nan
    yield _number("diagonal_max", top, level)
    yield _number("diagonal_step", mean(np.abs(np.diff(curve))), level)  # how jagged it is
    for position in POSITIONS:
        places = _fed(of) if position == "input" else indices(of, position=position)
        if places:
            at = {**level, "position": position}
            yield _number("position_mean", mean(curve[places]), at)


def _fed(of: Sequence[Layer]) -> list[int]:
    """What each block is fed: the output of the block before it, the first one the stem's norm."""
    outputs = indices(of, position="output")
    stem = indices(of, name="bn1")
    return [*stem, *outputs[:-1]] if outputs else []


def _number(
    quantity: str,
    value: float,
    levels: Mapping[str, str],
    why: str = NOTHING_DEFINED,
    unit: str = CKA,
) -> Reading:
    if math.isnan(value):
        return Reading(quantity, unit, why=why, levels=levels)
    return Reading(quantity, unit, value, levels=levels)
