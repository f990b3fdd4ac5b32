"""Recomputed blocks: the same bits for less memory, and no statistic moved twice."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from harness.engine.networks import resnet
from harness.engine.training import train
from harness.engine.training.recompute import recomputed_blocks
from harness.errors import HarnessError
from tests.engine.training.cases import RECIPE, images, network

DRAW = torch.Generator().manual_seed(0)
INPUTS = torch.randn(6, 3, 8, 8, generator=DRAW)
LABELS = torch.arange(6) % 3


def one_step(
    neuron: str, wanted: bool, precision: torch.dtype | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss, and every gradient and running statistic after one forward and backward pass."""
    made = network(neuron).train()
    with recomputed_blocks(made, wanted):
        with torch.autocast("cpu", dtype=precision, enabled=precision is not None):
            logits = made(INPUTS)
        loss = cross_entropy(logits.float(), LABELS)
        loss.backward()  # type: ignore[no-untyped-call]
    found = {f"grad {name}": weights.grad for name, weights in made.named_parameters()}
    assert all(grad is not None for grad in found.values())
    return loss.detach(), {**found, **dict(made.named_buffers())}  # type: ignore[dict-item]


@pytest.mark.parametrize("precision", [None, torch.bfloat16])
@pytest.mark.parametrize("neuron", ["relu", "lif"])
def test_loss_gradients_and_running_statistics_are_equal_bit_for_bit(
    neuron: str, precision: torch.dtype | None
) -> None:
    plain_loss, plain = one_step(neuron, False, precision)
    loss, found = one_step(neuron, True, precision)
    assert torch.equal(loss, plain_loss) and found.keys() == plain.keys()
    for name, tensor in plain.items():
        assert torch.equal(found[name], tensor), name
    assert any("running_var" in name for name in found)


def test_a_whole_training_is_equal_bit_for_bit() -> None:
    plain, saving = network(), network()
    history = train(plain, images(), RECIPE, seed=0)
    recipe = RECIPE.model_copy(update={"checkpoint_activations": True})
    same = train(saving, images(), recipe, seed=0)
    assert [row.train_loss for row in same.epochs] == [row.train_loss for row in history.epochs]
    weights = saving.state_dict()
    for name, tensor in plain.state_dict().items():
        assert torch.equal(weights[name], tensor), name


def test_a_statistic_that_became_infinite_says_so_and_is_not_moved_again() -> None:
    made = network("relu").train()
    layer = made.get_submodule("s2.b0.bn1")
    with recomputed_blocks(made):
        loss = cross_entropy(made(INPUTS * 1e25), LABELS)
        after_forward = layer.get_buffer("running_var").clone()
        loss.backward()  # type: ignore[no-untyped-call]
    assert torch.equal(layer.get_buffer("running_var"), after_forward)


def kept_bytes(wanted: bool, time_steps: int) -> int:
    """What autograd holds between forward and backward."""
    made = resnet(14, base_width=4, time_steps=time_steps, seed=0).train()
    weights = {parameter.data_ptr() for parameter in made.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in weights:
            kept[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with (
        recomputed_blocks(made, wanted),
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
    ):
        held = made(INPUTS)  # alive, so that no address is used twice
    assert held.requires_grad
    return sum(kept.values())


def test_only_the_inputs_of_blocks_are_kept() -> None:
    # inside a block five more tensors of its size are kept (two spikes, two norms' inputs, current)
    assert kept_bytes(True, 16) < 0.35 * kept_bytes(False, 16)


def test_evaluation_and_what_comes_after_are_plain() -> None:
    made = network()
    before = made.eval()(INPUTS)
    with recomputed_blocks(made):
        assert torch.equal(made(INPUTS), before)
        assert "forward" in vars(made.blocks()[0])
    assert "forward" not in vars(made.blocks()[0])
    assert repr(made) == repr(network())


def test_a_network_without_blocks_is_refused() -> None:
    with (
        pytest.raises(HarnessError, match="a Linear has no blocks"),
        recomputed_blocks(nn.Linear(2, 2)),
    ):
        pass
