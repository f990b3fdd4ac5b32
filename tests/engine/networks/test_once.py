"""The first layers of a static image once instead of at each step: what a GPU does, in float64."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from harness.engine.networks import Network, block, layers, plain, resnet, small, vgg

NETWORKS: dict[str, Callable[[], Network]] = {
    "resnet": lambda: resnet(8, base_width=4, classes=3, time_steps=3),
    "one step": lambda: resnet(8, base_width=4, classes=3, time_steps=3, one_step_stages=(2,)),
    "vgg": lambda: vgg(13, base_width=2, classes=3, time_steps=3),
    "small": lambda: small(2, base_width=4, classes=3, time_steps=3),
    "first at one step": lambda: resnet(8, base_width=4, time_steps=3, one_step_stages=(1,)),
    "relu": lambda: resnet(8, base_width=4, classes=3, neuron="relu"),
}


def step(network: Network, images: Tensor) -> list[Tensor]:
    """Logits, gradients and running statistics of a step in training, and logits in evaluation."""
    network.double().train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    logits = network(images)
    logits.square().sum().backward()
    grads = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    return [logits.detach(), *grads, *network.buffers(), network.eval()(images).detach()]


@pytest.mark.parametrize("name", NETWORKS)
def test_numbers_statistics_and_gradients_are_those_of_all_steps(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)).double()
    images = images.contiguous(memory_format=torch.channels_last)
    expected = step(NETWORKS[name](), images)
    network = NETWORKS[name]()
    first = next(one for one in network.modules() if isinstance(one, torch.nn.Conv2d))
    seen: list[int] = []
    conv = first.forward
    monkeypatch.setattr(first, "forward", lambda x: (seen.append(len(x)), conv(x))[1])
    for module in (block, layers):
        monkeypatch.setattr(module, "on_gpu", lambda tensor: True)
    monkeypatch.setattr(block, "_on_cuda", lambda norm, folded: False)
    found = step(network, images)
    assert seen == [4, 4]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_who_listens_to_them_sees_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block, "on_gpu", lambda tensor: True)
    network, seen = NETWORKS["resnet"](), []
    network.get_submodule("bn1").register_forward_hook(lambda m, i, out: seen.append(len(out)))
    network.eval()(torch.randn(4, 3, 8, 8))
    assert seen == [3 * 4]


def test_frames_differ_and_all_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plain.runs_once is block.runs_once
    monkeypatch.setattr(block, "on_gpu", lambda tensor: True)
    assert not block.runs_once(torch.ones(3, 4, 3, 8, 8), 3)
    assert block.runs_once(torch.ones(4, 3, 8, 8), 3)
