"""Recipes refuse numbers that cannot train."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.engine.training import Recipe
from harness.errors import HarnessError
from harness.parts.base import identity


def test_the_defaults_are_the_papers() -> None:
    recipe = Recipe()
    assert (recipe.epochs, recipe.batch, recipe.lr, recipe.weight_decay) == (300, 256, 0.1, 1e-4)
    assert (recipe.schedule, recipe.crop_padding, recipe.flip) == ("cosine", 4, True)
    assert (recipe.warmup_epochs, recipe.gradient_clip, recipe.label_smoothing) == (0, 0, 0)
    assert (recipe.micro_batch, recipe.checkpoint_activations) == (0, False)


@pytest.mark.parametrize(
    "fault",
    [
        {"epochs": -1},
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
        {"optimizer": "adam"},
        {"betas": (0.9, 1.0)},
        {"eps": 0.0},
    ],
    ids=str,
)
def test_each_fault_names_its_field(fault: dict[str, Any]) -> None:
    with pytest.raises(HarnessError, match=f"recipe:? {next(iter(fault))}"):
        Recipe(**fault)


def test_numbers_that_play_no_part_tell_no_two_runs_apart() -> None:
    adamw = Recipe(optimizer="adamw", momentum=0.9, nesterov=True, betas=(0.8, 0.95))
    assert (adamw.momentum, adamw.nesterov, adamw.betas) == (0.0, False, (0.8, 0.95))
    sgd = Recipe(momentum=0.9, nesterov=True, betas=(0.8, 0.95), eps=1e-3)
    assert (sgd.momentum, sgd.nesterov) == (0.9, True)
    assert sgd == Recipe(momentum=0.9, nesterov=True)
    assert Recipe(untrained_norm="initial") == Recipe()
    assert Recipe(untrained_norm="initial", epochs=0) != Recipe(epochs=0)


def test_sgd_names_its_momentum_and_adamw_need_not() -> None:
    said = {"epochs": 1, "batch": 8, "lr": 0.1, "weight_decay": 0}
    with pytest.raises(ValidationError, match="momentum is missing"):
        Recipe.model_validate(said)
    assert Recipe.model_validate({**said, "optimizer": "adamw"}).momentum == 0.0


def test_a_recipe_of_sgd_is_identified_by_what_it_was_before_there_was_another() -> None:
    younger = {"optimizer", "betas", "eps", "untrained_norm", "kept_epoch"}
    assert identity(Recipe()).keys() == Recipe.model_fields.keys() - younger
    said = identity(Recipe(optimizer="adamw", betas=(0.8, 0.95)))
    assert (said["optimizer"], said["betas"]) == ("adamw", [0.8, 0.95])
