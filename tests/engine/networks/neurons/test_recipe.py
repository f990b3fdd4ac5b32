"""Activations, called alike."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from harness.engine.lif import lif
from harness.engine.networks.neurons import neuron_of
from harness.errors import HarnessError
from harness.parts.neurons import Neuron


def layer_of(kind: str, **numbers: Any) -> nn.Module:
    return neuron_of(kind, numbers).layer()


def test_lif_folds_time_into_the_batch_and_keeps_no_state() -> None:
    folded = torch.randn(6, 5) * 2
    layer = layer_of("lif", surrogate="rectangle")
    expected = lif(folded.view(3, 2, 5), decay=0.5, threshold=1.0, surrogate="rectangle")
    for _ in range(2):
        assert torch.equal(layer(folded, 3).view(3, 2, 5), expected)
    assert not list(layer.state_dict())


def test_if_is_lif_that_forgets_nothing() -> None:
    folded = torch.full((4, 3), 0.4)
    for reset, spikes in (("hard", [0, 0, 1, 0]), ("soft", [0, 0, 1, 0])):
        layer = layer_of("if", reset=reset)
        assert layer(folded, 4)[:, 0].tolist() == spikes
    # 1.6 fires: the hard reset forgets 0.6, the soft one keeps it and fires again at 0.6 + 0.8
    folded = torch.full((3, 2), 0.8)
    assert layer_of("if")(folded, 3)[:, 0].tolist() == [0, 1, 0]
    assert layer_of("if", reset="soft")(folded, 3)[:, 0].tolist() == [0, 1, 1]


def test_every_kind_is_called_alike() -> None:
    for kind in (one for one in Neuron.kinds if ":" not in one):  # not those of other tests
        assert layer_of(kind)(torch.randn(6, 4), 3).shape == (6, 4)
        assert neuron_of(kind, {}).is_spiking == ("relu" not in kind)


def test_relu_is_relu() -> None:
    assert layer_of("relu")(torch.tensor([-1.0, 2.0]), 1).tolist() == [0.0, 2.0]


def test_its_description_names_every_number() -> None:
    text = repr(layer_of("lif", decay=0.25, surrogate="dspike", fires_at_threshold=True))
    for part in ("decay=0.25", "temperature=3.0", "fires_at_threshold=True", "detach_reset=False"):
        assert part in text


@pytest.mark.parametrize("name", ["decay", "threshold"])
@pytest.mark.parametrize("kind", ["lif", "plif"])
def test_a_tensor_that_would_be_no_parameter_of_the_network_is_refused(
    kind: str, name: str
) -> None:
    numbers = {name: torch.tensor(0.5, requires_grad=True)}
    with pytest.raises(HarnessError, match=f"neuron {name}: must be a number"):
        neuron_of(kind, numbers)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(HarnessError, match=r"known: .*if, .*lif, .*relu"):
        neuron_of("izhikevich", {})
