"""Measure → which stored files hold its numbers and how they are read. A new one is one entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.frames import (
    accuracy,
    activations,
    architecture,
    cka,
    kernels,
    maximisation,
    probes,
    regression,
    robustness,
    time_cka,
    top_images,
    workflow,
)
from harness.frames.columns import Reading
from harness.frames.layers import Map
from harness.spec.exhibit import Exhibit


@dataclass(frozen=True)
class Reader:
    """`file` of the node and file → readings; `arrays` is its file of tensors, if it has one, and
    `maps` gives the maps in it. `fine` are quantities of so many cells that they are drawn and kept
    in frame.csv, but never listed on the page; `pinned` are those that a measured golden file has.
    """

    file: str
    read: Callable[[Any, Mapping[str, Any]], Iterable[Reading]]
    arrays: str = ""
    maps: Callable[[Any, Mapping[str, Any]], Iterable[Map]] | None = None
    fine: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()


READERS: Mapping[str, Reader] = {
    "accuracy": Reader("metrics.json", accuracy.read, pinned=("accuracy",)),
    "architecture": Reader("architecture.json", architecture.read),
    "cka": Reader(
        "cka.json",
        cka.read,
        "cka.safetensors",
        cka.maps,
        fine=("diagonal",),
        pinned=("mean", "diagonal_mean", "checkerboard", "position_mean"),
    ),
    "time_cka": Reader(
        "cka.json", time_cka.read, "cka.safetensors", time_cka.maps, pinned=("time_mean",)
    ),
    "attack": Reader(
        "attack.json",
        robustness.read,
        "cka.safetensors",
        fine=("attack_cka", "attack_cka_block"),
        pinned=("attack_accuracy", "attack_cka_mean"),
    ),
    "probe": Reader("probe.json", probes.read, pinned=("probe_accuracy",)),
    "workflow": Reader(
        "workflow.json", workflow.read, "workflow.safetensors", workflow.maps, pinned=("cka",)
    ),
    "regression": Reader(
        "regression.json",
        regression.read,
        maps=regression.maps,
        pinned=("mse", "r2", "variance", "loss"),
    ),
    "activations": Reader(
        "activations.json",
        activations.read,
        "activations.safetensors",
        activations.maps,
        pinned=("near_zero_share", "hoyer", "treves_rolls"),
    ),
    "kernels": Reader(
        "kernels.json",
        kernels.read,
        "kernels.safetensors",
        kernels.maps,
        fine=kernels.OF_EACH,
        pinned=("coherence_mean", "concentration_mean", "oriented_share"),
    ),
    "maximisation": Reader(
        "maximisation.json",
        maximisation.read,
        "maximisation.safetensors",
        maximisation.maps,
        pinned=("gain", "contrast_mean"),
    ),
    "top_images": Reader(
        "top_images.json",
        top_images.read,
        "top_images.safetensors",
        top_images.maps,
        fine=("activation",),
        pinned=("activation_mean", "brightness"),
    ),
}


def pinned(exhibit: Exhibit) -> tuple[str, ...]:
    """The quantities of its measures that a measured golden file has."""
    readers = (READERS[measure.kind] for measure in exhibit.measure)
    return tuple(dict.fromkeys(name for reader in readers for name in reader.pinned))
