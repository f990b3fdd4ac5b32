"""Residual networks against the same written out step by step: shortcuts, time steps, frames."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from harness.engine.networks import ResNet, resnet
from harness.engine.networks.hooks import record
from harness.errors import HarnessError
from tests.engine.networks.slow import slow_logits

STAGES = [(), (1,), (2,), (3,), (1, 2), (2, 3), (1, 3), (1, 2, 3)]


def network(depth: int = 14, **choice: Any) -> ResNet:
    """In float64, where no rounding flips a spike, and with batch norms that are not 1 and 0."""
    made = resnet(depth, base_width=4, time_steps=3, **choice).double()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "bn" in name or ".ds.2" in name:
                parameter += torch.randn(parameter.shape, generator=generator) * 0.3
    return made


def images(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(*shape, 3, 8, 8, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("single", STAGES)
def test_static_images_with_stages_of_one_step(single: tuple[int, ...]) -> None:
    made, shown = network(one_step_stages=single), images(4)
    expected = slow_logits(made, [shown] * 3, spiking=True, single=single)
    torch.testing.assert_close(made(shown), expected)


@pytest.mark.parametrize("single", STAGES)
def test_frames_are_averaged_before_a_first_stage_of_one_step(single: tuple[int, ...]) -> None:
    made, frames = network(one_step_stages=single), images(5, 4)
    expected = slow_logits(made, list(frames), spiking=True, single=single)
    torch.testing.assert_close(made(frames), expected)


@pytest.mark.parametrize("neuron", ["lif", "relu"])
@pytest.mark.parametrize("without", [(), (1, 2, 3), (2,), (1, 3)])
def test_shortcuts(neuron: str, without: tuple[int, ...]) -> None:
    made, shown = network(neuron=neuron, stages_without_shortcut=without), images(4)
    steps = [shown] * (3 if neuron == "lif" else 1)
    expected = slow_logits(made, steps, spiking=neuron == "lif", without=without)
    torch.testing.assert_close(made(shown), expected)


def test_the_rectified_shortcut() -> None:
    made, shown = network(neuron="relu", shortcut="rectified"), images(4)
    expected = slow_logits(made, [shown], spiking=False, rectified=True)
    torch.testing.assert_close(made(shown), expected)
    assert not torch.allclose(expected, slow_logits(made, [shown], spiking=False))


def test_an_artificial_network_averages_frames_too() -> None:
    made, frames = network(neuron="relu", one_step_stages=(3,)), images(5, 4)
    expected = slow_logits(made, list(frames), spiking=False, single=(3,))
    torch.testing.assert_close(made(frames), expected)


def test_layers_of_a_reduced_stage_run_once_and_the_others_at_each_step() -> None:
    features = dict(record(network(20, one_step_stages=(1,)), images(2)))
    steps = {name: len(feature) for name, feature in features.items()}
    once = {name for name in steps if name.startswith("s1.") or name in ("conv1", "bn1")}
    assert {name for name, count in steps.items() if count == 1} == once
    assert {count for name, count in steps.items() if name not in once} == {3}


def test_the_classifier_sees_one_step_after_a_reduced_last_stage() -> None:
    made, rows = network(one_step_stages=(3,)), []
    made.fc.register_forward_hook(lambda layer, inputs, output: rows.append(len(output)))
    made(images(4))
    assert rows == [4]


def test_reduced_stages_have_the_weights_of_the_others() -> None:
    full, reduced = network().state_dict(), network(one_step_stages=(1, 3)).state_dict()
    assert full.keys() == reduced.keys()
    assert all(torch.equal(full[name], reduced[name]) for name in full)


@pytest.mark.parametrize("single", [(0,), (4,), (1, 5)])
def test_there_are_three_stages(single: tuple[int, ...]) -> None:
    with pytest.raises(HarnessError, match="one_step_stages"):
        resnet(8, one_step_stages=single)
