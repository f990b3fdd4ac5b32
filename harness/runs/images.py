"""Data set specs → image sets of the engine."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

from harness.engine.data.cifar import load
from harness.engine.data.download import fetch_cifar
from harness.engine.data.embedded import digits_on_photos
from harness.engine.data.images import ImageSet
from harness.errors import ExitCode, HarnessError
from harness.spec.dataset import Cifar, ColouredDigits, Dataset, EmbeddedDigits

_ONE_AT_A_TIME = threading.Lock()


def image_set(dataset: Dataset, data: Path) -> ImageSet:
    """The images of a data set spec, downloaded if they are not under `data`.

    Raises:
        HarnessError: they cannot be had, or are not the pinned ones.
    """
    with _ONE_AT_A_TIME:
        return _image_set(dataset, data)


@lru_cache(maxsize=2)
def _image_set(dataset: Dataset, data: Path) -> ImageSet:
    if isinstance(dataset, EmbeddedDigits | ColouredDigits):
        return _embedded(dataset)
    return _cifar(dataset, data)


def _embedded(spec: EmbeddedDigits | ColouredDigits) -> ImageSet:
    images = digits_on_photos(
        size=spec.size,
        brightness=spec.brightness,
        jitter=spec.jitter,
        rotation=spec.rotation,
        scale=spec.scale,
        distractor=spec.distractor,
        train_images=spec.train_images,
        test_images=spec.test_images,
        images_per_digit=spec.images_per_digit,
        inks=isinstance(spec, ColouredDigits),
    )
    if images.sha256 != spec.sha256:
        raise HarnessError(
            f"data set {spec.name}",
            f"the pixels built here hash to {images.sha256}, the spec pins {spec.sha256}",
            hint=f"if a field was changed on purpose, pin sha256 = {images.sha256!r}",
            code=ExitCode.RUN_FAILED,
        )
    return images


def _cifar(spec: Cifar, data: Path) -> ImageSet:
    accepted = spec.origin == "repacked"
    if not accepted:
        archive = spec.archive
        fetch_cifar(spec.name, data, spec.mirrors, archive.checksum)
    checksums = {file.name: file.checksum for file in spec.files}
    return load(spec.name, data, checksums=checksums, accept_repacked=accepted)
