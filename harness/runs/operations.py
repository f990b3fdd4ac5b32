"""`operations`: what a trained network computes for test images, and how often its neurons fire."""

from __future__ import annotations

from typing import Any

from harness.engine.operations import count_operations
from harness.measures.operations import OperationsRun
from harness.runs.layers import firing
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, write_json
from harness.runs.trained import first, images_of, minibatches, normalisation, trained

_BATCH = 128


def run(spec: OperationsRun, place: Place, report: Report) -> Numbers:
    """Count; `operations.json` holds, for one image and all time steps, the operations of each
    layer with its rate of input, and of each layer of neurons the rate at each step.
    """
    with prepared(spec.x.numerics, place) as device:
        network = trained(spec.x, place.inputs["x"], device)
        images = images_of(spec.x, place)
        pixels, _ = first(images, "test", spec.images)
        batches = minibatches(pixels, _BATCH, normalisation(spec.x, images), device, report)
        found = count_operations(network, batches, firing(network, spec.x.neuron))
    layers: list[dict[str, Any]] = [
        {
            "name": name,
            "rate": one.rate,
            "is_binary": one.is_binary,
            "multiply_accumulates": one.multiply_accumulates / found.images,
            "accumulates": one.accumulates / found.images,
        }
        for name, one in found.layers.items()
    ]
    rates = [{"name": name, "rates": found.rates(name)} for name in found.spikes]
    rate = found.rate if rates else None
    record = {"images": found.images, "layers": layers, "neurons": rates, "firing_rate": rate}
    write_json(place.files / "operations.json", record)
    total = {
        name: sum(one[name] for one in layers) for name in ("multiply_accumulates", "accumulates")
    }
    return {"firing_rate": rate, **total}
