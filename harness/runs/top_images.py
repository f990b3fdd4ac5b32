"""`top_images`: the test images that units of one trained network prefer (lab Fig. 9).

Legend: K = images, C = colours, H, W = height and width.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from harness.engine.visualise import Target, top_images
from harness.measures.reading import WHITE
from harness.measures.top_images import TopImagesRun
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, told, write_json, write_tensors
from harness.runs.trained import shown

COLOURS = ("red", "green", "blue")
BORDER = 4  # the frame of an image is an n-th of its side wide


def run(spec: TopImagesRun, place: Place, report: Report) -> Numbers:
    """Rank all test images; `top_images.safetensors` holds for each target the mean [C, H, W] and
    the images [K, C, H, W] in 0…1, `top_images.json` their places, activations and ties, and how
    bright the mean is at its border and in its centre, beside that of all test images.
    """
    targets = (
        Target(spec.layer),
        Target(spec.layer, spec.channel),
        Target(spec.layer, spec.channel, spec.position),
    )
    arrays: dict[str, Tensor] = {}
    rows: list[dict[str, Any]] = []
    with prepared(spec.x.numerics, place) as device:
        network, images, normalise = shown(spec.x, place, device)
        for target in told(targets, "target", report):
            found = top_images(network, images.test_images, normalise, target, k=spec.k)
            arrays[f"mean.{target.kind}"] = found.mean_CHW.expand(3, -1, -1).float()
            arrays[f"images.{target.kind}"] = (
                found.images_KCHW.expand(-1, 3, -1, -1).float() / WHITE
            )
            rows.append(
                {
                    "target": target.kind,
                    "images": found.indices_K.tolist(),
                    "activations": found.activations_K.tolist(),
                    "ties": found.ties,
                    "brightness": _brightness(found.mean_CHW),
                }
            )
        everything = images.test_images.double().mean(0) / WHITE
    write_tensors(place.files / "top_images.safetensors", arrays)
    record = {
        **spec.model_dump(mode="json", include={"layer", "channel", "position", "k"}),
        "of": len(images.test_images),
        "targets": rows,
        "everything": _brightness(everything),
    }
    write_json(place.files / "top_images.json", record)
    return {row["target"]: sum(row["activations"]) / spec.k for row in rows}


def _brightness(image_CHW: Tensor) -> dict[str, dict[str, float]]:
    """Mean of each colour over the frame of an image, and over what is inside it."""
    colours_CHW = image_CHW.expand(len(COLOURS), -1, -1)  # gray is as bright in each
    height, width = image_CHW.shape[-2:]
    rows, columns = max(1, height // BORDER), max(1, width // BORDER)
    centre = torch.zeros(height, width, dtype=torch.bool)
    centre[rows : height - rows, columns : width - columns] = True
    parts = {"border": ~centre, "centre": centre}
    return {
        name: dict(zip(COLOURS, colours_CHW.cpu()[:, mask].mean(1).tolist(), strict=True))
        for name, mask in parts.items()
    }
