"""Firing rates, operations and energy of a trained network: operations.json."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from harness.measures.base import Measure, Run, Training
from harness.measures.reading import Reading, number
from harness.measures.work import Work, shown

RATE = "spikes per neuron and time step"
PER_IMAGE = "per image, all time steps"
NANOJOULE = "nJ per image, all time steps"
KINDS = ("multiply_accumulates", "accumulates")


class OperationsRun(Run, kind="operations", code="harness.runs.operations:run"):
    """What one trained network computes for test images."""

    x: Training
    images: int = Field(ge=1)

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Its images, once."""
        return shown(spec, spec["images"])


class Operations(Measure):
    """How often neurons fire, what convolutions and linear layers compute for that, and the energy
    of it. A layer that is fed spikes adds a weight for each; one that is fed other numbers, as the
    first with direct encoding, multiplies and adds densely, at each time step. Batch norms, the
    neurons' own update and memory are not counted."""

    kind: Literal["operations"]
    images: int = Field(default=512, ge=1, le=100_000, description="the first of the test set")
    mac_pj: float = Field(
        default=4.6,
        gt=0,
        description="energy of a multiply-accumulate in pJ: 3.7 and 0.9 of a float32 product and "
        "sum at 45 nm and 0.9 V (Horowitz, ISSCC 2014)",
    )
    ac_pj: float = Field(
        default=0.9, gt=0, description="energy of an accumulate in pJ: the sum alone, from there"
    )
    index = ("layer", "step")
    makes = OperationsRun
    file = "operations.json"
    quantities = ("firing_rate", "firing_rate_mean", "input_rate", *KINDS, "energy", "layer_energy")
    fine = ("firing_rate", "input_rate", "layer_energy")
    held = ("firing_rate_mean", "energy")

    def label(self, run: OperationsRun) -> str:
        """`operations of …`."""
        return f"operations of {run.x.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """The rate of each layer of neurons at each step, from 1, and of the whole network; of
        each layer with weights the share of its input that is not 0, and its energy; the totals.
        """
        for row in content["neurons"]:
            for step, rate in enumerate(row["rates"], 1):
                at = {"layer": str(row["name"]), "step": str(step)}
                yield number("firing_rate", RATE, rate, "rates", at)
        if content["neurons"]:
            rate = content["firing_rate"]
            yield number("firing_rate_mean", RATE, rate, "firing_rate")
        for row in content["layers"]:
            at = {"layer": str(row["name"])}
            yield number("input_rate", "share of its input", row["rate"], "rate", at)
            yield number("layer_energy", NANOJOULE, self._energy(row), "layers", at)
        totals = {name: math.fsum(row[name] for row in content["layers"]) for name in KINDS}
        for name in KINDS:
            yield number(name, PER_IMAGE, totals[name], name)
        yield number("energy", NANOJOULE, self._energy(totals), "layers")

    def _energy(self, operations: Mapping[str, Any]) -> float:
        multiplied, added = (float(operations[name]) for name in KINDS)
        return (self.mac_pj * multiplied + self.ac_pj * added) / 1000
