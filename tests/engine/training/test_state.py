"""One step: its gradient added up over micro batches is that of the whole batch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.engine.norm import TdBatchNorm
from harness.engine.training import Recipe, train
from harness.engine.training.numerics import determinism
from harness.engine.training.state import TrainingState, optimiser_of
from tests.engine.training.cases import OPTIMISERS, RECIPE, images, network

DRAW = torch.Generator().manual_seed(0)
INPUTS = torch.randn(10, 3, 8, 8, generator=DRAW)
LABELS = torch.arange(10) % 3


class _Plain(nn.Module):
    """No batch norm: no image knows of another."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(192, 3)
        with torch.no_grad():
            nn.init.normal_(self.fc.weight, generator=torch.Generator().manual_seed(1))
            nn.init.zeros_(self.fc.bias)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.fc(images.flatten(1))
        return logits


def _with_fixed_statistics() -> nn.Module:
    made = network()
    for layer in made.modules():
        if isinstance(layer, TdBatchNorm):
            layer.register_forward_pre_hook(lambda layer, inputs: layer.eval() and None)
    return made


def one_step(made: nn.Module, micro_batch: int) -> tuple[float, int, dict[str, Tensor]]:
    recipe = Recipe(lr=0.1, momentum=0.0, micro_batch=micro_batch, label_smoothing=0.1)
    state = TrainingState(made, recipe, torch.device("cpu"), "f32")
    loss, right = state.step(INPUTS, LABELS, 0.1)
    return loss.item(), int(right), {name: t.clone() for name, t in made.state_dict().items()}


@pytest.mark.parametrize("micro_batch", [1, 3, 4, 5, 10, 64])
@pytest.mark.parametrize("make", [_Plain, _with_fixed_statistics])
def test_without_batch_statistics_it_is_the_whole_batchs_step(
    make: type[nn.Module], micro_batch: int
) -> None:
    loss, right, weights = one_step(make(), micro_batch)
    whole_loss, whole_right, whole = one_step(make(), 0)
    assert loss == pytest.approx(whole_loss, rel=1e-6) and right == whole_right
    for name, tensor in whole.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-6)
    if micro_batch >= 10:
        assert loss == whole_loss


@pytest.mark.parametrize("nesterov", [False, True])
def test_two_steps_by_hand(nesterov: bool) -> None:
    """v ← m·v + (∇L + λ·w);  w ← w − lr·v, or with Nesterov w − lr·(∇L + λ·w + m·v)."""
    recipe = Recipe(momentum=0.5, nesterov=nesterov, weight_decay=0.25)
    made = _Plain()
    state = TrainingState(made, recipe, torch.device("cpu"), "f32")
    weight, velocity = made.fc.weight.detach().clone(), torch.zeros(3, 192)
    flat, target = INPUTS.flatten(1), torch.eye(3)[LABELS]
    for lr in (0.125, 0.0625):
        wrong = torch.softmax(flat @ weight.T + made.fc.bias.detach(), 1) - target
        gradient = wrong.T @ flat / len(flat) + 0.25 * weight
        velocity = 0.5 * velocity + gradient
        weight = weight - lr * (gradient + 0.5 * velocity if nesterov else velocity)
        state.step(INPUTS, LABELS, lr)
        torch.testing.assert_close(made.fc.weight.detach(), weight, rtol=1e-5, atol=1e-6)


def test_adamw_is_torchs() -> None:
    how: dict[str, Any] = {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.25}
    found, plain = _Plain(), _Plain()
    recipe = Recipe(optimizer="adamw", **how)
    state = TrainingState(found, recipe, torch.device("cpu"), "f32")
    reference = torch.optim.AdamW(plain.parameters(), foreach=False, **how)
    for lr in (0.125, 0.0625, 0.03):
        state.step(INPUTS, LABELS, lr)
        reference.param_groups[0]["lr"] = lr
        reference.zero_grad()
        nn.functional.cross_entropy(plain(INPUTS), LABELS).backward()
        reference.step()
        for name, one in plain.state_dict().items():
            torch.testing.assert_close(found.state_dict()[name], one, rtol=1e-6, atol=1e-7)


def test_batch_statistics_are_each_micro_batchs_own() -> None:
    found, by_hand = network("relu"), network("relu")
    loss, _, _ = one_step(found, 5)
    with torch.no_grad():
        by_hand.train()
        halves = [
            nn.functional.cross_entropy(by_hand(some), labels, label_smoothing=0.1).item()
            for some, labels in zip(INPUTS.split(5), LABELS.split(5), strict=True)
        ]
    assert loss == pytest.approx(sum(halves) / 2, rel=1e-6)
    torch.testing.assert_close(  # two updates, in order; channels lie last in one of the two
        found.bn1.running_mean, by_hand.bn1.running_mean, rtol=1e-6, atol=1e-8
    )
    assert loss != pytest.approx(one_step(network("relu"), 0)[0], rel=1e-4)


def test_parts_are_equal_to_one_image() -> None:
    sizes: list[int] = []
    made = _Plain()
    made.register_forward_pre_hook(lambda layer, inputs: sizes.append(len(inputs[0])))
    one_step(made, 4)
    assert sizes == [4, 3, 3]  # and not 4, 4, 2: small parts have poor statistics


@pytest.mark.parametrize("precision", ["f32", "fp16"])
def test_a_training_in_micro_batches_repeats_itself(precision: str) -> None:
    recipe = RECIPE.model_copy(
        update={"micro_batch": 6, "gradient_clip": 1.0, "precision": precision}
    )
    first = train(network(), images(), recipe, seed=0)
    again = train(network(), images(), recipe, seed=0)
    assert [row.train_loss for row in first.epochs] == [row.train_loss for row in again.epochs]
    whole = recipe.model_copy(update={"micro_batch": 0})
    other = train(network(), images(), whole, seed=0)
    assert [row.train_loss for row in first.epochs] != [row.train_loss for row in other.epochs]


@pytest.mark.parametrize("optimiser", [{"momentum": 0.5}, OPTIMISERS[1]], ids=str)
def test_a_fused_first_step_that_overflows_leaves_no_trace(optimiser: dict[str, Any]) -> None:
    """GradScaler passes over it on the device, where the fused kernel would leave its momentum as
    the memory was.
    """
    recipe = Recipe(**{"lr": 0.1, "weight_decay": 0.25} | optimiser)
    found, plain = _Plain(), _Plain()
    states = [TrainingState(one, recipe, torch.device("cpu"), "f32") for one in (found, plain)]
    states[0].optimiser = optimiser_of(found, recipe, fused=True)
    states[0].scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    before = found.fc.weight.detach().clone()
    with determinism(True):  # and with NaN wherever memory is not initialised
        torch.utils.deterministic.fill_uninitialized_memory = True
        states[0].step(INPUTS * float("inf"), LABELS, 0.1)
    assert torch.equal(found.fc.weight, before)
    for lr in (0.1, 0.05):
        for state in states:
            state.step(INPUTS, LABELS, lr)
    torch.testing.assert_close(found.fc.weight, plain.fc.weight, rtol=1e-5, atol=1e-6)


def test_a_rate_on_the_device_is_the_rate() -> None:
    once, again = _Plain(), _Plain()
    for made, lr in ((once, 0.1), (again, torch.tensor(0.1, dtype=torch.float64))):
        state = TrainingState(made, Recipe(momentum=0.5), torch.device("cpu"), "f32")
        state.step(INPUTS, LABELS, lr)
    assert torch.equal(once.fc.weight, again.fc.weight)
