"""The neurons of a network as an operator of torch, for torch.compile, which takes it as it is.

What it traces it compiles anew, and may then round a product and a sum at once, which flips spikes.
Operators take numbers and strings alone, so the neuron comes as the JSON of its part.

Legend: T = time steps, B = batch, N = neurons (any number of trailing dimensions).
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from harness.engine.lif import fused_cpu, fused_gpu
from harness.engine.lif.dynamics import Dynamics
from harness.engine.lif.reference import back_through_time, through_time
from harness.parts.neurons import Neuron


@torch.library.custom_op("harness::fire", mutates_args=())
def fire(
    current_TBN: Tensor, decay: Tensor | None, neuron: str, spike_dtype: torch.dtype
) -> Tensor:
    """Spikes of a floating current; `decay` is that of a neuron that learns it."""
    dynamics = _dynamics(neuron, decay)
    ordered = fused_cpu.step_by_step(current_TBN)
    match _backend(ordered, dynamics):
        case "triton":
            spikes = fused_gpu.fire(ordered, dynamics, keep_starts=False)[0]
        case "numba":
            spikes = fused_cpu.fire(ordered, dynamics, spike_dtype)
        case _:
            spikes = through_time(_wide(ordered), dynamics)[0]
    return fused_cpu.laid_out_like(current_TBN, spikes.to(spike_dtype))


@fire.register_fake
def _(current_TBN: Tensor, decay: Tensor | None, neuron: str, spike_dtype: torch.dtype) -> Tensor:
    return torch.empty_like(current_TBN, dtype=spike_dtype)


@torch.library.custom_op("harness::through_neurons", mutates_args=())
def through_neurons(
    current_TBN: Tensor, grad_spikes_TBN: Tensor, decay: Tensor | None, neuron: str
) -> tuple[Tensor, Tensor]:
    """Gradients of the current that fired and of the decay (0 where it is not learned)."""
    dynamics = _dynamics(neuron, decay)
    ordered = fused_cpu.step_by_step(current_TBN)
    to_decay = current_TBN.new_zeros((), dtype=torch.float32)
    match _backend(ordered, dynamics):
        case "triton":
            _, starts = fused_gpu.fire(ordered, dynamics, keep_starts=True)
            found = fused_gpu.through_neurons(ordered, starts, grad_spikes_TBN, dynamics)
            to_current, to_decay = found[0], found[1].float()
        case "numba":
            learned = decay is not None
            to_current, shares_N = fused_cpu.through_neurons(
                ordered, grad_spikes_TBN, dynamics, with_decay=learned
            )
            to_decay.fill_(float(shares_N.sum(dtype="float64")))
        case _:
            _, before_reset_TBN = through_time(_wide(ordered), dynamics)
            arriving = grad_spikes_TBN.to(before_reset_TBN.dtype)
            to_current, learnt = back_through_time(
                before_reset_TBN, arriving, dynamics, learned=decay is not None
            )
            to_decay = to_decay if learnt is None else learnt.float()
    to_current = to_current.to(current_TBN.dtype)
    return fused_cpu.laid_out_like(current_TBN, to_current), to_decay


@through_neurons.register_fake
def _(
    current_TBN: Tensor, grad_spikes_TBN: Tensor, decay: Tensor | None, neuron: str
) -> tuple[Tensor, Tensor]:
    return torch.empty_like(current_TBN), current_TBN.new_empty((), dtype=torch.float32)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    current_TBN, decay, ctx.neuron, _ = inputs
    ctx.save_for_backward(current_TBN, decay)


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    current_TBN, decay = ctx.saved_tensors
    to_current, to_decay = through_neurons(current_TBN, grad, decay, ctx.neuron)
    return to_current, None if decay is None else to_decay.to(decay.dtype), None, None


fire.register_autograd(_backward, setup_context=_keep)


def _backend(current_TBN: Tensor, dynamics: Dynamics) -> str:
    """As `layer` chooses for a tensor on this device; both passes must choose the same."""
    if current_TBN.is_cuda and not fused_gpu.obstacle_on_gpu(current_TBN, dynamics):
        return "triton"
    return "numba" if fused_cpu.fits_fused_cpu(current_TBN, dynamics) else "torch"


def _wide(current_TBN: Tensor) -> Tensor:
    return current_TBN.to(torch.promote_types(current_TBN.dtype, torch.float32))


def _dynamics(neuron: str, decay: Tensor | None) -> Dynamics:
    dynamics = _fixed(neuron)
    return dynamics if decay is None else replace(dynamics, decay=decay.detach())


@cache
def _fixed(neuron: str) -> Dynamics:
    kind = Neuron.kinds[json.loads(neuron)["kind"]]
    return Dynamics.of(kind.model_validate_json(neuron))
