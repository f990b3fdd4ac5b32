"""A mode for a while: every layer's own mode and every statistic come back."""

from __future__ import annotations

import pytest
import torch

from harness.engine.networks import resnet
from harness.engine.networks.hooks import in_mode
from harness.errors import HarnessError

IMAGES = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("broken", [True, False])
def test_modes_and_statistics_come_back(mode: str, before: bool, broken: bool) -> None:
    network = resnet(8, base_width=2, neuron="relu").train(before)
    network.get_submodule("bn1").train(not before)  # a layer of its own mind
    modes = [layer.training for layer in network.modules()]
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    try:
        with in_mode(network, mode):
            assert {layer.training for layer in network.modules()} == {mode == "train"}
            network(IMAGES)
            if broken:
                raise ValueError
    except ValueError:
        assert broken
    assert [layer.training for layer in network.modules()] == modes
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())


def test_drifting_leaves_the_statistics_that_training_leaves() -> None:
    network, trained = (resnet(8, base_width=2, neuron="relu").eval() for _ in range(2))
    trained.load_state_dict(network.state_dict())
    with in_mode(network, "drifting"):
        network(IMAGES)
    trained.train()(IMAGES)
    assert not network.training
    for name, tensor in trained.state_dict().items():
        assert torch.equal(tensor, network.state_dict()[name]), name


def test_another_mode_is_refused_and_changes_nothing() -> None:
    network = resnet(8, base_width=2)
    with pytest.raises(HarnessError, match="network mode: unknown name"), in_mode(network, "test"):
        pass
    assert network.training
