"""Linear probes: probe.json, the accuracy of a linear classifier on each block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from harness.measures.base import Measure, Run, Training
from harness.measures.reading import PERCENT, Reading, number
from harness.measures.work import Work, images_in, shown
from harness.parts.base import Name
from harness.parts.probes import Probe

if TYPE_CHECKING:
    from harness.runs.place import Numbers, Place, Report


class ProbeRun(Run, kind="probe"):
    """Linear probes on the blocks of one trained network."""

    x: Training
    probe: Probe

    def run(self, place: Place, report: Report) -> Numbers:
        """Fit to the train images, score on both splits; `probe.json` holds percent by block."""
        from harness.engine.probes import block_names, probe_blocks
        from harness.runs.machine import prepared
        from harness.runs.place import Progress, write_json
        from harness.runs.trained import images_of, normalisation, trained

        with prepared(self.x.numerics, place) as device:
            network = trained(self.x, place.inputs["x"], device)
            images = images_of(self.x, place)
            scale = normalisation(self.x, images)
            layers = block_names(network) or network.layer_names()
            found = probe_blocks(
                network, images, scale, self.probe, layers=layers, seed=self.x.seed
            )
        report(Progress(len(found), len(found), "block"))
        rows: list[dict[str, Any]] = [
            {"name": name, "accuracy": one.test, "train_accuracy": one.train}
            for name, one in found.items()
        ]
        write_json(place.files / "probe.json", {"layers": rows})
        return {"first": rows[0]["accuracy"], "last": rows[-1]["accuracy"]}

    @classmethod
    def work(cls, spec: Mapping[str, Any]) -> Work:
        """Both splits for each epoch, a ridge having one, and for the scores."""
        images = sum(images_in(spec["x"]["dataset"]))
        return shown(spec, images * (spec["probe"].get("epochs", 1) + 1))


class Probes(Measure):
    """Accuracy of a linear probe on the output of each residual block (Fig. A.6, p. 19)."""

    kind: Literal["probe"]
    probe: Name = Field(description="block of the probe")
    index = ("layer",)
    makes = ProbeRun
    file = "probe.json"
    quantities = ("probe_accuracy", "probe_train_accuracy")
    held = ("probe_accuracy",)

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
