"""probe.json → the accuracy of a linear probe on each block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.frames.accuracy import PERCENT
from harness.frames.columns import Reading, number
from harness.spec.measure import Probes


def read(measure: Probes, content: Mapping[str, Any]) -> Iterator[Reading]:
    """Top-1 accuracy on the probe's test images, block by block.

    Raises:
        KeyError: the file lacks a field.
    """
    for row in content["layers"]:
        found = number("probe_accuracy", PERCENT, row["accuracy"], "accuracy")
        level = {"layer": str(row["name"])}
        yield Reading("probe_accuracy", PERCENT, found.value, why=found.why, levels=level)
