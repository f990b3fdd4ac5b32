"""The pre-activation block against its equation, written out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from harness.engine.networks.block import PreActivationBlock
from harness.engine.networks.layers import initialise
from harness.parts.neurons import Relu

FOLDED = torch.randn(8, 4, 8, 8, generator=torch.Generator().manual_seed(0))


def block(channels: int = 4, stride: int = 1, **choice: bool) -> PreActivationBlock:
    made = PreActivationBlock(
        4,
        channels,
        stride=stride,
        neuron=Relu(),
        shortcut=choice.get("shortcut", True),
        rectified=choice.get("rectified", False),
    )
    initialise(made, 0)
    return made.eval()


def branch(made: PreActivationBlock, stride: int) -> Tensor:
    """Evaluation mode with fresh running statistics: batch norm divides by √(1 + 1e-5)."""
    scale = (1 + 1e-5) ** -0.5
    inner = functional.conv2d(functional.relu(FOLDED), made.conv1.weight, None, stride, 1) * scale
    return functional.conv2d(functional.relu(inner), made.conv2.weight, None, 1, 1) * scale


@pytest.mark.parametrize(
    ("choice", "shortcut"),
    [
        ({}, FOLDED),
        ({"rectified": True}, functional.relu(FOLDED)),
        ({"shortcut": False}, torch.zeros_like(FOLDED)),
    ],
)
def test_where_the_shape_stays(choice: dict[str, bool], shortcut: Tensor) -> None:
    made = block(**choice)
    torch.testing.assert_close(made(FOLDED, 1), branch(made, 1) + shortcut)


def test_where_the_shape_changes_the_activated_input_is_pooled_and_projected() -> None:
    made = block(8, 2)
    assert made.ds is not None
    pooled = functional.relu(FOLDED).unflatten(2, (4, 2)).unflatten(4, (4, 2)).mean((3, 5))
    weight = made.ds.get_submodule("1").get_parameter("weight")
    shortcut = torch.einsum("bchw,oc->bohw", pooled, weight[:, :, 0, 0]) * (1 + 1e-5) ** -0.5
    torch.testing.assert_close(made(FOLDED, 1), branch(made, 2) + shortcut)


def test_without_a_shortcut_there_is_no_projection_either() -> None:
    assert block(8, 2, shortcut=False).ds is None


def test_the_input_is_not_written_to() -> None:
    before = FOLDED.clone()
    block(rectified=True)(FOLDED, 1)
    assert torch.equal(FOLDED, before)
