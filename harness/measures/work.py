"""What a run computes, counted from its spec before torch is imported: FLOPs, bytes, operations.

A kind of run says its own in `Run.work`, from the pieces here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.parts.size import Size, size_of

Spec = Mapping[str, Any]

EVALUATED = 256  # images at once where accuracy is taken, or where a spec leaves it to the run
BACKWARD = 2.0  # of a forward pass: gradients by inputs and by weights; half of it by inputs alone
STEP_CALLS = 30  # operations of a training step beside its layers: augmentation, loss, update
GRAM_CALLS = 10  # operations for a Gram matrix: it is centred, multiplied, scaled and measured
RECORDINGS = {"cifar10-dvs": 10_000, "n-caltech101": 8_709}  # Li et al. 2017, Orchard et al. 2015
SPLIT = {"n-mnist": (60_000, 10_000)}  # Orchard et al. 2015


@dataclass(frozen=True)
class Work:
    """What a node computes: FLOPs, bytes to and from memory, operations of the framework."""

    flops: float = 0.0
    bytes: float = 0.0
    launches: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(
            self.flops + other.flops, self.bytes + other.bytes, self.launches + other.launches
        )

    def times(self, factor: float) -> Work:
        """So many times the work."""
        return Work(self.flops * factor, self.bytes * factor, self.launches * factor)


def size_of_training(training: Spec, side: int | None = None) -> Size:
    """The size of its network for its images; for images of `side` pixels where that is given.
    Weights that are had as a file are those of ImageNet.
    """
    shown = training.get("dataset", {"channels": 3, "classes": 1000})
    shown = shown if side is None else {**shown, "size": side}
    return size_of(training["network"], shown, training.get("neuron", {}).get("time_steps", 1))


def images_in(dataset: Spec) -> tuple[int, int]:
    """Images or recordings of the training split and of the test split."""
    if "train_images" not in dataset and (recordings := RECORDINGS.get(dataset["name"])):
        tests = round(recordings * dataset["test_share"])
        return recordings - tests, tests
    train, test = SPLIT.get(dataset["name"], (50_000, 10_000))
    return int(dataset.get("train_images", train)), int(dataset.get("test_images", test))


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
    width = bytes_of(precision)
    seen = passes(size, images, math.ceil(images / parts), BACKWARD + again, width)
    return seen + Work(bytes=5 * 4 * size.weights, launches=STEP_CALLS)


def bytes_of(precision: str) -> int:
    """Bytes of a number."""
    return 4 if precision == "f32" else 2


def grams(size: Size, cka: Spec, share: float = 1.0) -> Work:
    """A forward pass, then the Gram matrices of a share of the layers: half of each, as it is
    symmetric.
    """
    products = Work(cka["images"] * cka["batch"] * size.features)
    calls = Work(launches=GRAM_CALLS * size.compared * cka["images"] / cka["batch"])
    return passes(size, cka["images"], cka["batch"]) + (products + calls).times(share)


def shown(spec: Spec, images: float) -> Work:
    """Forward passes of the networks that a measurement looks at."""
    sides = (size_of_training(spec[name]) for name in ("x", "y") if spec.get(name))
    return sum((passes(side, images) for side in sides), Work())
