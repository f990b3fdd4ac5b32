"""`activations`: layers of one trained network on test images, drawn and counted (lab Fig. 2, 3).

Legend: T = time steps, M = images, N = channels, H, W = height and width.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import torch

from harness.engine.networks import record
from harness.engine.visualise import channel_tiles, sparsity, tiled
from harness.errors import HarnessError
from harness.measures.activations import ActivationsRun
from harness.measures.reading import WHITE
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, write_json, write_tensors
from harness.runs.trained import first, minibatches, shown

_BATCH = 250


def run(spec: ActivationsRun, place: Place, report: Report) -> Numbers:
    """Look; `activations.safetensors` holds the image that is drawn [3, H, W] in 0…1 and of each
    layer a sheet of its channels for that image, the mean over time, NaN between the tiles;
    `activations.json` the sparsity of each layer, the mean over images.
    """
    with prepared(spec.x.numerics, place) as device:
        network, images, normalise = shown(spec.x, place, device)
        pixels, _ = first(images, "test", max(spec.images, spec.image + 1))
        drawn = pixels[spec.image]
        sheets = {
            f"sheet.{name}": tiled(channel_tiles(feature_TM, 0).float().cpu(), fill=math.nan)
            for name, feature_TM in record(network, normalise(drawn[None].to(device)), spec.layers)
        }
        totals: dict[str, list[dict[str, float]]] = {name: [] for name in spec.layers}
        for batch in minibatches(pixels[: spec.images], _BATCH, normalise, device, report):
            for name, feature_TM in record(network, batch, spec.layers):
                totals[name] += [asdict(sparsity(one)) for one in feature_TM.mean(0)]
    arrays = {"image": drawn.expand(3, -1, -1).to(torch.float32) / WHITE, **sheets}
    write_tensors(place.files / "activations.safetensors", arrays)
    layers = [{"name": name, **_mean(name, totals[name])} for name in spec.layers]
    said = {"image": spec.image, "images": spec.images, "layers": layers}
    write_json(place.files / "activations.json", said)
    return {name: layers[0][name] for name in ("zero_share", "hoyer", "treves_rolls")}


def _mean(layer: str, rows: list[dict[str, float]]) -> dict[str, Any]:
    """The mean of each number over the images that have it: where all is 0 there is no pattern."""
    found: dict[str, Any] = {}
    for name in rows[0]:
        defined = [row[name] for row in rows if not math.isnan(row[name])]
        found[name] = sum(defined) / len(defined) if defined else None
    if found["zero_share"] is None:
        raise HarnessError(f"activations {layer}", "no image was looked at")
    return found
