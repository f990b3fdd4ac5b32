"""Two layers in one pass: the same numbers, and every layer by itself where somebody listens."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor

from harness.engine.networks import Network, resnet, small, vgg
from harness.engine.networks import block as fusing
from harness.engine.norm import TdBatchNorm
from harness.engine.training.numerics import float32_products
from tests.interpreted import INTERPRETED, PLACE, kernels_run, require_interpreted_tests

pytest.importorskip("numba")

NETWORKS = {
    "resnet": lambda: resnet(8, base_width=8, classes=3, time_steps=3, fires_at_threshold=True),
    "vgg": lambda: vgg(13, base_width=4, classes=3, time_steps=3),
    "small": lambda: small(2, base_width=8, classes=3, time_steps=3),
    "plif": lambda: resnet(8, base_width=8, classes=3, time_steps=3, neuron="plif"),
    "relu": lambda: resnet(8, base_width=8, classes=3, neuron="relu", shortcut="rectified"),
}


def step(network: Network, layout: torch.memory_format) -> tuple[Tensor, dict[str, Tensor]]:
    images = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    network.train().to(memory_format=layout)  # type: ignore[call-overload]
    images = images.to(next(network.parameters()))
    logits = network(images.contiguous(memory_format=layout))
    logits.square().sum().backward()
    return logits.detach(), {
        name: parameter.grad
        for name, parameter in network.named_parameters()
        if parameter.grad is not None
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_and_gradients_are_those_of_layer_after_layer(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, grads = step(NETWORKS[name](), torch.channels_last)
    monkeypatch.setattr(fusing, "_can_fuse", lambda norm, folded: False)
    monkeypatch.setattr(fusing, "_neurons", lambda activation, folded, time_steps: None)
    expected, expected_grads = step(NETWORKS[name](), torch.channels_last)
    assert torch.equal(found, expected)
    for parameter, grad in grads.items():
        limit = 1e-4 * expected_grads[parameter].abs().max()
        assert (grad - expected_grads[parameter]).abs().max() <= limit, parameter


@pytest.mark.skipif(INTERPRETED, reason="is run by this very test")
def test_the_interpreted_tests_pass(root: Path) -> None:
    require_interpreted_tests(__file__, root, "on_cuda")


@kernels_run
@pytest.mark.parametrize("name", NETWORKS)
def test_on_cuda_norms_and_what_follows_them_are_one_pass(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same logits, gradients and running statistics as layer after layer, in float64."""
    calls: list[Tensor] = []
    run = TdBatchNorm.in_one_pass
    monkeypatch.setattr(
        TdBatchNorm,
        "in_one_pass",
        lambda norm, folded, *how: (calls.append(folded), run(norm, folded, *how))[1],
    )
    fused, plain = NETWORKS[name]().to(PLACE), NETWORKS[name]().to(PLACE).double()
    with float32_products("ieee"):
        found, grads = step(fused, torch.channels_last)
    assert len(calls) == {"vgg": 9, "small": 1}.get(name, 6)  # theirs begin with one that runs once
    expected, expected_grads = step(plain, torch.contiguous_format)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5)
    for parameter, grad in grads.items():
        limit = 1e-3 * expected_grads[parameter].abs().max()
        assert (grad - expected_grads[parameter]).abs().max() <= limit, parameter
    for one, other in zip(fused.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("listening", ["relu1", "conv1", "bn1", "relu2", "conv2", "bn2"])
def test_a_layer_with_a_hook_runs_by_itself(listening: str) -> None:
    network = NETWORKS["resnet"]().train().to(memory_format=torch.channels_last)
    heard: list[Tensor] = []
    layer = network.get_submodule(f"s1.b0.{listening}")
    layer.register_forward_hook(lambda module, inputs, output: heard.append(output))
    network(torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last))
    assert len(heard) == 1


@pytest.mark.parametrize("neuron", ["relu", "lif", "plif"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_network_that_is_of_another_precision_as_a_whole_trains(
    neuron: str, dtype: torch.dtype
) -> None:
    """Its parameters are no float32 numbers, which the kernels ask for."""
    torch.manual_seed(0)
    made = resnet(8, neuron=neuron, time_steps=2).to(dtype).train()
    dense = copy.deepcopy(made).to(memory_format=torch.channels_last)
    images = torch.randn(4, 3, 8, 8, dtype=dtype)
    plain = made(images)
    fast = dense(images.contiguous(memory_format=torch.channels_last))
    assert fast.dtype == dtype
    fast.sum().backward()
    assert all(one.grad is not None and one.grad.dtype == dtype for one in dense.parameters())
    torch.testing.assert_close(fast, plain, rtol=0.2, atol=0.2)


def test_every_kind_of_hook_is_heard() -> None:
    network = NETWORKS["resnet"]().train().to(memory_format=torch.channels_last)
    images = torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    layer = network.get_submodule("s1.b0.relu2")
    heard: list[str] = []
    everywhere = torch.nn.modules.module.register_module_forward_hook(
        lambda module, *_: heard.append("global") if module is layer else None
    )
    with everywhere:
        network(images)
    with layer.register_full_backward_pre_hook(lambda *_: heard.append("backward")):
        network(images).sum().backward()
    assert heard == ["global", "backward"]


def test_no_batch_norm_of_a_block_is_called_where_it_is_fused() -> None:
    network = NETWORKS["resnet"]().train().to(memory_format=torch.channels_last)
    called: list[str] = []
    for name, layer in network.named_modules():
        if isinstance(layer, TdBatchNorm):
            layer.forward = lambda x, name=name, run=layer.forward: (called.append(name), run(x))[1]  # type: ignore[method-assign]
    network(torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last))
    assert called == ["bn1", "s2.b0.ds.2", "s3.b0.ds.2"]


def test_the_spikes_before_the_convolutions_are_not_kept() -> None:
    """What a block keeps for the backward pass: two tensors less than layer after layer."""
    network = NETWORKS["resnet"]().train().to(memory_format=torch.channels_last)
    block = network.get_submodule("s1.b0")
    kept: set[int] = set()

    def keep(tensor: Tensor) -> Tensor:
        if tensor.dim() >= 4 and tensor.numel() == folded.numel():
            kept.add(tensor.untyped_storage().data_ptr())
        return tensor

    folded = torch.randn(6, 8, 8, 8).contiguous(memory_format=torch.channels_last)
    folded.requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        block(folded, 3)
    # the block's input, and what each of the two convolutions gave
    assert len(kept) == 3
