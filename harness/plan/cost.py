"""What a node will take, from what earlier ones took.

The model is two terms, an overhead per layer call and an amount of arithmetic; its two constants
were measured once and only set the proportion. Every finished run of the same kind and device
corrects the scale, so the estimate is that of the machine at hand after the first run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from harness.plan.node import Node
from harness.plan.size import SIZES

SECONDS_PER_LAYER_CALL = 3.2e-4  # one thread, forward and backward, batch 64, torch 2.15, 2 cores
SECONDS_PER_GIGA_MAC = 0.045  # 32-bit convolution, forward and backward, same machine
GPU_SPEEDUP = 60.0  # stated, not measured: corrected by the first run on a GPU
CIFAR_TRAIN_IMAGES = 50_000
ARCHITECTURE_SECONDS = 0.5


@dataclass(frozen=True)
class Estimate:
    """Seconds of one node, and how many earlier runs the figure rests on (0: stated constants)."""

    seconds: float
    runs: int


@dataclass(frozen=True)
class Past:
    """One finished run: what the estimator needs to know of it."""

    kind: str
    spec: Mapping[str, Any]
    wall_s: float


def estimate(nodes: Iterable[Node], past: Iterable[Past]) -> dict[str, Estimate]:
    """Seconds for each node by key."""
    ratios: dict[tuple[str, str], list[float]] = {}
    for run in past:
        expected = _modelled(run.kind, run.spec)
        if expected > 0 and run.wall_s > 0:
            ratios.setdefault((run.kind, _device(run.spec)), []).append(run.wall_s / expected)
    scale = {group: (median(values), len(values)) for group, values in ratios.items()}
    found = {}
    for node in nodes:
        factor, runs = scale.get((node.kind, _device(node.spec)), (1.0, 0))
        found[node.key] = Estimate(_modelled(node.kind, node.spec) * factor, runs)
    return found


def _device(spec: Mapping[str, Any]) -> str:
    return str(spec.get("numerics", {}).get("device", "cpu"))


def _modelled(kind: str, spec: Mapping[str, Any]) -> float:
    if kind != "train":
        return ARCHITECTURE_SECONDS
    network, neuron, recipe = spec["network"], spec["neuron"], spec["recipe"]
    steps = int(neuron.get("time_steps", 1))
    images = _train_images(spec["dataset"]) * recipe["epochs"]
    batches = images / recipe["batch"]
    size = SIZES[network["kind"]](network, spec["dataset"]["size"])
    calls = batches * 3.5 * size.depth * (1 + 0.25 * (steps > 1) * steps**0.5)
    single = size.at_one_step * (steps > 1)
    macs = images * size.macs * ((1 - single) * steps + single) / 1e9
    seconds = calls * SECONDS_PER_LAYER_CALL + macs * SECONDS_PER_GIGA_MAC
    return float(seconds) / (GPU_SPEEDUP if _device(spec) == "cuda" else 1.0)


def _train_images(dataset: Mapping[str, Any]) -> int:
    return int(dataset.get("train_images", CIFAR_TRAIN_IMAGES))


def disk_bytes(node: Node) -> int:
    """Bytes that a node leaves: the weights at 4 bytes each, and a little beside them."""
    beside = 20_000
    if node.kind != "train":
        return beside
    network = node.spec["network"]
    size = SIZES[network["kind"]](network, node.spec["dataset"]["size"])
    return 4 * size.parameters + beside
