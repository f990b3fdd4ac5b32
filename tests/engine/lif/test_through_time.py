"""The single-node layer against the reference loop."""

from __future__ import annotations

import pytest
import torch

from harness.engine.lif.dynamics import Dynamics
from harness.engine.lif.reference import lif_loop, lif_through_time
from tests.engine.lif.cases import DYNAMICS, SHAPES, currents, gradient


@pytest.mark.parametrize("dynamics", DYNAMICS, ids=repr)
@pytest.mark.parametrize("shape", SHAPES)
def test_spikes_are_equal_bit_for_bit_and_gradients_in_float64(
    shape: tuple[int, ...], dynamics: Dynamics
) -> None:
    single = currents(shape)
    assert torch.equal(lif_through_time(single, dynamics), lif_loop(single, dynamics))

    double = currents(shape, torch.float64).requires_grad_()
    torch.testing.assert_close(
        gradient(lif_through_time(double, dynamics), double),
        gradient(lif_loop(double, dynamics), double),
        rtol=1e-12,
        atol=1e-12,
    )


def test_it_keeps_one_tensor_of_the_size_of_its_input() -> None:
    current_TBN = currents((4, 8, 16)).requires_grad_()
    kept: list[int] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        lif_through_time(current_TBN, DYNAMICS[0])
    assert kept == [current_TBN.numel()]
