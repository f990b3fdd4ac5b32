"""The fused LIF layer on CUDA: Triton kernels under one autograd node that keeps only its input.

Legend: T = time steps, B = batch, N = neurons (any number of trailing dimensions).
"""

from __future__ import annotations

import logging
import os
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from harness.caches import lend
from harness.engine.lif.dynamics import Dynamics
from harness.engine.lif.fused_cpu import (
    WITH_KERNEL,
    kind_and_numbers,
    laid_out_like,
    step_by_step,
    through_reset,
)
from harness.errors import HarnessError

_DTYPES = (torch.float32, torch.float16, torch.bfloat16)
_SEGMENT = 8  # steps whose potentials stay in registers, of as many neurons as 16 bytes hold
_VECTOR = 16  # bytes that a thread loads at a time
_WARPS, _THREADS = 4, 128  # of one program


def lif_fused_gpu(current_TBN: Tensor, dynamics: Dynamics) -> Tensor:
    """Same spikes as `lif_loop` of the float32 current, bit for bit; gradients to about 1e-6.

    Takes float32, float16 and bfloat16 currents and keeps spikes and gradients in that type, the
    membrane in float32. Kept for the backward pass: the input, and for T > 8 one float32 potential
    per 8 steps. Channels-last currents give channels-last spikes. The gradient of a decay that is
    learned is summed in the same order in every run. Raises HarnessError where it cannot run.
    """
    obstacle = obstacle_on_gpu(current_TBN, dynamics)
    if obstacle:
        raise HarnessError("lif backend triton", obstacle, hint="use backend 'auto' or 'torch'")
    spikes: Tensor = _FusedLif.apply(current_TBN, dynamics.decay, dynamics)
    return spikes


def obstacle_on_gpu(current_TBN: Tensor, dynamics: Dynamics) -> str:
    """Why the fused kernels cannot take this layer; empty where they can."""
    if current_TBN.dtype not in _DTYPES:
        return f"runs float32, float16 and bfloat16 (got {current_TBN.dtype})"
    if type(dynamics.surrogate) not in WITH_KERNEL:
        return f"no kernel for the surrogate {type(dynamics.surrogate).__name__}"
    if isinstance(dynamics.threshold, Tensor):
        return "gives a threshold that is learned no gradient"
    if not _triton_installed():
        return "triton is not installed"
    if not on_gpu(current_TBN):
        return f"runs on CUDA only (got a tensor on {current_TBN.device})"
    decay = dynamics.decay
    if isinstance(decay, Tensor) and decay.device != current_TBN.device:
        return f"the decay is on {decay.device}, the current on {current_TBN.device}"
    return ""


@cache
def _triton_installed() -> bool:
    lend("TRITON_CACHE_DIR", "triton")
    return find_spec("triton") is not None


@cache
def say(slower: str) -> None:
    """Have the log tell, once, what runs slower than it could, and why."""
    logging.getLogger("harness.engine").warning("%s", slower)


def on_gpu(tensor: Tensor) -> bool:
    """Whether it lies where the kernels run; also where triton runs them in Python, on the CPU, for
    tests.
    """
    return tensor.is_cuda or os.environ.get("TRITON_INTERPRET") == "1"


class _FusedLif(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, current_TBN: Tensor, decay: float | Tensor, dynamics: Dynamics) -> Tensor:
        current_TBN = step_by_step(current_TBN)
        spikes_TBN, starts = fire(current_TBN, dynamics, keep_starts=any(ctx.needs_input_grad))
        ctx.save_for_backward(current_TBN, starts)
        ctx.dynamics = dynamics
        return spikes_TBN

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, None]:
        current_TBN, starts = ctx.saved_tensors
        to_current, to_decay = through_neurons(current_TBN, starts, grads[0], ctx.dynamics)
        return to_current, to_decay if ctx.needs_input_grad[1] else None, None


def fire(current_TBN: Tensor, dynamics: Dynamics, *, keep_starts: bool) -> tuple[Tensor, Tensor]:
    """Spikes of a current in `step_by_step` order, in the same order, and the potentials that the
    backward pass starts a segment from, float32 (empty unless `keep_starts`); no autograd.
    """
    from harness.engine.lif import fused_gpu_kernels as kernels

    spikes_TBN = torch.empty_like(current_TBN)
    neurons, choices = launch(current_TBN, dynamics)
    segments = -(-len(current_TBN) // choices["SEGMENT"]) if keep_starts else 1
    starts = current_TBN.new_empty((segments - 1) * neurons, dtype=torch.float32)
    if neurons:
        with on(current_TBN):
            kernels.forward[_grid(neurons, choices)](
                current_TBN,
                spikes_TBN,
                starts,
                neurons,
                decay_of(dynamics),
                dynamics.threshold,
                KEEP_STARTS=segments > 1,
                **choices,
            )
    return spikes_TBN, starts


def through_neurons(
    current_TBN: Tensor, starts: Tensor, grad_spikes_TBN: Tensor, dynamics: Dynamics
) -> tuple[Tensor, Tensor]:
    """Gradients of the current that fired, and of its decay (0 where it is not learned); no
    autograd.
    """
    from harness.engine.lif import fused_gpu_kernels as kernels

    grad_current_TBN = torch.empty_like(current_TBN)
    arriving_TBN = laid_out_like(current_TBN, grad_spikes_TBN)
    neurons, choices = launch(current_TBN, dynamics)
    grid = _grid(neurons, choices)
    shares = current_TBN.new_empty(grid if choices["LEARNED"] else 0, dtype=torch.float32)
    if neurons:
        with on(current_TBN):
            kernels.backward[grid](
                current_TBN,
                starts,
                arriving_TBN,
                grad_current_TBN,
                shares,
                neurons,
                decay_of(dynamics),
                dynamics.threshold,
                *curve_of(dynamics),
                KEPT_STARTS=starts.numel() > 0,
                KIND=kind_and_numbers(dynamics.surrogate)[0],
                **choices,
            )
    return grad_current_TBN, sum_like(shares, dynamics)


def sum_like(shares: Tensor, dynamics: Dynamics) -> Tensor:
    """The sum of what the programs left, in float64 and a fixed order, in the decay's own type."""
    decay = dynamics.decay
    dtype = decay.dtype if isinstance(decay, Tensor) else torch.float32
    return shares.sum(dtype=torch.float64).to(dtype)


def decay_of(dynamics: Dynamics) -> float | Tensor:
    """The decay as a kernel takes it: a number, or one in the device's memory, not waited for."""
    return dynamics.decay.detach() if isinstance(dynamics.decay, Tensor) else dynamics.decay


def curve_of(dynamics: Dynamics) -> tuple[float, float, float, float]:
    """The reset's share in the gradient, and the three numbers of the surrogate."""
    first, second, third = kind_and_numbers(dynamics.surrogate)[1]
    return through_reset(dynamics), first, second, third


def launch(current_TBN: Tensor, dynamics: Dynamics) -> tuple[int, dict[str, Any]]:
    """Neurons, and how the kernels are compiled."""
    choices = {
        "STEPS": len(current_TBN),
        "SEGMENT": min(len(current_TBN), _SEGMENT),
        "BLOCK": _THREADS * _VECTOR // current_TBN.element_size(),
        "LEARNED": isinstance(dynamics.decay, Tensor),
        "AT_THRESHOLD": dynamics.fires_at_threshold,
        "SOFT": dynamics.reset == "soft",
        "num_warps": _WARPS,
        "enable_fp_fusion": False,  # separate roundings, see the kernels
    }
    return current_TBN.numel() // len(current_TBN), choices


def _grid(neurons: int, choices: dict[str, Any]) -> tuple[int]:
    return (-(-neurons // choices["BLOCK"]),)


def on(tensor: Tensor) -> AbstractContextManager[object]:
    """Triton launches on the current device, which need not be the tensor's."""
    return torch.cuda.device(tensor.device) if tensor.is_cuda else nullcontext()
