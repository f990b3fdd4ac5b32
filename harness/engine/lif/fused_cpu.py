"""The fused LIF layer on the CPU: numba kernels under one autograd node that keeps only its input.

Legend: T = time steps, B = batch, N = neurons (any number of trailing dimensions).
"""

from __future__ import annotations

import math
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from harness.engine.cpu.threads import in_threads
from harness.engine.lif.dynamics import Dynamics
from harness.errors import HarnessError
from harness.parts.surrogates import Arctan, Dspike, Rectangle, Sigmoid, Surrogate, Triangle

Array = NDArray[Any]  # float32, or the bits of bfloat16

_DTYPES = (torch.float32, torch.bfloat16)
RECTANGLE, DSPIKE, TRIANGLE, ARCTAN = range(4)  # as the kernels' own files number them
WITH_KERNEL = (Rectangle, Dspike, Triangle, Sigmoid, Arctan)


def lif_fused_cpu(
    current_TBN: Tensor, dynamics: Dynamics, spike_dtype: torch.dtype | None = None
) -> Tensor:
    """Same spikes as `lif_loop` of the float32 current, bit for bit; gradients equal to about 1e-6.

    Takes float32 and bfloat16, keeps the membrane in float32, and gives spikes in `spike_dtype`,
    one of the two (None: the current's). Raises HarnessError where it cannot run.
    """
    obstacle = obstacle_on_cpu(current_TBN, dynamics)
    if obstacle:
        raise HarnessError("lif backend numba", obstacle, hint="use backend 'auto' or 'torch'")
    made = _FusedLif.apply(current_TBN, dynamics.decay, dynamics, spike_dtype or current_TBN.dtype)
    spikes: Tensor = made
    return spikes


def fits_fused_cpu(current_TBN: Tensor, dynamics: Dynamics) -> bool:
    """Whether the fused kernels can take this layer."""
    return not obstacle_on_cpu(current_TBN, dynamics)


def obstacle_on_cpu(current_TBN: Tensor, dynamics: Dynamics) -> str:
    """Why the fused kernels cannot take this layer; empty where they can."""
    if current_TBN.device.type != "cpu" or current_TBN.dtype not in _DTYPES:
        got = f"{current_TBN.dtype} on {current_TBN.device}"
        return f"runs float32 and bfloat16 on the CPU only (got {got})"
    if type(dynamics.surrogate) not in WITH_KERNEL:
        return f"no kernel for the surrogate {type(dynamics.surrogate).__name__}"
    if isinstance(dynamics.threshold, Tensor):
        return "gives a threshold that is learned no gradient"
    if not numba_installed():
        return "numba is not installed"
    return ""


@cache
def numba_installed() -> bool:
    """Whether there is a compiler for the kernels."""
    return find_spec("numba") is not None


class _FusedLif(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        current_TBN: Tensor,
        decay: float | Tensor,
        dynamics: Dynamics,
        spike_dtype: torch.dtype,
    ) -> Tensor:
        current_TBN = step_by_step(current_TBN)
        ctx.save_for_backward(current_TBN)
        ctx.dynamics = dynamics
        return fire(current_TBN, dynamics, spike_dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        (current_TBN,) = ctx.saved_tensors
        decay, learned = ctx.dynamics.decay, ctx.needs_input_grad[1]
        to_current, shares_N = through_neurons(
            current_TBN, grads[0], ctx.dynamics, with_decay=learned
        )
        # in float64 and the same order however many threads there were
        to_decay = decay.new_tensor(shares_N.sum(dtype=np.float64)) if learned else None
        return to_current, to_decay, None, None


def fire(current_TBN: Tensor, dynamics: Dynamics, spike_dtype: torch.dtype) -> Tensor:
    """Spikes of a current in `step_by_step` order, in the same order; no autograd."""
    from harness.engine.lif import fused_cpu_kernels as kernels

    spikes_TBN = torch.empty_like(current_TBN, dtype=spike_dtype)
    kernel = partial(kernels.forward, flat(current_TBN), flat(spikes_TBN), neuron_numbers(dynamics))
    in_threads(kernel, current_TBN[0].numel(), elements=current_TBN.numel())
    return spikes_TBN


def through_neurons(
    current_TBN: Tensor,
    grad_spikes_TBN: Tensor,
    dynamics: Dynamics,
    *,
    aside_TBN: Tensor | None = None,
    with_decay: bool = False,
) -> tuple[Tensor, NDArray[np.float32]]:
    """Gradient of the current that fired, and each neuron's share [N] of the decay's gradient
    (empty unless `with_decay`); no autograd.

    `aside_TBN`, a gradient that reaches the current another way, is added to the first.
    """
    from harness.engine.lif import fused_cpu_kernels as kernels

    arriving_TBN = laid_out_like(current_TBN, grad_spikes_TBN)
    grad_current_TBN = torch.empty_like(current_TBN)
    neurons = current_TBN[0].numel()
    shares_N = np.empty(neurons if with_decay else 0, np.float32)
    aside = _NOTHING if aside_TBN is None else flat(laid_out_like(current_TBN, aside_TBN))
    kernel = partial(
        kernels.backward,
        flat(current_TBN),
        flat(arriving_TBN),
        aside,
        flat(grad_current_TBN),
        shares_N,
        neuron_numbers(dynamics),
        curve_numbers(dynamics),
    )
    in_threads(kernel, neurons, elements=current_TBN.numel())
    return grad_current_TBN, shares_N


_NOTHING = np.empty((0, 0), np.float32)


def through_reset(dynamics: Dynamics) -> float:
    """What the reset takes off per spike, in units of u' when hard: its share in the gradient."""
    if dynamics.detach_reset:
        return 0.0
    return float(dynamics.threshold) if dynamics.reset == "soft" else 1.0


def kind_and_numbers(surrogate: Surrogate) -> tuple[int, tuple[float, float, float]]:
    """What the kernels call a surrogate, on CPU and GPU alike, and the numbers of its curve."""
    match surrogate:
        case Rectangle(alpha=alpha):
            return RECTANGLE, (alpha, 1.0 / alpha, 0.0)
        case Dspike(temperature=temperature, support=support):
            return DSPIKE, (temperature, support, surrogate.peak)
        case Sigmoid(alpha=alpha):  # a Dspike without end: α·σ(αx)·(1 − σ(αx)) = α/4·sech²(α/2·x)
            return DSPIKE, (alpha / 2.0, math.inf, alpha / 4.0)
        case Triangle(gamma=gamma):
            return TRIANGLE, (gamma, 1.0 / gamma**2, 0.0)
        case Arctan(alpha=alpha):
            return ARCTAN, (math.pi / 2.0 * alpha, alpha / 2.0, 0.0)
    raise AssertionError(surrogate)  # no obstacle lets anything else through


def neuron_numbers(dynamics: Dynamics) -> tuple[np.float32, np.float32, np.float32, bool]:
    """What every kernel is told of the neurons: decay, threshold, the number x for which a spike is
    u' > x, and whether the reset is soft. u' ≥ v_th is u' > (next float32 below v_th).
    """
    decay = dynamics.decay.item() if isinstance(dynamics.decay, Tensor) else dynamics.decay
    threshold = np.float32(dynamics.threshold)
    above = threshold
    if dynamics.fires_at_threshold:
        above = np.nextafter(threshold, np.float32(-np.inf))
    return np.float32(decay), threshold, above, dynamics.reset == "soft"


def curve_numbers(dynamics: Dynamics) -> tuple[np.float32, int, Array]:
    """What a backward kernel is told beside them: the reset's share in the gradient, and the kind
    of the surrogate with the numbers of its curve.
    """
    kind, numbers = kind_and_numbers(dynamics.surrogate)
    return np.float32(through_reset(dynamics)), kind, np.array(numbers, np.float32)


def step_by_step(tensor_TBN: Tensor) -> Tensor:
    """The tensor with each step in one dense piece of memory, one after the other; channels-last
    stays as it is.
    """
    dense = torch.ops.aten.is_non_overlapping_and_dense(tensor_TBN)
    time_outermost = tensor_TBN.stride(0) * len(tensor_TBN) == tensor_TBN.numel()
    return tensor_TBN if dense and time_outermost else tensor_TBN.contiguous()


def laid_out_like(tensor_TBN: Tensor, other_TBN: Tensor) -> Tensor:
    """`other_TBN` in the memory order of `tensor_TBN`, copied where it has another."""
    if other_TBN.stride() == tensor_TBN.stride():
        return other_TBN
    return torch.empty_like(tensor_TBN, dtype=other_TBN.dtype).copy_(other_TBN)


def flat(tensor_TBN: Tensor) -> Array:
    """Memory of a tensor in `step_by_step` order as an array [T, N]; bfloat16 as its bits."""
    steps = len(tensor_TBN)
    neurons = tensor_TBN.numel() // steps
    rows = tensor_TBN.detach().as_strided((steps, neurons), (neurons, 1))
    array: Array = (rows.view(torch.uint16) if rows.dtype == torch.bfloat16 else rows).numpy()
    return array
