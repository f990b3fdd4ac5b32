"""The rectified linear unit of the artificial networks."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class Relu(nn.Module):
    """max(x, 0) on folded activations; the number of time steps does not matter to it."""

    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """[T·B, …] to [T·B, …]."""
        return functional.relu(folded)
