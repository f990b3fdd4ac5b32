"""`kernels`: the kernels of one convolution as images, with their orientations (lab Fig. 4, 5).

Legend: N = filters, C = input channels, K = side of a kernel, H, W = height and width of a sheet.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from torch import Tensor, nn

from harness.engine.networks import AlexNet
from harness.engine.randomness import stream
from harness.engine.visualise import (
    GaborStatistics,
    gabor_statistics,
    kernel_images,
    shuffled_kernels,
    tiled,
)
from harness.errors import HarnessError
from harness.measures.kernels import KernelsRun
from harness.runs.cka import defined_mean
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Progress, Report, write_json, write_tensors
from harness.runs.pretrained import seen

LISTED = 12  # filters whose channels are shown one by one


def run(spec: KernelsRun, place: Place, report: Report) -> Numbers:
    """Look; `kernels.safetensors` holds the sheet of all filters [3, H, W] in 0…1 and, where they
    have more than three channels, one of the channels of the clearest filters, a row each;
    `kernels.json` the statistics of each filter, as it is and with its pixels shuffled.
    """
    with prepared(spec.x.numerics, place) as device:
        found = seen(spec.x, place, device)
    weight = _convolution(found.network, spec.layer).weight.detach().cpu()
    statistics = {
        "trained": gabor_statistics(weight),
        "shuffled": gabor_statistics(shuffled_kernels(weight, stream(spec.seed, "shuffle"))),
    }
    sheets = {"kernels": _sheet(weight, spec.tiles)}
    listed: list[int] = []
    if spec.tiles == "triples":
        coherence = statistics["trained"].coherence.nan_to_num(-1)
        listed = coherence.argsort(descending=True)[:LISTED].tolist()  # clearest first
        channels = kernel_images(weight[listed], "single")[:, :1]
        sheets["channels"] = tiled(channels, columns=weight.shape[1], fill=math.nan)
    write_tensors(place.files / "kernels.safetensors", sheets)
    record = {
        "source": found.source,
        "layer": spec.layer,
        "shape": list(weight.shape),
        "tiles": spec.tiles,
        "listed": listed,
        "filters": {name: _rows(one) for name, one in statistics.items()},
    }
    write_json(place.files / "kernels.json", record)
    report(Progress(1, 1, "layer"))
    return {"filters": len(weight), "coherence": defined_mean([statistics["trained"].coherence])}


def _convolution(network: AlexNet, name: str) -> nn.Conv2d:
    layer = dict(network.named_modules()).get(name)
    if not isinstance(layer, nn.Conv2d):
        known = [n for n, one in network.named_modules() if isinstance(one, nn.Conv2d)]
        hint = f"convolutions: {', '.join(known)}"
        raise HarnessError(f"kernels of {name}", "is no convolution of AlexNet", hint=hint)
    return layer


def _sheet(weight_NCKK: Tensor, tiles: str) -> Tensor:
    images = kernel_images(weight_NCKK, "rgb" if tiles == "rgb" else "strongest")
    columns = {64: 8, 192: 16}.get(len(images))
    return tiled(images, columns=columns, fill=math.nan)


def _rows(found: GaborStatistics) -> list[dict[str, Any]]:
    """A row for each filter; null where a filter has no contrast."""
    columns = {
        name: [None if math.isnan(value) else value for value in values_N.tolist()]
        for name, values_N in asdict(found).items()
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
