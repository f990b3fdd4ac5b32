"""regression.json → errors and shares of the variance by direction and split, and the losses.

Legend: E = epochs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from harness.frames.columns import Reading, number
from harness.frames.layers import Map
from harness.spec.lab_measure import RegressionMeasure

SPLITS = ("train", "held-out")
QUANTITIES = {
    "mse": "squared activation",
    "variance": "squared activation",
    "r2": "share of the variance",
}
CONSTANT = "no target varies"


def read(measure: RegressionMeasure, content: Mapping[str, Any]) -> Iterator[Reading]:
    """MSE and R² on the images that the map was fitted to and on others, with the variance of the
    targets; `loss` is the mean over the last epoch of a descent, what a training log prints.

    Raises:
        KeyError: the file lacks a field.
    """
    for quantity, unit in QUANTITIES.items():
        for row in content["directions"]:
            for split in SPLITS:
                value = row[split][quantity]
                found = number(quantity, unit, value, quantity)
                why = CONSTANT if value is None else found.why
                levels = _levels(measure, row) | {"split": split}
                yield Reading(quantity, unit, found.value, why=why, levels=levels)
    for row in content["directions"]:
        if row["losses"]:
            last = float(row["losses"][-1])
            yield Reading("loss", QUANTITIES["mse"], last, levels=_levels(measure, row))
        yield Reading("solver", "", text=str(row["solver"]), levels=_levels(measure, row))


def maps(measure: RegressionMeasure, content: Mapping[str, Any]) -> Iterator[Map]:
    """Of a descent the loss of each epoch, from 1 on, [2, E]: a row for each direction."""
    rows = content["directions"]
    losses = [row["losses"] for row in rows]
    if all(losses):
        epochs = [str(epoch) for epoch in range(1, len(losses[0]) + 1)]
        yield Map("losses", [row["direction"] for row in rows], epochs, np.array(losses))


def _levels(measure: RegressionMeasure, row: Mapping[str, Any]) -> dict[str, str]:
    return {"fit": measure.regression, "direction": str(row["direction"])}
