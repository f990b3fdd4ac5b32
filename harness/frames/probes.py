"""probe.json → the accuracy of a linear probe on each block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.frames.accuracy import PERCENT
from harness.frames.columns import Reading, number
from harness.spec.measure import Probes


def read(measure: Probes, content: Mapping[str, Any]) -> Iterator[Reading]:
    """Top-1 accuracy on the test images and on those that the probes were fitted to, by block.

    Raises:
        KeyError: the file lacks a field.
    """
    for quantity, name in (
        ("probe_accuracy", "accuracy"),
        ("probe_train_accuracy", "train_accuracy"),
    ):
        for row in content["layers"]:
            found = number(quantity, PERCENT, row[name], name)
            level = {"layer": str(row["name"])}
            yield Reading(quantity, PERCENT, found.value, why=found.why, levels=level)
