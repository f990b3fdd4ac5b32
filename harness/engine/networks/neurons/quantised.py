"""A ReLU of few levels, for what quantisation alone makes of an artificial network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class QuantisedRelu(nn.Module):
    """`harness.parts.neurons.QuantisedRelu` on folded activations; it knows no time."""

    def __init__(self, bits: int, ceiling: float) -> None:
        super().__init__()
        self.bits, self.ceiling = bits, ceiling

    def forward(self, folded: Tensor, time_steps: int) -> Tensor:
        """[T·B, …] to [T·B, …]."""
        made: Tensor = _Round.apply(folded, 2**self.bits - 1, self.ceiling)
        return made

    def extra_repr(self) -> str:
        """Everything that decides its output."""
        return f"bits={self.bits}, ceiling={self.ceiling}"


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, folded: Tensor, levels: int, ceiling: float) -> Tensor:
        ctx.save_for_backward((folded > 0) & (folded < ceiling))
        return (folded.clamp(0, ceiling) * (levels / ceiling)).round() * (ceiling / levels)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (inside,) = ctx.saved_tensors
        return grad * inside, None, None
