"""Linear probes: probe.json, the accuracy of a linear classifier on each block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from harness.measures.base import Measure, Run, Training
from harness.measures.reading import PERCENT, Reading, number
from harness.parts.base import Name
from harness.parts.probes import Probe


class ProbeRun(Run, kind="probe", code="harness.runs.probe"):
    """Linear probes on the blocks of one trained network."""

    x: Training
    probe: Probe


class Probes(Measure):
    """Accuracy of a linear probe on the output of each residual block (Fig. A.6, p. 19)."""

    kind: Literal["probe"]
    probe: Name = Field(description="block of the probe")
    index = ("layer",)
    file = "probe.json"
    quantities = ("probe_accuracy", "probe_train_accuracy")
    pinned = ("probe_accuracy",)

    @property
    def blocks(self) -> Mapping[str, str]:
        """The block of the probe."""
        return {"probe": self.probe}

    def resolved(self, trainings: Sequence[Training], parts: Mapping[str, Any]) -> Run:
        """The network with the probe."""
        return ProbeRun(x=trainings[0], probe=parts["probe"])

    def label(self, run: ProbeRun) -> str:
        """`probes of …`."""
        return f"probes of {run.x.label}"

    def read(self, content: Mapping[str, Any]) -> Iterator[Reading]:
        """Percent of the test images and of those that the probes were fitted to, by block."""
        for quantity, name in (
            ("probe_accuracy", "accuracy"),
            ("probe_train_accuracy", "train_accuracy"),
        ):
            for row in content["layers"]:
                yield number(quantity, PERCENT, row[name], name, {"layer": str(row["name"])})
