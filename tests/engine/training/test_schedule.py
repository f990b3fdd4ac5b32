"""Learning rates against torch's own schedulers and by hand."""

from __future__ import annotations

import pytest
import torch

from harness.engine.training import Recipe
from harness.engine.training.steps import learning_rate


def rates(recipe: Recipe, steps: int) -> list[float]:
    return [
        learning_rate(recipe, epoch=epoch, step=step, steps_per_epoch=steps)
        for epoch in range(recipe.epochs)
        for step in range(steps)
    ]


def test_cosine_is_torchs_stepped_once_per_epoch() -> None:
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=10, eta_min=0)
    expected = []
    for _ in range(10):
        expected += [optimiser.param_groups[0]["lr"]] * 3
        optimiser.step()
        theirs.step()
    assert rates(Recipe(epochs=10), 3) == pytest.approx(expected)


def test_warm_up_is_linear_and_reaches_the_peak() -> None:
    for schedule in ("cosine", "one-cycle"):
        got = rates(Recipe(epochs=4, lr=1.0, warmup_epochs=2, schedule=schedule), 2)
        assert got[:5] == pytest.approx([0.04, 0.28, 0.52, 0.76, 1.0])


def test_one_cycle_falls_at_every_step_to_nearly_nothing() -> None:
    got = rates(Recipe(epochs=5, lr=0.1, warmup_epochs=0.5, schedule="one-cycle"), 20)
    peak = got.index(max(got))
    assert peak == 10
    assert got[peak:] == sorted(got[peak:], reverse=True)
    assert got[-1] < 1e-4


def test_the_rate_depends_on_nothing_but_its_place() -> None:
    recipe = Recipe(epochs=7, warmup_epochs=1)
    assert rates(recipe, 4)[11] == learning_rate(recipe, epoch=2, step=3, steps_per_epoch=4)
