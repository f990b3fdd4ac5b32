"""Recipes refuse numbers that cannot train."""

from __future__ import annotations

from typing import Any

import pytest

from harness.engine.training import Recipe
from harness.errors import HarnessError


def test_the_defaults_are_the_papers() -> None:
    recipe = Recipe()
    assert (recipe.epochs, recipe.batch, recipe.lr, recipe.weight_decay) == (300, 256, 0.1, 1e-4)
    assert (recipe.schedule, recipe.crop_padding, recipe.flip) == ("cosine", 4, True)
    assert (recipe.warmup_epochs, recipe.gradient_clip, recipe.label_smoothing) == (0, 0, 0)
    assert (recipe.micro_batch, recipe.checkpoint_activations) == (0, False)


@pytest.mark.parametrize(
    "fault",
    [
        {"epochs": 0},
        {"batch": 0},
        {"lr": 0.0},
        {"lr": float("nan")},
        {"momentum": 1.0},
        {"weight_decay": -1e-4},
        {"gradient_clip": -1.0},
        {"label_smoothing": 1.0},
        {"warmup_epochs": 300.0},
        {"crop_padding": -1},
        {"micro_batch": -1},
        {"schedule": "linear"},
        {"nesterov": True, "momentum": 0.0},
    ],
    ids=str,
)
def test_each_fault_names_its_field(fault: dict[str, Any]) -> None:
    with pytest.raises(HarnessError, match=f"recipe:? {next(iter(fault))}"):
        Recipe(**fault)
