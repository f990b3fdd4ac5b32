"""LIF written as the paper writes it: one step, and a loop over steps, in ordinary autograd.

This is the definition that every faster backend is held against; it runs in any floating dtype.

Legend: T = time steps, B = batch, N = neurons (any number of trailing dimensions).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from harness.engine.lif.dynamics import Dynamics, Reset
from harness.parts.surrogates import Surrogate

Spike = Callable[[Tensor], Tensor]  # distance u − v_th → spikes, any shape


class LifStep(NamedTuple):
    """What one step hands on: the spikes, and the potential after the reset."""

    spikes: Tensor
    potential: Tensor


class _Fire(torch.autograd.Function):
    """Step function forward, surrogate derivative backward."""

    @staticmethod
    def forward(ctx: Any, distance: Tensor, surrogate: Surrogate, at_threshold: bool) -> Tensor:
        ctx.save_for_backward(distance)
        ctx.surrogate = surrogate
        return fired(distance, at_threshold)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (distance,) = ctx.saved_tensors
        return grads[0] * ctx.surrogate.derivative(distance), None, None


def fired(distance: Tensor, at_threshold: bool) -> Tensor:
    """1 where the potential is above the threshold (or on it, `at_threshold`), else 0; NaN where
    `distance` is NaN or infinite. In `distance`'s dtype.
    """
    above = distance >= 0 if at_threshold else distance > 0
    return (distance - distance).add_(above)  # x − x is 0 for every finite x, else NaN


def after_reset(
    before_reset: Tensor, spikes: Tensor, threshold: float | Tensor, reset: Reset = "hard"
) -> Tensor:
    """u'·(1 − s), 0 after a spike; or with the soft reset u' − v_th·s, which keeps what was above
    the threshold (Rueckauer et al., Front. Neurosci. 11, 2017, "reset by subtraction").
    """
    if reset == "soft":
        return before_reset - threshold * spikes
    return before_reset * (1.0 - spikes)


def lif_step(
    current_BN: Tensor,
    potential_BN: Tensor,
    *,
    decay: float | Tensor,
    threshold: float | Tensor,
    spike: Spike,
    detach_reset: bool = False,
    reset: Reset = "hard",
) -> LifStep:
    """One step of paper eq. 1: u' = decay·u + i;  s = spike(u' − v_th);  u = u'·(1 − s)  (hard
    reset to 0; `reset` "soft": u = u' − v_th·s).

    `decay` is the kept fraction per step, dimensionless (the paper's τ, which is not a time
    constant). With `detach_reset` no gradient flows through the s of the reset.
    """
    before_reset = potential_BN * decay + current_BN
    spikes = spike(before_reset - threshold)
    in_reset = spikes.detach() if detach_reset else spikes
    return LifStep(spikes, after_reset(before_reset, in_reset, threshold, reset))


def firing(surrogate: Surrogate, at_threshold: bool) -> Spike:
    """Spikes of the distance to the threshold, `surrogate` in place of their derivative."""

    def spike(distance: Tensor) -> Tensor:
        spikes: Tensor = _Fire.apply(distance, surrogate, at_threshold)
        return spikes

    return spike


def lif_loop(current_TBN: Tensor, dynamics: Dynamics) -> Tensor:
    """All steps from potential 0, one autograd node per operation: slow, memory-hungry, easy to
    read.
    """
    spike = firing(dynamics.surrogate, dynamics.fires_at_threshold)
    potential = torch.zeros_like(current_TBN[0])
    spikes_T = []
    for current_BN in current_TBN:
        step = lif_step(
            current_BN,
            potential,
            decay=dynamics.decay,
            threshold=dynamics.threshold,
            spike=spike,
            detach_reset=dynamics.detach_reset,
            reset=dynamics.reset,
        )
        potential = step.potential
        spikes_T.append(step.spikes)
    return torch.stack(spikes_T)
