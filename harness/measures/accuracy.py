"""Top-1 accuracy of a trained network: metrics.json of its training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from harness.measures.base import Measure, Training
from harness.measures.reading import PERCENT, Reading, number


class Accuracy(Measure):
    """Top-1 accuracy on the test set, percent, of a network trained by the recipe."""

    kind: Literal["accuracy"]
    epoch: Literal["best", "last"] = Field(
        default="best", description="the published code reports the best epoch *on the test set*"
    )
    makes = Training
    file = "metrics.json"
    quantities = ("accuracy", "accuracy_best", "accuracy_last", "best_epoch", "parameters")
    held = ("accuracy",)

    def label(self, run: Training) -> str:
        """That of the training."""
        return run.label

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """`accuracy` is that of the epoch which is selected; the other one stays visible."""
        other = "last" if self.epoch == "best" else "best"
        for quantity, epoch in (("accuracy", self.epoch), (f"accuracy_{other}", other)):
            name = f"{epoch}_accuracy"
            yield number(quantity, PERCENT, content[name], name)
        unit, best = "epoch, from 1", content["best_epoch"]
        if best == 0:  # of a network that no epoch here has trained
            yield Reading("best_epoch", unit, why="no epoch was trained here")
        else:
            yield number("best_epoch", unit, best, "best_epoch")
        yield number("parameters", "trainable numbers", content["parameters"], "parameters")
