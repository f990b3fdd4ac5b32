"""Same currents, same neuron: SpikingJelly's multi-step LIF gives the same spikes and gradients.

Run by `nox -s peers`; the library is no dependency of the test session.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from harness.engine.lif import lif

activation_based = pytest.importorskip(
    "spikingjelly.activation_based", reason="NOT TESTED: SpikingJelly is not installed"
)

from spikingjelly.activation_based import neuron, surrogate  # noqa: E402

SHAPES = [(4, 3, 8, 6, 6), (16, 2, 5), (1, 7), (64, 33)]


def theirs(current_TBN: Tensor) -> Tensor:
    """decay 0.5 is their τ = 2 without scaling the input; their Sigmoid(6) is Dspike(3, 3)."""
    node = neuron.LIFNode(
        tau=2.0,
        decay_input=False,
        v_threshold=1.0,
        v_reset=0.0,
        surrogate_function=surrogate.Sigmoid(alpha=6.0),
        step_mode="m",
    )
    spikes: Tensor = node(current_TBN)
    return spikes


@pytest.mark.parametrize("backend", ["reference", "torch", "numba"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_spikes_and_gradients_are_theirs(shape: tuple[int, ...], backend: str) -> None:
    draw = torch.Generator().manual_seed(0)
    current = torch.randn(shape, generator=draw) * 1.5
    arriving = torch.randn(shape, generator=draw)
    ours, peers = current.clone().requires_grad_(), current.clone().requires_grad_()
    found = lif(
        ours,
        decay=0.5,
        threshold=1.0,
        surrogate="dspike",
        fires_at_threshold=True,
        backend=backend,
    )
    expected = theirs(peers)
    assert torch.equal(found, expected)
    found.backward(arriving)
    expected.backward(arriving)
    torch.testing.assert_close(ours.grad, peers.grad, rtol=3e-6, atol=3e-6)
