"""The layer of LIF neurons that everything else calls, and the table of its backends.

Legend: T = time steps, B = batch, N = neurons (any number of trailing dimensions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from harness.engine.choices import choose
from harness.engine.lif.dynamics import Dynamics, Reset
from harness.engine.lif.fused_cpu import fits_fused_cpu, lif_fused_cpu
from harness.engine.lif.fused_gpu import fits_fused_gpu, lif_fused_gpu
from harness.engine.lif.reference import lif_loop
from harness.engine.lif.through_time import lif_through_time
from harness.engine.surrogates import Surrogate, surrogate_by_name
from harness.errors import HarnessError

Backend = Callable[[Tensor, Dynamics], Tensor]


def _fastest(current_TBN: Tensor, dynamics: Dynamics) -> Tensor:
    if fits_fused_cpu(current_TBN, dynamics):
        return lif_fused_cpu(current_TBN, dynamics)
    if dynamics.is_plain and fits_fused_gpu(current_TBN, dynamics):
        return lif_fused_gpu(current_TBN, dynamics)
    return lif_through_time(current_TBN, dynamics)


def _triton(current_TBN: Tensor, dynamics: Dynamics) -> Tensor:
    if not dynamics.is_plain:
        problem = "no kernel for a soft reset or a learned decay"
        raise HarnessError("lif backend triton", problem, hint="use backend 'auto' or 'torch'")
    return lif_fused_gpu(current_TBN, dynamics)


_BACKENDS: Mapping[str, Backend] = {
    "auto": _fastest,
    "numba": lif_fused_cpu,
    "triton": _triton,
    "torch": lif_through_time,
    "reference": lif_loop,
}


def lif(
    current_TBN: Tensor,
    *,
    decay: float | Tensor,
    threshold: float,
    surrogate: str | Surrogate,
    detach_reset: bool = False,
    fires_at_threshold: bool = False,
    reset: Reset = "hard",
    backend: str = "auto",
) -> Tensor:
    """Spikes [T, B, …] of leaky integrate-and-fire neurons driven by `current_TBN` (paper eq. 1),
    time first.

    u'(t) = decay·u(t−1) + i(t);  s(t) = 1[u'(t) > threshold];  u(t) = u'(t)·(1 − s(t)), with u = 0
    before the first step. `reset` "soft" takes the threshold off instead, u(t) = u'(t) −
    threshold·s(t). `decay` is the kept fraction per step (the paper's τ, 0.5); as a tensor of one
    number it gets its gradient through time too. The backward pass puts `surrogate` (a name or an
    object, eq. 3) in place of ∂s/∂u'. `fires_at_threshold` fires at u' ≥ threshold, as the
    published code does. The membrane is kept in float32 when the current is float16 or bfloat16.
    From the step on where a potential is NaN or infinite, that neuron's spikes are NaN: a broken
    input reaches the loss instead of passing for silence. Backends: "auto" (fastest that fits),
    "numba" (fused, float32 on the CPU), "triton" (fused, on CUDA), "torch" (one autograd node),
    "reference" (plain loop); all give the same spikes. Raises HarnessError for an unknown
    surrogate, reset or backend, numbers out of range, or a tensor that is not floating or has no
    time dimension.
    """
    if current_TBN.ndim < 1 or len(current_TBN) < 1 or not current_TBN.is_floating_point():
        got = f"{current_TBN.dtype} {list(current_TBN.shape)}"
        raise HarnessError(
            "lif current", f"expected a floating tensor [T, B, …] with T ≥ 1 (got {got})"
        )
    run = choose(_BACKENDS, backend, where="lif backend")
    dynamics = Dynamics(
        decay, threshold, surrogate_by_name(surrogate), detach_reset, fires_at_threshold, reset
    )
    widens = backend == "triton" or (backend == "auto" and fits_fused_gpu(current_TBN, dynamics))
    if current_TBN.dtype in (torch.float16, torch.bfloat16) and not widens:
        return run(current_TBN.float(), dynamics).to(current_TBN.dtype)
    return run(current_TBN, dynamics)
