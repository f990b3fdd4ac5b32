"""The fused LIF layer on the CPU: numba kernels under one autograd node that keeps only its input.

Legend: T = time steps, B = batch, N = neurons (any number of trailing dimensions).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.engine.lif.dynamics import Dynamics
from harness.engine.surrogates import Arctan, Dspike, Rectangle, Sigmoid, Surrogate, Triangle
from harness.errors import HarnessError

Array = NDArray[np.float32]

# below this many elements a second thread costs more than it saves (0.1 ms of work, 2-core Xeon)
_ELEMENTS_PER_THREAD = 131_072
_WITH_KERNEL = (Rectangle, Dspike, Triangle, Sigmoid, Arctan)


def lif_fused_cpu(current_TBN: Tensor, dynamics: Dynamics) -> Tensor:
    """Same spikes as `lif_loop`, bit for bit; gradients equal to about 1e-6. Raises HarnessError
    where it cannot run.
    """
    obstacle = _obstacle(current_TBN, dynamics)
    if obstacle:
        raise HarnessError("lif backend numba", obstacle, hint="use backend 'auto' or 'torch'")
    spikes: Tensor = _FusedLif.apply(current_TBN, dynamics.decay, dynamics)
    return spikes


def fits_fused_cpu(current_TBN: Tensor, dynamics: Dynamics) -> bool:
    """Whether the fused kernels can take this layer."""
    return not _obstacle(current_TBN, dynamics)


def _obstacle(current_TBN: Tensor, dynamics: Dynamics) -> str:
    if current_TBN.device.type != "cpu" or current_TBN.dtype != torch.float32:
        return f"runs float32 on the CPU only (got {current_TBN.dtype} on {current_TBN.device})"
    if type(dynamics.surrogate) not in _WITH_KERNEL:
        return f"no kernel for the surrogate {type(dynamics.surrogate).__name__}"
    if not _numba_installed():
        return "numba is not installed"
    return ""


@cache
def _numba_installed() -> bool:
    return find_spec("numba") is not None


class _FusedLif(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, current_TBN: Tensor, decay: float | Tensor, dynamics: Dynamics) -> Tensor:
        from harness.engine.lif import fused_cpu_kernels as kernels

        current_TBN = _step_by_step(current_TBN)
        spikes_TBN = torch.empty_like(current_TBN)
        _over_neurons(
            kernels.forward,
            _flat(current_TBN),
            _flat(spikes_TBN),
            _rounded(decay),
            np.float32(dynamics.threshold),
            _above(dynamics),
            dynamics.reset == "soft",
        )
        ctx.save_for_backward(current_TBN)
        ctx.dynamics = dynamics
        return spikes_TBN

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, None]:
        from harness.engine.lif import fused_cpu_kernels as kernels

        (current_TBN,) = ctx.saved_tensors
        dynamics: Dynamics = ctx.dynamics
        grad_current_TBN = torch.empty_like(current_TBN)
        grad_spikes_TBN = grads[0]
        if grad_spikes_TBN.stride() != current_TBN.stride():
            grad_spikes_TBN = torch.empty_like(current_TBN).copy_(grad_spikes_TBN)
        learned = ctx.needs_input_grad[1]
        neurons = current_TBN.numel() // len(current_TBN)
        shares_N = np.empty(neurons if learned else 0, np.float32)
        _over_neurons(
            kernels.backward,
            _flat(current_TBN),
            _flat(grad_spikes_TBN),
            _flat(grad_current_TBN),
            shares_N,
            _rounded(dynamics.decay),
            np.float32(dynamics.threshold),
            _above(dynamics),
            _through_reset(dynamics),
            dynamics.reset == "soft",
            *_kind_and_shape(dynamics.surrogate),
        )
        return grad_current_TBN, _sum_like(shares_N, dynamics.decay) if learned else None, None


def _rounded(decay: float | Tensor) -> np.float32:
    return np.float32(decay.item() if isinstance(decay, Tensor) else decay)


def _through_reset(dynamics: Dynamics) -> np.float32:
    """What the reset takes off per spike, in units of u' when hard: its share in the gradient."""
    if dynamics.detach_reset:
        return np.float32(0.0)
    return np.float32(dynamics.threshold if dynamics.reset == "soft" else 1.0)


def _sum_like(shares_N: Array, decay: float | Tensor) -> Tensor:
    """The sum over all neurons, in float64 and the same order however many threads there were."""
    assert isinstance(decay, Tensor)  # noqa: S101 - it asked for a gradient
    return decay.new_tensor(shares_N.sum(dtype=np.float64))


def _above(dynamics: Dynamics) -> np.float32:
    """The number x for which a spike is u' > x: u' ≥ v_th is u' > (next float32 below v_th)."""
    threshold = np.float32(dynamics.threshold)
    if dynamics.fires_at_threshold:
        return np.float32(np.nextafter(threshold, np.float32(-np.inf)))
    return threshold


def _kind_and_shape(surrogate: Surrogate) -> tuple[int, Array]:
    from harness.engine.lif import fused_cpu_kernels as kernels

    match surrogate:
        case Rectangle(alpha):
            kind, numbers = kernels.RECTANGLE, [alpha, 1.0 / alpha]
        case Dspike(temperature, support):
            kind, numbers = kernels.DSPIKE, [temperature, support, surrogate.peak]
        case Sigmoid(alpha):  # a Dspike without end: α·σ(αx)·(1 − σ(αx)) = α/4·sech²(α/2·x)
            kind, numbers = kernels.DSPIKE, [alpha / 2.0, math.inf, alpha / 4.0]
        case Triangle(gamma):
            kind, numbers = kernels.TRIANGLE, [gamma, 1.0 / gamma**2]
        case Arctan(alpha):
            kind, numbers = kernels.ARCTAN, [math.pi / 2.0 * alpha, alpha / 2.0]
        case _:  # `_obstacle` lets nothing else through
            raise AssertionError(surrogate)
    return kind, np.array(numbers, np.float32)


def _step_by_step(tensor_TBN: Tensor) -> Tensor:
    """The tensor with each step in one dense piece of memory, one after the other; channels-last
    stays as it is.
    """
    dense = torch.ops.aten.is_non_overlapping_and_dense(tensor_TBN)
    time_outermost = tensor_TBN.stride(0) * len(tensor_TBN) == tensor_TBN.numel()
    return tensor_TBN if dense and time_outermost else tensor_TBN.contiguous()


def _flat(tensor_TBN: Tensor) -> Array:
    steps = len(tensor_TBN)
    neurons = tensor_TBN.numel() // steps
    array: Array = tensor_TBN.detach().as_strided((steps, neurons), (neurons, 1)).numpy()
    return array


def _over_neurons(kernel: Callable[..., None], current: Array, *rest: Any) -> None:
    """The kernel over all neurons, in as many threads as torch may use; the numbers do not depend
    on how many.
    """
    steps, neurons = current.shape
    threads = min(torch.get_num_threads(), 1 + steps * neurons // _ELEMENTS_PER_THREAD)
    if threads == 1:
        kernel(current, *rest, 0, neurons)
        return
    bounds = [neurons * part // threads for part in range(threads + 1)]
    jobs = [
        _threads(threads, os.getpid()).submit(kernel, current, *rest, start, stop)
        for start, stop in pairwise(bounds)
    ]
    for job in jobs:
        job.result()


@cache
def _threads(count: int, owner: int) -> ThreadPoolExecutor:
    """One pool per operating-system process (`owner`): threads do not survive a fork."""
    return ThreadPoolExecutor(count, thread_name_prefix=f"lif-{owner}")
