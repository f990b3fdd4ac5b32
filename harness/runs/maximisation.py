"""`maximisation`: images from noise that drive a unit of AlexNet (lab Fig. 6 to 8).

Legend: C = colours, H, W = height and width, A = starts, S = steps.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from harness.engine.networks import Network
from harness.engine.randomness import stream
from harness.engine.visualise import (
    Box,
    Maximised,
    Target,
    contrast,
    gabor_statistics,
    maximise,
    normalised_kernels,
    receptive_field,
)
from harness.measures.maximisation import MaximisationRun
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, told, write_json, write_tensors
from harness.runs.pretrained import seen

WINDOW = 64  # pixels of the middle of an image whose spectrum is looked at


def run(spec: MaximisationRun, place: Place, report: Report) -> Numbers:
    """Climb from each start; `maximisation.safetensors` holds the images [A, C, H, W] in 0…1, the
    activation before each step [A, S] and, of a channel on colours, its kernel;
    `maximisation.json` what the unit sees of an image, and of each start the activation, the
    contrast inside and outside of that, and the spectrum.
    """
    target = Target(spec.layer, spec.channel, spec.position)
    ascent = spec.activation_maximisation
    shape = (3, ascent.size, ascent.size)
    with prepared(spec.x.numerics, place) as device:
        network = seen(spec.x, place, device)
        box = receptive_field(network.network, target, *shape[1:])
        found = [
            maximise(
                network.network,
                target,
                network.normalisation,
                shape=shape,
                generator=stream(spec.seed, "maximise", start),
                ascent=ascent,
            )
            for start in told(range(ascent.starts), "start", report)
        ]
    kernel = _kernel(network.network, target)
    arrays = {
        "images": torch.stack([one.image_CHW for one in found]),
        "curves": torch.stack([one.curve_S for one in found]),
        **({} if kernel is None else {"kernel": normalised_kernels(kernel[None])[0]}),
    }
    write_tensors(place.files / "maximisation.safetensors", arrays)
    rows = [_row(one, box, ascent.jitter) for one in found]
    record = {
        "source": network.source,
        "target": {"layer": spec.layer, "channel": spec.channel, "position": spec.position},
        "unit": target.kind,
        "seen": [box.top, box.left, box.bottom, box.right],
        "margin": ascent.jitter,
        "size": ascent.size,
        "starts": rows,
        "kernel": None if kernel is None else _wave(kernel),
    }
    write_json(place.files / "maximisation.json", record)
    return {name: sum(row[name] for row in rows) / len(rows) for name in ("start", "end")}


def _row(found: Maximised, box: Box, margin: int) -> dict[str, Any]:
    inside, outside = contrast(found.image_CHW, box, margin=margin)
    return {
        "start": found.start,
        "end": found.end,
        "inside": inside,
        "outside": None if math.isnan(outside) else outside,
        **_wave(_window(found.image_CHW, box)),
    }


def _window(image_CHW: Tensor, box: Box) -> Tensor:
    """A square in the middle of what the unit sees."""
    side = min(WINDOW, box.bottom - box.top, box.right - box.left)
    top, left = (box.top + box.bottom - side) // 2, (box.left + box.right - side) // 2
    return image_CHW[:, top : top + side, left : left + side]


def _wave(pixels_CKK: Tensor) -> dict[str, float | None]:
    """Orientation in degrees, frequency in cycles per pixel, and how clear they are."""
    found = gabor_statistics(pixels_CKK[None])
    numbers = {name: getattr(found, name) for name in ("orientation", "frequency", "coherence")}
    return {name: None if one.isnan() else float(one) for name, one in numbers.items()}


def _kernel(network: Network, target: Target) -> Tensor | None:
    """The kernel [C, K, K] itself, where the unit is a channel of a convolution on colours."""
    layer = dict(network.named_modules())[target.layer]
    if not isinstance(layer, nn.Conv2d) or layer.in_channels != 3 or target.channel is None:
        return None
    return layer.weight.detach()[target.channel].cpu()
