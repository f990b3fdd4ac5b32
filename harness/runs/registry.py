"""Kind of node → the model of its spec and the function that runs it.

Importing this imports torch: only workers do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.runs import (
    activations,
    architecture,
    attack,
    cka,
    kernels,
    maximisation,
    probe,
    regression,
    time_cka,
    top_images,
    train,
    workflow,
)
from harness.runs.place import Numbers, Place, Report
from harness.spec.run import (
    ActivationsRun,
    ArchitectureRun,
    CkaRun,
    KernelsRun,
    MaximisationRun,
    ProbeRun,
    RegressionRun,
    RobustnessRun,
    TimeCkaRun,
    TopImagesRun,
    Training,
    WorkflowRun,
)


@dataclass(frozen=True)
class Runner:
    """`run(spec, place, report)` leaves its files in `place.files`."""

    spec: type[Any]
    run: Callable[[Any, Place, Report], Numbers]


RUNNERS: Mapping[str, Runner] = {
    "train": Runner(Training, train.run),
    "architecture": Runner(ArchitectureRun, architecture.run),
    "cka": Runner(CkaRun, cka.run),
    "time_cka": Runner(TimeCkaRun, time_cka.run),
    "attack": Runner(RobustnessRun, attack.run),
    "probe": Runner(ProbeRun, probe.run),
    "workflow": Runner(WorkflowRun, workflow.run),
    "regression": Runner(RegressionRun, regression.run),
    "activations": Runner(ActivationsRun, activations.run),
    "kernels": Runner(KernelsRun, kernels.run),
    "maximisation": Runner(MaximisationRun, maximisation.run),
    "top_images": Runner(TopImagesRun, top_images.run),
}
