"""Every backend against the plain loop in float64, over random shapes, layouts and numbers."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from harness.engine.lif import lif
from harness.engine.lif.dynamics import Dynamics, Reset, surrogate_of
from harness.engine.lif.reference import lif_step
from harness.parts.surrogates import Dspike, Rectangle, Triangle
from tests.engine.lif.cases import gradient

SURROGATES = ["rectangle", "dspike", "triangle", "sigmoid", "arctan"]
EDGES: dict[type, float] = {Rectangle: 1.0, Dspike: 3.0, Triangle: 1.0}  # where a derivative jumps
CLEAR = 1e-3  # in units of the potential; float32 errs by less than 1e-4 over 128 steps


@st.composite
def layouts(draw: st.DrawFn) -> tuple[tuple[int, ...], str]:
    steps = draw(st.sampled_from([1, 2, 3, 4, 5, 8, 16, 31, 64, 128]))
    batch = draw(st.integers(0, 3))
    channels, side = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    return (steps, batch, channels, side, side), draw(
        st.sampled_from(["contiguous", "channels_last", "time_last", "strided"])
    )


def laid_out(shape: tuple[int, ...], layout: str, dtype: torch.dtype) -> Tensor:
    steps, batch = shape[:2]
    generator = torch.Generator().manual_seed(sum(shape))
    dense = (torch.randn(shape, generator=generator, dtype=torch.float64) * 0.8).to(dtype)
    if layout == "channels_last":
        folded = dense.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        return folded.unflatten(0, (steps, batch))
    if layout == "time_last":
        return dense.movedim(0, -1).contiguous().movedim(-1, 0)
    if layout == "strided":
        return dense.repeat_interleave(2, dim=2)[:, :, ::2]
    return dense


def clear_of_edges(current_TBN: Tensor, dynamics: Dynamics) -> Tensor:
    """[B, …], true for neurons whose potential is never so near to an edge that float32 decides."""
    potential, clear = torch.zeros_like(current_TBN[0]), torch.ones_like(current_TBN[0]).bool()
    edge = EDGES.get(type(dynamics.surrogate), math.inf)
    for current_BN in current_TBN:
        far = (potential * dynamics.decay + current_BN - dynamics.threshold).abs()
        clear &= (far > CLEAR) & ((far - edge).abs() > CLEAR)
        potential = lif_step(
            current_BN,
            potential,
            decay=dynamics.decay,
            threshold=dynamics.threshold,
            spike=lambda distance: (distance > 0).double(),
            reset=dynamics.reset,
        ).potential
    return clear


@pytest.mark.parametrize("backend", ["numba", "torch", "reference"])
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    layout=layouts(),
    decay=st.sampled_from([0.0, 0.5, 0.9]),
    surrogate=st.sampled_from(SURROGATES),
    reset=st.sampled_from(["hard", "soft"]),
    detached=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.float16]),
)
def test_spikes_and_gradients_are_those_of_float64(
    backend: str,
    layout: tuple[tuple[int, ...], str],
    decay: float,
    surrogate: str,
    reset: Reset,
    detached: bool,
    dtype: torch.dtype,
) -> None:
    if backend == "numba" and dtype == torch.float64:
        backend = "auto"
    by_name = surrogate_of(surrogate)
    dynamics = Dynamics(decay, 0.7, by_name, detached, reset=reset)
    current_TBN = laid_out(*layout, dtype)
    results = []
    for current, name in ((current_TBN, backend), (current_TBN.double(), "reference")):
        current = current.detach().requires_grad_()
        spikes = lif(
            current,
            decay=decay,
            threshold=0.7,
            surrogate=by_name,
            detach_reset=detached,
            reset=reset,
            backend=name,
        )
        assert spikes.dtype == current.dtype and spikes.shape == current.shape
        results.append((spikes.detach().double(), gradient(spikes.double(), current).double()))
    (spikes, grads), (expected, expected_grads) = results
    clear = clear_of_edges(current_TBN.double(), dynamics)
    assert torch.equal(spikes[:, clear], expected[:, clear])
    # the sum over a neuron's steps is what its gradients are rounded against
    scale = 1.0 + expected_grads.abs().amax(0, keepdim=True)
    limit = 1e-2 if dtype in (torch.float16, torch.bfloat16) else 1e-4
    assert (((grads - expected_grads).abs() / scale)[:, clear] < limit).all()
