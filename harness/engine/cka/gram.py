"""One Gram matrix of one layer and minibatch, its upper blocks only.

K = Σ over time steps of X(t)·X(t)ᵀ, which is the Gram matrix of the steps concatenated. A shift of
the features adds a_i + a_j to K, and centring a Gram matrix takes such terms out again. So the mean
of each column may be subtracted beforehand, and is: with features of mean 1000 and deviation 1 the
float32 product of the raw features is off by 0.2 in CKA, that of the centred ones by 1e-10.

Legend: T = time steps, M = images of the minibatch, C = channels, D = features of an image at one
step.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from harness.engine.cka.features import Steps, column_blocks
from harness.engine.cka.spikes import spike_gram

COLUMNS = 8192  # multiplied at once; the centred copy of M = 1024 images is 32 MB then
_COLUMNS_CUDA = 65536
ROWS = 256  # of a block: smaller ones save more of the lower triangle, larger ones multiply faster


def upper_gram(steps: Steps) -> Tensor:
    """The Gram matrix [M, M] of a layer, right on and above the diagonal and undefined below it, up
    to a shift a_i + a_j that centring takes out.

    Float32, or float64 for features in float64. Features that are 0 or 1 throughout are multiplied
    as integers where that is faster, which is exact.
    """
    gram = _empty_gram(steps)
    with torch.autocast(gram.device.type, enabled=False):
        spikes = spike_gram(steps, COLUMNS, ROWS)
        if spikes is not None:
            return spikes.to(gram.dtype)
        for block in _centred_blocks(steps):
            add_upper_product(block, gram)
        return gram


def upper_gram_and_scaled(steps: Steps, scale_C: Tensor) -> tuple[Tensor, Tensor]:
    """The Gram matrices of features [M, C, …] and of the same features times scale_C plus any shift
    of each channel, for the price of one and a little: Σ K_c and Σ scale_c²·K_c over the channels.
    """
    gram, scaled, channel = (_empty_gram(steps) for _ in range(3))
    with torch.autocast(gram.device.type, enabled=False):
        for index, factor in enumerate(scale_C.square().tolist()):
            channel.zero_()
            for block in _centred_blocks([step[:, index] for step in steps]):
                add_upper_product(block, channel)
            gram += channel
            scaled.add_(channel, alpha=factor)
    return gram, scaled


def add_upper_product(matrix: Tensor, gram: Tensor) -> None:
    """gram += matrix·matrixᵀ in row blocks, leaving out the blocks below the diagonal."""
    for start in range(0, len(matrix), ROWS):
        block = matrix[start : start + ROWS]
        gram[start : start + ROWS, start:].addmm_(block, matrix[start:].T)


def _empty_gram(steps: Steps) -> Tensor:
    images = len(steps[0])
    dtype = torch.promote_types(steps[0].dtype, torch.float32)
    return steps[0].new_zeros(images, images, dtype=dtype)


def _centred_blocks(steps: Steps) -> Iterator[Tensor]:
    """The columns of all steps less their means, some at a time, in one buffer."""
    first = steps[0]
    dtype = torch.promote_types(first.dtype, torch.float32)
    columns = _COLUMNS_CUDA if first.is_cuda else COLUMNS
    widest = sum(step[0].numel() for step in steps)
    buffer = first.new_empty(len(first), min(columns, widest), dtype=dtype)
    for group in column_blocks(steps, columns):
        start = 0
        for piece in group:
            stop = start + piece.shape[1]
            torch.sub(piece, piece.mean(0, dtype=dtype), out=buffer[:, start:stop])
            start = stop
        yield buffer[:, :start]
