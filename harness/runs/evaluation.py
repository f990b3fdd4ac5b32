"""`evaluation`: the test images, answered by one trained network in several ways.

Legend: M = images.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from harness.engine.arguments import require_logits
from harness.engine.networks import Network
from harness.engine.networks.shuffle import shuffled_in_time
from harness.engine.training.numerics import autocast
from harness.measures.base import Training
from harness.measures.evaluation import (
    AS_TRAINED,
    SHUFFLED,
    WITHOUT_AUTOCAST,
    EvaluationRun,
    stages_of,
)
from harness.measures.work import EVALUATED
from harness.runs.layers import firing
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, told, write_json
from harness.runs.trained import images_of, minibatches, normalisation, trained


def run(spec: EvaluationRun, place: Place, report: Report) -> Numbers:
    """Test; `evaluation.json` holds for each way, `as-trained` first, the accuracy and the share of
    other answers in percent, null where a network of one time step has no such way.
    """
    with prepared(spec.x.numerics, place) as device:
        network = trained(spec.x, place.inputs["x"], device)
        network.to(memory_format=torch.channels_last)  # as trained
        images = images_of(spec.x, place)
        labels_M, last = images.test_labels, int(images.test_labels.max())

        def answers(way: str) -> Tensor:
            batches = minibatches(
                images.test_images, EVALUATED, normalisation(spec.x, images), device, lambda _: None
            )
            precision = "f32" if way == WITHOUT_AUTOCAST else spec.x.recipe.precision
            found = []
            with torch.no_grad(), in_way(network, way, spec.x):
                for batch in batches:
                    with autocast(precision, device):
                        logits = network(batch)
                    found.append(require_logits(logits, batch.shape[-4], last).argmax(1).cpu())
            return torch.cat(found)

        usual_M = answers(AS_TRAINED)
        rows: list[dict[str, Any]] = []
        for way in told((AS_TRAINED, *spec.ways), "way", report):
            row: dict[str, Any] = {"way": way, "accuracy": None, "moved": None}
            if spec.x.steps > 1 or way in (AS_TRAINED, WITHOUT_AUTOCAST):
                found_M = usual_M if way == AS_TRAINED else answers(way)
                row["accuracy"] = _percent(found_M == labels_M)
                row["moved"] = _percent(found_M != usual_M)
            rows.append(row)
    write_json(place.files / "evaluation.json", {"ways": rows, "images": len(labels_M)})
    moved = [row["moved"] for row in rows if row["moved"] is not None]
    return {"accuracy": rows[0]["accuracy"], "most_moved": max(moved)}


@contextmanager
def in_way(network: Network, way: str, spec: Training) -> Iterator[None]:
    """Inside, the network runs in this way, but for its arithmetic; then as it did."""
    if way == SHUFFLED:
        with shuffled_in_time(network, firing(network, spec.neuron), spec.seed):
            yield
        return
    any_network: Any = network
    before = getattr(network, "one_step_stages", None)
    if stages := stages_of(way):
        any_network.one_step_stages = stages
    try:
        yield
    finally:
        if stages:
            any_network.one_step_stages = before


def _percent(which_M: Tensor) -> float:
    return 100.0 * float(which_M.double().mean())
