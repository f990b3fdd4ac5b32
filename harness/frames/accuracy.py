"""metrics.json of a training → accuracies of the compared and of the other epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.frames.columns import Reading, number
from harness.spec.measure import Accuracy

PERCENT = "percent"


def read(measure: Accuracy, content: Mapping[str, Any]) -> Iterator[Reading]:
    """`accuracy` is that of the epoch which the measure selects; the other one stays visible.

    Raises:
        KeyError: the file lacks a field.
    """
    other = "last" if measure.epoch == "best" else "best"
    for quantity, epoch in (("accuracy", measure.epoch), (f"accuracy_{other}", other)):
        name = f"{epoch}_accuracy"
        yield number(quantity, PERCENT, content[name], name)
    yield number("best_epoch", "epoch, from 1", content["best_epoch"], "best_epoch")
    yield number("parameters", "trainable numbers", content["parameters"], "parameters")
