"""Data set specs → sets of images, or of recordings as frames, of the engine."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

from harness.engine.data.cifar import load
from harness.engine.data.download import fetch_cifar
from harness.engine.data.embedded import digits_on_photos
from harness.engine.data.labelled import ImageSet, LabelledSet
from harness.errors import ExitCode, HarnessError
from harness.runs.recordings import looked_at, published, unpacked_in
from harness.spec.dataset import Cifar, ColouredDigits, Dataset, Pictures, Recordings, Saccades
from harness.spec.neuron import Neuron

_ONE_AT_A_TIME = threading.Lock()


def image_set(dataset: Dataset, neuron: Neuron, data: Path, cache: Path) -> LabelledSet:
    """The images of a data set spec, downloaded if they are not under `data`, where nothing else is
    written; what is unpacked and decoded lies in `cache`.

    Recordings come in as many frames as the neuron has time steps, in one for an ANN: all events
    integrated (Sec. 4.4, p. 9).

    Raises:
        HarnessError: they cannot be had, or are not the pinned ones.
    """
    frames = 1 if neuron.kind == "relu" else neuron.time_steps
    with _ONE_AT_A_TIME:
        needed = frames if isinstance(dataset, Recordings | Saccades) else 0
        return _set(dataset, needed, data, cache)


@lru_cache(maxsize=2)
def _set(dataset: Dataset, frames: int, data: Path, cache: Path) -> LabelledSet:
    if isinstance(dataset, Recordings):
        return published(dataset, data, cache, frames)
    if isinstance(dataset, Saccades):
        return looked_at(dataset, _pictures(dataset, dataset.picture), cache, frames)
    if isinstance(dataset, Cifar):
        return _cifar(dataset, data, cache)
    return _pictures(dataset, dataset.size)


def _pictures(spec: Pictures, size: int) -> ImageSet:
    images = digits_on_photos(
        size=size,
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
            f"data set {images.name}",
            f"the pixels built here hash to {images.sha256}, the spec pins {spec.sha256}",
            hint=f"if a field was changed on purpose, pin sha256 = {images.sha256!r}",
            code=ExitCode.RUN_FAILED,
        )
    return images


def _cifar(spec: Cifar, data: Path, cache: Path) -> ImageSet:
    accepted = spec.origin == "repacked"
    if not accepted:
        pin = spec.archive.checksum
        room = unpacked_in(cache, data, {spec.archive.name: pin})
        data = fetch_cifar(spec.name, data, spec.mirrors, pin, unpacked=room).parent
    checksums = {file.name: file.checksum for file in spec.files}
    return load(spec.name, data, checksums=checksums, accept_repacked=accepted)
