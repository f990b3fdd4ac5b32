"""LIF neurons and the convolution behind them under one autograd node, on the CPU: the spikes are
not kept.

The backward pass fires them again from the current, which it needs anyway: in a residual block the
current is the sum that the shortcut carries on, so neurons and convolution together keep nothing of
their own. What comes back through the shortcut is added while the neurons' gradient is written.

Legend: T = time steps, B = batch, C = channels, H, W = height and width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from harness.engine.lif import fused_cpu
from harness.engine.lif.dynamics import Dynamics


@dataclass(frozen=True)
class Neurons:
    """The LIF neurons of one call; `spike_dtype` is float32 or bfloat16."""

    dynamics: Dynamics
    time_steps: int
    spike_dtype: torch.dtype


def convolved_spikes(
    folded: Tensor, neurons: Neurons, convolution: torch.nn.Conv2d
) -> tuple[Tensor, Tensor]:
    """convolution(spikes) in the precision of the spikes, and the current again, for the shortcut.

    Currents [T·B, C, H, W], steps one after the other in memory; a convolution without bias or
    dilation. Both results are to be used, or the gradient of the current lacks one.
    """
    places = (convolution.stride, convolution.padding)
    made: tuple[Tensor, Tensor] = _FireConvolve.apply(folded, convolution.weight, neurons, *places)
    return made


class _FireConvolve(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        folded: Tensor,
        filters: Tensor,
        neurons: Neurons,
        stride: tuple[int, int],
        padding: tuple[int, int],
    ) -> tuple[Tensor, Tensor]:
        narrow = filters.to(neurons.spike_dtype)
        ctx.save_for_backward(folded, narrow)
        ctx.set_materialize_grads(False)
        ctx.neurons, ctx.stride, ctx.padding = neurons, stride, padding
        ctx.filters_dtype = filters.dtype
        return torch.conv2d(_fire(folded, neurons), narrow, None, stride, padding), folded

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        folded, filters = ctx.saved_tensors
        neurons: Neurons = ctx.neurons
        if grads[0] is None:  # nothing came through the convolution
            return (grads[1], *[None] * 4)
        to_spikes, to_filters = convolution_backward(
            grads[0], _fire(folded, neurons), filters, ctx.stride, ctx.padding
        )
        to_current, _ = fused_cpu.through_neurons(
            _in_steps(folded, neurons),
            _in_steps(to_spikes, neurons),
            neurons.dynamics,
            aside_TBN=None if grads[1] is None else _in_steps(grads[1], neurons),
        )
        return (to_current.flatten(0, 1), to_filters.to(ctx.filters_dtype), *[None] * 3)


def convolution_backward(
    grad: Tensor,
    activations: Tensor,
    filters: Tensor,
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> tuple[Tensor, Tensor]:
    """Gradients of activations and filters of a convolution without bias or dilation."""
    plain = (None, stride, padding, (1, 1), False, (0, 0), 1, (True, True, False))
    found = torch.ops.aten.convolution_backward(grad, activations, filters, *plain)
    return found[0], found[1]


def _fire(folded: Tensor, neurons: Neurons) -> Tensor:
    spikes_TBN = fused_cpu.fire(_in_steps(folded, neurons), neurons.dynamics, neurons.spike_dtype)
    return spikes_TBN.flatten(0, 1)


def _in_steps(folded: Tensor, neurons: Neurons) -> Tensor:
    return folded.view(neurons.time_steps, -1, *folded.shape[1:])
