"""Trained networks, and the test images that they are shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from harness.engine.data.labelled import FrameSet, ImageSet, LabelledSet
from harness.engine.networks import Network
from harness.engine.training import Normalisation
from harness.errors import ExitCode, HarnessError
from harness.measures.base import Training
from harness.parts.datasets import Dataset
from harness.parts.given import Given
from harness.runs.place import Place, Report, told

_ONE_AT_A_TIME = threading.Lock()


def trained(spec: Training, folder: Path, device: torch.device) -> Network:
    """The network that a stored training left, in evaluation mode.

    Raises:
        HarnessError: the weights are not those of such a network.
    """
    net = spec.build()
    try:
        net.load_state_dict(load_file(folder / "network.safetensors"))
    except RuntimeError as error:
        raise HarnessError(
            f"node {folder.name[:8]}: network.safetensors",
            f"holds other weights than the network has: {error}",
            code=ExitCode.RUN_FAILED,
        ) from error
    return net.eval().to(device)


def images_of(spec: Training, place: Place) -> LabelledSet:
    """The data set that a network was trained on, as it was shown to it: recordings in as many
    frames as the neuron has time steps, in one for an ANN, all events integrated (Sec. 4.4, p. 9).
    """
    frames = spec.steps if spec.dataset.is_framed else 0
    with _ONE_AT_A_TIME:
        return _loaded(spec.dataset, frames, place.data, place.cache)


def skipped_in(images: LabelledSet) -> dict[str, str]:
    """Which damaged records of recordings were left out, as a number of a run: nothing where none
    was.
    """
    skipped = images.skipped if isinstance(images, FrameSet) else {}
    said = ", ".join(f"{count:,} {why}" for why, count in skipped.items() if count)
    return {"skipped_events": said} if said else {}


@lru_cache(maxsize=2)
def _loaded(dataset: Dataset, frames: int, data: Path, cache: Path) -> LabelledSet:
    return dataset.load(frames, data, cache)


def pictures_of(spec: Training, place: Place) -> ImageSet:
    """As `images_of`.

    Raises:
        HarnessError: it is no set of images but of recordings.
    """
    images = images_of(spec, place)
    if not isinstance(images, ImageSet):
        problem = "holds recordings, and this measure is one of images"
        raise HarnessError(f"data set {images.name}", problem, hint="name a set of images")
    return images


def normalisation(spec: Training, images: LabelledSet) -> Normalisation:
    """How a network wants its images: by the numbers of the spec, recordings by their own."""
    if isinstance(spec.network, Given) and spec.network.normalisation != "dataset":
        return Normalisation(spec.network.normalisation.mean, spec.network.normalisation.std)
    known = spec.dataset.statistics
    return (
        Normalisation.of(images.train_images)
        if known is None
        else Normalisation(*map(tuple, known))
    )


def shown(
    spec: Training, place: Place, device: torch.device, side: str = "x"
) -> tuple[Network, ImageSet, Normalisation]:
    """The network of a side, its images, and how it wants them."""
    network = trained(spec, place.inputs[side], device)
    images = pictures_of(spec, place)
    return network, images, normalisation(spec, images)


def first(images: LabelledSet, split: str, wanted: int) -> tuple[Tensor, Tensor]:
    """The first `wanted` images of a split with their labels.

    Raises:
        HarnessError: it has fewer.
    """
    pixels, labels = images.split(split)
    if len(pixels) < wanted:
        raise HarnessError(
            images.name,
            f"has {len(pixels):,} {split} images, the spec wants {wanted:,}",
            hint="lower it in the profile, or with --set",
            code=ExitCode.RUN_FAILED,
        )
    return pixels[:wanted], labels[:wanted]


def minibatches(
    pixels: Tensor, batch: int, normalise: Normalisation, device: torch.device, report: Report
) -> Iterator[Tensor]:
    """Stored images as minibatches of network input, told as they are taken."""
    parts = torch.split(pixels, batch)
    for part in told(parts, "minibatch", report):
        yield normalise(part.to(device))
