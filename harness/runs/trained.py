"""Trained networks, and the test images that they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from harness.engine.data.labelled import ImageSet, LabelledSet
from harness.engine.networks import Network
from harness.engine.training import Normalisation
from harness.errors import ExitCode, HarnessError
from harness.runs.images import image_set
from harness.runs.networks import network
from harness.runs.place import Place, Progress, Report
from harness.spec.dataset import Framed
from harness.spec.run import Training


def trained(spec: Training, folder: Path, device: torch.device) -> Network:
    """The network of the last epoch of a stored training, in evaluation mode.

    Raises:
        HarnessError: the weights are not those of such a network.
    """
    net = network(
        spec.network,
        spec.neuron,
        classes=spec.dataset.classes,
        channels=spec.dataset.channels,
        seed=spec.seed,
    )
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
    """The data set that a network was trained on, as it was shown to it."""
    return image_set(spec.dataset, spec.neuron, place.data, place.cache)


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
    if isinstance(spec.dataset, Framed):
        return Normalisation.of(images.train_images)
    return Normalisation(spec.dataset.mean, spec.dataset.std)


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
    for number, part in enumerate(parts):
        report(Progress(number, len(parts), "minibatch"))
        yield normalise(part.to(device))
    report(Progress(len(parts), len(parts), "minibatch"))
