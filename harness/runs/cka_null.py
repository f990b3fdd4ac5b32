"""`cka_null`: CKA of two trained networks beside that of permuted images."""

from __future__ import annotations

from dataclasses import replace

import torch

from harness.engine.cka.null import cka_nulls
from harness.measures.cka_null import MAPS, NULLS, CkaNullRun
from harness.runs.cka import defined_mean, recorded, shown, write_errors
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, write_json, write_tensors
from harness.runs.trained import first, images_of, trained


def run(spec: CkaNullRun, place: Place, report: Report) -> Numbers:
    """Compare; `cka.safetensors` holds CKA as `values`, and for each null the calibrated
    map `beyond-class`, its threshold `same-class`, `p-class` and `familywise-class`, all of them
    [layers of y, layers of x]; `cka.json` the layers and why cells are undefined.
    """
    with prepared(spec.x.numerics, place) as device:
        y, x = (
            trained(one, place.inputs[side], device) for one, side in ((spec.y, "y"), (spec.x, "x"))
        )
        _, labels = first(images_of(spec.x, place), "test", spec.cka.images)
        batches = shown(spec.cka, (spec.y, spec.x), place, device, report)
        labelled = (
            (*(images if isinstance(images, tuple) else (images,)), own)
            for images, own in zip(batches, torch.split(labels, spec.cka.batch), strict=True)
        )
        permutations, level = spec.permutations, spec.level
        found, nulls = cka_nulls(
            y, x, labelled, nulls=NULLS, permutations=permutations, level=level
        )
    arrays = {"values": found.values}
    for null, one in nulls.items():
        arrays |= {f"beyond-{null}": one.calibrated, f"same-{null}": one.threshold}
        arrays |= {f"p-{null}": one.p, f"familywise-{null}": one.familywise}
    write_tensors(place.files / "cka.safetensors", arrays)
    write_errors(place, {"se": found.se})
    also = dict.fromkeys(MAPS, found)
    write_json(place.files / "cka.json", recorded(replace(found, also=also), y, x))
    means = {f"beyond_{null}": defined_mean((one.calibrated,)) for null, one in nulls.items()}
    return {"mean": defined_mean((found.values,)), "undefined": len(found.reasons), **means}
