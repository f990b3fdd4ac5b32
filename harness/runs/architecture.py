"""`architecture`: one network, built and counted."""

from __future__ import annotations

from harness.engine.networks.summary import StageSummary, summarise
from harness.measures.architecture import ArchitectureRun
from harness.parts.neurons import Relu
from harness.runs.place import Numbers, Place, Progress, Report, write_json


def run(spec: ArchitectureRun, place: Place, report: Report) -> Numbers:
    """Build the network; `architecture.json` holds its stages, parameters and MACs per image."""
    built = spec.network.build(
        Relu(kind=spec.neuron),
        classes=spec.classes,
        channels=spec.channels,
        seed=0,
    )
    summary = summarise(built, (spec.channels, spec.size, spec.size))
    stages = [
        {"stage": row.name, "text": _cell(row), "parameters": row.parameters, "macs": row.macs}
        for row in summary.stages
    ]
    record = {"parameters": summary.parameters, "macs": summary.macs, "stages": stages}
    write_json(place.files / "architecture.json", record)
    report(Progress(1, 1, "network"))
    return {"parameters": summary.parameters, "macs": summary.macs}


def _cell(row: StageSummary) -> str:
    """The cell as the tables write it; the softmax is part of the loss that `train` minimises."""
    return f"{row.cell}, softmax" if row.name == "classifier" else row.cell
