"""Accumulates as SpikingJelly counts them, where each spike reaches as many places.

At a padded edge a spike reaches fewer; there SpikingJelly counts those that it reaches, and rate
times dense operations, as here and in the literature, counts padding as any place.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from harness.engine.networks import given
from harness.engine.operations import count_operations

op_counter = pytest.importorskip(
    "spikingjelly.activation_based.op_counter", reason="NOT TESTED: SpikingJelly is not installed"
)


@pytest.mark.parametrize(
    ("layer", "rate"),
    [
        (nn.Conv2d(3, 5, 1, bias=False), 0.3),
        (nn.Conv2d(3, 5, 1, stride=2, bias=False), 1.0),
        (nn.Conv2d(3, 5, 3, bias=False), 1.0),
        (nn.Conv2d(3, 5, 3, bias=False), 0.0),
        (nn.Sequential(nn.Flatten(), nn.Linear(192, 7, bias=False)), 0.3),
    ],
)
def test_accumulates_are_theirs(layer: nn.Module, rate: float) -> None:
    draw = torch.Generator().manual_seed(0)
    spikes = (torch.rand(4, 3, 8, 8, generator=draw) < rate).float()
    counter = op_counter.SynOpCounter()
    with torch.no_grad(), op_counter.DispatchCounterMode([counter]):
        layer(spikes)
    (found,) = count_operations(given(nn.Sequential(layer)), [spikes]).layers.values()
    assert found.accumulates == pytest.approx(counter.get_total())
