"""What activates a target most: its images and their mean (lab Fig. 9); activations of one image as
tiles, and how sparse they are.

Legend: T = time steps, M = images of the set, K = images shown, N = tiles (channels, images), C =
channels or colours, H, W = height and width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.engine.arguments import checked
from harness.engine.features import each_layer
from harness.engine.networks import Network
from harness.engine.training.normalisation import Normalisation
from harness.errors import ExitCode, HarnessError


@dataclass(frozen=True)
class Target:
    """A layer by its name in `named_modules`; with `channel` a channel of it; with `position` (row,
    column) a single neuron.
    """

    layer: str
    channel: int | None = None
    position: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.position is not None and self.channel is None:
            raise HarnessError("target position", "a neuron needs its channel too")

    @property
    def kind(self) -> str:
        """`layer`, `channel` or `neuron`."""
        if self.channel is None:
            return "layer"
        return "channel" if self.position is None else "neuron"

    def activation(self, feature_TM: Tensor) -> Tensor:
        """The activation of each image [M]: the mean over time and over what the target leaves
        open, of a layer's output [T, M, C, H, W] (or [T, M, C]).

        Raises HarnessError for a channel or position that the layer does not have.
        """
        per_channel = feature_TM.mean(0)
        if self.channel is None:
            return per_channel.flatten(1).mean(1)
        channel = per_channel[:, _inside("channel", self.channel, per_channel.shape[1])]
        if self.position is None:
            return channel.reshape(len(channel), -1).mean(1)
        if channel.ndim != 3:
            raise HarnessError("target position", f"layer {self.layer} has no rows and columns")
        row, column = (
            _inside(name, place, size)
            for name, place, size in zip(
                ("row", "column"), self.position, channel.shape[1:], strict=True
            )
        )
        return channel[:, row, column]


def _inside(name: str, place: int, size: int) -> int:
    if not 0 <= place < size:
        raise HarnessError(f"target {name}", f"must be 0 … {size - 1} (got {place})")
    return place


_NEAR = 0.01  # of the largest magnitude


@dataclass(frozen=True)
class Sparsity:
    """How few of the numbers carry a layer's activation; each measure grows with sparsity."""

    zero_share: float  # exactly 0
    near_zero_share: float  # below 1 % of the largest magnitude
    hoyer: float  # (√n − ‖x‖₁/‖x‖₂)/(√n − 1): 0 all equal in size, 1 a single one
    treves_rolls: float  # 1 − mean|x|²/mean x²


def sparsity(activations: Tensor) -> Sparsity:
    """Of any numbers (Hoyer, JMLR 5, 2004; Treves and Rolls, Network 2, 1991).

    The last two do not change with scale, so layers of unequal variance compare. Where all are 0
    there is no pattern to speak of: the shares are 1, the other two NaN.
    """
    size = activations.detach().double().flatten().abs()
    if size.numel() < 2:
        raise HarnessError("sparsity", f"needs two numbers at least (got {size.numel()})")
    largest = size.max()
    if not largest > 0:
        return Sparsity(1.0, 1.0, math.nan, math.nan)
    root = math.sqrt(size.numel())
    ratio = float(size.sum() / size.square().sum().sqrt())
    return Sparsity(
        zero_share=float((size == 0).double().mean()),
        near_zero_share=float((size < _NEAR * largest).double().mean()),
        hoyer=(root - ratio) / (root - 1),
        treves_rolls=float(1 - size.mean().square() / size.square().mean()),
    )


def channel_tiles(feature_TM: Tensor, image: int) -> Tensor:
    """The channels of one image, [N, H, W], of a layer's output [T, M, N, H, W]: the mean over
    time.
    """
    if feature_TM.ndim != 5:
        raise HarnessError(
            "activation grid", f"expected [T, M, C, H, W] (got {list(feature_TM.shape)})"
        )
    return feature_TM[:, image].mean(0)


def tiled(tiles: Tensor, *, columns: int | None = None, gap: int = 1, fill: float = 0.0) -> Tensor:
    """Tiles [N, H, W] or [N, C, H, W] in rows as one image, [·, ·] or [C, ·, ·], with `gap` pixels
    of `fill` between them and in the places that are left over.

    Row by row, `columns` a row; as square as it goes where that is None.
    """
    if tiles.ndim not in (3, 4) or not len(tiles) or gap < 0:
        got = f"{list(tiles.shape)}, gap {gap}"
        raise HarnessError("tiles", f"expected [N, H, W] or [N, C, H, W], gap ≥ 0 (got {got})")
    count, (height, width) = len(tiles), tiles.shape[-2:]
    wide = columns or math.ceil(math.sqrt(count))
    if wide < 1:
        raise HarnessError("tiles", f"needs a column at least (got {columns})")
    high = -(-count // wide)
    shape = (high * (height + gap) - gap, wide * (width + gap) - gap)
    sheet = torch.full((*tiles.shape[1:-2], *shape), fill, dtype=tiles.dtype, device=tiles.device)
    for index, tile in enumerate(tiles):
        top, left = (index // wide) * (height + gap), (index % wide) * (width + gap)
        sheet[..., top : top + height, left : left + width] = tile
    return sheet


_BATCH = 256


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
        mean_CHW=chosen.double().mean(0) / 255,
        ties=int((values[k:] == values[k - 1]).sum()),
    )


@checked
def image_activations(
    network: Network,
    images_MCHW: Tensor,
    normalisation: Normalisation,
    target: Target,
    *,
    precision: str = "f32",
) -> Tensor:
    """The target's activation for each uint8 image, float64 [M] on the CPU."""
    found: list[Tensor] = []

    def keep(name: str, feature: Tensor) -> None:
        if name == target.layer:  # another call of it is another layer
            found.append(target.activation(feature).double().cpu())

    for images in torch.split(images_MCHW, _BATCH):
        each_layer(network, [target.layer], images, normalisation, precision, keep)
    return torch.cat(found)
