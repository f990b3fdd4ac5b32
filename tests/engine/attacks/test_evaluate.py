"""Accuracy under attack: in batches, in order, the same each time."""

from __future__ import annotations

import pytest
import torch

from harness.engine.attacks import accuracy_under_attack, attacked_batches, pgd
from harness.engine.training import Recipe, accuracy, train
from harness.errors import HarnessError
from harness.parts.attacks import Pgd
from tests.engine.attacks.cases import DATA, LABELS, NORMAL, network, state
from tests.engine.training.cases import images
from tests.engine.training.cases import network as learner

PIXELS = DATA.test_images
EPSILONS = (0.0, 0.01, 0.2)


def test_accuracy_falls_from_that_of_the_clean_images() -> None:
    data, made = images(), learner("relu")
    history = train(made, data, Recipe(epochs=12, batch=12, lr=0.1, crop_padding=0), seed=0)
    split = (data.test_images, data.test_labels, history.normalisation)
    clean, weak, strong = accuracy_under_attack(made, *split, Pgd(), epsilons=(0, 0.05, 2))
    assert clean == accuracy(made, *split) > 90
    assert clean >= weak > strong
    assert strong < 10


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_it_counts_the_answers_to_what_pgd_gives(mode: str) -> None:
    made = network()
    settings = Pgd(iterations=3, step=0.5, accuracy_mode=mode, units="pixel", clip=True)  # type: ignore[arg-type]
    right = 0
    for pixels, labels in zip(PIXELS.split(10), LABELS.split(10), strict=True):
        moved = pgd(
            made, NORMAL(pixels), labels, normalisation=NORMAL, epsilon=0.1, step=0.05,
            iterations=3, mode=mode,
        )  # fmt: skip
        right += int((made(moved).argmax(1) == labels).sum())
    got = accuracy_under_attack(made, PIXELS, LABELS, NORMAL, settings, epsilons=[0.1], batch=10)
    assert got == (pytest.approx(100 * right / len(LABELS)),)


def test_batches_do_not_matter_in_evaluation_mode() -> None:
    made = network()
    whole, parts = (
        accuracy_under_attack(made, PIXELS, LABELS, NORMAL, Pgd(), epsilons=EPSILONS, batch=size)
        for size in (24, 7)
    )
    assert whole == parts


def test_the_same_call_gives_the_same_numbers_and_the_seed_counts() -> None:
    made, attack = network(), Pgd(iterations=2, random_start=True)

    def first(seed: int) -> torch.Tensor:
        batches = attacked_batches(made, PIXELS, LABELS, NORMAL, attack, epsilon=0.1, seed=seed)
        return next(batches).attacked

    assert torch.equal(first(0), first(0))
    assert not torch.equal(first(0), first(1))


def test_batches_pair_each_image_with_its_attacked_self() -> None:
    made = network()
    batches = list(attacked_batches(made, PIXELS, LABELS, NORMAL, Pgd(), epsilon=0.05, batch=10))
    assert [len(batch.labels_B) for batch in batches] == [10, 10, 4]
    assert torch.equal(torch.cat([batch.clean for batch in batches]), NORMAL(PIXELS))
    for batch in batches:
        assert 0.04 < float((batch.attacked - batch.clean).abs().max()) <= 0.05 + 1e-6


def test_each_batch_has_its_own_random_start() -> None:
    attack = Pgd(iterations=1, step=1e-6, random_start=True)
    twice, labels = torch.cat([PIXELS, PIXELS]), torch.cat([LABELS, LABELS])
    first, second = attacked_batches(
        network(), twice, labels, NORMAL, attack, epsilon=0.1, batch=len(PIXELS)
    )
    assert torch.equal(first.clean, second.clean)
    assert not torch.equal(first.attacked, second.attacked)


def test_steps_are_fractions_of_the_strength() -> None:
    attack = Pgd(iterations=2, step=0.25)
    (batch,) = attacked_batches(network(), PIXELS, LABELS, NORMAL, attack, epsilon=0.1)
    assert float((batch.attacked - batch.clean).abs().max()) == pytest.approx(0.05, abs=1e-6)


def test_the_network_is_left_as_it_was_even_by_batches_not_asked_for() -> None:
    made = network().train()
    before = state(made)
    next(attacked_batches(made, PIXELS, LABELS, NORMAL, Pgd(), epsilon=0.1, mode="train", batch=5))
    accuracy_under_attack(made, PIXELS, LABELS, NORMAL, Pgd(accuracy_mode="train"), epsilons=[0.1])
    assert made.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in made.state_dict().items())


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(HarnessError, match="attack batch"):
        next(attacked_batches(network(), PIXELS, LABELS, NORMAL, Pgd(), epsilon=0.1, batch=0))


class _Without(torch.nn.Module):
    """A network without input gradient for so few images."""

    def __init__(self, images: int) -> None:
        super().__init__()
        self.images, self.made = images, network()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        known = len(inputs) > self.images
        return self.made(inputs if known else inputs.detach())  # type: ignore[no-any-return]


@pytest.mark.parametrize("start", [False, True])
def test_a_batch_that_stays_is_told_where_every_one_does(start: bool) -> None:
    settings = Pgd(iterations=2, random_start=start)
    split = (PIXELS, LABELS, NORMAL, settings)
    some = list(attacked_batches(_Without(3), *split, epsilon=0.2, batch=7))  # of 7, 7, 7, 3
    every = list(attacked_batches(_Without(0), *split, epsilon=0.2, batch=7))
    assert all(
        torch.equal(a.attacked, b.attacked) for a, b in zip(some[:3], every[:3], strict=True)
    )
    assert not torch.equal(some[3].attacked, every[3].attacked)
    assert torch.equal(some[3].attacked, some[3].clean) is not start
    with pytest.raises(HarnessError, match="gradient of the loss is 0 everywhere"):
        accuracy_under_attack(_Without(24), *split, epsilons=[0.2], batch=7)
