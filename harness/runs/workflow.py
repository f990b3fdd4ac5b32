"""`workflow`: the matrices on the way from images to one similarity (Fig. 1)."""

from __future__ import annotations

import torch
from safetensors.torch import save_file

from harness.engine.cka import cka_heatmap, gram_matrices
from harness.measures.workflow import WorkflowRun
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, write_json
from harness.runs.trained import first, minibatches, normalisation, pictures_of, trained

WHITE = 255


def run(spec: WorkflowRun, place: Place, report: Report) -> Numbers:
    """Take one layer of both networks; `workflow.safetensors` holds the images [M, C, H, W] in
    0…1 and both Gram matrices [M, M], `workflow.json` the unbiased CKA of these M images.
    """
    with prepared(spec.x.numerics, place) as device:
        x = trained(spec.x, place.inputs["x"], device)
        y = trained(spec.y, place.inputs["y"], device)
        images = pictures_of(spec.x, place)
        pixels, _ = first(images, "test", spec.images)
        normalise = normalisation(spec.x, images)
        inputs = next(minibatches(pixels, spec.images, normalise, device, report))
        layers = (spec.layer,)
        gram_x, gram_y = (gram_matrices(one, inputs, layers)[spec.layer] for one in (x, y))
        found = cka_heatmap(y, x, [inputs], layers)
    matrices = {
        "images": pixels.to(torch.float32) / WHITE,
        "gram_x": gram_x.contiguous(),
        "gram_y": gram_y.contiguous(),
    }
    save_file(matrices, place.files / "workflow.safetensors")
    why = found.reasons.get((0, 0), "")
    value = None if why else float(found.values[0, 0])
    record = {"cka": value, "why": why, "layer": spec.layer, "images": spec.images}
    write_json(place.files / "workflow.json", record)
    return {"cka": value}
