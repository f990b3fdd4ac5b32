"""activations.json and activations.safetensors → how sparse layers are, and what one image does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.frames.columns import Reading, number
from harness.frames.layers import Map
from harness.frames.pictures import picture, sheet
from harness.spec.lab_measure import Activations

QUANTITIES = {
    "zero_share": "share of the activations",
    "near_zero_share": "share of the activations",
    "hoyer": "0 … 1",
    "treves_rolls": "0 … 1",
}
SILENT = "the layer is silent on every image"


def read(measure: Activations, content: Mapping[str, Any]) -> Iterator[Reading]:
    """Each measure of sparsity for each layer, the mean over images.

    Raises:
        KeyError: the file lacks a field.
    """
    for quantity, unit in QUANTITIES.items():
        for row in content["layers"]:
            value = row[quantity]
            found = number(quantity, unit, value, quantity)
            why = SILENT if value is None else found.why
            level = {"layer": str(row["name"])}
            yield Reading(quantity, unit, found.value, why=why, levels=level)
    yield Reading("images", "images", float(content["images"]))


def maps(measure: Activations, content: Mapping[str, Any]) -> Iterator[Map]:
    """The image that is drawn, and of each layer its channels as one sheet."""
    yield from picture("shown", content["arrays"]["image"])
    for row in content["layers"]:
        yield sheet(f"sheet-{row['name']}", content["arrays"][f"sheet.{row['name']}"])
