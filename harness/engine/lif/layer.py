"""The layer of LIF neurons that everything else calls, and the table of its backends.

Legend: T = time steps, B = batch, N = neurons (any number of trailing dimensions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from harness.engine.arguments import choose
from harness.engine.lif.dynamics import Dynamics, Reset, surrogate_of
from harness.engine.lif.fused_cpu import fits_fused_cpu, lif_fused_cpu
from harness.engine.lif.fused_gpu import lif_fused_gpu, obstacle_on_gpu, say
from harness.engine.lif.reference import lif_loop, lif_through_time
from harness.errors import HarnessError
from harness.parts.surrogates import Surrogate

Backend = Callable[[Tensor, Dynamics, torch.dtype], Tensor]  # the last: of the spikes

_HALF = (torch.float16, torch.bfloat16)


def _fastest(current_TBN: Tensor, dynamics: Dynamics, spike_dtype: torch.dtype) -> Tensor:
    if isinstance(dynamics.threshold, Tensor):
        return _in_float32(lif_loop)(current_TBN, dynamics, spike_dtype)
    if current_TBN.is_cuda:
        obstacle = obstacle_on_gpu(current_TBN, dynamics)
        if not obstacle:
            return _triton(current_TBN, dynamics, spike_dtype)
        say(f"neurons run as many small kernels on {current_TBN.device}: {obstacle}")
    fused = fits_fused_cpu(_without_float16(current_TBN), dynamics)
    return (_numba if fused else _in_float32(lif_through_time))(current_TBN, dynamics, spike_dtype)


def _numba(current_TBN: Tensor, dynamics: Dynamics, spike_dtype: torch.dtype) -> Tensor:
    kernel = torch.float32 if spike_dtype == torch.float16 else spike_dtype
    return lif_fused_cpu(_without_float16(current_TBN), dynamics, kernel).to(spike_dtype)


def _without_float16(current_TBN: Tensor) -> Tensor:
    return current_TBN.float() if current_TBN.dtype == torch.float16 else current_TBN


def _triton(current_TBN: Tensor, dynamics: Dynamics, spike_dtype: torch.dtype) -> Tensor:
    return lif_fused_gpu(current_TBN, dynamics).to(spike_dtype)


def _in_float32(backend: Callable[[Tensor, Dynamics], Tensor]) -> Backend:
    """A backend that computes in the current's dtype, given at least float32."""

    def run(current_TBN: Tensor, dynamics: Dynamics, spike_dtype: torch.dtype) -> Tensor:
        wide = current_TBN.float() if current_TBN.dtype in _HALF else current_TBN
        return backend(wide, dynamics).to(spike_dtype)

    return run


_BACKENDS: Mapping[str, Backend] = {
    "auto": _fastest,
    "numba": _numba,
    "triton": _triton,
    "torch": _in_float32(lif_through_time),
    "reference": _in_float32(lif_loop),
}


def lif(
    current_TBN: Tensor,
    *,
    decay: float | Tensor,
    threshold: float | Tensor,
    surrogate: str | Surrogate,
    detach_reset: bool = False,
    fires_at_threshold: bool = False,
    reset: Reset = "hard",
    backend: str = "auto",
    spike_dtype: torch.dtype | None = None,
) -> Tensor:
    """Spikes [T, B, …] of leaky integrate-and-fire neurons driven by `current_TBN` (paper eq. 1),
    time first.

    u'(t) = decay·u(t−1) + i(t); s(t) = 1[u'(t) > threshold]; u(t) = u'(t)·(1 − s(t)), with u = 0
    before the first step. `reset` "soft" takes the threshold off instead, u(t) = u'(t) −
    threshold·s(t). `decay` is the kept fraction per step (the paper's τ, 0.5); as a tensor of one
    number it gets its gradient through time too. So does a `threshold` that asks for one, by
    "reference" alone, which "auto" then takes; the others refuse it. The backward pass puts
    `surrogate` (a name or an object, eq. 3) in place of ∂s/∂u'. `fires_at_threshold` fires at u' ≥
    threshold, as the published code does. The membrane is kept in float32 when the current is
    float16 or bfloat16; the spikes come in the current's dtype or in `spike_dtype`, for a consumer
    of another precision. From the step on where a potential is NaN or infinite, that neuron's
    spikes are NaN: a broken input reaches the loss instead of passing for silence. Backends: "auto"
    (fastest that fits), "numba" (fused, float32 on the CPU), "triton" (fused, on CUDA), "torch"
    (one autograd node), "reference" (plain loop); all give the same spikes. Raises HarnessError for
    an unknown surrogate, reset or backend, numbers out of range, or a tensor that is not floating
    or has no time dimension.
    """
    if not isinstance(current_TBN, Tensor):
        said = f"must be a tensor (got {type(current_TBN).__name__})"
        raise HarnessError("lif current", said, hint="torch.from_numpy(array)")
    if current_TBN.ndim < 1 or len(current_TBN) < 1 or not current_TBN.is_floating_point():
        got = f"{current_TBN.dtype} {list(current_TBN.shape)}"
        raise HarnessError(
            "lif current", f"expected a floating tensor [T, B, …] with T ≥ 1 (got {got})"
        )
    surrogate = surrogate_of(surrogate)
    numbers = Dynamics(decay, threshold, surrogate, detach_reset, fires_at_threshold, reset)
    return spikes_of(current_TBN, numbers, backend, spike_dtype)


def spikes_of(
    current_TBN: Tensor,
    dynamics: Dynamics,
    backend: str = "auto",
    spike_dtype: torch.dtype | None = None,
) -> Tensor:
    """The same of numbers that are at hand, for a floating current [T, B, …]."""
    run = choose(_BACKENDS, backend, where="lif backend")
    if isinstance(dynamics.threshold, Tensor) and backend not in ("auto", "reference"):
        problem = "gives a threshold that is learned no gradient"
        hint = "use backend 'auto' or 'reference'; threshold.detach() is not learned"
        raise HarnessError(f"lif backend {backend}", problem, hint=hint)
    return run(current_TBN, dynamics, spike_dtype or current_TBN.dtype)
