"""What a node takes: as measured where its like has run, else by a roofline.

The roofline counts FLOPs, bytes and operations of a node from its spec and holds them against the
numbers of a device; stored runs of the same kind and device correct it by one factor.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

from harness.measures.base import Run
from harness.plan.device import CORE, GPUS, Device, Work
from harness.plan.node import Node
from harness.plan.size import Size, size_of

Spec = Mapping[str, Any]

EVALUATED = 256  # images at once where accuracy is taken, or where a spec leaves it to the run
BACKWARD = 2.0  # of a forward pass: gradients by inputs and by weights; half of it by inputs alone
STEP_CALLS = 30  # operations of a training step beside its layers: augmentation, loss, update
GRAM_CALLS = 10  # operations for a Gram matrix: it is centred, multiplied, scaled and measured
RECORDINGS = {"cifar10-dvs": 10_000, "n-caltech101": 8_709}  # Li et al. 2017, Orchard et al. 2015
DEVICES: Mapping[str, Device] = {"cpu": CORE, "cuda": GPUS["H100"]}


class Basis(StrEnum):
    """What an estimate rests on, the best first."""

    MEASURED = "measured"  # the node itself, or one that differs in the seed alone
    SCALED = "scaled"  # the roofline, corrected by runs of the same kind and device
    STATED = "stated"  # the roofline alone, with the numbers of its device


@dataclass(frozen=True)
class Estimate:
    """Seconds of one node, and how many earlier runs the figure rests on (0: the roofline alone).

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
    spec: Spec
    wall_s: float
    memory_mb: float | None = None  # peak of the process
    gpu_mb: float | None = None  # peak on one GPU
    images_per_second: float | None = None  # of a training that counted them
    revision: int | None = None  # of its code; None: today's


def estimate(
    nodes: Iterable[Node], past: Iterable[Past], devices: Mapping[str, Device] = DEVICES
) -> dict[str, Estimate]:
    """The estimate of each node by key."""
    alike: dict[str, list[Past]] = {}
    ratios: dict[tuple[str, str], list[float]] = {}
    timed = [run for run in past if run.wall_s > 0]
    for run in timed:
        kind = Run.kinds.get(run.kind)
        if kind and run.revision in (None, kind.revision):  # older code had its own speed
            alike.setdefault(_but_for_seeds(run.kind, run.spec), []).append(run)
    for run, expected in counted(timed, devices):
        ratios.setdefault((run.kind, device_of(run.spec)), []).append(run.wall_s / expected)

    def of(node: Node) -> Estimate:
        if runs := alike.get(_but_for_seeds(node.kind, node.spec)):
            seconds = median(run.wall_s for run in runs)
            rates = [run.images_per_second for run in runs if run.images_per_second]
            rate = median(rates) if rates else _rate(node, seconds)
            return Estimate(seconds, len(runs), Basis.MEASURED, rate)
        found = ratios.get((node.kind, device_of(node.spec)), [])
        seconds = seconds_of(node.kind, node.spec, devices) * (median(found) if found else 1.0)
        basis = Basis.SCALED if found else Basis.STATED
        return Estimate(seconds, len(found), basis, _rate(node, seconds))

    return {node.key: of(node) for node in nodes}


def _but_for_seeds(kind: str, spec: Spec) -> str:
    """Equal for runs that do the same work, their own seeds and those of their networks apart."""
    return re.sub(r'"seed": \d+', "", json.dumps([kind, spec], sort_keys=True))


def _rate(node: Node, seconds: float) -> float | None:
    if node.kind != "train" or seconds <= 0:
        return None
    return float(_images(node.spec["dataset"])[0] * node.spec["recipe"]["epochs"] / seconds)


def device_of(spec: Spec) -> str:
    """Where a run is computed; a measurement where its first network was."""
    return str(spec.get("x", spec).get("numerics", {}).get("device", "cpu"))


def counted(
    past: Iterable[Past], devices: Mapping[str, Device] = DEVICES
) -> Iterator[tuple[Past, float]]:
    """Each run that the roofline counts, with its seconds: not those that a store holds of a kind
    that is made no more, or of a spec that had other fields.
    """
    for run in past:
        with suppress(KeyError, TypeError):
            work = work_of(run.kind, run.spec)
            if work.flops or work.bytes:
                yield run, seconds_of(run.kind, run.spec, devices)


def work_of(kind: str, spec: Spec) -> Work:
    """What a run computes; nothing where neither its kind nor its network is counted here: then a
    plan has it for free until one like it is stored.
    """
    return _WORK[kind](spec) if kind in _WORK else Work()


def seconds_of(kind: str, spec: Spec, devices: Mapping[str, Device] = DEVICES) -> float:
    """Seconds by the roofline."""
    return devices[device_of(spec)].seconds(work_of(kind, spec), **_arithmetic(kind, spec))


def bound_of(kind: str, spec: Spec, devices: Mapping[str, Device] = DEVICES) -> str:
    """What bounds a run by the roofline: FLOPs, bytes or launches."""
    spent = devices[device_of(spec)].limits(work_of(kind, spec), **_arithmetic(kind, spec))
    return max(spent, key=lambda name: spent[name])


def _arithmetic(kind: str, spec: Spec) -> dict[str, Any]:
    """In which precision a run computes, and on how many cores."""
    threads = spec.get("x", spec).get("numerics", {}).get("threads", 1)
    return {
        "half": kind == "train" and spec["recipe"]["precision"] != "f32",
        "cores": max(1, threads) if device_of(spec) == "cpu" else 1,
    }


def size_of_training(training: Spec, side: int | None = None) -> Size:
    """The size of its network for its images; for images of `side` pixels where that is given.
    Weights that are had as a file are those of ImageNet.
    """
    shown = training.get("dataset", {"channels": 3, "classes": 1000})
    shown = shown if side is None else {**shown, "size": side}
    return size_of(training["network"], shown, training.get("neuron", {}).get("time_steps", 1))


def _images(dataset: Spec) -> tuple[int, int]:
    """Images or recordings of the training split and of the test split."""
    if (recordings := RECORDINGS.get(dataset["name"])) is not None:
        tests = round(recordings * dataset["test_share"])
        return recordings - tests, tests
    return int(dataset.get("train_images", 50_000)), int(dataset.get("test_images", 10_000))


def passes(
    size: Size, images: float, batch: int = EVALUATED, backward: float = 0, width: int = 4
) -> Work:
    """Forward passes of so many images and, as a share of each, backward, on numbers of `width`
    bytes.
    """
    calls = math.ceil(images / batch) * size.calls
    return Work(2 * images * size.macs, width * images * size.moved, calls).times(1 + backward)


def step_of(size: Size, images: int, precision: str, again: bool = False, parts: int = 1) -> Work:
    """One training step: `parts` times forward and backward, forward twice with `again`. Its update
    reads weight, gradient and momentum, and writes two of them.
    """
    seen = passes(size, images, math.ceil(images / parts), BACKWARD + again, _width(precision))
    return seen + Work(bytes=5 * 4 * size.weights, launches=STEP_CALLS)


def _width(precision: str) -> int:
    """Bytes of a number."""
    return 4 if precision == "f32" else 2


def _train(spec: Spec) -> Work:
    """Each epoch trains, and takes the test accuracy."""
    recipe, size = spec["recipe"], size_of_training(spec)
    images, tests = _images(spec["dataset"])
    batch, precision = recipe["batch"], recipe["precision"]
    parts = math.ceil(batch / (recipe.get("micro_batch") or batch))
    step = step_of(size, batch, precision, recipe.get("checkpoint_activations", False), parts)
    tested = passes(size, tests, width=_width(precision))
    return (step.times(images / batch) + tested).times(recipe["epochs"])


def _grams(size: Size, cka: Spec, share: float = 1.0) -> Work:
    """A forward pass, then the Gram matrices of a share of the layers: half of each, as it is
    symmetric.
    """
    products = Work(cka["images"] * cka["batch"] * size.features)
    calls = Work(launches=GRAM_CALLS * size.compared * cka["images"] / cka["batch"])
    return passes(size, cka["images"], cka["batch"]) + (products + calls).times(share)


def _cka(spec: Spec) -> Work:
    """Gram matrices of both sides, and a product of each pair of them; half of both with itself."""
    sides = [size_of_training(spec[name]) for name in ("x", "y") if spec[name]]
    pairs = sides[0].compared * sides[-1].compared * len(sides) / 2
    products = Work(spec["cka"]["images"] * spec["cka"]["batch"] * pairs)
    return sum((_grams(side, spec["cka"]) for side in sides), products)


def _attack(spec: Spec) -> Work:
    """Each iteration is a pass and its gradient by the image; then CKA of clean with attacked."""
    attack, cka, size = spec["attack"], spec["cka"], size_of_training(spec["x"])
    attacked = (passes(size, part["images"], part["batch"], BACKWARD / 2) for part in (attack, cka))
    iterations = sum(attacked, Work()).times(attack.get("iterations", 1))
    return (iterations + _grams(size, cka).times(2)).times(len(spec["epsilon"]))


def _regression(spec: Spec) -> Work:
    """Features of both sides, then in both directions a solution on the side of the images, or a
    descent that goes through them epoch by epoch.
    """
    fit, network, dataset = spec["regression"], spec["x"]["network"], spec["x"]["dataset"]
    channels = 2 * network.get("channels", network.get("base_width", 64)) * network.get("width", 1)
    features = channels * (fit["pool"] or dataset["size"] // 2) ** 2  # of the second stage
    products = fit["images"] * features * (fit["images"] + 2 * features)
    if fit["kind"] == "descent":
        products = 2 * fit["epochs"] * fit["images"] * features**2
    return _seen(spec, fit["images"]) + Work(2 * 2 * products)


def _maximisation(spec: Spec) -> Work:
    ascent = spec["activation_maximisation"]
    size, steps = size_of_training(spec["x"], ascent["size"]), ascent["steps"] * ascent["starts"]
    return passes(size, steps, 1, BACKWARD / 2)


def _seen(spec: Spec, images: float) -> Work:
    """Forward passes of the networks that a measurement looks at."""
    sides = (size_of_training(spec[name]) for name in ("x", "y") if spec.get(name))
    return sum((passes(side, images) for side in sides), Work())


def _built(spec: Spec) -> Work:
    """Weights drawn and read: about ten times four bytes each."""
    is_counted = "x" not in spec  # and not looked at
    size = size_of(spec["network"], spec, 1) if is_counted else size_of_training(spec["x"], 224)
    return Work(bytes=40 * size.weights, launches=size.calls)


_WORK: Mapping[str, Callable[[Spec], Work]] = {
    "train": _train,
    "architecture": _built,
    "kernels": _built,
    "cka": _cka,
    "time_cka": lambda spec: _grams(size_of_training(spec["x"]), spec["cka"], share=1 / 3),
    "attack": _attack,
    "regression": _regression,
    "maximisation": _maximisation,
    "workflow": lambda spec: _seen(spec, spec["images"]),
    "activations": lambda spec: _seen(spec, spec["images"]),
    # both splits for each epoch, a ridge having one, and for the scores
    "probe": lambda spec: _seen(
        spec, sum(_images(spec["x"]["dataset"])) * (spec["probe"].get("epochs", 1) + 1)
    ),
    "top_images": lambda spec: _seen(spec, 3 * _images(spec["x"]["dataset"])[1]),  # three targets
}


def disk_bytes(node: Node) -> int:
    """Bytes that a node leaves: weights at 4 bytes each, maps at 8, and a little beside them."""
    little, spec = 20_000, node.spec
    if node.kind == "train":
        return 4 * size_of_training(spec).weights + little
    if node.kind == "cka":
        x, y = (size_of_training(spec[name] or spec["x"]).compared for name in ("x", "y"))
        return 8 * x * y + 5 * little
    pixels = (
        spec["activation_maximisation"]["size"] ** 2 * spec["activation_maximisation"]["starts"]
        if "activation_maximisation" in spec
        else 0
    )
    return 3 * 4 * int(pixels) + little
