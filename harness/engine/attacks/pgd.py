"""Projected gradient descent in the L∞ ball (Madry et al. 2017; paper eq. 5), and its one step, the
fast gradient sign method (Goodfellow et al. 2015).

Legend: T = time steps, B = batch, C = channels, H, W = height and width; `…` is [B] or, for frames,
[T, B].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.engine.arguments import checked
from harness.engine.attacks.ascent import Objective, Worst
from harness.engine.attacks.ball import Budget
from harness.engine.networks.hooks import in_mode
from harness.engine.training.normalisation import Normalisation
from harness.errors import HarnessError


@checked
def pgd(
    network: nn.Module,
    inputs: Tensor,
    labels_B: Tensor,
    *,
    normalisation: Normalisation,
    epsilon: float,
    step: float,
    iterations: int,
    random_start: bool = False,
    restarts: int = 1,
    units: str = "pixel",
    clip: bool = True,
    mode: str = "eval",
    generator: torch.Generator | None = None,
    precision: str = "f32",
) -> Tensor:
    """Inputs that raise the cross-entropy at the true labels, within ε of the given ones.

    x ← Π(x + step·sign(∂L/∂x)), `iterations` times, Π the projection to the L∞ ball (and to black …
    white with `clip`). `inputs` are what the network takes, *normalised* by `normalisation`, [B, C,
    H, W] or frames [T, B, C, H, W], and so is the result: a new tensor, on the same device, without
    gradient. `epsilon` and `step` are in `units`: "pixel" counts the full brightness as 1,
    "normalised" is the scale of the inputs themselves. `mode`: see `in_mode`; the network's
    weights, gradients, modes and, but for "drifting", statistics are left alone. `random_start`
    draws from `generator`, on the CPU. Of several `restarts` each image keeps the worst: answered
    wrongly, and among those of larger loss. Raises HarnessError for values out of range, a random
    start without generator, restarts without random start, and a gradient that is NaN, or 0 at
    every step for every image: it moves nothing, which would pass for robustness.
    """
    if iterations < 0:
        raise HarnessError("attack iterations", f"must be 0 or more (got {iterations})")
    objective = Objective(network, inputs, labels_B, precision)
    clean = objective.clean
    budget = Budget.around(
        clean, epsilon=epsilon, step=step, units=units, clip=clip, normalisation=normalisation
    )
    drawn = require_draws(generator, random_start=random_start, restarts=restarts)
    steps, worst = iterations if epsilon > 0 and clean.numel() else 0, Worst()
    with in_mode(network, mode):
        for _ in range(restarts):
            attacked = clean.clone() if drawn is None else budget.random_start(drawn)
            for _ in range(steps):
                gradient = objective(attacked).gradient
                attacked = budget.inside(attacked + budget.step_C11 * gradient.sign())
            if restarts > 1 and steps:
                attacked = worst.take(attacked, objective(attacked))
    return objective.checked(attacked) if steps else attacked


def require_draws(
    generator: torch.Generator | None, *, random_start: bool, restarts: int = 1
) -> torch.Generator | None:
    """The generator of random starts, None without one; HarnessError where it is missing, or where
    restarts would all be the same.
    """
    if random_start and generator is None:
        raise HarnessError("attack random_start", "needs a generator to draw from")
    if restarts < 1 or (restarts > 1 and not random_start):
        problem = f"must be 1, or more with a random start (got {restarts})"
        raise HarnessError("attack restarts", problem)
    return generator if random_start else None


@checked
def fgsm(
    network: nn.Module,
    inputs: Tensor,
    labels_B: Tensor,
    *,
    normalisation: Normalisation,
    epsilon: float,
    units: str = "pixel",
    clip: bool = True,
    mode: str = "eval",
    precision: str = "f32",
) -> Tensor:
    """x + ε·sign(∂L/∂x): one step of `pgd` of length ε from the clean inputs; see there."""
    return pgd(
        network,
        inputs,
        labels_B,
        normalisation=normalisation,
        epsilon=epsilon,
        step=epsilon,
        iterations=1,
        units=units,
        clip=clip,
        mode=mode,
        precision=precision,
    )
