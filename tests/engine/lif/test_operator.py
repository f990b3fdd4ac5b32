"""Networks under torch.compile: the spikes of the neurons are those of the plain pass."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from harness.engine.networks import Network, resnet
from harness.engine.networks.neurons import neuron_of
from harness.parts.neurons import Neuron, Spiking

NEURONS: dict[str, dict[str, Any]] = {
    "lif": {},
    "soft": {"neuron": "lif", "reset": "soft", "fires_at_threshold": True},
    "plif": {"neuron": "plif"},
}


def run(network: Network, compiled: bool) -> tuple[Tensor, list[Tensor]]:
    """Logits and gradients of a step in training."""
    images = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 3
    network.train()
    forward: Any = torch.compile(network, backend="aot_eager") if compiled else network
    logits = forward(images)
    logits.square().sum().backward()
    return logits.detach(), [p.grad for p in network.parameters() if p.grad is not None]


@pytest.mark.parametrize("name", NEURONS)
def test_a_compiled_network_gives_the_same_numbers(name: str) -> None:
    """By the compiler's front end, which traces all but the operator, with torch's own kernels
    behind it: every bit is to be the same.
    """
    made = [resnet(8, base_width=4, time_steps=3, **NEURONS[name]) for _ in range(2)]
    (found, grads), (expected, expected_grads) = run(made[0], True), run(made[1], False)
    assert torch.equal(found, expected)
    for grad, other in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(grad, other, rtol=1e-5, atol=1e-6)
    assert torch._dynamo.utils.counters["graph_break"] == {}


def test_a_neuron_with_a_step_of_its_own_is_left_alone_by_the_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Neuron, "kinds", dict(Neuron.kinds))
    traced: list[bool] = []

    class Watched(Spiking):
        def step(self, current: Tensor, state: Any, spike: Any) -> tuple[Tensor, Any]:
            traced.append(torch.compiler.is_compiling())
            return spike(current - self.threshold), state

    neuron = Watched(kind="watched", time_steps=2)
    network = resnet(8, base_width=4, neuron=neuron)
    run(network, True)
    assert traced
    assert not any(traced)


@pytest.mark.parametrize(
    ("kind", "dtype"), [("lif", torch.bfloat16), ("plif", torch.float32), ("plif", torch.float64)]
)
def test_the_operator_is_what_torch_asks_of_one(kind: str, dtype: torch.dtype) -> None:
    """Its shapes, strides and gradients, of any memory order; float64 runs in plain torch."""
    from harness.engine.lif import operator

    draw = torch.Generator().manual_seed(0)
    current = torch.randn(4, 2, 3, 5, generator=draw, dtype=dtype).transpose(1, 3)
    decay = torch.tensor(0.5, requires_grad=True) if kind == "plif" else None
    said = neuron_of(kind, {}).model_dump_json()
    arguments = (current.requires_grad_(), decay, said, dtype)
    torch.library.opcheck(operator.fire, arguments)
