"""What a node takes: as measured where its like has run, else from what other runs took.

The model is three terms, an overhead per layer call, the traffic of features and an amount of
arithmetic; its constants were measured once and only set the proportion. Every finished run of the
same kind and device corrects the scale, so the estimate is that of the machine at hand after the
first run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

from harness.measures.base import Run
from harness.plan.node import Node
from harness.plan.size import ALEXNET_MACS, SIZES, Size

# Forward and backward in float32, least squares of log(measured / modelled) over the 106 trainings
# of the profile smoke: one thread, two runs side by side on two cores of an Intel Xeon, torch 2.15.
# Half of them are within 9 %, nine in ten within 24 %, all within a factor of 1.6.
SECONDS_PER_LAYER_CALL = 3.0e-4
SECONDS_PER_GIGA_FEATURE = 7.1  # numbers of an image and step, of all compared layers together
SECONDS_PER_GIGA_MAC = 0.044
SECONDS_PER_GIGA_PRODUCT = 0.03  # multiply-adds of a Gram matrix or of pairs of them, same machine
BF16_SHARE = 0.7  # of a step in float32: 346 of 496 ms, ResNet-20, T = 4, batch 64, AMD EPYC
GPU_SPEEDUP = 60.0  # of every term; never measured: corrected by the first run on a GPU
CIFAR_TRAIN_IMAGES = 50_000
CIFAR_TEST_IMAGES = 10_000
ARCHITECTURE_SECONDS = 0.5


class Basis(StrEnum):
    """What an estimate rests on, the best first."""

    MEASURED = "measured"  # the node itself, or one that differs in the seed alone
    SCALED = "scaled"  # the model, corrected by runs of the same kind and device
    STATED = "stated"  # the model and its constants alone


@dataclass(frozen=True)
class Estimate:
    """Seconds of one node, and how many earlier runs the figure rests on (0: stated constants).

    `images_per_second` is that of a training: as its epochs counted where it was measured, which
    leaves evaluation out; else all its images by all its seconds. None for a measurement.
    """

    seconds: float
    runs: int
    basis: Basis
    images_per_second: float | None = None


@dataclass(frozen=True)
class Past:
    """One finished run: what the estimator needs to know of it."""

    kind: str
    spec: Mapping[str, Any]
    wall_s: float
    memory_mb: float | None = None  # peak of the process
    gpu_mb: float | None = None  # peak on one GPU
    images_per_second: float | None = None  # of a training that counted them
    revision: int | None = None  # of its code; None: today's


def estimate(nodes: Iterable[Node], past: Iterable[Past]) -> dict[str, Estimate]:
    """The estimate of each node by key."""
    alike: dict[str, list[Past]] = {}
    ratios: dict[tuple[str, str], list[float]] = {}
    for run in past:
        expected = _modelled(run.kind, run.spec)
        if expected > 0 and run.wall_s > 0:
            if run.revision in (None, Run.kinds[run.kind].revision):  # older code had its own speed
                alike.setdefault(_but_for_seeds(run.kind, run.spec), []).append(run)
            ratios.setdefault((run.kind, device_of(run.spec)), []).append(run.wall_s / expected)
    scale = {group: (median(values), len(values)) for group, values in ratios.items()}

    def of(node: Node) -> Estimate:
        if runs := alike.get(_but_for_seeds(node.kind, node.spec)):
            seconds = median(run.wall_s for run in runs)
            counted = [run.images_per_second for run in runs if run.images_per_second]
            rate = median(counted) if counted else _rate(node, seconds)
            return Estimate(seconds, len(runs), Basis.MEASURED, rate)
        factor, count = scale.get((node.kind, device_of(node.spec)), (1.0, 0))
        seconds = _modelled(node.kind, node.spec) * factor
        basis = Basis.SCALED if count else Basis.STATED
        return Estimate(seconds, count, basis, _rate(node, seconds))

    return {node.key: of(node) for node in nodes}


def _but_for_seeds(kind: str, spec: Mapping[str, Any]) -> str:
    """Equal for runs that do the same work, their own seeds and those of their networks apart."""

    def unseeded(part: Any) -> Any:
        if not isinstance(part, Mapping):
            return part
        return {name: value for name, value in part.items() if name != "seed"}

    said = {name: unseeded(value) for name, value in unseeded(spec).items()}
    return json.dumps([kind, said], sort_keys=True)


def _rate(node: Node, seconds: float) -> float | None:
    if node.kind != "train" or seconds <= 0:
        return None
    return _images(node.spec) / seconds


def device_of(spec: Mapping[str, Any]) -> str:
    """Where a run is computed; a measurement where its first network was."""
    return str(spec.get("x", spec).get("numerics", {}).get("device", "cpu"))


def _modelled(kind: str, spec: Mapping[str, Any]) -> float:
    """Seconds by formula; 0 for a kind that is made no more, of which a store may hold runs."""
    seconds = _MODELS[kind](spec) if kind in _MODELS else 0.0
    return seconds / (GPU_SPEEDUP if device_of(spec) == "cuda" else 1.0)


def _training(spec: Mapping[str, Any]) -> float:
    share = BF16_SHARE if spec["recipe"].get("precision") == "bf16" else 1.0
    return share * _passes(spec, _images(spec), spec["recipe"]["batch"])


def _images(training: Mapping[str, Any]) -> int:
    """Training images of all epochs together."""
    return _train_images(training["dataset"]) * int(training["recipe"]["epochs"])


def _passes(training: Mapping[str, Any], images: float, batch: int) -> float:
    """Forward and backward passes of so many images."""
    steps, size = _steps(training), _size(training)
    single = size.at_one_step * (steps > 1)
    shown = images * ((1 - single) * steps + single) / 1e9  # images times steps
    each = size.features * SECONDS_PER_GIGA_FEATURE + size.macs * SECONDS_PER_GIGA_MAC
    return float(images / batch * size.layers * SECONDS_PER_LAYER_CALL + shown * each)


def _grams(training: Mapping[str, Any], cka: Mapping[str, Any], share: float = 1.0) -> float:
    """The Gram matrices of a share of the layers, and the passes that give their features."""
    products = cka["images"] * cka["batch"] * _size(training).features * _steps(training) * share
    passes = _passes(training, cka["images"], cka["batch"]) / 3  # forward only
    return float(products / 1e9 * SECONDS_PER_GIGA_PRODUCT + passes)


def _cka(spec: Mapping[str, Any]) -> float:
    sides = [spec["x"], *([spec["y"]] if spec["y"] else [])]
    pairs = _size(sides[0]).layers * _size(sides[-1]).layers
    products = pairs * spec["cka"]["images"] * spec["cka"]["batch"] / 2
    grams = sum(_grams(side, spec["cka"]) for side in sides)
    return float(grams + products / 1e9 * SECONDS_PER_GIGA_PRODUCT)


def _time_cka(spec: Mapping[str, Any]) -> float:
    return _grams(spec["x"], spec["cka"], share=1 / 3)


def _attack(spec: Mapping[str, Any]) -> float:
    """Gradients of the images at each iteration, not of the weights: two thirds of a pass."""
    attack, cka, levels = spec["attack"], spec["cka"], len(spec["epsilon"])
    iterations = attack.get("iterations", 1)
    accuracy = _passes(spec["x"], attack["images"] * levels * iterations, attack["batch"])
    similarity = _passes(spec["x"], cka["images"] * levels * iterations, cka["batch"])
    return (accuracy + similarity) * 2 / 3 + 2 * levels * _grams(spec["x"], cka)


def _probe(spec: Mapping[str, Any]) -> float:
    """One pass over both splits for each epoch, a ridge having one, and one for the accuracies."""
    epochs = spec["probe"].get("epochs", 1) + 1
    return _passes(spec["x"], _train_images(spec["x"]["dataset"]) * epochs, 256) / 3


def _regression(spec: Mapping[str, Any]) -> float:
    """Features of both sides, then per direction a solution on the side of the images, or a descent
    that goes through them epoch by epoch.
    """
    fit, side, network = spec["regression"], spec["x"]["dataset"]["size"], spec["x"]["network"]
    features = _layer_features(network, fit["pool"] or side // 2)
    images = fit["images"]
    products = images * features * (images + 2 * features)
    if fit["kind"] == "descent":
        products = 2 * fit["epochs"] * images * features**2
    seen = sum(_passes(spec[name], images, 256) / 3 for name in ("x", "y"))
    return float(seen + 2 * products / 1e9 * SECONDS_PER_GIGA_PRODUCT)


def _layer_features(network: Mapping[str, Any], side: int) -> float:
    """Numbers of an image in the second stage, where the second batch norm is."""
    channels = network.get("channels", network.get("base_width", 64)) * network.get("width", 1)
    return float(2 * channels * side**2)


def _activations(spec: Mapping[str, Any]) -> float:
    return _passes(spec["x"], spec["images"], 250) / 3


def _maximisation(spec: Mapping[str, Any]) -> float:
    ascent = spec["ascent"]
    macs = ALEXNET_MACS * (ascent["size"] / 224) ** 2 * ascent["steps"] * ascent["starts"]
    return float(macs / 1e9 * SECONDS_PER_GIGA_MAC)


def _top_images(spec: Mapping[str, Any]) -> float:
    """All test images, for each of three targets."""
    images = 3 * spec["x"]["dataset"].get("test_images", CIFAR_TEST_IMAGES)
    return _passes(spec["x"], images, 256) / 3


_MODELS: Mapping[str, Callable[[Mapping[str, Any]], float]] = {
    "train": _training,
    "architecture": lambda spec: ARCHITECTURE_SECONDS,
    "cka": _cka,
    "time_cka": _time_cka,
    "attack": _attack,
    "probe": _probe,
    "workflow": lambda spec: ARCHITECTURE_SECONDS,
    "regression": _regression,
    "activations": _activations,
    "kernels": lambda spec: ARCHITECTURE_SECONDS,
    "maximisation": _maximisation,
    "top_images": _top_images,
}


def _size(training: Mapping[str, Any]) -> Size:
    network = training["network"]
    return SIZES[network["kind"]](network, training["dataset"]["size"])


def _steps(training: Mapping[str, Any]) -> int:
    return int(training["neuron"].get("time_steps", 1))


def _train_images(dataset: Mapping[str, Any]) -> int:
    return int(dataset.get("train_images", CIFAR_TRAIN_IMAGES))


def disk_bytes(node: Node) -> int:
    """Bytes that a node leaves: weights at 4 bytes each, maps at 8, and a little beside them."""
    beside = 20_000
    if node.kind == "train":
        return 4 * _size(node.spec).parameters + beside
    if node.kind == "cka":
        x, y = node.spec["x"], node.spec["y"] or node.spec["x"]
        return 8 * _size(x).layers * _size(y).layers + 5 * beside
    if node.kind == "maximisation":
        ascent = node.spec["ascent"]
        return int(12 * ascent["size"] ** 2 * ascent["starts"]) + beside
    return beside
