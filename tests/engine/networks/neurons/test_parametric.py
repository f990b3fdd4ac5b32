"""Neurons that learn their decay."""

from __future__ import annotations

import math

import pytest
import torch

from harness.engine.lif import lif
from harness.engine.networks import resnet
from harness.errors import HarnessError
from harness.parts.neurons import Lif, Plif
from harness.parts.surrogates import Rectangle


def test_it_starts_as_the_lif_neuron_of_its_decay() -> None:
    folded = torch.randn(8, 50, generator=torch.Generator().manual_seed(0)) * 2
    for decay in (0.5, 0.75):
        plif, plain = (kind(decay=decay).layer() for kind in (Plif, Lif))
        assert torch.equal(plif(folded, 4), plain(folded, 4))


def test_the_parameter_is_the_logit_of_the_decay_and_has_its_gradient() -> None:
    """decay = sigmoid(w), so ∂L/∂w = ∂L/∂decay·decay·(1 − decay)."""
    layer = Plif(decay=0.8, surrogate=Rectangle()).layer()
    logit = dict(layer.named_parameters())["decay_logit"]
    assert logit.item() == pytest.approx(math.log(0.8 / 0.2))
    folded = torch.randn(6, 40, generator=torch.Generator().manual_seed(0)) * 2
    layer(folded, 3).sum().backward()
    decay = torch.tensor(0.8, requires_grad=True)
    spikes = lif(folded.view(3, 2, 40), decay=decay, threshold=1.0, surrogate="rectangle")
    spikes.sum().backward()  # type: ignore[no-untyped-call]
    assert logit.grad is not None and decay.grad is not None and decay.grad != 0
    torch.testing.assert_close(logit.grad, decay.grad * 0.8 * 0.2)


def test_each_layer_has_its_own_under_its_name_and_the_other_weights_stay() -> None:
    plif, plain = (resnet(8, base_width=2, neuron=kind).state_dict() for kind in ("plif", "lif"))
    own = {name for name in plif if name not in plain}
    layers = [f"s{stage}.b0.relu{number}" for stage in (1, 2, 3) for number in (1, 2)]
    assert own == {f"{layer}.decay_logit" for layer in [*layers, "relu"]}
    assert all(torch.equal(plif[name], plain[name]) for name in plain)


@pytest.mark.parametrize("decay", [0.0, 1.0])
def test_a_decay_that_no_logit_gives_is_refused(decay: float) -> None:
    with pytest.raises(HarnessError, match=r"neuron decay: must be (greater|less) than"):
        Plif(decay=decay)
