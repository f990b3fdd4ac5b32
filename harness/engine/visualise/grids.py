"""Activations of one image as tiles, and how sparse they are.

Legend: T = time steps, N = tiles (channels, images), C = colours, H, W = height and width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.errors import HarnessError

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
