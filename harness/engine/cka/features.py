"""Features as matrices: one row per image, columns in whatever order memory has them.

Legend: T = time steps, M = images of the minibatch, D = features of an image at one step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

Steps = Sequence[Tensor]
"""The features of one layer, [M, …] for each time step; one entry where there is no time."""


def rows(features: Tensor) -> Tensor:
    """Features [M, …] as [M, D] without copying where the memory of an image is contiguous.

    The dimensions of an image are put in the order of their strides, so channels-last features are
    not copied either: a Gram matrix does not depend on the order of its features.
    """
    if features.ndim == 1:
        return features.unsqueeze(1)
    order = sorted(range(1, features.ndim), key=features.stride, reverse=True)
    return features.permute(0, *order).flatten(1)


def column_blocks(steps: Steps, columns: int) -> Iterator[list[Tensor]]:
    """Views [M, d] of the steps, in order, grouped so that each group has `columns` columns; the
    last one may have fewer.
    """
    group: list[Tensor] = []
    free = columns
    for matrix in map(rows, steps):
        start = 0
        while start < matrix.shape[1]:
            piece = matrix[:, start : start + free]
            group.append(piece)
            start += piece.shape[1]
            free -= piece.shape[1]
            if not free:
                yield group
                group, free = [], columns
    if group:
        yield group


def constant(steps: Steps) -> bool:
    """Whether every image has the same features, to the bit."""
    matrices = [rows(step) for step in steps]
    ends = all(torch.equal(matrix[0], matrix[-1]) for matrix in matrices)  # settles it mostly
    return ends and all(bool((matrix == matrix[:1]).all()) for matrix in matrices)
