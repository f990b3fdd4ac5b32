"""What a probe sees of a layer.

Legend: T = time steps, M = images, C = channels, H, W = height and width, P = side of the pooled
grid, D = features of an image.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from harness.errors import HarnessError


def probe_features(feature_TM: Tensor, pool: int | None = 1) -> Tensor:
    """A layer's output [T, M, C, H, W], as a hook hands it out, to features [M, D], D = C·P·P.

    The mean over time, since the network's own classifier averages logits over time and a linear
    map commutes with the mean. Then the mean over a grid of P = `pool` parts a side, 1 being the
    global average pool that stands before the classifiers of the paper's networks, the "fully-
    connected classifier on top of each block" of Fig. A.6; None keeps every pixel, and so does a
    grid that is finer than the layer.
    """
    if pool is not None and pool < 1:
        raise HarnessError("probe pool", f"must be at least 1 part a side (got {pool})")
    mean_M = feature_TM.mean(0) if len(feature_TM) > 1 else feature_TM[0]
    if mean_M.ndim == 4 and pool is not None:
        height, width = mean_M.shape[-2:]
        mean_M = functional.adaptive_avg_pool2d(mean_M, (min(pool, height), min(pool, width)))
    return mean_M.flatten(1)
