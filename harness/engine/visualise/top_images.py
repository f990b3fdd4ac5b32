"""The images that activate a target most, and their mean (lab Fig. 9).

Legend: M = images of the set, K = images shown, C = channels, H, W = height and width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness.engine.arguments import checked, device_of
from harness.engine.networks import Network, hooked
from harness.engine.networks.mode import in_mode
from harness.engine.training.normalisation import Normalisation
from harness.engine.training.numerics import autocast
from harness.engine.visualise.target import Target
from harness.errors import ExitCode, HarnessError

_BATCH = 256
_WHITE = 255


@dataclass(frozen=True, eq=False)
class TopImages:
    """The K images of largest activation, largest first; where two are equal the earlier image
    first, since spiking neurons often tie.
    """

    indices_K: Tensor  # int64, places in the set
    activations_K: Tensor  # float64
    images_KCHW: Tensor  # uint8, as they were stored
    mean_CHW: Tensor  # float64 in 0 … 1
    ties: int  # images beyond the K whose activation equals the smallest one shown


@checked
def top_images(
    network: Network,
    images_MCHW: Tensor,
    normalisation: Normalisation,
    target: Target,
    *,
    k: int = 20,
    precision: str = "f32",
) -> TopImages:
    """Rank uint8 images by `target.activation` in evaluation mode; the lab shows K = 20.

    Raises HarnessError for a K outside 1 … M, and for activations that are NaN.
    """
    if not 1 <= k <= len(images_MCHW):
        raise HarnessError("top images k", f"must be 1 … {len(images_MCHW)} (got {k})")
    activations_M = image_activations(
        network, images_MCHW, normalisation, target, precision=precision
    )
    broken = int(activations_M.isnan().sum())
    if broken:
        raise HarnessError(
            f"top images of {target.layer}",
            f"the activation of {broken} images is NaN, which has no rank",
            code=ExitCode.RUN_FAILED,
        )
    values, order = activations_M.sort(descending=True, stable=True)
    chosen = images_MCHW[order[:k].to(images_MCHW.device)]
    return TopImages(
        indices_K=order[:k],
        activations_K=values[:k],
        images_KCHW=chosen,
        mean_CHW=chosen.double().mean(0) / _WHITE,
        ties=int((values[k:] == values[k - 1]).sum()),
    )


@checked
@torch.no_grad()
def image_activations(
    network: Network,
    images_MCHW: Tensor,
    normalisation: Normalisation,
    target: Target,
    *,
    precision: str = "f32",
) -> Tensor:
    """The target's activation for each uint8 image, float64 [M] on the CPU."""
    device = device_of(network)
    found: list[Tensor] = []

    def keep(_: str, feature: Tensor) -> None:
        found.append(target.activation(feature).double().cpu())

    for images in torch.split(images_MCHW, _BATCH):
        with (
            in_mode(network, "eval"),
            hooked(network, [target.layer], keep),
            autocast(precision, device),
        ):
            network(normalisation(images.to(device)))
    return torch.cat(found)
