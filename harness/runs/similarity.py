"""`similarity`: some layers of two trained networks against each other, by several measures."""

from __future__ import annotations

from harness.engine.cka.similarity import similarities
from harness.measures.similarity import SimilarityRun
from harness.runs.cka import defined_mean, recorded, shown, write_errors
from harness.runs.layers import chosen
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, write_json, write_tensors
from harness.runs.trained import trained


def run(spec: SimilarityRun, place: Place, report: Report) -> Numbers:
    """Compare; `cka.safetensors` holds CKA as `values`, and every other measure under its
    name, all of them [layers of y, layers of x]; `cka.json` the layers and why cells are undefined.
    """
    with prepared(spec.x.numerics, place) as device:
        sides = ((spec.y, "y"), (spec.x, "x"))
        y, x = (trained(one, place.inputs[side], device) for one, side in sides)
        layers_y, layers_x = (
            chosen(network, spec.layers, type(one.neuron.layer()))
            for network, (one, _) in zip((y, x), sides, strict=True)
        )
        batches = shown(spec.cka, (spec.y, spec.x), place, device, report)
        found = similarities(
            y,
            x,
            batches,
            layers_y,
            layers_x=layers_x,
            neighbours=spec.neighbours,
            sigma=spec.sigma,
            removed=spec.removed,
        )
    others = {name: one.values for name, one in found.also.items()}
    write_tensors(place.files / "cka.safetensors", {"values": found.values, **others})
    write_errors(place, {"se": found.se})
    write_json(place.files / "cka.json", recorded(found, y, x))
    means = {name: defined_mean((values,)) for name, values in others.items()}
    return {"mean": defined_mean((found.values,)), "undefined": len(found.reasons), **means}
