"""Features with everything that real ones have: correlation, offsets, silent neurons."""

from __future__ import annotations

import torch
from torch import Tensor


def features(images: int = 90, x: int = 12, y: int = 5, seed: int = 0) -> tuple[Tensor, Tensor]:
    """x [images, x] float32 with an offset, two correlated and one silent feature, and y that
    depends on x.
    """
    generator = torch.Generator().manual_seed(seed)
    made_x = torch.randn(images, x, generator=generator) * torch.linspace(0.2, 3, x) + 7
    made_x[:, 1] = made_x[:, 0] + 0.1 * made_x[:, 2]
    made_x[:, 3] = 0.0
    law = torch.randn(x, y, generator=torch.Generator().manual_seed(99))
    made_y = made_x @ law + 0.5 * torch.randn(images, y, generator=generator) - 2
    return made_x, made_y
