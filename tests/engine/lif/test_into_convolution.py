"""Neurons and convolution under one node against the two layers one after the other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from harness.engine.lif.dynamics import Dynamics
from harness.engine.lif.fused_cpu import lif_fused_cpu
from harness.engine.lif.into_convolution import Neurons, convolved_spikes
from harness.parts.surrogates import Dspike
from tests.engine.lif.cases import DYNAMICS, currents

pytest.importorskip("numba")

STEPS = 3
HARD, SOFT = DYNAMICS[0], Dynamics(0.7, 0.6, Dspike(), reset="soft")


def made(
    dynamics: Dynamics, dtype: torch.dtype, layout: torch.memory_format
) -> tuple[Tensor, Neurons, nn.Conv2d]:
    folded = currents((STEPS * 4, 5, 8, 8)).contiguous(memory_format=layout).requires_grad_()
    torch.manual_seed(0)
    convolution = nn.Conv2d(5, 6, 3, stride=2, padding=1, bias=False)
    return folded, Neurons(dynamics, STEPS, dtype), convolution


def gradients(
    outputs: list[Tensor], folded: Tensor, convolution: nn.Conv2d, *, used: tuple[bool, bool]
) -> list[Tensor | None]:
    """Of a random linear function of the outputs in use."""
    generator = torch.Generator().manual_seed(1)
    loss = torch.zeros(())
    for output, counts in zip(outputs, used, strict=True):
        weights = torch.randn(output.shape, generator=generator)
        loss = loss + (output.float() * weights).sum() * counts if counts else loss
    return list(torch.autograd.grad(loss, [folded, convolution.weight], allow_unused=True))


@pytest.mark.parametrize("used", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("dynamics", [HARD, SOFT], ids=["hard", "soft"])
def test_every_bit_is_that_of_layer_after_layer(
    dynamics: Dynamics, dtype: torch.dtype, layout: torch.memory_format, used: tuple[bool, bool]
) -> None:
    """Also of the gradient that comes back through both ways."""
    folded, neurons, convolution = made(dynamics, dtype, layout)
    convolved, carried = convolved_spikes(folded, neurons, convolution)
    found = gradients([convolved, carried], folded, convolution, used=used)
    spikes = lif_fused_cpu(folded.unflatten(0, (STEPS, -1)), dynamics, dtype).flatten(0, 1)
    expected = torch.conv2d(spikes, convolution.weight.to(dtype), None, (2, 2), (1, 1))
    assert torch.equal(convolved, expected) and torch.equal(carried, folded)
    for one, other in zip(
        found, gradients([expected, folded], folded, convolution, used=used), strict=True
    ):
        assert (one is None and other is None) or torch.equal(one, other)


def test_nothing_but_the_current_and_the_filters_is_kept() -> None:
    folded, neurons, convolution = made(HARD, torch.float32, torch.channels_last)
    kept: list[Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
        convolved_spikes(folded, neurons, convolution)
    assert {tensor.data_ptr() for tensor in kept} == {
        folded.data_ptr(),
        convolution.weight.data_ptr(),
    }
