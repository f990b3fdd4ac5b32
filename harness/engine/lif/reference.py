"""LIF in plain torch: written as the paper writes it, one step and a loop over steps in ordinary
autograd, and as one autograd node per layer with backward through time by hand.

The loop is the definition that every faster backend is held against; both run in any floating
dtype.

Legend: T = time steps, B = batch, N = neurons (any number of trailing dimensions).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

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


def through_time(current_TBN: Tensor, dynamics: Dynamics) -> tuple[Tensor, Tensor]:
    """Spikes, and the potential before the reset, [T, B, N] both; no autograd."""
    before_reset_TBN = torch.empty_like(current_TBN)
    spikes_TBN = torch.empty_like(current_TBN)
    compare = torch.ge if dynamics.fires_at_threshold else torch.gt
    potential: Tensor | None = None
    for t, current_BN in enumerate(current_TBN):
        before_reset, spikes = before_reset_TBN[t], spikes_TBN[t]
        if potential is None:
            before_reset.copy_(current_BN)
        else:
            # two roundings as in the reference: a fused multiply-add would flip spikes
            torch.mul(potential, dynamics.decay, out=before_reset).add_(current_BN)
        distance = before_reset - dynamics.threshold
        compare(distance, 0, out=spikes)
        spikes += distance.sub_(distance)  # `fired`, written in place: NaN where not finite
        potential = after_reset(before_reset, spikes, dynamics.threshold, dynamics.reset)
    return spikes_TBN, before_reset_TBN


def back_through_time(
    before_reset_TBN: Tensor, grad_spikes_TBN: Tensor, dynamics: Dynamics, *, learned: bool
) -> tuple[Tensor, Tensor | None]:
    """∂L/∂i(t) = ∂L/∂s(t)·σ' + ∂L/∂u(t)·∂u(t)/∂u'(t),  ∂L/∂u(t−1) = decay·∂L/∂i(t),
    and of a decay that is `learned` ∂L/∂decay = Σ_t Σ_n ∂L/∂i(t)·u(t−1); no autograd.

    u' is the potential before the reset, u after it, σ' the surrogate at u' − v_th; ∂u/∂u' is
    1 − s − u'·σ' for the hard reset and 1 − v_th·σ' for the soft one, and with `detach_reset`
    the term with σ' is left out. The loss sees no potential, so ∂L/∂u of the last step is 0.
    """
    grad_TBN = torch.empty_like(before_reset_TBN)
    grad_potential: Tensor | None = None
    for t in reversed(range(len(grad_TBN))):
        distance = before_reset_TBN[t] - dynamics.threshold
        slope = dynamics.surrogate.derivative(distance)
        grad = grad_spikes_TBN[t] * slope
        if grad_potential is not None:
            grad += grad_potential * _kept(before_reset_TBN[t], distance, slope, dynamics)
        grad_TBN[t] = grad
        grad_potential = grad * dynamics.decay
    if not learned:
        return grad_TBN, None
    to_decay = grad_TBN.new_zeros(())  # the gradients of all steps meet, summed in a fixed order
    for grad, before_reset in zip(grad_TBN[1:], before_reset_TBN[:-1], strict=True):
        spikes = fired(before_reset - dynamics.threshold, dynamics.fires_at_threshold)
        kept = after_reset(before_reset, spikes, dynamics.threshold, dynamics.reset)
        to_decay += (grad * kept).sum()
    return grad_TBN, to_decay.to(dynamics.decay.dtype)  # type: ignore[union-attr]  # it is learned


class _LifThroughTime(torch.autograd.Function):
    """Keeps only the potential before the reset; the backward pass reads the spikes off it."""

    @staticmethod
    def forward(ctx: Any, current_TBN: Tensor, decay: float | Tensor, dynamics: Dynamics) -> Tensor:
        spikes_TBN, before_reset_TBN = through_time(current_TBN, dynamics)
        ctx.save_for_backward(before_reset_TBN)
        ctx.dynamics = dynamics
        return spikes_TBN

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, None]:
        (before_reset_TBN,) = ctx.saved_tensors
        learned = ctx.needs_input_grad[1]
        return (*back_through_time(before_reset_TBN, grads[0], ctx.dynamics, learned=learned), None)


def _kept(before_reset: Tensor, distance: Tensor, slope: Tensor, dynamics: Dynamics) -> Tensor:
    """∂u/∂u' of one step."""
    if dynamics.reset == "soft":
        return 1.0 - (0.0 if dynamics.detach_reset else dynamics.threshold) * slope
    kept = 1.0 - fired(distance, dynamics.fires_at_threshold)
    if not dynamics.detach_reset:
        kept -= before_reset * slope
    return kept


def lif_through_time(current_TBN: Tensor, dynamics: Dynamics) -> Tensor:
    """Same spikes, bit for bit, and same gradients as `lif_loop`, for about half of its memory."""
    spikes: Tensor = _LifThroughTime.apply(current_TBN, dynamics.decay, dynamics)
    return spikes
