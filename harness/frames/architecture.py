"""architecture.json of a network as built → the cells of Table D.1, with sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.frames.columns import Reading, number
from harness.spec.measure import Architecture

STAGE = "stage"
WHOLE = "total"
SIZES = {
    "parameters": "trainable numbers",
    "macs": "multiply-accumulates per image and time step",
}


def read(measure: Architecture, content: Mapping[str, Any]) -> Iterator[Reading]:
    """`cell` is a stage in the paper's notation; the sizes are given by stage and in total.

    Raises:
        KeyError: the file lacks a field.
    """
    for row in content["stages"]:
        levels = {STAGE: str(row["stage"])}
        yield Reading("cell", "", text=str(row["text"]), levels=levels)
    for quantity, unit in SIZES.items():
        for row in (*content["stages"], {STAGE: WHOLE, quantity: content[quantity]}):
            reading = number(quantity, unit, row[quantity], quantity)
            levels = {STAGE: str(row[STAGE])}
            yield Reading(quantity, unit, reading.value, why=reading.why, levels=levels)
