"""Learning rate as a pure function of epoch and step."""

from __future__ import annotations

import math

from harness.parts.recipe import Recipe

_WARMUP_START = 1.0 / 25.0  # of the peak, as in torch's OneCycleLR


def learning_rate(recipe: Recipe, *, epoch: int, step: int, steps_per_epoch: int) -> float:
    """The rate of one step; epochs and steps count from 0.

    Warm-up, in both schedules: linear from lr/25 to lr over `warmup_epochs`, step by step. After it
    the cosine ½·lr·(1 + cos(π·x)), where x runs from 0 to 1 over the epochs that are left: "cosine"
    advances x once per epoch, as the published code does (torch CosineAnnealingLR, eta_min 0),
    "one-cycle" at every step, so that the last steps are near 0.
    """
    now = epoch + step / steps_per_epoch
    if now < recipe.warmup_epochs:
        return recipe.lr * (_WARMUP_START + (1.0 - _WARMUP_START) * now / recipe.warmup_epochs)
    if recipe.schedule == "cosine":
        now = max(float(epoch), recipe.warmup_epochs)
    x = (now - recipe.warmup_epochs) / (recipe.epochs - recipe.warmup_epochs)
    return 0.5 * recipe.lr * (1.0 + math.cos(math.pi * x))
