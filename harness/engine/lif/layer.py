"""The layer of LIF neurons that everything else calls, and the table of its backends.

Legend: T = time steps, B = batch, N = neurons (any number of trailing dimensions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from harness.engine.choices import choose
from harness.engine.lif.dynamics import Dynamics
from harness.engine.lif.fused_cpu import fits_fused_cpu, lif_fused_cpu
from harness.engine.lif.reference import lif_loop
from harness.engine.lif.through_time import lif_through_time
from harness.engine.surrogates import Surrogate, surrogate_by_name
from harness.errors import HarnessError

Backend = Callable[[Tensor, Dynamics], Tensor]


def _fastest(current_TBN: Tensor, dynamics: Dynamics) -> Tensor:
    if fits_fused_cpu(current_TBN, dynamics):
        return lif_fused_cpu(current_TBN, dynamics)
    return lif_through_time(current_TBN, dynamics)


_BACKENDS: Mapping[str, Backend] = {
    "auto": _fastest,
    "numba": lif_fused_cpu,
    "torch": lif_through_time,
    "reference": lif_loop,
}


def lif(
    current_TBN: Tensor,
    *,
    decay: float,
    threshold: float,
    surrogate: str | Surrogate,
    detach_reset: bool = False,
    fires_at_threshold: bool = False,
    backend: str = "auto",
) -> Tensor:
    """Spikes [T, B, …] of leaky integrate-and-fire neurons driven by `current_TBN` (paper eq. 1),
    time first.

    u'(t) = decay·u(t−1) + i(t);  s(t) = 1[u'(t) > threshold];  u(t) = u'(t)·(1 − s(t)), with u = 0
    before the first step. `decay` is the kept fraction per step (the paper's τ, 0.5). The backward
    pass puts `surrogate` (a name or an object, eq. 3) in place of ∂s/∂u'. `fires_at_threshold`
    fires at u' ≥ threshold, as the published code does. The membrane is kept in float32 when the
    current is float16 or bfloat16. Backends: "auto" (fastest that fits), "numba" (fused, float32 on
    the CPU), "torch" (one autograd node), "reference" (plain loop); all give the same spikes.
    Raises HarnessError for an unknown surrogate or backend, numbers out of range, or a tensor that
    is not floating or has no time dimension.
    """
    if current_TBN.ndim < 1 or len(current_TBN) < 1 or not current_TBN.is_floating_point():
        got = f"{current_TBN.dtype} {list(current_TBN.shape)}"
        raise HarnessError(
            "lif current", f"expected a floating tensor [T, B, …] with T ≥ 1 (got {got})"
        )
    run = choose(_BACKENDS, backend, where="lif backend")
    dynamics = Dynamics(
        decay, threshold, surrogate_by_name(surrogate), detach_reset, fires_at_threshold
    )
    if current_TBN.dtype in (torch.float16, torch.bfloat16):
        return run(current_TBN.float(), dynamics).to(current_TBN.dtype)
    return run(current_TBN, dynamics)
