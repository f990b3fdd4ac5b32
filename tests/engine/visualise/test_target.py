"""A target is a mean over what it leaves open."""

from __future__ import annotations

import pytest
import torch

from harness.engine.visualise import Target
from harness.errors import HarnessError

FEATURE = torch.randn(2, 5, 3, 4, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("target", "kind", "wanted"),
    [
        (Target("x"), "layer", FEATURE.mean((0, 2, 3, 4))),
        (Target("x", 2), "channel", FEATURE[:, :, 2].mean((0, 2, 3))),
        (Target("x", 2, (3, 5)), "neuron", FEATURE[:, :, 2, 3, 5].mean(0)),
    ],
)
def test_its_activation(target: Target, kind: str, wanted: torch.Tensor) -> None:
    assert target.kind == kind
    torch.testing.assert_close(target.activation(FEATURE), wanted)


def test_layers_without_pixels_have_channels_too() -> None:
    flat = FEATURE[..., 0, 0]
    torch.testing.assert_close(Target("x", 1).activation(flat), flat[:, :, 1].mean(0))
    with pytest.raises(HarnessError, match="no rows and columns"):
        Target("x", 1, (0, 0)).activation(flat)


@pytest.mark.parametrize(
    ("channel", "position", "said"),
    [
        (3, None, "target channel: must be 0 … 2"),
        (-1, None, "target channel"),
        (0, (4, 0), "target row: must be 0 … 3"),
        (0, (0, 6), "target column: must be 0 … 5"),
    ],
)
def test_what_the_layer_lacks_is_refused(channel: int, position: object, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        Target("x", channel, position).activation(FEATURE)  # type: ignore[arg-type]


def test_a_neuron_needs_its_channel() -> None:
    with pytest.raises(HarnessError, match="needs its channel"):
        Target("x", None, (1, 1))
