"""Two layers in one pass over memory, where that gives the same numbers and nobody listens.

A batch norm and the neurons behind it, or the shortcut added to it, are one loop over memory on the
CPU. The current in between then exists nowhere, so a layer that a hook listens to runs by itself.

Legend: T = time steps, B = batch; activations are folded, [T·B, C, H, W].
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from harness.engine.lif.fused_cpu import fits_fused_cpu
from harness.engine.networks.neurons import Lif
from harness.engine.norm import TdBatchNorm, channels_last

_FUSING = ("auto", "numba")  # backends of the neurons


def normalise_and_activate(
    norm: TdBatchNorm, activation: nn.Module, folded: Tensor, time_steps: int
) -> Tensor:
    """activation(norm(folded))."""
    if _can_fuse(norm, folded) and isinstance(activation, Lif) and not _listened_to(activation):
        dynamics = activation.dynamics_now()
        plain = not isinstance(dynamics.decay, Tensor) and activation.backend in _FUSING
        if plain and fits_fused_cpu(folded, dynamics):
            spike_dtype = activation.spike_dtype(torch.float32, folded.device)
            return norm.fire(folded, dynamics, time_steps, spike_dtype)
    made: Tensor = activation(norm(folded), time_steps)
    return made


def normalise_and_add(norm: TdBatchNorm, folded: Tensor, shortcut: Callable[[], Tensor]) -> Tensor:
    """norm(folded) + shortcut(), in this order where somebody listens."""
    if not _can_fuse(norm, folded):
        normalised: Tensor = norm(folded)
        return normalised + shortcut()
    other, layout = shortcut(), torch.channels_last
    if other.dtype == torch.float32 and other.is_contiguous(memory_format=layout):
        return norm.plus(folded, other)
    return norm.plus(folded, None) + other


def _can_fuse(norm: TdBatchNorm, folded: Tensor) -> bool:
    return norm.training and not _listened_to(norm) and channels_last.fits(folded)


def _listened_to(layer: nn.Module) -> bool:
    return bool(layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks)
