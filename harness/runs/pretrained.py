"""AlexNet as a measurement sees it: published or given weights, or the stand-in trained here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from harness.engine.data.checksums import checksum_of
from harness.engine.data.download import fetch
from harness.engine.networks import AlexNet, alexnet, read_convolutions
from harness.engine.training import Normalisation
from harness.errors import ExitCode, HarnessError
from harness.measures.base import Pretrained, Training
from harness.parts.networks import Alexnet, GivenWeights
from harness.runs.place import Place
from harness.runs.trained import normalisation, pictures_of, trained

IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # torchvision's
LARGEST = 400_000_000  # bytes; the published file has 244 million
PUBLISHED = "Weights: torchvision's AlexNet, trained on ImageNet"
SHORT = 12  # digits of a checksum that a figure shows


@dataclass(frozen=True)
class Seen:
    """A network whose convolutions may be looked at, on images of any size from 63 pixels on;
    `source` says where its weights are from, in the words of the figure.
    """

    network: AlexNet
    normalisation: Normalisation
    source: str


def seen(x: Training | Pretrained, place: Place, device: torch.device) -> Seen:
    """The network of a spec, in evaluation mode.

    Raises:
        HarnessError: its weights cannot be had, or are not those of the spec.
    """
    if isinstance(x, Training):
        return _stand_in(x, place, device)
    given = x.network.given
    convolutions = _given(given) if given else read_convolutions(_published(x.network, place))
    source = PUBLISHED
    if given and not x.network.are_published:
        source = f"OTHER WEIGHTS, not torchvision's: {Path(given.path).name}, {_short(given)}"
    return Seen(_of(convolutions, device), IMAGENET, source)


def _of(convolutions: Mapping[str, Tensor], device: torch.device) -> AlexNet:
    """Only its convolutions are looked at, so a small untrained head stands behind them."""
    return alexnet(head="linear", convolutions=convolutions).eval().to(device)


def _stand_in(x: Training, place: Place, device: torch.device) -> Seen:
    network = trained(x, place.inputs["x"], device)
    if not isinstance(network, AlexNet):
        raise HarnessError("network", f"must be an AlexNet (got {x.network.kind})")
    network.enlarge = 1  # images are made at the size that its convolutions see
    said = f"AlexNet's convolutions, {x.recipe.epochs} epochs on {x.dataset.name}; not ImageNet"
    known = x.dataset.statistics
    numbers = Normalisation(*map(tuple, known)) if known else _measured(x, place)
    return Seen(network, numbers, f"STAND-IN: {said}")


def _measured(x: Training, place: Place) -> Normalisation:
    return normalisation(x, pictures_of(x, place))


def _published(network: Alexnet, place: Place) -> Path:
    wanted = network.published
    try:
        return fetch(
            wanted.mirrors, place.data / wanted.name, checksum=wanted.checksum, max_bytes=LARGEST
        )
    except HarnessError as error:
        hint = f"{error.hint}; or --weights FILE, or --set network.weights=stand-in"
        raise HarnessError(error.where, error.problem, hint=hint, code=error.code) from error


def _given(given: GivenWeights) -> dict[str, Tensor]:
    path = Path(given.path)
    algorithm = given.checksum.partition(":")[0]
    if not path.is_file() or checksum_of(path, algorithm) != given.checksum:
        raise HarnessError(
            f"--weights {path}",
            f"is not the file of the plan, {_short(given)}",
            hint="give the command again",
            code=ExitCode.RUN_FAILED,
        )
    return read_convolutions(path)


def _short(given: GivenWeights) -> str:
    algorithm, _, digits = given.checksum.partition(":")
    return f"{algorithm}:{digits[:SHORT]}…"
