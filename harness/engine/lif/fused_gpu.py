"""The fused LIF layer on CUDA: Triton kernels under one autograd node that keeps only its input.

Legend: T = time steps, B = batch, N = neurons (any number of trailing dimensions).
"""

from __future__ import annotations

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
_LONGEST_SEGMENT = 16  # steps whose potentials stay in registers
_FEW_STEPS = 8  # up to here a thread has registers for four neurons (16-byte loads), above for two
_WARPS, _THREADS = 4, 128  # of one program


def lif_fused_gpu(current_TBN: Tensor, dynamics: Dynamics) -> Tensor:
    """Same spikes as `lif_loop` of the float32 current, bit for bit; gradients to about 1e-6.

    Takes float32, float16 and bfloat16 currents and keeps spikes and gradients in that type, the
    membrane in float32. Kept for the backward pass: the input, and for T > 16 one float32 potential
    per 16 steps. Channels-last currents give channels-last spikes. Raises HarnessError where it
    cannot run.
    """
    obstacle = _obstacle(current_TBN, dynamics)
    if obstacle:
        raise HarnessError("lif backend triton", obstacle, hint="use backend 'auto' or 'torch'")
    spikes: Tensor = _FusedLif.apply(current_TBN, dynamics)
    return spikes


def fits_fused_gpu(current_TBN: Tensor, dynamics: Dynamics) -> bool:
    """Whether the fused kernels can take this layer, and it lies on a GPU."""
    return current_TBN.is_cuda and not _obstacle(current_TBN, dynamics)


def _obstacle(current_TBN: Tensor, dynamics: Dynamics) -> str:
    if current_TBN.dtype not in _DTYPES:
        return f"runs float32, float16 and bfloat16 (got {current_TBN.dtype})"
    if type(dynamics.surrogate) not in WITH_KERNEL:
        return f"no kernel for the surrogate {type(dynamics.surrogate).__name__}"
    if isinstance(dynamics.decay, Tensor):
        return "no kernel for a decay that is learned"
    if not _triton_installed():
        return "triton is not installed"
    if not (current_TBN.is_cuda or _interpreted()):
        return f"runs on CUDA only (got a tensor on {current_TBN.device})"
    return ""


@cache
def _triton_installed() -> bool:
    lend("TRITON_CACHE_DIR", "triton")
    return find_spec("triton") is not None


def _interpreted() -> bool:
    """Whether triton runs its kernels in Python, on the CPU (for tests)."""
    return os.environ.get("TRITON_INTERPRET") == "1"


class _FusedLif(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, current_TBN: Tensor, dynamics: Dynamics) -> Tensor:
        from harness.engine.lif import fused_gpu_kernels as kernels

        current_TBN = step_by_step(current_TBN)
        spikes_TBN = torch.empty_like(current_TBN)
        steps, neurons, choices = _launch(current_TBN, dynamics)
        segments = -(-steps // choices["SEGMENT"])
        keep = segments > 1 and bool(ctx.needs_input_grad[0])
        starts = current_TBN.new_empty((segments - 1) * neurons if keep else 0, dtype=torch.float32)
        if neurons:
            with _on(current_TBN):
                kernels.forward[_grid(neurons, choices)](
                    current_TBN,
                    spikes_TBN,
                    starts,
                    neurons,
                    steps,
                    dynamics.decay,
                    dynamics.threshold,
                    KEEP_STARTS=keep,
                    **choices,
                )
        ctx.save_for_backward(current_TBN, starts)
        ctx.dynamics = dynamics
        return spikes_TBN

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        from harness.engine.lif import fused_gpu_kernels as kernels

        current_TBN, starts = ctx.saved_tensors
        dynamics: Dynamics = ctx.dynamics
        grad_current_TBN = torch.empty_like(current_TBN)
        grad_spikes_TBN = laid_out_like(current_TBN, grads[0])
        steps, neurons, choices = _launch(current_TBN, dynamics)
        kind, numbers = kind_and_numbers(dynamics.surrogate)
        if neurons:
            with _on(current_TBN):
                kernels.backward[_grid(neurons, choices)](
                    current_TBN,
                    starts,
                    grad_spikes_TBN,
                    grad_current_TBN,
                    neurons,
                    steps,
                    dynamics.decay,
                    dynamics.threshold,
                    through_reset(dynamics),
                    *numbers,
                    KIND=kind,
                    KEPT_STARTS=starts.numel() > 0,
                    **choices,
                )
        return grad_current_TBN, None


def _launch(current_TBN: Tensor, dynamics: Dynamics) -> tuple[int, int, dict[str, Any]]:
    """Steps, neurons, and how the kernels are compiled: one version per T up to 16, one above."""
    steps = len(current_TBN)
    segment = min(steps, _LONGEST_SEGMENT)
    choices = {
        "AT_THRESHOLD": dynamics.fires_at_threshold,
        "SOFT": dynamics.reset == "soft",
        "SEGMENT": segment,
        "BLOCK": _THREADS * (4 if segment <= _FEW_STEPS else 2),
        "num_warps": _WARPS,
        "enable_fp_fusion": False,  # separate roundings, see the kernels
    }
    return steps, current_TBN.numel() // steps, choices


def _grid(neurons: int, choices: dict[str, Any]) -> tuple[int]:
    return (-(-neurons // choices["BLOCK"]),)


def _on(tensor: Tensor) -> AbstractContextManager[object]:
    """Triton launches on the current device, which need not be the tensor's."""
    return torch.cuda.device(tensor.device) if tensor.is_cuda else nullcontext()
