"""`probe`: a linear classifier on each residual block of one trained network."""

from __future__ import annotations

from typing import Any

from harness.engine.probes import block_names, probe_blocks
from harness.measures.probe import ProbeRun
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Progress, Report, write_json
from harness.runs.trained import images_of, normalisation, trained


def run(spec: ProbeRun, place: Place, report: Report) -> Numbers:
    """Fit to the train images, score on both splits; `probe.json` holds percent by block."""
    with prepared(spec.x.numerics, place) as device:
        network = trained(spec.x, place.inputs["x"], device)
        images = images_of(spec.x, place)
        found = probe_blocks(
            network,
            images,
            normalisation(spec.x, images),
            spec.probe,
            layers=block_names(network),
            seed=spec.x.seed,
        )
    report(Progress(len(found), len(found), "block"))
    layers: list[dict[str, Any]] = [
        {"name": name, "accuracy": one.test, "train_accuracy": one.train}
        for name, one in found.items()
    ]
    write_json(place.files / "probe.json", {"layers": layers})
    return {"first": layers[0]["accuracy"], "last": layers[-1]["accuracy"]}
