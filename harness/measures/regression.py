"""Linear maps between a layer of two networks: regression.json, errors and shares of the variance
by direction and split, and the losses.

Legend: E = epochs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from harness.measures.base import Measure, Run, Side, Training
from harness.measures.reading import Map, Reading, number
from harness.measures.work import Work, shown
from harness.parts.base import LayerName, Name
from harness.parts.regressions import Regression

SPLITS = ("train", "held-out")
QUANTITIES = {
    "mse": "squared activation",
    "variance": "squared activation",
    "r2": "share of the variance",
}
CONSTANT = "no target varies"


class RegressionRun(Run, kind="regression", code="harness.runs.regression:run"):
    """Linear maps between one layer of two trained networks."""

    x: Training
    y: Training
    layer: LayerName
    regression: Regression

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Features of both sides, then in both directions a solution on the side of the images, or
        a descent that goes through them epoch by epoch.
        """
        fit, network, dataset = spec["regression"], spec["x"]["network"], spec["x"]["dataset"]
        channels = 2 * network.get("channels", network.get("base_width", 64))
        side = fit["pool"] or dataset["size"] // 2  # of the second stage
        features = channels * network.get("width", 1) * side**2
        products = fit["images"] * features * (fit["images"] + 2 * features)
        if fit["kind"] == "descent":
            products = 2 * fit["epochs"] * fit["images"] * features**2
        return shown(spec, fit["images"]) + Work(2 * 2 * products)


class RegressionMeasure(Measure):
    """Linear regression between a layer of two networks, in both directions (lab Fig. 1)."""

    kind: Literal["regression"]
    x: Side
    y: Side
    layer: LayerName
    regression: Name = Field(description="block that says how it is fitted")
    index = ("fit", "direction", "split")
    makes = RegressionRun
    file = "regression.json"
    quantities = (*QUANTITIES, "loss", "solver")
    held = ("mse", "r2", "variance", "loss")

    def label(self, run: RegressionRun) -> str:
        """`ridge of bn2, … and …`."""
        return f"{self.regression} of {run.layer}, {run.x.label} and {run.y.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """MSE and R² on the images that the map was fitted to and on others, with the variance of
        the targets; `loss` is the mean over the last epoch of a descent, what a training log
        prints.
        """
        for quantity, unit in QUANTITIES.items():
            for row in content["directions"]:
                for split in SPLITS:
                    levels = self._levels(row) | {"split": split}
                    value = row[split][quantity]
                    if value is None:
                        yield Reading(quantity, unit, why=CONSTANT, levels=levels)
                    else:
                        yield number(quantity, unit, value, quantity, levels)
        for row in content["directions"]:
            if row["losses"]:
                last = float(row["losses"][-1])
                yield Reading("loss", QUANTITIES["mse"], last, levels=self._levels(row))
            yield Reading("solver", "", text=str(row["solver"]), levels=self._levels(row))

    def maps(self, content: Mapping[str, Any]) -> Iterator[Map]:
        """Of a descent the loss of each epoch, from 1 on, [2, E]: a row for each direction."""
        import numpy as np

        rows = content["directions"]
        losses = [row["losses"] for row in rows]
        if all(losses):
            epochs = [str(epoch) for epoch in range(1, len(losses[0]) + 1)]
            yield Map("losses", [row["direction"] for row in rows], epochs, np.array(losses))

    def _levels(self, row: Mapping[str, Any]) -> dict[str, str]:
        return {"fit": self.regression, "direction": str(row["direction"])}
