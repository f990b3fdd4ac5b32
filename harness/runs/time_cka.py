"""`time_cka`: the time steps of each of some layers of one trained network against each other."""

from __future__ import annotations

from safetensors.torch import save_file

from harness.engine.cka import time_cka
from harness.measures.time_cka import TimeCkaRun
from harness.runs.cka import defined_mean, undefined
from harness.runs.layers import chosen
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, write_json
from harness.runs.trained import first, images_of, minibatches, normalisation, trained


def run(spec: TimeCkaRun, place: Place, report: Report) -> Numbers:
    """Compare; `cka.safetensors` holds a map [T, T] for each layer under its name, `cka.json` the
    layers in execution order and why cells are undefined.
    """
    with prepared(spec.x.numerics, place) as device:
        network = trained(spec.x, place.inputs["x"], device)
        layers = chosen(network, spec.layers)
        images = images_of(spec.x, place)
        pixels, _ = first(images, "test", spec.cka.images)
        normalise = normalisation(spec.x, images)
        batches = minibatches(pixels, spec.cka.batch, normalise, device, report)
        found = time_cka(network, batches, layers, estimator=spec.cka.estimator)
    maps = {name: one.values.contiguous() for name, one in found.items()}
    save_file(maps, place.files / "cka.safetensors")
    record = {
        "layers": list(layers),
        "undefined": {name: undefined(one.reasons) for name, one in found.items() if one.reasons},
        "images": spec.cka.images,
        "minibatches": spec.cka.images // spec.cka.batch,
        "estimator": spec.cka.estimator,
    }
    write_json(place.files / "cka.json", record)
    return {"mean": defined_mean(maps.values()), "layers": len(layers)}
